// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision of the daemon. See reconcile.h.
 *
 * All lists meet in inode numbers. An inode number is reused, but not while its
 * namespace lives, and a name keeps its namespace alive; whether the lists are of
 * one moment is not decided here but when an action is carried out: attach by open
 * descriptor or cookie, detach by instance id.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile.h"

#define WISH_FLAGS	(GENL_F_STRICT | GENL_F_FORWARD_ACCEPT | GENL_F_INHERIT)
#define DEFAULT_HOOKS	(1u << GENL_HOOK_INPUT | 1u << GENL_HOOK_FORWARD |	\
			 1u << GENL_HOOK_OUTPUT)

/* What a namespace is to have, as its children ask. */
enum outcome {
	OUTCOME_OPEN,		/* not looked at yet */
	OUTCOME_ASKING,		/* of those on the way to the answer */
	OUTCOME_WISH,		/* a fence that inherits */
	OUTCOME_NONE,		/* no fence, or one that does not inherit */
	OUTCOME_LEAVE,		/* nobody can tell: what is there stays */
};

struct fate {
	enum outcome outcome;
	struct genl_fence wish;
	const struct config_section *want;
	const struct config_policy *file;
};

struct planner {
	const struct reconcile_world *w;
	struct reconcile_plan *plan;
	struct fate *fates;		/* parallel to w->actual */
	size_t *way;			/* room for all of them */
};

static uint32_t hooks_or_default(uint32_t hooks)
{
	return hooks ? hooks : DEFAULT_HOOKS;
}

/* Policy audit is audit in either mode, and the module reports it as that. */
static enum genl_mode mode_in_effect(const char *policy, enum genl_mode mode)
{
	return strcmp(policy, "audit") ? mode : GENL_MODE_AUDIT;
}

/*
 * The source is for people: where it alone differs, nothing is wrong. The hooks of
 * a policy that is a file are its own. Whether the backend has that file's version
 * of the policy is not the fence's matter: sync sees to it before.
 */
static bool is_as_wished(const struct reconcile_item *item)
{
	const struct genl_fence *wish = &item->wish;
	const struct genl_netns *have = item->actual;

	return !strcmp(have->policy, wish->policy) &&
	       mode_in_effect(have->policy, have->mode) ==
	       mode_in_effect(wish->policy, wish->mode) &&
	       (item->file || hooks_or_default(have->hooks) == hooks_or_default(wish->hooks)) &&
	       !((have->flags ^ wish->flags) & WISH_FLAGS);
}

/* ---- wishes ---- */

static void wish_section(struct genl_fence *wish, const struct config_section *s)
{
	*wish = (struct genl_fence){
		.policy = s->none ? NULL : s->policy,
		.mode = s->mode, .hooks = s->hooks, .flags = s->flags, .source = s->source,
	};
}

/* All that are born with it hand it on, and are known by their flag. */
static void wish_birth(struct genl_fence *wish, const struct config *c)
{
	*wish = c->birth;
	wish->flags |= GENL_F_INHERIT;
	wish->source = "birth";
}

static bool has_birth(const struct config *c)
{
	return c->birth.policy && strcmp(c->birth.policy, GENL_BIRTH_NONE);
}

