// links: kin.c kin_scan.c names.c proc.c out.c select.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which namespaces count as made inside another. Above all, which do not: a
 * stranger that is fenced is worse than a relative that is not.
 */
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

#include "kin.h"

#define MANY 32
#define INITIAL 1
#define ROOT 100

static struct kin_netns netns[MANY];
static struct kin_task tasks[MANY];
static struct kin_user users[MANY];
static struct kin kin;

/* One more, so that sorting has something to do: they are given backwards. */
static void have_netns(uint32_t inode, uint32_t parent, uint32_t owner, bool named)
{
	netns[kin.n_netns++] = (struct kin_netns){
		.inode = inode, .parent = parent, .owner = owner, .named = named,
	};
}

static void have_task(pid_t pid, pid_t ppid, uint32_t net, uint32_t user)
{
	tasks[kin.n_tasks++] = (struct kin_task){
		.pid = pid, .ppid = ppid, .net = net, .user = user,
	};
}

static void have_user(uint32_t inode, uint32_t parent)
{
	users[kin.n_users++] = (struct kin_user){ .inode = inode, .parent = parent };
}

/* The initial namespace with processes 1 and 2, and the root with process 50 of 2. */
static int setup(void **state)
{
	(void)state;
	kin = (struct kin){ .initial = INITIAL, .netns = netns, .tasks = tasks, .users = users };
	have_netns(ROOT, 0, 0, true);
	have_netns(INITIAL, 0, 0, false);
	have_task(50, 2, ROOT, 0);
	have_task(2, 1, INITIAL, 0);
	have_task(1, 0, INITIAL, 0);
	return 0;
}

static void find(void)
{
	assert_int_equal(kin_find(&kin, ROOT), 0);
}

static void is(uint32_t inode, enum kin_why why)
{
	for (size_t i = 0; i < kin.n_netns; i++) {
		if (netns[i].inode == inode) {
			assert_int_equal(netns[i].why, why);
			return;
		}
	}
	fail();
}

static void test_alone(void **state)
{
	(void)state;
	find();
	is(ROOT, KIN_ROOT);
	is(INITIAL, KIN_NOT);
}

static void test_nothing(void **state)
{
	(void)state;
	kin = (struct kin){ .initial = INITIAL };
	find();
}

/* The module saw it: its children, theirs, and nobody else, whatever processes say. */
static void test_born(void **state)
{
	(void)state;
	have_netns(103, 102, 0, false);
	have_netns(102, 101, 0, true);
	have_netns(101, ROOT, 0, false);
	have_netns(200, INITIAL, 0, false);
	have_netns(201, 200, 0, false);
	have_task(60, 50, 200, 0);	/* a shell inside that entered a stranger */
	have_task(61, 2, 101, 0);	/* a stranger that entered a child */
	find();
	is(101, KIN_BORN);
	is(102, KIN_BORN);
	is(103, KIN_BORN);
	is(200, KIN_NOT);
	is(201, KIN_NOT);
	is(INITIAL, KIN_NOT);
}

static void test_tasks(void **state)
{
	(void)state;
	have_netns(103, 0, 0, false);
	have_netns(102, 0, 0, false);
	have_netns(101, 0, 0, false);
	have_netns(200, 0, 0, false);
	have_netns(201, 0, 0, false);
	have_task(61, 60, 101, 0);
	have_task(60, 50, 101, 0);
	have_task(70, 61, 102, 0);	/* a grandchild */
	have_task(71, 70, 103, 0);	/* and its child, which the module did not see either */
	have_task(80, 2, 200, 0);
	have_task(81, 1, 201, 0);
	have_task(82, 81, 201, 0);
	find();
	is(101, KIN_TASKS);
	is(102, KIN_TASKS);
	is(103, KIN_TASKS);
	is(200, KIN_NOT);
	is(201, KIN_NOT);
}

