// links: reconcile.c config.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision of the daemon, as a table: what is configured, named and fenced
 * goes in as three short texts, and the plan comes out as one. Then the same on
 * random worlds, against what must hold in every one.
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

#include "reconcile.h"

#define IN	(1u << GENL_HOOK_INPUT)
#define FWD	(1u << GENL_HOOK_FORWARD)
#define OUT	(1u << GENL_HOOK_OUTPUT)
#define ALL	(IN | FWD | OUT)
#define OURS	0
#define MANUAL	GENL_F_MANUAL

static char netns_name[8][8] = { "a", "b", "c", "d", "e", "f", "g", "h" };

/* Sorted by name, as config_load() leaves them; the order is given backwards. */
struct world {
	struct config_netns netns[8];
	struct config config;
	struct netns_name names[8];
	size_t n_names;
	struct genl_netns actual[16];
	size_t n_actual;
};

static struct config_netns *want(struct world *w, const char *name, const char *policy)
{
	struct config_netns *n = &w->netns[w->config.n_netns++];

	*n = (struct config_netns){
		.name = netns_name[name[0] - 'a'], .policy = policy, .hooks = ALL,
		.order = w->config.n_netns - 1,
	};
	strcpy(n->source, "nsfence.conf:1");
	w->config.netns = w->netns;
	return n;
}

static void name(struct world *w, const char *s, uint32_t inode)
{
	struct netns_name *n = &w->names[w->n_names++];

	*n = (struct netns_name){ .inode = inode };
	strcpy(n->name, s);
}

static struct genl_netns *have(struct world *w, uint32_t inode, const char *policy,
			       uint32_t flags)
{
	struct genl_netns *n = &w->actual[w->n_actual++];

	*n = (struct genl_netns){ .inode = inode, .flags = flags };
	if (policy) {
		n->instance = 1000 + inode;
		n->hooks = ALL;
		strcpy(n->policy, policy);
		strcpy(n->source, "another source");
	}
	return n;
}

static void expect(struct world *w, const char *wanted)
{
	static const char *const verbs[] = { "attach", "replace", "detach" };
	static const char *const states[] = {
		"fenced", "attach", "replace", "absent", "pending", "manual", "conflict",
		"initial",
	};
	struct reconcile_plan plan;
	char got[1024] = "";
	size_t i, n = 0;

	assert_int_equal(reconcile_plan(&w->config, w->names, w->n_names, w->actual,
					w->n_actual, &plan), 0);
	for (i = 0; i < plan.n_actions; i++) {
		const struct reconcile_action *a = &plan.actions[i];

		n += snprintf(got + n, sizeof(got) - n, "%s ", verbs[a->verb]);
		n += a->item ? snprintf(got + n, sizeof(got) - n, "%s %u; ",
					a->item->want->name, a->item->inode)
			     : snprintf(got + n, sizeof(got) - n, "%u.%llu; ", a->actual->inode,
					(unsigned long long)a->actual->instance);
	}
	for (i = 0; i < plan.n_items; i++) {
		n += snprintf(got + n, sizeof(got) - n, "%s=%s", plan.items[i].want->name,
			      states[plan.items[i].state]);
		if (plan.items[i].leader)
			n += snprintf(got + n, sizeof(got) - n, "(%s)",
				      plan.items[i].leader->want->name);
		n += snprintf(got + n, sizeof(got) - n, " ");
	}
	if (plan.n_nameless)
		snprintf(got + n, sizeof(got) - n, "nameless=%zu ", plan.n_nameless);
	reconcile_plan_clean(&plan);
	assert_string_equal(got, wanted);
}

static void test_nothing(void **state)
{
	struct world w = { 0 };

	(void)state;
	expect(&w, "");
}

