// SPDX-License-Identifier: GPL-2.0-or-later
// links: ../module/index.c ../module/image_check.c ../module/image_hash.c ../module/index_check.c
// links: policy/compile.c policy/compile_rule.c policy/compile_expand.c policy/compile_match.c policy/compile_set.c policy/flat.c
// links: policy/image.c policy/siphash.c policy/diag.c policy/ir.c
// links: policy/index_build.c policy/index_flow.c policy/index_cond.c policy/index_range.c
// links: policy/index_sweep.c policy/index_rows.c policy/index_cross.c policy/index_window.c policy/index_write.c
/*
 * The index against a naive reading of the records. Chains are made by hand, or by a
 * seed; tests/policy/diff does the same with whole policies.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "index.h"
#include "make_image.h"
#include "policy/index_build.h"
#include "policy/policy.h"

static struct flat f;
static struct nsf_image *img;
static struct nsf_packet pkt;
static u64 rng = 1;

static u32 random_below(u32 n)
{
	rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(rng >> 33) % n;
}

static void begin(void)
{
	free(img);
	img = NULL;
	image_begin(&f);
}

/* With an index, whatever the chain's length. */
static void end(void)
{
	const struct nsf_op op = { .code = NSF_OP_DROP };
	struct nsf_chain *chain = FLAT(struct nsf_chain, &f, NSF_SECTION_CHAINS);
	struct diags d = { .n = 0 };

	chain->policy = NSF_DROP;
	image_ops(&f, 0, 0, NSF_NO_RULE, &op, 1);
	index_least = 1;
	assert_int_equal(index_build(&f), 0);
	assert_int_equal(image_write(&f, "test", &img, &d), 0);
	diags_clean(&d);
	flat_clean(&f);
}

#define OPS(...)	((const struct nsf_op[]){ __VA_ARGS__ })
#define record(miss, next, ...)							\
	image_ops(&f, miss, next, 0, OPS(__VA_ARGS__),				\
		  sizeof(OPS(__VA_ARGS__)) / sizeof(struct nsf_op))

#define EQUAL(f, v)	{ .code = NSF_OP_MASK, .field = NSF_FIELD_##f, .a = (v), .b = ~0ULL }
#define UNEQUAL(f, v)	{ .code = NSF_OP_MASK, .field = NSF_FIELD_##f, .a = (v), .b = ~0ULL, \
			  .flags = NSF_OP_NOT }
#define BETWEEN(f, v, w) { .code = NSF_OP_RANGE, .field = NSF_FIELD_##f, .a = (v), .b = (w) }
#define COUNTER		{ .code = NSF_OP_COUNTER }
#define ACCEPT		{ .code = NSF_OP_ACCEPT }
#define DROP		{ .code = NSF_OP_DROP }

static u32 records(void)
{
	return nsf_image_n_records(img);
}

static void packet(unsigned int family)
{
	memset(&pkt, 0, sizeof(pkt));
	nsf_packet_set(&pkt, NSF_FIELD_NFPROTO, family == 4 ? 2 : 10);
}

static void set(enum nsf_field field, u64 v)
{
	nsf_packet_set(&pkt, field, v);
}

static bool is_ipv6(void)
{
	return pkt.val[NSF_FIELD_NFPROTO] == NSF_INDEX_IPV6;
}

static u32 part(void)
{
	return nsf_image_chains(img)->index[is_ipv6()];
}

/* The records that the index names: a string of 0 and 1. */
static const char *bits(void)
{
	static char s[5000];
	struct nsf_index_cursor cur;
	u32 at;

	assert_true(records() < sizeof(s));
	memset(s, '0', records());
	s[records()] = '\0';
	if (part() == NSF_NO_INDEX)
		return "no index";
	for (at = nsf_index_first(img, nsf_image_chains(img), part(), &pkt, &cur); at < records();
	     at = nsf_index_next(&cur, at + 1))
		s[at] = '1';
	return s;
}

/* ---- the naive reading ---- */

