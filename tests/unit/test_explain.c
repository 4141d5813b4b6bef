// links: explain.c cmd_explain_packet.c cmd_explain_link.c err.c policy/names.c
// links: ../module/headers.c ../module/classify.c ../module/index.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence explain: packets from arguments and from frames, the effects of
 * statements, and the order of chains. Policies are images made by hand here; the
 * whole way from a file is tests/cli/explain.sh.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/dlt.h>

#include "cmd_explain.h"
#include "explain.h"
#include "index.h"

static uint8_t buf[PACKET_MAX];

/* @args: words with one blank between them. */
static int build(const char *args, struct packet *out, struct err *e)
{
	char copy[512], *argv[32], *save = NULL;
	size_t n = 0;

	assert_true(strlen(args) < sizeof(copy));
	strcpy(copy, args);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	return packet_build(argv, n, buf, out, e);
}

/* Builds it and reads it back as a policy would see it. */
static struct nsf_packet read_back(const char *args, struct packet *out)
{
	struct nsf_packet p = { .have = 0 };
	struct err e = { 0 };
	int ret = build(args, out, &e);

	if (ret)
		fail_msg("%s: %s", args, e.text);
	struct nsf_bytes b = {
		.data = out->data, .caplen = out->caplen, .length = out->length,
	};
	nsf_headers_read(&p, &b, out->family);
	return p;
}

static void has(const struct nsf_packet *p, enum nsf_field f, u64 value)
{
	if (!(p->have & NSF_BIT(f)))
		fail_msg("field %d is absent", f);
	assert_int_equal(p->val[f], value);
}

static void has_not(const struct nsf_packet *p, enum nsf_field f)
{
	if (p->have & NSF_BIT(f))
		fail_msg("field %d is %llu", f, (unsigned long long)p->val[f]);
}

/* ---- packets from arguments ---- */

static void test_bytes(void **state)
{
	static const uint8_t wanted[40] = {
		0x45, 46 << 2, 0, 40, 0, 1, 0x40, 0, 9, 6, 0, 0, 8, 8, 4, 4, 10, 1, 2, 3,
		0x0f, 0xa0, 1, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12,
	};
	struct packet out;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(build("saddr=8.8.4.4 daddr=10.1.2.3 proto=tcp sport=4000 dport=443 "
			       "flags=syn|ack ttl=9 dscp=ef frag=df", &out, &e), 0);
	assert_int_equal(out.length, 40);
	assert_int_equal(out.caplen, 40);
	assert_int_equal(out.family, 4);
	assert_null(out.note);
	assert_memory_equal(out.data, wanted, sizeof(wanted));
}

static void test_defaults(void **state)
{
	struct packet out;
	struct nsf_packet p = read_back("ttl=64", &out);

	(void)state;
	has(&p, NSF_FIELD_NFPROTO, 2);
	has(&p, NSF_FIELD_L4PROTO, 253);
	has(&p, NSF_FIELD_IP_SADDR, 0xc0000201);
	has(&p, NSF_FIELD_IP_DADDR, 0xc0000202);
	has(&p, NSF_FIELD_IP_TTL, 64);
	has(&p, NSF_FIELD_IP_DSCP, 0);
	has(&p, NSF_FIELD_LENGTH, 28);
	p = read_back("flags=", &out);
	has(&p, NSF_FIELD_L4PROTO, 6);
	has(&p, NSF_FIELD_TH_TCP_FLAGS, 0);
	has(&p, NSF_FIELD_LENGTH, 40);
	p = read_back("type=echo-reply", &out);
	has(&p, NSF_FIELD_L4PROTO, 1);
	has(&p, NSF_FIELD_TH_TYPE, 0);
	p = read_back("saddr=fd00::1 type=echo-reply", &out);
	has(&p, NSF_FIELD_L4PROTO, 58);
	has(&p, NSF_FIELD_TH_TYPE, 129);
	has(&p, NSF_FIELD_IP6_SADDR_HI, 0xfd00ULL << 48);
	has(&p, NSF_FIELD_IP6_DADDR_HI, 0x20010db8ULL << 32);
	has(&p, NSF_FIELD_IP6_DADDR_LO, 2);
	p = read_back("proto=icmpv6", &out);
	has(&p, NSF_FIELD_NFPROTO, 10);
	has(&p, NSF_FIELD_TH_TYPE, 128);
	has(&p, NSF_FIELD_LENGTH, 48);
}

