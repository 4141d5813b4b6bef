// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_cross: two nodes become one by a table of their classes, where that is small:
 * one row less to look at for each packet, and fewer words that only seem to match.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"

#define MAX_TABLE	32768u		/* entries: 64 KiB */
#define MIN_GROWTH	4096u		/* bytes of table and rows, less those of a and b: */
#define GROWTH_RECORD	64u		/* for each of the chain's records, or */
#define GROWTH_PART	16u		/* a part of the bytes that all rows take */
#define MAX_WORDS	(1u << 22)	/* looked at for one try */
#define MAX_FLAT	16384u		/* entries of a table of three nodes, */
#define FLAT_RECORD	32u		/* and its bytes for each record */

/* Row i of an operand is row i - 1 but for these words; row 0 is all that is not 0. */
struct change {
	u32 word;
	u64 flip;
};

struct changes {
	struct change *v;
	size_t n, cap;
	size_t *at;		/* of each row, and the end */
};

struct cross {
	struct index_plan *p;
	u64 *a, *b, *bits;	/* rows, all words */
	u64 *weight;		/* of a word in the hash of a row: odd */
	bool tried[NSF_INDEX_MAX_NODES][NSF_INDEX_MAX_NODES];
};

static size_t bytes_of(const struct index_draft *d)
{
	return d->rows.n * sizeof(u64) + d->rows.count * sizeof(u32);
}

static u64 product(const struct index_draft *a, const struct index_draft *b)
{
	return (u64)a->rows.count * b->rows.count;
}

/* The two operands with the smallest table that has not been tried. */
static bool pair_find(struct cross *x, unsigned int *a, unsigned int *b)
{
	const struct index_draft *node = x->p->node;
	u64 best = UINT64_MAX;
	unsigned int i, k;

	for (i = 0; i < x->p->nodes; i++)
		for (k = i + 1; k < x->p->nodes; k++) {
			if (!node[i].operand || !node[k].operand || x->tried[i][k] ||
			    product(&node[i], &node[k]) >= best)
				continue;
			best = product(&node[i], &node[k]);
			*a = i;
			*b = k;
		}
	if (best > MAX_TABLE || best * x->p->words > MAX_WORDS)
		return false;
	x->tried[*a][*b] = true;
	return true;
}

/* Classes were found along their field: neighbours have nearly the same bits. */
static bool changes_find(struct cross *x, const struct index_rows *r, struct changes *c)
{
	u32 i, w;

	memset(c, 0, sizeof(*c));
	c->at = malloc((r->count + 1) * sizeof(*c->at));
	if (!c->at)
		return false;
	memset(x->b, 0, x->p->words * sizeof(*x->b));
	for (i = 0; i < r->count; i++) {
		c->at[i] = c->n;
		if (!index_room(x->p, &c->v, &c->cap, c->n + x->p->words, sizeof(*c->v)))
			return false;
		index_rows_expand(r, x->p, i, x->bits);
		for (w = 0; w < x->p->words; w++)
			if (x->bits[w] != x->b[w]) {
				c->v[c->n++] = (struct change){ w, x->bits[w] ^ x->b[w] };
				x->b[w] = x->bits[w];
			}
	}
	c->at[i] = c->n;
	return true;
}

static void changes_clean(struct changes *c)
{
	free(c->v);
	free(c->at);
}

/* How much larger the index may become by one table. */
static size_t growth(const struct index_plan *p)
{
	size_t most = GROWTH_RECORD * (size_t)p->records, bytes = 0;
	unsigned int i;

	for (i = 0; i < p->nodes; i++)
		bytes += p->node[i].operand ? bytes_of(&p->node[i]) : 0;
	if (most > MAX_TABLE * sizeof(u16))
		most = MAX_TABLE * sizeof(u16);
	if (most < MIN_GROWTH)
		most = MIN_GROWTH;
	return most > bytes / GROWTH_PART ? most : bytes / GROWTH_PART;
}

/*
 * All rows of @c ANDed with x->a, in x->bits; their classes to @table, which are @stride
 * apart. The hash is a sum, so that a word which changes changes but its own part of it.
 */
static enum index_result row_make(struct cross *x, const struct changes *c, u32 rows,
				  struct index_draft *d, size_t most, u16 *table, u32 stride)
{
	enum index_result res = INDEX_DONE;
	u64 hash = 0;
	u32 i, class = 0;
	size_t k;

	memset(x->bits, 0, x->p->words * sizeof(*x->bits));
	for (i = 0; i < rows && res == INDEX_DONE; i++) {
		bool same = i;

		for (k = c->at[i]; k < c->at[i + 1]; k++) {
			u32 w = c->v[k].word;
			u64 flip = c->v[k].flip & x->a[w], old = x->bits[w];

			x->bits[w] ^= flip;
			hash += (index_folded(x->bits[w]) - index_folded(old)) * x->weight[w];
			same &= !flip;
		}
		if (!same)
			res = index_rows_add(&d->rows, x->p, x->bits, hash, &class);
		table[(size_t)i * stride] = (u16)class;
		if (!same && res == INDEX_DONE && bytes_of(d) > most)
			res = INDEX_TOO_MUCH;
	}
	return res;
}