static void test_attach(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	want(&w, "b", "drop");
	want(&w, "c", "drop");
	want(&w, "d", "drop");
	name(&w, "b", 0);
	name(&w, "c", 12);
	name(&w, "d", 13);
	name(&w, "x", 14);
	have(&w, 1, NULL, GENL_F_INITIAL);
	have(&w, 13, NULL, 0);
	have(&w, 14, NULL, 0);
	/* a: no such name. b: not mounted yet. c: younger than the dump. */
	expect(&w, "attach c 12; attach d 13; a=absent b=pending c=attach d=attach ");
}

/* A file's hooks are its own: whatever the module reports is as wished. */
static void test_policy_file(void **state)
{
	static const struct config_policy web = { .name = "web" }, db = { .name = "db" };
	struct world w = { 0 };
	struct config_netns *n;

	(void)state;
	n = want(&w, "a", web.name);
	n->file = &web;
	n->hooks = 0;
	n = want(&w, "b", db.name);
	n->file = &db;
	n->hooks = 0;
	n = want(&w, "c", web.name);
	n->file = &web;
	n->hooks = 0;
	n->mode = GENL_MODE_AUDIT;
	n = want(&w, "d", web.name);	/* another name of a: no conflict */
	n->file = &web;
	n->hooks = 0;
	name(&w, "a", 11);
	name(&w, "b", 12);
	name(&w, "c", 13);
	name(&w, "d", 11);
	have(&w, 11, "web", OURS)->hooks = OUT;
	have(&w, 12, "web", OURS)->hooks = IN;
	have(&w, 13, "web", OURS)->hooks = IN;
	expect(&w, "replace b 12; replace c 13; a=fenced b=replace c=replace d=fenced(a) ");
}

/* It names nothing: what it leads to is neither fenced nor laid open. */
static void test_link(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	name(&w, "a", 10);
	w.names[0].link = true;
	have(&w, 10, NULL, 0);
	expect(&w, "a=pending ");
	w.actual[0] = (struct genl_netns){ .inode = 10, .instance = 1, .policy = "drop" };
	expect(&w, "a=pending nameless=1 ");
}

static void test_right_already(void **state)
{
	struct world w = { 0 };
	struct config_netns *n = want(&w, "a", "drop");

	(void)state;
	name(&w, "a", 10);
	have(&w, 10, "drop", OURS | GENL_F_BORN);
	expect(&w, "a=fenced ");	/* though the source differs */
	n->hooks = 0;			/* the default, by another word */
	expect(&w, "a=fenced ");
	n->hooks = ALL;
	w.actual[0].hooks = 0;
	expect(&w, "a=fenced ");
}

/* The module reports policy audit with mode audit, whatever was asked for. */
static void test_audit(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "audit");
	name(&w, "a", 10);
	have(&w, 10, "audit", OURS)->mode = GENL_MODE_AUDIT;
	expect(&w, "a=fenced ");
	w.netns[0].policy = "drop";
	expect(&w, "replace a 10; a=replace ");
}

static void test_replace(void **state)
{
	struct world w = { 0 };
	struct config_netns *n = want(&w, "a", "drop");
	static const char replace[] = "replace a 10; a=replace ";

	(void)state;
	name(&w, "a", 10);
	have(&w, 10, "accept", OURS);
	expect(&w, replace);
	strcpy(w.actual[0].policy, "drop");
	expect(&w, "a=fenced ");
	n->mode = GENL_MODE_AUDIT;
	expect(&w, replace);
	w.actual[0].mode = GENL_MODE_AUDIT;
	expect(&w, "a=fenced ");
	n->hooks = IN;
	expect(&w, replace);
	w.actual[0].hooks = IN;
	n->flags = GENL_F_STRICT;
	expect(&w, replace);
	w.actual[0].flags = GENL_F_STRICT;
	n->flags |= GENL_F_FORWARD_ACCEPT;
	expect(&w, replace);
	w.actual[0].flags |= GENL_F_FORWARD_ACCEPT;
	expect(&w, "a=fenced ");
}

static void test_detach(void **state)
{
	struct world w = { 0 };

	(void)state;
	name(&w, "a", 10);
	name(&w, "b", 11);
	have(&w, 10, "drop", OURS);
	have(&w, 11, "drop", MANUAL);
	have(&w, 12, NULL, 0);
	expect(&w, "detach 10.1010; ");
}