static void test_ipv6(void **state)
{
	struct packet out;
	struct nsf_packet p = read_back("saddr=2001:db8::5 daddr=fe80::1 proto=udp sport=53 "
					"dport=0xffff ttl=255 dscp=46 length=1000", &out);

	(void)state;
	assert_int_equal(out.length, 1000);
	has(&p, NSF_FIELD_IP6_DADDR_LO, 1);
	has(&p, NSF_FIELD_IP6_HOPLIMIT, 255);
	has(&p, NSF_FIELD_IP6_DSCP, 46);
	has(&p, NSF_FIELD_IP6_LENGTH, 960);
	has(&p, NSF_FIELD_IP6_NEXTHDR, 17);
	has(&p, NSF_FIELD_TH_SPORT, 53);
	has(&p, NSF_FIELD_TH_DPORT, 65535);
	has(&p, NSF_FIELD_EXTHDR_FRAG, 0);
	p = read_back("daddr=fe80::1 proto=ah", &out);
	has(&p, NSF_FIELD_L4PROTO, 51);
}

static void test_fragments(void **state)
{
	struct packet out;
	struct nsf_packet p = read_back("proto=udp dport=53 frag=more", &out);

	(void)state;
	has(&p, NSF_FIELD_IP_FRAG_OFF, 0x2000);
	has(&p, NSF_FIELD_TH_DPORT, 53);
	p = read_back("proto=udp dport=53 frag=185", &out);
	has(&p, NSF_FIELD_IP_FRAG_OFF, 185);
	has(&p, NSF_FIELD_L4PROTO, 17);
	has_not(&p, NSF_FIELD_TH_DPORT);
	p = read_back("proto=udp dport=53 frag=8191,df,more", &out);
	has(&p, NSF_FIELD_IP_FRAG_OFF, 0x7fff);
	p = read_back("daddr=fd00::1 proto=udp dport=53 frag=0", &out);
	has(&p, NSF_FIELD_EXTHDR_FRAG, 1);
	has(&p, NSF_FIELD_IP6_NEXTHDR, 44);
	has(&p, NSF_FIELD_L4PROTO, 17);
	has(&p, NSF_FIELD_TH_DPORT, 53);
	assert_int_equal(out.length, 56);
	p = read_back("daddr=fd00::1 proto=udp dport=53 frag=more,185", &out);
	has(&p, NSF_FIELD_EXTHDR_FRAG, 1);
	has_not(&p, NSF_FIELD_TH_DPORT);
	assert_memory_equal(out.data + 42, "\x05\xc9", 2);
}

/* A length that is less than the headers cuts the transport header. */
static void test_short(void **state)
{
	struct packet out;
	struct nsf_packet p = read_back("proto=tcp dport=80 flags=syn length=33", &out);

	(void)state;
	has(&p, NSF_FIELD_TH_DPORT, 80);
	has_not(&p, NSF_FIELD_TH_TCP_FLAGS);
	p = read_back("proto=tcp dport=80 length=20", &out);
	has(&p, NSF_FIELD_L4PROTO, 6);
	has_not(&p, NSF_FIELD_TH_SPORT);
	p = read_back("proto=udp length=65535", &out);
	has(&p, NSF_FIELD_LENGTH, 65535);
	p = read_back("daddr=::1 proto=udp length=65575", &out);
	has(&p, NSF_FIELD_LENGTH, 65575);
}

