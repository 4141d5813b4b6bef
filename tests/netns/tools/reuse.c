// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reuse: gives a number to another owner.
 *
 *	reuse [-t MS] inode N PATH	makes network namespaces until one has this inode
 *					number, and mounts that one at PATH
 *	reuse [-t MS] pid N COMMAND...	starts COMMAND, in a network namespace of its own,
 *					as process N; does not wait for it
 *
 * Exit code 1: the number has not come free within MS milliseconds (60,000).
 */
#include "nl.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAUSE_US	5000
#define HELD		1000	/* numbers, at most; there are 1024 descriptors */
#define BELOW		16	/* free numbers below the one that is wanted */

static int64_t last;

static bool is_late(void)
{
	return now_ms() > last;
}

static int ns_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void ns_leave(int to, int *held, unsigned int n)
{
	if (setns(to, 0))
		die("setns: %s", strerror(errno));
	while (n)
		close(held[--n]);
}

/*
 * The lowest free numbers go to namespaces of another kind, which take one each,
 * until one gets @wanted; that one and as many as *@below before it are let go again.
 * False: @wanted is not free yet, and nothing is held; or fewer are free: *@below is 0.
 */
static bool take_below(uint32_t wanted, unsigned int *below, int *held, unsigned int *n)
{
	int before = ns_open("/proc/self/ns/uts"), fd;
	uint32_t number;

	*n = 0;
	do {
		if (unshare(CLONE_NEWUTS))
			die("unshare: %s", strerror(errno));
		fd = ns_open("/proc/self/ns/uts");
		number = fd_inode(fd);
		held[(*n)++] = fd;
	} while (number < wanted && *n < HELD);
	if (number == wanted && *n > *below) {
		*n -= *below + 1;
		ns_leave(before, held + *n, *below + 1);
		close(before);
		return true;
	}
	if (number == wanted)
		*below = 0;
	ns_leave(before, held, *n);
	close(before);
	return false;
}

/*
 * Numbers are given from below, also to files of /proc/net, of which each network
 * namespace has many, some before its own number and some after it, which depends on
 * the kernel: so with ever more free numbers below the one that is wanted.
 */
static int reuse_inode(uint32_t wanted, const char *path)
{
	int held[HELD], before = ns_open("/proc/self/ns/net"), fd;
	unsigned int n = 0;

	for (unsigned int below = 0;; below = (below + 1) % BELOW) {
		while (!take_below(wanted, &below, held, &n)) {
			if (is_late())
				return 1;
			usleep(PAUSE_US);
		}
		if (unshare(CLONE_NEWNET))
			die("unshare: %s", strerror(errno));
		while (n)
			close(held[--n]);
		fd = ns_open("/proc/self/ns/net");
		if (fd_inode(fd) == wanted)
			break;
		ns_leave(before, &fd, 1);
	}
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL))
		die("%s: %s", path, strerror(errno));
	return 0;
}

/* An errno, or 0: it runs. */
static int start_as(pid_t wanted, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWNET, .exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&wanted, .set_tid_size = 1,
	};
	long pid;

	while ((pid = syscall(SYS_clone3, &args, sizeof(args))) < 0) {
		if (errno != EEXIST || is_late())
			return errno;
		usleep(PAUSE_US);
	}
	if (pid)
		return 0;
	execvp(argv[0], argv);
	_exit(127);
}

/*
 * Its parent is a process that stays, and reaps it at once: else the number would
 * stay taken after its end, for as long as init pleases.
 */
static int reuse_pid(pid_t wanted, char **argv)
{
	int answer[2], null, err = 0;

	if (pipe2(answer, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	signal(SIGCHLD, SIG_IGN);
	switch (fork()) {
	case -1:
		die("fork: %s", strerror(errno));
	case 0:
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		err = start_as(wanted, argv);
		if (write(answer[1], &err, sizeof(err)) != sizeof(err) || err)
			_exit(1);
		close(answer[1]);
		while (wait(NULL) > 0)
			;
		_exit(0);
	}
	if (read(answer[0], &err, sizeof(err)) != sizeof(err))
		die("process %d: nothing was heard of it", (int)wanted);
	if (err && err != EEXIST)
		die("clone3: %s", strerror(err));
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	long limit = 60000, number = 0;
	int opt;

	while ((opt = getopt(argc, argv, "+t:")) != -1)
		limit = opt == 't' ? atol(optarg) : 0;
	argv += optind;
	argc -= optind;
	if (argc > 1)
		number = atol(argv[1]);
	if (argc < 3 || limit < 1 || number < 1)
		die("usage: reuse [-t MS] inode N PATH | pid N COMMAND...");
	last = now_ms() + limit;
	return strcmp(argv[0], "pid") ? reuse_inode((uint32_t)number, argv[2]) :
		reuse_pid((pid_t)number, argv + 2);
}
