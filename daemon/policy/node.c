// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nodes of expressions. See parse.h.
 *
 * Here is what the grammar cannot see because a variable may stand for anything:
 * which values can be parts of which. Depth and number of nodes are bounded here.
 */
#include <string.h>

#include "policy/parse.h"

static void *new(struct parser *p, size_t size)
{
	void *node = ast_alloc(p->file, size);

	if (!node)
		p->nomem = true;
	return node;
}

static struct ast_expr *new_expr(struct parser *p, enum ast_expr_kind kind,
				 const struct ir_place *place)
{
	struct ast_expr *e = new(p, sizeof(*e));

	if (e) {
		e->kind = kind;
		e->place = *place;
		e->depth = 1;
		e->weight = 1;
	}
	return e;
}

struct ast_expr *node_text(struct parser *p, enum ast_expr_kind kind, const char *text,
			   const struct ir_place *place)
{
	struct ast_expr *e;

	if (!text) {
		p->nomem = true;
		return NULL;
	}
	e = new_expr(p, kind, place);
	if (e)
		e->text = text;
	return e;
}

struct ast_expr *node_number(struct parser *p, const char *text, uint64_t number,
			     const struct ir_place *place)
{
	struct ast_expr *e = node_text(p, AST_NUMBER, text, place);

	if (e)
		e->number = number;
	return e;
}

struct ast_word *node_word(struct parser *p, const char *text, const struct ir_place *place)
{
	struct ast_word *w = new(p, sizeof(*w));

	if (w) {
		w->text = text;
		w->place = *place;
	}
	return w;
}

void node_append_word(struct ast_word *list, struct ast_word *w)
{
	while (list->next)
		list = list->next;
	list->next = w;
}

struct ast_expr *node_field2(struct parser *p, const char *first, const struct ir_place *first_at,
			     const char *second, const struct ir_place *second_at,
			     const struct ir_place *place)
{
	struct ast_expr *e = new_expr(p, AST_FIELD, place);

	if (!e)
		return NULL;
	e->word = node_word(p, first, first_at);
	if (!e->word)
		return NULL;
	e->word->next = node_word(p, second, second_at);
	return e->word->next ? e : NULL;
}

bool node_field_more(struct parser *p, struct ast_expr *e, const char *word,
		     const struct ir_place *place)
{
	struct ast_word *w = node_word(p, word, place);

	if (!w)
		return false;
	node_append_word(e->word, w);
	return true;
}

static const char *name_of(const struct ast_expr *e)
{
	switch (e->kind) {
	case AST_SET:
		return "a set";
	case AST_SETREF:
		return "a named set";
	case AST_LIST:
		return "a list";
	case AST_CONCAT:
		return "a concatenation";
	case AST_RANGE:
		return "a range";
	case AST_PREFIX:
		return "an address with a prefix length";
	default:
		return "this";
	}
}

/* Whether @e can be a part of a node of @kind; only a variable's value may not. */
static bool fits(struct parser *p, enum ast_expr_kind kind, const struct ast_expr *e)
{
	const char *whole = kind == AST_CONCAT ? "a concatenation" : kind == AST_LIST ? "a list" :
			    kind == AST_RANGE ? "a range" : kind == AST_PREFIX ? "a prefix" :
			    "an operation on bits";

	switch (e->kind) {
	case AST_SET:
	case AST_SETREF:
	case AST_CONCAT:
		break;
	case AST_LIST:
		if (kind == AST_LIST)
			return true;
		break;
	case AST_RANGE:
	case AST_PREFIX:
		if (kind == AST_CONCAT || kind == AST_LIST)
			return true;
		break;
	default:
		return true;
	}
	complain(p, &e->place, "%s cannot be a part of %s; a single value is expected here",
		 name_of(e), whole);
	return false;
}

/* @e with @part below it. */
static bool grow(struct parser *p, struct ast_expr *e, const struct ast_expr *part)
{
	uint64_t weight = (uint64_t)e->weight + part->weight;

	if (part->depth >= e->depth)
		e->depth = part->depth + 1;
	e->weight = weight > UINT32_MAX ? UINT32_MAX : (uint32_t)weight;
	if (e->depth <= AST_MAX_DEPTH)
		return true;
	complain(p, &e->place, "this nests more than %d deep", AST_MAX_DEPTH);
	return false;
}

