/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resets. 5.10 (46d6c5ae953c, and stable trees back to 4.19.158, RHEL 8.4)
 * added the socket that the packet came from.
 */
#ifndef NSF_COMPAT_REJECT_H
#define NSF_COMPAT_REJECT_H

#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "compat/features.h"

static inline void nsf_send_reset(struct net *net, struct sock *sk,
				  struct sk_buff *skb, int hook)
{
#ifdef NSF_HAVE_SEND_RESET_SK
	nf_send_reset(net, sk, skb, hook);
#else
	nf_send_reset(net, skb, hook);
#endif
}

static inline void nsf_send_reset6(struct net *net, struct sock *sk,
				   struct sk_buff *skb, int hook)
{
#ifdef NSF_HAVE_SEND_RESET_SK
	nf_send_reset6(net, sk, skb, hook);
#else
	nf_send_reset6(net, skb, hook);
#endif
}

#endif /* NSF_COMPAT_REJECT_H */