static bool in_set(const struct nsf_op *op, u32 *data)
{
	const struct nsf_set *s = nsf_image_sets(img) + op->arg;
	const u32 *w = nsf_image_words(img) + s->keys;
	u32 key[NSF_MAX_KEY_WORDS], n = 0, e, i;
	u64 list;

	for (list = op->a; list; list >>= 8) {
		unsigned int field = list & 0x7f;

		if (!(pkt.have & NSF_BIT(field)))
			return false;
		if (list & NSF_FIELD_WIDE) {
			key[n++] = (u32)(pkt.val[field] >> 32);
			key[n++] = (u32)pkt.val[field++];
			key[n++] = (u32)(pkt.val[field] >> 32);
		}
		key[n++] = (u32)pkt.val[field];
	}
	for (e = 0; e < s->count; e++, w += s->kind == NSF_SET_EXACT ? n : 2 * n) {
		const u32 *last = s->kind == NSF_SET_EXACT ? w : w + n;
		bool first_side = true, last_side = true, good = true;

		for (i = 0; i < n; i++) {
			if (s->kind == NSF_SET_BOX && s->width[0] == 1) {
				good &= w[i] <= key[i] && key[i] <= last[i];
				continue;
			}
			good &= !first_side || w[i] <= key[i];
			good &= !last_side || key[i] <= last[i];
			first_side &= w[i] == key[i];
			last_side &= last[i] == key[i];
		}
		if (good) {
			*data = s->data == NSF_NO_DATA ? 0 : nsf_image_words(img)[s->data + e];
			return true;
		}
	}
	return false;
}

static bool has_key(const struct nsf_op *op)
{
	u64 list;

	for (list = op->a; list; list >>= 8)
		if (!(pkt.have & NSF_BIT(list & 0x7f)))
			return false;
	return true;
}

static bool matches(const struct nsf_op *op, u32 *data)
{
	u64 v = pkt.val[op->field];
	bool hit;

	switch (op->code) {
	case NSF_OP_MASK:
		hit = (v & op->b) == op->a;
		break;
	case NSF_OP_RANGE:
		v &= ~(u64)op->arg;
		hit = op->a <= v && v <= op->b;
		break;
	case NSF_OP_SET:
	case NSF_OP_MAP:
		return has_key(op) && in_set(op, data) == !(op->flags & NSF_OP_NOT);
	default:
		return true;
	}
	return pkt.have & NSF_BIT(op->field) && hit == !(op->flags & NSF_OP_NOT);
}

/* Up to the first statement (@acts: there is one to be done), or all. */
static bool record_matches(u32 at, bool *acts, u32 *data)
{
	const struct nsf_record *r = nsf_image_records(img) + at;
	const struct nsf_op *op = nsf_image_ops(img) + r->op, *stop = op + r->ops;

	for (*acts = false; op < stop; op++) {
		if (op->code >= NSF_OP_COUNTER && op->code <= NSF_OP_CT_MARK_SET)
			*acts = true;
		if (!matches(op, data))
			return false;
	}
	*acts = true;
	return true;
}

/* What a record need not do holds where it is named. */
static void decided_check(const char *named)
{
	u32 at, i, data;

	for (at = 0; at < records(); at++) {
		const struct nsf_record *r = nsf_image_records(img) + at;

		for (i = 0; named[at] == '1' && i < r->decided[is_ipv6()]; i++)
			if (!matches(nsf_image_ops(img) + r->op + i, &data))
				fail_msg("record %u is named, and its op %u, decided, fails: %s",
					 at, i, named);
	}
}

/* As classify does, record by record; the index must name all that does something. */
static void walk_check(void)
{
	const char *s = bits();
	u32 at = 0, to, data = 0;
	bool acts, match;

	if (part() == NSF_NO_INDEX)
		return;
	decided_check(s);
	while (at + 1 < records()) {
		const struct nsf_record *r = nsf_image_records(img) + at;
		const struct nsf_op *last = nsf_image_ops(img) + r->op + r->ops - 1;

		match = record_matches(at, &acts, &data);
		to = match ? r->next : r->miss;
		if (match && r->ops && last->code == NSF_OP_MAP)
			to = nsf_image_targets(img)[last->b + data];
		if (acts && s[at] != '1')
			fail_msg("record %u does something, and is not named: %s", at, s);
		if (s[at] != '1' && strspn(s + at, "0") < to - at)
			fail_msg("from record %u, which is not named, not on to %u: %s", at, to, s);
		if (!to || to & NSF_TARGET_VERDICT)
			return;
		at = to;
	}
	assert_true(s[at] == '1');
}

/* Each bit of a chain without jumps, of simple matches: named means that it matches. */
static void bits_check(void)
{
	const char *s = bits();
	u32 at, data;
	bool acts;

	for (at = 0; at < records(); at++)
		if (record_matches(at, &acts, &data) != (s[at] == '1'))
			fail_msg("record %u: %s", at, s);
}

/* ---- chains by seed ---- */