/* `ip netns del` while a process is in it: no reason to open it. */
static void test_nameless(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	have(&w, 10, "drop", OURS);
	have(&w, 11, "drop", MANUAL);
	expect(&w, "a=absent nameless=1 ");
	name(&w, "a", 12);	/* made anew */
	have(&w, 12, NULL, 0);
	expect(&w, "attach a 12; a=attach nameless=1 ");
}

static void test_manual(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	want(&w, "b", "drop");
	name(&w, "a", 10);
	name(&w, "b", 11);
	have(&w, 10, "accept", MANUAL);
	have(&w, 11, "drop", MANUAL);	/* as wished, and still not ours */
	expect(&w, "a=manual b=manual ");
}

static void test_initial(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	name(&w, "a", 10);
	name(&w, "b", 11);
	have(&w, 10, NULL, GENL_F_INITIAL);
	expect(&w, "a=initial ");
	w.actual[0].instance = 5;	/* fenced at load, by allow_init_net=1 */
	w.config.n_netns = 0;
	expect(&w, "");
}

static void test_two_names(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop")->order = 2;
	want(&w, "b", "drop")->order = 1;
	want(&w, "c", "audit")->order = 0;
	name(&w, "a", 10);
	name(&w, "b", 10);
	have(&w, 10, NULL, 0);
	expect(&w, "attach b 10; a=attach(b) b=attach c=absent ");
	name(&w, "c", 10);	/* the first in the configuration decides */
	expect(&w, "attach c 10; a=conflict(c) b=conflict(c) c=attach ");
	have(&w, 10, "drop", OURS);
	w.actual[0] = w.actual[1];
	w.n_actual = 1;
	expect(&w, "replace c 10; a=conflict(c) b=conflict(c) c=replace ");
	w.netns[2].policy = "drop";
	expect(&w, "a=fenced(c) b=fenced(c) c=fenced ");
	w.actual[0].flags = MANUAL;
	expect(&w, "a=manual(c) b=manual(c) c=manual ");
	/* A second name that nobody configured takes nothing away. */
	w.config.n_netns = 1;
	w.actual[0].flags = OURS;
	expect(&w, "a=fenced ");
}

/* A namespace is claimed by its configured name, whatever other names it has. */
static void test_renamed(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	name(&w, "b", 10);
	have(&w, 10, "drop", OURS);
	expect(&w, "detach 10.1010; a=absent ");
}

/* ---- random worlds ---- */

static void apply(struct world *w, const struct reconcile_plan *plan)
{
	size_t i, j;

	for (i = 0; i < plan->n_actions; i++) {
		const struct reconcile_action *a = &plan->actions[i];
		uint32_t inode = a->item ? a->item->inode : a->actual->inode;
		struct genl_netns *n = NULL;

		for (j = 0; j < w->n_actual; j++)
			if (w->actual[j].inode == inode)
				n = &w->actual[j];
		assert_non_null(n);
		assert_false(n->flags & GENL_F_INITIAL);
		assert_false(n->instance && n->flags & MANUAL);
		assert_int_equal(!n->instance, a->verb == RECONCILE_DO_ATTACH);
		if (a->verb == RECONCILE_DO_DETACH) {
			assert_int_equal(a->actual->instance, n->instance);
			n->instance = 0;
			continue;
		}
		n->instance = 7;
		n->mode = a->item->want->mode;
		n->hooks = a->item->want->hooks;
		n->flags = a->item->want->flags;
		snprintf(n->policy, sizeof(n->policy), "%s", a->item->want->policy);
	}
}

