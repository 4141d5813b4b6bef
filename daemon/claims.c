// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which section claims which namespace. See claims.h.
 *
 * Exact selectors are found by searching; globs are tried one after the other,
 * the most specific first, and only where the part before the first special
 * character is the same.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"

#define EXACT	UINT32_MAX	/* more than any glob's number of characters */

struct glob {
	const struct config_section *section;
	size_t prefix;		/* bytes before the first special one */
};

struct maker {
	const struct config *config;
	struct glob *globs;	/* the most specific first, then in order */
	size_t n_globs;
	bool *seen;		/* parallel to config->sections: exact, and has a name */
	struct claims *out;
};

unsigned int claims_weight(const struct config_section *s)
{
	return s->glob ? s->literals : EXACT;
}

/* ---- one name ---- */

static bool excepts(const struct config_section *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->n_except; i++)
		if (!fnmatch(s->except[i], path, FNM_PATHNAME | FNM_PERIOD))
			return true;
	return false;
}

static bool matches(const struct config_section *s, size_t prefix, const char *path)
{
	return !strncmp(s->path, path, prefix) &&
	       !fnmatch(s->path, path, FNM_PATHNAME | FNM_PERIOD) && !excepts(s, path);
}

/* Not the glob "web*" for a file of just that name. */
static const struct config_section *find_exact(const struct config *c, enum config_kind kind,
					       const char *name)
{
	const struct config_section *s = config_find(c, kind, name);

	return s && !s->glob ? s : NULL;
}

static const struct config_section *exact(const struct maker *m, const struct claims_name *name)
{
	if (name->section)
		return name->section;
	return name->path ? find_exact(m->config, name->kind, name->name) : NULL;
}

/* The better of two sections; either may be NULL. */
static bool is_better(const struct config_section *a, const struct config_section *b)
{
	if (!a || !b)
		return a;
	if (claims_weight(a) != claims_weight(b))
		return claims_weight(a) > claims_weight(b);
	return a->order < b->order;
}

static const struct config_section *best(const struct maker *m, const struct claims_name *name)
{
	const struct config_section *found = exact(m, name);
	size_t i;

	for (i = 0; !found && name->path && i < m->n_globs; i++)
		if (matches(m->globs[i].section, m->globs[i].prefix, name->path))
			found = m->globs[i].section;
	return found;
}

/* One that is as specific as @want, wishes otherwise, and is before @than. */
static const struct config_section *rival(const struct maker *m, const struct claims_name *name,
					  const struct config_section *want,
					  const struct config_section *than)
{
	unsigned int weight = claims_weight(want);
	const struct config_section *s;
	size_t i;

	s = exact(m, name);
	if (s && weight == EXACT && is_better(s, than) && !config_same_wish(s, want))
		than = s;
	for (i = 0; weight != EXACT && name->path && i < m->n_globs; i++) {
		s = m->globs[i].section;
		if (s->literals > weight)
			continue;
		if (s->literals < weight)
			break;
		if (is_better(s, than) && !config_same_wish(s, want) &&
		    matches(s, m->globs[i].prefix, name->path))
			than = s;
	}
	return than;
}

/* Weighs all names of one namespace. False: nobody claims it. */
static bool weigh(struct maker *m, const struct claims_name *const *names, size_t n,
		  struct claim *c)
{
	const struct config_section *s;
	size_t i;

	*c = (struct claim){ .names = names, .n_names = n, .inode = n ? names[0]->inode : 0 };
	for (i = 0; i < n; i++) {
		s = exact(m, names[i]);
		if (s)
			m->seen[s - m->config->sections] = true;
		s = best(m, names[i]);
		if (is_better(s, c->want)) {
			c->want = s;
			c->by = names[i];
		}
	}
	for (i = 0; c->want && i < n; i++) {
		s = rival(m, names[i], c->want, c->rival);
		if (s != c->rival) {
			c->rival = s;
			c->rival_by = names[i];
		}
	}
	return c->want;
}

/* ---- all names ---- */

static int compare_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

