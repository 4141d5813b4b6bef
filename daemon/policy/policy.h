/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy: from a policy file to an image, all stages in order:
 *
 *   FILE --lex.l--> tokens --parse.y--> syntax tree (ast.h) --check.c--> IR (ir.h)
 *        --compile.c--> flat records --image.c--> image (module/image.h)
 *
 * Pure: reads files, writes none, knows no netlink. Not thread-safe.
 */
#ifndef NSF_POLICY_H
#define NSF_POLICY_H

#include <stddef.h>

#include "policy/diag.h"

struct ir_policy;
struct nsf_image;

#define POLICY_MAX_FILE		(64u << 20)	/* bytes of one file: a set of a million elements */
#define POLICY_MAX_INCLUDE	16		/* depth, as nft's */
#define POLICY_MAX_FILES	256

/*
 * Reads @path and what it includes. Returns 0 with *@out (and perhaps warnings
 * in @d); -EINVAL with at least one error in @d; -ENOMEM. Errors of reading are
 * in @d too.
 */
int policy_load(const char *path, struct ir_policy **out, struct diags *d);
/* The same of @size bytes at @text, called @name in messages; include works
 * relative to the current directory. For tests, fuzzers and standard input. */
int policy_load_buffer(const char *name, const char *text, size_t size,
		       struct ir_policy **out, struct diags *d);
/*
 * The image: malloc'ed, aligned to 8, already accepted by nsf_image_check().
 * Deterministic. -EINVAL with errors in @d where a limit is met, -ENOMEM.
 */
int policy_compile(const struct ir_policy *p, struct nsf_image **out, struct diags *d);
/* Chains with fewer records get no index: NSF_INDEX_MIN_RECORDS, but for tests. */
extern unsigned int index_least;

#endif /* NSF_POLICY_H */
