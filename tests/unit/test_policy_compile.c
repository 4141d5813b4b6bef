// SPDX-License-Identifier: GPL-2.0-or-later
// links: ../module/classify.c ../module/index.c ../module/image_check.c ../module/image_hash.c ../module/index_check.c
// links: policy/compile.c policy/compile_rule.c policy/compile_expand.c policy/compile_match.c policy/compile_set.c policy/flat.c
// links: policy/image.c policy/siphash.c policy/diag.c policy/ir.c
// links: policy/index_build.c policy/index_flow.c policy/index_cond.c policy/index_range.c
// links: policy/index_sweep.c policy/index_rows.c policy/index_cross.c policy/index_window.c policy/index_write.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* From IR made by hand to verdicts; and what of it becomes how many records. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "compile_ir.h"

/* It must fail; the one message has this in it, and the place of @line (0: any). */
static void refused(const char *what, unsigned int line)
{
	struct diags d = { .n = 0 };
	struct nsf_image *none = NULL;

	assert_int_equal(policy_compile(&policy, &none, &d), -EINVAL);
	assert_null(none);
	assert_int_equal(d.n, 1);
	if (!strstr(d.v[0].message, what))
		fail_msg("%s", d.v[0].message);
	assert_true(line ? d.v[0].line == line : d.v[0].line > 0);
	diags_clean(&d);
}

static u8 run(void)
{
	fx.log[0] = 0;
	fx.limit = true;
	nsf_classify(img, nsf_image_chains(img), &pkt, &fx, &dec);
	return dec.end;
}

static void set(enum nsf_field f, u64 v)
{
	nsf_packet_set(&pkt, f, v);
}

static bool accepts(enum nsf_field f, u64 v)
{
	set(f, v);
	return run() == NSF_ACCEPT;
}

static u32 records(void)
{
	return nsf_image_n_records(img);
}

/* ---- matches ---- */

/* One rule: the match that the test adds, then accept. */
static void one_rule(void)
{
	ir_begin(IR_INET);
	ir_rule(ir_chain("input", true));
}

static void done(void)
{
	ir_verdict(IR_ACCEPT, 0);
	compile();
}

static void test_narrow(void **state)
{
	struct ir_match *m;

	(void)state;
	one_rule();
	ir_equal(IR_TH_DPORT, 443);
	done();
	assert_int_equal(run(), NSF_DROP);	/* absent */
	assert_true(accepts(NSF_FIELD_TH_DPORT, 443));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 444));

	one_rule();
	ir_equal(IR_TH_DPORT, 443)->negate = true;
	done();
	assert_int_equal(run(), NSF_DROP);	/* absent: so is the negation */
	assert_false(accepts(NSF_FIELD_TH_DPORT, 443));
	assert_true(accepts(NSF_FIELD_TH_DPORT, 444));

	one_rule();
	ir_range(IR_IP_SADDR, 0x0a000000, 0x0a0000ff);
	done();
	assert_true(accepts(NSF_FIELD_IP_SADDR, 0x0a0000ff));
	assert_false(accepts(NSF_FIELD_IP_SADDR, 0x0a000100));

	/* tcp flags & (syn|ack) == syn */
	one_rule();
	m = ir_equal(IR_TCP_FLAGS, 2);
	m->mask[0] = 0x12;
	done();
	assert_true(accepts(NSF_FIELD_TH_TCP_FLAGS, 0x02));
	assert_true(accepts(NSF_FIELD_TH_TCP_FLAGS, 0xc2));
	assert_false(accepts(NSF_FIELD_TH_TCP_FLAGS, 0x12));

	/* meta mark & 0xff 1-5 */
	one_rule();
	m = ir_range(IR_META_MARK, 1, 5);
	memset(m->mask, 0, 3);
	done();
	assert_true(accepts(NSF_FIELD_MARK, 0xaabbcc05));
	assert_false(accepts(NSF_FIELD_MARK, 0xaabbcc06));
	assert_false(accepts(NSF_FIELD_MARK, 0xaabbcc00));
}

