// SPDX-License-Identifier: GPL-2.0-or-later
/* extract: see extract.h. */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "extract.h"

bool nsf_extract_is_nd(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct icmp6hdr *icmp;
	struct icmp6hdr buf;

	if (ip6h->nexthdr != IPPROTO_ICMPV6 || ip6h->hop_limit != 255)
		return false;
	icmp = skb_header_pointer(skb, skb_network_offset(skb) + sizeof(*ip6h),
				  sizeof(buf), &buf);
	if (!icmp || icmp->icmp6_code != 0)
		return false;
	switch (icmp->icmp6_type) {
	case NDISC_ROUTER_SOLICITATION:
	case NDISC_ROUTER_ADVERTISEMENT:
	case NDISC_NEIGHBOUR_SOLICITATION:
	case NDISC_NEIGHBOUR_ADVERTISEMENT:
		return true;
	default:
		return false;
	}
}

bool nsf_extract_is_on_link(const struct sk_buff *skb)
{
	const struct in6_addr *daddr = &ipv6_hdr(skb)->daddr;
	const struct dst_entry *dst = skb_dst(skb);

	if (ipv6_addr_is_multicast(daddr) || ipv6_addr_type(daddr) & IPV6_ADDR_LINKLOCAL)
		return true;
	return dst && !dst->lwtstate &&
	       !(container_of(dst, struct rt6_info, dst)->rt6i_flags & RTF_GATEWAY);
}

static enum nsf_l4 l4_tcp(const struct sk_buff *skb, unsigned int thoff)
{
	const struct tcphdr *tcp;
	struct tcphdr buf;

	tcp = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	if (!tcp)
		return NSF_L4_OTHER;
	if (tcp->rst)
		return NSF_L4_TCP_RST;
	return tcp->syn && !tcp->ack ? NSF_L4_TCP_SYN : NSF_L4_TCP;
}

static enum nsf_l4 l4_ipv4(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int thoff = skb_network_offset(skb) + iph->ihl * 4;
	const u8 *type;
	u8 buf;

	if (ntohs(iph->frag_off) & IP_OFFSET)
		return NSF_L4_OTHER;
	switch (iph->protocol) {
	case IPPROTO_TCP:
		return l4_tcp(skb, thoff);
	case IPPROTO_ICMP:
		type = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
		if (type && (*type == ICMP_DEST_UNREACH || *type == ICMP_SOURCE_QUENCH ||
			     *type == ICMP_REDIRECT || *type == ICMP_TIME_EXCEEDED ||
			     *type == ICMP_PARAMETERPROB))
			return NSF_L4_ICMP;
		return NSF_L4_OTHER;
	default:
		return NSF_L4_OTHER;
	}
}

static enum nsf_l4 l4_ipv6(const struct sk_buff *skb)
{
	unsigned short frag_off = 0;
	unsigned int thoff = 0;
	const u8 *type;
	int proto;
	u8 buf;

	proto = ipv6_find_hdr(skb, &thoff, -1, &frag_off, NULL);
	if (proto < 0 || frag_off)
		return NSF_L4_OTHER;
	switch (proto) {
	case IPPROTO_TCP:
		return l4_tcp(skb, thoff);
	case IPPROTO_ICMPV6:
		type = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
		/* The top bit tells information from errors (RFC 4443, 2.1). */
		if (type && !(*type & ICMPV6_INFOMSG_MASK))
			return NSF_L4_ICMP;
		return NSF_L4_OTHER;
	default:
		return NSF_L4_OTHER;
	}
}

enum nsf_l4 nsf_extract_l4(const struct sk_buff *skb, u8 pf)
{
	return pf == NFPROTO_IPV6 ? l4_ipv6(skb) : l4_ipv4(skb);
}
