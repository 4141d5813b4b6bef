// SPDX-License-Identifier: GPL-2.0-or-later
/* select: see select.h. Owns no state; any thread. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "select.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71	/* Linux 5.14 */
#endif

/* The cookie is read by a thread of its own, which enters the namespace. */
static void *cookie_thread(void *arg)
{
	struct netns_ref *ref = arg;
	socklen_t len = sizeof(ref->cookie);
	int sock;

	if (setns(ref->fd, CLONE_NEWNET) < 0)
		return NULL;
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return NULL;
	if (!getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &ref->cookie, &len) &&
	    len == sizeof(ref->cookie))
		ref->has_cookie = true;
	close(sock);
	return NULL;
}

/* Without the kernel's or the caller's ability there is no cookie: no error. */
static void read_cookie(struct netns_ref *ref)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, cookie_thread, ref))
		return;
	pthread_join(thread, NULL);
	if (!ref->has_cookie)
		ref->cookie = 0;
}

static const char *kind_name(int type)
{
	switch (type) {
	case CLONE_NEWNS:
		return "mount";
	case CLONE_NEWUTS:
		return "UTS";
	case CLONE_NEWIPC:
		return "IPC";
	case CLONE_NEWPID:
		return "PID";
	case CLONE_NEWUSER:
		return "user";
	case CLONE_NEWCGROUP:
		return "cgroup";
	default:
		return "unknown";
	}
}

static int check_fd(int fd, const char *what, struct netns_ref *out, struct err *e)
{
	struct statfs fs;
	struct stat st;
	int type;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0) {
		int errnum = errno;

		return err_set(e, errnum, EXIT_REFUSED, "%s: %s", what, strerror(errnum));
	}
	if ((uint32_t)fs.f_type != NSFS_MAGIC)
		return err_set(e, EAGAIN, EXIT_NOT_FOUND,
			       "%s is not (yet) a mount of a network namespace", what);
	/* Before Linux 4.11 no call tells the kind; the module looks at the fd. */
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type != CLONE_NEWNET && !(type < 0 && errno == ENOTTY))
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "%s is a namespace of another kind (%s), not a network namespace",
			       what, kind_name(type));
	if (!st.st_ino || st.st_ino > UINT32_MAX)
		return err_set(e, EOVERFLOW, EXIT_REFUSED,
			       "%s has inode %ju, which is not a namespace's", what,
			       (uintmax_t)st.st_ino);
	out->fd = fd;
	out->inode = (uint32_t)st.st_ino;
	read_cookie(out);
	return 0;
}

/*
 * O_NONBLOCK: whoever can write to the directory may have left a FIFO there,
 * and opening that would wait for a writer.
 */
static int open_ns(const char *path)
{
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static void ref_init(struct netns_ref *ref)
{
	*ref = (struct netns_ref){ .fd = -1 };
}

static int take_fd(int fd, const char *what, struct netns_ref *out, struct err *e)
{
	int ret = check_fd(fd, what, out, e);

	if (ret) {
		ref_init(out);
		close(fd);
	}
	return ret;
}

/* "db1, web1", or as many as there is room for. */
static void list_names(const char *dir, char *buf, size_t size)
{
	struct netns_name *names;
	size_t count, used = 0;
	int len;

	buf[0] = '\0';
	if (select_names_in(dir, &names, &count, NULL))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!names[i].inode)
			continue;
		/* Room for the ", ..." that stands for the rest. */
		if (used + strlen(names[i].name) + sizeof(", , ...") > size) {
			snprintf(buf + used, size - used, "%s...", used ? ", " : "");
			break;
		}
		len = snprintf(buf + used, size - used, "%s%s", used ? ", " : "", names[i].name);
		used += (size_t)len;
	}
	free(names);
}

static int no_such_name(const char *dir, const char *name, struct err *e)
{
	char names[256];

	list_names(dir, names, sizeof(names));
	if (!names[0])
		return err_set(e, ENOENT, EXIT_NOT_FOUND,
			       "no namespace \"%.64s\" in %s (there are none)", name, dir);
	return err_set(e, ENOENT, EXIT_NOT_FOUND,
		       "no namespace \"%.64s\" in %s (there are: %s)", name, dir, names);
}

static int check_name(const char *dir, const char *name, struct err *e)
{
	if (!name[0] || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "\"%.64s\" is not a name of a namespace (a name is that of a file in %s)",
			       name, dir);
	if (strlen(name) >= sizeof(((struct netns_name *)0)->name))
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "\"%.64s...\" is too long for a name of a namespace (at most 255 bytes)",
			       name);
	return 0;
}

int select_check_name(const char *name, struct err *e)
{
	return check_name(SELECT_NETNS_DIR, name, e);
}

