// SPDX-License-Identifier: GPL-2.0-or-later
// links: policy/load.c policy/source.c policy/ast.c policy/token.c policy/scope.c policy/node.c
// links: policy/stmt.c policy/block.c policy/complain.c policy/parser.c
// links: ../build/gen/policy/parse.tab.c ../build/gen/policy/lex.yy.c
// links: policy/check.c policy/check_chain.c policy/check_field.c policy/check_match.c
// links: policy/check_named.c policy/check_proto.c policy/check_set.c policy/check_stmt.c
// links: policy/check_value.c policy/names.c policy/format.c policy/format_value.c policy/text.c
// links: policy/warn.c policy/warn_never.c policy/warn_cut.c policy/ir.c policy/diag.c policy/siphash.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The check stage. tests/golden/policy-normal has files and their normal form,
 * which must also be read again as the same policy; tests/golden/policy-check
 * has files and all that is said about them. NSF_GOLDEN_UPDATE=1 writes the
 * answers anew. Below that: what the IR says, rule by rule.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/format.h"
#include "policy/ir.h"
#include "policy/policy.h"

#define NORMAL	"tests/golden/policy-normal"
#define CHECKED	"tests/golden/policy-check"

/* ---- the answers in files ---- */

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!f)
		return NULL;
	n = getdelim(&text, &cap, '\0', f);
	fclose(f);
	if (n < 0) {
		free(text);
		return strdup("");
	}
	return text;
}

static void compare(const char *path, const char *got)
{
	char *want;
	FILE *f;

	if (getenv("NSF_GOLDEN_UPDATE")) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_true(fputs(got, f) >= 0);
		assert_int_equal(fclose(f), 0);
	}
	want = slurp(path);
	if (!want)
		fail_msg("%s is missing", path);
	if (strcmp(want, got) != 0)
		fail_msg("%s says otherwise; here it is:\n%s", path, got);
	free(want);
}

static int is_policy(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot && strcmp(dot, ".nft") == 0;
}

/* @path with the ending @ending instead of .nft. */
static void answer_path(char *to, size_t size, const char *path, const char *ending)
{
	snprintf(to, size, "%.*s%s", (int)(strlen(path) - 4), path, ending);
}

static size_t each_policy(const char *dir, void (*test)(const char *path))
{
	struct dirent **list;
	int n = scandir(dir, &list, is_policy, alphasort), i;
	char path[512];

	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		test(path);
		free(list[i]);
	}
	free(list);
	return (size_t)n;
}

static char *messages(const struct diags *d)
{
	char *text, *one;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	for (i = 0; i < d->n; i++) {
		one = diag_format(&d->v[i]);
		assert_non_null(one);
		fputs(one, f);
		free(one);
	}
	fclose(f);
	return text;
}

static char *normal_form(const struct ir_policy *p)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(format_policy(f, p), 0);
	fclose(f);
	return text;
}

static struct ir_policy *load_text(const char *text)
{
	struct diags d = { 0 };
	struct ir_policy *p = NULL;
	int ret = policy_load_buffer("text", text, strlen(text), &p, &d);

	if (ret) {
		char *said = messages(&d);

		fail_msg("refused:\n%s\n%s", text, said);
	}
	assert_int_equal(d.errors, 0);
	diags_clean(&d);
	return p;
}

/* ---- are two policies the same? ---- */

static void same_set(const struct ir_set *a, const struct ir_set *b)
{
	size_t i;
	unsigned int k;

	assert_int_equal(!a->name, !b->name);
	if (a->name)
		assert_string_equal(a->name, b->name);
	assert_int_equal(a->map, b->map);
	assert_int_equal(a->interval, b->interval);
	assert_int_equal(a->fields, b->fields);
	assert_int_equal(a->elements, b->elements);
	for (k = 0; k < a->fields; k++)
		assert_int_equal(a->width[k], b->width[k]);
	for (i = 0; i < a->elements; i++) {
		assert_memory_equal(a->element[i].key, b->element[i].key, sizeof(a->element[i].key));
		assert_int_equal(a->element[i].verdict.kind, b->element[i].verdict.kind);
		assert_int_equal(a->element[i].verdict.chain, b->element[i].verdict.chain);
	}
}

