// links: ../module/classify.c ../module/index.c ../module/image_check.c ../module/image_hash.c ../module/index_check.c
// links: policy/flat.c policy/image.c policy/siphash.c policy/diag.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Indexes made by hand: what each kind of node finds, the AND of rows of any size,
 * and which records the classifier then runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_effect.h"
#include "make_index.h"

#define OP(...)		((struct nsf_op){ __VA_ARGS__ })
#define COUNT(a)	((u32)(sizeof(a) / sizeof(*(a))))
#define MAX_CLASSES	64u

/* ---- nodes: class c has the row of record c alone ---- */

static struct flat flat;
static struct nsf_index_node node[NSF_INDEX_MAX_NODES];
static u32 nodes;

static void nodes_begin(void)
{
	image_begin(&flat);
	memset(node, 0, sizeof(node));
	nodes = 0;
}

static struct nsf_index_node *node_add(u8 kind, u8 field, u32 classes, u32 absent)
{
	struct nsf_index_node *n = &node[nodes++];

	n->kind = kind;
	n->field = field;
	n->classes = classes;
	n->absent = absent;
	n->rows = NSF_INDEX_NO_ROWS;
	return n;
}

/* @records, which only lead on, and the policy. */
static void records_add(u32 records)
{
	u32 i, at = (u32)flat_n(&flat, NSF_SECTION_RECORDS);

	for (i = at + 1; i <= at + records; i++)
		image_ops(&flat, i, i, 0, NULL, 0);
}

/* Where the node's entries lead becomes the offset of the row, for each. */
static void steps_own(struct nsf_index_node *n, const u32 *row)
{
	u8 *base = FLAT(u8, &flat, NSF_SECTION_INDEX), *table = base + n->table;
	struct nsf_index_lower *lower = (struct nsf_index_lower *)(base + n->lower);
	struct nsf_index_step64 *step = (struct nsf_index_step64 *)table;
	u32 slots = 0, i, k;

	if (n->kind == NSF_INDEX_DIRECTORY) {
		slots = NSF_INDEX_LAST(n) + 2;
	} else if (n->kind == NSF_INDEX_WIDE_DIRECTORY) {
		slots = ((struct nsf_index_window *)table)->last + 2;
		table += sizeof(struct nsf_index_window);
	}
	table += (slots * 4 + 7) / 8 * 8;
	n->absent = row[n->absent];
	n->classes = 0;
	n->rows = NSF_INDEX_OWN_ROWS;
	if (n->kind == NSF_INDEX_SEARCH || n->kind == NSF_INDEX_DIRECTORY) {
		for (i = 0; i < n->count; i++)
			((struct nsf_index_step32 *)table)[i].to =
				row[((struct nsf_index_step32 *)table)[i].to];
		return;
	}
	step = (struct nsf_index_step64 *)table;
	for (i = 0; i < n->count; i++)
		if (!(step[i].to & NSF_INDEX_TO_LOWER))
			step[i].to = row[step[i].to];
	for (i = 0; i < n->lowers; i++)
		for (step = (struct nsf_index_step64 *)(base + lower[i].table), k = 0;
		     k < lower[i].count; k++)
			step[k].to = row[step[k].to];
}

/* A cross of the last node alone, which is a search: its classes stay what they are. */
static void cross_alone(void)
{
	const struct nsf_index_node *of = &node[nodes - 1];
	u16 class[2 * MAX_CLASSES] = { 0 };
	struct nsf_index_node *n;
	u32 i;

	for (i = 0; i < of->classes; i++)
		class[2 * i] = (u16)i;
	n = node_add(NSF_INDEX_CROSS, NSF_INDEX_NO_NODE, of->classes, 0);
	n->a = n->b = (u8)(nodes - 2);
	n->count = 2 * of->classes - 1;
	n->table = index_put(&flat, class, n->count * sizeof(*class));
}

/* Searches have rows of their own, where this is so; or classes. */
static bool own;

/* The last node's class tells, for the only chain in both families. */
static struct nsf_image *nodes_end(void)
{
	struct nsf_index_node *n = &node[nodes - 1];
	struct nsf_chain *chain;
	u32 row[MAX_CLASSES], c, part;
	u64 bits[2];

