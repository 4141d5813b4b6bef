// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gen_packet: packets that the policy has something to say about. First a wish:
 * a random value for each field, then what one or two rules of the policy match
 * on, now and then off by one. Then bytes that come as near to the wish as a
 * packet of one family can, broken in some way by and by.
 */
#include <stdlib.h>
#include <string.h>

#include "gen.h"

struct wish {
	bool set[IR_FIELDS];	/* a rule wants it; else it is any value */
	uint8_t val[IR_FIELDS][IR_MAX_WIDTH];
};

struct maker {
	struct rng *r;
	struct wish w;
	uint8_t *b;
	uint32_t n;
};

static bool percent(struct maker *m, uint32_t p)
{
	return rng_percent(m->r, p);
}

static uint32_t below(struct maker *m, uint32_t n)
{
	return rng_below(m->r, n);
}

static uint32_t number(const struct maker *m, enum ir_field f)
{
	unsigned int i, w = ref_width(f);
	uint32_t v = 0;

	for (i = 0; i < w; i++)
		v = v << 8 | m->w.val[f][i];
	return v;
}

/* ---- the wish ---------------------------------------------------------------- */

static void wish(struct maker *m, enum ir_field f, const uint8_t *v)
{
	memcpy(m->w.val[f], v, IR_MAX_WIDTH);
	m->w.set[f] = true;
}

static void wish_set(struct maker *m, const struct ir_set *s, const enum ir_field *field)
{
	const struct ir_element *e;
	uint8_t v[IR_MAX_WIDTH];
	unsigned int i;

	if (!s->elements)
		return;
	e = &s->element[below(m, (uint32_t)s->elements)];
	for (i = 0; i < s->fields; i++) {
		if (percent(m, 90))
			gen_in_range(m->r, &e->key[i], s->width[i], v);
		else
			gen_near_range(m->r, &e->key[i], s->width[i], v);
		wish(m, field[i], v);
	}
}

static void wish_range(struct maker *m, const struct ir_match *match)
{
	unsigned int i, w = ref_width(match->field[0]);
	uint8_t v[IR_MAX_WIDTH];

	if (percent(m, match->negate ? 80 : 10))
		gen_near_range(m->r, &match->range, w, v);
	else
		gen_in_range(m->r, &match->range, w, v);
	for (i = 0; i < w; i++) {
		uint8_t any = (uint8_t)rng_next(m->r);

		v[i] = (uint8_t)((v[i] & match->mask[i]) | (any & ~match->mask[i]));
	}
	wish(m, match->field[0], v);
}

/* Meets rule @n of the chain, and of one that it leads to. */
static void wish_rule(struct maker *m, const struct ir_policy *p, unsigned int chain,
		      unsigned int depth)
{
	const struct ir_chain *c = &p->chain[chain];
	const struct ir_rule *rule;
	unsigned int to = 0;
	size_t i, e;

	if (!c->rules || depth > 8)
		return;
	rule = &c->rule[below(m, (uint32_t)c->rules)];
	for (i = 0; i < rule->stmts; i++) {
		const struct ir_stmt *s = &rule->stmt[i];

		switch (s->kind) {
		case IR_MATCH:
			if (s->match.kind == IR_MATCH_RANGE)
				wish_range(m, &s->match);
			else if (!s->match.negate || percent(m, 20))
				wish_set(m, &p->set[s->match.set], s->match.field);
			break;
		case IR_MAP:
			wish_set(m, &p->set[s->map.set], s->map.field);
			for (e = 0; e < p->set[s->map.set].elements; e++) {
				const struct ir_verdict *v = &p->set[s->map.set].element[e].verdict;

				if ((v->kind == IR_JUMP || v->kind == IR_GOTO) && percent(m, 30))
					to = v->chain;
			}
			break;
		case IR_VERDICT:
			if (s->verdict.kind == IR_JUMP || s->verdict.kind == IR_GOTO)
				to = s->verdict.chain;
			break;
		default:
			break;
		}
	}
	if (to && percent(m, 80))
		wish_rule(m, p, to, depth + 1);
}

/* ---- bytes ------------------------------------------------------------------- */

static void byte(struct maker *m, uint32_t v)
{
	if (m->n < GEN_MAX_BYTES)
		m->b[m->n++] = (uint8_t)v;
}

static void two(struct maker *m, uint32_t v)
{
	byte(m, v >> 8);
	byte(m, v);
}

static void field(struct maker *m, enum ir_field f)
{
	unsigned int i;

	for (i = 0; i < ref_width(f); i++)
		byte(m, m->w.val[f][i]);
}

static void noise(struct maker *m, uint32_t n)
{
	while (n--)
		byte(m, (uint32_t)rng_next(m->r));
}

