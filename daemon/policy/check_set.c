// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_set: sets and verdict maps. Elements are read in the order written, then
 * sorted; what overlaps is merged or refused, as nft does:
 *
 *                     same element twice   overlap            neighbours
 *   set, named        once                 refused            kept
 *     auto-merge      once                 merged             merged
 *   set, anonymous    once                 merged             merged (with ranges)
 *   map               once, if the verdict is the same; else refused
 *   concatenation     once                 refused            kept
 */
#include "policy/check_set.h"

#include <stdlib.h>
#include <string.h>

#include "policy/format.h"

/* More elements than this, of which each might overlap each, are not compared. */
#define MAX_TANGLE	8192
#define MAX_CONFLICTS	20	/* told of one set */

void build_init(struct build *b, struct check *c, const enum type_kind *t,
		unsigned int fields, bool map)
{
	unsigned int i;

	memset(b, 0, sizeof(*b));
	b->c = c;
	b->type = t;
	b->fields = fields;
	b->map = map;
	for (i = 0; i < fields; i++)
		b->width[i] = type_table[t[i]].width;
}

void build_clean(struct build *b)
{
	free(b->e);
	free(b->place);
	free(b->item);
}

static struct ir_element *build_add(struct build *b, const struct ir_place *place)
{
	if (!check_grow(b->c, &b->e, b->n, &b->cap, sizeof(*b->e)) ||
	    !check_grow(b->c, &b->place, b->n, &b->place_cap, sizeof(*b->place)))
		return NULL;
	memset(&b->e[b->n], 0, sizeof(*b->e));
	b->place[b->n] = place;
	return &b->e[b->n++];
}

bool check_verdict(struct check *c, const struct ast_verdict *v, struct ir_verdict *out)
{
	static const enum ir_verdict_kind kinds[] = {
		[AST_ACCEPT] = IR_ACCEPT, [AST_DROP] = IR_DROP, [AST_CONTINUE] = IR_CONTINUE,
		[AST_RETURN] = IR_RETURN, [AST_JUMP] = IR_JUMP, [AST_GOTO] = IR_GOTO,
	};

	out->kind = kinds[v->kind];
	out->chain = 0;
	if (v->kind != AST_JUMP && v->kind != AST_GOTO)
		return true;
	if (!index_find(&c->chains, v->chain, &out->chain)) {
		error(c, &v->chain_place, "there is no chain \"%s\" in this table", v->chain);
		return false;
	}
	if (c->p->chain[out->chain].base) {
		error(c, &v->chain_place, "\"%s\" is a base chain: only its hook leads there; "
		      "put the rules in a chain without a hook to jump to", v->chain);
		return false;
	}
	return true;
}

/* Reads one key into @e. */
static bool read_key(struct build *b, const struct ast_expr *key, struct ir_element *e)
{
	const struct ast_expr *part = key;
	struct value v;
	unsigned int i;
	bool ok = true;

	if (b->fields > 1) {
		if (key->kind != AST_CONCAT || key->count != b->fields) {
			error(b->c, &key->place, "an element of this set has %u parts, a . b",
			      b->fields);
			return false;
		}
		part = key->items;
	} else if (key->kind == AST_CONCAT) {
		error(b->c, &key->place, "an element of this set has one part: expected %s",
		      type_table[b->type[0]].what);
		return false;
	}
	for (i = 0; i < b->fields; i++, part = part->next) {
		if (!check_value(b->c, part, b->type[i], &v)) {
			ok = false;
			continue;
		}
		if (v.interval && b->named && !b->interval) {
			error(b->c, &part->place, "a set with ranges or prefixes needs "
			      "\"flags interval\"");
			ok = false;
		}
		e->key[i] = v.r;
		b->interval |= v.interval;
	}
	return ok;
}

static bool is_prefix_mask(const uint8_t *mask, unsigned int width)
{
	bool ended = false;
	unsigned int i;
	int bit;

	for (i = 0; i < width; i++)
		for (bit = 7; bit >= 0; bit--) {
			if (!(mask[i] >> bit & 1))
				ended = true;
			else if (ended)
				return false;
		}
	return true;
}

