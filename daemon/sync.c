// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes over all namespaces. See sync.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gather.h"
#include "log.h"
#include "sync_pass.h"
#include "sync_status.h"
#include "utf8.h"

/* A namespace under construction is ready in no time; memory is not. */
#define SOON_FIRST_MS	10
#define SLOW_FIRST_MS	250
#define SLOW_LAST_MS	30000

/* ---- the backend ---- */

/* Somebody may have died, and we have not heard of it. */
static void missed(struct sync *s)
{
	gather_missed(&s->bindings);
	s->n_bare = 0;
}

static void died(struct sync *s, const struct genl_netns *n)
{
	size_t i;

	gather_died(&s->bindings, n);
	for (i = s->n_bare; i--;)
		if (s->bare[i] == n->inode)
			s->bare[i] = s->bare[--s->n_bare];
}

static void close_backend(struct sync *s)
{
	backend_close(s->backend);
	s->backend = NULL;
	missed(s);
}

enum backend_kind sync_wanted_kind(const struct config *c)
{
	return c->backend == CONFIG_BACKEND_NFT ? BACKEND_NFT : BACKEND_MODULE;
}

/* Of the kind that is in use, or, at first, that the configuration asks for. */
static int open_kind(const struct sync *s, struct backend **out, struct err *e)
{
	enum backend_kind kind = s->has_kind ? s->kind : sync_wanted_kind(s->config);
	struct err module, nft;
	int ret = backend_open(kind, out, e);

	if (!ret || s->has_kind || s->config->backend != CONFIG_BACKEND_AUTO ||
	    e->exit != EXIT_UNREACHABLE)
		return ret;
	module = *e;
	ret = backend_open(BACKEND_NFT, out, e);
	if (ret) {
		nft = *e;
		return err_set(e, nft.errnum, EXIT_UNREACHABLE, "%.240s; and nftables: %.240s",
			       module.text, nft.text);
	}
	log_warning("backend = auto: %s; fences are made with nftables, which gives less (see nsfence status)",
		    module.text);
	return 0;
}

static void on_event(void *data, enum genl_event_type type, const struct genl_netns *n);

struct heard {
	struct sync *s;
	bool needed;
};

/*
 * The one before is listened to until the new one listens: then nothing that
 * happened in between is lost, no death above all.
 */
static void change_backend(struct sync *s, struct backend *new)
{
	struct heard heard = { .s = s };
	const struct genl_listener listener = { .lifecycle = on_event, .data = &heard };
	struct err e = { 0 };

	if (!s->backend || backend_events(s->backend, &listener, &e))
		missed(s);
	backend_close(s->backend);
	s->backend = new;
	s->kind = backend_kind(new);
}

int sync_open(struct sync *s, struct err *e)
{
	struct backend *new;
	struct err own = { 0 };
	int ret;

	if (!e)
		e = &own;
	ret = open_kind(s, &new, e);
	if (ret) {
		close_backend(s);
		return ret;
	}
	change_backend(s, new);
	if (!s->has_kind) {
		s->has_kind = true;
		sync_find_leftovers(s);
		sync_mark_kind(s);
	}
	return 0;
}

int sync_prepare(struct sync *s, const struct config *c, struct err *e)
{
	enum backend_kind wanted = sync_wanted_kind(c);
	int ret;

	backend_close(s->next);
	s->next = NULL;
	/* What is in use and not reachable now goes on as it is, and is tried again. */
	if (!s->has_kind || s->kind == wanted || (s->old && backend_kind(s->old) == wanted))
		return 0;
	ret = backend_open(wanted, &s->next, e);
	/* The module may come later; at the next loading it is asked for again. */
	return c->backend == CONFIG_BACKEND_AUTO ? 0 : ret;
}

/*
 * What sync_prepare() opened comes into use, or the former one again, where not all
 * was handed over yet; the other is kept until it has nothing left.
 */
