/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach: fences. An attachment is one namespace's fence; its slots are what
 * the netfilter core calls; its rules say what to do.
 *
 *   nsf_net.attachment --> nsf_attachment --rules--> nsf_rules   (replaced whole)
 *                            |  ^   |                  |      |
 *                            |  |   +-- counters       |      +-- named policy (policy.h)
 *                          slots    (per CPU)          +-- states: its counters and limits here
 *                            v  |
 *   core's hook table --> nsf_slot { ops v4, ops v6, attachment, hook or chain }
 *
 * Each is memory of its own and outlives its last reader by a grace period;
 * none keeps the namespace alive.
 */
#ifndef NSF_ATTACH_H
#define NSF_ATTACH_H

#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "builtin.h"
#include "counters.h"

struct net;
struct netlink_ext_ack;
struct nsf_net;
struct nsf_policy;
struct nsf_states;

#define NSF_SOURCE_SIZE 128

/*
 * What a fence does. Immutable once published, but for `states`, `states_lent` and
 * `old`. Each fence has one: in this order it is 192 bytes, as many as the allocator
 * gives.
 */
struct nsf_rules {
	struct rcu_head rcu;
	struct nsf_policy *named;	/* NULL: built in, see policy */
	struct nsf_states __rcu *states;	/* of `named`, or NULL; written under nsf_mutex */
	/*
	 * While traversals may be under way that began with the rules before:
	 * these are enforced too (hook.c). Written under nsf_mutex.
	 */
	struct nsf_rules __rcu *old;
	u64 instance;		/* given when published; never used again */
	u32 hooks;		/* as asked for: bits of 1 << enum nf_inet_hooks */
	enum nsf_builtin policy;
	bool states_lent;	/* nsf_mutex; the rules after these have them */
	bool audit;		/* evaluate and count, then accept */
	bool strict;		/* nothing is exempt */
	bool manual;		/* put up by hand */
	bool forward_accept;	/* forward is not in hooks: accept there */
	bool inherit;		/* namespaces born of this one get the same */
	bool inherited;		/* came from the parent */
	bool birth;		/* came from the policy of births, to it or an ancestor */
	char source[NSF_SOURCE_SIZE];
};

/*
 * The hooks at which these rules judge. Forward is one of them unless it is
 * given up by name: a TUN device and ip_forward lead around the output hook.
 */
static inline u32 nsf_rules_hooks(const struct nsf_rules *rules)
{
	return rules->hooks | (rules->forward_accept ? 0 : 1U << NF_INET_FORWARD);
}

/* Do these rules let everything pass, whatever they count? */
static inline bool nsf_rules_audit(const struct nsf_rules *rules)
{
	return rules->audit || (!rules->named && rules->policy == NSF_BUILTIN_AUDIT);
}

/*
 * Does output stop packets, with exemptions? Then postrouting, if it is not
 * judged itself, looks once more at what left under one of them (hook.c). Not
 * in an audit: there it would count again what output has counted.
 */
static inline bool nsf_rules_recheck(const struct nsf_rules *rules)
{
	return rules->policy != NSF_BUILTIN_ACCEPT && !nsf_rules_audit(rules) &&
	       !rules->strict && rules->hooks & (1U << NF_INET_LOCAL_OUT) &&
	       !(rules->hooks & (1U << NF_INET_POST_ROUTING));
}

/* The hooks that need a slot. */
static inline u32 nsf_rules_slots(const struct nsf_rules *rules)
{
	return nsf_rules_hooks(rules) |
	       (nsf_rules_recheck(rules) ? 1U << NF_INET_POST_ROUTING : 0);
}

struct nsf_attachment {
	struct rcu_head rcu;
	struct list_head list;			/* nsf_mutex */
	struct nsf_net *nn;			/* immutable; until .exit */
	struct nsf_rules __rcu *rules;		/* written under nsf_mutex */
	struct list_head slots;			/* nsf_mutex; struct nsf_slot */
	struct list_head spare;			/* owner's until published, then empty; likewise */
	struct list_head policy_node;		/* nsf_mutex; of rules->named, or empty */
	u64 layout;				/* nsf_mutex; of rules->named, when last seen to */
	bool ct;				/* nsf_mutex; holds the namespace's conntrack on */
	struct nsf_counters __percpu *counters;	/* immutable */
};