static const struct {
	enum nsf_field field;
	u32 base, values;	/* ends of intervals are among these */
} pool[] = {
	{ NSF_FIELD_L4PROTO, 0, 20 }, { NSF_FIELD_IP_SADDR, 0xfffffff0u, 16 },
	{ NSF_FIELD_IP_DADDR, 0, 300 }, { NSF_FIELD_TH_SPORT, 65000, 536 },
	{ NSF_FIELD_TH_DPORT, 0, 65536 }, { NSF_FIELD_CT_STATE, 0, 128 },
	{ NSF_FIELD_IIF, 0, 9 }, { NSF_FIELD_IP6_HOPLIMIT, 0, 256 },
	{ NSF_FIELD_LENGTH, 20, 2000 },
};
#define POOL	(sizeof(pool) / sizeof(*pool))

/* Names and addresses of few values in each half. */
static const enum nsf_field wide[] = { NSF_FIELD_IIFNAME_HI, NSF_FIELD_IP6_SADDR_HI,
				       NSF_FIELD_IP6_DADDR_HI };

static u64 half_value(void)
{
	static const u64 v[] = { 0, 1, 5, 6, 0x20010db800000000, 0x20010db800000001,
				 ~0ULL - 1, ~0ULL };

	return v[random_below(sizeof(v) / sizeof(*v))];
}

static u32 pool_value(unsigned int i)
{
	return pool[i].base + random_below(pool[i].values);
}

static struct nsf_op narrow_op(void)
{
	unsigned int i = random_below(POOL);
	u32 a = pool_value(i), b = pool_value(i);
	struct nsf_op op = { .field = pool[i].field, .flags = !random_below(4) };

	if (random_below(2)) {
		op.code = NSF_OP_RANGE;
		op.a = a < b ? a : b;
		op.b = a < b ? b : a;
	} else {
		op.code = NSF_OP_MASK;
		op.b = 0xffffffff;
		if (pool[i].field == NSF_FIELD_CT_STATE)
			op.b = b;
		else if (random_below(2))
			op.b <<= random_below(9);
		op.a = a & op.b;
	}
	return op;
}

/* An address or name that is equal, or an interval of the upper half, or of the lower. */
static size_t wide_ops(struct nsf_op *op)
{
	enum nsf_field field = wide[random_below(sizeof(wide) / sizeof(*wide))];
	u64 a = half_value(), b = half_value();

	op[0] = (struct nsf_op){ .code = NSF_OP_MASK, .field = (u8)field, .a = a, .b = ~0ULL };
	switch (random_below(3)) {
	case 0:
		op[0] = (struct nsf_op){ .code = NSF_OP_RANGE, .field = (u8)field,
					 .flags = (u8)random_below(2), .a = a < b ? a : b,
					 .b = a < b ? b : a };
		return 1;
	case 1:
		op[1] = (struct nsf_op){ .code = NSF_OP_MASK, .field = (u8)(field + 1), .b = ~0ULL,
					 .a = b };
		break;
	case 2:
		op[1] = (struct nsf_op){ .code = NSF_OP_RANGE, .field = (u8)(field + 1),
					 .flags = (u8)random_below(2), .a = b & 5,
					 .b = (b & 5) + 3 };
	}
	return 2;
}

static void packet_random(unsigned int family)
{
	unsigned int i;

	packet(family);
	for (i = 0; i < POOL; i++) {
		enum nsf_field field = pool[i].field;

		if (field >= NSF_FIELD_IP_SADDR && field <= NSF_FIELD_IP_LENGTH && family == 6)
			continue;
		if (field >= NSF_FIELD_IP6_SADDR_HI && field <= NSF_FIELD_EXTHDR_FRAG &&
		    family == 4)
			continue;
		if (field >= NSF_FIELD_TH_SPORT && field <= NSF_FIELD_TH_TCP_FLAGS &&
		    !random_below(5))
			continue;
		set(field, pool_value(i));
	}
	for (i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		if (family == 4 && wide[i] >= NSF_FIELD_IP6_SADDR_HI)
			continue;
		set(wide[i], half_value());
		set(wide[i] + 1, half_value());
	}
}

static void chain_random(u32 n)
{
	struct nsf_op op[8];
	u32 i;

	begin();
	for (i = 0; i < n; i++) {
		size_t ops = 0, many = random_below(4);

		while (many--)
			if (random_below(4))
				op[ops++] = narrow_op();
			else
				ops += wide_ops(op + ops);
		op[ops++] = (struct nsf_op)ACCEPT;
		image_ops(&f, i + 1, 0, 0, op, ops);
	}
	end();
}