/* Names of one namespace side by side; those in /run/netns first. */
static int compare_names(const void *pa, const void *pb)
{
	const struct claims_name *a = *(const struct claims_name *const *)pa;
	const struct claims_name *b = *(const struct claims_name *const *)pb;

	if (a->inode != b->inode)
		return compare_u32(a->inode, b->inode);
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare_globs(const void *pa, const void *pb)
{
	const struct glob *a = pa, *b = pb;

	return is_better(a->section, b->section) ? -1 : is_better(b->section, a->section);
}

/* By place in the configuration; those of one glob by name. */
static int compare_lacking(const void *pa, const void *pb)
{
	const struct claim *a = pa, *b = pb;

	if (a->want->order != b->want->order)
		return a->want->order < b->want->order ? -1 : 1;
	if (!a->by || !b->by)
		return !!a->by - !!b->by;
	return strcmp(a->by->name, b->by->name);
}

static void list_globs(struct maker *m)
{
	const struct config_section *s;
	size_t i;

	for (i = 0; i < m->config->n_sections; i++) {
		s = &m->config->sections[i];
		if (s->glob)
			m->globs[m->n_globs++] = (struct glob){ s, strcspn(s->path, "*?[\\") };
	}
	qsort(m->globs, m->n_globs, sizeof(*m->globs), compare_globs);
}

static bool is_there(const struct claims_name *name)
{
	return name->inode && name->lack == CLAIMS_THERE;
}

static void claim_namespaces(struct maker *m, const struct claims_name *names, size_t n)
{
	struct claims *out = m->out;
	const struct claims_name **v = out->by_inode;
	size_t i, k;

	for (i = 0; i < n; i++)
		if (is_there(&names[i]))
			v[out->n_by_inode++] = &names[i];
	qsort(v, out->n_by_inode, sizeof(*v), compare_names);
	for (i = 0; i < out->n_by_inode; i += k) {
		for (k = 1; i + k < out->n_by_inode && v[i + k]->inode == v[i]->inode; k++)
			;
		if (weigh(m, v + i, k, &out->v[out->n]))
			out->n++;
		if (v[i]->path)		/* they come first */
			out->named[out->n_named++] = v[i]->inode;
	}
	out->n_there = out->n;
}

/* Names that lead nowhere, and exact sections that have not even that. */
static void claim_lacking(struct maker *m, const struct claims_name *names, size_t n)
{
	const struct config *c = m->config;
	struct claims *out = m->out;
	struct claim *claim;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct claims_name *one = &names[i];

		if (is_there(one))
			continue;
		claim = &out->v[out->n];
		if (!weigh(m, &one, 1, claim))
			continue;
		claim->inode = 0;
		claim->names = NULL;	/* it was on the stack; ->by has it */
		claim->n_names = 0;
		out->n++;
	}
	for (i = 0; i < c->n_sections; i++)
		if (!c->sections[i].glob && !m->seen[i])
			out->v[out->n++] = (struct claim){ .want = &c->sections[i] };
	qsort(out->v + out->n_there, out->n - out->n_there, sizeof(*out->v), compare_lacking);
}

int claims_make(const struct config *c, const struct claims_name *names, size_t n,
		struct claims *out)
{
	struct maker m = { .config = c, .out = out };
	int ret = -ENOMEM;

	/* +1: calloc(0) may be NULL, which is no lack of memory */
	*out = (struct claims){ 0 };
	out->v = calloc(n + c->n_sections + 1, sizeof(*out->v));
	out->named = calloc(n + 1, sizeof(*out->named));
	out->by_inode = calloc(n + 1, sizeof(*out->by_inode));
	m.globs = calloc(c->n_sections + 1, sizeof(*m.globs));
	m.seen = calloc(c->n_sections + 1, sizeof(*m.seen));
	if (!out->v || !out->named || !out->by_inode || !m.globs || !m.seen) {
		claims_clean(out);
		goto out;
	}
	list_globs(&m);
	claim_namespaces(&m, names, n);
	claim_lacking(&m, names, n);
	ret = 0;
out:
	free(m.globs);
	free(m.seen);
	return ret;
}

void claims_clean(struct claims *c)
{
	free(c->v);
	free(c->named);
	free(c->by_inode);
	memset(c, 0, sizeof(*c));
}

/* ---- questions ---- */

static int find_claim(const void *key, const void *entry)
{
	return compare_u32(*(const uint32_t *)key, ((const struct claim *)entry)->inode);
}

const struct claim *claims_find(const struct claims *c, uint32_t inode)
{
	return c->n_there ? bsearch(&inode, c->v, c->n_there, sizeof(*c->v), find_claim) : NULL;
}

static int find_named(const void *key, const void *entry)
{
	return compare_u32(*(const uint32_t *)key, *(const uint32_t *)entry);
}

bool claims_is_named(const struct claims *c, uint32_t inode)
{
	return c->n_named &&
	       bsearch(&inode, c->named, c->n_named, sizeof(*c->named), find_named);
}

const struct claims_name *const *claims_names(const struct claims *c, uint32_t inode, size_t *n)
{
	size_t low = 0, high = c->n_by_inode, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (c->by_inode[mid]->inode < inode)
			low = mid + 1;
		else
			high = mid;
	}
	for (*n = 0; low + *n < c->n_by_inode && c->by_inode[low + *n]->inode == inode; ++*n)
		;
	return c->by_inode + low;
}

const struct config_section *claims_of_path(const struct config *c, const char *path)
{
	const size_t dir = sizeof(SELECT_NETNS_DIR "/") - 1;
	const struct config_section *found, *s;
	size_t i;

	if (!strncmp(path, SELECT_NETNS_DIR "/", dir) && !strchr(path + dir, '/'))
		found = find_exact(c, CONFIG_NETNS, path + dir);
	else
		found = find_exact(c, CONFIG_PATH, path);
	for (i = 0; i < c->n_sections; i++) {
		s = &c->sections[i];
		if (s->glob && is_better(s, found) && matches(s, 0, path))
			found = s;
	}
	return found;
}