static void address(u64 hi, u64 lo)
{
	set(NSF_FIELD_IP6_SADDR_HI, hi);
	set(NSF_FIELD_IP6_SADDR_LO, lo);
}

static bool accepts6(u64 hi, u64 lo)
{
	address(hi, lo);
	return run() == NSF_ACCEPT;
}

#define ONES	UINT64_MAX
#define DB8	0x20010db800000000ULL

static void test_wide_equal(void **state)
{
	static const struct { u64 hi, lo, mhi, mlo; } t[] = {
		{ DB8, 1, ONES, ONES },			/* one address */
		{ DB8, 0, 0xffffffff00000000ULL, 0 },	/* /32 */
		{ DB8 | 7, 0x80ULL << 56, ONES, 0xffULL << 56 },	/* /72 */
		{ 0, 5, 0, 0xff },			/* the lower half only */
		{ 0, 0, 0, 0 },				/* /0 */
		{ DB8, 5, 0xffffffff00000000ULL, 0xff },	/* no prefix */
		{ DB8, 5, 0xff, ONES },			/* never */
	};
	static const u64 his[] = { 0, 7, DB8, DB8 | 7, DB8 | 0xff, ONES };
	static const u64 los[] = { 0, 1, 5, 0x105, 0x80ULL << 56, (0x80ULL << 56) + 9, ONES };
	unsigned int i, n, h, l;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		for (n = 0; n < 2; n++) {
			one_rule();
			ir_wide(IR_IP6_SADDR, t[i].hi, t[i].lo, t[i].mhi, t[i].mlo)->negate = n;
			done();
			assert_int_equal(run(), NSF_DROP);	/* IPv4 */
			for (h = 0; h < sizeof(his) / sizeof(*his); h++)
				for (l = 0; l < sizeof(los) / sizeof(*los); l++)
					assert_int_equal(accepts6(his[h], los[l]),
						((his[h] & t[i].mhi) == t[i].hi &&
						 (los[l] & t[i].mlo) == t[i].lo) != n);
		}
	}
}

static bool within(u64 hi, u64 lo, u64 fhi, u64 flo, u64 lhi, u64 llo)
{
	return (hi > fhi || (hi == fhi && lo >= flo)) && (hi < lhi || (hi == lhi && lo <= llo));
}

static void test_wide_range(void **state)
{
	static const struct { u64 fhi, flo, lhi, llo; } t[] = {
		{ DB8, 1, DB8, 9 },
		{ DB8, 0, DB8 + 5, ONES },
		{ DB8, 7, DB8 + 5, 3 },
		{ 0, 0, ONES, ONES },
	};
	static const u64 his[] = { 0, DB8 - 1, DB8, DB8 + 3, DB8 + 5, DB8 + 6, ONES };
	static const u64 los[] = { 0, 1, 3, 4, 7, 9, 10, ONES };
	unsigned int i, n, h, l, b;
	struct ir_match *m;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		for (n = 0; n < 2; n++) {
			one_rule();
			m = ir_range(IR_IP6_SADDR, t[i].fhi, t[i].lhi);
			for (b = 0; b < 8; b++) {
				m->range.first[8 + b] = (uint8_t)(t[i].flo >> (56 - 8 * b));
				m->range.last[8 + b] = (uint8_t)(t[i].llo >> (56 - 8 * b));
			}
			m->negate = n;
			done();
			assert_int_equal(run(), NSF_DROP);
			for (h = 0; h < sizeof(his) / sizeof(*his); h++)
				for (l = 0; l < sizeof(los) / sizeof(*los); l++)
					assert_int_equal(accepts6(his[h], los[l]),
						within(his[h], los[l], t[i].fhi, t[i].flo,
						       t[i].lhi, t[i].llo) != n);
		}
	}
	one_rule();
	m = ir_range(IR_IP6_SADDR, DB8, DB8 + 5);
	m->mask[15] = 0;
	ir_verdict(IR_ACCEPT, 0);
	refused("a range behind a mask", 1);
}

