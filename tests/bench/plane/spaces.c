// SPDX-License-Identifier: GPL-2.0-or-later
/* spaces: see plane.h. Namespaces without names, held by descriptors. */
#include "plane.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT "/proc/sys/user/max_net_namespaces"

static int own(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/ns/net: %s", strerror(errno));
	return fd;
}

int space_home(void)
{
	static int home = -1;

	if (home < 0)
		home = own();
	return home;
}

void space_enter(int fd)
{
	if (setns(fd, CLONE_NEWNET))
		die("setns: %s", strerror(errno));
}

struct space *spaces_make(size_t n)
{
	struct rlimit files = { n + 100, n + 100 };
	struct space *s = need(calloc(n, sizeof(*s)));
	int home = space_home();
	struct stat st;
	size_t i;

	if (getrlimit(RLIMIT_NOFILE, &files) || (files.rlim_cur < n + 100 &&
	    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ n + 100, n + 100 })))
		die("%zu descriptors: %s", n, strerror(errno));
	for (i = 0; i < n; i++) {
		if (unshare(CLONE_NEWNET))
			die("unshare: %s, after %zu", strerror(errno), i);
		s[i].fd = own();
		if (fstat(s[i].fd, &st))
			die("fstat: %s", strerror(errno));
		s[i].inode = (uint32_t)st.st_ino;
		space_enter(home);
	}
	return s;
}

void spaces_limit(unsigned int max)
{
	FILE *f = fopen(LIMIT, "w");

	if (!f || fprintf(f, "%u\n", max ? max : 1000000) < 0 || fclose(f))
		die("%s: %s", LIMIT, strerror(errno));
}

/*
 * The kernel counts them per user and forgets one when it is taken apart: a limit
 * of one lets another be made as soon as all others are gone. The one made dies
 * later on its own.
 */
void spaces_wait_none(void)
{
	spaces_limit(1);
	while (unshare(CLONE_NEWNET)) {
		if (errno != ENOSPC)
			die("unshare: %s", strerror(errno));
		pause_us(100);
	}
	space_enter(space_home());
	spaces_limit(0);
}

void spaces_end(struct space *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		close(s[i].fd);
	free(s);
	spaces_wait_none();
}
