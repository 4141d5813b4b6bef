/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names: what people call a network namespace, which the kernel knows by a number.
 *
 * The first of these that it has: its names in /run/netns; the other paths that
 * it is mounted at (/run/docker/netns/..., seen from our mount namespace); the
 * oldest process in it, as "web.service" where that is a service's main process,
 * else as "comm[pid]". Names and paths are kept as they are, any bytes; a
 * process's is without blanks, commas and control characters. Sorted by inode:
 * finding is cheap, with thousands of namespaces as well. Not thread-safe.
 */
#ifndef NSF_NAMES_H
#define NSF_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "genl.h"

#define NAMES_LABEL	256	/* bytes: a buffer for one name, or a few */

enum names_from {
	NAMES_NETNS,
	NAMES_PATH,
	NAMES_TASK,
};

struct names_entry {
	uint32_t inode;
	enum names_from from;
	char *text;
};

/* Zero it before use. */
struct names {
	struct names_entry *v;		/* by inode, where from, text */
	size_t n;
	size_t room;
	uint32_t initial;		/* inode of the initial namespace; 0: not known */
};

/* Names and paths; no process is looked at. What was there is gone, also after an error. */
int names_load(struct names *names, struct err *e);
/*
 * Processes, for those of @inodes that have no name and no path: one look at all
 * of /proc, or none if all have. 0 or -ENOMEM; what cannot be read is left out.
 */
int names_load_tasks(struct names *names, const uint32_t *inodes, size_t n, struct err *e);
/* Both, for namespaces that are to be shown. @all: also for those without a fence. */
int names_load_for(struct names *names, const struct genl_netns *v, size_t n, bool all,
		   struct err *e);
void names_clean(struct names *names);

/* The entries of one namespace from one place: the first, and how many there are; NULL: none. */
const struct names_entry *names_find(const struct names *names, uint32_t inode,
				     enum names_from from, size_t *n);
/* Whether names_label() has more to say than "-". */
bool names_known(const struct names *names, uint32_t inode);
/*
 * For people: "web1,www", "/run/docker/netns/5f0c", "web.service", "bash[812]",
 * "(init)" or "-"; cut, with "...", when @size is too small. Names and paths are
 * as they are: pass it through out_escape().
 */
void names_label(const struct names *names, uint32_t inode, char *buf, size_t size);
/* The namespace has died: what is born with this number is another one. */
void names_forget(struct names *names, uint32_t inode);

/* ---- pieces, for tests ---- */

/* Copies @text. names_sort() before the next question. 0 or -ENOMEM. */
int names_add(struct names *names, uint32_t inode, enum names_from from, const char *text);
void names_sort(struct names *names);
/*
 * One line of mountinfo (proc_pid_mountinfo(5)), which is spoilt. The path, inside
 * @line, of a mount of a network namespace; NULL: of something else.
 */
char *names_parse_mount(char *line, uint32_t *inode);
/* "comm[pid]" without what would break a line or a list. */
void names_task(const char *comm, int pid, char *buf, size_t size);

#endif /* NSF_NAMES_H */