static void test_dependency(void **state)
{
	(void)state;
	/* The generated nfproto before ip saddr is not needed ... */
	one_rule();
	ir_equal(IR_META_NFPROTO, 2)->implicit = true;
	ir_equal(IR_IP_SADDR, 5);
	done();
	assert_int_equal(img->needs, NSF_BIT(NSF_FIELD_IP_SADDR));
	/* ... but one that was written stays; and so does one before what both families have. */
	one_rule();
	ir_equal(IR_META_NFPROTO, 2);
	ir_equal(IR_IP_SADDR, 5);
	done();
	assert_int_equal(img->needs, NSF_BIT(NSF_FIELD_NFPROTO) | NSF_BIT(NSF_FIELD_IP_SADDR));
	one_rule();
	ir_equal(IR_META_NFPROTO, 2)->implicit = true;
	ir_equal(IR_IP6_NEXTHDR, 5);
	done();
	assert_int_equal(img->needs, NSF_BIT(NSF_FIELD_NFPROTO) | NSF_BIT(NSF_FIELD_IP6_NEXTHDR));
	/* A dependency that two matches have is asked once; not across a change of the mark. */
	one_rule();
	ir_equal(IR_META_L4PROTO, 6);
	ir_equal(IR_TH_DPORT, 1);
	ir_equal(IR_META_L4PROTO, 6);
	ir_equal(IR_TH_SPORT, 2);
	done();
	assert_int_equal(nsf_image_n_ops(img), 3 + 1 + 1);
	one_rule();
	ir_equal(IR_META_MARK, 6);
	ir_stmt(IR_MARK_SET)->mark.flip = 7;
	ir_equal(IR_META_MARK, 6);
	done();
	assert_int_equal(nsf_image_n_ops(img), 3 + 1 + 1);
	assert_false(accepts(NSF_FIELD_MARK, 6));
}

/* ---- sets ---- */

static void test_sets(void **state)
{
	unsigned int s;

	(void)state;
	one_rule();
	s = ir_set(false, 3, 1, 2);
	ir_element(s, 22, 22);
	ir_element(s, 80, 80);
	ir_element(s, 443, 443);
	ir_in(s, 1, IR_TH_DPORT, 0);
	done();
	assert_int_equal(nsf_image_sets(img)->kind, NSF_SET_EXACT);
	assert_int_equal(run(), NSF_DROP);
	assert_true(accepts(NSF_FIELD_TH_DPORT, 80));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 81));

	/* Intervals that touch are one; one that is out of order is put right. */
	one_rule();
	s = ir_set(false, 4, 1, 2);
	ir_element(s, 100, 200);
	ir_element(s, 10, 20);
	ir_element(s, 21, 30);
	ir_element(s, 65535, 65535);
	ir_in(s, 1, IR_TH_DPORT, 0)->negate = true;
	done();
	assert_int_equal(nsf_image_sets(img)->kind, NSF_SET_RANGE);
	assert_int_equal(nsf_image_sets(img)->count, 3);
	assert_int_equal(run(), NSF_DROP);
	assert_true(accepts(NSF_FIELD_TH_DPORT, 9));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 20));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 30));
	assert_true(accepts(NSF_FIELD_TH_DPORT, 31));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 65535));

	/* One element is no set. */
	one_rule();
	s = ir_set(false, 1, 1, 2);
	ir_element(s, 10, 20);
	ir_in(s, 1, IR_TH_DPORT, 0);
	done();
	assert_int_equal(nsf_image_n_sets(img), 0);
	assert_true(accepts(NSF_FIELD_TH_DPORT, 20));

	/* None is one. */
	one_rule();
	s = ir_set(false, 0, 1, 2);
	ir_in(s, 1, IR_TH_DPORT, 0)->negate = true;
	done();
	assert_int_equal(run(), NSF_DROP);
	assert_true(accepts(NSF_FIELD_TH_DPORT, 20));
}

