// links: policy/diag.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* How messages look: place, source line, carets; order; what must not reach a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/diag.h"

static void expect(unsigned int line, unsigned int col, unsigned int end, const char *source,
		   const char *want)
{
	struct diags *d = calloc(1, sizeof(*d));
	char *got;

	diag_add(d, DIAG_ERROR, "f.nft", line, col, end, source, "no %s", "good");
	got = diag_format(&d->v[0]);
	assert_string_equal(got, want);
	free(got);
	diags_clean(d);
	free(d);
}

static void test_places(void **state)
{
	(void)state;
	expect(0, 0, 0, NULL, "f.nft: Error: no good\n");
	expect(7, 0, 0, NULL, "f.nft:7: Error: no good\n");
	expect(7, 0, 0, "whole line", "f.nft:7: Error: no good\nwhole line\n");
	expect(7, 3, 4, NULL, "f.nft:7:3-4: Error: no good\n");
	expect(7, 3, 4, "abcdef", "f.nft:7:3-4: Error: no good\nabcdef\n  ^^\n");
	expect(7, 1, 6, "abcdef", "f.nft:7:1-6: Error: no good\nabcdef\n^^^^^^\n");
	/* to the line's end */
	expect(7, 3, 0, "abcdef", "f.nft:7:3-6: Error: no good\nabcdef\n  ^^^^\n");
	/* what is missing behind the line's end */
	expect(7, 7, 7, "abcdef", "f.nft:7:7-7: Error: no good\nabcdef\n      ^\n");
	expect(7, 1, 1, "", "f.nft:7:1-1: Error: no good\n\n^\n");
	expect(7, 3, 3, "", "f.nft:7:3-3: Error: no good\n\n  ^\n");
}

static void test_tabs(void **state)
{
	(void)state;
	expect(1, 3, 4, "\t\tab c", "f.nft:1:3-4: Error: no good\n\t\tab c\n\t\t^^\n");
}

static void test_wide_characters(void **state)
{
	(void)state;
	/* columns are bytes; carets stand below characters */
	expect(1, 4, 5, "\xc3\xa9 ab", "f.nft:1:4-5: Error: no good\n\xc3\xa9 ab\n  ^^\n");
	expect(1, 1, 2, "\xc3\xa9 ab", "f.nft:1:1-2: Error: no good\n\xc3\xa9 ab\n^\n");
}

static void test_escapes(void **state)
{
	(void)state;
	expect(1, 5, 5, "a\033\x80 b",
	       "f.nft:1:5-5: Error: no good\na\\x1b\\x80 b\n          ^\n");
	expect(1, 2, 2, "a\033b", "f.nft:1:2-2: Error: no good\na\\x1bb\n ^^^^\n");
	/* a C1 control, one that turns the text, an overlong zero, a surrogate */
	expect(1, 1, 1, "\xc2\x9b", "f.nft:1:1-1: Error: no good\n\\xc2\\x9b\n^^^^\n");
	expect(1, 1, 3, "\xe2\x80\xae", "f.nft:1:1-3: Error: no good\n\\xe2\\x80\\xae\n^^^^^^^^^^^^\n");
	expect(1, 1, 2, "\xc0\x80", "f.nft:1:1-2: Error: no good\n\\xc0\\x80\n^^^^^^^^\n");
	expect(1, 1, 3, "\xed\xa0\x80", "f.nft:1:1-3: Error: no good\n\\xed\\xa0\\x80\n^^^^^^^^^^^^\n");
	/* a character that the line's end cuts */
	expect(1, 1, 1, "\xf0\x9f", "f.nft:1:1-1: Error: no good\n\\xf0\\x9f\n^^^^\n");
}

static void test_message_is_escaped(void **state)
{
	struct diags *d = calloc(1, sizeof(*d));
	char *got;

	(void)state;
	diag_add(d, DIAG_WARNING, "a\nb", 1, 0, 0, NULL, "\"%s\"", "x\033[31m\ny");
	got = diag_format(&d->v[0]);
	assert_string_equal(got, "a\\x0ab:1: Warning: \"x\\x1b[31m\\x0ay\"\n");
	free(got);
	diags_clean(d);
	free(d);
}

static void add(struct diags *d, const char *file, unsigned int line, unsigned int col,
		const char *what)
{
	diag_add(d, DIAG_ERROR, file, line, col, col, NULL, "%s", what);
}

static void test_order(void **state)
{
	static const char *const want[] = { "1", "2", "3", "4", "5", "6", "7" };
	struct diags *d = calloc(1, sizeof(*d));
	size_t i;

	(void)state;
	add(d, "b", 5, 2, "4");
	add(d, "a", 9, 1, "7");
	add(d, "b", 5, 1, "2");
	add(d, "b", 5, 1, "3");
	add(d, "a", 2, 7, "6");
	add(d, "b", 3, 9, "1");
	add(d, "b", 6, 0, "5");
	diags_sort(d);
	assert_int_equal(d->n, 7);
	for (i = 0; i < 7; i++)
		assert_string_equal(d->v[i].message, want[i]);
	diags_clean(d);
	free(d);
}

static void test_limit(void **state)
{
	struct diags *d = calloc(1, sizeof(*d));
	int i;

	(void)state;
	for (i = 0; i < DIAG_MAX + 20; i++)
		diag_add(d, i % 2 ? DIAG_WARNING : DIAG_ERROR, "f", 1, 1, 1, "s", "%d", i);
	assert_int_equal(d->n, DIAG_MAX);
	assert_int_equal(d->errors, DIAG_MAX / 2 + 10);
	assert_int_equal(d->warnings, DIAG_MAX / 2 + 10);
	assert_string_equal(d->v[DIAG_MAX - 1].message, "99");
	diags_sort(d);
	diags_clean(d);
	assert_int_equal(d->n, 0);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_wide_characters),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_message_is_escaped),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
