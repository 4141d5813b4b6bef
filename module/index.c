// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index: see index.h. Trusts what index_check.c has proved. No node's look-up waits
 * for another's, nor for a branch that goes another way with each packet: so the
 * processor has the misses of all of them under way at once.
 */
#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/compiler.h>

#define ones(v)		hweight64(v)
#define lowest(v)	((u32)__ffs64(v))
#define highest(v)	__fls(v)
#else
#define ones(v)		((u32)__builtin_popcountll(v))
#define lowest(v)	((u32)__builtin_ctzll(v))
#define highest(v)	(31 - (u32)__builtin_clz(v))
#define noinline	__attribute_noinline__
#define unlikely(v)	__builtin_expect(v, 0)
#endif

#include "index.h"

#define NFPROTO_OF_IPV6	10

/* Where the array behind @size bytes begins. */
static inline u32 behind(u32 size)
{
	return (size + 7) & ~7u;
}

static __always_inline u64 entry(const char *at, u32 size)
{
	return size == 2 ? *(const u16 *)at : size == 4 ? *(const u32 *)at : *(const u64 *)at;
}

/*
 * The last of @n entries of @size bytes that is not above @key; the first one is not. Of
 * the last 2^k and the first 2^k entries, which may overlap, one holds it; then that is
 * halved. Compilers make no branch of a choice like these.
 */
static __always_inline u32 search(const void *v, u32 n, u64 key, u32 size)
{
	u32 k = highest(n);
	size_t half = (size_t)1 << k;
	const char *first = v, *at = first + (n - half) * size, *to;

	at = entry(at, size) <= key ? at : first;
	for (; k; k--) {
		half >>= 1;
		to = at + half * size;
		at = entry(to, size) <= key ? to : at;
	}
	return (u32)((size_t)(at - first) / size);
}

static __always_inline u32 look_table(const u8 *table, u32 count, u64 v)
{
	return ((const u16 *)table)[v < count ? v : count - 1];
}

static __always_inline u32 look_search(const u8 *table, u32 count, u64 v)
{
	const u16 *class = (const u16 *)(table + behind(4 * count));

	return class[search(table, count, (u32)v, 4)];
}

static __always_inline u32 look_directory(const u8 *table, u32 count, u64 v)
{
	const u32 *slot = (const u32 *)table + ((u32)v >> 16);
	const u16 *low = (const u16 *)(table + behind(4 * (NSF_INDEX_SLOTS + 1)));
	const u16 *class = (const u16 *)((const u8 *)low + behind(2 * count));

	return class[slot[0] + search(low + slot[0], slot[1] - slot[0], (u16)v, 2)];
}

/* Of an address or a name: the only look-up in two steps, where the upper half does not do. */
static noinline u32 look_wide(const u8 *base, const struct nsf_index_node *n, u64 upper, u64 lower)
{
	const u64 *first = (const u64 *)(base + n->table);
	u32 to = ((const u32 *)(first + n->count))[search(first, n->count, upper, 8)];
	const struct nsf_index_lower *sub;

	if (!(to & NSF_INDEX_TO_LOWER))
		return to;
	sub = (const struct nsf_index_lower *)(base + n->lower) + (to & ~NSF_INDEX_TO_LOWER);
	first = (const u64 *)(base + sub->table);
	return ((const u16 *)(first + sub->count))[search(first, sub->count, lower, 8)];
}

/*
 * The class of @n, one of @nodes; @class: of those before it. Few packets lack a field
 * of their family.
 */
static __always_inline u32 look_node(const u8 *base, const struct nsf_index_node *nodes,
				     const struct nsf_index_node *n, const struct nsf_packet *p,
				     const u32 *class)
{
	const u8 *table = base + n->table;
	u64 v;

	if (n->kind == NSF_INDEX_CROSS)
		return ((const u16 *)table)[class[n->a] * nodes[n->b].classes + class[n->b]];
	if (unlikely(!(p->have >> n->field & 1)))
		return n->absent;
	v = p->val[n->field];
	switch (n->kind) {
	case NSF_INDEX_TABLE:
		return look_table(table, n->count, v);
	case NSF_INDEX_SEARCH:
		return look_search(table, n->count, v);
	case NSF_INDEX_DIRECTORY:
		return look_directory(table, n->count, v);
	default:	/* NSF_INDEX_WIDE; the checker let no other pass */
		if (!(p->have >> (n->field + 1) & 1))
			return n->absent;
		return look_wide(base, n, v, p->val[n->field + 1]);
	}
}

