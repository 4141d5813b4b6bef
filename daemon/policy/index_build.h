/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_build: the index (module/index.h) of a flat image, and what its files share.
 *
 *   index_build.c   which chains and families have a part; which fields are looked at
 *   index_flow.c    where a record's matches count: at itself, and in what it leads to
 *   index_cond.c    a record's ops as conditions on one field each
 *   index_range.c   the values that a condition is true of
 *   index_sweep.c   a field's conditions -> classes and their rows
 *   index_rows.c    rows, no two alike
 *   index_cross.c   two nodes -> one
 *   index_write.c   nodes, in the form that suits their size
 *   index_window.c  slots, to begin a search in
 *
 *	record -- its ops --> condition (field, values) --+-- true or false of each value
 *	       -- its place -> span of records -----------+
 *	bit x of a value's row: all conditions whose spans hold x are true of the value
 *
 * A condition that is not known, or would cost too much, is left out: the bit is 1.
 */
#ifndef NSF_POLICY_INDEX_BUILD_H
#define NSF_POLICY_INDEX_BUILD_H

#include <string.h>

#include "index.h"
#include "policy/flat.h"

#define INDEX_NONE		UINT32_MAX
#define INDEX_MAX_RANGES	16384u		/* of a set; more are blurred */
#define INDEX_MAX_WORK		(1u << 28)	/* bits turned for one field */
#define INDEX_MAX_ROWS_BYTES	(32u << 20)	/* of one field */
#define INDEX_MAX_BYTES		(128u << 20)	/* of all */
#define INDEX_WHOLE_WORDS	16u		/* rows up to here leave out none: two cache lines */

/*
 * Bits of ct states and of most marks: masks of these bits are looked at up to here.
 * Else each would split the values that have higher bits, too.
 */
#define INDEX_LOW		0xffu

/* A field's value: narrow ones in lo; of wide ones both halves. */
struct index_value {
	u64 hi, lo;
};

struct index_range {
	struct index_value first, last;
};

enum index_cond_kind {
	INDEX_RANGE,		/* a to b */
	INDEX_MASK,		/* (v & b.lo) == a.lo; b not above INDEX_LOW: any v above it */
	INDEX_CLEARED,		/* v & ~clear in a.lo to b.lo; of 8 bits */
	INDEX_SET,		/* the key's field at `pos` is that of some element */
	INDEX_LIST,		/* the same, of `count` elements from plan->list[first] on */
};

/* False where the field is absent. Compared by bytes: what is not used is 0. */
struct index_cond {
	u8 dim;			/* enum nsf_field; the upper half of a wide one */
	u8 kind;		/* enum index_cond_kind */
	u8 negate;
	u8 pos;
	u32 set;
	u32 first, count;
	u32 clear, spare;
	struct index_value a, b;
};
static_assert(sizeof(struct index_cond) == 56, "no hidden padding");

/* The condition counts for the records from `from` to before `to`, of the chain's. */
struct index_use {
	u32 cond, from, to;
};

/* Rows as they are written, one behind the other; row i is class i's. */
struct index_rows {
	u64 *v;
	size_t n, cap;		/* of v */
	u32 *at;		/* where in v each begins */
	u64 *hash;
	u32 count, max;
	u32 *slot;		/* by hash: number + 1; 0: free */
	size_t slots;		/* a power of 2, or 0 */
};

/* From `first` on, to the next one. */
struct index_step {
	struct index_value first;
	u32 class;
};

/* A node before it is written. */
struct index_draft {
	u8 field;		/* 0: CROSS of a, b and c */
	u8 a, b, c;		/* c: perhaps NSF_INDEX_NO_NODE */
	bool operand, unused;
	u32 absent;		/* class */
	struct index_step *step;
	size_t steps;
	u16 *table;		/* CROSS: at (class of a * classes of b + class of b) ... */
	u32 scale;		/* what a class is multiplied by as it is written; 0: 1 */
	struct index_rows rows;
};

/* One chain, one family. */
struct index_plan {
	struct flat *flat;
	const struct nsf_record *record;	/* the chain's first */
	u32 records, words, sums;
	bool whole;		/* rows have all their words */
	u8 nfproto;		/* 2 or 10 */
	u64 dims;		/* NSF_BIT of the fields that may be looked at */
	int err;		/* 0, or -ENOMEM: all else is then void */

	u32 *decided;		/* of each record's first ops, how many need not be done */
	u64 *alive;		/* bits of the records that some packet of the family may match */
	struct index_cond *cond;
	size_t conds, cond_cap;
	u32 *slot;		/* by content: number + 1; 0: free */
	size_t slots;
	struct index_use *use;
	size_t uses, use_cap;
	u32 *use_at;		/* of each condition, once sorted; and the end */
	u32 *list;
	size_t lists, list_cap;
	u64 weight[NSF_FIELDS];	/* records times conditions */

