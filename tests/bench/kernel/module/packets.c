// SPDX-License-Identifier: GPL-2.0-or-later
/* packets: see bench.h. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"

/* What the kernel has seen to before a hook: the header is there, and true. */
static u8 family_of(const u8 *b, u32 length)
{
	const struct ipv6hdr *six = (const void *)b;
	const struct iphdr *four = (const void *)b;

	if (length >= sizeof(*four) && four->version == 4)
		return four->ihl >= 5 && four->ihl * 4u <= length &&
		       ntohs(four->tot_len) == length ? NFPROTO_IPV4 : 0;
	if (length >= sizeof(*six) && six->version == 6)
		return ntohs(six->payload_len) + sizeof(*six) == length ? NFPROTO_IPV6 : 0;
	return 0;
}

static struct sk_buff *make(const u8 *b, u32 length, u8 family)
{
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + length, GFP_KERNEL);
	unsigned int header = family == NFPROTO_IPV4 ? ((const struct iphdr *)b)->ihl * 4u :
						       sizeof(struct ipv6hdr);

	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_put_data(skb, b, length);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, header);
	skb->protocol = family == NFPROTO_IPV4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	skb->pkt_type = PACKET_HOST;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return skb;
}

int hb_packets_make(struct hb_packets *p, const u8 *bytes, u32 size, u32 count)
{
	u16 length;
	u32 at = 0;
	u8 family;

	memset(p, 0, sizeof(*p));
	p->skb = kvcalloc(count, sizeof(*p->skb), GFP_KERNEL);
	p->ret = kvcalloc(count, 1, GFP_KERNEL);
	if (!p->skb || !p->ret)
		goto err_memory;
	while (p->n < count) {
		if (size - at < sizeof(length))
			goto err_format;
		memcpy(&length, bytes + at, sizeof(length));
		at += sizeof(length);
		if (length > HB_MAX_LENGTH || size - at < length)
			goto err_format;
		family = family_of(bytes + at, length);
		if (!family || (p->family && family != p->family))
			goto err_format;
		p->family = family;
		p->skb[p->n] = make(bytes + at, length, family);
		if (!p->skb[p->n])
			goto err_memory;
		p->n++;
		at += length;
	}
	if (at != size)
		goto err_format;
	return 0;

err_format:
	hb_packets_clean(p);
	return -EINVAL;
err_memory:
	hb_packets_clean(p);
	return -ENOMEM;
}

void hb_packets_clean(struct hb_packets *p)
{
	u32 i;

	for (i = 0; i < p->n; i++) {
		refcount_set(&p->skb[i]->users, 1);
		p->skb[i]->dev = NULL;
		kfree_skb(p->skb[i]);
	}
	kvfree(p->skb);
	kvfree(p->ret);
	memset(p, 0, sizeof(*p));
}

void hb_packets_bind(struct hb_packets *p, struct net_device *dev, bool in)
{
	u32 i;

	for (i = 0; i < p->n; i++) {
		p->skb[i]->dev = dev;
		p->skb[i]->skb_iif = in && dev ? dev->ifindex : 0;
	}
}
