/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quirk: where nft of an older kernel differs from the newest one's, which is the
 * one that nsfence follows. What this machine's kernel does is tried out, not
 * guessed from a version; then its nft is judged by its own lights.
 *
 *   QUIRK_FRAGMENT  Ports, flags, types are read in later fragments, too, if the
 *		     skb is linear there: out of payload, and in IPv6 out of the IPv6
 *		     header itself (the walk leaves the offset 0). 7.3 no longer does
 *		     (nft_payload_fast_eval looks at fragoff).
 *   QUIRK_LENGTH    An IPv6 extension header that is longer than the packet does
 *		     not end the walk; its next header is the protocol. 7.3 ends it
 *		     (ipv6_find_hdr). (It also gives up after 12 headers: not tried.)
 */
#ifndef ORACLE_QUIRK_H
#define ORACLE_QUIRK_H

#include "observer.h"
#include "packet.h"

struct nsf_packet;

#define QUIRK_FRAGMENT	1u
#define QUIRK_LENGTH	2u

/* In a process of its own: enters a stage. The quirks, or -1 where that cannot be. */
int quirk_try(void);
/* Makes @p what a kernel with these quirks would have made of @seen. */
void quirk_apply(unsigned int quirks, struct nsf_packet *p, const struct seen *seen);
/* Is it one of the packets that a quirk is about? */
bool quirk_concerns(unsigned int quirks, const struct seen *seen);

#endif /* ORACLE_QUIRK_H */
