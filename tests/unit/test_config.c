// links: err.c config.c config_load.c config_parse.c config_selector.c config_policies.c config_error.c policies.c policies_name.c genl_names.c policy/diag.c policy/ir.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration files. What a file is read as, and each message about a bad
 * one, is compared with tests/golden/config/NAME.out; NSF_GOLDEN_UPDATE=1
 * writes those anew. Files that git cannot hold are made here.
 */
#include <dirent.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "fake_policy.h"

#define GOLDEN "tests/golden/config"

static void put_line(void *data, const char *text)
{
	fprintf(data, "%s\n", text);
}

static void put_section(FILE *f, const struct config_section *n)
{
	static const char *const names[] = {
		"prerouting", "input", "forward", "output", "postrouting",
	};
	size_t i;
	int h;

	fprintf(f, "%u: %s %s policy=%s mode=%s hooks=", n->order, config_kind_name(n->kind),
		n->name, n->policy, n->mode == GENL_MODE_AUDIT ? "audit" : "enforce");
	for (h = 0; h < GENL_HOOKS; h++)
		if (n->hooks & 1u << h)
			fprintf(f, "%s,", names[h]);
	fprintf(f, "%s%s%s source=%s", n->flags & GENL_F_STRICT ? " strict" : "",
		n->flags & GENL_F_FORWARD_ACCEPT ? " forward-accept" : "",
		n->flags & GENL_F_INHERIT ? "" : " no-inherit", n->source);
	if (n->glob)
		fprintf(f, " literals=%u", n->literals);
	for (i = 0; i < n->n_except; i++)
		fprintf(f, "%s%s", i ? "," : " except=", n->except[i]);
	fputs("\n", f);
}

/* What config_load() makes of @path, as text; the caller frees it. */
static char *describe(const char *path)
{
	static const char *const backends[] = { "auto", "module", "nft" };
	struct config_errors *errs = calloc(1, sizeof(*errs));
	struct config c;
	size_t size, i;
	char *text;
	FILE *f = open_memstream(&text, &size);
	int ret = config_load(path, &c, errs);

	if (ret) {
		assert_int_equal(ret, -EINVAL);
		assert_true(errs->n || errs->more);
		config_errors_each(errs, put_line, f);
	} else {
		assert_int_equal(errs->n, 0);
		fprintf(f, "backend=%s\n", backends[c.backend]);
		if (c.birth.policy)
			fprintf(f, "birth=%s\n", c.birth.policy);
		for (i = 0; i < c.n_sections; i++) {
			put_section(f, &c.sections[i]);
			assert_ptr_equal(config_find(&c, c.sections[i].kind, c.sections[i].name),
					 &c.sections[i]);
		}
		assert_null(config_find(&c, CONFIG_NETNS, "no such name"));
		config_clean(&c);
	}
	config_errors_clean(errs);
	free(errs);
	fclose(f);
	return text;
}

static char *slurp(const char *path)
{
	char *text = calloc(1, 65536);
	int fd = open(path, O_RDONLY);

	if (fd >= 0) {
		if (read(fd, text, 65535) < 0)
			text[0] = 0;
		close(fd);
	}
	return text;
}

static bool is_case(const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	struct stat st;

	if (name[0] == '.' || stat(name, &st))
		return false;
	if (len > 5 && !strcmp(name + len - 5, ".conf"))
		len -= 5;
	else if (!S_ISDIR(st.st_mode))
		return false;
	snprintf(out, size, "%.*s.out", (int)len, name);
	return true;
}

static void test_golden(void **state)
{
	int back = open(".", O_RDONLY | O_DIRECTORY), cases = 0, bad = 0;
	struct dirent *d;
	DIR *dir;

	(void)state;
	assert_int_equal(chdir(GOLDEN), 0);
	dir = opendir(".");
	while ((d = readdir(dir))) {
		char out[512], *got, *want;

		if (!is_case(d->d_name, out, sizeof(out)))
			continue;
		cases++;
		got = describe(d->d_name);
		if (getenv("NSF_GOLDEN_UPDATE")) {
			FILE *f = fopen(out, "w");

			fputs(got, f);
			fclose(f);
		}
		want = slurp(out);
		if (strcmp(got, want)) {
			bad++;
			print_error("%s: got\n%swant\n%s", d->d_name, got, want);
		}
		free(got);
		free(want);
	}
	closedir(dir);
	assert_int_equal(fchdir(back), 0);
	close(back);
	assert_true(cases >= 10);
	assert_int_equal(bad, 0);
}

