// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compile_set: from sets of the IR to sorted keys. Linear in the elements, which
 * come sorted; two sets of the same content are one in the image.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile.h"
#include "policy/siphash.h"

#define SLOTS		(2 * NSF_MAX_SETS)	/* a power of 2 */

/* ---- keys ---- */

static u32 be32(const uint8_t *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static void key_write(u32 *w, const struct ir_set *s, const struct ir_element *e, bool last)
{
	unsigned int f, i;

	for (f = 0; f < s->fields; f++) {
		const uint8_t *b = last ? e->key[f].last : e->key[f].first;

		if (s->width[f] == IR_MAX_WIDTH) {
			for (i = 0; i < IR_MAX_WIDTH; i += 4)
				*w++ = be32(b + i);
			continue;
		}
		for (i = 0, *w = 0; i < s->width[f]; i++)
			*w = *w << 8 | b[i];
		w++;
	}
}

static int words_compare(const u32 *a, const u32 *b, unsigned int words)
{
	unsigned int i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* Is @b the key after @a, or before that? Then ranges that they end and begin are one. */
static bool words_touch(const u32 *a, const u32 *b, unsigned int words)
{
	u32 next[NSF_MAX_KEY_WORDS];
	unsigned int i = words;

	memcpy(next, a, words * sizeof(*next));
	while (i && ++next[i - 1] == 0)
		i--;
	return !i || words_compare(b, next, words) <= 0;	/* !i: @a was the last key of all */
}

/* ---- order ---- */

static int element_compare(const struct ir_set *s, const struct ir_element *a,
			   const struct ir_element *b)
{
	unsigned int f;
	int d = 0;

	for (f = 0; f < s->fields && !d; f++)
		d = memcmp(a->key[f].first, b->key[f].first, s->width[f]);
	return d;
}

static int order_compare(const void *a, const void *b, void *set)
{
	const struct ir_element *x = *(const struct ir_element *const *)a;
	const struct ir_element *y = *(const struct ir_element *const *)b;
	int d = element_compare(set, x, y);

	return d ? d : (x > y) - (x < y);	/* what qsort() leaves open, too */
}

/* The elements in order; NULL with *err 0: they are so already. */
static const struct ir_element **order_make(const struct ir_set *s, int *err)
{
	const struct ir_element **order;
	size_t i;

	*err = 0;
	for (i = 1; i < s->elements; i++)
		if (element_compare(s, &s->element[i - 1], &s->element[i]) > 0)
			break;
	if (i >= s->elements)
		return NULL;
	order = malloc(s->elements * sizeof(*order));
	if (!order) {
		*err = -ENOMEM;
		return NULL;
	}
	for (i = 0; i < s->elements; i++)
		order[i] = &s->element[i];
	qsort_r(order, s->elements, sizeof(*order), order_compare, (void *)s);
	return order;
}

bool compile_set_is_exact(const struct ir_set *s)
{
	unsigned int f;
	size_t i;

	for (i = 0; i < s->elements; i++)
		for (f = 0; f < s->fields; f++)
			if (memcmp(s->element[i].key[f].first, s->element[i].key[f].last,
				   s->width[f]))
				return false;
	return true;
}

/* ---- building ---- */

/* @n more words; NULL: an error. */
static u32 *words_add(struct compile *c, const struct ir_set *s, size_t n)
{
	u32 *w;

	if ((flat_n(c->flat, NSF_SECTION_WORDS) + n) * sizeof(u32) > NSF_MAX_IMAGE) {
		compile_error(c, &s->place, "the sets take more than %u bytes once compiled; that is the limit of an image",
			      NSF_MAX_IMAGE);
		return NULL;
	}
	w = flat_add(c->flat, NSF_SECTION_WORDS, n);
	if (!w)
		compile_no_memory(c);
	return w;
}

/* One more element, unless it goes into the one before it (at @w - size). */
static bool element_add(struct compile *c, const struct ir_set *s, struct nsf_set *set,
			const struct ir_element *e)
{
	unsigned int words = set->words, size = set->kind == NSF_SET_EXACT ? words : 2 * words;
	u32 key[2 * NSF_MAX_KEY_WORDS], *w;
	bool merge = set->count && !s->map;

	key_write(key, s, e, false);
	if (set->kind != NSF_SET_EXACT)
		key_write(key + words, s, e, true);
	if (merge) {
		w = FLAT(u32, c->flat, NSF_SECTION_WORDS) +
			flat_n(c->flat, NSF_SECTION_WORDS) - size;
		if (!words_compare(w, key, size))
			return true;
		if (set->kind == NSF_SET_RANGE && words_touch(w + words, key, words)) {
			if (words_compare(w + words, key + words, words) < 0)
				memcpy(w + words, key + words, words * sizeof(*w));
			return true;
		}
	}
	if (set->count == NSF_MAX_ELEMENTS) {
		compile_error(c, &s->place, "the set%s%s has more than %u elements; that is the limit",
			      s->name ? " " : "", s->name ? s->name : "", NSF_MAX_ELEMENTS);
		return false;
	}
	w = words_add(c, s, size);
	if (!w)
		return false;
	memcpy(w, key, size * sizeof(*w));
	set->count++;
	return true;
}

static void keys_add(struct compile *c, const struct ir_set *s, struct nsf_set *set,
		     const struct ir_element **order)
{
	size_t i;

	set->keys = (u32)flat_n(c->flat, NSF_SECTION_WORDS);
	for (i = 0; i < s->elements; i++)
		if (!element_add(c, s, set, order ? order[i] : &s->element[i]))
			return;
}

/* Numbers the map's verdicts as they come, and writes each element's number. */
static void data_add(struct compile *c, const struct ir_set *s, struct nsf_set *set,
		     const struct ir_element **order, struct compile_set *cs)
{
	size_t kinds = 4 + 2 * c->policy->chains, i;
	u32 *number = calloc(kinds, sizeof(*number)), *w;

	cs->verdict = calloc(kinds, sizeof(*cs->verdict));
	if (!number || !cs->verdict) {
		free(number);
		compile_no_memory(c);
		return;
	}
	set->data = (u32)flat_n(c->flat, NSF_SECTION_WORDS);
	w = words_add(c, s, s->elements);
	for (i = 0; w && i < s->elements; i++) {
		const struct ir_verdict *v = &(order ? order[i] : &s->element[i])->verdict;
		size_t k = v->kind;

		if (v->kind == IR_JUMP || v->kind == IR_GOTO)
			k = 4 + 2 * (size_t)v->chain + (v->kind == IR_GOTO);
		if (!number[k]) {
			cs->verdict[cs->verdicts] = *v;
			number[k] = ++cs->verdicts;
		}
		w[i] = number[k] - 1;
	}
	set->targets = cs->verdicts;
	free(number);
}

/* ---- the same content twice ---- */

static size_t words_of(const struct nsf_set *set)
{
	size_t n = (size_t)set->count * set->words * (set->kind == NSF_SET_EXACT ? 1 : 2);

	return set->data == NSF_NO_DATA ? n : n + set->count;
}

static bool is_same(const u32 *words, const struct nsf_set *a, const struct nsf_set *b)
{
	return a->kind == b->kind && a->fields == b->fields && a->count == b->count &&
	       a->targets == b->targets && !memcmp(a->width, b->width, sizeof(a->width)) &&
	       (a->data == NSF_NO_DATA) == (b->data == NSF_NO_DATA) &&
	       (!words_of(a) ||
		!memcmp(words + a->keys, words + b->keys, words_of(a) * sizeof(*words)));
}

/* The index of this set, whose words are the section's last. */
static uint32_t set_intern(struct compile *c, const struct ir_place *place,
			   const struct nsf_set *set)
{
	const u32 *words = FLAT(u32, c->flat, NSF_SECTION_WORDS);
	const struct nsf_set *all = FLAT(struct nsf_set, c->flat, NSF_SECTION_SETS);
	size_t n = flat_n(c->flat, NSF_SECTION_SETS), i;
	struct nsf_set *copy;

	/* An empty section has no memory at all. */
	i = siphash24(words ? (const void *)(words + set->keys) : "",
		      words_of(set) * sizeof(*words), set->kind, set->fields) & (SLOTS - 1);
	for (; c->set_slot[i]; i = (i + 1) & (SLOTS - 1)) {
		if (!is_same(words, &all[c->set_slot[i] - 1], set))
			continue;
		c->flat->section[NSF_SECTION_WORDS].n = set->keys;
		return c->set_slot[i] - 1;
	}
	if (n == NSF_MAX_SETS) {
		compile_error(c, place, "the policy has more than %u different sets; that is the limit",
			      NSF_MAX_SETS);
		return UINT32_MAX;
	}
	copy = flat_add(c->flat, NSF_SECTION_SETS, 1);
	if (!copy) {
		compile_no_memory(c);
		return UINT32_MAX;
	}
	*copy = *set;
	c->set_slot[i] = (uint32_t)n + 1;
	return (uint32_t)n;
}

static void set_build(struct compile *c, const struct ir_set *s, struct compile_set *cs)
{
	struct nsf_set set = { .fields = (u8)s->fields, .data = NSF_NO_DATA };
	const struct ir_element **order;
	unsigned int f;
	int err;

	for (f = 0; f < s->fields; f++) {
		set.width[f] = s->width[f] == IR_MAX_WIDTH ? 4 : 1;
		set.words += set.width[f];
	}
	set.kind = compile_set_is_exact(s) ? NSF_SET_EXACT :
		   s->fields > 1 ? NSF_SET_BOX : NSF_SET_RANGE;
	order = order_make(s, &err);
	if (err) {
		compile_no_memory(c);
		return;
	}
	keys_add(c, s, &set, order);
	/* A map without elements is a set that nothing is in. */
	if (!c->err && s->map && set.count)
		data_add(c, s, &set, order, cs);
	free(order);
	if (!c->err)
		cs->set = set_intern(c, &s->place, &set);
}

const struct compile_set *compile_set(struct compile *c, unsigned int index)
{
	struct compile_set *cs = &c->set[index];

	if (!cs->done) {
		set_build(c, &c->policy->set[index], cs);
		cs->done = true;
	}
	return c->err ? NULL : cs;
}

uint32_t compile_set_interval(struct compile *c, const struct ir_place *place,
			      const uint8_t *first, const uint8_t *last)
{
	struct ir_element e = { .verdict.kind = IR_CONTINUE };
	struct ir_set s = { .fields = 1, .width = { IR_MAX_WIDTH }, .interval = true,
			    .element = &e, .elements = 1, .place = *place };
	struct compile_set cs = { .done = false };

	memcpy(e.key[0].first, first, IR_MAX_WIDTH);
	memcpy(e.key[0].last, last, IR_MAX_WIDTH);
	set_build(c, &s, &cs);
	return c->err ? UINT32_MAX : cs.set;
}
