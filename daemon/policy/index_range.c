// SPDX-License-Identifier: GPL-2.0-or-later
/* index_range: the values that a condition is true of, as intervals. */
#include <errno.h>
#include <stdlib.h>

#include "policy/index_build.h"

struct ranges {
	struct index_plan *p;
	struct index_range *v;
	size_t n, cap;
};

static void add(struct ranges *r, struct index_value first, struct index_value last)
{
	if (index_room(r->p, &r->v, &r->cap, r->n + 1, sizeof(*r->v)))
		r->v[r->n++] = (struct index_range){ first, last };
}

static void narrow(struct ranges *r, u64 first, u64 last)
{
	add(r, (struct index_value){ 0, first }, (struct index_value){ 0, last });
}

/* (v & mask) == a: one interval for each way to fill the zeros that ones follow. */
static void mask_ranges(struct ranges *r, const struct index_cond *c)
{
	u64 mask = c->b.lo, max = index_max(c->dim).lo, all = mask <= INDEX_LOW ? INDEX_LOW : max;
	u64 low = (mask & (~mask + 1)) - 1, gaps = all & ~mask & ~low, fill = 0;

	if (all < max && !c->negate)
		narrow(r, all + 1, max);
	do {
		narrow(r, c->a.lo | fill, c->a.lo | fill | low);
		fill = (fill - gaps) & gaps;
	} while (fill);
}

static void cleared_ranges(struct ranges *r, const struct index_cond *c)
{
	u64 v, all = index_max(c->dim).lo;

	for (v = 0; v <= all; v++) {
		u64 seen = v & ~(u64)c->clear;

		if (c->a.lo <= seen && seen <= c->b.lo)
			narrow(r, v, v);
	}
}

static struct index_value value_read(const u32 *w, unsigned int words)
{
	if (words == 1)
		return (struct index_value){ 0, w[0] };
	return (struct index_value){ (u64)w[0] << 32 | w[1], (u64)w[2] << 32 | w[3] };
}

static void set_ranges(struct ranges *r, const struct index_cond *c)
{
	const struct nsf_set *set = FLAT(struct nsf_set, r->p->flat, NSF_SECTION_SETS) + c->set;
	const u32 *keys = FLAT(u32, r->p->flat, NSF_SECTION_WORDS) + set->keys;
	unsigned int size = set->kind == NSF_SET_EXACT ? set->words : 2u * set->words, f, at = 0;
	unsigned int to_last = size - set->words;
	u32 n = c->kind == INDEX_SET ? set->count : c->count, i;

	for (f = 0; f < c->pos; f++)
		at += set->width[f];
	for (i = 0; i < n; i++) {
		u32 e = c->kind == INDEX_SET ? i : r->p->list[c->first + i];
		const u32 *w = keys + (size_t)e * size + at;
		struct index_value first = value_read(w, set->width[f]);
		struct index_value last = value_read(w + to_last, set->width[f]);
		struct index_value max = index_max(c->dim);

		if (index_compare(first, max) > 0)
			continue;
		add(r, first, index_compare(last, max) > 0 ? max : last);
	}
}

static int range_compare(const void *a, const void *b)
{
	const struct index_range *x = a, *y = b;
	int d = index_compare(x->first, y->first);

	return d ? d : index_compare(x->last, y->last);
}

static bool is_max(struct index_value v)
{
	return v.hi == UINT64_MAX && v.lo == UINT64_MAX;
}

/* In order, and what touches is one. */
static void merge(struct ranges *r)
{
	size_t i, n = 0;

	for (i = 1; i < r->n; i++)
		if (index_compare(r->v[i - 1].first, r->v[i].first) > 0)
			break;
	if (i < r->n)
		qsort(r->v, r->n, sizeof(*r->v), range_compare);
	for (i = 0; i < r->n; i++) {
		struct index_range *last = n ? &r->v[n - 1] : NULL;

		if (last && (is_max(last->last) ||
			     index_compare(r->v[i].first, index_after(last->last)) <= 0)) {
			if (index_compare(last->last, r->v[i].last) < 0)
				last->last = r->v[i].last;
		} else {
			r->v[n++] = r->v[i];
		}
	}
	r->n = n;
}

/* How many bits the way from @a to @b takes. */
static unsigned int distance(struct index_value a, struct index_value b)
{
	u64 hi = b.hi - a.hi - (b.lo < a.lo), lo = b.lo - a.lo;
	unsigned int bits = hi ? 64 : 0;

	for (lo = hi ? hi : lo; lo; lo >>= 1)
		bits++;
	return bits;
}

/* Fills the smallest gaps until there are not too many ranges. */
static void blur(struct ranges *r)
{
	size_t of[129] = { 0 }, i, n = 0, left = r->n;
	unsigned int most = 0;

	for (i = 1; i < r->n; i++)
		of[distance(r->v[i - 1].last, r->v[i].first)]++;
	while (left > INDEX_MAX_RANGES)
		left -= of[++most];
	for (i = 0; i < r->n; i++) {
		if (i && distance(r->v[i - 1].last, r->v[i].first) <= most)
			r->v[n - 1].last = r->v[i].last;
		else
			r->v[n++] = r->v[i];
	}
	r->n = n;
}

/* Leaves out the smallest. */
static void thin(struct ranges *r)
{
	size_t of[129] = { 0 }, i, n = 0, left = r->n;
	unsigned int most = 0;

	for (i = 0; i < r->n; i++)
		of[distance(r->v[i].first, r->v[i].last)]++;
	left -= of[0];
	while (left > INDEX_MAX_RANGES)
		left -= of[++most];
	for (i = 0; i < r->n; i++)
		if (distance(r->v[i].first, r->v[i].last) > most)
			r->v[n++] = r->v[i];
	r->n = n;
}

bool index_ranges(struct index_plan *p, const struct index_cond *c, struct index_range **v,
		  size_t *n)
{
	struct ranges r = { .p = p };

	switch (c->kind) {
	case INDEX_RANGE:
		add(&r, c->a, c->b);
		break;
	case INDEX_MASK:
		mask_ranges(&r, c);
		break;
	case INDEX_CLEARED:
		cleared_ranges(&r, c);
		break;
	default:
		set_ranges(&r, c);
	}
	if (!p->err)
		merge(&r);
	/* In the end it must be true of too much, never of too little. */
	if (!p->err && r.n > INDEX_MAX_RANGES)
		(c->negate ? thin : blur)(&r);
	*v = r.v;
	*n = r.n;
	return !p->err;
}
