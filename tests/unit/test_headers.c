// links: ../module/headers.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Which fields a packet has, and their values: whole, cut, in fragments, behind extension headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "headers.h"

#define TH		(NSF_BIT(NSF_FIELD_TH_SPORT) | NSF_BIT(NSF_FIELD_TH_DPORT) | \
			 NSF_BIT(NSF_FIELD_TH_TYPE) | NSF_BIT(NSF_FIELD_TH_CODE))
#define TH_FLAGS	(TH | NSF_BIT(NSF_FIELD_TH_TCP_FLAGS))
#define L4		NSF_BIT(NSF_FIELD_L4PROTO)

static struct nsf_packet pkt;

/* Bytes in memory of their own size, so that ASan sees what is read behind them. */
static u64 read_cut(const u8 *data, u32 caplen, u32 length, unsigned int family)
{
	u8 *own = malloc(caplen ? caplen : 1);
	const struct nsf_bytes b = { .data = own, .caplen = caplen, .length = length };

	assert_non_null(own);
	memcpy(own, data, caplen);
	memset(&pkt, 0, sizeof(pkt));
	nsf_headers_read(&pkt, &b, family);
	free(own);
	return pkt.have;
}

static u64 read_all(const u8 *data, u32 length, unsigned int family)
{
	return read_cut(data, length, length, family);
}

static u64 transport(u64 have)
{
	return have & (L4 | TH_FLAGS);
}

/* ---- IPv4 ---- */

static const u8 tcp4[] = {
	0x45, 0x2c, 0, 40, 0x12, 0x34, 0x40, 0, 63, 6, 0, 0, 10, 1, 2, 3, 192, 168, 0, 9,
	0x0f, 0xa0, 0x01, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x12, 0, 0, 0, 0, 0, 0,
};

static void test_ipv4(void **state)
{
	u64 have = read_all(tcp4, sizeof(tcp4), 4);

	(void)state;
	assert_int_equal(pkt.val[NSF_FIELD_NFPROTO], 2);
	assert_int_equal(pkt.val[NSF_FIELD_LENGTH], 40);
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 6);
	assert_int_equal(pkt.val[NSF_FIELD_IP_SADDR], 0x0a010203);
	assert_int_equal(pkt.val[NSF_FIELD_IP_DADDR], 0xc0a80009);
	assert_int_equal(pkt.val[NSF_FIELD_IP_PROTOCOL], 6);
	assert_int_equal(pkt.val[NSF_FIELD_IP_TTL], 63);
	assert_int_equal(pkt.val[NSF_FIELD_IP_DSCP], 0x2c >> 2);
	assert_int_equal(pkt.val[NSF_FIELD_IP_FRAG_OFF], 0x4000);
	assert_int_equal(pkt.val[NSF_FIELD_IP_LENGTH], 40);
	assert_int_equal(pkt.val[NSF_FIELD_TH_SPORT], 4000);
	assert_int_equal(pkt.val[NSF_FIELD_TH_DPORT], 443);
	assert_int_equal(pkt.val[NSF_FIELD_TH_TYPE], 0x0f);
	assert_int_equal(pkt.val[NSF_FIELD_TH_CODE], 0xa0);
	assert_int_equal(pkt.val[NSF_FIELD_TH_TCP_FLAGS], 0x12);
	assert_int_equal(transport(have), L4 | TH_FLAGS);
	/* Nothing of IPv6. */
	assert_int_equal(have & (NSF_BIT(NSF_FIELD_IP6_NEXTHDR) | NSF_BIT(NSF_FIELD_EXTHDR_FRAG) |
				 NSF_BIT(NSF_FIELD_IP6_SADDR_HI)), 0);
}

static void test_ipv4_cut(void **state)
{
	u32 n;

	(void)state;
	for (n = 0; n <= sizeof(tcp4); n++) {
		u64 have = read_all(tcp4, n, 4), th = 0;

		assert_int_equal(pkt.val[NSF_FIELD_LENGTH], n);
		if (n >= 21)
			th |= NSF_BIT(NSF_FIELD_TH_TYPE);
		if (n >= 22)
			th |= NSF_BIT(NSF_FIELD_TH_CODE) | NSF_BIT(NSF_FIELD_TH_SPORT);
		if (n >= 24)
			th |= NSF_BIT(NSF_FIELD_TH_DPORT);
		if (n >= 34)
			th |= NSF_BIT(NSF_FIELD_TH_TCP_FLAGS);
		assert_int_equal(transport(have), n < 20 ? 0 : L4 | th);
		assert_int_equal(!!(have & NSF_BIT(NSF_FIELD_IP_SADDR)), n >= 20);
	}
	/* A capture that was cut knows how long the packet was. */
	read_cut(tcp4, 24, 1500, 4);
	assert_int_equal(pkt.val[NSF_FIELD_LENGTH], 1500);
	assert_int_equal(transport(pkt.have), L4 | TH);
}

