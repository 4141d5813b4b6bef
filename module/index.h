/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index: which records of a chain a packet can match, without running them. A part
 * of the image, shared by both worlds: daemon/policy/index*.c builds it,
 * index_check.c proves that what classify.c reads of it lies inside, index.c reads it.
 *
 * The method is that of aggregated bit vectors (Baboescu and Varghese, SIGCOMM 2001),
 * with the dimensions of recursive flow classification (Gupta and McKeown, SIGCOMM 1999)
 * where a table of two of them is small:
 *
 *	packet's field -> class -+
 *	packet's field -> class -+-> class -> row \
 *	packet's field -> class ------------> row  > AND -> the records that may match
 *	packet's field -> class ------------> row /
 *
 * A row has a bit for each record of the chain: 0 where no packet of this class comes to
 * that record's end, or past its last match. A record that comes up is run as ever,
 * matches and all: the index only leaves out. So a wrong one can misjudge a packet,
 * and never read outside of the image.
 *
 * A part belongs to one chain and one family (nsf_chain.index[]). It is a short
 * program: nodes, done in order, each of which makes a class of a field, or of two
 * classes before it.
 *
 *	section INDEX:   part, its nodes, tables and rows, in any order; multiples of 8
 *
 * All offsets are in bytes from the beginning of the section.
 *
 * Which bits may be 0. Those of a record that no packet of the class matches, or comes to,
 * as far as fields tell that no statement changes; a match behind a counter, limit, log
 * or mark does not count for the record itself, as that is done for whoever comes there.
 * And where evaluation comes to a record whose bit is 0 in some row, so must be all bits
 * from there to its `miss`: the look-up goes to the next bit that is 1, which may not lie
 * in what the record would have led to. daemon/policy/index_flow.c tells when that is so
 * (jumps), and when a record has to be run whenever it is come to (the last ones of what
 * goto calls, and of a MAP's bodies where no node keeps these apart).
 */
#ifndef NSF_INDEX_H
#define NSF_INDEX_H

#include "packet.h"

#define NSF_INDEX_MAX_NODES	24u
#define NSF_INDEX_MAX_ROWS	12u		/* nodes with rows: operands of the AND */
#define NSF_INDEX_MAX_CLASSES	65536u		/* of one node */
/* Shorter chains have none: to run their records costs less. */
#define NSF_INDEX_MIN_RECORDS	12u

enum nsf_index_kind {
	NSF_INDEX_TABLE,
	NSF_INDEX_PAGES,
	NSF_INDEX_SEARCH,
	NSF_INDEX_DIRECTORY,
	NSF_INDEX_WIDE,
	NSF_INDEX_WIDE_DIRECTORY,
	NSF_INDEX_CROSS,
	NSF_INDEX_END,		/* of the nodes: all else of it 0 */
	NSF_INDEX_KINDS,
};

#define NSF_INDEX_MAX_SLOTS	65536u
#define NSF_INDEX_TO_LOWER	0x80000000u
#define NSF_INDEX_NO_NODE	NSF_INDEX_MAX_NODES

/* What a WIDE_DIRECTORY's slots are of. */
struct nsf_index_window {
	u64 base;
	u32 shift;
	u32 last;		/* slots, less 1 */
};
static_assert(sizeof(struct nsf_index_window) == 16, "no hidden padding");

/* Entries of a search. Up to the next one's first value it leads to `to`. */
struct nsf_index_step32 {
	u32 first;
	u32 to;
};

struct nsf_index_step64 {
	u64 first;
	u32 to;
	u32 zero;
};
static_assert(sizeof(struct nsf_index_step64) == 16, "no hidden padding");

/*
 * What is at `table`, `count` entries, and what it means. Arrays follow one another,
 * each begins at a multiple of 8. A packet comes over TABLE, PAGES and CROSS to a class;
 * over the other kinds, which have room for that, to a class or, with OWN_ROWS, to the
 * offset of the row.
 *
 * TABLE	u16 class[count]. Values not below count have the last class.
 * PAGES	u8 page[256], u16 class[256 * count]: of the page that the value's upper byte, of
 *		two, names, the entry of its lower one. count is at most 256.
 * SEARCH	struct nsf_index_step32[count]: the last one whose first value is not above the
 *		packet's. They ascend from 0. For values below 2^32.
 * DIRECTORY	u32 slot[last + 2]; then as SEARCH. All values are less NSF_INDEX_BASE (modulo
 *		2^32), so that what is below it comes last. A slot is 2^shift values (`last`
 *		and `shift`: NSF_INDEX_LAST, NSF_INDEX_SHIFT), the last one all the rest; from
 *		slot[s] to slot[s + 1], both included, is what holds in slot s. slot[] goes
 *		from 0 to count - 1, and may stand still; where slot[s] leads to begins not
 *		above s << shift.
 * WIDE		struct nsf_index_step64[count]: the same of the field's upper 64 bits. Or it leads
 *		to TO_LOWER and an index into lower[]: a search of the field after it (the
 *		lower 64 bits).
 * WIDE_DIRECTORY  struct nsf_index_window, u32 slot[last + 2]; then as WIDE (modulo 2^64).
 * CROSS	u16 class[count]: at the sum of the classes of nodes a, b and, in `field`, of
 *		a third, or NO_NODE. They are made for that: the third counts by ones, the one
 *		before it by as many as the third has, and so on.
 */
struct nsf_index_node {
	u8 kind;		/* enum nsf_index_kind */
	u8 field;		/* enum nsf_field; CROSS: see above */
	u8 a, b;		/* CROSS: nodes before this one; else 0 */
	u32 absent;		/* as `to`: the field (WIDE*: one of both) is absent; CROSS: 0 */
	u32 classes;		/* all that come out are below; 1 to MAX_CLASSES. OWN_ROWS: 0 */
	u32 table;		/* offset */
	u32 count;		/* at least 1 */
	u32 lower;		/* WIDE*: offset of struct nsf_index_lower[lowers]; */
	u32 lowers;		/*	DIRECTORY: see below; else 0 */
	u32 rows;		/* offset of u32 row[classes]: of rows; or OWN_ROWS; or NO_ROWS */
};
static_assert(sizeof(struct nsf_index_node) == 32, "no hidden padding");

#define NSF_INDEX_NO_ROWS	0xffffffffu
#define NSF_INDEX_OWN_ROWS	0xfffffffeu

/* Of a DIRECTORY. */
#define NSF_INDEX_BASE(node)	((node)->lower)
#define NSF_INDEX_LAST(node)	((node)->lowers & 0xffff)
#define NSF_INDEX_SHIFT(node)	((node)->lowers >> 16)

/* At `table`: struct nsf_index_step64[count], which lead to no other search. */
struct nsf_index_lower {
	u32 table;
	u32 count;
};

/*
 * Followed by its nodes, in the order of their kinds, and one of kind END. Bit i of a row
 * is record chain->start + i. A row: u64 sum[sums]; bit w of it is 0 where word w of the row
 * is 0. The other words follow, u64 each, in order; or, with NSF_INDEX_WHOLE, all words. No
 * bit at or above `records` is set.
 */
struct nsf_index_part {
	u32 records;		/* of the chain */
	u32 words;		/* of a row, all: records / 64, rounded up */
	u32 sums;		/* words / 64, rounded up: 1 to 16 */
	u16 nodes;
	u16 flags;		/* NSF_INDEX_WHOLE */
};
static_assert(sizeof(struct nsf_index_part) == 16, "no hidden padding");

#define NSF_INDEX_WHOLE		1u

/*
 * Parts, nodes and classes may share what is at an offset. But what the checker looks at
 * (an entry of an array, and where that leads to a row also its sums) is at most so many
 * for each byte of the section: without sharing, and with rows shared, it is below 5.
 */
#define NSF_INDEX_WORK		16u

#define NSF_INDEX_MAX_SUMS	16u		/* NSF_MAX_RECORDS / 64 / 64 */

/* A packet's row of one node, as far as nsf_index_next() has come. */
struct nsf_index_operand {
	u64 sum;		/* number cursor.group of the row's sums */
	const u64 *word;	/* the words that it tells of */
	const u64 *row;
};

/* A packet's rows, looked up once for a chain. */
struct nsf_index_cursor {
	/* At least 2: a single one is there twice. */
	struct nsf_index_operand op[NSF_INDEX_MAX_ROWS], *op_end;
	u32 start, end;		/* the chain's records: the first, and one past the last */
	u32 sums;
	u32 group;		/* number of a sum */
	u32 at;			/* number of the word that `left` is; ~0: none yet */
	bool whole;		/* NSF_INDEX_WHOLE */
	bool direct;		/* no row leaves out a word of the group */
	u64 sum;		/* words of the group that were not ANDed yet */
	u64 left;		/* the candidates of that word */
};

#define NSF_INDEX_IPV6		10	/* enum nsf_field: NFPROTO */

/*
 * For a checked image; @part: one of @chain's. Looks up the classes of @p; returns the
 * first candidate, cur->end (one past the chain's last record) where there is none. Any
 * context; pure.
 */
u32 nsf_index_first(const struct nsf_image *img, const struct nsf_chain *chain, u32 part,
		    const struct nsf_packet *p, struct nsf_index_cursor *cur);
/* The first candidate from @record on, which lies behind the one returned last; or cur->end. */
u32 nsf_index_next(struct nsf_index_cursor *cur, u32 record);

#endif /* NSF_INDEX_H */
