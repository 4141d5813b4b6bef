// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_check: see index_check.h. What index.c reads lies in the section, and what
 * comes out of it are records of the chain. Whether they are the right ones it
 * cannot say: explain --verify does. A word of a row may be 0, which costs a little.
 */
#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/sched.h>

#define ones(v)		hweight64(v)
#else
#include <errno.h>

#define ones(v)		((u32)__builtin_popcountll(v))
#endif

#include "index.h"
#include "index_check.h"

#define REST_EVERY	16384	/* units of work between two rests */

struct check {
	struct nsf_image_fault *fault;
	const u8 *base;		/* of the section */
	u32 size;
	u32 at;			/* the part's offset */
	const struct nsf_index_part *part;
	/*
	 * Rows have many classes, and tables may be shared: what is looked at again
	 * and again is bounded, so that the whole stays linear.
	 */
	u64 work, limit;
	u64 rested;		/* at this work */
};

static int bad(struct check *c, const char *what)
{
	c->fault->what = what;
	c->fault->entry = c->at;
	return -EINVAL;
}

/* Before @units of work. */
static int work(struct check *c, u64 units)
{
	c->work += units;
	if (c->work > c->limit)
		return bad(c, "index: too much is shared");
#ifdef __KERNEL__
	if (c->work - c->rested >= REST_EVERY) {
		c->rested = c->work;
		cond_resched();
	}
#endif
	return 0;
}

static bool inside(const struct check *c, u32 offset, u64 bytes)
{
	return !(offset % 8) && offset <= c->size && bytes <= c->size - offset;
}

/* What an array of @n entries takes before the next one begins. */
static u64 room(u64 n, u32 entry)
{
	return (n * entry + 7) & ~7ULL;
}

static int check_classes(struct check *c, const u16 *class, u32 n, u32 classes)
{
	u32 i;

	if (work(c, n))
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (class[i] >= classes)
			return bad(c, "index: no such class");
	return 0;
}

/* ---- rows ---- */

/* Its sums, and the words that it has; no bit that is no record. */
static int check_row(struct check *c, u32 offset)
{
	const struct nsf_index_part *p = c->part;
	const u64 *sum = (const u64 *)(c->base + offset);
	u32 i, n = 0, last = (p->words - 1) % 64;

	if (!inside(c, offset, 8 * p->sums))
		return bad(c, "index: a row reaches out of the section");
	for (i = 0; i < p->sums; i++)
		n += ones(sum[i]);
	if (p->flags & NSF_INDEX_WHOLE)
		n = p->words;
	if (!inside(c, offset, 8 * ((u64)p->sums + n)))
		return bad(c, "index: a row reaches out of the section");
	if (sum[p->sums - 1] >> last > 1)
		return bad(c, "index: a row has more words than its part");
	if (sum[p->sums - 1] >> last && p->records % 64 &&
	    sum[p->sums + n - 1] >> (p->records % 64))
		return bad(c, "index: a row has bits that are no records");
	return 0;
}

static int check_rows(struct check *c, const struct nsf_index_node *n)
{
	const u32 *row = (const u32 *)(c->base + n->rows);
	u32 i;

	if (!inside(c, n->rows, (u64)n->classes * sizeof(*row)))
		return bad(c, "index: the rows reach out of the section");
	for (i = 0; i < n->classes; i++)
		if (work(c, 1 + c->part->sums) || check_row(c, row[i]))
			return -EINVAL;
	return 0;
}

/* What an entry of a search leads to. */
static int check_to(struct check *c, const struct nsf_index_node *n, u32 to)
{
	if (n->rows == NSF_INDEX_OWN_ROWS)
		return work(c, c->part->sums) ? -EINVAL : check_row(c, to);
	if (to >= n->classes)
		return bad(c, "index: no such class");
	return 0;
}

/* ---- nodes, by their kind ---- */

static int check_table(struct check *c, const struct nsf_index_node *n)
{
	if (!inside(c, n->table, room(n->count, 2)))
		return bad(c, "index: a table reaches out of the section");
	return check_classes(c, (const u16 *)(c->base + n->table), n->count, n->classes);
}