static void same_match(const struct ir_match *a, const struct ir_match *b)
{
	unsigned int i;

	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->negate, b->negate);
	assert_int_equal(a->implicit, b->implicit);
	assert_int_equal(a->fields, b->fields);
	for (i = 0; i < a->fields; i++)
		assert_int_equal(a->field[i], b->field[i]);
	assert_memory_equal(a->mask, b->mask, sizeof(a->mask));
	assert_memory_equal(&a->range, &b->range, sizeof(a->range));
	assert_int_equal(a->set, b->set);
}

static void same_stmt(const struct ir_stmt *a, const struct ir_stmt *b)
{
	unsigned int i;

	assert_int_equal(a->kind, b->kind);
	switch (a->kind) {
	case IR_MATCH:
		same_match(&a->match, &b->match);
		break;
	case IR_MAP:
		assert_int_equal(a->map.fields, b->map.fields);
		for (i = 0; i < a->map.fields; i++)
			assert_int_equal(a->map.field[i], b->map.field[i]);
		assert_int_equal(a->map.set, b->map.set);
		break;
	case IR_COUNTER:
		break;
	case IR_LIMIT:
		assert_int_equal(a->limit.over, b->limit.over);
		assert_int_equal(a->limit.bytes, b->limit.bytes);
		assert_int_equal(a->limit.rate, b->limit.rate);
		assert_int_equal(a->limit.unit, b->limit.unit);
		assert_int_equal(a->limit.burst, b->limit.burst);
		break;
	case IR_LOG:
		assert_int_equal(a->log.level, b->log.level);
		assert_int_equal(!a->log.prefix, !b->log.prefix);
		if (a->log.prefix)
			assert_string_equal(a->log.prefix, b->log.prefix);
		break;
	case IR_MARK_SET:
	case IR_CT_MARK_SET:
		assert_int_equal(a->mark.field, b->mark.field);
		assert_int_equal(a->mark.mask, b->mark.mask);
		assert_int_equal(a->mark.flip, b->mark.flip);
		break;
	case IR_REJECT:
		assert_int_equal(a->reject.how, b->reject.how);
		assert_int_equal(a->reject.code, b->reject.code);
		break;
	case IR_VERDICT:
		assert_int_equal(a->verdict.kind, b->verdict.kind);
		assert_int_equal(a->verdict.chain, b->verdict.chain);
		break;
	}
}

static void same_policy(const struct ir_policy *a, const struct ir_policy *b)
{
	size_t i, j, k;

	assert_int_equal(a->family, b->family);
	assert_int_equal(a->sets, b->sets);
	for (i = 0; i < a->sets; i++)
		same_set(&a->set[i], &b->set[i]);
	assert_int_equal(a->chains, b->chains);
	for (i = 0; i < a->chains; i++) {
		const struct ir_chain *x = &a->chain[i], *y = &b->chain[i];

		assert_string_equal(x->name, y->name);
		assert_int_equal(x->base, y->base);
		assert_int_equal(x->hook, y->hook);
		assert_int_equal(x->priority, y->priority);
		assert_int_equal(x->policy, y->policy);
		assert_int_equal(x->rules, y->rules);
		for (j = 0; j < x->rules; j++) {
			assert_string_equal(x->rule[j].text, y->rule[j].text);
			assert_true(x->rule[j].id == y->rule[j].id);
			if (x->rule[j].stmts != y->rule[j].stmts)
				fail_msg("not read again as it was: %s", x->rule[j].text);
			for (k = 0; k < x->rule[j].stmts; k++)
				same_stmt(&x->rule[j].stmt[k], &y->rule[j].stmt[k]);
		}
	}
}

