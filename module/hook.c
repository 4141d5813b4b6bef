// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hook: see hook.h. judge (a built-in policy, or extract and classify) -> count
 * -> report -> verdict.
 */
#include <linux/if.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>

#include "attach.h"
#include "effect.h"
#include "extract.h"
#include "hook.h"
#include "packet_meta.h"
#include "policy.h"
#include "reject.h"
#include "report.h"
#include "slot.h"

/* One visit of a packet to a slot, and what came of it. */
struct visit {
	const struct nsf_slot *slot;
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	bool judged;		/* the slot is in use: what follows is valid */
	enum nsf_verdict verdict;
	const struct nsf_image *image;	/* that decided; NULL: a built-in policy */
	struct nsf_decision decision;	/* of the image */
	struct nsf_packet packet;	/* of the image */
};

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

static enum nsf_verdict builtin_judge(const struct nsf_attachment *att,
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

/* A built-in policy at one of its hooks. */
static noinline void builtin_visit(struct visit *v, const struct nsf_rules *rules)
{
	const struct nsf_attachment *att = v->slot->attachment;

	if (nsf_rules_hooks(rules) & (1U << v->slot->hook)) {
		v->verdict = builtin_judge(att, rules, v->skb, v->state);
		v->judged = true;
	} else if (v->slot->hook == NF_INET_POST_ROUTING && nsf_rules_recheck(rules)) {
		/* What passes here was counted in output. */
		if (!hook_is_stray(rules, v->skb, v->state) ||
		    nsf_reject_is_own_reply(att, v->skb, v->state))
			return;
		v->verdict = NSF_VERDICT_DROP;
		v->judged = true;
	}
}

/*
 * A policy that has no forward chain, in a slot that fences forward all the
 * same, in the families that it has to do with. In the midst of an update:
 * neither of both may lack it.
 */
static noinline void forward_visit(struct visit *v, const struct nsf_rules *rules)
{
	const struct nsf_version *version = rcu_dereference(rules->named->version);
	const struct nsf_version *old = rcu_dereference(version->old);
	u8 family = v->state->pf == NFPROTO_IPV6 ? NSF_CHAIN_IPV6 : NSF_CHAIN_IPV4;

	if (rules->forward_accept ||
	    (nsf_version_fences(version, family) && (!old || nsf_version_fences(old, family))))
		return;
	v->verdict = rules->audit ? NSF_VERDICT_AUDIT : NSF_VERDICT_DROP;
	v->judged = true;
}

/* One base chain of one version. Inlined, as most packets come to it and no further. */
static __always_inline void chain_visit(struct visit *v, const struct nsf_rules *rules,
					const struct nsf_version *version, bool quiet)
{
	struct nsf_effect fx = {
		.skb = v->skb,
		.state = v->state,
		.att = v->slot->attachment,
		.rules = rules,
		.version = version,
		.states = rcu_dereference(rules->states),
		.quiet = quiet,
	};
	const struct nsf_chain *chain = version->chain[v->slot->chain];

	if (!chain)
		return;
	v->judged = true;
	if (version->image->flags & NSF_IMAGE_REJECT &&
	    nsf_reject_is_own_reply(v->slot->attachment, v->skb, v->state)) {
		v->verdict = NSF_VERDICT_EXEMPT;
		return;
	}
	v->image = version->image;
	nsf_packet_load(&v->packet, v->skb, v->state, version->image->needs);
	nsf_classify(version->image, chain, &v->packet, &fx, &v->decision);
	if (v->decision.end == NSF_ACCEPT)
		v->verdict = NSF_VERDICT_ACCEPT;
	else if (rules->audit)
		v->verdict = NSF_VERDICT_AUDIT;
	else if (v->decision.end == NSF_REJECT)
		v->verdict = NSF_VERDICT_REJECT;
	else
		v->verdict = NSF_VERDICT_DROP;
}

static bool visit_passes(const struct visit *v)
{
	return !v->judged || (v->verdict != NSF_VERDICT_DROP && v->verdict != NSF_VERDICT_REJECT);
}

/* What was in force before says of a packet. It counts only if it stops it. */
struct opinion {
	bool stops;
	enum nsf_verdict verdict;
	const struct nsf_image *image;
	struct nsf_decision decision;
};

/*
 * In the midst of a change both are in force. The one before is asked first, and
 * quietly: after the other one it would find the marks and limits as that has
 * left them. It is told last: what both stop is the new one's.
 */
static struct opinion visit_take(struct visit *v)
{
	struct opinion before = { .stops = !visit_passes(v) };

	if (before.stops) {
		before.verdict = v->verdict;
		before.image = v->image;
		before.decision = v->decision;
	}
	v->judged = false;
	v->image = NULL;
	return before;
}

static void visit_join(struct visit *v, const struct opinion *before)
{
	if (!before->stops || !visit_passes(v))
		return;
	v->judged = true;
	v->verdict = before->verdict;
	v->image = before->image;
	v->decision = before->decision;
}

/* An update of the policy: policy.c. */
static noinline void versions_visit(struct visit *v, const struct nsf_rules *rules,
				    const struct nsf_version *version,
				    const struct nsf_version *old, bool quiet)
{
	struct opinion before;

	chain_visit(v, rules, old, true);
	before = visit_take(v);
	chain_visit(v, rules, version, quiet);
	visit_join(v, &before);
}

/*
 * What @rules say of a packet in this slot; nothing, where the slot is not (or
 * not yet, or no longer) theirs.
 */
static __always_inline void rules_visit(struct visit *v, const struct nsf_rules *rules, bool quiet)
{
	const struct nsf_version *version, *old;

	v->judged = false;
	v->image = NULL;
	if (!rules->named) {
		if (!v->slot->policy)
			builtin_visit(v, rules);
		return;
	}
	if (!v->slot->policy) {
		if (v->slot->hook == NF_INET_FORWARD)
			forward_visit(v, rules);
		return;
	}
	if (v->slot->policy != rules->named)
		return;
	version = rcu_dereference(rules->named->version);
	old = rcu_dereference(version->old);
	if (unlikely(old))
		versions_visit(v, rules, version, old, quiet);
	else
		chain_visit(v, rules, version, quiet);
}

/* A replacement of the rules: attach.c. */
static noinline void both_visit(struct visit *v, const struct nsf_rules *rules,
				const struct nsf_rules *old)
{
	struct opinion before;

	rules_visit(v, old, true);
	before = visit_take(v);
	rules_visit(v, rules, false);
	visit_join(v, &before);
}

/* The chain's name, for a verdict that is no rule's. */
static const char *visit_chain(const struct visit *v)
{
	const struct nsf_chain *chain = nsf_image_chains(v->image);
	u32 n = nsf_image_n_chains(v->image), i;

	for (i = 0; i < n; i++)
		if (chain[i].id == v->slot->id)
			return nsf_image_strings(v->image) + chain[i].name;
	return NULL;
}

static noinline void visit_report(const struct visit *v, const struct nsf_rules *rules)
{
	struct nsf_report report = {
		.kind = v->verdict == NSF_VERDICT_AUDIT ? NSF_REPORT_AUDIT : NSF_REPORT_DROP,
		.verdict = v->verdict,
		.att = v->slot->attachment,
		.rules = rules,
		.skb = v->skb,
		.state = v->state,
		.rule = NSF_NO_RULE,
	};

	if (v->image) {
		report.image = v->image;
		report.packet = &v->packet;
		report.rule = nsf_image_records(v->image)[v->decision.record].rule;
		report.chain = visit_chain(v);
	}
	nsf_report_send(&report);
}

unsigned int nsf_hook(void *priv, struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	const struct nsf_slot *slot = priv;
	const struct nsf_rules *rules = rcu_dereference(slot->attachment->rules);
	const struct nsf_rules *old;
	struct visit v __uninitialized;	/* filled as far as needed */

	v.slot = slot;
	v.skb = skb;
	v.state = state;
	old = rcu_dereference(rules->old);
	if (unlikely(old))
		both_visit(&v, rules, old);
	else
		rules_visit(&v, rules, false);
	if (!v.judged)
		return NF_ACCEPT;

	nsf_counters_add(slot->attachment->counters, slot->hook, v.verdict, skb->len);
	if (v.verdict == NSF_VERDICT_ACCEPT || v.verdict == NSF_VERDICT_EXEMPT)
		return NF_ACCEPT;
	if (unlikely(nsf_report_wanted()))
		visit_report(&v, rules);
	if (v.verdict == NSF_VERDICT_DROP)
		return NF_DROP;
	if (v.verdict == NSF_VERDICT_REJECT)
		return v.image ? nsf_reject_as(slot->attachment, skb, state, v.decision.reject_how,
					       v.decision.reject_code) :
				 nsf_reject(slot->attachment, skb, state);
	return NF_ACCEPT;
}
