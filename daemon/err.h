/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err: a failure that carries its message.
 *
 * Functions that can fail return 0 or a negative errno and fill a struct err
 * (which may be NULL) with the sentence for people and the exit code that the
 * command line tool ends with. Nothing below main() prints.
 */
#ifndef NSF_ERR_H
#define NSF_ERR_H

/* Exit codes, documented in nsfence(8). */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,	/* refused or invalid */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,	/* module or daemon not reachable */
	EXIT_NOT_FOUND = 4,
	EXIT_DRIFT = 5,
};

struct err {
	int errnum;		/* positive errno, 0 when nothing failed */
	enum exit_code exit;
	char text[512];		/* one sentence, no newline, no full stop */
};

/* Fills @e (when not NULL) and returns -@errnum. */
int err_set(struct err *e, int errnum, enum exit_code exit, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* NSF_ERR_H */