	for (c = 0; c < n->classes; c++) {
		bits[0] = c < 64 ? 1ULL << c : 0;
		bits[1] = 0;
		row[c] = index_row(&flat, bits, MAX_CLASSES + 6);
	}
	if (n->kind >= NSF_INDEX_SEARCH && n->kind <= NSF_INDEX_WIDE_DIRECTORY && own) {
		steps_own(n, row);
	} else {
		if (n->kind >= NSF_INDEX_SEARCH && n->kind <= NSF_INDEX_WIDE_DIRECTORY)
			cross_alone();
		node[nodes - 1].rows = index_put(&flat, row, n->classes * sizeof(*row));
	}
	part = index_part(&flat, MAX_CLASSES + 6, node, nodes);
	chain = FLAT(struct nsf_chain, &flat, NSF_SECTION_CHAINS);
	chain->index[0] = part;
	chain->index[1] = part;
	records_add(MAX_CLASSES + 5);
	return image_end(&flat, NSF_DROP);
}

static u32 class_of(const struct nsf_image *img, const struct nsf_packet *p)
{
	struct nsf_index_cursor cur;

	memset(&cur, 0xa5, sizeof(cur));
	return nsf_index_first(img, nsf_image_chains(img), nsf_image_chains(img)->index[0], p,
			       &cur);
}

static u32 class_of_value(const struct nsf_image *img, enum nsf_field f, u64 value)
{
	struct nsf_packet p;

	memset(&p, 0xa5, sizeof(p));
	p.have = 0;
	nsf_packet_set(&p, NSF_FIELD_NFPROTO, 2);
	nsf_packet_set(&p, f, value);
	return class_of(img, &p);
}

static u32 class_of_none(const struct nsf_image *img)
{
	return class_of_value(img, NSF_FIELD_NFPROTO, 2);
}

static void test_table(void **state)
{
	static const u16 class[] = { 3, 0, 4, 1, 2 };
	struct nsf_image *img;
	u32 i;

	(void)state;
	nodes_begin();
	node_add(NSF_INDEX_TABLE, NSF_FIELD_CT_STATE, 6, 5)->table =
		index_put(&flat, class, sizeof(class));
	node[0].count = COUNT(class);
	img = nodes_end();
	for (i = 0; i < COUNT(class); i++)
		assert_int_equal(class_of_value(img, NSF_FIELD_CT_STATE, i), class[i]);
	assert_int_equal(class_of_value(img, NSF_FIELD_CT_STATE, 5), 2);
	assert_int_equal(class_of_value(img, NSF_FIELD_CT_STATE, ~0ULL), 2);
	assert_int_equal(class_of_none(img), 5);
	free(img);
}

static u32 naive32(const u32 *first, u32 n, u32 v)
{
	u32 i = 0;

	while (i + 1 < n && first[i + 1] <= v)
		i++;
	return i;
}

/* Of every size: searches go wrong at their ends. */
static void test_pages(void **state)
{
	static const struct { u32 value, class; } t[] = {
		{ 0, 0 }, { 255, 0 }, { 256, 1 }, { 0x1ff, 2 }, { 0x200, 0 }, { 0xff00, 1 },
		{ 0xffff, 2 }, { 0x10000, 0 },	/* no port is; but it is read inside */
	};
	u8 v[256 + 2 * 512] = { [1] = 1, [255] = 1 };
	u16 *class = (u16 *)(v + 256);
	struct nsf_image *img;
	u32 i;

	(void)state;
	for (i = 0; i < 255; i++)
		class[256 + i] = 1;
	class[511] = 2;
	nodes_begin();
	node_add(NSF_INDEX_PAGES, NSF_FIELD_TH_DPORT, 4, 3)->table = index_put(&flat, v, sizeof(v));
	node[0].count = 2;
	img = nodes_end();
	for (i = 0; i < COUNT(t); i++)
		assert_int_equal(class_of_value(img, NSF_FIELD_TH_DPORT, t[i].value), t[i].class);
	assert_int_equal(class_of_none(img), 3);
	free(img);
}

