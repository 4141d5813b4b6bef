// SPDX-License-Identifier: GPL-2.0-or-later
/* compile_match: matches and statements as ops of the open record. */
#include <errno.h>
#include <string.h>

#include "image_check.h"
#include "policy/compile.h"
#include "policy/siphash.h"

#define ALL_ONES	UINT64_MAX
#define LOOK_BACK	64	/* ops in which one's like is looked for */

static const uint8_t field_of[IR_FIELDS] = {
	[IR_META_NFPROTO] = NSF_FIELD_NFPROTO,
	[IR_META_L4PROTO] = NSF_FIELD_L4PROTO,
	[IR_META_MARK] = NSF_FIELD_MARK,
	[IR_META_LENGTH] = NSF_FIELD_LENGTH,
	[IR_META_PKTTYPE] = NSF_FIELD_PKTTYPE,
	[IR_META_IIF] = NSF_FIELD_IIF,
	[IR_META_OIF] = NSF_FIELD_OIF,
	[IR_META_IIFNAME] = NSF_FIELD_IIFNAME,
	[IR_META_OIFNAME] = NSF_FIELD_OIFNAME,
	[IR_IP_SADDR] = NSF_FIELD_IP_SADDR,
	[IR_IP_DADDR] = NSF_FIELD_IP_DADDR,
	[IR_IP_PROTOCOL] = NSF_FIELD_IP_PROTOCOL,
	[IR_IP_TTL] = NSF_FIELD_IP_TTL,
	[IR_IP_DSCP] = NSF_FIELD_IP_DSCP,
	[IR_IP_FRAG_OFF] = NSF_FIELD_IP_FRAG_OFF,
	[IR_IP_LENGTH] = NSF_FIELD_IP_LENGTH,
	[IR_IP6_SADDR] = NSF_FIELD_IP6_SADDR,
	[IR_IP6_DADDR] = NSF_FIELD_IP6_DADDR,
	[IR_IP6_NEXTHDR] = NSF_FIELD_IP6_NEXTHDR,
	[IR_IP6_HOPLIMIT] = NSF_FIELD_IP6_HOPLIMIT,
	[IR_IP6_DSCP] = NSF_FIELD_IP6_DSCP,
	[IR_IP6_LENGTH] = NSF_FIELD_IP6_LENGTH,
	[IR_EXTHDR_FRAG] = NSF_FIELD_EXTHDR_FRAG,
	[IR_TH_SPORT] = NSF_FIELD_TH_SPORT,
	[IR_TH_DPORT] = NSF_FIELD_TH_DPORT,
	[IR_TCP_FLAGS] = NSF_FIELD_TH_TCP_FLAGS,
	[IR_ICMP_TYPE] = NSF_FIELD_TH_TYPE,
	[IR_ICMP_CODE] = NSF_FIELD_TH_CODE,
	[IR_ICMPV6_TYPE] = NSF_FIELD_TH_TYPE,
	[IR_ICMPV6_CODE] = NSF_FIELD_TH_CODE,
	[IR_CT_STATE] = NSF_FIELD_CT_STATE,
	[IR_CT_MARK] = NSF_FIELD_CT_MARK,
	[IR_CT_DIRECTION] = NSF_FIELD_CT_DIRECTION,
};

static uint64_t number(const uint8_t *b, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *b++;
	return v;
}

uint64_t compile_key(const enum ir_field *field, unsigned int fields)
{
	uint64_t list = 0;

	while (fields--)
		list = list << 8 | field_of[field[fields]];
	return list;
}

bool compile_is_match(const struct nsf_op *op)
{
	return op->code == NSF_OP_MASK || op->code == NSF_OP_RANGE || op->code == NSF_OP_SET;
}

