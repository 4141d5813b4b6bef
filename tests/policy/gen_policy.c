// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gen_policy: a policy out of a seed. Jumps lead only to chains of a higher
 * index, so that there is no loop; the numbers are small enough that flattening
 * stays far below every limit.
 *
 * Most rules are plausible: of one family, of one protocol, no field twice, or
 * else few packets would ever match them. As text (text.c) all are, because nft
 * refuses others; as IR some are not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

#define MAX_CHAINS	9
#define MAX_RULES	8
#define MAX_STMTS	80	/* with all dependencies */
#define MAX_SETS	(MAX_CHAINS * MAX_RULES * 6)

#define ANY_L4		256
#define OTHER_L4	257
#define RAW_TH		258	/* th dport: any protocol with ports */

struct maker {
	struct rng r;
	struct ir_policy *p;
	unsigned int base;	/* chains below are base chains */
	bool postrouting;	/* there is such a base chain: no reject */
	bool text;		/* only what the language can say, with nft's dependencies */
	/* Of the rule that is being made: */
	bool plausible;
	unsigned int family;	/* 4, 6, or 0: any */
	unsigned int l4;	/* protocol, ANY_L4, RAW_TH; OTHER_L4: said by a match */
	uint64_t used;		/* bits of the fields matched so far */
	enum ir_field set_field[MAX_SETS][IR_MAX_FIELDS];	/* what a set was made for */
};

static void *zalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

static char *copy(const char *s)
{
	char *c = strdup(s);

	if (!c)
		abort();
	return c;
}

static bool percent(struct maker *m, uint32_t p)
{
	return rng_percent(&m->r, p);
}

static uint32_t below(struct maker *m, uint32_t n)
{
	return rng_below(&m->r, n);
}

/* ---- fields ------------------------------------------------------------------ */

static enum ir_field random_field(struct maker *m)
{
	/* By weight: what rules are made of comes more often. */
	static const enum ir_field common[] = {
		IR_IP_SADDR, IR_IP_DADDR, IR_IP6_SADDR, IR_IP6_DADDR, IR_TH_DPORT, IR_TH_SPORT,
		IR_META_L4PROTO, IR_META_IIFNAME, IR_META_OIFNAME, IR_CT_STATE, IR_TCP_FLAGS,
		IR_META_MARK, IR_TH_DPORT,
	};

	if (percent(m, 50))
		return common[below(m, sizeof(common) / sizeof(*common))];
	return (enum ir_field)(1 + below(m, IR_FIELDS - 1));
}

static bool is_ip(enum ir_field f)
{
	return f >= IR_IP_SADDR && f <= IR_IP_LENGTH;
}

static bool is_ip6(enum ir_field f)
{
	return f >= IR_IP6_SADDR && f <= IR_EXTHDR_FRAG;
}

static bool is_icmp(enum ir_field f)
{
	return f == IR_ICMP_TYPE || f == IR_ICMP_CODE;
}

static bool is_icmp6(enum ir_field f)
{
	return f == IR_ICMPV6_TYPE || f == IR_ICMPV6_CODE;
}

static bool is_port(enum ir_field f)
{
	return f == IR_TH_SPORT || f == IR_TH_DPORT;
}

static bool is_protocol(enum ir_field f)
{
	return f == IR_META_L4PROTO || f == IR_IP_PROTOCOL || f == IR_IP6_NEXTHDR;
}

/* The protocol that a match on the field depends on; ANY_L4: none. */
static unsigned int l4_of(enum ir_field f)
{
	return f == IR_TCP_FLAGS ? 6 : is_icmp(f) ? 1 : is_icmp6(f) ? 58 : ANY_L4;
}

/* 4, 6 or 0: the family that a match on the field means. */
static unsigned int family_of(enum ir_field f)
{
	return is_ip(f) || is_icmp(f) ? 4 : is_ip6(f) || is_icmp6(f) ? 6 : 0;
}

