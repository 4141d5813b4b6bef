// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_chain: where base chains stand, and who jumps to whom. nft refuses
 * chains that lead back to themselves and ways of more than 16 chains; so do we,
 * before anything walks them.
 */
#include "policy/check_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH	16	/* chains on one way, the base chain included */

static bool read_priority(struct check *c, const struct ast_chain *a, unsigned int hook,
			  int *priority)
{
	const struct ast_expr *e = a->priority;
	int64_t n;
	int base;

	if (e && e->kind == AST_NUMBER && e->number <= INT32_MAX) {
		n = (int64_t)e->number;
	} else if (e && (e->kind == AST_WORD || e->kind == AST_STRING) &&
		   names_priority(e->text, hook, &base)) {
		n = base;
	} else {
		error(c, &a->priority_place, "this is not a priority at hook %s: accepted are numbers, "
		      "raw, mangle, filter, security%s, and a name + or - a number",
		      names_hook(hook), hook == 0 ? ", dstnat" : hook == 4 ? ", srcnat" : "");
		return false;
	}
	if (__builtin_add_overflow(n, a->priority_add, &n) || n < INT32_MIN || n > INT32_MAX) {
		error(c, &a->priority_place, "the priority is out of range: accepted are %" PRId32
		      " to %" PRId32, INT32_MIN, INT32_MAX);
		return false;
	}
	*priority = (int)n;
	return true;
}

bool check_chain_base(struct check *c, const struct ast_chain *a, struct ir_chain *chain)
{
	uint32_t hook = 0;
	char all[128];
	bool ok = true;

	chain->policy = IR_ACCEPT;
	if (!a->base) {
		if (a->policy) {
			error(c, &a->policy->place, "a policy is for base chains only: expected "
			      "\"type filter hook HOOK priority PRIORITY\" before it");
			return false;
		}
		return true;
	}
	chain->base = true;
	if (strcmp(a->type, "filter") != 0) {
		error(c, &a->type_place, "chains of type \"%s\" are not supported: accepted is filter",
		      a->type);
		ok = false;
	}
	if (a->device) {
		error(c, &a->device->place, "chains of a device are not supported");
		ok = false;
	}
	if (!names_number(NAMES_HOOK, a->hook, &hook)) {
		error(c, &a->hook_place, "hook \"%s\" is not supported: accepted are %s", a->hook,
		      names_all(NAMES_HOOK, all, sizeof(all)));
		ok = false;
	} else {
		ok &= read_priority(c, a, hook, &chain->priority);
	}
	chain->hook = hook;
	if (a->policy && strcmp(a->policy->text, "drop") == 0) {
		chain->policy = IR_DROP;
	} else if (a->policy && strcmp(a->policy->text, "accept") != 0) {
		error(c, &a->policy->place, "\"%s\" is not a policy: accepted are accept, drop",
		      a->policy->text);
		ok = false;
	}
	return ok;
}

/* ---- the graph of jumps ---- */

struct graph {
	struct check *c;
	size_t n;
	unsigned int **to;	/* of each chain, each callee once */
	size_t *to_n, *to_cap;
	const struct ir_stmt ***by;	/* the statement that leads there */
	size_t *by_cap;
	size_t *stamp;		/* of the chain that last listed it */
	unsigned int **set_to;	/* of each map, each target once */
	size_t *set_n, *set_stamp;
	unsigned int *depth;	/* chains on the longest way from here */
	uint8_t *state;		/* 0 new, 1 on the way, 2 done */
};

static bool add_edge(struct graph *g, size_t from, unsigned int to, const struct ir_stmt *by)
{
	if (g->stamp[to] == from + 1)
		return true;
	g->stamp[to] = from + 1;
	if (!check_grow(g->c, &g->to[from], g->to_n[from], &g->to_cap[from],
			sizeof(*g->to[from])) ||
	    !check_grow(g->c, &g->by[from], g->to_n[from], &g->by_cap[from],
			sizeof(*g->by[from])))
		return false;
	g->by[from][g->to_n[from]] = by;
	g->to[from][g->to_n[from]++] = to;
	return true;
}

static bool leads(const struct ir_verdict *v)
{
	return v->kind == IR_JUMP || v->kind == IR_GOTO;
}

static int compare_unsigned(const void *x, const void *y)
{
	unsigned int a = *(const unsigned int *)x, b = *(const unsigned int *)y;

	return a < b ? -1 : a > b;
}

static bool map_targets(struct graph *g)
{
	const struct ir_policy *p = g->c->p;
	size_t i, j, cap, n;

	for (i = 0; i < p->sets; i++) {
		const struct ir_set *s = &p->set[i];
		unsigned int *to = NULL;

		for (j = cap = n = 0; s->map && j < s->elements; j++) {
			if (!leads(&s->element[j].verdict))
				continue;
			if (!check_grow(g->c, &to, n, &cap, sizeof(*to))) {
				free(to);
				return false;
			}
			to[n++] = s->element[j].verdict.chain;
		}
		if (n) {
			qsort(to, n, sizeof(*to), compare_unsigned);
			for (j = cap = 1; j < n; j++)
				if (to[j] != to[j - 1])
					to[cap++] = to[j];
			n = cap;
		}
		g->set_to[i] = to;
		g->set_n[i] = n;
	}
	return true;
}

