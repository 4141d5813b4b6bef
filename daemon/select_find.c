// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes that cannot be taken for others; paths, and what is mounted. See
 * select.h. Owns no state; any thread.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "select.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open	434	/* Linux 5.3 */
#endif

/* ---- processes ---- */

static int no_process(pid_t pid, struct err *e)
{
	return err_set(e, ENOENT, EXIT_NOT_FOUND, "no process %d, or no more the same", (int)pid);
}

/*
 * Field 22 of /proc/PID/stat: ticks after boot. The name, field 2, may hold anything,
 * ")" and blanks too, so counting begins behind the last ")".
 */
static int read_start(pid_t pid, uint64_t *start, struct err *e)
{
	char path[64], buf[1024], *at, *end;
	ssize_t len;
	int fd, field, errnum;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	errnum = errno;
	if (fd >= 0)
		close(fd);
	if (len < 0 && errnum != ENOENT && errnum != ESRCH)
		return err_set(e, errnum, EXIT_REFUSED, "cannot read %s: %s", path,
			       strerror(errnum));
	if (len <= 0)
		return no_process(pid, e);
	buf[len] = 0;
	at = strrchr(buf, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		*start = strtoull(at + 1, &end, 10);
	if (!at || end == at + 1)
		return err_set(e, EPROTO, EXIT_REFUSED, "cannot understand %s", path);
	return 0;
}

int select_process(pid_t pid, struct select_process *out, struct err *e)
{
	*out = (struct select_process){ .pid = pid };
	if (pid <= 0)
		return err_set(e, EINVAL, EXIT_REFUSED, "%d is not a process id", (int)pid);
	return read_start(pid, &out->start, e);
}

/*
 * A pidfd of exactly this process; -1 with 0: the kernel has none (before 5.3), and
 * the time of its beginning has to do.
 */
static int open_process(const struct select_process *p, int *pidfd, struct err *e)
{
	uint64_t start;
	int ret, errnum;

	*pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	errnum = errno;
	if (*pidfd < 0 && (errnum == ESRCH || errnum == EINVAL))
		return no_process(p->pid, e);
	if (*pidfd < 0 && errnum != ENOSYS && errnum != EPERM)
		return err_set(e, errnum, EXIT_REFUSED, "cannot open process %d: %s", (int)p->pid,
			       strerror(errnum));
	ret = read_start(p->pid, &start, e);
	if (!ret && start != p->start)
		ret = no_process(p->pid, e);
	if (ret && *pidfd >= 0)
		close(*pidfd);
	return ret;
}

/* Afterwards: it lived all the time, so what was looked at meanwhile was its own. */
static int close_process(const struct select_process *p, int pidfd, struct err *e)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	uint64_t start;
	int ret;

	if (pidfd >= 0) {
		ret = poll(&end, 1, 0) ? no_process(p->pid, e) : 0;
		close(pidfd);
		return ret;
	}
	ret = read_start(p->pid, &start, e);
	return ret ? ret : start == p->start ? 0 : no_process(p->pid, e);
}

int select_process_inode(const struct select_process *p, uint32_t *inode, struct err *e)
{
	int pidfd, ret, alive, errnum = 0;
	char path[64];
	struct stat st;

	*inode = 0;
	ret = open_process(p, &pidfd, e);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)p->pid);
	if (stat(path, &st))
		errnum = errno;
	alive = close_process(p, pidfd, e);
	if (alive)
		return alive;
	/* A zombie has no namespaces any more. */
	if (errnum == ENOENT || errnum == ESRCH)
		return no_process(p->pid, e);
	if (errnum)
		return err_set(e, errnum, EXIT_REFUSED, "cannot look at %s: %s", path,
			       strerror(errnum));
	if (!st.st_ino || st.st_ino > UINT32_MAX)
		return err_set(e, EOVERFLOW, EXIT_REFUSED, "%s has inode %ju, which is not a namespace's",
			       path, (uintmax_t)st.st_ino);
	*inode = (uint32_t)st.st_ino;
	return 0;
}

int select_process_open(const struct select_process *p, struct netns_ref *out, struct err *e)
{
	int pidfd, ret, alive;

	*out = (struct netns_ref){ .fd = -1 };
	ret = open_process(p, &pidfd, e);
	if (ret)
		return ret;
	ret = select_pid(p->pid, out, e);
	alive = close_process(p, pidfd, ret ? NULL : e);
	if (!ret && alive) {
		netns_ref_close(out);
		ret = alive;
	}
	return ret;
}

int select_inode(uint32_t inode, struct netns_ref *out, struct err *e)
{
	struct select_process process;
	DIR *d = opendir("/proc");
	int ret = -ENOENT;
	struct dirent *de;
	char path[300];
	struct stat st;

	*out = (struct netns_ref){ .fd = -1 };
	while (d && ret && (de = readdir(d))) {
		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", de->d_name);
		if (stat(path, &st) || st.st_ino != inode)
			continue;
		if (select_process(atoi(de->d_name), &process, NULL) ||
		    select_process_open(&process, out, NULL))
			continue;
		if (out->inode == inode)
			ret = 0;
		else
			netns_ref_close(out);
	}
	if (d)
		closedir(d);
	return ret ? err_set(e, ENOENT, EXIT_NOT_FOUND, "no process is in the namespace with inode %u",
			     inode) : 0;
}

/* ---- paths ---- */

