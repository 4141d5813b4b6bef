// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attach: see attach.h.
 *
 * Everything that can fail (memory, registration, conntrack) comes first;
 * publishing is one store. What is no longer needed is taken out after the
 * store, and freed after a grace period, because the core's readers may still
 * be in it.
 *
 * Where a packet can meet slots of the old rules and slots of the new ones on
 * its way through one hook, one store is not enough: it could pass the first
 * before the store and the second after it, judged by neither. There the new
 * rules carry the old ones along for a grace period, and both are enforced.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "birth.h"
#include "ct.h"
#include "event.h"
#include "fault.h"
#include "netns.h"
#include "policy.h"
#include "slot.h"

bool nsf_allow_init_net __read_mostly;

static LIST_HEAD(attachments);		/* nsf_mutex */
static u32 attachment_count;		/* nsf_mutex */
static u64 last_instance;		/* nsf_mutex */

struct nsf_attachment *nsf_attachment_alloc(void)
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
	INIT_LIST_HEAD(&att->slots);
	INIT_LIST_HEAD(&att->spare);
	INIT_LIST_HEAD(&att->policy_node);
	return att;
}

/* Never published, or without readers. */
static void rules_free(struct nsf_rules *rules)
{
	if (!rules)
		return;
	if (!rules->states_lent)
		nsf_states_free(rcu_access_pointer(rules->states));
	kfree(rules);
}

static void rules_free_rcu(struct rcu_head *rcu)
{
	rules_free(container_of(rcu, struct nsf_rules, rcu));
}

/* Also of one whose readers are gone. */
void nsf_attachment_free(struct nsf_attachment *att)
{
	if (!att)
		return;
	nsf_slots_spare_free(att);
	free_percpu(att->counters);
	rules_free(rcu_access_pointer(att->rules));
	kfree(att);
}

static void attachment_free_rcu(struct rcu_head *rcu)
{
	nsf_attachment_free(container_of(rcu, struct nsf_attachment, rcu));
}

static struct nsf_attachment *attachment_of(struct nsf_net *nn)
{
	return rcu_dereference_protected(nn->attachment, lockdep_is_held(&nsf_mutex));
}

static struct nsf_rules *rules_of(const struct nsf_attachment *att)
{
	return rcu_dereference_protected(att->rules, lockdep_is_held(&nsf_mutex));
}

static struct nsf_rules *rules_old(const struct nsf_rules *rules)
{
	return rcu_dereference_protected(rules->old, lockdep_is_held(&nsf_mutex));
}

static bool rules_need_ct(const struct nsf_rules *rules)
{
	return rules && rules->named && rules->named->ct;
}

/* Of which policy's attachments @att is one; @policy NULL: of none. */
static void attachment_file(struct nsf_attachment *att, struct nsf_policy *from,
			    struct nsf_policy *to)
{
	lockdep_assert_held(&nsf_mutex);

	if (from) {
		list_del_init(&att->policy_node);
		from->users--;
	}
	if (to) {
		list_add_tail(&att->policy_node, &to->attachments);
		to->users++;
		att->layout = to->layout;
	}
}

/* Conntrack has to be on before a rule asks for it. */
static int ct_extend(struct nsf_attachment *att, const struct nsf_rules *rules)
{
	int err;

	if (att->ct || !rules_need_ct(rules))
		return 0;
	err = nsf_fault_attach() ? -ENOMEM : nsf_ct_get(att->nn->net);
	if (!err)
		att->ct = true;
	return err;
}

static int states_extend(struct nsf_rules *rules)
{
	const struct nsf_policy *policy = rules->named;
	struct nsf_states *old, *states;

	if (!policy)
		return 0;
	old = rcu_dereference_protected(rules->states, lockdep_is_held(&nsf_mutex));
	if ((old ? old->chunks : 0) == policy->chunks)
		return 0;
	states = nsf_fault_attach() ? NULL :
		 nsf_states_grow(old, policy->chunk, policy->chunks);
	if (!states)
		return -ENOMEM;
	rcu_assign_pointer(rules->states, states);
	if (old)
		nsf_states_retire(old);
	return 0;
}

/* What @rules need; what there is besides stays. */
static int attachment_grow(struct nsf_attachment *att, struct nsf_rules *rules)
{
	int err;

	lockdep_assert_held(&nsf_mutex);

	err = ct_extend(att, rules);
	if (!err)
		err = states_extend(rules);
	if (!err)
		err = nsf_slots_extend(att, rules);
	return err;
}

static void attachment_trim(struct nsf_attachment *att, const struct nsf_rules *rules)
{
	const struct nsf_rules *old = rules ? rules_old(rules) : NULL;

	lockdep_assert_held(&nsf_mutex);

	nsf_slots_shrink(att, rules, old);
	if (att->ct && !rules_need_ct(rules) && !rules_need_ct(old)) {
		nsf_ct_put(att->nn->net);
		att->ct = false;
	}
}

