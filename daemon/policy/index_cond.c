// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_cond: a record's matches as conditions, each on one field. What none can
 * say is left out: the record looks itself when its bit comes up. Of the first ones
 * that conditions say in full, their number is noted, so that it need not.
 *
 * Matches behind a statement (counter, limit, log, mark set) do not count for the
 * record itself: the statement is done for whoever comes there. They do for what the
 * record leads to.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"

#define MAX_MASK_GAPS	8	/* bits of a mask that split it: 2^8 intervals */

static const u8 width_of[NSF_FIELDS] = {
	[NSF_FIELD_NFPROTO] = 8, [NSF_FIELD_L4PROTO] = 8, [NSF_FIELD_MARK] = 32,
	[NSF_FIELD_LENGTH] = 32, [NSF_FIELD_PKTTYPE] = 8, [NSF_FIELD_IIF] = 32,
	[NSF_FIELD_OIF] = 32, [NSF_FIELD_IIFNAME_HI] = 128, [NSF_FIELD_OIFNAME_HI] = 128,
	[NSF_FIELD_IP_SADDR] = 32, [NSF_FIELD_IP_DADDR] = 32, [NSF_FIELD_IP_PROTOCOL] = 8,
	[NSF_FIELD_IP_TTL] = 8, [NSF_FIELD_IP_DSCP] = 8, [NSF_FIELD_IP_FRAG_OFF] = 16,
	[NSF_FIELD_IP_LENGTH] = 16, [NSF_FIELD_IP6_SADDR_HI] = 128,
	[NSF_FIELD_IP6_DADDR_HI] = 128, [NSF_FIELD_IP6_NEXTHDR] = 8,
	[NSF_FIELD_IP6_HOPLIMIT] = 8, [NSF_FIELD_IP6_DSCP] = 8, [NSF_FIELD_IP6_LENGTH] = 16,
	[NSF_FIELD_EXTHDR_FRAG] = 8, [NSF_FIELD_TH_SPORT] = 16, [NSF_FIELD_TH_DPORT] = 16,
	[NSF_FIELD_TH_TYPE] = 8, [NSF_FIELD_TH_CODE] = 8, [NSF_FIELD_TH_TCP_FLAGS] = 8,
	[NSF_FIELD_CT_STATE] = 8, [NSF_FIELD_CT_MARK] = 32, [NSF_FIELD_CT_DIRECTION] = 8,
};

/* Where in the record's ops we are. */
struct place {
	struct index_plan *p;
	const struct nsf_op *op, *end;
	u32 from, to;		/* what a condition of this op counts for */
};

unsigned int index_width(unsigned int dim)
{
	return width_of[dim];
}

bool index_is_wide(unsigned int dim)
{
	return width_of[dim] == 128;
}

bool index_is_absent(const struct index_plan *p, unsigned int field)
{
	return p->nfproto == 2 ?
		field >= NSF_FIELD_IP6_SADDR_HI && field <= NSF_FIELD_EXTHDR_FRAG :
		field >= NSF_FIELD_IP_SADDR && field <= NSF_FIELD_IP_LENGTH;
}

/* ---- conditions, no two alike ---- */

static u32 cond_hash(const struct index_cond *c)
{
	return (u32)index_hash(c, sizeof(*c));
}

static bool slots_grow(struct index_plan *p)
{
	size_t slots = p->slots ? 2 * p->slots : 256, cap = 0, i, k;
	u32 *slot = NULL;

	if (!index_room(p, &slot, &cap, slots, sizeof(*slot)))
		return false;
	memset(slot, 0, slots * sizeof(*slot));
	for (i = 0; i < p->conds; i++) {
		for (k = cond_hash(&p->cond[i]) & (slots - 1); slot[k];)
			k = (k + 1) & (slots - 1);
		slot[k] = (u32)i + 1;
	}
	free(p->slot);
	p->slot = slot;
	p->slots = slots;
	return true;
}

static u32 cond_intern(struct index_plan *p, const struct index_cond *c)
{
	size_t i;

	if (2 * p->conds >= p->slots && !slots_grow(p))
		return INDEX_NONE;
	for (i = cond_hash(c) & (p->slots - 1); p->slot[i]; i = (i + 1) & (p->slots - 1))
		if (!memcmp(&p->cond[p->slot[i] - 1], c, sizeof(*c)))
			return p->slot[i] - 1;
	if (!index_room(p, &p->cond, &p->cond_cap, p->conds + 1, sizeof(*p->cond)))
		return INDEX_NONE;
	p->cond[p->conds++] = *c;
	p->slot[i] = (u32)p->conds;
	return (u32)p->conds - 1;
}