/* All namespaces are in one nsfs; of which kind, only an open descriptor tells. */
static dev_t nsfs_dev(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : st.st_dev;
}

static int stat_on(dev_t nsfs, const char *path, uint32_t *inode, bool *link)
{
	struct stat st;

	*inode = 0;
	*link = false;
	if (lstat(path, &st))
		return errno == ENOTDIR ? -ENOENT : -errno;
	*link = S_ISLNK(st.st_mode);
	if (!*link && st.st_dev == nsfs && st.st_ino <= UINT32_MAX)
		*inode = (uint32_t)st.st_ino;
	return 0;
}

int select_stat(const char *path, uint32_t *inode, bool *link)
{
	return stat_on(nsfs_dev(), path, inode, link);
}

int select_glob(const char *glob_text, char ***out, size_t *n)
{
	glob_t g = { 0 };
	int ret;
	size_t i;

	*out = NULL;
	*n = 0;
	/* A directory that cannot be read has nothing that matches. */
	ret = glob(glob_text, GLOB_NOSORT, NULL, &g);
	if (ret == GLOB_NOMATCH || ret == GLOB_ABORTED) {
		globfree(&g);
		return 0;
	}
	*out = ret ? NULL : calloc(g.gl_pathc + 1, sizeof(**out));
	ret = *out ? 0 : -ENOMEM;
	for (i = 0; !ret && i < g.gl_pathc; i++) {
		(*out)[i] = strdup(g.gl_pathv[i]);
		if ((*out)[i])
			++*n;
		else
			ret = -ENOMEM;
	}
	globfree(&g);
	if (ret && *out) {
		while (*n)
			free((*out)[--*n]);
		free(*out);
		*out = NULL;
	}
	return ret;
}

/* ---- mounts ---- */

/* "\040" -> " ", in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && isdigit((unsigned char)s[2]) &&
		    isdigit((unsigned char)s[3])) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

/*
 * "36 35 0:4 net:[4026532008] /run/netns/web1 rw shared:7 - nsfs nsfs rw": the
 * namespace, and where. False: it is another mount, or its file is gone.
 */
static bool parse_mount(char *line, char **path, uint32_t *inode)
{
	static const char gone[] = "//deleted";
	char *root = line, *end;
	unsigned long number;
	size_t len;
	int i;

	for (i = 0; i < 3 && root; i++) {
		root = strchr(root, ' ');
		root = root ? root + 1 : NULL;
	}
	if (!root || strncmp(root, "net:[", 5))
		return false;
	number = strtoul(root + 5, &end, 10);
	if (end[0] != ']' || end[1] != ' ' || end[2] != '/' || !number || number > UINT32_MAX)
		return false;
	*path = end + 2;
	end = strchr(*path, ' ');
	if (!end || !strstr(end, " - nsfs "))
		return false;
	*end = 0;
	len = strlen(*path);
	if (len > sizeof(gone) - 1 && !strcmp(*path + len - (sizeof(gone) - 1), gone))
		return false;
	unescape(*path);
	*inode = (uint32_t)number;
	return true;
}

static bool is_name(const char *path)
{
	const size_t n = sizeof(SELECT_NETNS_DIR "/") - 1;

	return !strncmp(path, SELECT_NETNS_DIR "/", n) && !strchr(path + n, '/');
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct select_mount *)a)->path,
		      ((const struct select_mount *)b)->path);
}

/* What a path leads to now: one of several mounts on it, or what hides them. */
static size_t keep_visible(struct select_mount *v, size_t n)
{
	dev_t nsfs = nsfs_dev();
	size_t i, kept = 0;
	uint32_t inode;
	bool link;

	for (i = 0; i < n; i++) {
		if ((kept && !strcmp(v[kept - 1].path, v[i].path)) ||
		    stat_on(nsfs, v[i].path, &inode, &link) || !inode) {
			free(v[i].path);
			continue;
		}
		v[kept] = v[i];
		v[kept++].inode = inode;
	}
	return kept;
}

static int add_mount(struct select_mount **v, size_t *n, size_t *room, const char *path,
		     uint32_t inode)
{
	struct select_mount *new;

	if (*n == *room) {
		*room = *room ? *room * 2 : 64;
		new = reallocarray(*v, *room, sizeof(*new));
		if (!new)
			return -ENOMEM;
		*v = new;
	}
	(*v)[*n] = (struct select_mount){ .path = strdup(path), .inode = inode };
	if (!(*v)[*n].path)
		return -ENOMEM;
	++*n;
	return 0;
}

int select_mounts(struct select_mount **out, size_t *n, struct err *e)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	struct select_mount *v = NULL;
	size_t size = 0, room = 0;
	int ret = 0, errnum = errno;
	char *line = NULL, *path;
	uint32_t inode;

	*out = NULL;
	*n = 0;
	if (!f)
		return err_set(e, errnum, EXIT_REFUSED, "cannot read /proc/self/mountinfo: %s",
			       strerror(errnum));
	while (!ret && getline(&line, &size, f) > 0)
		if (parse_mount(line, &path, &inode) && !is_name(path))
			ret = add_mount(&v, n, &room, path, inode);
	free(line);
	fclose(f);
	if (ret) {
		select_mounts_free(v, *n);
		*n = 0;
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	}
	if (*n)
		qsort(v, *n, sizeof(*v), by_path);
	*n = keep_visible(v, *n);
	*out = v;
	return 0;
}

void select_mounts_free(struct select_mount *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(v[i].path);
	free(v);
}
