/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run: the child of nsfence run, and the name that its namespace may have. */
#ifndef NSF_CMD_RUN_H
#define NSF_CMD_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "select.h"

/* ---- the command: cmd_run_child.c ---- */

#define RUN_NOT_FOUND		127
#define RUN_NOT_EXECUTABLE	126

struct run_child {
	pid_t pid;
	int control;			/* ours to it: a byte lets it go, an end does not */
	int answers;			/* its to us */
	sigset_t signals;		/* as they were: the command's */
	struct sigaction sigchld;
};

/*
 * Forks a child, which makes its namespace (@user: and a user namespace in which it
 * is root) and waits there. It has sent nothing, and cannot: no device is up. All
 * signals are blocked in the caller from then on. 0 or a negative errno.
 */
int run_child_start(struct run_child *child, bool user, char **argv, struct err *e);
/* It brings loopback up and becomes the command. 0 or a negative errno. */
int run_child_go(struct run_child *child, struct err *e);
/* It ends without having run anything. */
void run_child_stop(struct run_child *child);
/*
 * Until the command ends; passes on what signals come, and stops and goes on with
 * it. Its exit code, 128 + n for a signal.
 */
int run_child_wait(struct run_child *child);

/* ---- its name: cmd_run_name.c ---- */

struct run_name {
	char path[300];			/* "": it has none */
	bool mounted;
	struct netns_ref ref;		/* what is mounted there; not ours */
};

/*
 * Takes the name, as `ip netns add` does, with a plain file: it is nobody else's
 * from then on. -EEXIST: it is already.
 */
int run_name_take(struct run_name *n, const char *name, struct err *e);
int run_name_mount(struct run_name *n, const struct netns_ref *ref, struct err *e);
/* Takes it away, unless it is another namespace's by now. */
void run_name_drop(struct run_name *n);

#endif /* NSF_CMD_RUN_H */
