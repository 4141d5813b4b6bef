// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes over all namespaces. See sync.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "reconcile.h"
#include "sync.h"
#include "utf8.h"

/* A namespace under construction is ready in no time; memory is not. */
#define SOON_FIRST_MS	10
#define SOON_LAST_MS	1000
#define SLOW_FIRST_MS	250
#define SLOW_LAST_MS	30000
/* `ip netns add` makes the file first and mounts then; that takes no time. */
#define PENDING_MS	5000

enum trouble {
	TROUBLE_NONE,
	TROUBLE_SOON,		/* of two glances at a moving world: look again */
	TROUBLE_SLOW,
	TROUBLE_MODULE,		/* no use in going on with this pass */
	TROUBLE_RELOADED,	/* nor in that, but in a new one at once */
};

struct pass {
	struct sync *s;
	struct netns_name *names;
	size_t n_names;
	struct genl_netns *actual;
	size_t n_actual;
	struct genl_policy *policies;	/* of the module, before the pass */
	size_t n_policies;
	struct reconcile_plan plan;
	int *errnums;			/* parallel to plan.items */
	enum trouble trouble;		/* the worst */
	uint64_t pending_due;		/* when to say that a name is pending */
	struct sync_summary *sum;
};

/* ---- the module ---- */

static void close_module(struct sync *s)
{
	genl_close(s->requests);
	genl_close(s->events);
	s->requests = s->events = NULL;
}

int sync_open(struct sync *s, struct err *e)
{
	int ret;

	close_module(s);
	/* Listen first, look afterwards: what happens in between is not lost. */
	ret = genl_open(&s->events, e);
	if (!ret)
		ret = genl_subscribe(s->events, GENL_GROUP_LIFECYCLE, e);
	if (!ret)
		ret = genl_open(&s->requests, e);
	if (ret)
		close_module(s);
	return ret;
}

int sync_configure(struct sync *s, const struct config *c)
{
	struct sync_report *reports = calloc(c->n_netns + 1, sizeof(*reports));
	size_t i;

	if (!reports || sync_policy_configure(s, c)) {
		free(reports);
		return -ENOMEM;
	}
	for (i = 0; i < c->n_netns; i++)
		reports[i].state = -1;
	free(s->reports);
	s->reports = reports;
	s->config = c;
	s->has_names = false;
	s->soon_ms = s->slow_ms = 0;
	return 0;
}

void sync_close(struct sync *s)
{
	close_module(s);
	sync_policy_clean(s);
	free(s->reports);
	free(s->names);
	s->reports = NULL;
	s->names = NULL;
	s->has_names = false;
}

int sync_events_fd(const struct sync *s)
{
	return s->events ? genl_fd(s->events) : -1;
}

/*
 * A fence that was taken off may be one of ours, and one that was put on by
 * hand changes what is reported. So does a fence that died with its namespace:
 * the number may be given to a new namespace of the same name before anybody
 * looks, and then the names tell nothing. (The module says so before the number
 * is free again.) Births show in the names, and the fences that passes
 * themselves attach are no news.
 */
static void on_event(void *data, enum genl_event_type type, const struct genl_netns *n)
{
	bool *needed = data;

	if (type == GENL_EVENT_DETACHED || (type == GENL_EVENT_DIED && n->instance) ||
	    (type == GENL_EVENT_ATTACHED && n->flags & GENL_F_MANUAL))
		*needed = true;
}

bool sync_events(struct sync *s, enum sync_scope *scope)
{
	bool needed = false;
	const struct genl_listener listener = { .lifecycle = on_event, .data = &needed };
	struct err e = { 0 };
	int ret;

	*scope = SYNC_FENCES;
	ret = genl_events(s->events, &listener, &e);
	if (!ret)
		return needed;
	log_warning("%s; looking at every namespace again", e.text);
	if (ret != -ENOBUFS) {
		close_module(s);
		*scope = SYNC_MODULE;
	}
	return true;
}

/* ---- one action ---- */

static enum trouble judge(int errnum, const struct err *e)
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
		return TROUBLE_MODULE;
	default:
		return e->exit == EXIT_UNREACHABLE ? TROUBLE_MODULE : TROUBLE_SLOW;
	}
}

