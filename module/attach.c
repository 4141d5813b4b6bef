// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attach: see attach.h. The only caller of hook registration.
 *
 * Everything that can fail (memory, registration) comes first; publishing is
 * one store. A new slot is registered before the rules that need it are
 * published: until then it finds its hook not among the old rules' and lets
 * packets pass. A slot that is no longer needed is taken out after the store,
 * and freed after a grace period, because the core's readers may still be in it.
 */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "event.h"
#include "fault.h"
#include "hook.h"
#include "netns.h"

bool nsf_allow_init_net __read_mostly;

static LIST_HEAD(attachments);		/* nsf_mutex */
static u32 attachment_count;		/* nsf_mutex */
static u64 last_instance;		/* nsf_mutex */

/*
 * What comes in is judged before the namespace's own rules see it; what goes
 * out, after they had their chance to rewrite it or to hand it to a queue. That
 * is a preference, no promise: among equal priorities the core puts the latest
 * first, so root inside can get before us on input, and behind us on output.
 * What that could open on output, the re-check in postrouting closes (hook.c).
 */
static const int slot_priority[NF_INET_NUMHOOKS] = {
	[NF_INET_PRE_ROUTING] = INT_MIN,
	[NF_INET_LOCAL_IN] = INT_MIN,
	[NF_INET_FORWARD] = INT_MAX,
	[NF_INET_LOCAL_OUT] = INT_MAX,
	[NF_INET_POST_ROUTING] = INT_MAX,
};

/* Slots that an operation prepares; those it does not use it gives back. */
struct slot_set {
	struct nsf_slot *slot[NF_INET_NUMHOOKS];
};

static void slot_set_free(struct slot_set *set)
{
	int h;

	for (h = 0; h < NF_INET_NUMHOOKS; h++)
		kfree(set->slot[h]);
}

static int slot_set_alloc(struct slot_set *set, u32 hooks)
{
	int h;

	memset(set, 0, sizeof(*set));
	for (h = 0; h < NF_INET_NUMHOOKS; h++) {
		if (!(hooks & (1U << h)))
			continue;
		if (!nsf_fault_attach())
			set->slot[h] = kzalloc(sizeof(*set->slot[h]), GFP_KERNEL_ACCOUNT);
		if (!set->slot[h])
			return -ENOMEM;	/* the caller frees what there is */
	}
	return 0;
}

/*
 * Both families, or none; but on failure the first was in the core's tables for
 * a moment, and readers may be in @slot for a grace period.
 */
static int slot_register(struct nsf_slot *slot, struct nsf_attachment *att,
			 unsigned int hook)
{
	struct net *net = att->nn->net;
	unsigned int i;
	int err;

	lockdep_assert_held(&nsf_mutex);

	slot->attachment = att;
	slot->hook = hook;
	for (i = 0; i < ARRAY_SIZE(slot->ops); i++) {
		slot->ops[i].hook = nsf_hook;
		slot->ops[i].priv = slot;
		slot->ops[i].pf = i ? NFPROTO_IPV6 : NFPROTO_IPV4;
		slot->ops[i].hooknum = hook;
		slot->ops[i].priority = slot_priority[hook];

		err = nsf_fault_attach() ? -ENOMEM :
		      nf_register_net_hook(net, &slot->ops[i]);
		if (err)
			goto err_unregister;
	}
	return 0;

err_unregister:
	if (i)
		nf_unregister_net_hook(net, &slot->ops[0]);
	return err;
}

/* Out of the core's tables now; out of memory after a grace period. */
static void slot_retire(struct nsf_slot *slot)
{
	lockdep_assert_held(&nsf_mutex);

	nf_unregister_net_hooks(slot->attachment->nn->net, slot->ops,
				ARRAY_SIZE(slot->ops));
	kfree_rcu(slot, rcu);
}

/*
 * Brings @att's slots to cover @hooks, taking the missing ones from @set.
 * On failure those registered here are retired again.
 */
static int slots_extend(struct nsf_attachment *att, struct slot_set *set, u32 hooks)
{
	struct nsf_slot *slot;
	u32 added = 0;
	int h, err;

	lockdep_assert_held(&nsf_mutex);

	for (h = 0; h < NF_INET_NUMHOOKS; h++) {
		if (!(hooks & (1U << h)) || att->slot[h])
			continue;
		slot = set->slot[h];
		set->slot[h] = NULL;
		err = slot_register(slot, att, h);
		if (err) {
			kfree_rcu(slot, rcu);
			goto err_retire;
		}
		att->slot[h] = slot;
		added |= 1U << h;
	}
	return 0;

err_retire:
	for (h = 0; h < NF_INET_NUMHOOKS; h++) {
		if (added & (1U << h)) {
			slot_retire(att->slot[h]);
			att->slot[h] = NULL;
		}
	}
	return err;
}

