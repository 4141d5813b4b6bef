// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence doctor: is everything there that a fence needs, and what to do if
 * not. The checks are in cmd_doctor_kernel.c and cmd_doctor_system.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_doctor.h"
#include "control.h"
#include "out.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71	/* Linux 5.14 */
#endif

#define ASK_MS	5000		/* the daemon; one that is busy is not amiss */

static const char *const level_names[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_FAIL] = "fail",
};

static const char *const level_colours[] = {
	[DOCTOR_OK] = "\033[32m",
	[DOCTOR_WARN] = "\033[33m",
	[DOCTOR_FAIL] = "\033[31m",
};

void doctor_live_get(struct doctor_live *live)
{
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie;

	memset(live, 0, sizeof(*live));
	live->root = !geteuid();
	live->asked = -1;
	live->ret = genl_version_probe(&live->version, &live->err);
	if (sock < 0)
		return;
	live->cookie = !getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len);
	close(sock);
}

void doctor_add(struct doctor *d, enum doctor_level level, const char *name, const char *todo,
		const char *fmt, ...)
{
	struct finding *f = &d->v[d->n];
	va_list ap;

	if (d->n == DOCTOR_MAX)
		return;
	d->n++;
	f->level = level;
	f->name = name;
	va_start(ap, fmt);
	vsnprintf(f->found, sizeof(f->found), fmt, ap);
	va_end(ap);
	snprintf(f->todo, sizeof(f->todo), "%s", todo ? todo : "");
}

static int __attribute__((format(printf, 4, 0)))
vpath(char *buf, size_t size, const char *root, const char *fmt, va_list ap)
{
	size_t n = (size_t)snprintf(buf, size, "%s", root);

	if (n >= size || (size_t)vsnprintf(buf + n, size - n, fmt, ap) >= size - n)
		return -ENAMETOOLONG;
	return 0;
}

int doctor_read(const char *root, char *buf, size_t size, const char *fmt, ...)
{
	char path[1024];
	va_list ap;
	ssize_t n;
	int fd, ret;

	buf[0] = '\0';
	va_start(ap, fmt);
	ret = vpath(path, sizeof(path), root, fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	ret = n < 0 ? -errno : (int)n;
	close(fd);
	buf[ret > 0 ? ret : 0] = '\0';
	if (ret > 0 && buf[ret - 1] == '\n')
		buf[--ret] = '\0';
	return ret;
}

bool doctor_exists(const char *root, const char *fmt, ...)
{
	char path[1024];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vpath(path, sizeof(path), root, fmt, ap);
	va_end(ap);
	return !ret && !access(path, F_OK);
}

static bool is_daemon(const char *root, unsigned long pid)
{
	unsigned long uid, euid;
	char status[4096], *line;

	if (doctor_read(root, status, sizeof(status), "/proc/%lu/comm", pid) <= 0 ||
	    strcmp(status, "nsfenced") ||
	    doctor_read(root, status, sizeof(status), "/proc/%lu/status", pid) <= 0)
		return false;
	line = strstr(status, "\nUid:");
	return line && sscanf(line, "\nUid: %lu %lu", &uid, &euid) == 2 && !uid && !euid;
}

unsigned long doctor_daemon(const char *root, char *version, size_t size)
{
	unsigned long pid;
	char text[128], name[64];

	version[0] = '\0';
	if (doctor_read(root, text, sizeof(text), "/run/nsfence/version") <= 0 ||
	    sscanf(text, "nsfenced %63s pid %lu", name, &pid) != 2 || !is_daemon(root, pid))
		return 0;
	snprintf(version, size, "%s", name);
	return pid;
}

bool doctor_module_version(const char *root, char *buf, size_t size)
{
	if (!doctor_exists(root, "/sys/module/nsfence"))
		return false;
	if (doctor_read(root, buf, size, "/sys/module/nsfence/version") <= 0)
		snprintf(buf, size, "unknown");
	return true;
}

void doctor_examine(struct doctor *d, const char *root, const struct doctor_live *live)
{
	memset(d, 0, sizeof(*d));
	d->root = root;
	d->live = live;
	if (doctor_read(root, d->release, sizeof(d->release), "/proc/sys/kernel/osrelease") <= 0)
		snprintf(d->release, sizeof(d->release), "unknown");
	/* These come from the family itself; anything else may be netlink's own. */
	d->visible = !live->ret || live->ret == -EPERM || live->ret == -EPROTO;
	d->loaded = d->visible || doctor_exists(root, "/sys/module/nsfence");
	doctor_check_kernel(d);
	doctor_check_system(d);
}

static void show_json(const struct cmd *c, const struct doctor *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct finding *f = &d->v[i];
		json_t *object = json_object();

		out_json_set(object, "check", json_string(f->name));
		out_json_set(object, "level", json_string(level_names[f->level]));
		out_json_set(object, "found", out_json_string(f->found));
		if (f->todo[0])
			out_json_set(object, "todo", out_json_string(f->todo));
		out_json_append(array, object);
	}
	out_json_print(array, c->pretty, stdout);
}

static void show_text(const struct doctor *d)
{
	bool colour = out_colour(stdout);
	char text[4 * sizeof(d->v[0].found)];

	for (size_t i = 0; i < d->n; i++) {
		const struct finding *f = &d->v[i];

		out_escape(f->found, text, sizeof(text));
		printf("%s%-4s%s  %s: %s\n", colour ? level_colours[f->level] : "",
		       level_names[f->level], colour ? "\033[0m" : "", f->name, text);
		out_escape(f->todo, text, sizeof(text));
		if (f->todo[0])
			printf("      -> %s\n", text);
	}
}

static void ask_daemon(struct doctor_live *live)
{
	json_t *request = json_pack("{s:s}", "cmd", "status"), *last = NULL;
	struct err e = { 0 };
	const char *backend;
	int code = EXIT_DONE;

	live->asked = control_ask(CONTROL_SOCKET, request, ASK_MS, NULL, NULL, &last, &code, &e) ?
		      e.errnum : 0;
	live->amiss = code == EXIT_REFUSED;
	backend = json_string_value(json_object_get(last, "backend"));
	snprintf(live->backend, sizeof(live->backend), "%s", backend ? backend : "");
	json_decref(request);
	json_decref(last);
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct doctor_live live;
	struct doctor d;
	int opt, code = EXIT_DONE;

	while ((opt = cmd_getopt(c, argc, argv, NULL)) != -1)
		return cmd_getopt_exit(opt);
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	doctor_live_get(&live);
	ask_daemon(&live);
	doctor_examine(&d, "", &live);
	if (c->json)
		show_json(c, &d);
	else
		show_text(&d);
	for (size_t i = 0; i < d.n; i++)
		if (d.v[i].level == DOCTOR_FAIL)
			code = EXIT_REFUSED;
	return d.loaded ? code : EXIT_UNREACHABLE;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "find out what is missing or amiss, and what to do",
	.help =
"Usage: nsfence doctor [-j]\n"
"\n"
"Checks what a fence needs: a kernel that can load the module, the module itself\n"
"(Secure Boot, lockdown, signatures, headers, DKMS), the versions of tool, daemon\n"
"and module, privileges, the daemon and its configuration. Each line begins with\n"
"ok, warn or fail; what to do stands below it. Exit code: 0 nothing failed,\n"
"1 something did, 3 the module is not loaded.\n"
"\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
