// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * birth: see birth.h.
 *
 * A birth takes nsf_mutex twice: to see how much memory its fence needs, and, when
 * it has that, to put it up. What counts is what holds the second time; if that needs
 * more than was seen the first time, the rest is had under the mutex. So the memory of
 * a task at its cgroup's limit keeps nobody else waiting, but in that rare case.
 *
 * A policy or a fence of the parent's may be half-way through a change (policy.c,
 * attach.c): the copy gets the rules that are in force under nsf_mutex, and what
 * these need at that moment. Rules that are carried along for traversals under way
 * are not copied: here is none under way.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "attach.h"
#include "birth.h"
#include "compat/netns.h"
#include "fault.h"
#include "netns.h"
#include "policy.h"
#include "slot.h"

/* Ids of rules that are no fence's: apart from those of instances. */
#define BIRTH_ORIGIN	BIT_ULL(63)

static void deadman_comes(struct work_struct *work);
static DECLARE_DELAYED_WORK(deadman, deadman_comes);

/* All of it: nsf_mutex. */
static struct {
	struct nsf_rules *rules;	/* NULL: none; else it holds the module */
	u64 last;			/* of the ids above */
	bool decided;
	bool release;
	bool waiting;			/* the deadman is on his way */
	unsigned int wait;		/* seconds, as the parameter has it */
	unsigned long due;		/* jiffies; while waiting */
	u64 births;
	u64 refused;
} birth;

/* ---- the policy of births ---- */

static void birth_drop(void)
{
	lockdep_assert_held(&nsf_mutex);

	if (!birth.rules)
		return;
	if (birth.rules->named)
		birth.rules->named->birth = false;
	kfree(birth.rules);
	birth.rules = NULL;
	module_put(THIS_MODULE);
}

/* @rules is taken on success; NULL: none. */
static int birth_change(struct nsf_rules *rules)
{
	lockdep_assert_held(&nsf_mutex);

	if (rules && !try_module_get(THIS_MODULE))
		return -ENODEV;
	birth_drop();
	if (rules) {
		rules->instance = BIRTH_ORIGIN | ++birth.last;
		if (rules->named)
			rules->named->birth = true;
		birth.rules = rules;
	}
	return 0;
}

static void birth_decided(void)
{
	lockdep_assert_held(&nsf_mutex);

	birth.decided = true;
	birth.waiting = false;
	/* If he is there already he waits for nsf_mutex, and finds it decided. */
	cancel_delayed_work(&deadman);
}

void nsf_birth_off(void)
{
	birth_drop();
	birth_decided();
}

static struct nsf_rules *rules_new(const struct nsf_rules *wanted)
{
	struct nsf_rules *rules = kmemdup(wanted, sizeof(*wanted), GFP_KERNEL);

	if (!rules)
		return NULL;
	rules->manual = false;
	rules->inherit = true;
	rules->birth = true;
	strscpy(rules->source, "birth", sizeof(rules->source));
	return rules;
}

static void info_fill(struct nsf_birth_info *info)
{
	const struct nsf_rules *rules = birth.rules;
	const char *name = NSF_BIRTH_NONE;
	unsigned long now = jiffies;

	lockdep_assert_held(&nsf_mutex);

	*info = (struct nsf_birth_info){
		.decided = birth.decided,
		.release = birth.release,
		.births = birth.births,
		.refused = birth.refused,
	};
	if (birth.waiting)
		info->wait = time_before(now, birth.due) ?
			     DIV_ROUND_UP(birth.due - now, HZ) : 1;
	if (rules) {
		name = rules->named ? rules->named->name : nsf_builtin_name(rules->policy);
		info->hooks = rules->named ?
			      nsf_version_hooks(nsf_policy_version(rules->named)) : rules->hooks;
		info->audit = nsf_rules_audit(rules);
		info->strict = rules->strict;
		info->forward_accept = rules->forward_accept;
	}
	strscpy(info->policy, name, sizeof(info->policy));
}

int nsf_birth_set(const struct nsf_rules *wanted, const char *name,
		  struct nsf_birth_info *info, struct netlink_ext_ack *extack)
{
	struct nsf_rules *rules = NULL;
	int err = 0;

	if (wanted) {
		err = nsf_rules_check(wanted, name, extack);
		if (err)
			return err;
		rules = rules_new(wanted);
		if (!rules) {
			nsf_attach_explain(-ENOMEM, extack);
			return -ENOMEM;
		}
	}

