// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check: the table. First the chains get their numbers, then the sets are read,
 * then the rules, so that each finds what it names wherever it is defined.
 */
#include "policy/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/check_int.h"
#include "policy/format.h"
#include "policy/siphash.h"

/* ---- small things that all files use ---- */

static uint64_t hash_text(const char *s)
{
	return siphash24(s, strlen(s), 0, 0);
}

static struct index_entry *index_slot(const struct index *x, const char *name, uint64_t hash)
{
	size_t i = hash & (x->size - 1);

	while (x->slot[i].name && (x->slot[i].hash != hash || strcmp(x->slot[i].name, name) != 0))
		i = (i + 1) & (x->size - 1);
	return &x->slot[i];
}

bool index_find(const struct index *x, const char *name, unsigned int *number)
{
	struct index_entry *e = x->size ? index_slot(x, name, hash_text(name)) : NULL;

	if (!e || !e->name)
		return false;
	*number = e->number;
	return true;
}

/* The entry of @name, a new one perhaps, which has no name yet; NULL: no memory. */
static struct index_entry *index_entry(struct check *c, struct index *x, const char *name)
{
	struct index bigger = { NULL, x->size ? x->size * 2 : 64, x->used };
	uint64_t hash = hash_text(name);
	struct index_entry *e;
	size_t i;

	if (x->used * 2 >= x->size) {
		bigger.slot = calloc(bigger.size, sizeof(*bigger.slot));
		if (!bigger.slot) {
			c->oom = true;
			return NULL;
		}
		for (i = 0; i < x->size; i++) {
			e = &x->slot[i];
			if (e->name)
				*index_slot(&bigger, e->name, e->hash) = *e;
		}
		free(x->slot);
		*x = bigger;
	}
	e = index_slot(x, name, hash);
	if (!e->name) {
		e->hash = hash;
		x->used++;
	}
	return e;
}

/* @name must live as long as the index. */
bool index_add(struct check *c, struct index *x, const char *name, unsigned int number)
{
	struct index_entry *e = index_entry(c, x, name);

	if (!e)
		return false;
	e->name = name;
	e->number = number;
	return true;
}

char *check_strdup(struct check *c, const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		c->oom = true;
	return copy;
}

bool check_grow(struct check *c, void *array, size_t n, size_t *cap, size_t size)
{
	size_t bigger = *cap ? *cap * 2 : 4;
	void *old, *new;

	if (n < *cap)
		return true;
	memcpy(&old, array, sizeof(old));	/* a pointer of any type */
	new = reallocarray(old, bigger, size);
	if (!new) {
		c->oom = true;
		return false;
	}
	memcpy(array, &new, sizeof(new));
	*cap = bigger;
	/* cppcheck-suppress memleak ; it is in *array now */
	return true;
}

struct ir_stmt *check_stmt_add(struct check *c, enum ir_stmt_kind kind,
			       const struct ir_place *place, bool front)
{
	struct ir_rule *r = c->rule;
	struct ir_stmt *s;

	if (!check_grow(c, &r->stmt, r->stmts, &c->rule_cap, sizeof(*s)))
		return NULL;
	s = &r->stmt[r->stmts];
	if (front) {
		memmove(r->stmt + 1, r->stmt, r->stmts * sizeof(*s));
		s = r->stmt;
	}
	r->stmts++;
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->place = *place;
	return s;
}

/* ---- chains and rules ---- */

static bool ends_rule(const struct ast_stmt *s)
{
	return s->kind == AST_REJECT ||
	       (s->kind == AST_VERDICT && s->verdict->kind != AST_CONTINUE);
}

static void check_rule(struct check *c, const struct ast_rule *a, struct ir_rule *r)
{
	const struct ast_stmt *s, *last = NULL;

	r->place = a->place;
	c->rule = r;
	c->rule_cap = 0;
	proto_init(&c->proto, c->p->family);
	for (s = a->stmts; s; s = s->next) {
		if (last) {
			error(c, &s->place, "nothing can follow the verdict, which ends the rule");
			break;
		}
		check_stmt(c, s);
		if (ends_rule(s))
			last = s;
	}
	if (a->comment) {
		if (strlen(a->comment) > 128)
			error(c, &a->comment_place, "the comment is too long: at most 128 bytes");
		r->comment = check_strdup(c, a->comment);
	}
}