/* Does such a match belong in this table, and in this rule? */
static bool fits(struct maker *m, enum ir_field f)
{
	unsigned int family = family_of(f);

	if ((m->p->family == IR_IP && is_ip6(f)) || (m->p->family == IR_IP6 && is_ip(f)))
		return false;
	if (!m->plausible)
		return true;
	if (m->used & 1ULL << f)
		return false;
	if (family && ((m->family && m->family != family) ||
		       (m->p->family != IR_INET && (m->p->family == IR_IP) != (family == 4))))
		return false;
	if (f == IR_META_NFPROTO && (m->family || m->p->family != IR_INET))
		return false;
	if (is_protocol(f))
		return m->l4 == ANY_L4;
	if (is_port(f))
		return m->l4 != 1 && m->l4 != 58;
	return l4_of(f) == ANY_L4 || m->l4 == ANY_L4 || m->l4 == l4_of(f);
}

/* A match on it is in the rule now. */
static void claim(struct maker *m, enum ir_field f)
{
	m->used |= 1ULL << f;
	if (family_of(f))
		m->family = family_of(f);
	if (f == IR_META_NFPROTO)
		m->family = 46;		/* said by a match: fits no other */
	if (is_protocol(f))
		m->l4 = OTHER_L4;
	else if (is_port(f) && m->l4 == ANY_L4)
		m->l4 = RAW_TH;
	else if (l4_of(f) != ANY_L4)
		m->l4 = l4_of(f);
}

/* The mark always fits in the end. */
static enum ir_field fitting_field(struct maker *m)
{
	enum ir_field f;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		f = random_field(m);
		if (fits(m, f))
			return f;
	}
	return IR_META_MARK;
}

/* ---- sets -------------------------------------------------------------------- */

/* The type of a named set, or NULL: only anonymous ones can have it. */
static const char *type_of(enum ir_field f)
{
	switch (f) {
	case IR_IP_SADDR: case IR_IP_DADDR:
		return "ipv4_addr";
	case IR_IP6_SADDR: case IR_IP6_DADDR:
		return "ipv6_addr";
	case IR_TH_SPORT: case IR_TH_DPORT:
		return "inet_service";
	case IR_META_L4PROTO: case IR_IP_PROTOCOL: case IR_IP6_NEXTHDR:
		return "inet_proto";
	case IR_META_IIFNAME: case IR_META_OIFNAME:
		return "ifname";
	case IR_META_MARK: case IR_CT_MARK:
		return "mark";
	default:
		return NULL;
	}
}

static bool same_type(enum ir_field a, enum ir_field b)
{
	return type_of(a) && type_of(b) && !strcmp(type_of(a), type_of(b));
}

/* What nft takes in a set at all, and in a concatenation. */
static bool fits_key(struct maker *m, enum ir_field f, unsigned int n)
{
	if (f == IR_EXTHDR_FRAG || f == IR_META_IIF || f == IR_META_OIF)
		return !m->text && (n == 1 || f != IR_EXTHDR_FRAG);
	/* nft 1.0.6 itself makes no fixed-size key of "integer" fields. */
	if (m->text && n > 1)
		return l4_of(f) == ANY_L4 && f != IR_CT_STATE && f != IR_IP_DSCP && f != IR_IP6_DSCP &&
		       f != IR_META_LENGTH && f != IR_IP_LENGTH && f != IR_IP6_LENGTH &&
		       f != IR_IP_FRAG_OFF;
	return true;
}

static void add_dependency(struct maker *m, struct ir_rule *rule, enum ir_field f);

/* Fields that the rule now matches on, with their dependencies. */
static unsigned int random_key(struct maker *m, struct ir_rule *rule, enum ir_field *field)
{
	unsigned int n = percent(m, 55) ? 1 : 2 + below(m, 4), i, tries, bytes = 0;

	for (i = 0; i < n; i++) {
		for (tries = 0; tries < 20; tries++) {
			field[i] = fitting_field(m);
			if (fits_key(m, field[i], n))
				break;
		}
		if (tries == 20)
			field[i] = IR_META_MARK;
		bytes += ref_width(field[i]) < 4 ? 4 : ref_width(field[i]);
		if (bytes > 64)		/* nft's limit of a concatenation */
			return i;
		if (m->text || percent(m, 30))
			add_dependency(m, rule, field[i]);
		claim(m, field[i]);
	}
	return n;
}

static struct ir_verdict random_verdict(struct maker *m, unsigned int chain, bool map);