static int compare_inodes(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_actual(const void *key, const void *entry)
{
	return compare_inodes(*(const uint32_t *)key, ((const struct genl_netns *)entry)->inode);
}

static const struct genl_netns *find_actual(const struct planner *p, uint32_t inode)
{
	const struct reconcile_world *w = p->w;

	return w->n_actual && inode ?
	       bsearch(&inode, w->actual, w->n_actual, sizeof(*w->actual), compare_actual) : NULL;
}

static int compare_instances(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

static bool is_released(const struct planner *p, const struct genl_netns *n)
{
	const struct reconcile_world *w = p->w;

	return w->n_released && bsearch(&n->instance, w->released, w->n_released,
					sizeof(*w->released), compare_instances);
}

/* Of a namespace whose own fence tells, or its section. False: it is the parent's. */
static bool own_fate(const struct planner *p, const struct genl_netns *n, struct fate *out)
{
	const struct claim *claim = claims_find(p->w->claims, n->inode);
	const struct config *c = p->w->config;

	out->outcome = OUTCOME_LEAVE;
	if (n->flags & GENL_F_INITIAL)
		return true;
	/* A fence by hand stays, and what came of it is by hand, too. */
	if (n->instance && n->flags & GENL_F_MANUAL && !(p->w->take_over && claim))
		return true;
	if (claim) {
		wish_section(&out->wish, claim->want);
		out->want = claim->want;
		out->file = claim->want->file;
	} else if (!n->instance) {
		out->outcome = OUTCOME_NONE;
		return true;
	} else if (n->flags & GENL_F_BIRTH) {
		if (has_birth(c))
			wish_birth(&out->wish, c);
		out->file = c->birth_file;
	} else if (n->flags & GENL_F_INHERITED) {
		return n->flags & GENL_F_ORPHAN || !find_actual(p, n->parent);
	} else {
		if (claims_is_named(p->w->claims, n->inode) || is_released(p, n))
			out->outcome = OUTCOME_NONE;
		return true;
	}
	out->outcome = out->wish.policy && out->wish.flags & GENL_F_INHERIT ? OUTCOME_WISH :
		       OUTCOME_NONE;
	return true;
}

/* What becomes of @n, and thereby of its children: up to one who knows, and back. */
static const struct fate *find_fate(struct planner *p, const struct genl_netns *n)
{
	size_t depth = 0, i = (size_t)(n - p->w->actual);
	struct fate fate;

	while (p->fates[i].outcome == OUTCOME_OPEN &&
	       !own_fate(p, &p->w->actual[i], &p->fates[i])) {
		p->fates[i].outcome = OUTCOME_ASKING;
		p->way[depth++] = i;
		i = (size_t)(find_actual(p, p->w->actual[i].parent) - p->w->actual);
	}
	/* Parents in a circle are nobody's. */
	if (p->fates[i].outcome == OUTCOME_ASKING)
		p->fates[i] = (struct fate){ .outcome = OUTCOME_LEAVE };
	fate = p->fates[i];
	while (depth--)
		p->fates[p->way[depth]] = fate;
	return &p->fates[n - p->w->actual];
}

/* ---- one namespace ---- */

static void add_action(struct reconcile_plan *plan, enum reconcile_verb verb,
		       struct reconcile_item *item)
{
	plan->actions[plan->n_actions++] = (struct reconcile_action){ verb, item };
}

/* By what it has, and what it is to have. */
static enum reconcile_state compare_wish(const struct reconcile_item *item)
{
	bool fenced = item->actual && item->actual->instance;

	if (!item->wish.policy)
		return fenced ? RECONCILE_DETACH : RECONCILE_EXEMPT;
	if (!fenced)	/* or not in the dump: younger than it. The backend will know. */
		return RECONCILE_ATTACH;
	return is_as_wished(item) ? RECONCILE_FENCED : RECONCILE_REPLACE;
}

static enum reconcile_state decide_claimed(const struct planner *p,
					   const struct reconcile_item *item)
{
	const struct genl_netns *have = item->actual;

	if (have && have->flags & GENL_F_INITIAL)
		return item->want->glob ? RECONCILE_HOST :
		       item->want->none ? RECONCILE_EXEMPT : RECONCILE_INITIAL;
	if (have && have->instance && have->flags & GENL_F_MANUAL)
		return p->w->take_over ? RECONCILE_TAKE_OVER : RECONCILE_MANUAL;
	return compare_wish(item);
}

static void plan_claim(struct planner *p, const struct claim *claim)
{
	struct reconcile_item *item = &p->plan->items[p->plan->n_items++];

	*item = (struct reconcile_item){
		.inode = claim->inode, .claim = claim, .want = claim->want,
		.file = claim->want->file, .state = RECONCILE_LACKING,
		.actual = find_actual(p, claim->inode),
	};
	wish_section(&item->wish, claim->want);
	if (item->inode)
		item->state = decide_claimed(p, item);
}

/* @n has a fence, and nobody claims it. */
static void plan_unclaimed(struct planner *p, const struct genl_netns *n)
{
	struct reconcile_item *item = &p->plan->items[p->plan->n_items++];
	const struct fate *fate;

	*item = (struct reconcile_item){
		.inode = n->inode, .actual = n, .state = RECONCILE_LEFT,
	};
	if (n->flags & GENL_F_MANUAL) {
		item->state = RECONCILE_MANUAL;
		return;
	}
	fate = find_fate(p, n);
	if (fate->outcome == OUTCOME_LEAVE) {
		p->plan->n_nameless += !(n->flags & (GENL_F_BIRTH | GENL_F_INHERITED));
		return;
	}
	if (fate->outcome == OUTCOME_WISH) {
		item->wish = fate->wish;
		item->want = fate->want;
		item->file = fate->file;
		if (n->flags & GENL_F_INHERITED && !(n->flags & GENL_F_BIRTH))
			item->parent = n->parent;
	}
	item->state = compare_wish(item);
}

static void plan_actions(struct reconcile_plan *plan)
{
	struct reconcile_item *item;
	size_t i;

	for (i = 0; i < plan->n_items; i++) {
		item = &plan->items[i];
		if (item->state == RECONCILE_ATTACH)
			add_action(plan, RECONCILE_DO_ATTACH, item);
		else if (item->state == RECONCILE_REPLACE ||
			 (item->state == RECONCILE_TAKE_OVER && item->wish.policy))
			add_action(plan, RECONCILE_DO_REPLACE, item);
	}
	for (i = 0; i < plan->n_items; i++) {
		item = &plan->items[i];
		if (item->state == RECONCILE_DETACH ||
		    (item->state == RECONCILE_TAKE_OVER && !item->wish.policy))
			add_action(plan, RECONCILE_DO_DETACH, item);
	}
}

int reconcile_plan(const struct reconcile_world *w, struct reconcile_plan *out)
{
	struct planner p = { .w = w, .plan = out };
	int ret = -ENOMEM;
	size_t i;

	/* +1: calloc(0) may be NULL, which is no lack of memory */
	*out = (struct reconcile_plan){ 0 };
	out->items = calloc(w->claims->n + w->n_actual + 1, sizeof(*out->items));
	out->actions = calloc(w->claims->n + w->n_actual + 1, sizeof(*out->actions));
	p.fates = calloc(w->n_actual + 1, sizeof(*p.fates));
	p.way = calloc(w->n_actual + 1, sizeof(*p.way));
	if (!out->items || !out->actions || !p.fates || !p.way) {
		reconcile_plan_clean(out);
		goto out;
	}
	for (i = 0; i < w->claims->n; i++)
		plan_claim(&p, &w->claims->v[i]);
	for (i = 0; i < w->n_actual; i++)
		if (w->actual[i].instance && !(w->actual[i].flags & GENL_F_INITIAL) &&
		    !claims_find(w->claims, w->actual[i].inode))
			plan_unclaimed(&p, &w->actual[i]);
	plan_actions(out);
	ret = 0;
out:
	free(p.fates);
	free(p.way);
	return ret;
}

void reconcile_plan_clean(struct reconcile_plan *plan)
{
	free(plan->items);
	free(plan->actions);
	memset(plan, 0, sizeof(*plan));
}
