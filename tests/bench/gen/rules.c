// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules: see set.h. No two rules of a set are alike, and what is narrow comes before
 * what is wide, as people order them: a rule that lies in another one is not dead.
 * Among the equally narrow, what is of one shape stands together, as ClassBench
 * writes it, unless they are to be mixed.
 */
#include <stdlib.h>
#include <string.h>

#include "set.h"

static bool same_bits(struct bits a, struct bits b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

static bool same_net(const struct net *a, const struct net *b)
{
	return a->len == b->len && same_bits(a->at, b->at);
}

static bool same_match(const struct rule *a, const struct rule *b)
{
	return a->proto == b->proto && same_net(&a->src, &b->src) && same_net(&a->dst, &b->dst) &&
	       a->sport.first == b->sport.first && a->sport.last == b->sport.last &&
	       a->dport.first == b->dport.first && a->dport.last == b->dport.last;
}

static uint64_t hash(const struct rule *x)
{
	const uint64_t part[] = {
		x->src.at.hi, x->src.at.lo, x->dst.at.hi, x->dst.at.lo,
		(uint64_t)x->src.len << 32 | (uint32_t)x->dst.len << 8 | x->proto,
		(uint64_t)x->sport.first << 48 | (uint64_t)x->sport.last << 32 |
			(uint32_t)x->dport.first << 16 | x->dport.last,
	};
	struct rng r = { 1 };
	size_t i;

	for (i = 0; i < sizeof(part) / sizeof(*part); i++) {
		r.s ^= part[i];
		r.s = rng_next(&r);
	}
	return r.s;
}

/* Rules that are there already: open addressing, index + 1. */
struct seen {
	uint32_t *slot;
	uint32_t mask;
};

/* Is there none like the rule @at? Then it is noted. */
static bool seen_add(struct seen *seen, const struct rule *rule, uint32_t at)
{
	uint32_t i = (uint32_t)hash(&rule[at]) & seen->mask;

	for (; seen->slot[i]; i = (i + 1) & seen->mask)
		if (same_match(&rule[seen->slot[i] - 1], &rule[at]))
			return false;
	seen->slot[i] = at + 1;
	return true;
}

/* ---- out of a profile ---- */

static struct ports draw_ports(struct rng *r, enum port_class class,
			       const struct port_weight *const *table)
{
	const struct port_weight *w = table[class == EM], *at;
	uint32_t sum = 0;

	if (class == WC)
		return ANY_PORT;
	if (class == HI)
		return (struct ports){ 1024, 65535 };
	for (at = w; at->weight; at++)
		sum += at->weight;
	sum = rng_below(r, sum);
	for (at = w; sum >= at->weight; at++)
		sum -= at->weight;
	return at->ports;
}

static const struct kind *draw_kind(struct rng *r, const struct kind *k)
{
	const struct kind *at;
	uint32_t sum = 0;

	for (at = k; at->weight; at++)
		sum += at->weight;
	sum = rng_below(r, sum);
	for (at = k; sum >= at->weight; at++)
		sum -= at->weight;
	return at;
}

static const struct lengths *draw_lengths(struct rng *r, const struct lengths *l,
					  const struct kind *k)
{
	const struct lengths *at;
	uint32_t sum = 0;

	for (at = l; at->weight; at++)
		if (at->sport == k->sport && at->dport == k->dport)
			sum += at->weight;
	sum = rng_below(r, sum);
	for (at = l; ; at++) {
		if (at->sport != k->sport || at->dport != k->dport)
			continue;
		if (sum < at->weight)
			return at;
		sum -= at->weight;
	}
}

/*
 * Lengths beside the published ones, one or two bits away, as ClassBench makes them with
 * its usual smoothness; at the ends it turns back: any becomes a half.
 */
static uint8_t smooth(struct rng *r, uint8_t len)
{
	uint32_t at = rng_below(r, 100);
	int by = at < 31 ? 1 : at < 39 ? 2 : 0, to;

	to = rng_percent(r, 50) ? len + by : len - by;
	return to < 0 ? -to : to > 32 ? 64 - to : to;
}

static void draw_rule(const struct set *s, struct rng *r, const struct profile *p, struct rule *x)
{
	const struct kind *k = draw_kind(r, p->kind);
	const struct lengths *l = draw_lengths(r, p->lengths, k);
	uint32_t src = pool_draw(&s->src, r), dst = pool_draw(&s->dst, r);

	if (rng_percent(r, p->same))
		dst = (src & ~0x7ffu) | (dst & 0x7ff);
	x->proto = k->proto == ICMP && s->six ? ICMPV6 : k->proto;
	x->src = pool_net(src, smooth(r, l->src), s->six);
	x->dst = pool_net(dst, smooth(r, l->dst), s->six);
	x->sport = draw_ports(r, k->sport, p->sport);
	x->dport = draw_ports(r, k->dport, p->dport);
	x->accept = rng_percent(r, 70);
}

/* ---- 5-tuples for the comparison with nft ---- */

/* Long prefixes at both ends, a protocol, client ports and a server's port. */
static void draw_five(const struct set *s, struct rng *r, struct rule *x)
{
	x->proto = rng_percent(r, 80) ? TCP : UDP;
	x->src = pool_net(pool_draw(&s->src, r), 24, s->six);
	x->dst = pool_net(pool_draw(&s->dst, r), 32, s->six);
	x->sport = (struct ports){ 1024, 65535 };
	x->dport.first = x->dport.last = 1 + rng_below(r, 9999);
	x->accept = true;
}

/*
 * Entries of a concatenation of intervals that do not overlap: four share a source
 * network and have ports apart, and each two of these share a destination, too. No
 * field alone tells one from all others.
 */
static void draw_box(const struct set *s, struct rng *r, struct rule *x, uint32_t i)
{
	uint32_t from = 1024 + 15000 * (i % 4) + rng_below(r, 14000);
	uint32_t dst = s->dst.leaf[i / 2 % s->dst.n];

	x->proto = i / 4 % 5 ? TCP : UDP;
	x->src = pool_net(0x0a000000u | i / 4 << 8, 24, s->six);
	x->dst = pool_net(dst, 24 + dst % 9, s->six);
	x->sport = (struct ports){ 1024, 65535 };
	x->dport = (struct ports){ from, from + rng_below(r, 100) };
	x->accept = true;
}

/* address . protocol . port */
static void draw_exact(const struct set *s, struct rng *r, struct rule *x)
{
	x->proto = rng_percent(r, 80) ? TCP : UDP;
	x->src = pool_net(pool_draw(&s->src, r), 32, s->six);
	x->dst = pool_net(0, 0, s->six);
	x->sport = ANY_PORT;
	x->dport.first = x->dport.last = 1 + rng_below(r, 9999);
	x->accept = true;
}

/* ---- the worst case of bit vectors ---- */

/*
 * Of each four rules one has the source, one the destination, one the port of
 * the packet of TRAFFIC_WORST; none has two of them, and the other fields are its
 * own. So in each word of each row there is something, and together nothing.
 */
static void draw_worst(const struct set *s, struct rng *r, struct rule *x, uint32_t i)
{
	uint32_t src = i % 4 == 0 ? 0x0a000001 : 0x0b000000u | rng_below(r, 1 << 24);
	uint32_t dst = i % 4 == 1 ? 0x0a000002 : 0x0c000000u | rng_below(r, 1 << 24);

	x->proto = TCP;
	x->src = pool_net(src, 32, s->six);
	x->dst = pool_net(dst, 32, s->six);
	x->sport = ANY_PORT;
	x->dport.first = x->dport.last = i % 4 == 2 ? 80 : 1000 + rng_below(r, 60000);
	x->accept = true;
}

/* ---- sets ---- */

static unsigned int narrow_ports(struct ports p)
{
	return p.first == p.last ? 16 : p.last - p.first < 65535 ? 8 : 0;
}

static unsigned int narrow(const struct rule *x)
{
	return x->src.len + x->dst.len + narrow_ports(x->sport) + narrow_ports(x->dport) +
	       (x->proto ? 4 : 0);
}

static int by(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_bits(struct bits a, struct bits b)
{
	int hi = by(a.hi, b.hi);

	return hi ? hi : by(a.lo, b.lo);
}

static int by_width(const void *x, const void *y)
{
	return -by(narrow(x), narrow(y));
}

/* What has the same shape stands together, and in it what is near one another. */
static int by_group(const void *x, const void *y)
{
	const struct rule *a = x, *b = y;
	int c = by_width(a, b);

	c = c ? c : by(a->src.len, b->src.len);
	c = c ? c : by(narrow_ports(a->sport), narrow_ports(b->sport));
	c = c ? c : by(narrow_ports(a->dport), narrow_ports(b->dport));
	c = c ? c : by_bits(a->src.at, b->src.at);
	return c ? c : by_bits(a->dst.at, b->dst.at);
}

/* Merges: what is alike stays in its order, with every C library. */
static void order(struct rule *v, struct rule *spare, uint32_t n,
		  int (*less)(const void *, const void *))
{
	uint32_t half = n / 2, i = 0, j = half, k;

	if (n < 2)
		return;
	order(v, spare, half, less);
	order(v + half, spare, n - half, less);
	for (k = 0; k < n; k++)
		spare[k] = j == n || (i < half && less(&v[i], &v[j]) <= 0) ? v[i++] : v[j++];
	memcpy(v, spare, n * sizeof(*v));
}

static const struct spread wide = { 30, 1000, { 25, 25, 25, 25 }, 1 };

bool set_make(struct set *s, const char *kind, uint32_t n, bool six, bool mixed, uint64_t seed)
{
	const struct profile *p = profile_find(kind);
	const char *const others[] = { "five", "box", "exact", "worst" };
	struct rng r = { seed };
	struct seen seen;
	unsigned int other;
	uint32_t i;

	for (other = 0; !p && other < 4 && strcmp(kind, others[other]); other++)
		;
	if (!p && other == 4)
		return false;
	*s = (struct set){ .n = n, .six = six, .rule = must_alloc(n, sizeof(*s->rule)) };
	pool_make(&s->src, &r, p ? &p->src : &wide, n);
	pool_make(&s->dst, &r, p ? &p->dst : &wide, n);
	for (seen.mask = 63; seen.mask < 2 * n; seen.mask = 2 * seen.mask + 1)
		;
	seen.slot = must_alloc((size_t)seen.mask + 1, sizeof(*seen.slot));
	for (i = 0; i < n; i++)
		do {
			if (p)
				draw_rule(s, &r, p, &s->rule[i]);
			else if (other == 0)
				draw_five(s, &r, &s->rule[i]);
			else if (other == 1)
				draw_box(s, &r, &s->rule[i], i);
			else if (other == 2)
				draw_exact(s, &r, &s->rule[i]);
			else
				draw_worst(s, &r, &s->rule[i], i);
		} while (!seen_add(&seen, s->rule, i));
	free(seen.slot);
	if (p) {
		struct rule *spare = must_alloc(n, sizeof(*spare));

		order(s->rule, spare, n, mixed ? by_width : by_group);
		free(spare);
	}
	return true;
}

void set_free(struct set *s)
{
	pool_free(&s->src);
	pool_free(&s->dst);
	free(s->rule);
}

static bool in(struct ports p, uint16_t port)
{
	return p.first <= port && port <= p.last;
}

uint32_t set_match(const struct set *s, const struct packet *p, uint32_t from)
{
	uint32_t i;

	for (i = from; i < s->n; i++) {
		const struct rule *x = &s->rule[i];

		if (net_holds(&x->src, p->src) && net_holds(&x->dst, p->dst) &&
		    (!x->proto || x->proto == p->proto) && in(x->sport, p->sport) &&
		    in(x->dport, p->dport))
			break;
	}
	return i;
}
