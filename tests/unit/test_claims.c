// links: claims.c config.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which section claims which namespace, as a table: sections and names go in as
 * short texts, and what is claimed comes out as one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "claims.h"

#define MAX 16

struct world {
	struct config_section sections[MAX];
	struct config config;
	struct claims_name names[MAX];
	size_t n_names;
	char text[MAX * 4][64];
	size_t n_text;
};

static char *keep(struct world *w, const char *s)
{
	return strcpy(w->text[w->n_text++], s);
}

static unsigned int count(const char *s)
{
	unsigned int n = 0;

	for (; *s; s++) {
		if (*s == '[')
			s = strchr(s, ']');
		else if (!strchr("*?", *s))
			n++;
	}
	return n;
}

/* As config_load() makes it; sorted by kind and name at the end. */
static struct config_section *section(struct world *w, enum config_kind kind, const char *name,
				      const char *policy)
{
	struct config_section *s = &w->sections[w->config.n_sections];
	char path[128];

	*s = (struct config_section){
		.kind = kind, .name = keep(w, name), .policy = policy,
		.order = (unsigned int)w->config.n_sections++,
		.none = !strcmp(policy, "none"),
	};
	if (kind <= CONFIG_PATH) {
		snprintf(path, sizeof(path), "%s%s", kind == CONFIG_NETNS ? "/run/netns/" : "",
			 name);
		s->path = keep(w, path);
		s->glob = strpbrk(path, "*?[");
		s->literals = s->glob ? count(path) : 0;
	}
	snprintf(s->source, sizeof(s->source), "c:%u", s->order);
	w->config.sections = w->sections;
	return s;
}

static struct claims_name *name(struct world *w, enum config_kind kind, const char *text,
				uint32_t inode)
{
	struct claims_name *n = &w->names[w->n_names++];
	char path[128];

	snprintf(path, sizeof(path), "%s%s", kind == CONFIG_NETNS ? "/run/netns/" : "", text);
	*n = (struct claims_name){
		.kind = kind, .name = keep(w, text), .inode = inode,
		.path = kind <= CONFIG_PATH ? keep(w, path) : NULL,
		.lack = inode ? CLAIMS_THERE : CLAIMS_FILE,
	};
	return n;
}

static int by_name(const void *pa, const void *pb)
{
	const struct config_section *a = pa, *b = pb;

	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->name, b->name);
}

/* pid, unit and inode belong to their sections, which sorting has moved. */
static void settle(struct world *w)
{
	size_t i;

	qsort(w->sections, w->config.n_sections, sizeof(w->sections[0]), by_name);
	for (i = 0; i < w->n_names; i++)
		if (w->names[i].kind > CONFIG_PATH)
			w->names[i].section = config_find(&w->config, w->names[i].kind,
							  w->names[i].name);
}

/* "10:web1>c:0 " of namespace 10 by name web1; "!" rival; "-" of what is not there. */
static void expect(struct world *w, const char *wanted)
{
	struct claims claims;
	char got[1024] = "";
	size_t i, n = 0;

	settle(w);
	assert_int_equal(claims_make(&w->config, w->names, w->n_names, &claims), 0);
	for (i = 0; i < claims.n; i++) {
		const struct claim *c = &claims.v[i];

		assert_int_equal(i < claims.n_there, !!c->inode);
		if (c->inode) {
			assert_ptr_equal(claims_find(&claims, c->inode), c);
			n += snprintf(got + n, sizeof(got) - n, "%u:", c->inode);
		} else {
			n += snprintf(got + n, sizeof(got) - n, "-:");
		}
		n += snprintf(got + n, sizeof(got) - n, "%s>%s", c->by ? c->by->name : "",
			      c->want->source);
		if (c->rival)
			n += snprintf(got + n, sizeof(got) - n, "!%s>%s", c->rival_by->name,
				      c->rival->source);
		n += snprintf(got + n, sizeof(got) - n, " ");
	}
	assert_null(claims_find(&claims, 0));
	assert_null(claims_find(&claims, 4711));
	claims_clean(&claims);
	assert_string_equal(got, wanted);
}