static void test_same_set(void **state)
{
	unsigned int s, i;

	(void)state;
	one_rule();
	for (i = 0; i < 3; i++) {
		s = ir_set(false, 2, 1, 2);
		ir_element(s, 80, 80);
		ir_element(s, 443 + i / 2, 443 + i / 2);
		ir_in(s, 1, i ? IR_TH_DPORT : IR_TH_SPORT, 0);
	}
	done();
	assert_int_equal(nsf_image_n_sets(img), 2);
	assert_int_equal(nsf_image_n_words(img), 4);
	set(NSF_FIELD_TH_SPORT, 443);
	assert_true(accepts(NSF_FIELD_TH_DPORT, 80));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 443));
}

static void test_concatenation(void **state)
{
	struct ir_element *e;
	unsigned int s;

	(void)state;
	one_rule();
	s = ir_set(false, 2, 2, 16, 2);
	e = ir_element(s, DB8, DB8 | 0xffffffff);
	memset(e->key[0].last + 8, 0xff, 8);
	ir_bytes(e->key[1].first, 2, 80);
	ir_bytes(e->key[1].last, 2, 90);
	e = ir_element(s, DB8 + (1ULL << 32), DB8 + (1ULL << 32));
	ir_bytes(e->key[1].first, 2, 443);
	ir_bytes(e->key[1].last, 2, 443);
	ir_in(s, 2, IR_IP6_SADDR, IR_TH_DPORT);
	done();
	assert_int_equal(nsf_image_sets(img)->kind, NSF_SET_BOX);
	assert_int_equal(nsf_image_sets(img)->words, 5);
	address(DB8, 7);
	assert_int_equal(run(), NSF_DROP);
	assert_true(accepts(NSF_FIELD_TH_DPORT, 85));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 443));
	address(DB8 + (1ULL << 32), 0);
	assert_true(accepts(NSF_FIELD_TH_DPORT, 443));
	assert_false(accepts(NSF_FIELD_TH_DPORT, 85));
}

/* ---- ways through chains ---- */

/* Adds: mark is @mark -> verdict. */
static void mark_rule(unsigned int chain, u64 mark, enum ir_verdict_kind kind, unsigned int to)
{
	ir_rule(chain);
	ir_equal(IR_META_MARK, mark);
	ir_verdict(kind, to);
}

static void count_rule(unsigned int chain)
{
	ir_rule(chain);
	ir_stmt(IR_COUNTER);
}

/* The rules (by line) of the records that counters ran in. */
static void expect(u64 mark, u8 end, const char *lines)
{
	char got[128] = "";
	char *save, *word;

	set(NSF_FIELD_MARK, mark);
	assert_int_equal(run(), end);
	for (word = strtok_r(fx.log, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		u32 state = (u32)strtoul(word + 1, NULL, 10);
		u32 rule = nsf_image_states(img)[state].rule;
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%s%u", len ? " " : "",
			 nsf_image_rules(img)[rule].line);
	}
	assert_string_equal(got, lines);
}

static void test_jump(void **state)
{
	unsigned int in, a, b;

	(void)state;
	ir_begin(IR_INET);
	in = ir_chain("input", true);
	a = ir_chain("a", false);
	b = ir_chain("b", false);
	mark_rule(in, 1, IR_JUMP, a);		/* 1 */
	mark_rule(in, 2, IR_GOTO, a);		/* 2 */
	mark_rule(in, 3, IR_JUMP, b);		/* 3 */
	mark_rule(in, 9, IR_RETURN, 0);		/* 4: to the policy */
	mark_rule(in, 8, IR_CONTINUE, 0);	/* 5: nothing */
	count_rule(in);				/* 6 */
	count_rule(a);				/* 101 */
	ir_rule(b);				/* 201: goto a, from which it goes back to input */
	ir_verdict(IR_GOTO, a);
	count_rule(b);				/* 202: never */
	compile();
	expect(0, NSF_DROP, "6");
	expect(1, NSF_DROP, "101 6");
	expect(2, NSF_DROP, "101");
	expect(3, NSF_DROP, "101 6");
	expect(8, NSF_DROP, "6");
	expect(9, NSF_DROP, "");
	/* Written out three times, counted in one place. */
	assert_int_equal(nsf_image_n_states(img), 3);
	assert_int_equal(records(), 6 + 1 + 1 + 3 + 1);
	assert_int_equal(nsf_image_n_rules(img), 9);
}