static unsigned int make_set(struct maker *m, unsigned int fields, const enum ir_field *field,
			     bool map, unsigned int chain)
{
	unsigned int i, index = (unsigned int)m->p->sets++;
	struct ir_set *s = &m->p->set[index];
	bool named = percent(m, 40);
	char text[128] = "", name[16];
	size_t want, e;

	for (i = 0; i < fields; i++) {
		const char *type = type_of(field[i]);

		m->set_field[index][i] = field[i];
		s->width[i] = ref_width(field[i]);
		named = named && type;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " . " : "",
			 type ? type : "anonymous");
	}
	s->fields = fields;
	s->map = map;
	s->interval = percent(m, 55);
	want = percent(m, 10) ? 20 + below(m, 60) : 1 + below(m, 7);
	if (named && percent(m, 5))
		want = 0;
	snprintf(name, sizeof(name), "s%u", index);
	if (named)
		s->name = copy(name);
	s->text = copy(text);
	s->place = (struct ir_place){ m->p->file[0], index + 1, 1, 0 };
	gen_elements(&m->r, s, field, want);
	for (e = 0; map && e < s->elements; e++)
		s->element[e].verdict = random_verdict(m, chain, true);
	return index;
}

/* Perhaps one that is there already. */
static unsigned int get_set(struct maker *m, unsigned int fields, const enum ir_field *field)
{
	unsigned int i, k;

	for (i = 0; i < m->p->sets; i++) {
		const struct ir_set *s = &m->p->set[i];

		if (!s->name || s->map || s->fields != fields || percent(m, 30))
			continue;
		for (k = 0; k < fields; k++)
			if (!same_type(field[k], m->set_field[i][k]))
				break;
		if (k == fields)
			return i;
	}
	return make_set(m, fields, field, false, 0);
}

/* ---- statements -------------------------------------------------------------- */

static struct ir_verdict random_verdict(struct maker *m, unsigned int chain, bool map)
{
	unsigned int first = chain < m->base ? m->base : chain + 1;
	struct ir_verdict v = { IR_ACCEPT, 0 };

	if (first < m->p->chains && percent(m, 35)) {
		v.kind = percent(m, 70) ? IR_JUMP : IR_GOTO;
		v.chain = first + below(m, (uint32_t)m->p->chains - first);
		return v;
	}
	switch (below(m, 9)) {
	case 0: case 1: case 2:
		return v;
	case 3: case 4: case 5:
		v.kind = IR_DROP;
		return v;
	case 6:
		v.kind = IR_RETURN;
		return v;
	default:
		v.kind = map || percent(m, 20) ? IR_CONTINUE : IR_DROP;
		return v;
	}
}

static struct ir_stmt *add(struct ir_rule *rule, enum ir_stmt_kind kind)
{
	struct ir_stmt *s = &rule->stmt[rule->stmts++];

	s->kind = kind;
	s->place = rule->place;
	s->place.col = (unsigned int)rule->stmts;
	return s;
}

static void add_equal(struct ir_rule *rule, enum ir_field f, uint8_t v, bool implicit)
{
	struct ir_match *match = &add(rule, IR_MATCH)->match;

	match->kind = IR_MATCH_RANGE;
	match->implicit = implicit;
	match->fields = 1;
	match->field[0] = f;
	memset(match->mask, 0xff, ref_width(f));
	match->range.first[0] = match->range.last[0] = v;
}

/*
 * Before all else of the rule, where nft puts what reject and exthdr depend on,
 * even if a counter comes before them.
 */
static void add_in_front(struct maker *m, struct ir_rule *rule, enum ir_field f, uint8_t v)
{
	struct ir_stmt last;

	add_equal(rule, f, v, true);
	if (!m->text)
		return;
	last = rule->stmt[rule->stmts - 1];
	memmove(&rule->stmt[1], &rule->stmt[0], (rule->stmts - 1) * sizeof(last));
	rule->stmt[0] = last;
}

