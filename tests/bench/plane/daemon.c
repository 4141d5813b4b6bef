// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon: nsfenced among very many namespaces: from no fence at all, and again with
 * all of them there; what it takes of the processor and of memory, then and when
 * nothing happens; and how long a further namespace waits for its fence. What one
 * system call takes stands beside it: in user-mode Linux it is many times what it is
 * elsewhere, and the daemon's work is system calls.
 */
#include "plane.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIR "/run/netns"

static void name_one(size_t i)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), DIR "/ns%zu", i);
	fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd) || unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", path, "none", MS_BIND, NULL))
		die("%s: %s", path, strerror(errno));
	space_enter(space_home());
}

/* Microseconds for the least there is. */
static double call(void)
{
	struct stat st;
	double start = now();
	int i;

	for (i = 0; i < 20000; i++)
		if (fstatat(AT_FDCWD, DIR "/ns1", &st, 0))
			die(DIR "/ns1: %s", strerror(errno));
	return (now() - start) / 20000 * 1e6;
}

int names(int argc, char **argv)
{
	size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0, i;
	double start = now();

	if ((mkdir(DIR, 0755) && errno != EEXIST) || mount(DIR, DIR, "none", MS_BIND | MS_REC, NULL) ||
	    mount("", DIR, "none", MS_SHARED | MS_REC, NULL))
		die(DIR ": %s", strerror(errno));
	for (i = 1; i <= n; i++)
		name_one(i);
	printf("{\"name\": \"names, %zu\", \"namespaces\": %zu, \"seconds\": %.3f, "
	       "\"stat_us\": %.3f}\n", n, n, now() - start, call());
	return 0;
}

/* Of a process. */
struct cost {
	double user, system;	/* seconds */
	double rss, peak;	/* KiB */
};

static struct cost cost(pid_t pid)
{
	double tick = (double)sysconf(_SC_CLK_TCK);
	unsigned long u = 0, s = 0;
	struct cost c = { 0 };
	char path[64], line[512], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f || !fgets(line, sizeof(line), f))
		die("%s: %s", path, strerror(errno));
	fclose(f);
	p = strrchr(line, ')');
	if (!p || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) != 2)
		die("%s makes no sense", path);
	c.user = (double)u / tick;
	c.system = (double)s / tick;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "VmRSS:", 6))
			c.rss = atof(line + 6);
		else if (!strncmp(line, "VmHWM:", 6))
			c.peak = atof(line + 6);
	}
	if (f)
		fclose(f);
	return c;
}

static uint32_t fences(struct genl *g)
{
	struct genl_version v;
	struct err e;

	if (genl_version_get(g, &v, &e))
		die("%s", e.text);
	return v.attachments;
}

static int notify_socket(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/run/plane-notify" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    setenv("NOTIFY_SOCKET", a.sun_path, 1))
		die("%s: %s", a.sun_path, strerror(errno));
	return fd;
}

static bool is_ready(int fd)
{
	char text[4096];
	ssize_t n;

	while ((n = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = 0;
		if (strstr(text, "READY=1"))
			return true;
	}
	return false;
}

/* Until the process has used no processor time for half a second. */
static struct cost settle(pid_t pid)
{
	struct cost c = cost(pid), before;

	do {
		before = c;
		pause_us(500000);
		c = cost(pid);
	} while (c.user + c.system > before.user + before.system);
	return c;
}

static pid_t start_daemon(struct genl *g, char **argv, uint32_t want, const char *name)
{
	int notify = notify_socket();
	double start = now(), fenced = 0, ready = 0;
	struct cost c, quiet;
	pid_t pid = fork();

	if (!pid) {
		execl(argv[3], argv[3], "-c", argv[2], NULL);
		die("%s: %s", argv[3], strerror(errno));
	}
	while (!fenced || !ready) {
		pause_us(2000);
		if (!fenced && fences(g) >= want)
			fenced = now() - start;
		if (!ready && is_ready(notify))
			ready = now() - start;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			die("%s ended", argv[3]);
		if (now() - start > 900)
			die("%s: %u fences after 900 s, ready: %d", argv[3], fences(g), ready > 0);
	}
	close(notify);
	c = settle(pid);
	pause_us(10000000);
	quiet = cost(pid);
	printf("{\"name\": \"nsfenced, %s\", \"namespaces\": %u, \"all_fenced_s\": %.3f, "
	       "\"ready_s\": %.3f, \"cpu_s\": %.2f, \"cpu_user_s\": %.2f, \"rss_kib\": %.0f, "
	       "\"peak_kib\": %.0f, \"idle_cpu_percent\": %.2f}\n", name, want, fenced, ready,
	       c.user + c.system, c.user, c.rss, c.peak,
	       (quiet.user + quiet.system - c.user - c.system) * 10);
	return pid;
}

static void one_more(struct genl *g, size_t i, pid_t pid)
{
	struct cost before = settle(pid), after;
	uint32_t had = fences(g);
	double start = now(), t;

	name_one(i);
	while (fences(g) == had) {
		pause_us(500);
		if (now() - start > 120)
			die("namespace %zu has no fence after two minutes", i);
	}
	t = now() - start;
	after = settle(pid);
	printf("{\"name\": \"nsfenced, one more namespace\", \"among\": %zu, \"fenced_ms\": %.2f, "
	       "\"cpu_ms\": %.0f}\n", i - 1, t * 1e3,
	       (after.user + after.system - before.user - before.system) * 1e3);
}

static void stop(pid_t pid)
{
	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		die("kill: %s", strerror(errno));
}

int daemon_run(int argc, char **argv)
{
	size_t n = argc == 4 ? strtoul(argv[1], NULL, 10) : 0, i;
	struct genl *g;
	pid_t pid;

	if (!n)
		die("daemon COUNT CONFIG NSFENCED");
	g = module_open();
	pid = start_daemon(g, argv, (uint32_t)n, "from no fence");
	for (i = 1; i <= 5; i++)
		one_more(g, n + i, pid);
	stop(pid);
	pid = start_daemon(g, argv, (uint32_t)n + 5, "all fences there");
	stop(pid);
	return 0;
}