static void random_world(struct world *w)
{
	static const char *const policies[] = { "drop", "accept" };
	int i;

	*w = (struct world){ 0 };
	for (i = 0; i < 8; i++) {
		struct config_netns *n;

		if (rand() % 3) {
			n = want(w, netns_name[i], policies[rand() % 2]);
			n->order = rand();
			n->mode = rand() % 2;
			n->flags = rand() % 2 ? GENL_F_STRICT : 0;
			if (rand() % 4 == 0)
				n->hooks = IN | OUT;
		}
		if (rand() % 4)
			name(w, netns_name[i], rand() % 5 ? 10 + rand() % 8 : 0);
		have(w, 10 + i, rand() % 2 ? policies[rand() % 2] : NULL,
		     rand() % 4 ? OURS : MANUAL)->hooks = rand() % 2 ? ALL : IN;
	}
	if (rand() % 2)
		w->actual[0].flags |= GENL_F_INITIAL;
}

static void test_random(void **state)
{
	unsigned int seed = getenv("NSF_SEED") ? strtoul(getenv("NSF_SEED"), NULL, 0)
					       : (unsigned int)time(NULL);
	int round;

	(void)state;
	print_message("# NSF_SEED=%u\n", seed);
	srand(seed);
	for (round = 0; round < 20000; round++) {
		struct reconcile_plan plan;
		struct world w, before;
		size_t i;

		random_world(&w);
		before = w;
		assert_int_equal(reconcile_plan(&w.config, w.names, w.n_names, w.actual,
						w.n_actual, &plan), 0);
		apply(&w, &plan);
		/* Attach and replace come first, so that the last can wait for all. */
		for (i = 1; i < plan.n_actions; i++)
			assert_true(plan.actions[i - 1].item || !plan.actions[i].item);
		/* What is by hand, or the host's own, was not touched. */
		for (i = 0; i < w.n_actual; i++)
			if (before.actual[i].flags & (MANUAL | GENL_F_INITIAL) &&
			    (before.actual[i].instance || before.actual[i].flags & GENL_F_INITIAL))
				assert_memory_equal(&before.actual[i], &w.actual[i],
						    sizeof(w.actual[i]));
		/* Each name that has a namespace is fenced, or it is said why not. */
		for (i = 0; i < plan.n_items; i++)
			if (plan.items[i].state == RECONCILE_ABSENT ||
			    plan.items[i].state == RECONCILE_PENDING)
				assert_int_equal(plan.items[i].inode, 0);
		reconcile_plan_clean(&plan);

		/* A second look finds nothing to do. */
		assert_int_equal(reconcile_plan(&w.config, w.names, w.n_names, w.actual,
						w.n_actual, &plan), 0);
		assert_int_equal(plan.n_actions, 0);
		for (i = 0; i < plan.n_items; i++)
			assert_true(plan.items[i].state != RECONCILE_ATTACH &&
				    plan.items[i].state != RECONCILE_REPLACE);
		reconcile_plan_clean(&plan);
	}
}

/* Ten thousand of each: sorted and searched, not compared one by one. */
static void test_scale(void **state)
{
	enum { N = 10000 };
	struct config_netns *netns = calloc(N, sizeof(*netns));
	struct netns_name *names = calloc(N, sizeof(*names));
	struct genl_netns *actual = calloc(N, sizeof(*actual));
	char (*text)[16] = calloc(N, sizeof(*text));
	struct config c = { .netns = netns, .n_netns = N };
	struct reconcile_plan plan;
	clock_t begin;
	int i;

	(void)state;
	for (i = 0; i < N; i++) {
		snprintf(text[i], sizeof(text[i]), "n%05d", i);
		netns[i] = (struct config_netns){ .name = text[i], .policy = "drop", .order = i };
		strcpy(names[i].name, text[i]);
		names[i].inode = 1 + (i * 7919) % N;
		actual[i].inode = i + 1;
	}
	begin = clock();
	assert_int_equal(reconcile_plan(&c, names, N, actual, N, &plan), 0);
	assert_int_equal(plan.n_actions, N);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	reconcile_plan_clean(&plan);
	free(netns);
	free(names);
	free(actual);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_policy_file),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_right_already),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_initial),
		cmocka_unit_test(test_two_names),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
