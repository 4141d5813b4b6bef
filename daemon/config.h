/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: which namespace gets which fence, as the administrator wrote it.
 *
 * DIR/nsfence.conf first, then DIR/nsfence.conf.d/?*.conf in strcmp(3) order;
 * a key repeated in a later file overrides the earlier one. Policies that are
 * named there are DIR/policies/NAME.nft; DIR/netns.d/NAME.nft is that of the one
 * namespace NAME (policies.h). All that some section needs are compiled here.
 * A configuration is either loaded whole or not at all, and every error of every
 * file is reported in one run. Read only: nothing here touches a namespace or
 * the module.
 */
#ifndef NSF_CONFIG_H
#define NSF_CONFIG_H

#include <stdbool.h>
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
	CONFIG_BACKEND_NFT,
};

/* By what a section selects. The names of the kinds are those of the sections. */
enum config_kind {
	CONFIG_NETNS,			/* /run/netns/NAME, or a glob of names */
	CONFIG_PATH,			/* an absolute path, or a glob of paths */
	CONFIG_PID,
	CONFIG_UNIT,
	CONFIG_INODE,
	CONFIG_KINDS,
};

/* A policy file that some section needs. */
struct config_policy {
	char name[GENL_MAX_NAME + 1];	/* in the module: "web", "netns:web1" */
	bool missing;			/* while loading: there is no such file */
	struct policies_image compiled;
};

/* One section with a selector, or netns.d/NAME.nft, after all files. */
struct config_section {
	enum config_kind kind;
	/*
	 * As written, in normal form: "web1", "build-*", "/run/docker/netns/x", "4711",
	 * "x.service". A path right below /run/netns is of kind CONFIG_NETNS.
	 */
	char *name;
	char *path;			/* netns, path: the absolute path, or glob; else NULL */
	bool glob;
	unsigned int literals;		/* of ->path, where that is a glob */
	char **except;			/* absolute paths, or globs */
	size_t n_except;
	uint64_t number;		/* pid, inode */
	bool none;			/* deliberately no fence; ->policy is "none" */
	const char *policy;		/* its name in the module */
	const struct config_policy *file;	/* NULL: `policy` is a built-in, or none */
	enum genl_mode mode;
	uint32_t hooks;			/* a built-in's, default filled in; 0: the file's own */
	uint32_t flags;			/* GENL_F_STRICT, GENL_F_FORWARD_ACCEPT, GENL_F_INHERIT */
	unsigned int order;		/* of first appearance, from 0; sections first */
	/*
	 * Where the policy was set: "nsfence.conf:6", "nsfence.conf.d/10-x.conf:3",
	 * "netns.d/web1.nft".
	 */
	char source[GENL_MAX_SOURCE + 1];
};

struct config {
	enum config_backend backend;
	/* What namespaces are born with; ->policy NULL: nothing. Borrowed strings. */
	struct genl_fence birth;
	const struct config_policy *birth_file;	/* NULL: none, or a built-in */
	struct config_section *sections;	/* sorted by kind, then by name */
	size_t n_sections;
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
/* The section of exactly this kind and name, be that a glob; NULL: there is none. */
const struct config_section *config_find(const struct config *c, enum config_kind kind,
					 const char *name);
/* "netns", "path", "pid", "unit", "inode" */
const char *config_kind_name(enum config_kind kind);
/* For people: "web1", "/run/docker/netns/x", "process 4711", "x.service", "inode 12". */
void config_section_label(const struct config_section *s, char *buf, size_t size);
/* Whether two sections wish for the same fence, or both for none. */
bool config_same_wish(const struct config_section *a, const struct config_section *b);
/* NULL: nothing needs a policy of this name. */
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