/* What nft puts before a match on its own account. */
static void add_dependency(struct maker *m, struct ir_rule *rule, enum ir_field f)
{
	static const uint8_t protocols[] = { 6, 17, 132, 136 };
	unsigned int family = family_of(f);

	if (m->p->family == IR_INET && f == IR_EXTHDR_FRAG && !m->family)
		add_in_front(m, rule, IR_META_NFPROTO, 10);
	else if (m->p->family == IR_INET && family && !m->family && (m->text || percent(m, 50)))
		add_equal(rule, IR_META_NFPROTO, family == 4 ? 2 : 10, true);
	if (l4_of(f) != ANY_L4 && m->l4 != l4_of(f))
		add_equal(rule, IR_META_L4PROTO, (uint8_t)l4_of(f), true);
	if (is_port(f) && m->l4 == ANY_L4 && percent(m, 80)) {
		m->l4 = protocols[below(m, 4)];
		add_equal(rule, IR_META_L4PROTO, (uint8_t)m->l4, true);
	}
}

static void masked(struct maker *m, struct ir_match *match, enum ir_field f)
{
	unsigned int i, w = ref_width(f);
	uint8_t v[IR_MAX_WIDTH];

	memset(match->mask, 0, sizeof(match->mask));
	if (f == IR_CT_STATE || f == IR_TCP_FLAGS) {
		/* Any of these bits: not equal to 0. */
		for (i = 0; i < 1 + below(m, 3); i++) {
			gen_value(&m->r, f, v);
			match->mask[w - 1] |= v[w - 1];
		}
		if (!match->mask[w - 1])
			match->mask[w - 1] = 2;
		match->negate = percent(m, 70);
		if (f == IR_CT_STATE || percent(m, 50)) {
			memset(&match->range, 0, sizeof(match->range));
			return;
		}
	} else {
		for (i = 0; i < w; i++)
			match->mask[i] = (uint8_t)rng_next(&m->r);
		match->mask[w - 1] |= 1;
	}
	for (i = 0; i < w; i++)
		match->range.first[i] &= match->mask[i];
	memcpy(match->range.last, match->range.first, IR_MAX_WIDTH);
}

static bool can_mask(enum ir_field f)
{
	return f == IR_CT_STATE || f == IR_TCP_FLAGS || f == IR_META_MARK || f == IR_CT_MARK ||
	       f == IR_IP_SADDR || f == IR_IP_DADDR || f == IR_IP6_SADDR || f == IR_IP6_DADDR ||
	       f == IR_IP_FRAG_OFF || f == IR_TH_DPORT;
}

static void add_match(struct maker *m, struct ir_rule *rule)
{
	enum ir_field field[IR_MAX_FIELDS];
	struct ir_match *match;
	unsigned int fields;

	if (percent(m, 35)) {
		fields = random_key(m, rule, field);
		match = &add(rule, IR_MATCH)->match;
		match->kind = IR_MATCH_SET;
		match->fields = fields;
		memcpy(match->field, field, sizeof(*field) * fields);
		memset(match->mask, 0xff, sizeof(match->mask));
		match->set = get_set(m, fields, field);
		/* nft takes a set of one value for that value, and that for "any of its bits". */
		if (m->text && (field[0] == IR_CT_STATE || field[0] == IR_TCP_FLAGS) &&
		    fields == 1 && m->p->set[match->set].elements == 1) {
			match->kind = IR_MATCH_RANGE;
			match->range = m->p->set[match->set].element[0].key[0];
		}
	} else {
		field[0] = fitting_field(m);
		add_dependency(m, rule, field[0]);
		claim(m, field[0]);
		match = &add(rule, IR_MATCH)->match;
		match->kind = IR_MATCH_RANGE;
		match->fields = 1;
		match->field[0] = field[0];
		memset(match->mask, 0xff, ref_width(field[0]));
		gen_range(&m->r, field[0], percent(m, 60), &match->range);
		if (can_mask(field[0]) && percent(m, 30)) {
			masked(m, match, field[0]);
			return;
		}
	}
	match->negate = percent(m, 25);
}

static void add_limit(struct maker *m, struct ir_rule *rule)
{
	static const unsigned int units[] = { 1, 60, 3600, 86400, 604800 };
	struct ir_limit *l = &add(rule, IR_LIMIT)->limit;

	l->over = percent(m, 40);
	l->bytes = percent(m, 40);
	l->rate = 1 + (percent(m, 80) ? below(m, 10) : below(m, 100000));
	l->unit = units[below(m, 5)];
	if (l->bytes)
		l->rate *= 1 + below(m, 1024);
	l->burst = l->bytes ? below(m, 4000) : 1 + below(m, 8);
	/* nft refuses what does not fit 64 bits of nanoseconds. */
	while ((l->rate + l->burst) > UINT64_MAX / (l->unit * 1000000000ULL))
		l->unit = l->unit > 3600 ? 3600 : 1;
}

