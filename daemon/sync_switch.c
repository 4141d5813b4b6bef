// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From one backend to another: make before break. See sync_pass.h.
 *
 * Both are open until each fence of the old one that somebody wishes for stands in
 * the new one, too. That nft was ever used is kept in a file, for looking for its
 * tables in each namespace is not cheap, and hardly ever needed; the module is just
 * asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "sync_pass.h"

/* ---- the mark ---- */

static void mark_path(const struct sync *s, char *buf, size_t size, bool dir)
{
	const char *file = s->bindings_file ? s->bindings_file : BINDINGS_FILE;
	const char *slash = strrchr(file, '/');

	snprintf(buf, size, "%.*s%s", slash ? (int)(slash - file) : 1, slash ? file : ".",
		 dir ? "" : "/nft.used");
}

void sync_mark_kind(struct sync *s)
{
	char path[PATH_MAX];
	int fd;

	if (s->kind != BACKEND_NFT)
		return;
	mark_path(s, path, sizeof(path), true);
	if (mkdir(path, 0700) && errno != EEXIST)
		log_warning("cannot make %s: %s", path, strerror(errno));
	mark_path(s, path, sizeof(path), false);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
	else
		log_warning("cannot make %s: %s; a later daemon with the module will not look for tables of this one",
			    path, strerror(errno));
}

static void unmark(const struct sync *s)
{
	char path[PATH_MAX];

	mark_path(s, path, sizeof(path), false);
	if (unlink(path) && errno != ENOENT)
		log_warning("cannot remove %s: %s", path, strerror(errno));
}

void sync_find_leftovers(struct sync *s)
{
	enum backend_kind other = s->kind == BACKEND_NFT ? BACKEND_MODULE : BACKEND_NFT;
	char path[PATH_MAX];
	struct err e = { 0 };

	mark_path(s, path, sizeof(path), false);
	if (other == BACKEND_NFT && access(path, F_OK))
		return;
	if (backend_open(other, &s->old, &e)) {
		s->old = NULL;
		if (other == BACKEND_NFT)
			log_warning("what nftables held for a daemon before this one cannot be looked for: %s",
				    e.text);
	}
}

/* ---- handing over ---- */

/* By claims.v; the plan has them first, and in that order. */
static const struct reconcile_item *find_item(const struct pass *p, uint32_t inode)
{
	const struct claim *c = claims_find(&p->claims, inode);

	return c ? &p->plan.items[c - p->claims.v] : NULL;
}

enum hold {
	HOLD_GO,	/* to be taken off */
	HOLD_WAIT,	/* until the new backend has it */
	HOLD_STAY,	/* nobody's */
};

static enum hold judge(struct pass *p, const struct genl_netns *n)
{
	const struct reconcile_item *item = find_item(p, n->inode);

	if (!item) {
		if (n->flags & (GENL_F_BIRTH | GENL_F_INHERITED))
			return HOLD_STAY;
		return claims_is_named(&p->claims, n->inode) ? HOLD_GO : HOLD_STAY;
	}
	switch (item->state) {
	case RECONCILE_FENCED:
	case RECONCILE_EXEMPT:
	case RECONCILE_HOST:
	case RECONCILE_MANUAL:
		return HOLD_GO;
	default:
		p->outcomes[item - p->plan.items].held = true;
		return HOLD_WAIT;
	}
}

/* 0: it is off, or gone. */
static int take_off(struct pass *p, const struct genl_netns *n)
{
	struct genl_target t = {
		.inode = n->inode, .fd = -1, .has_cookie = n->has_cookie, .cookie = n->cookie,
		.instance = n->instance,
	};
	struct err e = { 0 };
	int ret = backend_detach(p->s->old, &t, true, &e);

	if (ret == -ENXIO || ret == -ENOENT || ret == -ESTALE)
		return 0;
	if (ret) {
		sync_note_problem(p, "the backend before", e.text);
		p->r->summary.failed++;
		if (p->trouble < TROUBLE_SLOW)
			p->trouble = TROUBLE_SLOW;
	}
	return ret;
}

static void clean_old(struct sync *s)
{
	struct genl_fence none = { .policy = GENL_BIRTH_NONE };
	struct genl_policy *v;
	struct err e = { 0 };
	size_t i, n;

	if (backend_kind(s->old) == BACKEND_MODULE && backend_birth_set(s->old, &none, &e))
		log_warning("birth of the module stays: %s", e.text);
	if (backend_policy_dump(s->old, &v, &n, &e))
		return;
	/* EBUSY: a fence by hand uses it, or one that stays. */
	for (i = 0; i < n; i++)
		if (sync_policy_is_ours(s, v[i].name) || config_find_policy(s->config, v[i].name))
			backend_policy_del(s->old, v[i].name, &e);
	free(v);
}

static void close_old(struct sync *s)
{
	if (backend_kind(s->old) == BACKEND_NFT)
		unmark(s);
	backend_close(s->old);
	s->old = NULL;
	s->old_settled = false;
	free(s->held);
	s->held = NULL;
	s->n_held = 0;
}

/* Nobody waits any more. What is nobody's may become a section's later, or die. */
static void settle(struct sync *s)
{
	if (!s->old_settled || !s->n_held)
		clean_old(s);
	if (!s->old_settled && s->n_held)
		log_warning("%zu fence%s of namespaces that no section claims stay%s with backend %s",
			    s->n_held, s->n_held == 1 ? "" : "s", s->n_held == 1 ? "s" : "",
			    backend_name(backend_kind(s->old)));
	s->old_settled = true;
	if (!s->n_held)
		close_old(s);
}

/* What is there is asked again with each pass, until nothing is left to wait for. */
void sync_hand_over(struct pass *p)
{
	struct sync *s = p->s;
	struct genl_netns *v;
	struct err e = { 0 };
	size_t i, n, waiting = 0, taken = 0;

	if (!s->old)
		return;
	if (backend_netns_dump(s->old, &v, &n, &e)) {
		if (e.exit != EXIT_UNREACHABLE && e.errnum != ENOTCONN) {
			sync_note_problem(p, "the backend before", e.text);
			p->trouble = p->trouble < TROUBLE_SLOW ? TROUBLE_SLOW : p->trouble;
			return;
		}
		log_warning("%s: what backend %s held is not there any more", e.text,
			    backend_name(backend_kind(s->old)));
		close_old(s);
		return;
	}
	free(s->held);
	s->held = calloc(n + 1, sizeof(*s->held));
	s->n_held = 0;
	for (i = 0; i < n; i++) {
		enum hold hold;

		if (!v[i].instance || v[i].flags & (GENL_F_MANUAL | GENL_F_INITIAL))
			continue;
		hold = judge(p, &v[i]);
		if (hold == HOLD_GO && take_off(p, &v[i]))
			hold = HOLD_WAIT;
		taken += hold == HOLD_GO;
		waiting += hold == HOLD_WAIT;
		if (hold == HOLD_STAY && s->held)
			s->held[s->n_held++] = v[i];
		if (s->alive)
			s->alive(s->alive_data);
	}
	free(v);
	if (taken)
		log_info("%zu fence%s of backend %s taken off, backend %s has them", taken,
			 taken == 1 ? "" : "s", backend_name(backend_kind(s->old)),
			 backend_name(s->kind));
	if (!waiting)
		settle(s);
}
