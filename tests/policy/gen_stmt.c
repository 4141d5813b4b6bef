// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "gen_rule.h"

/* ---- dependencies ---------------------------------------------------------- */

struct ir_stmt *gen_add(struct ir_rule *rule, enum ir_stmt_kind kind)
{
	struct ir_stmt *s = &rule->stmt[rule->stmts++];

	s->kind = kind;
	s->place = rule->place;
	s->place.col = (unsigned int)rule->stmts;
	return s;
}

static void add_equal(struct ir_rule *rule, enum ir_field f, uint8_t v, bool implicit)
{
	struct ir_match *match = &gen_add(rule, IR_MATCH)->match;

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
	unsigned int family = gen_family_of(f);

	if (m->p->family == IR_INET && f == IR_EXTHDR_FRAG && !m->family)
		add_in_front(m, rule, IR_META_NFPROTO, 10);
	else if (m->p->family == IR_INET && family && !m->family && (m->text || percent(m, 50)))
		add_equal(rule, IR_META_NFPROTO, family == 4 ? 2 : 10, true);
	if (gen_l4_of(f) != ANY_L4 && m->l4 != gen_l4_of(f))
		add_equal(rule, IR_META_L4PROTO, (uint8_t)gen_l4_of(f), true);
	if (gen_is_port(f) && m->l4 == ANY_L4 && percent(m, 80)) {
		m->l4 = protocols[below(m, 4)];
		add_equal(rule, IR_META_L4PROTO, (uint8_t)m->l4, true);
	}
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

/* Fields that the rule now matches on, with their dependencies. */
static unsigned int random_key(struct maker *m, struct ir_rule *rule, enum ir_field *field)
{
	unsigned int n = percent(m, 55) ? 1 : 2 + below(m, 4), i, bytes = 0;

	for (i = 0; i < n; i++) {
		field[i] = gen_key_field(m, n);
		bytes += ref_width(field[i]) < 4 ? 4 : ref_width(field[i]);
		if (bytes > 64)		/* nft's limit of a concatenation */
			return i;
		if (m->text || percent(m, 30))
			add_dependency(m, rule, field[i]);
		gen_claim(m, field[i]);
	}
	return n;
}

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
		s->element[e].verdict = gen_verdict(m, chain, true);
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

struct ir_verdict gen_verdict(struct maker *m, unsigned int chain, bool map)
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
		if (w)
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

void gen_add_match(struct maker *m, struct ir_rule *rule)
{
	enum ir_field field[IR_MAX_FIELDS];
	struct ir_match *match;
	unsigned int fields;

	if (percent(m, 35)) {
		fields = random_key(m, rule, field);
		match = &gen_add(rule, IR_MATCH)->match;
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
		field[0] = gen_field(m);
		add_dependency(m, rule, field[0]);
		gen_claim(m, field[0]);
		match = &gen_add(rule, IR_MATCH)->match;
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

void gen_add_limit(struct maker *m, struct ir_rule *rule)
{
	static const unsigned int units[] = { 1, 60, 3600, 86400, 604800 };
	struct ir_limit *l = &gen_add(rule, IR_LIMIT)->limit;

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

void gen_add_mark(struct maker *m, struct ir_rule *rule)
{
	static const enum ir_field from[] = { IR_NONE, IR_META_MARK, IR_CT_MARK };
	struct ir_stmt *s = gen_add(rule, percent(m, 60) ? IR_MARK_SET : IR_CT_MARK_SET);
	uint8_t v[IR_MAX_WIDTH];

	s->mark.field = from[below(m, 3)];
	gen_value(&m->r, IR_META_MARK, v);
	s->mark.flip = (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
	if (s->mark.field != IR_NONE)
		s->mark.mask = percent(m, 40) ? 0xffffffff : (uint32_t)rng_next(&m->r);
}

void gen_add_log(struct maker *m, struct ir_rule *rule)
{
	struct ir_stmt *s = gen_add(rule, IR_LOG);
	char prefix[16];

	s->log.level = percent(m, 50) ? 4 : below(m, 8);
	snprintf(prefix, sizeof(prefix), "p%u ", below(m, 4));
	if (percent(m, 70))
		s->log.prefix = copy(prefix);
}

void gen_add_reject(struct maker *m, struct ir_rule *rule)
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
	s = gen_add(rule, IR_REJECT);
	s->reject.how = how;
	if (how == IR_REJECT_ICMP)
		s->reject.code = code4[below(m, 7)];
	else if (how == IR_REJECT_ICMPV6)
		s->reject.code = code6[below(m, 6)];
	else if (how == IR_REJECT_ICMPX)
		s->reject.code = below(m, 4);
}

void gen_add_map(struct maker *m, struct ir_rule *rule, unsigned int chain)
{
	enum ir_field field[IR_MAX_FIELDS];
	unsigned int fields = random_key(m, rule, field);
	struct ir_stmt *s;

	s = gen_add(rule, IR_MAP);
	s->map.fields = fields;
	memcpy(s->map.field, field, sizeof(*field) * fields);
	s->map.set = make_set(m, fields, field, true, chain);
}
