/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slot: what the netfilter core calls. A slot is one base chain of one
 * attachment, or one hook of a built-in policy, with its own nf_hook_ops, whose
 * priv is the slot: nothing else tells two chains on one hook apart.
 */
#ifndef NSF_SLOT_H
#define NSF_SLOT_H

#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct nsf_attachment;
struct nsf_policy;
struct nsf_rules;

/* Immutable once registered, but for the list. */
struct nsf_slot {
	struct rcu_head rcu;
	struct list_head node;			/* nsf_mutex */
	struct nsf_attachment *attachment;
	const struct nsf_policy *policy;	/* NULL: of the built-in policies */
	u64 id;					/* the chain's; 0: none */
	u32 chain;				/* its number in the policy */
	u8 hook;				/* enum nf_inet_hooks */
	u8 n_ops;
	struct nf_hook_ops ops[2];		/* the core keeps pointers to these */
};

/*
 * Memory for @n slots that are going to be @att's, which is nobody else's yet, so
 * that none has to be had under nsf_mutex. Sleeps. -ENOMEM.
 */
int nsf_slots_spare(struct nsf_attachment *att, unsigned int n);
/* What is left of it. */
void nsf_slots_spare_free(struct nsf_attachment *att);
/* How many @rules need. Under nsf_mutex. */
unsigned int nsf_slots_count(const struct nsf_rules *rules);
/*
 * Registers the slots that @rules need and @att does not have; all, or none and
 * an error: -ENOMEM, -E2BIG. Under nsf_mutex; sleeps.
 */
int nsf_slots_extend(struct nsf_attachment *att, const struct nsf_rules *rules);
/*
 * Takes out those that neither @rules nor @also need (NULL: nothing). Out of the
 * core's tables at the return; out of memory after a grace period. Under nsf_mutex.
 */
void nsf_slots_shrink(struct nsf_attachment *att, const struct nsf_rules *rules,
		      const struct nsf_rules *also);

#endif /* NSF_SLOT_H */
