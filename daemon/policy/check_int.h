/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_int: what the files of the check stage share, and nobody else sees. A
 * function that returns bool says false after it has added an error, or where
 * there is no memory (then c->oom is set).
 */
#ifndef NSF_POLICY_CHECK_INT_H
#define NSF_POLICY_CHECK_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/ast.h"
#include "policy/check_field.h"
#include "policy/check_proto.h"
#include "policy/diag.h"
#include "policy/ir.h"

/* Names to numbers, of chains and sets. */
struct index {
	struct index_entry { const char *name; uint64_t hash; unsigned int number; } *slot;
	size_t size, used;	/* size: a power of two */
};

/* What the IR does not keep of a named set. */
struct set_info {
	enum type_kind type[IR_MAX_FIELDS];
	bool broken;		/* has errors: uses of it are not looked at */
};

struct check {
	const struct ast_file *ast;
	struct diags *d;
	struct ir_policy *p;
	bool oom;
	struct index chains, sets;
	struct set_info *set_info;	/* of p->set[0] to [named - 1] */
	size_t named;
	/* the rule that is being checked */
	struct ir_rule *rule;
	size_t rule_cap;
	struct proto proto;
};

#define error(c, place, ...)	ast_error((c)->ast, (c)->d, place, __VA_ARGS__)

/* check.c */
bool index_add(struct check *c, struct index *x, const char *name, unsigned int number);
bool index_find(const struct index *x, const char *name, unsigned int *number);
char *check_strdup(struct check *c, const char *s);
/* Room for one more of @size bytes in *@array, which has @n of *@cap. */
bool check_grow(struct check *c, void *array, size_t n, size_t *cap, size_t size);
/* Adds a statement to the rule; @front: before all others. NULL: no memory. */
struct ir_stmt *check_stmt_add(struct check *c, enum ir_stmt_kind kind,
			       const struct ir_place *place, bool front);

/* check_value.c */
struct value {
	struct ir_range r;
	bool interval;		/* written as a range, prefix or wildcard */
};
bool check_const(struct check *c, const struct ast_expr *e, enum type_kind t,
		 uint8_t v[IR_MAX_WIDTH]);
bool check_value(struct check *c, const struct ast_expr *e, enum type_kind t, struct value *v);
void value_max(enum type_kind t, uint8_t v[IR_MAX_WIDTH]);
uint32_t value_u32(const uint8_t *v, unsigned int width);
void value_put(uint8_t *v, unsigned int width, uint64_t number);
/* How a node is called in messages. */
const char *expr_what(const struct ast_expr *e);
/* @e's bits, ((x & mask) ^ flip) of the one field in it; *field NULL: a constant (in flip). */
struct linear {
	const struct ast_expr *field;
	uint8_t mask[IR_MAX_WIDTH], flip[IR_MAX_WIDTH];
};
bool check_linear(struct check *c, const struct ast_expr *e, enum type_kind t, struct linear *l);
const struct ast_expr *expr_field(const struct ast_expr *e);

/* check_named.c */
bool check_sets(struct check *c);

/* check_set.c */
bool check_verdict(struct check *c, const struct ast_verdict *v, struct ir_verdict *out);
/*
 * An anonymous set of keys of the types @t. Its number is put in *@set. @mask: of
 * the field, or NULL; the elements are then those values that masked are in it.
 */
bool check_set_literal(struct check *c, const struct ast_expr *e, const enum type_kind *t,
		       unsigned int fields, bool map, const uint8_t *mask, unsigned int *set);

/* check_match.c */
bool check_match(struct check *c, const struct ast_stmt *s);
bool check_vmap(struct check *c, const struct ast_stmt *s);
/* The field that @e names; adds the matches that it needs to the rule. NULL: an error. */
const struct field *check_field(struct check *c, const struct ast_expr *e, bool depend);
bool check_add_net(struct check *c, const struct ir_place *place, unsigned int net, bool front);
bool check_add_l4(struct check *c, const struct ir_place *place, int l4, bool front);
const char *proto_word(int l4, char *buf, size_t size);

/* check_stmt.c */
bool check_stmt(struct check *c, const struct ast_stmt *s);

/* check_chain.c */
bool check_chain_base(struct check *c, const struct ast_chain *a, struct ir_chain *chain);
void check_graph(struct check *c);

/* warn.c */
void warn_policy(const struct ast_file *ast, const struct ir_policy *p, struct diags *d);

#endif /* NSF_POLICY_CHECK_INT_H */