int nsf_attach_grow(struct nsf_attachment *att)
{
	return attachment_grow(att, rules_of(att));
}

void nsf_attach_trim(struct nsf_attachment *att)
{
	attachment_trim(att, rules_of(att));
}

static struct nsf_states *states_of(const struct nsf_attachment *att)
{
	return rcu_dereference_protected(rules_of(att)->states, lockdep_is_held(&nsf_mutex));
}

void nsf_attach_reset(const struct nsf_attachment *att, u32 place)
{
	nsf_states_reset(states_of(att), place);
}

void nsf_attach_sum(const struct nsf_attachment *att, u32 place, struct nsf_counter_sum *sum)
{
	nsf_states_sum(states_of(att), place, sum);
}

const struct nsf_policy *nsf_attach_policy(const struct nsf_attachment *att)
{
	return rules_of(att)->named;
}

/* Takes the fence off: hooks out, pointer gone, memory after a grace period. */
static void attachment_remove(struct nsf_attachment *att, enum nsf_event event)
{
	lockdep_assert_held(&nsf_mutex);

	attachment_trim(att, NULL);
	attachment_file(att, rules_of(att)->named, NULL);
	RCU_INIT_POINTER(att->nn->attachment, NULL);
	nsf_event_send(event, att->nn, att, false);
	list_del(&att->list);
	attachment_count--;
	call_rcu(&att->rcu, attachment_free_rcu);
	/* The code stays: main.c's rcu_barrier() is after every fence is off. */
	module_put(THIS_MODULE);
}

int nsf_attach_new(struct nsf_net *nn, struct nsf_attachment *att, struct nsf_rules *rules)
{
	int err = -ENODEV;

	lockdep_assert_held(&nsf_mutex);

	att->nn = nn;
	rules->instance = ++last_instance;
	/* Before the first slot is registered: its readers need the rules. */
	rcu_assign_pointer(att->rules, rules);
	if (!try_module_get(THIS_MODULE))
		goto err_free;
	err = attachment_grow(att, rules);
	if (err)
		goto err_put;
	nsf_slots_spare_free(att);
	attachment_file(att, NULL, rules->named);
	list_add_tail(&att->list, &attachments);
	attachment_count++;
	rcu_assign_pointer(nn->attachment, att);
	return 0;

err_put:
	attachment_trim(att, NULL);
	module_put(THIS_MODULE);
err_free:
	/*
	 * Slots may have been registered for a moment: their readers hold both
	 * until a grace period has passed.
	 */
	call_rcu(&att->rcu, attachment_free_rcu);
	return err;
}

/*
 * May a packet meet slots of both, on its way through one hook? The built-in
 * policies have one slot on each, the same for all.
 */
static bool rules_mix(const struct nsf_rules *old, const struct nsf_rules *rules)
{
	if (old->named != rules->named)
		return true;
	return rules->named && nsf_version_is_multi(nsf_policy_version(rules->named));
}

/*
 * On success @rules is taken. *@mixed: the old ones are enforced besides; after
 * a grace period attach_settle() is due.
 */
static int attach_replace(struct nsf_attachment *att, struct nsf_rules *rules, bool *mixed)
{
	struct nsf_rules *old = rules_of(att);
	bool same = old->named && old->named == rules->named;
	int err = 0;

	lockdep_assert_held(&nsf_mutex);

	/* The same policy's counters go on. */
	if (same) {
		err = states_extend(old);
		if (!err)
			RCU_INIT_POINTER(rules->states, rcu_access_pointer(old->states));
	}
	if (!err)
		err = attachment_grow(att, rules);
	if (err) {
		if (same)
			RCU_INIT_POINTER(rules->states, NULL);	/* not ours */
		attachment_trim(att, old);
		return err;
	}
	*mixed = rules_mix(old, rules);
	if (*mixed)
		RCU_INIT_POINTER(rules->old, old);
	old->states_lent = same;
	attachment_file(att, old->named, rules->named);
	rules->instance = ++last_instance;
	rcu_assign_pointer(att->rules, rules);	/* the one store */
	if (!*mixed) {
		attachment_trim(att, rules);
		call_rcu(&old->rcu, rules_free_rcu);
	}
	return 0;
}

/*
 * A grace period after a mixed replacement: no packet is under way that met the
 * old rules alone. nsf_policy_mutex and the reference to the namespace keep @att.
 */
static void attach_settle(struct nsf_attachment *att)
{
	struct nsf_rules *rules, *old;

	mutex_lock(&nsf_mutex);
	rules = rules_of(att);
	old = rules_old(rules);
	RCU_INIT_POINTER(rules->old, NULL);
	attachment_trim(att, rules);
	call_rcu(&old->rcu, rules_free_rcu);
	mutex_unlock(&nsf_mutex);
}

