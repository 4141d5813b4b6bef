/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reject: drop, and tell the sender. Packet path. */
#ifndef NSF_REJECT_H
#define NSF_REJECT_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/types.h>

#include "image.h"

struct nsf_attachment;

/*
 * As a policy's rule says, which is as nft does it: sends the answer, if this
 * packet can be given one, and drops it. What can be given one is the kernel's
 * nf_reject to say (no reset to a reset or to what is not TCP; no ICMP error to
 * an ICMP error, a later fragment, a multicast or a wrong checksum), and @how for
 * the other family sends nothing. A local sender is answered over lo, and its
 * system call fails with EPERM. On prerouting (where the kernel looks for the
 * route back), input, forward and output.
 */
unsigned int nsf_reject_as(const struct nsf_attachment *att, struct sk_buff *skb,
			   const struct nf_hook_state *state, enum nsf_reject_how how,
			   u8 code);

/*
 * The built-in policy. Answers @skb and returns the verdict for the core, always a kind of NF_DROP.
 * A remote sender gets a TCP reset, or ICMP (13) or ICMPv6 (1) "administratively
 * prohibited"; a local one, from its system call, ECONNREFUSED for TCP and
 * EPERM otherwise. No reply to a reset, an ICMP error, or a later fragment; nor
 * one that would leave by another device than the packet came in by, so that
 * nobody inside can have replies sent to whom he likes. Only on input, forward
 * and output, where the packet has its route.
 */
unsigned int nsf_reject(const struct nsf_attachment *att, struct sk_buff *skb,
			const struct nf_hook_state *state);

/*
 * Is this packet, on output or postrouting, the reply that a reject is sending
 * for @att on this CPU at this moment, by the device that it owes it to?
 */
bool nsf_reject_is_own_reply(const struct nsf_attachment *att,
			     const struct sk_buff *skb,
			     const struct nf_hook_state *state);

#endif /* NSF_REJECT_H */