static void search_try(void)
{
	u32 first[MAX_CLASSES], class[MAX_CLASSES], n, i;
	struct nsf_image *img;

	for (n = 1; n < MAX_CLASSES; n++) {
		for (i = 0; i < n; i++) {
			first[i] = i ? i == 5 ? first[4] + 1 : i * 0x03f00001u : 0;
			class[i] = (i * 7) % n;
		}
		nodes_begin();
		node_add(NSF_INDEX_SEARCH, NSF_FIELD_IP_DADDR, n + 1, n)->table =
			index_steps32(&flat, first, class, n);
		node[0].count = n;
		img = nodes_end();
		for (i = 0; i < n; i++) {
			static const u32 beside[] = { 0, 1, 2, 0x1000000, ~0u };
			u32 b;

			for (b = 0; b < COUNT(beside); b++) {
				u32 v = first[i] + beside[b];

				assert_int_equal(class_of_value(img, NSF_FIELD_IP_DADDR, v),
						 class[naive32(first, n, v)]);
			}
		}
		assert_int_equal(class_of_value(img, NSF_FIELD_IP_DADDR, ~0u), class[n - 1]);
		assert_int_equal(class_of_none(img), n);
		free(img);
	}
}

static void test_search(void **state)
{
	(void)state;
	own = false;
	search_try();
	own = true;
	search_try();
}

static u32 naive64(const u64 *first, u32 n, u64 v)
{
	u32 i = 0;

	while (i + 1 < n && first[i + 1] <= v)
		i++;
	return i;
}

/* Which of @key each slot begins in. */
static void slots_make(const struct nsf_index_window *w, const u64 *key, u32 n, u32 *slot)
{
	u32 s;

	for (s = 0; s <= w->last; s++)
		slot[s] = naive64(key, n, (u64)s << w->shift);
	slot[s] = n - 1;
}

/* Values less the base: what lies below it is behind all others. */
static const struct nsf_index_window window32[] = {
	{ 0x0a000000, 8, 3 }, { 0x0a000000, 0, 0 }, { 0x0a000000, 31, 1 }, { 0, 24, 255 },
	{ 0xffffff00, 4, 7 }, { 1, 16, 65535 }, { 0x0a000000, 31, 0 },
};

static void directory_try(const struct nsf_index_window *w)
{
	static const u64 key[] = {
		0, 1, 0xff, 0x100, 0x1fe, 0x1ff, 0x200, 0x400, 0x401, 0x10000, 0x20001, 0xf6000000,
		0xfffffffe, 0xffffffff,
	};
	u32 *slot = calloc(w->last + 2, sizeof(*slot)), first[COUNT(key)], class[COUNT(key)], i;
	struct nsf_image *img;
	int d;

	assert_non_null(slot);
	slots_make(w, key, COUNT(key), slot);
	for (i = 0; i < COUNT(key); i++) {
		first[i] = (u32)key[i];
		class[i] = i * 3 % COUNT(key);
	}
	nodes_begin();
	node_add(NSF_INDEX_DIRECTORY, NSF_FIELD_IP_SADDR, COUNT(key) + 1, COUNT(key))->count =
		COUNT(key);
	index_window(&node[0], (u32)w->base, w->shift, w->last);
	node[0].table = index_put(&flat, slot, (w->last + 2) * sizeof(*slot));
	index_steps32(&flat, first, class, COUNT(key));
	img = nodes_end();
	for (i = 0; i < COUNT(key); i++)
		for (d = -1; d <= 1; d++) {
			u32 k = first[i] + (u32)d;

			assert_int_equal(class_of_value(img, NSF_FIELD_IP_SADDR, (u32)w->base + k),
					 class[naive64(key, COUNT(key), k)]);
		}
	assert_int_equal(class_of_none(img), COUNT(key));
	free(img);
	free(slot);
}

static void test_directory(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 2 * COUNT(window32); i++) {
		own = i % 2;
		directory_try(&window32[i / 2]);
	}
}

