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

/* Where the array behind @size bytes begins. */
static inline u32 behind(u32 size)
{
	return (size + 7) & ~7u;
}

/*
 * search32(v, n, key), search64: where the last of n entries leads to that does not begin
 * above key; the first one does not. Of the last 2^k and the first 2^k entries, which may
 * overlap, one holds it; then that is halved. Compilers make no branch of a choice like
 * these.
 */
#define DEFINE_SEARCH(bits)								\
static __always_inline u32 search##bits(const struct nsf_index_step##bits *v, u32 n,	\
					u##bits key)					\
{											\
	size_t half = (size_t)1 << highest(n);						\
	const struct nsf_index_step##bits *at = v + (n - half);				\
											\
	at = at->first <= key ? at : v;							\
	while (half >>= 1)								\
		at = at[half].first <= key ? at + half : at;				\
	return at->to;									\
}

DEFINE_SEARCH(32)
DEFINE_SEARCH(64)

/* ---- nodes, one kind after the other, so that no jump depends on the node ---- */

struct look {
	const u8 *base;
	const struct nsf_packet *p;
	const struct nsf_index_node *n;
	u32 *class;		/* the node's */
	struct nsf_index_operand *op;
	size_t sums;		/* bytes */
	u64 sum;
};

static __always_inline bool has(const struct look *l, unsigned int more)
{
	return l->p->have >> (l->n->field + more) & 1;
}

static __always_inline u64 value(const struct look *l)
{
	return l->p->val[l->n->field];
}

static __always_inline const u8 *table(const struct look *l)
{
	return l->base + l->n->table;
}

/* Few packets lack a field of their family. */
static __always_inline bool lacks(const struct look *l)
{
	return unlikely(!has(l, 0));
}

static __always_inline u32 look_table(const struct look *l)
{
	u64 v = value(l);

	if (lacks(l))
		return l->n->absent;
	return ((const u16 *)table(l))[v < l->n->count ? v : l->n->count - 1];
}

static __always_inline u32 look_pages(const struct look *l)
{
	const u8 *page = table(l);

	if (lacks(l))
		return l->n->absent;
	return ((const u16 *)(page + 256))[256 * page[(u8)(value(l) >> 8)] + (u8)value(l)];
}

static __always_inline u32 look_search(const struct look *l)
{
	if (lacks(l))
		return l->n->absent;
	return search32((const struct nsf_index_step32 *)table(l), l->n->count, (u32)value(l));
}

/* The slot of @key; and where @slot[] ends, which is where the entries begin. */
static __always_inline const u32 *look_slot(const u32 *slot, u64 key, u32 shift, u32 last,
					    const void **entries)
{
	u64 s = key >> shift;

	*entries = (const u8 *)slot + behind(4 * (last + 2));
	return slot + (s < last ? s : last);
}

static __always_inline u32 look_directory(const struct look *l)
{
	const void *step;
	const u32 *slot;
	u32 key;

	if (lacks(l))
		return l->n->absent;
	key = (u32)value(l) - NSF_INDEX_BASE(l->n);
	slot = look_slot((const u32 *)table(l), key, NSF_INDEX_SHIFT(l->n), NSF_INDEX_LAST(l->n),
			 &step);
	return search32((const struct nsf_index_step32 *)step + slot[0], slot[1] - slot[0] + 1,
			key);
}

/*
 * Of an address or a name, with slots where @slots: the only look-up in two steps, where
 * the upper half does not do.
 */
static __always_inline u32 look_wide(const struct look *l, bool slots)
{
	const struct nsf_index_window *w = (const struct nsf_index_window *)table(l);
	u32 from = 0, entries = l->n->count, to;
	const struct nsf_index_lower *sub;
	const void *step = w;
	u64 upper;

	if (lacks(l) || unlikely(!has(l, 1)))
		return l->n->absent;
	upper = value(l);
	if (slots) {
		const u32 *slot;

		upper -= w->base;
		slot = look_slot((const u32 *)(w + 1), upper, w->shift, w->last, &step);
		from = slot[0];
		entries = slot[1] - from + 1;
	}
	to = search64((const struct nsf_index_step64 *)step + from, entries, upper);
	if (!(to & NSF_INDEX_TO_LOWER))
		return to;
	sub = (const struct nsf_index_lower *)(l->base + l->n->lower) + (to & ~NSF_INDEX_TO_LOWER);
	return search64((const struct nsf_index_step64 *)(l->base + sub->table), sub->count,
			l->p->val[l->n->field + 1]);
}