	struct index_draft node[NSF_INDEX_MAX_NODES];
	unsigned int nodes;
};

/* ---- index_build.c ---- */

/* The indexes of all chains, once the other sections are done. 0 or -ENOMEM. */
int index_build(struct flat *f);

/* Room for @n entries of @size at *v; false, with p->err: no memory. */
bool index_room(struct index_plan *p, void *v, size_t *cap, size_t n, size_t size);

/* ---- index_flow.c ---- */

/* All conditions of the chain, and which records they count for. */
void index_flow(struct index_plan *p);

/* ---- index_cond.c ---- */

/* The bits of a narrow field; 128 of a wide one. */
unsigned int index_width(unsigned int dim);
bool index_is_wide(unsigned int dim);
/* Does no packet of the family have it? */
bool index_is_absent(const struct index_plan *p, unsigned int field);
/*
 * Those of record @at: before its first statement from record @from on, all from @at + 1 on.
 * Returns how many of its first ops the conditions say in full, for itself.
 */
u32 index_cond_record(struct index_plan *p, u32 at, u32 from, u32 to);
/* False where it does not count. */
bool index_cond_add(struct index_plan *p, const struct index_cond *c, u32 from, u32 to);

/* ---- index_range.c ---- */

static inline int index_compare(struct index_value a, struct index_value b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo == b.lo ? 0 : a.lo < b.lo ? -1 : 1;
}

static inline struct index_value index_max(unsigned int dim)
{
	unsigned int w = index_width(dim);

	return w == 128 ? (struct index_value){ UINT64_MAX, UINT64_MAX } :
			  (struct index_value){ 0, (1ULL << w) - 1 };
}

static inline struct index_value index_after(struct index_value v)
{
	return (struct index_value){ v.hi + (v.lo == UINT64_MAX), v.lo + 1 };
}

/*
 * The values of the condition before `negate`; ascending, with gaps between them. Where
 * these are too many, others, so that the condition is true of more.
 * *v is malloc'ed, perhaps even of none. False: no memory.
 */
bool index_ranges(struct index_plan *p, const struct index_cond *c, struct index_range **v,
		  size_t *n);

/* ---- index_sweep.c ---- */

enum index_result {
	INDEX_DONE,
	INDEX_TOO_MUCH,		/* do without this field */
	INDEX_NO_MEMORY,
};

enum index_result index_sweep(struct index_plan *p, unsigned int dim, struct index_draft *d);

/*
 * ---- hashes, as sums of words times odd weights: fast, and where they say the same,
 * what they are of is compared ----
 */

static inline u64 index_mix(u64 x)	/* splitmix64: Steele, Lea, Flood 2014 */
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* High bits would be lost in a product. */
static inline u64 index_folded(u64 word)
{
	return word ^ word >> 32;
}

/* @bytes: a multiple of 8. */
static inline u64 index_hash(const void *v, size_t bytes)
{
	u64 weight = 1, hash = bytes, word;
	const char *at = v;

	for (; bytes; bytes -= 8, at += 8) {
		memcpy(&word, at, 8);
		weight += 0x9e3779b97f4a7c16ULL;
		hash += index_folded(word) * weight;
	}
	return index_mix(hash);
}

/* ---- index_rows.c ---- */

/* The number of the row with these bits, a new one or not. @hash: a function of the bits. */
enum index_result index_rows_add(struct index_rows *r, const struct index_plan *p,
				 const u64 *bits, u64 hash, u32 *number);
/* Row @i to @bits, all p->words of them. */
void index_rows_expand(const struct index_rows *r, const struct index_plan *p, u32 i, u64 *bits);
size_t index_row_size(const struct index_plan *p, const u64 *row);	/* in words */
void index_rows_clean(struct index_rows *r);

/* ---- index_cross.c ---- */

void index_cross(struct index_plan *p);

/* ---- index_window.c ---- */

/* Slots for a search in @n ascending values from 0, below 2^@width; false: they save little. */
bool index_window_find(const u64 *first, size_t n, unsigned int width, struct nsf_index_window *w);
/*
 * What is searched then: values less the base, in their order; one more of them at most.
 * @all: the largest value. Returns how many.
 */
size_t index_window_turn(const struct nsf_index_window *w, u64 all, const u64 *first, const u32 *to,
			 size_t n, u64 *key, u32 *key_to);
void index_window_slots(const struct nsf_index_window *w, const u64 *key, size_t n, u32 *slot);

/* ---- index_write.c ---- */

/* What has been written, by content: the same bytes are written once. */
struct index_writer {
	struct flat *flat;
	u64 *hash;
	u32 *at, *size;
	size_t n, cap;
	u32 *slot;
	size_t slots;
};

/* The offset of the part; INDEX_NONE: no memory. */
u32 index_write(struct index_writer *w, const struct index_plan *p);
void index_writer_clean(struct index_writer *w);

#endif /* NSF_POLICY_INDEX_BUILD_H */
