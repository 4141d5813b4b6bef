// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reject: see reject.h.
 *
 * The replies leave by the namespace's own output path and so come to our own
 * hooks, synchronously, inside the call that makes them. A per-CPU mark, set
 * around that call with softirqs off, lets them pass and nothing else. (A reply
 * that the namespace's own rules send to a queue comes back later without the
 * mark, and meets the fence.)
 */
#include <linux/bottom_half.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include "attach.h"
#include "compat/reject.h"
#include "extract.h"
#include "reject.h"

/* What this CPU is replying to; with softirqs off. attachment NULL: nothing. */
struct reject_mark {
	const struct nsf_attachment *attachment;
	int ifindex;	/* by which the reply may leave */
};

static DEFINE_PER_CPU(struct reject_mark, replying);

bool nsf_reject_is_own_reply(const struct nsf_attachment *att,
			     const struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct reject_mark *mark;
	enum nsf_l4 l4;

	if (state->hook != NF_INET_LOCAL_OUT && state->hook != NF_INET_POST_ROUTING)
		return false;
	/*
	 * Where softirqs are on, nobody's mark is ours: it is set only inside
	 * the call chain that holds them off. (That, PREEMPT_RT does not
	 * promise: attach.c refuses this policy there.)
	 */
	if (!softirq_count())
		return false;
	mark = this_cpu_ptr(&replying);
	if (mark->attachment != att || !state->out || state->out->ifindex != mark->ifindex)
		return false;
	/* Whatever else that call set in motion is not our reply. */
	l4 = nsf_extract_l4(skb, state->pf);
	return l4 == NSF_L4_TCP_RST || l4 == NSF_L4_ICMP;
}

static void reject_reset(struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_IPV6)
		nsf_send_reset6(state->net, state->sk, skb, state->hook);
	else
		nsf_send_reset(state->net, state->sk, skb, state->hook);
}

static void reject_unreachable(struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_IPV6)
		nf_send_unreach6(state->net, skb, ICMPV6_ADM_PROHIBITED, state->hook);
	else
		nf_send_unreach(skb, ICMP_PKT_FILTERED, state->hook);
}

unsigned int nsf_reject(const struct nsf_attachment *att, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	enum nsf_l4 l4 = nsf_extract_l4(skb, state->pf);
	bool local = state->hook == NF_INET_LOCAL_OUT;
	const struct net_device *back = local ? state->net->loopback_dev : state->in;
	struct reject_mark outer;

	/* connect(2) and sendto(2) have their errors; nothing need be sent. */
	if (local && l4 == NSF_L4_TCP_SYN)
		return NF_DROP_ERR(-ECONNREFUSED);
	if (local && l4 != NSF_L4_TCP)
		return NF_DROP_ERR(-EPERM);
	if (l4 == NSF_L4_TCP_RST || l4 == NSF_L4_ICMP || !back)
		return NF_DROP;

	local_bh_disable();
	outer = *this_cpu_ptr(&replying);
	*this_cpu_ptr(&replying) = (struct reject_mark){
		.attachment = att, .ifindex = back->ifindex,
	};
	if (l4 == NSF_L4_TCP || l4 == NSF_L4_TCP_SYN)
		reject_reset(skb, state);
	else
		reject_unreachable(skb, state);
	*this_cpu_ptr(&replying) = outer;
	local_bh_enable();

	return local ? NF_DROP_ERR(-ECONNREFUSED) : NF_DROP;
}
