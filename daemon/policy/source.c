// SPDX-License-Identifier: GPL-2.0-or-later
/* The texts of one policy. See source.h. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/source.h"

static void text_free(struct source_text *t)
{
	if (!t)
		return;
	free(t->name);
	free(t->data);
	free(t->line);
	free(t);
}

static int add(struct source *s, struct source_text *t, char *why, size_t size)
{
	const char *nul = memchr(t->data, 0, t->size);

	if (nul) {
		size_t line = 1;
		const char *c;

		for (c = t->data; c < nul; c++)
			line += *c == '\n';
		snprintf(why, size, "line %zu has a NUL byte; a policy is plain text", line);
		return -EINVAL;
	}
	s->text[s->count++] = t;
	s->total += t->size;
	return 0;
}

static int check_room(const struct source *s, size_t bytes, char *why, size_t size)
{
	if (s->count == POLICY_MAX_FILES) {
		snprintf(why, size, "a policy is at most %d files", POLICY_MAX_FILES);
		return -EINVAL;
	}
	if (bytes > POLICY_MAX_FILE - s->total) {
		snprintf(why, size, "too large: a policy with its includes is at most %u MiB",
			 POLICY_MAX_FILE >> 20);
		return -EINVAL;
	}
	return 0;
}

/* What is in @fd, at most what @s still takes: a file may say size 0 and yet have text. */
static int read_all(const struct source *s, int fd, struct source_text *t, char *why, size_t size)
{
	size_t room = 0;

	for (;;) {
		ssize_t n;

		if (room - t->size < 4096) {
			char *more;

			room = room ? 2 * room : 65536;
			more = realloc(t->data, room + 1);
			if (!more)
				return -ENOMEM;
			t->data = more;
		}
		n = read(fd, t->data + t->size, room - t->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			snprintf(why, size, "%s", strerror(errno));
			return -EINVAL;
		}
		if (!n)
			break;
		t->size += (size_t)n;
		if (check_room(s, t->size, why, size))
			return -EINVAL;
	}
	t->data[t->size] = 0;
	return 0;
}

int source_open(struct source *s, const char *path, const struct source_text *parent,
		struct source_text **out, char *why, size_t size)
{
	struct source_text *t = NULL;
	const struct source_text *up;
	struct stat st;
	int fd, ret;

	/* Not to hang on a pipe before it is known to be one. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st)) {
		snprintf(why, size, "%s", strerror(errno));
		ret = errno == ENOMEM ? -ENOMEM : -EINVAL;
		goto out;
	}
	ret = -EINVAL;
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, size, "not a regular file");
		goto out;
	}
	for (up = parent; up; up = up->parent)
		if (up->ino == st.st_ino && up->dev == st.st_dev) {
			snprintf(why, size, "it includes itself");
			goto out;
		}
	if (parent && parent->depth == POLICY_MAX_INCLUDE) {
		snprintf(why, size, "includes nest at most %d deep", POLICY_MAX_INCLUDE);
		goto out;
	}
	ret = check_room(s, st.st_size > 0 ? (size_t)st.st_size : 0, why, size);
	if (ret)
		goto out;
	ret = -ENOMEM;
	t = calloc(1, sizeof(*t));
	if (!t)
		goto out;
	t->name = strdup(path);
	if (!t->name)
		goto out;
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	t->parent = parent;
	t->depth = parent ? parent->depth + 1 : 1;
	ret = read_all(s, fd, t, why, size);
	if (!ret)
		ret = add(s, t, why, size);
	if (!ret && !parent) {
		const char *slash = strrchr(path, '/');

		s->dir = strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
		if (!s->dir)
			ret = -ENOMEM;
		t = NULL;		/* in @s by now, whatever becomes of it */
	} else if (!ret) {
		if (out)
			*out = t;
		t = NULL;
	}
out:
	if (fd >= 0)
		close(fd);
	text_free(t);
	return ret;
}

int source_buffer(struct source *s, const char *name, const char *data, size_t len,
		  char *why, size_t size)
{
	struct source_text *t;
	int ret = check_room(s, len, why, size);

	if (ret)
		return ret;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->name = strdup(name);
	t->data = malloc(len + 1);
	if (!s->dir)
		s->dir = strdup("");
	ret = -ENOMEM;
	if (!t->name || !t->data || !s->dir)
		goto err;
	memcpy(t->data, data, len);
	t->data[len] = 0;
	t->size = len;
	t->depth = 1;
	ret = add(s, t, why, size);
	if (!ret)
		return 0;
err:
	text_free(t);
	return ret;
}

static int include_glob(struct source *s, const char *path, const struct source_text *parent,
			char *why, size_t size)
{
	glob_t found = { 0 };
	char inner[256];
	size_t i, len;
	int ret;

	ret = glob(path, GLOB_NOESCAPE | GLOB_MARK, NULL, &found);
	if (ret == GLOB_NOMATCH)
		return 0;
	if (ret) {
		snprintf(why, size, "the directory cannot be read");
		return ret == GLOB_NOSPACE ? -ENOMEM : -EINVAL;
	}
	for (i = 0; i < found.gl_pathc && !ret; i++) {
		len = strlen(found.gl_pathv[i]);
		if (found.gl_pathv[i][len - 1] == '/')
			continue;	/* nft skips directories, too */
		ret = source_open(s, found.gl_pathv[i], parent, NULL, inner, sizeof(inner));
		if (ret == -EINVAL)
			snprintf(why, size, "%s: %s", found.gl_pathv[i], inner);
	}
	globfree(&found);
	return ret;
}

int source_include(struct source *s, const char *pattern, const struct source_text *parent,
		   size_t *first, char *why, size_t size)
{
	const char *wild = strpbrk(pattern, "*?["), *slash = strrchr(pattern, '/');
	char *path;
	int ret;

	*first = s->count;
	if (!*pattern) {
		snprintf(why, size, "the name is empty");
		return -EINVAL;
	}
	/* One directory is read, not a tree, which could take minutes. */
	if (wild && slash && wild < slash) {
		snprintf(why, size, "wildcards are possible in the last part of the path only");
		return -EINVAL;
	}
	if (asprintf(&path, "%s%s", *pattern == '/' ? "" : s->dir, pattern) < 0)
		return -ENOMEM;
	if (wild)
		ret = include_glob(s, path, parent, why, size);
	else
		ret = source_open(s, path, parent, NULL, why, size);
	free(path);
	return ret;
}

static int index_lines(struct source_text *t)
{
	const char *end = t->data + t->size, *at;
	size_t lines = 1;

	if (t->line)
		return 0;
	for (at = t->data; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		lines++;
	t->line = malloc(lines * sizeof(*t->line));
	if (!t->line)
		return -ENOMEM;
	t->line[t->lines++] = 0;
	for (at = t->data; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		t->line[t->lines++] = (size_t)(at + 1 - t->data);
	return 0;
}

char *source_line(const struct source *s, const char *name, unsigned int line)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct source_text *t = s->text[i];
		size_t end;

		if (t->name != name)
			continue;
		if (!line || index_lines(t) || line > t->lines)
			return NULL;
		end = line < t->lines ? t->line[line] - 1 : t->size;
		if (end - t->line[line - 1] > SOURCE_MAX_QUOTE)
			return NULL;
		return strndup(t->data + t->line[line - 1], end - t->line[line - 1]);
	}
	return NULL;
}

void source_clean(struct source *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		text_free(s->text[i]);
	free(s->dir);
	memset(s, 0, sizeof(*s));
}