/*
 * Puts @rules (copied) around @net, or in the place of what is there when
 * @replace; in the place of instance *@instance only, when that is not 0. With
 * @name, the policy of that name, whatever @rules say. *@instance becomes the
 * new one's. Sleeps; takes nsf_policy_mutex. Caller holds a reference to @net.
 * With @wait, a grace period passes before the return: from then on every
 * packet meets the new rules. Errors (with extack), after which nothing is
 * changed: -ENOENT (no policy @name), -EEXIST, -ESTALE (another instance, or
 * none), -ENOMEM, -EINVAL, -E2BIG (no room among the namespace's hooks), -EPERM
 * (the initial namespace), -EOPNOTSUPP (reject with PREEMPT_RT), -ENODEV (the
 * module is on its way out).
 */
int nsf_attach(struct net *net, const struct nsf_rules *rules, const char *name,
	       bool replace, bool wait, u64 *instance, struct netlink_ext_ack *extack);
/* @instance 0: whatever is there. -ENOENT, -ESTALE (another instance). Takes nsf_policy_mutex. */
int nsf_detach(struct net *net, u64 *instance, bool wait,
	       struct netlink_ext_ack *extack);
/*
 * Takes every fence off, sets births to none, waits a grace period; how many
 * there were. Sleeps.
 */
u32 nsf_detach_all(void);
/* From .exit, under nsf_mutex: the fence goes with its namespace; says `died`. */
void nsf_attach_netns_exit(struct nsf_net *nn);
/* How many fences are up. Takes nsf_mutex. */
u32 nsf_attach_count(void);
/*
 * Brings @att to what its policy needs by now: slots, states, conntrack. On
 * failure it has what it had. Under nsf_mutex; sleeps. -ENOMEM, -E2BIG.
 */
int nsf_attach_grow(struct nsf_attachment *att);
/* Gives back what it does not need any more. Under nsf_mutex. */
void nsf_attach_trim(struct nsf_attachment *att);
/* The state at @place, which no version in force uses, begins anew. Under nsf_mutex. */
void nsf_attach_reset(const struct nsf_attachment *att, u32 place);
/* Adds what the state at @place counted in @att. Under nsf_mutex. */
void nsf_attach_sum(const struct nsf_attachment *att, u32 place, struct nsf_counter_sum *sum);
/* NULL: a built-in one. Under nsf_mutex. */
const struct nsf_policy *nsf_attach_policy(const struct nsf_attachment *att);
/*
 * May there be such rules, with a policy named @name or built in (NULL)? -EINVAL,
 * -EOPNOTSUPP, with extack. Any context.
 */
int nsf_rules_check(const struct nsf_rules *rules, const char *name,
		    struct netlink_ext_ack *extack);
/* Finds the policy of @name for @rules. -ENOENT, with extack. Under nsf_mutex. */
int nsf_rules_resolve(struct nsf_rules *rules, const char *name,
		      struct netlink_ext_ack *extack);
/* The message for an error of growing. */
void nsf_attach_explain(int err, struct netlink_ext_ack *extack);

/* ---- for birth.c ---- */

/* Without rules. Sleeps for memory; NULL. */
struct nsf_attachment *nsf_attachment_alloc(void);
/* One that was never published, with its rules; NULL: nothing. */
void nsf_attachment_free(struct nsf_attachment *att);
/*
 * First fence of @nn's namespace. @att and @rules are taken, even on failure; what
 * memory they hold (spare slots, states of the policy) is used, the rest
 * allocated. Says nothing. Under nsf_mutex; sleeps. -ENOMEM, -E2BIG, -ENODEV.
 */
int nsf_attach_new(struct nsf_net *nn, struct nsf_attachment *att, struct nsf_rules *rules);
/*
 * How many fences came from the policy of births; with @remove, they come off.
 * Under nsf_policy_mutex and nsf_mutex.
 */
u32 nsf_attach_births(bool remove);

/* May the initial namespace be fenced? Set once at load. */
extern bool nsf_allow_init_net;

#endif /* NSF_ATTACH_H */
