// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compile: chains and rules become records that lead forward.
 *
 * A chain is written out wherever a rule calls it, straight behind that rule's
 * records; so all that is behind it has a higher number. What a chain falls back
 * to at its end (`ret`) is, for a jump, what follows the rule; for a goto, what
 * the chain that said it would fall back to; for a base chain, its policy.
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

#define NONE		UINT32_MAX
#define MAX_DEPTH	16	/* chains within chains: nft's NFT_JUMP_STACK_SIZE */

static void emit_chain(struct compile *c, unsigned int chain, uint32_t ret, unsigned int depth,
		       const struct ir_place *caller);

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

/* ---- rules ---- */

/* Enters the rule into the image the first time that it is written out. */
static void rule_enter(struct compile *c, const struct ir_chain *chain)
{
	const struct ir_rule *rule = c->rule;
	uint32_t text, file, name;
	struct nsf_rule *r;

	if (c->err || c->rule_at[c->rule_number] != NONE)
		return;
	if (flat_n(c->flat, NSF_SECTION_RULES) == NSF_MAX_RULES) {
		compile_error(c, &rule->place, "the policy has more than %u rules; that is the limit",
			      NSF_MAX_RULES);
		return;
	}
	text = flat_string(c->flat, rule->text);
	file = flat_string(c->flat, rule->place.file);
	name = flat_string(c->flat, chain->name);
	r = flat_add(c->flat, NSF_SECTION_RULES, 1);
	if (!r || text == UINT32_MAX || file == UINT32_MAX || name == UINT32_MAX) {
		compile_no_memory(c);
		return;
	}
	*r = (struct nsf_rule){ .id = rule->id, .text = text, .file = file,
				.line = rule->place.line, .chain = name };
	c->rule_at[c->rule_number] = (uint32_t)flat_n(c->flat, NSF_SECTION_RULES) - 1;
}

static bool is_of_family(enum ir_field f, unsigned int nfproto)
{
	return nfproto == 2 ? f >= IR_IP_SADDR && f <= IR_IP_LENGTH :
			      f >= IR_IP6_SADDR && f <= IR_EXTHDR_FRAG;
}

/*
 * A generated `meta nfproto` before a match that the other family's packets fail
 * anyway, as they lack the field.
 */
static bool is_needless(const struct ir_stmt *s, const struct ir_stmt *next)
{
	const enum ir_field *field;
	unsigned int n, value;

	if (s->kind != IR_MATCH || !s->match.implicit || s->match.kind != IR_MATCH_RANGE ||
	    s->match.field[0] != IR_META_NFPROTO || s->match.negate || s->match.mask[0] != 0xff ||
	    s->match.range.first[0] != s->match.range.last[0])
		return false;
	value = s->match.range.first[0];
	if (value != 2 && value != 10)
		return false;
	if (next->kind == IR_MATCH) {
		field = next->match.field;
		n = next->match.kind == IR_MATCH_SET ? next->match.fields : 1;
	} else if (next->kind == IR_MAP) {
		field = next->map.field;
		n = next->map.fields;
	} else {
		return false;
	}
	while (n--)
		if (is_of_family(field[n], value))
			return true;
	return false;
}

/* Does the verdict fall here, whatever comes behind? */
static bool is_end(const struct ir_stmt *s)
{
	return s->kind == IR_REJECT ||
	       (s->kind == IR_VERDICT &&
		(s->verdict.kind == IR_ACCEPT || s->verdict.kind == IR_DROP));
}

void compile_end(struct compile *c, const struct ir_stmt *s)
{
	struct nsf_op op = { .code = NSF_OP_REJECT };

	if (s->kind == IR_REJECT) {
		op.arg = s->reject.how;
		op.a = s->reject.code;
	} else {
		op.code = s->verdict.kind == IR_ACCEPT ? NSF_OP_ACCEPT : NSF_OP_DROP;
	}
	compile_op(c, s, &op);
	compile_record_close(c, 0);
}

/* Where does a verdict lead, as a target? *body: a chain that is to be written there. */
static uint32_t verdict_target(struct compile *c, const struct ir_verdict *v, uint32_t rest,
			       uint32_t ret, bool *body)
{
	*body = false;
	switch (v->kind) {
	case IR_ACCEPT:
		return NSF_TARGET_VERDICT | NSF_ACCEPT;
	case IR_DROP:
		return NSF_TARGET_VERDICT | NSF_DROP;
	case IR_RETURN:
		return ret;
	case IR_CONTINUE:
		return rest;
	case IR_JUMP:
	case IR_GOTO:
		/* An empty chain falls back at once. */
		if (!c->policy->chain[v->chain].rules)
			return v->kind == IR_JUMP ? c->after : ret;
		*body = true;
		return compile_label(c);
	}
	return rest;
}

/* The chains that a verdict calls, behind its rule. @after: of this rule. */
static void emit_body(struct compile *c, const struct ir_verdict *v, uint32_t label,
		      uint32_t after, uint32_t ret, unsigned int depth,
		      const struct ir_place *place)
{
	compile_label_place(c, label);
	emit_chain(c, v->chain, v->kind == IR_JUMP ? after : ret, depth + 1, place);
}

static void emit_verdict(struct compile *c, const struct ir_stmt *s, uint32_t ret,
			 unsigned int depth)
{
	uint32_t after = c->after, to;
	bool body;

	to = verdict_target(c, &s->verdict, after, ret, &body);
	compile_record_close(c, to);
	if (body)
		emit_body(c, &s->verdict, to, after, ret, depth, &s->place);
}