/* return, accept and drop inside of a chain; a chain within a chain. */
static void test_nested(void **state)
{
	unsigned int in, a, b;

	(void)state;
	ir_begin(IR_INET);
	in = ir_chain("input", true);
	a = ir_chain("a", false);
	b = ir_chain("b", false);
	ir_rule(in);
	ir_verdict(IR_JUMP, a);			/* 1 */
	count_rule(in);				/* 2 */
	mark_rule(a, 1, IR_RETURN, 0);		/* 101 */
	mark_rule(a, 2, IR_ACCEPT, 0);		/* 102 */
	ir_rule(a);
	ir_verdict(IR_JUMP, b);			/* 103 */
	count_rule(a);				/* 104 */
	mark_rule(b, 3, IR_RETURN, 0);		/* 201 */
	mark_rule(b, 4, IR_DROP, 0);		/* 202 */
	count_rule(b);				/* 203 */
	compile();
	expect(0, NSF_DROP, "203 104 2");
	expect(1, NSF_DROP, "2");
	expect(2, NSF_ACCEPT, "");
	expect(3, NSF_DROP, "104 2");
	expect(4, NSF_DROP, "");
}

static void test_empty_chains(void **state)
{
	unsigned int in, a;

	(void)state;
	ir_begin(IR_INET);
	in = ir_chain("input", true);
	a = ir_chain("a", false);
	mark_rule(in, 1, IR_JUMP, a);
	mark_rule(in, 2, IR_GOTO, a);
	count_rule(in);
	compile();
	expect(1, NSF_DROP, "3");
	expect(2, NSF_DROP, "");

	ir_begin(IR_IP6);
	ir_chain("input", true);
	made_chain[0].policy = IR_ACCEPT;
	made_chain[0].hook = 3;
	made_chain[0].priority = -7;
	compile();
	assert_int_equal(run(), NSF_ACCEPT);
	assert_int_equal(records(), 1);
	assert_int_equal(nsf_image_chains(img)->families, NSF_CHAIN_IPV6);
	assert_int_equal(nsf_image_chains(img)->hook, 3);
	assert_int_equal(nsf_image_chains(img)->priority, -7);
	assert_string_equal(nsf_image_strings(img) + nsf_image_chains(img)->name, "input");
}

static void map_element(unsigned int map, u64 key, enum ir_verdict_kind kind, unsigned int chain)
{
	ir_element(map, key, key)->verdict = (struct ir_verdict){ kind, chain };
}

