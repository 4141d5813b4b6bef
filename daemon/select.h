/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * select: names, paths and PIDs -> network namespaces.
 *
 * A name is a mount of nsfs at /run/netns/NAME. `ip netns add` makes the plain
 * file first and mounts afterwards, so what is opened is checked to be nsfs and
 * of type CLONE_NEWNET. A struct netns_ref holds one open descriptor, which
 * pins the namespace: keep it only while a request is under way.
 */
#ifndef NSF_SELECT_H
#define NSF_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#define SELECT_NETNS_DIR "/run/netns"

struct netns_ref {
	int fd;			/* open nsfs descriptor, -1: none */
	uint32_t inode;
	bool has_cookie;	/* SO_NETNS_COOKIE: Linux 5.14 and later */
	uint64_t cookie;
};

/*
 * -ENOENT (EXIT_NOT_FOUND): no such name; the message lists those that exist.
 * -EAGAIN: the file is there, and not (yet) a mount of nsfs.
 * -EINVAL (EXIT_REFUSED): not a name (empty, '/', "." or ".."), or a namespace
 * of another kind.
 */
int select_name(const char *name, struct netns_ref *out, struct err *e);
int select_path(const char *path, struct netns_ref *out, struct err *e);
/* The namespace of the task's main thread; the descriptor outlives the task. */
int select_pid(pid_t pid, struct netns_ref *out, struct err *e);
void netns_ref_close(struct netns_ref *ref);

struct netns_name {
	char name[256];
	uint32_t inode;		/* 0: the file is not (yet) a mount of nsfs */
	bool link;		/* a symbolic link; @inode is what it leads to now */
};

/*
 * What is in SELECT_NETNS_DIR, sorted by name, into a malloc'ed array that the
 * caller frees. A directory that does not exist is an empty list. Opens no
 * namespace: the inode is stat(2)'s, so nothing is pinned, not for a moment.
 */
int select_names(struct netns_name **out, size_t *n, struct err *e);

/* The same in another directory, for tests. */
int select_name_in(const char *dir, const char *name, struct netns_ref *out, struct err *e);
int select_names_in(const char *dir, struct netns_name **out, size_t *n, struct err *e);

#endif /* NSF_SELECT_H */
