/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile: what is configured, what has a name, what is fenced -> what to do.
 *
 * A pure function: it opens nothing, prints nothing and remembers nothing.
 * Run twice on the same three lists it gives the same plan, and on the lists
 * that its own plan leads to, an empty one. So the daemon needs no state of
 * its own, and a restarted one changes nothing that is right already.
 *
 * "Ours" is a fence without GENL_F_MANUAL.
 *
 *   named, configured   no fence               attach
 *                       ours, as wished        -
 *                       ours, otherwise        replace
 *                       manual                 - (reported)
 *   named, unclaimed    ours                   detach
 *                       manual, or none        -
 *   without a name      any                    -
 *
 * A name that is a symbolic link names nothing: to what it leads now, perhaps
 * /proc/PID/ns/net, it may not lead in a moment, when the number of the process
 * is given to another.
 *
 * The last line: `ip netns del` takes the name, and the namespace lives on
 * while a process is in it. That it cannot be named any more is no reason to
 * open it; the fence goes with the namespace.
 */
#ifndef NSF_RECONCILE_H
#define NSF_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "genl.h"
#include "select.h"

enum reconcile_state {
	RECONCILE_FENCED,	/* as wished */
	RECONCILE_ATTACH,	/* has no fence: an action says attach */
	RECONCILE_REPLACE,	/* has another of ours: an action says replace */
	RECONCILE_ABSENT,	/* no such name */
	RECONCILE_PENDING,	/* the file is there, and no mount of a namespace */
	RECONCILE_MANUAL,	/* fenced by hand: left alone */
	RECONCILE_CONFLICT,	/* ->leader claims the namespace and wishes otherwise */
	RECONCILE_INITIAL,	/* the name leads to the initial namespace: refused */
	RECONCILE_STATES,
};

/* One [netns NAME] of the configuration. */
struct reconcile_item {
	const struct config_netns *want;
	uint32_t inode;			/* 0: absent or pending */
	bool link;			/* pending: it is a symbolic link */
	enum reconcile_state state;
	/*
	 * Another name of the same namespace, earlier in the configuration:
	 * the fence is made, or not, on its account. NULL: this is the one.
	 */
	struct reconcile_item *leader;
};

enum reconcile_verb {
	RECONCILE_DO_ATTACH,
	RECONCILE_DO_REPLACE,
	RECONCILE_DO_DETACH,
};

struct reconcile_action {
	enum reconcile_verb verb;
	struct reconcile_item *item;		/* NULL: detach */
	const struct genl_netns *actual;	/* detach: the fence; else or NULL */
};

struct reconcile_plan {
	struct reconcile_item *items;		/* parallel to config's netns[] */
	size_t n_items;
	struct reconcile_action *actions;	/* attach and replace, then detach */
	size_t n_actions;
	size_t n_nameless;			/* ours, and without a name */
};

/*
 * @names as of select_names(), @actual as of genl_netns_dump(). The plan
 * points into @c and @actual, which must outlive it. 0 or -ENOMEM.
 */
int reconcile_plan(const struct config *c,
		   const struct netns_name *names, size_t n_names,
		   const struct genl_netns *actual, size_t n_actual,
		   struct reconcile_plan *out);
void reconcile_plan_clean(struct reconcile_plan *plan);

#endif /* NSF_RECONCILE_H */
