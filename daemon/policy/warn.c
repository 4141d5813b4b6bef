// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * warn: what is allowed but hardly meant. Of a policy without errors; each
 * warning names one place.
 */
#include "policy/warn.h"

#include <stdlib.h>
#include <string.h>

#include "policy/check_int.h"

static bool is_conditional(const struct ir_stmt *s)
{
	switch (s->kind) {
	case IR_MATCH:
	case IR_MAP:
	case IR_LIMIT:
		return true;
	case IR_MARK_SET:
		return s->mark.field == IR_CT_MARK;	/* absent without an entry */
	case IR_CT_MARK_SET:
		return s->mark.field == IR_CT_MARK;
	default:
		return false;
	}
}

/* Does every packet that gets to the rule end here? */
static bool ends_all(const struct ir_rule *r)
{
	const struct ir_stmt *last;
	size_t i;

	if (!r->stmts)
		return false;
	for (i = 0; i < r->stmts; i++)
		if (is_conditional(&r->stmt[i]))
			return false;
	last = &r->stmt[r->stmts - 1];
	return last->kind == IR_REJECT ||
	       (last->kind == IR_VERDICT && last->verdict.kind != IR_JUMP &&
		last->verdict.kind != IR_CONTINUE);
}

static void warn_unreached(const struct warn *w)
{
	size_t i, j;

	for (i = 0; i < w->p->chains; i++) {
		const struct ir_chain *c = &w->p->chain[i];

		for (j = 0; j + 1 < c->rules; j++) {
			if (!ends_all(&c->rule[j]))
				continue;
			ast_warning(w->ast, w->d, &c->rule[j + 1].place, "this is never reached: the rule "
				    "on line %u ends the chain for every packet",
				    c->rule[j].place.line);
			break;
		}
	}
}

static void use(uint8_t *used, const struct ir_verdict *v)
{
	if (v->kind == IR_JUMP || v->kind == IR_GOTO)
		used[v->chain] = 1;
}

static void warn_unused(const struct warn *w)
{
	const struct ir_policy *p = w->p;
	uint8_t *used = calloc(p->chains ? p->chains : 1, 1);
	size_t i, j, k;

	if (!used)
		return;
	for (i = 0; i < p->sets; i++)
		for (j = 0; p->set[i].map && j < p->set[i].elements; j++)
			use(used, &p->set[i].element[j].verdict);
	for (i = 0; i < p->chains; i++)
		for (j = 0; j < p->chain[i].rules; j++)
			for (k = 0; k < p->chain[i].rule[j].stmts; k++)
				if (p->chain[i].rule[j].stmt[k].kind == IR_VERDICT)
					use(used, &p->chain[i].rule[j].stmt[k].verdict);
	for (i = 0; i < p->chains; i++)
		if (!p->chain[i].base && !used[i] && p->chain[i].rules)
			ast_warning(w->ast, w->d, &p->chain[i].place, "no rule leads to chain \"%s\": "
				    "its rules are never reached", p->chain[i].name);
	free(used);
}

static bool is_mark(enum ir_field f)
{
	return f == IR_META_MARK || f == IR_CT_MARK;
}

static bool map_accepts(const struct ir_set *s)
{
	size_t i;

	for (i = 0; i < s->elements; i++)
		if (s->element[i].verdict.kind == IR_ACCEPT)
			return true;
	return false;
}

/* Accepts where nothing but marks was asked. */
static bool trusts_mark(const struct ir_policy *p, const struct ir_rule *r)
{
	bool mark = false;
	size_t i, j;

	for (i = 0; i < r->stmts; i++) {
		const struct ir_stmt *s = &r->stmt[i];

		if (s->kind == IR_VERDICT)
			return mark && s->verdict.kind == IR_ACCEPT;
		if (s->kind == IR_MATCH) {
			for (j = 0; j < s->match.fields; j++)
				if (!is_mark(s->match.field[j]))
					return false;
			mark |= !s->match.negate;
		}
		if (s->kind == IR_MAP) {
			for (j = 0; j < s->map.fields; j++)
				if (!is_mark(s->map.field[j]))
					return false;
			if (map_accepts(&p->set[s->map.set]))
				return true;
			mark = true;
		}
		if (s->kind == IR_MARK_SET || s->kind == IR_CT_MARK_SET)
			return false;
	}
	return false;
}

static void warn_marks(const struct warn *w)
{
	size_t i, j;

	for (i = 0; i < w->p->chains; i++)
		for (j = 0; j < w->p->chain[i].rules; j++)
			if (trusts_mark(w->p, &w->p->chain[i].rule[j]))
				ast_warning(w->ast, w->d, &w->p->chain[i].rule[j].place, "this accepts by "
					    "a mark alone: root in the namespace can set marks");
}

void warn_policy(const struct ast_file *ast, const struct ir_policy *p, struct diags *d)
{
	struct warn w = { ast, p, d };

	if (p->family != IR_INET)
		ast_warning(ast, d, &ast->table->place, "a table of family %s leaves %s open: table "
			    "inet filters both", p->family == IR_IP ? "ip" : "ip6",
			    p->family == IR_IP ? "IPv6" : "IPv4");
	warn_never(&w);
	warn_unreached(&w);
	warn_unused(&w);
	warn_marks(&w);
	warn_cut(&w);
}