static void test_each_bit(void **state)
{
	static const u32 sizes[] = { 100, 127, 128, 129, 400, 1000, 4200 };
	unsigned int i, k;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		chain_random(sizes[i]);
		for (k = 0; k < 200; k++) {
			packet_random(k % 2 ? 4 : 6);
			if (!strcmp(bits(), "no index"))
				continue;
			bits_check();
			walk_check();
		}
	}
}

static void test_deterministic(void **state)
{
	struct nsf_image *first;
	u64 seed = rng;

	(void)state;
	chain_random(300);
	first = img;
	img = NULL;
	rng = seed;
	chain_random(300);
	assert_int_equal(first->size, img->size);
	assert_memory_equal(first, img, img->size);
	free(first);
}

/*
 * ---- what a record's matches count for ----
 *
 * A field must say something of three records, or it is not looked at.
 */

static void test_family(void **state)
{
	(void)state;
	begin();
	record(1, 0, EQUAL(IP_SADDR, 1), ACCEPT);
	record(2, 0, EQUAL(IP6_HOPLIMIT, 1), ACCEPT);
	record(3, 0, EQUAL(NFPROTO, 10), ACCEPT);
	record(4, 0, UNEQUAL(IP6_HOPLIMIT, 1), ACCEPT);
	end();
	packet(4);
	set(NSF_FIELD_IP_SADDR, 1);
	assert_string_equal(bits(), "10001");
	set(NSF_FIELD_IP_SADDR, 2);
	assert_string_equal(bits(), "00001");
	packet(6);
	set(NSF_FIELD_IP6_HOPLIMIT, 1);
	assert_string_equal(bits(), "01101");
	set(NSF_FIELD_IP6_HOPLIMIT, 2);
	assert_string_equal(bits(), "00111");
}

/* All of one family, no field to look at: those of the other are still left out. */
static void test_family_only(void **state)
{
	(void)state;
	begin();
	record(1, 0, EQUAL(NFPROTO, 2), DROP);
	record(2, 0, EQUAL(NFPROTO, 10), ACCEPT);
	end();
	packet(4);
	assert_string_equal(bits(), "101");
	packet(6);
	assert_string_equal(bits(), "011");
}

static void counter_begin(void)
{
	begin();
	*(struct nsf_state_desc *)flat_add(&f, NSF_SECTION_STATES, 1) = (struct nsf_state_desc){
		.id = 1, .kind = NSF_STATE_COUNTER };
}

/* What is behind a statement does not count for its record, but for the body. */
static void test_statement(void **state)
{
	(void)state;
	counter_begin();
	record(2, 1, EQUAL(TH_DPORT, 1), COUNTER, EQUAL(TH_SPORT, 2));
	record(2, 0, EQUAL(L4PROTO, 6), ACCEPT);
	record(3, 0, EQUAL(TH_DPORT, 3), DROP);
	record(4, 0, EQUAL(TH_SPORT, 3), DROP);
	record(5, 0, EQUAL(L4PROTO, 17), DROP);
	record(6, 0, EQUAL(L4PROTO, 1), DROP);
	record(7, 0, EQUAL(TH_SPORT, 5), DROP);
	end();
	packet(4);
	set(NSF_FIELD_L4PROTO, 6);
	set(NSF_FIELD_TH_DPORT, 1);
	set(NSF_FIELD_TH_SPORT, 9);
	assert_string_equal(bits(), "10000001");
	set(NSF_FIELD_TH_SPORT, 2);
	assert_string_equal(bits(), "11000001");
	set(NSF_FIELD_TH_DPORT, 3);
	assert_string_equal(bits(), "00100001");
}

/* A set before a long body: what it holds is left out as one. */
static void test_long_body(void **state)
{
	static const u32 keys[] = { 10, 20, 30, 40, 50, 60, 70 };
	const struct nsf_set ranges = { .kind = NSF_SET_EXACT, .fields = 1, .words = 1,
					.width = { 1 }, .count = 7 };
	const u32 body = 700, n = body + 10;
	u32 i, k, data;
	const char *s;
	bool acts, in;

	(void)state;
	begin();
	image_set(&f, ranges, keys, 7, NULL);
	record(1, 0, EQUAL(TH_DPORT, 50), DROP);
	record(body, 2, { .code = NSF_OP_SET, .a = NSF_FIELD_IP_SADDR });
	for (i = 2; i < n; i++)
		record(i + 1, 0, BETWEEN(IP_SADDR, i % 80, i % 80 + i % 7), EQUAL(TH_DPORT, i / 7),
		       ACCEPT);
	end();
	for (k = 0; k < 400; k++) {
		packet(4);
		set(NSF_FIELD_IP_SADDR, random_below(90));
		set(NSF_FIELD_TH_DPORT, random_below(105));
		walk_check();
		in = record_matches(1, &acts, &data);
		s = bits();
		for (i = 2; i < n; i++)
			if ((record_matches(i, &acts, &data) && (in || i >= body)) !=
			    (s[i] == '1'))
				fail_msg("record %u: %s", i, s);
	}
}

