// links: bindings.c bindings_file.c config.c log.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of what [pid N] and [inode N] are bound to: there and back, and all
 * that is not as we write it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bindings.h"

static const char boot[] = "8e6c8c1e-0c53-4b0d-a2f5-5b8f6c2f0b8e";
static const char whole[] =
	"nsfence bindings 1\nboot 8e6c8c1e-0c53-4b0d-a2f5-5b8f6c2f0b8e\n"
	"pid 4711 start 123456\npid 4712 ended\n"
	"inode 4026532631 cookie 77\ninode 4026532632 instance 12\ninode 4026532633 ended\nend 5\n";

static int parse(const char *text, struct bindings *out)
{
	return bindings_parse(text, strlen(text), boot, out);
}

static void test_there_and_back(void **state)
{
	struct bindings b;
	struct binding *one;
	size_t len;
	char *text;

	(void)state;
	assert_int_equal(parse(whole, &b), 0);
	assert_int_equal(b.n, 5);
	assert_false(b.dirty);
	one = bindings_find(&b, CONFIG_PID, 4711);
	assert_int_equal(one->state, BINDING_BOUND);
	assert_int_equal(one->start, 123456);
	assert_int_equal(bindings_find(&b, CONFIG_PID, 4712)->state, BINDING_ENDED);
	one = bindings_find(&b, CONFIG_INODE, 4026532631);
	assert_true(one->has_cookie && one->cookie == 77);
	one = bindings_find(&b, CONFIG_INODE, 4026532632);
	assert_true(!one->has_cookie && one->instance == 12);
	assert_null(bindings_find(&b, CONFIG_INODE, 4711));
	text = bindings_format(&b, boot, &len);
	assert_string_equal(text, whole);
	assert_int_equal(len, strlen(whole));
	free(text);
	bindings_clean(&b);
}

/* Cut off anywhere, and with any byte changed: refused, or as if written by us. */
static void test_damage(void **state)
{
	char text[sizeof(whole)], *again;
	struct bindings b;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(whole) - 1; i++)
		assert_int_equal(bindings_parse(whole, i, boot, &b), -EINVAL);
	for (i = 0; i < (sizeof(whole) - 1) * 256; i++) {
		memcpy(text, whole, sizeof(whole));
		text[i / 256] = (char)(i % 256);
		if (bindings_parse(text, sizeof(whole) - 1, boot, &b))
			continue;
		/* Of another boot all have ended, and the text is another. */
		if (!b.dirty) {
			again = bindings_format(&b, boot, &len);
			assert_string_equal(again, text);
			free(again);
		}
		bindings_clean(&b);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"", "\n", "nsfence bindings 1\n", "nsfence bindings 2\nboot x\nend 0\n",
		"nsfence bindings 1\nboot \nend 0\n", "nsfence bindings 1\nboot x\nend 1\n",
		"nsfence bindings 1\nboot x\npid 1 start 1\nend 0\n",
		"nsfence bindings 1\nboot x\npid 1 start 1\n",
		"nsfence bindings 1\nboot x\npid 0 start 1\nend 1\n",
		"nsfence bindings 1\nboot x\npid 01 start 1\nend 1\n",
		"nsfence bindings 1\nboot x\npid -1 start 1\nend 1\n",
		"nsfence bindings 1\nboot x\npid 1 start 99999999999999999999\nend 1\n",
		"nsfence bindings 1\nboot x\npid 1 cookie 1\nend 1\n",
		"nsfence bindings 1\nboot x\ninode 1 start 1\nend 1\n",
		"nsfence bindings 1\nboot x\ninode 4294967296 cookie 1\nend 1\n",
		"nsfence bindings 1\nboot x\nunit 1 start 1\nend 1\n",
		"nsfence bindings 1\nboot x\npid 2 ended\npid 1 ended\nend 2\n",
		"nsfence bindings 1\nboot x\npid 1 ended\npid 1 ended\nend 2\n",
		"nsfence bindings 1\nboot x\npid 1 ended \nend 1\n",
		"nsfence bindings 1\nboot x\nend 0\nmore\n",
	};
	struct bindings b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!parse(bad[i], &b))
			fail_msg("accepted: %s", bad[i]);
		assert_null(b.v);
	}
	assert_int_equal(parse("nsfence bindings 1\nboot x\nend 0\n", &b), 0);
	bindings_clean(&b);
}

/* What was bound in another boot has ended, be the numbers and times the same. */
static void test_other_boot(void **state)
{
	struct bindings b;
	size_t i;

	(void)state;
	assert_int_equal(bindings_parse(whole, strlen(whole), "another", &b), 0);
	assert_int_equal(b.n, 5);
	assert_true(b.dirty);
	for (i = 0; i < b.n; i++)
		assert_int_equal(b.v[i].state, BINDING_ENDED);
	bindings_clean(&b);
}

static struct config_section sections[] = {
	{ .kind = CONFIG_NETNS, .name = (char *)"web1" },
	{ .kind = CONFIG_PID, .name = (char *)"4711", .number = 4711 },
	{ .kind = CONFIG_PID, .name = (char *)"9", .number = 9 },
	{ .kind = CONFIG_INODE, .name = (char *)"4026532633", .number = 4026532633 },
};