	mutex_lock(&nsf_mutex);
	if (rules && name)
		err = nsf_rules_resolve(rules, name, extack);
	if (!err) {
		err = birth_change(rules);
		nsf_attach_explain(err, extack);
	}
	if (!err) {
		rules = NULL;
		birth_decided();
		info_fill(info);
	}
	mutex_unlock(&nsf_mutex);
	kfree(rules);
	return err;
}

void nsf_birth_get(struct nsf_birth_info *info)
{
	mutex_lock(&nsf_mutex);
	info_fill(info);
	mutex_unlock(&nsf_mutex);
}

/* ---- load, deadman, unload ---- */

/*
 * Nobody came. In the kernel's worker; nsf_birth_stop() waits for its end. (Under
 * nsf_policy_mutex as every fence that comes off, but with its namespace.)
 */
static void deadman_comes(struct work_struct *work)
{
	const char *name;
	u32 n;

	mutex_lock(&nsf_policy_mutex);
	mutex_lock(&nsf_mutex);
	birth.waiting = false;
	if (!birth.decided && birth.rules) {
		name = nsf_builtin_name(birth.rules->policy);	/* a parameter's */
		n = nsf_attach_births(birth.release);
		if (birth.release) {
			pr_err("birth=%s: nobody has decided within %u seconds (is nsfenced running?): birth is none now, %u namespaces are let go\n",
			       name, birth.wait, n);
			birth_drop();
		} else {
			pr_err("birth=%s: nobody has decided within %u seconds (is nsfenced running?): %u namespaces are held, and so will be all that are born, until nsfenced starts, or by hand: nsfence birth none, nsfence detach\n",
			       name, birth.wait, n);
		}
	}
	mutex_unlock(&nsf_mutex);
	mutex_unlock(&nsf_policy_mutex);
}

static int __init params_check(const char *policy, unsigned int wait, bool release,
			       struct nsf_rules *rules)
{
	if (wait > NSF_BIRTH_WAIT_MAX) {
		pr_err("birth_wait=%u: at most %u seconds; 0: no deadman\n", wait,
		       NSF_BIRTH_WAIT_MAX);
		return -EINVAL;
	}
	if (release && !wait) {
		pr_err("birth_release=1, birth_wait=0: without a deadman nothing is released; say one of them\n");
		return -EINVAL;
	}
	if (!strcmp(policy, NSF_BIRTH_NONE))
		return 0;
	if (nsf_builtin_find(policy, &rules->policy)) {
		pr_err("birth=%s: must be none, drop, reject, accept or audit\n", policy);
		return -EINVAL;
	}
	rules->hooks = NSF_HOOKS_DEFAULT;
	if (nsf_rules_check(rules, NULL, NULL)) {
		pr_err("birth=%s: cannot be had on this kernel\n", policy);
		return -EOPNOTSUPP;
	}
	return 0;
}

int __init nsf_birth_start(const char *policy, unsigned int wait, bool release)
{
	struct nsf_rules wanted = {}, *rules;
	int err;

	err = params_check(policy, wait, release, &wanted);
	if (err || !strcmp(policy, NSF_BIRTH_NONE))
		return err;
	rules = rules_new(&wanted);
	if (!rules)
		return -ENOMEM;

	mutex_lock(&nsf_mutex);
	err = birth_change(rules);
	if (!err) {
		birth.release = release;
		birth.wait = wait;
		birth.waiting = wait;
		birth.due = jiffies + wait * HZ;
		if (wait)
			schedule_delayed_work(&deadman, wait * HZ);
	}
	mutex_unlock(&nsf_mutex);
	if (err)
		kfree(rules);
	return err;
}

void nsf_birth_stop(void)
{
	mutex_lock(&nsf_mutex);
	nsf_birth_off();
	mutex_unlock(&nsf_mutex);
	cancel_delayed_work_sync(&deadman);
}

/* ---- a birth ---- */

/* The rules that one born in @parent gets; NULL: none. */
static const struct nsf_rules *birth_rules(const struct nsf_net *parent)
{
	const struct nsf_attachment *att = NULL;
	const struct nsf_rules *rules = NULL;

	lockdep_assert_held(&nsf_mutex);

	if (parent)
		att = rcu_dereference_protected(parent->attachment, lockdep_is_held(&nsf_mutex));
	if (att)
		rules = rcu_dereference_protected(att->rules, lockdep_is_held(&nsf_mutex));
	return rules && rules->inherit ? rules : birth.rules;
}

