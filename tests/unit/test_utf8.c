// links: utf8.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for the service manager: what is valid stays, what is not becomes '?'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

static void cleans(const char *in, const char *out)
{
	char *s = strdup(in);	/* to its size: ASan sees what is read behind it */

	utf8_clean(s);
	assert_string_equal(s, out);
	free(s);
}

static void test_clean(void **state)
{
	(void)state;
	cleans("", "");
	cleans("a \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", "a \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
	cleans("a\nb\x7f", "a?b?");
	cleans("\xff\xfe", "??");
	cleans("\x80z", "?z");
	cleans("\xc3", "?");			/* cut */
	cleans("\xe2\x82", "??");
	cleans("\xe2\x82z", "??z");
	cleans("\xf0\x9f\x98", "???");
	cleans("\xc0\xaf", "??");		/* overlong */
	cleans("\xe0\x80\xaf", "???");
	cleans("\xed\xa0\x80", "???");		/* surrogate */
	cleans("\xf4\x90\x80\x80", "????");	/* beyond Unicode */
}

static void test_cut(void **state)
{
	(void)state;
	assert_int_equal(utf8_cut("abc", 10), 3);
	assert_int_equal(utf8_cut("abc", 2), 2);
	assert_int_equal(utf8_cut("abc", 0), 0);
	assert_int_equal(utf8_cut("a\xc3\xbc", 2), 1);
	assert_int_equal(utf8_cut("a\xc3\xbc", 3), 3);
	assert_int_equal(utf8_cut("\xf0\x9f\x98\x80", 3), 0);
	assert_int_equal(utf8_cut("\xff\xff\xff", 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