static void take_next(struct sync *s, const struct config *c)
{
	if (s->has_kind && s->kind != sync_wanted_kind(c) && !s->next && s->old) {
		s->next = s->old;
		s->old = NULL;
	}
	if (!s->next)
		return;
	log_info("backend %s takes the place of backend %s", backend_name(backend_kind(s->next)),
		 backend_name(s->kind));
	backend_close(s->old);
	s->old = s->backend;
	s->backend = s->next;
	s->kind = backend_kind(s->next);
	if (!s->old)		/* it is not reachable now, or was closed */
		sync_find_leftovers(s);
	s->next = NULL;
	s->old_settled = false;
	s->n_released = 0;	/* of the other backend */
	free(s->held);
	s->held = NULL;
	s->n_held = 0;
	sync_mark_kind(s);
	missed(s);
}

int sync_events_fd(const struct sync *s)
{
	return s->backend ? backend_events_fd(s->backend) : -1;
}

/*
 * A fence that was taken off may be one of ours, and one that was put on by
 * hand changes what is reported. So does a fence that died with its namespace:
 * the number may be given to a new namespace of the same name before anybody
 * looks, and then the names tell nothing. (The module says so before the number
 * is free again.) A birth shows in the names, unless it has a fence that nobody
 * wished for; and the fences that passes themselves attach are no news.
 */
static void on_event(void *data, enum genl_event_type type, const struct genl_netns *n)
{
	struct heard *h = data;

	if (type == GENL_EVENT_DIED)
		died(h->s, n);
	if (type == GENL_EVENT_DETACHED ||
	    ((type == GENL_EVENT_DIED || type == GENL_EVENT_BORN) && n->instance) ||
	    (type == GENL_EVENT_ATTACHED && n->flags & GENL_F_MANUAL))
		h->needed = true;
}

bool sync_events(struct sync *s, enum sync_scope *scope)
{
	struct heard heard = { .s = s };
	const struct genl_listener listener = { .lifecycle = on_event, .data = &heard };
	struct err e = { 0 };
	int ret;

	*scope = SYNC_FENCES;
	if (!s->backend)
		return false;
	ret = backend_events(s->backend, &listener, &e);
	if (!ret)
		return heard.needed;
	log_warning("%s; looking at every namespace again", e.text);
	missed(s);
	if (ret != -ENOBUFS) {
		close_backend(s);
		*scope = SYNC_MODULE;
	}
	return true;
}

int sync_wake_fd(const struct sync *s)
{
	return s->units ? units_fd(s->units) : -1;
}

bool sync_wake(struct sync *s, enum sync_scope *scope)
{
	*scope = SYNC_NAMES;
	return s->units && units_turn(s->units);
}

/* ---- configuration ---- */

static const char *bindings_file(const struct sync *s)
{
	return s->bindings_file ? s->bindings_file : BINDINGS_FILE;
}

static int configure_bindings(struct sync *s, const struct config *c)
{
	struct err e = { 0 };

	if (!s->has_bindings && bindings_load(bindings_file(s), &s->bindings, &e)) {
		log_error("%s: to what sections of kind pid and inode were bound is not known, they have ended",
			  e.text);
		s->bindings = (struct bindings){ .damaged = true };
	}
	s->has_bindings = true;
	return bindings_configure(&s->bindings, c);
}

static int configure_units(struct sync *s, const struct config *c)
{
	const char **names = calloc(c->n_sections + 1, sizeof(*names));
	size_t i, n = 0;
	int ret = 0;

	if (!names)
		return -ENOMEM;
	for (i = 0; i < c->n_sections; i++)
		if (c->sections[i].kind == CONFIG_UNIT)
			names[n++] = c->sections[i].name;
	if (n && !s->units)
		s->units = units_open();
	if (n && !s->units)
		ret = -ENOMEM;
	else if (s->units)
		ret = units_want(s->units, names, n);
	free(names);
	return ret;
}

