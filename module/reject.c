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

static void reject_unreachable(struct sk_buff *skb, const struct nf_hook_state *state,
			       int code)
{
	if (state->pf == NFPROTO_IPV6)
		nf_send_unreach6(state->net, skb, code, state->hook);
	else
		nf_send_unreach(skb, code, state->hook);
}

#define NO_CODE	(-1)	/* a reset is meant */

/* The reply, which may leave by device @back. */
static void reject_reply(const struct nsf_attachment *att, struct sk_buff *skb,
			 const struct nf_hook_state *state, const struct net_device *back,
			 int code)
{
	struct reject_mark outer;

	local_bh_disable();
	outer = *this_cpu_ptr(&replying);
	*this_cpu_ptr(&replying) = (struct reject_mark){
		.attachment = att, .ifindex = back->ifindex,
	};
	if (code == NO_CODE)
		reject_reset(skb, state);
	else
		reject_unreachable(skb, state, code);
	*this_cpu_ptr(&replying) = outer;
	local_bh_enable();
}

/* Where the sender is. */
static const struct net_device *reject_back(const struct nf_hook_state *state)
{
	return state->hook == NF_INET_LOCAL_OUT ? state->net->loopback_dev : state->in;
}

static const u8 icmpx_code[NSF_ICMPXS] = {
	[NSF_ICMPX_NO_ROUTE] = ICMP_NET_UNREACH,
	[NSF_ICMPX_PORT_UNREACH] = ICMP_PORT_UNREACH,
	[NSF_ICMPX_HOST_UNREACH] = ICMP_HOST_UNREACH,
	[NSF_ICMPX_ADMIN_PROHIBITED] = ICMP_PKT_FILTERED,
};

static const u8 icmpx_code6[NSF_ICMPXS] = {
	[NSF_ICMPX_NO_ROUTE] = ICMPV6_NOROUTE,
	[NSF_ICMPX_PORT_UNREACH] = ICMPV6_PORT_UNREACH,
	[NSF_ICMPX_HOST_UNREACH] = ICMPV6_ADDR_UNREACH,
	[NSF_ICMPX_ADMIN_PROHIBITED] = ICMPV6_ADM_PROHIBITED,
};

unsigned int nsf_reject_as(const struct nsf_attachment *att, struct sk_buff *skb,
			   const struct nf_hook_state *state, enum nsf_reject_how how,
			   u8 code)
{
	const struct net_device *back = reject_back(state);
	bool ipv6 = state->pf == NFPROTO_IPV6;
	int icmp = code;

	switch (how) {
	case NSF_REJECT_ICMP:
		if (ipv6)
			return NF_DROP;
		break;
	case NSF_REJECT_ICMPV6:
		if (!ipv6)
			return NF_DROP;
		break;
	case NSF_REJECT_ICMPX:
		if (code >= NSF_ICMPXS)
			return NF_DROP;
		icmp = ipv6 ? icmpx_code6[code] : icmpx_code[code];
		break;
	case NSF_REJECT_RESET:
		icmp = NO_CODE;
		break;
	default:
		return NF_DROP;
	}
	if (back)
		reject_reply(att, skb, state, back, icmp);
	return NF_DROP;
}

unsigned int nsf_reject(const struct nsf_attachment *att, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	enum nsf_l4 l4 = nsf_extract_l4(skb, state->pf);
	bool local = state->hook == NF_INET_LOCAL_OUT;
	const struct net_device *back = reject_back(state);
	int code;

	/* connect(2) and sendto(2) have their errors; nothing need be sent. */
	if (local && l4 == NSF_L4_TCP_SYN)
		return NF_DROP_ERR(-ECONNREFUSED);
	if (local && l4 != NSF_L4_TCP)
		return NF_DROP_ERR(-EPERM);
	if (l4 == NSF_L4_TCP_RST || l4 == NSF_L4_ICMP || !back)
		return NF_DROP;

	if (l4 == NSF_L4_TCP || l4 == NSF_L4_TCP_SYN)
		code = NO_CODE;
	else
		code = state->pf == NFPROTO_IPV6 ? ICMPV6_ADM_PROHIBITED : ICMP_PKT_FILTERED;
	reject_reply(att, skb, state, back, code);
	return local ? NF_DROP_ERR(-ECONNREFUSED) : NF_DROP;
}
