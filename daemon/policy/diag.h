/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diag: the errors and warnings of one policy, all of one run.
 *
 *   bad.nft:4:12-21: Error: "10.0.0.300" is not an IPv4 address
 *     ip saddr 10.0.0.300 accept
 *              ^^^^^^^^^^
 */
#ifndef NSF_POLICY_DIAG_H
#define NSF_POLICY_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#define DIAG_MAX	100	/* kept; the rest is counted */

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_level level;
	char *file;			/* as named */
	unsigned int line;		/* from 1; 0: the file as a whole */
	unsigned int col, end;		/* from 1, in bytes; 0: the line as a whole */
	char *message;			/* one sentence, no newline, no full stop */
	char *source;			/* the source line, or NULL */
};

/* Zero it before use. */
struct diags {
	struct diag v[DIAG_MAX];	/* in order of file and place once sorted */
	size_t n;
	size_t errors, warnings;	/* counted, kept or not */
};

/* @source may be NULL; all strings are copied; control characters are escaped when printed. */
void diag_add(struct diags *d, enum diag_level level, const char *file, unsigned int line,
	      unsigned int col, unsigned int end, const char *source, const char *fmt, ...)
	__attribute__((format(printf, 8, 9)));
void diags_sort(struct diags *d);
/* The three lines above (one where there is no source line), each ended by a newline, malloc'ed. */
char *diag_format(const struct diag *one);
void diags_clean(struct diags *d);

#endif /* NSF_POLICY_DIAG_H */