int sync_configure(struct sync *s, const struct config *c)
{
	uint64_t *released;
	size_t n;

	if (sync_release(s, c, &released, &n))
		return -ENOMEM;
	if (configure_units(s, c) || configure_bindings(s, c) || sync_policy_configure(s, c)) {
		free(released);
		return -ENOMEM;
	}
	free(s->released);
	s->released = released;
	s->n_released = n;
	take_next(s, c);
	sync_report_clean(s);	/* what is amiss is said again for each configuration */
	s->config = c;
	/* They point into the former configuration. */
	gather_free(s->names, s->n_names);
	s->names = NULL;
	s->n_names = 0;
	s->has_names = false;
	s->birth_problem[0] = 0;
	s->soon_ms = s->slow_ms = 0;
	return 0;
}

void sync_close(struct sync *s)
{
	backend_close(s->backend);
	backend_close(s->next);
	backend_close(s->old);
	s->backend = s->next = s->old = NULL;
	sync_policy_clean(s);
	sync_report_clean(s);
	sync_status_clean(s);
	bindings_clean(&s->bindings);
	units_close(s->units);
	gather_free(s->names, s->n_names);
	free(s->held);
	free(s->bare);
	s->bare = NULL;
	s->n_bare = 0;
	free(s->released);
	s->released = NULL;
	s->n_released = 0;
	s->units = NULL;
	s->names = NULL;
	s->held = NULL;
	s->has_names = s->has_bindings = s->has_kind = false;
}

/* Before anything is done on account of them. */
static void save_bindings(struct sync *s)
{
	struct err e = { 0 };

	if (!bindings_save(bindings_file(s), &s->bindings, &e)) {
		s->bindings_failed = false;
		return;
	}
	if (!s->bindings_failed)
		log_error("%s; a restarted daemon will not know to what sections of kind pid and inode are bound",
			  e.text);
	s->bindings_failed = true;
}

/* ---- the pass ---- */

void sync_note_problem(struct pass *p, const char *who, const char *what)
{
	struct sync_summary *sum = &p->r->summary;

	if (!sum->problem[0])
		snprintf(sum->problem, sizeof(sum->problem), "%.*s%s%.*s",
			 (int)utf8_cut(who, 80), who, *who ? ": " : "",
			 (int)utf8_cut(what, 150), what);
}

/* The files of policies into the backend, before any fence needs them. */
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
		sync_note_problem(p, who, s->policies[i].why);
	}
	return ret;
}

/* What has a name, and what is fenced -> a plan. */
static int decide(struct pass *p, struct err *e)
{
	struct sync *s = p->s;
	struct reconcile_world w = { .config = s->config, .claims = &p->claims };
	int ret;

	ret = backend_netns_dump(s->backend, &p->actual, &p->n_actual, e);
	if (ret)
		return ret;
	gather_inodes(p->names, p->n_names, &s->bindings, p->actual, p->n_actual, s->backend);
	save_bindings(s);
	w.actual = p->actual;
	w.n_actual = p->n_actual;
	w.take_over = p->take_over;
	w.released = s->released;
	w.n_released = s->n_released;
	if (claims_make(s->config, p->names, p->n_names, &p->claims) ||
	    reconcile_plan(&w, &p->plan))
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	p->outcomes = calloc(p->plan.n_items + 1, sizeof(*p->outcomes));
	return p->outcomes ? 0 : err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
}

