// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gen_value: values that a policy may name and a packet may have. They come from
 * small domains, so that both meet; now and then from the whole width.
 */
#include <stdlib.h>
#include <string.h>

#include "gen.h"

static void put(uint8_t *v, unsigned int width, uint64_t n)
{
	unsigned int i;

	for (i = 0; i < width; i++)
		v[i] = (uint8_t)(n >> 8 * (width - 1 - i));
}

static uint64_t pick(struct rng *r, const uint32_t *from, uint32_t n)
{
	return from[rng_below(r, n)];
}

#define PICK(r, ...)	pick(r, (const uint32_t[]){ __VA_ARGS__ },			\
			     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void value_ip6(struct rng *r, uint8_t *v)
{
	static const uint64_t hi[] = {
		0, 1, 0x20010db800000000ULL, 0x20010db800000001ULL, 0x20010db7ffffffffULL,
		0xfe80000000000000ULL, 0xff02000000000000ULL, ~0ULL,
	};
	static const uint64_t lo[] = { 0, 1, 2, 0xff, 0x8000000000000000ULL, ~0ULL - 1, ~0ULL };

	put(v, 8, hi[rng_below(r, 8)]);
	put(v + 8, 8, rng_percent(r, 15) ? rng_next(r) : lo[rng_below(r, 7)]);
}

static bool is_name(enum ir_field f)
{
	return f == IR_META_IIFNAME || f == IR_META_OIFNAME;
}

static void value_name(struct rng *r, uint8_t *v)
{
	static const char * const name[] = {
		"lo", "eth0", "eth1", "eth10", "et", "veth0", "abcdefghijklmno", "abcdefgh",
		"abcdefgi", "wlan0",
	};
	const char *s = name[rng_below(r, sizeof(name) / sizeof(*name))];

	memset(v, 0, 16);
	memcpy(v, s, strlen(s));
}

static uint64_t value_number(struct rng *r, enum ir_field f)
{
	switch (f) {
	case IR_META_NFPROTO:
		return PICK(r, 2, 10);
	case IR_META_L4PROTO: case IR_IP_PROTOCOL: case IR_IP6_NEXTHDR:
		return rng_percent(r, 5) ? rng_below(r, 256) :
		       PICK(r, 6, 6, 6, 17, 17, 1, 58, 132, 136, 51, 50, 47, 0, 59, 44);
	case IR_META_PKTTYPE:
		return rng_below(r, 4);
	case IR_META_IIF: case IR_META_OIF:
		return 1;
	case IR_IP_SADDR: case IR_IP_DADDR:
		if (rng_percent(r, 80))
			return 0x0a000000 + rng_below(r, 18);
		return rng_percent(r, 20) ? (uint32_t)rng_next(r) :
		       PICK(r, 0, 0xffffffff, 0xe0000001, 0x09ffffff, 0x0a0000ff, 0x0a000100,
			    0x0affffff, 0x0b000000, 0x7f000001, 0xc0a80101, 0x80000000, 0x7fffffff);
	case IR_IP_DSCP: case IR_IP6_DSCP:
		return PICK(r, 0, 1, 8, 10, 46, 48, 63);
	case IR_IP_FRAG_OFF:
		return PICK(r, 0, 0, 0x4000, 0x2000, 1, 0x2001, 0x1fff, 0x3fff, 0x8000, 0xffff, 0x00b9);
	case IR_IP_TTL: case IR_IP6_HOPLIMIT:
		return PICK(r, 0, 1, 63, 64, 65, 128, 254, 255);
	case IR_IP_LENGTH: case IR_IP6_LENGTH:
		return PICK(r, 0, 20, 28, 40, 60, 100, 1500, 65535);
	case IR_META_LENGTH:
		return PICK(r, 20, 28, 40, 60, 80, 99, 100, 101, 256, 1500, 65536);
	case IR_EXTHDR_FRAG: case IR_CT_DIRECTION:
		return rng_below(r, 2);
	case IR_TH_SPORT: case IR_TH_DPORT:
		return rng_percent(r, 5) ? rng_below(r, 65536) :
		       PICK(r, 0, 1, 22, 53, 79, 80, 81, 443, 1023, 1024, 8080, 0x7fff, 0x8000, 0xffff);
	case IR_TCP_FLAGS:
		return PICK(r, 0, 1, 2, 2, 4, 0x10, 0x12, 0x11, 0x18, 3, 0x3f, 0x29, 0xff, 0xc2);
	case IR_ICMP_TYPE: case IR_ICMPV6_TYPE:
		return PICK(r, 0, 3, 8, 11, 1, 2, 128, 129, 135, 136, 255);
	case IR_ICMP_CODE: case IR_ICMPV6_CODE:
		return PICK(r, 0, 1, 3, 4, 13, 255);
	case IR_CT_STATE:
		return PICK(r, 1, 2, 2, 4, 8, 8, 64);
	case IR_META_MARK: case IR_CT_MARK:
		return rng_percent(r, 10) ? (uint32_t)rng_next(r) :
		       PICK(r, 0, 0, 1, 2, 7, 8, 0x10, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xffffffff);
	default:
		abort();
	}
}

void gen_value(struct rng *r, enum ir_field f, uint8_t *v)
{
	memset(v, 0, IR_MAX_WIDTH);
	if (f == IR_IP6_SADDR || f == IR_IP6_DADDR)
		value_ip6(r, v);
	else if (is_name(f))
		value_name(r, v);
	else
		put(v, ref_width(f), value_number(r, f));
}

