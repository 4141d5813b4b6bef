// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slot: see slot.h. The only caller of hook registration.
 *
 * A new slot is registered before what it enforces is published: until then it
 * finds nothing that is its own and lets packets pass (hook.c).
 */
#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "fault.h"
#include "hook.h"
#include "netns.h"
#include "policy.h"
#include "slot.h"

/*
 * Of the built-in policies. What comes in is judged before the namespace's own
 * rules see it; what goes out, after they had their chance to rewrite it or to
 * hand it to a queue. That is a preference, no promise: among equal priorities
 * the core puts the latest first, so root inside can get before us on input, and
 * behind us on output. What that could open on output, the re-check in
 * postrouting closes (hook.c).
 */
static const int builtin_priority[NF_INET_NUMHOOKS] = {
	[NF_INET_PRE_ROUTING] = INT_MIN,
	[NF_INET_LOCAL_IN] = INT_MIN,
	[NF_INET_FORWARD] = INT_MAX,
	[NF_INET_LOCAL_OUT] = INT_MAX,
	[NF_INET_POST_ROUTING] = INT_MAX,
};

/* The hooks at which @rules need a slot of the built-in kind. */
static u32 slots_builtin(const struct nsf_rules *rules)
{
	if (!rules->named)
		return nsf_rules_slots(rules);
	/* Forward is fenced: by the policy's own chain, or by this. */
	if (rules->forward_accept || !rules->named->forward_fence)
		return 0;
	return 1U << NF_INET_FORWARD;
}

static bool slot_needed(const struct nsf_slot *slot, const struct nsf_rules *rules)
{
	if (!rules)
		return false;
	if (!slot->policy)
		return slots_builtin(rules) & (1U << slot->hook);
	return slot->policy == rules->named &&
	       rules->named->chain[slot->chain].id == slot->id;
}

static bool slot_exists(const struct nsf_attachment *att, const struct nsf_policy *policy,
			u64 id, unsigned int hook)
{
	const struct nsf_slot *slot;

	list_for_each_entry(slot, &att->slots, node)
		if (slot->policy == policy && slot->id == id && slot->hook == hook)
			return true;
	return false;
}

static void slot_add_ops(struct nsf_slot *slot, u8 pf, int priority)
{
	struct nf_hook_ops *ops = &slot->ops[slot->n_ops++];

	ops->hook = nsf_hook;
	ops->priv = slot;
	ops->pf = pf;
	ops->hooknum = slot->hook;
	ops->priority = priority;
}

static struct nsf_slot *slot_alloc(void)
{
	if (nsf_fault_attach())
		return NULL;
	return kzalloc(sizeof(struct nsf_slot), GFP_KERNEL_ACCOUNT);
}

static struct nsf_slot *slot_take(struct nsf_attachment *att)
{
	struct nsf_slot *slot = list_first_entry_or_null(&att->spare, struct nsf_slot, node);

	if (!slot)
		return slot_alloc();
	list_del(&slot->node);
	return slot;
}

int nsf_slots_spare(struct nsf_attachment *att, unsigned int n)
{
	struct nsf_slot *slot;

	while (n--) {
		slot = slot_alloc();
		if (!slot)
			return -ENOMEM;
		list_add(&slot->node, &att->spare);
	}
	return 0;
}

void nsf_slots_spare_free(struct nsf_attachment *att)
{
	struct nsf_slot *slot, *next;

	list_for_each_entry_safe(slot, next, &att->spare, node) {
		list_del(&slot->node);
		kfree(slot);
	}
}

unsigned int nsf_slots_count(const struct nsf_rules *rules)
{
	const struct nsf_policy *policy = rules->named;
	unsigned int n = hweight32(slots_builtin(rules)), i;

	lockdep_assert_held(&nsf_mutex);

	for (i = 0; policy && i < NSF_MAX_CHAINS; i++)
		if (policy->chain[i].id)
			n++;
	return n;
}

static struct nsf_slot *slot_new(struct nsf_attachment *att, const struct nsf_policy *policy,
				 u32 chain, unsigned int hook)
{
	int priority = policy ? policy->chain[chain].priority : builtin_priority[hook];
	u8 families = policy ? policy->chain[chain].families : NSF_CHAIN_IPV4 | NSF_CHAIN_IPV6;
	struct nsf_slot *slot = slot_take(att);

	if (!slot)
		return NULL;
	slot->attachment = att;
	slot->policy = policy;
	slot->id = policy ? policy->chain[chain].id : 0;
	slot->chain = chain;
	slot->hook = hook;
	if (families & NSF_CHAIN_IPV4)
		slot_add_ops(slot, NFPROTO_IPV4, priority);
	if (families & NSF_CHAIN_IPV6)
		slot_add_ops(slot, NFPROTO_IPV6, priority);
	return slot;
}

/* Out of the core's tables now; out of memory after a grace period. */
static void slot_retire(struct nsf_slot *slot)
{
	list_del(&slot->node);
	nf_unregister_net_hooks(slot->attachment->nn->net, slot->ops, slot->n_ops);
	kfree_rcu(slot, rcu);
}

/*
 * Both families, or none; on failure the first was in the core's tables for a
 * moment, and readers may be in @slot for a grace period.
 */
static int slot_register(struct nsf_slot *slot)
{
	struct net *net = slot->attachment->nn->net;
	unsigned int i;
	int err;

	for (i = 0; i < slot->n_ops; i++) {
		err = nsf_fault_attach() ? -ENOMEM : nf_register_net_hook(net, &slot->ops[i]);
		if (err) {
			nf_unregister_net_hooks(net, slot->ops, i);
			return err;
		}
	}
	return 0;
}

/* One more, on @fresh. */
static int slot_extend(struct nsf_attachment *att, const struct nsf_policy *policy, u32 chain,
		       unsigned int hook, struct list_head *fresh)
{
	struct nsf_slot *slot;
	int err;

	if (slot_exists(att, policy, policy ? policy->chain[chain].id : 0, hook))
		return 0;
	slot = slot_new(att, policy, chain, hook);
	if (!slot)
		return -ENOMEM;
	err = slot_register(slot);
	if (err) {
		kfree_rcu(slot, rcu);
		return err;
	}
	list_add_tail(&slot->node, fresh);
	return 0;
}

int nsf_slots_extend(struct nsf_attachment *att, const struct nsf_rules *rules)
{
	const struct nsf_policy *policy = rules->named;
	u32 builtin = slots_builtin(rules);
	struct nsf_slot *slot, *next;
	LIST_HEAD(fresh);
	unsigned int i;
	int err = 0;

	lockdep_assert_held(&nsf_mutex);

	for (i = 0; !err && i < NF_INET_NUMHOOKS; i++)
		if (builtin & (1U << i))
			err = slot_extend(att, NULL, 0, i, &fresh);
	for (i = 0; policy && !err && i < NSF_MAX_CHAINS; i++)
		if (policy->chain[i].id)
			err = slot_extend(att, policy, i, policy->chain[i].hook, &fresh);
	if (err) {
		list_for_each_entry_safe(slot, next, &fresh, node)
			slot_retire(slot);
		return err;
	}
	list_splice_tail(&fresh, &att->slots);
	return 0;
}

void nsf_slots_shrink(struct nsf_attachment *att, const struct nsf_rules *rules,
		      const struct nsf_rules *also)
{
	struct nsf_slot *slot, *next;

	lockdep_assert_held(&nsf_mutex);

	list_for_each_entry_safe(slot, next, &att->slots, node)
		if (!slot_needed(slot, rules) && !slot_needed(slot, also))
			slot_retire(slot);
}
