// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compile: labels and records, base chains, and all of a policy. What is between a base
 * chain and its records is compile_rule.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile.h"
#include "policy/index_build.h"
#include "policy/policy.h"
#include "policy/siphash.h"

#define NONE	UINT32_MAX

/* ---- errors ---- */

void compile_error(struct compile *c, const struct ir_place *place, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (c->err)
		return;
	if (c->expanded) {
		c->err = -EAGAIN;
		return;
	}
	c->err = -EINVAL;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_add(c->diags, DIAG_ERROR, place->file ? place->file : c->policy->name, place->line,
		 place->col, place->end, NULL, "%s", text);
}

void compile_no_memory(struct compile *c)
{
	if (!c->err)
		c->err = -ENOMEM;
}

/* ---- labels and records ---- */

uint32_t compile_label(struct compile *c)
{
	if (c->labels == c->label_cap) {
		size_t cap = c->label_cap ? 2 * c->label_cap : 256;
		uint32_t *v = realloc(c->label, cap * sizeof(*v));

		if (!v) {
			compile_no_memory(c);
			return 0;
		}
		c->label = v;
		c->label_cap = cap;
	}
	if (!c->labels)		/* 0 is no label */
		c->label[c->labels++] = 0;
	c->label[c->labels] = NONE;
	return (uint32_t)c->labels++;
}

void compile_label_place(struct compile *c, uint32_t label)
{
	if (!c->err)
		c->label[label] = (uint32_t)flat_n(c->flat, NSF_SECTION_RECORDS);
}

struct nsf_record *compile_record(struct compile *c)
{
	return FLAT(struct nsf_record, c->flat, NSF_SECTION_RECORDS) +
		flat_n(c->flat, NSF_SECTION_RECORDS) - 1;
}

static void record_add(struct compile *c, const struct ir_place *place, uint32_t rule)
{
	struct nsf_record *r;

	if (c->err)
		return;
	if (flat_n(c->flat, NSF_SECTION_RECORDS) == NSF_MAX_RECORDS) {
		compile_error(c, place, "the policy has more than %u rules once jumps are written out; that is the limit",
			      NSF_MAX_RECORDS);
		return;
	}
	r = flat_add(c->flat, NSF_SECTION_RECORDS, 1);
	if (!r) {
		compile_no_memory(c);
		return;
	}
	r->op = (u32)flat_n(c->flat, NSF_SECTION_OPS);
	r->rule = rule;
}

void compile_record_open(struct compile *c, uint32_t miss)
{
	record_add(c, &c->rule->place, c->rule_at[c->rule_number]);
	if (!c->err)
		compile_record(c)->miss = miss;
}

void compile_record_close(struct compile *c, uint32_t next)
{
	if (c->err)
		return;
	compile_record(c)->ops = (u32)flat_n(c->flat, NSF_SECTION_OPS) - compile_record(c)->op;
	compile_record(c)->next = next;
}

/* From labels to indexes. */
static void labels_resolve(struct compile *c)
{
	struct nsf_record *r = FLAT(struct nsf_record, c->flat, NSF_SECTION_RECORDS);
	u32 *t = FLAT(u32, c->flat, NSF_SECTION_TARGETS);
	size_t i;

	for (i = 0; i < flat_n(c->flat, NSF_SECTION_RECORDS); i++) {
		r[i].miss = r[i].miss ? c->label[r[i].miss] : 0;
		r[i].next = r[i].next ? c->label[r[i].next] : 0;
	}
	for (i = 0; i < flat_n(c->flat, NSF_SECTION_TARGETS); i++)
		if (!(t[i] & NSF_TARGET_VERDICT))
			t[i] = c->label[t[i]];
}

/* ---- base chains ---- */

static uint64_t chain_id(const struct ir_chain *chain, u8 families)
{
	const uint32_t at[3] = { chain->hook, (uint32_t)chain->priority, families };
	uint64_t place = siphash24(at, sizeof(at), 0, 0);

	return siphash24(chain->name, strlen(chain->name), place, 0);
}

static void emit_base(struct compile *c, unsigned int index)
{
	static const u8 families[] = {
		[IR_INET] = NSF_CHAIN_IPV4 | NSF_CHAIN_IPV6,
		[IR_IP] = NSF_CHAIN_IPV4,
		[IR_IP6] = NSF_CHAIN_IPV6,
	};
	const struct ir_chain *chain = &c->policy->chain[index];
	bool accept = chain->policy == IR_ACCEPT;
	uint32_t name = flat_string(c->flat, chain->name), policy = compile_label(c);
	struct nsf_chain *new;

	if (flat_n(c->flat, NSF_SECTION_CHAINS) == NSF_MAX_CHAINS) {
		compile_error(c, &chain->place, "the policy has more than %u base chains; that is the limit",
			      NSF_MAX_CHAINS);
		return;
	}
	new = flat_add(c->flat, NSF_SECTION_CHAINS, 1);
	if (!new || name == UINT32_MAX) {
		compile_no_memory(c);
		return;
	}
	new->families = families[c->policy->family];
	new->id = chain_id(chain, new->families);
	new->start = (u32)flat_n(c->flat, NSF_SECTION_RECORDS);
	new->priority = chain->priority;
	new->hook = (u8)chain->hook;
	new->policy = accept ? NSF_ACCEPT : NSF_DROP;
	new->name = name;
	new->index[0] = new->index[1] = NSF_NO_INDEX;

	compile_chain(c, index, policy, 0, &chain->place);
	compile_label_place(c, policy);
	record_add(c, &chain->place, NSF_NO_RULE);
	compile_op(c, NULL, &(struct nsf_op){ .code = accept ? NSF_OP_ACCEPT : NSF_OP_DROP });
	compile_record_close(c, 0);
}

