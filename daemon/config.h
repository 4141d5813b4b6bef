/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: which namespace gets which fence, as the administrator wrote it.
 *
 * DIR/nsfence.conf first, then DIR/nsfence.conf.d/?*.conf in strcmp(3) order;
 * a key repeated in a later file overrides the earlier one. A configuration is
 * either loaded whole or not at all, and every error of every file is reported
 * in one run. Read only: nothing here touches a namespace or the module.
 */
#ifndef NSF_CONFIG_H
#define NSF_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "genl.h"

#ifndef NSF_CONFDIR			/* the Makefile's SYSCONFDIR */
#define NSF_CONFDIR		"/etc/nsfence"
#endif
#define CONFIG_DIR		NSF_CONFDIR
#define CONFIG_MAX_FILE		(1024 * 1024)	/* bytes */
#define CONFIG_MAX_FILES	1024		/* in nsfence.conf.d */
#define CONFIG_MAX_ERRORS	100		/* kept; the rest is counted */

enum config_backend {
	CONFIG_BACKEND_AUTO,
	CONFIG_BACKEND_MODULE,
};

/* One [netns NAME], after all files. */
struct config_netns {
	char *name;
	const char *policy;		/* a built-in's name; static */
	enum genl_mode mode;
	uint32_t hooks;			/* never 0: the default is filled in */
	uint32_t flags;			/* GENL_F_STRICT, GENL_F_FORWARD_ACCEPT */
	unsigned int order;		/* of first appearance, from 0 */
	/* Where `policy` was set: "nsfence.conf:6", "nsfence.conf.d/10-x.conf:3". */
	char source[GENL_MAX_SOURCE + 1];
};

struct config {
	enum config_backend backend;
	struct config_netns *netns;	/* sorted by name */
	size_t n_netns;
};

struct config_error {
	unsigned int file;		/* in the order in which files are read */
	unsigned int line;		/* from 1; 0: the file as a whole */
	unsigned int col;		/* from 1; 0: the line as a whole */
	char *text;			/* "FILE:LINE:COL: Error: ..." */
};

/* Zero it before use. */
struct config_errors {
	struct config_error v[CONFIG_MAX_ERRORS];	/* in file order */
	size_t n;
	size_t more;			/* errors beyond v[] */
};

/*
 * @path: a directory as above, or one file, which is then read alone. Returns
 * 0; -EINVAL with at least one error in @errs; or -ENOMEM. @out is to be
 * cleaned only after 0.
 */
int config_load(const char *path, struct config *out, struct config_errors *errs);
const struct config_netns *config_find(const struct config *c, const char *name);
void config_clean(struct config *c);

/* Hands each error, and "and N more errors" if so, to @line, without newline. */
void config_errors_each(const struct config_errors *errs,
			void (*line)(void *data, const char *text), void *data);
void config_errors_clean(struct config_errors *errs);

#endif /* NSF_CONFIG_H */
