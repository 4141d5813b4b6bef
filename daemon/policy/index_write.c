// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_write: nodes in the form that suits their size, rows, and the part itself.
 *
 * A table is quickest, and as long as the largest value at which something changes;
 * a search takes a step for each doubling, but nothing that is not used. Where that are
 * many steps, slots before it save some (index_window.c).
 */
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"

#define SMALL_TABLE	512u	/* entries: always a table */
#define LONG_SEARCH	8u	/* entries: rather pages */
#define PAGES_RECORD	160u	/* where there are so many records for their bytes */

/* Arrays, each from a multiple of 8 on. */
struct buffer {
	u8 *v;
	size_t n, cap;
	bool failed;
};

static void *buffer_add(struct buffer *b, size_t bytes)
{
	size_t size = (bytes + 7) & ~(size_t)7, cap;
	u8 *v;

	if (b->n + size > b->cap) {
		cap = b->n + size > 2 * b->cap ? b->n + size : 2 * b->cap;
		v = realloc(b->v, cap);
		if (!v) {
			b->failed = true;
			return NULL;
		}
		b->v = v;
		b->cap = cap;
	}
	v = memset(b->v + b->n, 0, size);
	b->n += size;
	return v;
}

/* ---- what is written already ---- */

static bool writer_grow(struct index_writer *w)
{
	size_t slots = w->slots ? 2 * w->slots : 1024, i, k;
	u32 *slot = calloc(slots, sizeof(*slot));
	void *hash = realloc(w->hash, slots / 2 * sizeof(*w->hash));
	void *at, *size;

	if (hash)
		w->hash = hash;
	at = realloc(w->at, slots / 2 * sizeof(*w->at));
	if (at)
		w->at = at;
	size = realloc(w->size, slots / 2 * sizeof(*w->size));
	if (size)
		w->size = size;
	if (!slot || !hash || !at || !size) {
		free(slot);
		return false;
	}
	for (i = 0; i < w->n; i++) {
		for (k = w->hash[i] & (slots - 1); slot[k];)
			k = (k + 1) & (slots - 1);
		slot[k] = (u32)i + 1;
	}
	free(w->slot);
	w->slot = slot;
	w->slots = slots;
	return true;
}

/* The offset of these bytes, a multiple of 8 of them; INDEX_NONE: no memory. */
static u32 put(struct index_writer *w, const void *v, size_t bytes)
{
	u64 hash = index_hash(v, bytes);
	size_t at = flat_n(w->flat, NSF_SECTION_INDEX), i;
	void *to;

	if (2 * w->n >= w->slots && !writer_grow(w))
		return INDEX_NONE;
	for (i = hash & (w->slots - 1); w->slot[i]; i = (i + 1) & (w->slots - 1)) {
		u32 k = w->slot[i] - 1;

		if (w->hash[k] == hash && w->size[k] == bytes &&
		    !memcmp(FLAT(u8, w->flat, NSF_SECTION_INDEX) + w->at[k], v, bytes))
			return w->at[k];
	}
	to = flat_add(w->flat, NSF_SECTION_INDEX, bytes);
	if (!to)
		return INDEX_NONE;
	memcpy(to, v, bytes);
	w->hash[w->n] = hash;
	w->at[w->n] = (u32)at;
	w->size[w->n++] = (u32)bytes;
	w->slot[i] = (u32)w->n;
	return (u32)at;
}

static u32 put_buffer(struct index_writer *w, struct buffer *b)
{
	u32 at = b->failed ? INDEX_NONE : put(w, b->v, b->n);

	free(b->v);
	return at;
}

void index_writer_clean(struct index_writer *w)
{
	free(w->hash);
	free(w->at);
	free(w->size);
	free(w->slot);
}

/* A class, as the cross of this node wants it. */
static u32 scaled(const struct index_draft *d, u32 class)
{
	return d->scale ? class * d->scale : class;
}

/* What an entry of a search says of it. @row: offsets, of a node that has rows; or NULL. */
static u32 led_to(const struct index_draft *d, const u32 *row, u32 class)
{
	return row ? row[class] : scaled(d, class);
}

/* The node is a search, so its entries say the rows. */
static void own_rows(struct nsf_index_node *n, const struct index_draft *d, const u32 *row)
{
	n->absent = led_to(d, row, d->absent);
	if (!row)
		return;
	n->classes = 0;
	n->rows = NSF_INDEX_OWN_ROWS;
}

/* ---- nodes on narrow fields ---- */

