/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet_meta: the fields of a packet that are not in its bytes: mark, devices,
 * packet type, conntrack. With headers.c, all that a policy can ask.
 */
#ifndef NSF_PACKET_META_H
#define NSF_PACKET_META_H

#include <linux/netfilter.h>

#include "packet.h"

struct sk_buff;

/* The second part of nsf_packet_load(). */
void nsf_packet_load_needs(struct nsf_packet *p, const struct sk_buff *skb,
			   const struct nf_hook_state *state, u64 needs);

/*
 * Fills @p (which need not be initialised): NFPROTO always, those of NSF_NEED_PLAIN,
 * NSF_NEED_CT and NSF_NEED_NAMES where @needs has one. RCU reader, any context.
 */
static inline void nsf_packet_load(struct nsf_packet *p, const struct sk_buff *skb,
				   const struct nf_hook_state *state, u64 needs)
{
	p->have = NSF_BIT(NSF_FIELD_NFPROTO);
	p->val[NSF_FIELD_NFPROTO] = state->pf;
	if (needs)
		nsf_packet_load_needs(p, skb, state, needs);
}

#endif /* NSF_PACKET_META_H */