/* ---- golden files ---- */

static void normal_one(const char *path)
{
	struct ir_policy *p = NULL, *again;
	struct diags d = { 0 };
	char out[512], *text;

	if (policy_load(path, &p, &d)) {
		text = messages(&d);
		fail_msg("%s is refused:\n%s", path, text);
	}
	diags_clean(&d);
	text = normal_form(p);
	answer_path(out, sizeof(out), path, ".out");
	compare(out, text);
	again = load_text(text);
	same_policy(p, again);
	free(text);
	ir_policy_free(p);
	ir_policy_free(again);
}

static void test_normal_form(void **state)
{
	(void)state;
	assert_true(each_policy(NORMAL, normal_one) >= 15);
}

static void messages_one(const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	struct ir_policy *p = NULL;
	struct diags d = { 0 };
	char out[512], *text;
	int ret = policy_load(path, &p, &d);

	text = messages(&d);
	answer_path(out, sizeof(out), path, ".err");
	compare(out, text);
	if (strncmp(base, "warn-", 5) == 0) {
		assert_int_equal(ret, 0);
		assert_int_equal(d.errors, 0);
		assert_true(d.warnings > 0);
		assert_non_null(p);
	} else {
		assert_int_equal(ret, -EINVAL);
		assert_true(d.errors > 0);
		assert_null(p);
	}
	free(text);
	diags_clean(&d);
	ir_policy_free(p);
}

static void test_messages(void **state)
{
	(void)state;
	assert_true(each_policy(CHECKED, messages_one) >= 15);
}

/* In the bad files each rule is bad: each has a message of its own, in one run. */
static void test_all_errors_in_one_run(void **state)
{
	static const char *const files[] = {
		CHECKED "/bad-matches.nft", CHECKED "/bad-statements.nft", CHECKED "/bad-sets.nft",
		CHECKED "/unsupported-fields.nft", CHECKED "/unsupported-matches.nft",
	};
	size_t i, j, errors;
	unsigned int line;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct ir_policy *p = NULL;
		struct diags d = { 0 };
		char *text = slurp(files[i]), *at, *save;
		bool in_rules = false;

		assert_int_equal(policy_load(files[i], &p, &d), -EINVAL);
		assert_non_null(text);
		for (line = 0, at = strtok_r(text, "\n", &save); at;
		     at = strtok_r(NULL, "\n", &save)) {
			line++;
			if (strcmp(at, "\t}") == 0)
				in_rules = false;
			for (errors = j = 0; j < d.n; j++)
				errors += d.v[j].level == DIAG_ERROR && d.v[j].line == line;
			if (in_rules && !errors)
				fail_msg("%s:%u: no message for%s", files[i], line, at);
			if (strstr(at, "type filter hook"))
				in_rules = true;
		}
		free(text);
		diags_clean(&d);
	}
}

/* ---- the IR of single rules ---- */

static struct ir_policy *load_rule(const char *family, const char *rule)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "table %s t {\n"
		 "\tset s { type ipv4_addr; elements = { 1.2.3.4 } }\n"
		 "\tset m { type mark; flags interval; elements = { 1-5 } }\n"
		 "\tchain c { }\n"
		 "\tchain b {\n\t\ttype filter hook input priority 0\n\t\t%s\n\t}\n}\n", family, rule);
	return load_text(text);
}

#define RULE(p) (&(p)->chain[1].rule[0])

