// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The blocks of a policy: table, chains, sets, and what is included. See parse.h.
 *
 * A block joins the tree where it begins, so that a mistake inside costs one
 * statement and not the block.
 */
#include <errno.h>
#include <string.h>

#include "policy/parse.h"

static void *new(struct parser *p, size_t size)
{
	void *node = ast_alloc(p->file, size);

	if (!node)
		p->nomem = true;
	return node;
}

void block_open(struct parser *p, const struct ir_place *place)
{
	p->block[p->blocks++] = *place;
}

void block_close(struct parser *p)
{
	p->blocks--;
}

bool block_table(struct parser *p, const struct ast_word *family, const char *name,
		 const struct ir_place *place)
{
	const char *written = family ? family->text : "ip";
	struct ast_table *t = p->file->table;

	if (t) {
		if (!strcmp(t->name, name) && !strcmp(t->family, written))
			return true;
		complain(p, place, "a second table: a policy is one table, and \"%s %s\" began in line %u of %s; make it a policy of its own",
			 t->family, t->name, t->place.line, t->place.file);
		return false;
	}
	t = new(p, sizeof(*t));
	if (!t)
		return false;
	t->family = written;
	if (family)
		t->family_place = family->place;
	t->name = name;
	t->place = *place;
	p->file->table = t;
	p->chain_end = &t->chains;
	p->set_end = &t->sets;
	return true;
}

bool block_chain(struct parser *p, const char *name, const struct ir_place *place)
{
	struct ast_chain *c = new(p, sizeof(*c));

	if (!c)
		return false;
	c->name = name;
	c->place = *place;
	*p->chain_end = c;
	p->chain_end = &c->next;
	p->chain = c;
	p->rule_end = &c->rules;
	return true;
}

bool block_set(struct parser *p, const char *name, const struct ir_place *place, bool map)
{
	struct ast_set *s = new(p, sizeof(*s));

	if (!s)
		return false;
	s->name = name;
	s->place = *place;
	s->map = map;
	*p->set_end = s;
	p->set_end = &s->next;
	p->set = s;
	return true;
}

bool block_rule(struct parser *p, struct ast_stmt *stmts, const char *comment,
		const struct ir_place *comment_at, const struct ir_place *place)
{
	struct ast_rule *r = new(p, sizeof(*r));

	if (!r)
		return false;
	r->stmts = stmts;
	r->comment = comment;
	if (comment_at)
		r->comment_place = *comment_at;
	r->place = *place;
	*p->rule_end = r;
	p->rule_end = &r->next;
	p->chain->rule_count++;
	return true;
}

bool block_policy(struct parser *p, const struct ast_expr *value, const struct ir_place *place)
{
	if (p->chain->policy) {
		complain(p, place, "chain \"%s\" has a policy already", p->chain->name);
		return true;
	}
	if (value->kind != AST_WORD && value->kind != AST_STRING) {
		complain(p, place, "the variable holds no policy (accepted: accept, drop)");
		return true;
	}
	p->chain->policy = node_word(p, value->text, place);
	return p->chain->policy;
}

bool block_elements(struct parser *p, const struct ast_expr *set, const struct ir_place *place)
{
	if (p->set->elements)
		complain(p, place, "the elements of \"%s\" are given twice; nft would forget the first ones",
			 p->set->name);
	else if (set->kind != AST_SET)
		complain(p, &set->place, "the variable holds no set; write elements = { ... }");
	else
		p->set->elements = set;
	return true;
}

static bool twice(struct parser *p, const struct ir_place *place)
{
	if (!p->set->key.place.line)
		return false;
	complain(p, place, "the type of \"%s\" is given twice", p->set->name);
	return true;
}

static bool data(struct parser *p, const struct ast_type *value)
{
	if (value && !p->set->map)
		complain(p, &value->place, "a set has no values; a map has: map %s { ... }",
			 p->set->name);
	else if (value)
		p->set->data = *value;
	else if (p->set->map)
		complain(p, &p->set->key.place, "a map has values as well: type KEY : verdict");
	return true;
}

bool block_set_type(struct parser *p, const struct ast_type *key, const struct ast_type *value,
		    const struct ir_place *place)
{
	if (twice(p, place))
		return true;
	p->set->key = *key;
	return data(p, value);
}

bool block_set_typeof(struct parser *p, const struct ast_expr *key, const struct ast_type *value,
		      const struct ir_place *place)
{
	if (twice(p, place))
		return true;
	p->set->key = (struct ast_type){ .expr = key, .place = key->place };
	return data(p, value);
}

bool block_set_option(struct parser *p, const char *word, const struct ast_expr *value,
		      const struct ir_place *word_at, const struct ir_place *value_at)
{
	struct ir_place at = *word_at;
	struct ast_option *o;

	at.end = value_at->line == at.line ? value_at->end : 0;
	o = node_option(p, word, value, &at);
	if (!o)
		return false;
	o->next = (struct ast_option *)p->set->options;
	p->set->options = o;
	return true;
}

bool block_set_option_word(struct parser *p, const char *word, const char *value,
			   const struct ir_place *word_at, const struct ir_place *value_at)
{
	struct ast_expr *e = node_text(p, AST_WORD, value, value_at);

	return e && block_set_option(p, word, e, word_at, value_at);
}

bool block_include(struct parser *p, const char *pattern, const struct ir_place *place)
{
	size_t first;
	char why[512];
	int ret = source_include(p->file->source, pattern, lex_text(p), &first, why,
				 sizeof(why));

	if (ret == -EINVAL) {
		/* Files of a pattern that were read before the bad one count all the same. */
		complain(p, place, "cannot include \"%s\": %s", pattern, why);
		ret = 0;
	}
	if (!ret && first < p->file->source->count)
		ret = lex_include(p, first);
	if (ret)
		p->nomem = true;
	return !ret;
}