static void test_mark_that_changes(void **state)
{
	(void)state;
	begin();
	record(1, 1, EQUAL(L4PROTO, 6), { .code = NSF_OP_MARK_SET, .a = 5 });
	record(2, 0, EQUAL(MARK, 5), EQUAL(CT_MARK, 1), DROP);
	record(3, 0, EQUAL(MARK, 5), EQUAL(L4PROTO, 17), DROP);
	record(4, 0, EQUAL(CT_MARK, 2), DROP);
	record(5, 0, EQUAL(CT_MARK, 3), DROP);
	record(6, 0, EQUAL(L4PROTO, 17), DROP);
	end();
	packet(4);
	set(NSF_FIELD_MARK, 0);
	set(NSF_FIELD_CT_MARK, 1);
	set(NSF_FIELD_L4PROTO, 6);
	assert_string_equal(bits(), "1100001");
}

/* The last of a chain that goto calls has a miss beyond what follows. */
static void test_goto(void **state)
{
	u32 i;

	(void)state;
	begin();
	record(4, 1, EQUAL(L4PROTO, 6));		/* goto, from a chain that goes on at 4 */
	record(2, 0, EQUAL(TH_DPORT, 1), ACCEPT);
	record(6, 0, EQUAL(TH_DPORT, 2), ACCEPT);	/* the last one: falls back to the policy */
	record(6, 0, ACCEPT);				/* nothing leads here */
	record(5, 0, EQUAL(TH_SPORT, 1), DROP);
	record(6, 0, EQUAL(TH_SPORT, 2), DROP);
	for (i = 6; i < 12; i++)
		record(i + 1, 0, EQUAL(TH_SPORT, i), EQUAL(TH_DPORT, i), DROP);
	end();
	packet(4);
	set(NSF_FIELD_L4PROTO, 6);
	set(NSF_FIELD_TH_DPORT, 9);
	set(NSF_FIELD_TH_SPORT, 2);
	assert_int_equal(bits()[2], '1');	/* run, and so left by way of its miss */
	assert_int_equal(bits()[1], '0');
	walk_check();
	set(NSF_FIELD_L4PROTO, 17);
	assert_int_equal(bits()[2], '0');
	walk_check();
}

static void map_begin(unsigned int fields)
{
	static const u32 one[] = { 1, 3, 4, 5, 6, 9 }, data[] = { 0, 1, 2 };
	static const u32 two[] = { 1, 7, 4, 7, 6, 8 };
	const struct nsf_set ranges = { .kind = NSF_SET_RANGE, .fields = 1, .words = 1,
					.width = { 1 }, .count = 3, .targets = 3 };
	const struct nsf_set pairs = { .kind = NSF_SET_EXACT, .fields = 2, .words = 2,
				       .width = { 1, 1 }, .count = 3, .targets = 3 };
	const struct nsf_op map = { .code = NSF_OP_MAP,
				    .a = fields == 1 ? NSF_FIELD_TH_DPORT :
					 NSF_FIELD_TH_DPORT | NSF_FIELD_TH_SPORT << 8 };
	u32 *t;

	begin();
	image_set(&f, fields == 1 ? ranges : pairs, fields == 1 ? one : two, 6, data);
	t = flat_add(&f, NSF_SECTION_TARGETS, 3);
	t[0] = 2;
	t[1] = 4;
	t[2] = NSF_TARGET_VERDICT | NSF_ACCEPT;
	record(1, 0, EQUAL(IIF, 7), DROP);
	image_ops(&f, 6, 6, 0, &map, 1);
}

