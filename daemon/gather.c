// SPDX-License-Identifier: GPL-2.0-or-later
/* All that may lead to a namespace. See gather.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gather.h"
#include "select.h"

#define NEVER_PROCESS	"no process had that number when the section was first loaded"
#define NEVER_NETNS	"no namespace had that number when the section was first loaded"
#define ENDED_PROCESS	"the process that it was bound to has ended"
#define ENDED_NETNS	"the namespace that it was bound to is gone"
#define ENDED_UNSURE	"the namespace that it was bound to cannot be told from another with its number"

struct list {
	struct claims_name *v;
	size_t n, room;
	struct select_mount *mounts;	/* all but those in /run/netns, sorted */
	size_t n_mounts;
};

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
}

/* NULL: no memory. @path: NULL for what is none. */
static struct claims_name *add(struct list *l, enum config_kind kind, const char *name,
			       const char *path)
{
	struct claims_name *new;

	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;

		new = reallocarray(l->v, room, sizeof(*new));
		if (!new)
			return NULL;
		l->v = new;
		l->room = room;
	}
	new = &l->v[l->n];
	*new = (struct claims_name){ .kind = kind, .name = strdup(name) };
	if (path)
		new->path = strdup(path);
	if (!new->name || (path && !new->path)) {
		free(new->name);
		free(new->path);
		return NULL;
	}
	l->n++;
	return new;
}

/* ---- paths ---- */

/* In /run/netns: "web1"; else NULL. */
static const char *netns_name(const char *path)
{
	const size_t n = sizeof(SELECT_NETNS_DIR "/") - 1;

	return !strncmp(path, SELECT_NETNS_DIR "/", n) && !strchr(path + n, '/') ? path + n : NULL;
}

static int add_netns(struct list *l, struct err *e)
{
	struct netns_name *names;
	struct claims_name *one;
	char path[sizeof(SELECT_NETNS_DIR "/") + sizeof(names->name)];
	size_t i, n;
	int ret = select_names(&names, &n, e);

	for (i = 0; !ret && i < n; i++) {
		snprintf(path, sizeof(path), SELECT_NETNS_DIR "/%s", names[i].name);
		one = add(l, CONFIG_NETNS, names[i].name, path);
		if (!one) {
			ret = no_memory(e);
		} else if (names[i].link) {
			one->lack = CLAIMS_LINK;
		} else {
			one->inode = names[i].inode;
			one->lack = one->inode ? CLAIMS_THERE : CLAIMS_FILE;
		}
	}
	free(names);
	return ret;
}

static int add_mounts(struct list *l, struct err *e)
{
	struct claims_name *one;
	size_t i;
	int ret = select_mounts(&l->mounts, &l->n_mounts, e);

	for (i = 0; !ret && i < l->n_mounts; i++) {
		one = add(l, CONFIG_PATH, l->mounts[i].path, l->mounts[i].path);
		if (!one)
			ret = no_memory(e);
		else
			one->inode = l->mounts[i].inode;
	}
	return ret;
}

static int compare_mount(const void *key, const void *entry)
{
	return strcmp(key, ((const struct select_mount *)entry)->path);
}

static bool is_mount(const struct list *l, const char *path)
{
	return l->n_mounts &&
	       bsearch(path, l->mounts, l->n_mounts, sizeof(*l->mounts), compare_mount);
}

/* What is there and not mounted; or found by a link in the path. Doubles go later. */
static int add_path(struct list *l, const char *path, struct err *e)
{
	struct claims_name *one;
	uint32_t inode;
	bool link;

	if (netns_name(path) || is_mount(l, path) || select_stat(path, &inode, &link))
		return 0;
	one = add(l, CONFIG_PATH, path, path);
	if (!one)
		return no_memory(e);
	one->inode = inode;
	one->lack = link ? CLAIMS_LINK : inode ? CLAIMS_THERE : CLAIMS_FILE;
	return 0;
}

static int add_section_paths(struct list *l, const struct config_section *s, struct err *e)
{
	char **paths;
	size_t i, n;
	int ret = 0;

	if (!s->glob)
		return add_path(l, s->path, e);
	if (select_glob(s->path, &paths, &n))
		return no_memory(e);
	for (i = 0; i < n; i++) {
		if (!ret)
			ret = add_path(l, paths[i], e);
		free(paths[i]);
	}
	free(paths);
	return ret;
}

/* ---- sections that are no path ---- */

static void end(struct claims_name *name, const struct binding *one)
{
	name->inode = 0;
	name->lack = CLAIMS_ENDED;
	name->reason = one->reason;
}

