/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen_rule: what the files that generate policies share.
 *
 *   gen_field.c   which field fits into the rule
 *   gen_stmt.c    sets, matches, statements
 *   gen_policy.c  rules, chains, the policy
 *
 * Most rules are plausible: of one family, of one protocol, no field twice, or
 * else few packets would ever match them. As text (text.c) all are, because nft
 * refuses others; as IR some are not.
 */
#ifndef TESTS_POLICY_GEN_RULE_H
#define TESTS_POLICY_GEN_RULE_H

#include <stdlib.h>
#include <string.h>

#include "gen.h"

#define MAX_CHAINS	9
#define MAX_BASE	3
#define MAX_RULES	8
#define MANY_RULES	90	/* in a long base chain */
#define MAX_STMTS	80	/* with all dependencies */
#define MAX_SETS	((MAX_BASE * MANY_RULES + MAX_CHAINS * MAX_RULES) * 6)

#define ANY_L4		256
#define OTHER_L4	257
#define RAW_TH		258	/* th dport: any protocol with ports */

struct maker {
	struct rng r;
	struct ir_policy *p;
	unsigned int base;	/* chains below are base chains */
	bool many;		/* the base chains are long */
	bool postrouting;	/* there is such a base chain: no reject */
	bool text;		/* only what the language can say, with nft's dependencies */
	/* Of the rule that is being made: */
	bool plausible;
	unsigned int family;	/* 4, 6, or 0: any */
	unsigned int l4;	/* protocol, ANY_L4, RAW_TH; OTHER_L4: said by a match */
	uint64_t used;		/* bits of the fields matched so far */
	enum ir_field set_field[MAX_SETS][IR_MAX_FIELDS];	/* what a set was made for */
};

static inline void *zalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

static inline char *copy(const char *s)
{
	char *c = strdup(s);

	if (!c)
		abort();
	return c;
}

static inline bool percent(struct maker *m, uint32_t p)
{
	return rng_percent(&m->r, p);
}

static inline uint32_t below(struct maker *m, uint32_t n)
{
	return rng_below(&m->r, n);
}

/* ---- gen_field.c ---- */

/* The protocol that a match on the field depends on; ANY_L4: none. */
unsigned int gen_l4_of(enum ir_field f);
/* 4, 6 or 0: the family that a match on the field means. */
unsigned int gen_family_of(enum ir_field f);
bool gen_is_port(enum ir_field f);
enum ir_field gen_field(struct maker *m);
/* One for a key of @n fields. */
enum ir_field gen_key_field(struct maker *m, unsigned int n);
/* A match on it is in the rule now. */
void gen_claim(struct maker *m, enum ir_field f);

/* ---- gen_stmt.c: at the end of the rule ---- */

struct ir_stmt *gen_add(struct ir_rule *rule, enum ir_stmt_kind kind);
void gen_add_match(struct maker *m, struct ir_rule *rule);
void gen_add_map(struct maker *m, struct ir_rule *rule, unsigned int chain);
void gen_add_limit(struct maker *m, struct ir_rule *rule);
void gen_add_mark(struct maker *m, struct ir_rule *rule);
void gen_add_log(struct maker *m, struct ir_rule *rule);
void gen_add_reject(struct maker *m, struct ir_rule *rule);
struct ir_verdict gen_verdict(struct maker *m, unsigned int chain, bool map);

#endif /* TESTS_POLICY_GEN_RULE_H */
