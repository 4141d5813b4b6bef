// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration files -> struct config. See config.h.
 *
 * Each file is read whole and parsed into blocks (config_parse.c). Then the
 * blocks are sorted by section name, in file order within a name, and folded
 * into one: so overriding, the check for what is set twice and the merged
 * entries all come from one pass over one sorted array. A file of netns.d is one
 * more block of its namespace.
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

/* The name for messages: what the caller would open. */
static char *file_path(const struct config_loader *l, const char *file)
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
static int read_file(const struct config_loader *l, const char *path, unsigned int index,
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

static int load_file(struct config_loader *l, unsigned int index)
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

int config_add_file(struct config_loader *l, const char *dir, const char *name)
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

static int list_drop_ins(struct config_loader *l)
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
			ret = config_add_file(l, DROP_IN_DIR, d[i]->d_name);
		free(d[i]);
	}
	free(d);
	free(dir);
	return ret;
}

static int list_files(struct config_loader *l)
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
	base = strrchr(l->path, '/');
	if (!l->single)
		l->dir = strdup(l->path);
	else if (base)
		l->dir = strndup(l->path, base == l->path ? 1 : (size_t)(base - l->path));
	else
		l->dir = strdup(".");
	if (!l->dir)
		return -ENOMEM;
	if (l->single)
		return config_add_file(l, NULL, base ? base + 1 : l->path);
	ret = config_add_file(l, NULL, MAIN_FILE);
	return ret ? ret : list_drop_ins(l);
}

/* ---- merging ---- */

/* [nsfenced] first, then by kind and name; one section's blocks in reading order. */
static int compare_selectors(const struct config_selector *a, const struct config_selector *b)
{
	if (!a->name || !b->name)
		return !!a->name - !!b->name;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare_blocks(const void *pa, const void *pb)
{
	const struct config_block *a = pa, *b = pb;
	int ret = compare_selectors(&a->sel, &b->sel);

	if (ret)
		return ret;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static void error_at(struct config_loader *l, unsigned int file, unsigned int line,
		     unsigned int col, const char *what)
{
	char *path = file_path(l, l->files[file]);

	config_error_add(l->errs, path ? path : l->files[file], file, line, col,
			 "%s", what);
	free(path);
}

/* A namespace has one policy: the section's, or the file's of its own. */
static void two_policies(struct config_loader *l, const struct config_setting *section,
			 const char *file)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "policy is set here, and there is a file %s, which is the policy of this namespace; accepted: one of the two",
		 file);
	error_at(l, section->file, section->line, section->col, text);
}

/* Folds @from, which comes later, into @into. */
static void merge(struct config_loader *l, struct config_block *into,
		  struct config_block *from)
{
	char text[128];
	int k;

	for (k = 0; k < CONFIG_KEYS; k++) {
		const struct config_setting *new = &from->set[k];
		struct config_setting *set = &into->set[k];

		if (!new->line)
			continue;
		if (set->line && new->file >= l->n_conf) {
			two_policies(l, set, l->files[new->file]);
		} else if (set->line && set->file == new->file) {
			snprintf(text, sizeof(text),
				 "%s is set already in line %u, in a section of the same name",
				 config_key_name(k), set->line);
			error_at(l, new->file, new->line, new->col, text);
		}
		*set = *new;
	}
	if (from->set[CONFIG_KEY_POLICY].line || from->set[CONFIG_KEY_BIRTH].line) {
		free(into->policy);
		into->policy = from->policy;
		from->policy = NULL;
	}
	if (from->set[CONFIG_KEY_EXCEPT].line) {
		config_strings_free(into->except, into->n_except);
		into->except = from->except;
		into->n_except = from->n_except;
		from->except = NULL;
		from->n_except = 0;
	}
}

/*
 * "nsfence.conf.d/10-x.conf:3"; of a file name that is too long for the
 * module's limit, the end. Line 0: a file of netns.d, as a whole.
 */
static void format_source(char *buf, size_t size, const char *file, unsigned int line)
{
	char number[16] = "";
	size_t room, len = strlen(file);

	if (line)
		snprintf(number, sizeof(number), ":%u", line);
	room = size - 1 - strlen(number);
	if (len > room)
		snprintf(buf, size, "...%s%s", file + len - (room - 3), number);
	else
		snprintf(buf, size, "%s%s", file, number);
}

