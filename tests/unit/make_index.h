/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Indexes made by hand, in the INDEX section of an image made by hand: what a node
 * points to first, then the part with its nodes. All functions give offsets.
 */
#ifndef MAKE_INDEX_H
#define MAKE_INDEX_H

#include "index.h"
#include "make_image.h"

/* Of @bytes; what follows begins at a multiple of 8. */
static u32 index_put(struct flat *f, const void *v, size_t bytes)
{
	u32 at = (u32)flat_n(f, NSF_SECTION_INDEX);
	char *to = flat_add(f, NSF_SECTION_INDEX, (bytes + 7) & ~(size_t)7);

	assert_non_null(to);
	if (bytes)
		memcpy(to, v, bytes);
	return at;
}

/* The entries of a search. */
static inline u32 index_steps32(struct flat *f, const u32 *first, const u32 *to, u32 n)
{
	struct nsf_index_step32 *step = calloc(n, sizeof(*step));
	u32 at, i;

	assert_non_null(step);
	for (i = 0; i < n; i++)
		step[i] = (struct nsf_index_step32){ first[i], to[i] };
	at = index_put(f, step, n * sizeof(*step));
	free(step);
	return at;
}

static inline u32 index_steps64(struct flat *f, const u64 *first, const u32 *to, u32 n)
{
	struct nsf_index_step64 *step = calloc(n, sizeof(*step));
	u32 at, i;

	assert_non_null(step);
	for (i = 0; i < n; i++)
		step[i] = (struct nsf_index_step64){ first[i], to[i], 0 };
	at = index_put(f, step, n * sizeof(*step));
	free(step);
	return at;
}

/* Of a DIRECTORY. */
static inline void index_window(struct nsf_index_node *n, u32 base, u32 shift, u32 last)
{
	n->lower = base;
	n->lowers = shift << 16 | last;
}

enum rows_form {
	ROWS_SPARSE,		/* the words that are not 0 */
	ROWS_FILLED,		/* all words of groups that have 64 */
	ROWS_WHOLE,		/* NSF_INDEX_WHOLE */
};

static u32 index_row_as(struct flat *f, const u64 *bits, u32 records, enum rows_form form)
{
	u32 words = (records + 63) / 64, sums = (words + 63) / 64, i;
	u64 sum[NSF_INDEX_MAX_SUMS] = { 0 };
	u32 at;

	for (i = 0; i < words; i++)
		if (bits[i] || (form == ROWS_FILLED && i / 64 < words / 64))
			sum[i / 64] |= 1ULL << (i % 64);
	at = index_put(f, sum, sums * sizeof(*sum));
	for (i = 0; i < words; i++)
		if (form == ROWS_WHOLE || sum[i / 64] >> (i % 64) & 1)
			index_put(f, bits + i, sizeof(*bits));
	return at;
}

static inline u32 index_row(struct flat *f, const u64 *bits, u32 records)
{
	return index_row_as(f, bits, records, ROWS_SPARSE);
}

static u32 index_part_as(struct flat *f, u32 records, const struct nsf_index_node *node,
			 u32 nodes, enum rows_form form)
{
	u32 words = (records + 63) / 64;
	struct nsf_index_part part = {
		.records = records, .words = words, .sums = (words + 63) / 64,
		.nodes = (u16)nodes, .flags = form == ROWS_WHOLE ? NSF_INDEX_WHOLE : 0,
	};
	u32 at = index_put(f, &part, sizeof(part));

	index_put(f, node, nodes * sizeof(*node));
	index_put(f, &(struct nsf_index_node){ .kind = NSF_INDEX_END }, sizeof(*node));
	return at;
}

static inline u32 index_part(struct flat *f, u32 records, const struct nsf_index_node *node,
			     u32 nodes)
{
	return index_part_as(f, records, node, nodes, ROWS_SPARSE);
}

#endif /* MAKE_INDEX_H */
