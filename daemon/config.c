// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration files -> struct config. See config.h.
 *
 * Each file is read whole and parsed into blocks (config_parse.c). Then the
 * blocks are sorted by section name, in file order within a name, and folded
 * into one: so overriding, the check for what is set twice and the merged
 * entries all come from one pass over one sorted array.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_parse.h"

#define MAIN_FILE	"nsfence.conf"
#define DROP_IN_DIR	"nsfence.conf.d"

/* The module sends its own reject messages from these only. */
#define REJECT_HOOKS	DEFAULT_HOOKS
#define DEFAULT_HOOKS	(1u << GENL_HOOK_INPUT | 1u << GENL_HOOK_FORWARD |	\
			 1u << GENL_HOOK_OUTPUT)

struct loader {
	const char *path;		/* what was asked for */
	bool single;			/* one file, not a directory */
	char **files;			/* relative to path, in reading order */
	unsigned int n_files;
	struct config_blocks blocks;
	struct config_errors *errs;
};

/* The name for messages: what the caller would open. */
static char *file_path(const struct loader *l, const char *file)
{
	char *path;

	if (l->single)
		return strdup(l->path);
	return asprintf(&path, "%s/%s", l->path, file) < 0 ? NULL : path;
}

/* ---- reading ---- */

/*
 * The whole of a regular file, at most CONFIG_MAX_FILE bytes. O_NONBLOCK: a
 * FIFO of that name must not stop the daemon. -EIO: reported already.
 */
