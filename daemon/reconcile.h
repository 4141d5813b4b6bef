/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile: what is claimed, what is fenced -> what to do.
 *
 * A pure function: it opens nothing, prints nothing and remembers nothing.
 * Run twice on the same lists it gives the same plan, and on the lists that its
 * own plan leads to, an empty one. So the daemon needs no state of its own, and
 * a restarted one changes nothing that is right already.
 *
 * "Ours" is a fence without GENL_F_MANUAL.
 *
 *   claimed             no fence               attach
 *                       ours, as wished        -
 *                       ours, otherwise        replace
 *                       manual                 - (reported); replace where @take_over
 *   claimed, none       ours                   detach
 *                       manual                 - (reported); detach where @take_over
 *                       no fence               -
 *   unclaimed           manual, or none        -
 *     inherited         as the parent's, below
 *     of birth          replace by what birth is now; detach where that is nothing
 *     else ours         detach if the namespace has a name, or is @released; else -
 *
 * An inherited fence, while nobody claims its namespace, is what the parent's is to
 * be: that of a section or of birth (replace), unless it does not inherit, or the
 * parent has none (detach). Where the parent is not known, or has died (then
 * ->parent is an ancestor, which may have another fence, or none), it stays as it
 * is: nobody gets rid of a fence by the end of a process.
 *
 * Nothing without a name is opened because of that: `ip netns del` takes the name, and
 * the namespace lives on while a process is in it. Its fence goes with it.
 *
 * The initial namespace is never fenced. A section that names it is refused; a glob
 * just does not mean it (docker mounts it at /run/docker/netns/default).
 */
#ifndef NSF_RECONCILE_H
#define NSF_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "claims.h"
#include "config.h"
#include "genl.h"

enum reconcile_state {
	RECONCILE_FENCED,	/* as wished */
	RECONCILE_ATTACH,	/* has no fence: an action says attach */
	RECONCILE_REPLACE,	/* has another of ours: an action says replace */
	RECONCILE_TAKE_OVER,	/* fenced by hand: an action says replace, or detach */
	RECONCILE_DETACH,	/* has one of ours, and is to have none: an action says so */
	RECONCILE_LACKING,	/* there is no namespace: the claim's name says why */
	RECONCILE_MANUAL,	/* fenced by hand: left alone */
	RECONCILE_EXEMPT,	/* policy none, and no fence */
	RECONCILE_INITIAL,	/* the name leads to the initial namespace: refused */
	RECONCILE_HOST,		/* a glob meets the initial namespace: passed over */
	RECONCILE_LEFT,		/* ours, and nobody to ask what it should be */
	RECONCILE_STATES,
};

struct reconcile_item {
	uint32_t inode;			/* 0: lacking */
	enum reconcile_state state;
	const struct claim *claim;	/* NULL: nobody claims it */
	const struct genl_netns *actual;	/* NULL: not in the dump, or lacking */
	/*
	 * What it is to have; ->policy NULL: no fence. The section's, that of birth,
	 * or the parent's; borrowed.
	 */
	struct genl_fence wish;
	const struct config_section *want;	/* whose wish it is; NULL: birth, or nobody */
	const struct config_policy *file;	/* of wish.policy; NULL: a built-in */
	uint32_t parent;		/* whose wish it takes over; 0: nobody's */
};

enum reconcile_verb {
	RECONCILE_DO_ATTACH,
	RECONCILE_DO_REPLACE,
	RECONCILE_DO_DETACH,
};

struct reconcile_action {
	enum reconcile_verb verb;
	struct reconcile_item *item;
};

struct reconcile_plan {
	/* Of each claim, in their order; then of each fence that nobody claims. */
	struct reconcile_item *items;
	size_t n_items;
	struct reconcile_action *actions;	/* attach and replace, then detach */
	size_t n_actions;
	size_t n_nameless;			/* ours, and without a name */
};

/* @actual as of backend_netns_dump(). The plan points into all of it. */
struct reconcile_world {
	const struct config *config;
	const struct claims *claims;
	const struct genl_netns *actual;
	size_t n_actual;
	bool take_over;			/* fences by hand that a section claims */
	/*
	 * Instances, sorted, of what sections of kind pid, unit and inode claimed that are
	 * not in the configuration any more: without a name, and still to be laid open.
	 */
	const uint64_t *released;
	size_t n_released;
};

/* 0 or -ENOMEM. */
int reconcile_plan(const struct reconcile_world *w, struct reconcile_plan *out);
void reconcile_plan_clean(struct reconcile_plan *plan);

#endif /* NSF_RECONCILE_H */
