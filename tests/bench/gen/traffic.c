// SPDX-License-Identifier: GPL-2.0-or-later
/* traffic: see set.h. */
#include <stdlib.h>

#include "set.h"

/* Tries to meet a rule before another packet of it will do. */
#define TRIES	12

static uint16_t port_in(struct rng *r, struct ports p)
{
	return p.first + rng_below(r, p.last - p.first + 1u);
}

/* An address of the net: what the set knows where it may be any, or else one in it. */
static struct bits address_in(struct rng *r, const struct net *n, const struct pool *pool, bool six)
{
	struct bits m = bits_mask(n->len), a = pool_net(pool_draw(pool, r), 32, six).at;
	bool low = rng_percent(r, 30);
	uint64_t one = rng_next(r), two = rng_next(r);

	if (!n->len && rng_percent(r, 50))
		return a;
	if (!n->len)
		a = pool_net((1 + one % 222) << 24 | (two & 0xffffff), 32, six).at;
	else
		a = low ? (struct bits){ 0, 0 } : (struct bits){ one, two };
	a.hi = n->at.hi | (a.hi & ~m.hi);
	a.lo = n->at.lo | (a.lo & ~m.lo);
	if (!six) {
		a.hi &= 0xffffffff00000000ULL;
		a.lo = 0;
	}
	return a;
}

static void draw(const struct set *s, struct rng *r, const struct rule *x, struct packet *p)
{
	p->proto = x->proto ? x->proto : rng_percent(r, 70) ? TCP : UDP;
	p->src = address_in(r, &x->src, &s->src, s->six);
	p->dst = address_in(r, &x->dst, &s->dst, s->six);
	p->sport = p->dport = 0;
	if (p->proto == TCP || p->proto == UDP) {
		p->sport = port_in(r, x->sport);
		p->dport = port_in(r, x->dport);
	}
}

static void shuffle(struct rng *r, struct packet *p, uint32_t n)
{
	uint32_t i;

	for (i = n; i > 1; i--) {
		uint32_t j = rng_below(r, i);
		struct packet t = p[i - 1];

		p[i - 1] = p[j];
		p[j] = t;
	}
}

/* Evenly over the rules, however many packets are wanted. */
static uint32_t of_rules(const struct set *s, struct rng *r, struct packet *p, uint32_t n)
{
	uint32_t i, met = 0, tries;

	for (i = 0; i < n; i++) {
		uint32_t at = (uint32_t)((uint64_t)i * s->n / n);

		for (tries = 0; tries < TRIES; tries++) {
			draw(s, r, &s->rule[at], &p[i]);
			if (set_match(s, &p[i], 0) == at)
				break;
		}
		met += tries < TRIES;
	}
	return met;
}

/* Nothing of it matches before the last rule; returns how many met that, or none. */
static uint32_t of_last(const struct set *s, struct rng *r, struct packet *p, uint32_t n)
{
	uint32_t i, met = 0, tries, want;
	struct packet other;

	for (i = 0; i < n; i++) {
		want = i % 2 ? s->n - 1 : s->n;
		for (tries = 0; tries < TRIES; tries++) {
			draw(s, r, &s->rule[i % 2 ? s->n - 1 : rng_below(r, s->n)], &p[i]);
			draw(s, r, &s->rule[rng_below(r, s->n)], &other);
			if (want == s->n)
				p[i].src = other.src;
			if (set_match(s, &p[i], 0) == want)
				break;
		}
		met += tries < TRIES;
	}
	return met;
}

uint32_t traffic_make(const struct set *s, struct rng *r, enum traffic how, struct packet *p,
		      uint32_t n)
{
	struct packet other;
	uint32_t i, met = 0;

	switch (how) {
	case TRAFFIC_RULES:
		met = of_rules(s, r, p, n);
		break;
	case TRAFFIC_CROSS:
		for (i = 0; i < n; i++) {
			draw(s, r, &s->rule[rng_below(r, s->n)], &p[i]);
			draw(s, r, &s->rule[rng_below(r, s->n)], &other);
			p[i].dst = other.dst;
			draw(s, r, &s->rule[rng_below(r, s->n)], &other);
			p[i].proto = other.proto;
			p[i].sport = other.sport;
			p[i].dport = other.dport;
		}
		break;
	case TRAFFIC_WORST:
		for (i = 0; i < n; i++)
			p[i] = (struct packet){
				.src = pool_net(0x0a000001, 32, s->six).at,
				.dst = pool_net(0x0a000002, 32, s->six).at,
				.proto = TCP, .sport = 1024 + i % 60000, .dport = 80,
			};
		break;
	case TRAFFIC_LAST:
		met = of_last(s, r, p, n);
		break;
	}
	shuffle(r, p, n);
	return met;
}