static void test_types(void **state)
{
	static const struct {
		const char *args;
		enum packet_type type;
	} cases[] = {
		{ "daddr=10.0.0.1", PACKET_TO_HOST },
		{ "daddr=255.255.255.255", PACKET_TO_ALL },
		{ "daddr=224.0.0.1", PACKET_TO_GROUP },
		{ "daddr=239.255.0.1", PACKET_TO_GROUP },
		{ "daddr=240.0.0.1", PACKET_TO_HOST },
		{ "daddr=ff02::1", PACKET_TO_GROUP },
		{ "daddr=fe80::1", PACKET_TO_HOST },
		{ "daddr=ff02::1 pkttype=host", PACKET_TO_HOST },
		{ "daddr=10.0.0.1 pkttype=other", PACKET_TO_OTHER },
		{ "daddr=10.0.0.255 pkttype=broadcast", PACKET_TO_ALL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet out;
		struct err e = { 0 };

		assert_int_equal(build(cases[i].args, &out, &e), 0);
		if (out.type != cases[i].type)
			fail_msg("%s: type %d", cases[i].args, out.type);
	}
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *args, *message;
	} cases[] = {
		{ "saddr", "\"saddr\" is not KEY=VALUE" },
		{ "=4", "unknown key \"\" in \"=4\"" },
		{ "src=1.2.3.4", "unknown key \"src\" in \"src=1.2.3.4\" (keys: saddr, daddr," },
		{ "ttl=1 ttl=1", "ttl is given twice" },
		{ "saddr=", "saddr=: not an IPv4 or IPv6 address" },
		{ "saddr=10.0.0.300", "saddr=10.0.0.300: not an IPv4" },
		{ "saddr=10.0.0.0/8", "saddr=10.0.0.0/8: not an IPv4" },
		{ "saddr=10.0.0.1 daddr=fd00::1", "of one family" },
		{ "proto=256", "proto=256: not a protocol" },
		{ "proto=nosuch", "proto=nosuch: not a protocol" },
		{ "dport=80", "a port needs its protocol" },
		{ "proto=tcp dport=65536", "dport=65536: not a port" },
		{ "proto=tcp dport=-1", "dport=-1: not a port" },
		{ "proto=tcp dport=80-90", "dport=80-90: not a port" },
		{ "proto=tcp dport=", "dport=: not a port" },
		{ "proto=tcp dport=0x", "dport=0x: not a port" },
		{ "proto=tcp sport=nosuchservice", "sport=nosuchservice: not a port" },
		{ "proto=icmp dport=80", "dport=80: has no place" },
		{ "proto=tcp flags=syn,", "flags=syn,: not a list" },
		{ "proto=tcp flags=synack", "flags=synack: not a list" },
		{ "proto=tcp flags=256", "flags=256: not a list" },
		{ "proto=udp flags=syn", "flags=syn: has no place" },
		{ "proto=tcp type=8", "type=8: has no place" },
		{ "proto=icmp type=256", "type=256: not a type" },
		{ "proto=icmp type=packet-too-big", "type=packet-too-big: not a type" },
		{ "proto=icmp code=no-route", "code=no-route: not a code" },
		{ "ttl=256", "ttl=256: not 0 to 255" },
		{ "ttl=1x", "ttl=1x: not 0 to 255" },
		{ "dscp=64", "dscp=64: not 0 to 63" },
		{ "dscp=af99", "dscp=af99: not 0 to 63" },
		{ "length=19", "length=19: not the length" },
		{ "length=65536", "20 (its IP header) to 65535" },
		{ "daddr=fd00::1 length=39", "40 (its IP header) to 65575" },
		{ "daddr=fd00::1 frag=more length=47", "48 (its IP header)" },
		{ "frag=8192", "frag=8192: not a list" },
		{ "frag=", "frag=: not a list" },
		{ "frag=more,", "frag=more,: not a list" },
		{ "frag=more,more", "frag=more,more: not a list" },
		{ "frag=1,2", "frag=1,2: not a list" },
		{ "daddr=fd00::1 frag=df", "frag=df: IPv6 has no df" },
		{ "daddr=fd00::1 proto=44", "an extension header of IPv6" },
		{ "pkttype=me", "pkttype=me: not host" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet out;
		struct err e = { 0 };

		if (!build(cases[i].args, &out, &e))
			fail_msg("accepted: %s", cases[i].args);
		if (!strstr(e.text, cases[i].message))
			fail_msg("%s: %s", cases[i].args, e.text);
		assert_int_equal(e.exit, EXIT_USAGE);
	}
}

/* ---- packets from frames ---- */

#define V4 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, \
	0, 53, 0, 54, 0, 8, 0, 0
#define V6 0x60, 0, 0, 0, 0, 8, 17, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, \
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 53, 0, 54, 0, 8, 0, 0
#define MAC(first) first, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 1

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

struct frame_case {
	int dlt;
	const uint8_t *data;
	size_t size;
	unsigned int family;
	uint32_t length;
	enum packet_type type;
	const char *note;	/* begins so */
};

static const struct frame_case frames[] = {
	{ DLT_EN10MB, BYTES(MAC(2), 8, 0, V4), 4, 28, PACKET_TO_HOST, NULL },
	{ DLT_EN10MB, BYTES(MAC(2), 8, 0, V4, 0, 0, 0, 0, 0, 0), 4, 28, PACKET_TO_HOST, NULL },
	{ DLT_EN10MB, BYTES(MAC(1), 0x86, 0xdd, V6), 6, 48, PACKET_TO_GROUP, NULL },
	{ DLT_EN10MB, BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0, V4),
	  4, 28, PACKET_TO_ALL, NULL },
	{ DLT_EN10MB, BYTES(MAC(2), 0x81, 0, 0, 5, 8, 0, V4), 4, 28, PACKET_TO_HOST, NULL },
	{ DLT_EN10MB, BYTES(MAC(2), 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd, V6, 9), 6, 48,
	  PACKET_TO_HOST, NULL },
	{ DLT_EN10MB, BYTES(MAC(2), 8, 6, 0, 1, 8, 0, 6, 4, 0, 1), 0, 8, PACKET_TO_HOST, "not IP" },
	{ DLT_EN10MB, BYTES(MAC(2), 8, 0, V6), 4, 48, PACKET_TO_HOST, "no valid IPv4" },
	{ DLT_RAW, BYTES(V4), 4, 28, PACKET_TO_HOST, NULL },
	{ DLT_RAW, BYTES(V6), 6, 48, PACKET_TO_HOST, NULL },
	{ DLT_RAW, BYTES(0x55, 0, 0, 0), 0, 4, PACKET_TO_HOST, "not IP" },
	{ DLT_IPV4, BYTES(V4), 4, 28, PACKET_TO_HOST, NULL },
	{ DLT_IPV6, BYTES(V6), 6, 48, PACKET_TO_HOST, NULL },
	{ DLT_NULL, BYTES(2, 0, 0, 0, V4), 4, 28, PACKET_TO_HOST, NULL },
	{ DLT_NULL, BYTES(0, 0, 0, 30, V6), 6, 48, PACKET_TO_HOST, NULL },
	{ DLT_LOOP, BYTES(0, 0, 0, 2, V4), 4, 28, PACKET_TO_HOST, NULL },
	{ DLT_NULL, BYTES(7, 0, 0, 0, V4), 0, 28, PACKET_TO_HOST, "not IP" },
	{ DLT_LINUX_SLL, BYTES(0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0, V4), 4, 28,
	  PACKET_TO_HOST, NULL },
	{ DLT_LINUX_SLL, BYTES(0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x86, 0xdd, V6), 6, 48,
	  PACKET_TO_ALL, NULL },
	{ DLT_LINUX_SLL2, BYTES(8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 2, 6, 2, 0, 0, 0, 0, 1, 0, 0, V4),
	  4, 28, PACKET_TO_GROUP, NULL },
};

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		const struct frame_case *f = &frames[i];
		struct packet out;

		assert_int_equal(link_decode(f->dlt, f->data, (uint32_t)f->size,
					     (uint32_t)f->size, &out), 0);
		if (out.family != f->family || out.length != f->length || out.type != f->type ||
		    !out.note != !f->note || (f->note && strncmp(out.note, f->note,
								  strlen(f->note))))
			fail_msg("frame %zu: IPv%u, %u bytes, type %d, %s", i, out.family,
				 out.length, out.type, out.note ? out.note : "no note");
		assert_true(out.caplen <= out.length);
		assert_int_equal(out.gone, f->note && !strncmp(f->note, "no valid", 8));
		if (f->family == 4 && !f->note)
			assert_memory_equal(out.data, ((const uint8_t[]){ V4 }), 28);
		if (f->family == 6 && !f->note)
			assert_memory_equal(out.data, ((const uint8_t[]){ V6 }), 48);
	}
}

