// SPDX-License-Identifier: GPL-2.0-or-later
/* fill: see fill.h. */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <net/net_namespace.h>
#include <net/netlink.h>

#include "attach.h"
#include "compat/netns.h"
#include "fill.h"
#include "netns.h"
#include "policy.h"
#include "uapi/nsfence.h"

/* The module's own enums travel as the UAPI's. */
static_assert((int)NSFENCE_VERDICT_ACCEPT == NSF_VERDICT_ACCEPT);
static_assert((int)NSFENCE_VERDICT_DROP == NSF_VERDICT_DROP);
static_assert((int)NSFENCE_VERDICT_REJECT == NSF_VERDICT_REJECT);
static_assert((int)NSFENCE_VERDICT_AUDIT == NSF_VERDICT_AUDIT);
static_assert((int)NSFENCE_VERDICT_EXEMPT == NSF_VERDICT_EXEMPT);
static_assert((int)__NSFENCE_VERDICT_MAX == NSF_VERDICTS);
static_assert((int)NSFENCE_HOOK_PREROUTING == NF_INET_PRE_ROUTING);
static_assert((int)NSFENCE_HOOK_INPUT == NF_INET_LOCAL_IN);
static_assert((int)NSFENCE_HOOK_FORWARD == NF_INET_FORWARD);
static_assert((int)NSFENCE_HOOK_OUTPUT == NF_INET_LOCAL_OUT);
static_assert((int)NSFENCE_HOOK_POSTROUTING == NF_INET_POST_ROUTING);
static_assert(NSFENCE_MAX_SOURCE + 1 == NSF_SOURCE_SIZE);
static_assert(NSFENCE_MAX_NAME + 1 == NSF_NAME_SIZE);

static int fill_counter(struct sk_buff *skb, unsigned int hook, enum nsf_verdict verdict,
			const struct nsf_counter_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, NSFENCE_A_COUNTER);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, NSFENCE_A_COUNTER_HOOK, hook) ||
	    nla_put_u32(skb, NSFENCE_A_COUNTER_VERDICT, verdict) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_COUNTER_PACKETS, sum->packets,
			      NSFENCE_A_COUNTER_PAD) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_COUNTER_BYTES, sum->bytes,
			      NSFENCE_A_COUNTER_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Those that are not zero: most are. */
static int fill_counters(struct sk_buff *skb, const struct nsf_attachment *att)
{
	struct nsf_counter_sum sum;
	unsigned int hook, verdict;
	int err;

	for (hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		for (verdict = 0; verdict < NSF_VERDICTS; verdict++) {
			nsf_counters_sum(att->counters, hook, verdict, &sum);
			if (!sum.packets)
				continue;
			err = fill_counter(skb, hook, verdict, &sum);
			if (err)
				return err;
		}
	}
	return 0;
}

static int fill_attachment(struct sk_buff *skb, const struct nsf_attachment *att,
			   const struct nsf_rules *rules)
{
	u32 mode = nsf_rules_audit(rules) ? NSFENCE_MODE_AUDIT : NSFENCE_MODE_ENFORCE;
	const char *name = nsf_builtin_name(rules->policy);
	u32 hooks = rules->hooks;

	if (rules->named) {
		name = rules->named->name;
		hooks = nsf_version_hooks(rcu_dereference_check(rules->named->version,
								lockdep_is_held(&nsf_mutex)));
	}
	if (nla_put_u64_64bit(skb, NSFENCE_A_INSTANCE, rules->instance, NSFENCE_A_PAD) ||
	    nla_put_string(skb, NSFENCE_A_POLICY, name) ||
	    nla_put_u32(skb, NSFENCE_A_MODE, mode) ||
	    nla_put_u32(skb, NSFENCE_A_HOOKS, hooks) ||
	    nla_put_string(skb, NSFENCE_A_SOURCE, rules->source))
		return -EMSGSIZE;
	return fill_counters(skb, att);
}

int nsf_fill_netns(struct sk_buff *skb, const struct nsf_net *nn,
		   const struct nsf_attachment *att, u32 flags)
{
	const struct nsf_rules *rules = NULL;
	u32 parent = READ_ONCE(nn->parent_inode);

	if (net_eq(nn->net, &init_net))
		flags |= NSFENCE_F_INITIAL;
	if (nn->born)
		flags |= NSFENCE_F_BORN;
	if (READ_ONCE(nn->orphan))
		flags |= NSFENCE_F_ORPHAN;
	if (att) {
		rules = rcu_dereference_check(att->rules, lockdep_is_held(&nsf_mutex));
		flags |= (rules->strict ? NSFENCE_F_STRICT : 0) |
			 (rules->manual ? NSFENCE_F_MANUAL : 0) |
			 (rules->forward_accept ? NSFENCE_F_FORWARD_ACCEPT : 0) |
			 (rules->inherit ? NSFENCE_F_INHERIT : 0) |
			 (rules->inherited ? NSFENCE_F_INHERITED : 0) |
			 (rules->birth && !rules->inherited ? NSFENCE_F_BIRTH : 0);
	}

	if (nla_put_u32(skb, NSFENCE_A_INODE, nsf_net_inum(nn->net)) ||
	    nla_put_u32(skb, NSFENCE_A_FLAGS, flags))
		return -EMSGSIZE;
	if (nsf_net_has_cookie() &&
	    nla_put_u64_64bit(skb, NSFENCE_A_COOKIE, nsf_net_cookie(nn->net), NSFENCE_A_PAD))
		return -EMSGSIZE;
	if (parent && nla_put_u32(skb, NSFENCE_A_PARENT, parent))
		return -EMSGSIZE;
	return att ? fill_attachment(skb, att, rules) : 0;
}