/* Those that stay keep what they are bound to, or that they have ended; others go. */
static void test_configure(void **state)
{
	struct config c = { .sections = sections, .n_sections = 4 };
	struct bindings b;

	(void)state;
	assert_int_equal(parse(whole, &b), 0);
	assert_int_equal(bindings_configure(&b, &c), 0);
	assert_int_equal(b.n, 3);
	assert_true(b.dirty);
	assert_int_equal(bindings_find(&b, CONFIG_PID, 4711)->start, 123456);
	assert_int_equal(bindings_find(&b, CONFIG_PID, 9)->state, BINDING_NEW);
	assert_int_equal(bindings_find(&b, CONFIG_INODE, 4026532633)->state, BINDING_ENDED);
	assert_null(bindings_find(&b, CONFIG_INODE, 4026532631));
	b.dirty = false;
	assert_int_equal(bindings_configure(&b, &c), 0);
	assert_false(b.dirty);
	/* Taken out and put in again: bound anew. */
	c.n_sections = 1;
	assert_int_equal(bindings_configure(&b, &c), 0);
	assert_int_equal(b.n, 0);
	c.n_sections = 4;
	assert_int_equal(bindings_configure(&b, &c), 0);
	assert_int_equal(bindings_find(&b, CONFIG_INODE, 4026532633)->state, BINDING_NEW);
	bindings_clean(&b);
	/* Nothing is known: all have ended, those that come later have not. */
	b = (struct bindings){ .damaged = true };
	c.n_sections = 2;
	assert_int_equal(bindings_configure(&b, &c), 0);
	assert_int_equal(bindings_find(&b, CONFIG_PID, 4711)->state, BINDING_ENDED);
	c.n_sections = 3;
	assert_int_equal(bindings_configure(&b, &c), 0);
	assert_int_equal(bindings_find(&b, CONFIG_PID, 4711)->state, BINDING_ENDED);
	assert_int_equal(bindings_find(&b, CONFIG_PID, 9)->state, BINDING_NEW);
	bindings_clean(&b);
	/* No such section, and no file: none is made. */
	c.n_sections = 1;
	b = (struct bindings){ 0 };
	assert_int_equal(bindings_configure(&b, &c), 0);
	assert_false(b.dirty);
	bindings_clean(&b);
}

/* ---- the file ---- */

static char dir[64], path[128];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/nsf-bindings-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state/bindings", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static void test_file(void **state)
{
	struct config c = { .sections = sections, .n_sections = 4 };
	struct bindings b, again;
	struct stat st;
	struct err e;

	(void)state;
	assert_int_equal(bindings_load(path, &b, &e), 0);	/* there is none */
	assert_true(!b.n && !b.damaged);
	assert_int_equal(bindings_configure(&b, &c), 0);
	b.v[0].state = BINDING_BOUND;
	b.v[0].start = 5;
	bindings_end(&b, &b.v[1], "a reason");
	assert_int_equal(bindings_save(path, &b, &e), 0);	/* the directory, too */
	assert_false(b.dirty);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(bindings_load(path, &again, &e), 0);
	assert_false(again.dirty || again.damaged);
	assert_int_equal(again.n, 2);		/* what is not bound is not kept */
	assert_int_equal(again.v[0].start, 5);
	assert_int_equal(again.v[1].state, BINDING_ENDED);
	bindings_clean(&again);
	/* Nothing to say: the file is not touched. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bindings_save(path, &b, &e), 0);
	assert_int_not_equal(stat(path, &st), 0);
	bindings_clean(&b);
}

static void test_bad_files(void **state)
{
	struct bindings b;
	char other[160];
	struct err e;

	(void)state;
	snprintf(other, sizeof(other), "%s/state", dir);
	assert_int_equal(mkdir(other, 0700), 0);
	write_text("nonsense\n");
	assert_int_equal(bindings_load(path, &b, &e), 0);
	assert_true(b.damaged && b.dirty && !b.n);
	/* One that others may write is not ours, whatever it says. */
	write_text("nsfence bindings 1\nboot x\nend 0\n");
	chmod(path, 0622);
	assert_int_equal(bindings_load(path, &b, &e), 0);
	assert_true(b.damaged);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(bindings_load(path, &b, &e), 0);
	assert_true(b.damaged);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(bindings_load(path, &b, &e), 0);
	assert_true(b.damaged);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(bindings_load(path, &b, &e), 0);
	assert_true(b.damaged);
	/* It cannot be written: that is said, and it stays dirty. */
	assert_int_not_equal(bindings_save(path, &b, &e), 0);
	assert_true(b.dirty);
	assert_non_null(strstr(e.text, "bindings"));
	snprintf(other, sizeof(other), "%s.new", path);
	assert_int_not_equal(access(other, F_OK), 0);	/* nothing is left behind */
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_other_boot),
		cmocka_unit_test(test_configure),
		FILE_TEST(test_file),
		FILE_TEST(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