/* ---- files that are made here ---- */

struct tmp {
	char dir[64];
	char path[256];
};

static int make_tmp(void **state)
{
	struct tmp *t = calloc(1, sizeof(*t));

	strcpy(t->dir, "/tmp/test_config.XXXXXX");
	if (!mkdtemp(t->dir))
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/nsfence.conf", t->dir);
	*state = t;
	return 0;
}

static int drop_tmp(void **state)
{
	struct tmp *t = *state;
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", t->dir);
	if (system(cmd))
		return -1;
	free(t);
	return 0;
}

static FILE *make(struct tmp *t, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	return f;
}

static void expect(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void expect(const char *path, const char *fmt, ...)
{
	char *want, *got = describe(path);
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&want, fmt, ap) > 0);
	va_end(ap);
	assert_string_equal(got, want);
	free(got);
	free(want);
}

static void test_files(void **state)
{
	struct tmp *t = *state;

	expect(t->path, "%s: Error: cannot be read: No such file or directory\n", t->path);
	expect(t->dir, "%s: Error: cannot be read: No such file or directory\n", t->path);
	assert_int_equal(mkfifo(t->path, 0600), 0);
	expect(t->dir, "%s: Error: is not a regular file; accepted: a regular file\n", t->path);
	unlink(t->path);
	assert_int_equal(mkdir(t->path, 0700), 0);
	expect(t->dir, "%s: Error: is a directory; accepted: a regular file\n", t->path);
	rmdir(t->path);
	assert_int_equal(symlink("nsfence.conf", t->path), 0);
	expect(t->dir, "%s: Error: cannot be read: Too many levels of symbolic links\n", t->path);
}

/* A drop-in directory that cannot be read is an error, one not there is not. */
static void test_drop_in_dir(void **state)
{
	struct tmp *t = *state;
	char dir[128];

	fclose(make(t, "nsfence.conf"));
	expect(t->dir, "backend=auto\n");
	snprintf(dir, sizeof(dir), "%s/nsfence.conf.d", t->dir);
	fclose(make(t, "nsfence.conf.d"));
	expect(t->dir, "%s: Error: cannot be read: Not a directory\n", dir);
}

static void test_too_large(void **state)
{
	struct tmp *t = *state;
	FILE *f = make(t, "nsfence.conf");
	int i;

	for (i = 0; i < CONFIG_MAX_FILE; i++)
		putc('\n', f);
	fflush(f);
	expect(t->path, "backend=auto\n");
	putc('\n', f);
	fclose(f);
	expect(t->path, "%s: Error: is too large; accepted: at most 1048576 bytes\n", t->path);
}

/* No section name is cut, however long; none is taken for another. */
static void test_long_names(void **state)
{
	struct tmp *t = *state;
	FILE *f = make(t, "nsfence.conf");
	char name[256];
	struct config_errors errs = { 0 };
	struct config c;

	memset(name, 'n', 255);
	name[255] = 0;
	fprintf(f, "[netns %s]\npolicy = drop\n", name);
	name[254] = 'm';
	fprintf(f, "[netns %s]\npolicy = accept\n", name);
	fclose(f);
	assert_int_equal(config_load(t->path, &c, &errs), 0);
	assert_int_equal(c.n_sections, 2);
	assert_string_equal(config_find(&c, CONFIG_NETNS, name)->policy, "accept");
	name[254] = 'n';
	assert_string_equal(config_find(&c, CONFIG_NETNS, name)->policy, "drop");
	name[254] = 0;
	assert_null(config_find(&c, CONFIG_NETNS, name));
	config_clean(&c);
}

