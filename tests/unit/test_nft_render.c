// SPDX-License-Identifier: GPL-2.0-or-later
// links: nft_render.c err.c genl_names.c
// links: policy/ast.c policy/block.c policy/check.c policy/check_chain.c policy/check_field.c
// links: policy/check_match.c policy/check_named.c policy/check_proto.c policy/check_set.c
// links: policy/check_stmt.c policy/check_value.c policy/complain.c policy/diag.c policy/format.c
// links: policy/format_value.c policy/text.c policy/ir.c policy/load.c policy/names.c policy/node.c
// links: policy/parser.c policy/scope.c policy/siphash.c policy/source.c policy/stmt.c
// links: policy/token.c policy/warn.c policy/warn_cut.c policy/warn_never.c
// links: ../build/gen/policy/parse.tab.c ../build/gen/policy/lex.yy.c
/*
 * A fence as an nft ruleset. That nft takes it, and what its verdicts are, is for
 * tests/nft; here is what one cannot see there: what is where, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nft_render.h"

static char *text;	/* of the last render() */

static int teardown(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static void render(const struct nft_want *w)
{
	struct err e = { 0 };

	free(text);
	text = nft_render(w, &e);
	if (!text)
		fail_msg("%s", e.text);
}

static void refused(const struct nft_want *w, const char *why)
{
	struct err e = { 0 };

	assert_null(nft_render(w, &e));
	if (!strstr(e.text, why))
		fail_msg("\"%s\" has no \"%s\"", e.text, why);
}

/* The chain's lines, in a buffer of their own; "" where there is none. */
static const char *chain(const char *name)
{
	static char buf[4096];
	char head[128];
	const char *at, *end;

	snprintf(head, sizeof(head), "\tchain %s {\n", name);
	at = strstr(text, head);
	end = at ? strstr(at, "\n\t}\n") : NULL;
	buf[0] = '\0';
	if (end)
		snprintf(buf, sizeof(buf), "%.*s", (int)(end - at - strlen(head) + 1),
			 at + strlen(head));
	return buf;
}

static void has(const char *where, const char *what)
{
	if (!strstr(chain(where), what))
		fail_msg("chain %s has no \"%s\":\n%s", where, what, text);
}

static void has_not(const char *where, const char *what)
{
	if (strstr(chain(where), what))
		fail_msg("chain %s has \"%s\":\n%s", where, what, text);
}

static void test_builtin(void **state)
{
	(void)state;
	render(&(struct nft_want){ .policy = "drop" });
	has("input", "type filter hook input priority -2147483648; policy drop;");
	has("input", "iif 1 counter accept");
	has("input", "counter drop comment \"nsfence:drop\"");
	has("output", "oif 1 counter accept");
	has("output", "ip6 daddr { fe80::/10, ff00::/8 }");
	has_not("forward", "accept");
	has("forward", "policy drop;");
	has("postrouting", "policy drop;");	/* the second look */
	assert_string_equal(chain("prerouting"), "");

	render(&(struct nft_want){ .policy = "drop", .flags = GENL_F_STRICT });
	assert_null(strstr(text, "accept"));
	assert_string_equal(chain("postrouting"), "");	/* nothing to look at again */

	render(&(struct nft_want){ .policy = "drop", .hooks = 1u << GENL_HOOK_OUTPUT });
	assert_string_equal(chain("input"), "");
	has("forward", "counter drop");		/* always fenced */
	render(&(struct nft_want){ .policy = "drop", .flags = GENL_F_FORWARD_ACCEPT });
	assert_string_equal(chain("forward"), "");
	has("postrouting", "iif != 0 accept");
	has("input", "counter drop");
}

static void test_builtin_passes(void **state)
{
	(void)state;
	render(&(struct nft_want){ .policy = "accept" });
	assert_null(strstr(text, "drop"));
	has("output", "counter accept comment \"nsfence:accept\"");
	render(&(struct nft_want){ .policy = "audit" });
	assert_null(strstr(text, "drop"));
	has("input", "log prefix \"nsfence audit audit: \"");
	has("input", "counter accept comment \"nsfence:audit\"");
	render(&(struct nft_want){ .policy = "reject", .mode = GENL_MODE_AUDIT });
	assert_null(strstr(text, "counter reject"));
	assert_null(strstr(text, "policy drop"));
}

static void test_builtin_refused(void **state)
{
	(void)state;
	refused(&(struct nft_want){ .policy = "reject", .hooks = 1u << GENL_HOOK_POSTROUTING },
		"input, forward and output only");
	refused(&(struct nft_want){ .policy = "drop", .hooks = 1u << GENL_HOOK_FORWARD,
				    .flags = GENL_F_FORWARD_ACCEPT }, "say one of them");
	refused(&(struct nft_want){ .policy = "drop", .hooks = 1u << GENL_HOOKS }, "not exist");
}

#define HEAD "\t\ttype filter hook input priority 0; policy "

static void test_policy(void **state)
{
	struct nft_want w = {
		.policy = "web",
		.text = "table inet t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1 }\n\t}\n"
			"\tchain in {\n" HEAD "drop;\n\t\tip saddr @s accept comment \"c\"\n"
			"\t\treject\n\t\treturn\n\t}\n}\n",
	};

	(void)state;
	render(&w);
	assert_non_null(strstr(text, "table inet nsfence {\n\tset s {\n\t\ttype ipv4_addr\n"));
	assert_string_equal(chain("in"),
			    HEAD "drop;\n\t\tip saddr @s accept comment \"c\"\n"
			    "\t\treject\n\t\tdrop\n"
			    "\t\tcounter drop comment \"nsfence:drop\"\n");
	has("nsfence.forward", "hook forward priority 2147483647; policy drop;");
	assert_string_equal(chain("nsfence.audit"), "");
	w.flags = GENL_F_FORWARD_ACCEPT;
	render(&w);
	assert_string_equal(chain("nsfence.forward"), "");
}

static void test_policy_audit(void **state)
{
	const struct nft_want w = {
		.policy = "web", .mode = GENL_MODE_AUDIT,
		.text = "table inet t {\n\tmap m {\n\t\ttype inet_service : verdict\n"
			"\t\telements = { 1 : drop, 2 : return, 3 : accept }\n\t}\n"
			"\tchain in {\n" HEAD "drop;\n\t\treject\n\t\ttcp dport vmap @m\n\t\tdrop\n\t}\n"
			"\tchain out {\n\t\ttype filter hook output priority 0; policy accept;\n"
			"\t\tudp dport 5 drop\n\t}\n}\n",
	};

	(void)state;
	render(&w);
	assert_null(strstr(text, "drop"));
	assert_null(strstr(text, "reject"));
	assert_non_null(strstr(text, "{ 1 : goto nsfence.audit, 2 : return, 3 : accept }"));
	/* `return` of a map comes to what the policy is, and is counted. */
	has("in", "jump nsfence.body.in\n\t\tgoto nsfence.audit\n");
	has("out", "udp dport 5 goto nsfence.audit");
	has("nsfence.audit", "counter accept comment \"nsfence:audit\"");
	has("nsfence.forward", "goto nsfence.audit");
}

/* A rule that leaves for the policy comes to the chain's end. */
static void test_ways_out(void **state)
{
	struct nft_want w = {
		.policy = "web",
		.text = "table inet t {\n\tchain in {\n" HEAD "drop;\n\t\ttcp dport 1 goto x\n\t}\n"
			"\tchain x {\n\t\ttcp dport 2 return\n\t\ttcp sport 1 accept\n\t}\n}\n",
	};

	(void)state;
	render(&w);
	assert_string_equal(chain("in"), HEAD "drop;\n\t\tjump nsfence.body.in\n"
			    "\t\tcounter drop comment \"nsfence:drop\"\n");
	has("nsfence.body.in", "tcp dport 1 goto x");
	has("x", "tcp dport 2 return");

	/* Where all pass at the end, no way leads to anything else. */
	w.text = "table inet t {\n\tchain in {\n" HEAD "accept;\n\t\ttcp dport 1 goto x\n"
		 "\t\treturn\n\t}\n\tchain x {\n\t\ttcp dport 2 drop\n\t}\n}\n";
	render(&w);
	assert_string_equal(chain("in"), HEAD "accept;\n\t\ttcp dport 1 goto x\n\t\treturn\n");
}

static void test_families(void **state)
{
	struct nft_want w = {
		.policy = "web",
		.text = "table ip t {\n\tchain in {\n" HEAD "drop;\n\t\ticmp type echo-request accept\n\t}\n}\n",
	};

	(void)state;
	render(&w);
	assert_string_equal(chain("in"), HEAD "drop;\n\t\tmeta nfproto ipv6 accept\n"
			    "\t\ticmp type echo-request accept\n"
			    "\t\tcounter drop comment \"nsfence:drop\"\n");
	has("nsfence.forward", "meta nfproto ipv6 accept\n\t\tcounter drop");
	w.text = "table ip6 t {\n\tchain in {\n" HEAD "drop;\n\t\taccept\n\t}\n}\n";
	render(&w);
	has("in", "meta nfproto ipv4 accept");
}

static void test_policy_refused(void **state)
{
	(void)state;
	refused(&(struct nft_want){ .policy = "web", .text = "table inet t {\n\tchain nsfence.x {\n\t}\n}\n" },
		"cannot be read again");	/* no base chain */
	refused(&(struct nft_want){ .policy = "web", .text = "table inet t {\n\tchain nsfence.x {\n"
				    HEAD "drop;\n\t}\n}\n" }, "names begin with \"nsfence.\"");
	refused(&(struct nft_want){ .policy = "web", .text = "nonsense" }, "web:1:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_builtin, teardown),
		cmocka_unit_test_teardown(test_builtin_passes, teardown),
		cmocka_unit_test_teardown(test_builtin_refused, teardown),
		cmocka_unit_test_teardown(test_policy, teardown),
		cmocka_unit_test_teardown(test_policy_audit, teardown),
		cmocka_unit_test_teardown(test_ways_out, teardown),
		cmocka_unit_test_teardown(test_families, teardown),
		cmocka_unit_test_teardown(test_policy_refused, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