/* The first record of the bodies must be the one behind the map. */
static void test_map(void **state)
{
	unsigned int fields, dport, sport, proto;

	(void)state;
	for (fields = 1; fields <= 2; fields++) {
		map_begin(fields);
		record(3, 0, EQUAL(L4PROTO, 6), DROP);
		record(6, 0, EQUAL(L4PROTO, 17), DROP);
		record(5, 0, EQUAL(IIF, 2), DROP);
		record(6, 0, EQUAL(IIF, 3), DROP);
		record(7, 0, EQUAL(L4PROTO, 17), DROP);
		record(8, 0, EQUAL(L4PROTO, 6), DROP);
		end();
		for (dport = 0; dport < 11; dport++)
			for (sport = 6; sport < 9; sport++)
				for (proto = 0; proto < 20; proto++) {
					packet(4);
					set(NSF_FIELD_TH_DPORT, dport);
					set(NSF_FIELD_TH_SPORT, sport);
					set(NSF_FIELD_L4PROTO, proto);
					set(NSF_FIELD_IIF, proto % 4);
					walk_check();
				}
	}
}

/* The bodies of a map of one field are kept apart by it, down to the last record. */
static void test_map_bodies(void **state)
{
	(void)state;
	map_begin(1);
	record(3, 0, EQUAL(L4PROTO, 6), DROP);
	record(6, 0, EQUAL(L4PROTO, 17), DROP);
	record(5, 0, EQUAL(L4PROTO, 6), DROP);
	record(6, 0, EQUAL(L4PROTO, 17), DROP);
	record(7, 0, EQUAL(L4PROTO, 1), DROP);
	record(8, 0, EQUAL(IIF, 2), DROP);
	record(9, 0, EQUAL(IIF, 3), DROP);
	end();
	packet(4);
	set(NSF_FIELD_IIF, 9);
	set(NSF_FIELD_TH_DPORT, 2);
	set(NSF_FIELD_L4PROTO, 6);
	/* The map is at 1; 2 and 3 are its first body, 4 and 5 the second. */
	assert_string_equal(bits() + 1, "110000001");
	set(NSF_FIELD_TH_DPORT, 4);
	set(NSF_FIELD_L4PROTO, 17);
	assert_string_equal(bits() + 1, "100010001");
	set(NSF_FIELD_TH_DPORT, 8);
	assert_string_equal(bits() + 1, "100000001");
	set(NSF_FIELD_TH_DPORT, 10);
	assert_string_equal(bits() + 1, "000000001");
}

/* ---- sets ---- */

/* Of several fields each alone is looked at; what is not in such a set, not at all. */
static void test_projection(void **state)
{
	static const u32 keys[] = { 1, 10, 2, 20, 3, 30 };
	const struct nsf_set pairs = { .kind = NSF_SET_EXACT, .fields = 2, .words = 2,
				       .width = { 1, 1 }, .count = 3 };
	const u64 key = NSF_FIELD_TH_DPORT | NSF_FIELD_TH_SPORT << 8;
	u32 i;

	(void)state;
	begin();
	image_set(&f, pairs, keys, 6, NULL);
	record(1, 0, { .code = NSF_OP_SET, .a = key }, ACCEPT);
	record(2, 0, { .code = NSF_OP_SET, .a = key, .flags = NSF_OP_NOT }, ACCEPT);
	for (i = 2; i < 6; i++)
		record(i + 1, 0, EQUAL(TH_DPORT, 100 + i), EQUAL(TH_SPORT, 100), ACCEPT);
	end();
	packet(4);
	set(NSF_FIELD_TH_DPORT, 1);
	set(NSF_FIELD_TH_SPORT, 20);	/* of another element: the record looks itself */
	assert_string_equal(bits(), "1100001");
	set(NSF_FIELD_TH_SPORT, 11);
	assert_string_equal(bits(), "0100001");
}

/* More than is looked at: the ones that matter are still named. */
static void test_blurred(void **state)
{
	const u32 n = 40000;
	const struct nsf_set many = { .kind = NSF_SET_EXACT, .fields = 1, .words = 1,
				      .width = { 1 }, .count = n };
	u32 *keys = malloc(n * sizeof(*keys)), i, named[2] = { 0, 0 };

	(void)state;
	assert_non_null(keys);
	for (i = 0; i < n; i++)
		keys[i] = i * 100 + i / 1000 * 1000000;
	begin();
	image_set(&f, many, keys, n, NULL);
	record(1, 0, { .code = NSF_OP_SET, .a = NSF_FIELD_IP_SADDR }, ACCEPT);
	record(2, 0, { .code = NSF_OP_SET, .a = NSF_FIELD_IP_SADDR, .flags = NSF_OP_NOT }, ACCEPT);
	record(3, 0, EQUAL(IP_SADDR, 1), ACCEPT);
	record(4, 0, EQUAL(L4PROTO, 1), ACCEPT);
	end();
	for (i = 0; i < 4000; i++) {
		packet(4);
		set(NSF_FIELD_IP_SADDR, i % 2 ? keys[random_below(n)] :
		    random_below(50000000));
		walk_check();
		named[0] += bits()[0] == '1';
		named[1] += bits()[1] == '1';
	}
	assert_in_range(named[0], 2000, 3999);
	assert_in_range(named[1], 1, 4000);
	free(keys);
}

