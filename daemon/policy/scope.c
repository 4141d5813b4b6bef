// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Variables. See parse.h.
 *
 * As in nft: a name is visible in the block where it is defined and in the blocks
 * within, from there on; `define` refuses a name that is visible already,
 * `redefine` hides it, `undefine` forgets what this very block defined.
 */
#include <string.h>

#include "policy/parse.h"

static unsigned int hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return (h ^ h >> 16) % SCOPE_BUCKETS;
}

static struct scope_var *find(struct parser *p, const char *name)
{
	struct scope_var *v;

	for (v = p->var[hash(name)]; v; v = v->next)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

void scope_open(struct parser *p)
{
	p->scope++;
}

void scope_close(struct parser *p)
{
	size_t i;

	/* Newer blocks are in front: what this block defined is the beginning of a bucket. */
	for (i = 0; i < SCOPE_BUCKETS; i++)
		while (p->var[i] && p->var[i]->level == p->scope)
			p->var[i] = p->var[i]->next;
	p->scope--;
}

void scope_define(struct parser *p, const char *name, const struct ir_place *place,
		  const struct ast_expr *value, bool again)
{
	struct scope_var *v = find(p, name), **bucket = &p->var[hash(name)];

	if (v && !again) {
		complain(p, place, "\"%s\" is defined already, in line %u of %s; give another name, or say redefine",
			 name, v->place.line, v->place.file);
		return;
	}
	v = ast_alloc(p->file, sizeof(*v));
	if (!v) {
		p->nomem = true;
		return;
	}
	*v = (struct scope_var){
		.next = *bucket, .name = name, .value = value, .place = *place, .level = p->scope,
	};
	*bucket = v;
}

void scope_undefine(struct parser *p, const char *name, const struct ir_place *place)
{
	struct scope_var **v = &p->var[hash(name)];

	if (!find(p, name)) {
		complain(p, place, "no variable \"%s\" is defined here", name);
		return;
	}
	while (*v && (*v)->level == p->scope)
		if (!strcmp((*v)->name, name))
			*v = (*v)->next;
		else
			v = &(*v)->next;
}

/* Edits from @a to @b if they are one or two, else 3. */
static unsigned int distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned int row[32], before, up;

	if (la >= 32 || lb >= 32 || la > lb + 2 || lb > la + 2)
		return 3;
	for (j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		before = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			up = row[j];
			row[j] = before + (a[i - 1] != b[j - 1]);
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			before = up;
		}
	}
	return row[lb] > 2 ? 3 : row[lb];
}

static const char *similar(struct parser *p, const char *name)
{
	const struct scope_var *v;
	const char *best = NULL;
	unsigned int least = 3, seen = 0;
	size_t i;

	for (i = 0; i < SCOPE_BUCKETS; i++)
		for (v = p->var[i]; v && seen < 1000; v = v->next, seen++) {
			unsigned int d = distance(name, v->name);

			if (d < least || (d == least && best && strcmp(v->name, best) < 0)) {
				least = d;
				best = v->name;
			}
		}
	return least < 3 && least < strlen(name) ? best : NULL;
}

struct ast_expr *scope_value(struct parser *p, const char *name, const struct ir_place *place)
{
	const struct scope_var *v = find(p, name);
	struct ast_expr *e;

	if (!v) {
		const char *other = similar(p, name);

		if (other)
			complain(p, place, "no variable \"%s\" is defined here (did you mean $%s?)",
				 name, other);
		else
			complain(p, place, "no variable \"%s\" is defined here; write \"define %s = ...\" before",
				 name, name);
		return NULL;
	}
	if (!v->value)
		return NULL;
	/* A set in each of a million rules, or sets of sets of sets: say no before it is work. */
	p->expanded += v->value->weight;
	if (p->expanded > AST_MAX_EXPANDED) {
		complain(p, place, "the variables of this policy stand for too much: all their uses together have more than %u values",
			 AST_MAX_EXPANDED);
		return NULL;
	}
	e = ast_alloc(p->file, sizeof(*e));
	if (!e) {
		p->nomem = true;
		return NULL;
	}
	*e = *v->value;
	e->next = NULL;
	e->place = *place;
	e->defined = v->value->defined ? v->value->defined : &v->value->place;
	return e;
}
