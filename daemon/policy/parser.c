// SPDX-License-Identifier: GPL-2.0-or-later
/* The parse stage as a whole. See ast.h and parse.h. */
#include <errno.h>
#include <stdlib.h>

#include "policy/parse.h"
#include "policy/parse.tab.h"

static int parse(struct parser *p)
{
	/* Without memory flex and the lexer come back here. */
	if (setjmp(p->out))
		return -ENOMEM;
	if (lex_begin(p))
		return -ENOMEM;
	return policy_yyparse(p) == 2 && !p->file->errors ? -ENOMEM : 0;
}

int ast_parse(struct ast_file *file, struct diags *d)
{
	const struct ir_place whole = { .file = ast_file_name(file, 0) };
	struct parser *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return -ENOMEM;
	p->file = file;
	p->diags = d;
	ret = parse(p);
	if (p->nomem && !ret) {
		if (file->memory + (1 << 20) < AST_MAX_MEMORY)
			ret = -ENOMEM;
		else
			complain(p, &whole, "the policy is too large: its tree takes more than %lu MiB",
				 AST_MAX_MEMORY >> 20);
	}
	if (!ret && !file->table && !file->errors)
		complain(p, &whole, "there is no table in this file; a policy is one block: table inet NAME { ... }");
	if (!ret && file->errors)
		ret = -EINVAL;
	lex_end(p);
	free(p);
	return ret;
}
