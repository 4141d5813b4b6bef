/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench: what the files of this module share. */
#ifndef BENCH_H
#define BENCH_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>

#include "hookbench.h"

/* ---- packets.c ---- */

struct hb_packets {
	struct sk_buff **skb;
	u8 *ret;		/* HB_PASSED ... of each, in the pass that is running */
	u32 n;
	u8 family;		/* NFPROTO_IPV4, NFPROTO_IPV6 */
};

/* -EINVAL: they are no packets. May sleep. */
int hb_packets_make(struct hb_packets *p, const u8 *bytes, u32 size, u32 count);
void hb_packets_clean(struct hb_packets *p);
/* Before a run: they come by @dev. */
void hb_packets_bind(struct hb_packets *p, struct net_device *dev, bool in);

/* As the packet was made; with a reference that whoever drops it can take. */
static inline void hb_packet_reset(struct sk_buff *skb)
{
	refcount_set(&skb->users, 2);
	skb->mark = 0;
	skb->priority = 0;
	nf_reset_ct(skb);
	nf_reset_trace(skb);
}

/* ---- run.c ---- */

/* Processor's clock where there is one that costs little to read. */
static inline u64 hb_now(void)
{
#if defined(__x86_64__)
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
#else
	return ktime_get_ns();
#endif
}

/* @dev: of the namespace in which the packets are sent. May sleep, between passes. */
int hb_run(struct hb_packets *p, struct net_device *dev, struct hb_run *run, u64 *ticks);
void hb_clock(struct hb_clock *c);

#endif /* BENCH_H */