/* One process of a stranger, or one that nobody knows the origin of, is enough. */
static void test_shared(void **state)
{
	(void)state;
	have_netns(101, 0, 0, false);
	have_netns(102, 0, 0, false);
	have_netns(103, 0, 0, false);
	have_task(60, 50, 101, 0);
	have_task(61, 2, 101, 0);
	have_task(62, 50, 102, 0);
	have_task(63, 999, 102, 0);	/* its parent has just died */
	have_task(64, 50, 103, 0);
	have_task(65, 0, 103, 0);
	find();
	is(101, KIN_NOT);
	is(102, KIN_NOT);
	is(103, KIN_NOT);
}

/* `ip netns exec` and `nsenter` in a shell inside: entered, not made. */
static void test_entered(void **state)
{
	(void)state;
	have_netns(200, 0, 0, true);
	have_netns(201, 0, 0, false);
	have_task(60, 50, 200, 0);
	have_task(61, 50, INITIAL, 0);
	have_task(62, 61, 201, 0);	/* made from the initial one */
	find();
	is(200, KIN_NOT);
	is(INITIAL, KIN_NOT);
	is(201, KIN_NOT);
}

/* /proc was read while it changed. */
static void test_circle(void **state)
{
	(void)state;
	have_netns(101, 0, 900, false);
	have_task(60, 61, 101, 900);
	have_task(61, 60, 101, 900);
	have_task(62, 62, 101, 900);
	have_user(900, 901);
	have_user(901, 900);
	find();
	is(101, KIN_NOT);
}

/* Its processes are orphans, but the user namespace that owns it is all inside. */
static void test_owner(void **state)
{
	(void)state;
	have_user(901, 900);
	have_user(900, 0);
	have_netns(101, 0, 901, false);
	have_netns(102, 0, 900, true);
	have_task(60, 50, ROOT, 900);
	have_task(61, 1, 101, 901);
	find();
	is(101, KIN_OWNER);
	is(102, KIN_OWNER);
}

/* Rootless containers: siblings with one owner, and their engine outside. */
static void test_owner_shared(void **state)
{
	(void)state;
	have_user(901, 900);
	have_user(900, 0);
	have_netns(101, 0, 900, false);
	have_netns(102, 0, 901, false);
	have_task(60, 50, ROOT, 900);
	have_task(61, 1, 101, 900);
	have_task(62, 2, INITIAL, 900);
	have_task(63, 1, 102, 901);
	find();
	is(101, KIN_NOT);
	is(102, KIN_NOT);
}

/* Nobody of the owner is inside. And the initial user namespace owns too much. */
static void test_owner_elsewhere(void **state)
{
	(void)state;
	have_user(900, 0);
	have_netns(101, 0, 900, false);
	have_netns(102, 0, 0, false);
	have_netns(103, 0, 555, false);
	have_task(61, 1, 101, 900);
	find();
	is(101, KIN_NOT);
	is(102, KIN_NOT);
	is(103, KIN_NOT);
}

/* This process as the family: the machine's own namespaces are scanned, none is harmed. */
static void test_scan(void **state)
{
	struct genl_netns v[2] = { { .inode = 5, .flags = GENL_F_INITIAL } };
	struct names names = { .v = NULL };
	struct kin k = { .initial = 0 };
	bool seen = false;
	struct stat st;

	(void)state;
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	v[1].inode = (uint32_t)st.st_ino;
	assert_int_equal(kin_scan(&k, v, 2, &names), 0);
	assert_int_equal(k.initial, 5);
	for (size_t i = 0; i < k.n_tasks; i++)
		if (k.tasks[i].pid == getpid())
			seen = k.tasks[i].ppid == getppid() && k.tasks[i].net == st.st_ino;
	assert_true(seen);
	assert_int_equal(kin_find(&k, v[1].inode), 0);
	/* All is known: nobody looks at processes. */
	v[1].parent = 5;
	assert_int_equal(kin_scan(&k, v, 2, &names), 0);
	assert_int_equal(k.n_tasks, 0);
	kin_clean(&k);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_alone),
		TEST(test_nothing),
		TEST(test_born),
		TEST(test_tasks),
		TEST(test_shared),
		TEST(test_entered),
		TEST(test_circle),
		TEST(test_owner),
		TEST(test_owner_shared),
		TEST(test_owner_elsewhere),
		TEST(test_scan),
	};

	return cmocka_run_group_tests_name("kin", tests, NULL, NULL);
}
