// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_flow: where a record's matches count.
 *
 * Evaluation is at record x, whose bit is 0: the index goes to the next bit that is 1.
 * It should have gone to `miss`. So all between x and its miss must be 0 as well, in
 * the same rows; they may be, if nothing leads there but x itself:
 *
 *	x  A jump c   miss 3      0 and its body (1, 2) are for packets that match A
 *	1    B drop   miss 2
 *	2    C drop   miss 3
 *	3  ...
 *
 * Where something before x leads in between, x must be run whenever it is reached. Such
 * are the last records of a chain that goto calls, and of a map's bodies but the last:
 *
 *	0  A goto c   miss 2      1 has the rest of 0's chain between itself and its miss
 *	1    B drop   miss 9
 *	2  C drop     miss 3
 *
 *	0  map: 1, 2  miss 3      1 has the other body there; but if the map's key is one
 *	1    B drop   miss 3      field that has a node, then that keeps the bodies apart:
 *	2    C drop   miss 3      who is at 1 has no bit of 2
 *
 * Records are visited in order; the heaps hold where those before this one lead to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"

struct heap {
	u32 *v;
	size_t n, cap;
};

struct flow {
	struct index_plan *p;
	struct heap ways;	/* records that something before this one leads to */
	struct heap apart;	/* the same, bodies that nodes keep apart */
};

/* A body of a map: from `at` to the next one's. */
struct body {
	u32 at, element;
};

static void heap_push(struct flow *f, struct heap *h, u32 to)
{
	size_t i = h->n;

	if (!index_room(f->p, &h->v, &h->cap, h->n + 1, sizeof(*h->v)))
		return;
	for (h->n++; i && h->v[(i - 1) / 2] > to; i = (i - 1) / 2)
		h->v[i] = h->v[(i - 1) / 2];
	h->v[i] = to;
}

static void heap_pop(struct heap *h)
{
	u32 last = h->v[--h->n];
	size_t i = 0, k;

	for (; (k = 2 * i + 1) < h->n; i = k) {
		k += k + 1 < h->n && h->v[k + 1] < h->v[k];
		if (h->v[k] >= last)
			break;
		h->v[i] = h->v[k];
	}
	h->v[i] = last;
}

/* The nearest behind @at; INDEX_NONE: none. */
static u32 heap_nearest(struct heap *h, u32 at)
{
	while (h->n && h->v[0] <= at)
		heap_pop(h);
	return h->n ? h->v[0] : INDEX_NONE;
}

static const struct nsf_op *last_op(const struct index_plan *p, u32 at)
{
	const struct nsf_record *r = &p->record[at];

	return r->ops ? FLAT(struct nsf_op, p->flat, NSF_SECTION_OPS) + r->op + r->ops - 1 : NULL;
}

static const struct nsf_op *map_of(const struct index_plan *p, u32 at)
{
	const struct nsf_op *op = last_op(p, at);

	return op && op->code == NSF_OP_MAP ? op : NULL;
}

static const struct nsf_set *set_of(const struct index_plan *p, const struct nsf_op *op)
{
	return FLAT(struct nsf_set, p->flat, NSF_SECTION_SETS) + op->arg;
}

/* From index in the image to that in the chain. */
static u32 within(const struct index_plan *p, u32 record)
{
	const struct nsf_record *all = FLAT(struct nsf_record, p->flat, NSF_SECTION_RECORDS);

	return record - (u32)(p->record - all);
}

static bool leads_within(u32 to, u32 body_end, u32 end)
{
	return to < body_end || to >= end;
}

/* Does record @at lead nowhere but on in its body, or behind all of them? */
static bool stays(const struct index_plan *p, u32 at, u32 body_end, u32 end)
{
	const struct nsf_record *r = &p->record[at];
	const struct nsf_op *map = map_of(p, at);
	const u32 *t;
	u32 i;

	if (!leads_within(within(p, r->miss), body_end, end))
		return false;
	if (!map)
		return !r->next || leads_within(within(p, r->next), body_end, end);
	t = FLAT(u32, p->flat, NSF_SECTION_TARGETS) + map->b;
	for (i = 0; i < set_of(p, map)->targets; i++)
		if (!(t[i] & NSF_TARGET_VERDICT) &&
		    !leads_within(within(p, t[i]), body_end, end))
			return false;
	return true;
}

static int body_compare(const void *a, const void *b)
{
	const struct body *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->element > y->element) - (x->element < y->element);
}

