// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * headers: see headers.h. Presence is nft's: of the kernels, the newest one's.
 * The IP hooks see packets whose fixed IP header is whole, but nothing else of
 * them is proved: raw sockets send any ihl and any chain of extension headers.
 */
#ifdef __KERNEL__
#include <linux/skbuff.h>
#else
#include <stddef.h>

#define likely(v)	__builtin_expect(v, 1)
#define unlikely(v)	__builtin_expect(v, 0)
#define noinline	__attribute_noinline__
#endif

#include "headers.h"

#define IPV4_LEN	20
#define IPV6_LEN	40
#define IPV4_OFFSET	0x1fff	/* of the fragment; the other bits are flags */

#define NFPROTO4	2
#define NFPROTO6	10

/* IPv6 extension headers; ESP is none: nothing behind it can be read. */
#define NEXT_HOP	0
#define NEXT_ROUTING	43
#define NEXT_FRAGMENT	44
#define NEXT_AUTH	51
#define NEXT_DEST	60

/* More of them than this in one packet, and the kernel gives up; older ones do not. */
#define MAX_EXT		12

/* What is not in the linear part of an skb; user space has nothing else. */
static noinline const u8 *get_far(const struct nsf_bytes *b, u32 at, u32 len, u8 *buf)
{
#ifdef __KERNEL__
	return skb_header_pointer(b->skb, skb_network_offset(b->skb) + (int)at, (int)len, buf);
#else
	(void)b, (void)at, (void)len, (void)buf;
	return NULL;
#endif
}

/*
 * @len bytes (at most 40) at @at: in place, or copied into @buf where the skb has
 * them elsewhere. NULL: the packet ends before.
 */
static inline const u8 *get(const struct nsf_bytes *b, u32 at, u32 len, u8 *buf)
{
	if (likely(len <= b->caplen && at <= b->caplen - len))
		return b->data + at;
	return get_far(b, at, len, buf);
}

/* Numbers of the wire, wherever they begin: a load and a swap, where a loop is not. */
static inline u16 be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline u64 be64(const u8 *p)
{
	return (u64)be32(p) << 32 | be32(p + 4);
}

/* Where the transport header is. */
struct transport {
	bool found;	/* the walk came to an end: proto is known */
	u8 proto;
	u32 at;
	u32 frag_off;	/* not 0: a later fragment, which has no such header */
};

/* ---- transport ---- */

#define TH_TWO		(NSF_BIT(NSF_FIELD_TH_TYPE) | NSF_BIT(NSF_FIELD_TH_CODE) | \
			 NSF_BIT(NSF_FIELD_TH_SPORT))
#define TH_FOUR		(TH_TWO | NSF_BIT(NSF_FIELD_TH_DPORT))

/* Of a header that ends too early as many fields as there are: each stands for itself. */
static noinline void short_fields_read(struct nsf_packet *p, const struct nsf_bytes *b, u32 at)
{
	u8 buf[4];
	u32 len = 4;
	const u8 *h;

	do
		h = get(b, at, len, buf);
	while (!h && --len);

	if (len >= 1)
		nsf_packet_set(p, NSF_FIELD_TH_TYPE, h[0]);
	if (len >= 2) {
		nsf_packet_set(p, NSF_FIELD_TH_CODE, h[1]);
		nsf_packet_set(p, NSF_FIELD_TH_SPORT, be16(h));
	}
	if (len >= 4)
		nsf_packet_set(p, NSF_FIELD_TH_DPORT, be16(h + 2));
}

static inline void fields_read(struct nsf_packet *p, const struct nsf_bytes *b, u32 at)
{
	u8 buf[14];
	const u8 *h = get(b, at, sizeof(buf), buf);

	if (unlikely(!h)) {
		short_fields_read(p, b, at);
		return;
	}
	p->val[NSF_FIELD_TH_TYPE] = h[0];
	p->val[NSF_FIELD_TH_CODE] = h[1];
	p->val[NSF_FIELD_TH_SPORT] = be16(h);
	p->val[NSF_FIELD_TH_DPORT] = be16(h + 2);
	p->val[NSF_FIELD_TH_TCP_FLAGS] = h[13];
	p->have |= TH_FOUR | NSF_BIT(NSF_FIELD_TH_TCP_FLAGS);
}

static inline void transport_read(struct nsf_packet *p, const struct nsf_bytes *b,
				  const struct transport *t)
{
	if (!t->found)
		return;
	nsf_packet_set(p, NSF_FIELD_L4PROTO, t->proto);
	if (!t->frag_off)
		fields_read(p, b, t->at);
}

/* ---- IPv4 ---- */

#define IPV4_FIELDS	(NSF_BIT(NSF_FIELD_IP_DSCP) | NSF_BIT(NSF_FIELD_IP_LENGTH) | \
			 NSF_BIT(NSF_FIELD_IP_FRAG_OFF) | NSF_BIT(NSF_FIELD_IP_TTL) | \
			 NSF_BIT(NSF_FIELD_IP_PROTOCOL) | NSF_BIT(NSF_FIELD_IP_SADDR) | \
			 NSF_BIT(NSF_FIELD_IP_DADDR))

