// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy files -> images. See policies.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "policies.h"
#include "policy/diag.h"
#include "policy/format.h"
#include "policy/ir.h"
#include "policy/policy.h"

/* Not the lock of an editor, which is hidden, nor its backup. */
static int is_policy(const struct dirent *d)
{
	const size_t suffix = sizeof(POLICIES_SUFFIX) - 1;
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > suffix &&
	       !strcmp(d->d_name + len - suffix, POLICIES_SUFFIX);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int policies_list(const char *dir, char ***names, size_t *n)
{
	int i, found, ret = 0;
	struct dirent **d;

	*names = NULL;
	*n = 0;
	found = scandir(dir, &d, is_policy, by_bytes);
	if (found < 0)
		return errno == ENOENT ? 0 : -errno;
	*names = calloc((size_t)found + 1, sizeof(**names));
	if (!*names)
		ret = -ENOMEM;
	for (i = 0; i < found; i++) {
		if (!ret) {
			(*names)[*n] = strndup(d[i]->d_name, strlen(d[i]->d_name) -
					       (sizeof(POLICIES_SUFFIX) - 1));
			if ((*names)[*n])
				(*n)++;
			else
				ret = -ENOMEM;
		}
		free(d[i]);
	}
	free(d);
	if (ret) {
		while (*n)
			free((*names)[--*n]);
		free(*names);
		*names = NULL;
	}
	return ret;
}

/* NULL: no memory. */
static char *normal_form(const struct ir_policy *p)
{
	char *text = NULL;
	size_t size;
	FILE *o = open_memstream(&text, &size);
	int ret;

	if (!o)
		return NULL;
	ret = format_policy(o, p);
	if (fclose(o) || ret) {
		free(text);
		return NULL;
	}
	return text;
}

static int compile(const char *file, struct policies_image *out, struct diags *d)
{
	struct ir_policy *p = NULL;
	int ret;

	ret = policy_load(file, &p, d);
	if (ret)
		return ret;
	ret = policy_compile(p, &out->image, d);
	if (ret)
		out->image = NULL;
	else
		out->text = normal_form(p);
	ir_policy_free(p);
	if (!ret && !out->text)
		ret = -ENOMEM;
	if (ret) {
		policies_image_clean(out);
		return ret;
	}
	out->size = out->image->size;
	out->hash = out->image->hash;
	return 0;
}

/* Says that with the directory something is wrong, which is no policy's fault. */
static int bad_directory(struct diags *d, const char *file, const char *dir)
{
	diag_add(d, DIAG_ERROR, file, 0, 0, 0, NULL, "cannot enter the directory %s: %s", dir,
		 strerror(errno));
	return -EINVAL;
}

int policies_compile(const char *dir, const char *file, struct policies_image *out,
		     struct diags *d)
{
	int ret, back = -1;

	memset(out, 0, sizeof(*out));
	if (dir) {
		back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (back < 0)
			return bad_directory(d, file, ".");
		if (chdir(dir)) {
			ret = bad_directory(d, file, dir);
			goto out;
		}
	}
	ret = compile(file, out, d);
	/* Else every relative path that comes later would mean another file. */
	if (dir && fchdir(back)) {
		policies_image_clean(out);
		ret = bad_directory(d, file, "that was the current one");
	}
	diags_sort(d);
out:
	if (back >= 0)
		close(back);
	return ret;
}

void policies_image_clean(struct policies_image *img)
{
	free(img->image);
	free(img->text);
	memset(img, 0, sizeof(*img));
}

bool policies_has_hook(const struct policies_image *img, enum genl_hook hook)
{
	const struct nsf_chain *chain = nsf_image_chains(img->image);
	u32 i, n = nsf_image_n_chains(img->image);

	for (i = 0; i < n; i++)
		if (chain[i].hook == hook)
			return true;
	return false;
}
