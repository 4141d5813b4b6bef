/* SPDX-License-Identifier: GPL-2.0-or-later */
/* extract: the only reader of packet headers. Packet path; trusts no length. */
#ifndef NSF_EXTRACT_H
#define NSF_EXTRACT_H

#include <linux/skbuff.h>
#include <linux/types.h>

/*
 * A neighbour discovery message that its receiver would accept (RFC 4861,
 * section 6.1 and 7.1): router and neighbour solicitations and advertisements,
 * code 0, hop limit 255, ICMPv6 straight after the IPv6 header. Not redirects:
 * they change where packets go, and nothing needs them. @skb's network header
 * is IPv6's and linear, as netfilter's hooks have it.
 */
bool nsf_extract_is_nd(const struct sk_buff *skb);

/*
 * Does its route lead to a neighbour: to a link-local or multicast address, or
 * to one that no gateway stands before? IPv6, output or postrouting.
 */
bool nsf_extract_is_on_link(const struct sk_buff *skb);

enum nsf_l4 {
	NSF_L4_OTHER,	/* not TCP, a later fragment, or unreadable */
	NSF_L4_TCP,
	NSF_L4_TCP_SYN,	/* the first segment of a connection: SYN, no ACK */
	NSF_L4_TCP_RST,
	NSF_L4_ICMP,	/* ICMP or ICMPv6, an error message */
};

/* What kind of reply a reject owes this packet. @pf: NFPROTO_IPV4 or _IPV6. */
enum nsf_l4 nsf_extract_l4(const struct sk_buff *skb, u8 pf);

#endif /* NSF_EXTRACT_H */