static void find_pid(struct claims_name *name, struct bindings *b)
{
	struct binding *one = bindings_find(b, CONFIG_PID, name->section->number);
	struct err e = { 0 };
	int ret = 0;

	if (!one) {	/* does not happen: bindings_configure() has made it */
		name->lack = CLAIMS_UNKNOWN;
		return;
	}
	if (one->state == BINDING_NEW) {
		ret = select_process((pid_t)one->number, &name->process, &e);
		if (ret == -ENOENT) {
			bindings_end(b, one, NEVER_PROCESS);
		} else if (!ret) {
			one->state = BINDING_BOUND;
			one->start = name->process.start;
			b->dirty = true;
		}
	}
	if (one->state == BINDING_BOUND) {
		name->process = (struct select_process){ (pid_t)one->number, one->start };
		ret = select_process_inode(&name->process, &name->inode, &e);
		if (ret == -ENOENT)
			bindings_end(b, one, ENDED_PROCESS);
	}
	if (one->state == BINDING_ENDED) {
		end(name, one);
	} else if (ret) {
		name->lack = CLAIMS_UNKNOWN;
		name->reason = "the process cannot be looked at (CAP_SYS_PTRACE?)";
	}
}

static void find_unit(struct claims_name *name, const struct units *u)
{
	struct unit_process p = { .state = UNIT_UNKNOWN, .reason = "systemd was not asked yet" };
	struct err e = { 0 };

	if (u)
		p = units_find(u, name->name);
	name->reason = p.reason;
	switch (p.state) {
	case UNIT_UNKNOWN:
		name->lack = CLAIMS_UNKNOWN;
		break;
	case UNIT_ABSENT:
		name->lack = CLAIMS_ABSENT;
		break;
	case UNIT_STOPPED:
		name->lack = CLAIMS_STOPPED;
		break;
	case UNIT_RUNNING:
		name->process = p.process;
		if (!select_process_inode(&p.process, &name->inode, &e))
			break;
		name->lack = e.exit == EXIT_NOT_FOUND ? CLAIMS_STOPPED : CLAIMS_UNKNOWN;
		name->reason = e.exit == EXIT_NOT_FOUND ? NULL :
			       "its main process cannot be looked at (CAP_SYS_PTRACE?)";
		break;
	}
}

static int add_section(struct list *l, const struct config_section *s, struct bindings *b,
		       const struct units *u, struct err *e)
{
	struct claims_name *name;

	if (s->kind == CONFIG_NETNS)
		return 0;	/* the directory is listed whole */
	if (s->kind == CONFIG_PATH)
		return add_section_paths(l, s, e);
	name = add(l, s->kind, s->name, NULL);
	if (!name)
		return no_memory(e);
	name->section = s;
	if (s->kind == CONFIG_PID)
		find_pid(name, b);
	else if (s->kind == CONFIG_UNIT)
		find_unit(name, u);
	else
		name->lack = CLAIMS_UNKNOWN;
	return 0;
}

/* ---- all ---- */

static int by_name(const void *pa, const void *pb)
{
	const struct claims_name *a = pa, *b = pb;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void drop_doubles(struct list *l)
{
	size_t i, n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
	for (i = 0; i < l->n; i++) {
		if (n && !by_name(&l->v[n - 1], &l->v[i])) {
			free(l->v[i].name);
			free(l->v[i].path);
		} else {
			l->v[n++] = l->v[i];
		}
	}
	l->n = n;
}

int gather_names(const struct config *c, struct bindings *b, const struct units *u,
		 struct claims_name **out, size_t *n, struct err *e)
{
	struct list l = { 0 };
	size_t i;
	int ret;

	*out = NULL;
	*n = 0;
	ret = add_netns(&l, e);
	if (!ret)
		ret = add_mounts(&l, e);
	for (i = 0; !ret && i < c->n_sections; i++)
		ret = add_section(&l, &c->sections[i], b, u, e);
	select_mounts_free(l.mounts, l.n_mounts);
	if (ret) {
		gather_free(l.v, l.n);
		return ret;
	}
	drop_doubles(&l);
	*out = l.v;
	*n = l.n;
	return 0;
}

void gather_free(struct claims_name *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].path);
	}
	free(v);
}

bool gather_same(const struct claims_name *a, size_t n_a, const struct claims_name *b, size_t n_b)
{
	size_t i;

	if (n_a != n_b)
		return false;
	for (i = 0; i < n_a; i++) {
		if (by_name(&a[i], &b[i]))
			return false;
		if (a[i].kind == CONFIG_INODE)	/* the dump decides */
			continue;
		if (a[i].inode != b[i].inode || a[i].lack != b[i].lack ||
		    a[i].process.pid != b[i].process.pid ||
		    a[i].process.start != b[i].process.start)
			return false;
	}
	return true;
}

/* ---- inodes ---- */

static int compare_inode(const void *key, const void *entry)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct genl_netns *)entry)->inode;

	return a < b ? -1 : a > b;
}

static bool is_bound(const struct binding *one)
{
	return one->state == BINDING_BOUND;
}

/*
 * Without a cookie, and with another fence than it had: the namespace is the same if we
 * have heard of all deaths since; or if that fence is one of ours, which this section
 * put there just before we died.
 */
