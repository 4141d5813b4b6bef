// links: out.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables and JSON, from good and from hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "out.h"

static char *printed;
static size_t printed_size;
static FILE *stream;

static int setup(void **state)
{
	(void)state;
	stream = open_memstream(&printed, &printed_size);
	return stream ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	fclose(stream);
	free(printed);
	return 0;
}

static const char *result(void)
{
	fflush(stream);
	return printed;
}

/* Two blanks between columns, numbers at their last digit, nothing after the last. */
static void test_table(void **state)
{
	static const struct out_column columns[] = {
		{ "NETNS", false }, { "INODE", false }, { "POLICY", false }, { "MODE", false },
		{ "HOOKS", false }, { "PACKETS", true }, { "DROPPED", true }, { "SOURCE", false },
	};
	static const char *const cells[] = {
		"web1", "4026532631", "web", "enforce", "input,forward", "1204", "17",
		"nsfence.conf:6",
	};
	struct out_table *t = out_table_new(columns, 8);

	(void)state;
	out_table_add(t, cells);
	out_table_print(t, stream);
	out_table_free(t);
	assert_string_equal(result(),
"NETNS  INODE       POLICY  MODE     HOOKS          PACKETS  DROPPED  SOURCE\n"
"web1   4026532631  web     enforce  input,forward     1204       17  nsfence.conf:6\n");
}

static void test_table_cells(void **state)
{
	static const struct out_column columns[] = { { "A", false }, { "N", true }, { "B", false } };
	static const char *const empty[] = { NULL, "", "x" };
	static const char *const evil[] = { "a\033[2J\nb", "7", "\xc3\xa9\xff" };
	struct out_table *t = out_table_new(columns, 3);

	(void)state;
	for (int i = 0; i < 40; i++)
		out_table_add(t, empty);
	out_table_add(t, evil);
	out_table_print(t, stream);
	out_table_free(t);
	assert_non_null(strstr(result(), "\n-              -  x\n"));
	assert_non_null(strstr(result(), "\na\\x1b[2J\\x0ab  7  \xc3\xa9\\xff\n"));
	assert_null(strchr(result(), '\033'));
}

static void test_table_empty(void **state)
{
	static const struct out_column columns[] = { { "A", false }, { "B", false } };
	struct out_table *t = out_table_new(columns, 2);

	(void)state;
	out_table_print(t, stream);
	out_table_free(t);
	assert_string_equal(result(), "A  B\n");
	out_table_free(NULL);
}

static void test_escape(void **state)
{
	char buf[64], tiny[6];

	(void)state;
	out_escape("plain \xe2\x82\xac", buf, sizeof(buf));
	assert_string_equal(buf, "plain \xe2\x82\xac");
	out_escape("\x01\x7f\xc2\x9b", buf, sizeof(buf));	/* 0x9b: CSI in one byte */
	assert_string_equal(buf, "\\x01\\x7f\\xc2\\x9b");
	out_escape("\xc0\xaf\xed\xa0\x80\xe2\x82", buf, sizeof(buf));
	assert_string_equal(buf, "\\xc0\\xaf\\xed\\xa0\\x80\\xe2\\x82");
	out_escape("ab\xff\xff", tiny, sizeof(tiny));
	assert_string_equal(tiny, "ab");
	out_escape("abcd\xe2\x82\xac", tiny, sizeof(tiny));
	assert_string_equal(tiny, "abcd");
	out_escape("abc", tiny, 0);
}

static void test_json(void **state)
{
	json_t *object = json_object(), *array = json_array();

	(void)state;
	out_json_set(object, "inode", out_json_u64(4026532631u));
	out_json_append(array, out_json_string("a\xff\"\n"));
	out_json_append(array, out_json_string("\xe2\x82\xac"));
	out_json_set(object, "names", array);
	out_json_set(object, "big", out_json_u64(UINT64_MAX));
	out_json_set(object, "edge", out_json_u64(INT64_MAX));
	out_json_print(object, false, stream);
	assert_string_equal(result(),
		"{\"inode\":4026532631,\"names\":[\"a\xef\xbf\xbd\\\"\\n\",\"\xe2\x82\xac\"],"
		"\"big\":\"18446744073709551615\",\"edge\":9223372036854775807}\n");
}

static void test_json_pretty(void **state)
{
	json_t *object = json_object();

	(void)state;
	out_json_set(object, "a", out_json_u64(1));
	out_json_print(object, true, stream);
	assert_string_equal(result(), "{\n  \"a\": 1\n}\n");
}

static void test_no_colour_without_terminal(void **state)
{
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_false(out_colour(f));
	fclose(f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_table_cells),
		TEST(test_table_empty),
		TEST(test_escape),
		TEST(test_json),
		TEST(test_json_pretty),
		TEST(test_no_colour_without_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
