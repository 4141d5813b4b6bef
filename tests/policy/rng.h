/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rng: numbers that a seed repeats, on every machine. */
#ifndef TESTS_POLICY_RNG_H
#define TESTS_POLICY_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t s;
};

/* SplitMix64: any seed will do, also successive ones. */
static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* 0 to n - 1. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

static inline bool rng_percent(struct rng *r, uint32_t p)
{
	return rng_below(r, 100) < p;
}

#endif /* TESTS_POLICY_RNG_H */