/* The source fits the module's limit, and keeps the end, which tells files apart. */
static void test_long_source(void **state)
{
	struct tmp *t = *state;
	char name[300] = "nsfence.conf.d/", dir[128];
	struct config_errors errs = { 0 };
	const char *source;
	struct config c;
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/nsfence.conf.d", t->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	fclose(make(t, "nsfence.conf"));
	memset(name + 15, 'x', 240);
	strcpy(name + 250, ".conf");
	f = make(t, name);
	fputs("[netns a]\npolicy = drop\n", f);
	fclose(f);
	assert_int_equal(config_load(t->dir, &c, &errs), 0);
	source = config_find(&c, CONFIG_NETNS, "a")->source;
	assert_int_equal(strlen(source), GENL_MAX_SOURCE);
	assert_memory_equal(source, "...", 3);
	assert_string_equal(source + GENL_MAX_SOURCE - strlen("x.conf:2"), "x.conf:2");
	config_clean(&c);
}

/* As many sections as fit a file: sorted and merged in no time. */
static void test_many(void **state)
{
	struct tmp *t = *state;
	FILE *f = make(t, "nsfence.conf");
	struct config_errors errs = { 0 };
	struct config c;
	char name[16];
	int i;

	for (i = 0; i < 20000; i++)
		fprintf(f, "[netns n%d]\npolicy = drop\n", 19999 - i);
	fclose(f);
	assert_int_equal(config_load(t->path, &c, &errs), 0);
	assert_int_equal(c.n_sections, 20000);
	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(config_find(&c, CONFIG_NETNS, name)->order, 19999 - i);
	}
	config_clean(&c);
}

/* A file of nothing but errors: a hundred in file order, the rest counted. */
static void test_many_errors(void **state)
{
	struct tmp *t = *state;
	FILE *f = make(t, "nsfence.conf");
	struct config_errors *errs = calloc(1, sizeof(*errs));
	struct config c;
	size_t i;

	for (i = 0; i < 100000; i++)
		fputs("[netns n]\n", f);	/* one error, found last, of line 1 */
	for (i = 0; i < 1000; i++)
		fputs("x\n", f);
	fclose(f);
	assert_int_equal(config_load(t->path, &c, errs), -EINVAL);
	assert_int_equal(errs->n, CONFIG_MAX_ERRORS);
	assert_int_equal(errs->more, 1001 - CONFIG_MAX_ERRORS);
	assert_int_equal(errs->v[0].line, 1);
	for (i = 1; i < errs->n; i++)
		assert_int_equal(errs->v[i].line, 100000 + i);
	config_errors_clean(errs);
	free(errs);
}

/* ---- policies ---- */

static void put(struct tmp *t, const char *name, const char *text)
{
	FILE *f = make(t, name);

	fputs(text, f);
	fclose(f);
}

static void make_dirs(struct tmp *t)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/policies", t->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(dir, sizeof(dir), "%s/netns.d", t->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
}

