// links: ../module/classify.c ../module/index.c ../module/image_check.c ../module/image_hash.c ../module/index_check.c
// links: policy/flat.c policy/image.c policy/siphash.c policy/diag.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Each op on images made by hand: matches, absent fields, sets, ways to go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_effect.h"
#include "make_image.h"

#define OP(...)		((struct nsf_op){ __VA_ARGS__ })
#define ACCEPT		OP(.code = NSF_OP_ACCEPT)

static struct nsf_effect fx;
static struct nsf_decision dec;

static u8 run(const struct nsf_image *img, struct nsf_packet *p)
{
	fx.log[0] = 0;
	memset(&dec, 0xee, sizeof(dec));
	nsf_classify(img, nsf_image_chains(img), p, &fx, &dec);
	return dec.end;
}

/* Does one op match? Record 0: the op and accept; the policy drops. */
static bool matches(struct nsf_op op, enum nsf_field f, bool have, u64 value)
{
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	struct flat flat;
	bool accepted;

	image_begin(&flat);
	image_record(&flat, 1, 0, op, ACCEPT);
	img = image_end(&flat, NSF_DROP);
	p.val[f] = value;	/* there, but not to be looked at without its bit */
	if (have)
		nsf_packet_set(&p, f, value);
	accepted = run(img, &p) == NSF_ACCEPT;
	assert_int_equal(dec.record, accepted ? 0 : 1);
	free(img);
	return accepted;
}

static void test_mask(void **state)
{
	const enum nsf_field f = NSF_FIELD_IP_SADDR;
	struct nsf_op op = { .code = NSF_OP_MASK, .field = f, .b = 0xff000000, .a = 0x0a000000 };

	(void)state;
	assert_true(matches(op, f, true, 0x0a010203));
	assert_false(matches(op, f, true, 0x0b010203));
	assert_false(matches(op, f, false, 0x0a010203));
	op.flags = NSF_OP_NOT;
	assert_false(matches(op, f, true, 0x0a010203));
	assert_true(matches(op, f, true, 0x0b010203));
	assert_false(matches(op, f, false, 0x0b010203));
	/* No bits: is it there? */
	op = OP(.code = NSF_OP_MASK, .field = f);
	assert_true(matches(op, f, true, 5));
	assert_false(matches(op, f, false, 5));
	/* All 64. */
	op = OP(.code = NSF_OP_MASK, .field = NSF_FIELD_IP6_SADDR_LO, .a = 1ULL << 63, .b = ~0ULL);
	assert_true(matches(op, NSF_FIELD_IP6_SADDR_LO, true, 1ULL << 63));
	assert_false(matches(op, NSF_FIELD_IP6_SADDR_LO, true, 0));
}

static void test_range(void **state)
{
	const enum nsf_field f = NSF_FIELD_TH_DPORT;
	struct nsf_op op = { .code = NSF_OP_RANGE, .field = f, .a = 10, .b = 20 };

	(void)state;
	assert_false(matches(op, f, true, 9));
	assert_true(matches(op, f, true, 10));
	assert_true(matches(op, f, true, 20));
	assert_false(matches(op, f, true, 21));
	assert_false(matches(op, f, false, 15));
	op.flags = NSF_OP_NOT;
	assert_true(matches(op, f, true, 9));
	assert_false(matches(op, f, true, 15));
	assert_true(matches(op, f, true, 21));
	assert_false(matches(op, f, false, 9));
	op.flags = 0;
	op.arg = 0xff00;	/* these bits are not looked at */
	assert_true(matches(op, f, true, 0x770f));
	assert_false(matches(op, f, true, 0x7705));
}

/* ---- sets ---- */

/* Is the packet in the set? Record 0: the SET op and accept. */
static bool in_set(struct nsf_set set, const u32 *words, size_t n, u64 key, u8 flags,
		   struct nsf_packet *p)
{
	struct nsf_image *img;
	struct flat flat;
	bool accepted;

	image_begin(&flat);
	image_set(&flat, set, words, n, NULL);
	image_record(&flat, 1, 0, OP(.code = NSF_OP_SET, .a = key, .flags = flags), ACCEPT);
	img = image_end(&flat, NSF_DROP);
	accepted = run(img, p) == NSF_ACCEPT;
	free(img);
	return accepted;
}