/* The elements that lead to a record between @at and @end, by body. */
static struct body *bodies_find(struct index_plan *p, const struct nsf_op *op, u32 at, u32 end,
				size_t *n)
{
	const struct nsf_set *set = set_of(p, op);
	const u32 *t = FLAT(u32, p->flat, NSF_SECTION_TARGETS) + op->b;
	const u32 *data = FLAT(u32, p->flat, NSF_SECTION_WORDS) + set->data;
	struct body *v = malloc(((size_t)set->count + 1) * sizeof(*v));
	u32 i;

	*n = 0;
	if (!v) {
		p->err = -ENOMEM;
		return NULL;
	}
	for (i = 0; i < set->count; i++) {
		u32 to = t[data[i]];

		if (to & NSF_TARGET_VERDICT)
			continue;
		to = within(p, to);
		if (to > at && to < end)
			v[(*n)++] = (struct body){ to, i };
	}
	qsort(v, *n, sizeof(*v), body_compare);
	return v;
}

/* Does nothing lead into a body but the map? */
static bool bodies_are_closed(const struct index_plan *p, const struct body *v, size_t n, u32 at,
			      u32 end)
{
	size_t i = 0;
	u32 x = at + 1;

	if (!n || v[0].at != x)
		return false;
	while (i < n) {
		u32 body = v[i].at, body_end;

		while (i < n && v[i].at == body)
			i++;
		for (body_end = i < n ? v[i].at : end; x < body_end; x++)
			if (!stays(p, x, body_end, end))
				return false;
	}
	return true;
}

/* Each body is for the keys that lead to it. */
static void bodies_add(struct index_plan *p, const struct nsf_op *op, const struct body *v,
		       size_t n, u32 end)
{
	const struct nsf_set *set = set_of(p, op);
	size_t i = 0, k;
	unsigned int f;

	while (i < n && !p->err) {
		struct index_cond c = { .kind = INDEX_LIST, .set = op->arg,
					.first = (u32)p->lists };
		u32 to;

		for (k = i; k < n && v[k].at == v[i].at; k++) {
			if (!index_room(p, &p->list, &p->list_cap, p->lists + 1, sizeof(*p->list)))
				return;
			p->list[p->lists++] = v[k].element;
		}
		c.count = (u32)(k - i);
		to = k < n ? v[k].at : end;
		for (f = 0; f < set->fields; f++) {
			c.dim = op->a >> 8 * f & 0x7f;
			c.pos = (u8)f;
			if (f && set->kind == NSF_SET_RANGE)
				break;
			index_cond_add(p, &c, v[i].at, to);
		}
		i = k;
	}
}

static void map_flow(struct flow *f, const struct nsf_op *op, u32 at, u32 end)
{
	struct index_plan *p = f->p;
	const struct nsf_set *set = set_of(p, op);
	const u32 *t = FLAT(u32, p->flat, NSF_SECTION_TARGETS) + op->b;
	unsigned int dim = op->a & 0x7f;
	bool closed, apart;
	struct body *v;
	size_t n, i;

	v = bodies_find(p, op, at, end, &n);
	if (p->err)
		return;
	closed = bodies_are_closed(p, v, n, at, end);
	apart = closed && set->fields == 1 && set->count <= INDEX_MAX_RANGES &&
		p->dims & NSF_BIT(dim) && !index_is_absent(p, dim);
	if (closed)
		bodies_add(p, op, v, n, end);
	for (i = 0; i < set->targets; i++) {
		if (t[i] & NSF_TARGET_VERDICT || within(p, t[i]) == at + 1)
			continue;	/* the next record: over none */
		heap_push(f, apart && within(p, t[i]) < end ? &f->apart : &f->ways,
			  within(p, t[i]));
	}
	free(v);
}

void index_flow(struct index_plan *p)
{
	struct flow f = { .p = p };
	u32 at;

	for (at = 0; at + 1 < p->records && !p->err; at++) {	/* the last one is the policy */
		const struct nsf_record *r = &p->record[at];
		const struct nsf_op *map = map_of(p, at);
		u32 miss = within(p, r->miss), end = miss;
		u32 way = heap_nearest(&f.ways, at), apart = heap_nearest(&f.apart, at);

		if (way < end)
			end = way;
		if (apart < end)
			end = apart;
		p->decided[at] = index_cond_record(p, at, way < miss ? at + 1 : at, end);
		if (miss > at + 1)
			heap_push(&f, &f.ways, miss);
		if (map)
			map_flow(&f, map, at, end);
		else if (r->next && within(p, r->next) > at + 1)
			heap_push(&f, &f.ways, within(p, r->next));
	}
	free(f.ways.v);
	free(f.apart.v);
}
