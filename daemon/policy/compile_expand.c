// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compile_expand: sets and maps of boxes become records.
 *
 * The look-up among concatenated intervals goes through its elements, one by one.
 * As a record each they are found by the index of the chain, in one search with all the
 * other rules.
 */
#include "policy/compile.h"

#define LEAST	8	/* elements: fewer are looked through as quickly */
#define MOST	16384	/* records, of all sets together */

static const struct ir_set *set_of(const struct compile *c, const struct ir_stmt *s)
{
	return &c->policy->set[s->kind == IR_MAP ? s->map.set : s->match.set];
}

bool compile_is_expanded(const struct compile *c, const struct ir_stmt *s)
{
	const struct ir_set *set;

	if (s->kind != IR_MAP && (s->kind != IR_MATCH || s->match.kind != IR_MATCH_SET))
		return false;
	set = set_of(c, s);
	return !c->whole_sets && set->fields > 1 && set->elements >= LEAST &&
	       set->elements <= MOST - c->expanded && !compile_set_is_exact(set);
}

static bool are_matches(const struct compile *c, size_t first, size_t end)
{
	const struct nsf_op *op = FLAT(struct nsf_op, c->flat, NSF_SECTION_OPS);

	while (first < end && compile_is_match(&op[first]))
		first++;
	return first == end;
}

/* The ops from @first to before @end again, into the open record. */
static void ops_repeat(struct compile *c, const struct ir_stmt *s, size_t first, size_t end)
{
	for (; first < end && !c->err; first++) {
		struct nsf_op op = FLAT(struct nsf_op, c->flat, NSF_SECTION_OPS)[first];

		compile_op(c, s, &op);
	}
}

/*
 * What stands before in the rule is asked for in each record, so that it says all by
 * itself; where there are statements (a counter), once, in a record of its own before.
 */
void compile_elements(struct compile *c, const struct ir_stmt *s, compile_close_fn *close,
		      const void *leads)
{
	const struct ir_set *set = set_of(c, s);
	bool negate = s->kind == IR_MATCH && s->match.negate;
	size_t before = flat_n(c->flat, NSF_SECTION_OPS), first, i;
	uint32_t none = negate ? compile_label(c) : c->after, next;

	if (c->err)
		return;
	first = compile_record(c)->op;
	if (!are_matches(c, first, before)) {
		next = compile_label(c);
		compile_record_close(c, next);
		compile_label_place(c, next);
		compile_record_open(c, c->after);
		first = before;
	}
	c->expanded += (uint32_t)set->elements;
	for (i = 0; i < set->elements && !c->err; i++) {
		next = i + 1 < set->elements ? compile_label(c) : none;
		if (i) {
			compile_record_open(c, next);
			ops_repeat(c, s, first, before);
		} else {
			compile_record(c)->miss = next;
		}
		compile_element(c, s, &set->element[i]);
		close(c, &set->element[i], leads);
		if (next != c->after)
			compile_label_place(c, next);
	}
	if (negate && !c->err) {
		compile_record_open(c, c->after);
		ops_repeat(c, s, first, before);
		compile_key_present(c, s);
	}
}