/* The node's class is found, or with @own its row's offset; and on to the next one. */
static __always_inline void look_done(struct look *l, u32 to, bool own)
{
	struct nsf_index_operand *op = l->op;

	*l->class++ = to;
	if (l->n->rows != NSF_INDEX_NO_ROWS) {
		if (!own)
			to = ((const u32 *)(l->base + l->n->rows))[to];
		op->row = (const u64 *)(l->base + to);
		op->word = (const u64 *)((const u8 *)op->row + l->sums);
		op->sum = *op->row;
		l->sum &= op->sum;
		l->op++;
	}
	l->n++;
}

/* @l->n: the first node. @first: the class of that, the others' behind it; of NO_NODE 0. */
static __always_inline void look_nodes(struct look *l, const u32 *first)
{
	const struct nsf_index_node *n;

	while (l->n->kind == NSF_INDEX_TABLE)
		look_done(l, look_table(l), false);
	while (l->n->kind == NSF_INDEX_PAGES)
		look_done(l, look_pages(l), false);
	while (l->n->kind == NSF_INDEX_SEARCH)
		look_done(l, look_search(l), true);
	while (l->n->kind == NSF_INDEX_DIRECTORY)
		look_done(l, look_directory(l), true);
	while (l->n->kind == NSF_INDEX_WIDE)
		look_done(l, look_wide(l, false), true);
	while (l->n->kind == NSF_INDEX_WIDE_DIRECTORY)
		look_done(l, look_wide(l, true), true);
	while ((n = l->n)->kind == NSF_INDEX_CROSS)
		look_done(l, ((const u16 *)table(l))[first[n->a] + first[n->b] + first[n->field]],
			  false);
}

/* On to sum number @group of each row. */
static void group_go(struct nsf_index_cursor *cur, u32 group)
{
	struct nsf_index_operand *op;
	u32 g;

	cur->sum = ~0ULL;
	for (op = cur->op; op < cur->op_end; op++) {
		for (g = cur->group; g < group; g++)
			op->word += cur->whole ? 64 : ones(op->row[g]);
		op->sum = op->row[group];
		cur->sum &= op->sum;
	}
	cur->group = group;
	cur->direct = cur->whole || !~cur->sum;
}

/* Of this row, the word that stands for the lowest bit which is not in @below. */
static __always_inline u64 word(const struct nsf_index_operand *op, u64 below)
{
	return op->word[ones(op->sum & below)];
}

/*
 * The same of all rows, ANDed. @n: how many there are, 2 to 4; 5: or more, of which most
 * words have nothing in common by the second.
 */
static __always_inline u64 words_and(const struct nsf_index_cursor *cur, u64 below, u32 n)
{
	const struct nsf_index_operand *op = cur->op;
	u64 v = word(op, below) & word(op + 1, below);

	if (n == 3 || n == 4)
		v &= word(op + 2, below);
	if (n == 4)
		v &= word(op + 3, below);
	for (op += 2; n > 4 && v && op < cur->op_end; op++)
		v &= word(op, below);
	return v;
}

/* The same where each row has all words of the group: number @i of them. */
static __always_inline u64 direct_and(const struct nsf_index_cursor *cur, u32 i, u32 n)
{
	const struct nsf_index_operand *op = cur->op;
	u64 v = op[0].word[i] & op[1].word[i];

	if (n == 3 || n == 4)
		v &= op[2].word[i];
	if (n == 4)
		v &= op[3].word[i];
	for (op += 2; n > 4 && v && op < cur->op_end; op++)
		v &= op->word[i];
	return v;
}

static __always_inline u32 candidate(struct nsf_index_cursor *cur, u32 i, u64 v)
{
	cur->at = 64 * cur->group + i;
	cur->left = v;
	return cur->start + 64 * cur->at + lowest(v);
}