/* What memory a fence takes that does as some rules do. */
struct provision {
	u64 origin;			/* those rules' instance; 0: there are none */
	unsigned int slots;
	struct nsf_chunk_desc *chunk;	/* a copy */
	u32 chunks;
};

static int provision_measure(struct provision *p, const struct nsf_net *parent)
{
	const struct nsf_policy *named;
	const struct nsf_rules *like;
	int err = 0;

	*p = (struct provision){};
	mutex_lock(&nsf_mutex);
	like = birth_rules(parent);
	if (like) {
		p->origin = like->instance;
		p->slots = nsf_slots_count(like);
		named = like->named;
		p->chunks = named ? named->chunks : 0;
	}
	if (p->chunks) {
		if (!nsf_fault_attach())
			p->chunk = kvmalloc_array(p->chunks, sizeof(*p->chunk), GFP_KERNEL);
		if (p->chunk)
			memcpy(p->chunk, named->chunk, p->chunks * sizeof(*p->chunk));
		else
			err = -ENOMEM;
	}
	mutex_unlock(&nsf_mutex);
	return err;
}

/* With rules that are empty yet; nobody has them but the caller. */
static struct nsf_attachment *attachment_new(struct nsf_rules **own)
{
	struct nsf_attachment *att = nsf_attachment_alloc();
	struct nsf_rules *rules = NULL;

	if (!att)
		return NULL;
	if (!nsf_fault_attach())
		rules = kzalloc(sizeof(*rules), GFP_KERNEL_ACCOUNT);
	if (!rules) {
		nsf_attachment_free(att);
		return NULL;
	}
	RCU_INIT_POINTER(att->rules, rules);
	*own = rules;
	return att;
}

static struct nsf_attachment *provision_alloc(const struct provision *p)
{
	struct nsf_states *states;
	struct nsf_rules *rules;
	struct nsf_attachment *att = attachment_new(&rules);

	if (!att)
		return NULL;
	rules->instance = p->origin;
	if (p->chunks) {
		states = nsf_states_grow(NULL, p->chunk, p->chunks);
		if (!states)
			goto err_free;
		RCU_INIT_POINTER(rules->states, states);
	}
	if (nsf_slots_spare(att, p->slots))
		goto err_free;
	return att;

err_free:
	nsf_attachment_free(att);
	return NULL;
}

struct nsf_attachment *nsf_birth_prepare(struct nsf_net *parent)
{
	struct nsf_attachment *att = NULL;
	struct provision p;
	int err;

	err = provision_measure(&p, parent);
	if (!err && p.origin) {
		att = provision_alloc(&p);
		if (!att)
			err = -ENOMEM;
	}
	kvfree(p.chunk);
	return err ? ERR_PTR(err) : att;
}

/* @rules becomes a copy of @like, but for what is of one fence alone. */
static void rules_copy(struct nsf_rules *rules, const struct nsf_rules *like)
{
	struct nsf_states *states = rcu_dereference_protected(rules->states,
							      lockdep_is_held(&nsf_mutex));

	/* Made for other rules, of another policy perhaps. */
	if (rules->instance != like->instance) {
		nsf_states_free(states);
		states = NULL;
	}
	*rules = *like;
	rules->states_lent = false;
	RCU_INIT_POINTER(rules->states, states);
	RCU_INIT_POINTER(rules->old, NULL);
	rules->inherited = like != birth.rules;
}

int nsf_birth_attach(struct nsf_net *nn, struct nsf_net *parent, struct nsf_attachment *att)
{
	const struct nsf_rules *like = birth_rules(parent);
	struct nsf_rules *rules = NULL;
	int err = -ENOMEM;

	lockdep_assert_held(&nsf_mutex);

	if (!like) {
		if (!IS_ERR(att))
			nsf_attachment_free(att);
		return 0;
	}
	if (!att)
		att = attachment_new(&rules);
	else if (!IS_ERR(att))
		rules = rcu_dereference_protected(att->rules, lockdep_is_held(&nsf_mutex));
	if (rules) {
		rules_copy(rules, like);
		err = nsf_attach_new(nn, att, rules);
	}
	if (err) {
		birth.refused++;
		pr_warn_ratelimited("a namespace is not created (inode would be %u): its fence cannot be had: error %d\n",
				    nsf_net_inum(nn->net), err);
	} else {
		birth.births++;
	}
	return err;
}
