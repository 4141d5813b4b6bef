/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * format: the IR in words, as `nft list ruleset` would have it. One policy has
 * one form, and what is printed is valid input that means the same.
 */
#ifndef NSF_POLICY_FORMAT_H
#define NSF_POLICY_FORMAT_H

#include <stdio.h>

#include "policy/check_field.h"
#include "policy/ir.h"

/* All malloc'ed; NULL: no memory. */
char *format_rule(const struct ir_policy *p, const struct ir_rule *r);
char *format_key(const struct ir_element *e, const enum type_kind *t, unsigned int fields);

/* The table's named sets and maps. -ENOMEM: not all of them. */
int format_sets(FILE *out, const struct ir_policy *p);
/* The whole table. -ENOMEM where stdio says so. */
int format_policy(FILE *out, const struct ir_policy *p);

#endif /* NSF_POLICY_FORMAT_H */