bool index_cond_add(struct index_plan *p, const struct index_cond *c, u32 from, u32 to)
{
	u32 cond;

	if (from >= to || p->err || !(p->dims & NSF_BIT(c->dim)) || index_is_absent(p, c->dim))
		return false;
	cond = cond_intern(p, c);
	if (cond == INDEX_NONE ||
	    !index_room(p, &p->use, &p->use_cap, p->uses + 1, sizeof(*p->use)))
		return false;
	p->use[p->uses++] = (struct index_use){ cond, from, to };
	p->weight[c->dim] += to - from;
	return true;
}

/*
 * The functions for an op return whether the match needs not be looked at where a record
 * that the condition counts for comes up.
 */

/* No packet of the family is for these. */
static bool never(const struct place *at)
{
	u32 i;

	for (i = at->from; i < at->to; i++)
		at->p->alive[i / 64] &= ~(1ULL << i % 64);
	return true;
}

static bool range_add(const struct place *at, unsigned int dim, struct index_value a,
		      struct index_value b)
{
	return index_cond_add(at->p, &(struct index_cond){
		.dim = (u8)dim, .kind = INDEX_RANGE, .a = a, .b = b,
		.negate = at->op->flags & NSF_OP_NOT }, at->from, at->to);
}

/* ---- narrow fields ---- */

/* Ones, then zeros. */
static bool is_prefix(u64 mask, u64 all)
{
	u64 low = all & ~mask;

	return !(low & (low + 1));
}

static bool is_few_intervals(u64 mask, u64 all)
{
	unsigned int gaps = 0;

	while (!(mask & 1)) {
		mask >>= 1;
		all >>= 1;
	}
	for (; all; mask >>= 1, all >>= 1)
		gaps += !(mask & 1);
	return gaps <= MAX_MASK_GAPS;
}

static bool narrow_mask(const struct place *at, u64 all)
{
	const struct nsf_op *op = at->op;
	u64 mask = op->b & all;

	if (op->a & ~mask)	/* no value is like that */
		return !(op->flags & NSF_OP_NOT) && never(at);
	if (is_prefix(mask, all))
		return range_add(at, op->field, (struct index_value){ 0, op->a },
				 (struct index_value){ 0, op->a | (all & ~mask) });
	if (mask > INDEX_LOW && !is_few_intervals(mask, all))
		return false;
	return index_cond_add(at->p, &(struct index_cond){
			.dim = op->field, .kind = INDEX_MASK, .a.lo = op->a, .b.lo = mask,
			.negate = op->flags & NSF_OP_NOT }, at->from, at->to) &&
	       (mask > INDEX_LOW || all <= INDEX_LOW);
}

static bool narrow_range(const struct place *at, u64 all)
{
	const struct nsf_op *op = at->op;

	if (op->arg)
		return all == 0xff && index_cond_add(at->p, &(struct index_cond){
				.dim = op->field, .kind = INDEX_CLEARED, .clear = op->arg,
				.a.lo = op->a, .b.lo = op->b,
				.negate = op->flags & NSF_OP_NOT }, at->from, at->to);
	if (op->a > all)
		return !(op->flags & NSF_OP_NOT) && never(at);
	return range_add(at, op->field, (struct index_value){ 0, op->a },
			 (struct index_value){ 0, op->b < all ? op->b : all });
}

/* The family is known: either way it is no condition. */
static bool nfproto(const struct place *at)
{
	const struct nsf_op *op = at->op;
	u64 v = op->code == NSF_OP_MASK ? at->p->nfproto & op->b : at->p->nfproto & ~(u64)op->arg;
	bool hit = op->code == NSF_OP_MASK ? v == op->a : op->a <= v && v <= op->b;

	return hit != (op->flags & NSF_OP_NOT) || never(at);
}

/* ---- halves of wide fields ---- */

/* The values of the half, before NOT, where they are an interval; else false. */
static bool half_interval(const struct nsf_op *op, u64 *first, u64 *last)
{
	*first = op->a;
	*last = op->b;
	if (op->code == NSF_OP_RANGE)
		return !op->arg;
	*last = op->a | ~op->b;
	return !(op->a & ~op->b) && is_prefix(op->b, UINT64_MAX);
}

static bool is_exact(const struct nsf_op *op, unsigned int field)
{
	return op->field == field && !(op->flags & NSF_OP_NOT) &&
	       ((op->code == NSF_OP_MASK && op->b == UINT64_MAX) ||
		(op->code == NSF_OP_RANGE && op->a == op->b && !op->arg));
}