static void test_set_exact(void **state)
{
	static const u32 words[] = { 0, 2, 80, 443, 0x10000, 0xffffffff };
	const struct nsf_set set = { .kind = NSF_SET_EXACT, .fields = 1, .words = 1,
				     .width = { 1 }, .count = 6 };
	const u32 in[] = { 0, 2, 80, 443, 0x10000, 0xffffffff };
	const u32 out[] = { 1, 3, 79, 81, 442, 444, 0xffff, 0x10001, 0xfffffffe };
	struct nsf_packet p = { .have = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(in) / sizeof(*in); i++) {
		nsf_packet_set(&p, NSF_FIELD_MARK, in[i]);
		assert_true(in_set(set, words, 6, NSF_FIELD_MARK, 0, &p));
		assert_false(in_set(set, words, 6, NSF_FIELD_MARK, NSF_OP_NOT, &p));
	}
	for (i = 0; i < sizeof(out) / sizeof(*out); i++) {
		nsf_packet_set(&p, NSF_FIELD_MARK, out[i]);
		assert_false(in_set(set, words, 6, NSF_FIELD_MARK, 0, &p));
		assert_true(in_set(set, words, 6, NSF_FIELD_MARK, NSF_OP_NOT, &p));
	}
	p.have = 0;
	assert_false(in_set(set, words, 6, NSF_FIELD_MARK, 0, &p));
	assert_false(in_set(set, words, 6, NSF_FIELD_MARK, NSF_OP_NOT, &p));
}

static void test_set_empty(void **state)
{
	const struct nsf_set set = { .kind = NSF_SET_EXACT, .fields = 1, .words = 1,
				     .width = { 1 } };
	struct nsf_packet p = { .have = 0 };

	(void)state;
	nsf_packet_set(&p, NSF_FIELD_MARK, 0);
	assert_false(in_set(set, NULL, 0, NSF_FIELD_MARK, 0, &p));
	assert_true(in_set(set, NULL, 0, NSF_FIELD_MARK, NSF_OP_NOT, &p));
}

static void test_set_range(void **state)
{
	static const u32 words[] = { 10, 20, 30, 30, 40, 0xffffffff };
	const struct nsf_set set = { .kind = NSF_SET_RANGE, .fields = 1, .words = 1,
				     .width = { 1 }, .count = 3 };
	const struct { u32 v; bool in; } t[] = {
		{ 0, false }, { 9, false }, { 10, true }, { 15, true }, { 20, true }, { 21, false },
		{ 29, false }, { 30, true }, { 31, false }, { 39, false }, { 40, true },
		{ 0xffffffff, true },
	};
	struct nsf_packet p = { .have = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		nsf_packet_set(&p, NSF_FIELD_IP_DADDR, t[i].v);
		assert_int_equal(in_set(set, words, 6, NSF_FIELD_IP_DADDR, 0, &p), t[i].in);
	}
}

static void test_set_wide(void **state)
{
	/* 2001:db8::/32 as an interval; name in a set of four words. */
	static const u32 range[] = { 0x20010db8, 0, 0, 0, 0x20010db8, ~0u, ~0u, ~0u };
	static const u32 name[] = { 0x65746830, 0, 0, 0 };	/* "eth0" */
	struct nsf_set set = { .kind = NSF_SET_RANGE, .fields = 1, .words = 4, .width = { 4 },
			       .count = 1 };
	struct nsf_packet p = { .have = 0 };

	(void)state;
	nsf_packet_set(&p, NSF_FIELD_IP6_SADDR_HI, 0x20010db8ffffffffULL);
	assert_false(in_set(set, range, 8, NSF_FIELD_IP6_SADDR, 0, &p));	/* half of it */
	nsf_packet_set(&p, NSF_FIELD_IP6_SADDR_LO, 5);
	assert_true(in_set(set, range, 8, NSF_FIELD_IP6_SADDR, 0, &p));
	nsf_packet_set(&p, NSF_FIELD_IP6_SADDR_HI, 0x20010db900000000ULL);
	assert_false(in_set(set, range, 8, NSF_FIELD_IP6_SADDR, 0, &p));

	set.kind = NSF_SET_EXACT;
	nsf_packet_set(&p, NSF_FIELD_IIFNAME_HI, 0x6574683000000000ULL);
	nsf_packet_set(&p, NSF_FIELD_IIFNAME_LO, 0);
	assert_true(in_set(set, name, 4, NSF_FIELD_IIFNAME, 0, &p));
	nsf_packet_set(&p, NSF_FIELD_IIFNAME_HI, 0x6574683031000000ULL);	/* eth01 */
	assert_false(in_set(set, name, 4, NSF_FIELD_IIFNAME, 0, &p));
}

