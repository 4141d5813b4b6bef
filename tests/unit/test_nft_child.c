// SPDX-License-Identifier: GPL-2.0-or-later
// links: nft_child.c err.c
/* Helper processes: what they keep, what they tell, and that none of them holds us up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "nft_child.h"

struct told {
	int number;
	int open;	/* descriptors from 3 on that the helper has */
	char rest[1000];
};

static void tell(int out, void *data)
{
	struct told t = { .number = *(int *)data };
	int fd;

	for (fd = 3; fd < 256; fd++)
		t.open += fcntl(fd, F_GETFD) >= 0;
	memset(t.rest, 'x', sizeof(t.rest));
	nft_child_send(out, &t, sizeof(t), &out, 1);
	t.number++;
	nft_child_send(out, &t, sizeof(t), NULL, 0);
}

static void test_tells(void **state)
{
	int others[4], keep[2], fds[2], data = 7, i;
	struct nft_child c;
	struct told t;

	(void)state;
	for (i = 0; i < 4; i++)
		others[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	keep[0] = others[3];
	keep[1] = others[1];
	assert_int_equal(nft_child_start(&c, 0, tell, &data, keep, 2, NULL), 0);
	assert_int_equal(nft_child_recv(&c, &t, sizeof(t), fds, 2, 5000), 0);
	assert_int_equal(t.number, 7);
	assert_int_equal(t.open, 3);		/* two that were kept, and its own */
	assert_int_equal(t.rest[999], 'x');
	assert_true(fds[0] >= 0);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fds[1], -1);
	close(fds[0]);
	assert_int_equal(nft_child_recv(&c, &t, sizeof(t), fds, 2, 5000), 0);
	assert_int_equal(t.number, 8);
	assert_int_equal(fds[0], -1);
	assert_int_equal(nft_child_recv(&c, &t, sizeof(t), NULL, 0, 5000), -ENODATA);
	nft_child_end(&c);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* reaped */
	for (i = 0; i < 4; i++)
		close(others[i]);
}

static void hang(int out, void *data)
{
	(void)out, (void)data;
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static void die(int out, void *data)
{
	(void)out, (void)data;
	raise(SIGKILL);
}

static void test_hangs(void **state)
{
	uint64_t begin = clock_ms();
	struct nft_child c;
	struct told t;

	(void)state;
	assert_int_equal(nft_child_start(&c, 0, hang, NULL, NULL, 0, NULL), 0);
	assert_int_equal(nft_child_recv(&c, &t, sizeof(t), NULL, 0, 200), -ETIMEDOUT);
	nft_child_end(&c);
	assert_true(clock_ms() - begin >= 200 && clock_ms() - begin < 10000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);

	assert_int_equal(nft_child_start(&c, 0, die, NULL, NULL, 0, NULL), 0);
	assert_int_equal(nft_child_recv(&c, &t, sizeof(t), NULL, 0, 5000), -ENODATA);
	nft_child_end(&c);
}

/*
 * Who is traced is not reaped before his tracer has looked: to us it is as if he did not
 * die. The tracer ends when @until can be read.
 */
static pid_t trace(pid_t helper, const int *until)
{
	int ready[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		close(until[1]);
		c = !ptrace(PTRACE_SEIZE, helper, NULL, NULL);
		if (write(ready[1], &c, 1) != 1 || read(until[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (!c)
		skip();
	return pid;
}

static void hang_traceable(int out, void *data)
{
	char c = 0;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	nft_child_send(out, &c, 1, NULL, 0);
	hang(out, data);
}

static void test_does_not_die(void **state)
{
	uint64_t begin = clock_ms();
	struct nft_child c, other;
	struct err e = { 0 };
	int until[2];
	pid_t tracer;
	char byte;

	(void)state;
	assert_int_equal(pipe(until), 0);
	assert_int_equal(nft_child_start(&c, 7, hang_traceable, NULL, NULL, 0, NULL), 0);
	assert_int_equal(nft_child_recv(&c, &byte, 1, NULL, 0, 5000), 0);
	tracer = trace(c.pid, until);
	nft_child_end(&c);
	assert_int_equal(nft_child_start(&c, 7, die, NULL, NULL, 0, &e), -EBUSY);
	assert_int_equal(e.errnum, EBUSY);
	/* Others are not concerned. */
	assert_int_equal(nft_child_start(&other, 8, die, NULL, NULL, 0, NULL), 0);
	nft_child_end(&other);
	close(until[0]);
	close(until[1]);
	assert_int_equal(waitpid(tracer, NULL, 0), tracer);
	while (nft_child_start(&c, 7, die, NULL, NULL, 0, NULL) == -EBUSY)
		assert_true(clock_ms() - begin < 5000);
	nft_child_end(&c);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* One that is stopped cannot end by itself either: SIGKILL takes it all the same. */
static void test_does_not_outlive_us(void **state)
{
	int pipe_fd[2], status;
	pid_t middle, helper = 0;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	middle = fork();
	if (!middle) {
		struct nft_child c;

		if (nft_child_start(&c, 0, hang, NULL, NULL, 0, NULL))
			_exit(1);
		if (write(pipe_fd[1], &c.pid, sizeof(c.pid)) != sizeof(c.pid))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(read(pipe_fd[0], &helper, sizeof(helper)), sizeof(helper));
	assert_int_equal(waitpid(middle, &status, 0), middle);
	for (uint64_t until = clock_ms() + 5000; !kill(helper, 0) && clock_ms() < until;) {
		/* A zombie that nobody reaps here counts as dead. */
		char path[64], stat[256] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/stat", helper);
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, stat, sizeof(stat) - 1) <= 0 || strstr(stat, ") Z "))
			helper = 0;
		if (fd >= 0)
			close(fd);
		if (!helper)
			break;
		usleep(1000);
	}
	assert_true(!helper || kill(helper, 0));
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tells),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_does_not_die),
		cmocka_unit_test(test_does_not_outlive_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