/* With slots where @w: then @first is from the base on. */
static void wide_try(const struct nsf_index_window *w)
{
	static const u64 first[] = { 0, 5, 6, 1ULL << 63 };
	static const u32 to[] = { 0, NSF_INDEX_TO_LOWER | 1, 1, NSF_INDEX_TO_LOWER | 0 };
	static const u64 low0[] = { 0 }, low1[] = { 0, 1, 1ULL << 40 };
	static const u32 class0[] = { 2 }, class1[] = { 3, 4, 5 };
	const struct { u64 hi, lo; u32 class; } t[] = {
		{ 0, 0, 0 }, { 4, ~0ULL, 0 }, { 5, 0, 3 }, { 5, 1, 4 }, { 5, (1ULL << 40) - 1, 4 },
		{ 5, 1ULL << 40, 5 }, { 5, ~0ULL, 5 }, { 6, 0, 1 }, { (1ULL << 63) - 1, 0, 1 },
		{ 1ULL << 63, 9, 2 }, { ~0ULL, ~0ULL, 2 },
	};
	struct nsf_index_lower lower[2];
	struct nsf_image *img;
	struct nsf_packet p = { .have = 0 };
	u32 slot[18], i;
	u64 base = 0;

	nodes_begin();
	lower[0] = (struct nsf_index_lower){
		.count = 1, .table = index_steps64(&flat, low0, class0, 1),
	};
	lower[1] = (struct nsf_index_lower){
		.count = 3, .table = index_steps64(&flat, low1, class1, 3),
	};
	node_add(w ? NSF_INDEX_WIDE_DIRECTORY : NSF_INDEX_WIDE, NSF_FIELD_IP6_DADDR_HI, 7, 6)->count =
		COUNT(first);
	if (w) {
		base = w->base;
		slots_make(w, first, COUNT(first), slot);
		node[0].table = index_put(&flat, w, sizeof(*w));
		index_put(&flat, slot, (w->last + 2) * sizeof(*slot));
		index_steps64(&flat, first, to, COUNT(first));
	} else {
		node[0].table = index_steps64(&flat, first, to, COUNT(first));
	}
	node[0].lower = index_put(&flat, lower, sizeof(lower));
	node[0].lowers = 2;
	img = nodes_end();
	nsf_packet_set(&p, NSF_FIELD_NFPROTO, 10);
	for (i = 0; i < COUNT(t); i++) {
		nsf_packet_set(&p, NSF_FIELD_IP6_DADDR_HI, base + t[i].hi);
		nsf_packet_set(&p, NSF_FIELD_IP6_DADDR_LO, t[i].lo);
		assert_int_equal(class_of(img, &p), t[i].class);
	}
	p.have ^= NSF_BIT(NSF_FIELD_IP6_DADDR_LO);
	assert_int_equal(class_of(img, &p), 6);
	p.have ^= NSF_BIT(NSF_FIELD_IP6_DADDR_LO) | NSF_BIT(NSF_FIELD_IP6_DADDR_HI);
	assert_int_equal(class_of(img, &p), 6);
	free(img);
}

