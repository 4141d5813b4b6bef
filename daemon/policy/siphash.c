// SPDX-License-Identifier: GPL-2.0-or-later
/* siphash: see siphash.h. The kernel's siphash() gives the same. */
#include <endian.h>
#include <string.h>

#include "policy/siphash.h"

struct state {
	uint64_t a, b, c, d;
};

static inline uint64_t turn(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct state *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = turn(s->b, 13) ^ s->a;
	s->d = turn(s->d, 16) ^ s->c;
	s->a = turn(s->a, 32) + s->d;
	s->c += s->b;
	s->d = turn(s->d, 21) ^ s->a;
	s->b = turn(s->b, 17) ^ s->c;
	s->c = turn(s->c, 32);
}

static inline void take(struct state *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	sip_round(s);
	s->a ^= word;
}

/* @n (at most 8) bytes as a little-endian number, on any host. */
static inline uint64_t little(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return le64toh(v);
}

uint64_t siphash24(const void *data, size_t len, uint64_t k0, uint64_t k1)
{
	/* The constants are "somepseudorandomlygeneratedbytes". */
	struct state s = {
		.a = k0 ^ 0x736f6d6570736575ULL, .b = k1 ^ 0x646f72616e646f6dULL,
		.c = k0 ^ 0x6c7967656e657261ULL, .d = k1 ^ 0x7465646279746573ULL,
	};
	const uint8_t *p = data;
	size_t left;

	for (left = len; left >= 8; left -= 8, p += 8)
		take(&s, little(p, 8));
	take(&s, (uint64_t)(len & 0xff) << 56 | little(p, left));
	s.c ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}