static void test_vmap(void **state)
{
	unsigned int in, a, b, empty, m;

	(void)state;
	ir_begin(IR_INET);
	in = ir_chain("input", true);
	a = ir_chain("a", false);
	b = ir_chain("b", false);
	empty = ir_chain("empty", false);
	m = ir_set(true, 10, 1, 4);
	map_element(m, 1, IR_ACCEPT, 0);
	map_element(m, 2, IR_DROP, 0);
	map_element(m, 3, IR_JUMP, a);
	map_element(m, 4, IR_GOTO, a);
	map_element(m, 5, IR_RETURN, 0);
	map_element(m, 6, IR_CONTINUE, 0);
	map_element(m, 7, IR_JUMP, b);
	map_element(m, 8, IR_JUMP, a);
	map_element(m, 9, IR_JUMP, empty);
	map_element(m, 10, IR_GOTO, empty);
	ir_rule(in);				/* 1 */
	ir_stmt(IR_COUNTER);
	ir_vmap(m, IR_META_MARK);
	ir_stmt(IR_COUNTER);			/* only where it continues */
	count_rule(in);				/* 2 */
	count_rule(a);				/* 101 */
	count_rule(b);				/* 201 */
	ir_rule(b);
	ir_verdict(IR_GOTO, a);
	compile();
	expect(0, NSF_DROP, "1 2");
	expect(1, NSF_ACCEPT, "1");
	expect(2, NSF_DROP, "1");
	expect(3, NSF_DROP, "1 101 2");
	expect(4, NSF_DROP, "1 101");
	expect(5, NSF_DROP, "1");
	expect(6, NSF_DROP, "1 1 2");
	expect(7, NSF_DROP, "1 201 101 2");
	expect(8, NSF_DROP, "1 101 2");
	expect(9, NSF_DROP, "1 2");
	expect(10, NSF_DROP, "1");
	/* Keys with the same verdict share a target. */
	assert_int_equal(nsf_image_n_targets(img), 9);

	/* The same map in two rules, each with bodies of its own. */
	ir_rule(in);				/* 3 */
	ir_vmap(m, IR_CT_MARK);
	compile();
	assert_int_equal(nsf_image_n_sets(img), 1);
	assert_int_equal(nsf_image_n_targets(img), 18);
	set(NSF_FIELD_CT_MARK, 7);
	expect(3, NSF_DROP, "1 101 2 201 101");
	set(NSF_FIELD_CT_MARK, 1);
	expect(3, NSF_ACCEPT, "1 101 2");
}

static void test_empty_rule(void **state)
{
	unsigned int in;

	(void)state;
	ir_begin(IR_INET);
	in = ir_chain("input", true);
	ir_rule(in)->stmt = NULL;
	ir_rule(in);
	ir_verdict(IR_ACCEPT, 0);
	compile();
	assert_int_equal(run(), NSF_ACCEPT);
	assert_int_equal(dec.record, 1);
}

static void test_empty_map(void **state)
{
	unsigned int in, m;

	(void)state;
	ir_begin(IR_INET);
	in = ir_chain("input", true);
	m = ir_set(true, 0, 1, 4);
	ir_rule(in);
	ir_vmap(m, IR_META_MARK);
	ir_verdict(IR_ACCEPT, 0);
	compile();
	assert_false(accepts(NSF_FIELD_MARK, 0));
}

/* ---- statements ---- */

static void test_statements(void **state)
{
	struct ir_stmt *s;
	const struct nsf_state_desc *limit;

	(void)state;
	one_rule();
	s = ir_stmt(IR_LIMIT);
	s->limit = (struct ir_limit){ .over = true, .rate = 10, .unit = 60, .burst = 5 };
	s = ir_stmt(IR_LOG);
	s->log.prefix = (char *)"hello";
	s->log.level = 4;
	s = ir_stmt(IR_CT_MARK_SET);
	s->mark.field = IR_META_MARK;
	s->mark.mask = 0xf;
	s->mark.flip = 0x30;
	s = ir_stmt(IR_REJECT);
	s->reject.how = IR_REJECT_ICMPV6;
	s->reject.code = 4;
	compile();
	set(NSF_FIELD_MARK, 0xab);
	set(NSF_FIELD_CT_MARK, 0);
	assert_int_equal(run(), NSF_REJECT);
	assert_int_equal(dec.reject_how, NSF_REJECT_ICMPV6);
	assert_int_equal(dec.reject_code, 4);
	assert_string_equal(fx.log, "l0 L0 t59");
	limit = nsf_image_states(img);
	assert_int_equal(limit->limit_flags, NSF_LIMIT_OVER);
	assert_int_equal(limit->rate, 10);
	assert_int_equal(limit->unit, 60000000000);
	assert_int_equal(limit->burst, 5);
	assert_string_equal(nsf_image_strings(img) + nsf_image_ops(img)[1].arg, "hello");
	assert_int_equal(img->flags, NSF_IMAGE_CT | NSF_IMAGE_REJECT);

	one_rule();
	s = ir_stmt(IR_LIMIT);
	s->limit = (struct ir_limit){ .bytes = true, .rate = 1ULL << 50, .unit = 86400 };
	refused("limit", 1);
}