bool nsf_index_look(const struct nsf_image *img, const struct nsf_chain *chain,
		    const struct nsf_packet *p, struct nsf_index_cursor *cur)
{
	const u8 *base = (const u8 *)img + img->section[NSF_SECTION_INDEX].offset;
	u32 offset = chain->index[p->val[NSF_FIELD_NFPROTO] == NFPROTO_OF_IPV6];
	const struct nsf_index_part *part = (const struct nsf_index_part *)(base + offset);
	struct nsf_index_operand *op = cur->op;
	u32 class[NSF_INDEX_MAX_NODES] __uninitialized, *to = class;
	const struct nsf_index_node *nodes, *n, *end;
	u64 sum = ~0ULL;

	if (offset == NSF_NO_INDEX)
		return false;
	nodes = (const struct nsf_index_node *)(part + 1);
	for (n = nodes, end = nodes + part->nodes; n < end; n++, to++) {
		*to = look_node(base, nodes, n, p, class);
		if (n->rows == NSF_INDEX_NO_ROWS)
			continue;
		op->row = (const u64 *)(base + ((const u32 *)(base + n->rows))[*to]);
		op->word = op->row + part->sums;
		op->sum = *op->row;
		sum &= op->sum;
		op++;
	}
	if (op == cur->op + 1)
		*op++ = cur->op[0];
	cur->op_end = op;
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
	struct nsf_index_operand *op;
	u32 g;

	cur->sum = ~0ULL;
	for (op = cur->op; op < cur->op_end; op++) {
		for (g = cur->group; g < group; g++)
			op->word += ones(op->row[g]);
		op->sum = op->row[group];
		cur->sum &= op->sum;
	}
	cur->group = group;
}

/* Of this row, the word that stands for the lowest bit which is not in @below. */
static __always_inline u64 word(const struct nsf_index_operand *op, u64 below)
{
	return op->word[ones(op->sum & below)];
}

/* The same of all rows, ANDed. Most words have nothing in common by the second. */
static __always_inline u64 word_and(const struct nsf_index_cursor *cur, u64 below)
{
	const struct nsf_index_operand *op = cur->op;
	u64 v = word(op, below) & word(op + 1, below);

	for (op += 2; v && op < cur->op_end; op++)
		v &= word(op, below);
	return v;
}

u32 nsf_index_next(struct nsf_index_cursor *cur, u32 record)
{
	u32 from = record - cur->start, at = from / 64;
	u64 keep = ~0ULL << (from % 64), sum, below, v;

	if (cur->at == at) {
		v = cur->left & keep;
		if (v)
			goto found;
		keep = ~0ULL;
	} else {
		if (at / 64 > cur->group) {
			if (at / 64 >= cur->sums)
				return cur->end;
			group_go(cur, at / 64);
		}
		cur->sum &= ~0ULL << (at % 64);
		if (!(cur->sum >> (at % 64) & 1))
			keep = ~0ULL;
	}
	sum = cur->sum;
	do {
		while (!sum) {
			if (cur->group + 1 == cur->sums)
				return cur->end;
			group_go(cur, cur->group + 1);
			sum = cur->sum;
			keep = ~0ULL;
		}
		below = ~sum & (sum - 1);
		sum &= sum - 1;
		v = word_and(cur, below) & keep;
		keep = ~0ULL;
	} while (!v);
	cur->sum = sum;
	cur->at = 64 * cur->group + lowest(~below);
found:
	cur->left = v;
	return cur->start + 64 * cur->at + lowest(v);
}