static bool read_edges(struct graph *g)
{
	const struct ir_policy *p = g->c->p;
	size_t i, j, k, m;

	for (i = 0; i < g->n; i++)
		for (j = 0; j < p->chain[i].rules; j++) {
			const struct ir_rule *r = &p->chain[i].rule[j];

			for (k = 0; k < r->stmts; k++) {
				const struct ir_stmt *s = &r->stmt[k];

				if (s->kind == IR_VERDICT && leads(&s->verdict) &&
				    !add_edge(g, i, s->verdict.chain, s))
					return false;
				if (s->kind != IR_MAP || g->set_stamp[s->map.set] == i + 1)
					continue;
				g->set_stamp[s->map.set] = i + 1;
				for (m = 0; m < g->set_n[s->map.set]; m++)
					if (!add_edge(g, i, g->set_to[s->map.set][m], s))
						return false;
			}
		}
	return true;
}

/* Depth first, with a stack of our own: chains may be many. */
static bool walk(struct graph *g, size_t root, size_t *stack, size_t *next)
{
	struct check *c = g->c;
	size_t top = 0, from, to, i;
	bool ok = true;

	stack[0] = root;
	next[root] = 0;
	g->state[root] = 1;
	for (;;) {
		from = stack[top];
		if (next[from] < g->to_n[from]) {
			i = next[from]++;
			to = g->to[from][i];
			if (g->state[to] == 1) {
				error(c, &g->by[from][i]->place, "chain \"%s\" leads back to itself "
				      "here: a packet would never leave", c->p->chain[to].name);
				ok = false;
			} else if (g->state[to] == 0) {
				g->state[to] = 1;
				next[to] = 0;
				stack[++top] = to;
			}
			continue;
		}
		g->depth[from] = 1;
		for (i = 0; i < g->to_n[from]; i++)
			if (g->depth[g->to[from][i]] >= g->depth[from])
				g->depth[from] = g->depth[g->to[from][i]] + 1;
		g->state[from] = 2;
		if (top-- == 0)
			return ok;
	}
}

/* Rejects do not go with postrouting, however a packet gets to them. */
static bool check_postrouting(struct graph *g, size_t *stack, uint8_t *seen)
{
	struct check *c = g->c;
	struct ir_policy *p = c->p;
	size_t top = 0, i, j, from;

	memset(seen, 0, g->n);
	for (i = 0; i < g->n; i++)
		if (p->chain[i].base && p->chain[i].hook == 4) {
			stack[top++] = i;
			seen[i] = 1;
		}
	while (top) {
		from = stack[--top];
		for (i = 0; i < g->to_n[from]; i++)
			if (!seen[g->to[from][i]]) {
				seen[g->to[from][i]] = 1;
				stack[top++] = g->to[from][i];
			}
	}
	for (i = 0; i < g->n; i++) {
		for (j = 0; seen[i] && j < p->chain[i].rules; j++) {
			const struct ir_rule *r = &p->chain[i].rule[j];

			if (r->stmts && r->stmt[r->stmts - 1].kind == IR_REJECT)
				error(c, &r->stmt[r->stmts - 1].place, "reject is not possible in hook "
				      "postrouting%s: accepted is drop", p->chain[i].base ? "" :
				      ", from which this chain is reached");
		}
	}
	return true;
}

static void graph_clean(struct graph *g)
{
	size_t i;

	for (i = 0; g->to && i < g->n; i++)
		free(g->to[i]);
	for (i = 0; g->by && i < g->n; i++)
		free(g->by[i]);
	for (i = 0; g->set_to && i < g->c->p->sets; i++)
		free(g->set_to[i]);
	free(g->to);
	free(g->to_n);
	free(g->to_cap);
	free(g->by);
	free(g->by_cap);
	free(g->stamp);
	free(g->set_to);
	free(g->set_n);
	free(g->set_stamp);
	free(g->depth);
	free(g->state);
}

void check_graph(struct check *c)
{
	struct ir_policy *p = c->p;
	size_t n = p->chains, sets = p->sets ? p->sets : 1, i;
	size_t *stack = calloc(n, sizeof(*stack)), *next = calloc(n, sizeof(*next));
	struct graph g = {
		.c = c, .n = n, .to = calloc(n, sizeof(*g.to)), .to_n = calloc(n, sizeof(*g.to_n)),
		.to_cap = calloc(n, sizeof(*g.to_cap)), .by = calloc(n, sizeof(*g.by)),
		.by_cap = calloc(n, sizeof(*g.by_cap)), .stamp = calloc(n, sizeof(*g.stamp)),
		.set_to = calloc(sets, sizeof(*g.set_to)), .set_n = calloc(sets, sizeof(*g.set_n)),
		.set_stamp = calloc(sets, sizeof(*g.set_stamp)),
		.depth = calloc(n, sizeof(*g.depth)), .state = calloc(n, sizeof(*g.state)),
	};
	bool ok = true;

	if (!stack || !next || !g.to || !g.to_n || !g.to_cap || !g.by || !g.by_cap || !g.stamp ||
	    !g.set_to || !g.set_n || !g.set_stamp || !g.depth || !g.state) {
		c->oom = true;
		goto out;
	}
	if (!map_targets(&g) || !read_edges(&g))
		goto out;
	for (i = 0; i < n; i++)
		if (g.state[i] == 0)
			ok &= walk(&g, i, stack, next);
	for (i = 0; ok && i < n; i++)
		if (p->chain[i].base && g.depth[i] > MAX_DEPTH)
			error(c, &p->chain[i].place, "the jumps from chain \"%s\" lead through %u "
			      "chains: at most %d", p->chain[i].name, g.depth[i], MAX_DEPTH);
	check_postrouting(&g, stack, g.state);
out:
	graph_clean(&g);
	free(stack);
	free(next);
}
