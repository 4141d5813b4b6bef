/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_set: a set while its elements are read and put in order.
 */
#ifndef NSF_POLICY_CHECK_SET_H
#define NSF_POLICY_CHECK_SET_H

#include "policy/check_int.h"

struct item {
	uint64_t head;		/* of its first key: most comparisons end here, near by */
	struct ir_element *e;
	const struct ir_place *place;
	size_t order;
};

struct build {
	struct check *c;
	const enum type_kind *type;
	unsigned int fields;
	unsigned int width[IR_MAX_FIELDS];
	bool map, named, auto_merge;
	bool interval;		/* some element is, or flags interval */
	struct ir_element *e;
	const struct ir_place **place;
	struct item *item;
	size_t n, cap, place_cap;
	unsigned int conflicts;
};

void build_init(struct build *b, struct check *c, const enum type_kind *t, unsigned int fields,
		bool map);
void build_clean(struct build *b);
/* Adds the elements of the literal @set; @mask as of check_set_literal(). */
bool build_read(struct build *b, const struct ast_expr *set, const uint8_t *mask);
/* Sorts, merges, and gives the elements to @set. */
bool build_finish(struct build *b, struct ir_set *set);
/* A new set of the policy, the last one; NULL: no memory. */
struct ir_set *build_set(struct check *c, const struct ir_place *place);

#endif /* NSF_POLICY_CHECK_SET_H */