/* Has the open record asked the same already, with no mark changed since? */
static bool is_repeated(const struct compile *c, const struct nsf_op *op)
{
	size_t n = flat_n(c->flat, NSF_SECTION_OPS), back;
	const struct nsf_op *all = FLAT(struct nsf_op, c->flat, NSF_SECTION_OPS);
	const struct nsf_record *r = FLAT(struct nsf_record, c->flat, NSF_SECTION_RECORDS) +
		flat_n(c->flat, NSF_SECTION_RECORDS) - 1;

	if (!compile_is_match(op))
		return false;
	for (back = 0; back < LOOK_BACK && n > r->op; back++) {
		const struct nsf_op *old = &all[--n];

		if (old->code == NSF_OP_MARK_SET || old->code == NSF_OP_CT_MARK_SET)
			return false;
		if (!memcmp(old, op, sizeof(*op)))
			return true;
	}
	return false;
}

void compile_op(struct compile *c, const struct ir_stmt *s, const struct nsf_op *op)
{
	struct nsf_op *new;

	if (c->err || is_repeated(c, op))
		return;
	if (flat_n(c->flat, NSF_SECTION_OPS) == NSF_MAX_OPS) {
		compile_error(c, s ? &s->place : &c->rule->place,
			      "the policy has more than %u matches and statements once jumps are written out; that is the limit",
			      NSF_MAX_OPS);
		return;
	}
	new = flat_add(c->flat, NSF_SECTION_OPS, 1);
	if (!new)
		compile_no_memory(c);
	else
		*new = *op;
}

/* ---- matches ---- */

static void op_mask(struct compile *c, const struct ir_stmt *s, unsigned int field,
		    uint64_t mask, uint64_t value, bool negate)
{
	compile_op(c, s, &(struct nsf_op){
		.code = NSF_OP_MASK, .field = (u8)field, .flags = negate ? NSF_OP_NOT : 0,
		.a = value, .b = mask });
}

static void op_range(struct compile *c, const struct ir_stmt *s, unsigned int field,
		     uint32_t clear, uint64_t first, uint64_t last, bool negate)
{
	compile_op(c, s, &(struct nsf_op){
		.code = NSF_OP_RANGE, .field = (u8)field, .flags = negate ? NSF_OP_NOT : 0,
		.arg = clear, .a = first, .b = last });
}

static void op_set(struct compile *c, const struct ir_stmt *s, uint64_t key, uint32_t set,
		   bool negate)
{
	compile_op(c, s, &(struct nsf_op){
		.code = NSF_OP_SET, .flags = negate ? NSF_OP_NOT : 0, .arg = set, .a = key });
}

static void match_narrow(struct compile *c, const struct ir_stmt *s, const struct ir_match *m)
{
	unsigned int width = ir_field_width(m->field[0]), field = field_of[m->field[0]];
	uint64_t all = (1ULL << 8 * width) - 1;
	uint64_t mask = number(m->mask, width);
	uint64_t first = number(m->range.first, width), last = number(m->range.last, width);

	if (first == last)
		op_mask(c, s, field, mask, first, m->negate);
	else
		op_range(c, s, field, (uint32_t)(all & ~mask), first, last, m->negate);
}

/* The two halves of an address or name. */
struct wide {
	uint64_t hi, lo;
};

static struct wide halves(const uint8_t *b)
{
	return (struct wide){ number(b, 8), number(b + 8, 8) };
}

static bool is_prefix(struct wide m)
{
	uint64_t hi = ~m.hi, lo = ~m.lo;

	/* The zeros: all at the end. */
	if (m.lo && hi)
		return false;
	return !(hi & (hi + 1)) && !(lo & (lo + 1));
}

static void op_interval(struct compile *c, const struct ir_stmt *s, const struct ir_match *m,
			const uint8_t *first, const uint8_t *last)
{
	uint32_t set = compile_set_interval(c, &s->place, first, last);

	if (!c->err)
		op_set(c, s, field_of[m->field[0]], set, m->negate);
}

/*
 * Not both halves, where no interval says it: a record of its own asks for them,
 * and the rule goes on where it does not match.
 */
static void match_neither(struct compile *c, const struct ir_stmt *s, unsigned int hi,
			  struct wide mask, struct wide value)
{
	uint32_t ask = compile_label(c), on = compile_label(c);

