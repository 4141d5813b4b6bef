// SPDX-License-Identifier: GPL-2.0-or-later
/* The mount table, and the directory of names. See watch.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "watch.h"

#define DIR_EVENTS	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |	\
			 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARENT_EVENTS	(IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

static void unwatch(struct watch *w, int *wd)
{
	if (*wd >= 0)
		inotify_rm_watch(w->inotify, *wd);
	*wd = -1;
}

/*
 * Points the watches at what is there now. Something may have been mounted
 * over the directory, or it may be another of the same name: the kernel hands
 * the same descriptor out for the same inode, and a new one for another.
 *
 * The parent is watched only while the directory is missing (/run is a busy
 * place), and set up before looking for the directory again, so that one made
 * in between is not missed.
 */
static void rearm(struct watch *w)
{
	int wd, tries;

	for (tries = 0; tries < 2; tries++) {
		wd = inotify_add_watch(w->inotify, w->dir, DIR_EVENTS);
		if (wd >= 0) {
			if (wd != w->wd_dir)
				unwatch(w, &w->wd_dir);
			w->wd_dir = wd;
			unwatch(w, &w->wd_parent);
			return;
		}
		unwatch(w, &w->wd_dir);
		wd = inotify_add_watch(w->inotify, w->parent, PARENT_EVENTS);
		if (wd != w->wd_parent)
			unwatch(w, &w->wd_parent);
		w->wd_parent = wd;
	}
}

int watch_open(struct watch *w, const char *dir, struct err *e)
{
	const char *slash = strrchr(dir, '/');
	int ret;

	*w = (struct watch){
		.dir = dir, .name = slash + 1,
		.mounts = -1, .inotify = -1, .wd_dir = -1, .wd_parent = -1,
	};
	w->parent = strndup(dir, slash == dir ? 1 : slash - dir);
	if (!w->parent)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	w->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (w->mounts < 0) {
		ret = err_set(e, errno, EXIT_REFUSED, "cannot open /proc/self/mountinfo: %s",
			      strerror(errno));
		goto err_close;
	}
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify < 0) {
		ret = err_set(e, errno, EXIT_REFUSED, "cannot use inotify: %s",
			      strerror(errno));
		goto err_close;
	}
	rearm(w);
	return 0;

err_close:
	watch_close(w);
	return ret;
}

void watch_close(struct watch *w)
{
	free(w->parent);
	if (w->mounts >= 0)
		close(w->mounts);
	if (w->inotify >= 0)
		close(w->inotify);
	w->parent = NULL;
	w->mounts = w->inotify = -1;
}

void watch_poll(const struct watch *w, struct pollfd p[WATCH_FDS])
{
	p[0] = (struct pollfd){ .fd = w->mounts, .events = POLLPRI };
	p[1] = (struct pollfd){ .fd = w->inotify, .events = POLLIN };
}

/* Whether @ev is about the directory, and not about a neighbour in its parent. */
static bool concerns(const struct watch *w, const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW)
		return true;
	if (ev->mask & IN_IGNORED)	/* our own unwatch(), or after DELETE_SELF */
		return false;
	if (ev->wd == w->wd_dir)
		return true;
	return ev->wd == w->wd_parent && ev->len && !strcmp(ev->name, w->name);
}

static bool drain(struct watch *w)
{
	char buf[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *ev;
	bool changed = false;
	ssize_t len;
	char *at;

	for (;;) {
		len = read(w->inotify, buf, sizeof(buf));
		if (len <= 0)
			return changed;
		for (at = buf; at < buf + len; at += sizeof(*ev) + ev->len) {
			ev = (const struct inotify_event *)at;
			changed |= concerns(w, ev);
			/* The watch is gone with what it watched. */
			if (ev->mask & IN_IGNORED && ev->wd == w->wd_dir)
				w->wd_dir = -1;
			if (ev->mask & IN_IGNORED && ev->wd == w->wd_parent)
				w->wd_parent = -1;
		}
	}
}

bool watch_changed(struct watch *w, const struct pollfd p[WATCH_FDS])
{
	bool changed = false;

	/* poll(2) itself acknowledges a change of the mount table. */
	if (p[0].revents)
		changed = true;
	if (p[1].revents & POLLIN)
		changed |= drain(w);
	if (changed)
		rearm(w);
	return changed;
}
