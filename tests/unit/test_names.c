// links: names.c proc.c out.c select.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a namespace is called, and what /proc says: from good and from hostile
 * text, and once of this very process.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "names.h"
#include "proc.h"

static struct names sample(void)
{
	struct names names = { .initial = 1 };

	assert_int_equal(names_add(&names, 9, NAMES_TASK, "bash[812]"), 0);
	assert_int_equal(names_add(&names, 7, NAMES_NETNS, "www"), 0);
	assert_int_equal(names_add(&names, 8, NAMES_PATH, "/run/docker/netns/5f0c"), 0);
	assert_int_equal(names_add(&names, 7, NAMES_TASK, "nginx[3]"), 0);
	assert_int_equal(names_add(&names, 7, NAMES_NETNS, "web1"), 0);
	assert_int_equal(names_add(&names, 8, NAMES_PATH, "/run/docker/netns/5f0c"), 0);
	assert_int_equal(names_add(&names, 7, NAMES_PATH, "/srv/ns"), 0);
	names_sort(&names);
	return names;
}

static void label_is(const struct names *names, uint32_t inode, const char *want)
{
	char buf[NAMES_LABEL];

	names_label(names, inode, buf, sizeof(buf));
	assert_string_equal(buf, want);
}

/* Names before paths before processes; what is twice is shown once. */
static void test_label(void **state)
{
	struct names names = sample(), none = { .v = NULL };
	size_t n;

	(void)state;
	assert_int_equal(names.n, 6);
	label_is(&names, 7, "web1,www");
	label_is(&names, 8, "/run/docker/netns/5f0c");
	label_is(&names, 9, "bash[812]");
	label_is(&names, 1, "(init)");
	label_is(&names, 10, "-");
	label_is(&names, 0, "-");
	label_is(&none, 7, "-");
	label_is(&none, 0, "-");
	assert_true(names_known(&names, 7) && names_known(&names, 9) && names_known(&names, 1));
	assert_false(names_known(&names, 10) || names_known(&names, 0) || names_known(&none, 0));
	assert_string_equal(names_find(&names, 7, NAMES_PATH, &n)->text, "/srv/ns");
	assert_int_equal(n, 1);
	assert_null(names_find(&names, 9, NAMES_NETNS, &n));
	assert_int_equal(n, 0);
	assert_null(names_find(&names, 10, NAMES_TASK, &n));
	names_clean(&names);
}

static void test_label_is_cut(void **state)
{
	struct names names = { .v = NULL };
	char buf[24];

	(void)state;
	for (int i = 0; i < 9; i++) {
		char text[16];

		snprintf(text, sizeof(text), "name%d", i);
		names_add(&names, 5, NAMES_NETNS, text);
	}
	names_sort(&names);
	names_label(&names, 5, buf, sizeof(buf));
	assert_string_equal(buf, "name0,name1,name2,...");
	names_label(&names, 5, buf, 8);
	assert_string_equal(buf, "...");
	names_clean(&names);
}

static void test_forget(void **state)
{
	struct names names = sample();

	(void)state;
	names_forget(&names, 7);
	label_is(&names, 7, "-");
	label_is(&names, 8, "/run/docker/netns/5f0c");
	names_forget(&names, 7);
	assert_int_equal(names.n, 2);
	names_clean(&names);
}

