// links: reconcile.c claims.c config.c
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

#define INHERITED (GENL_F_INHERITED | GENL_F_INHERIT)
#define BIRTH	(GENL_F_BIRTH | GENL_F_INHERIT)
#define ORPHAN	GENL_F_ORPHAN

static char netns_name[8][8] = { "a", "b", "c", "d", "e", "f", "g", "h" };
static char netns_path[8][24] = {
	"/run/netns/a", "/run/netns/b", "/run/netns/c", "/run/netns/d",
	"/run/netns/e", "/run/netns/f", "/run/netns/g", "/run/netns/h",
};

/* Sorted by name, as config_load() leaves them; the order is given backwards. */
struct world {
	struct config_section sections[8];
	struct config config;
	struct claims_name names[16];
	size_t n_names;
	struct genl_netns actual[16];
	size_t n_actual;
	bool take_over;
	uint64_t released[4];
	size_t n_released;
};

/* No fence of it inherits, unless the test says so. */
static struct config_section *want(struct world *w, const char *name, const char *policy)
{
	struct config_section *n = &w->sections[w->config.n_sections++];
	int i = name[0] - 'a';

	*n = (struct config_section){
		.name = netns_name[i], .path = netns_path[i], .policy = policy, .hooks = ALL,
		.order = w->config.n_sections - 1, .none = !strcmp(policy, "none"),
	};
	snprintf(n->source, sizeof(n->source), "c:%s", name);
	w->config.sections = w->sections;
	return n;
}

static struct claims_name *name(struct world *w, const char *s, uint32_t inode)
{
	struct claims_name *n = &w->names[w->n_names++];
	static char x[] = "x", x_path[] = "/run/netns/x";
	int i = s[0] - 'a';

	*n = (struct claims_name){
		.inode = inode, .lack = inode ? CLAIMS_THERE : CLAIMS_FILE,
		.name = i < 8 ? netns_name[i] : x, .path = i < 8 ? netns_path[i] : x_path,
	};
	return n;
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

static struct genl_netns *child(struct world *w, uint32_t inode, uint32_t parent,
				const char *policy, uint32_t flags)
{
	struct genl_netns *n = have(w, inode, policy, flags);

	n->parent = parent;
	return n;
}

static int make_plan(struct world *w, struct claims *claims, struct reconcile_plan *plan)
{
	struct reconcile_world rw = {
		.config = &w->config, .claims = claims, .actual = w->actual,
		.n_actual = w->n_actual, .take_over = w->take_over,
		.released = w->released, .n_released = w->n_released,
	};

	assert_int_equal(claims_make(&w->config, w->names, w->n_names, claims), 0);
	return reconcile_plan(&rw, plan);
}

static void expect(struct world *w, const char *wanted)
{
	static const char *const verbs[] = { "attach", "replace", "detach" };
	static const char *const states[] = {
		"fenced", "attach", "replace", "take-over", "detach", "lacking", "manual",
		"exempt", "initial", "host", "left",
	};
	struct reconcile_plan plan;
	struct claims claims;
	char got[1024] = "";
	size_t i, n = 0;

	assert_int_equal(make_plan(w, &claims, &plan), 0);
	for (i = 0; i < plan.n_actions; i++) {
		const struct reconcile_item *a = plan.actions[i].item;

		n += snprintf(got + n, sizeof(got) - n, "%s %u", verbs[plan.actions[i].verb],
			      a->inode);
		if (plan.actions[i].verb == RECONCILE_DO_DETACH)
			n += snprintf(got + n, sizeof(got) - n, ".%llu",
				      (unsigned long long)a->actual->instance);
		else
			n += snprintf(got + n, sizeof(got) - n, " %s", a->wish.policy);
		n += snprintf(got + n, sizeof(got) - n, "; ");
	}
	for (i = 0; i < plan.n_items; i++) {
		const struct reconcile_item *item = &plan.items[i];

		if (item->claim)
			n += snprintf(got + n, sizeof(got) - n, "%s", item->want->name);
		else
			n += snprintf(got + n, sizeof(got) - n, "%u", item->inode);
		n += snprintf(got + n, sizeof(got) - n, "=%s", states[item->state]);
		if (item->parent)
			n += snprintf(got + n, sizeof(got) - n, "(%u)", item->parent);
		if (item->claim && item->claim->rival)
			n += snprintf(got + n, sizeof(got) - n, "!%s", item->claim->rival->name);
		n += snprintf(got + n, sizeof(got) - n, " ");
	}
	if (plan.n_nameless)
		snprintf(got + n, sizeof(got) - n, "nameless=%zu ", plan.n_nameless);
	reconcile_plan_clean(&plan);
	claims_clean(&claims);
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
	expect(&w, "attach 12 drop; attach 13 drop; c=attach d=attach a=lacking b=lacking ");
}

/* A file's hooks are its own: whatever the module reports is as wished. */
static void test_policy_file(void **state)
{
	static const struct config_policy web = { .name = "web" }, db = { .name = "db" };
	static const char names[] = "abcd";
	struct world w = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct config_section *n = want(&w, (char[]){ names[i], 0 },
						i == 1 ? db.name : web.name);

		n->file = i == 1 ? &db : &web;
		n->hooks = 0;
		n->mode = i == 2 ? GENL_MODE_AUDIT : GENL_MODE_ENFORCE;
		/* d: another name of a, and no conflict */
		name(&w, (char[]){ names[i], 0 }, i == 3 ? 11 : 11 + i);
	}
	have(&w, 11, "web", OURS)->hooks = OUT;
	have(&w, 12, "web", OURS)->hooks = IN;
	have(&w, 13, "web", OURS)->hooks = IN;
	expect(&w, "replace 12 db; replace 13 web; a=fenced b=replace c=replace ");
}