/* Every frame cut at every length, and every byte of it wrong: ASan watches. */
static void test_cut(void **state)
{
	size_t cut = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		const struct frame_case *f = &frames[i];

		for (uint32_t n = 0; n <= f->size; n++) {
			uint8_t *copy = malloc(n + !n);
			struct nsf_packet p = { .have = 0 };
			struct packet out;

			memcpy(copy, f->data, n);
			assert_int_equal(link_decode(f->dlt, copy, n, (uint32_t)f->size, &out), 0);
			assert_true(out.caplen <= n);
			if (out.family) {
				struct nsf_bytes b = { out.data, out.caplen, out.length };

				nsf_headers_read(&p, &b, out.family);
				cut += out.caplen < out.length;
			}
			for (uint32_t k = 0; k < n; k++) {
				copy[k] ^= 0xff;
				link_decode(f->dlt, copy, n, (uint32_t)f->size, &out);
				assert_true(out.caplen <= n);
				copy[k] ^= 0xff;
			}
			free(copy);
		}
	}
	assert_true(cut > 100);
}

/* A capture that cut the packet behind its ports: what is there is known. */
static void test_snapped(void **state)
{
	static const uint8_t frame[] = { MAC(2), 8, 0, V4 };
	struct nsf_packet p = { .have = 0 };
	struct packet out;

	(void)state;
	assert_int_equal(link_decode(DLT_EN10MB, frame, 14 + 24, sizeof(frame), &out), 0);
	assert_int_equal(out.caplen, 24);
	assert_int_equal(out.length, 28);
	struct nsf_bytes b = { out.data, out.caplen, out.length };
	nsf_headers_read(&p, &b, 4);
	has(&p, NSF_FIELD_TH_DPORT, 54);
	has(&p, NSF_FIELD_LENGTH, 28);
	assert_int_equal(link_decode(DLT_EN10MB, frame, 14 + 12, sizeof(frame), &out), 0);
	assert_string_equal(out.note, "the capture holds less than its header");
	assert_int_equal(link_decode(147, frame, sizeof(frame), sizeof(frame), &out), -EOPNOTSUPP);
}

/* ---- effects and chains ---- */

/*
 * An image that classify.c can read; image_check.c never sees it. Chain i has the
 * records and ops of its own, in order, and no index.
 */
