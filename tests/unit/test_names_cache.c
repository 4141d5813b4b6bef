// links: names_cache.c names.c proc.c out.c select.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names for those who ask often: /proc is looked at seldom, a new mount is seen at
 * once. In mount and network namespaces of the test's own.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "names_cache.h"

static pid_t sleeper;
static uint32_t inode;

static uint32_t netns_of(const char *pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return stat(path, &st) ? 0 : (uint32_t)st.st_ino;
}

/* A process in a network namespace of its own. */
static int start_sleeper(void)
{
	char made = 0, pid[16];
	int pipes[2];

	if (pipe(pipes))
		return -1;
	sleeper = fork();
	if (!sleeper) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "sleeper");
		if (unshare(CLONE_NEWNET) || write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	if (read(pipes[0], &made, 1) != 1)
		return -1;
	close(pipes[0]);
	snprintf(pid, sizeof(pid), "%d", (int)sleeper);
	inode = netns_of(pid);
	return inode ? 0 : -1;
}

static void stop_sleeper(void)
{
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
}

static void label_is(const struct names *names, const char *want)
{
	char buf[NAMES_LABEL];

	names_label(names, inode, buf, sizeof(buf));
	assert_string_equal(buf, want);
}

/* One look at /proc; what it found is believed until the namespace dies. */
static void test_process(void **state)
{
	struct names_cache c;
	char want[64];
	uint64_t next;

	(void)state;
	names_cache_init(&c);
	names_cache_get(&c, netns_of("self"), true);
	assert_int_equal(c.tasks_next, 0);	/* the initial one needs none */
	snprintf(want, sizeof(want), "sleeper[%d]", (int)sleeper);
	label_is(names_cache_get(&c, inode, false), want);
	next = c.tasks_next;
	assert_true(next > clock_us());
	label_is(names_cache_get(&c, inode, false), want);
	names_cache_get(&c, 5, true);		/* nobody knows it, and it is too early */
	names_cache_get(&c, inode, true);
	assert_int_equal(c.tasks_next, next);
	c.until = c.names_next = 0;		/* what was read of /proc outlives the names */
	label_is(names_cache_get(&c, inode, false), want);
	assert_int_equal(c.tasks_next, next);
	names_cache_forget(&c, inode);
	label_is(names_cache_get(&c, inode, false), "-");
	c.tasks_next = 0;
	label_is(names_cache_get(&c, inode, false), want);
	names_cache_clean(&c);
}

/* The kernel tells of mounts: a name is there long before the second is over. */
static void test_mount(void **state)
{
	struct names_cache c;
	char path[64];

	(void)state;
	names_cache_init(&c);
	label_is(names_cache_get(&c, 5, false), "-");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)sleeper);
	close(open("/run/netns/web1", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	assert_int_equal(mount(path, "/run/netns/web1", "none", MS_BIND, NULL), 0);
	c.until = CLOCK_NEVER;
	c.names_next = 0;
	label_is(names_cache_get(&c, inode, false), "web1");
	/* And no sooner again than it is worth. */
	assert_true(c.names_next > clock_us());
	c.until = CLOCK_NEVER;
	c.names_next = 0;
	assert_int_equal(umount("/run/netns/web1"), 0);
	close(open("/run/ns of 5f0c", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	assert_int_equal(mount(path, "/run/ns of 5f0c", "none", MS_BIND, NULL), 0);
	label_is(names_cache_get(&c, inode, false), "/run/ns of 5f0c");
	/* Covered by another mount it is not there any more. */
	assert_int_equal(mount("none", "/run", "tmpfs", 0, NULL), 0);
	c.tasks_next = CLOCK_NEVER;
	c.names_next = 0;
	label_is(names_cache_get(&c, inode, false), "-");
	names_cache_clean(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_mount),
	};
	int failed;

	/* A mount of nsfs stays where it is only if the mount namespace is ours alone. */
	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, NULL) || mkdir("/run/netns", 0755) ||
	    start_sleeper()) {
		print_message("no namespace can be made here: nothing is tested\n");
		return 0;
	}
	failed = cmocka_run_group_tests_name("names_cache", tests, NULL, NULL);
	stop_sleeper();
	return failed;
}