static void test_ipv4_fragments(void **state)
{
	u8 p[sizeof(tcp4)];

	(void)state;
	memcpy(p, tcp4, sizeof(p));
	p[6] = 0x20;		/* more fragments, offset 0: the first one */
	assert_int_equal(transport(read_all(p, sizeof(p), 4)), L4 | TH_FLAGS);
	p[7] = 1;		/* a later one */
	assert_int_equal(transport(read_all(p, sizeof(p), 4)), L4);
	assert_int_equal(pkt.val[NSF_FIELD_IP_FRAG_OFF], 0x2001);
	p[6] = 0x1f;		/* the highest bits of the offset */
	p[7] = 0;
	assert_int_equal(transport(read_all(p, sizeof(p), 4)), L4);
}

static void test_ipv4_options(void **state)
{
	u8 p[sizeof(tcp4) + 4];

	(void)state;
	memcpy(p, tcp4, 20);
	memset(p + 20, 1, 4);
	memcpy(p + 24, tcp4 + 20, 20);
	p[0] = 0x46;
	read_all(p, sizeof(p), 4);
	assert_int_equal(pkt.val[NSF_FIELD_TH_DPORT], 443);
	/* Raw sockets send an ihl that is too short; nft believes it. */
	p[0] = 0x40;
	read_all(p, sizeof(p), 4);
	assert_int_equal(pkt.val[NSF_FIELD_TH_TYPE], 0x40);
	/* One that leads out of the packet. */
	p[0] = 0x4f;
	assert_int_equal(transport(read_all(p, sizeof(p), 4)), L4);
}

/* ---- IPv6 ---- */

/* Puts an IPv6 header before @n bytes of @rest; returns the length of all. */
static u32 make6(u8 *p, u8 next, const u8 *rest, u32 n)
{
	static const u8 head[40] = {
		0x6a, 0xc0, 0, 0, 0, 0, 0, 7,
		0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2,
		0xfe, 0x80, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4,
	};

	memcpy(p, head, 40);
	p[4] = (u8)(n >> 8);
	p[5] = (u8)n;
	p[6] = next;
	memcpy(p + 40, rest, n);
	return 40 + n;
}

static bool frag(void)
{
	assert_true(pkt.have & NSF_BIT(NSF_FIELD_EXTHDR_FRAG));
	return pkt.val[NSF_FIELD_EXTHDR_FRAG];
}

#define UDP	0x00, 0x35, 0x30, 0x39, 0, 8, 0, 0
#define PORTS(have)	assert_int_equal(transport(have), L4 | TH)

static void test_ipv6(void **state)
{
	const u8 udp[] = { UDP };
	u8 p[128];

	(void)state;
	PORTS(read_all(p, make6(p, 17, udp, 8), 6));
	assert_int_equal(pkt.val[NSF_FIELD_NFPROTO], 10);
	assert_int_equal(pkt.val[NSF_FIELD_LENGTH], 48);
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 17);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_NEXTHDR], 17);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_HOPLIMIT], 7);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_DSCP], 0xac >> 2);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_LENGTH], 8);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_SADDR_HI], 0x20010db800000001ULL);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_SADDR_LO], 2);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_DADDR_HI], 0xfe80000000000003ULL);
	assert_int_equal(pkt.val[NSF_FIELD_IP6_DADDR_LO], 4);
	assert_int_equal(pkt.val[NSF_FIELD_TH_SPORT], 53);
	assert_int_equal(pkt.val[NSF_FIELD_TH_DPORT], 12345);
	assert_false(frag());
	assert_int_equal(pkt.have & NSF_BIT(NSF_FIELD_IP_SADDR), 0);
	/* The header itself is cut. */
	assert_int_equal(read_all(p, 39, 6),
			 NSF_BIT(NSF_FIELD_NFPROTO) | NSF_BIT(NSF_FIELD_LENGTH));
	/* No next header. */
	assert_int_equal(transport(read_all(p, make6(p, 59, udp, 0), 6)), L4);
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 59);
}