static void transport(struct maker *m, uint8_t proto)
{
	uint32_t at = m->n, want = number(m, IR_META_LENGTH);

	field(m, IR_TH_SPORT);
	field(m, IR_TH_DPORT);
	noise(m, 8);
	byte(m, 0x50);
	field(m, IR_TCP_FLAGS);
	noise(m, 6);
	if (proto == 1 || (proto != 58 && m->w.set[IR_ICMP_TYPE] && percent(m, 50))) {
		m->b[at] = m->w.val[IR_ICMP_TYPE][0];
		m->b[at + 1] = m->w.val[IR_ICMP_CODE][0];
	} else if (proto == 58) {
		m->b[at] = m->w.val[IR_ICMPV6_TYPE][0];
		m->b[at + 1] = m->w.val[IR_ICMPV6_CODE][0];
	}
	if (m->w.set[IR_META_LENGTH] && want > m->n && want <= GEN_MAX_BYTES)
		noise(m, want - m->n);
	else
		noise(m, below(m, 64));
}

static uint8_t protocol(struct maker *m, enum ir_field own)
{
	if (m->w.set[IR_META_L4PROTO] && (!m->w.set[own] || percent(m, 80)))
		return m->w.val[IR_META_L4PROTO][0];
	return m->w.val[own][0];
}

static void make_ip(struct maker *m)
{
	uint32_t ihl = 5, frag = 0;
	uint8_t proto = protocol(m, IR_IP_PROTOCOL);

	if (percent(m, 8))
		ihl = 6 + below(m, 10);
	else if (percent(m, 1))
		ihl = below(m, 5);
	if (m->w.set[IR_IP_FRAG_OFF] || percent(m, 10))
		frag = number(m, IR_IP_FRAG_OFF);
	byte(m, 0x40 | ihl);
	byte(m, (uint32_t)m->w.val[IR_IP_DSCP][0] << 2 | below(m, 4));
	two(m, number(m, IR_IP_LENGTH));
	noise(m, 2);
	two(m, frag);
	field(m, IR_IP_TTL);
	byte(m, proto);
	noise(m, 2);
	field(m, IR_IP_SADDR);
	field(m, IR_IP_DADDR);
	if (ihl > 5)
		noise(m, (ihl - 5) * 4);
	transport(m, proto);
	if (!m->w.set[IR_IP_LENGTH] && percent(m, 90)) {
		m->b[2] = (uint8_t)(m->n >> 8);
		m->b[3] = (uint8_t)m->n;
	}
}

static bool is_extension(uint8_t proto)
{
	return proto == 0 || proto == 43 || proto == 44 || proto == 51 || proto == 60;
}

/* An extension header; where its next header is to be written later is returned. */
static uint32_t extension(struct maker *m, uint8_t type)
{
	uint32_t at = m->n, units;

	byte(m, 59);
	switch (type) {
	case 44:
		noise(m, 1);
		/* A first fragment, or a later one; reserved bits as they fall. */
		two(m, percent(m, 60) ? below(m, 8) : (uint32_t)rng_next(m->r));
		noise(m, 4);
		break;
	case 51:
		units = percent(m, 90) ? 1 + below(m, 5) : below(m, 256);
		byte(m, units);
		noise(m, percent(m, 95) ? (units + 2) * 4 - 2 : below(m, 12));
		break;
	default:
		units = percent(m, 80) ? 0 : percent(m, 90) ? below(m, 4) : below(m, 256);
		byte(m, units);
		noise(m, percent(m, 95) ? (units + 1) * 8 - 2 : below(m, 8));
	}
	return at;
}

static void make_ip6(struct maker *m)
{
	static const uint8_t types[] = { 0, 43, 44, 60, 51, 44, 60 };
	uint8_t proto = protocol(m, IR_IP6_NEXTHDR), type;
	uint32_t dscp = m->w.val[IR_IP6_DSCP][0], next = 6, n = 0, i;
	bool frag = m->w.set[IR_EXTHDR_FRAG] && m->w.val[IR_EXTHDR_FRAG][0];

	byte(m, 0x60 | dscp >> 2);
	byte(m, (dscp & 3) << 6 | below(m, 64));
	noise(m, 2);
	field(m, IR_IP6_LENGTH);
	byte(m, proto);
	field(m, IR_IP6_HOPLIMIT);
	field(m, IR_IP6_SADDR);
	field(m, IR_IP6_DADDR);
	if (percent(m, 35))
		n = 1 + below(m, 4);
	if (percent(m, 2))
		n = 9 + below(m, 6);
	/* What the chain begins with is often what was wished, too. */
	for (i = 0; i < n || frag; i++) {
		type = types[below(m, sizeof(types))];
		if (i >= n || (frag && percent(m, 40)))
			type = 44;
		if (i == 0 && is_extension(proto) && percent(m, 70))
			type = proto;
		frag = frag && type != 44;
		m->b[next] = type;
		next = extension(m, type);
		/* An AH that ends the walk, and one that the policy looks for. */
		if (type == 51 && percent(m, 30))
			break;
	}
	if (is_extension(proto) && percent(m, 80))
		proto = 6;
	m->b[next] = proto;
	transport(m, proto);
	if (!m->w.set[IR_IP6_LENGTH] && percent(m, 90)) {
		m->b[4] = (uint8_t)((m->n - 40) >> 8);
		m->b[5] = (uint8_t)(m->n - 40);
	}
}

