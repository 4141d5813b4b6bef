// links: good.c good_text.c good_trial.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The good configuration on disk: what is copied, what is current after which step,
 * and what a step leaves that was cut short anywhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "good.h"
#include "good_text.h"

static char top[64], conf[80], state[80];
static struct good good;
static struct err e;

static void put(const char *name, const char *text)
{
	char file[256];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", conf, name);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void make_dir(const char *name)
{
	char file[256];

	snprintf(file, sizeof(file), "%s/%s", conf, name);
	assert_int_equal(mkdir(file, 0755), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **s)
{
	(void)s;
	/* In memory, where fsync(2) takes no time. */
	snprintf(top, sizeof(top), "%s/nsf-good.XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(top))
		return -1;
	snprintf(conf, sizeof(conf), "%s/etc", top);
	snprintf(state, sizeof(state), "%s/state", top);
	mkdir(conf, 0755);
	make_dir("nsfence.conf.d");
	make_dir("policies");
	make_dir("netns.d");
	put("nsfence.conf", "[netns a]\npolicy = web\n");
	put("nsfence.conf.d/10-x.conf", "one");
	put("policies/web.nft", "rules");
	put("netns.d/a.nft", "");
	return good_open(&good, state, &e);
}

static int teardown(void **s)
{
	(void)s;
	good_close(&good);
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct good_text *text_of(const char *path)
{
	struct good_text *t;

	if (good_text_read(path, &t, &e))
		fail_msg("%s: %s", path, e.text);
	return t;
}

static int entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = -2;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- texts ---- */

static void test_text(void **s)
{
	static const char *const names[] = {
		"netns.d/a.nft", "nsfence.conf", "nsfence.conf.d/10-x.conf", "policies/web.nft",
	};
	struct good_text *a, *b;
	char file[128];
	size_t i;

	(void)s;
	put("nsfence.conf.d/.hidden.conf", "no");
	put("nsfence.conf.d/10-x.conf~", "no");
	put("policies/.nft", "no");
	put("policies/README", "no");
	put("other.conf", "no");
	make_dir("policies/dir.nft");
	snprintf(file, sizeof(file), "%s/policies/fifo.nft", conf);
	assert_int_equal(mkfifo(file, 0600), 0);
	a = text_of(conf);
	assert_int_equal(a->n, 4);
	for (i = 0; i < 4; i++)
		assert_string_equal(a->v[i].name, names[i]);
	assert_int_equal(a->v[2].len, 3);
	assert_memory_equal(a->v[2].text, "one", 3);

	b = text_of(conf);
	assert_true(good_text_same(a, b));
	assert_false(good_text_same(a, NULL));
	assert_false(good_text_same(NULL, b));
	assert_false(good_text_same(NULL, NULL));
	good_text_free(b);
	put("nsfence.conf.d/10-x.conf", "two");		/* as long */
	b = text_of(conf);
	assert_false(good_text_same(a, b));
	good_text_free(b);
	put("nsfence.conf.d/10-x.conf", "one");
	put("nsfence.conf.d/11-x.conf", "");
	b = text_of(conf);
	assert_false(good_text_same(a, b));
	good_text_free(b);
	good_text_free(a);
	assert_int_equal(good_text_read("/nonexistent", &a, &e), -ENOENT);
	assert_null(a);
	good_text_free(NULL);
}

/* One file alone has the policies beside it, and nothing else. */
static void test_single(void **s)
{
	char file[128], path[PATH_MAX], origin[PATH_MAX], name[GOOD_NAME];
	struct good_text *a, *b;

	(void)s;
	put("my.conf", "alone");
	snprintf(file, sizeof(file), "%s/my.conf", conf);
	a = text_of(file);
	assert_int_equal(a->n, 2);
	assert_string_equal(a->v[0].name, "my.conf");
	assert_string_equal(a->v[1].name, "policies/web.nft");
	assert_int_equal(good_write(&good, a, name, &e), 0);
	assert_int_equal(good_path(&good, name, path, origin, sizeof(path), &e), 0);
	assert_string_equal(origin, file);
	assert_string_equal(strrchr(path, '/'), "/my.conf");
	b = text_of(path);
	assert_true(good_text_same(a, b));
	good_text_free(b);
	b = text_of(conf);
	assert_false(good_text_same(a, b));
	good_text_free(b);
	good_text_free(a);
	/* As it may be given by hand. */
	assert_int_equal(chdir(conf), 0);
	a = text_of("my.conf");
	assert_int_equal(a->n, 2);
	good_text_free(a);
	assert_int_equal(chdir("/"), 0);
}

static void test_limits(void **s)
{
	struct good_text *a;
	char file[128];

	(void)s;
	snprintf(file, sizeof(file), "%s/policies/web.nft", conf);
	assert_int_equal(truncate(file, GOOD_MAX_BYTES + 1), 0);
	assert_int_equal(good_text_read(conf, &a, &e), -EFBIG);
	assert_non_null(strstr(e.text, "64 MiB"));
	/* In all. */
	assert_int_equal(truncate(file, GOOD_MAX_BYTES - 10), 0);
	assert_int_equal(good_text_read(conf, &a, &e), -EFBIG);
}

/* ---- current ---- */

static void is_current(const char *config)
{
	char name[GOOD_NAME], path[PATH_MAX], origin[PATH_MAX];
	struct good_text *a, *b = text_of(config);

	assert_int_equal(good_current(&good, name, &e), 0);
	assert_int_equal(good_path(&good, name, path, origin, sizeof(path), &e), 0);
	assert_string_equal(origin, conf);
	a = text_of(path);
	assert_true(good_text_same(a, b));
	good_text_free(a);
	good_text_free(b);
}

static void keep(void)
{
	struct good_text *t = text_of(conf);

	if (good_keep(&good, t, &e))
		fail_msg("%s", e.text);
	good_text_free(t);
}

static void test_keep(void **s)
{
	char name[GOOD_NAME], again[GOOD_NAME], file[PATH_MAX + 64];
	struct stat st;

	(void)s;
	assert_int_equal(good_current(&good, name, &e), -ENOENT);
	keep();
	is_current(conf);
	assert_int_equal(good_current(&good, name, &e), 0);
	assert_int_equal(stat(state, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(file, sizeof(file), "%s/%s/policies/web.nft", good.path, name);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* The same again is no work. */
	keep();
	assert_int_equal(good_current(&good, again, &e), 0);
	assert_string_equal(name, again);
	assert_int_equal(entries(good.path), 2);
	/* Another one takes its place, and the old one goes. */
	put("policies/web.nft", "other rules");
	put("policies/more.nft", "rules");
	keep();
	is_current(conf);
	assert_int_equal(good_current(&good, again, &e), 0);
	assert_string_not_equal(name, again);
	assert_int_equal(entries(good.path), 2);
	/* The next daemon finds it. */
	good_close(&good);
	assert_int_equal(good_current(&good, name, NULL), -ENOENT);
	assert_int_equal(good_open(&good, state, &e), 0);
	is_current(conf);
	/* From elsewhere it is another one, be the text the same. */
	{
		char moved[100];
		struct good_text *t;

		snprintf(moved, sizeof(moved), "%s/moved", top);
		assert_int_equal(rename(conf, moved), 0);
		t = text_of(moved);
		assert_int_equal(good_keep(&good, t, &e), 0);
		good_text_free(t);
		assert_int_equal(good_current(&good, name, &e), 0);
		assert_string_not_equal(name, again);
	}
}

/* What was written and is not current is no more than garbage, which the next one clears. */
static void test_cut_short(void **s)
{
	char first[GOOD_NAME], name[GOOD_NAME], file[PATH_MAX + 64];
	struct good_text *t;

	(void)s;
	keep();
	assert_int_equal(good_current(&good, first, &e), 0);
	put("nsfence.conf", "new");
	t = text_of(conf);
	assert_int_equal(good_write(&good, t, name, &e), 0);
	assert_int_equal(good_current(&good, name, &e), 0);
	assert_string_equal(name, first);
	/* In the middle of a directory, and of a symbolic link. */
	snprintf(file, sizeof(file), "%s/text.99", good.path);
	assert_int_equal(mkdir(file, 0700), 0);
	snprintf(file, sizeof(file), "%s/text.99/policies", good.path);
	assert_int_equal(mkdir(file, 0700), 0);
	snprintf(file, sizeof(file), "%s/current.new", good.path);
	assert_int_equal(symlink("text.99", file), 0);
	assert_int_equal(good_path(&good, "text.99", file, NULL, sizeof(file), &e), -ENOENT);
	assert_int_equal(good_write(&good, t, name, &e), 0);
	assert_string_equal(name, "text.100");
	assert_int_equal(good_commit(&good, name, &e), 0);
	is_current(conf);
	assert_int_equal(entries(good.path), 2);
	good_text_free(t);
}

/* Not a name of ours: somebody else's link is not followed. */
static void test_strange_link(void **s)
{
	char file[PATH_MAX + 64], name[GOOD_NAME];

	(void)s;
	snprintf(file, sizeof(file), "%s/current", good.path);
	assert_int_equal(symlink("../../etc", file), 0);
	assert_int_equal(good_current(&good, name, &e), -ENOENT);
	keep();
	is_current(conf);
}

static void test_no_room(void **s)
{
	char name[GOOD_NAME], first[GOOD_NAME];
	struct good_text *t;

	(void)s;
	keep();
	assert_int_equal(good_current(&good, first, &e), 0);
	put("nsfence.conf", "new");
	t = text_of(conf);
	/* A file that cannot be made: the directory of its part is in the way. */
	free(t->v[3].name);
	t->v[3].name = strdup("nsfence.conf");
	assert_int_equal(good_keep(&good, t, &e), -EEXIST);
	good_text_free(t);
	assert_int_equal(good_current(&good, name, &e), 0);
	assert_string_equal(name, first);
	assert_int_equal(entries(good.path), 2);
}

/* ---- trials ---- */

static struct good_trial begin(void)
{
	static struct good_manual manual[2];
	struct good_trial t = { .manual = manual, .n_manual = 2 };
	struct good_text *text = text_of(conf);

	assert_int_equal(good_current(&good, t.base, &e), 0);
	assert_int_equal(good_write(&good, text, t.next, &e), 0);
	good_text_free(text);
	good_boot_id(t.boot);
	manual[0] = (struct good_manual){
		.sure = true, .was = {
			.inode = 4026532631, .has_cookie = true, .cookie = UINT64_MAX,
			.instance = 1ULL << 40, .mode = GENL_MODE_AUDIT, .hooks = 5,
			.flags = GENL_F_MANUAL | GENL_F_STRICT, .policy = "web",
			.source = "with blanks\nand \xff",
		},
	};
	manual[1] = (struct good_manual){ .was = { .inode = 1, .policy = "drop" } };
	memset(manual[1].was.source, 's', GENL_MAX_SOURCE);
	memset(manual[1].was.policy, 'p', GENL_MAX_NAME);
	assert_int_equal(good_trial_write(&good, &t, &e), 0);
	return t;
}

static void test_trial(void **s)
{
	struct good_trial t, got;
	int i;

	(void)s;
	assert_int_equal(good_trial_read(&good, &got, &e), -ENOENT);
	keep();
	put("nsfence.conf", "new");
	t = begin();
	assert_int_equal(good_trial_read(&good, &got, &e), 0);
	assert_string_equal(got.base, t.base);
	assert_string_equal(got.next, t.next);
	assert_string_equal(got.boot, t.boot);
	assert_int_equal(strlen(got.boot), 36);
	assert_false(got.refused);
	assert_int_equal(got.n_manual, 2);
	for (i = 0; i < 2; i++) {
		struct sync_taken *a = &got.manual[i].was, *b = &t.manual[i].was;

		assert_int_equal(got.manual[i].sure, t.manual[i].sure);
		assert_int_equal(a->inode, b->inode);
		assert_int_equal(a->has_cookie, b->has_cookie);
		assert_true(a->cookie == b->cookie && a->instance == b->instance);
		assert_int_equal(a->mode, b->mode);
		assert_int_equal(a->hooks, b->hooks);
		assert_int_equal(a->flags, b->flags);
		assert_string_equal(a->policy, b->policy);
		assert_string_equal(a->source, b->source);
	}
	good_trial_clean(&got);
	t.refused = true;
	assert_int_equal(good_trial_write(&good, &t, &e), 0);
	assert_int_equal(good_trial_read(&good, &got, &e), 0);
	assert_true(got.refused);
	good_trial_clean(&got);
	assert_int_equal(good_trial_remove(&good, &e), 0);
	assert_int_equal(good_trial_remove(&good, &e), 0);
	assert_int_equal(good_trial_read(&good, &got, &e), -ENOENT);
}

/* The moment at which it is confirmed is one rename; what was killed after it, too. */
static void test_confirmed(void **s)
{
	struct good_trial t, got;

	(void)s;
	keep();
	put("nsfence.conf", "new");
	t = begin();
	assert_int_equal(good_commit(&good, t.next, &e), 0);
	is_current(conf);
	assert_int_equal(good_trial_read(&good, &got, &e), -ENOENT);
	assert_int_equal(entries(good.path), 3);
	/* The next trial begins as any other. */
	put("nsfence.conf", "newer");
	t = begin();
	assert_int_equal(good_trial_read(&good, &got, &e), 0);
	assert_string_equal(got.next, t.next);
	good_trial_clean(&got);
}

/* While something is on trial, its text stays. */
static void test_trial_keeps_text(void **s)
{
	char path[PATH_MAX];
	struct good_trial t;

	(void)s;
	keep();
	put("nsfence.conf", "new");
	t = begin();
	assert_int_equal(good_commit(&good, t.base, &e), 0);
	assert_int_equal(good_path(&good, t.next, path, NULL, sizeof(path), &e), 0);
	assert_int_equal(good_path(&good, t.base, path, NULL, sizeof(path), &e), 0);
}

/* Every byte less, and every bit else: it is refused, or it is read as what it says. */
static void test_trial_torn(void **s)
{
	struct good_trial got;
	char file[PATH_MAX + 64], text[2048], bad[2048];
	int fd, n, i;

	(void)s;
	keep();
	put("nsfence.conf", "new");
	begin();
	snprintf(file, sizeof(file), "%s/trial", good.path);
	fd = open(file, O_RDONLY);
	n = (int)read(fd, text, sizeof(text));
	close(fd);
	assert_true(n > 100 && n < (int)sizeof(text));
	for (i = 0; i < n; i++) {
		assert_int_equal(truncate(file, n - 1 - i), 0);
		assert_int_equal(good_trial_read(&good, &got, &e), -EINVAL);
	}
	for (i = 0; i < n * 8; i++) {
		memcpy(bad, text, (size_t)n);
		bad[i / 8] ^= (char)(1 << i % 8);
		fd = open(file, O_WRONLY | O_TRUNC);
		assert_int_equal(write(fd, bad, (size_t)n), n);
		close(fd);
		if (!good_trial_read(&good, &got, NULL))
			good_trial_clean(&got);
	}
}

/* kill -9 anywhere: what is current is one text or the other, whole. */
static void test_killed(void **s)
{
	struct good_text *one, *two, *is;
	char name[GOOD_NAME], path[PATH_MAX];
	int i, status, seen[2] = { 0, 0 };
	uint64_t begin, both;
	pid_t pid;

	(void)s;
	one = text_of(conf);
	keep();
	put("nsfence.conf", "two");
	put("policies/more.nft", "rules");
	two = text_of(conf);
	/* The disk says what a moment is. */
	begin = clock_us();
	assert_int_equal(good_keep(&good, two, &e), 0);
	assert_int_equal(good_keep(&good, one, &e), 0);
	both = clock_us() - begin;
	for (i = 0; i < 100; i++) {
		pid = fork();
		if (!pid)
			for (;;) {
				if (good_keep(&good, two, &e) || good_keep(&good, one, &e))
					_exit(1);
			}
		usleep((useconds_t)(both * (uint64_t)(i * 37 % 100) / 50));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(good_current(&good, name, &e), 0);
		assert_int_equal(good_path(&good, name, path, NULL, sizeof(path), &e), 0);
		is = text_of(path);
		assert_true(good_text_same(is, one) || good_text_same(is, two));
		seen[good_text_same(is, two)]++;
		good_text_free(is);
	}
	assert_true(seen[0] && seen[1]);
	good_text_free(one);
	good_text_free(two);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),
		TEST(test_single),
		TEST(test_limits),
		TEST(test_keep),
		TEST(test_cut_short),
		TEST(test_strange_link),
		TEST(test_no_room),
		TEST(test_trial),
		TEST(test_confirmed),
		TEST(test_trial_keeps_text),
		TEST(test_trial_torn),
		TEST(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