/* Its entries begin at @table. */
static int check_pages(struct check *c, const struct nsf_index_node *n)
{
	const u8 *page = c->base + n->table;
	u32 i;

	if (n->count > 256)
		return bad(c, "index: more pages than can be named");
	if (!inside(c, n->table, 256 + room(256 * (u64)n->count, 2)))
		return bad(c, "index: a table reaches out of the section");
	if (work(c, 256))
		return -EINVAL;
	for (i = 0; i < 256; i++)
		if (page[i] >= n->count)
			return bad(c, "index: no such page");
	return check_classes(c, (const u16 *)(page + 256), 256 * n->count, n->classes);
}

/* Its entries begin at @table. */
static int check_search(struct check *c, const struct nsf_index_node *n, u32 table)
{
	const struct nsf_index_step32 *step = (const struct nsf_index_step32 *)(c->base + table);
	u32 i;

	if (!inside(c, table, (u64)n->count * sizeof(*step)))
		return bad(c, "index: a table reaches out of the section");
	if (work(c, n->count))
		return -EINVAL;
	if (step->first)
		return bad(c, "index: a search does not begin at 0");
	for (i = 0; i < n->count; i++) {
		if (i && step[i - 1].first >= step[i].first)
			return bad(c, "index: a search does not ascend");
		if (check_to(c, n, step[i].to))
			return -EINVAL;
	}
	return 0;
}

/* @lowers: so many searches of the lower half they may lead to. */
static int check_wide(struct check *c, const struct nsf_index_node *n, u32 table, u32 count,
		      u32 lowers)
{
	const struct nsf_index_step64 *step = (const struct nsf_index_step64 *)(c->base + table);
	u32 i;

	if (!inside(c, table, (u64)count * sizeof(*step)))
		return bad(c, "index: a table reaches out of the section");
	if (work(c, count))
		return -EINVAL;
	if (step->first)
		return bad(c, "index: a search does not begin at 0");
	for (i = 0; i < count; i++) {
		u32 to = step[i].to;

		if (i && step[i - 1].first >= step[i].first)
			return bad(c, "index: a search does not ascend");
		if (step[i].zero)
			return bad(c, "index: what an entry does not use is not 0");
		if (to & NSF_INDEX_TO_LOWER && (to & ~NSF_INDEX_TO_LOWER) < lowers)
			continue;
		if (check_to(c, n, to))
			return -EINVAL;
	}
	return 0;
}

static int check_lower(struct check *c, const struct nsf_index_node *n)
{
	const struct nsf_index_lower *sub = (const struct nsf_index_lower *)(c->base + n->lower);
	u32 i;

	if (!inside(c, n->lower, (u64)n->lowers * sizeof(*sub)))
		return bad(c, "index: the lower searches reach out of the section");
	for (i = 0; i < n->lowers; i++, sub++) {
		if (work(c, 1))
			return -EINVAL;
		if (!sub->count)
			return bad(c, "index: a node without entries");
		if (check_wide(c, n, sub->table, sub->count, 0))
			return -EINVAL;
	}
	return 0;
}

static int check_cross(struct check *c, const struct nsf_index_node *nodes, u32 i)
{
	const struct nsf_index_node *n = nodes + i;
	u64 sums;

	if (n->a >= i || n->b >= i || (n->field >= i && n->field != NSF_INDEX_NO_NODE))
		return bad(c, "index: a cross of nodes that are not before it");
	if (!nodes[n->a].classes || !nodes[n->b].classes ||
	    (n->field != NSF_INDEX_NO_NODE && !nodes[n->field].classes))
		return bad(c, "index: a cross of nodes without classes");
	sums = (u64)nodes[n->a].classes + nodes[n->b].classes - 1;
	if (n->field != NSF_INDEX_NO_NODE)
		sums += nodes[n->field].classes - 1;
	if (n->count != sums)
		return bad(c, "index: a cross is not of all classes of its nodes");
	return check_table(c, n);
}

/* A directory. */
struct window {
	bool wide;
	u64 base;
	u32 shift, last;
	const u32 *slot;
	const void *step;
};

