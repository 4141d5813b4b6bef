// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * between: something happens between two steps of a process, at the worst moment.
 *
 *	between N FILE HOOK COMMAND...	runs COMMAND
 *	between -p PID N FILE HOOK	joins process PID; prints "ready"
 *
 * Stops the process before its Nth step, runs HOOK with sh, and lets it go on. A
 * step is a message that it sends, the opening of a process (pidfd), and the opening of, or
 * a look at, something below /run/netns or in /proc/PID. FILE gets a line for each
 * step, "N CALL PATH" (or "N send cmd=C", of generic netlink), and "hook" (with the hook's exit code) where it ran; $STOPPED is
 * the process, or thread.
 * With -p it is left alone after that, else the exit code is COMMAND's.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)

static long count, wanted;
static const char *hook;
static FILE *out;

__attribute__((noreturn))
static void fail(const char *what)
{
	fprintf(stderr, "between: %s: %s\n", what, strerror(errno));
	exit(99);
}

static bool is_meant(const char *path)
{
	return !strncmp(path, "/run/netns/", 11) ||
	       (!strncmp(path, "/proc/", 6) && isdigit((unsigned char)path[6]));
}

/* The name of a call that is a step, else NULL. */
static const char *step(pid_t pid, uint64_t nr, const uint64_t *args, char *path, size_t size)
{
	struct iovec to = { path, size - 1 }, from = { (void *)(uintptr_t)args[1], size - 1 };

	/* Of netlink: length, type, ...; behind that the command, where it is generic. */
	_Alignas(8) char head[20];

	path[0] = 0;
	switch (nr) {
	case SYS_sendto:
		if (process_vm_readv(pid, &(struct iovec){ head, sizeof(head) }, 1,
				     &(struct iovec){ (void *)(uintptr_t)args[1], sizeof(head) },
				     1, 0) == sizeof(head) &&
		    *(uint32_t *)head == args[2] && *(uint16_t *)(head + 4) >= 0x10)
			snprintf(path, size, "cmd=%u", (unsigned char)head[16]);
		return "send";
	case SYS_sendmsg:
		return "send";
	case SYS_pidfd_open:
		return "pidfd";
	case SYS_openat:
	case SYS_newfstatat:
		/* It may end at the end of a page: then what is there of it. */
		if (process_vm_readv(pid, &to, 1, &from, 1, 0) < 0) {
			to.iov_len = from.iov_len = 4096 - (args[1] & 4095);
			if (to.iov_len >= size || process_vm_readv(pid, &to, 1, &from, 1, 0) < 0)
				return NULL;
		}
		path[size - 1] = 0;
		return !is_meant(path) ? NULL : nr == SYS_openat ? "open" : "look";
	}
	return NULL;
}

static int run_hook(pid_t pid)
{
	char number[16];
	int status;

	snprintf(number, sizeof(number), "%d", (int)pid);
	setenv("STOPPED", number, 1);
	status = system(hook);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* True: the hook has run. */
static bool at_call(pid_t pid)
{
	struct __ptrace_syscall_info info;
	const char *name;
	char path[256];

	memset(path, 0, sizeof(path));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	name = step(pid, info.entry.nr, (const uint64_t *)info.entry.args, path, sizeof(path));
	if (!name)
		return false;
	if (++count == wanted)
		fprintf(out, "hook %d\n", run_hook(pid));
	fprintf(out, "%ld %s %s\n", count, name, path);
	fflush(out);
	return count == wanted;
}

static int trace(pid_t main_pid, bool joined)
{
	bool ready = false;
	int status, sig;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid <= 0)
			continue;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == main_pid)
				return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
			continue;
		}
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80)) {
			if (at_call(pid) && joined)
				return 0;	/* it goes on by itself */
			sig = 0;
		} else if (status >> 16 || sig == SIGTRAP) {	/* of ptrace, not the process's */
			sig = 0;
		}
		ptrace(PTRACE_SYSCALL, pid, 0, sig);
		if (joined && !ready) {
			puts("ready");
			fflush(stdout);
		}
		ready = true;
	}
	return 99;
}

int main(int argc, char **argv)
{
	pid_t pid = 0;
	int go[2], opt;
	char c;

	while ((opt = getopt(argc, argv, "+p:")) != -1)
		pid = opt == 'p' ? atoi(optarg) : 0;
	argv += optind;
	argc -= optind;
	if (argc < 3 || (argc == 3) != (pid != 0)) {
		fprintf(stderr, "usage: between [-p PID] N FILE HOOK [COMMAND...]\n");
		return 99;
	}
	wanted = atol(argv[0]);
	hook = argv[2];
	out = fopen(argv[1], "we");
	if (!out)
		fail(argv[1]);
	if (pid) {
		if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
			fail("ptrace");
		return trace(pid, true);
	}
	if (pipe2(go, O_CLOEXEC))
		fail("pipe");
	pid = fork();
	if (!pid) {
		close(go[1]);
		if (read(go[0], &c, 1) == 0)
			execvp(argv[3], argv + 3);
		_exit(127);
	}
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		fail("ptrace");
	close(go[1]);
	return trace(pid, false);
}
