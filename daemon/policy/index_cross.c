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

struct cross {
	struct index_plan *p;
	u64 *a, *bits;		/* rows, all words */
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

/* Row @i of @b, of the bits in x->a only; returns its hash. */
static u64 row_and(struct cross *x, const struct index_rows *b, u32 i)
{
	const u64 *sum = b->v + b->at[i], *word = sum + x->p->sums;
	u64 hash = 0;
	u32 w;

	for (w = 0; w < x->p->words; w++) {
		x->bits[w] = sum[w / 64] >> w % 64 & 1 ? x->a[w] & *word++ : 0;
		hash = (hash ^ x->bits[w]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
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

static enum index_result pair_make(struct cross *x, const struct index_draft *a,
				   const struct index_draft *b, struct index_draft *d)
{
	size_t most = growth(x->p), at = 0;
	enum index_result res = INDEX_DONE;
	u32 i, k, class;

	if (product(a, b) * sizeof(u16) > most)
		return INDEX_TOO_MUCH;
	most += bytes_of(a) + bytes_of(b) - (size_t)product(a, b) * sizeof(u16);
	d->table = malloc((size_t)product(a, b) * sizeof(*d->table));
	if (!d->table)
		return INDEX_NO_MEMORY;
	d->operand = true;
	d->rows.max = MAX_TABLE;
	for (i = 0; i < a->rows.count && res == INDEX_DONE; i++) {
		index_rows_expand(&a->rows, x->p, i, x->a);
		for (k = 0; k < b->rows.count && res == INDEX_DONE; k++) {
			u64 hash = row_and(x, &b->rows, k);

			res = index_rows_add(&d->rows, x->p, x->bits, hash, &class);
			d->table[at++] = (u16)class;
			if (res == INDEX_DONE && bytes_of(d) > most)
				res = INDEX_TOO_MUCH;
		}
	}
	return res;
}

static void draft_clean(struct index_draft *d)
{
	free(d->table);
	index_rows_clean(&d->rows);
	memset(d, 0, sizeof(*d));
}

void index_cross(struct index_plan *p)
{
	struct cross x = { .p = p };
	unsigned int a = 0, b = 0;

	x.a = malloc(p->words * sizeof(*x.a));
	x.bits = malloc(p->words * sizeof(*x.bits));
	if (!x.a || !x.bits)
		p->err = -ENOMEM;
	while (!p->err && p->nodes < NSF_INDEX_MAX_NODES && pair_find(&x, &a, &b)) {
		struct index_draft *d = &p->node[p->nodes];

		switch (pair_make(&x, &p->node[a], &p->node[b], d)) {
		case INDEX_DONE:
			d->a = (u8)a;
			d->b = (u8)b;
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
	free(x.a);
	free(x.bits);
}
