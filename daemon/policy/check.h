/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: from the syntax tree to the IR: names are looked up, types compared,
 * the matches that nft adds are added, and all that is not in the language is
 * refused by name.
 *
 *   check.c        the table: chains, rules, their ids
 *   check_chain.c  hooks and priorities; who jumps to whom
 *   check_match.c  matches and verdict maps
 *   check_stmt.c   the other statements
 *   check_set.c    the elements of sets and their order;  check_named.c  named sets
 *   check_value.c  one value, range or prefix
 *   check_field.c  the table of fields;  check_proto.c  which headers are known
 *   format.c       the normal form;      warn.c         what is allowed but odd
 */
#ifndef NSF_POLICY_CHECK_H
#define NSF_POLICY_CHECK_H

struct ast_file;
struct diags;
struct ir_policy;

/*
 * @name: the policy's. Returns 0 with *@out; -EINVAL with errors in @d (or where
 * the parser had some), -ENOMEM. *@out keeps no pointer into @ast.
 */
int policy_check(const struct ast_file *ast, const char *name, struct ir_policy **out,
		 struct diags *d);

#endif /* NSF_POLICY_CHECK_H */
