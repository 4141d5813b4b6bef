/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * headers: from a packet's bytes to the fields of struct nsf_packet. The only
 * reader of headers for policies; shared by both worlds: in the module the bytes
 * are an skb's, in user space a buffer's. What it finds absent is what nft finds
 * absent.
 */
#ifndef NSF_HEADERS_H
#define NSF_HEADERS_H

#include "packet.h"

/* The bytes of one packet from its network header on. */
struct nsf_bytes {
	const u8 *data;
	u32 caplen;		/* bytes that are there; at most `length` */
	u32 length;		/* of the packet: skb->len, or its length on the wire */
#ifdef __KERNEL__
	const struct sk_buff *skb;	/* has what lies behind them */
#endif
};

/*
 * Fills NFPROTO, L4PROTO, LENGTH and the fields of the IP and transport headers,
 * those that the packet has. @family: 4 or 6, as the hook (or the version field
 * of a captured packet) says. Does not allocate, does not sleep; any context.
 */
void nsf_headers_read(struct nsf_packet *p, const struct nsf_bytes *b, unsigned int family);

#endif /* NSF_HEADERS_H */
