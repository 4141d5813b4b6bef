// links: watch.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watch on a directory of names that comes, goes, is replaced and mounted
 * over. Mounts need root, and happen in a mount namespace of the test's own.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch.h"

static char base[64], dir[96];

static void path_of(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", dir, name);
}

static void touch(const char *name)
{
	char path[256];
	int fd;

	path_of(name, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void gone(const char *name)
{
	char path[256];

	path_of(name, path, sizeof(path));
	assert_int_equal(unlink(path), 0);
}

/* Waits at most @ms; whether anything concerned the names. */
static bool changed(struct watch *w, int ms)
{
	struct pollfd p[WATCH_FDS];
	bool any = false;

	do {
		watch_poll(w, p);
		if (poll(p, WATCH_FDS, any ? 0 : ms) <= 0)
			break;
		any |= watch_changed(w, p);
	} while (!any);
	return any;
}

static void quiet(struct watch *w)
{
	while (changed(w, 20))
		;
}

static int setup(void **state)
{
	struct watch *w = calloc(1, sizeof(*w));

	strcpy(base, "/tmp/test_watch.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof(dir), "%s/netns", base);
	*state = w;
	return watch_open(w, dir, NULL);
}

static int teardown(void **state)
{
	char cmd[128];

	watch_close(*state);
	free(*state);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", base);
	return system(cmd);
}

static void test_appears(void **state)
{
	struct watch *w = *state;
	char other[128];

	snprintf(other, sizeof(other), "%s/other", base);
	assert_int_equal(mkdir(other, 0700), 0);	/* a neighbour is no news */
	assert_false(changed(w, 50));
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_true(changed(w, 1000));
	touch("web1");
	assert_true(changed(w, 1000));
	quiet(w);
	snprintf(other, sizeof(other), "%s/another", base);
	assert_int_equal(mkdir(other, 0700), 0);	/* the parent is let alone */
	assert_false(changed(w, 50));
	gone("web1");
	assert_true(changed(w, 1000));
}

static void test_made_anew(void **state)
{
	struct watch *w = *state;
	char aside[128];
	int round;

	for (round = 0; round < 20; round++) {
		assert_int_equal(mkdir(dir, 0700), 0);
		assert_true(changed(w, 1000));
		touch("web1");
		assert_true(changed(w, 1000));
		quiet(w);
		if (round % 2) {
			gone("web1");
			assert_int_equal(rmdir(dir), 0);
		} else {
			snprintf(aside, sizeof(aside), "%s/aside%d", base, round);
			assert_int_equal(rename(dir, aside), 0);
		}
		assert_true(changed(w, 1000));
		quiet(w);
	}
}

static void test_mounts(void **state)
{
	struct watch *w = *state;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL))
		skip();
	/* The table that is open is that of the namespace left behind. */
	watch_close(w);
	assert_int_equal(watch_open(w, dir, NULL), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	quiet(w);
	touch("below");
	quiet(w);

	assert_int_equal(mount("t", dir, "tmpfs", 0, NULL), 0);
	assert_true(changed(w, 1000));
	quiet(w);
	touch("web1");		/* in the directory that lies on top now */
	assert_true(changed(w, 1000));
	quiet(w);
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
	assert_true(changed(w, 1000));
	quiet(w);
	gone("below");
	assert_true(changed(w, 1000));
}

/* More than inotify's queue holds: said once more, not lost. */
static void test_storm(void **state)
{
	struct watch *w = *state;
	int i;

	assert_int_equal(mkdir(dir, 0700), 0);
	quiet(w);
	for (i = 0; i < 20000; i++) {
		touch("x");
		gone("x");
	}
	assert_true(changed(w, 1000));
	quiet(w);
	touch("y");
	assert_true(changed(w, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_appears, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mounts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
