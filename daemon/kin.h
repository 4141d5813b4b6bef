/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kin: which network namespaces were made by tasks inside another one, or inside
 * those in turn.
 *
 * The module knows it of what was born while it was loaded (`parent`), and there
 * its word is the last. Of older ones nobody does; those are taken for kin that
 * could have come from nowhere else:
 *
 *   tasks   each process in it descends, through processes in it, from one in a
 *           namespace of the family. Not where the namespace has a name, or is
 *           mounted in our mount namespace: there a shell inside may just have
 *           entered it, and who has named it can choose it by that name.
 *   owner   its owner is a user namespace (never the initial one), or one below
 *           that, in which some process is in the family, and none anywhere else.
 *
 * A namespace that strangers use as well is therefore never taken. The initial
 * one never is. kin_find() is pure; kin_scan() reads /proc.
 */
#ifndef NSF_KIN_H
#define NSF_KIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "genl.h"
#include "names.h"

struct kin_task {
	pid_t pid;
	pid_t ppid;			/* of a thread: its process */
	uint32_t net;
	uint32_t user;
	uint32_t origin;		/* net of the nearest ancestor elsewhere; kin_find() */
};

enum kin_why {
	KIN_NOT,
	KIN_ROOT,
	KIN_BORN,			/* the module saw it */
	KIN_TASKS,
	KIN_OWNER,
};

struct kin_netns {
	uint32_t inode;
	uint32_t parent;		/* 0: the module does not know */
	uint32_t owner;			/* user namespace; 0: not known */
	bool named;
	pid_t pid;			/* some task in it; 0: none */
	enum kin_why why;
};

struct kin_user {
	uint32_t inode;
	uint32_t parent;		/* 0: the initial one, which is not listed */
};

/* Zero it before use. */
struct kin {
	uint32_t initial;
	struct kin_netns *netns;
	size_t n_netns;
	struct kin_task *tasks;
	size_t n_tasks;
	struct kin_user *users;
	size_t n_users;
};

/*
 * What there is to know, of the namespaces in @v. Processes are looked at only
 * where the module does not know it all. 0 or -ENOMEM.
 */
int kin_scan(struct kin *k, const struct genl_netns *v, size_t n, const struct names *names);
/* Sorts all, and fills each netns' `why` and each task's `origin`. 0 or -ENOMEM. */
int kin_find(struct kin *k, uint32_t root);
void kin_clean(struct kin *k);

#endif /* NSF_KIN_H */
