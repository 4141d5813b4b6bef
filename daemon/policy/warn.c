// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * warn: what is allowed but hardly meant.
 */
#include "policy/check_int.h"

void warn_policy(const struct ast_file *ast, const struct ir_policy *p, struct diags *d)
{
	if (p->family != IR_INET)
		ast_warning(ast, d, &ast->table->place, "a table of family %s does not filter %s: "
			    "table inet filters both", p->family == IR_IP ? "ip" : "ip6",
			    p->family == IR_IP ? "IPv6" : "IPv4");
}