static void want_range(const struct ir_stmt *s, enum ir_field f, bool implicit, bool negate,
		       uint64_t mask, uint64_t first, uint64_t last)
{
	unsigned int width = ir_field_width(f), i;
	uint64_t got[3] = { 0 };

	assert_int_equal(s->kind, IR_MATCH);
	assert_int_equal(s->match.kind, IR_MATCH_RANGE);
	assert_int_equal(s->match.fields, 1);
	assert_string_equal(ir_field_name(s->match.field[0]), ir_field_name(f));
	assert_int_equal(s->match.implicit, implicit);
	assert_int_equal(s->match.negate, negate);
	for (i = 0; i < width; i++) {
		got[0] = got[0] << 8 | s->match.mask[i];
		got[1] = got[1] << 8 | s->match.range.first[i];
		got[2] = got[2] << 8 | s->match.range.last[i];
	}
	assert_int_equal(got[0], mask);
	assert_int_equal(got[1], first);
	assert_int_equal(got[2], last);
}

/* Where nft adds a match: before its user, in its order, once. */
static void test_dependencies(void **state)
{
	struct ir_policy *p = load_rule("inet", "counter tcp dport 80 tcp sport 1 ip saddr 1.2.3.4");
	struct ir_rule *r = RULE(p);

	(void)state;
	assert_int_equal(r->stmts, 6);
	assert_int_equal(r->stmt[0].kind, IR_COUNTER);
	want_range(&r->stmt[1], IR_META_L4PROTO, true, false, 0xff, 6, 6);
	want_range(&r->stmt[2], IR_TH_DPORT, false, false, 0xffff, 80, 80);
	want_range(&r->stmt[3], IR_TH_SPORT, false, false, 0xffff, 1, 1);
	want_range(&r->stmt[4], IR_META_NFPROTO, true, false, 0xff, 2, 2);
	want_range(&r->stmt[5], IR_IP_SADDR, false, false, 0xffffffff, 0x01020304, 0x01020304);
	ir_policy_free(p);

	p = load_rule("inet", "counter icmp type echo-request");
	r = RULE(p);
	assert_int_equal(r->stmts, 4);
	want_range(&r->stmt[1], IR_META_NFPROTO, true, false, 0xff, 2, 2);
	want_range(&r->stmt[2], IR_META_L4PROTO, true, false, 0xff, 1, 1);
	want_range(&r->stmt[3], IR_ICMP_TYPE, false, false, 0xff, 8, 8);
	ir_policy_free(p);

	/* What the rule says itself is not added. */
	p = load_rule("inet", "meta l4proto icmp icmp type 8");
	assert_int_equal(RULE(p)->stmts, 2);
	want_range(&RULE(p)->stmt[0], IR_META_L4PROTO, false, false, 0xff, 1, 1);
	ir_policy_free(p);
	p = load_rule("inet", "ip protocol tcp tcp dport 80");
	assert_int_equal(RULE(p)->stmts, 3);
	want_range(&RULE(p)->stmt[1], IR_IP_PROTOCOL, false, false, 0xff, 6, 6);
	ir_policy_free(p);
	p = load_rule("inet", "meta l4proto != udp tcp dport 80");
	assert_int_equal(RULE(p)->stmts, 3);
	want_range(&RULE(p)->stmt[1], IR_META_L4PROTO, true, false, 0xff, 6, 6);
	ir_policy_free(p);
	p = load_rule("inet", "th dport 53");
	assert_int_equal(RULE(p)->stmts, 1);
	ir_policy_free(p);
	p = load_rule("ip", "ip saddr 1.2.3.4");
	assert_int_equal(RULE(p)->stmts, 1);
	ir_policy_free(p);

	/* A protocol of which nft knows no header teaches it nothing. */
	p = load_rule("inet", "ip protocol 99 tcp dport 80");
	assert_int_equal(RULE(p)->stmts, 4);
	ir_policy_free(p);

	/* A concatenation's come before it, in its order. */
	p = load_rule("inet", "counter ip saddr . tcp dport { 1.2.3.4 . 80 }");
	r = RULE(p);
	assert_int_equal(r->stmts, 4);
	want_range(&r->stmt[1], IR_META_NFPROTO, true, false, 0xff, 2, 2);
	want_range(&r->stmt[2], IR_META_L4PROTO, true, false, 0xff, 6, 6);
	assert_int_equal(r->stmt[3].match.kind, IR_MATCH_SET);
	assert_int_equal(r->stmt[3].match.fields, 2);
	ir_policy_free(p);
}