static void test_nothing(void **state)
{
	struct world w = { 0 };

	(void)state;
	expect(&w, "");
	name(&w, CONFIG_NETNS, "web1", 10);
	expect(&w, "");
}

static void test_exact(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_NETNS, "web1", "drop");
	section(&w, CONFIG_PATH, "/run/docker/netns/x", "drop");
	section(&w, CONFIG_NETNS, "gone", "drop");
	section(&w, CONFIG_NETNS, "file", "drop");
	name(&w, CONFIG_NETNS, "web1", 11);
	name(&w, CONFIG_PATH, "/run/docker/netns/x", 10);
	name(&w, CONFIG_NETNS, "other", 12);
	name(&w, CONFIG_NETNS, "file", 0);
	expect(&w, "10:/run/docker/netns/x>c:1 11:web1>c:0 -:>c:2 -:file>c:3 ");
}

/* What a link leads to is neither claimed nor named by it. */
static void test_link(void **state)
{
	struct world w = { 0 };
	struct claims_name *n;

	(void)state;
	section(&w, CONFIG_NETNS, "*", "drop");
	n = name(&w, CONFIG_NETNS, "web1", 10);
	n->lack = CLAIMS_LINK;
	expect(&w, "-:web1>c:0 ");
	name(&w, CONFIG_PATH, "/elsewhere", 10);
	expect(&w, "-:web1>c:0 ");
}

static void test_globs(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_NETNS, "web*", "drop");
	section(&w, CONFIG_PATH, "/run/docker/netns/?[0-9]", "accept");
	name(&w, CONFIG_NETNS, "web1", 10);
	name(&w, CONFIG_NETNS, ".web", 11);
	name(&w, CONFIG_NETNS, "aweb", 12);
	name(&w, CONFIG_NETNS, "web", 13);
	name(&w, CONFIG_PATH, "/run/docker/netns/a1", 14);
	name(&w, CONFIG_PATH, "/run/docker/netns/aa", 15);
	name(&w, CONFIG_PATH, "/run/docker/netns/a/1", 16);
	/* A file of just the glob's name is claimed by it as a glob, not as a name. */
	name(&w, CONFIG_NETNS, "web*", 17);
	expect(&w, "10:web1>c:0 13:web>c:0 14:/run/docker/netns/a1>c:1 17:web*>c:0 ");
}

/* Neither star nor question mark nor bracket takes a "." that begins a part, or a "/". */
static void test_period(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_PATH, "/x/*", "drop");
	section(&w, CONFIG_PATH, "/x/*/y", "drop");
	name(&w, CONFIG_PATH, "/x/.a", 10);
	name(&w, CONFIG_PATH, "/x/a/b", 11);
	name(&w, CONFIG_PATH, "/x/.a/y", 12);
	name(&w, CONFIG_PATH, "/x/a.b/y", 13);
	expect(&w, "13:/x/a.b/y>c:1 ");
}

static void test_except(void **state)
{
	static char *except[] = { (char *)"/run/netns/build-host", (char *)"/run/netns/build-*-old" };
	struct world w = { 0 };
	struct config_section *s = section(&w, CONFIG_NETNS, "build-*", "drop");

	(void)state;
	s->except = except;
	s->n_except = 2;
	name(&w, CONFIG_NETNS, "build-1", 10);
	name(&w, CONFIG_NETNS, "build-host", 11);
	name(&w, CONFIG_NETNS, "build-1-old", 12);
	expect(&w, "10:build-1>c:0 ");
	/* Another section may claim what this one excepts; and this one, by another name. */
	section(&w, CONFIG_NETNS, "*", "accept");
	expect(&w, "10:build-1>c:0 11:build-host>c:1 12:build-1-old>c:1 ");
	name(&w, CONFIG_NETNS, "build-2", 11);
	expect(&w, "10:build-1>c:0 11:build-2>c:0 12:build-1-old>c:1 ");
}