static void test_set_box(void **state)
{
	/* 10.0.0.0/8 . 80-90, 10.1.0.0/16 . 443, 192.168.0.1 . 0-65535 */
	static const u32 words[] = {
		0x0a000000, 80, 0x0affffff, 90,
		0x0a010000, 443, 0x0a01ffff, 443,
		0xc0a80001, 0, 0xc0a80001, 65535,
	};
	const struct nsf_set set = { .kind = NSF_SET_BOX, .fields = 2, .words = 2,
				     .width = { 1, 1 }, .count = 3 };
	const u64 key = NSF_FIELD_IP_SADDR | NSF_FIELD_TH_DPORT << 8;
	const struct { u32 a, port; bool in; } t[] = {
		{ 0x0a000000, 80, true }, { 0x0a020304, 90, true }, { 0x0a020304, 91, false },
		{ 0x0a020304, 443, false }, { 0x0a010304, 443, true }, { 0x0a01ffff, 85, true },
		{ 0x0b000000, 85, false }, { 0xc0a80001, 5, true }, { 0xc0a80002, 5, false },
		{ 0, 0, false }, { 0xffffffff, 65535, false },
	};
	struct nsf_packet p = { .have = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		nsf_packet_set(&p, NSF_FIELD_IP_SADDR, t[i].a);
		nsf_packet_set(&p, NSF_FIELD_TH_DPORT, t[i].port);
		assert_int_equal(in_set(set, words, 12, key, 0, &p), t[i].in);
	}
	p.have = NSF_BIT(NSF_FIELD_IP_SADDR);
	assert_false(in_set(set, words, 12, key, NSF_OP_NOT, &p));
}

static void test_map(void **state)
{
	static const u32 words[] = { 22, 80, 443 }, data[] = { 0, 1, 2 };
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	struct flat f;
	u32 *t;

	(void)state;
	image_begin(&f);
	image_set(&f, (struct nsf_set){ .kind = NSF_SET_EXACT, .fields = 1, .words = 1,
					.width = { 1 }, .count = 3, .targets = 3 }, words, 3, data);
	t = flat_add(&f, NSF_SECTION_TARGETS, 3);
	t[0] = NSF_TARGET_VERDICT | NSF_ACCEPT;
	t[1] = NSF_TARGET_VERDICT | NSF_DROP;
	t[2] = 2;
	image_record(&f, 1, 1, OP(.code = NSF_OP_MAP, .a = NSF_FIELD_TH_DPORT));
	image_record(&f, 3, 0, OP(.code = NSF_OP_REJECT, .arg = NSF_REJECT_ICMPX, .a = 3));
	image_record(&f, 3, 0, OP(.code = NSF_OP_REJECT, .arg = NSF_REJECT_RESET));
	img = image_end(&f, NSF_ACCEPT);

	nsf_packet_set(&p, NSF_FIELD_TH_DPORT, 22);
	assert_int_equal(run(img, &p), NSF_ACCEPT);
	assert_int_equal(dec.record, 0);
	nsf_packet_set(&p, NSF_FIELD_TH_DPORT, 80);
	assert_int_equal(run(img, &p), NSF_DROP);
	assert_int_equal(dec.record, 0);
	nsf_packet_set(&p, NSF_FIELD_TH_DPORT, 443);
	assert_int_equal(run(img, &p), NSF_REJECT);
	assert_int_equal(dec.record, 2);
	assert_int_equal(dec.reject_how, NSF_REJECT_RESET);
	nsf_packet_set(&p, NSF_FIELD_TH_DPORT, 8080);
	assert_int_equal(run(img, &p), NSF_REJECT);
	assert_int_equal(dec.record, 1);
	assert_int_equal(dec.reject_how, NSF_REJECT_ICMPX);
	assert_int_equal(dec.reject_code, 3);
	p.have = 0;
	assert_int_equal(run(img, &p), NSF_REJECT);
	assert_int_equal(dec.record, 1);
	free(img);
}

