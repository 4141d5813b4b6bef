// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_sweep: from the conditions on a field to classes of its values.
 *
 * All ends of all conditions' intervals, sorted, are walked through with a running
 * set: how many conditions of each record are false now. Where none is, its bit is 1.
 * Values between two ends are alike; those with the same bits are one class.
 *
 * A condition that counts for many records (a set before a long chain) is not counted
 * there at each of its ends: while it is false, those bits are cleared in what is added.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"

#define LONG	256u	/* records */

/* From this value on the condition is the contrary of what it was. */
struct turn {
	struct index_value at;
	u32 cond;
};

struct sweep {
	struct index_plan *p;
	unsigned int dim;
	struct turn *turn;
	size_t turns, turn_cap;
	u8 *truth;		/* of each condition */
	u32 *false_of;		/* of each record: conditions that are false */
	u64 *bits;
	u64 hash;		/* of bits: the XOR of what belongs to those that are 1 */
	struct index_use *gate;	/* those of LONG and more */
	size_t gates, gate_cap;
	u64 *open;		/* bits, less those behind a gate whose condition is false */
	u64 work;
};

static void turn_add(struct sweep *s, struct index_value at, u32 cond)
{
	if (index_room(s->p, &s->turn, &s->turn_cap, s->turns + 1, sizeof(*s->turn)))
		s->turn[s->turns++] = (struct turn){ at, cond };
}

static bool turns_make(struct sweep *s, u32 cond)
{
	const struct index_cond *c = &s->p->cond[cond];
	struct index_value max = index_max(s->dim);
	struct index_range *v;
	size_t n, i;

	if (c->negate)
		turn_add(s, (struct index_value){ 0, 0 }, cond);
	if (index_ranges(s->p, c, &v, &n))
		for (i = 0; i < n; i++) {
			turn_add(s, v[i].first, cond);
			if (index_compare(v[i].last, max) < 0)
				turn_add(s, index_after(v[i].last), cond);
		}
	free(v);
	return !s->p->err;
}

static int turn_compare(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	int d = index_compare(x->at, y->at);

	return d ? d : (x->cond > y->cond) - (x->cond < y->cond);
}

/* One bit, where its record may match at all. */
static inline void bit_turn(struct sweep *s, u32 record)
{
	u64 bit = s->p->alive[record / 64] & 1ULL << record % 64;

	if (bit) {
		s->bits[record / 64] ^= bit;
		s->hash ^= index_mix(record);
	}
}

static void cond_turn(struct sweep *s, u32 cond)
{
	bool now = s->truth[cond] ^= 1;
	u32 u, x;

	for (u = s->p->use_at[cond]; u < s->p->use_at[cond + 1]; u++) {
		const struct index_use *use = &s->p->use[u];

		if (use->to - use->from >= LONG)
			continue;
		s->work += use->to - use->from;
		for (x = use->from; x < use->to; x++)
			if (now ? !--s->false_of[x] : !s->false_of[x]++)
				bit_turn(s, x);
	}
}

/* A condition that is false, for now. */
static bool cond_begin(struct sweep *s, u32 cond)
{
	struct index_plan *p = s->p;
	u32 u, x;

	for (u = p->use_at[cond]; u < p->use_at[cond + 1]; u++) {
		const struct index_use *use = &p->use[u];

		if (use->to - use->from >= LONG) {
			if (!index_room(p, &s->gate, &s->gate_cap, s->gates + 1,
					sizeof(*s->gate)))
				return false;
			s->gate[s->gates++] = *use;
			continue;
		}
		for (x = use->from; x < use->to; x++)
			if (!s->false_of[x]++)
				bit_turn(s, x);
	}
	return turns_make(s, cond);
}

/* Where the field is absent: no condition is true. */
static bool begin(struct sweep *s)
{
	struct index_plan *p = s->p;
	u32 c;

	s->truth = calloc(p->conds + 1, sizeof(*s->truth));
	s->false_of = calloc(p->records, sizeof(*s->false_of));
	s->bits = malloc(p->words * sizeof(*s->bits));
	s->open = malloc(p->words * sizeof(*s->open));
	if (!s->truth || !s->false_of || !s->bits || !s->open)
		return false;
	memcpy(s->bits, p->alive, p->words * sizeof(*s->bits));
	for (c = 0; c < p->conds; c++)
		if (p->cond[c].dim == s->dim && !cond_begin(s, c))
			return false;
	/* Where else the field is 0. */
	turn_add(s, (struct index_value){ 0, 0 }, INDEX_NONE);
	if (p->err)
		return false;
	qsort(s->turn, s->turns, sizeof(*s->turn), turn_compare);
	return true;
}

static void clear(u64 *bits, u32 from, u32 to)
{
	for (; from % 64 && from < to; from++)
		bits[from / 64] &= ~(1ULL << from % 64);
	for (; from + 64 <= to; from += 64)
		bits[from / 64] = 0;
	if (from < to)
		bits[from / 64] &= ~0ULL << to % 64;
}

/* The class of the values at hand. */
static enum index_result class_add(struct sweep *s, struct index_draft *d, u32 *class)
{
	u64 hash = 0;
	size_t i;

	if (!s->gates)
		return index_rows_add(&d->rows, s->p, s->bits, s->hash, class);
	memcpy(s->open, s->bits, s->p->words * sizeof(*s->bits));
	for (i = 0; i < s->gates; i++)
		if (!s->truth[s->gate[i].cond]) {
			s->work += (s->gate[i].to - s->gate[i].from) / 64;
			clear(s->open, s->gate[i].from, s->gate[i].to);
		}
	for (i = 0; i < s->p->words; i++)
		hash = index_mix(hash ^ s->open[i]);
	return index_rows_add(&d->rows, s->p, s->open, hash, class);
}

static enum index_result walk(struct sweep *s, struct index_draft *d)
{
	enum index_result res;
	size_t i, cap = 0;
	u32 class;

	res = class_add(s, d, &d->absent);
	for (i = 0; i < s->turns && res == INDEX_DONE;) {
		struct index_value at = s->turn[i].at;

		for (; i < s->turns && !index_compare(s->turn[i].at, at); i++)
			if (s->turn[i].cond != INDEX_NONE)
				cond_turn(s, s->turn[i].cond);
		if (s->work > INDEX_MAX_WORK)
			return INDEX_TOO_MUCH;
		res = class_add(s, d, &class);
		if (res != INDEX_DONE || (d->steps && d->step[d->steps - 1].class == class))
			continue;
		if (!index_room(s->p, &d->step, &cap, d->steps + 1, sizeof(*d->step)))
			return INDEX_NO_MEMORY;
		d->step[d->steps++] = (struct index_step){ at, class };
	}
	return res;
}

enum index_result index_sweep(struct index_plan *p, unsigned int dim, struct index_draft *d)
{
	struct sweep s = { .p = p, .dim = dim };
	enum index_result res = INDEX_NO_MEMORY;

	d->field = (u8)dim;
	d->operand = true;
	d->rows.max = NSF_INDEX_MAX_CLASSES;
	if (begin(&s))
		res = walk(&s, d);
	free(s.turn);
	free(s.truth);
	free(s.false_of);
	free(s.bits);
	free(s.gate);
	free(s.open);
	return res;
}
