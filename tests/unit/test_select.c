// links: select.c select_find.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names, paths and PIDs, on a directory of our own in place of /run/netns. A
 * link to /proc/self/ns/net stands for a name's mount, which needs privilege.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "select.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/nsf-select-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static const char *at(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void add_namespace(const char *name)
{
	assert_int_equal(symlink("/proc/self/ns/net", at(name)), 0);
}

static void add_file(const char *name)
{
	int fd = open(at(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static uint32_t own_inode(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return (uint32_t)st.st_ino;
}

static void refused(const char *name, int ret, enum exit_code code, const char *text)
{
	struct netns_ref ref;
	struct err e;

	assert_int_equal(select_name_in(dir, name, &ref, &e), ret);
	assert_int_equal(ref.fd, -1);
	assert_int_equal(e.exit, code);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" does not say \"%s\"", e.text, text);
}

static void test_name(void **state)
{
	struct netns_ref ref;
	struct err e;

	(void)state;
	add_namespace("web1");
	assert_int_equal(select_name_in(dir, "web1", &ref, &e), 0);
	assert_true(ref.fd >= 0);
	assert_int_equal(ref.inode, own_inode());
	assert_int_equal(fcntl(ref.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	netns_ref_close(&ref);
	assert_int_equal(ref.fd, -1);
	netns_ref_close(&ref);
}

static void test_bad_names(void **state)
{
	char longer[300];

	(void)state;
	memset(longer, 'n', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	refused("", -EINVAL, EXIT_REFUSED, "not a name");
	refused(".", -EINVAL, EXIT_REFUSED, "not a name");
	refused("..", -EINVAL, EXIT_REFUSED, "not a name");
	refused("../web1", -EINVAL, EXIT_REFUSED, "not a name");
	refused(longer, -EINVAL, EXIT_REFUSED, "at most 255");
}

static void test_no_such_name(void **state)
{
	(void)state;
	refused("nosuch", -ENOENT, EXIT_NOT_FOUND, "(there are none)");
	add_namespace("web1");
	add_namespace("db1");
	add_file("plain");
	refused("nosuch", -ENOENT, EXIT_NOT_FOUND, "\"nosuch\"");
	refused("nosuch", -ENOENT, EXIT_NOT_FOUND, "(there are: db1, web1)");
}

/* A list too long for the message ends in "...", and the message whole. */
static void test_many_names(void **state)
{
	struct netns_ref ref;
	char name[64];
	struct err e;

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "namespace-%03d", i);
		add_namespace(name);
	}
	assert_int_equal(select_name_in(dir, "nosuch", &ref, &e), -ENOENT);
	assert_non_null(strstr(e.text, "namespace-000, namespace-001"));
	assert_non_null(strstr(e.text, ", ...)"));
}

static void test_not_a_namespace(void **state)
{
	(void)state;
	add_file("plain");
	refused("plain", -EAGAIN, EXIT_NOT_FOUND, "not (yet) a mount");
	assert_int_equal(mkdir(at("directory"), 0700), 0);
	refused("directory", -EAGAIN, EXIT_NOT_FOUND, "not (yet) a mount");
	assert_int_equal(symlink("/proc/self/ns/mnt", at("other")), 0);
	refused("other", -EINVAL, EXIT_REFUSED, "(mount)");
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	refused("dangling", -ENOENT, EXIT_NOT_FOUND, "dangling");
}

/* Opening a FIFO waits for a writer: the alarm would end the test. */
static void test_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	alarm(10);
	refused("fifo", -EAGAIN, EXIT_NOT_FOUND, "not (yet) a mount");
	alarm(0);
}

static void test_path_and_pid(void **state)
{
	struct netns_ref ref;
	struct err e;

	(void)state;
	assert_int_equal(select_path("/proc/self/ns/net", &ref, &e), 0);
	assert_int_equal(ref.inode, own_inode());
	netns_ref_close(&ref);
	assert_int_equal(select_pid(getpid(), &ref, &e), 0);
	assert_int_equal(ref.inode, own_inode());
	netns_ref_close(&ref);
	assert_int_equal(select_path("/nonexistent/net", &ref, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_int_equal(select_pid(INT_MAX, &ref, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_int_equal(select_pid(0, &ref, &e), -EINVAL);
	assert_int_equal(select_pid(-1, &ref, &e), -EINVAL);
}

/* Where kernel and privilege allow to know it, it is the right one. */
static void test_cookie(void **state)
{
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;
	struct netns_ref ref;

	(void)state;
	assert_true(sock >= 0);
	assert_int_equal(select_path("/proc/self/ns/net", &ref, NULL), 0);
	if (ref.has_cookie) {
		assert_int_equal(getsockopt(sock, SOL_SOCKET, 71, &cookie, &len), 0);
		assert_int_equal(ref.cookie, cookie);
	} else {
		assert_int_equal(ref.cookie, 0);
	}
	netns_ref_close(&ref);
	close(sock);
}

static void test_names(void **state)
{
	struct netns_name *v;
	struct err e;
	size_t n;

	(void)state;
	add_namespace("zeta");
	add_namespace("alpha");
	add_file("plain");
	assert_int_equal(select_names_in(dir, &v, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_string_equal(v[0].name, "alpha");
	assert_int_equal(v[0].inode, own_inode());
	assert_true(v[0].link);		/* as all are that this test calls names */
	assert_false(v[1].link);
	assert_string_equal(v[1].name, "plain");
	assert_int_equal(v[1].inode, 0);
	assert_string_equal(v[2].name, "zeta");
	free(v);
	assert_int_equal(select_names_in(at("nowhere"), &v, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_null(v);
	assert_int_equal(select_names_in(at("plain"), &v, &n, &e), -ENOTDIR);
	assert_int_equal(e.exit, EXIT_REFUSED);
}

/* No descriptor stays open, whatever the outcome. */
static void test_no_leak(void **state)
{
	struct netns_name *v;
	struct netns_ref ref;
	int before, after;
	size_t n;

	(void)state;
	add_namespace("web1");
	add_file("plain");
	before = dup(0);
	assert_true(before >= 0);
	close(before);
	for (int i = 0; i < 20; i++) {
		select_name_in(dir, "web1", &ref, NULL);
		netns_ref_close(&ref);
		select_name_in(dir, "plain", &ref, NULL);
		select_name_in(dir, "nosuch", &ref, NULL);
		select_path("/proc/self/ns/mnt", &ref, NULL);
		assert_int_equal(select_names_in(dir, &v, &n, NULL), 0);
		free(v);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

/* ---- processes ---- */

static void test_process(void **state)
{
	struct select_process me, other;
	struct netns_ref ref;
	uint32_t inode;
	struct err e;
	pid_t dead;

	(void)state;
	assert_int_equal(select_process(getpid(), &me, &e), 0);
	assert_int_equal(me.pid, getpid());
	assert_true(me.start > 0);
	assert_int_equal(select_process(getppid(), &other, &e), 0);
	assert_true(other.start <= me.start);
	assert_int_equal(select_process_inode(&me, &inode, &e), 0);
	assert_int_equal(inode, own_inode());
	assert_int_equal(select_process_open(&me, &ref, &e), 0);
	assert_int_equal(ref.inode, own_inode());
	netns_ref_close(&ref);

	/* The number was given to another, which began at another time. */
	other = me;
	other.start--;
	assert_int_equal(select_process_inode(&other, &inode, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_int_equal(select_process_open(&other, &ref, &e), -ENOENT);
	assert_int_equal(ref.fd, -1);

	/* One that has ended and is not reaped has no namespaces; then no number. */
	dead = fork();
	if (!dead) {
		pause();
		_exit(0);
	}
	assert_int_equal(select_process(dead, &other, &e), 0);
	assert_int_equal(select_process_inode(&other, &inode, &e), 0);
	kill(dead, SIGKILL);
	assert_int_equal(waitid(P_PID, dead, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(select_process_inode(&other, &inode, &e), -ENOENT);
	assert_int_equal(select_process_open(&other, &ref, &e), -ENOENT);
	waitpid(dead, NULL, 0);
	assert_int_equal(select_process_inode(&other, &inode, &e), -ENOENT);
	assert_int_equal(select_process(dead, &other, &e), -ENOENT);
	assert_int_equal(select_process(0, &other, &e), -EINVAL);
}

/* A process may call itself what it likes; what counts begins behind its name. */
static void test_process_name(void **state)
{
	struct select_process before, after;

	(void)state;
	assert_int_equal(select_process(getpid(), &before, NULL), 0);
	assert_int_equal(prctl(PR_SET_NAME, "a) R 1 2 3 4 5"), 0);
	assert_int_equal(select_process(getpid(), &after, NULL), 0);
	assert_int_equal(before.start, after.start);
}

static void test_inode(void **state)
{
	struct netns_ref ref;
	struct err e;

	(void)state;
	assert_int_equal(select_inode(own_inode(), &ref, &e), 0);
	assert_int_equal(ref.inode, own_inode());
	netns_ref_close(&ref);
	assert_int_equal(select_inode(1, &ref, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_int_equal(ref.fd, -1);
}

/* ---- paths and mounts ---- */

static void test_stat(void **state)
{
	uint32_t inode;
	bool link;

	(void)state;
	add_file("plain");
	add_namespace("link");
	assert_int_equal(select_stat(at("plain"), &inode, &link), 0);
	assert_true(!inode && !link);
	assert_int_equal(select_stat(at("link"), &inode, &link), 0);
	assert_true(!inode && link);
	assert_int_equal(select_stat(at("no"), &inode, &link), -ENOENT);
	assert_int_equal(select_stat(at("plain/x"), &inode, &link), -ENOENT);
}

static void test_glob(void **state)
{
	char **v;
	size_t n, i;

	(void)state;
	add_file("a1");
	add_file("a2");
	add_file(".a3");
	add_file("b");
	assert_int_equal(select_glob(at("a*"), &v, &n), 0);
	assert_int_equal(n, 2);
	for (i = 0; i < n; i++) {
		assert_non_null(strstr(v[i], "/a"));
		free(v[i]);
	}
	free(v);
	assert_int_equal(select_glob(at("*/x"), &v, &n), 0);
	assert_int_equal(n, 0);
	free(v);
}

/* In a mount namespace of its own: what is mounted, and what is seen. */
static void mounts_child(void)
{
	struct select_mount *v;
	uint32_t inode = own_inode();
	size_t n, i, found = 0;
	char file[PATH_MAX];

	strcpy(file, at("mnt"));
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL))
		_exit(77);
	add_file("a b");
	add_file("hidden");
	add_file("gone");
	add_file("mnt");
	if (mount("/proc/self/ns/net", at("a b"), "none", MS_BIND, NULL) ||
	    mount("/proc/self/ns/net", at("hidden"), "none", MS_BIND, NULL) ||
	    mount(file, at("hidden"), "none", MS_BIND, NULL) ||
	    mount("/proc/self/ns/net", at("gone"), "none", MS_BIND, NULL) ||
	    mount("/proc/self/ns/uts", at("mnt"), "none", MS_BIND, NULL))
		_exit(77);
	umount2(at("gone"), MNT_DETACH);
	if (select_mounts(&v, &n, NULL))
		_exit(1);
	for (i = 0; i < n; i++) {
		if (i && strcmp(v[i - 1].path, v[i].path) >= 0)
			_exit(2);
		if (strncmp(v[i].path, dir, strlen(dir)))
			continue;
		if (strcmp(v[i].path, at("a b")) || v[i].inode != inode)
			_exit(3);
		found++;
	}
	select_mounts_free(v, n);
	_exit(found == 1 ? 0 : 4);
}

static void test_mounts(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pid = fork();
	if (!pid)
		mounts_child();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_name),
		TEST(test_bad_names),
		TEST(test_no_such_name),
		TEST(test_many_names),
		TEST(test_not_a_namespace),
		TEST(test_fifo),
		TEST(test_path_and_pid),
		TEST(test_cookie),
		TEST(test_names),
		TEST(test_no_leak),
		TEST(test_process),
		TEST(test_process_name),
		TEST(test_inode),
		TEST(test_stat),
		TEST(test_glob),
		TEST(test_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