static enum index_result pair_make(struct cross *x, const struct index_draft *a,
				   const struct index_draft *b, struct index_draft *d)
{
	size_t most = growth(x->p);
	enum index_result res = INDEX_NO_MEMORY;
	/* The one with fewer classes is gone through once, the other for each of them. */
	bool turned = a->rows.count > b->rows.count;
	const struct index_rows *few = turned ? &b->rows : &a->rows;
	const struct index_rows *many = turned ? &a->rows : &b->rows;
	u32 far = turned ? 1 : b->rows.count, near = turned ? b->rows.count : 1, i;
	struct changes c;

	if (product(a, b) * sizeof(u16) > most)
		return INDEX_TOO_MUCH;
	most += bytes_of(a) + bytes_of(b) - (size_t)product(a, b) * sizeof(u16);
	d->table = malloc((size_t)product(a, b) * sizeof(*d->table));
	if (!changes_find(x, many, &c) || !d->table)
		goto out;
	d->operand = true;
	d->rows.max = MAX_TABLE;
	res = INDEX_DONE;
	for (i = 0; i < few->count && res == INDEX_DONE; i++) {
		index_rows_expand(few, x->p, i, x->a);
		res = row_make(x, &c, many->count, d, most, d->table + (size_t)i * far, near);
	}
out:
	changes_clean(&c);
	return res;
}

static void draft_clean(struct index_draft *d)
{
	free(d->table);
	index_rows_clean(&d->rows);
	memset(d, 0, sizeof(*d));
}

/* Crosses @n a cross with something? Then all three at once, where that is small. */
static void flatten(struct index_plan *p, unsigned int at)
{
	struct index_draft *d = &p->node[at], *in;
	bool second = p->node[d->a].field;	/* it is b */
	u32 rest, i, k;
	size_t n;
	u16 *table;

	in = &p->node[second ? d->b : d->a];
	if (in->field || in->c != NSF_INDEX_NO_NODE)
		return;
	rest = p->node[second ? d->a : d->b].rows.count;
	n = (size_t)product(&p->node[in->a], &p->node[in->b]) * rest;
	if (n > MAX_FLAT || n * sizeof(*table) > FLAT_RECORD * (size_t)p->records)
		return;
	table = malloc(n * sizeof(*table));
	if (!table) {
		p->err = -ENOMEM;
		return;
	}
	for (i = 0; i < n / rest; i++)
		for (k = 0; k < rest; k++)
			table[i * rest + k] = d->table[second ? k * in->rows.count + in->table[i] :
							       in->table[i] * rest + k];
	free(d->table);
	d->table = table;
	d->c = second ? d->a : d->b;
	d->a = in->a;
	d->b = in->b;
	draft_clean(in);
	in->unused = true;
}

static void drop_unused(struct index_plan *p)
{
	u8 now[NSF_INDEX_MAX_NODES + 1];
	unsigned int i, n = 0;

	for (i = 0; i < p->nodes; i++) {
		struct index_draft *d = &p->node[i];

		now[i] = (u8)n;
		if (d->unused)
			continue;
		if (!d->field) {
			d->a = now[d->a];
			d->b = now[d->b];
			d->c = d->c == NSF_INDEX_NO_NODE ? d->c : now[d->c];
		}
		if (n != i) {
			p->node[n] = *d;
			memset(d, 0, sizeof(*d));
		}
		n++;
	}
	p->nodes = n;
}

/* A sum of the classes of what is crossed is to be the index in the table. */
static void scale(struct index_plan *p, const struct index_draft *d)
{
	u32 by = 1;

	if (d->c != NSF_INDEX_NO_NODE) {
		p->node[d->c].scale = 1;
		by = p->node[d->c].rows.count;
	}
	p->node[d->b].scale = by;
	p->node[d->a].scale = by * p->node[d->b].rows.count;
}

void index_cross(struct index_plan *p)
{
	u64 *words = malloc(4 * (size_t)p->words * sizeof(*words));
	struct cross x = { .p = p };
	unsigned int a = 0, b = 0;
	u32 w;

	if (!words) {
		p->err = -ENOMEM;
		return;
	}
	x.a = words;
	x.b = words + p->words;
	x.bits = x.b + p->words;
	x.weight = x.bits + p->words;
	for (w = 0; w < p->words; w++)
		x.weight[w] = index_mix(w) | 1;
	while (!p->err && p->nodes < NSF_INDEX_MAX_NODES && pair_find(&x, &a, &b)) {
		struct index_draft *d = &p->node[p->nodes];

		switch (pair_make(&x, &p->node[a], &p->node[b], d)) {
		case INDEX_DONE:
			d->a = (u8)a;
			d->b = (u8)b;
			d->c = NSF_INDEX_NO_NODE;
			p->node[a].operand = false;
			p->node[b].operand = false;
			p->nodes++;
			break;
		case INDEX_TOO_MUCH:
			draft_clean(d);
			break;
		case INDEX_NO_MEMORY:
			p->err = -ENOMEM;
		}
	}
	free(words);
	for (a = 0; a < p->nodes && !p->err; a++)
		if (!p->node[a].field)
			flatten(p, a);
	drop_unused(p);
	for (a = 0; a < p->nodes; a++)
		if (!p->node[a].field)
			scale(p, &p->node[a]);
}