static bool window_holds(const struct window *w)
{
	u64 most = w->wide ? ~0ULL : ~0U;

	return w->base <= most && w->last < NSF_INDEX_MAX_SLOTS &&
	       w->shift < (w->wide ? 64 : 32) && w->last <= most >> w->shift;
}

/* Of the entry that @slot leads to. */
static u64 first_of(const struct window *w, u32 slot)
{
	return w->wide ? ((const struct nsf_index_step64 *)w->step)[slot].first :
			 ((const struct nsf_index_step32 *)w->step)[slot].first;
}

/* The slots of @count entries that have been found good. */
static int check_slots(struct check *c, const struct window *w, u32 count)
{
	u32 s;

	if (w->slot[0] || w->slot[w->last + 1] != count - 1)
		return bad(c, "index: a directory's slots are not all of its entries");
	for (s = 0; s <= w->last; s++)
		if (w->slot[s] > w->slot[s + 1] || w->slot[s] >= count ||
		    first_of(w, w->slot[s]) > (u64)s << w->shift)
			return bad(c, "index: a directory's slots do not ascend");
	return 0;
}

static int check_directory(struct check *c, const struct nsf_index_node *n)
{
	struct window w = { .wide = n->kind == NSF_INDEX_WIDE_DIRECTORY };
	u32 at = n->table;

	if (w.wide) {
		const struct nsf_index_window *window = (const void *)(c->base + at);

		if (!inside(c, at, sizeof(*window)))
			return bad(c, "index: a table reaches out of the section");
		w.base = window->base;
		w.shift = window->shift;
		w.last = window->last;
		at += sizeof(*window);
	} else {
		w.base = NSF_INDEX_BASE(n);
		w.shift = NSF_INDEX_SHIFT(n);
		w.last = NSF_INDEX_LAST(n);
	}
	if (!window_holds(&w))
		return bad(c, "index: no such window");
	if (!inside(c, at, room(w.last + 2, 4)))
		return bad(c, "index: a table reaches out of the section");
	w.slot = (const u32 *)(c->base + at);
	at += (u32)room(w.last + 2, 4);
	w.step = c->base + at;
	if (work(c, w.last + 2) ||
	    (w.wide ? check_wide(c, n, at, n->count, n->lowers) || check_lower(c, n) :
		      check_search(c, n, at)))
		return -EINVAL;
	return check_slots(c, &w, n->count);
}

/* ---- parts ---- */

/* A kind looks at fields of its own width, at no fields, or at two. */
static bool is_for_field(const struct nsf_index_node *n)
{
	switch (n->kind) {
	case NSF_INDEX_CROSS:
		return true;
	case NSF_INDEX_WIDE:
	case NSF_INDEX_WIDE_DIRECTORY:
		return n->field == NSF_FIELD_IIFNAME_HI || n->field == NSF_FIELD_OIFNAME_HI ||
		       n->field == NSF_FIELD_IP6_SADDR_HI || n->field == NSF_FIELD_IP6_DADDR_HI;
	default:
		return n->field && n->field < NSF_FIELDS && !nsf_field_is_half(n->field);
	}
}

static bool is_wide(const struct nsf_index_node *n)
{
	return n->kind == NSF_INDEX_WIDE || n->kind == NSF_INDEX_WIDE_DIRECTORY;
}

static bool is_search(const struct nsf_index_node *n)
{
	return is_wide(n) || n->kind == NSF_INDEX_SEARCH || n->kind == NSF_INDEX_DIRECTORY;
}

/* Its classes, or rows: what a packet can come to. */
static int check_classes_of(struct check *c, const struct nsf_index_node *n)
{
	bool own = n->rows == NSF_INDEX_OWN_ROWS;

	if (own != !n->classes || n->classes > NSF_INDEX_MAX_CLASSES)
		return bad(c, "index: no such number of classes");
	if (is_search(n) ? !own && n->rows != NSF_INDEX_NO_ROWS : own)
		return bad(c, "index: the node's kind has no such rows");
	return check_to(c, n, n->absent);
}

