/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: notices that a namespace's name may have come or gone.
 *
 * Two triggers, because each misses something: the mount table (a name becomes
 * a namespace by a mount), and inotify on SELECT_NETNS_DIR (a link to
 * /proc/PID/ns/net, as some tools put there, is no mount). Neither says what
 * changed: the reader looks for himself.
 */
#ifndef NSF_WATCH_H
#define NSF_WATCH_H

#include <poll.h>
#include <stdbool.h>

#include "err.h"

struct watch {
	const char *dir;	/* SELECT_NETNS_DIR, but for tests */
	const char *name;	/* last component of @dir */
	char *parent;		/* the rest */
	int mounts;		/* /proc/self/mountinfo */
	int inotify;
	int wd_dir;		/* -1: @dir does not exist */
	int wd_parent;		/* -1: not watched, because @dir is */
};

#define WATCH_FDS 2

int watch_open(struct watch *w, const char *dir, struct err *e);
void watch_close(struct watch *w);
/* Fills @p for poll(2). */
void watch_poll(const struct watch *w, struct pollfd p[WATCH_FDS]);
/* After poll(2): whether something may have changed. Consumes what is there. */
bool watch_changed(struct watch *w, const struct pollfd p[WATCH_FDS]);

#endif /* NSF_WATCH_H */
