// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_run_child: the process that nsfence run becomes the command in.
 *
 *     nsfence                          child
 *       | fork ------------------------> | unshare
 *       | <----------------- 'u' (made)  | waits
 *       | maps users, fences, names      |
 *       | 'g' (go) --------------------> | loopback up, signals, exec
 *       | <-- end of file (it runs), or a message
 *       | waits for it
 *
 * The end of our side instead of 'g', whatever became of us, ends the child: what
 * is not fenced never runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_run.h"

/* ---- the child ---- */

/* To the parent, which prints it: at most one, and then the end. */
static void __attribute__((noreturn)) give_up(int to, int code, const char *what, int errnum)
{
	char text[300];
	int len = snprintf(text, sizeof(text), "%.200s: %s", what, strerror(errnum));

	if (write(to, text, (size_t)len) != len)
		code = EXIT_REFUSED;
	_exit(code);
}

static int loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	/* A kernel may be without IPv4; any socket will do. */
	if (sock < 0)
		sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	ret = ioctl(sock, SIOCGIFFLAGS, &ifr);
	if (!ret) {
		ifr.ifr_flags |= IFF_UP;
		ret = ioctl(sock, SIOCSIFFLAGS, &ifr);
	}
	ret = ret ? -errno : 0;
	close(sock);
	return ret;
}