/*
 * (field & mask) == value, as keys of the field itself: @e has the value and is
 * the last of @b. One byte: each that fits. More: where the mask is a prefix.
 */
static bool unmask(struct build *b, const struct ast_expr *key, const uint8_t *mask)
{
	struct ir_element proto = b->e[b->n - 1], *e;
	unsigned int width = b->width[0], i;
	const uint8_t *v = proto.key[0].first;
	bool fits = true;

	b->n--;
	if (memcmp(v, proto.key[0].last, width) != 0) {
		error(b->c, &key->place, "a range does not go with a mask");
		return false;
	}
	if (width == 1) {
		for (i = 0; i < 1u << type_table[b->type[0]].bits; i++) {
			if ((i & mask[0]) != v[0])
				continue;
			e = build_add(b, &key->place);
			if (!e)
				return false;
			*e = proto;
			e->key[0].first[0] = e->key[0].last[0] = (uint8_t)i;
		}
		return true;
	}
	if (!is_prefix_mask(mask, width)) {
		error(b->c, &key->place, "a set goes only with a mask whose bits are the upper ones: "
		      "write a rule for each value");
		return false;
	}
	for (i = 0; i < width; i++)
		fits &= (v[i] & ~mask[i]) == 0;
	if (!fits)
		return true;	/* no packet has it */
	e = build_add(b, &key->place);
	if (!e)
		return false;
	*e = proto;
	for (i = 0; i < width; i++)
		e->key[0].last[i] |= (uint8_t)~mask[i];
	b->interval = true;
	return true;
}

bool build_read(struct build *b, const struct ast_expr *set, const uint8_t *mask)
{
	const struct ast_element *a;
	const struct ast_option *o;
	struct ir_element *e;
	bool ok = true;

	for (a = set->elements; a; a = a->next) {
		bool good;

		for (o = a->options; o; o = o->next) {
			error(b->c, &o->place, "\"%s\" of an element is not supported", o->word);
			ok = false;
		}
		e = build_add(b, &a->key->place);
		if (!e)
			return false;
		good = read_key(b, a->key, e);
		if (a->data) {
			error(b->c, &a->data->place, "a map's value is a verdict here: accept, drop, "
			      "return, continue, jump CHAIN, goto CHAIN");
			good = false;
		} else if (b->map && !a->verdict) {
			error(b->c, &a->key->place, "an element of a map has a verdict: expected "
			      "KEY : VERDICT");
			good = false;
		} else if (!b->map && a->verdict) {
			error(b->c, &a->verdict->place, "an element of a set has no verdict: a map is "
			      "written with vmap");
			good = false;
		} else if (a->verdict) {
			good &= check_verdict(b->c, a->verdict, &e->verdict);
		}
		if (!good) {
			b->n--;
			ok = false;
			if (b->c->oom)
				return false;
		} else if (mask && !unmask(b, a->key, mask)) {
			ok = false;
		}
	}
	return ok;
}

/* ---- order ---- */

static uint64_t head_of(const struct build *b, const struct ir_element *e)
{
	uint64_t head = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		head = head << 8 | (i < b->width[0] ? e->key[0].first[i] : 0);
	return head;
}

