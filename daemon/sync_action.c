// SPDX-License-Identifier: GPL-2.0-or-later
/* One request for each action of a plan. See sync_pass.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sync_pass.h"
#include "utf8.h"

/* Where the backend knows it for what it is, and it is not a section's. */
#define FOLLOWS	(GENL_F_INHERITED | GENL_F_BIRTH)

enum trouble sync_judge(int errnum, const struct err *e)
{
	switch (errnum) {
	case 0:
		return TROUBLE_NONE;
	case EAGAIN:	/* being born, or not mounted yet */
	case ESTALE:	/* the name leads to another namespace by now */
	case ENXIO:	/* it has died */
	case EEXIST:	/* somebody has fenced it since we looked */
		return TROUBLE_SOON;
	case ENOTCONN:
		return TROUBLE_RELOADED;
	case ETIMEDOUT:
		return e->exit == EXIT_REFUSED ? TROUBLE_SLOW : TROUBLE_BACKEND;
	default:
		return e->exit == EXIT_UNREACHABLE ? TROUBLE_BACKEND : TROUBLE_SLOW;
	}
}

/* ---- attach ---- */

/* Of several names one that can be opened tells more than a number. */
static const struct claims_name *best_name(const struct claim *c)
{
	size_t i;

	if (c->by->kind != CONFIG_INODE)
		return c->by;
	for (i = 0; i < c->n_names; i++)
		if (c->names[i]->kind != CONFIG_INODE)
			return c->names[i];
	return c->by;
}

/*
 * The name is resolved anew: what is attached to is what is open. Without any name
 * there is the number, with the cookie, or with the instance that it has.
 */
static int open_target(struct pass *p, const struct reconcile_item *item, struct netns_ref *ref,
		       struct err *e)
{
	const struct claims_name *name = item->claim ? best_name(item->claim) : NULL;

	*ref = (struct netns_ref){ .fd = -1 };
	if (!name)
		return 0;
	switch (name->kind) {
	case CONFIG_NETNS:
		return select_name(name->name, ref, e);
	case CONFIG_PATH:
		return select_path(name->path, ref, e);
	case CONFIG_PID:
	case CONFIG_UNIT:
		return select_process_open(&name->process, ref, e);
	case CONFIG_INODE:
	case CONFIG_KINDS:
		break;
	}
	return p->s->kind == BACKEND_NFT ? select_inode(item->inode, ref, e) : 0;
}

static void make_target(const struct reconcile_item *item, const struct netns_ref *ref,
			bool replace, struct genl_target *t)
{
	const struct claims_name *by = item->claim ? item->claim->by : NULL;

	*t = (struct genl_target){ .inode = item->inode, .fd = ref->fd };
	if (ref->fd >= 0 && ref->has_cookie) {
		t->has_cookie = true;
		t->cookie = ref->cookie;
	} else if (by && by->has_cookie) {
		t->has_cookie = true;
		t->cookie = by->cookie;
	} else if (ref->fd < 0 && item->actual) {
		t->has_cookie = item->actual->has_cookie;
		t->cookie = item->actual->cookie;
	}
	/* Not one that somebody has put there since we looked. */
	if (replace)
		t->instance = item->actual->instance;
}

/* Whether what is open is what was meant. */
static int check_target(const struct reconcile_item *item, const struct netns_ref *ref,
			struct err *e)
{
	const struct claims_name *by = item->claim ? item->claim->by : NULL;

	if (ref->fd < 0)
		return 0;
	if (ref->inode != item->inode)
		return err_set(e, ESTALE, EXIT_REFUSED,
			       "the name was given to another namespace meanwhile");
	if (by && by->has_cookie && ref->has_cookie && by->cookie != ref->cookie)
		return err_set(e, ESTALE, EXIT_REFUSED,
			       "the number was given to another namespace meanwhile");
	return 0;
}