static void __attribute__((noreturn)) child_main(const struct run_child *child, pid_t parent,
						 int control, int answers, bool user,
						 char **argv)
{
	const char *made = "u";
	char go = 0;
	int ret;

	if (unshare(CLONE_NEWNET | (user ? CLONE_NEWUSER : 0)))
		give_up(answers, EXIT_REFUSED, user ? "cannot make a user and a network namespace" :
			"cannot make a network namespace", errno);
	if (write(answers, made, 1) != 1)
		_exit(EXIT_REFUSED);
	do {
		ret = (int)read(control, &go, 1);
	} while (ret < 0 && errno == EINTR);
	if (ret != 1 || go != 'g')
		_exit(EXIT_REFUSED);
	ret = loopback_up();
	if (ret)
		give_up(answers, EXIT_REFUSED, "cannot bring loopback up", -ret);
	/*
	 * As with env(1): who ends nsfence with SIGKILL has ended the command. Not
	 * before unshare(2), which may take that away.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_REFUSED);
	sigaction(SIGCHLD, &child->sigchld, NULL);
	sigprocmask(SIG_SETMASK, &child->signals, NULL);
	execvp(argv[0], argv);
	give_up(answers, errno == ENOENT || errno == ENOTDIR ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE,
		argv[0], errno);
}

/* ---- the parent ---- */

/* What the child says until it ends its side: "" is good news. */
static void read_message(int from, char *text, size_t size)
{
	size_t used = 0;
	ssize_t len;

	for (;;) {
		len = read(from, text + used, size - 1 - used);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		used += (size_t)len;
	}
	text[used] = '\0';
}

static int put_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Root inside is who called nsfence, and nobody else is there. */
static int map_users(pid_t pid, struct err *e)
{
	char uids[64], gids[64];
	int ret;

	snprintf(uids, sizeof(uids), "0 %u 1\n", (unsigned int)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1\n", (unsigned int)getegid());
	ret = put_file(pid, "uid_map", uids);
	if (!ret)
		ret = put_file(pid, "gid_map", gids);
	return ret ? err_set(e, -ret, EXIT_REFUSED, "cannot map users into the new user namespace: %s",
			     strerror(-ret)) : 0;
}

static void close_both(int pipes[2])
{
	close(pipes[0]);
	close(pipes[1]);
}

static int fork_child(struct run_child *child, bool user, char **argv, struct err *e)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	int control[2], answers[2], errnum;
	pid_t parent = getpid();
	sigset_t all;

	if (pipe2(control, O_CLOEXEC))
		return err_set(e, errno, EXIT_REFUSED, "pipe: %s", strerror(errno));
	if (pipe2(answers, O_CLOEXEC)) {
		errnum = errno;
		close_both(control);
		return err_set(e, errnum, EXIT_REFUSED, "pipe: %s", strerror(errnum));
	}
	/* From before it is there until it has ended, or one could get lost. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &child->signals);
	/* Whoever ignores it, who has started us, would have it reaped by the kernel. */
	sigaction(SIGCHLD, &standard, &child->sigchld);
	child->pid = fork();
	if (!child->pid) {
		close(control[1]);
		close(answers[0]);
		child_main(child, parent, control[0], answers[1], user, argv);
	}
	errnum = errno;
	close(control[0]);
	close(answers[1]);
	child->control = control[1];
	child->answers = answers[0];
	if (child->pid > 0)
		return 0;
	close(child->control);
	close(child->answers);
	return err_set(e, errnum, EXIT_REFUSED, "fork: %s", strerror(errnum));
}

int run_child_start(struct run_child *child, bool user, char **argv, struct err *e)
{
	char made = 0, rest[300];
	ssize_t len;
	int ret = fork_child(child, user, argv, e);

	if (ret)
		return ret;
	do {
		len = read(child->answers, &made, 1);
	} while (len < 0 && errno == EINTR);
	if (len == 1 && made == 'u') {
		ret = user ? map_users(child->pid, e) : 0;
	} else {
		read_message(child->answers, rest, sizeof(rest));
		ret = err_set(e, EPERM, EXIT_REFUSED, "%c%s", len == 1 ? made : '?', rest);
	}
	if (ret)
		run_child_stop(child);
	return ret;
}

void run_child_stop(struct run_child *child)
{
	/* A stop signal, to us all, may have come between. */
	kill(child->pid, SIGKILL);
	close(child->control);
	close(child->answers);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int run_child_go(struct run_child *child, struct err *e)
{
	char text[300];
	bool gone = write(child->control, "g", 1) != 1;

	close(child->control);
	read_message(child->answers, text, sizeof(text));
	close(child->answers);
	if (text[0])
		err_set(e, ECANCELED, EXIT_REFUSED, "%s", text);
	else if (gone)
		err_set(e, ECANCELED, EXIT_REFUSED, "the process that was to become the command is gone");
	return text[0] || gone ? -ECANCELED : 0;
}

static int code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * A terminal stops all of its process group, the command and us; somebody else may
 * have stopped the command as a terminal would. Whoever waits for us is to see it.
 * SIGSTOP is not followed: who sends that to the command means the command.
 */
static void follow_stop(const struct run_child *child, int signal)
{
	if (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU)
		return;
	kill(getpid(), SIGSTOP);
	/* Here we go on: by `fg`, which tells all, or by a SIGCONT to us alone. */
	kill(child->pid, SIGCONT);
}

/* True when it has ended. */
static bool reap(const struct run_child *child, int *code)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(child->pid, &status, WNOHANG | WUNTRACED);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			*code = EXIT_REFUSED;
		if (pid < 0)
			return true;
		if (!pid)
			return false;
		if (WIFSTOPPED(status)) {
			follow_stop(child, WSTOPSIG(status));
			continue;
		}
		*code = code_of(status);
		return true;
	}
}

/*
 * What a terminal sends comes to the command itself, which is in our process group;
 * only what somebody sent to us is passed on.
 */
static void pass_on(const struct run_child *child, const siginfo_t *info)
{
	if (info->si_code > 0 || info->si_pid == child->pid || info->si_pid == getpid())
		return;
	kill(child->pid, info->si_signo);
}

int run_child_wait(struct run_child *child)
{
	siginfo_t info;
	sigset_t all;
	int code = 0;

	sigfillset(&all);
	while (!reap(child, &code)) {
		if (sigwaitinfo(&all, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD)
			pass_on(child, &info);
	}
	return code;
}