/* What holds for the fence of a built-in policy. */
static void make_builtin(struct config_loader *l, const struct config_block *b,
			 struct config_section *out)
{
	const struct config_setting *hooks = &b->set[CONFIG_KEY_HOOKS];
	const struct config_setting *forward = &b->set[CONFIG_KEY_FORWARD];

	out->policy = config_key_word(CONFIG_KEY_POLICY, b->set[CONFIG_KEY_POLICY].value);
	out->hooks = hooks->line ? hooks->value : DEFAULT_HOOKS;
	if (!strcmp(out->policy, "reject") && out->hooks & ~REJECT_HOOKS)
		error_at(l, hooks->file, hooks->line, hooks->col,
			 "policy reject works on hooks input, forward and output only");
	if (forward->value && out->hooks & 1u << GENL_HOOK_FORWARD)
		error_at(l, forward->file, forward->line, forward->col,
			 "forward = accept, while hooks has forward (as it has by default); accepted: forward = accept with hooks = input,output");
}

/* The file that is named in @policy; NULL, with the error told: there is none. */
static const struct config_policy *find_file(struct config_loader *l, const struct config *c,
					     const struct config_setting *policy,
					     const char *name)
{
	const struct config_policy *found = config_find_policy(c, name);
	char file[96], text[512];

	if (!found->missing)
		return found;
	policies_file(name, file, sizeof(file));
	snprintf(text, sizeof(text),
		 "no policy \"%s\", for there is no file %s; accepted: " POLICIES_BUILTIN
		 ", none, or the NAME of a file " POLICIES_DIR "/NAME" POLICIES_SUFFIX, name, file);
	error_at(l, policy->file, policy->line, policy->col, text);
	return NULL;
}

/* The file says where; and a chain on forward says what becomes of forwarded packets. */
static void make_named(struct config_loader *l, const struct config_block *b,
		       const struct config *c, struct config_section *out)
{
	static const enum config_key not_for_files[] = { CONFIG_KEY_HOOKS, CONFIG_KEY_STRICT };
	const struct config_setting *forward = &b->set[CONFIG_KEY_FORWARD], *set;
	char file[96], text[512];
	size_t i;

	out->file = find_file(l, c, &b->set[CONFIG_KEY_POLICY], b->policy);
	if (!out->file)
		return;
	out->policy = out->file->name;
	policies_file(out->policy, file, sizeof(file));
	for (i = 0; i < sizeof(not_for_files) / sizeof(not_for_files[0]); i++) {
		set = &b->set[not_for_files[i]];
		if (!set->line)
			continue;
		snprintf(text, sizeof(text),
			 "%s is for built-in policies only (" POLICIES_BUILTIN "), and the policy is %s",
			 config_key_name(not_for_files[i]), file);
		error_at(l, set->file, set->line, set->col, text);
	}
	if (forward->value && out->file->compiled.image &&
		   policies_has_hook(&out->file->compiled, GENL_HOOK_FORWARD)) {
		snprintf(text, sizeof(text),
			 "forward = accept, while %s has a chain on hook forward", file);
		error_at(l, forward->file, forward->line, forward->col, text);
	}
}