static __always_inline u32 found(struct nsf_index_cursor *cur, u64 sum, u32 i, u64 v)
{
	cur->sum = sum;
	return candidate(cur, i, v);
}

/*
 * The first candidate in the words of cur->sum, and behind. For each number of rows a
 * loop of its own: who knows the policy can make it go through all words.
 */
static __always_inline u32 scan(struct nsf_index_cursor *cur, u32 n)
{
	u64 sum = cur->sum, below, v, next;
	u32 i;

	for (;;) {
		if (!cur->direct) {
			for (; sum; sum &= sum - 1) {
				below = ~sum & (sum - 1);
				v = words_and(cur, below, n);
				if (v)
					return found(cur, sum & (sum - 1), ones(below), v);
			}
		} else if (sum && !~(sum | (sum - 1))) {	/* from some word on, all */
			for (i = lowest(sum); i < 63; i += 2) {
				v = direct_and(cur, i, n);
				next = direct_and(cur, i + 1, n);
				if (!(v | next))
					continue;
				if (!v)
					i++;
				return found(cur, ~1ULL << i, i, v ? v : next);
			}
			v = i < 64 ? direct_and(cur, i, n) : 0;
			if (v)
				return found(cur, 0, i, v);
		} else {
			for (; sum; sum &= sum - 1) {
				i = lowest(sum);
				v = direct_and(cur, i, n);
				if (v)
					return found(cur, sum & (sum - 1), i, v);
			}
		}
		if (cur->group + 1 == cur->sums) {
			cur->sum = 0;
			return cur->end;
		}
		group_go(cur, cur->group + 1);
		sum = cur->sum;
	}
}

static noinline u32 scan_many(struct nsf_index_cursor *cur)
{
	return scan(cur, 5);
}

static noinline u32 scan_rows(struct nsf_index_cursor *cur)
{
	switch (cur->op_end - cur->op) {
	case 2:
		return scan(cur, 2);
	case 4:
		return scan(cur, 4);
	default:
		return scan_many(cur);
	}
}

u32 nsf_index_first(const struct nsf_image *img, const struct nsf_chain *chain, u32 part_at,
		    const struct nsf_packet *p, struct nsf_index_cursor *cur)
{
	const u8 *base = (const u8 *)img + img->section[NSF_SECTION_INDEX].offset;
	const struct nsf_index_part *part = (const struct nsf_index_part *)(base + part_at);
	u32 class[NSF_INDEX_MAX_NODES + 1] __uninitialized;
	struct look l = {
		.base = base, .p = p, .n = (const struct nsf_index_node *)(part + 1),
		.class = class, .op = cur->op, .sums = part->sums * sizeof(u64), .sum = ~0ULL,
	};

	class[NSF_INDEX_NO_NODE] = 0;
	look_nodes(&l, class);
	if (l.op == cur->op + 1)
		*l.op++ = cur->op[0];
	cur->op_end = l.op;
	cur->sums = part->sums;
	cur->start = chain->start;
	cur->end = chain->start + part->records;
	cur->group = 0;
	cur->whole = part->flags & NSF_INDEX_WHOLE;
	cur->direct = cur->whole | (l.sum == ~0ULL);
	cur->at = ~0u;
	cur->sum = l.sum;
	/* Addresses, and ports with the protocol: what most policies come to. */
	return cur->op_end == cur->op + 3 ? scan(cur, 3) : scan_rows(cur);
}

u32 nsf_index_next(struct nsf_index_cursor *cur, u32 record)
{
	u32 from = record - cur->start, at = from / 64, i = at % 64;
	u64 keep = ~0ULL << (from % 64), v;

	if (cur->at == at) {
		v = cur->left & keep;
		if (v)
			return candidate(cur, i, v);
		return scan_rows(cur);
	}
	if (at / 64 > cur->group) {
		if (at / 64 >= cur->sums)
			return cur->end;
		group_go(cur, at / 64);
	}
	cur->sum &= ~0ULL << i;
	if (cur->sum >> i & 1) {
		cur->sum &= ~1ULL << i;
		v = keep & (cur->direct ? direct_and(cur, i, 5) :
					  words_and(cur, (1ULL << i) - 1, 5));
		if (v)
			return candidate(cur, i, v);
	}
	return scan_rows(cur);
}
