// SPDX-License-Identifier: GPL-2.0-or-later
/* proc: see proc.h. Owns no state; any thread. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

pid_t proc_next(DIR *d)
{
	const struct dirent *de;

	while ((de = readdir(d))) {
		char *end;
		long pid;

		if (de->d_name[0] < '1' || de->d_name[0] > '9')
			continue;
		pid = strtol(de->d_name, &end, 10);
		if (!*end)
			return (pid_t)pid;
	}
	return 0;
}

uint32_t proc_parse_ns(const char *s, const char *kind)
{
	const size_t len = strlen(kind);
	uint64_t n = 0;

	if (strncmp(s, kind, len) || strncmp(s + len, ":[", 2))
		return 0;
	s += len + 2;
	for (; *s >= '0' && *s <= '9' && n <= UINT32_MAX; s++)
		n = 10 * n + (uint64_t)(*s - '0');
	return strcmp(s, "]") || n > UINT32_MAX ? 0 : (uint32_t)n;
}

uint32_t proc_ns(int dir, pid_t pid, const char *kind)
{
	char path[64], link[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%d/ns/%s", (int)pid, kind);
	len = readlinkat(dir, path, link, sizeof(link) - 1);
	if (len < 0)
		return 0;
	link[len] = '\0';
	return proc_parse_ns(link, kind);
}

/* One read(2): these files are made anew by each. */
static int read_file(int dir, pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t len;
	int fd, errnum;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	errnum = errno;
	close(fd);
	if (len < 0)
		return -errnum;
	buf[len] = '\0';
	return 0;
}

/* The name may hold blanks and parentheses: it ends at the last one. */
int proc_parse_stat(const char *s, struct proc_stat *out)
{
	const char *name = strchr(s, '('), *end = strrchr(s, ')');
	int ppid;

	if (!name || !end || end < name)
		return -EINVAL;
	name++;
	if ((size_t)(end - name) >= sizeof(out->comm))
		return -EINVAL;
	memset(out->comm, 0, sizeof(out->comm));
	memcpy(out->comm, name, (size_t)(end - name));
	/* After it field 3, the state; the parent is field 4, the start field 22. */
	if (sscanf(end + 1, " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
		   &ppid, &out->start) != 2)
		return -EINVAL;
	out->ppid = ppid;
	return 0;
}

int proc_stat_get(int dir, pid_t pid, struct proc_stat *out)
{
	char buf[1024];
	int ret = read_file(dir, pid, "stat", buf, sizeof(buf));

	return ret ? ret : proc_parse_stat(buf, out);
}

/* systemd's own hierarchy: "0::/PATH", or, besides others, "1:name=systemd:/PATH". */
static const char *service_path(const char *line)
{
	static const char own[] = ":name=systemd:";
	const char *colon = strchr(line, ':');

	if (!strncmp(line, "0::", 3))
		return line + 3;
	return colon && !strncmp(colon, own, sizeof(own) - 1) ? colon + sizeof(own) - 1 : NULL;
}

int proc_parse_service(const char *s, char *buf, size_t size)
{
	/* What systemd accepts: another name is one of somebody else's making. */
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
	static const char suffix[] = ".service";

	for (; *s; s += strcspn(s, "\n"), s += *s == '\n') {
		const char *path = service_path(s), *base;
		size_t len;

		if (!path || path > s + strcspn(s, "\n"))
			continue;
		len = strcspn(path, "\n");
		base = path + len;
		while (base > path && base[-1] != '/')
			base--;
		len -= (size_t)(base - path);
		if (len < sizeof(suffix) || len >= size || strspn(base, valid) < len ||
		    memcmp(base + len - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1))
			continue;
		memcpy(buf, base, len);
		buf[len] = '\0';
		return 0;
	}
	return -ENOENT;
}

int proc_service(int dir, pid_t pid, char *buf, size_t size)
{
	char text[4096];
	int ret = read_file(dir, pid, "cgroup", text, sizeof(text));

	return ret ? ret : proc_parse_service(text, buf, size);
}