int nsf_rules_check(const struct nsf_rules *rules, const char *name,
		    struct netlink_ext_ack *extack)
{
	if (name)
		return 0;
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

int nsf_rules_resolve(struct nsf_rules *rules, const char *name,
		      struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&nsf_mutex);

	rules->named = nsf_policy_find(name);
	if (rules->named)
		return 0;
	NL_SET_ERR_MSG(extack, "no such policy (built in are: accept, drop, reject, audit)");
	return -ENOENT;
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
 * Under nsf_mutex, with @fresh and @rules prepared. What is taken is NULL
 * afterwards; the caller frees the rest. *@mixed: who needs attach_settle().
 */
static int attach_locked(struct nsf_net *nn, struct nsf_attachment **fresh,
			 struct nsf_rules **rules, const char *name, bool replace,
			 u64 *instance, struct nsf_attachment **mixed,
			 struct netlink_ext_ack *extack)
{
	struct nsf_attachment *att = attachment_of(nn);
	bool replaced = att, mixes = false;
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
	if (name) {
		err = nsf_rules_resolve(*rules, name, extack);
		if (err)
			return err;
	}
	if (att) {
		err = attach_replace(att, *rules, &mixes);
		if (err)
			return err;
		if (mixes)
			*mixed = att;
	} else {
		att = *fresh;
		*fresh = NULL;
		err = nsf_attach_new(nn, att, *rules);
		if (err) {
			*rules = NULL;
			return err;
		}
	}
	*instance = (*rules)->instance;
	*rules = NULL;
	nsf_event_send(NSF_EVENT_ATTACHED, nn, att, replaced);
	return 0;
}

void nsf_attach_explain(int err, struct netlink_ext_ack *extack)
{
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "out of memory; nothing was changed");
	else if (err == -ENODEV)
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
	else if (err == -E2BIG)
		NL_SET_ERR_MSG(extack,
			       "the namespace has too many netfilter hooks (1024 on one): root inside made them");
}

int nsf_attach(struct net *net, const struct nsf_rules *wanted, const char *name,
	       bool replace, bool wait, u64 *instance, struct netlink_ext_ack *extack)
{
	struct nsf_attachment *fresh = NULL, *mixed = NULL;
	struct nsf_rules *rules = NULL;
	int err;

	if (net_eq(net, &init_net) && !nsf_allow_init_net) {
		NL_SET_ERR_MSG(extack,
			       "this is the initial namespace: the module was loaded without allow_init_net=1");
		return -EPERM;
	}
	if (net_eq(net, &init_net) && (wanted->inherit || wanted->inherited || wanted->birth)) {
		NL_SET_ERR_MSG(extack,
			       "the initial namespace neither inherits nor is born: what is born of it is birth-set's");
		return -EINVAL;
	}
	err = nsf_rules_check(wanted, name, extack);
	if (err)
		return err;

	err = -ENOMEM;
	if (!nsf_fault_attach())
		rules = kmemdup(wanted, sizeof(*wanted), GFP_KERNEL_ACCOUNT);
	if (!rules)
		goto out_free;
	fresh = nsf_attachment_alloc();
	if (!fresh)
		goto out_free;

	mutex_lock(&nsf_policy_mutex);
	mutex_lock(&nsf_mutex);
	err = attach_locked(nsf_netns(net), &fresh, &rules, name, replace, instance, &mixed,
			    extack);
	mutex_unlock(&nsf_mutex);
	if (mixed) {
		synchronize_rcu();	/* the wait: traversals that began with the old rules */
		attach_settle(mixed);
	}
	mutex_unlock(&nsf_policy_mutex);

out_free:
	nsf_attachment_free(fresh);
	rules_free(rules);
	nsf_attach_explain(err, extack);
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

	mutex_lock(&nsf_policy_mutex);	/* not in the midst of a change with several steps */
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
	mutex_unlock(&nsf_policy_mutex);

	if (!err && wait)
		synchronize_rcu();
	return err;
}

u32 nsf_detach_all(void)
{
	struct nsf_attachment *att, *next;
	u32 n = 0;

	mutex_lock(&nsf_policy_mutex);
	mutex_lock(&nsf_mutex);
	nsf_birth_off();
	list_for_each_entry_safe(att, next, &attachments, list) {
		attachment_remove(att, NSF_EVENT_DETACHED);
		n++;
	}
	mutex_unlock(&nsf_mutex);
	mutex_unlock(&nsf_policy_mutex);

	if (n)
		synchronize_rcu();
	return n;
}

u32 nsf_attach_births(bool remove)
{
	struct nsf_attachment *att, *next;
	u32 n = 0;

	lockdep_assert_held(&nsf_policy_mutex);
	lockdep_assert_held(&nsf_mutex);

	list_for_each_entry_safe(att, next, &attachments, list) {
		if (!rules_of(att)->birth)
			continue;
		if (remove)
			attachment_remove(att, NSF_EVENT_DETACHED);
		n++;
	}
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
