// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision of the daemon. See reconcile.h.
 *
 * All three lists meet in inode numbers. An inode number is reused, but not
 * while its namespace lives, and a name keeps its namespace alive; whether the
 * lists are of one moment is not decided here but when an action is carried
 * out: attach by open descriptor, detach by instance id.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile.h"

#define WISH_FLAGS	(GENL_F_STRICT | GENL_F_FORWARD_ACCEPT)
#define DEFAULT_HOOKS	(1u << GENL_HOOK_INPUT | 1u << GENL_HOOK_FORWARD |	\
			 1u << GENL_HOOK_OUTPUT)

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
 * The hooks of a policy that is a file are its own. Whether the module has that
 * file's version of the policy is not the fence's matter: sync sees to it before.
 */
static bool is_same(const char *policy, enum genl_mode mode, uint32_t hooks, uint32_t flags,
		    const struct config_netns *want)
{
	return !strcmp(policy, want->policy) &&
	       mode_in_effect(policy, mode) == mode_in_effect(want->policy, want->mode) &&
	       (want->file || hooks_or_default(hooks) == hooks_or_default(want->hooks)) &&
	       (flags & WISH_FLAGS) == (want->flags & WISH_FLAGS);
}

/* The source is for people: where it alone differs, nothing is wrong. */
static bool is_as_wished(const struct config_netns *want, const struct genl_netns *have)
{
	return is_same(have->policy, have->mode, have->hooks, have->flags, want);
}

static bool is_same_wish(const struct config_netns *a, const struct config_netns *b)
{
	return is_same(a->policy, a->mode, a->hooks, a->flags, b);
}

static int compare_inodes(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

static int compare_actual(const void *key, const void *entry)
{
	return compare_inodes(key, &((const struct genl_netns *)entry)->inode);
}

/* Names of one namespace side by side, the first of the configuration first. */
static int compare_claims(const void *pa, const void *pb)
{
	const struct reconcile_item *a = *(struct reconcile_item *const *)pa;
	const struct reconcile_item *b = *(struct reconcile_item *const *)pb;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return a->want->order < b->want->order ? -1 : a->want->order > b->want->order;
}

static int compare_claim(const void *key, const void *entry)
{
	return compare_inodes(key, &(*(struct reconcile_item *const *)entry)->inode);
}

static enum reconcile_state decide(const struct reconcile_item *item,
				   const struct genl_netns *have)
{
	/* Not in the dump: younger than it. The module will know. */
	if (!have)
		return RECONCILE_ATTACH;
	if (have->flags & GENL_F_INITIAL)
		return RECONCILE_INITIAL;
	if (!have->instance)
		return RECONCILE_ATTACH;
	if (have->flags & GENL_F_MANUAL)
		return RECONCILE_MANUAL;
	return is_as_wished(item->want, have) ? RECONCILE_FENCED : RECONCILE_REPLACE;
}

static void add_action(struct reconcile_plan *plan, enum reconcile_verb verb,
		       struct reconcile_item *item, const struct genl_netns *actual)
{
	plan->actions[plan->n_actions++] = (struct reconcile_action){ verb, item, actual };
}

/* All claims of one namespace: @claim[0..n). */
static void plan_claims(struct reconcile_plan *plan, struct reconcile_item **claim,
			size_t n, const struct genl_netns *have)
{
	struct reconcile_item *leader = claim[0];
	size_t i;

	leader->state = decide(leader, have);
	if (leader->state == RECONCILE_ATTACH)
		add_action(plan, RECONCILE_DO_ATTACH, leader, have);
	else if (leader->state == RECONCILE_REPLACE)
		add_action(plan, RECONCILE_DO_REPLACE, leader, have);

	for (i = 1; i < n; i++) {
		claim[i]->leader = leader;
		claim[i]->state = is_same_wish(leader->want, claim[i]->want) ?
				  leader->state : RECONCILE_CONFLICT;
	}
}

static void resolve_names(struct reconcile_plan *plan, const struct config *c,
			  const struct netns_name *names, size_t n)
{
	struct reconcile_item *item;
	size_t i;

	for (i = 0; i < c->n_netns; i++)
		plan->items[i] = (struct reconcile_item){
			.want = &c->netns[i], .state = RECONCILE_ABSENT,
		};
	for (i = 0; i < n; i++) {
		const struct config_netns *found = config_find(c, names[i].name);

		if (!found)
			continue;
		item = &plan->items[found - c->netns];
		item->link = names[i].link;
		if (!item->link)
			item->inode = names[i].inode;
		if (!item->inode)
			item->state = RECONCILE_PENDING;
	}
}

int reconcile_plan(const struct config *c,
		   const struct netns_name *names, size_t n_names,
		   const struct genl_netns *actual, size_t n_actual,
		   struct reconcile_plan *out)
{
	struct reconcile_item **claims;
	uint32_t *named;
	size_t i, n, n_claims = 0, n_named = 0;
	int ret = -ENOMEM;

	/* +1: calloc(0) may be NULL, which is no lack of memory */
	*out = (struct reconcile_plan){ .n_items = c->n_netns };
	out->items = calloc(c->n_netns + 1, sizeof(*out->items));
	out->actions = calloc(c->n_netns + n_actual + 1, sizeof(*out->actions));
	claims = calloc(c->n_netns + 1, sizeof(*claims));
	named = calloc(n_names + 1, sizeof(*named));
	if (!out->items || !out->actions || !claims || !named) {
		reconcile_plan_clean(out);
		goto out;
	}

	resolve_names(out, c, names, n_names);
	for (i = 0; i < n_names; i++)
		if (names[i].inode && !names[i].link)
			named[n_named++] = names[i].inode;
	for (i = 0; i < out->n_items; i++)
		if (out->items[i].inode)
			claims[n_claims++] = &out->items[i];
	qsort(named, n_named, sizeof(*named), compare_inodes);
	qsort(claims, n_claims, sizeof(struct reconcile_item *), compare_claims);

	for (i = 0; i < n_claims; i += n) {
		for (n = 1; i + n < n_claims && claims[i + n]->inode == claims[i]->inode; n++)
			;
		plan_claims(out, claims + i, n,
			    n_actual ? bsearch(&claims[i]->inode, actual, n_actual,
					       sizeof(*actual), compare_actual) : NULL);
	}

	for (i = 0; i < n_actual; i++) {
		if (!actual[i].instance || actual[i].flags & (GENL_F_MANUAL | GENL_F_INITIAL))
			continue;
		if (bsearch(&actual[i].inode, claims, n_claims,
			    sizeof(struct reconcile_item *), compare_claim))
			continue;
		if (bsearch(&actual[i].inode, named, n_named, sizeof(*named), compare_inodes))
			add_action(out, RECONCILE_DO_DETACH, NULL, &actual[i]);
		else
			out->n_nameless++;
	}
	ret = 0;
out:
	free(claims);
	free(named);
	return ret;
}

void reconcile_plan_clean(struct reconcile_plan *plan)
{
	free(plan->items);
	free(plan->actions);
	memset(plan, 0, sizeof(*plan));
}