/* reject and exthdr ask for their family and protocol in front of all. */
static void test_front_dependencies(void **state)
{
	struct ir_policy *p = load_rule("inet", "ip saddr 1.2.3.4 counter reject with tcp reset");
	struct ir_rule *r = RULE(p);

	(void)state;
	assert_int_equal(r->stmts, 5);
	want_range(&r->stmt[0], IR_META_L4PROTO, false, false, 0xff, 6, 6);
	want_range(&r->stmt[1], IR_META_NFPROTO, true, false, 0xff, 2, 2);
	assert_int_equal(r->stmt[3].kind, IR_COUNTER);
	assert_int_equal(r->stmt[4].kind, IR_REJECT);
	assert_int_equal(r->stmt[4].reject.how, IR_REJECT_RESET);
	ir_policy_free(p);

	p = load_rule("inet", "counter exthdr frag exists");
	r = RULE(p);
	assert_int_equal(r->stmts, 3);
	want_range(&r->stmt[0], IR_META_NFPROTO, false, false, 0xff, 10, 10);
	assert_int_equal(r->stmt[1].kind, IR_COUNTER);
	want_range(&r->stmt[2], IR_EXTHDR_FRAG, false, false, 0xff, 1, 1);
	ir_policy_free(p);

	p = load_rule("inet", "counter reject with icmp host-prohibited");
	r = RULE(p);
	want_range(&r->stmt[0], IR_META_NFPROTO, false, false, 0xff, 2, 2);
	assert_int_equal(r->stmt[2].reject.how, IR_REJECT_ICMP);
	assert_int_equal(r->stmt[2].reject.code, 10);
	ir_policy_free(p);

	/* reject alone follows what the rule knows. */
	p = load_rule("inet", "tcp dport 80 reject");
	assert_int_equal(RULE(p)->stmt[2].reject.how, IR_REJECT_ICMPX);
	assert_int_equal(RULE(p)->stmt[2].reject.code, 1);
	ir_policy_free(p);
	p = load_rule("inet", "ip6 saddr ::1 reject");
	assert_int_equal(RULE(p)->stmt[2].reject.how, IR_REJECT_ICMPV6);
	assert_int_equal(RULE(p)->stmt[2].reject.code, 4);
	ir_policy_free(p);
	p = load_rule("ip", "reject");
	assert_int_equal(RULE(p)->stmt[0].reject.how, IR_REJECT_ICMP);
	assert_int_equal(RULE(p)->stmt[0].reject.code, 3);
	ir_policy_free(p);
}