static void slots_shrink(struct nsf_attachment *att, u32 hooks)
{
	int h;

	lockdep_assert_held(&nsf_mutex);

	for (h = 0; h < NF_INET_NUMHOOKS; h++) {
		if (att->slot[h] && !(hooks & (1U << h))) {
			slot_retire(att->slot[h]);
			att->slot[h] = NULL;
		}
	}
}

static struct nsf_attachment *attachment_alloc(void)
{
	struct nsf_attachment *att;

	if (nsf_fault_attach())
		return NULL;
	att = kzalloc(sizeof(*att), GFP_KERNEL_ACCOUNT);
	if (!att)
		return NULL;
	if (!nsf_fault_attach())
		att->counters = nsf_counters_alloc();
	if (!att->counters) {
		kfree(att);
		return NULL;
	}
	return att;
}

/* One that was never published, or whose readers are gone. */
static void attachment_free(struct nsf_attachment *att)
{
	if (!att)
		return;
	free_percpu(att->counters);
	kfree(rcu_access_pointer(att->rules));
	kfree(att);
}

static void attachment_free_rcu(struct rcu_head *rcu)
{
	attachment_free(container_of(rcu, struct nsf_attachment, rcu));
}

/* Takes the fence off: hooks out, pointer gone, memory after a grace period. */
static void attachment_remove(struct nsf_attachment *att, enum nsf_event event)
{
	lockdep_assert_held(&nsf_mutex);

	slots_shrink(att, 0);
	RCU_INIT_POINTER(att->nn->attachment, NULL);
	nsf_event_send(event, att->nn, att, false);
	list_del(&att->list);
	attachment_count--;
	call_rcu(&att->rcu, attachment_free_rcu);
	/* The code stays: main.c's rcu_barrier() is after every fence is off. */
	module_put(THIS_MODULE);
}

static struct nsf_attachment *attachment_of(struct nsf_net *nn)
{
	return rcu_dereference_protected(nn->attachment, lockdep_is_held(&nsf_mutex));
}

static struct nsf_rules *rules_of(struct nsf_attachment *att)
{
	return rcu_dereference_protected(att->rules, lockdep_is_held(&nsf_mutex));
}

/* First fence of this namespace. @rules is @att's, even on failure. */
static int attach_new(struct nsf_net *nn, struct nsf_attachment *att,
		      struct nsf_rules *rules, struct slot_set *set)
{
	int err;

	lockdep_assert_held(&nsf_mutex);

	att->nn = nn;
	rules->instance = ++last_instance;
	/* Before the first slot is registered: its readers need the rules. */
	rcu_assign_pointer(att->rules, rules);
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	err = slots_extend(att, set, nsf_rules_slots(rules));
	if (err) {
		module_put(THIS_MODULE);
		return err;
	}
	list_add_tail(&att->list, &attachments);
	attachment_count++;
	rcu_assign_pointer(nn->attachment, att);
	return 0;
}

/* On success @rules is taken. */
static int attach_replace(struct nsf_attachment *att, struct nsf_rules *rules,
			  struct slot_set *set)
{
	struct nsf_rules *old;
	int err;

	lockdep_assert_held(&nsf_mutex);

	err = slots_extend(att, set, nsf_rules_slots(rules));
	if (err)
		return err;
	old = rules_of(att);
	rules->instance = ++last_instance;
	rcu_assign_pointer(att->rules, rules);	/* the one store */
	slots_shrink(att, nsf_rules_slots(rules));
	kfree_rcu(old, rcu);
	return 0;
}

static int rules_check(const struct nsf_rules *rules, struct netlink_ext_ack *extack)
{
	if (!rules->hooks || rules->hooks & ~NSF_HOOKS_ALL) {
		NL_SET_ERR_MSG(extack, "no hooks, or one that does not exist");
		return -EINVAL;
	}
	if (rules->policy == NSF_BUILTIN_REJECT && rules->hooks & ~NSF_HOOKS_REJECT) {
		NL_SET_ERR_MSG(extack,
			       "policy reject works on hooks input, forward and output only");
		return -EINVAL;
	}
	/* What marks our own replies (reject.c) relies on softirqs being off. */
	if (rules->policy == NSF_BUILTIN_REJECT && IS_ENABLED(CONFIG_PREEMPT_RT)) {
		NL_SET_ERR_MSG(extack, "policy reject cannot be had on a PREEMPT_RT kernel");
		return -EOPNOTSUPP;
	}
	if (rules->forward_accept && rules->hooks & (1U << NF_INET_FORWARD)) {
		NL_SET_ERR_MSG(extack,
			       "both hook forward and flag forward-accept: say one of them");
		return -EINVAL;
	}
	return 0;
}

/* Is the fence that is there the one that the caller means? */
static int instance_check(struct nsf_attachment *att, u64 instance,
			  struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&nsf_mutex);

	if (!instance || (att && rules_of(att)->instance == instance))
		return 0;
	NL_SET_ERR_MSG(extack, "the namespace has no fence of this instance (any more)");
	return -ESTALE;
}