struct hand {
	struct nsf_image img;
	struct nsf_chain chain[4];
	struct nsf_record record[12];
	struct nsf_op op[16];
	struct nsf_state_desc state[2];
	/* Where a test says so, the first chain's, for IPv4. */
	struct {
		struct nsf_index_part part;
		struct nsf_index_node node[2];
		u16 class[4];
		u32 row[4];
		struct { u64 sum, bits; } rows[3];
	} index;
};

static void section(struct hand *h, enum nsf_section_id id, const void *at, size_t size)
{
	h->img.section[id].offset = (u32)((const char *)at - (const char *)h);
	h->img.section[id].size = (u32)size;
}

/* One rule: its match (or nothing) and its end; the chain's policy is a rule of one op. */
static void rule(struct hand *h, u32 *records, u32 *ops, struct nsf_op match, struct nsf_op end,
		 u32 number)
{
	struct nsf_record *r = &h->record[*records];

	r->op = *ops;
	r->rule = number;
	r->miss = *records + 1;
	if (match.code)
		h->op[(*ops)++] = match;
	h->op[(*ops)++] = end;
	r->ops = *ops - r->op;
	r->next = end.code >= NSF_OP_ACCEPT ? 0 : *records + 1;
	(*records)++;
}

#define OP(...) ((struct nsf_op){ __VA_ARGS__ })
#define ENDS(what) OP(.code = (what))
#define NOTHING OP(.code = 0)

static void image_end(struct hand *h, u32 chains, u32 records, u32 ops)
{
	for (u32 i = 0; i < chains; i++)
		h->chain[i].index[0] = h->chain[i].index[1] = NSF_NO_INDEX;
	section(h, NSF_SECTION_CHAINS, h->chain, chains * sizeof(h->chain[0]));
	section(h, NSF_SECTION_RECORDS, h->record, records * sizeof(h->record[0]));
	section(h, NSF_SECTION_OPS, h->op, ops * sizeof(h->op[0]));
	section(h, NSF_SECTION_STATES, h->state, sizeof(h->state));
}

static struct nsf_packet load(const char *args, const struct explain_meta *meta)
{
	struct packet packet;
	struct nsf_packet p;
	struct err e = { 0 };

	assert_int_equal(build(args, &packet, &e), 0);
	struct nsf_bytes b = { packet.data, packet.caplen, packet.length };
	explain_load(&p, &b, packet.family, meta);
	return p;
}

static void test_load(void **state)
{
	struct explain_meta meta = {
		.iif = "lo", .oif = "eth0", .mark = 7, .pkttype = 2, .ct_state = NSF_CT_ESTABLISHED,
		.ct_mark = 9, .ct_reply = 1,
	};
	struct nsf_packet p = load("ttl=1", &meta);

	(void)state;
	has(&p, NSF_FIELD_IIF, 1);
	has(&p, NSF_FIELD_IIFNAME_HI, 0x6c6fULL << 48);
	has(&p, NSF_FIELD_IIFNAME_LO, 0);
	assert_true(p.val[NSF_FIELD_OIF] > 1);
	has(&p, NSF_FIELD_OIFNAME_HI, 0x65746830ULL << 32);
	has(&p, NSF_FIELD_MARK, 7);
	has(&p, NSF_FIELD_PKTTYPE, 2);
	has(&p, NSF_FIELD_CT_STATE, NSF_CT_ESTABLISHED);
	has(&p, NSF_FIELD_CT_MARK, 9);
	has(&p, NSF_FIELD_CT_DIRECTION, 1);
	meta = (struct explain_meta){ .ct_state = NSF_CT_INVALID, .iif = "abcdefghijklmno" };
	p = load("ttl=1", &meta);
	has(&p, NSF_FIELD_OIF, 0);
	has(&p, NSF_FIELD_OIFNAME_HI, 0);
	has(&p, NSF_FIELD_IIFNAME_HI, 0x6162636465666768ULL);
	has(&p, NSF_FIELD_IIFNAME_LO, 0x696a6b6c6d6e6f00ULL);
	has(&p, NSF_FIELD_CT_STATE, NSF_CT_INVALID);
	has_not(&p, NSF_FIELD_CT_MARK);
	has_not(&p, NSF_FIELD_CT_DIRECTION);
}

/*
 * Written in the order 10, 0, 0: asked in the order 0, 0, 10; accept goes on to the
 * next chain, drop does not; a mark that one sets the next one sees.
 */
