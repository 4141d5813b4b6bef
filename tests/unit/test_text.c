// links: policy/text.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings that grow, and addresses as inet_ntop() has them. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/text.h"

static void expect(struct text *t, const char *want)
{
	char *got = text_end(t);

	assert_string_equal(got, want);
	free(got);
}

static void test_empty(void **state)
{
	struct text t = { .v = NULL };

	(void)state;
	expect(&t, "");
	text_put(&t, "");
	expect(&t, "");
}

static void test_grows(void **state)
{
	struct text t = { .v = NULL };
	char want[5000], *at = want;
	int i;

	(void)state;
	for (i = 0; i < 300; i++) {
		at += sprintf(at, "%d.word %04x", i, (unsigned int)i);
		text_put_number(&t, (uint32_t)i);
		text_put_char(&t, '.');
		text_put(&t, "word");
		text_printf(&t, " %04x", (unsigned int)i);
	}
	expect(&t, want);
	text_put_number(&t, UINT32_MAX);
	expect(&t, "4294967295");
	/* Of each length up to what is allocated first, and over it. */
	for (i = 1; i < 300; i++) {
		memset(want, 'x', (size_t)i);
		want[i] = '\0';
		text_put(&t, want);
		expect(&t, want);
		text_printf(&t, "%s", want);
		expect(&t, want);
	}
}

static void address(const uint8_t *v, int family)
{
	char want[INET6_ADDRSTRLEN];
	struct text t = { .v = NULL };

	(family == AF_INET ? text_put_ipv4 : text_put_ipv6)(&t, v);
	expect(&t, inet_ntop(family, v, want, sizeof(want)));
}

/* Of all ways to be zero, each with small and large groups. */
static void test_addresses(void **state)
{
	static const uint8_t some[][4] = {
		{ 0, 0, 0, 0 }, { 255, 255, 255, 255 }, { 10, 0, 200, 9 }, { 1, 99, 100, 199 },
	};
	static const uint16_t group[] = { 1, 0xffff, 0x10, 0x203, 0x4000 };
	unsigned int i, k, zeros;
	uint8_t v[16];

	(void)state;
	for (i = 0; i < 4; i++)
		address(some[i], AF_INET);
	for (zeros = 0; zeros < 256; zeros++) {
		for (k = 0; k < 5; k++) {
			for (i = 0; i < 8; i++) {
				uint16_t n = zeros >> i & 1 ? 0 : group[(i * k + k) % 5];

				v[2 * i] = (uint8_t)(n >> 8);
				v[2 * i + 1] = (uint8_t)n;
			}
			address(v, AF_INET6);
		}
	}
	srand(1);
	for (i = 0; i < 10000; i++) {
		for (k = 0; k < 16; k++)
			v[k] = rand() % 3 ? 0 : (uint8_t)rand();
		address(v, AF_INET6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