/* ---- representations ---- */

static const struct nsf_index_node *node_of_family(unsigned int six, enum nsf_field field)
{
	const u8 *base = (const u8 *)img + img->section[NSF_SECTION_INDEX].offset;
	const struct nsf_index_part *part =
		(const void *)(base + nsf_image_chains(img)->index[six]);
	const struct nsf_index_node *n = (const void *)(part + 1);
	u32 i;

	for (i = 0; i < part->nodes; i++)
		if (n[i].field == field && n[i].kind != NSF_INDEX_CROSS)
			return &n[i];
	fail_msg("no node for field %u", field);
	return n;
}

static const struct nsf_index_node *node_of(enum nsf_field field)
{
	return node_of_family(0, field);
}

static void chain_of(u32 n)
{
	u32 i;

	begin();
	for (i = 0; i < n; i++)
		record(i + 1, 0, EQUAL(IP_SADDR, i << 16), EQUAL(TH_DPORT, 2000 + 3 * i),
		       EQUAL(L4PROTO, i % 200), EQUAL(IIFNAME_HI, i % 50), EQUAL(IIFNAME_LO, i),
		       ACCEPT);
	end();
}

static void test_kinds(void **state)
{
	u32 i;

	(void)state;
	chain_of(4);
	assert_int_equal(node_of(NSF_FIELD_TH_DPORT)->kind, NSF_INDEX_SEARCH);
	chain_of(20);
	assert_int_equal(node_of(NSF_FIELD_L4PROTO)->kind, NSF_INDEX_TABLE);
	assert_int_equal(node_of(NSF_FIELD_IP_SADDR)->kind, NSF_INDEX_SEARCH);
	assert_int_equal(node_of(NSF_FIELD_TH_DPORT)->kind, NSF_INDEX_PAGES);
	assert_int_equal(node_of(NSF_FIELD_TH_DPORT)->count, 3);	/* 7, 8, all others */
	assert_int_equal(node_of(NSF_FIELD_IIFNAME_HI)->kind, NSF_INDEX_WIDE);
	assert_true(img->section[NSF_SECTION_INDEX].size < 8192);
	chain_of(2000);
	assert_int_equal(node_of(NSF_FIELD_IP_SADDR)->kind, NSF_INDEX_DIRECTORY);
	assert_int_equal(node_of(NSF_FIELD_IIFNAME_HI)->kind, NSF_INDEX_WIDE);
	assert_true(img->section[NSF_SECTION_INDEX].size < 512 * 1024);
	assert_int_equal(node_of(NSF_FIELD_TH_DPORT)->kind, NSF_INDEX_PAGES);
	for (i = 0; i < 2000; i++) {
		packet(4);
		set(NSF_FIELD_IP_SADDR, (i << 16) + i % 3 / 2);
		set(NSF_FIELD_TH_DPORT, 2000 + 3 * i);
		set(NSF_FIELD_L4PROTO, i % 200);
		set(NSF_FIELD_IIFNAME_HI, i % 50);
		set(NSF_FIELD_IIFNAME_LO, i);
		bits_check();
	}
}

static u32 crosses_of(u32 nodes)
{
	const u8 *base = (const u8 *)img + img->section[NSF_SECTION_INDEX].offset;
	const struct nsf_index_part *part =
		(const void *)(base + nsf_image_chains(img)->index[0]);
	const struct nsf_index_node *n = (const void *)(part + 1);
	u32 i, found = 0;

	for (i = 0; i < part->nodes; i++)
		found += n[i].kind == NSF_INDEX_CROSS &&
			(n[i].field == NSF_INDEX_NO_NODE ? 2 : 3) == nodes;
	return found;
}

