// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File or buffer -> IR: reads, parses and checks. See policy.h.
 *
 * What parsed is checked even if other statements did not parse: all mistakes of
 * a file are to be seen in one run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ast.h"
#include "policy/check.h"
#include "policy/policy.h"
#include "policy/source.h"

/* "web" of "/etc/nsfence/policies/web.nft". */
static char *stem(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base);

	if (len > 4 && !strcmp(base + len - 4, ".nft"))
		len -= 4;
	return strndup(base, len);
}

/* Takes over @source, which has the policy's text. */
static int load(const char *path, struct source *source, struct ir_policy **out,
		struct diags *d)
{
	struct ast_file ast = { .source = source };
	char *name = stem(path);
	int ret, checked;

	ret = name ? ast_parse(&ast, d) : -ENOMEM;
	if (ret != -ENOMEM && ast.table) {
		checked = policy_check(&ast, name, out, d);
		if (ret && !checked) {
			ir_policy_free(*out);
			*out = NULL;
		}
		if (!ret || checked == -ENOMEM)
			ret = checked;
	}
	free(name);
	ast_clean(&ast);
	diags_sort(d);
	return ret;
}

static int failed(int ret, const char *name, const char *why, struct source *source,
		  struct diags *d)
{
	if (ret == -EINVAL)
		diag_add(d, DIAG_ERROR, name, 0, 0, 0, NULL, "%s", why);
	if (source)
		source_clean(source);
	free(source);
	return ret;
}

int policy_load(const char *path, struct ir_policy **out, struct diags *d)
{
	struct source *s = calloc(1, sizeof(*s));
	char why[256];
	int ret = -ENOMEM;

	*out = NULL;
	if (s)
		ret = source_open(s, path, NULL, NULL, why, sizeof(why));
	return ret ? failed(ret, path, why, s, d) : load(path, s, out, d);
}

int policy_load_buffer(const char *name, const char *text, size_t size,
		       struct ir_policy **out, struct diags *d)
{
	struct source *s = calloc(1, sizeof(*s));
	char why[256];
	int ret = -ENOMEM;

	*out = NULL;
	if (s)
		ret = source_buffer(s, name, text, size, why, sizeof(why));
	return ret ? failed(ret, name, why, s, d) : load(name, s, out, d);
}