int select_name_in(const char *dir, const char *name, struct netns_ref *out, struct err *e)
{
	char path[512];
	int fd, errnum, ret;

	ref_init(out);
	ret = check_name(dir, name, e);
	if (ret)
		return ret;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return err_set(e, ENAMETOOLONG, EXIT_REFUSED, "%.64s...: the path is too long", path);
	fd = open_ns(path);
	if (fd >= 0)
		return take_fd(fd, path, out, e);
	errnum = errno;
	if (errnum == ENOENT || errnum == ENOTDIR)
		return no_such_name(dir, name, e);
	return err_set(e, errnum, EXIT_REFUSED, "cannot open %s: %s", path, strerror(errnum));
}

int select_name(const char *name, struct netns_ref *out, struct err *e)
{
	return select_name_in(SELECT_NETNS_DIR, name, out, e);
}

int select_path(const char *path, struct netns_ref *out, struct err *e)
{
	int fd, errnum;

	ref_init(out);
	fd = open_ns(path);
	if (fd >= 0)
		return take_fd(fd, path, out, e);
	errnum = errno;
	return err_set(e, errnum, errnum == ENOENT || errnum == ENOTDIR ? EXIT_NOT_FOUND :
		       EXIT_REFUSED, "cannot open \"%.256s\": %s", path, strerror(errnum));
}

int select_pid(pid_t pid, struct netns_ref *out, struct err *e)
{
	char path[64];
	int fd, errnum;

	ref_init(out);
	if (pid <= 0)
		return err_set(e, EINVAL, EXIT_REFUSED, "%d is not a process id", (int)pid);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open_ns(path);
	if (fd >= 0)
		return take_fd(fd, path, out, e);
	errnum = errno;
	/* A zombie has no namespaces any more: ENOENT as well, or ESRCH. */
	if (errnum == ENOENT || errnum == ESRCH)
		return err_set(e, ENOENT, EXIT_NOT_FOUND, "no process %d", (int)pid);
	return err_set(e, errnum, EXIT_REFUSED,
		       "cannot open the network namespace of process %d: %s", (int)pid,
		       strerror(errnum));
}

void netns_ref_close(struct netns_ref *ref)
{
	if (ref->fd >= 0)
		close(ref->fd);
	ref->fd = -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct netns_name *)a)->name, ((const struct netns_name *)b)->name);
}

/*
 * All namespaces live in one nsfs, so st_dev tells in the same call as st_ino
 * whether a file is one; statfs(2) in addition would be a second look, maybe at
 * another file.
 */
static int nsfs_dev(dev_t *dev, struct err *e)
{
	struct stat st;
	int errnum;

	if (stat("/proc/self/ns/net", &st) < 0) {
		errnum = errno;
		return err_set(e, errnum, EXIT_REFUSED, "/proc/self/ns/net: %s", strerror(errnum));
	}
	*dev = st.st_dev;
	return 0;
}

static int read_names(DIR *d, dev_t nsfs, struct netns_name **out, size_t *n, struct err *e)
{
	size_t room = 0;

	for (;;) {
		struct netns_name *v;
		struct dirent *de;
		struct stat st;
		int errnum;

		errno = 0;
		de = readdir(d);
		errnum = errno;
		if (!de)
			return errnum ? err_set(e, errnum, EXIT_REFUSED,
						"cannot list the names of namespaces: %s",
						strerror(errnum)) : 0;
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (*n == room) {
			room = room ? 2 * room : 32;
			v = reallocarray(*out, room, sizeof(*v));
			if (!v)
				return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
			*out = v;
		}
		v = &(*out)[*n];
		memset(v, 0, sizeof(*v));
		memcpy(v->name, de->d_name, strlen(de->d_name));
		/* Some tools put a link to /proc/PID/ns/net there. */
		v->link = !fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
			  S_ISLNK(st.st_mode);
		if (!fstatat(dirfd(d), de->d_name, &st, 0) && st.st_dev == nsfs &&
		    st.st_ino <= UINT32_MAX)
			v->inode = (uint32_t)st.st_ino;
		(*n)++;
	}
}

int select_names_in(const char *dir, struct netns_name **out, size_t *n, struct err *e)
{
	dev_t nsfs = 0;
	int ret, errnum;
	DIR *d;

	*out = NULL;
	*n = 0;
	ret = nsfs_dev(&nsfs, e);
	if (ret)
		return ret;
	d = opendir(dir);
	if (!d) {
		errnum = errno;
		if (errnum == ENOENT)
			return 0;
		return err_set(e, errnum, EXIT_REFUSED, "cannot list %s: %s", dir,
			       strerror(errnum));
	}
	ret = read_names(d, nsfs, out, n, e);
	closedir(d);
	if (ret) {
		free(*out);
		*out = NULL;
		*n = 0;
		return ret;
	}
	if (*n > 1)
		qsort(*out, *n, sizeof(**out), by_name);
	return 0;
}

int select_names(struct netns_name **out, size_t *n, struct err *e)
{
	return select_names_in(SELECT_NETNS_DIR, out, n, e);
}
