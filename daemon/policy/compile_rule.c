// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compile_rule: chains and rules become records that lead forward.
 *
 * A chain is written out wherever a rule calls it, straight behind that rule's
 * records; so all that is behind it has a higher number. What a chain falls back
 * to at its end (`ret`) is, for a jump, what follows the rule; for a goto, what
 * the chain that said it would fall back to; for a base chain, its policy.
 */
#include <stdlib.h>

#include "policy/compile.h"

#define MAX_DEPTH	16	/* chains within chains: nft's NFT_JUMP_STACK_SIZE */

/* Enters the rule into the image the first time that it is written out. */
static void rule_enter(struct compile *c, const struct ir_chain *chain)
{
	const struct ir_rule *rule = c->rule;
	uint32_t text, file, name;
	struct nsf_rule *r;

	if (c->err || c->rule_at[c->rule_number] != UINT32_MAX)
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
	compile_chain(c, v->chain, v->kind == IR_JUMP ? after : ret, depth + 1, place);
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

/* What follows @s in its rule, where the label leads. */
static void emit_behind(struct compile *c, uint32_t label, const struct ir_stmt *s,
			const struct ir_stmt *end, size_t number, uint32_t ret,
			unsigned int depth)
{
	compile_label_place(c, label);
	compile_record_open(c, c->after);
	emit_rest(c, s + 1, end, number, ret, depth);
}

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
	if (rest != after)
		emit_behind(c, rest, s, end, number, ret, depth);
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

/* ---- sets whose elements become records ---- */

/* Where they lead. */
struct leads {
	const struct ir_stmt *last;	/* the end; or, if NULL, to a label */
	uint32_t to;
	uint32_t ret;			/* maps: */
	uint32_t *body;			/* labels of chains, jumped to and gone to; 0: none yet */
};

static void close_match(struct compile *c, const struct ir_element *e, const void *leads)
{
	const struct leads *l = leads;

	(void)e;
	if (l->last)
		compile_end(c, l->last);
	else
		compile_record_close(c, l->to);
}

static void emit_elements(struct compile *c, const struct ir_stmt *s, const struct ir_stmt *end,
			  size_t number, uint32_t ret, unsigned int depth)
{
	struct leads l = { .to = c->after };

	if (s->match.negate) {
		compile_elements(c, s, close_match, &l);
		emit_rest(c, s + 1, end, number, ret, depth);
		return;
	}
	if (s + 2 == end && is_end(s + 1))
		l.last = s + 1;
	else if (s + 1 < end)
		l.to = compile_label(c);
	compile_elements(c, s, close_match, &l);
	if (l.to != c->after)
		emit_behind(c, l.to, s, end, number, ret, depth);
}

static void close_map(struct compile *c, const struct ir_element *e, const void *leads)
{
	const struct ir_stmt end = { .kind = IR_VERDICT, .verdict = e->verdict };
	const struct leads *l = leads;
	uint32_t *label = &l->body[2 * e->verdict.chain + (e->verdict.kind == IR_GOTO)], to;
	bool body;

	if (is_end(&end)) {
		compile_end(c, &end);
		return;
	}
	body = e->verdict.kind == IR_JUMP || e->verdict.kind == IR_GOTO;
	to = body && *label ? *label : verdict_target(c, &e->verdict, l->to, l->ret, &body);
	if (body)
		*label = to;
	compile_record_close(c, to);
}

static void emit_map_elements(struct compile *c, const struct ir_stmt *s,
			      const struct ir_stmt *end, size_t number, uint32_t ret,
			      unsigned int depth)
{
	const struct ir_set *map = &c->policy->set[s->map.set];
	struct leads l = { .to = c->after, .ret = ret };
	uint32_t after = c->after;
	bool wanted = false;
	size_t i;

	l.body = calloc(2 * c->policy->chains, sizeof(*l.body));
	if (!l.body) {
		compile_no_memory(c);
		return;
	}
	for (i = 0; i < map->elements; i++)
		wanted |= map->element[i].verdict.kind == IR_CONTINUE;
	if (wanted && s + 1 < end)
		l.to = compile_label(c);
	compile_elements(c, s, close_map, &l);
	if (l.to != after)
		emit_behind(c, l.to, s, end, number, ret, depth);
	for (i = 0; i < 2 * c->policy->chains; i++)
		if (l.body[i] && !c->err)
			emit_body(c, &(struct ir_verdict){ .kind = i % 2 ? IR_GOTO : IR_JUMP,
							   .chain = (unsigned int)(i / 2) },
				  l.body[i], after, ret, depth, &s->place);
	free(l.body);
}

/* The statements from @s on, into the open record. @number: see compile_stmt(). */
static void emit_rest(struct compile *c, const struct ir_stmt *s, const struct ir_stmt *end,
		      size_t number, uint32_t ret, unsigned int depth)
{
	for (; s < end && !c->err; s++) {
		if (compile_is_expanded(c, s)) {
			if (s->kind == IR_MAP)
				emit_map_elements(c, s, end, number, ret, depth);
			else
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

void compile_chain(struct compile *c, unsigned int index, uint32_t ret, unsigned int depth,
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