static void test_order(void **state)
{
	struct explain_meta meta = { .ct_state = NSF_CT_NEW };
	struct hand h = { .img = { .magic = NSF_IMAGE_MAGIC } };
	u32 records = 0, ops = 0;
	struct explain_result res;
	struct explain *x;
	struct nsf_packet p;

	(void)state;
	h.chain[0] = (struct nsf_chain){ .priority = 10, .hook = 1, .families = 3 };
	rule(&h, &records, &ops, OP(.code = NSF_OP_MASK, .field = NSF_FIELD_MARK, .a = 5,
				    .b = 0xffffffff), ENDS(NSF_OP_REJECT), 40);
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_ACCEPT), NSF_NO_RULE);
	h.chain[1] = (struct nsf_chain){ .start = records, .hook = 1, .families = 3 };
	rule(&h, &records, &ops, OP(.code = NSF_OP_MASK, .field = NSF_FIELD_IP_TTL, .a = 5,
				    .b = 0xff), OP(.code = NSF_OP_MARK_SET, .a = 5), 41);
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_ACCEPT), NSF_NO_RULE);
	h.chain[2] = (struct nsf_chain){ .start = records, .hook = 1, .families = 1 };
	rule(&h, &records, &ops, OP(.code = NSF_OP_MASK, .field = NSF_FIELD_IP_TTL, .a = 9,
				    .b = 0xff), ENDS(NSF_OP_DROP), 42);
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_ACCEPT), 43);
	image_end(&h, 3, records, ops);
	x = explain_new(&h.img);
	assert_non_null(x);

	p = load("ttl=1", &meta);
	explain_packet(x, EXPLAIN_INPUT, &p, 0, &res);
	assert_int_equal(res.end, NSF_ACCEPT);
	assert_int_equal(res.steps, 3);
	assert_int_equal(res.step[0].chain, 1);
	assert_int_equal(res.step[1].chain, 2);
	assert_int_equal(res.step[1].rule, 43);
	assert_int_equal(res.step[2].chain, 0);
	assert_int_equal(res.step[2].rule, NSF_NO_RULE);

	p = load("ttl=5", &meta);
	explain_packet(x, EXPLAIN_INPUT, &p, 0, &res);
	assert_int_equal(res.end, NSF_REJECT);
	assert_int_equal(res.steps, 3);
	assert_int_equal(res.step[2].rule, 40);

	p = load("ttl=9", &meta);
	explain_packet(x, EXPLAIN_INPUT, &p, 0, &res);
	assert_int_equal(res.end, NSF_DROP);
	assert_int_equal(res.steps, 2);
	assert_int_equal(res.step[1].rule, 42);

	/* The third chain is for IPv4 alone. */
	p = load("daddr=::1", &meta);
	explain_packet(x, EXPLAIN_INPUT, &p, 0, &res);
	assert_int_equal(res.steps, 2);

	p = load("ttl=9", &meta);
	explain_packet(x, EXPLAIN_OUTPUT, &p, 0, &res);
	assert_int_equal(res.end, NSF_ACCEPT);
	assert_int_equal(res.why, EXPLAIN_NO_CHAIN);
	explain_packet(x, EXPLAIN_FORWARD, &p, 0, &res);
	assert_int_equal(res.end, NSF_DROP);
	assert_int_equal(res.why, EXPLAIN_NO_FORWARD);
	explain_free(x);
}

/* A policy of IPv4 alone has nothing to say of IPv6, forwarded or not. */
static void test_other_family(void **state)
{
	struct explain_meta meta = { .ct_state = NSF_CT_NEW };
	struct hand h = { .img = { .magic = NSF_IMAGE_MAGIC } };
	u32 records = 0, ops = 0;
	struct explain_result res;
	struct explain *x;
	struct nsf_packet p;

	(void)state;
	h.chain[0] = (struct nsf_chain){ .hook = 1, .families = NSF_CHAIN_IPV4 };
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_DROP), NSF_NO_RULE);
	image_end(&h, 1, records, ops);
	x = explain_new(&h.img);
	assert_non_null(x);
	p = load("daddr=::1", &meta);
	explain_packet(x, EXPLAIN_INPUT, &p, 0, &res);
	assert_int_equal(res.end, NSF_ACCEPT);
	explain_packet(x, EXPLAIN_FORWARD, &p, 0, &res);
	assert_int_equal(res.end, NSF_ACCEPT);
	p = load("daddr=127.0.0.1", &meta);
	explain_packet(x, EXPLAIN_FORWARD, &p, 0, &res);
	assert_int_equal(res.end, NSF_DROP);
	explain_free(x);
}