/* One match on a field without a mask that covers it: mask, first, last. */
static void test_matches(void **state)
{
	static const struct {
		const char *rule;
		enum ir_field field;
		bool negate;
		uint64_t mask, first, last;
	} cases[] = {
		{ "th dport 1-9", IR_TH_DPORT, false, 0xffff, 1, 9 },
		{ "th dport != 1-9", IR_TH_DPORT, true, 0xffff, 1, 9 },
		{ "th dport > 1024", IR_TH_DPORT, false, 0xffff, 1025, 65535 },
		{ "th dport >= 1024", IR_TH_DPORT, false, 0xffff, 1024, 65535 },
		{ "th dport < 1024", IR_TH_DPORT, false, 0xffff, 0, 1023 },
		{ "th dport <= 1024", IR_TH_DPORT, false, 0xffff, 0, 1024 },
		{ "th dport > 65535", IR_TH_DPORT, true, 0xffff, 0, 65535 },
		{ "th dport < 0", IR_TH_DPORT, true, 0xffff, 0, 65535 },
		{ "th dport & 0xff == 1", IR_TH_DPORT, false, 0xff, 1, 1 },
		{ "ct state new", IR_CT_STATE, true, 8, 0, 0 },
		{ "ct state new,established", IR_CT_STATE, true, 10, 0, 0 },
		{ "ct state ! new", IR_CT_STATE, false, 8, 0, 0 },
		{ "ct state == new", IR_CT_STATE, false, 0xffffffff, 8, 8 },
		{ "ct state != new,established", IR_CT_STATE, true, 0xffffffff, 10, 10 },
		{ "ct state { new }", IR_CT_STATE, true, 8, 0, 0 },
		{ "ct state new / new,established", IR_CT_STATE, false, 10, 8, 8 },
		{ "ct state & new == new", IR_CT_STATE, false, 8, 8, 8 },
		{ "ct mark xor 0xff == 1", IR_CT_MARK, false, 0xffffffff, 0xfe, 0xfe },
		{ "ct mark or 0xf0 == 0xf1", IR_CT_MARK, false, 0xffffff0f, 1, 1 },
		{ "meta mark & 0xff00 != 0x100", IR_META_MARK, true, 0xff00, 0x100, 0x100 },
		{ "meta mark & 0xff > 0", IR_META_MARK, true, 0xff, 0, 0 },
		{ "meta mark { 1-5, 6 }", IR_META_MARK, false, 0xffffffff, 1, 6 },
		{ "meta length > 100", IR_META_LENGTH, false, 0xffffffff, 101, 0xffffffff },
		{ "meta pkttype unicast", IR_META_PKTTYPE, false, 0xff, 0, 0 },
		{ "iif lo", IR_META_IIF, false, 0xffffffff, 1, 1 },
		{ "ct direction reply", IR_CT_DIRECTION, false, 0xff, 1, 1 },
		{ "meta l4proto icmpv6", IR_META_L4PROTO, false, 0xff, 58, 58 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ir_policy *p = load_rule("inet", cases[i].rule);

		assert_int_equal(RULE(p)->stmts, 1);
		want_range(&RULE(p)->stmt[0], cases[i].field, false, cases[i].negate,
			   cases[i].mask, cases[i].first, cases[i].last);
		ir_policy_free(p);
	}
}

static void test_behind_dependency(void **state)
{
	static const struct {
		const char *rule;
		enum ir_field field;
		bool negate;
		uint64_t mask, first, last;
	} cases[] = {
		{ "tcp flags syn", IR_TCP_FLAGS, true, 0x02, 0, 0 },
		{ "tcp flags & (fin | syn) == syn", IR_TCP_FLAGS, false, 0x03, 0x02, 0x02 },
		{ "tcp flags != syn / syn,ack", IR_TCP_FLAGS, true, 0x12, 0x02, 0x02 },
		{ "tcp flags == syn,ack", IR_TCP_FLAGS, false, 0xff, 0x12, 0x12 },
		{ "ip saddr 10.1.2.3/8", IR_IP_SADDR, false, 0xffffffff, 0x0a000000, 0x0affffff },
		{ "ip saddr & 255.0.0.0 == 10.0.0.0", IR_IP_SADDR, false, 0xffffffff, 0x0a000000,
		  0x0affffff },
		{ "ip saddr & 255.0.0.255 == 10.0.0.1", IR_IP_SADDR, false, 0xff0000ff,
		  0x0a000001, 0x0a000001 },
		{ "ip saddr 0.0.0.0/0", IR_IP_SADDR, false, 0xffffffff, 0, 0xffffffff },
		{ "ip dscp > 5", IR_IP_DSCP, false, 0xff, 6, 63 },
		{ "ip dscp ef", IR_IP_DSCP, false, 0xff, 46, 46 },
		{ "ip frag-off & 0x1fff != 0", IR_IP_FRAG_OFF, true, 0x1fff, 0, 0 },
		{ "ip ttl 1-5", IR_IP_TTL, false, 0xff, 1, 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ir_policy *p = load_rule("inet", cases[i].rule);

		assert_int_equal(RULE(p)->stmts, 2);
		assert_true(RULE(p)->stmt[0].match.implicit);
		want_range(&RULE(p)->stmt[1], cases[i].field, false, cases[i].negate,
			   cases[i].mask, cases[i].first, cases[i].last);
		ir_policy_free(p);
	}
}

static void test_names_of_interfaces(void **state)
{
	static const uint8_t eth[IR_MAX_WIDTH] = "eth", eth0[IR_MAX_WIDTH] = "eth0";
	static const uint8_t star[IR_MAX_WIDTH] = "eth*";
	struct ir_policy *p = load_rule("inet", "iifname \"eth*\"");
	const struct ir_match *m = &RULE(p)->stmt[0].match;
	unsigned int i;

	(void)state;
	assert_memory_equal(m->range.first, eth, IR_MAX_WIDTH);
	assert_memory_equal(m->range.last, "eth", 3);
	for (i = 3; i < IR_MAX_WIDTH; i++)
		assert_int_equal(m->range.last[i], 0xff);
	ir_policy_free(p);
	p = load_rule("inet", "iifname eth0");
	m = &RULE(p)->stmt[0].match;
	assert_memory_equal(m->range.first, eth0, IR_MAX_WIDTH);
	assert_memory_equal(m->range.last, eth0, IR_MAX_WIDTH);
	ir_policy_free(p);
	p = load_rule("inet", "iifname \"eth\\*\"");
	m = &RULE(p)->stmt[0].match;
	assert_memory_equal(m->range.first, star, IR_MAX_WIDTH);
	assert_memory_equal(m->range.last, star, IR_MAX_WIDTH);
	ir_policy_free(p);
}

/* A mask on one byte is a set of bytes; of more, a range where it is a prefix. */
static void test_masked_sets(void **state)
{
	struct ir_policy *p = load_rule("inet", "tcp flags & (syn | ack) == { syn, ack }");
	const struct ir_set *set = &p->set[RULE(p)->stmt[1].match.set];
	size_t i;

	(void)state;
	assert_int_equal(set->elements, 2 * 64);
	for (i = 0; i < set->elements; i++) {
		uint8_t v = set->element[i].key[0].first[0];

		assert_int_equal(v, set->element[i].key[0].last[0]);
		assert_true((v & 0x12) == 0x02 || (v & 0x12) == 0x10);
		assert_true(i == 0 || v > set->element[i - 1].key[0].first[0]);
	}
	ir_policy_free(p);
	p = load_rule("inet", "meta mark & 0xffffff00 { 0x100, 0x300 }");
	set = &p->set[RULE(p)->stmt[0].match.set];
	assert_int_equal(set->elements, 2);
	assert_memory_equal(set->element[0].key[0].first, "\x00\x00\x01\x00", 4);
	assert_memory_equal(set->element[0].key[0].last, "\x00\x00\x01\xff", 4);
	assert_memory_equal(set->element[1].key[0].last, "\x00\x00\x03\xff", 4);
	ir_policy_free(p);
}

static void test_marks(void **state)
{
	static const struct {
		const char *rule;
		enum ir_stmt_kind kind;
		enum ir_field field;
		uint32_t mask, flip;
	} cases[] = {
		{ "meta mark set 5", IR_MARK_SET, IR_NONE, 0, 5 },
		{ "meta mark set 0xf0 | 0xf", IR_MARK_SET, IR_NONE, 0, 0xff },
		{ "meta mark set ct mark", IR_MARK_SET, IR_CT_MARK, 0xffffffff, 0 },
		{ "ct mark set meta mark & 0xff", IR_CT_MARK_SET, IR_META_MARK, 0xff, 0 },
		{ "meta mark set meta mark | 1", IR_MARK_SET, IR_META_MARK, 0xfffffffe, 1 },
		{ "meta mark set meta mark xor 3", IR_MARK_SET, IR_META_MARK, 0xffffffff, 3 },
		{ "meta mark set meta mark and 0xff or 1 xor 0x10", IR_MARK_SET, IR_META_MARK, 0xee,
		  0x11 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ir_policy *p = load_rule("inet", cases[i].rule);
		const struct ir_stmt *s = &RULE(p)->stmt[0];

		assert_int_equal(RULE(p)->stmts, 1);
		assert_int_equal(s->kind, cases[i].kind);
		assert_int_equal(s->mark.field, cases[i].field);
		assert_int_equal(s->mark.mask, cases[i].mask);
		assert_int_equal(s->mark.flip, cases[i].flip);
		ir_policy_free(p);
	}
}

/* The same text twice is told by its number; another chain is another rule. */
static void test_ids(void **state)
{
	struct ir_policy *p = load_text("table inet t {\n"
		"\tchain a { type filter hook input priority 0; counter; accept; counter; }\n"
		"\tchain b { counter; tcp dport { 443, 80 } accept; }\n}\n");
	struct ir_policy *q = load_text("table inet t {\n"
		"\tchain a { type filter hook input priority 0; counter; counter; }\n"
		"\tchain b { tcp dport { http, https } accept comment \"web\"; counter; }\n}\n");

	(void)state;
	assert_true(p->chain[0].rule[0].id != p->chain[0].rule[2].id);
	assert_true(p->chain[0].rule[0].id != p->chain[1].rule[0].id);
	assert_true(p->chain[0].rule[0].id == q->chain[0].rule[0].id);
	assert_true(p->chain[0].rule[2].id == q->chain[0].rule[1].id);
	assert_true(p->chain[1].rule[1].id == q->chain[1].rule[0].id);
	assert_string_equal(q->chain[1].rule[0].text, "tcp dport { 80, 443 } accept");
	assert_string_equal(q->chain[1].rule[0].comment, "web");
	assert_string_equal(q->name, "text");
	assert_string_equal(q->chain[1].rule[0].place.file, "text");
	assert_int_equal(q->chain[1].rule[0].place.line, 3);
	assert_ptr_equal(q->chain[1].rule[0].place.file, q->file[0]);
	ir_policy_free(p);
	ir_policy_free(q);
}

/* A million elements, in no order, with their overlaps found: not quadratic. */
static void test_large_set(void **state)
{
	struct timespec begin, end;
	struct ir_policy *p;
	char *text;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	fputs("table inet t {\nset s { type ipv4_addr; elements = {\n", f);
	for (i = 0; i < 200000; i++) {
		uint32_t v = (uint32_t)i * 2654435761u;

		fprintf(f, "%u.%u.%u.%u,\n", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
	}
	fputs("} }\nset b { type inet_service . inet_service; flags interval; elements = {\n", f);
	for (i = 0; i < 20000; i++)
		fprintf(f, "7 . %zu-%zu,\n", i * 3, i * 3 + 2);
	fputs("} }\nchain c { type filter hook input priority 0; }\n}\n", f);
	fclose(f);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	p = load_text(text);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_int_equal(p->set[0].elements, 200000);
	for (i = 1; i < p->set[0].elements; i++)
		assert_true(memcmp(p->set[0].element[i - 1].key[0].first,
				   p->set[0].element[i].key[0].first, 4) < 0);
	assert_int_equal(p->set[1].elements, 20000);
	/* Quadratic would be minutes under the sanitizers. */
	assert_true(end.tv_sec - begin.tv_sec < 30);
	ir_policy_free(p);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal_form),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_all_errors_in_one_run),
		cmocka_unit_test(test_dependencies),
		cmocka_unit_test(test_front_dependencies),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_behind_dependency),
		cmocka_unit_test(test_names_of_interfaces),
		cmocka_unit_test(test_masked_sets),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_large_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
