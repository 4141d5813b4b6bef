/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock: monotonic time. Deadlines are in milliseconds; CLOCK_NEVER is none. */
#ifndef NSF_CLOCK_H
#define NSF_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER	UINT64_MAX

static inline uint64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline uint64_t clock_ms(void)
{
	return clock_us() / 1000;
}

#endif /* NSF_CLOCK_H */
