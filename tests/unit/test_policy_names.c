// links: policy/names.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Words and numbers: as nft 1.0.6 has them (`nft describe`). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/names.h"

static void test_both_ways(void **state)
{
	static const struct {
		enum names kind;
		const char *word;
		uint32_t number;
		const char *back;	/* NULL: the same word */
	} cases[] = {
		{ NAMES_ICMP_TYPE, "echo-request", 8, NULL },
		{ NAMES_ICMP_TYPE, "address-mask-reply", 18, NULL },
		{ NAMES_ICMP_CODE, "admin-prohibited", 13, NULL },
		{ NAMES_ICMPV6_TYPE, "mld-listener-reduction", 132, "mld-listener-done" },
		{ NAMES_ICMPV6_TYPE, "nd-neighbor-solicit", 135, NULL },
		{ NAMES_ICMPV6_CODE, "reject-route", 6, NULL },
		{ NAMES_ICMPX_CODE, "port-unreachable", 1, NULL },
		{ NAMES_DSCP, "ef", 46, NULL },
		{ NAMES_DSCP, "be", 0, "cs0" },
		{ NAMES_TCP_FLAG, "cwr", 128, NULL },
		{ NAMES_CT_STATE, "untracked", 64, NULL },
		{ NAMES_CT_DIRECTION, "reply", 1, NULL },
		{ NAMES_PKTTYPE, "unicast", 0, "host" },
		{ NAMES_NFPROTO, "ipv6", 10, NULL },
		{ NAMES_BOOLEAN, "missing", 0, NULL },
		{ NAMES_LOG_LEVEL, "debug", 7, NULL },
		{ NAMES_HOOK, "postrouting", 4, NULL },
		{ NAMES_PROTOCOL, "icmpv6", 58, "ipv6-icmp" },
	};
	uint32_t n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = 12345;
		assert_true(names_number(cases[i].kind, cases[i].word, &n));
		assert_int_equal(n, cases[i].number);
		assert_string_equal(names_word(cases[i].kind, n),
				    cases[i].back ? cases[i].back : cases[i].word);
	}
	for (i = 0; i < NAMES_KINDS; i++) {
		assert_false(names_number((enum names)i, "no-such-word", &n));
		assert_false(names_number((enum names)i, "", &n));
		assert_null(names_word((enum names)i, 0xffffff));
	}
}

static void test_all(void **state)
{
	char all[512], small[32];

	(void)state;
	assert_string_equal(names_all(NAMES_NFPROTO, all, sizeof(all)), "ipv4, ipv6");
	names_all(NAMES_DSCP, small, sizeof(small));
	assert_true(strlen(small) < sizeof(small));
	assert_string_equal(small + strlen(small) - 5, ", ...");
}

static void test_services(void **state)
{
	uint16_t port;

	(void)state;
	assert_true(names_service("ssh", &port));
	assert_int_equal(port, 22);
	assert_true(names_service("domain", &port));
	assert_int_equal(port, 53);
	assert_true(names_service("https", &port));
	assert_int_equal(port, 443);
	assert_false(names_service("HTTP", &port));
	assert_false(names_service("no-such-service", &port));
	assert_false(names_service("", &port));
	/* Only UDP has it. */
	if (access("/etc/services", R_OK) == 0) {
		assert_true(names_service("tftp", &port));
		assert_int_equal(port, 69);
	}
}

static void test_protocols(void **state)
{
	uint8_t p;

	(void)state;
	assert_true(names_protocol("tcp", &p));
	assert_int_equal(p, 6);
	assert_true(names_protocol("icmpv6", &p));	/* nft's word, not the file's */
	assert_int_equal(p, 58);
	assert_true(names_protocol("ipv6-icmp", &p));
	assert_int_equal(p, 58);
	assert_true(names_protocol("comp", &p));
	assert_int_equal(p, 108);
	assert_false(names_protocol("no-such-protocol", &p));
}

static void test_priorities(void **state)
{
	int p;

	(void)state;
	assert_true(names_priority("raw", 1, &p));
	assert_int_equal(p, -300);
	assert_true(names_priority("mangle", 3, &p));
	assert_int_equal(p, -150);
	assert_true(names_priority("filter", 2, &p));
	assert_int_equal(p, 0);
	assert_true(names_priority("security", 4, &p));
	assert_int_equal(p, 50);
	assert_true(names_priority("dstnat", 0, &p));
	assert_int_equal(p, -100);
	assert_false(names_priority("dstnat", 3, &p));
	assert_true(names_priority("srcnat", 4, &p));
	assert_int_equal(p, 100);
	assert_false(names_priority("srcnat", 0, &p));
	assert_false(names_priority("out", 4, &p));
	assert_string_equal(names_hook(2), "forward");
	assert_string_equal(names_hook(9), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_priorities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