static int check_node(struct check *c, const struct nsf_index_node *nodes, u32 i)
{
	const struct nsf_index_node *n = nodes + i;

	if (n->kind >= NSF_INDEX_END)
		return bad(c, "index: no such kind of node");
	if (i && n[-1].kind > n->kind)
		return bad(c, "index: nodes are not in the order of their kinds");
	if (!is_for_field(n))
		return bad(c, "index: the node's kind is not for its field");
	if (check_classes_of(c, n))
		return -EINVAL;
	if (!n->count)
		return bad(c, "index: a node without entries");
	if ((n->kind != NSF_INDEX_CROSS && (n->a || n->b)) ||
	    (n->kind == NSF_INDEX_CROSS && n->absent) ||
	    (!is_wide(n) && n->kind != NSF_INDEX_DIRECTORY && (n->lower || n->lowers)))
		return bad(c, "index: what a node does not use is not 0");
	switch (n->kind) {
	case NSF_INDEX_TABLE:
		return check_table(c, n);
	case NSF_INDEX_PAGES:
		return check_pages(c, n);
	case NSF_INDEX_SEARCH:
		return check_search(c, n, n->table);
	case NSF_INDEX_WIDE:
		return check_wide(c, n, n->table, n->count, n->lowers) ? -EINVAL :
									 check_lower(c, n);
	case NSF_INDEX_DIRECTORY:
	case NSF_INDEX_WIDE_DIRECTORY:
		return check_directory(c, n);
	default:
		return check_cross(c, nodes, i);
	}
}

static bool is_end(const struct nsf_index_node *n)
{
	return n->kind == NSF_INDEX_END && !n->field && !n->a && !n->b && !n->absent &&
	       !n->classes && !n->table && !n->count && !n->lower && !n->lowers && !n->rows;
}

/* Of a chain of @records. */
static int check_part(struct check *c, u32 records)
{
	const struct nsf_index_part *p = (const struct nsf_index_part *)(c->base + c->at);
	const struct nsf_index_node *nodes = (const struct nsf_index_node *)(p + 1);
	u32 i, rows = 0;

	if (!inside(c, c->at, sizeof(*p)))
		return bad(c, "index: a part reaches out of the section");
	if (p->records != records || p->words != (records + 63) / 64 ||
	    p->sums != (p->words + 63) / 64)
		return bad(c, "index: the part is not of its chain's size");
	if (p->flags & ~NSF_INDEX_WHOLE)
		return bad(c, "index: no such flag");
	if (!p->nodes || p->nodes > NSF_INDEX_MAX_NODES)
		return bad(c, "index: no such number of nodes");
	if (!inside(c, c->at, sizeof(*p) + (p->nodes + 1u) * sizeof(*nodes)))
		return bad(c, "index: a part reaches out of the section");
	if (!is_end(nodes + p->nodes))
		return bad(c, "index: nodes without an end");
	c->part = p;
	for (i = 0; i < p->nodes; i++) {
		if (work(c, 1) || check_node(c, nodes, i))
			return -EINVAL;
		if (nodes[i].rows == NSF_INDEX_NO_ROWS)
			continue;
		rows++;
		if (nodes[i].rows != NSF_INDEX_OWN_ROWS && check_rows(c, nodes + i))
			return -EINVAL;
	}
	if (!rows || rows > NSF_INDEX_MAX_ROWS)
		return bad(c, "index: no such number of nodes with rows");
	return 0;
}

int nsf_index_check(const struct nsf_image *img, struct nsf_image_fault *fault)
{
	const struct nsf_section *s = &img->section[NSF_SECTION_INDEX];
	const struct nsf_chain *chain = nsf_image_chains(img);
	u32 n = nsf_image_n_chains(img), i, f;
	struct check c = {
		.fault = fault,
		.base = (const u8 *)img + s->offset,
		.size = s->size,
		.limit = NSF_INDEX_WORK * (u64)s->size,
	};

	for (i = 0; i < n; i++) {
		u32 end = i + 1 < n ? chain[i + 1].start : nsf_image_n_records(img);

		for (f = 0; f < 2; f++) {
			c.at = chain[i].index[f];
			if (c.at != NSF_NO_INDEX && check_part(&c, end - chain[i].start))
				return -EINVAL;
		}
	}
	return 0;
}