/* The order of the manual's table: exact, then the number of literal characters. */
static void test_specificity(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_NETNS, "*", "drop");			/* 11 */
	section(&w, CONFIG_NETNS, "web-*", "accept");		/* 15 */
	section(&w, CONFIG_NETNS, "web-*-test", "reject");	/* 20 */
	section(&w, CONFIG_NETNS, "web-1", "audit");
	section(&w, CONFIG_PATH, "/run/*/netns/*", "none");	/* 12 */
	section(&w, CONFIG_PATH, "/run/docker/netns/*", "drop");	/* 18 */
	name(&w, CONFIG_NETNS, "x", 10);
	name(&w, CONFIG_NETNS, "web-2", 11);
	name(&w, CONFIG_NETNS, "web-1-test", 12);
	name(&w, CONFIG_NETNS, "web-1", 13);
	name(&w, CONFIG_PATH, "/run/docker/netns/4f2a", 14);
	name(&w, CONFIG_PATH, "/run/podman/netns/4f2a", 15);
	expect(&w, "10:x>c:0 11:web-2>c:1 12:web-1-test>c:2 13:web-1>c:3 "
		   "14:/run/docker/netns/4f2a>c:5 15:/run/podman/netns/4f2a>c:4 ");
	/* All names are weighed: the docker one has 18, [netns *] 11. */
	name(&w, CONFIG_NETNS, "db", 14);
	expect(&w, "10:x>c:0 11:web-2>c:1 12:web-1-test>c:2 13:web-1>c:3 "
		   "14:/run/docker/netns/4f2a>c:5 15:/run/podman/netns/4f2a>c:4 ");
}

static void test_several_names(void **state)
{
	struct world w = { 0 };
	struct claims claims;
	const struct claims_name *const *v;
	size_t n;

	(void)state;
	section(&w, CONFIG_NETNS, "web*", "drop");
	section(&w, CONFIG_PID, "812", "accept");
	name(&w, CONFIG_PID, "812", 10);
	name(&w, CONFIG_PATH, "/a", 10);
	name(&w, CONFIG_NETNS, "web1", 10);
	expect(&w, "10:812>c:1 ");	/* exact beats the glob */
	assert_int_equal(claims_make(&w.config, w.names, w.n_names, &claims), 0);
	v = claims_names(&claims, 10, &n);
	assert_int_equal(n, 3);
	assert_string_equal(v[0]->name, "web1");
	assert_string_equal(v[1]->name, "/a");
	assert_string_equal(v[2]->name, "812");
	claims_names(&claims, 11, &n);
	assert_int_equal(n, 0);
	assert_true(claims_is_named(&claims, 10));
	assert_false(claims_is_named(&claims, 11));
	claims_clean(&claims);
}

/* By a number alone a namespace has no name. */
static void test_named(void **state)
{
	struct world w = { 0 };
	struct claims claims;

	(void)state;
	section(&w, CONFIG_INODE, "10", "drop");
	section(&w, CONFIG_UNIT, "a.service", "drop");
	name(&w, CONFIG_INODE, "10", 10);
	name(&w, CONFIG_UNIT, "a.service", 11);
	name(&w, CONFIG_PATH, "/x", 12);
	settle(&w);
	assert_int_equal(claims_make(&w.config, w.names, w.n_names, &claims), 0);
	assert_false(claims_is_named(&claims, 10));
	assert_false(claims_is_named(&claims, 11));
	assert_true(claims_is_named(&claims, 12));
	assert_int_equal(claims.n_there, 2);
	claims_clean(&claims);
}

static void test_ties(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_NETNS, "a*", "drop");
	section(&w, CONFIG_NETNS, "*a", "accept");
	section(&w, CONFIG_NETNS, "?a", "drop");
	name(&w, CONFIG_NETNS, "aa", 10);
	name(&w, CONFIG_NETNS, "ab", 11);
	name(&w, CONFIG_NETNS, "ba", 12);
	/* ba: both match, and the first in the configuration decides. */
	expect(&w, "10:aa>c:0!aa>c:1 11:ab>c:0 12:ba>c:1!ba>c:2 ");
	/* The same wishes are no tie; nor are wishes of less weight. */
	w = (struct world){ 0 };
	section(&w, CONFIG_NETNS, "a*", "drop");
	section(&w, CONFIG_NETNS, "*a", "drop");
	section(&w, CONFIG_NETNS, "*", "accept");
	name(&w, CONFIG_NETNS, "aa", 10);
	expect(&w, "10:aa>c:0 ");
}