static int compare_items(const void *x, const void *y, void *data)
{
	const struct item *a = x, *b = y;
	const struct build *build = data;
	unsigned int i;
	int r;

	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	for (i = 0; i < build->fields; i++) {
		r = memcmp(a->e->key[i].first, b->e->key[i].first, build->width[i]);
		if (r)
			return r;
	}
	for (i = 0; i < build->fields; i++) {
		r = memcmp(a->e->key[i].last, b->e->key[i].last, build->width[i]);
		if (r)
			return r;
	}
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool same_key(const struct build *b, const struct ir_element *x, const struct ir_element *y)
{
	unsigned int i;

	for (i = 0; i < b->fields; i++)
		if (memcmp(x->key[i].first, y->key[i].first, b->width[i]) != 0 ||
		    memcmp(x->key[i].last, y->key[i].last, b->width[i]) != 0)
			return false;
	return true;
}

static bool same_verdict(const struct ir_element *x, const struct ir_element *y)
{
	return x->verdict.kind == y->verdict.kind && x->verdict.chain == y->verdict.chain;
}

static bool overlap_in(const struct build *b, unsigned int i, const struct ir_element *x,
		       const struct ir_element *y)
{
	return memcmp(x->key[i].first, y->key[i].last, b->width[i]) <= 0 &&
	       memcmp(y->key[i].first, x->key[i].last, b->width[i]) <= 0;
}

/* Adds 1 to @v; false where it was the last. */
static bool increment(uint8_t *v, unsigned int width)
{
	while (width--)
		if (++v[width])
			return true;
	return false;
}

static bool conflict(struct build *b, const struct item *x, const struct item *y)
{
	const struct item *later = x->order > y->order ? x : y;
	const struct item *earlier = later == x ? y : x;
	bool same = same_key(b, x->e, y->e);
	char *k1, *k2;

	if (b->conflicts++ >= MAX_CONFLICTS)
		return false;
	k1 = format_key(later->e, b->type, b->fields);
	k2 = format_key(earlier->e, b->type, b->fields);
	if (!k1 || !k2)
		b->c->oom = true;
	else if (same)
		error(b->c, later->place, "%s is already in the map, with another verdict, on line %u",
		      k1, earlier->place->line);
	else if (b->map || b->fields > 1)
		error(b->c, later->place, "%s overlaps %s on line %u", k1, k2,
		      earlier->place->line);
	else
		error(b->c, later->place, "%s overlaps %s on line %u: elements must not, unless the "
		      "set says \"auto-merge\"", k1, k2, earlier->place->line);
	free(k1);
	free(k2);
	return false;
}

/* Drops what stands twice; of a map only with the same verdict. */
static bool drop_same(struct build *b)
{
	size_t i, n = 0;
	bool ok = true;

	for (i = 0; i < b->n; i++) {
		if (n && same_key(b, b->item[n - 1].e, b->item[i].e)) {
			if (b->map && !same_verdict(b->item[n - 1].e, b->item[i].e))
				ok = conflict(b, &b->item[n - 1], &b->item[i]);
			continue;
		}
		b->item[n++] = b->item[i];
	}
	b->n = n;
	return ok;
}

/* One field, sorted. */
static bool merge_line(struct build *b)
{
	bool merge = b->named ? b->auto_merge : !b->map && b->interval;
	unsigned int width = b->width[0];
	size_t i, n = 0;
	bool ok = true;

	for (i = 0; i < b->n; i++) {
		struct item *top = n ? &b->item[n - 1] : NULL;
		uint8_t after[IR_MAX_WIDTH];
		bool overlaps, touches;

		if (!top) {
			b->item[n++] = b->item[i];
			continue;
		}
		overlaps = overlap_in(b, 0, top->e, b->item[i].e);
		if (overlaps && !merge)
			ok = conflict(b, top, &b->item[i]);
		memcpy(after, top->e->key[0].last, sizeof(after));
		touches = increment(after, width) &&
			  memcmp(after, b->item[i].e->key[0].first, width) == 0;
		if (overlaps || (touches && merge)) {
			if (memcmp(top->e->key[0].last, b->item[i].e->key[0].last, width) < 0)
				memcpy(top->e->key[0].last, b->item[i].e->key[0].last,
				       IR_MAX_WIDTH);
			continue;
		}
		b->item[n++] = b->item[i];
	}
	b->n = n;
	return ok;
}

struct by_field {
	const struct build *b;
	unsigned int field;
};

static int compare_field(const void *x, const void *y, void *data)
{
	const struct item *a = x, *b = y;
	const struct by_field *by = data;
	int r = memcmp(a->e->key[by->field].first, b->e->key[by->field].first,
		       by->b->width[by->field]);

	return r ? r : a->order < b->order ? -1 : a->order > b->order;
}

/*
 * Boxes: those that do not overlap in one field cannot overlap. Splits by one
 * field after the other, and compares what is left together.
 */
static bool check_boxes(struct build *b, struct item *item, size_t n, unsigned int field)
{
	struct by_field by = { b, field };
	size_t i, j, start = 0;
	const uint8_t *last;
	unsigned int k;
	bool ok = true;

	if (n < 2 || b->conflicts > MAX_CONFLICTS)
		return true;
	if (field == b->fields) {
		if (n > MAX_TANGLE) {
			error(b->c, item[0].place, "too many elements of this set (%zu) have ranges "
			      "that cross: at most %d", n, MAX_TANGLE);
			return false;
		}
		for (i = 0; i < n && b->conflicts <= MAX_CONFLICTS; i++)
			for (j = i + 1; j < n; j++) {
				for (k = 0; k < b->fields; k++)
					if (!overlap_in(b, k, item[i].e, item[j].e))
						break;
				if (k == b->fields)
					ok = conflict(b, &item[i], &item[j]);
			}
		return ok;
	}
	qsort_r(item, n, sizeof(*item), compare_field, &by);
	last = item[0].e->key[field].last;
	for (i = 1; i <= n; i++) {
		if (i < n && memcmp(item[i].e->key[field].first, last, b->width[field]) <= 0) {
			if (memcmp(item[i].e->key[field].last, last, b->width[field]) > 0)
				last = item[i].e->key[field].last;
			continue;
		}
		ok &= check_boxes(b, item + start, i - start, field + 1);
		start = i;
		if (i < n)
			last = item[i].e->key[field].last;
	}
	return ok;
}

static bool is_exact(const struct build *b, const struct ir_element *e)
{
	unsigned int i;

	for (i = 0; i < b->fields; i++)
		if (memcmp(e->key[i].first, e->key[i].last, b->width[i]) != 0)
			return false;
	return true;
}

/* Sorts, merges, and gives the elements to @set. */
bool build_finish(struct build *b, struct ir_set *set)
{
	struct ir_element *sorted;
	bool ok;
	size_t i;

	b->item = malloc((b->n ? b->n : 1) * sizeof(*b->item));
	if (!b->item)
		goto oom;
	for (i = 0; i < b->n; i++)
		b->item[i] = (struct item){ head_of(b, &b->e[i]), &b->e[i], b->place[i], i };
	qsort_r(b->item, b->n, sizeof(*b->item), compare_items, b);
	ok = drop_same(b);
	if (b->fields == 1) {
		ok = merge_line(b) && ok;
	} else if (b->interval) {
		ok = check_boxes(b, b->item, b->n, 0) && ok;
		qsort_r(b->item, b->n, sizeof(*b->item), compare_items, b);
	}
	if (!ok)
		return false;

	sorted = malloc((b->n ? b->n : 1) * sizeof(*sorted));
	if (!sorted)
		goto oom;
	for (i = 0; i < b->n; i++)
		sorted[i] = *b->item[i].e;
	set->element = sorted;
	set->elements = b->n;
	set->interval = b->named && b->interval;
	for (i = 0; i < b->n && !set->interval; i++)
		set->interval = !is_exact(b, &sorted[i]);
	set->map = b->map;
	set->fields = b->fields;
	memcpy(set->width, b->width, sizeof(set->width));
	return true;

oom:
	b->c->oom = true;
	return false;
}

struct ir_set *build_set(struct check *c, const struct ir_place *place)
{
	struct ir_policy *p = c->p;
	size_t cap = p->sets;
	struct ir_set *set;

	/* Powers of two, so that no capacity need be kept. */
	if ((p->sets & (p->sets - 1)) == 0) {
		cap = p->sets ? p->sets * 2 : 1;
		set = realloc(p->set, cap * sizeof(*set));
		if (!set) {
			c->oom = true;
			return NULL;
		}
		p->set = set;
	}
	set = &p->set[p->sets++];
	memset(set, 0, sizeof(*set));
	set->place = *place;
	return set;
}

bool check_set_literal(struct check *c, const struct ast_expr *e, const enum type_kind *t,
		       unsigned int fields, bool map, const uint8_t *mask, unsigned int *number)
{
	struct ir_set *set;
	struct build b;
	bool ok;

	if (!e->element_count) {
		error(c, &e->place, "an empty set matches nothing: expected at least one element");
		return false;
	}
	build_init(&b, c, t, fields, map);
	ok = build_read(&b, e, mask);
	if (ok) {
		set = build_set(c, &e->place);
		ok = set && build_finish(&b, set);
		*number = (unsigned int)(c->p->sets - 1);
	}
	build_clean(&b);
	return ok;
}
