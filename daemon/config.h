/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: which namespace gets which fence, as the administrator wrote it.
 *
 * DIR/nsfence.conf first, then DIR/nsfence.conf.d/?*.conf in strcmp(3) order;
 * a key repeated in a later file overrides the earlier one. Policies that are
 * named there are DIR/policies/NAME.nft; DIR/netns.d/NAME.nft is that of the one
 * namespace NAME (policies.h). All that some namespace needs are compiled here.
 * A configuration is either loaded whole or not at all, and every error of every
 * file is reported in one run. Read only: nothing here touches a namespace or
 * the module.
 */
#ifndef NSF_CONFIG_H
#define NSF_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "genl.h"
#include "policies.h"

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

/* A policy file that some namespace needs. */
struct config_policy {
	char name[GENL_MAX_NAME + 1];	/* in the module: "web", "netns:web1" */
	bool missing;			/* while loading: there is no such file */
	struct policies_image compiled;
};

/* One [netns NAME] or netns.d/NAME.nft, after all files. */
struct config_netns {
	char *name;
	const char *policy;		/* its name in the module */
	const struct config_policy *file;	/* NULL: `policy` is a built-in */
	enum genl_mode mode;
	uint32_t hooks;			/* a built-in's, default filled in; 0: the file's own */
	uint32_t flags;			/* GENL_F_STRICT, GENL_F_FORWARD_ACCEPT */
	unsigned int order;		/* of first appearance, from 0; sections first */
	/*
	 * Where the policy was set: "nsfence.conf:6", "nsfence.conf.d/10-x.conf:3",
	 * "netns.d/web1.nft".
	 */
	char source[GENL_MAX_SOURCE + 1];
};

struct config {
	enum config_backend backend;
	struct config_netns *netns;	/* sorted by name */
	size_t n_netns;
	struct config_policy *policies;	/* sorted by name */
	size_t n_policies;
	char **warnings;		/* about policies, as diag_format() has them */
	size_t n_warnings;
};

struct config_error {
	unsigned int file;		/* in the order in which files are read */
	unsigned int line;		/* from 1; 0: the file as a whole */
	unsigned int col;		/* from 1; 0: the line as a whole */
	/*
	 * "FILE:LINE:COL: Error: ..."; of a policy with the source line and a line
	 * of carets after it (its `line` is then the message's place in the order).
	 */
	char *text;
};

/* Zero it before use. */
struct config_errors {
	struct config_error v[CONFIG_MAX_ERRORS];	/* in file order */
	size_t n;
	size_t more;			/* errors beyond v[] */
};

/*
 * @path: a directory as above, or one file, which is then read alone, with the
 * policies/ beside it. Returns 0; -EINVAL with at least one error in @errs; or
 * -ENOMEM. @out is to be cleaned only after 0.
 */
int config_load(const char *path, struct config *out, struct config_errors *errs);
const struct config_netns *config_find(const struct config *c, const char *name);
/* NULL: no namespace needs a policy of this name. */
const struct config_policy *config_find_policy(const struct config *c, const char *name);
void config_clean(struct config *c);

/*
 * Hands each line of each error, and "and N more errors" if so, to @line,
 * without newline.
 */
void config_errors_each(const struct config_errors *errs,
			void (*line)(void *data, const char *text), void *data);
/*
 * For those who escape control characters: @line with blanks for its tabs, so
 * that the carets of a policy's message stay below what they mean.
 */
void config_expand_tabs(const char *line, char *buf, size_t size);
/* The first line of the first one; "" if there is none. */
void config_errors_first(const struct config_errors *errs, char *buf, size_t size);
/* The same of the warnings of a configuration that is loaded. */
void config_warnings_each(const struct config *c,
			  void (*line)(void *data, const char *text), void *data);
void config_errors_clean(struct config_errors *errs);

#endif /* NSF_CONFIG_H */
