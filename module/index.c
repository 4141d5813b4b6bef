// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index: see index.h. Trusts what index_check.c has proved. No step of a search
 * depends on the one of another node, and none on a branch that differs from packet to
 * packet: so the processor has all of them under way at once.
 */
#ifdef __KERNEL__
#include <linux/bitops.h>

#define ones(v)		hweight64(v)
#define lowest(v)	((u32)__ffs64(v))
#else
#define ones(v)		((u32)__builtin_popcountll(v))
#define lowest(v)	((u32)__builtin_ctzll(v))
#endif

#include "index.h"

#define NFPROTO_OF_IPV6	10

/* Where the array behind @size bytes begins. */
static inline u32 behind(u32 size)
{
	return (size + 7) & ~7u;
}

/* The last i with v[i] <= @key; v[0] is. The sum instead of a branch. */
#define SEARCH(name, type)							\
static inline u32 name(const type *v, u32 n, type key)				\
{										\
	const type *at = v;							\
	u32 half;								\
										\
	for (; n > 1; n -= half) {						\
		half = n / 2;							\
		at += half & -(u32)(at[half] <= key);				\
	}									\
	return (u32)(at - v);							\
}

SEARCH(search16, u16)
SEARCH(search32, u32)
SEARCH(search64, u64)

static inline u32 look_table(const u8 *table, u32 count, u64 v)
{
	return ((const u16 *)table)[v < count ? v : count - 1];
}

static inline u32 look_search(const u8 *table, u32 count, u64 v)
{
	const u16 *class = (const u16 *)(table + behind(4 * count));

	return class[search32((const u32 *)table, count, (u32)v)];
}

static inline u32 look_directory(const u8 *table, u32 count, u64 v)
{
	const u32 *slot = (const u32 *)table + ((u32)v >> 16);
	const u16 *low = (const u16 *)(table + behind(4 * (NSF_INDEX_SLOTS + 1)));
	const u16 *class = (const u16 *)((const u8 *)low + behind(2 * count));

	return class[slot[0] + search16(low + slot[0], slot[1] - slot[0], (u16)v)];
}

/* Of an address or a name: the only look-up in two steps, where the upper half does not do. */
static u32 look_wide(const u8 *base, const struct nsf_index_node *n, u64 upper, u64 lower)
{
	const u64 *first = (const u64 *)(base + n->table);
	u32 to = ((const u32 *)(first + n->count))[search64(first, n->count, upper)];
	const struct nsf_index_lower *sub;

	if (!(to & NSF_INDEX_TO_LOWER))
		return to;
	sub = (const struct nsf_index_lower *)(base + n->lower) + (to & ~NSF_INDEX_TO_LOWER);
	first = (const u64 *)(base + sub->table);
	return ((const u16 *)(first + sub->count))[search64(first, sub->count, lower)];
}

/* All ones where the packet has the field, else 0. */
static inline u64 there(const struct nsf_packet *p, unsigned int f)
{
	return -(p->have >> f & 1);
}

/* The class of @n, one of @nodes; @class: of those before it. */
static inline u32 look_node(const u8 *base, const struct nsf_index_node *nodes,
			    const struct nsf_index_node *n, const struct nsf_packet *p,
			    const u32 *class)
{
	const u8 *table = base + n->table;
	u64 have = there(p, n->field), v = p->val[n->field] & have;
	u32 found;

	switch (n->kind) {
	case NSF_INDEX_TABLE:
		found = look_table(table, n->count, v);
		break;
	case NSF_INDEX_SEARCH:
		found = look_search(table, n->count, v);
		break;
	case NSF_INDEX_DIRECTORY:
		found = look_directory(table, n->count, v);
		break;
	case NSF_INDEX_WIDE:
		have &= there(p, n->field + 1);
		found = look_wide(base, n, v, p->val[n->field + 1] & have);
		break;
	default:	/* NSF_INDEX_CROSS; the checker let no other pass */
		return ((const u16 *)table)[class[n->a] * nodes[n->b].classes + class[n->b]];
	}
	return n->absent ^ ((n->absent ^ found) & (u32)have);
}

bool nsf_index_look(const struct nsf_image *img, const struct nsf_chain *chain,
		    const struct nsf_packet *p, struct nsf_index_cursor *cur)
{
	const u8 *base = (const u8 *)img + img->section[NSF_SECTION_INDEX].offset;
	u32 offset = chain->index[p->val[NSF_FIELD_NFPROTO] == NFPROTO_OF_IPV6];
	const struct nsf_index_part *part = (const struct nsf_index_part *)(base + offset);
	u32 class[NSF_INDEX_MAX_NODES], i, rows = 0;
	const struct nsf_index_node *nodes, *n;
	u64 sum = ~0ULL;

	if (offset == NSF_NO_INDEX)
		return false;
	nodes = n = (const struct nsf_index_node *)(part + 1);
	for (i = 0; i < part->nodes; i++, n++) {
		const u64 *row;

		class[i] = look_node(base, nodes, n, p, class);
		if (n->rows == NSF_INDEX_NO_ROWS)
			continue;
		row = (const u64 *)(base + ((const u32 *)(base + n->rows))[class[i]]);
		cur->row[rows] = row;
		cur->word[rows++] = row + part->sums;
		sum &= *row;
	}
	cur->rows = rows;
	cur->sums = part->sums;
	cur->start = chain->start;
	cur->end = chain->start + part->records;
	cur->group = 0;
	cur->at = ~0u;
	cur->sum = sum;
	cur->left = 0;
	return true;
}

/* On to sum number @group. */
static void group_go(struct nsf_index_cursor *cur, u32 group)
{
	u64 sum = ~0ULL;
	u32 i, g;

	for (i = 0; i < cur->rows; i++) {
		const u64 *row = cur->row[i];

		for (g = cur->group; g < group; g++)
			cur->word[i] += ones(row[g]);
		sum &= row[group];
	}
	cur->group = group;
	cur->sum = sum;
}

/* The word below @bit, the lowest one of cur->sum, of all rows. */
static inline u64 word_and(const struct nsf_index_cursor *cur, u64 bit)
{
	u64 v = ~0ULL;
	u32 i;

	for (i = 0; i < cur->rows; i++)
		v &= cur->word[i][ones(cur->row[i][cur->group] & (bit - 1))];
	return v;
}

u32 nsf_index_next(struct nsf_index_cursor *cur, u32 record)
{
	u32 from = record - cur->start, word = from / 64;
	u64 keep = ~0ULL << (from % 64), v = 0;

	if (cur->at == word) {
		v = cur->left & keep;
	} else {
		if (word / 64 > cur->group) {
			if (word / 64 >= cur->sums)
				return cur->end;
			group_go(cur, word / 64);
		}
		cur->sum &= ~0ULL << (word % 64);
	}
	while (!v) {
		while (!cur->sum) {
			if (cur->group + 1 == cur->sums)
				return cur->end;
			group_go(cur, cur->group + 1);
		}
		v = word_and(cur, cur->sum & -cur->sum);
		cur->at = 64 * cur->group + lowest(cur->sum);
		cur->sum &= cur->sum - 1;
		if (cur->at == word)
			v &= keep;
	}
	cur->left = v;
	return cur->start + 64 * cur->at + lowest(v);
}
