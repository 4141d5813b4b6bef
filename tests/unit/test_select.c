// links: select.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names, paths and PIDs, on a directory of our own in place of /run/netns. A
 * link to /proc/self/ns/net stands for a name's mount, which needs privilege.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