/* It names nothing: what it leads to is neither fenced nor laid open. */
static void test_link(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	name(&w, "a", 10)->lack = CLAIMS_LINK;
	have(&w, 10, NULL, 0);
	expect(&w, "a=lacking ");
	w.actual[0] = (struct genl_netns){ .inode = 10, .instance = 1, .policy = "drop" };
	expect(&w, "a=lacking 10=left nameless=1 ");
}

static void test_right_already(void **state)
{
	struct world w = { 0 };
	struct config_section *n = want(&w, "a", "drop");

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
	w.sections[0].policy = "drop";
	expect(&w, "replace 10 drop; a=replace ");
}

static void test_replace(void **state)
{
	static const uint32_t flags[] = {
		GENL_F_STRICT, GENL_F_FORWARD_ACCEPT, GENL_F_INHERIT,
	};
	static const char replace[] = "replace 10 drop; a=replace ";
	struct world w = { 0 };
	struct config_section *n = want(&w, "a", "drop");
	size_t i;

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
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		expect(&w, "a=fenced ");
		n->flags |= flags[i];
		expect(&w, replace);
		w.actual[0].flags |= flags[i];
	}
	expect(&w, "a=fenced ");
	n->flags = 0;
	expect(&w, replace);
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
	expect(&w, "detach 10.1010; 10=detach 11=manual ");
}

/* Deliberately not fenced: what is ours comes off, of whatever origin. */
static void test_none(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "none");
	name(&w, "a", 10);
	expect(&w, "a=exempt ");	/* younger than the dump */
	have(&w, 10, NULL, 0);
	expect(&w, "a=exempt ");
	w.n_actual = 0;
	have(&w, 10, "drop", OURS);
	expect(&w, "detach 10.1010; a=detach ");
	w.actual[0].flags = BIRTH;
	expect(&w, "detach 10.1010; a=detach ");
	w.config.birth.policy = "drop";
	expect(&w, "detach 10.1010; a=detach ");
	w.actual[0].flags = INHERITED;
	expect(&w, "detach 10.1010; a=detach ");
	w.actual[0].flags = MANUAL;
	expect(&w, "a=manual ");
	w.take_over = true;
	expect(&w, "detach 10.1010; a=take-over ");
}

