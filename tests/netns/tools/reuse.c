// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reuse: gives a number to another owner.
 *
 *	reuse [-t MS] inode N PATH	makes network namespaces until one has this inode
 *					number, and mounts that one at PATH
 *	reuse [-t MS] pid N COMMAND...	starts COMMAND, in a network namespace of its own,
 *					as process N; does not wait for it
 *
 * Exit code 1: the number has not come free within MS milliseconds (10,000).
 */
#include "nl.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAUSE_US	5000
#define ROUND_PAUSE_US	200000
#define ROUND		8	/* namespaces at a time */

static int64_t last;

static bool is_late(void)
{
	return now_ms() > last;
}

/*
 * Numbers are given from below, also to files of /proc/net, of which each namespace has
 * many. So those that are free below N have to be taken first; but one of ours may
 * have N for such a file: then it has to go.
 */
static int reuse_inode(uint32_t wanted, const char *path)
{
	int kept[ROUND], n = 0, fd;

	for (;;) {
		if (unshare(CLONE_NEWNET))
			die("unshare: %s", strerror(errno));
		fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die("/proc/self/ns/net: %s", strerror(errno));
		if (fd_inode(fd) == wanted)
			break;
		if (is_late())
			return 1;
		kept[n++] = fd;
		if (n == ROUND)
			while (n)
				close(kept[--n]);
		usleep(n ? PAUSE_US : ROUND_PAUSE_US);
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
	long limit = 10000, number = 0;
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