/* The name is resolved anew: what is attached to is what is open. */
static enum trouble attach(struct pass *p, const struct reconcile_action *a,
			   bool wait, struct err *e)
{
	const struct config_netns *want = a->item->want;
	struct genl_fence fence = {
		.policy = want->policy,
		.mode = want->mode,
		.hooks = want->hooks,
		.flags = want->flags,
		.source = want->source,
	};
	struct netns_ref ref;
	int ret;

	ret = select_name(want->name, &ref, e);
	/*
	 * Deleted since we looked; or made anew, and not mounted yet: without
	 * CAP_DAC_OVERRIDE the plain file of `ip netns add` cannot be opened.
	 */
	if (ret == -ENOENT || ret == -EACCES)
		return TROUBLE_SOON;
	if (ret)
		return judge(-ret, e);

	if (a->verb == RECONCILE_DO_REPLACE)
		fence.flags |= GENL_F_REPLACE;
	if (!wait)
		fence.flags |= GENL_F_NOWAIT;
	if (ref.inode != a->item->inode) {
		ret = err_set(e, ESTALE, EXIT_REFUSED,
			      "the name was given to another namespace meanwhile");
	} else {
		struct genl_target t = {
			.inode = ref.inode, .fd = ref.fd,
			.has_cookie = ref.has_cookie, .cookie = ref.cookie,
			/* Not one that somebody has put there since we looked. */
			.instance = a->verb == RECONCILE_DO_REPLACE ? a->actual->instance : 0,
		};

		ret = genl_attach(p->s->requests, &t, &fence, NULL, e);
	}
	netns_ref_close(&ref);
	if (!ret)
		log_info("%s (inode %u): %s %s%s, %s", want->name, a->item->inode,
			 a->verb == RECONCILE_DO_REPLACE ? "fence replaced by" : "fenced with",
			 want->policy, want->mode == GENL_MODE_AUDIT ? " in mode audit" : "",
			 want->source);
	return judge(-ret, e);
}

static enum trouble detach(struct pass *p, const struct reconcile_action *a, struct err *e)
{
	const struct genl_netns *n = a->actual;
	struct genl_target t = {
		.inode = n->inode, .fd = -1,
		.has_cookie = n->has_cookie, .cookie = n->cookie,
		.instance = n->instance,
	};
	int ret = genl_detach(p->s->requests, &t, true, e);

	/* Gone already, with its namespace or by another hand: as wished. */
	if (ret == -ENXIO || (ret == -ENOENT && e->exit == EXIT_NOT_FOUND))
		return TROUBLE_NONE;
	if (!ret)
		log_info("inode %u: fence of %s taken off, no section claims the namespace any more",
			 n->inode, n->source);
	return judge(-ret, e);
}

static void note_problem(struct pass *p, const char *who, const char *what)
{
	if (!p->sum->problem[0])
		snprintf(p->sum->problem, sizeof(p->sum->problem), "%.*s%s%.*s",
			 (int)utf8_cut(who, 80), who, *who ? ": " : "",
			 (int)utf8_cut(what, 150), what);
}

/*
 * Transient trouble is logged once it has lasted; other trouble the first time
 * that it shows in this form.
 */
static void action_failed(struct pass *p, const struct reconcile_action *a,
			  enum trouble t, const struct err *e)
{
	struct sync_report *r;
	size_t i;

	if (!a->item) {
		if (t == TROUBLE_SOON && p->s->soon_ms < SOON_LAST_MS)
			return;
		note_problem(p, "detach", e->text);
		log_error("inode %u: fence not taken off: %s", a->actual->inode, e->text);
		return;
	}
	i = a->item - p->plan.items;
	r = &p->s->reports[i];
	p->errnums[i] = e->errnum;
	if (t == TROUBLE_SOON && p->s->soon_ms < SOON_LAST_MS)
		return;
	note_problem(p, a->item->want->name, e->text);
	if (r->errnum != e->errnum || r->inode != a->item->inode)
		log_error("%s (inode %u): not fenced as %s says: %s", a->item->want->name,
			  a->item->inode, a->item->want->source, e->text);
	r->errnum = e->errnum;
	r->inode = a->item->inode;
	r->state = a->item->state;
}

/*
 * Under the old version of its policy a namespace is better off than without a
 * fence; but where there is none, there is no use in asking.
 */
static enum trouble fence(struct pass *p, const struct reconcile_action *a, bool wait,
			  struct err *e)
{
	const struct sync_policy *bad = sync_policy_bad(p->s, a->item->want);

	if (!bad || bad->loaded)
		return attach(p, a, wait, e);
	err_set(e, bad->errnum, EXIT_REFUSED, "policy %s was not accepted: %s",
		a->item->want->policy, bad->why);
	return TROUBLE_SLOW;
}

/* The files of policies into the module, before any fence needs them. */
static int set_policies(struct pass *p, struct err *e)
{
	struct sync *s = p->s;
	char who[GENL_MAX_NAME + 16];
	size_t i;
	int ret;

	ret = sync_policy_set(s, &p->policies, &p->n_policies, e);
	for (i = 0; !ret && i < s->config->n_policies; i++) {
		if (!s->policies[i].errnum)
			continue;
		p->trouble = TROUBLE_SLOW;
		snprintf(who, sizeof(who), "policy %s", s->config->policies[i].name);
		note_problem(p, who, s->policies[i].why);
	}
	return ret;
}