	op_mask(c, s, hi, 0, 0, false);		/* there is such a header */
	compile_record_close(c, ask);
	compile_label_place(c, ask);
	compile_record_open(c, on);
	op_mask(c, s, hi, mask.hi, value.hi, false);
	op_mask(c, s, hi + 1, mask.lo, value.lo, false);
	compile_record_close(c, c->after);
	compile_label_place(c, on);
	compile_record_open(c, c->after);
}

static void wide_equal(struct compile *c, const struct ir_stmt *s, const struct ir_match *m)
{
	unsigned int hi = field_of[m->field[0]] & ~NSF_FIELD_WIDE, i;
	struct wide mask = halves(m->mask), v = halves(m->range.first);
	uint8_t last[IR_MAX_WIDTH];

	if (v.hi & ~mask.hi || v.lo & ~mask.lo) {	/* no packet is like that */
		op_mask(c, s, hi, 0, m->negate ? 0 : 1, false);
	} else if (!mask.lo) {
		op_mask(c, s, hi, mask.hi, v.hi, m->negate);
	} else if (!mask.hi) {
		op_mask(c, s, hi + 1, mask.lo, v.lo, m->negate);
	} else if (!m->negate) {
		op_mask(c, s, hi, mask.hi, v.hi, false);
		op_mask(c, s, hi + 1, mask.lo, v.lo, false);
	} else if (is_prefix(mask)) {
		for (i = 0; i < IR_MAX_WIDTH; i++)
			last[i] = m->range.first[i] | (uint8_t)~m->mask[i];
		op_interval(c, s, m, m->range.first, last);
	} else {
		match_neither(c, s, hi, mask, v);
	}
}

static void wide_range(struct compile *c, const struct ir_stmt *s, const struct ir_match *m)
{
	unsigned int hi = field_of[m->field[0]] & ~NSF_FIELD_WIDE;
	struct wide mask = halves(m->mask);
	struct wide first = halves(m->range.first), last = halves(m->range.last);

	if (mask.hi != ALL_ONES || mask.lo != ALL_ONES) {
		compile_error(c, &s->place, "a range behind a mask is not possible for %s; write the range without the mask",
			      ir_field_name(m->field[0]));
	} else if (!first.lo && last.lo == ALL_ONES) {
		op_range(c, s, hi, 0, first.hi, last.hi, m->negate);
	} else if (first.hi == last.hi && !m->negate) {
		op_mask(c, s, hi, ALL_ONES, first.hi, false);
		op_range(c, s, hi + 1, 0, first.lo, last.lo, false);
	} else {
		op_interval(c, s, m, m->range.first, m->range.last);
	}
}

static void match_range(struct compile *c, const struct ir_stmt *s, const struct ir_match *m)
{
	if (ir_field_width(m->field[0]) < IR_MAX_WIDTH)
		match_narrow(c, s, m);
	else if (memcmp(m->range.first, m->range.last, IR_MAX_WIDTH))
		wide_range(c, s, m);
	else
		wide_equal(c, s, m);
}

static const enum ir_field *key_fields(const struct ir_stmt *s, unsigned int *n)
{
	*n = s->kind == IR_MAP ? s->map.fields : s->match.fields;
	return s->kind == IR_MAP ? s->map.field : s->match.field;
}

void compile_element(struct compile *c, const struct ir_stmt *s, const struct ir_element *e)
{
	struct ir_match one = { .kind = IR_MATCH_RANGE, .fields = 1 };
	const enum ir_field *field;
	unsigned int n, f;

	memset(one.mask, 0xff, sizeof(one.mask));
	field = key_fields(s, &n);
	for (f = 0; f < n; f++) {
		one.field[0] = field[f];
		one.range = e->key[f];
		match_range(c, s, &one);
	}
}

void compile_key_present(struct compile *c, const struct ir_stmt *s)
{
	const enum ir_field *field;
	unsigned int n, f;

	field = key_fields(s, &n);
	for (f = 0; f < n; f++)
		op_mask(c, s, field_of[field[f]] & ~NSF_FIELD_WIDE, 0, 0, false);
}