static bool table_write(struct buffer *b, const struct index_draft *d, struct nsf_index_node *n)
{
	u32 last = (u32)d->step[d->steps - 1].first.lo, v, s;
	u16 *class;

	n->kind = NSF_INDEX_TABLE;
	n->count = last + 1;
	class = buffer_add(b, n->count * sizeof(*class));
	if (!class)
		return false;
	for (s = 0, v = 0; v <= last; v++) {
		s += s + 1 < d->steps && d->step[s + 1].first.lo == v;
		class[v] = (u16)scaled(d, d->step[s].class);
	}
	return true;
}

/*
 * Of ascending values what holds from each on, before it is an array of the image; and
 * the slots in front of it, where they shorten the search.
 */
struct entries {
	u64 *first;
	u32 *to;
	size_t n;
	struct nsf_index_window window;
	bool slots;
};

static bool entries_alloc(struct entries *e, size_t most)
{
	memset(e, 0, sizeof(*e));
	e->first = malloc(most * sizeof(*e->first));
	e->to = malloc(most * sizeof(*e->to));
	return e->first && e->to;
}

static void entries_clean(struct entries *e)
{
	free(e->first);
	free(e->to);
}

/* Slots, where they pay: written, and the entries turned to where they begin. */
static bool entries_turn(struct buffer *b, struct entries *e, unsigned int width)
{
	struct entries turned;
	u32 *slot;
	void *to;

	if (!index_window_find(e->first, e->n, width, &e->window))
		return true;
	if (!entries_alloc(&turned, e->n + 1)) {
		entries_clean(&turned);
		return false;
	}
	e->slots = true;
	turned.n = index_window_turn(&e->window, width == 64 ? UINT64_MAX : UINT32_MAX, e->first,
				     e->to, e->n, turned.first, turned.to);
	free(e->first);
	free(e->to);
	e->first = turned.first;
	e->to = turned.to;
	e->n = turned.n;
	if (width == 64) {
		to = buffer_add(b, sizeof(e->window));
		if (to)
			memcpy(to, &e->window, sizeof(e->window));
	}
	slot = buffer_add(b, (e->window.last + 2) * sizeof(*slot));
	if (slot)
		index_window_slots(&e->window, e->first, e->n, slot);
	return true;
}

static bool search_write(struct buffer *b, const struct index_draft *d, const u32 *row,
			 struct nsf_index_node *n)
{
	struct entries e;
	struct nsf_index_step32 *step;
	size_t i;

	b->failed |= !entries_alloc(&e, d->steps);
	for (i = 0; !b->failed && i < d->steps; i++) {
		e.first[i] = d->step[i].first.lo;
		e.to[i] = led_to(d, row, d->step[i].class);
	}
	e.n = d->steps;
	b->failed = b->failed || !entries_turn(b, &e, 32);
	n->kind = e.slots ? NSF_INDEX_DIRECTORY : NSF_INDEX_SEARCH;
	n->count = (u32)e.n;
	if (e.slots) {
		n->lower = (u32)e.window.base;
		n->lowers = e.window.shift << 16 | e.window.last;
	}
	step = buffer_add(b, e.n * sizeof(*step));
	for (i = 0; !b->failed && i < e.n; i++)
		step[i] = (struct nsf_index_step32){ (u32)e.first[i], e.to[i] };
	own_rows(n, d, row);
	entries_clean(&e);
	return !b->failed;
}

/* ---- nodes on wide fields ---- */

struct wide {
	struct entries upper;
	const u32 *row;
	struct nsf_index_lower *lower;
	size_t lowers;
};

static void wide_step(struct wide *w, u64 first, u32 to)
{
	struct entries *e = &w->upper;

	if (e->n && e->to[e->n - 1] == to)
		return;
	e->first[e->n] = first;
	e->to[e->n++] = to;
}

/* The steps from @from to before @to, which have one upper half; below them @before. */
static bool lower_write(struct index_writer *w, struct wide *x, const struct index_draft *d,
			size_t from, size_t to, u32 before)
{
	size_t extra = d->step[from].first.lo != 0, n = to - from + extra, i;
	struct buffer b = { .v = NULL };
	struct nsf_index_step64 *step = buffer_add(&b, n * sizeof(*step));
	u32 at;

	for (i = 0; step && i < n; i++) {
		step[i].first = i < extra ? 0 : d->step[from + i - extra].first.lo;
		step[i].to = led_to(d, x->row, i < extra ? before : d->step[from + i - extra].class);
	}
	at = put_buffer(w, &b);
	x->lower[x->lowers++] = (struct nsf_index_lower){ at, (u32)n };
	return at != INDEX_NONE;
}