static bool is_same_fence(const struct binding *one, const struct config_section *s,
			  const struct genl_netns *have)
{
	if (one->watched)
		return true;
	return have->instance &&
	       !(have->flags & (GENL_F_MANUAL | GENL_F_INHERITED | GENL_F_BIRTH)) &&
	       !strcmp(have->source, s->source);
}

static void bind(struct bindings *b, struct binding *one, const struct genl_netns *have)
{
	one->state = BINDING_BOUND;
	one->has_cookie = have->has_cookie;
	one->cookie = have->has_cookie ? have->cookie : 0;
	one->instance = have->instance;
	one->watched = true;
	b->dirty = true;
}

/* Whether @have, which has the number, is who the section is bound to. */
static void check_bound(struct claims_name *name, struct bindings *b, struct binding *one,
			const struct genl_netns *have)
{
	/*
	 * It has the fence that it had: the number of one is never given again, but by
	 * a module that was loaded anew.
	 */
	if (one->instance && one->instance == have->instance &&
	    !(one->has_cookie && have->has_cookie && one->cookie != have->cookie)) {
		one->watched = true;
		return;
	}
	if (one->has_cookie && !have->has_cookie) {
		name->lack = CLAIMS_UNKNOWN;
		name->reason = "the cookie of the namespace cannot be read";
		return;
	}
	if (one->has_cookie ? one->cookie != have->cookie :
	    !is_same_fence(one, name->section, have)) {
		bindings_end(b, one, one->has_cookie ? ENDED_NETNS : ENDED_UNSURE);
		return;
	}
	one->watched = true;
	if (have->instance) {
		one->instance = have->instance;
		b->dirty = b->dirty || !one->has_cookie;	/* else the file has no instance */
	}
}

/* nft hears of no deaths, and reports no cookies: who has the number is opened. */
static void add_cookie(struct genl_netns *n)
{
	struct netns_ref ref;

	if (select_inode(n->inode, &ref, NULL))
		return;
	n->has_cookie = ref.has_cookie;
	n->cookie = ref.cookie;
	netns_ref_close(&ref);
}

static void find_inode(struct claims_name *name, struct bindings *b,
		       const struct genl_netns *actual, size_t n_actual, struct backend *back)
{
	struct binding *one = bindings_find(b, CONFIG_INODE, name->section->number);
	uint32_t inode = (uint32_t)name->section->number;
	const struct genl_netns *have;
	struct genl_netns again;
	int ret = 0;

	name->lack = CLAIMS_UNKNOWN;
	name->reason = NULL;
	if (!one)
		return;
	have = n_actual ? bsearch(&inode, actual, n_actual, sizeof(*actual), compare_inode) : NULL;
	if (!have && one->state != BINDING_ENDED && back) {
		/* A dump that was interrupted too often may lack one. */
		struct genl_target t = { .inode = inode, .fd = -1 };
		struct err e = { 0 };

		ret = backend_netns_get(back, &t, &again, &e);
		have = ret ? NULL : &again;
		ret = ret && e.exit == EXIT_NOT_FOUND ? 0 : ret;
	}
	if (ret)
		return;
	if (back && backend_kind(back) == BACKEND_NFT) {
		one->watched = false;
		if (have && !have->has_cookie && one->state != BINDING_ENDED &&
		    !(one->instance && one->instance == have->instance)) {
			again = *have;
			have = &again;
			add_cookie(&again);
		}
	}
	if (one->state == BINDING_NEW && have)
		bind(b, one, have);
	else if (one->state == BINDING_NEW)
		bindings_end(b, one, NEVER_NETNS);
	else if (is_bound(one) && have)
		check_bound(name, b, one, have);
	/* nft sees only what some process or mount leads to. */
	else if (is_bound(one) && one->has_cookie && back && backend_kind(back) == BACKEND_NFT)
		name->lack = CLAIMS_ABSENT;
	else if (is_bound(one))
		bindings_end(b, one, ENDED_NETNS);

	if (one->state == BINDING_ENDED) {
		end(name, one);
	} else if (have && !name->reason) {
		name->inode = inode;
		name->lack = CLAIMS_THERE;
		name->has_cookie = one->has_cookie;
		name->cookie = one->cookie;
	}
}

void gather_inodes(struct claims_name *names, size_t n, struct bindings *b,
		   const struct genl_netns *actual, size_t n_actual, struct backend *back)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (names[i].kind == CONFIG_INODE)
			find_inode(&names[i], b, actual, n_actual, back);
}

void gather_died(struct bindings *b, const struct genl_netns *dead)
{
	struct binding *one = bindings_find(b, CONFIG_INODE, dead->inode);

	/* With a cookie it may be an earlier owner of the number. */
	if (one && one->state == BINDING_BOUND &&
	    !(one->has_cookie && dead->has_cookie && one->cookie != dead->cookie))
		bindings_end(b, one, ENDED_NETNS);
}

void gather_missed(struct bindings *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		b->v[i].watched = false;
}
