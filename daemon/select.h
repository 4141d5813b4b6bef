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
/* Could it be one? 0, or -EINVAL as select_name(). */
int select_check_name(const char *name, struct err *e);
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

/* ---- processes that cannot be taken for others ---- */

/* A number, and when the process that has it began: in clock ticks after boot. */
struct select_process {
	pid_t pid;
	uint64_t start;
};

/* Who has the number now. -ENOENT (EXIT_NOT_FOUND): nobody. */
int select_process(pid_t pid, struct select_process *out, struct err *e);
/*
 * The inode of its namespace, which is not opened. -ENOENT (EXIT_NOT_FOUND): that
 * process is gone, whoever has its number now.
 */
int select_process_inode(const struct select_process *p, uint32_t *inode, struct err *e);
/* The namespace itself, with the same check after it was opened. */
int select_process_open(const struct select_process *p, struct netns_ref *out, struct err *e);

/* ---- paths ---- */

/*
 * What is at @path, without opening it; a symbolic link is not followed. 0 with
 * *@inode 0: nothing is mounted there. -ENOENT; others as they come.
 */
int select_stat(const char *path, uint32_t *inode, bool *link);
/* The paths that match, each malloc'ed, as is the array. 0 or -ENOMEM. */
int select_glob(const char *glob, char ***out, size_t *n);
/* A network namespace that is mounted somewhere. */
struct select_mount {
	char *path;
	uint32_t inode;
};

/*
 * All mounts of network namespaces in our mount namespace, sorted by path, each
 * path once: what is hidden below another mount is not there. Without those in
 * SELECT_NETNS_DIR, which select_names() has.
 */
int select_mounts(struct select_mount **out, size_t *n, struct err *e);
void select_mounts_free(struct select_mount *v, size_t n);
/*
 * A descriptor of a namespace of which only the number is known: by some process
 * that is in it. -ENOENT (EXIT_NOT_FOUND): none is. Looks at every process.
 */
int select_inode(uint32_t inode, struct netns_ref *out, struct err *e);

/* The same in another directory, for tests. */
int select_name_in(const char *dir, const char *name, struct netns_ref *out, struct err *e);
int select_names_in(const char *dir, struct netns_name **out, size_t *n, struct err *e);

#endif /* NSF_SELECT_H */