static bool wide_steps(struct index_writer *w, struct wide *x, const struct index_draft *d)
{
	u32 before = d->step[0].class;
	size_t i = 0, k;

	while (i < d->steps) {
		u64 hi = d->step[i].first.hi;

		for (k = i + 1; k < d->steps && d->step[k].first.hi == hi;)
			k++;
		if (k == i + 1 && !d->step[i].first.lo) {
			wide_step(x, hi, led_to(d, x->row, d->step[i].class));
		} else {
			if (!lower_write(w, x, d, i, k, before))
				return false;
			wide_step(x, hi, NSF_INDEX_TO_LOWER | (u32)(x->lowers - 1));
			/* And what holds behind this upper half. */
			if (hi != UINT64_MAX && (k == d->steps || d->step[k].first.hi != hi + 1))
				wide_step(x, hi + 1, led_to(d, x->row, d->step[k - 1].class));
		}
		before = d->step[k - 1].class;
		i = k;
	}
	return true;
}

static bool wide_write(struct index_writer *w, struct buffer *b, const struct index_draft *d,
		       const u32 *row, struct nsf_index_node *n)
{
	struct wide x = { .row = row, .lower = malloc(d->steps * sizeof(*x.lower)) };
	struct entries *e = &x.upper;
	bool good = entries_alloc(e, 2 * d->steps) && x.lower && wide_steps(w, &x, d) &&
		    entries_turn(b, e, 64);
	struct nsf_index_step64 *step;
	size_t i;

	if (good) {
		n->kind = e->slots ? NSF_INDEX_WIDE_DIRECTORY : NSF_INDEX_WIDE;
		n->count = (u32)e->n;
		n->lowers = (u32)x.lowers;
		if (x.lowers)
			n->lower = put(w, x.lower, x.lowers * sizeof(*x.lower));
		step = buffer_add(b, e->n * sizeof(*step));
		for (i = 0; step && i < e->n; i++)
			step[i] = (struct nsf_index_step64){ e->first[i], e->to[i], 0 };
		own_rows(n, d, row);
		good = !b->failed && n->lower != INDEX_NONE;
	}
	entries_clean(e);
	free(x.lower);
	return good;
}

/* ---- any node ---- */

static bool cross_write(struct buffer *b, const struct index_plan *p, const struct index_draft *d,
			struct nsf_index_node *n)
{
	u16 *class;
	u32 i;

	n->kind = NSF_INDEX_CROSS;
	n->field = d->c;
	n->a = d->a;
	n->b = d->b;
	n->count = p->node[d->a].rows.count * p->node[d->b].rows.count;
	if (d->c != NSF_INDEX_NO_NODE)
		n->count *= p->node[d->c].rows.count;
	class = buffer_add(b, n->count * sizeof(*class));
	for (i = 0; class && i < n->count; i++)
		class[i] = (u16)scaled(d, d->table[i]);
	return class;
}

/*
 * The classes of the 256 values from @from on. @s is the step that holds for the value
 * before; returns the one that holds for the last.
 */
static u32 page_fill(const struct index_draft *d, u32 s, u32 from, u16 class[256])
{
	u32 v = 0, end;
	u16 now;

	while (v < 256) {
		while (s + 1 < d->steps && d->step[s + 1].first.lo <= from + v)
			s++;
		end = s + 1 < d->steps && d->step[s + 1].first.lo < from + 256 ?
			(u32)d->step[s + 1].first.lo - from : 256;
		now = (u16)scaled(d, d->step[s].class);
		for (; v < end; v++)
			class[v] = now;
	}
	return s;
}

/* The pages of two-byte values; those that are alike once. */
static bool pages_write(struct buffer *b, const struct index_plan *p, const struct index_draft *d,
			struct nsf_index_node *n)
{
	u16 class[256][256];
	u8 page[256];
	u32 pages = 0, s = 0, k, i;
	void *to;

	for (k = 0; k < 256; k++) {
		s = page_fill(d, s, k * 256, class[pages]);
		for (i = 0; memcmp(class[i], class[pages], sizeof(*class)); i++)
			;
		page[k] = (u8)i;
		pages += i == pages;
	}
	if (sizeof(page) + pages * sizeof(*class) > PAGES_RECORD * (u64)p->records)
		return false;
	n->kind = NSF_INDEX_PAGES;
	n->count = pages;
	to = buffer_add(b, sizeof(page));
	if (to)
		memcpy(to, page, sizeof(page));
	to = buffer_add(b, pages * sizeof(*class));
	if (to)
		memcpy(to, class, pages * sizeof(*class));
	return true;
}

