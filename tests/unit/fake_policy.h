/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_policy: the compiler of policies played by four words, for tests of what
 * is around it. Included by one test, which links policy/diag.c and ir.c.
 *
 *   error TEXT      a mistake in this line, from column 7 to its end
 *   warning TEXT    the same, no mistake
 *   hook NAME       a base chain there
 *
 * Any other line is only hashed: another text makes another image. The image has
 * chains, and is not one that the module would take.
 */
#ifndef FAKE_POLICY_H
#define FAKE_POLICY_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genl.h"
#include "image.h"
#include "policy/diag.h"
#include "policy/format.h"
#include "policy/ir.h"
#include "policy/policy.h"

static unsigned int fake_compiled;	/* how often */

static void fake_line(struct ir_policy *p, const char *path, unsigned int line, char *text,
		      struct diags *d)
{
	unsigned int end;

	text[strcspn(text, "\n")] = 0;
	end = strlen(text);
	if (!strncmp(text, "error ", 6)) {
		diag_add(d, DIAG_ERROR, path, line, 7, end, text, "%s", text + 6);
	} else if (!strncmp(text, "warning ", 8)) {
		diag_add(d, DIAG_WARNING, path, line, 9, end, text, "%s", text + 8);
	} else if (!strncmp(text, "hook ", 5)) {
		uint32_t hooks = 0;

		if (!genl_hooks_parse(text + 5, &hooks, NULL))
			p->chain[p->chains++].hook = __builtin_ctz(hooks);
	}
	for (; *text; text++)
		p->chain[31].rules = p->chain[31].rules * 31 + (unsigned char)*text;
}

int policy_load(const char *path, struct ir_policy **out, struct diags *d)
{
	FILE *f = fopen(path, "r");
	struct ir_policy *p;
	unsigned int line = 0;
	char text[256];

	*out = NULL;
	fake_compiled++;
	if (!f) {
		diag_add(d, DIAG_ERROR, path, 0, 0, 0, NULL, "cannot be read: %s", strerror(errno));
		return -EINVAL;
	}
	p = calloc(1, sizeof(*p));
	p->chain = calloc(32, sizeof(*p->chain));	/* the last one: the hash */
	while (fgets(text, sizeof(text), f))
		fake_line(p, path, ++line, text, d);
	fclose(f);
	if (d->errors) {
		ir_policy_free(p);
		return -EINVAL;
	}
	*out = p;
	return 0;
}

int policy_compile(const struct ir_policy *p, struct nsf_image **out, struct diags *d)
{
	size_t size = sizeof(struct nsf_image) + p->chains * sizeof(struct nsf_chain), i;
	struct nsf_image *img = calloc(1, size);
	struct nsf_chain *chain = (void *)(img + 1);

	(void)d;
	img->size = size;
	img->hash = p->chain[31].rules;
	img->section[NSF_SECTION_CHAINS] = (struct nsf_section){
		.offset = sizeof(*img), .size = p->chains * sizeof(*chain),
	};
	for (i = 0; i < p->chains; i++)
		chain[i].hook = p->chain[i].hook;
	*out = img;
	return 0;
}

int format_policy(FILE *o, const struct ir_policy *p)
{
	fprintf(o, "fake %zu\n", p->chains);
	return 0;
}

#endif /* FAKE_POLICY_H */