static void carry_out(struct pass *p)
{
	const struct reconcile_action *a = p->plan.actions;
	size_t i, n_attach = 0;
	enum trouble t;

	while (n_attach < p->plan.n_actions && a[n_attach].item)
		n_attach++;
	for (i = 0; i < p->plan.n_actions && p->trouble < TROUBLE_MODULE; i++, a++) {
		struct err e = { 0 };

		/* One grace period for all: the last one's covers the others. */
		t = a->item ? fence(p, a, i + 1 == n_attach, &e) : detach(p, a, &e);
		if (t != TROUBLE_NONE)
			action_failed(p, a, t, &e);
		else if (a->item)
			a->item->state = RECONCILE_FENCED;
		if (t > p->trouble)
			p->trouble = t;
		if (p->s->alive)
			p->s->alive(p->s->alive_data);
	}
}

/* ---- what is said about it ---- */

static void log_state(const struct reconcile_item *item)
{
	const struct config_netns *want = item->want, *first;

	switch (item->state) {
	case RECONCILE_MANUAL:
		log_warning("%s (inode %u) is fenced by hand: left alone (nsfence detach %s, then %s is applied)",
			    want->name, item->inode, want->name, want->source);
		break;
	case RECONCILE_CONFLICT:
		first = item->leader->want;
		log_error("%s (%s) and %s (%s) are one namespace (inode %u) and wish for different fences: that of %s, which comes first, is applied",
			  want->name, want->source, first->name, first->source,
			  item->inode, first->name);
		break;
	case RECONCILE_INITIAL:
		log_error("%s (%s) is the initial network namespace, the host's own: refused",
			  want->name, want->source);
		break;
	default:
		break;
	}
}

static void count(struct pass *p, struct reconcile_item *item)
{
	struct sync_summary *sum = p->sum;

	switch (item->state) {
	case RECONCILE_FENCED:
		if (sync_policy_bad(p->s, item->want))	/* the old version of it */
			sum->failed++;
		else
			sum->fenced++;
		break;
	case RECONCILE_ABSENT:
		sum->absent++;
		break;
	case RECONCILE_PENDING:
		sum->pending++;
		break;
	case RECONCILE_MANUAL:
		sum->manual++;
		break;
	case RECONCILE_CONFLICT:
		sum->failed++;
		note_problem(p, item->want->name, "in conflict with another name of the namespace");
		break;
	case RECONCILE_INITIAL:
		sum->failed++;
		note_problem(p, item->want->name, "is the initial network namespace");
		break;
	default:	/* the action failed, or was not reached */
		sum->failed++;
	}
}

/* Once for each time that it lasts: @r is what was said about it. */
static void log_pending(struct pass *p, const struct reconcile_item *item,
			const struct sync_report *r, struct sync_report *now)
{
	const struct config_netns *want = item->want;
	uint64_t since = clock_ms();

	if (r->state == (int)item->state && !r->pending_since)
		return;
	if (r->state == (int)item->state)
		since = r->pending_since;
	if (clock_ms() < since + PENDING_MS) {
		now->pending_since = since;
		if (!p->pending_due || since + PENDING_MS < p->pending_due)
			p->pending_due = since + PENDING_MS;
	} else if (item->link) {
		log_warning("%s (%s): " SELECT_NETNS_DIR "/%s is a symbolic link, which is not followed: not fenced (ip netns attach NAME PID makes a mount)",
			    want->name, want->source, want->name);
	} else {
		log_warning("%s (%s): " SELECT_NETNS_DIR "/%s is a file, and no namespace is mounted on it: nothing to fence",
			    want->name, want->source, want->name);
	}
}

static void report(struct pass *p)
{
	struct sync *s = p->s;
	size_t i;

	p->sum->configured = p->plan.n_items;
	for (i = 0; i < p->plan.n_items; i++) {
		struct reconcile_item *item = &p->plan.items[i];
		struct sync_report *r = &s->reports[i], now;

		/* Followers fare as the first name of their namespace did. */
		if (item->leader && item->state != RECONCILE_CONFLICT)
			item->state = item->leader->state;
		count(p, item);
		if (p->errnums[i])
			continue;	/* action_failed() has seen to it */
		if (r->state != (int)item->state || r->inode != item->inode)
			log_state(item);
		now = (struct sync_report){ .state = item->state, .inode = item->inode };
		if (item->state == RECONCILE_PENDING)
			log_pending(p, item, r, &now);
		*r = now;
	}

	p->sum->nameless = p->plan.n_nameless;
}

/*
 * A namespace that is being deleted loses its name a moment before it dies.
 * What is still so when all is looked at again is worth a line.
 */
