/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: which section claims which namespace. Pure.
 *
 * A namespace with several names is one: the sections that claim it by any of
 * them are weighed together.
 *
 *   exact ([netns NAME], [path PATH], [pid], [unit], [inode])  beats any glob;
 *   of two globs that with more literal characters wins;
 *   else the one that comes first in the configuration does, and where the other
 *   wishes for another fence, that is a tie, which is an error.
 *
 * A symbolic link names nothing: to what it leads now, perhaps /proc/PID/ns/net,
 * it may not lead in a moment, when the number is given to another process.
 */
#ifndef NSF_CLAIMS_H
#define NSF_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "select.h"

/* Why a name leads to no namespace. */
enum claims_lack {
	CLAIMS_THERE,		/* it does */
	CLAIMS_ABSENT,		/* there is nothing of that name; or no such unit */
	CLAIMS_FILE,		/* a file on which nothing is mounted (yet) */
	CLAIMS_LINK,		/* a symbolic link */
	CLAIMS_STOPPED,		/* the unit has no main process now */
	CLAIMS_UNKNOWN,		/* systemd has not answered (yet) */
	CLAIMS_ENDED,		/* what the section was bound to is gone for good */
};

/* Something that may lead to a namespace: a path, or a section that is no path. */
struct claims_name {
	enum config_kind kind;
	/* As config_section's: a name in /run/netns, a path, "4711", "x.service". */
	char *name;
	char *path;			/* netns, path: absolute; else NULL */
	const struct config_section *section;	/* pid, unit, inode: whose; else NULL */
	uint32_t inode;			/* 0: ->lack says why */
	enum claims_lack lack;
	const char *reason;		/* for people, static; NULL: ->lack says all */
	struct select_process process;	/* pid, unit: whose namespace it is */
	bool has_cookie;		/* inode: of the namespace that it is bound to */
	uint64_t cookie;
};

/* What one namespace, or one name without a namespace, is to have. */
struct claim {
	uint32_t inode;			/* 0: there is none (yet) */
	const struct config_section *want;
	const struct claims_name *by;	/* the name by which; absent: NULL */
	/* A tie: as specific, later in the configuration, with another wish; or NULL. */
	const struct config_section *rival;
	const struct claims_name *rival_by;
	const struct claims_name *const *names;	/* all of the namespace, sorted */
	size_t n_names;
};

struct claims {
	/* Those with an inode first, sorted by it; then those without, by order. */
	struct claim *v;
	size_t n;
	size_t n_there;			/* with an inode */
	uint32_t *named;		/* inodes that have a path, sorted, each once */
	size_t n_named;
	const struct claims_name **by_inode;	/* what ->names point into; all with an inode */
	size_t n_by_inode;
};

/*
 * @names: all there are, in any order; with one for each section that is no path.
 * A path that no section claims gives its namespace a name, which counts too. Each
 * exact section that claims nothing has a claim without an inode, and so has each
 * name without a namespace that a section claims. @out points into @c and @names,
 * which must outlive it. 0 or -ENOMEM.
 */
int claims_make(const struct config *c, const struct claims_name *names, size_t n,
		struct claims *out);
void claims_clean(struct claims *c);

/* NULL: no section claims this namespace. */
const struct claim *claims_find(const struct claims *c, uint32_t inode);
/* Its names, claimed or not: @n of them. */
const struct claims_name *const *claims_names(const struct claims *c, uint32_t inode, size_t *n);
/* Whether the namespace has a name or path that we know of. */
bool claims_is_named(const struct claims *c, uint32_t inode);
/* The section that would claim a namespace at @path, had it no other name; or NULL. */
const struct config_section *claims_of_path(const struct config *c, const char *path);

/* How specific a section is; the higher wins. */
unsigned int claims_weight(const struct config_section *s);

#endif /* NSF_CLAIMS_H */