/* ---- statements ---- */

static void states_make(struct flat *f)
{
	struct nsf_state_desc *s = flat_add(f, NSF_SECTION_STATES, 2);

	s[0] = (struct nsf_state_desc){ .id = 1, .kind = NSF_STATE_COUNTER };
	s[1] = (struct nsf_state_desc){ .id = 2, .kind = NSF_STATE_LIMIT, .burst = 5, .rate = 1,
					.unit = 1000000000 };
}

/* Statements are done in order, and only as far as the matches let them. */
static void test_order(void **state)
{
	const struct nsf_op port = { .code = NSF_OP_MASK, .field = NSF_FIELD_TH_DPORT,
				     .a = 80, .b = 0xffff };
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	struct flat f;

	(void)state;
	image_begin(&f);
	states_make(&f);
	image_record(&f, 1, 0, OP(.code = NSF_OP_COUNTER), port, OP(.code = NSF_OP_LIMIT, .arg = 1),
		     OP(.code = NSF_OP_LOG, .a = 4), ACCEPT);
	image_record(&f, 2, 2, OP(.code = NSF_OP_COUNTER));
	img = image_end(&f, NSF_DROP);

	fx.limit = true;
	assert_int_equal(run(img, &p), NSF_DROP);
	assert_string_equal(fx.log, "c0 c0");
	nsf_packet_set(&p, NSF_FIELD_TH_DPORT, 80);
	assert_int_equal(run(img, &p), NSF_ACCEPT);
	assert_string_equal(fx.log, "c0 l1 L0");
	fx.limit = false;
	assert_int_equal(run(img, &p), NSF_DROP);
	assert_string_equal(fx.log, "c0 l1 c0");
	free(img);
}

static void test_marks(void **state)
{
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	struct flat f;

	(void)state;
	image_begin(&f);
	/* meta mark set 5; meta mark set mark & 0xff | 0x100; ct mark set mark; mark 0x105 accept */
	image_record(&f, 1, 1, OP(.code = NSF_OP_MARK_SET, .a = 5));
	image_record(&f, 2, 2, OP(.code = NSF_OP_MARK_SET, .field = NSF_FIELD_MARK, .b = 0xff,
				  .a = 0x100));
	image_record(&f, 3, 3, OP(.code = NSF_OP_CT_MARK_SET, .field = NSF_FIELD_MARK,
				  .b = 0xffffffff));
	image_record(&f, 4, 4, OP(.code = NSF_OP_MARK_SET, .field = NSF_FIELD_CT_MARK,
				  .b = 0xffffffff, .a = 1));
	image_record(&f, 5, 0, OP(.code = NSF_OP_MASK, .field = NSF_FIELD_MARK, .a = 0x104,
				  .b = 0xffffffff), ACCEPT);
	img = image_end(&f, NSF_DROP);
	assert_int_equal(img->flags, NSF_IMAGE_CT);
	assert_int_equal(img->needs, NSF_BIT(NSF_FIELD_MARK) | NSF_BIT(NSF_FIELD_CT_MARK));

	/* Without an entry: nothing is set there, and what reads it fails. */
	assert_int_equal(run(img, &p), NSF_DROP);
	assert_string_equal(fx.log, "m5 m261");
	nsf_packet_set(&p, NSF_FIELD_CT_MARK, 9);
	assert_int_equal(run(img, &p), NSF_ACCEPT);
	assert_string_equal(fx.log, "m5 m261 t261 m260");
	assert_int_equal(p.val[NSF_FIELD_CT_MARK], 261);
	free(img);
}

/* A record without ops leads on. */
static void test_no_ops(void **state)
{
	struct nsf_packet p = { .have = 0 };
	struct nsf_image *img;
	struct flat f;

	(void)state;
	image_begin(&f);
	image_ops(&f, 1, 2, 0, NULL, 0);
	image_record(&f, 2, 0, ACCEPT);
	img = image_end(&f, NSF_DROP);
	assert_int_equal(run(img, &p), NSF_DROP);
	assert_int_equal(dec.record, 2);
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_set_exact),
		cmocka_unit_test(test_set_empty),
		cmocka_unit_test(test_set_range),
		cmocka_unit_test(test_set_wide),
		cmocka_unit_test(test_set_box),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_no_ops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