static void add_mark(struct maker *m, struct ir_rule *rule)
{
	static const enum ir_field from[] = { IR_NONE, IR_META_MARK, IR_CT_MARK };
	struct ir_stmt *s = add(rule, percent(m, 60) ? IR_MARK_SET : IR_CT_MARK_SET);
	uint8_t v[IR_MAX_WIDTH];

	s->mark.field = from[below(m, 3)];
	gen_value(&m->r, IR_META_MARK, v);
	s->mark.flip = (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
	if (s->mark.field != IR_NONE)
		s->mark.mask = percent(m, 40) ? 0xffffffff : (uint32_t)rng_next(&m->r);
}

static void add_log(struct maker *m, struct ir_rule *rule)
{
	struct ir_stmt *s = add(rule, IR_LOG);
	char prefix[16];

	s->log.level = percent(m, 50) ? 4 : below(m, 8);
	snprintf(prefix, sizeof(prefix), "p%u ", below(m, 4));
	if (percent(m, 70))
		s->log.prefix = copy(prefix);
}

static void add_reject(struct maker *m, struct ir_rule *rule)
{
	static const unsigned int code4[] = { 0, 1, 2, 3, 9, 10, 13 };
	static const unsigned int code6[] = { 0, 1, 3, 4, 5, 6 };
	enum ir_reject_how how = (enum ir_reject_how)below(m, 4);
	struct ir_stmt *s;

	if (how == IR_REJECT_ICMP && m->p->family == IR_IP6)
		how = IR_REJECT_ICMPV6;
	if (how == IR_REJECT_ICMPV6 && m->p->family == IR_IP)
		how = IR_REJECT_ICMP;
	if (m->plausible && ((how == IR_REJECT_ICMP && m->family != 4 && m->family) ||
			     (how == IR_REJECT_ICMPV6 && m->family != 6 && m->family) ||
			     (how == IR_REJECT_RESET && m->l4 != 6 && m->l4 != ANY_L4)))
		how = IR_REJECT_ICMPX;
	if (how == IR_REJECT_ICMPX && m->p->family != IR_INET)
		how = m->p->family == IR_IP ? IR_REJECT_ICMP : IR_REJECT_ICMPV6;
	if (how == IR_REJECT_ICMP && m->p->family == IR_INET && !(m->plausible && m->family))
		add_in_front(m, rule, IR_META_NFPROTO, 2);
	if (how == IR_REJECT_ICMPV6 && m->p->family == IR_INET && !(m->plausible && m->family))
		add_in_front(m, rule, IR_META_NFPROTO, 10);
	if (how == IR_REJECT_RESET && m->l4 != 6)
		add_in_front(m, rule, IR_META_L4PROTO, 6);
	s = add(rule, IR_REJECT);
	s->reject.how = how;
	if (how == IR_REJECT_ICMP)
		s->reject.code = code4[below(m, 7)];
	else if (how == IR_REJECT_ICMPV6)
		s->reject.code = code6[below(m, 6)];
	else if (how == IR_REJECT_ICMPX)
		s->reject.code = below(m, 4);
}

static void add_map(struct maker *m, struct ir_rule *rule, unsigned int chain)
{
	enum ir_field field[IR_MAX_FIELDS];
	unsigned int fields = random_key(m, rule, field);
	struct ir_stmt *s;

	s = add(rule, IR_MAP);
	s->map.fields = fields;
	memcpy(s->map.field, field, sizeof(*field) * fields);
	s->map.set = make_set(m, fields, field, true, chain);
}

static void make_rule(struct maker *m, struct ir_rule *rule, unsigned int chain, unsigned int n)
{
	unsigned int k = percent(m, 10) ? 0 : 1 + below(m, 4);
	char text[32];

	m->plausible = m->text || percent(m, 85);
	m->family = 0;
	m->l4 = ANY_L4;
	m->used = 0;

	rule->stmt = zalloc(MAX_STMTS, sizeof(*rule->stmt));
	rule->place = (struct ir_place){ m->p->file[0], 100 * (chain + 1) + n, 1, 0 };
	rule->id = rng_next(&m->r) | 1;
	snprintf(text, sizeof(text), "chain %u rule %u", chain, n);
	rule->text = copy(text);
	while (k--) {
		if (percent(m, 65))
			add_match(m, rule);
		else if (percent(m, 50))
			add(rule, IR_COUNTER);
		else if (percent(m, 30))
			add_limit(m, rule);
		else if (percent(m, 50))
			add_mark(m, rule);
		else
			add_log(m, rule);
	}
	if (percent(m, 15)) {
		add_map(m, rule, chain);
		if (percent(m, 30))
			add(rule, IR_COUNTER);
		if (percent(m, 20))
			add_match(m, rule);
	}
	/* A rule that matches everything should seldom be the end. */
	if (m->used || !rule->stmts || percent(m, 15)) {
		if (percent(m, 10) && !m->postrouting)
			add_reject(m, rule);
		else if (percent(m, 85) || !rule->stmts)
			add(rule, IR_VERDICT)->verdict = random_verdict(m, chain, false);
	}
}

static void make_chain(struct maker *m, unsigned int index)
{
	struct ir_chain *c = &m->p->chain[index];
	unsigned int i;
	char name[16];

	snprintf(name, sizeof(name), "%c%u", index < m->base ? 'b' : 'c', index);
	c->name = copy(name);
	c->place = (struct ir_place){ m->p->file[0], 100 * (index + 1), 1, 0 };
	c->base = index < m->base;
	c->policy = percent(m, 50) ? IR_ACCEPT : IR_DROP;
	if (c->base) {
		c->hook = below(m, 5);
		c->priority = (int)below(m, 7) * 50 - 150;
		m->postrouting |= c->hook == 4;
	} else {
		c->policy = IR_ACCEPT;
	}
	c->rules = below(m, MAX_RULES + 1);
	c->rule = zalloc(c->rules + 1, sizeof(*c->rule));
	for (i = 0; i < c->rules; i++)
		make_rule(m, &c->rule[i], index, i + 1);
}

static struct ir_policy *make_policy(uint64_t seed, bool text)
{
	struct maker *m = zalloc(1, sizeof(*m));
	struct ir_policy *p = zalloc(1, sizeof(*p));
	unsigned int i;
	char name[32];

	m->r.s = seed;
	m->text = text;
	m->p = p;
	snprintf(name, sizeof(name), "seed-%llu", (unsigned long long)seed);
	p->name = copy(name);
	p->table = copy("t");
	p->family = percent(m, 70) ? IR_INET : percent(m, 50) ? IR_IP : IR_IP6;
	p->file = zalloc(1, sizeof(*p->file));
	p->file[0] = copy(name);
	p->files = 1;
	m->base = 1 + below(m, 3);
	p->chains = m->base + below(m, MAX_CHAINS - m->base - 1);
	p->chain = zalloc(p->chains, sizeof(*p->chain));
	p->set = zalloc(MAX_SETS, sizeof(*p->set));
	for (i = 0; i < p->chains; i++)
		make_chain(m, i);
	free(m);
	return p;
}

struct ir_policy *gen_policy(uint64_t seed)
{
	return make_policy(seed, false);
}

struct ir_policy *gen_policy_text(uint64_t seed)
{
	return make_policy(seed, true);
}

void gen_policy_free(struct ir_policy *p)
{
	size_t c, r, i;

	if (!p)
		return;
	for (c = 0; c < p->chains; c++) {
		for (r = 0; r < p->chain[c].rules; r++) {
			struct ir_rule *rule = &p->chain[c].rule[r];

			for (i = 0; i < rule->stmts; i++)
				if (rule->stmt[i].kind == IR_LOG)
					free(rule->stmt[i].log.prefix);
			free(rule->stmt);
			free(rule->text);
			free(rule->comment);
		}
		free(p->chain[c].rule);
		free(p->chain[c].name);
	}
	for (i = 0; i < p->sets; i++) {
		free(p->set[i].name);
		free(p->set[i].element);
		free(p->set[i].text);
	}
	for (i = 0; i < p->files; i++)
		free(p->file[i]);
	free(p->file);
	free(p->chain);
	free(p->set);
	free(p->table);
	free(p->name);
	free(p);
}