static void test_wide(void **state)
{
	static const struct nsf_index_window window[] = {
		{ 0, 63, 1 }, { 0, 0, 15 }, { 7, 2, 3 }, { 1ULL << 63, 61, 7 }, { ~0ULL, 60, 15 },
		{ 3, 1, 0 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		own = i;
		wide_try(NULL);
	}
	for (i = 0; i < 2 * COUNT(window); i++) {
		own = i % 2;
		wide_try(&window[i / 2]);
	}
}

/* A table: value v has class v * @scale; absent is @classes - 1. */
static void scaled_add(u8 field, u32 classes, u32 scale)
{
	struct nsf_index_node *n = node_add(NSF_INDEX_TABLE, field, (classes - 1) * scale + 1,
					    (classes - 1) * scale);
	u16 class[8];
	u32 i;

	for (i = 0; i < classes; i++)
		class[i] = (u16)(i * scale);
	n->count = classes;
	n->table = index_put(&flat, class, classes * sizeof(*class));
}

static struct nsf_index_node *cross_add(u8 a, u8 b, u8 c, const u16 *class, u32 count, u32 classes)
{
	struct nsf_index_node *n = node_add(NSF_INDEX_CROSS, c, classes, 0);

	n->a = a;
	n->b = b;
	n->count = count;
	n->table = index_put(&flat, class, count * sizeof(*class));
	return n;
}

static u32 class_of_three(const struct nsf_image *img, struct nsf_packet *p, u32 a, u32 b, u32 c)
{
	nsf_packet_set(p, NSF_FIELD_MARK, a);
	nsf_packet_set(p, NSF_FIELD_PKTTYPE, b);
	nsf_packet_set(p, NSF_FIELD_IIF, c);
	return class_of(img, p);
}

/* Of two tables, and of that cross with another one. */
static void test_cross(void **state)
{
	u16 cross[20], again[30];
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	u32 i, a, b, c;

	(void)state;
	for (i = 0; i < COUNT(cross); i++)
		cross[i] = (u16)(i * 3 % 10 * 3);
	for (i = 0; i < COUNT(again); i++)
		again[i] = (u16)(COUNT(again) - 1 - i);
	nodes_begin();
	scaled_add(NSF_FIELD_MARK, 5, 4);
	scaled_add(NSF_FIELD_PKTTYPE, 4, 1);
	scaled_add(NSF_FIELD_IIF, 3, 1);
	cross_add(0, 1, NSF_INDEX_NO_NODE, cross, COUNT(cross), 28);
	cross_add(3, 2, NSF_INDEX_NO_NODE, again, COUNT(again), 30);
	img = nodes_end();
	nsf_packet_set(&p, NSF_FIELD_NFPROTO, 2);
	for (a = 0; a < 5; a++)
		for (b = 0; b < 4; b++)
			for (c = 0; c < 3; c++)
				assert_int_equal(class_of_three(img, &p, a, b, c),
						 again[cross[a * 4 + b] + c]);
	p.have = NSF_BIT(NSF_FIELD_NFPROTO);
	assert_int_equal(class_of(img, &p), again[cross[4 * 4 + 3] + 2]);
	free(img);
}

/* Of three at once. */
static void test_cross_of_three(void **state)
{
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	u32 i, a, b, c;
	u16 cross[60];

	(void)state;
	for (i = 0; i < COUNT(cross); i++)
		cross[i] = (u16)(i * 7 % 60);
	nodes_begin();
	scaled_add(NSF_FIELD_MARK, 5, 12);
	scaled_add(NSF_FIELD_PKTTYPE, 4, 3);
	scaled_add(NSF_FIELD_IIF, 3, 1);
	cross_add(0, 1, 2, cross, COUNT(cross), 60);
	img = nodes_end();
	nsf_packet_set(&p, NSF_FIELD_NFPROTO, 2);
	for (a = 0; a < 5; a++)
		for (b = 0; b < 4; b++)
			for (c = 0; c < 3; c++)
				assert_int_equal(class_of_three(img, &p, a, b, c),
						 cross[a * 12 + b * 3 + c]);
	free(img);
}

/* ---- rows ---- */

/* Rows of @records; each class of each node has other bits. */
static void rows_try(u32 records, u32 operands, unsigned int percent, enum rows_form form,
		     unsigned int *seed)
{
	static const u16 class[] = { 0, 1, 2 };
	u64 bits[NSF_INDEX_MAX_ROWS][3][1024], want;
	u32 row[3], i, c, w, r, words = (records + 63) / 64, at;
	struct nsf_index_cursor cur;
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	u32 pick[NSF_INDEX_MAX_ROWS];

	nodes_begin();
	records_add(2);		/* the first chain, without an index */
	image_ops(&flat, 0, 0, NSF_NO_RULE, &OP(.code = NSF_OP_DROP), 1);
	FLAT(struct nsf_chain, &flat, NSF_SECTION_CHAINS)->policy = NSF_DROP;
	memset(bits, 0, sizeof(bits));
	for (i = 0; i < operands; i++) {
		for (c = 0; c < 3; c++) {
			for (r = 0; r < records; r++)
				if ((unsigned int)rand_r(seed) % 100 < percent)
					bits[i][c][r / 64] |= 1ULL << (r % 64);
			/* Whole words of it are 0. */
			for (w = 0; w < words; w++)
				if (rand_r(seed) % 4 == 0)
					bits[i][c][w] = 0;
			row[c] = index_row_as(&flat, bits[i][c], records, form);
		}
		node_add(NSF_INDEX_TABLE, (u8)(NSF_FIELD_IP6_NEXTHDR + i), 3, 2)->table =
			index_put(&flat, class, sizeof(class));
		node[i].count = 3;
		node[i].rows = index_put(&flat, row, sizeof(row));
	}
	c = index_part_as(&flat, records, node, nodes, form);
	*(struct nsf_chain *)flat_add(&flat, NSF_SECTION_CHAINS, 1) = (struct nsf_chain){
		.id = 8, .hook = 1, .families = 3, .start = 3, .name = 1,
		.index = { c, NSF_NO_INDEX },
	};
	records_add(records - 1);
	img = image_end(&flat, NSF_DROP);

	nsf_packet_set(&p, NSF_FIELD_NFPROTO, 2);
	for (i = 0; i < operands; i++) {
		pick[i] = (u32)rand_r(seed) % 3;
		if (pick[i] < 2)
			nsf_packet_set(&p, NSF_FIELD_IP6_NEXTHDR + i, pick[i]);
	}
	at = nsf_index_first(img, nsf_image_chains(img) + 1, c, &p, &cur);
	for (r = 0; r < records; r++) {
		/* Now every record in turn, now leaps. */
		if (r && rand_r(seed) % 8 == 0)
			r += (u32)rand_r(seed) % (records / 2);
		if (r)
			at = nsf_index_next(&cur, 3 + r);
		for (; r < records; r++) {
			want = ~0ULL;
			for (i = 0; i < operands; i++)
				want &= bits[i][pick[i]][r / 64];
			if (want >> (r % 64) & 1)
				break;
		}
		assert_int_equal(at, r < records ? 3 + r : 3 + records);
	}
	free(img);
}

static void test_rows(void **state)
{
	static const u32 records[] = { 2, 12, 63, 64, 65, 128, 4095, 4096, 4097, 10000, 65533 };
	static const u8 percent[] = { 0, 2, 60, 100 };
	unsigned int seed = 1, form;
	u32 i, k, n;

	(void)state;
	for (i = 0; i < COUNT(records); i++)
		for (k = 0; k < COUNT(percent); k++)
			for (n = 1; n <= NSF_INDEX_MAX_ROWS; n += n < 5 ? 1 : 7)
				for (form = ROWS_SPARSE; form <= ROWS_WHOLE; form++)
					if (records[i] < 10000 || n == 3)
						rows_try(records[i], n, percent[k], form, &seed);
}

/* ---- the classifier ---- */

/* 0 asks for two marks, of which the index has decided as many as is said. */
static void test_decided(void **state)
{
	static const u16 class[] = { 0 };
	const struct nsf_op op[] = {
		OP(.code = NSF_OP_MASK, .field = NSF_FIELD_MARK, .a = 7, .b = ~0ULL),
		OP(.code = NSF_OP_MASK, .field = NSF_FIELD_PKTTYPE, .a = 3, .b = ~0ULL),
		OP(.code = NSF_OP_ACCEPT),
	};
	static const struct { u32 mark, type; u16 decided; u8 end; } t[] = {
		{ 7, 3, 0, NSF_ACCEPT }, { 7, 2, 0, NSF_DROP }, { 6, 3, 0, NSF_DROP },
		{ 7, 3, 1, NSF_ACCEPT }, { 7, 2, 1, NSF_DROP }, { 6, 3, 1, NSF_ACCEPT },
		{ 7, 3, 2, NSF_ACCEPT }, { 7, 2, 2, NSF_ACCEPT }, { 6, 2, 2, NSF_ACCEPT },
	};
	const u64 bits = 3;
	unsigned int i;
	u32 row;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		struct nsf_packet p = { .have = 0 };
		struct nsf_decision d, e;
		struct nsf_image *img;

		nodes_begin();
		row = index_row(&flat, &bits, 2);
		node_add(NSF_INDEX_TABLE, NSF_FIELD_MARK, 1, 0)->table =
			index_put(&flat, class, sizeof(class));
		node[0].count = 1;
		node[0].rows = index_put(&flat, &row, sizeof(row));
		FLAT(struct nsf_chain, &flat, NSF_SECTION_CHAINS)->index[0] =
			index_part(&flat, 2, node, 1);
		image_ops(&flat, 1, 0, 0, op, 3);
		FLAT(struct nsf_record, &flat, NSF_SECTION_RECORDS)->decided[0] = t[i].decided;
		img = image_end(&flat, NSF_DROP);
		nsf_packet_set(&p, NSF_FIELD_NFPROTO, 2);
		nsf_packet_set(&p, NSF_FIELD_MARK, t[i].mark);
		nsf_packet_set(&p, NSF_FIELD_PKTTYPE, t[i].type);
		nsf_classify(img, nsf_image_chains(img), &p, NULL, &d);
		assert_int_equal(d.end, t[i].end);
		nsf_classify_linear(img, nsf_image_chains(img), &p, NULL, &e);
		assert_int_equal(e.end, t[i].mark == 7 && t[i].type == 3 ? NSF_ACCEPT : NSF_DROP);
		/* The other family has no index, and none has decided anything. */
		nsf_packet_set(&p, NSF_FIELD_NFPROTO, 10);
		nsf_classify(img, nsf_image_chains(img), &p, NULL, &d);
		assert_int_equal(d.end, e.end);
		free(img);
	}
}