/* ---- states in the order of their ids ---- */

static int state_compare(const void *a, const void *b)
{
	const struct nsf_state_desc *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static void states_sort(struct compile *c)
{
	size_t n = flat_n(c->flat, NSF_SECTION_STATES), i;
	struct nsf_state_desc *old = FLAT(struct nsf_state_desc, c->flat, NSF_SECTION_STATES);
	struct nsf_op *op = FLAT(struct nsf_op, c->flat, NSF_SECTION_OPS);
	const struct nsf_state_desc **order = malloc((n + 1) * sizeof(*order));
	struct nsf_state_desc *sorted = malloc((n + 1) * sizeof(*sorted));
	uint32_t *now = malloc((n + 1) * sizeof(*now));

	if (!order || !sorted || !now) {
		compile_no_memory(c);
		goto out;
	}
	for (i = 0; i < n; i++)
		order[i] = &old[i];
	if (n)
		qsort(order, n, sizeof(*order), state_compare);
	for (i = 0; i < n; i++) {
		sorted[i] = *order[i];
		now[order[i] - old] = (uint32_t)i;
	}
	if (n)
		memcpy(old, sorted, n * sizeof(*old));
	for (i = 0; i < flat_n(c->flat, NSF_SECTION_OPS); i++)
		if (op[i].code == NSF_OP_COUNTER || op[i].code == NSF_OP_LIMIT)
			op[i].arg = now[op[i].arg];
out:
	free(order);
	free(sorted);
	free(now);
}

/* ---- the policy ---- */

/* The places where each rule and each counter of the IR is remembered. */
static bool compile_init(struct compile *c)
{
	const struct ir_policy *p = c->policy;
	size_t rules = 0, states = 0, i, k, s;

	for (i = 0; i < p->chains; i++)
		rules += p->chain[i].rules;
	c->set = calloc(p->sets + 1, sizeof(*c->set));
	c->set_slot = calloc(2 * NSF_MAX_SETS, sizeof(*c->set_slot));
	c->rule_base = malloc((p->chains + 1) * sizeof(*c->rule_base));
	c->rule_at = malloc((rules + 1) * sizeof(*c->rule_at));
	c->state_base = malloc((rules + 1) * sizeof(*c->state_base));
	if (!c->set || !c->set_slot || !c->rule_base || !c->rule_at || !c->state_base)
		return false;
	memset(c->rule_at, 0xff, (rules + 1) * sizeof(*c->rule_at));
	for (rules = 0, i = 0; i < p->chains; i++) {
		c->rule_base[i] = rules;
		for (k = 0; k < p->chain[i].rules; k++) {
			const struct ir_rule *r = &p->chain[i].rule[k];

			c->state_base[rules++] = states;
			for (s = 0; s < r->stmts; s++)
				states += r->stmt[s].kind == IR_COUNTER ||
					  r->stmt[s].kind == IR_LIMIT;
		}
	}
	c->state_at = malloc((states + 1) * sizeof(*c->state_at));
	if (c->state_at)
		memset(c->state_at, 0xff, (states + 1) * sizeof(*c->state_at));
	return c->state_at;
}

static void compile_clean(struct compile *c)
{
	size_t i;

	for (i = 0; c->set && i < c->policy->sets; i++)
		free(c->set[i].verdict);
	free(c->set);
	free(c->set_slot);
	free(c->label);
	free(c->rule_base);
	free(c->rule_at);
	free(c->state_base);
	free(c->state_at);
}

/* @whole_sets: no set's elements become records. */
static int compile_try(const struct ir_policy *p, bool whole_sets, struct nsf_image **out,
		       struct diags *d)
{
	struct flat flat = { .slots = 0 };
	struct compile c = { .policy = p, .flat = &flat, .diags = d, .whole_sets = whole_sets };
	unsigned int i;

	if (!compile_init(&c) || flat_string(&flat, "") == UINT32_MAX)
		compile_no_memory(&c);
	for (i = 0; i < p->chains && !c.err; i++)
		if (p->chain[i].base)
			emit_base(&c, i);
	if (!c.err) {
		labels_resolve(&c);
		states_sort(&c);
	}
	if (!c.err)
		c.err = index_build(&flat);
	if (!c.err && c.expanded && flat_size(&flat) > NSF_MAX_IMAGE)
		c.err = -EAGAIN;
	if (!c.err)
		c.err = image_write(&flat, p->name, out, d);
	compile_clean(&c);
	flat_clean(&flat);
	return c.err;
}

int policy_compile(const struct ir_policy *p, struct nsf_image **out, struct diags *d)
{
	int err = compile_try(p, false, out, d);

	return err == -EAGAIN ? compile_try(p, true, out, d) : err;
}