/*
 * Under nsf_mutex, with everything prepared in @fresh, @rules and @set. What is
 * taken is NULL afterwards; the caller frees the rest.
 */
static int attach_locked(struct nsf_net *nn, struct nsf_attachment **fresh,
			 struct nsf_rules **rules, struct slot_set *set, bool replace,
			 u64 *instance, struct netlink_ext_ack *extack)
{
	struct nsf_attachment *att = attachment_of(nn);
	bool replaced = att;
	int err;

	lockdep_assert_held(&nsf_mutex);

	err = instance_check(att, *instance, extack);
	if (err)
		return err;
	if (att && !replace) {
		NL_SET_ERR_MSG(extack,
			       "the namespace is fenced already; replace or detach that fence");
		return -EEXIST;
	}
	if (att) {
		err = attach_replace(att, *rules, set);
		if (err)
			return err;
	} else {
		err = attach_new(nn, *fresh, *rules, set);
		att = *fresh;
		*fresh = NULL;
		if (err) {
			/*
			 * Slots may have been registered for a moment: their
			 * readers hold both until a grace period has passed.
			 */
			*rules = NULL;
			call_rcu(&att->rcu, attachment_free_rcu);
			return err;
		}
	}
	*instance = (*rules)->instance;
	*rules = NULL;
	nsf_event_send(NSF_EVENT_ATTACHED, nn, att, replaced);
	return 0;
}

int nsf_attach(struct net *net, const struct nsf_rules *wanted, bool replace,
	       bool wait, u64 *instance, struct netlink_ext_ack *extack)
{
	struct nsf_attachment *fresh = NULL;
	struct nsf_rules *rules = NULL;
	struct slot_set set = {};
	int err;

	if (net_eq(net, &init_net) && !nsf_allow_init_net) {
		NL_SET_ERR_MSG(extack,
			       "this is the initial namespace: the module was loaded without allow_init_net=1");
		return -EPERM;
	}
	err = rules_check(wanted, extack);
	if (err)
		return err;

	/* All memory before the lock, enough for both cases. */
	err = -ENOMEM;
	if (!nsf_fault_attach())
		rules = kmemdup(wanted, sizeof(*wanted), GFP_KERNEL_ACCOUNT);
	if (!rules)
		goto out_free;
	fresh = attachment_alloc();
	if (!fresh)
		goto out_free;
	err = slot_set_alloc(&set, nsf_rules_slots(rules));
	if (err)
		goto out_free;

	mutex_lock(&nsf_mutex);
	err = attach_locked(nsf_netns(net), &fresh, &rules, &set, replace, instance, extack);
	mutex_unlock(&nsf_mutex);

out_free:
	slot_set_free(&set);
	attachment_free(fresh);
	kfree(rules);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "out of memory; nothing was changed");
	else if (err == -ENODEV)
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
	else if (err == -E2BIG)
		NL_SET_ERR_MSG(extack,
			       "the namespace has too many netfilter hooks (1024 on one): root inside made them");
	/*
	 * The wait: a packet that was inside the hook's traversal before our
	 * store has left it when this returns. (One that a queue or a qdisc of
	 * the namespace holds is past the hook already.)
	 */
	if (!err && wait)
		synchronize_rcu();
	return err;
}

int nsf_detach(struct net *net, u64 *instance, bool wait,
	       struct netlink_ext_ack *extack)
{
	struct nsf_attachment *att;
	int err = 0;

	mutex_lock(&nsf_mutex);
	att = attachment_of(nsf_netns(net));
	if (!att) {
		NL_SET_ERR_MSG(extack, "the namespace is not fenced");
		err = -ENOENT;
	} else {
		err = instance_check(att, *instance, extack);
	}
	if (!err) {
		*instance = rules_of(att)->instance;
		attachment_remove(att, NSF_EVENT_DETACHED);
	}
	mutex_unlock(&nsf_mutex);

	if (!err && wait)
		synchronize_rcu();
	return err;
}

u32 nsf_detach_all(void)
{
	struct nsf_attachment *att, *next;
	u32 n = 0;

	mutex_lock(&nsf_mutex);
	list_for_each_entry_safe(att, next, &attachments, list) {
		attachment_remove(att, NSF_EVENT_DETACHED);
		n++;
	}
	mutex_unlock(&nsf_mutex);

	if (n)
		synchronize_rcu();
	return n;
}

void nsf_attach_netns_exit(struct nsf_net *nn)
{
	struct nsf_attachment *att;

	lockdep_assert_held(&nsf_mutex);

	att = attachment_of(nn);
	if (att)
		attachment_remove(att, NSF_EVENT_DIED);
	else
		nsf_event_send(NSF_EVENT_DIED, nn, NULL, false);
}

u32 nsf_attach_count(void)
{
	u32 n;

	mutex_lock(&nsf_mutex);
	n = attachment_count;
	mutex_unlock(&nsf_mutex);
	return n;
}