/*
 * Record i counts in counter i; 2 leads past 3 and 4; 5 accepts. A row for each mark, that
 * leaves out what must be left out to be seen.
 */
static struct nsf_image *counting(const u64 *bits, u32 marks)
{
	static const u16 class[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	const struct nsf_op accept = OP(.code = NSF_OP_ACCEPT);
	struct nsf_state_desc *s;
	u32 row[8], i;

	nodes_begin();
	s = flat_add(&flat, NSF_SECTION_STATES, 6);
	for (i = 0; i < 6; i++)
		s[i] = (struct nsf_state_desc){ .id = i + 1, .kind = NSF_STATE_COUNTER };
	for (i = 0; i < marks; i++)
		row[i] = index_row(&flat, bits + i, 7);
	node_add(NSF_INDEX_TABLE, NSF_FIELD_MARK, marks, 0)->table =
		index_put(&flat, class, marks * 2);
	node[0].count = marks;
	node[0].rows = index_put(&flat, row, marks * 4);
	FLAT(struct nsf_chain, &flat, NSF_SECTION_CHAINS)->index[1] =
		index_part(&flat, 7, node, 1);
	for (i = 0; i < 6; i++) {
		const struct nsf_op op[] = { OP(.code = NSF_OP_COUNTER, .arg = i), accept };

		image_ops(&flat, i + 1, i == 5 ? 0 : i == 2 ? 5 : i + 1, 0, op, i == 5 ? 2 : 1);
	}
	return image_end(&flat, NSF_DROP);
}

static void test_classify(void **state)
{
	static const struct { u64 bits; const char *log; u32 end; } t[] = {
		{ 0x7f, "c0 c1 c2 c5", 5 },
		{ 0x7b, "c0 c1 c3 c4 c5", 5 },	/* without 2 nobody leaps */
		{ 0x3f, "c0 c1 c2 c5", 5 },
		{ 0x1c, "c2", 6 },		/* nobody is left: the policy, though its bit is 0 */
		{ 0x40, "", 6 },
		{ 0, "", 6 },
		{ 0x20, "c5", 5 },
		{ 0x0a, "c1 c3", 6 },
	};
	struct nsf_effect fx = { .limit = true };
	struct nsf_packet p = { .have = 0 };
	struct nsf_decision d;
	struct nsf_image *img;
	u64 bits[COUNT(t)];
	u32 i;

	(void)state;
	for (i = 0; i < COUNT(t); i++)
		bits[i] = t[i].bits;
	img = counting(bits, COUNT(t));
	for (i = 0; i < COUNT(t); i++) {
		nsf_packet_set(&p, NSF_FIELD_NFPROTO, 10);
		nsf_packet_set(&p, NSF_FIELD_MARK, i);
		fx.log[0] = 0;
		memset(&d, 0xa5, sizeof(d));
		nsf_classify(img, nsf_image_chains(img), &p, &fx, &d);
		assert_string_equal(fx.log, t[i].log);
		assert_int_equal(d.record, t[i].end);
		assert_int_equal(d.end, t[i].end == 5 ? NSF_ACCEPT : NSF_DROP);
		assert_int_equal(d.reject_how, 0);
		/* The linear evaluation does not look at it, neither does the other family. */
		fx.log[0] = 0;
		nsf_classify_linear(img, nsf_image_chains(img), &p, &fx, &d);
		assert_string_equal(fx.log, t[0].log);
		nsf_packet_set(&p, NSF_FIELD_NFPROTO, 2);
		fx.log[0] = 0;
		nsf_classify(img, nsf_image_chains(img), &p, &fx, &d);
		assert_string_equal(fx.log, t[0].log);
		assert_int_equal(d.record, 5);
	}
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_cross),
		cmocka_unit_test(test_cross_of_three),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_decided),
		cmocka_unit_test(test_classify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