/* By different names of one namespace; exact ones of every kind. */
static void test_ties_of_names(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_NETNS, "web1", "drop");
	section(&w, CONFIG_NETNS, "alias", "accept");
	section(&w, CONFIG_INODE, "10", "none");
	section(&w, CONFIG_NETNS, "same", "drop");
	name(&w, CONFIG_NETNS, "alias", 10);
	name(&w, CONFIG_NETNS, "same", 10);
	name(&w, CONFIG_NETNS, "web1", 10);
	expect(&w, "10:web1>c:0!alias>c:1 -:>c:2 ");
	name(&w, CONFIG_INODE, "10", 10);
	expect(&w, "10:web1>c:0!alias>c:1 ");
	/* Without the second the third is the rival. */
	w.n_names = 0;
	name(&w, CONFIG_NETNS, "web1", 10);
	name(&w, CONFIG_INODE, "10", 10);
	expect(&w, "10:web1>c:0!10>c:2 -:>c:1 -:>c:3 ");
}

static void test_lacking(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_UNIT, "a.service", "drop");
	section(&w, CONFIG_NETNS, "b*", "drop");
	name(&w, CONFIG_UNIT, "a.service", 0)->lack = CLAIMS_STOPPED;
	name(&w, CONFIG_NETNS, "b2", 0);
	name(&w, CONFIG_NETNS, "b1", 0);
	name(&w, CONFIG_NETNS, "c", 0);
	expect(&w, "-:a.service>c:0 -:b1>c:1 -:b2>c:1 ");
}

static void test_of_path(void **state)
{
	struct world w = { 0 };

	(void)state;
	section(&w, CONFIG_NETNS, "web1", "drop");
	section(&w, CONFIG_NETNS, "web*", "drop");
	section(&w, CONFIG_PATH, "/x/y", "drop");
	settle(&w);
	assert_string_equal(claims_of_path(&w.config, "/run/netns/web1")->source, "c:0");
	assert_string_equal(claims_of_path(&w.config, "/run/netns/web2")->source, "c:1");
	assert_string_equal(claims_of_path(&w.config, "/run/netns/web*")->source, "c:1");
	assert_string_equal(claims_of_path(&w.config, "/x/y")->source, "c:2");
	assert_null(claims_of_path(&w.config, "/run/netns/db"));
	assert_null(claims_of_path(&w.config, "/x"));
}

/* Ten thousand names and sections, and a hundred globs: no time. */
static void test_scale(void **state)
{
	enum { N = 10000, G = 100 };
	struct config_section *v = calloc(N + G, sizeof(*v));
	struct claims_name *names = calloc(N, sizeof(*names));
	char (*text)[2][48] = calloc(N + G, sizeof(*text));
	struct config c = { .sections = v, .n_sections = N + G };
	struct claims claims;
	clock_t begin;
	int i;

	(void)state;
	for (i = 0; i < N + G; i++) {
		snprintf(text[i][0], 20, i < N ? "n%05d" : "x%05d*", i);
		snprintf(text[i][1], 48, "/run/netns/%.20s", text[i][0]);
		v[i] = (struct config_section){
			.kind = CONFIG_NETNS, .name = text[i][0], .path = text[i][1],
			.policy = "drop", .order = (unsigned int)i, .glob = i >= N,
			.literals = i >= N ? 17 : 0,
		};
	}
	for (i = 0; i < N; i++)
		names[i] = (struct claims_name){
			.kind = CONFIG_NETNS, .name = text[i][0], .path = text[i][1],
			.inode = (uint32_t)(1 + (i * 7919) % N),
		};
	begin = clock();
	assert_int_equal(claims_make(&c, names, N, &claims), 0);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	assert_int_equal(claims.n, N);
	claims_clean(&claims);
	free(v);
	free(names);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_period),
		cmocka_unit_test(test_except),
		cmocka_unit_test(test_specificity),
		cmocka_unit_test(test_several_names),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_ties_of_names),
		cmocka_unit_test(test_lacking),
		cmocka_unit_test(test_of_path),
		cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