/* ---- what is not in the bytes ------------------------------------------------ */

static void name(char *to, const uint8_t *v)
{
	memcpy(to, v, 16);
	to[15] = 0;
	/* A device's name ends once: what a boundary left behind its end goes. */
	memset(to + strlen(to), 0, 16 - strlen(to));
}

static const char loopback[16] = "lo";

static void make_meta(struct maker *m, struct ref_packet *p)
{
	name(p->iifname, m->w.val[IR_META_IIFNAME]);
	name(p->oifname, m->w.val[IR_META_OIFNAME]);
	if (percent(m, 15))
		memset(p->iifname, 0, 16);
	if (percent(m, 15))
		memset(p->oifname, 0, 16);
	if (m->w.set[IR_META_IIF] && percent(m, 70))
		memcpy(p->iifname, loopback, 16);
	if (m->w.set[IR_META_OIF] && percent(m, 70))
		memcpy(p->oifname, loopback, 16);
	p->iif = !p->iifname[0] ? 0 : !strcmp(p->iifname, "lo") ? 1 : 2 + below(m, 3);
	p->oif = !p->oifname[0] ? 0 : !strcmp(p->oifname, "lo") ? 1 : 2 + below(m, 3);
	p->mark = number(m, IR_META_MARK);
	p->pkttype = m->w.val[IR_META_PKTTYPE][0] & 3;
	p->ct_entry = !percent(m, 25);
	p->ct_state = (uint8_t)number(m, IR_CT_STATE);		/* nothing sets other bits */
	if (m->w.set[IR_CT_STATE] && percent(m, 70)) {
		/* A bit that the mask leaves: a real state is one bit. */
		static const uint32_t bits[] = { 1, 2, 4, 8, 64 };
		uint32_t i, wanted = p->ct_state;

		for (i = 0; i < 5; i++)
			if (wanted & bits[i])
				p->ct_state = bits[i];
	}
	if (!p->ct_entry)
		p->ct_state = percent(m, 50) ? 1 : 64;
	p->ct_mark = number(m, IR_CT_MARK);
	p->ct_dir = m->w.val[IR_CT_DIRECTION][0] & 1;
}

/* The family that the wish, or the table, asks for. */
static unsigned int family(struct maker *m, const struct ir_policy *policy)
{
	unsigned int four = 0, six = 0, f;

	if (policy->family != IR_INET)
		return policy->family == IR_IP ? 4 : 6;
	for (f = IR_IP_SADDR; f <= IR_IP_LENGTH; f++)
		four += m->w.set[f];
	for (f = IR_IP6_SADDR; f <= IR_EXTHDR_FRAG; f++)
		six += m->w.set[f];
	if (m->w.set[IR_META_NFPROTO] && percent(m, 60))
		return m->w.val[IR_META_NFPROTO][0] == 2 ? 4 : 6;
	if (four != six && percent(m, 90))
		return four > six ? 4 : 6;
	return percent(m, 50) ? 4 : 6;
}

void gen_packet(struct rng *r, const struct ir_policy *policy, uint64_t now,
		struct gen_packet *out)
{
	struct maker m = { .r = r, .b = out->bytes };
	unsigned int f, chain = 0, least;

	memset(&out->p, 0, sizeof(out->p));
	for (f = IR_NONE + 1; f < IR_FIELDS; f++)
		gen_value(r, (enum ir_field)f, m.w.val[f]);
	while (chain + 1 < policy->chains && policy->chain[chain + 1].base && rng_percent(r, 50))
		chain++;
	if (percent(&m, 50))
		wish_rule(&m, policy, chain, 0);
	if (percent(&m, 90))
		wish_rule(&m, policy, chain, 0);
	out->p.family = family(&m, policy);
	least = out->p.family == 4 ? 20 : 40;
	if (out->p.family == 4)
		make_ip(&m);
	else
		make_ip6(&m);
	if (percent(&m, 10))
		m.n = least + below(&m, m.n - least + 1);
	else if (percent(&m, 5) && m.n > least + 20)
		m.n = least + below(&m, 20);
	out->p.data = out->bytes;
	out->p.length = out->p.caplen = m.n;
	/* A capture that was cut. */
	if (percent(&m, 4))
		out->p.caplen = least + below(&m, m.n - least + 1);
	make_meta(&m, &out->p);
	out->p.now = now;
}
