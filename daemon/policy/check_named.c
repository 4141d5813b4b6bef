// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_named: the sets and maps of the table: their types and flags.
 */
#include "policy/check_set.h"

#include <stdlib.h>
#include <string.h>

static bool type_unknown(struct check *c, const struct ir_place *place, const char *word)
{
	error(c, place, "sets of type \"%s\" are not supported: accepted are ipv4_addr, ipv6_addr, "
	      "inet_service, inet_proto, ifname, mark and concatenations of them", word);
	return false;
}

static bool too_many(struct check *c, const struct ir_place *place)
{
	error(c, place, "a concatenation has at most %d parts", IR_MAX_FIELDS);
	return false;
}

static bool read_words(struct check *c, const struct ast_type *t, enum type_kind *type,
		       unsigned int *fields)
{
	const struct ast_word *w;
	int kind;

	for (w = t->words; w; w = w->next) {
		if (strcmp(w->text, ".") == 0)
			continue;
		kind = type_find(w->text);
		if (kind < 0)
			return type_unknown(c, &w->place, w->text);
		if (*fields == IR_MAX_FIELDS)
			return too_many(c, &t->place);
		type[(*fields)++] = (enum type_kind)kind;
	}
	return true;
}

static bool read_typeof(struct check *c, const struct ast_type *t, enum type_kind *type,
			unsigned int *fields)
{
	const struct ast_expr *e = t->expr;
	const struct field *f;

	e = e->kind == AST_CONCAT ? e->items : e;
	while (e) {
		if (e->kind != AST_FIELD) {
			error(c, &e->place, "typeof takes a field, as ip saddr, or several, as "
			      "ip saddr . tcp dport");
			return false;
		}
		f = check_field(c, e, false);
		if (!f)
			return false;
		if (!field_type(f)->name) {
			error(c, &e->place, "typeof %s %s is not supported: a set's elements are "
			      "addresses, ports, protocols, interface names or marks",
			      f->word[0], f->word[1]);
			return false;
		}
		if (*fields == IR_MAX_FIELDS)
			return too_many(c, &t->place);
		type[(*fields)++] = f->type;
		e = t->expr->kind == AST_CONCAT ? e->next : NULL;
	}
	return true;
}

static char *type_text(struct check *c, const enum type_kind *type, unsigned int fields)
{
	char text[IR_MAX_FIELDS * 16] = "";
	unsigned int i;

	for (i = 0; i < fields; i++) {
		if (i)
			strcat(text, " . ");
		strcat(text, type_table[type[i]].name);
	}
	return check_strdup(c, text);
}

static bool read_flags(struct check *c, const struct ast_set *a, struct build *b)
{
	const struct ast_option *o;
	const struct ast_word *w;
	bool ok = true;

	for (w = a->flags; w; w = w->next) {
		if (strcmp(w->text, "interval") == 0) {
			b->interval = true;
		} else if (strcmp(w->text, "constant") != 0) {
			error(c, &w->place, "the flag \"%s\" is not supported: accepted are interval, "
			      "constant", w->text);
			ok = false;
		}
	}
	for (o = a->options; o; o = o->next) {
		error(c, &o->place, "\"%s\" of a set is not supported: accepted are type, typeof, "
		      "flags, elements, auto-merge, comment", o->word);
		ok = false;
	}
	b->auto_merge = a->auto_merge;
	if (a->auto_merge && !b->interval) {
		error(c, &a->place, "auto-merge needs \"flags interval\"");
		ok = false;
	}
	return ok;
}

static bool read_type(struct check *c, const struct ast_set *a, enum type_kind *type,
		      unsigned int *fields)
{
	bool ok;

	*fields = 0;
	if (!a->key.place.line || (!a->key.words && !a->key.expr)) {
		error(c, &a->place, "set \"%s\" has no type: expected a line as \"type ipv4_addr\"",
		      a->name);
		return false;
	}
	ok = a->key.words ? read_words(c, &a->key, type, fields) :
			    read_typeof(c, &a->key, type, fields);
	if (!a->map || !ok)
		return ok;
	if (!a->data.words || a->data.words->next || strcmp(a->data.words->text, "verdict") != 0) {
		error(c, a->data.place.line ? &a->data.place : &a->place,
		      "a map to anything but verdicts is not supported: expected "
		      "\"type KEY : verdict\"");
		return false;
	}
	return true;
}

static bool check_named(struct check *c, const struct ast_set *a, struct ir_set *set,
			struct set_info *info)
{
	unsigned int fields;
	struct build b;
	bool ok;

	if (!read_type(c, a, info->type, &fields))
		return false;
	build_init(&b, c, info->type, fields, a->map);
	b.named = true;
	ok = read_flags(c, a, &b);
	if (ok && a->elements)
		ok = build_read(&b, a->elements, NULL);
	/* Known even where an element is wrong, so that its uses can be checked. */
	set->fields = fields;
	set->map = a->map;
	set->text = type_text(c, info->type, fields);
	ok = ok && set->text && build_finish(&b, set);
	build_clean(&b);
	return ok;
}

bool check_sets(struct check *c)
{
	const struct ast_set *a;
	struct ir_set *set;
	unsigned int first;
	size_t n = 0;

	for (a = c->ast->table->sets; a; a = a->next)
		n++;
	c->set_info = calloc(n ? n : 1, sizeof(*c->set_info));
	if (!c->set_info) {
		c->oom = true;
		return false;
	}
	for (a = c->ast->table->sets; a; a = a->next) {
		if (index_find(&c->sets, a->name, &first)) {
			error(c, &a->place, "\"%s\" is defined twice: first on line %u", a->name,
			      c->p->set[first].place.line);
			continue;
		}
		set = build_set(c, &a->place);
		if (!set)
			return false;
		set->name = check_strdup(c, a->name);
		if (!set->name ||
		    !index_add(c, &c->sets, set->name, (unsigned int)(c->p->sets - 1)))
			return false;
		c->named = c->p->sets;
		if (!check_named(c, a, set, &c->set_info[c->named - 1]))
			c->set_info[c->named - 1].broken = !set->fields;
		if (c->oom)
			return false;
	}
	return true;
}