/* Ids of states depend on the rule alone, not on what stands before it. */
static void test_state_ids(void **state)
{
	unsigned int in;
	u64 id;

	(void)state;
	ir_begin(IR_INET);
	in = ir_chain("input", true);
	ir_rule(in)->id = 77;
	ir_stmt(IR_COUNTER);
	compile();
	id = nsf_image_states(img)->id;

	ir_begin(IR_INET);
	in = ir_chain("input", true);
	count_rule(in);
	ir_rule(in)->id = 77;
	ir_equal(IR_META_MARK, 0);
	ir_stmt(IR_COUNTER);
	compile();
	assert_int_equal(nsf_image_n_states(img), 2);
	assert_true(nsf_image_states(img)[0].id == id || nsf_image_states(img)[1].id == id);
	assert_true(nsf_image_states(img)[0].id < nsf_image_states(img)[1].id);
}

static void test_deterministic(void **state)
{
	struct nsf_image *first;

	(void)state;
	test_vmap(state);
	first = img;
	img = NULL;
	compile();
	assert_int_equal(first->size, img->size);
	assert_memory_equal(first, img, img->size);
	free(first);
}

/* ---- limits ---- */

/*
 * Each chain jumps eight times to the next: 8^14 records. The one that is too many
 * is the 4th rule of the last chain but one: 65536 is 9, for the chains above, and
 * 7 * 8777 + 1 + 3 * 1097 + 1 + 5 * 137 + 1 + 6 * 17 + 1 + 3 * 2.
 */
static void test_exponential(void **state)
{
	unsigned int i, chains = 15;

	(void)state;
	ir_begin(IR_INET);
	for (i = 0; i < chains; i++)
		ir_chain("chain", i == 0);
	for (i = 0; i + 1 < chains; i++) {
		int k;

		for (k = 0; k < 8; k++) {
			ir_rule(i);
			ir_verdict(IR_JUMP, i + 1);
		}
	}
	count_rule(chains - 1);
	refused("65536", 1304);
}

/* 64 * 64 times a chain of 14 rules, with @stmts statements in each: 61,504 records. */
static void wide_policy(unsigned int stmts, unsigned int map)
{
	unsigned int in, a, b, i, k;

	in = ir_chain("input", true);
	a = ir_chain("a", false);
	b = ir_chain("b", false);
	for (i = 0; i < 64; i++) {
		ir_rule(in);
		ir_verdict(IR_JUMP, a);
		ir_rule(a);
		ir_verdict(IR_JUMP, b);
	}
	for (i = 0; i < 14; i++) {
		ir_rule(b);
		for (k = 0; k < stmts; k++)
			ir_stmt(IR_LOG);
		if (map)
			ir_vmap(0, IR_META_MARK);
	}
}

static void test_many_ops(void **state)
{
	(void)state;
	ir_begin(IR_INET);
	wide_policy(8, 0);
	compile();
	assert_int_equal(records(), 1 + 64 * (1 + 64 * 15));
	assert_int_equal(nsf_image_n_ops(img), 64 * 64 * 14 * 8 + 1);
	ir_begin(IR_INET);
	wide_policy(10, 0);
	refused("524288", 0);
}

