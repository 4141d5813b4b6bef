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

/*
 * The last of @n entries that is not above @key; the first one is not. Of the last 2^k
 * and the first 2^k entries, which may overlap, one holds it; then that is halved.
 * Compilers make no branch of a choice like these.
 */
static __always_inline u32 search32(const u32 *first, u32 n, u32 key)
{
	size_t half = (size_t)1 << highest(n);
	const u32 *at = first + (n - half), *to;

	at = *at <= key ? at : first;
	while (half >>= 1) {
		to = at + half;
		at = *to <= key ? to : at;
	}
	return (u32)(at - first);
}

static __always_inline u32 search64(const u64 *first, u32 n, u64 key)
{
	size_t half = (size_t)1 << highest(n);
	const u64 *at = first + (n - half), *to;

	at = *at <= key ? at : first;
	while (half >>= 1) {
		to = at + half;
		at = *to <= key ? to : at;
	}
	return (u32)(at - first);
}

static __always_inline u32 look_table(const u8 *table, u32 count, u64 v)
{
	return ((const u16 *)table)[v < count ? v : count - 1];
}

static __always_inline u32 look_search(const u8 *table, u32 count, u64 v)
{
	const u16 *class = (const u16 *)(table + behind(4 * count));

	return class[search32((const u32 *)table, count, (u32)v)];
}

/* Where the slot of @key is; the entries behind all slots are at *@then. */
static __always_inline const u32 *look_slot(const u8 *table, u64 key, const u8 **then)
{
	const struct nsf_index_window *w = (const struct nsf_index_window *)table;
	u64 s = key >> w->shift;

	*then = table + behind(sizeof(*w) + 4 * (w->last + 2));
	return (const u32 *)(w + 1) + (s < w->last ? s : w->last);
}

static __always_inline u32 look_directory(const u8 *table, u32 count, u64 v)
{
	u32 key = (u32)(v - ((const struct nsf_index_window *)table)->base);
	const u32 *slot = look_slot(table, key, &table), from = slot[0];
	const u16 *class = (const u16 *)(table + behind(4 * count)) + from;

	return class[search32((const u32 *)table + from, slot[1] - from + 1, key)];
}

/*
 * Of an address or a name, with slots where @slots: the only look-up in two steps, where
 * the upper half does not do.
 */
static __always_inline u32 look_wide(const u8 *base, const struct nsf_index_node *n, u64 upper,
				     u64 lower, bool slots)
{
	const u8 *table = base + n->table;
	u32 from = 0, entries = n->count, to;
	const struct nsf_index_lower *sub;
	const u64 *first;

	if (slots) {
		const u32 *slot;

		upper -= ((const struct nsf_index_window *)table)->base;
		slot = look_slot(table, upper, &table);
		from = slot[0];
		entries = slot[1] - from + 1;
	}
	first = (const u64 *)table;
	to = ((const u32 *)(first + n->count))[from + search64(first + from, entries, upper)];
	if (!(to & NSF_INDEX_TO_LOWER))
		return to;
	sub = (const struct nsf_index_lower *)(base + n->lower) + (to & ~NSF_INDEX_TO_LOWER);
	first = (const u64 *)(base + sub->table);
	return ((const u16 *)(first + sub->count))[search64(first, sub->count, lower)];
}

static noinline u32 look_plain_wide(const u8 *base, const struct nsf_index_node *n, u64 upper,
				    u64 lower)
{
	return look_wide(base, n, upper, lower, false);
}

static noinline u32 look_wide_directory(const u8 *base, const struct nsf_index_node *n, u64 upper,
					u64 lower)
{
	return look_wide(base, n, upper, lower, true);
}

/*
 * The class of @n; @class: of the nodes before it, and 0 of NO_NODE. Few packets lack a
 * field of their family.
 */
static __always_inline u32 look_node(const u8 *base, const struct nsf_index_node *n,
				     const struct nsf_packet *p, const u32 *class)
{
	const u8 *table = base + n->table;
	u64 v;

	if (n->kind == NSF_INDEX_CROSS)
		return ((const u16 *)table)[class[n->a] + class[n->b] + class[n->field]];
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
	default:	/* NSF_INDEX_WIDE*; the checker let no other pass */
		if (!(p->have >> (n->field + 1) & 1))
			return n->absent;
		if (n->kind == NSF_INDEX_WIDE)
			return look_plain_wide(base, n, v, p->val[n->field + 1]);
		return look_wide_directory(base, n, v, p->val[n->field + 1]);
	}
}

bool nsf_index_look(const struct nsf_image *img, const struct nsf_chain *chain,
		    const struct nsf_packet *p, struct nsf_index_cursor *cur)
{
	const u8 *base = (const u8 *)img + img->section[NSF_SECTION_INDEX].offset;
	u32 offset = chain->index[p->val[NSF_FIELD_NFPROTO] == NFPROTO_OF_IPV6];
	const struct nsf_index_part *part = (const struct nsf_index_part *)(base + offset);
	struct nsf_index_operand *op = cur->op;
	u32 class[NSF_INDEX_MAX_NODES + 1], *to = class;
	const struct nsf_index_node *n, *end;
	u64 sum = ~0ULL;

	if (offset == NSF_NO_INDEX)
		return false;
	class[NSF_INDEX_NO_NODE] = 0;
	n = (const struct nsf_index_node *)(part + 1);
	for (end = n + part->nodes; n < end; n++, to++) {
		*to = look_node(base, n, p, class);
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