/* Small fields become one, three at a time. */
static void test_crosses(void **state)
{
	static const u8 field[] = { NSF_FIELD_L4PROTO, NSF_FIELD_CT_STATE, NSF_FIELD_PKTTYPE,
				    NSF_FIELD_IP_DSCP };
	u32 n, i, k;

	(void)state;
	for (n = 1; n <= 4; n++) {
		begin();
		for (i = 0; i < 400; i++) {
			struct nsf_op op[5];

			for (k = 0; k < n; k++)
				op[k] = (struct nsf_op){ .code = NSF_OP_MASK, .field = field[k],
							 .a = (i >> k) % 5, .b = ~0ULL };
			op[k] = (struct nsf_op)ACCEPT;
			image_ops(&f, i + 1, 0, 0, op, k + 1);
		}
		end();
		assert_int_equal(crosses_of(2), n == 2 || n == 4);
		assert_int_equal(crosses_of(3), n > 2);
		for (i = 0; i < 500; i++) {
			packet(4);
			for (k = 0; k < n; k++)
				if (random_below(8))
					set(field[k], random_below(6));
			bits_check();
		}
	}
}

/* In two heaps, a few elsewhere: the slots are where most are. */
static u64 heaped(u32 i)
{
	return i % 10 == 9 ? (u64)i << 52 : (i % 10 < 7 ? 0x20010db8ULL : 0x2a0205ffULL) << 32 | i;
}

static u32 heaped4(u32 i)
{
	return (u32)heaped(i) + (u32)(heaped(i) >> 32);
}

static void test_slots(void **state)
{
	const u32 n = 1500;
	u32 i;
	int d;

	(void)state;
	begin();
	for (i = 0; i < n; i++)
		record(i + 1, 0, EQUAL(IP6_SADDR_HI, heaped(i)), EQUAL(IP6_SADDR_LO, i % 2),
		       ACCEPT);
	for (i = 0; i < n; i++)
		record(n + i + 1, 0, EQUAL(IP_DADDR, heaped4(i)), ACCEPT);
	end();
	assert_int_equal(node_of_family(1, NSF_FIELD_IP6_SADDR_HI)->kind, NSF_INDEX_WIDE_DIRECTORY);
	assert_int_equal(node_of(NSF_FIELD_IP_DADDR)->kind, NSF_INDEX_DIRECTORY);
	for (i = 0; i < n; i += 7)
		for (d = -1; d <= 1; d++) {
			packet(6);
			set(NSF_FIELD_IP6_SADDR_HI, heaped(i) + (u64)(long long)d);
			set(NSF_FIELD_IP6_SADDR_LO, i % 2);
			bits_check();
			packet(4);
			set(NSF_FIELD_IP_DADDR, (u32)(heaped4(i) + (u32)d));
			bits_check();
		}
}

/* A few fields more than there may be operands: the ones that say least are left out. */
static void test_many_fields(void **state)
{
	static const u8 field[] = {
		NSF_FIELD_L4PROTO, NSF_FIELD_MARK, NSF_FIELD_LENGTH, NSF_FIELD_PKTTYPE,
		NSF_FIELD_IIF, NSF_FIELD_OIF, NSF_FIELD_IP_SADDR, NSF_FIELD_IP_DADDR,
		NSF_FIELD_IP_TTL, NSF_FIELD_IP_DSCP, NSF_FIELD_IP_FRAG_OFF, NSF_FIELD_IP_LENGTH,
		NSF_FIELD_TH_SPORT, NSF_FIELD_TH_DPORT, NSF_FIELD_TH_TYPE, NSF_FIELD_CT_STATE,
	};
	const u32 n = sizeof(field);
	u32 i, k;

	(void)state;
	begin();
	for (i = 0; i < 64 * n; i++) {
		const struct nsf_op op[] = {
			{ .code = NSF_OP_MASK, .field = field[i % n], .a = i / n, .b = ~0ULL },
			ACCEPT };

		image_ops(&f, i + 1, 0, 0, op, 2);
	}
	end();
	for (k = 0; k < 200; k++) {
		packet(4);
		for (i = 0; i < n; i++)
			set(field[i], random_below(100));
		walk_check();
	}
}

static void test_short(void **state)
{
	(void)state;
	chain_of(20);
	index_least = NSF_INDEX_MIN_RECORDS;
	begin();
	record(1, 0, EQUAL(IP_SADDR, 1), ACCEPT);
	assert_int_equal(index_build(&f), 0);
	assert_int_equal(flat_n(&f, NSF_SECTION_INDEX), 0);
	flat_clean(&f);
}

static int clean(void **state)
{
	(void)state;
	free(img);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_bit),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_family_only),
		cmocka_unit_test(test_statement),
		cmocka_unit_test(test_long_body),
		cmocka_unit_test(test_mark_that_changes),
		cmocka_unit_test(test_goto),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_map_bodies),
		cmocka_unit_test(test_projection),
		cmocka_unit_test(test_blurred),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_crosses),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_many_fields),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
