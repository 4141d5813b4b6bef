/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading 64-bit statistics that softirqs write. Below 64 bits that takes the
 * _irq form of the reader, until 6.3 (44b0c2957adc) made it the only one.
 */
#ifndef NSF_COMPAT_STATS_H
#define NSF_COMPAT_STATS_H

#include <linux/u64_stats_sync.h>

#include "compat/features.h"

static inline unsigned int nsf_stats_fetch_begin(const struct u64_stats_sync *s)
{
#ifdef NSF_HAVE_STATS_FETCH_IRQ
	return u64_stats_fetch_begin_irq(s);
#else
	return u64_stats_fetch_begin(s);
#endif
}

static inline bool nsf_stats_fetch_retry(const struct u64_stats_sync *s,
					 unsigned int start)
{
#ifdef NSF_HAVE_STATS_FETCH_IRQ
	return u64_stats_fetch_retry_irq(s, start);
#else
	return u64_stats_fetch_retry(s, start);
#endif
}

#endif /* NSF_COMPAT_STATS_H */
