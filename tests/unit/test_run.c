// links: cmd_run_child.c cmd_run_name.c select.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The child of nsfence run, without a fence: its namespace, its exit codes, what
 * it gets of signals, and that it runs nothing unless it is let go. Each case has a
 * network namespace of its own, and touches no other.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd_run.h"

#define SH(script) ((char *[]){ (char *)"sh", (char *)"-c", (char *)(script), NULL })

static char dir[] = "/tmp/test_run.XXXXXX";
static char mark[64];

/* What run_child_start() blocks is unblocked for the next case. */
static int setup(void **state)
{
	(void)state;
	unlink(mark);
	return 0;
}

static void unblock(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int teardown(void **state)
{
	(void)state;
	unblock();
	return 0;
}

/* Whether one may make namespaces here at all. */
static bool may(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(unshare(CLONE_NEWNET | CLONE_NEWUSER) ? 1 : 0);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status) &&
		!geteuid();
}

static uint32_t netns_of(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return stat(path, &st) ? 0 : (uint32_t)st.st_ino;
}

static int run(char **argv)
{
	struct run_child child;
	struct err e = { 0 };
	int code;

	if (run_child_start(&child, false, argv, &e))
		fail_msg("%s", e.text);
	/* Its message is not looked at here; its exit code is. */
	run_child_go(&child, &e);
	code = run_child_wait(&child);
	unblock();
	return code;
}

static void test_exit_codes(void **state)
{
	(void)state;
	signal(SIGTERM, SIG_DFL);
	assert_int_equal(run(SH("exit 0")), 0);
	assert_int_equal(run(SH("exit 37")), 37);
	assert_int_equal(run(SH("kill -TERM $$")), 128 + SIGTERM);
	assert_int_equal(run(SH("kill -KILL $$")), 128 + SIGKILL);
}

static void test_cannot_run(void **state)
{
	char *nosuch[] = { (char *)"/nonexistent/command", NULL };
	char *no_command[] = { (char *)"/etc/passwd", NULL };
	struct run_child child;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(run_child_start(&child, false, nosuch, &e), 0);
	assert_true(run_child_go(&child, &e) < 0);
	assert_string_equal(e.text, "/nonexistent/command: No such file or directory");
	assert_int_equal(run_child_wait(&child), RUN_NOT_FOUND);
	assert_int_equal(run_child_start(&child, false, no_command, &e), 0);
	assert_true(run_child_go(&child, &e) < 0);
	assert_int_equal(run_child_wait(&child), RUN_NOT_EXECUTABLE);
}

/* In a namespace of its own, where nothing is up before it is let go. */
static void test_waits(void **state)
{
	struct run_child child;
	char script[128];
	struct err e = { 0 };
	const struct timespec moment = { .tv_nsec = 50000000 };

	(void)state;
	snprintf(script, sizeof(script), "touch %s", mark);
	assert_int_equal(run_child_start(&child, false, SH(script), &e), 0);
	assert_int_not_equal(netns_of(child.pid), 0);
	assert_int_not_equal(netns_of(child.pid), netns_of(getpid()));
	nanosleep(&moment, NULL);
	assert_int_not_equal(access(mark, F_OK), 0);
	assert_int_equal(run_child_go(&child, &e), 0);
	run_child_wait(&child);
	assert_int_equal(access(mark, F_OK), 0);
}

static void test_stopped(void **state)
{
	struct run_child child;
	char script[128];
	struct err e = { 0 };

	(void)state;
	snprintf(script, sizeof(script), "touch %s", mark);
	assert_int_equal(run_child_start(&child, false, SH(script), &e), 0);
	run_child_stop(&child);
	assert_int_equal(kill(child.pid, 0), -1);
	assert_int_not_equal(access(mark, F_OK), 0);
}

/* However we end: the child sees that our side of the pipe has ended. */
static void test_parent_dies(void **state)
{
	struct run_child child;
	char script[128];
	struct err e = { 0 };
	int status;

	(void)state;
	snprintf(script, sizeof(script), "touch %s", mark);
	assert_int_equal(run_child_start(&child, false, SH(script), &e), 0);
	close(child.control);
	close(child.answers);
	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED);
	assert_int_not_equal(access(mark, F_OK), 0);
}

static void test_loopback(void **state)
{
	(void)state;
	/* Down, there would be no route to it. */
	assert_int_equal(run(SH("exec bash -c 'exec 3<>/dev/udp/127.0.0.1/9 && echo x >&3'")), 0);
}

static void test_user(void **state)
{
	struct run_child child;
	struct err e = { 0 };

	(void)state;
	if (run_child_start(&child, true,
			    SH("test $(id -u).$(id -g) = 0.0 && "
			       "test \"$(readlink /proc/self/ns/user)\" != "
			       "\"$(readlink /proc/$PPID/ns/user)\""), &e))
		fail_msg("%s", e.text);
	assert_int_equal(run_child_go(&child, &e), 0);
	assert_int_equal(run_child_wait(&child), 0);
}

/* A signal to us goes on to the command, which has ours unblocked. */
static void test_signals(void **state)
{
	struct run_child child;
	char script[256];
	struct err e = { 0 };
	pid_t us = getpid(), sender;

	(void)state;
	snprintf(script, sizeof(script),
		 "trap 'exit 42' USR1; touch %s; while :; do sleep 0.05; done", mark);
	assert_int_equal(run_child_start(&child, false, SH(script), &e), 0);
	assert_int_equal(run_child_go(&child, &e), 0);
	sender = fork();
	if (!sender) {
		for (int i = 0; i < 200 && access(mark, F_OK); i++)
			usleep(50000);
		kill(us, SIGUSR1);
		_exit(0);
	}
	assert_int_equal(run_child_wait(&child), 42);
	waitpid(sender, NULL, 0);
}

/* Whoever has started us may ignore SIGCHLD: its children are waited for all the same. */
static void test_sigchld_ignored(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run(SH("exit 5")), 5);
	signal(SIGCHLD, SIG_DFL);
}

static void test_names(void **state)
{
	char longest[257];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	assert_int_equal(select_check_name("web1", NULL), 0);
	assert_int_equal(select_check_name("..x", NULL), 0);
	assert_int_equal(select_check_name(longest, NULL), 0);
	longest[255] = 'x';
	longest[256] = '\0';
	assert_int_equal(select_check_name(longest, NULL), -EINVAL);
	assert_int_equal(select_check_name("", NULL), -EINVAL);
	assert_int_equal(select_check_name(".", NULL), -EINVAL);
	assert_int_equal(select_check_name("..", NULL), -EINVAL);
	assert_int_equal(select_check_name("a/b", NULL), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest pure[] = {
		TEST(test_names),
	};
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_exit_codes),
		TEST(test_cannot_run),
		TEST(test_waits),
		TEST(test_stopped),
		TEST(test_parent_dies),
		TEST(test_loopback),
		TEST(test_user),
		TEST(test_signals),
		TEST(test_sigchld_ignored),
	};
	int failed;

	if (!may()) {
		print_message("no namespace can be made here: most is left out\n");
		return cmocka_run_group_tests_name("run", pure, NULL, NULL);
	}
	if (!mkdtemp(dir))
		return 1;
	snprintf(mark, sizeof(mark), "%s/mark", dir);
	failed = cmocka_run_group_tests_name("run", tests, NULL, NULL);
	unlink(mark);
	rmdir(dir);
	return failed;
}
