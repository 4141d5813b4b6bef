/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies made by hand, before any parser: chains, rules, statements in order.
 *
 *	unsigned int in = ir_chain("input", true);
 *	ir_rule(in);
 *	ir_equal(IR_TH_DPORT, 443);
 *	ir_verdict(IR_ACCEPT, 0);
 */
#ifndef MAKE_IR_H
#define MAKE_IR_H

#include "policy/ir.h"

#define MAKE_CHAINS	64
#define MAKE_RULES	64
#define MAKE_STMTS	16
#define MAKE_SETS	16

static struct ir_policy policy;
static struct ir_chain made_chain[MAKE_CHAINS];
static struct ir_rule made_rule[MAKE_CHAINS][MAKE_RULES];
static struct ir_stmt made_stmt[MAKE_CHAINS][MAKE_RULES][MAKE_STMTS];
static struct ir_set made_set[MAKE_SETS];
static unsigned int made_at;	/* the chain that rules go to */

static void ir_begin(enum ir_family family)
{
	unsigned int i;

	for (i = 0; i < MAKE_SETS; i++)
		free(made_set[i].element);
	memset(made_chain, 0, sizeof(made_chain));
	memset(made_rule, 0, sizeof(made_rule));
	memset(made_stmt, 0, sizeof(made_stmt));
	memset(made_set, 0, sizeof(made_set));
	policy = (struct ir_policy){ .name = (char *)"test", .family = family,
				     .chain = made_chain, .set = made_set };
}

static unsigned int ir_chain(const char *name, bool base)
{
	unsigned int i = (unsigned int)policy.chains++;

	assert_true(i < MAKE_CHAINS);
	made_chain[i] = (struct ir_chain){ .name = (char *)name, .base = base, .hook = 1,
					   .policy = IR_DROP, .rule = made_rule[i],
					   .place = { "test.nft", i + 1, 1, 0 } };
	return i;
}

static struct ir_rule *ir_rule(unsigned int chain)
{
	struct ir_rule *r = &made_rule[chain][made_chain[chain].rules++];

	assert_true(made_chain[chain].rules <= MAKE_RULES);
	made_at = chain;
	*r = (struct ir_rule){ .stmt = made_stmt[chain][r - made_rule[chain]],
			       .text = (char *)"a rule", .id = chain * 1000 + made_chain[chain].rules,
			       .place = { "test.nft", 100 * chain + (unsigned int)made_chain[chain].rules,
					  2, 9 } };
	return r;
}

static struct ir_stmt *ir_stmt(enum ir_stmt_kind kind)
{
	struct ir_rule *r = &made_rule[made_at][made_chain[made_at].rules - 1];
	struct ir_stmt *s = &r->stmt[r->stmts++];

	assert_true(r->stmts <= MAKE_STMTS);
	*s = (struct ir_stmt){ .kind = kind, .place = r->place };
	return s;
}

static void ir_bytes(uint8_t *b, unsigned int width, uint64_t v)
{
	memset(b, 0, IR_MAX_WIDTH);
	if (width == IR_MAX_WIDTH)	/* the upper half; the lower by hand */
		width = 8;
	while (width--) {
		b[width] = (uint8_t)v;
		v >>= 8;
	}
}

static struct ir_match *ir_range(enum ir_field f, uint64_t first, uint64_t last)
{
	struct ir_match *m = &ir_stmt(IR_MATCH)->match;

	m->kind = IR_MATCH_RANGE;
	m->fields = 1;
	m->field[0] = f;
	memset(m->mask, 0xff, sizeof(m->mask));
	ir_bytes(m->range.first, ir_field_width(f), first);
	ir_bytes(m->range.last, ir_field_width(f), last);
	return m;
}

static struct ir_match *ir_equal(enum ir_field f, uint64_t v)
{
	return ir_range(f, v, v);
}

/* Of 16 bytes, in halves. */
static inline struct ir_match *ir_wide(enum ir_field f, uint64_t hi, uint64_t lo, uint64_t mask_hi,
				uint64_t mask_lo)
{
	struct ir_match *m = ir_equal(f, hi);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		m->range.first[8 + i] = m->range.last[8 + i] = (uint8_t)(lo >> (56 - 8 * i));
		m->mask[i] = (uint8_t)(mask_hi >> (56 - 8 * i));
		m->mask[8 + i] = (uint8_t)(mask_lo >> (56 - 8 * i));
	}
	return m;
}

static void ir_verdict(enum ir_verdict_kind kind, unsigned int chain)
{
	ir_stmt(IR_VERDICT)->verdict = (struct ir_verdict){ kind, chain };
}

/* A set of @fields of these widths; room for @n elements. */
static inline unsigned int ir_set(bool map, size_t n, unsigned int fields, ...)
{
	struct ir_set *s = &made_set[policy.sets++];
	unsigned int i;
	va_list ap;

	assert_true(policy.sets <= MAKE_SETS);
	*s = (struct ir_set){ .map = map, .fields = fields, .place = { "test.nft", 7, 3, 5 } };
	s->element = calloc(n ? n : 1, sizeof(*s->element));
	assert_non_null(s->element);
	va_start(ap, fields);
	for (i = 0; i < fields; i++)
		s->width[i] = va_arg(ap, unsigned int);
	va_end(ap);
	return (unsigned int)policy.sets - 1;
}

static inline struct ir_element *ir_element(unsigned int set, uint64_t first, uint64_t last)
{
	struct ir_set *s = &made_set[set];
	struct ir_element *e = &s->element[s->elements++];

	ir_bytes(e->key[0].first, s->width[0], first);
	ir_bytes(e->key[0].last, s->width[0], last);
	return e;
}

static inline struct ir_match *ir_in(unsigned int set, unsigned int fields, enum ir_field a,
				     enum ir_field b)
{
	struct ir_match *m = &ir_stmt(IR_MATCH)->match;

	m->kind = IR_MATCH_SET;
	m->fields = fields;
	m->field[0] = a;
	m->field[1] = b;
	m->set = set;
	return m;
}

static inline void ir_vmap(unsigned int set, enum ir_field f)
{
	struct ir_stmt *s = ir_stmt(IR_MAP);

	s->map.fields = 1;
	s->map.field[0] = f;
	s->map.set = set;
}

#endif /* MAKE_IR_H */