static void log_nameless(struct pass *p)
{
	if (p->plan.n_nameless > p->s->nameless)
		log_info("fenced namespaces without a name: %zu; they stay fenced for as long as they live",
			 p->plan.n_nameless);
	p->s->nameless = p->plan.n_nameless;
}

/* ---- the pass ---- */

static bool same_names(const struct sync *s, const struct pass *p)
{
	size_t i;

	if (!s->has_names || s->n_names != p->n_names)
		return false;
	for (i = 0; i < p->n_names; i++)
		if (s->names[i].inode != p->names[i].inode ||
		    s->names[i].link != p->names[i].link ||
		    strcmp(s->names[i].name, p->names[i].name))
			return false;
	return true;
}

/* 0; 1: nothing to do; or negative, with the pass given up. */
static int run(struct pass *p, enum sync_scope scope, struct err *e)
{
	struct sync *s = p->s;
	int ret = 0;

	if (scope == SYNC_MODULE || !s->requests)
		ret = sync_open(s, e);
	if (!ret)
		ret = select_names(&p->names, &p->n_names, e);
	if (ret)
		return ret;
	if (scope == SYNC_NAMES && same_names(s, p))
		return 1;

	ret = set_policies(p, e);
	if (!ret)
		ret = genl_netns_dump(s->requests, &p->actual, &p->n_actual, e);
	if (ret)
		return ret;
	ret = reconcile_plan(s->config, p->names, p->n_names, p->actual, p->n_actual,
			     &p->plan);
	p->errnums = calloc(s->config->n_netns + 1, sizeof(*p->errnums));
	if (ret || !p->errnums)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	carry_out(p);
	if (p->trouble < TROUBLE_MODULE)
		sync_policy_delete(s, p->policies, p->n_policies);
	report(p);
	if (scope == SYNC_MODULE)
		log_nameless(p);
	return 0;
}

static unsigned int back_off(unsigned int *ms, unsigned int first, unsigned int last)
{
	*ms = !*ms ? first : *ms * 2 < last ? *ms * 2 : last;
	return *ms;
}

static void plan_retry(struct sync *s, enum trouble t, struct sync_result *r)
{
	if (t != TROUBLE_SOON)
		s->soon_ms = 0;
	if (t < TROUBLE_SLOW)
		s->slow_ms = 0;
	switch (t) {
	case TROUBLE_NONE:
		break;
	case TROUBLE_SOON:
		r->retry_ms = back_off(&s->soon_ms, SOON_FIRST_MS, SOON_LAST_MS);
		r->retry_scope = SYNC_FENCES;
		r->soon = true;
		break;
	case TROUBLE_RELOADED:
		r->retry_ms = 1;
		r->retry_scope = SYNC_MODULE;
		break;
	case TROUBLE_SLOW:
	case TROUBLE_MODULE:
		r->retry_ms = back_off(&s->slow_ms, SLOW_FIRST_MS, SLOW_LAST_MS);
		r->retry_scope = t == TROUBLE_MODULE ? SYNC_MODULE : SYNC_FENCES;
		break;
	}
}

void sync_pass(struct sync *s, enum sync_scope scope, struct sync_result *r)
{
	struct pass p = { .s = s, .sum = &r->summary };
	struct err e = { 0 };
	int ret;

	*r = (struct sync_result){ 0 };
	ret = run(&p, scope, &e);
	if (ret == 1) {
		r->unchanged = true;
		goto out;
	}
	if (ret < 0) {
		p.trouble = judge(-ret, &e);
		/* The dump keeps being interrupted, or the like: not the module. */
		if (p.trouble == TROUBLE_NONE)
			p.trouble = TROUBLE_SLOW;
		note_problem(&p, "", e.text);
		if (!s->was_incomplete)
			log_error("%s; fences that are up stay up, trying again", e.text);
	}
	if (p.trouble >= TROUBLE_MODULE) {
		close_module(s);
		s->was_unreachable = true;
	}

	r->complete = ret == 0 && p.trouble < TROUBLE_MODULE;
	if (r->complete && s->was_unreachable)
		log_info("the module is reachable again");
	if (r->complete)
		s->was_unreachable = false;
	s->was_incomplete = !r->complete;

	free(s->names);
	s->names = p.names;
	s->n_names = p.n_names;
	s->has_names = r->complete;
	p.names = NULL;
	plan_retry(s, p.trouble, r);
	if (p.pending_due && !r->retry_ms) {
		r->retry_ms = p.pending_due > clock_ms() ? p.pending_due - clock_ms() : 1;
		r->retry_scope = SYNC_FENCES;
	}
out:
	free(p.names);
	free(p.actual);
	free(p.policies);
	free(p.errnums);
	reconcile_plan_clean(&p.plan);
}
