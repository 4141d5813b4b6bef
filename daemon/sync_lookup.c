// SPDX-License-Identifier: GPL-2.0-or-later
/* What somebody means, among what the last pass saw; and putting back. See sync.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync_pass.h"

#define NETNS_PREFIX	SELECT_NETNS_DIR "/"

const struct sync_status *sync_find_inode(const struct sync *s, uint32_t inode)
{
	size_t i;

	for (i = 0; inode && i < s->n_statuses; i++)
		if (s->statuses[i].inode == inode)
			return &s->statuses[i];
	return NULL;
}

static int compare_instances(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

int sync_release(const struct sync *s, const struct config *c, uint64_t **out, size_t *n)
{
	uint64_t *v = calloc(s->n_released + s->n_names + 1, sizeof(*v));
	const struct sync_status *st;
	size_t i;

	*out = v;
	*n = s->n_released;
	if (!v)
		return -ENOMEM;
	if (*n)
		memcpy(v, s->released, *n * sizeof(*v));
	for (i = 0; i < s->n_names; i++) {
		const struct claims_name *name = &s->names[i];

		if (!name->section || !name->inode || config_find(c, name->kind, name->name))
			continue;
		st = sync_find_inode(s, name->inode);
		if (st && st->claimed && st->instance)
			v[(*n)++] = st->instance;
	}
	if (*n)
		qsort(v, *n, sizeof(*v), compare_instances);
	return 0;
}

static int compare_label(const void *key, const void *entry)
{
	const struct sync_status *st = entry;
	int ret = strcmp(key, st->label);

	return ret ? ret : st->inode ? -1 : 0;
}

/* Of a claim that has no namespace: its label is that of the name, or section. */
static const struct sync_status *by_label(const struct sync *s, const char *label)
{
	return s->n_statuses ? bsearch(label, s->statuses, s->n_statuses, sizeof(*s->statuses),
				       compare_label) : NULL;
}

/* By a namespace that is there: whether anybody claims it. */
static enum sync_found by_namespace(const struct sync *s, uint32_t inode,
				    const struct sync_status **out)
{
	const struct sync_status *st = sync_find_inode(s, inode);

	if (!st || !st->claimed)
		return SYNC_UNCLAIMED;
	*out = st;
	return SYNC_FOUND;
}

static int compare_path(const void *key, const void *entry)
{
	const struct claims_name *k = key, *n = entry;

	if (k->kind != n->kind)
		return k->kind < n->kind ? -1 : 1;
	return strcmp(k->name, n->name);
}

static enum sync_found by_path(const struct sync *s, enum config_kind kind, const char *name,
			       const struct sync_status **out)
{
	char path[sizeof(NETNS_PREFIX) + 4096], label[256];
	struct claims_name key = { .kind = kind };
	const struct claims_name *found = NULL;
	const char *rest;

	/* As configurations have it: /var/run is /run, and names are names. */
	if (kind == CONFIG_NETNS)
		snprintf(path, sizeof(path), NETNS_PREFIX "%.4000s", name);
	else
		snprintf(path, sizeof(path), "%.4000s",
			 strncmp(name, "/var/run/", 9) ? name : name + 4);
	rest = path + sizeof(NETNS_PREFIX) - 1;
	key.kind = !strncmp(path, NETNS_PREFIX, sizeof(NETNS_PREFIX) - 1) && !strchr(rest, '/') ?
		   CONFIG_NETNS : CONFIG_PATH;
	key.name = key.kind == CONFIG_NETNS ? (char *)rest : path;
	if (s->n_names)
		found = bsearch(&key, s->names, s->n_names, sizeof(*s->names), compare_path);
	if (found && found->inode)
		return by_namespace(s, found->inode, out);
	if (!claims_of_path(s->config, path))
		return SYNC_UNCLAIMED;
	snprintf(label, sizeof(label), "%.255s", key.name);
	*out = by_label(s, label);
	return SYNC_WAITING;
}

/* [inode N], [pid N], [unit x]: where no namespace is found, what became of the section. */
static enum sync_found by_section(const struct sync *s, enum config_kind kind, const char *name,
				  const struct sync_status **out)
{
	const struct config_section *section = config_find(s->config, kind, name);
	const struct claims_name key = { .kind = kind, .name = (char *)name }, *found = NULL;
	char label[256];

	if (!section)
		return SYNC_UNCLAIMED;
	if (s->n_names)
		found = bsearch(&key, s->names, s->n_names, sizeof(*s->names), compare_path);
	if (found && found->inode)
		return by_namespace(s, found->inode, out);
	config_section_label(section, label, sizeof(label));
	*out = by_label(s, label);
	return SYNC_WAITING;
}

enum sync_found sync_lookup(struct sync *s, enum config_kind kind, const char *name,
			    const struct sync_status **out)
{
	enum sync_found found = SYNC_UNCLAIMED;
	struct select_process process;
	uint32_t inode = 0;

	*out = NULL;
	switch (kind) {
	case CONFIG_NETNS:
	case CONFIG_PATH:
		return by_path(s, kind, name, out);
	case CONFIG_PID:
		if (!select_process(atoi(name), &process, NULL) &&
		    !select_process_inode(&process, &inode, NULL))
			found = by_namespace(s, inode, out);
		break;
	case CONFIG_INODE:
		found = by_namespace(s, (uint32_t)strtoul(name, NULL, 10), out);
		break;
	case CONFIG_UNIT:
	case CONFIG_KINDS:
		break;
	}
	return found == SYNC_UNCLAIMED ? by_section(s, kind, name, out) : found;
}

/* Whether a number alone still means the namespace that it meant. */
static bool is_bare(const struct sync *s, uint32_t inode)
{
	size_t i;

	for (i = 0; i < s->n_bare; i++)
		if (s->bare[i] == inode)
			return true;
	return false;
}

int sync_put_back(struct sync *s, const struct sync_taken *t, struct err *e)
{
	struct genl_fence fence = {
		.policy = t->policy, .mode = t->mode, .flags = t->flags | GENL_F_MANUAL,
		.hooks = policies_is_builtin(t->policy) ? t->hooks : 0, .source = t->source,
	};
	struct genl_target target = {
		.inode = t->inode, .fd = -1, .has_cookie = t->has_cookie, .cookie = t->cookie,
		.instance = t->instance,
	};
	struct netns_ref ref = { .fd = -1 };
	uint64_t instance;
	int ret = 0;

	if (!s->backend)
		return err_set(e, ENOTCONN, EXIT_UNREACHABLE, "the backend is not reachable");
	if (!t->instance && !t->has_cookie && !is_bare(s, t->inode))
		return err_set(e, ESTALE, EXIT_REFUSED,
			       "the namespace cannot be told from another with its number");
	if (t->instance)
		fence.flags |= GENL_F_REPLACE;
	if (s->kind == BACKEND_NFT)
		ret = select_inode(t->inode, &ref, e);
	target.fd = ref.fd;
	if (!ret)
		ret = backend_attach(s->backend, &target, &fence, &instance, e);
	netns_ref_close(&ref);
	return ret;
}