static bool is_statement(const struct nsf_op *op)
{
	return op->code >= NSF_OP_COUNTER && op->code <= NSF_OP_CT_MARK_SET;
}

/* Will the lower half say it all, for the same records? */
static bool lower_follows(const struct place *at)
{
	const struct nsf_op *op;
	u64 first, last;

	for (op = at->op + 1; op < at->end && !is_statement(op); op++) {
		if (is_exact(op, at->op->field))	/* that one is nearer to what follows */
			return false;
		if ((op->code == NSF_OP_MASK || op->code == NSF_OP_RANGE) &&
		    op->field == at->op->field + 1 && !(op->flags & NSF_OP_NOT) &&
		    half_interval(op, &first, &last))
			return true;
	}
	return false;
}

static bool upper_half(const struct place *at)
{
	u64 first, last;

	if (!half_interval(at->op, &first, &last))
		return false;
	if (is_exact(at->op, at->op->field) && lower_follows(at))
		return at->p->dims & NSF_BIT(at->op->field);
	return range_add(at, at->op->field, (struct index_value){ first, 0 },
			 (struct index_value){ last, UINT64_MAX });
}

/* @begin: the record's first op. An interval where the upper half is one value. */
static bool lower_half(const struct place *at, const struct nsf_op *begin)
{
	unsigned int dim = at->op->field - 1u;
	const struct nsf_op *op;
	u64 first, last;

	if (!half_interval(at->op, &first, &last))
		return false;
	for (op = at->op; op-- > begin;)
		if (is_exact(op, dim))
			return range_add(at, dim, (struct index_value){ op->a, first },
					 (struct index_value){ op->a, last });
	return false;
}

/* ---- keys ---- */

static bool key(const struct place *at)
{
	const struct nsf_op *op = at->op;
	const struct nsf_set *set = FLAT(struct nsf_set, at->p->flat, NSF_SECTION_SETS) + op->arg;
	struct index_cond c = { .kind = INDEX_SET, .set = op->arg,
				.negate = op->flags & NSF_OP_NOT };
	bool counts = false;
	unsigned int f;

	for (f = 0; f < set->fields; f++)
		if (index_is_absent(at->p, op->a >> 8 * f & 0x7f))
			return never(at);
	if (!set->count)
		return !c.negate && never(at);
	/* That the key is in no element says nothing of one of its fields. */
	if (set->fields > 1 && c.negate)
		return false;
	for (f = 0; f < set->fields; f++) {
		c.dim = op->a >> 8 * f & 0x7f;
		c.pos = (u8)f;
		counts = index_cond_add(at->p, &c, at->from, at->to);
		if (set->kind == NSF_SET_RANGE)		/* of the key as a whole */
			break;
	}
	return counts && set->fields == 1 && set->count <= INDEX_MAX_RANGES;
}

static bool match(const struct place *at, const struct nsf_op *begin)
{
	unsigned int field = at->op->field;

	if (index_is_absent(at->p, field))
		return never(at);
	if (field == NSF_FIELD_NFPROTO)
		return nfproto(at);
	if (!width_of[field])
		return lower_half(at, begin);
	if (index_is_wide(field))
		return upper_half(at);
	if (at->op->code == NSF_OP_MASK)
		return narrow_mask(at, (1ULL << width_of[field]) - 1);
	return narrow_range(at, (1ULL << width_of[field]) - 1);
}

/* The op said as conditions; false where the record must look itself. */
static bool op_say(struct place *at, const struct nsf_op *begin)
{
	switch (at->op->code) {
	case NSF_OP_MASK:
	case NSF_OP_RANGE:
		return match(at, begin);
	case NSF_OP_SET:
		return key(at);
	case NSF_OP_MAP:
		key(at);
		return false;	/* it has to find the target */
	default:
		return false;
	}
}

u32 index_cond_record(struct index_plan *p, u32 at, u32 from, u32 to)
{
	const struct nsf_record *r = &p->record[at];
	const struct nsf_op *begin = FLAT(struct nsf_op, p->flat, NSF_SECTION_OPS) + r->op;
	struct place place = { .p = p, .end = begin + r->ops, .from = from, .to = to };
	bool decided = from <= at;
	u32 n = 0;

	for (place.op = begin; place.op < place.end; place.op++) {
		if (is_statement(place.op))
			place.from = at + 1;
		decided &= op_say(&place, begin);
		n += decided;
	}
	return n;
}