/* Chains before conntrack see no entry; those behind it see what was asked for. */
static void test_before_conntrack(void **state)
{
	struct explain_meta meta = { .ct_state = NSF_CT_NEW };
	struct hand h = { .img = { .magic = NSF_IMAGE_MAGIC } };
	u32 records = 0, ops = 0;
	struct explain_result res;
	struct explain *x;
	struct nsf_packet p;
	static const struct {
		s32 priority;
		u8 hook;
		u32 ct;
		const char *iif;
		enum nsf_end end;
	} cases[] = {
		{ -300, EXPLAIN_PREROUTING, NSF_CT_NEW, "eth0", NSF_ACCEPT },
		{ -300, EXPLAIN_PREROUTING, NSF_CT_NEW, "lo", NSF_DROP },
		{ -300, EXPLAIN_OUTPUT, NSF_CT_NEW, "", NSF_ACCEPT },
		{ -300, EXPLAIN_INPUT, NSF_CT_NEW, "eth0", NSF_DROP },
		{ -200, EXPLAIN_PREROUTING, NSF_CT_NEW, "eth0", NSF_DROP },
		{ -300, EXPLAIN_PREROUTING, NSF_CT_INVALID, "eth0", NSF_ACCEPT },
		{ 0, EXPLAIN_PREROUTING, NSF_CT_NEW, "eth0", NSF_DROP },
	};

	(void)state;
	rule(&h, &records, &ops, OP(.code = NSF_OP_MASK, .field = NSF_FIELD_CT_STATE,
				    .a = NSF_CT_NEW, .b = NSF_CT_NEW), ENDS(NSF_OP_DROP), 1);
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_ACCEPT), NSF_NO_RULE);
	image_end(&h, 1, records, ops);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		h.chain[0] = (struct nsf_chain){
			.priority = cases[i].priority, .hook = cases[i].hook, .families = 3,
			.index = { NSF_NO_INDEX, NSF_NO_INDEX },
		};
		x = explain_new(&h.img);
		assert_non_null(x);
		meta.ct_state = cases[i].ct;
		strcpy(meta.iif, cases[i].iif);
		p = load("ttl=1", &meta);
		explain_packet(x, (enum explain_hook)cases[i].hook, &p, 0, &res);
		if (res.end != cases[i].end)
			fail_msg("case %zu: %d", i, res.end);
		has(&p, NSF_FIELD_CT_STATE, cases[i].ct);
		explain_free(x);
	}
}

#define SECOND 1000000000ULL

/* 2 packets a second, burst 3; behind it a counter. */
static void test_limit(void **state)
{
	struct explain_meta meta = { .ct_state = NSF_CT_NEW };
	struct hand h = { .img = { .magic = NSF_IMAGE_MAGIC } };
	u32 records = 0, ops = 0;
	struct explain_result res;
	struct explain *x;
	static const struct {
		u64 now;
		enum nsf_end end;
	} packets[] = {
		{ 1000 * SECOND, NSF_ACCEPT },			/* full: 3 */
		{ 1000 * SECOND, NSF_ACCEPT },
		{ 1000 * SECOND, NSF_ACCEPT },
		{ 1000 * SECOND, NSF_DROP },
		{ 1000 * SECOND + SECOND / 4, NSF_DROP },	/* half a token */
		{ 1000 * SECOND + SECOND / 2, NSF_ACCEPT },
		{ 900 * SECOND, NSF_DROP },			/* back: stands still */
		{ 1000 * SECOND + SECOND / 2, NSF_DROP },
		{ 1001 * SECOND, NSF_ACCEPT },
		{ 2000 * SECOND, NSF_ACCEPT },			/* full, no more than that */
		{ 2000 * SECOND, NSF_ACCEPT },
		{ 2000 * SECOND, NSF_ACCEPT },
		{ 2000 * SECOND, NSF_DROP },
	};

	(void)state;
	h.chain[0] = (struct nsf_chain){ .hook = 1, .families = 3 };
	h.state[0] = (struct nsf_state_desc){
		.kind = NSF_STATE_LIMIT, .rate = 2, .unit = SECOND, .burst = 3,
	};
	h.state[1] = (struct nsf_state_desc){ .id = 1, .kind = NSF_STATE_COUNTER };
	rule(&h, &records, &ops, OP(.code = NSF_OP_LIMIT, .arg = 0), ENDS(NSF_OP_ACCEPT), 1);
	rule(&h, &records, &ops, OP(.code = NSF_OP_COUNTER, .arg = 1), ENDS(NSF_OP_DROP), 2);
	image_end(&h, 1, records, ops);

	/* With `over` the same, turned round. */
	for (u32 over = 0; over <= NSF_LIMIT_OVER; over++) {
		u64 dropped = 0;

		h.state[0].limit_flags = over;
		x = explain_new(&h.img);
		assert_non_null(x);
		for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
			struct nsf_packet p = load("length=100", &meta);
			bool accepted;

			explain_packet(x, EXPLAIN_INPUT, &p, packets[i].now, &res);
			accepted = (res.end == NSF_ACCEPT) != over;
			if (accepted != (packets[i].end == NSF_ACCEPT))
				fail_msg("packet %zu, over %u: %d", i, over, res.end);
			dropped += res.end == NSF_DROP;
		}
		assert_int_equal(explain_counter(x, 1).packets, dropped);
		assert_int_equal(explain_counter(x, 1).bytes, 100 * dropped);
		explain_free(x);
	}
}