static bool check_rules(struct check *c, const struct ast_chain *a, struct ir_chain *chain)
{
	const struct ast_rule *rule;
	struct ir_rule *grown;
	size_t n = 0;

	for (rule = a->rules; rule; rule = rule->next)
		n++;
	if (!n)
		return true;
	grown = reallocarray(chain->rule, chain->rules + n, sizeof(*grown));
	if (!grown) {
		c->oom = true;
		return false;
	}
	chain->rule = grown;
	memset(grown + chain->rules, 0, n * sizeof(*grown));
	for (rule = a->rules; rule && !c->oom; rule = rule->next)
		check_rule(c, rule, &chain->rule[chain->rules++]);
	return !c->oom;
}

/* A chain's block that comes again adds rules; it may repeat the hook, not change it. */
static void check_again(struct check *c, const struct ast_chain *a, struct ir_chain *chain)
{
	struct ir_chain again = { 0 };

	if (!check_chain_base(c, a, &again) || !a->base)
		return;
	if (!chain->base || chain->hook != again.hook || chain->priority != again.priority)
		error(c, &a->place, "chain \"%s\" is not as on line %u: its hook and priority cannot "
		      "change", chain->name, chain->place.line);
	else if (a->policy)
		chain->policy = again.policy;
}

static bool check_chains(struct check *c)
{
	const struct ast_chain *a;
	struct ir_policy *p = c->p;
	bool base = false;
	unsigned int i;
	size_t n = 0;

	for (a = c->ast->table->chains; a; a = a->next)
		n++;
	p->chain = calloc(n ? n : 1, sizeof(*p->chain));
	if (!p->chain)
		goto oom;
	for (a = c->ast->table->chains; a; a = a->next) {
		base |= a->base;
		if (index_find(&c->chains, a->name, &i)) {
			check_again(c, a, &p->chain[i]);
			continue;
		}
		i = (unsigned int)p->chains++;
		p->chain[i].place = a->place;
		p->chain[i].name = check_strdup(c, a->name);
		if (!p->chain[i].name || !index_add(c, &c->chains, p->chain[i].name, i))
			goto oom;
		check_chain_base(c, a, &p->chain[i]);
	}
	if (!base && !c->ast->errors)
		error(c, &c->ast->table->place, "table \"%s\" has no base chain, so no packet gets to "
		      "it: expected a chain with \"type filter hook HOOK priority PRIORITY\"",
		      p->table);
	return true;
oom:
	c->oom = true;
	return false;
}

static bool check_all_rules(struct check *c)
{
	const struct ast_chain *a;
	unsigned int i;

	for (a = c->ast->table->chains; a; a = a->next)
		if (index_find(&c->chains, a->name, &i) &&
		    !check_rules(c, a, &c->p->chain[i]))
			return false;
	return true;
}

static bool check_table(struct check *c)
{
	const struct ast_table *t = c->ast->table;
	const struct ast_option *o;

	c->p->table = check_strdup(c, t->name);
	if (strcmp(t->family, "inet") == 0)
		c->p->family = IR_INET;
	else if (strcmp(t->family, "ip") == 0)
		c->p->family = IR_IP;
	else if (strcmp(t->family, "ip6") == 0)
		c->p->family = IR_IP6;
	else
		error(c, &t->family_place, "tables of family \"%s\" are not supported: accepted are "
		      "inet, ip, ip6", t->family);
	for (o = t->options; o; o = o->next)
		error(c, &o->place, "\"%s\" of a table is not supported", o->word);
	return !c->oom && check_chains(c) && check_sets(c) && check_all_rules(c);
}

/* ---- what is left once all is right ---- */