static int read_file(const struct loader *l, const char *path, unsigned int index,
		     char **text, size_t *len)
{
	struct stat st;
	ssize_t got;
	int fd, ret = -EIO;
	char *buf = NULL;
	size_t n = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st)) {
		config_error_add(l->errs, path, index, 0, 0, "cannot be read: %s",
				 strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		config_error_add(l->errs, path, index, 0, 0, "is %s; accepted: a regular file",
				 S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
		goto out;
	}

	buf = malloc(CONFIG_MAX_FILE + 1);
	if (!buf) {
		ret = -ENOMEM;
		goto out;
	}
	/* One byte more than allowed tells a file that is too large, or grows. */
	while (n <= CONFIG_MAX_FILE) {
		got = read(fd, buf + n, CONFIG_MAX_FILE + 1 - n);
		if (!got)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			config_error_add(l->errs, path, index, 0, 0, "cannot be read: %s",
					 strerror(errno));
			goto out;
		}
		n += got;
	}
	if (n > CONFIG_MAX_FILE) {
		config_error_add(l->errs, path, index, 0, 0,
				 "is too large; accepted: at most %d bytes", CONFIG_MAX_FILE);
		goto out;
	}
	*text = buf;
	*len = n;
	buf = NULL;
	ret = 0;
out:
	free(buf);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int load_file(struct loader *l, unsigned int index)
{
	struct config_file f = {
		.index = index,
		.blocks = &l->blocks,
		.errs = l->errs,
	};
	char *path = file_path(l, l->files[index]);
	char *text;
	size_t len;
	int ret;

	if (!path)
		return -ENOMEM;
	f.path = path;
	ret = read_file(l, path, index, &text, &len);
	if (!ret) {
		ret = config_parse(&f, text, len);
		free(text);
	}
	free(path);
	return ret == -EIO ? 0 : ret;
}

/* ---- which files ---- */

static int add_file(struct loader *l, const char *dir, const char *name)
{
	char **files, *file;

	files = reallocarray(l->files, l->n_files + 1, sizeof(*files));
	if (!files)
		return -ENOMEM;
	l->files = files;
	if (asprintf(&file, "%s%s%s", dir ? dir : "", dir ? "/" : "", name) < 0)
		return -ENOMEM;
	l->files[l->n_files++] = file;
	return 0;
}

/* "*.conf" as a shell has it: not a hidden file, nor a backup of an editor. */
static int is_drop_in(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && !strcmp(d->d_name + len - 5, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int list_drop_ins(struct loader *l)
{
	char *dir = file_path(l, DROP_IN_DIR);
	struct dirent **d = NULL;
	int n, i, ret = 0;

	if (!dir)
		return -ENOMEM;
	n = scandir(dir, &d, is_drop_in, by_bytes);
	if (n < 0 && errno == ENOMEM)
		ret = -ENOMEM;
	else if (n < 0 && errno != ENOENT)
		config_error_add(l->errs, dir, 1, 0, 0, "cannot be read: %s", strerror(errno));
	else if (n > CONFIG_MAX_FILES)
		config_error_add(l->errs, dir, 1, 0, 0, "holds %d files; accepted: at most %d",
				 n, CONFIG_MAX_FILES);
	for (i = 0; i < n; i++) {
		if (!ret && n <= CONFIG_MAX_FILES)
			ret = add_file(l, DROP_IN_DIR, d[i]->d_name);
		free(d[i]);
	}
	free(d);
	free(dir);
	return ret;
}

static int list_files(struct loader *l)
{
	const char *base;
	struct stat st;
	int ret;

	if (stat(l->path, &st)) {
		config_error_add(l->errs, l->path, 0, 0, 0, "cannot be read: %s",
				 strerror(errno));
		return 0;
	}
	l->single = !S_ISDIR(st.st_mode);
	if (l->single) {
		base = strrchr(l->path, '/');
		return add_file(l, NULL, base ? base + 1 : l->path);
	}
	ret = add_file(l, NULL, MAIN_FILE);
	return ret ? ret : list_drop_ins(l);
}

/* ---- merging ---- */

/* [nsfenced] first, then by name; one name's blocks in reading order. */
static int compare_blocks(const void *pa, const void *pb)
{
	const struct config_block *a = pa, *b = pb;
	int ret;

	if (!a->name || !b->name)
		ret = !!a->name - !!b->name;
	else
		ret = strcmp(a->name, b->name);
	if (ret)
		return ret;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static bool same_section(const struct config_block *a, const struct config_block *b)
{
	return !a->name == !b->name && (!a->name || !strcmp(a->name, b->name));
}

static void error_at(struct loader *l, unsigned int file, unsigned int line,
		     unsigned int col, const char *what)
{
	char *path = file_path(l, l->files[file]);

	config_error_add(l->errs, path ? path : l->files[file], file, line, col,
			 "%s", what);
	free(path);
}

/* Folds @from, which comes later, into @into. */
static void merge(struct loader *l, struct config_block *into,
		  const struct config_block *from)
{
	char text[128];
	int k;

	for (k = 0; k < CONFIG_KEYS; k++) {
		const struct config_setting *new = &from->set[k];
		struct config_setting *set = &into->set[k];

		if (!new->line)
			continue;
		if (set->line && set->file == new->file) {
			snprintf(text, sizeof(text),
				 "%s is set already in line %u, in a section of the same name",
				 config_key_name(k), set->line);
			error_at(l, new->file, new->line, new->col, text);
		}
		*set = *new;
	}
}

/*
 * "nsfence.conf.d/10-x.conf:3"; of a file name that is too long for the
 * module's limit, the end.
 */
static void format_source(char *buf, size_t size, const char *file, unsigned int line)
{
	char number[16];
	size_t room, len = strlen(file);

	snprintf(number, sizeof(number), ":%u", line);
	room = size - 1 - strlen(number);
	if (len > room)
		snprintf(buf, size, "...%s%s", file + len - (room - 3), number);
	else
		snprintf(buf, size, "%s%s", file, number);
}

static void make_netns(struct loader *l, struct config_block *b, struct config_netns *out)
{
	const struct config_setting *policy = &b->set[CONFIG_KEY_POLICY];
	const struct config_setting *hooks = &b->set[CONFIG_KEY_HOOKS];
	const struct config_setting *forward = &b->set[CONFIG_KEY_FORWARD];

	*out = (struct config_netns){
		.name = b->name,
		.mode = b->set[CONFIG_KEY_MODE].value,	/* unset: enforce, 0 */
		.hooks = hooks->line ? hooks->value : DEFAULT_HOOKS,
		.flags = b->set[CONFIG_KEY_STRICT].value | forward->value,
	};
	b->name = NULL;

	if (!policy->line) {
		error_at(l, b->file, b->line, 1,
			 "section without policy; accepted: policy = drop, reject, accept or audit");
		return;
	}
	out->policy = config_key_word(CONFIG_KEY_POLICY, policy->value);
	format_source(out->source, sizeof(out->source), l->files[policy->file], policy->line);
	if (!strcmp(out->policy, "reject") && out->hooks & ~REJECT_HOOKS)
		error_at(l, hooks->file, hooks->line, hooks->col,
			 "policy reject works on hooks input, forward and output only");
	if (forward->value && out->hooks & 1u << GENL_HOOK_FORWARD)
		error_at(l, forward->file, forward->line, forward->col,
			 "forward = accept, while hooks has forward (as it has by default); accepted: forward = accept with hooks = input,output");
}

struct place {
	unsigned int file, line;
	struct config_netns *netns;
};

static int compare_places(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int merge_all(struct loader *l, struct config *out)
{
	struct config_block *b = l->blocks.v, *end, *first;
	struct place *places;
	size_t i;

	if (!b)
		return 0;
	end = b + l->blocks.n;
	out->netns = calloc(l->blocks.n, sizeof(*out->netns));
	places = calloc(l->blocks.n, sizeof(*places));
	if (!out->netns || !places) {
		free(places);
		return -ENOMEM;
	}

	qsort(b, l->blocks.n, sizeof(*b), compare_blocks);
	while (b < end) {
		first = b++;
		for (; b < end && same_section(first, b); b++)
			merge(l, first, b);
		if (!first->name) {
			out->backend = first->set[CONFIG_KEY_BACKEND].value;
			continue;
		}
		places[out->n_netns] = (struct place){ first->file, first->line,
						       &out->netns[out->n_netns] };
		make_netns(l, first, &out->netns[out->n_netns++]);
	}

	qsort(places, out->n_netns, sizeof(*places), compare_places);
	for (i = 0; i < out->n_netns; i++)
		places[i].netns->order = i;
	free(places);
	return 0;
}

/* ---- in all ---- */

int config_load(const char *path, struct config *out, struct config_errors *errs)
{
	struct loader l = { .path = path, .errs = errs };
	unsigned int i;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = list_files(&l);
	for (i = 0; !ret && i < l.n_files; i++)
		ret = load_file(&l, i);
	if (!ret)
		ret = merge_all(&l, out);
	if (ret == -ENOMEM)
		config_error_add(errs, path, 0, 0, 0, "out of memory");
	else if (errs->n || errs->more)
		ret = -EINVAL;
	if (ret)
		config_clean(out);

	for (i = 0; i < l.n_files; i++)
		free(l.files[i]);
	free(l.files);
	config_blocks_clean(&l.blocks);
	return ret;
}

static int compare_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct config_netns *)entry)->name);
}

const struct config_netns *config_find(const struct config *c, const char *name)
{
	if (!c->n_netns)
		return NULL;
	return bsearch(name, c->netns, c->n_netns, sizeof(*c->netns), compare_name);
}

void config_clean(struct config *c)
{
	size_t i;

	for (i = 0; i < c->n_netns; i++)
		free(c->netns[i].name);
	free(c->netns);
	memset(c, 0, sizeof(*c));
}