static inline void ipv4_read(struct nsf_packet *p, const struct nsf_bytes *b, struct transport *t)
{
	u8 buf[IPV4_LEN];
	const u8 *h = get(b, 0, IPV4_LEN, buf);

	if (!h)
		return;
	p->val[NSF_FIELD_IP_DSCP] = h[1] >> 2;
	p->val[NSF_FIELD_IP_LENGTH] = be16(h + 2);
	p->val[NSF_FIELD_IP_FRAG_OFF] = be16(h + 6);
	p->val[NSF_FIELD_IP_TTL] = h[8];
	p->val[NSF_FIELD_IP_PROTOCOL] = h[9];
	p->val[NSF_FIELD_IP_SADDR] = be32(h + 12);
	p->val[NSF_FIELD_IP_DADDR] = be32(h + 16);
	p->have |= IPV4_FIELDS;

	/* An ihl below 5 is believed, as nft does in these hooks. */
	t->found = true;
	t->proto = h[9];
	t->at = (h[0] & 0xf) * 4;
	t->frag_off = be16(h + 6) & IPV4_OFFSET;
}

/* ---- IPv6 ---- */

#define NEXT_EXT	(1ULL << NEXT_HOP | 1ULL << NEXT_ROUTING | 1ULL << NEXT_FRAGMENT | \
			 1ULL << NEXT_AUTH | 1ULL << NEXT_DEST)

static inline bool is_ext(u8 next)
{
	return next < 64 && NEXT_EXT >> next & 1;
}

static inline u32 ext_size(u8 next, const u8 *h)
{
	switch (next) {
	case NEXT_FRAGMENT:
		return 8;
	case NEXT_AUTH:
		return (h[1] + 2) * 4;
	default:
		return (h[1] + 1) * 8;
	}
}

/*
 * nft walks the headers up to two times: for the protocol, where it stops at an
 * authentication header, and for a fragment header, where it goes past it. Both
 * walks are this one. Returns whether there is a fragment header.
 */
static noinline bool ipv6_walk(struct transport *t, const struct nsf_bytes *b, u8 next)
{
	u32 at = IPV6_LEN, off, size;
	bool frag = false;
	const u8 *h;
	u8 buf[4];
	int n;

	for (n = 0; is_ext(next); n++) {
		size = next == NEXT_ROUTING || next == NEXT_FRAGMENT ? 4 : 2;
		if (n >= MAX_EXT)
			return frag;
		h = get(b, at, size, buf);
		if (!h)
			return frag;
		if (next == NEXT_FRAGMENT) {
			frag = true;
			off = be16(h + 2) & ~7u;
			if (off) {
				/* Only its first header's number is known. */
				if (!t->found && !is_ext(h[0])) {
					t->found = true;
					t->proto = h[0];
					t->frag_off = off;
				}
				return frag;
			}
		} else if (next == NEXT_AUTH && !t->found) {
			t->found = true;
			t->proto = next;
			t->at = at;
		}
		if (t->found && frag)
			return frag;
		size = ext_size(next, h);
		if (b->length - at < size)
			return frag;
		next = h[0];
		at += size;
	}
	if (!t->found) {
		t->found = true;
		t->proto = next;
		t->at = at;
	}
	return frag;
}

#define IPV6_FIELDS	(NSF_BIT(NSF_FIELD_IP6_DSCP) | NSF_BIT(NSF_FIELD_IP6_LENGTH) | \
			 NSF_BIT(NSF_FIELD_IP6_NEXTHDR) | NSF_BIT(NSF_FIELD_IP6_HOPLIMIT) | \
			 NSF_BIT(NSF_FIELD_IP6_SADDR_HI) | NSF_BIT(NSF_FIELD_IP6_SADDR_LO) | \
			 NSF_BIT(NSF_FIELD_IP6_DADDR_HI) | NSF_BIT(NSF_FIELD_IP6_DADDR_LO) | \
			 NSF_BIT(NSF_FIELD_EXTHDR_FRAG))

static inline void ipv6_read(struct nsf_packet *p, const struct nsf_bytes *b, struct transport *t)
{
	u8 buf[IPV6_LEN];
	const u8 *h = get(b, 0, IPV6_LEN, buf);

	if (!h)
		return;
	p->val[NSF_FIELD_IP6_DSCP] = (h[0] & 0xf) << 2 | h[1] >> 6;
	p->val[NSF_FIELD_IP6_LENGTH] = be16(h + 4);
	p->val[NSF_FIELD_IP6_NEXTHDR] = h[6];
	p->val[NSF_FIELD_IP6_HOPLIMIT] = h[7];
	p->val[NSF_FIELD_IP6_SADDR_HI] = be64(h + 8);
	p->val[NSF_FIELD_IP6_SADDR_LO] = be64(h + 16);
	p->val[NSF_FIELD_IP6_DADDR_HI] = be64(h + 24);
	p->val[NSF_FIELD_IP6_DADDR_LO] = be64(h + 32);
	p->have |= IPV6_FIELDS;
	if (likely(!is_ext(h[6]))) {
		t->found = true;
		t->proto = h[6];
		t->at = IPV6_LEN;
		p->val[NSF_FIELD_EXTHDR_FRAG] = false;
		return;
	}
	p->val[NSF_FIELD_EXTHDR_FRAG] = ipv6_walk(t, b, h[6]);
}

void nsf_headers_read(struct nsf_packet *p, const struct nsf_bytes *b, unsigned int family)
{
	struct transport t = { .found = false };

	nsf_packet_set(p, NSF_FIELD_NFPROTO, family == 4 ? NFPROTO4 : NFPROTO6);
	nsf_packet_set(p, NSF_FIELD_LENGTH, b->length);
	if (family == 4)
		ipv4_read(p, b, &t);
	else
		ipv6_read(p, b, &t);
	transport_read(p, b, &t);
}