/* `ip netns del` while a process is in it: no reason to open it. */
static void test_nameless(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "drop");
	have(&w, 10, "drop", OURS);
	have(&w, 11, "drop", MANUAL);
	expect(&w, "a=lacking 10=left 11=manual nameless=1 ");
	name(&w, "a", 12);	/* made anew */
	have(&w, 12, NULL, 0);
	expect(&w, "attach 12 drop; a=attach 10=left 11=manual nameless=1 ");
	/* But of a section that is gone, and needed no name. */
	w.released[w.n_released++] = 7;
	w.released[w.n_released++] = 1010;
	w.released[w.n_released++] = 1011;	/* by hand is by hand */
	expect(&w, "attach 12 drop; detach 10.1010; a=attach 10=detach 11=manual ");
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
	have(&w, 12, "drop", MANUAL);	/* nobody's */
	expect(&w, "a=manual b=manual 12=manual ");
	w.take_over = true;
	expect(&w, "replace 10 drop; replace 11 drop; a=take-over b=take-over 12=manual ");
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
	w.take_over = true;
	w.actual[0].instance = 5;	/* fenced at load, by allow_init_net=1 */
	w.actual[0].flags |= MANUAL;
	expect(&w, "a=initial ");
	w.sections[0].policy = "none";
	w.sections[0].none = true;
	expect(&w, "a=exempt ");
	w.config.n_sections = 0;
	expect(&w, "");
}

/* docker mounts the host's own namespace beside those of the containers. */
static void test_glob_passes_over_host(void **state)
{
	struct world w = { 0 };
	struct config_section *n = want(&w, "a", "drop");

	(void)state;
	n->name = (char *)"?";
	n->path = (char *)"/run/netns/?";
	n->glob = true;
	n->literals = 11;
	name(&w, "a", 10);
	name(&w, "b", 11);
	have(&w, 10, NULL, GENL_F_INITIAL);
	have(&w, 11, NULL, 0);
	expect(&w, "attach 11 drop; ?=host ?=attach ");
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
	expect(&w, "attach 10 drop; b=attach c=lacking ");
	name(&w, "c", 10);	/* the first in the configuration decides */
	expect(&w, "attach 10 audit; c=attach!b ");
	have(&w, 10, "drop", OURS);
	w.actual[0] = w.actual[1];
	w.n_actual = 1;
	expect(&w, "replace 10 audit; c=replace!b ");
	w.sections[2].policy = "drop";
	expect(&w, "c=fenced ");
	w.actual[0].flags = MANUAL;
	expect(&w, "c=manual ");
	/* A second name that nobody configured takes nothing away. */
	w.config.n_sections = 1;
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
	expect(&w, "detach 10.1010; a=lacking 10=detach ");
}

/* ---- birth and inheritance ---- */

static void test_birth(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "accept")->flags = GENL_F_INHERIT;
	name(&w, "a", 10);
	name(&w, "x", 12);
	have(&w, 10, "drop", BIRTH);	/* claimed: what the section says */
	have(&w, 11, "drop", BIRTH);
	have(&w, 12, "drop", BIRTH);	/* has a name, and no section */
	/* birth = none: it has been decided. */
	expect(&w, "replace 10 accept; detach 11.1011; detach 12.1012; a=replace 11=detach 12=detach ");
	w.config.birth.policy = "none";
	expect(&w, "replace 10 accept; detach 11.1011; detach 12.1012; a=replace 11=detach 12=detach ");
	w.config.birth.policy = "drop";
	expect(&w, "replace 10 accept; a=replace 11=fenced 12=fenced ");
	w.config.birth.policy = "reject";
	expect(&w, "replace 10 accept; replace 11 reject; replace 12 reject; a=replace 11=replace 12=replace ");
	/* As wished already: the flag alone is no reason to replace. */
	w.config.birth.policy = "drop";
	strcpy(w.actual[0].policy, "accept");
	expect(&w, "a=fenced 11=fenced 12=fenced ");
}

