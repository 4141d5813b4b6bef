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
	bool leaves = false;

	switch (state->hook) {
	case NF_INET_PRE_ROUTING:
	case NF_INET_LOCAL_IN:
		dev = state->in;
		break;
	case NF_INET_LOCAL_OUT:
		/* A duplicate of what came by a device: see hook_is_stray(). */
		if (skb->skb_iif)
			return false;
		fallthrough;
	case NF_INET_POST_ROUTING:
		dev = state->out;
		leaves = true;
		break;
	default:
		return false;
	}
	if (dev && dev->flags & IFF_LOOPBACK)
		return true;
	return state->pf == NFPROTO_IPV6 && nsf_extract_is_nd(skb) &&
	       (!leaves || nsf_extract_is_on_link(skb));
}

/*
 * In output, a packet's device is the one that its route had before the
 * namespace's own rules saw it: rewritten or marked, it is routed again, and one
 * that was on its way to lo leaves by another; lightweight tunnels and queues do
 * the like. In postrouting the device is the true one. So what leaves must be
 * exempt here too. Nothing else is left to leave: what was routed through met the
 * forward hook, unless that is given up; then what came by a device (skb_iif)
 * may pass.
 */
static bool hook_is_stray(const struct nsf_rules *rules, const struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	if (rules->forward_accept && skb->skb_iif)
		return false;
	return !hook_is_exempt(skb, state);
}

static enum nsf_verdict hook_judge(const struct nsf_attachment *att,
				   const struct nsf_rules *rules,
				   const struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	if (rules->policy == NSF_BUILTIN_ACCEPT)
		return NSF_VERDICT_ACCEPT;
	if (nsf_reject_is_own_reply(att, skb, state))
		return NSF_VERDICT_EXEMPT;
	if (!rules->strict && hook_is_exempt(skb, state))
		return NSF_VERDICT_EXEMPT;
	if (nsf_rules_audit(rules))
		return NSF_VERDICT_AUDIT;
	return rules->policy == NSF_BUILTIN_REJECT ? NSF_VERDICT_REJECT : NSF_VERDICT_DROP;
}

unsigned int nsf_hook(void *priv, struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	const struct nsf_slot *slot = priv;
	const struct nsf_attachment *att = slot->attachment;
	const struct nsf_rules *rules = rcu_dereference(att->rules);
	enum nsf_verdict verdict;

	if (nsf_rules_hooks(rules) & (1U << slot->hook)) {
		verdict = hook_judge(att, rules, skb, state);
	} else if (slot->hook == NF_INET_POST_ROUTING && nsf_rules_recheck(rules)) {
		/* What passes here was counted in output. */
		if (!hook_is_stray(rules, skb, state) || nsf_reject_is_own_reply(att, skb, state))
			return NF_ACCEPT;
		verdict = NSF_VERDICT_DROP;
	} else {
		/* These rules do not use the slot: it is being added or retired. */
		return NF_ACCEPT;
	}
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