/* Which namespace gets what: by section, by its own file, and by both in part. */
static void test_policies(void **state)
{
	struct config_errors errs = { 0 };
	const struct config_section *n;
	struct tmp *t = *state;
	struct config c;
	char before[512], after[512];

	make_dirs(t);
	put(t, "nsfence.conf", "[netns web1]\npolicy = web\nmode = audit\n"
	    "[netns web2]\npolicy = web\nforward = accept\n"
	    "[netns own]\nmode = audit\n[netns plain]\npolicy = drop\n");
	put(t, "policies/web.nft", "warning it rains\nhook input\n");
	put(t, "policies/unused.nft", "error nobody looks\n");
	put(t, "policies/.#web.nft", "of an editor\n");
	put(t, "policies/web.nft~", "of another\n");
	put(t, "netns.d/own.nft", "hook output\n");
	put(t, "netns.d/alone.nft", "hook output\n");
	put(t, "netns.d/drop.nft", "of a namespace with that name\n");
	fake_compiled = 0;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(config_load(t->dir, &c, &errs), 0);
	assert_non_null(getcwd(after, sizeof(after)));
	assert_string_equal(before, after);
	assert_int_equal(fake_compiled, 4);
	assert_int_equal(c.n_sections, 6);
	assert_int_equal(c.n_policies, 4);

	n = config_find(&c, CONFIG_NETNS, "web1");
	assert_string_equal(n->policy, "web");
	assert_ptr_equal(n->file, config_find_policy(&c, "web"));
	assert_int_equal(n->hooks, 0);
	assert_int_equal(n->mode, GENL_MODE_AUDIT);
	assert_string_equal(n->source, "nsfence.conf:2");
	assert_true(policies_has_hook(&n->file->compiled, GENL_HOOK_INPUT));
	assert_false(policies_has_hook(&n->file->compiled, GENL_HOOK_FORWARD));
	assert_int_equal(n->file->compiled.size, n->file->compiled.image->size);
	assert_ptr_equal(config_find(&c, CONFIG_NETNS, "web2")->file, n->file);
	assert_int_equal(config_find(&c, CONFIG_NETNS, "web2")->flags,
			 GENL_F_FORWARD_ACCEPT | GENL_F_INHERIT);

	n = config_find(&c, CONFIG_NETNS, "own");
	assert_string_equal(n->policy, "netns:own");
	assert_int_equal(n->mode, GENL_MODE_AUDIT);
	assert_string_equal(n->source, "netns.d/own.nft");
	assert_int_equal(n->order, 2);
	n = config_find(&c, CONFIG_NETNS, "alone");
	assert_string_equal(n->policy, "netns:alone");
	assert_int_equal(n->mode, GENL_MODE_ENFORCE);
	assert_string_equal(n->source, "netns.d/alone.nft");
	assert_int_equal(n->order, 4);		/* after all sections */
	assert_string_equal(config_find(&c, CONFIG_NETNS, "drop")->policy, "netns:drop");
	assert_null(config_find(&c, CONFIG_NETNS, "plain")->file);
	assert_null(config_find_policy(&c, "unused"));
	assert_null(config_find_policy(&c, "drop"));

	assert_int_equal(c.n_warnings, 1);
	assert_string_equal(c.warnings[0],
			    "policies/web.nft:1:9-16: Warning: it rains\n"
			    "warning it rains\n        ^^^^^^^^\n");
	config_clean(&c);
}