/* The table of what becomes of an inherited fence that nobody claims. */
static void test_inherited(void **state)
{
	struct world w = { 0 };
	struct config_section *n = want(&w, "a", "drop");

	(void)state;
	n->flags = GENL_F_INHERIT;
	name(&w, "a", 10);
	have(&w, 1, NULL, GENL_F_INITIAL);
	have(&w, 10, "drop", GENL_F_INHERIT);
	child(&w, 11, 10, "drop", INHERITED);
	expect(&w, "a=fenced 11=fenced(10) ");
	/* The parent's section changes. */
	n->policy = "accept";
	expect(&w, "replace 10 accept; replace 11 accept; a=replace 11=replace(10) ");
	n->flags |= GENL_F_STRICT;
	n->policy = "drop";
	expect(&w, "replace 10 drop; replace 11 drop; a=replace 11=replace(10) ");
	/* It does not inherit any more, or has none. */
	n->flags = 0;
	expect(&w, "replace 10 drop; detach 11.1011; a=replace 11=detach ");
	n->flags = GENL_F_INHERIT;
	n->policy = "none";
	n->none = true;
	expect(&w, "detach 10.1010; detach 11.1011; a=detach 11=detach ");
	/* The section is gone; the parent has a name still. */
	w.config.n_sections = 0;
	expect(&w, "detach 10.1010; detach 11.1011; 10=detach 11=detach ");
	/* And no fence, for that was the pass before. */
	w.actual[1].instance = 0;
	expect(&w, "detach 11.1011; 11=detach ");
	/* The parent lost its name: it stays, and so does the child. */
	w.actual[1].instance = 1010;
	w.n_names = 0;
	expect(&w, "10=left 11=left nameless=1 ");
}

/* Nobody gets rid of a fence, or gets a weaker one, by the end of a process. */
static void test_orphan(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "accept")->flags = GENL_F_INHERIT;
	want(&w, "b", "none");
	name(&w, "a", 10);
	name(&w, "b", 12);
	have(&w, 1, NULL, GENL_F_INITIAL);
	have(&w, 10, "accept", GENL_F_INHERIT);
	child(&w, 11, 10, "drop", INHERITED | ORPHAN);	/* of one with drop, made in 10 */
	have(&w, 12, NULL, 0);
	child(&w, 13, 12, "drop", INHERITED | ORPHAN);
	child(&w, 14, 1, "drop", INHERITED | ORPHAN);
	child(&w, 15, 0, "drop", INHERITED);		/* nobody knows */
	child(&w, 16, 4711, "drop", INHERITED);		/* not in the dump */
	expect(&w, "a=fenced b=exempt 11=left 13=left 14=left 15=left 16=left ");
	/* A section that claims it decides, as always. */
	w.names[1].inode = 13;
	expect(&w, "detach 13.1013; a=fenced b=detach 11=left 14=left 15=left 16=left ");
}

static void test_inherited_by_hand(void **state)
{
	struct world w = { 0 };

	(void)state;
	want(&w, "a", "accept")->flags = GENL_F_INHERIT;
	name(&w, "a", 10);
	have(&w, 10, "drop", MANUAL | GENL_F_INHERIT);
	child(&w, 11, 10, "drop", MANUAL | INHERITED);
	child(&w, 12, 10, "drop", INHERITED);	/* of the fence before that by hand */
	expect(&w, "a=manual 11=manual 12=left ");
	/* apply: the parent's by a section, and the child's by nobody. */
	w.take_over = true;
	expect(&w, "replace 10 accept; replace 12 accept; a=take-over 11=manual 12=replace(10) ");
}

/* Through several births; and of birth's own children. */
static void test_generations(void **state)
{
	struct world w = { 0 };
	int i;

	(void)state;
	want(&w, "a", "accept")->flags = GENL_F_INHERIT;
	name(&w, "a", 20);
	/* Youngest first: each has the next number for a parent. */
	for (i = 10; i < 20; i++)
		child(&w, i, i + 1, "drop", INHERITED);
	have(&w, 20, "accept", GENL_F_INHERIT);
	expect(&w, "replace 10 accept; replace 11 accept; replace 12 accept; replace 13 accept; "
		   "replace 14 accept; replace 15 accept; replace 16 accept; replace 17 accept; "
		   "replace 18 accept; replace 19 accept; a=fenced "
		   "10=replace(11) 11=replace(12) 12=replace(13) 13=replace(14) 14=replace(15) "
		   "15=replace(16) 16=replace(17) 17=replace(18) 18=replace(19) 19=replace(20) ");
	w.n_actual = 0;
	w.n_names = 0;
	have(&w, 10, "drop", BIRTH);
	child(&w, 11, 10, "drop", INHERITED);
	expect(&w, "detach 10.1010; detach 11.1011; a=lacking 10=detach 11=detach ");
	w.config.birth.policy = "reject";
	expect(&w, "replace 10 reject; replace 11 reject; a=lacking 10=replace 11=replace(10) ");
}

