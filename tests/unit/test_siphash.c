// links: policy/siphash.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* SipHash-2-4 against the vectors of its paper and its reference code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/siphash.h"

#define K0	0x0706050403020100ULL
#define K1	0x0f0e0d0c0b0a0908ULL

/* Key 00 01 .. 0f; input 00 01 .. of each length from 0 on. */
static const uint64_t vector[16] = {
	0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL, 0x0d6c8009d9a94f5aULL,
	0x85676696d7fb7e2dULL, 0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL,
	0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL, 0x93f5f5799a932462ULL,
	0x9e0082df0ba9e4b0ULL, 0x7a5dbbc594ddb9f3ULL, 0xf4b32f46226bada7ULL,
	0x751e8fbc860ee5fbULL, 0x14ea5627c0843d90ULL, 0xf723ca908e7af2eeULL,
	0xa129ca6149be45e5ULL,
};

static void test_vectors(void **state)
{
	uint8_t in[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	for (i = 0; i < 16; i++) {
		uint8_t *p = malloc(i ? i : 1);	/* to its size, for ASan */

		assert_non_null(p);
		memcpy(p, in, i);
		assert_int_equal(siphash24(p, i, K0, K1), vector[i]);
		free(p);
	}
}

static void test_unaligned(void **state)
{
	uint8_t in[17];
	size_t i;

	(void)state;
	for (i = 0; i < 16; i++)
		in[i + 1] = (uint8_t)i;
	assert_int_equal(siphash24(in + 1, 15, K0, K1), vector[15]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_unaligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
