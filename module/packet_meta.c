// SPDX-License-Identifier: GPL-2.0-or-later
/* packet_meta: see packet_meta.h. */
#include <linux/if.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/string.h>

#include "compat/conntrack.h"
#include "headers.h"
#include "packet_meta.h"

static_assert(IFNAMSIZ == 2 * sizeof(__be64), "a name is two fields");

/*
 * "" where there is no device. Copied up to its NUL: after it, the name of a
 * device that was renamed has what is left of the old one.
 */
static void set_name(struct nsf_packet *p, enum nsf_field hi, enum nsf_field lo,
		     const struct net_device *dev)
{
	__be64 half[2] = {};

	if (dev)
		memcpy(half, dev->name, strnlen(dev->name, sizeof(half)));
	nsf_packet_set(p, hi, be64_to_cpu(half[0]));
	nsf_packet_set(p, lo, be64_to_cpu(half[1]));
}

/*
 * A copy that the namespace sends to itself is of the type "loopback", which hides
 * what it was: that is guessed from the address, as nft does.
 */
static u8 pkttype(const struct nsf_packet *p, const struct sk_buff *skb, u8 pf)
{
	if (skb->pkt_type != PACKET_LOOPBACK)
		return skb->pkt_type;
	if (pf == NFPROTO_IPV6)
		return PACKET_MULTICAST;
	if (p->have & NSF_BIT(NSF_FIELD_IP_DADDR) &&
	    ipv4_is_multicast(cpu_to_be32(p->val[NSF_FIELD_IP_DADDR])))
		return PACKET_MULTICAST;
	return PACKET_BROADCAST;
}

/* What lies in the skb's linear part; headers.c gets the rest. */
static struct nsf_bytes bytes_of(const struct sk_buff *skb)
{
	int before = skb_network_offset(skb), there = (int)skb_headlen(skb) - before;

	return (struct nsf_bytes){
		.data = skb_network_header(skb),
		.caplen = there > 0 ? there : 0,
		.length = skb->len,
		.skb = skb,
	};
}

static void set_plain(struct nsf_packet *p, const struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	const struct nsf_bytes bytes = bytes_of(skb);

	nsf_headers_read(p, &bytes, state->pf == NFPROTO_IPV6 ? 6 : 4);
	p->val[NSF_FIELD_MARK] = skb->mark;
	p->val[NSF_FIELD_PKTTYPE] = pkttype(p, skb, state->pf);
	p->val[NSF_FIELD_IIF] = state->in ? state->in->ifindex : 0;
	p->val[NSF_FIELD_OIF] = state->out ? state->out->ifindex : 0;
	p->have |= NSF_BIT(NSF_FIELD_MARK) | NSF_BIT(NSF_FIELD_PKTTYPE) |
		   NSF_BIT(NSF_FIELD_IIF) | NSF_BIT(NSF_FIELD_OIF);
}

static void set_ct(struct nsf_packet *p, const struct sk_buff *skb)
{
	struct nsf_ct_view v;

	nsf_ct_look(skb, &v);
	nsf_packet_set(p, NSF_FIELD_CT_STATE, v.state);
	if (!v.entry)
		return;
	nsf_packet_set(p, NSF_FIELD_CT_DIRECTION, v.direction);
	if (v.has_mark)
		nsf_packet_set(p, NSF_FIELD_CT_MARK, v.mark);
}

void nsf_packet_load_needs(struct nsf_packet *p, const struct sk_buff *skb,
			   const struct nf_hook_state *state, u64 needs)
{
	if (needs & NSF_NEED_PLAIN)
		set_plain(p, skb, state);
	if (needs & NSF_NEED_NAMES) {
		set_name(p, NSF_FIELD_IIFNAME_HI, NSF_FIELD_IIFNAME_LO, state->in);
		set_name(p, NSF_FIELD_OIFNAME_HI, NSF_FIELD_OIFNAME_LO, state->out);
	}
	if (needs & NSF_NEED_CT)
		set_ct(p, skb);
}