/* Takes the strings of @b over. */
static void make_section(struct config_loader *l, struct config_block *b,
			 const struct config *c, struct config_section *out)
{
	const struct config_setting *policy = &b->set[CONFIG_KEY_POLICY];
	const struct config_setting *inherit = &b->set[CONFIG_KEY_INHERIT];

	*out = (struct config_section){
		.kind = b->sel.kind, .name = b->sel.name, .path = b->sel.path,
		.glob = b->sel.glob, .literals = b->sel.literals, .number = b->sel.number,
		.except = b->except, .n_except = b->n_except,
		.policy = "",
		.mode = b->set[CONFIG_KEY_MODE].value,	/* unset: enforce, 0 */
		.flags = b->set[CONFIG_KEY_STRICT].value | b->set[CONFIG_KEY_FORWARD].value |
			 (inherit->line ? inherit->value : GENL_F_INHERIT),
	};
	b->sel.name = b->sel.path = NULL;
	b->except = NULL;
	b->n_except = 0;

	if (!policy->line) {
		error_at(l, b->file, b->line, 1,
			 "section without policy; accepted: policy = " POLICIES_BUILTIN
			 ", none, or the NAME of a file " POLICIES_DIR "/NAME" POLICIES_SUFFIX);
		return;
	}
	format_source(out->source, sizeof(out->source), l->files[policy->file],
		      policy->file < l->n_conf ? policy->line : 0);
	if (policy->value == CONFIG_POLICY_NAMED) {
		make_named(l, b, c, out);
	} else if (policy->value == CONFIG_POLICY_NONE) {
		/* A drop-in may say so of a section that has all the rest. */
		out->none = true;
		out->policy = GENL_BIRTH_NONE;
	} else {
		make_builtin(l, b, out);
	}
}

static void make_global(struct config_loader *l, struct config *out)
{
	const struct config_block *b = l->global;
	const struct config_setting *birth, *backend;

	if (!b)
		return;
	birth = &b->set[CONFIG_KEY_BIRTH];
	backend = &b->set[CONFIG_KEY_BACKEND];
	out->backend = backend->value;
	if (!birth->line || birth->value == CONFIG_POLICY_NONE)
		return;
	if (backend->value == CONFIG_BACKEND_NFT)
		error_at(l, birth->file, birth->line, birth->col,
			 "birth, which nftables cannot give, while backend = nft; accepted: birth = none");
	if (birth->value == CONFIG_POLICY_NAMED) {
		out->birth_file = find_file(l, out, birth, b->policy);
		out->birth.policy = out->birth_file ? out->birth_file->name : NULL;
	} else {
		out->birth.policy = config_key_word(CONFIG_KEY_BIRTH, birth->value);
	}
}

struct place {
	unsigned int file, line;
	struct config_section *section;
};

static int compare_places(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* Leaves one block for each section: @v, of which there is room for all. */
static size_t merge_blocks(struct config_loader *l, struct config_block **v)
{
	struct config_block *b = l->blocks.v, *end, *first;
	size_t n = 0;

	if (!b)
		return 0;
	end = b + l->blocks.n;
	qsort(b, l->blocks.n, sizeof(*b), compare_blocks);
	while (b < end) {
		first = b++;
		for (; b < end && !compare_selectors(&first->sel, &b->sel); b++)
			merge(l, first, b);
		if (first->sel.name)
			v[n++] = first;
		else
			l->global = first;
	}
	return n;
}

static int merge_all(struct config_loader *l, struct config *out)
{
	struct config_block **v;
	struct place *places;
	int ret = -ENOMEM;
	size_t i, n;

	/* +1: calloc(0) may be NULL, which is no lack of memory */
	out->sections = calloc(l->blocks.n + 1, sizeof(*out->sections));
	places = calloc(l->blocks.n + 1, sizeof(*places));
	v = calloc(l->blocks.n + 1, sizeof(struct config_block *));
	if (!out->sections || !places || !v)
		goto out;

	n = merge_blocks(l, v);
	ret = config_compile(l, v, n, out);
	if (ret)
		goto out;
	make_global(l, out);
	for (i = 0; i < n; i++) {
		places[i] = (struct place){ v[i]->file, v[i]->line, &out->sections[i] };
		make_section(l, v[i], out, &out->sections[out->n_sections++]);
	}
	qsort(places, out->n_sections, sizeof(*places), compare_places);
	for (i = 0; i < out->n_sections; i++)
		places[i].section->order = i;
out:
	free(v);
	free(places);
	return ret;
}

/* ---- in all ---- */

int config_load(const char *path, struct config *out, struct config_errors *errs)
{
	struct config_loader l = { .path = path, .errs = errs };
	unsigned int i;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = list_files(&l);
	l.n_conf = l.n_files;
	for (i = 0; !ret && i < l.n_conf; i++)
		ret = load_file(&l, i);
	if (!ret && !l.single)
		ret = config_list_netns(&l);
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
	free(l.dir);
	config_blocks_clean(&l.blocks);
	return ret;
}