static void test_ipv6_options(void **state)
{
	/* hop-by-hop of 16 bytes, destination of 8, routing of 8, then UDP */
	const u8 chain[] = {
		60, 1, 1, 4, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0,
		43, 0, 1, 4, 0, 0, 0, 0,
		17, 0, 0, 0, 0, 0, 0, 0,
		UDP,
	};
	u8 p[128];
	u32 n, len = make6(p, 0, chain, sizeof(chain));

	(void)state;
	PORTS(read_all(p, len, 6));
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 17);
	assert_int_equal(pkt.val[NSF_FIELD_TH_SPORT], 53);
	assert_false(frag());
	/* Wherever it is cut before the end of the last option, there is no protocol. */
	for (n = 40; n < len; n++) {
		u64 have = transport(read_all(p, n, 6));

		assert_int_equal(!!(have & L4), n >= 72);
		assert_int_equal(have & L4 ? 0 : have, 0);
	}
	/* A header that says it is longer than the packet. */
	p[40 + 17] = 200;
	assert_int_equal(transport(read_all(p, len, 6)), 0);
	assert_false(frag());
}

static void test_ipv6_fragments(void **state)
{
	const u8 first[] = { 17, 0, 0, 1, 0, 0, 0, 9, UDP };	/* offset 0, more */
	u8 later[] = { 17, 0, 0, 9, 0, 0, 0, 9, UDP };		/* offset 8 */
	u8 p[128];

	(void)state;
	PORTS(read_all(p, make6(p, 44, first, sizeof(first)), 6));
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 17);
	assert_true(frag());

	assert_int_equal(transport(read_all(p, make6(p, 44, later, sizeof(later)), 6)), L4);
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 17);
	assert_true(frag());

	/* In a later fragment the headers behind are not there: no protocol. */
	later[0] = 60;
	assert_int_equal(transport(read_all(p, make6(p, 44, later, sizeof(later)), 6)), 0);
	assert_true(frag());
	later[0] = 59;
	assert_int_equal(transport(read_all(p, make6(p, 44, later, sizeof(later)), 6)), L4);
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 59);

	/* Cut inside the fragment header: after its offset, and before. */
	assert_int_equal(transport(read_all(p, make6(p, 44, first, 4), 6)), 0);
	assert_true(frag());
	assert_int_equal(transport(read_all(p, make6(p, 44, first, 3), 6)), 0);
	assert_false(frag());
}

static void test_ipv6_auth(void **state)
{
	/* AH of 24 bytes (4 * (4 + 2)), then a fragment header, then UDP */
	const u8 chain[] = {
		44, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		17, 0, 0, 0, 0, 0, 0, 9,
		UDP,
	};
	u8 p[128];
	u32 len = make6(p, 51, chain, sizeof(chain));

	(void)state;
	/* The protocol is AH and its header is what "transport" is ... */
	assert_int_equal(transport(read_all(p, len, 6)), L4 | TH_FLAGS);
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 51);
	assert_int_equal(pkt.val[NSF_FIELD_TH_TYPE], 44);
	/* ... but the search for a fragment header goes past it. */
	assert_true(frag());
	read_all(p, 40 + 24 + 3, 6);
	assert_int_equal(pkt.val[NSF_FIELD_L4PROTO], 51);
	assert_false(frag());
}

static void test_ipv6_many(void **state)
{
	u8 chain[14 * 8] = { 0 }, p[256];
	unsigned int n, i;

	(void)state;
	for (n = 1; n <= 13; n++) {
		for (i = 0; i < n; i++)
			chain[8 * i] = 60;
		chain[8 * (n - 1)] = 17;
		assert_int_equal(!!(read_all(p, make6(p, 60, chain, 8 * n + 8), 6) & L4), n <= 12);
	}
}

/* Bytes of chance in every length: nothing is read outside. */
static void test_random(void **state)
{
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : 1;
	static const u8 kind[] = { 0, 43, 44, 51, 60, 60, 17, 59 };
	u8 p[96];
	int i, k;

	(void)state;
	print_message("SEED=%u\n", seed);
	for (i = 0; i < 20000; i++) {
		for (k = 0; k < (int)sizeof(p); k++)
			p[k] = (u8)rand_r(&seed);
		p[6] = kind[p[6] & 7];
		for (k = 40; k < (int)sizeof(p); k += 8) {
			p[k] = kind[p[k] & 7];
			p[k + 1] &= 3;
		}
		read_cut(p, p[4] % (sizeof(p) + 1), p[5] & 1 ? 1500 : p[5], 4 + (p[7] & 2));
		assert_int_equal(pkt.have & ~L4 & TH_FLAGS && !(pkt.have & L4), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv4_cut),
		cmocka_unit_test(test_ipv4_fragments),
		cmocka_unit_test(test_ipv4_options),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_ipv6_options),
		cmocka_unit_test(test_ipv6_fragments),
		cmocka_unit_test(test_ipv6_auth),
		cmocka_unit_test(test_ipv6_many),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
