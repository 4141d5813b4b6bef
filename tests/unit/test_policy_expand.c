// SPDX-License-Identifier: GPL-2.0-or-later
// links: ../module/classify.c ../module/index.c ../module/image_check.c ../module/image_hash.c ../module/index_check.c
// links: policy/compile.c policy/compile_rule.c policy/compile_expand.c policy/compile_match.c policy/compile_set.c policy/flat.c
// links: policy/image.c policy/siphash.c policy/diag.c policy/ir.c
// links: policy/index_build.c policy/index_flow.c policy/index_cond.c policy/index_range.c
// links: policy/index_sweep.c policy/index_rows.c policy/index_cross.c policy/index_window.c policy/index_write.c
/* Sets of boxes that become records: which do, where they lead, and what stays whole. */
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

/* Element i: sport 100 * i (of 60,000) to that + @wide . dport i. */
static unsigned int boxes(size_t n, unsigned int wide)
{
	unsigned int s = ir_set(false, n, 2, 2, 2);
	struct ir_element *e;
	unsigned int i;

	for (i = 0; i < n; i++) {
		e = ir_element(s, i * 100 % 60000, i * 100 % 60000 + wide);
		ir_bytes(e->key[1].first, 2, i);
		ir_bytes(e->key[1].last, 2, i);
	}
	return s;
}

static void one_rule(void)
{
	ir_begin(IR_INET);
	ir_rule(ir_chain("input", true));
}

static void accept_rule(size_t n, unsigned int wide, bool negate)
{
	one_rule();
	ir_in(boxes(n, wide), 2, IR_TH_SPORT, IR_TH_DPORT)->negate = negate;
	ir_verdict(IR_ACCEPT, 0);
	compile();
}

static u8 run(unsigned int sport, unsigned int dport)
{
	fx.log[0] = 0;
	fx.limit = true;
	nsf_packet_set(&pkt, NSF_FIELD_TH_SPORT, sport);
	nsf_packet_set(&pkt, NSF_FIELD_TH_DPORT, dport);
	nsf_classify(img, nsf_image_chains(img), &pkt, &fx, &dec);
	return dec.end;
}

/* How many counters the last packet came by. */
static unsigned int counted(void)
{
	const char *at = fx.log;
	unsigned int n = 0;

	while ((at = strchr(at, 'c'))) {
		at++;
		n++;
	}
	return n;
}

static void test_expanded(void **state)
{
	(void)state;
	accept_rule(8, 9, false);
	assert_int_equal(nsf_image_n_records(img), 8 + 1);
	assert_int_equal(nsf_image_n_sets(img), 0);
	assert_int_equal(nsf_image_n_rules(img), 1);
	assert_int_equal(run(709, 7), NSF_ACCEPT);
	assert_int_equal(run(0, 0), NSF_ACCEPT);
	assert_int_equal(run(710, 7), NSF_DROP);
	assert_int_equal(run(709, 6), NSF_DROP);
	assert_int_equal(run(699, 7), NSF_DROP);
}

static void test_whole(void **state)
{
	(void)state;
	accept_rule(7, 9, false);	/* few */
	assert_int_equal(nsf_image_n_records(img), 2);
	assert_int_equal(nsf_image_sets(img)->kind, NSF_SET_BOX);
	accept_rule(50, 0, false);	/* one value each */
	assert_int_equal(nsf_image_n_records(img), 2);
	assert_int_equal(nsf_image_sets(img)->kind, NSF_SET_EXACT);
}

/* What is in none comes to a record behind them, if it has the fields at all. */
static void test_negated(void **state)
{
	(void)state;
	accept_rule(50, 9, true);
	assert_int_equal(nsf_image_n_records(img), 50 + 1 + 1);
	nsf_classify(img, nsf_image_chains(img), &pkt, &fx, &dec);
	assert_int_equal(dec.end, NSF_DROP);
	assert_int_equal(run(705, 7), NSF_DROP);
	assert_int_equal(run(705, 8), NSF_ACCEPT);

	one_rule();
	ir_equal(IR_META_MARK, 5);
	ir_in(boxes(8, 9), 2, IR_TH_SPORT, IR_TH_DPORT)->negate = true;
	ir_verdict(IR_ACCEPT, 0);
	compile();
	assert_int_equal(run(705, 8), NSF_DROP);
	nsf_packet_set(&pkt, NSF_FIELD_MARK, 5);
	assert_int_equal(run(705, 8), NSF_ACCEPT);
	assert_int_equal(run(705, 7), NSF_DROP);
}

