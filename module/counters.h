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
 * One packet into this CPU's copy of @c, which @syncp guards. Packet path: softirq, or
 * a task with softirqs on, as output hooks are. x86 adds to per-CPU memory with one
 * instruction, wherever it runs. Elsewhere a word that holds a counter is added to by
 * one operation (local64_t's) into which no softirq of this CPU can come: whoever
 * adds only has to stay here. Below 64 bits one could write inside our write section.
 */
static __always_inline void nsf_counter_add(struct nsf_counter __percpu *c,
					    struct u64_stats_sync __percpu *syncp,
					    unsigned int bytes)
{
#if defined(CONFIG_X86) && BITS_PER_LONG == 64
	this_cpu_inc(c->packets.v.a.a.counter);
	this_cpu_add(c->bytes.v.a.a.counter, bytes);
#else
	struct nsf_counter *mine;

	if (BITS_PER_LONG == 64)
		preempt_disable();
	else
		local_bh_disable();
	mine = this_cpu_ptr(c);
	u64_stats_update_begin(this_cpu_ptr(syncp));
	u64_stats_inc(&mine->packets);
	u64_stats_add(&mine->bytes, bytes);
	u64_stats_update_end(this_cpu_ptr(syncp));
	if (BITS_PER_LONG == 64)
		preempt_enable();
	else
		local_bh_enable();
#endif
}

struct nsf_counter_sum {
	u64 packets;
	u64 bytes;
};

/*
 * Adds what all CPUs have counted in @c to @sum. Any context but the packet path. Each of
 * its two numbers is whole; a packet that is being counted may be in one of them only.
 */
void nsf_counter_read(const struct nsf_counter __percpu *c,
		      const struct u64_stats_sync __percpu *syncp, struct nsf_counter_sum *sum);

/* May sleep. NULL: no memory. Free with free_percpu(), in any context. */
struct nsf_counters __percpu *nsf_counters_alloc(void);
/* Packet path: softirq, or a task with softirqs on. */
static __always_inline void nsf_counters_add(struct nsf_counters __percpu *counters,
					     unsigned int hook, enum nsf_verdict verdict,
					     unsigned int bytes)
{
	nsf_counter_add(&counters->c[hook][verdict], &counters->syncp, bytes);
}

/* The sum of one counter: see nsf_counter_read(). */
void nsf_counters_sum(const struct nsf_counters __percpu *counters,
		      unsigned int hook, enum nsf_verdict verdict,
		      struct nsf_counter_sum *sum);

#endif /* NSF_COUNTERS_H */
