// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy files of a configuration: which there are, and what the compiler
 * says about them. See config_parse.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_parse.h"
#include "policies.h"
#include "policy/diag.h"

/* Where a file of the configuration directory lies; NULL: no memory. */
static char *path_in(const struct config_loader *l, const char *file)
{
	char *path;

	return asprintf(&path, "%s/%s", l->dir, file) < 0 ? NULL : path;
}

static void free_names(char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* The files of @dir; that it cannot be read is an error, that it is not there none. */
static int list(struct config_loader *l, const char *dir, char ***names, size_t *n)
{
	char *path = path_in(l, dir);
	int ret;

	*names = NULL;
	*n = 0;
	if (!path)
		return -ENOMEM;
	ret = policies_list(path, names, n);
	if (ret && ret != -ENOMEM) {
		config_error_add(l->errs, dir, l->n_files, 0, 0, "cannot be read: %s",
				 strerror(-ret));
		ret = 0;
	}
	free(path);
	return ret;
}

/* ---- netns.d ---- */

static void bad_name(struct config_loader *l, const char *dir, const char *stem,
		     const char *fault, const char *accepted)
{
	char file[512];

	snprintf(file, sizeof(file), "%s/%s" POLICIES_SUFFIX, dir, stem);
	config_error_add(l->errs, file, l->n_files, 0, 0, "the name \"%s\" %s; accepted: %s", stem,
			 fault, accepted);
}

/* The name of a namespace, which becomes a part of that of its policy. */
static bool check_netns_name(struct config_loader *l, const char *name)
{
	const size_t room = GENL_MAX_NAME - (sizeof(POLICIES_NETNS) - 1);
	const char *fault = policies_is_reserved(name) ? NULL : policies_name_fault(name);

	if (!fault && strlen(name) > room)
		fault = "is longer than 57 bytes";
	if (!fault)
		return true;
	bad_name(l, POLICIES_NETNS_DIR, name, fault,
		 "1 to 57 of A-Z a-z 0-9 . _ -, first no . nor - (another namespace takes a section with policy =)");
	return false;
}

static int add_netns(struct config_loader *l, const char *name)
{
	struct config_selector sel;
	struct config_fault fault;
	struct config_block *b;
	char file[96];
	int ret;

	/* check_netns_name() is stricter than this. */
	ret = config_selector_make(CONFIG_NETNS, name, strlen(name), &sel, &fault);
	if (ret)
		return ret;
	b = config_block_add(&l->blocks, l->n_files, 1, &sel, &ret);
	if (!b)
		return ret;
	if (asprintf(&b->policy, POLICIES_NETNS "%s", name) < 0) {
		b->policy = NULL;
		return -ENOMEM;
	}
	b->set[CONFIG_KEY_POLICY] = (struct config_setting){
		.line = 1, .file = l->n_files, .value = CONFIG_POLICY_NAMED,
	};
	policies_file(b->policy, file, sizeof(file));
	return config_add_file(l, NULL, file);
}

int config_list_netns(struct config_loader *l)
{
	char **names;
	size_t i, n;
	int ret;

	ret = list(l, POLICIES_NETNS_DIR, &names, &n);
	for (i = 0; !ret && i < n; i++)
		if (check_netns_name(l, names[i]))
			ret = add_netns(l, names[i]);
	free_names(names, n);
	return ret;
}

/* ---- policies ---- */

/* A file that no section could ever name is a mistake, and not seen otherwise. */
static int check_names(struct config_loader *l)
{
	const char *fault;
	char **names;
	size_t i, n;
	int ret;

	ret = list(l, POLICIES_DIR, &names, &n);
	for (i = 0; !ret && i < n; i++) {
		fault = policies_name_fault(names[i]);
		if (fault)
			bad_name(l, POLICIES_DIR, names[i], fault, POLICIES_NAMES);
	}
	free_names(names, n);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in @v, and that of birth, sorted, each once, into @out->policies. */
static int collect(const struct config_loader *l, struct config_block *const *v, size_t n,
		   struct config *out)
{
	const char **names = calloc(n + 2, sizeof(*names));
	size_t i, n_names = 0;

	out->policies = calloc(n + 2, sizeof(*out->policies));
	if (!names || !out->policies) {
		free(names);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		if (v[i]->set[CONFIG_KEY_POLICY].value == CONFIG_POLICY_NAMED)
			names[n_names++] = v[i]->policy;
	if (l->global && l->global->set[CONFIG_KEY_BIRTH].value == CONFIG_POLICY_NAMED)
		names[n_names++] = l->global->policy;
	qsort(names, n_names, sizeof(*names), by_name);
	for (i = 0; i < n_names; i++)
		if (!i || strcmp(names[i - 1], names[i]))
			snprintf(out->policies[out->n_policies++].name,
				 sizeof(out->policies->name), "%s", names[i]);
	free(names);
	return 0;
}

static int add_warning(struct config *out, const struct diag *d)
{
	char **v = reallocarray(out->warnings, out->n_warnings + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	out->warnings = v;
	v[out->n_warnings] = diag_format(d);
	return v[out->n_warnings] && ++out->n_warnings ? 0 : -ENOMEM;
}

/* @index: which file it is, for the order of the errors of all. */
static int take_diags(struct config_loader *l, const struct diags *d, unsigned int index,
		      struct config *out)
{
	size_t i, errors = 0;
	int ret = 0;

	for (i = 0; !ret && i < d->n; i++) {
		if (d->v[i].level == DIAG_WARNING) {
			ret = add_warning(out, &d->v[i]);
			continue;
		}
		errors++;
		config_error_add_text(l->errs, index, (unsigned int)i + 1, 0,
				      diag_format(&d->v[i]));
	}
	if (d->errors > errors)
		l->errs->more += d->errors - errors;
	return ret;
}

static int compile_one(struct config_loader *l, struct config_policy *p, unsigned int index,
		       struct config *out)
{
	struct diags d = { .n = 0 };
	char file[96], *path;
	int ret;

	policies_file(p->name, file, sizeof(file));
	path = path_in(l, file);
	if (!path)
		return -ENOMEM;
	p->missing = access(path, F_OK) && errno == ENOENT;
	free(path);
	/* The section that names it says so, with its place. */
	if (p->missing)
		return 0;
	ret = policies_compile(l->dir, file, &p->compiled, &d);
	if (ret != -ENOMEM)
		ret = take_diags(l, &d, index, out);
	diags_clean(&d);
	return ret;
}

int config_compile(struct config_loader *l, struct config_block *const *v, size_t n,
		   struct config *out)
{
	size_t i;
	int ret = check_names(l);

	if (!ret)
		ret = collect(l, v, n, out);
	for (i = 0; !ret && i < out->n_policies; i++)
		ret = compile_one(l, &out->policies[i], l->n_files + (unsigned int)i, out);
	return ret;
}