/* No kernel says so; and it is no reason to turn round and round. */
static void test_circle(void **state)
{
	struct world w = { 0 };

	(void)state;
	child(&w, 10, 11, "drop", INHERITED);
	child(&w, 11, 12, "drop", INHERITED);
	child(&w, 12, 11, "drop", INHERITED);
	child(&w, 13, 13, "drop", INHERITED);
	expect(&w, "10=left 11=left 12=left 13=left ");
}

/* ---- random worlds ---- */

static void apply(struct world *w, const struct reconcile_plan *plan)
{
	size_t i, j;

	for (i = 0; i < plan->n_actions; i++) {
		const struct reconcile_action *a = &plan->actions[i];
		const struct reconcile_item *item = a->item;
		struct genl_netns *n = NULL;

		for (j = 0; j < w->n_actual; j++)
			if (w->actual[j].inode == item->inode)
				n = &w->actual[j];
		assert_non_null(n);
		assert_false(n->flags & GENL_F_INITIAL);
		assert_false(n->instance && n->flags & MANUAL && !w->take_over);
		assert_int_equal(!n->instance, a->verb == RECONCILE_DO_ATTACH);
		if (a->verb == RECONCILE_DO_DETACH) {
			n->instance = 0;
			continue;
		}
		n->instance = 7;
		n->mode = item->wish.mode;
		n->hooks = item->wish.hooks;
		/* As the daemon asks for it: followers stay what they are. */
		n->flags = item->wish.flags | (n->flags & ORPHAN) |
			   (item->claim ? 0 : n->flags & (GENL_F_BIRTH | GENL_F_INHERITED));
		snprintf(n->policy, sizeof(n->policy), "%s", item->wish.policy);
	}
}

static void random_world(struct world *w)
{
	static const char *const policies[] = { "drop", "accept", "none" };
	static const uint32_t origins[] = { OURS, OURS, MANUAL, INHERITED, BIRTH };
	int i;

	*w = (struct world){ .take_over = rand() % 4 == 0 };
	if (rand() % 2)
		w->config.birth.policy = policies[rand() % 2];
	for (i = 0; i < 8; i++) {
		struct config_section *n;
		struct genl_netns *one;

		if (rand() % 3) {
			n = want(w, netns_name[i], policies[rand() % 3]);
			n->order = rand();
			n->mode = rand() % 2;
			n->flags = (rand() % 2 ? GENL_F_STRICT : 0) |
				   (rand() % 2 ? GENL_F_INHERIT : 0);
			if (rand() % 4 == 0)
				n->hooks = IN | OUT;
		}
		if (rand() % 4)
			name(w, netns_name[i], rand() % 5 ? 10 + rand() % 12 : 0);
		one = have(w, 10 + i, rand() % 2 ? policies[rand() % 2] : NULL, 0);
		if (one->instance)
			one->flags = origins[rand() % 5];
		one->hooks = rand() % 2 ? ALL : IN;
		if (rand() % 2)
			one->parent = 10 + rand() % 8;
		if (rand() % 4 == 0)
			one->flags |= ORPHAN;
	}
	for (i = 8; i < 12; i++)
		have(w, 10 + i, NULL, 0);
	if (rand() % 2)
		w->actual[0].flags |= GENL_F_INITIAL;
}

static const struct genl_netns *find(const struct world *w, uint32_t inode)
{
	size_t i;

	for (i = 0; i < w->n_actual; i++)
		if (w->actual[i].inode == inode)
			return &w->actual[i];
	return NULL;
}