/* The n-th rule of the same text in a chain has number n: 0 for the first. */
static bool name_rules(struct check *c, const struct ir_chain *chain)
{
	struct index seen = { 0 };
	struct index_entry *e;
	size_t i, len = strlen(chain->name) + 1, size;
	unsigned int n;
	char *key;

	for (i = 0; i < chain->rules; i++) {
		struct ir_rule *r = &chain->rule[i];

		r->text = format_rule(c->p, r);
		if (!r->text)
			goto oom;
		e = index_entry(c, &seen, r->text);
		if (!e)
			goto oom;
		n = e->name ? e->number + 1 : 0;
		e->name = r->text;
		e->number = n;
		size = len + strlen(r->text) + 1;
		key = malloc(size + 4);
		if (!key)
			goto oom;
		memcpy(key, chain->name, len);
		memcpy(key + len, r->text, size - len);
		key[size] = (char)(n & 0xff);
		key[size + 1] = (char)(n >> 8 & 0xff);
		key[size + 2] = (char)(n >> 16 & 0xff);
		key[size + 3] = (char)(n >> 24 & 0xff);
		r->id = siphash24(key, size + 4, 0, 0);
		free(key);
	}
	free(seen.slot);
	return true;
oom:
	free(seen.slot);
	c->oom = true;
	return false;
}

struct place_map {
	const struct ast_file *ast;
	struct ir_policy *p;
	const char *last;
	const char *to;
};

static void move_place(struct place_map *m, struct ir_place *place)
{
	size_t i;

	if (place->file != m->last) {
		m->last = place->file;
		m->to = m->p->files ? m->p->file[0] : NULL;
		for (i = 0; i < m->p->files; i++)
			if (ast_file_name(m->ast, i) == place->file)
				m->to = m->p->file[i];
	}
	place->file = m->to;
}

/* Files' names are the tree's so far: gives the policy its own. */
static bool move_places(struct check *c)
{
	struct place_map m = { c->ast, c->p, NULL, NULL };
	struct ir_policy *p = c->p;
	size_t i, j, k, n = 0;

	while (ast_file_name(c->ast, n))
		n++;
	p->file = calloc(n ? n : 1, sizeof(*p->file));
	if (!p->file) {
		c->oom = true;
		return false;
	}
	for (i = 0; i < n; i++) {
		p->file[i] = check_strdup(c, ast_file_name(c->ast, i));
		if (!p->file[i])
			return false;
		p->files++;
	}
	for (i = 0; i < p->sets; i++)
		move_place(&m, &p->set[i].place);
	for (i = 0; i < p->chains; i++) {
		move_place(&m, &p->chain[i].place);
		for (j = 0; j < p->chain[i].rules; j++) {
			move_place(&m, &p->chain[i].rule[j].place);
			for (k = 0; k < p->chain[i].rule[j].stmts; k++)
				move_place(&m, &p->chain[i].rule[j].stmt[k].place);
		}
	}
	return true;
}

int policy_check(const struct ast_file *ast, const char *name, struct ir_policy **out,
		 struct diags *d)
{
	struct check c = { .ast = ast, .d = d };
	size_t errors = d->errors, i;
	int err = -EINVAL;

	*out = NULL;
	if (!ast->table)
		return -EINVAL;
	c.p = calloc(1, sizeof(*c.p));
	if (!c.p)
		return -ENOMEM;
	c.p->name = check_strdup(&c, name);
	if (!c.p->name || !check_table(&c))
		goto out;
	/* Of the verdicts that could be read, so that loops are told in the same run. */
	if (c.p->chains)
		check_graph(&c);
	if (d->errors != errors || ast->errors || c.oom)
		goto out;
	for (i = 0; i < c.p->chains; i++)
		if (!name_rules(&c, &c.p->chain[i]))
			goto out;
	warn_policy(ast, c.p, d);
	if (!move_places(&c))
		goto out;
	err = 0;
	*out = c.p;
	c.p = NULL;
out:
	if (err && c.oom)
		err = -ENOMEM;
	free(c.chains.slot);
	free(c.sets.slot);
	free(c.set_info);
	ir_policy_free(c.p);
	return err;
}
