/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters: packets and bytes of one attachment, by hook and verdict. Each CPU
 * writes its own; readers sum.
 *
 *     per CPU:  [hook 0..4][verdict 0..4] { packets, bytes }   400 bytes, + sync
 */
#ifndef NSF_COUNTERS_H
#define NSF_COUNTERS_H

#include <linux/bottom_half.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

/* The classes of the UAPI's enum nsfence_verdict; fill.c asserts so. */
enum nsf_verdict {
	NSF_VERDICT_ACCEPT,
	NSF_VERDICT_DROP,
	NSF_VERDICT_REJECT,
	NSF_VERDICT_AUDIT,
	NSF_VERDICT_EXEMPT,
	NSF_VERDICTS
};

struct nsf_counter {
	u64_stats_t packets;
	u64_stats_t bytes;
};

struct nsf_counters {
	struct nsf_counter c[NF_INET_NUMHOOKS][NSF_VERDICTS];
	struct u64_stats_sync syncp;
};

/*
 * Around the use of this CPU's counters. Output hooks run in process context with
 * softirqs on. Where a word holds a counter, adding to it is one operation (local64_t's)
 * into which no softirq of this CPU can come: whoever adds only has to stay here.
 * Elsewhere a softirq could write inside our write section.
 */
static inline void nsf_counters_begin(void)
{
	if (BITS_PER_LONG == 64)
		preempt_disable();
	else
		local_bh_disable();
}

static inline void nsf_counters_end(void)
{
	if (BITS_PER_LONG == 64)
		preempt_enable();
	else
		local_bh_enable();
}

struct nsf_counter_sum {
	u64 packets;
	u64 bytes;
};

/* May sleep. NULL: no memory. Free with free_percpu(), in any context. */
struct nsf_counters __percpu *nsf_counters_alloc(void);
/* Packet path: softirq, or a task with softirqs on. */
void nsf_counters_add(struct nsf_counters __percpu *counters, unsigned int hook,
		      enum nsf_verdict verdict, unsigned int bytes);
/* Any context but the packet path; each counter consistent in itself. */
void nsf_counters_sum(const struct nsf_counters __percpu *counters,
		      unsigned int hook, enum nsf_verdict verdict,
		      struct nsf_counter_sum *sum);

#endif /* NSF_COUNTERS_H */