/* What is taken from a hand is noted, to be put back; room is there before it is taken. */
static int note_taken(struct pass *p, const struct reconcile_item *item, struct err *e)
{
	const struct genl_netns *n = item->actual;
	struct sync_result *r = p->r;
	struct sync_taken *v;

	v = reallocarray(r->taken, r->n_taken + 1, sizeof(*v));
	if (!v)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	r->taken = v;
	v = &v[r->n_taken];
	*v = (struct sync_taken){
		.inode = n->inode, .has_cookie = n->has_cookie, .cookie = n->cookie,
		.mode = n->mode, .hooks = n->hooks,
		.flags = n->flags & (GENL_F_STRICT | GENL_F_MANUAL | GENL_F_FORWARD_ACCEPT |
				     GENL_F_INHERIT),
	};
	memcpy(v->policy, n->policy, sizeof(v->policy));
	memcpy(v->source, n->source, sizeof(v->source));
	return 0;
}

static void log_attached(const struct reconcile_item *item, bool replace, const char *label)
{
	const struct genl_fence *wish = &item->wish;
	const char *how = "fenced with";

	if (item->state == RECONCILE_TAKE_OVER)
		how = "fence by hand replaced by";
	else if (replace)
		how = "fence replaced by";
	log_info("%s (inode %u): %s %s%s, %s", label, item->inode, how, wish->policy,
		 wish->mode == GENL_MODE_AUDIT ? " in mode audit" : "", wish->source);
}

static enum trouble attach(struct pass *p, struct reconcile_item *item, bool replace, bool wait,
			   uint64_t *instance, struct err *e)
{
	struct genl_fence fence = item->wish;
	struct genl_target t;
	struct netns_ref ref;
	char label[256];
	int ret;

	ret = open_target(p, item, &ref, e);
	/*
	 * Deleted since we looked; or made anew, and not mounted yet: without
	 * CAP_DAC_OVERRIDE the plain file of `ip netns add` cannot be opened.
	 */
	if (ret == -ENOENT || ret == -EACCES)
		return TROUBLE_SOON;
	if (ret)
		return sync_judge(-ret, e);

	if (replace)
		fence.flags |= GENL_F_REPLACE;
	if (!wait)
		fence.flags |= GENL_F_NOWAIT;
	if (!item->claim)
		fence.flags |= item->actual->flags & FOLLOWS;
	ret = check_target(item, &ref, e);
	if (!ret && item->state == RECONCILE_TAKE_OVER)
		ret = note_taken(p, item, e);
	if (!ret) {
		make_target(item, &ref, replace, &t);
		ret = backend_attach(p->s->backend, &t, &fence, instance, e);
		if (!ret && item->state == RECONCILE_TAKE_OVER)
			p->r->taken[p->r->n_taken++].instance = *instance;
	}
	netns_ref_close(&ref);
	if (!ret) {
		sync_label(&p->claims, item->claim, item->inode, label, sizeof(label));
		log_attached(item, replace, label);
	}
	return sync_judge(-ret, e);
}

/*
 * Under the old version of its policy a namespace is better off than without a
 * fence; but where there is none, there is no use in asking.
 */
static enum trouble fence(struct pass *p, struct reconcile_item *item, bool replace, bool wait,
			  uint64_t *instance, struct err *e)
{
	const struct sync_policy *bad = sync_policy_bad(p->s, item->file);

	if (!bad || bad->loaded)
		return attach(p, item, replace, wait, instance, e);
	err_set(e, bad->errnum, EXIT_REFUSED, "policy %s was not accepted: %s",
		item->wish.policy, bad->why);
	return TROUBLE_SLOW;
}

/* ---- detach ---- */

static void log_detached(struct pass *p, const struct reconcile_item *item)
{
	const struct genl_netns *n = item->actual;
	char label[256];

	if (item->claim) {
		sync_label(&p->claims, item->claim, item->inode, label, sizeof(label));
		log_info("%s (inode %u): fence%s of %s taken off, %s says policy = none", label,
			 n->inode, item->state == RECONCILE_TAKE_OVER ? " by hand" : "", n->source,
			 item->want->source);
	} else if (n->flags & GENL_F_BIRTH) {
		log_info("inode %u: fence of birth taken off, birth is none and no section claims the namespace",
			 n->inode);
	} else if (n->flags & GENL_F_INHERITED) {
		log_info("inode %u: inherited fence of %s taken off, inode %u, which made the namespace, has none to hand on",
			 n->inode, n->source, n->parent);
	} else {
		log_info("inode %u: fence of %s taken off, no section claims the namespace any more",
			 n->inode, n->source);
	}
}