static void emit_rest(struct compile *c, const struct ir_stmt *s, const struct ir_stmt *end,
		      size_t number, uint32_t ret, unsigned int depth);

/* A vmap; where statements follow it, `continue` leads to a record of these. */
static void emit_map(struct compile *c, const struct ir_stmt *s, const struct ir_stmt *end,
		     size_t number, uint32_t ret, unsigned int depth)
{
	const struct compile_set *map = compile_set(c, s->map.set);
	uint32_t after = c->after, rest = after, first, i, to;
	bool body, wanted = false;
	u32 *t;

	if (!map)
		return;
	first = (uint32_t)flat_n(c->flat, NSF_SECTION_TARGETS);
	compile_op(c, s, &(struct nsf_op){
		.code = map->verdicts ? NSF_OP_MAP : NSF_OP_SET, .arg = map->set,
		.a = compile_key(s->map.field, s->map.fields), .b = map->verdicts ? first : 0 });
	compile_record_close(c, after);
	if (first + map->verdicts > NSF_MAX_TARGETS) {
		compile_error(c, &s->place, "the policy's verdict maps lead to more than %u places once jumps are written out; that is the limit",
			      NSF_MAX_TARGETS);
		return;
	}
	if (map->verdicts && !flat_add(c->flat, NSF_SECTION_TARGETS, map->verdicts)) {
		compile_no_memory(c);
		return;
	}
	for (i = 0; i < map->verdicts; i++)
		wanted |= map->verdict[i].kind == IR_CONTINUE;
	if (wanted && s + 1 < end)
		rest = compile_label(c);
	t = FLAT(u32, c->flat, NSF_SECTION_TARGETS);
	for (i = 0; i < map->verdicts; i++)
		t[first + i] = verdict_target(c, &map->verdict[i], rest, ret, &body);
	if (rest != after) {
		compile_label_place(c, rest);
		compile_record_open(c, after);
		emit_rest(c, s + 1, end, number, ret, depth);
	}
	for (i = 0; i < map->verdicts && !c->err; i++) {
		const struct ir_verdict *v = &map->verdict[i];

		if (v->kind != IR_JUMP && v->kind != IR_GOTO)
			continue;
		/* Bodies move the section. */
		to = FLAT(u32, c->flat, NSF_SECTION_TARGETS)[first + i];
		if (c->policy->chain[v->chain].rules)
			emit_body(c, v, to, after, ret, depth, &s->place);
	}
}

/* A match on a set whose elements become records; these lead to the rest of the rule, or end it. */
static void emit_elements(struct compile *c, const struct ir_stmt *s, const struct ir_stmt *end,
			  size_t number, uint32_t ret, unsigned int depth)
{
	const struct ir_stmt *last = s + 2 == end && is_end(s + 1) ? s + 1 : NULL;
	uint32_t rest = last || s + 1 == end ? c->after : compile_label(c);

	compile_elements(c, s, last, rest);
	if (rest == c->after)
		return;
	compile_label_place(c, rest);
	compile_record_open(c, c->after);
	emit_rest(c, s + 1, end, number, ret, depth);
}

/* The statements from @s on, into the open record. @number: see compile_stmt(). */
static void emit_rest(struct compile *c, const struct ir_stmt *s, const struct ir_stmt *end,
		      size_t number, uint32_t ret, unsigned int depth)
{
	for (; s < end && !c->err; s++) {
		if (compile_is_expanded(c, s)) {
			emit_elements(c, s, end, number, ret, depth);
			return;
		}
		switch (s->kind) {
		case IR_MAP:
			emit_map(c, s, end, number, ret, depth);
			return;
		case IR_VERDICT:
		case IR_REJECT:
			if (s->kind == IR_VERDICT && s->verdict.kind == IR_CONTINUE)
				break;
			if (is_end(s))
				compile_end(c, s);
			else
				emit_verdict(c, s, ret, depth);
			return;
		default:
			if (s + 1 == end || !is_needless(s, s + 1))
				compile_stmt(c, s, number);
			if (s->kind == IR_COUNTER || s->kind == IR_LIMIT)
				number++;
		}
	}
	compile_record_close(c, c->after);
}

static void emit_chain(struct compile *c, unsigned int index, uint32_t ret, unsigned int depth,
		       const struct ir_place *caller)
{
	const struct ir_chain *chain = &c->policy->chain[index];
	const struct ir_stmt *end;
	size_t i;

	if (depth >= MAX_DEPTH) {
		compile_error(c, caller, "chains call one another more than %d deep; nft allows no more",
			      MAX_DEPTH - 1);
		return;
	}
	for (i = 0; i < chain->rules && !c->err; i++) {
		const struct ir_rule *rule = &chain->rule[i];
		uint32_t after = i + 1 < chain->rules ? compile_label(c) : ret;

		c->rule = rule;
		c->rule_number = c->rule_base[index] + i;
		c->after = after;
		rule_enter(c, chain);
		compile_record_open(c, after);
		end = rule->stmts ? rule->stmt + rule->stmts : rule->stmt;	/* NULL: no sums */
		emit_rest(c, rule->stmt, end, 0, ret, depth);
		if (after != ret)
			compile_label_place(c, after);
	}
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

	emit_chain(c, index, policy, 0, &chain->place);
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
