// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of a configuration in memory. See good.h and good_text.h. */
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
#include "policies.h"

#define MAIN_FILE	"nsfence.conf"

/* What a configuration directory holds, besides MAIN_FILE. */
static const struct {
	const char *dir, *suffix;
	bool beside_file;	/* for a single file, too */
} parts[] = {
	{ "nsfence.conf.d", ".conf", false },
	{ POLICIES_DIR, POLICIES_SUFFIX, true },
	{ POLICIES_NETNS_DIR, POLICIES_SUFFIX, false },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static int too_much(const char *config, struct err *e)
{
	return err_set(e, EFBIG, EXIT_REFUSED,
		       "%s: more than %d files or %d MiB: too much to keep a copy of", config,
		       GOOD_MAX_FILES, GOOD_MAX_BYTES / 1024 / 1024);
}

/* Reads what is there: a file that grows meanwhile is cut, and then differs. */
static int read_into(struct good_file *f, int fd, size_t size)
{
	ssize_t n;

	f->text = malloc(size + 1);
	if (!f->text)
		return -ENOMEM;
	while (f->len < size + 1) {
		n = read(fd, f->text + f->len, size + 1 - f->len);
		if (!n)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			f->len += (size_t)n;
	}
	return 0;
}

/* What is no regular file is no part of a configuration that could be loaded. */
static int add(struct good_text *t, int dir, const char *name, const char *config, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), ret = 0;
	struct good_file *f;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, EXIT_REFUSED, "%s/%s: %s", config,
						    name, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		goto out;
	if (t->n == GOOD_MAX_FILES || (uint64_t)st.st_size > GOOD_MAX_BYTES - t->bytes) {
		ret = too_much(config, e);
		goto out;
	}
	f = reallocarray(t->v, t->n + 1, sizeof(*f));
	ret = f ? 0 : -ENOMEM;
	if (!ret) {
		t->v = f;
		f = &t->v[t->n];
		*f = (struct good_file){ .name = strdup(name) };
		t->n++;
		ret = f->name ? read_into(f, fd, (size_t)st.st_size) : -ENOMEM;
		t->bytes += f->len;
	}
	if (ret)
		err_set(e, -ret, EXIT_REFUSED, "%s/%s: %s", config, name, strerror(-ret));
out:
	close(fd);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct good_file *)a)->name, ((const struct good_file *)b)->name);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return name[0] != '.' && len > n && !strcmp(name + len - n, suffix);
}

static int add_dir(struct good_text *t, int dir, const char *sub, const char *suffix,
		   const char *config, struct err *e)
{
	int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;
	char name[512];
	struct dirent *d;
	DIR *list;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, EXIT_REFUSED, "%s/%s: %s", config,
						    sub, strerror(errno));
	list = fdopendir(fd);
	if (!list) {
		close(fd);
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	}
	while (!ret && (d = readdir(list))) {
		if (!has_suffix(d->d_name, suffix))
			continue;
		snprintf(name, sizeof(name), "%s/%s", sub, d->d_name);
		ret = add(t, dir, name, config, e);
	}
	closedir(list);
	return ret;
}

static int open_parent(const char *config, const char *base)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s", (int)(base - config), config);
	return open(path[0] ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int good_text_read(const char *config, struct good_text **out, struct err *e)
{
	struct good_text *t = calloc(1, sizeof(*t));
	const char *base = strrchr(config, '/');
	struct stat st;
	int dir = -1, ret = 0;
	size_t i;

	*out = NULL;
	base = base ? base + 1 : config;
	if (t && !stat(config, &st)) {
		t->single = !S_ISDIR(st.st_mode);
		dir = t->single ? open_parent(config, base) :
		      open(config, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (t)
		t->config = strdup(config);
	if (!t || !t->config)
		ret = err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	else if (dir < 0)
		ret = err_set(e, errno, EXIT_REFUSED, "%s: %s", config, strerror(errno));
	if (!ret)
		ret = add(t, dir, t->single ? base : MAIN_FILE, config, e);
	for (i = 0; !ret && i < PARTS; i++)
		if (!t->single || parts[i].beside_file)
			ret = add_dir(t, dir, parts[i].dir, parts[i].suffix, config, e);
	if (dir >= 0)
		close(dir);
	if (ret) {
		good_text_free(t);
		return ret;
	}
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_name);
	*out = t;
	return 0;
}

bool good_text_same(const struct good_text *a, const struct good_text *b)
{
	size_t i;

	if (!a || !b || a->single != b->single || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->v[i].name, b->v[i].name) || a->v[i].len != b->v[i].len ||
		    memcmp(a->v[i].text, b->v[i].text, a->v[i].len))
			return false;
	return true;
}

void good_text_free(struct good_text *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->n; i++) {
		free(t->v[i].name);
		free(t->v[i].text);
	}
	free(t->v);
	free(t->config);
	free(t);
}