/* Every mistake of every file in one run, in order. */
static void test_policy_errors(void **state)
{
	struct tmp *t = *state;
	char conf[256];

	make_dirs(t);
	snprintf(conf, sizeof(conf), "%s/nsfence.conf", t->dir);
	put(t, "nsfence.conf", "[netns a]\npolicy = web\nhooks = input\nstrict = no\n"
	    "[netns b]\npolicy = nosuch\nstrict = yes\n"
	    "[netns c]\npolicy = router\nforward = accept\n"
	    "[netns d]\npolicy = drop\n"
	    "[netns e]\npolicy = -x\n");
	put(t, "policies/web.nft", "hook input\nerror no such thing\nerror nor that\n");
	put(t, "policies/router.nft", "hook forward\n");
	put(t, "policies/drop.nft", "");
	put(t, "policies/a b.nft", "");
	put(t, "netns.d/a.nft", "error third\n");
	put(t, "netns.d/d.nft", "");
	put(t, "netns.d/"
	    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.nft", "");
	expect(t->dir,
	       "%s:2:10: Error: policy is set here, and there is a file netns.d/a.nft, which is the policy of this namespace; accepted: one of the two\n"
	       "%s:3:9: Error: hooks is for built-in policies only (drop, reject, accept, audit), and the policy is netns.d/a.nft\n"
	       "%s:4:10: Error: strict is for built-in policies only (drop, reject, accept, audit), and the policy is netns.d/a.nft\n"
	       "%s:6:10: Error: no policy \"nosuch\", for there is no file policies/nosuch.nft; accepted: drop, reject, accept, audit, none, or the NAME of a file policies/NAME.nft\n"
	       "%s:10:11: Error: forward = accept, while policies/router.nft has a chain on hook forward\n"
	       "%s:12:10: Error: policy is set here, and there is a file netns.d/d.nft, which is the policy of this namespace; accepted: one of the two\n"
	       "%s:14:10: Error: \"-x\" is not a value of policy; accepted: drop, reject, accept, audit, none, or the NAME of a file policies/NAME.nft (1 to 63 of A-Z a-z 0-9 . _ -, first no . nor -)\n"
	       "netns.d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.nft: Error: the name \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" is longer than 57 bytes; accepted: 1 to 57 of A-Z a-z 0-9 . _ -, first no . nor - (another namespace takes a section with policy =)\n"
	       "policies/a b.nft: Error: the name \"a b\" has other characters than A-Z a-z 0-9 . _ -; accepted: 1 to 63 of A-Z a-z 0-9 . _ -, first no . nor -\n"
	       "policies/drop.nft: Error: the name \"drop\" is that of a built-in policy; accepted: 1 to 63 of A-Z a-z 0-9 . _ -, first no . nor -\n"
	       "netns.d/a.nft:1:7-11: Error: third\nerror third\n      ^^^^^\n",
	       conf, conf, conf, conf, conf, conf, conf);
}

/* A policy's mistakes keep the order of its lines, and the compiler's form. */
static void test_policy_messages(void **state)
{
	struct tmp *t = *state;
	struct config_errors *errs = calloc(1, sizeof(*errs));
	struct config c;
	char first[64];
	FILE *f;
	int i;

	make_dirs(t);
	put(t, "nsfence.conf", "[netns a]\npolicy = web\n[netns b]\npolicy = web\n");
	put(t, "policies/web.nft", "error one\nfine\nerror two\n");
	expect(t->dir, "policies/web.nft:1:7-9: Error: one\nerror one\n      ^^^\n"
	       "policies/web.nft:3:7-9: Error: two\nerror two\n      ^^^\n");
	f = make(t, "policies/web.nft");
	for (i = 0; i < 250; i++)
		fputs("error many\n", f);
	fclose(f);
	assert_int_equal(config_load(t->dir, &c, errs), -EINVAL);
	assert_int_equal(errs->n, CONFIG_MAX_ERRORS);
	assert_int_equal(errs->more, 150);
	config_errors_first(errs, first, sizeof(first));
	assert_string_equal(first, "policies/web.nft:1:7-10: Error: many");
	config_errors_clean(errs);
	config_errors_first(errs, first, sizeof(first));
	assert_string_equal(first, "");
	free(errs);
}

/* One file alone: the policies beside it, and no netns.d. */
static void test_policy_of_single_file(void **state)
{
	struct config_errors errs = { 0 };
	struct tmp *t = *state;
	struct config c;
	int back = open(".", O_RDONLY | O_DIRECTORY);

	make_dirs(t);
	put(t, "nsfence.conf", "[netns a]\npolicy = web\n");
	put(t, "policies/web.nft", "hook input\n");
	put(t, "netns.d/b.nft", "hook input\n");
	assert_int_equal(config_load(t->path, &c, &errs), 0);
	assert_int_equal(c.n_sections, 1);
	assert_string_equal(config_find(&c, CONFIG_NETNS, "a")->policy, "web");
	config_clean(&c);
	assert_int_equal(chdir(t->dir), 0);
	assert_int_equal(config_load("nsfence.conf", &c, &errs), 0);
	assert_int_equal(c.n_policies, 1);
	config_clean(&c);
	assert_int_equal(fchdir(back), 0);
	close(back);
}

/* A later file's policy takes the place of an earlier one's, built-in or not. */
static void test_policy_overridden(void **state)
{
	struct config_errors errs = { 0 };
	struct tmp *t = *state;
	struct config c;
	char dir[128];

	make_dirs(t);
	snprintf(dir, sizeof(dir), "%s/nsfence.conf.d", t->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	put(t, "nsfence.conf", "[netns a]\npolicy = web\n[netns b]\npolicy = drop\n"
	    "[netns c]\npolicy = gone\n");
	put(t, "nsfence.conf.d/1.conf", "[netns a]\npolicy = drop\n[netns b]\npolicy = web\n"
	    "[netns c]\npolicy = web\n");
	put(t, "policies/web.nft", "hook input\n");
	assert_int_equal(config_load(t->dir, &c, &errs), 0);
	assert_string_equal(config_find(&c, CONFIG_NETNS, "a")->policy, "drop");
	assert_null(config_find(&c, CONFIG_NETNS, "a")->file);
	assert_string_equal(config_find(&c, CONFIG_NETNS, "b")->policy, "web");
	assert_string_equal(config_find(&c, CONFIG_NETNS, "c")->policy, "web");
	assert_int_equal(c.n_policies, 1);
	config_clean(&c);
}

static void test_policy_dirs(void **state)
{
	struct tmp *t = *state;

	put(t, "nsfence.conf", "");
	put(t, "policies", "a file");
	put(t, "netns.d", "another");
	expect(t->dir, "netns.d: Error: cannot be read: Not a directory\n"
	       "policies: Error: cannot be read: Not a directory\n");
}

/* Selectors are kept in one form, whatever they are written in; the order stays. */
static void test_selectors(void **state)
{
	const struct config_section *s;
	struct config_errors errs = { 0 };
	struct tmp *t = *state;
	struct config c;

	put(t, "nsfence.conf",
	    "[path /run/netns/web1]\npolicy = drop\n"
	    "[path /var/run/docker/netns/*]\npolicy = drop\nexcept = /var/run/docker/netns/default\n"
	    "[pid 0812]\npolicy = drop\n[unit render]\npolicy = none\ninherit = no\n"
	    "[inode 4026532240]\npolicy = drop\ninherit = no\n"
	    "[netns web-[0-9]*]\npolicy = drop\nexcept = web-0, /run/netns/web-1*\n");
	assert_int_equal(config_load(t->path, &c, &errs), 0);
	assert_int_equal(c.n_sections, 6);
	s = config_find(&c, CONFIG_NETNS, "web1");
	assert_string_equal(s->path, "/run/netns/web1");
	assert_false(s->glob);
	assert_int_equal(s->flags, GENL_F_INHERIT);
	s = config_find(&c, CONFIG_PATH, "/run/docker/netns/*");
	assert_true(s->glob);
	assert_int_equal(s->literals, 18);
	assert_int_equal(s->n_except, 1);
	assert_string_equal(s->except[0], "/run/docker/netns/default");
	assert_int_equal(config_find(&c, CONFIG_PID, "812")->number, 812);
	s = config_find(&c, CONFIG_UNIT, "render.service");
	assert_true(s->none);
	assert_string_equal(s->policy, "none");
	assert_null(s->path);
	s = config_find(&c, CONFIG_INODE, "4026532240");
	assert_int_equal(s->number, 4026532240u);
	assert_int_equal(s->flags, 0);
	s = config_find(&c, CONFIG_NETNS, "web-[0-9]*");
	assert_int_equal(s->literals, 15);
	assert_int_equal(s->n_except, 2);
	assert_string_equal(s->except[0], "/run/netns/web-0");
	assert_string_equal(s->except[1], "/run/netns/web-1*");
	config_clean(&c);
}

/* The same section, by either spelling; a later file overrides, key by key. */
static void test_selectors_merged(void **state)
{
	const struct config_section *s;
	struct config_errors errs = { 0 };
	struct tmp *t = *state;
	struct config c;
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/nsfence.conf.d", t->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	put(t, "nsfence.conf", "[netns b*]\npolicy = drop\nexcept = b1, b2\nmode = audit\n"
	    "[netns a]\npolicy = drop\nhooks = input\nstrict = yes\n");
	put(t, "nsfence.conf.d/1.conf", "[path /var/run/netns/b*]\nexcept = /run/netns/b3\n"
	    "[path /run/netns/a]\npolicy = none\n[nsfenced]\nbirth = reject\n");
	assert_int_equal(config_load(t->dir, &c, &errs), 0);
	assert_int_equal(c.n_sections, 2);
	s = config_find(&c, CONFIG_NETNS, "b*");
	assert_int_equal(s->n_except, 1);
	assert_string_equal(s->except[0], "/run/netns/b3");
	assert_int_equal(s->mode, GENL_MODE_AUDIT);
	assert_string_equal(s->source, "nsfence.conf:2");
	assert_true(config_find(&c, CONFIG_NETNS, "a")->none);
	assert_string_equal(config_find(&c, CONFIG_NETNS, "a")->source, "nsfence.conf.d/1.conf:4");
	assert_string_equal(c.birth.policy, "reject");
	config_clean(&c);
	put(t, "nsfence.conf.d/2.conf", "[nsfenced]\nbirth = none\n");
	assert_int_equal(config_load(t->dir, &c, &errs), 0);
	assert_null(c.birth.policy);
	config_clean(&c);
}

/* A policy that only birth needs is compiled, and its mistakes are the configuration's. */
static void test_birth(void **state)
{
	struct config_errors errs = { 0 };
	struct tmp *t = *state;
	struct config c;

	make_dirs(t);
	put(t, "nsfence.conf", "[nsfenced]\nbirth = nursery\n");
	put(t, "policies/nursery.nft", "hook input\n");
	assert_int_equal(config_load(t->dir, &c, &errs), 0);
	assert_int_equal(c.n_policies, 1);
	assert_ptr_equal(c.birth_file, config_find_policy(&c, "nursery"));
	assert_string_equal(c.birth.policy, "nursery");
	config_clean(&c);
	put(t, "policies/nursery.nft", "error cradle\n");
	expect(t->dir, "policies/nursery.nft:1:7-12: Error: cradle\nerror cradle\n      ^^^^^^\n");
	put(t, "nsfence.conf", "[nsfenced]\nbackend = nft\nbirth = drop\n");
	expect(t->dir, "%s:3:9: Error: birth, which nftables cannot give, while backend = nft; accepted: birth = none\n",
	       t->path);
	put(t, "nsfence.conf", "[nsfenced]\nbackend = nft\nbirth = none\n");
	expect(t->dir, "backend=nft\n");
	/* The word for no policy names no file. */
	put(t, "policies/nursery.nft", "");
	put(t, "policies/none.nft", "");
	expect(t->dir, "policies/none.nft: Error: the name \"none\" means no policy; accepted: 1 to 63 of A-Z a-z 0-9 . _ -, first no . nor -\n");
}

static void test_same_wish(void **state)
{
	struct config_section a = { .policy = "drop", .hooks = 2 }, b = a;

	(void)state;
	assert_true(config_same_wish(&a, &b));
	b.flags = GENL_F_INHERIT;
	assert_false(config_same_wish(&a, &b));
	b = a;
	b.policy = "accept";
	assert_false(config_same_wish(&a, &b));
	b = a;
	b.mode = GENL_MODE_AUDIT;
	assert_false(config_same_wish(&a, &b));
	a.policy = b.policy = "audit";		/* which is audit in either mode */
	assert_true(config_same_wish(&a, &b));
	b.hooks = 4;
	assert_false(config_same_wish(&a, &b));
	b = a;
	b.none = true;
	assert_false(config_same_wish(&a, &b));
	a.none = true;
	b.flags = GENL_F_STRICT;		/* of no fence */
	assert_true(config_same_wish(&a, &b));
}

static void test_tabs(void **state)
{
	char buf[64], tiny[6];

	(void)state;
	config_expand_tabs("\ta\t1234567\t|", buf, sizeof(buf));
	assert_string_equal(buf, "        a       1234567 |");
	config_expand_tabs("", buf, sizeof(buf));
	assert_string_equal(buf, "");
	config_expand_tabs("a\tb", tiny, sizeof(tiny));
	assert_string_equal(tiny, "a    ");
}

static void test_names(void **state)
{
	char name[GENL_MAX_NAME + 1], file[96], longest[80];
	struct err e;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[64] = 0;
	assert_non_null(policies_name_fault(longest));
	longest[63] = 0;
	assert_null(policies_name_fault(longest));
	assert_null(policies_name_fault("Web-1.2_x"));
	assert_non_null(policies_name_fault(""));
	assert_non_null(policies_name_fault(".web"));
	assert_non_null(policies_name_fault("-web"));
	assert_non_null(policies_name_fault("netns:web"));
	assert_non_null(policies_name_fault("w\303\251b"));
	assert_non_null(policies_name_fault("audit"));
	assert_non_null(policies_name_fault("none"));
	policies_file(longest, file, sizeof(file));
	assert_int_equal(strlen(file), 9 + 63 + 4);
	policies_file("netns:web1", file, sizeof(file));
	assert_string_equal(file, "netns.d/web1.nft");
	assert_int_equal(policies_stem("/etc/x/web.nft", name, &e), 0);
	assert_string_equal(name, "web");
	assert_int_equal(policies_stem("./web", name, &e), 0);
	assert_string_equal(name, "web");
	assert_int_equal(policies_stem("drop.nft", name, &e), -EINVAL);
	assert_int_equal(policies_stem("a/", name, &e), -EINVAL);
	assert_int_equal(policies_stem("a b.nft", name, &e), -EINVAL);
	assert_true(policies_is_file("web.nft") && policies_is_file("./web"));
	assert_false(policies_is_file("web") || policies_is_file(".nft"));
}

/* What we ship is valid, and the default fences nothing. */
static void test_shipped(void **state)
{
	struct config_errors errs = { 0 };
	struct dirent *d;
	struct config c;
	int examples = 0;
	DIR *dir;

	(void)state;
	assert_int_equal(config_load("conf/nsfence.conf", &c, &errs), 0);
	assert_int_equal(c.n_sections, 0);
	config_clean(&c);
	dir = opendir("conf/examples");
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		char path[512], *text;
		size_t len = strlen(d->d_name);

		if (len < 5 || strcmp(d->d_name + len - 5, ".conf"))
			continue;
		snprintf(path, sizeof(path), "conf/examples/%s", d->d_name);
		text = describe(path);
		assert_null(strstr(text, "Error"));
		assert_non_null(strstr(text, "netns"));
		free(text);
		examples++;
	}
	closedir(dir);
	assert_true(examples >= 3);
}