/* Each element has a verdict of its own; a chain is written out once. */
static void test_map(void **state)
{
	unsigned int base, chain, s, i;
	static const enum ir_verdict_kind kind[] = {
		IR_ACCEPT, IR_DROP, IR_JUMP, IR_CONTINUE, IR_GOTO, IR_JUMP, IR_RETURN, IR_ACCEPT,
	};

	(void)state;
	ir_begin(IR_INET);
	base = ir_chain("input", true);
	chain = ir_chain("other", false);
	ir_rule(base);
	s = boxes(8, 9);
	made_set[s].map = true;
	for (i = 0; i < 8; i++)
		made_set[s].element[i].verdict = (struct ir_verdict){ .kind = kind[i],
								      .chain = chain };
	ir_vmap(s, IR_TH_SPORT);
	made_stmt[base][0][0].map.fields = 2;
	made_stmt[base][0][0].map.field[1] = IR_TH_DPORT;
	ir_stmt(IR_COUNTER);
	ir_rule(base);
	ir_equal(IR_TH_DPORT, 5);
	ir_verdict(IR_ACCEPT, 0);
	ir_rule(chain);
	ir_stmt(IR_COUNTER);
	ir_rule(chain);
	ir_equal(IR_TH_DPORT, 2);
	ir_verdict(IR_ACCEPT, 0);
	compile();
	/* Elements, `continue`, the chain for jump and for goto, the second rule, the policy. */
	assert_int_equal(nsf_image_n_records(img), 8 + 1 + 2 + 2 + 1 + 1);
	assert_int_equal(run(0, 0), NSF_ACCEPT);
	assert_int_equal(run(109, 1), NSF_DROP);
	assert_int_equal(counted(), 0);
	assert_int_equal(run(209, 2), NSF_ACCEPT);	/* jump */
	assert_int_equal(counted(), 1);
	assert_int_equal(run(309, 3), NSF_DROP);	/* continue */
	assert_int_equal(counted(), 1);
	assert_int_equal(run(409, 4), NSF_DROP);	/* goto: the policy comes next */
	assert_int_equal(counted(), 1);
	assert_int_equal(run(509, 5), NSF_ACCEPT);	/* jump, back to the second rule */
	assert_int_equal(counted(), 1);
	assert_int_equal(run(609, 6), NSF_DROP);
	assert_int_equal(run(709, 7), NSF_ACCEPT);
	assert_int_equal(run(710, 7), NSF_DROP);
	assert_int_equal(run(710, 5), NSF_ACCEPT);
	assert_int_equal(counted(), 0);
}

/* Counters before the set count what comes to it, those behind it what it lets by: once. */
static void test_statements(void **state)
{
	(void)state;
	one_rule();
	ir_stmt(IR_COUNTER);
	ir_in(boxes(8, 9), 2, IR_TH_SPORT, IR_TH_DPORT);
	ir_stmt(IR_COUNTER);
	ir_verdict(IR_ACCEPT, 0);
	compile();
	assert_int_equal(nsf_image_n_records(img), 1 + 8 + 1 + 1);
	assert_int_equal(nsf_image_n_states(img), 2);
	assert_int_equal(run(305, 3), NSF_ACCEPT);
	assert_int_equal(counted(), 2);
	assert_int_equal(run(305, 4), NSF_DROP);
	assert_int_equal(counted(), 1);
}

/* A match before the set belongs to each record; a rule behind it still sees the rest. */
static void test_between(void **state)
{
	unsigned int chain;

	(void)state;
	ir_begin(IR_INET);
	chain = ir_chain("input", true);
	ir_rule(chain);
	ir_equal(IR_META_MARK, 5);
	ir_in(boxes(8, 9), 2, IR_TH_SPORT, IR_TH_DPORT);
	ir_equal(IR_CT_MARK, 6);
	ir_verdict(IR_ACCEPT, 0);
	ir_rule(chain);
	ir_equal(IR_TH_DPORT, 3);
	ir_verdict(IR_ACCEPT, 0);
	compile();
	assert_int_equal(run(705, 7), NSF_DROP);
	assert_int_equal(run(999, 3), NSF_ACCEPT);
	nsf_packet_set(&pkt, NSF_FIELD_MARK, 5);
	assert_int_equal(run(705, 7), NSF_DROP);
	nsf_packet_set(&pkt, NSF_FIELD_CT_MARK, 6);
	assert_int_equal(run(705, 7), NSF_ACCEPT);
	assert_int_equal(run(705, 6), NSF_DROP);
	nsf_packet_set(&pkt, NSF_FIELD_MARK, 4);
	assert_int_equal(run(705, 7), NSF_DROP);
}

/* 16,384 in all; the set that does not fit in stays whole, and a smaller one does not. */
static void test_many(void **state)
{
	unsigned int chain, i;
	const size_t n[] = { 16370, 15, 14 };

	(void)state;
	ir_begin(IR_INET);
	chain = ir_chain("input", true);
	for (i = 0; i < 3; i++) {
		ir_rule(chain);
		ir_in(boxes(n[i], 9 + i), 2, IR_TH_SPORT, IR_TH_DPORT);
		ir_verdict(IR_ACCEPT, 0);
	}
	compile();
	assert_int_equal(nsf_image_n_records(img), 16370 + 1 + 14 + 1);
	assert_int_equal(nsf_image_n_sets(img), 1);
	assert_int_equal(run(510, 5), NSF_ACCEPT);	/* the second */
	assert_int_equal(run(511, 5), NSF_ACCEPT);	/* the third */
	assert_int_equal(run(512, 5), NSF_DROP);
}

/* Where the records would come upon a limit (here: an interval of addresses is a set). */
static void test_limit(void **state)
{
	const unsigned int n = NSF_MAX_SETS / 2 + 1;
	struct ir_element *e;
	unsigned int s, i;

	(void)state;
	one_rule();
	s = ir_set(false, n, 2, 16, 16);
	for (i = 0; i < n; i++) {
		e = ir_element(s, 8 * i + 1, 8 * i + 3);
		ir_bytes(e->key[1].first, 16, 8 * i + 2);
		ir_bytes(e->key[1].last, 16, 8 * i + 4);
	}
	ir_in(s, 2, IR_IP6_SADDR, IR_IP6_DADDR);
	ir_verdict(IR_ACCEPT, 0);
	compile();
	assert_int_equal(nsf_image_n_records(img), 2);
	assert_int_equal(nsf_image_n_sets(img), 1);
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
		cmocka_unit_test(test_expanded),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_negated),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