struct ast_expr *node_pair(struct parser *p, enum ast_expr_kind kind, enum ast_op op,
			   struct ast_expr *left, struct ast_expr *right,
			   const struct ir_place *place)
{
	struct ast_expr *e;

	if (!fits(p, kind, left) || !fits(p, kind, right))
		return NULL;
	e = new_expr(p, kind, place);
	if (!e)
		return NULL;
	e->left = left;
	e->right = right;
	e->op = op;
	return grow(p, e, left) && grow(p, e, right) ? e : NULL;
}

/* Behind the last item of @list; lists within lists become one. */
static bool append(struct parser *p, struct ast_expr *list, struct ast_expr *item)
{
	const struct ast_expr *each = item->kind == AST_LIST ? item->items : item, *next;

	for (; each; each = next) {
		struct ast_expr *copy = new_expr(p, each->kind, &each->place);

		if (!copy)
			return false;
		next = item->kind == AST_LIST ? each->next : NULL;
		*copy = *each;
		copy->next = NULL;
		if (list->count)
			list->last->next = copy;
		else
			list->items = copy;
		list->last = copy;
		list->count++;
		if (!grow(p, list, copy))
			return false;
	}
	return true;
}

struct ast_expr *node_append(struct parser *p, enum ast_expr_kind kind, struct ast_expr *list,
			     struct ast_expr *item, const struct ir_place *place)
{
	struct ast_expr *e = list;

	/* A variable's value is not one in the making: it must not change. */
	if (list->kind != kind || list->defined) {
		if (!fits(p, kind, list))
			return NULL;
		e = new_expr(p, kind, place);
		if (!e || !append(p, e, list))
			return NULL;
	}
	if (!fits(p, kind, item) || !append(p, e, item))
		return NULL;
	e->place = *place;
	return e;
}

struct ast_expr *node_set(struct parser *p, const struct parse_elements *elements,
			  const struct ir_place *place)
{
	struct ast_expr *e = new_expr(p, AST_SET, place);

	if (e) {
		e->elements = elements->first;
		e->element_count = elements->count;
		e->weight = elements->weight + 1;
		e->depth = 2;
	}
	return e;
}

struct ast_element *node_new_element(struct parser *p, struct ast_expr *key)
{
	struct ast_element *e = new(p, sizeof(*e));

	if (e)
		e->key = key;
	return e;
}

bool node_element_option(struct parser *p, struct ast_element *e, const char *word,
			 const struct ir_place *place)
{
	struct ast_option *o = node_option(p, word, NULL, place);

	if (!o)
		return false;
	o->next = (struct ast_option *)e->options;
	e->options = o;
	return true;
}

static bool put(struct parser *p, struct parse_elements *list, struct ast_element *e)
{
	if (++p->elements > AST_MAX_ELEMENTS) {
		complain(p, &e->key->place, "the sets of this policy have more than %u elements",
			 AST_MAX_ELEMENTS);
		return false;
	}
	if (list->last)
		list->last->next = e;
	else
		list->first = e;
	list->last = e;
	list->count++;
	if (list->weight < UINT32_MAX / 2)
		list->weight += e->key->weight;
	return true;
}

bool node_element(struct parser *p, struct parse_elements *list, struct ast_element *e)
{
	const struct ast_element *each;

	if (e->key->kind == AST_LIST) {
		complain(p, &e->key->place, "a list cannot be an element of a set; define it as a set: { ... }");
		return false;
	}
	if (e->key->kind != AST_SET)
		return put(p, list, e);
	if (e->verdict || e->data || e->comment || e->options) {
		complain(p, &e->key->place, "a variable that holds a set stands for its elements, and takes nothing behind it");
		return false;
	}
	for (each = e->key->elements; each; each = each->next) {
		struct ast_element *copy = new(p, sizeof(*copy));

		if (!copy)
			return false;
		*copy = *each;
		copy->next = NULL;
		if (!put(p, list, copy))
			return false;
	}
	return true;
}

bool node_must_be_set(struct parser *p, const struct ast_expr *e, const struct ir_place *place)
{
	if (e->kind == AST_SET || e->kind == AST_SETREF)
		return true;
	complain(p, place, "the variable holds no map; write vmap { KEY : VERDICT, ... } or vmap @NAME");
	return false;
}
