// SPDX-License-Identifier: GPL-2.0-or-later
/* hook: see hook.h. extract -> judge -> count -> verdict. */
#include <linux/if.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>

#include "attach.h"
#include "extract.h"
#include "hook.h"
#include "reject.h"

/*
 * Loopback stays in the namespace, and without neighbour discovery IPv6 has no
 * neighbours (as with ARP, which IP hooks never see). Forwarded packets are
 * neither.
 */
static bool hook_is_exempt(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct net_device *dev;

	switch (state->hook) {
	case NF_INET_PRE_ROUTING:
	case NF_INET_LOCAL_IN:
		dev = state->in;
		break;
	case NF_INET_LOCAL_OUT:
	case NF_INET_POST_ROUTING:
		dev = state->out;
		break;
	default:
		return false;
	}
	if (dev && dev->flags & IFF_LOOPBACK)
		return true;
	return state->pf == NFPROTO_IPV6 && nsf_extract_is_nd(skb);
}

static enum nsf_verdict hook_judge(const struct nsf_attachment *att,
				   const struct nsf_rules *rules,
				   const struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	/* A slot that these rules do not use: it is being added or retired. */
	if (!(nsf_rules_hooks(rules) & (1U << state->hook)))
		return NSF_VERDICT_ACCEPT;
	if (rules->policy == NSF_BUILTIN_ACCEPT)
		return NSF_VERDICT_ACCEPT;
	if (nsf_reject_is_own_reply(att, skb, state))
		return NSF_VERDICT_EXEMPT;
	if (!rules->strict && hook_is_exempt(skb, state))
		return NSF_VERDICT_EXEMPT;
	if (rules->audit || rules->policy == NSF_BUILTIN_AUDIT)
		return NSF_VERDICT_AUDIT;
	if (rules->policy == NSF_BUILTIN_REJECT)
		return NSF_VERDICT_REJECT;
	return NSF_VERDICT_DROP;
}

unsigned int nsf_hook(void *priv, struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	const struct nsf_slot *slot = priv;
	const struct nsf_attachment *att = slot->attachment;
	const struct nsf_rules *rules = rcu_dereference(att->rules);
	enum nsf_verdict verdict;

	verdict = hook_judge(att, rules, skb, state);
	nsf_counters_add(att->counters, slot->hook, verdict, skb->len);

	switch (verdict) {
	case NSF_VERDICT_DROP:
		return NF_DROP;
	case NSF_VERDICT_REJECT:
		return nsf_reject(att, skb, state);
	default:
		return NF_ACCEPT;
	}
}
