// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts on disk, and which one is good. See good.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "good.h"
#include "good_text.h"

#define CURRENT		"current"
#define CURRENT_NEW	"current.new"
#define PREFIX		"text."
/* In each text: "d" or "f", and on the next line what it is a copy of. */
#define ORIGIN		".origin"

static int failed(const struct good *g, const char *what, int errnum, struct err *e)
{
	return err_set(e, errnum, EXIT_REFUSED, "%s/%s: %s", g->path, what, strerror(errnum));
}

/* ---- files ---- */

static int sync_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

static int write_file(int dir, const char *name, const char *text, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int ret = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (!ret && len) {
		n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			ret = -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	if (!ret && fsync(fd))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

/* @name and what is in it. Nothing else here makes directories that are deeper. */
static void remove_tree(int dir, const char *name, int depth)
{
	struct dirent *d;
	DIR *list;
	int fd;

	if (!unlinkat(dir, name, 0) || (errno != EISDIR && errno != EPERM) || !depth)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	list = fd < 0 ? NULL : fdopendir(fd);
	while (list && (d = readdir(list)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			remove_tree(fd, d->d_name, depth - 1);
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	unlinkat(dir, name, AT_REMOVEDIR);
}

/* ---- names ---- */

static bool is_text_name(const char *name)
{
	const char *s = name + sizeof(PREFIX) - 1;

	return !strncmp(name, PREFIX, sizeof(PREFIX) - 1) && *s && strlen(name) < GOOD_NAME &&
	       strspn(s, "0123456789") == strlen(s);
}

/* Each entry "text.N" to @each. */
static void each_text(const struct good *g, void (*each)(void *data, const char *name), void *data)
{
	int fd = openat(g->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	while (list && (d = readdir(list)))
		if (is_text_name(d->d_name))
			each(data, d->d_name);
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
}

static void highest(void *data, const char *name)
{
	unsigned long *max = data, n = strtoul(name + sizeof(PREFIX) - 1, NULL, 10);

	if (n > *max)
		*max = n;
}

/* ---- writing ---- */

static int write_text(int dir, const struct good_text *t)
{
	char made[64] = "", part[64], *origin;
	const char *slash;
	int ret, n;
	size_t i;

	n = asprintf(&origin, "%c\n%s", t->single ? 'f' : 'd', t->config);
	if (n < 0)
		return -ENOMEM;
	ret = write_file(dir, ORIGIN, origin, (size_t)n);
	free(origin);
	/* Sorted: the files of one directory are neighbours, but for nsfence.conf. */
	for (i = 0; !ret && i < t->n; i++) {
		slash = strchr(t->v[i].name, '/');
		if (slash) {
			snprintf(part, sizeof(part), "%.*s", (int)(slash - t->v[i].name),
				 t->v[i].name);
			if (strcmp(part, made) && mkdirat(dir, part, 0700) && errno != EEXIST)
				ret = -errno;
			strcpy(made, part);
		}
		if (!ret)
			ret = write_file(dir, t->v[i].name, t->v[i].text, t->v[i].len);
		if (!ret && slash && (i + 1 == t->n ||
				      strncmp(t->v[i + 1].name, part, strlen(part))))
			ret = sync_dir(dir, part);
	}
	return ret ? ret : fsync(dir) ? -errno : 0;
}

int good_write(struct good *g, const struct good_text *t, char name[GOOD_NAME], struct err *e)
{
	unsigned long max = 0;
	int fd, ret;

	each_text(g, highest, &max);
	snprintf(name, GOOD_NAME, PREFIX "%lu", max + 1);
	if (mkdirat(g->dir, name, 0700))
		return failed(g, name, errno, e);
	fd = openat(g->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ret = fd < 0 ? -errno : write_text(fd, t);
	if (fd >= 0)
		close(fd);
	if (!ret)
		ret = fsync(g->dir) ? -errno : 0;
	if (!ret)
		return 0;
	remove_tree(g->dir, name, 2);
	return failed(g, name, -ret, e);
}

/* ---- which one ---- */

int good_current(const struct good *g, char name[GOOD_NAME], struct err *e)
{
	ssize_t n = g->dir < 0 ? -1 : readlinkat(g->dir, CURRENT, name, GOOD_NAME - 1);

	name[n > 0 ? n : 0] = 0;
	if (n > 0 && is_text_name(name))
		return 0;
	return err_set(e, ENOENT, EXIT_REFUSED, "no good configuration is kept in %s", g->path);
}

struct sweep {
	struct good *g;
	char keep[2][GOOD_NAME];
};

static void sweep_one(void *data, const char *name)
{
	struct sweep *s = data;

	if (strcmp(name, s->keep[0]) && strcmp(name, s->keep[1]))
		remove_tree(s->g->dir, name, 2);
}

/* The trial that is read here belongs to the new current, or is none any more. */
static void sweep(struct good *g, const char *current)
{
	struct good_trial t = { .n_manual = 0 };
	struct sweep s = { .g = g };

	snprintf(s.keep[0], GOOD_NAME, "%s", current);
	if (!good_trial_read(g, &t, NULL)) {
		snprintf(s.keep[1], GOOD_NAME, "%s", t.next);
		good_trial_clean(&t);
	}
	each_text(g, sweep_one, &s);
}

int good_commit(struct good *g, const char *name, struct err *e)
{
	unlinkat(g->dir, CURRENT_NEW, 0);
	if (symlinkat(name, g->dir, CURRENT_NEW) ||
	    renameat(g->dir, CURRENT_NEW, g->dir, CURRENT) || fsync(g->dir))
		return failed(g, CURRENT, errno, e);
	sweep(g, name);
	return 0;
}

int good_path(const struct good *g, const char *name, char *path, char *origin, size_t size,
	      struct err *e)
{
	char file[64], text[PATH_MAX + 8];
	const char *base;
	ssize_t n = -1;
	int fd;

	snprintf(file, sizeof(file), "%s/" ORIGIN, name);
	fd = openat(g->dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n < 3)
		return failed(g, file, n < 0 ? errno : EINVAL, e);
	text[n] = 0;
	if (origin)
		snprintf(origin, size, "%s", text + 2);
	base = strrchr(text + 2, '/');
	base = text[0] == 'd' ? "" : base ? base : text + 2;
	if ((size_t)snprintf(path, size, "%s/%s%s%s", g->path, name,
			     *base && *base != '/' ? "/" : "", base) >= size)
		return failed(g, name, ENAMETOOLONG, e);
	return 0;
}

int good_keep(struct good *g, const struct good_text *t, struct err *e)
{
	char name[GOOD_NAME], path[PATH_MAX], origin[PATH_MAX];
	struct good_text *is = NULL;
	bool same;
	int ret;

	if (!good_current(g, name, NULL) &&
	    !good_path(g, name, path, origin, sizeof(path), NULL))
		good_text_read(path, &is, NULL);
	same = good_text_same(is, t) && !strcmp(origin, t->config);
	good_text_free(is);
	if (same)
		return 0;
	ret = good_write(g, t, name, e);
	return ret ? ret : good_commit(g, name, e);
}

/* ---- the directory ---- */

int good_open(struct good *g, const char *state, struct err *e)
{
	g->dir = -1;
	if ((size_t)snprintf(g->path, sizeof(g->path), "%s/" GOOD_DIR, state) >= sizeof(g->path))
		return err_set(e, ENAMETOOLONG, EXIT_REFUSED, "%s: too long", state);
	if ((mkdir(state, 0700) && errno != EEXIST) || (mkdir(g->path, 0700) && errno != EEXIST))
		return err_set(e, errno, EXIT_REFUSED, "cannot make %s: %s", g->path,
			       strerror(errno));
	g->dir = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->dir < 0)
		return err_set(e, errno, EXIT_REFUSED, "cannot open %s: %s", g->path,
			       strerror(errno));
	return 0;
}

void good_close(struct good *g)
{
	if (g->dir >= 0)
		close(g->dir);
	g->dir = -1;
}
