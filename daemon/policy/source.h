/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source: the texts of one policy: its file and what that includes.
 *
 * Only regular files are read, whole, and bounded; a policy cannot hang on a
 * pipe. Texts stay until the policy's tree is gone, for its places name them and
 * messages quote their lines.
 */
#ifndef NSF_POLICY_SOURCE_H
#define NSF_POLICY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy/policy.h"

#define SOURCE_MAX_QUOTE	1000	/* bytes of a line that a message quotes */

struct source_text {
	char *name;			/* as the user wrote it, or as include found it */
	char *data;			/* NUL behind it, none in it */
	size_t size;
	dev_t dev;
	ino_t ino;			/* 0: a buffer, no file */
	const struct source_text *parent;	/* that includes it; NULL: the policy */
	unsigned int depth;		/* from 1 */
	size_t *line;			/* where each line begins; made when first needed */
	size_t lines;
};

struct source {
	struct source_text *text[POLICY_MAX_FILES];
	size_t count;
	size_t total;			/* bytes of all, at most POLICY_MAX_FILE */
	char *dir;			/* that includes are relative to; "" is the current one */
};

/*
 * Each: 0, -EINVAL with a sentence in @why (@size bytes), or -ENOMEM. @out may be
 * NULL. source_open() is for the policy itself with @parent NULL.
 */
int source_open(struct source *s, const char *path, const struct source_text *parent,
		struct source_text **out, char *why, size_t size);
int source_buffer(struct source *s, const char *name, const char *data, size_t len,
		  char *why, size_t size);
/*
 * What `include "@pattern"` of @parent means: reads all files that match, in
 * order, as nft does, and adds them; *@first is the index of the first of them.
 * No match of a pattern with wildcards is no mistake.
 */
int source_include(struct source *s, const char *pattern, const struct source_text *parent,
		   size_t *first, char *why, size_t size);
/* Line @line of the text with this very name pointer, malloc'ed; NULL if too long to quote. */
char *source_line(const struct source *s, const char *name, unsigned int line);
void source_clean(struct source *s);

#endif /* NSF_POLICY_SOURCE_H */