static void match_set(struct compile *c, const struct ir_stmt *s, const struct ir_match *m)
{
	const struct ir_set *set = &c->policy->set[m->set];
	const struct compile_set *cs;
	struct ir_match one = *m;

	if (set->fields == 1 && set->elements == 1 && !set->map) {
		one.range = set->element[0].key[0];
		memset(one.mask, 0xff, sizeof(one.mask));
		match_range(c, s, &one);
		return;
	}
	cs = compile_set(c, m->set);
	if (cs)
		op_set(c, s, compile_key(m->field, m->fields), cs->set, m->negate);
}

/* ---- statements ---- */

/* One state for all the places where a rule is written out. @n: index in state_at. */
static uint32_t state_make(struct compile *c, const struct ir_stmt *s, size_t n,
			   const struct nsf_state_desc *desc)
{
	struct nsf_state_desc *new;
	uint32_t at = (uint32_t)flat_n(c->flat, NSF_SECTION_STATES);
	uint64_t ordinal = n;

	if (c->state_at[c->state_base[c->rule_number] + n] != UINT32_MAX)
		return c->state_at[c->state_base[c->rule_number] + n];
	if (at == NSF_MAX_STATES) {
		compile_error(c, &s->place, "the policy has more than %u counters and limits; that is the limit",
			      NSF_MAX_STATES);
		return 0;
	}
	new = flat_add(c->flat, NSF_SECTION_STATES, 1);
	if (!new) {
		compile_no_memory(c);
		return 0;
	}
	*new = *desc;
	new->id = siphash24(&ordinal, sizeof(ordinal), c->rule->id, 0);
	new->rule = c->rule_at[c->rule_number];
	c->state_at[c->state_base[c->rule_number] + n] = at;
	return at;
}

static void limit_stmt(struct compile *c, const struct ir_stmt *s, size_t n)
{
	const struct ir_limit *l = &s->limit;
	struct nsf_state_desc desc = {
		.kind = NSF_STATE_LIMIT, .burst = l->burst, .rate = l->rate,
		.unit = l->unit * 1000000000ULL,
		.limit_flags = (l->over ? NSF_LIMIT_OVER : 0) | (l->bytes ? NSF_LIMIT_BYTES : 0),
	};

	if (!nsf_limit_fits(&desc)) {
		compile_error(c, &s->place, "the limit's rate or burst is 0 or too large for 64 bits of nanoseconds");
		return;
	}
	compile_op(c, s, &(struct nsf_op){
		.code = NSF_OP_LIMIT, .arg = state_make(c, s, n, &desc) });
}

static void counter_stmt(struct compile *c, const struct ir_stmt *s, size_t n)
{
	const struct nsf_state_desc desc = { .kind = NSF_STATE_COUNTER };

	compile_op(c, s, &(struct nsf_op){
		.code = NSF_OP_COUNTER, .arg = state_make(c, s, n, &desc) });
}

static void log_stmt(struct compile *c, const struct ir_stmt *s)
{
	uint32_t prefix = flat_string(c->flat, s->log.prefix);

	if (prefix == UINT32_MAX)
		compile_no_memory(c);
	compile_op(c, s, &(struct nsf_op){
		.code = NSF_OP_LOG, .arg = prefix, .a = s->log.level });
}

void compile_stmt(struct compile *c, const struct ir_stmt *s, size_t n)
{
	switch (s->kind) {
	case IR_MATCH:
		if (s->match.kind == IR_MATCH_SET)
			match_set(c, s, &s->match);
		else
			match_range(c, s, &s->match);
		break;
	case IR_COUNTER:
		counter_stmt(c, s, n);
		break;
	case IR_LIMIT:
		limit_stmt(c, s, n);
		break;
	case IR_LOG:
		log_stmt(c, s);
		break;
	case IR_MARK_SET:
	case IR_CT_MARK_SET:
		compile_op(c, s, &(struct nsf_op){
			.code = s->kind == IR_MARK_SET ? NSF_OP_MARK_SET : NSF_OP_CT_MARK_SET,
			.field = field_of[s->mark.field], .a = s->mark.flip, .b = s->mark.mask });
		break;
	default:	/* the others end a record: compile.c */
		break;
	}
}