bool gen_bump(uint8_t *v, unsigned int width, int by)
{
	unsigned int i = width;
	uint8_t before;

	while (i-- > 0) {
		before = v[i];
		v[i] = (uint8_t)(v[i] + by);
		if (by > 0 ? v[i] > before : v[i] < before)
			return true;
	}
	return false;
}

/* The first @bits bits of the value stay, the rest is everything. */
static void prefix(struct ir_range *range, unsigned int width, unsigned int bits)
{
	unsigned int i;

	memcpy(range->last, range->first, width);
	for (i = bits; i < width * 8; i++) {
		range->first[i / 8] &= (uint8_t)~(0x80 >> i % 8);
		range->last[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
}

static bool is_address(enum ir_field f)
{
	return f == IR_IP_SADDR || f == IR_IP_DADDR || f == IR_IP6_SADDR || f == IR_IP6_DADDR;
}

/* Those of which nft knows names only, or single bits: no ranges. */
static bool is_symbolic(enum ir_field f)
{
	return f == IR_META_PKTTYPE || f == IR_META_IIF || f == IR_META_OIF ||
	       f == IR_META_NFPROTO || f == IR_CT_STATE || f == IR_CT_DIRECTION ||
	       f == IR_EXTHDR_FRAG || f == IR_TCP_FLAGS;
}

void gen_range(struct rng *r, enum ir_field f, bool wide, struct ir_range *range)
{
	unsigned int w = ref_width(f), n;

	memset(range, 0, sizeof(*range));
	gen_value(r, f, range->first);
	memcpy(range->last, range->first, IR_MAX_WIDTH);
	if (!wide || is_symbolic(f) || rng_percent(r, 25))
		return;
	if (is_name(f)) {
		/* With the star, nft takes 15 bytes. */
		n = (unsigned int)strnlen((char *)range->first, 14);
		prefix(range, w, 8 * (1 + rng_below(r, n)));
	} else if (is_address(f) && rng_percent(r, 50)) {
		prefix(range, w, rng_percent(r, 10) ? 0 : 1 + rng_below(r, w * 8));
	} else {
		gen_value(r, f, range->last);
		if (memcmp(range->first, range->last, w) > 0) {
			struct ir_range turned;

			memcpy(turned.first, range->last, IR_MAX_WIDTH);
			memcpy(turned.last, range->first, IR_MAX_WIDTH);
			*range = turned;
		}
	}
}

void gen_in_range(struct rng *r, const struct ir_range *range, unsigned int width, uint8_t *v)
{
	unsigned int i;

	memset(v, 0, IR_MAX_WIDTH);
	switch (rng_below(r, 4)) {
	case 0:
		memcpy(v, range->first, width);
		return;
	case 1:
		memcpy(v, range->last, width);
		return;
	case 2:
		memcpy(v, range->first, width);
		gen_bump(v, width, 1);
		break;
	default:
		/* Random bytes below the common prefix; may well miss, then an end. */
		memcpy(v, range->first, width);
		for (i = 0; i < width && range->first[i] == range->last[i]; i++)
			;
		for (; i < width; i++)
			v[i] = (uint8_t)rng_next(r);
	}
	if (memcmp(v, range->first, width) < 0 || memcmp(v, range->last, width) > 0)
		memcpy(v, range->last, width);
}

void gen_near_range(struct rng *r, const struct ir_range *range, unsigned int width, uint8_t *v)
{
	bool up = rng_percent(r, 50);

	memset(v, 0, IR_MAX_WIDTH);
	memcpy(v, up ? range->last : range->first, width);
	gen_bump(v, width, up ? 1 : -1);
}

static bool overlaps(const struct ir_set *set, const struct ir_element *a,
		     const struct ir_element *b)
{
	unsigned int i;

	for (i = 0; i < set->fields; i++)
		if (memcmp(a->key[i].last, b->key[i].first, set->width[i]) < 0 ||
		    memcmp(b->key[i].last, a->key[i].first, set->width[i]) < 0)
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct ir_element *x = a, *y = b;
	unsigned int i;
	int d;

	/* Unused bytes and fields are zero in both. */
	for (i = 0; i < IR_MAX_FIELDS; i++) {
		d = memcmp(x->key[i].first, y->key[i].first, IR_MAX_WIDTH);
		if (d)
			return d;
	}
	return 0;
}

void gen_elements(struct rng *r, struct ir_set *set, const enum ir_field *field, size_t want)
{
	size_t tries, e;
	unsigned int i;

	set->element = calloc(want + 1, sizeof(*set->element));
	if (!set->element)
		abort();
	for (tries = 0; tries < want * 2 && set->elements < want; tries++) {
		struct ir_element *el = &set->element[set->elements];

		memset(el, 0, sizeof(*el));
		for (i = 0; i < set->fields; i++)
			gen_range(r, field[i], set->interval, &el->key[i]);
		/* Often right after the one before: the boundary between two. */
		if (set->interval && set->fields == 1 && set->elements && !is_symbolic(field[0]) &&
		    !is_name(field[0]) && rng_percent(r, 40)) {
			struct ir_range *k = &el->key[0];
			struct ir_range at = set->element[set->elements - 1].key[0];

			if (gen_bump(at.last, set->width[0], 1) &&
			    memcmp(at.last, k->last, set->width[0]) <= 0)
				memcpy(k->first, at.last, IR_MAX_WIDTH);
		}
		for (e = 0; e < set->elements; e++)
			if (overlaps(set, el, &set->element[e]))
				break;
		if (e == set->elements)
			set->elements++;
	}
	qsort(set->element, set->elements, sizeof(*set->element), compare);
}
