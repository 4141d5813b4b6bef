// SPDX-License-Identifier: GPL-2.0-or-later
/* counters: see counters.h. */
#include "compat/stats.h"
#include "counters.h"

struct nsf_counters __percpu *nsf_counters_alloc(void)
{
	struct nsf_counters __percpu *counters;
	int cpu;

	/* Accounted: a fence is paid for by whoever has it put up. */
	counters = alloc_percpu_gfp(struct nsf_counters, GFP_KERNEL_ACCOUNT);
	if (!counters)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(counters, cpu)->syncp);
	return counters;
}

void nsf_counter_read(const struct nsf_counter __percpu *c,
		      const struct u64_stats_sync __percpu *syncp, struct nsf_counter_sum *sum)
{
	const struct nsf_counter *theirs;
	u64 packets, bytes;
	unsigned int start;
	int cpu;

	for_each_possible_cpu(cpu) {
		theirs = per_cpu_ptr(c, cpu);
		do {
			start = nsf_stats_fetch_begin(per_cpu_ptr(syncp, cpu));
			packets = u64_stats_read(&theirs->packets);
			bytes = u64_stats_read(&theirs->bytes);
		} while (nsf_stats_fetch_retry(per_cpu_ptr(syncp, cpu), start));
		sum->packets += packets;
		sum->bytes += bytes;
	}
}

void nsf_counters_sum(const struct nsf_counters __percpu *counters,
		      unsigned int hook, enum nsf_verdict verdict,
		      struct nsf_counter_sum *sum)
{
	sum->packets = 0;
	sum->bytes = 0;
	nsf_counter_read(&counters->c[hook][verdict], &counters->syncp, sum);
}