/* With two names that one process knows nothing of, and a mount that is none. */
static void test_mount(void **state)
{
	static const struct {
		const char *line, *path;
		uint32_t inode;
	} cases[] = {
		{ "620 28 0:4 net:[4026532631] /run/docker/netns/5f0c rw shared:5 - nsfs nsfs rw\n",
		  "/run/docker/netns/5f0c", 4026532631u },
		{ "620 28 0:4 net:[7] /srv/a\\040b\\134 rw - nsfs nsfs rw\n", "/srv/a b\\", 7 },
		{ "620 28 0:4 net:[7] /srv/\\9 rw - nsfs nsfs rw\n", "/srv/\\9", 7 },
		{ .line = "620 28 0:4 net:[7] /srv/ns//deleted rw - nsfs nsfs rw\n" },
		{ .line = "620 28 0:4 mnt:[7] /srv/ns rw - nsfs nsfs rw\n" },
		{ .line = "620 28 0:4 net:[7] /srv/ns rw - tmpfs nsfs rw\n" },
		{ .line = "620 28 0:4 net:[7x] /srv/ns rw - nsfs nsfs rw\n" },
		{ .line = "620 28 0:4 net:[4294967296] /srv/ns rw - nsfs nsfs rw\n" },
		{ .line = "620 28 0:4 / / rw - ext4 /dev/vda rw\n" },
		{ .line = "620 28 0:4 net:[7] /srv/ns\n" },
		{ .line = "\n" },
		{ .line = "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line = strdup(cases[i].line), *path;
		uint32_t inode = 0;

		path = names_parse_mount(line, &inode);
		if (cases[i].path) {
			assert_non_null(path);
			assert_string_equal(path, cases[i].path);
			assert_int_equal(inode, cases[i].inode);
		} else {
			assert_null(path);
		}
		free(line);
	}
}

static void test_task(void **state)
{
	char buf[512], tiny[8];

	(void)state;
	names_task("bash", 812, buf, sizeof(buf));
	assert_string_equal(buf, "bash[812]");
	names_task("a b,c\033]0;x\a\n", 1, buf, sizeof(buf));
	assert_string_equal(buf, "a\\x20b\\x2cc\\x1b]0;x\\x07\\x0a[1]");
	names_task("", 1, buf, sizeof(buf));
	assert_string_equal(buf, "[1]");
	memset(buf, 0xff, 63);
	buf[63] = '\0';
	names_task(buf, INT32_MAX, buf, sizeof(buf));
	assert_null(strchr(buf, 0xff));
	names_task("abcdefghij", 1, tiny, sizeof(tiny));
	assert_string_equal(tiny, "abcdefg");
}

static void test_stat(void **state)
{
	static const char rest[] = " S 41 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 9\n";
	struct proc_stat st;
	char line[256];

	(void)state;
	snprintf(line, sizeof(line), "42 (a) b (c\n))%s", rest);
	assert_int_equal(proc_parse_stat(line, &st), 0);
	assert_string_equal(st.comm, "a) b (c\n)");
	assert_int_equal(st.ppid, 41);
	assert_int_equal(st.start, 123456);
	assert_true(proc_parse_stat("42 (cut) S 41 42 42 0", &st) < 0);
	assert_true(proc_parse_stat("42 )cut( S 41", &st) < 0);
	assert_true(proc_parse_stat("", &st) < 0);
}

static void service_is(const char *text, const char *want)
{
	char buf[32];

	if (!want) {
		assert_true(proc_parse_service(text, buf, sizeof(buf)) < 0);
		return;
	}
	assert_int_equal(proc_parse_service(text, buf, sizeof(buf)), 0);
	assert_string_equal(buf, want);
}

static void test_service(void **state)
{
	(void)state;
	service_is("0::/system.slice/web.service\n", "web.service");
	service_is("0::/web.service", "web.service");
	service_is("2:cpu:/a/b.service\n1:name=systemd:/system.slice/x@1.service\n", "x@1.service");
	service_is("1:name=systemd:/user.slice\n0::/system.slice/web.service\n", "web.service");
	service_is("0::/system.slice/docker-5f0c.scope\n", NULL);
	service_is("0::/system.slice/web.service/payload\n", NULL);
	service_is("0::/.service\n", NULL);
	service_is("0::/a\\x2db:c_d.service\n", "a\\x2db:c_d.service");
	/* Whoever may make control groups calls them what he likes. */
	service_is("0::/web1,(init) x.service\n", NULL);
	service_is("0::/\033[2J.service\n", NULL);
	service_is("0::/a-name-that-is-far-too-long-for-it.service\n", NULL);
	service_is("2:cpu,memory\n", NULL);
	service_is("", NULL);
}

/* This process, as /proc has it. */
static void test_here(void **state)
{
	int dir = open("/proc", O_RDONLY | O_DIRECTORY);
	uint32_t inode = proc_ns(dir, getpid(), "net");
	struct names names = { .v = NULL };
	struct proc_stat st;
	char buf[NAMES_LABEL];
	DIR *d = opendir("/proc");
	bool seen = false;
	pid_t pid;

	(void)state;
	assert_int_not_equal(inode, 0);
	assert_int_equal(proc_ns(dir, getpid(), "nosuch"), 0);
	assert_int_equal(proc_stat_get(dir, getpid(), &st), 0);
	assert_int_equal(st.ppid, getppid());
	while ((pid = proc_next(d)))
		seen |= pid == getpid();
	assert_true(seen);
	assert_int_equal(names_load_tasks(&names, &inode, 1, NULL), 0);
	names_label(&names, inode, buf, sizeof(buf));
	assert_non_null(strchr(buf, buf[strlen(buf) - 1] == ']' ? '[' : '.'));
	assert_int_equal(names_load(&names, NULL), 0);
	names_label(&names, inode, buf, sizeof(buf));
	assert_string_not_equal(buf, "-");
	names_clean(&names);
	closedir(d);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label),
		cmocka_unit_test(test_label_is_cut),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_mount),
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
