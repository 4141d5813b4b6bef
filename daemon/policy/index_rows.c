// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_rows: the rows of a node, as they are written: summary, then words that are not 0.
 * But all words where rows are short; and all of a group (what one word of the summary
 * tells of) that has many: the look-up then goes from word to word and need not count.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"

#define MANY	32	/* of a group's 64 words */

static unsigned int ones(u64 v)
{
	return (unsigned int)__builtin_popcountll(v);
}

size_t index_row_size(const struct index_plan *p, const u64 *row)
{
	size_t n = p->sums;
	u32 s;

	if (p->whole)
		return n + p->words;
	for (s = 0; s < p->sums; s++)
		n += ones(row[s]);
	return n;
}

static bool room(struct index_rows *r, size_t n)
{
	u64 *v;

	if (n <= r->cap)
		return true;
	n = n > 2 * r->cap ? n : 2 * r->cap;
	v = realloc(r->v, n * sizeof(*v));
	if (!v)
		return false;
	r->v = v;
	r->cap = n;
	return true;
}

/* Twice the slots, and as many rows as they are good for. */
static bool grow(struct index_rows *r)
{
	size_t slots = r->slots ? 2 * r->slots : 128, i, k;
	u32 *slot = calloc(slots, sizeof(*slot)), *at;
	u64 *hash;

	if (!slot)
		return false;
	for (i = 0; i < r->count; i++) {
		for (k = r->hash[i] & (slots - 1); slot[k];)
			k = (k + 1) & (slots - 1);
		slot[k] = (u32)i + 1;
	}
	free(r->slot);
	r->slot = slot;
	r->slots = slots;
	at = realloc(r->at, slots / 2 * sizeof(*at));
	if (!at)
		return false;
	r->at = at;
	hash = realloc(r->hash, slots / 2 * sizeof(*hash));
	if (!hash)
		return false;
	r->hash = hash;
	return true;
}

/* Which of @n words are to be looked at. */
static u64 group_sum(const struct index_plan *p, const u64 *bits, u32 n)
{
	u64 sum = 0;
	u32 w;

	for (w = 0; w < n; w++)
		sum |= (u64)(bits[w] != 0) << w;
	return !p->whole && n == 64 && ones(sum) >= MANY ? ~0ULL : sum;
}

/* Behind all rows: it becomes one when it is counted. */
static size_t compress(struct index_rows *r, const struct index_plan *p, const u64 *bits)
{
	u64 *sum = r->v + r->n, *to = sum + p->sums;
	u32 s, w, n;

	for (s = 0; s < p->sums; s++, bits += 64) {
		n = p->words - 64 * s < 64 ? p->words - 64 * s : 64;
		sum[s] = group_sum(p, bits, n);
		if (p->whole || !~sum[s]) {
			memcpy(to, bits, n * sizeof(*to));
			to += n;
			continue;
		}
		for (w = 0; w < n; w++)
			if (bits[w])
				*to++ = bits[w];
	}
	return (size_t)(to - sum);
}

enum index_result index_rows_add(struct index_rows *r, const struct index_plan *p,
				 const u64 *bits, u64 hash, u32 *number)
{
	size_t size, i;

	hash ^= hash >> 32;
	if (2 * (size_t)r->count >= r->slots && !grow(r))
		return INDEX_NO_MEMORY;
	if (!room(r, r->n + p->sums + p->words))
		return INDEX_NO_MEMORY;
	size = compress(r, p, bits);
	for (i = hash & (r->slots - 1); r->slot[i]; i = (i + 1) & (r->slots - 1)) {
		*number = r->slot[i] - 1;
		/* Summaries come first: where they are the same, so is the size. */
		if (r->hash[*number] == hash &&
		    !memcmp(r->v + r->at[*number], r->v + r->n, size * sizeof(*r->v)))
			return INDEX_DONE;
	}
	if (r->count == NSF_INDEX_MAX_CLASSES || r->count == r->max ||
	    (r->n + size) * sizeof(*r->v) > INDEX_MAX_ROWS_BYTES)
		return INDEX_TOO_MUCH;
	*number = r->count;
	r->at[r->count] = (u32)r->n;
	r->hash[r->count++] = hash;
	r->slot[i] = r->count;
	r->n += size;
	return INDEX_DONE;
}

void index_rows_expand(const struct index_rows *r, const struct index_plan *p, u32 i, u64 *bits)
{
	const u64 *sum = r->v + r->at[i], *word = sum + p->sums;
	u32 w;

	for (w = 0; w < p->words; w++)
		bits[w] = p->whole || sum[w / 64] >> w % 64 & 1 ? *word++ : 0;
}

void index_rows_clean(struct index_rows *r)
{
	free(r->v);
	free(r->at);
	free(r->hash);
	free(r->slot);
	memset(r, 0, sizeof(*r));
}
