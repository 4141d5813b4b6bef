/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_doctor: the examination behind nsfence doctor and nsfence version.
 *
 * All files are looked up below a root ("" for the real one), so that a test
 * can fake each finding. What no file tells (the module's answer, a socket
 * option) is asked first and handed in as struct doctor_live.
 */
#ifndef NSF_CMD_DOCTOR_H
#define NSF_CMD_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "genl.h"

#define DOCTOR_MAX	32

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_WARN,
	DOCTOR_FAIL,
};

struct finding {
	enum doctor_level level;
	const char *name;
	char found[320];
	char todo[320];		/* "" when there is nothing to do */
};

struct doctor_live {
	int ret;			/* of genl_version_probe() */
	struct genl_version version;	/* when ret is 0 */
	struct err err;			/* when it is not */
	bool cookie;			/* SO_NETNS_COOKIE works */
	bool root;			/* the caller's user id is 0 */
	int asked;			/* the daemon: 0 it answered, or errno; -1: it was not */
	char backend[16];		/* of its answer; "" */
	bool amiss;			/* `nsfence status` would end with 1 */
};

struct doctor {
	const char *root;
	const struct doctor_live *live;
	char release[128];		/* of the running kernel */
	bool visible;			/* the module's netlink family is there */
	bool loaded;			/* the module is in the kernel */
	struct finding v[DOCTOR_MAX];
	size_t n;
};

void doctor_live_get(struct doctor_live *live);
/* Fills @d with all findings. */
void doctor_examine(struct doctor *d, const char *root, const struct doctor_live *live);

/* The groups of checks, each a file of its own. */
void doctor_check_kernel(struct doctor *d);	/* can the module load here? */
void doctor_check_system(struct doctor *d);	/* caller, versions, daemon, names */

void doctor_add(struct doctor *d, enum doctor_level level, const char *name, const char *todo,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Files below the root. The path is fmt's. doctor_read: the first bytes, with
 * the final newline cut off; the number of bytes, or a negative errno.
 */
int doctor_read(const char *root, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool doctor_exists(const char *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The process id of the running daemon, 0: there is none; and its version. The
 * file that tells may be left from a daemon that was killed, and any user may
 * call a process nsfenced: both must agree, on a process of root's.
 */
unsigned long doctor_daemon(const char *root, char *version, size_t size);
/* "0.1.0" of the loaded module; false: not known. */
bool doctor_module_version(const char *root, char *buf, size_t size);

#endif /* NSF_CMD_DOCTOR_H */