/* 1,000 bytes a second, burst 500: 1,500 at once. */
static void test_limit_bytes(void **state)
{
	struct explain_meta meta = { .ct_state = NSF_CT_NEW };
	struct hand h = { .img = { .magic = NSF_IMAGE_MAGIC } };
	u32 records = 0, ops = 0;
	struct explain_result res;
	struct explain *x;
	static const struct {
		u64 now;
		const char *args;
		enum nsf_end end;
	} packets[] = {
		{ 0, "length=1501", NSF_DROP },		/* takes nothing */
		{ 0, "length=1000", NSF_ACCEPT },
		{ 0, "length=501", NSF_DROP },
		{ 0, "length=500", NSF_ACCEPT },
		{ 0, "length=20", NSF_DROP },
		{ SECOND / 10, "length=101", NSF_DROP },
		{ SECOND / 10, "length=100", NSF_ACCEPT },
	};

	(void)state;
	h.chain[0] = (struct nsf_chain){ .hook = 1, .families = 3 };
	h.state[0] = (struct nsf_state_desc){
		.kind = NSF_STATE_LIMIT, .rate = 1000, .unit = SECOND, .burst = 500,
		.limit_flags = NSF_LIMIT_BYTES,
	};
	rule(&h, &records, &ops, OP(.code = NSF_OP_LIMIT, .arg = 0), ENDS(NSF_OP_ACCEPT), 1);
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_DROP), 2);
	image_end(&h, 1, records, ops);
	x = explain_new(&h.img);
	assert_non_null(x);
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct nsf_packet p = load(packets[i].args, &meta);

		explain_packet(x, EXPLAIN_INPUT, &p, packets[i].now, &res);
		if (res.end != packets[i].end)
			fail_msg("packet %zu: %d", i, res.end);
	}
	explain_free(x);
}

/*
 * A counter, then a drop; by its mark a packet has all records (0), all but the counter (1), or
 * all but the drop (2).
 */
static void test_same(void **state)
{
	static const struct { enum nsf_end end; u64 counted; bool same; } expect[] = {
		{ NSF_DROP, 1, true }, { NSF_DROP, 1, false }, { NSF_ACCEPT, 2, false },
	};
	struct explain_meta meta = { .ct_state = NSF_CT_NEW };
	struct hand h = { .img = { .magic = NSF_IMAGE_MAGIC } };
	struct explain_result res, linear;
	u32 records = 0, ops = 0, i;
	struct explain *x, *y;

	(void)state;
	h.chain[0] = (struct nsf_chain){ .hook = 1, .families = 3 };
	rule(&h, &records, &ops, NOTHING, OP(.code = NSF_OP_COUNTER), 40);
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_DROP), 41);
	rule(&h, &records, &ops, NOTHING, ENDS(NSF_OP_ACCEPT), NSF_NO_RULE);
	image_end(&h, 1, records, ops);
	h.index.part = (struct nsf_index_part){ .records = 3, .words = 1, .sums = 1, .nodes = 1 };
	h.index.node[1].kind = NSF_INDEX_END;
	h.index.node[0] = (struct nsf_index_node){
		.kind = NSF_INDEX_TABLE, .field = NSF_FIELD_MARK, .classes = 3, .count = 3,
		.table = (u32)((char *)&h.index.class - (char *)&h.index),
		.rows = (u32)((char *)&h.index.row - (char *)&h.index),
	};
	for (i = 0; i < 3; i++) {
		h.index.class[i] = (u16)i;
		h.index.row[i] = (u32)((char *)&h.index.rows[i] - (char *)&h.index);
		h.index.rows[i].sum = 1;
		h.index.rows[i].bits = i == 0 ? 7 : i == 1 ? 6 : 5;
	}
	section(&h, NSF_SECTION_INDEX, &h.index, sizeof(h.index));
	h.chain[0].index[0] = 0;

	x = explain_new(&h.img);
	y = explain_new_linear(&h.img);
	assert_non_null(x);
	assert_non_null(y);
	for (i = 0; i < 3; i++) {
		struct nsf_packet p, q;

		meta.mark = i;
		p = q = load("ttl=1", &meta);
		explain_packet(x, EXPLAIN_INPUT, &p, 0, &res);
		explain_packet(y, EXPLAIN_INPUT, &q, 0, &linear);
		assert_int_equal(res.end, expect[i].end);
		assert_int_equal(linear.end, NSF_DROP);
		assert_int_equal(linear.step[0].rule, 41);
		assert_int_equal(explain_counter(x, 0).packets, expect[i].counted);
		assert_int_equal(explain_counter(y, 0).packets, i + 1);
		assert_int_equal(explain_same(&res, &linear), expect[i].same);
	}
	explain_free(x);
	explain_free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_snapped),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_other_family),
		cmocka_unit_test(test_before_conntrack),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_bytes),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