/* 0; 1: nothing to do; or negative, with the pass given up. */
static int run(struct pass *p, enum sync_scope scope, struct err *e)
{
	struct sync *s = p->s;
	int ret = 0;

	/* nft is never loaded anew, and remembers what it is opened for. */
	if (!s->backend || (scope == SYNC_MODULE && s->kind == BACKEND_MODULE))
		ret = sync_open(s, e);
	if (!ret)
		ret = gather_names(s->config, &s->bindings, s->units, &p->names, &p->n_names, e);
	if (ret)
		return ret;
	if (scope == SYNC_NAMES && s->has_names &&
	    gather_same(s->names, s->n_names, p->names, p->n_names) && !s->bindings.dirty)
		return 1;

	ret = set_policies(p, e);
	if (!ret)
		ret = sync_set_birth(p, e);
	if (!ret)
		ret = decide(p, e);
	if (ret)
		return ret;
	sync_carry_out(p);
	if (p->trouble < TROUBLE_BACKEND) {
		sync_policy_delete(s, p->policies, p->n_policies);
		sync_hand_over(p);
	}
	sync_report(p);
	return 0;
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
		r->retry_ms = back_off(&s->soon_ms, SOON_FIRST_MS, SYNC_SOON_LAST_MS);
		r->retry_scope = SYNC_FENCES;
		r->soon = true;
		break;
	case TROUBLE_RELOADED:
		r->retry_ms = 1;
		r->retry_scope = SYNC_MODULE;
		break;
	case TROUBLE_SLOW:
	case TROUBLE_BACKEND:
		r->retry_ms = back_off(&s->slow_ms, SLOW_FIRST_MS, SLOW_LAST_MS);
		r->retry_scope = t == TROUBLE_BACKEND ? SYNC_MODULE : SYNC_FENCES;
		break;
	}
}

/* The pass was given up before it came to the namespaces. */
static void give_up(struct pass *p, int ret, const struct err *e)
{
	p->trouble = sync_judge(-ret, e);
	/* The dump keeps being interrupted, or the like: not the backend. */
	if (p->trouble == TROUBLE_NONE)
		p->trouble = TROUBLE_SLOW;
	sync_note_problem(p, "", e->text);
	if (!p->s->was_incomplete)
		log_error("%s; fences that are up stay up, trying again", e->text);
}

/* The names of a pass that was complete spare the next one some work. */
static void keep_names(struct pass *p)
{
	struct sync *s = p->s;

	gather_free(s->names, s->n_names);
	s->names = p->names;
	s->n_names = p->n_names;
	s->has_names = p->r->complete;
	p->names = NULL;
	p->n_names = 0;
}

static void finish(struct pass *p, enum sync_scope scope, int ret)
{
	struct sync *s = p->s;
	struct sync_result *r = p->r;
	uint64_t now, ms;

	if (p->trouble >= TROUBLE_BACKEND) {
		close_backend(s);
		s->was_unreachable = true;
	}
	r->complete = ret == 0 && p->trouble < TROUBLE_BACKEND;
	if (r->complete && scope == SYNC_MODULE)
		log_nameless(p);
	if (r->complete && s->was_unreachable)
		log_info("the %s is reachable again",
			 s->kind == BACKEND_MODULE ? "module" : "nft backend");
	if (r->complete)
		s->was_unreachable = false;
	s->was_incomplete = !r->complete;
	plan_retry(s, p->trouble, r);
	now = clock_ms();
	ms = p->pending_due > now ? p->pending_due - now : 1;
	if (p->pending_due && p->trouble < TROUBLE_BACKEND && (!r->retry_ms || ms < r->retry_ms)) {
		r->retry_ms = ms;
		r->retry_scope = SYNC_FENCES;
	}
	keep_names(p);
}

void sync_pass(struct sync *s, unsigned int scope, struct sync_result *r)
{
	struct pass p = { .s = s, .r = r, .take_over = scope & SYNC_TAKE_OVER };
	enum sync_scope how = scope & ~SYNC_TAKE_OVER;
	struct err e = { 0 };
	int ret;

	*r = (struct sync_result){ 0 };
	ret = run(&p, p.take_over && how < SYNC_FENCES ? SYNC_FENCES : how, &e);
	if (ret == 1) {
		r->unchanged = true;
	} else {
		if (ret < 0)
			give_up(&p, ret, &e);
		finish(&p, how, ret);
	}
	save_bindings(s);
	gather_free(p.names, p.n_names);
	free(p.actual);
	free(p.policies);
	free(p.outcomes);
	claims_clean(&p.claims);
	reconcile_plan_clean(&p.plan);
}

void sync_result_clean(struct sync_result *r)
{
	free(r->taken);
	r->taken = NULL;
	r->n_taken = 0;
}

size_t sync_statuses(const struct sync *s, const struct sync_status **out)
{
	*out = s->statuses;
	return s->n_statuses;
}