/* Without memory it is just not put back. nft hears of no deaths. */
static void note_bare(struct sync *s, const struct genl_netns *n)
{
	uint32_t *v;

	if (n->has_cookie || s->kind == BACKEND_NFT)
		return;
	v = reallocarray(s->bare, s->n_bare + 1, sizeof(*v));
	if (!v)
		return;
	s->bare = v;
	v[s->n_bare++] = n->inode;
}

static enum trouble detach(struct pass *p, struct reconcile_item *item, struct err *e)
{
	const struct genl_netns *n = item->actual;
	struct genl_target t = {
		.inode = n->inode, .fd = -1,
		.has_cookie = n->has_cookie, .cookie = n->cookie,
		.instance = n->instance,
	};
	int ret = 0;

	if (item->state == RECONCILE_TAKE_OVER)
		ret = note_taken(p, item, e);
	if (!ret)
		ret = backend_detach(p->s->backend, &t, true, e);
	/* Gone already, with its namespace or by another hand: as wished. */
	if (ret == -ENXIO || (ret == -ENOENT && e->exit == EXIT_NOT_FOUND))
		return TROUBLE_NONE;
	if (!ret && item->state == RECONCILE_TAKE_OVER) {
		p->r->n_taken++;
		note_bare(p->s, n);
	}
	if (!ret)
		log_detached(p, item);
	return sync_judge(-ret, e);
}

/* ---- all ---- */

/*
 * Transient trouble is logged once it has lasted; other trouble the first time
 * that it shows in this form.
 */
static void action_failed(struct pass *p, const struct reconcile_action *a, enum trouble t,
			  const struct err *e)
{
	struct outcome *o = &p->outcomes[a->item - p->plan.items];
	char label[256];

	o->errnum = e->errnum ? e->errnum : EAGAIN;
	snprintf(o->why, sizeof(o->why), "%.*s", (int)utf8_cut(e->text, sizeof(o->why) - 1),
		 e->text[0] ? e->text : "the name is not what it was, looking again");
	if (t == TROUBLE_SOON && p->s->soon_ms < SYNC_SOON_LAST_MS)
		return;
	o->said = true;
	sync_label(&p->claims, a->item->claim, a->item->inode, label, sizeof(label));
	sync_note_problem(p, a->verb == RECONCILE_DO_DETACH ? "detach" : label, o->why);
	if (!sync_is_news(p, a->item, o->errnum))
		return;
	if (a->verb == RECONCILE_DO_DETACH)
		log_error("inode %u: fence not taken off: %s", a->item->inode, o->why);
	else
		log_error("%s (inode %u): not fenced as %s says: %s", label, a->item->inode,
			  a->item->wish.source, o->why);
}

static enum trouble carry_out(struct pass *p, const struct reconcile_action *a, bool wait,
			      struct err *e)
{
	struct outcome *o = &p->outcomes[a->item - p->plan.items];
	enum trouble t;

	if (a->verb == RECONCILE_DO_DETACH)
		t = detach(p, a->item, e);
	else
		t = fence(p, a->item, a->verb == RECONCILE_DO_REPLACE, wait, &o->instance, e);
	if (t != TROUBLE_NONE) {
		action_failed(p, a, t, e);
		return t;
	}
	o->done = true;
	a->item->state = a->verb == RECONCILE_DO_DETACH ? RECONCILE_EXEMPT : RECONCILE_FENCED;
	return t;
}

void sync_carry_out(struct pass *p)
{
	const struct reconcile_action *a = p->plan.actions;
	size_t i, n_attach = 0;
	enum trouble t;

	while (n_attach < p->plan.n_actions && a[n_attach].verb != RECONCILE_DO_DETACH)
		n_attach++;
	for (i = 0; i < p->plan.n_actions && p->trouble < TROUBLE_BACKEND; i++, a++) {
		struct err e = { 0 };

		/* One grace period for all: the last one's covers the others. */
		t = carry_out(p, a, i + 1 == n_attach, &e);
		if (t > p->trouble)
			p->trouble = t;
		if (p->s->alive)
			p->s->alive(p->s->alive_data);
	}
}
