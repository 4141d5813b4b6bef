/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * warn: what the files of the warnings share.
 */
#ifndef NSF_POLICY_WARN_H
#define NSF_POLICY_WARN_H

#include <stdbool.h>

#include "policy/ir.h"

struct ast_file;
struct diags;

struct warn {
	const struct ast_file *ast;
	const struct ir_policy *p;
	struct diags *d;
};

/* Has the set, of one field, something of @r? It is sorted: a binary search. */
bool warn_set_meets(const struct ir_set *s, const struct ir_range *r, unsigned int width);

void warn_never(const struct warn *w);
/* Chains that drop what they do not name, and name neither loopback nor established. */
void warn_cut(const struct warn *w);

#endif /* NSF_POLICY_WARN_H */
