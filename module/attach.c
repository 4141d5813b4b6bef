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
 * out, after they had their chance to rewrite it or to hand it to a queue.
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

static int slot_register(struct nsf_slot *slot, struct nsf_attachment *att,
			 unsigned int hook)
{
	unsigned int i;

	lockdep_assert_held(&nsf_mutex);

	if (nsf_fault_attach())
		return -ENOMEM;

	slot->attachment = att;
	slot->hook = hook;
	for (i = 0; i < ARRAY_SIZE(slot->ops); i++) {
		slot->ops[i].hook = nsf_hook;
		slot->ops[i].priv = slot;
		slot->ops[i].pf = i ? NFPROTO_IPV6 : NFPROTO_IPV4;
		slot->ops[i].hooknum = hook;
		slot->ops[i].priority = slot_priority[hook];
	}
	return nf_register_net_hooks(att->nn->net, slot->ops, ARRAY_SIZE(slot->ops));
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
	u32 added = 0;
	int h, err;

	lockdep_assert_held(&nsf_mutex);

	for (h = 0; h < NF_INET_NUMHOOKS; h++) {
		if (!(hooks & (1U << h)) || att->slot[h])
			continue;
		err = slot_register(set->slot[h], att, h);
		if (err)
			goto err_retire;
		att->slot[h] = set->slot[h];
		set->slot[h] = NULL;
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

/* First fence of this namespace. @rules is @att's, even on failure. */
static int attach_new(struct nsf_net *nn, struct nsf_attachment *att,
		      struct nsf_rules *rules, struct slot_set *set)
{
	int err;

	lockdep_assert_held(&nsf_mutex);

	att->nn = nn;
	/* Before the first slot is registered: its readers need the rules. */
	rcu_assign_pointer(att->rules, rules);
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	err = slots_extend(att, set, nsf_rules_hooks(rules));
	if (err) {
		module_put(THIS_MODULE);
		return err;
	}
	att->instance = ++last_instance;
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

	err = slots_extend(att, set, nsf_rules_hooks(rules));
	if (err)
		return err;
	old = rcu_dereference_protected(att->rules, lockdep_is_held(&nsf_mutex));
	rcu_assign_pointer(att->rules, rules);	/* the one store */
	slots_shrink(att, nsf_rules_hooks(rules));
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
	if (rules->forward_accept && rules->hooks & (1U << NF_INET_FORWARD)) {
		NL_SET_ERR_MSG(extack,
			       "both hook forward and flag forward-accept: say one of them");
		return -EINVAL;
	}
	return 0;
}

int nsf_attach(struct net *net, const struct nsf_rules *wanted, bool replace,
	       bool wait, u64 *instance, struct netlink_ext_ack *extack)
{
	struct nsf_net *nn = nsf_netns(net);
	struct nsf_attachment *att = NULL, *fresh = NULL;
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
	err = slot_set_alloc(&set, nsf_rules_hooks(rules));
	if (err)
		goto out_free;

	mutex_lock(&nsf_mutex);
	att = attachment_of(nn);
	if (!att) {
		err = attach_new(nn, fresh, rules, &set);
		if (!err) {
			att = fresh;
			fresh = NULL;
			rules = NULL;
			nsf_event_send(NSF_EVENT_ATTACHED, nn, att, false);
		} else {
			/*
			 * Slots may have been registered for a moment: their
			 * readers hold both until a grace period has passed.
			 */
			call_rcu(&fresh->rcu, attachment_free_rcu);
			fresh = NULL;
			rules = NULL;
		}
	} else if (!replace) {
		err = -EEXIST;
		NL_SET_ERR_MSG(extack,
			       "the namespace is fenced already; replace or detach that fence");
	} else {
		err = attach_replace(att, rules, &set);
		if (!err) {
			rules = NULL;
			nsf_event_send(NSF_EVENT_ATTACHED, nn, att, true);
		}
	}
	if (!err)
		*instance = att->instance;
	mutex_unlock(&nsf_mutex);

out_free:
	slot_set_free(&set);
	attachment_free(fresh);
	kfree(rules);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "out of memory; nothing was changed");
	else if (err == -ENODEV)
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
	/*
	 * The wait: a packet that was inside the hook's traversal before our
	 * store has left it when this returns.
	 */
	if (!err && wait)
		synchronize_rcu();
	return err;
}

int nsf_detach(struct net *net, u64 *instance, bool wait,
	       struct netlink_ext_ack *extack)
{
	struct nsf_net *nn = nsf_netns(net);
	struct nsf_attachment *att;
	int err = 0;

	mutex_lock(&nsf_mutex);
	att = attachment_of(nn);
	if (!att) {
		NL_SET_ERR_MSG(extack, "the namespace is not fenced");
		err = -ENOENT;
	} else if (*instance && *instance != att->instance) {
		NL_SET_ERR_MSG(extack,
			       "the namespace has another fence than the one of this instance");
		err = -ESTALE;
	} else {
		*instance = att->instance;
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
