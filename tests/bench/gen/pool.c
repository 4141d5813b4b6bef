// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pool: see set.h. Addresses grow as a tree does: each new one leaves an older one
 * at some bit, and is anything below it. So they lie in clusters, and networks around
 * them in one another.
 */
#include <stdlib.h>

#include "set.h"

void *must_alloc(size_t n, size_t size)
{
	void *v = calloc(n ? n : 1, size);

	if (!v)
		abort();
	return v;
}

static unsigned int fork_bit(struct rng *r, const uint8_t *weight)
{
	uint32_t at = rng_below(r, weight[0] + weight[1] + weight[2] + weight[3]);
	unsigned int byte = 0;

	while (at >= weight[byte])
		at -= weight[byte++];
	return byte * 8 + rng_below(r, 8);
}

/* One that a host may have. */
static bool usable(uint32_t a)
{
	return a >> 24 && a >> 24 < 224 && a >> 24 != 127;
}

void pool_make(struct pool *p, struct rng *r, const struct spread *s, uint32_t rules)
{
	uint32_t i, n = s->some + (uint32_t)((uint64_t)rules * s->permille / 1000);

	p->n = n < rules ? n : rules;
	p->skew = s->skew;
	p->leaf = must_alloc(p->n, sizeof(*p->leaf));
	for (i = 0; i < p->n; i++) {
		do {
			uint32_t any = (uint32_t)rng_next(r);
			unsigned int bit;

			if (!i) {
				p->leaf[i] = any;
				continue;
			}
			bit = fork_bit(r, s->fork);
			p->leaf[i] = p->leaf[rng_below(r, i)] ^ 0x80000000u >> bit;
			if (bit < 31)
				p->leaf[i] ^= any & (0x7fffffffu >> bit);
		} while (!usable(p->leaf[i]));
	}
}

void pool_free(struct pool *p)
{
	free(p->leaf);
	p->leaf = NULL;
}

uint32_t pool_draw(const struct pool *p, struct rng *r)
{
	uint64_t at = rng_below(r, p->n);
	unsigned int i;

	for (i = 1; i < p->skew; i++)
		at = at * rng_below(r, p->n) / p->n;
	return p->leaf[at];
}

/* ---- IPv6 ---- */

/*
 *   IPv4       16           8          7       1
 *   IPv6  2001 16  8 twice as wide  7 and 9   64
 *
 * So that a site's /24 is a /48, a subnet a /64, and a host an address.
 */
static struct bits six_address(uint32_t leaf)
{
	struct rng hash = { leaf };
	uint64_t hi = 0x2001, middle = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		middle |= (uint64_t)(leaf >> (8 + i) & 1) << (2 * i + 1);
	hi = hi << 16 | leaf >> 16;
	hi = hi << 16 | middle;
	hi = hi << 16 | (leaf & 0xfe) << 8;
	/* Half of the hosts are numbered by hand. */
	return (struct bits){ hi, leaf & 2 ? leaf & 0xff : rng_next(&hash) };
}

static uint8_t six_length(uint8_t len)
{
	static const uint8_t subnet[] = { 48, 50, 52, 52, 54, 54, 56, 64, 128 };

	if (!len)
		return 0;
	if (len <= 16)
		return 16 + len;
	return len <= 24 ? 32 + 2 * (len - 16) : subnet[len - 24];
}

struct net pool_net(uint32_t leaf, uint8_t len, bool six)
{
	struct net n = { six ? six_address(leaf) : (struct bits){ (uint64_t)leaf << 32, 0 },
			 six ? six_length(len) : len };
	struct bits m = bits_mask(n.len);

	n.at.hi &= m.hi;
	n.at.lo &= m.lo;
	return n;
}
