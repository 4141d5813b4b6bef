// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_fence: the fences of the nft backend, and what they are made of. See nft_int.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "nft_int.h"
#include "policies.h"

#define WISH_FLAGS	(GENL_F_STRICT | GENL_F_FORWARD_ACCEPT)	/* that the rules depend on */

/* ---- sorted arrays ---- */

struct nft_ns *nft_ns_find(const struct nft *n, uint32_t inode)
{
	size_t low = 0, high = n->n_ns, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (n->ns[mid]->inode == inode)
			return n->ns[mid];
		if (n->ns[mid]->inode < inode)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int by_inode(const void *a, const void *b)
{
	uint32_t x = (*(struct nft_ns *const *)a)->inode, y = (*(struct nft_ns *const *)b)->inode;

	return x < y ? -1 : x > y;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static struct nft_ns *ns_add(struct nft *n, uint32_t inode)
{
	struct nft_ns **v = realloc(n->ns, (n->n_ns + 1) * sizeof(struct nft_ns *)), *x;

	if (!v)
		return NULL;
	n->ns = v;
	x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	x->inode = inode;
	x->requests = x->changes = -1;
	v[n->n_ns++] = x;
	qsort(v, n->n_ns, sizeof(struct nft_ns *), by_inode);
	return x;
}

void nft_ns_drop(struct nft *n, struct nft_ns *x)
{
	size_t i;

	/* What is polled goes from there when it is closed. */
	if (x->requests >= 0)
		close(x->requests);
	if (x->changes >= 0)
		close(x->changes);
	nft_compiled_put(n, x->compiled);
	for (i = 0; n->ns[i] != x; i++)
		;
	memmove(n->ns + i, n->ns + i + 1, (--n->n_ns - i) * sizeof(struct nft_ns *));
	free(x);
}

struct nft_policy *nft_policy_find(const struct nft *n, const char *name)
{
	size_t i;

	for (i = 0; i < n->n_policies; i++)
		if (!strcmp(n->policy[i].name, name))
			return &n->policy[i];
	return NULL;
}

/* ---- objects ---- */

static bool is_same(const struct nft_compiled *c, const struct nft_meta *m)
{
	return c->hash == m->hash && c->mode == m->mode &&
	       (c->flags & WISH_FLAGS) == (m->flags & WISH_FLAGS) && c->hooks == m->hooks &&
	       !strcmp(c->policy, m->policy);
}

static int compile(struct nft *n, const struct nft_meta *m, struct nft_compiled *c,
		   struct err *e)
{
	struct nft_want want = {
		.policy = m->policy, .mode = m->mode, .hooks = m->hooks, .flags = m->flags,
	};
	const struct nft_policy *p;
	int ret;

	if (!policies_is_builtin(m->policy)) {
		p = nft_policy_find(n, m->policy);
		if (!p || p->hash != m->hash)
			return err_set(e, ENOENT, EXIT_NOT_FOUND, "no policy %s is known%s",
				       m->policy, p ? " in that version" : "");
		want.text = p->text;
	}
	ret = nft_job_compile(&want, &c->objects, e);
	if (!ret)
		c->digest = nft_objects_digest(&c->objects, n->key);
	return ret;
}

int nft_compiled_get(struct nft *n, const struct nft_meta *m, struct nft_compiled **out,
		     struct err *e)
{
	struct nft_compiled *c;
	int ret;

	for (c = n->compiled; c; c = c->next)
		if (is_same(c, m))
			goto found;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	ret = compile(n, m, c, e);
	if (ret) {
		free(c);
		return ret;
	}
	strcpy(c->policy, m->policy);
	c->hash = m->hash;
	c->mode = m->mode;
	c->hooks = m->hooks;
	c->flags = m->flags;
	c->next = n->compiled;
	n->compiled = c;
found:
	c->users++;
	*out = c;
	return 0;
}

void nft_compiled_put(struct nft *n, struct nft_compiled *c)
{
	struct nft_compiled **at = &n->compiled;

	if (!c || --c->users)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	nft_objects_clean(&c->objects);
	free(c);
}

/* ---- fences ---- */

static struct nft_job job_of(const struct nft *n, const struct nft_ns *x)
{
	return (struct nft_job){
		.ns = -1, .requests = x ? x->requests : -1, .changes = x ? x->changes : -1,
		.inode = x ? x->inode : 0, .table_flags = n->table_flags, .key = n->key,
	};
}

static bool is_owned(const struct nft *n, const struct nft_ns *x, const struct nft_report *r)
{
	return r->table.flags == n->table_flags &&
	       (!(n->table_flags & NFT_MSG_F_OWNER) || r->table.owner == x->port);
}

static void take_report(const struct nft *n, struct nft_ns *x, const struct nft_report *r)
{
	if (r->has_cookie) {
		x->has_cookie = true;
		x->cookie = r->cookie;
	}
	x->looked_at = clock_ms();
	if (!r->found) {
		x->right = false;
		return;
	}
	strcpy(x->table, r->table.name);
	/* Whose policy is not known is not judged. */
	x->right = r->meta.instance == x->meta.instance && r->meta.hash == x->meta.hash &&
		   (!x->compiled ||
		    (is_owned(n, x, r) && r->digest == x->compiled->digest));
}

static int put(struct nft *n, struct nft_ns *x, const struct genl_target *t,
	       const struct nft_meta *m, struct nft_compiled *c, struct err *e)
{
	struct nft_job j = job_of(n, x);
	struct nft_report r;
	bool is_new = !x;
	int ret;

	if (is_new) {
		j.ns = t->fd;
		j.inode = t->inode;
	}
	ret = nft_job_attach(&j, m, &c->objects, &r, e);
	if (ret)
		return ret;
	if (is_new) {
		x = ns_add(n, t->inode);
		if (!x) {
			close(j.requests);
			close(j.changes);
			return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
		}
		x->requests = j.requests;
		x->changes = j.changes;
		x->port = nft_msg_port(j.requests);
	}
	c->users++;
	nft_compiled_put(n, x->compiled);
	x->compiled = c;
	x->meta = *m;
	take_report(n, x, &r);
	x->changed = false;
	if (is_new)
		nft_watch_add(n, x);
	if (x->right)
		return 0;
	return err_set(e, EAGAIN, EXIT_REFUSED,
		       "nftables has not what was asked for: somebody in the namespace changes it");
}

int nft_fence_put(struct nft *n, struct nft_ns *x, const struct genl_target *t,
		  const struct nft_meta *m, struct err *e)
{
	struct nft_compiled *c;
	int ret;

	ret = nft_compiled_get(n, m, &c, e);
	if (ret)
		return ret;
	ret = put(n, x, t, m, c, e);
	nft_compiled_put(n, c);
	return ret;
}

int nft_fence_repair(struct nft *n, struct nft_ns *x, struct err *e)
{
	const struct nft_meta m = x->meta;

	return nft_fence_put(n, x, NULL, &m, e);
}

bool nft_ns_problem(struct nft_ns *x, const char *text)
{
	if (!strncmp(x->problem, text, sizeof(x->problem) - 1))
		return false;
	snprintf(x->problem, sizeof(x->problem), "%.*s", (int)sizeof(x->problem) - 1, text);
	return true;
}

/* ---- fences of a daemon before ---- */

/*
 * Is it what its policy says? That may be another by now; then that is put there, at
 * once. Where the policy cannot be compiled, the fence is better than none: it stays,
 * and is judged when that works.
 */
static void settle(struct nft *n, struct nft_ns *x, const struct nft_report *r)
{
	const struct nft_policy *p = nft_policy_find(n, x->meta.policy);
	struct nft_meta m = x->meta;
	struct err e = { 0 };

	take_report(n, x, r);
	if (!r->found || (!p && !policies_is_builtin(m.policy)))
		return;
	if (p)
		m.hash = p->hash;
	if (nft_compiled_get(n, &m, &x->compiled, &e)) {
		if (nft_ns_problem(x, e.text))
			log_warning("inode %u: fence of policy %s cannot be compared yet: %s",
				    x->inode, m.policy, e.text);
		nft_watch_later(n, x);
		return;
	}
	x->problem[0] = '\0';
	take_report(n, x, r);
	if (x->right && m.hash == x->meta.hash)
		return;
	if (nft_fence_put(n, x, NULL, &m, &e))
		log_error("inode %u: fence of policy %s not put right: %s", x->inode, m.policy,
			  e.text);
	else
		log_info("inode %u: fence of policy %s put right: it was not as it should be",
			 x->inode, m.policy);
}

int nft_fence_check(struct nft *n, struct nft_ns *x, struct err *e)
{
	struct nft_job j = job_of(n, x);
	struct nft_report r;
	int ret;

	j.max = x->compiled ? 2 * x->compiled->objects.size + 65536 : NFT_JOB_MAX_LOOK;
	ret = nft_job_check(&j, &r, e);
	/* Who cannot be looked at is not looked at all the time. */
	x->looked_at = clock_ms();
	if (ret)
		return ret;
	if (x->compiled)
		take_report(n, x, &r);
	else
		settle(n, x, &r);
	return 0;
}

void nft_ns_describe(const struct nft *n, const struct nft_ns *x, struct genl_netns *out)
{
	(void)n;
	memset(out, 0, sizeof(*out));
	out->inode = x->inode;
	out->has_cookie = x->has_cookie;
	out->cookie = x->cookie;
	if (!x->right)
		return;
	out->instance = x->meta.instance;
	out->flags = x->meta.flags;
	out->mode = x->meta.mode;
	out->hooks = x->meta.hooks;
	strcpy(out->policy, x->meta.policy);
	strcpy(out->source, x->meta.source);
}

static void on_found(void *data, const struct nft_place *p, const struct nft_report *r,
		     int requests, int changes)
{
	struct nft *n = data;
	struct nft_ns *x;

	if (r->ret) {
		log_warning("inode %u (%s): whether it has a fence is not known: %s", p->inode,
			    p->path, r->err.text);
		return;
	}
	x = requests >= 0 && changes >= 0 ? ns_add(n, p->inode) : NULL;
	if (!x) {
		if (requests >= 0)
			close(requests);
		if (changes >= 0)
			close(changes);
		return;
	}
	x->requests = requests;
	x->changes = changes;
	x->port = nft_msg_port(requests);
	x->meta = r->meta;
	if (r->meta.instance > n->instance)
		n->instance = r->meta.instance;
	nft_watch_add(n, x);
	settle(n, x, r);
}

/* Those that were looked at and have nothing of ours; in order, as @v is. */
static int remember_bare(struct nft *n, const struct nft_place *v, size_t n_places, struct err *e)
{
	uint32_t *bare = calloc(n_places + 1, sizeof(*bare));
	size_t i;

	if (!bare)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	free(n->bare);
	n->bare = bare;
	n->n_bare = 0;
	for (i = 0; i < n_places; i++)
		if (!nft_ns_find(n, v[i].inode))
			bare[n->n_bare++] = v[i].inode;
	return 0;
}

/*
 * A namespace is looked at once: afterwards nobody but this daemon makes fences
 * there. (Its number may be given to another one; that was born later, and has none.)
 */
int nft_fence_discover(struct nft *n, const struct nft_place *v, size_t n_places,
		       struct err *e)
{
	struct nft_place *fresh = calloc(n_places + 1, sizeof(*fresh));
	struct nft_job like = job_of(n, NULL);
	size_t i, n_fresh = 0;
	int ret = 0;

	if (!fresh)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	for (i = 0; i < n_places; i++) {
		if (v[i].inode == n->own || v[i].inode == n->initial ||
		    nft_ns_find(n, v[i].inode) ||
		    (n->n_bare && bsearch(&v[i].inode, n->bare, n->n_bare, sizeof(*n->bare),
				       by_number)))
			continue;
		fresh[n_fresh++] = v[i];
	}
	if (n_fresh)
		ret = nft_job_look(&like, fresh, n_fresh, on_found, n, e);
	if (!ret)
		ret = remember_bare(n, v, n_places, e);
	free(fresh);
	return ret;
}