/*
 * The commented lines of the default that show a setting are settings: with
 * the "#" taken off, the file is still valid.
 */
static void test_shipped_comments(void **state)
{
	struct tmp *t = *state;
	FILE *in = fopen("conf/nsfence.conf", "r"), *out = make(t, "nsfence.conf");
	char line[512], *got;

	assert_non_null(in);
	make_dirs(t);
	put(t, "policies/sandbox.nft", "hook input\n");	/* which it names */
	while (fgets(line, sizeof(line), in))
		fputs(line[0] == '#' && line[1] != ' ' && line[1] != '\n' ? line + 1 : line, out);
	fclose(in);
	fclose(out);
	got = describe(t->path);
	assert_null(strstr(got, "Error"));
	assert_non_null(strstr(got, "netns"));
	free(got);
}

#define WITH_TMP(f) cmocka_unit_test_setup_teardown(f, make_tmp, drop_tmp)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		WITH_TMP(test_files),
		WITH_TMP(test_drop_in_dir),
		WITH_TMP(test_too_large),
		WITH_TMP(test_long_names),
		WITH_TMP(test_long_source),
		WITH_TMP(test_many),
		WITH_TMP(test_many_errors),
		WITH_TMP(test_policies),
		WITH_TMP(test_policy_errors),
		WITH_TMP(test_policy_messages),
		WITH_TMP(test_policy_of_single_file),
		WITH_TMP(test_policy_overridden),
		WITH_TMP(test_policy_dirs),
		WITH_TMP(test_selectors),
		WITH_TMP(test_selectors_merged),
		WITH_TMP(test_birth),
		cmocka_unit_test(test_same_wish),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_shipped),
		WITH_TMP(test_shipped_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
