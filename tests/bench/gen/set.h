/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set: rule sets to be measured, and packets that meet them. Out of a seed, and the
 * same on every machine. Tests only.
 *
 *   profile.c   acl, fw, ipc: what real ones look like, as tables
 *   pool.c      addresses that lie in one another's networks as real ones do
 *   rules.c     rules out of a profile, and the other sets of 5-tuples
 *   traffic.c   packets: one for each rule, or such as cost most
 *   write.c     both as text: nft's language, and a line for each packet
 *   special.c   sets that are not lists of 5-tuples: containers, a million addresses
 */
#ifndef TESTS_BENCH_SET_H
#define TESTS_BENCH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../policy/rng.h"

/* An address, from the highest bit on: IPv4 takes the upper 32. */
struct bits {
	uint64_t hi, lo;
};

struct net {
	struct bits at;
	uint8_t len;		/* 0: any */
};

struct ports {
	uint16_t first, last;
};

#define ANY_PORT	((struct ports){ 0, 65535 })

struct rule {
	struct net src, dst;
	struct ports sport, dport;	/* ANY_PORT unless proto is TCP or UDP */
	uint8_t proto;			/* 0: any */
	bool accept;
};

struct packet {
	struct bits src, dst;
	uint16_t sport, dport;
	uint8_t proto;
};

enum { ICMP = 1, TCP = 6, UDP = 17, GRE = 47, ICMPV6 = 58 };

/* ---- pool.c ---- */

/* How the addresses of one side of a set spread. */
struct spread {
	uint16_t some, permille;	/* so many, and one for so many of a thousand rules */
	uint8_t fork[4];		/* where two part: in which byte, relative weights */
	uint8_t skew;			/* 1: all alike; more: a few have most of the rules */
};

struct pool {
	uint32_t *leaf;		/* IPv4 addresses */
	uint32_t n;
	uint8_t skew;
};

void pool_make(struct pool *p, struct rng *r, const struct spread *s, uint32_t rules);
void pool_free(struct pool *p);
uint32_t pool_draw(const struct pool *p, struct rng *r);
/* The network of @len bits around @leaf; for IPv6 what stands for it there. */
struct net pool_net(uint32_t leaf, uint8_t len, bool six);

static inline struct bits bits_mask(uint8_t len)
{
	struct bits m = { 0, 0 };

	if (len)
		m.hi = len >= 64 ? ~0ULL : ~0ULL << (64 - len);
	if (len > 64)
		m.lo = ~0ULL << (128 - len);
	return m;
}

static inline bool net_holds(const struct net *n, struct bits a)
{
	struct bits m = bits_mask(n->len);

	return (a.hi & m.hi) == n->at.hi && (a.lo & m.lo) == n->at.lo;
}

/* ---- profile.c ---- */

/* WC any, HI 1024 and above, AR a range, EM one port: ClassBench's. */
enum port_class { WC, HI, AR, EM };

struct port_weight {
	uint16_t weight;
	struct ports ports;
};

/* A protocol and classes of its ports, with the weight that they have of all rules. */
struct kind {
	uint16_t weight;
	uint8_t proto;
	uint8_t sport, dport;	/* enum port_class */
};

/* The lengths of both prefixes, where a rule's ports are of these classes. */
struct lengths {
	uint8_t sport, dport;
	uint16_t weight;
	uint8_t src, dst;
};

struct profile {
	const char *name;
	const struct kind *kind;
	const struct lengths *lengths;
	const struct port_weight *sport[2], *dport[2];	/* of AR, of EM; end with weight 0 */
	struct spread src, dst;
	uint8_t same;		/* of a hundred rules: both ends in one /21 */
};

const struct profile *profile_find(const char *name);

/* ---- rules.c ---- */

struct set {
	struct rule *rule;
	uint32_t n;
	struct pool src, dst;
	bool six;
};

/*
 * @kind: a profile's name, five, box, exact or worst; false: there is no such. @mixed:
 * rules of a profile that are equally narrow stand in an order of chance.
 */
bool set_make(struct set *s, const char *kind, uint32_t n, bool six, bool mixed, uint64_t seed);
void set_free(struct set *s);
/* The first rule that the packet matches, from @from on; s->n: none. */
uint32_t set_match(const struct set *s, const struct packet *p, uint32_t from);

/* ---- traffic.c ---- */

enum traffic {
	TRAFFIC_RULES,		/* for each rule one that no rule before it takes */
	TRAFFIC_CROSS,		/* each field from another rule's packet */
	TRAFFIC_WORST,		/* what `worst` is made for */
	TRAFFIC_LAST,		/* half of it only the last rule takes, half none */
};

/* @n packets in an order of chance; returns how many met the rule they were made for. */
uint32_t traffic_make(const struct set *s, struct rng *r, enum traffic how, struct packet *p,
		      uint32_t n);

/* ---- write.c ---- */

enum form {
	FORM_RULES,		/* one rule of the chain for each */
	FORM_SET,		/* one set of concatenations, one rule */
	FORM_MAP,		/* the same as one verdict map */
	FORM_IPTABLES,		/* what iptables-restore reads */
	FORM_LIST,		/* lines: SADDR/LEN DADDR/LEN PROTO SPORT-SPORT DPORT-DPORT */
};

struct style {
	enum form form;
	bool counter;
	bool drop;		/* what matches is dropped, the rest accepted */
	bool own;		/* in a table of its own family, not inet */
	const char *hook;	/* input, output, forward, prerouting */
};

void write_address(FILE *f, struct bits a, bool six);
/* @exact: the set's entries are address . protocol . port, not all five. */
void write_set(FILE *f, const struct set *s, const struct style *style, bool exact);
void write_packet(FILE *f, const struct packet *p, bool six, const char *state,
		  const char *iif);

/* ---- special.c ---- */

/* Writes policy and packets; false: there is no such @kind. */
bool special_write(const char *kind, uint32_t n, bool six, uint64_t seed, uint32_t packets,
		   FILE *nft, FILE *out);

/* Memory for a test: there is some, or the test ends. */
void *must_alloc(size_t n, size_t size);

#endif /* TESTS_BENCH_SET_H */