static void test_many_targets(void **state)
{
	unsigned int n, i;

	(void)state;
	for (n = 4; n <= 5; n++) {
		ir_begin(IR_INET);
		ir_set(true, 5, 1, 4);
		for (i = 0; i < n; i++)		/* chain 3 is empty */
			map_element(0, i, i < 4 ? (enum ir_verdict_kind)i : IR_JUMP, 3);
		wide_policy(0, 1);
		ir_chain("empty", false);
		if (n == 5) {
			refused("262144", 0);
			continue;
		}
		compile();
		assert_int_equal(nsf_image_n_targets(img), 64 * 64 * 14 * 4);
	}
}

static void test_depth(void **state)
{
	unsigned int i;

	(void)state;
	ir_begin(IR_INET);
	for (i = 0; i < 17; i++)
		ir_chain("chain", i == 0);
	for (i = 0; i < 15; i++) {
		ir_rule(i);
		ir_verdict(IR_JUMP, i + 1);
	}
	count_rule(15);
	compile();
	expect(0, NSF_DROP, "1501");
	ir_rule(15);
	ir_verdict(IR_JUMP, 16);
	count_rule(16);
	refused("more than 15 deep", 1502);
	/* A loop, which the stage before has refused, ends too. */
	ir_begin(IR_INET);
	ir_chain("chain", true);
	ir_rule(0);
	ir_verdict(IR_JUMP, 0);
	refused("more than 15 deep", 1);
}

static void test_many_base_chains(void **state)
{
	unsigned int i;

	(void)state;
	ir_begin(IR_INET);
	for (i = 0; i < NSF_MAX_CHAINS; i++)
		made_chain[ir_chain("chain", true)].priority = (int)i;
	compile();
	assert_int_equal(nsf_image_n_chains(img), NSF_MAX_CHAINS);
}

/* A million addresses: in about a second, under ASan too. */
static void test_million(void **state)
{
	const u32 n = 1000000;
	struct timespec a, b;
	unsigned int s;
	double t;
	u32 i;

	(void)state;
	one_rule();
	s = ir_set(false, n, 1, 4);
	for (i = 0; i < n; i++)
		ir_element(s, 3 * (u64)i, 3 * (u64)i + 1);
	ir_in(s, 1, IR_IP_SADDR, 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	done();
	clock_gettime(CLOCK_MONOTONIC, &b);
	t = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	print_message("%u elements: %.2f s\n", n, t);
	assert_true(t < 10);	/* not quadratic */
	assert_int_equal(nsf_image_sets(img)->count, n);
	assert_true(accepts(NSF_FIELD_IP_SADDR, 2999997));
	assert_true(accepts(NSF_FIELD_IP_SADDR, 2999998));
	assert_false(accepts(NSF_FIELD_IP_SADDR, 2999999));
	assert_true(accepts(NSF_FIELD_IP_SADDR, 300001));
	assert_false(accepts(NSF_FIELD_IP_SADDR, 300002));
}

static void test_too_many_elements(void **state)
{
	struct ir_set *s;
	unsigned int i;

	(void)state;
	one_rule();
	i = ir_set(false, NSF_MAX_ELEMENTS + 1, 1, 4);
	s = &made_set[i];
	for (s->elements = 0; s->elements <= NSF_MAX_ELEMENTS;)
		ir_element(i, 2 * s->elements, 2 * s->elements);
	ir_in(i, 1, IR_IP_SADDR, 0);
	refused("more than 4194304 elements", 7);
}

static int clean(void **state)
{
	(void)state;
	free(img);
	img = NULL;
	ir_begin(IR_INET);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_wide_equal),
		cmocka_unit_test(test_wide_range),
		cmocka_unit_test(test_dependency),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_same_set),
		cmocka_unit_test(test_concatenation),
		cmocka_unit_test(test_jump),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_empty_chains),
		cmocka_unit_test(test_vmap),
		cmocka_unit_test(test_empty_rule),
		cmocka_unit_test(test_empty_map),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_state_ids),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_exponential),
		cmocka_unit_test(test_many_ops),
		cmocka_unit_test(test_many_targets),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_many_base_chains),
		cmocka_unit_test(test_million),
		cmocka_unit_test(test_too_many_elements),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