/* What must hold of every namespace, before and after. */
static void check(const struct world *before, const struct world *after,
		  const struct claims *claims)
{
	const struct genl_netns *a, *b;
	const struct claim *c;
	size_t i;

	for (i = 0; i < before->n_actual; i++) {
		b = &before->actual[i];
		a = &after->actual[i];
		c = claims_find(claims, b->inode);
		/* What is the host's own was not touched, nor what is by hand unless asked. */
		if (b->flags & GENL_F_INITIAL ||
		    (b->instance && b->flags & MANUAL && !(before->take_over && c)))
			assert_memory_equal(a, b, sizeof(*a));
		else if (c)
			assert_int_equal(!a->instance, c->want->none);
		/* An orphan's fence stays unless somebody claims it. */
		else if (b->instance && (b->flags & (INHERITED | ORPHAN)) == (INHERITED | ORPHAN))
			assert_memory_equal(a, b, sizeof(*a));
		/* What nobody claims and had no fence gets none. */
		else if (!b->instance)
			assert_int_equal(a->instance, 0);
		if (a->instance && !(a->flags & (MANUAL | GENL_F_INITIAL)) && c)
			assert_string_equal(a->policy, c->want->policy);
	}
	for (i = 0; i < before->n_names; i++)
		if (before->names[i].inode)
			assert_non_null(find(after, before->names[i].inode));
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
		struct claims claims;
		size_t i;

		random_world(&w);
		before = w;
		assert_int_equal(make_plan(&w, &claims, &plan), 0);
		apply(&w, &plan);
		/* Attach and replace come first, so that the last can wait for all. */
		for (i = 1; i < plan.n_actions; i++)
			assert_true(plan.actions[i - 1].verb != RECONCILE_DO_DETACH ||
				    plan.actions[i].verb == RECONCILE_DO_DETACH);
		check(&before, &w, &claims);
		for (i = 0; i < plan.n_items; i++)
			assert_int_equal(plan.items[i].state == RECONCILE_LACKING,
					 !plan.items[i].inode);
		reconcile_plan_clean(&plan);
		claims_clean(&claims);

		/* A second look finds nothing to do. */
		assert_int_equal(make_plan(&w, &claims, &plan), 0);
		if (plan.n_actions)
			fail_msg("round %d: a plan of its own result", round);
		reconcile_plan_clean(&plan);
		claims_clean(&claims);
	}
}

/* Ten thousand of each: sorted and searched, not compared one by one. */
static void test_scale(void **state)
{
	enum { N = 10000 };
	struct config_section *v = calloc(N, sizeof(*v));
	struct claims_name *names = calloc(N, sizeof(*names));
	struct genl_netns *actual = calloc(2 * N, sizeof(*actual));
	char (*text)[2][48] = calloc(N, sizeof(*text));
	struct config c = { .sections = v, .n_sections = N };
	struct claims claims;
	struct reconcile_world w = {
		.config = &c, .claims = &claims, .actual = actual, .n_actual = 2 * N,
	};
	struct reconcile_plan plan;
	clock_t begin;
	int i;

	(void)state;
	for (i = 0; i < N; i++) {
		snprintf(text[i][0], 16, "n%05d", i);
		snprintf(text[i][1], 48, "/run/netns/%.16s", text[i][0]);
		v[i] = (struct config_section){
			.name = text[i][0], .path = text[i][1], .policy = "drop", .order = i,
		};
		names[i] = (struct claims_name){
			.name = text[i][0], .path = text[i][1], .inode = 1 + (i * 7919) % N,
		};
		actual[i].inode = i + 1;
		/* One within the other, ten thousand deep. */
		actual[N + i] = (struct genl_netns){
			.inode = N + i + 1, .parent = N + i + 2, .instance = 1,
			.flags = INHERITED, .policy = "drop",
		};
	}
	begin = clock();
	assert_int_equal(claims_make(&c, names, N, &claims), 0);
	assert_int_equal(reconcile_plan(&w, &plan), 0);
	assert_int_equal(plan.n_actions, N);
	assert_int_equal(plan.n_items, 2 * N);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	reconcile_plan_clean(&plan);
	claims_clean(&claims);
	free(v);
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
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_initial),
		cmocka_unit_test(test_glob_passes_over_host),
		cmocka_unit_test(test_two_names),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_birth),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_inherited_by_hand),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