static bool table_make(struct index_writer *w, struct buffer *b, const struct index_plan *p,
		       const struct index_draft *d, const u32 *row, struct nsf_index_node *n)
{
	unsigned int width = d->field ? index_width(d->field) : 0;
	u64 last;

	if (!d->field)
		return cross_write(b, p, d, n);
	if (width == 128)
		return wide_write(w, b, d, row, n);
	last = d->step[d->steps - 1].first.lo;
	if (last < SMALL_TABLE)
		return table_write(b, d, n);
	if (width == 16 && d->steps > LONG_SEARCH && pages_write(b, p, d, n))
		return !b->failed;
	return search_write(b, d, row, n);
}

/* The offsets of its rows; NULL: no memory. */
static u32 *rows_put(struct index_writer *w, const struct index_plan *p,
		     const struct index_rows *r)
{
	u32 *row = calloc(r->count + 1, sizeof(*row)), i;

	for (i = 0; row && i < r->count; i++) {
		const u64 *v = r->v + r->at[i];

		row[i] = put(w, v, index_row_size(p, v) * sizeof(*v));
		if (row[i] == INDEX_NONE) {
			free(row);
			return NULL;
		}
	}
	return row;
}

static bool node_write(struct index_writer *w, const struct index_plan *p,
		       const struct index_draft *d, struct nsf_index_node *n)
{
	u32 *row = d->operand ? rows_put(w, p, &d->rows) : NULL;
	struct buffer b = { .v = NULL };
	bool good;

	if (d->operand && !row)
		return false;
	n->field = d->field;
	n->absent = scaled(d, d->absent);
	n->classes = scaled(d, d->rows.count - 1) + 1;
	n->rows = NSF_INDEX_NO_ROWS;
	good = table_make(w, &b, p, d, row, n);
	n->table = put_buffer(w, &b);
	if (row && n->rows != NSF_INDEX_OWN_ROWS) {
		/* All arrays take multiples of 8. */
		n->rows = put(w, row, (d->rows.count + 1) / 2 * sizeof(u64));
		good = good && n->rows != INDEX_NONE;
	}
	free(row);
	return good && n->table != INDEX_NONE;
}

/* In the order of their kinds, which CROSS come last in: what these are of is put right. */
static void nodes_sort(const struct nsf_index_node *from, unsigned int n, struct nsf_index_node *to)
{
	u8 place[NSF_INDEX_MAX_NODES];
	unsigned int kind, i, k = 0;

	for (kind = 0; kind < NSF_INDEX_END; kind++)
		for (i = 0; i < n; i++) {
			if (from[i].kind != kind)
				continue;
			place[i] = (u8)k;
			to[k] = from[i];
			if (kind == NSF_INDEX_CROSS) {
				to[k].a = place[from[i].a];
				to[k].b = place[from[i].b];
				if (from[i].field != NSF_INDEX_NO_NODE)
					to[k].field = place[from[i].field];
			}
			k++;
		}
	to[k] = (struct nsf_index_node){ .kind = NSF_INDEX_END };
}

u32 index_write(struct index_writer *w, const struct index_plan *p)
{
	const struct nsf_index_part part = { .records = p->records, .words = p->words,
					     .sums = p->sums, .nodes = (u16)p->nodes,
					     .flags = p->whole ? NSF_INDEX_WHOLE : 0 };
	struct nsf_index_node node[NSF_INDEX_MAX_NODES] = { { .kind = 0 } };
	struct nsf_index_node sorted[NSF_INDEX_MAX_NODES + 1];
	struct buffer b = { .v = NULL };
	unsigned int i;
	void *to;

	for (i = 0; i < p->nodes; i++)
		if (!node_write(w, p, &p->node[i], &node[i]))
			return INDEX_NONE;
	nodes_sort(node, p->nodes, sorted);
	to = buffer_add(&b, sizeof(part));
	if (to)
		memcpy(to, &part, sizeof(part));
	to = buffer_add(&b, (p->nodes + 1) * sizeof(*sorted));
	if (to)
		memcpy(to, sorted, (p->nodes + 1) * sizeof(*sorted));
	return put_buffer(w, &b);
}
