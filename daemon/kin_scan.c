// SPDX-License-Identifier: GPL-2.0-or-later
/* kin_scan: processes, and who owns which namespace, for kin.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kin.h"
#include "proc.h"

/* ---- tasks ---- */

static int add_task(struct kin *k, size_t *room, const struct kin_task *t)
{
	struct kin_task *v;

	if (k->n_tasks == *room) {
		*room = *room ? 2 * *room : 256;
		v = reallocarray(k->tasks, *room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		k->tasks = v;
	}
	k->tasks[k->n_tasks++] = *t;
	return 0;
}

/* One thread may be elsewhere than its process; the runtime of Go likes that. */
static int scan_threads(struct kin *k, size_t *room, int dir, const struct kin_task *process)
{
	struct kin_task t = { .ppid = process->pid };
	char path[64];
	int ret = 0;
	DIR *d;
	int fd;

	snprintf(path, sizeof(path), "%d/task", (int)process->pid);
	fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while (!ret && (t.pid = proc_next(d))) {
		if (t.pid == process->pid)
			continue;
		t.net = proc_ns(fd, t.pid, "net");
		if (!t.net || t.net == process->net)
			continue;
		t.user = proc_ns(fd, t.pid, "user");
		ret = add_task(k, room, &t);
	}
	closedir(d);
	return ret;
}

static int scan_processes(struct kin *k, bool threads)
{
	DIR *d = opendir("/proc");
	size_t room = 0;
	int ret = 0;
	pid_t pid;

	if (!d)
		return 0;
	while (!ret && (pid = proc_next(d))) {
		struct kin_task t = { .pid = pid, .net = proc_ns(dirfd(d), pid, "net") };
		struct proc_stat stat;

		/* A zombie is nowhere, and a parent of nobody. */
		if (!t.net || proc_stat_get(dirfd(d), pid, &stat))
			continue;
		t.ppid = stat.ppid;
		t.user = proc_ns(dirfd(d), pid, "user");
		ret = add_task(k, &room, &t);
		if (!ret && threads)
			ret = scan_threads(k, &room, dirfd(d), &t);
	}
	closedir(d);
	return ret;
}

/* ---- owners ---- */

static uint32_t inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) ? (uint32_t)st.st_ino : 0;
}

static bool is_listed(const struct kin *k, uint32_t inode)
{
	for (size_t i = 0; i < k->n_users; i++)
		if (k->users[i].inode == inode)
			return true;
	return false;
}

static int add_user(struct kin *k, uint32_t inode, uint32_t parent)
{
	struct kin_user *v = reallocarray(k->users, k->n_users + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	k->users = v;
	v[k->n_users++] = (struct kin_user){ .inode = inode, .parent = parent };
	return 0;
}

/*
 * The user namespace @fd, and those above it but the initial one, which has no
 * parent. Takes @fd over. Returns its inode, 0 for the initial one.
 */
static uint32_t learn_user(struct kin *k, int fd, uint32_t initial, int *ret)
{
	uint32_t inode = inode_of(fd), first = inode == initial ? 0 : inode;

	*ret = 0;
	while (inode && inode != initial && !is_listed(k, inode) && !*ret) {
		int up = ioctl(fd, NS_GET_PARENT);
		uint32_t parent = inode_of(up);

		*ret = add_user(k, inode, parent == initial ? 0 : parent);
		close(fd);
		fd = up;
		inode = parent;
	}
	if (fd >= 0)
		close(fd);
	return first;
}

static int open_ns(pid_t pid, const char *kind)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int open_named(const struct names *names, uint32_t inode)
{
	const struct names_entry *v;
	char path[300];
	size_t n;

	v = names_find(names, inode, NAMES_NETNS, &n);
	if (n) {
		snprintf(path, sizeof(path), "/run/netns/%s", v->text);
		return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	v = names_find(names, inode, NAMES_PATH, &n);
	return n ? open(v->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
}

/* Since Linux 4.9; before, and where it cannot be opened, nothing is known. */
static int find_owner(struct kin *k, struct kin_netns *n, const struct names *names,
		      uint32_t initial)
{
	int fd = n->pid ? open_ns(n->pid, "net") : open_named(names, n->inode), ret = 0;

	if (fd < 0)
		return 0;
	/* Another process may have that number now. */
	if (inode_of(fd) == n->inode)
		n->owner = learn_user(k, ioctl(fd, NS_GET_USERNS), initial, &ret);
	close(fd);
	return ret;
}

static int scan_users(struct kin *k, const struct names *names)
{
	int fd = open("/proc/1/ns/user", O_RDONLY | O_CLOEXEC), ret = 0;
	uint32_t initial = inode_of(fd);

	if (fd >= 0)
		close(fd);
	if (!initial)
		return 0;
	for (size_t i = 0; i < k->n_tasks && !ret; i++) {
		const struct kin_task *t = &k->tasks[i];

		if (t->user && t->user != initial && !is_listed(k, t->user))
			learn_user(k, open_ns(t->pid, "user"), initial, &ret);
	}
	for (size_t i = 0; i < k->n_netns && !ret; i++)
		if (!k->netns[i].parent && k->netns[i].inode != k->initial)
			ret = find_owner(k, &k->netns[i], names, initial);
	return ret;
}

/* ---- all ---- */

static int by_inode(const void *a, const void *b)
{
	uint32_t x = ((const struct kin_netns *)a)->inode, y = ((const struct kin_netns *)b)->inode;

	return x < y ? -1 : x > y;
}

static void place_tasks(struct kin *k)
{
	for (size_t i = 0; i < k->n_tasks; i++) {
		const struct kin_netns key = { .inode = k->tasks[i].net };
		struct kin_netns *n = bsearch(&key, k->netns, k->n_netns, sizeof(key), by_inode);

		if (n && !n->pid)
			n->pid = k->tasks[i].pid;
	}
}

static bool some_is_empty(const struct kin *k)
{
	for (size_t i = 0; i < k->n_netns; i++)
		if (!k->netns[i].parent && !k->netns[i].pid && !k->netns[i].named)
			return true;
	return false;
}

int kin_scan(struct kin *k, const struct genl_netns *v, size_t n, const struct names *names)
{
	bool unknown = false;
	size_t paths, found;
	int ret;

	kin_clean(k);
	k->netns = calloc(n + 1, sizeof(*k->netns));
	if (!k->netns)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct kin_netns *to = &k->netns[k->n_netns++];

		*to = (struct kin_netns){ .inode = v[i].inode, .parent = v[i].parent };
		names_find(names, to->inode, NAMES_NETNS, &found);
		names_find(names, to->inode, NAMES_PATH, &paths);
		to->named = found || paths;
		if (v[i].flags & GENL_F_INITIAL)
			k->initial = to->inode;
		else
			unknown |= !to->parent;
	}
	if (!unknown)
		return 0;
	qsort(k->netns, k->n_netns, sizeof(*k->netns), by_inode);
	ret = scan_processes(k, false);
	if (!ret) {
		place_tasks(k);
		/* Only then: it takes several times as long. */
		if (some_is_empty(k)) {
			k->n_tasks = 0;
			free(k->tasks);
			k->tasks = NULL;
			ret = scan_processes(k, true);
			place_tasks(k);
		}
	}
	return ret ? ret : scan_users(k, names);
}
