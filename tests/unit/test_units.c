// links: units.c select.c select_find.c log.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Units over a real message bus, with a systemd that is played (fake_systemd.h). */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "fake_systemd.h"
#include "units.h"

#define WAIT_MS	10000
#define ANSWER_MS	5000	/* sd-bus waits 25 s for one */

static char dir[64];
static struct units *units;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/nsf-units-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	units = units_open();
	return units ? fake_systemd_setup(dir) : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	units_close(units);
	fake_systemd_teardown();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void want(const char *a, const char *b)
{
	const char *names[] = { a, b };
	uint64_t begin = clock_ms();

	assert_int_equal(units_want(units, names, b ? 2 : a ? 1 : 0), 0);
	assert_true(clock_ms() - begin < ANSWER_MS);	/* nothing is waited for */
}

/* One turn, as the daemon's loop makes it; none may last. */
static bool turn(void)
{
	struct pollfd p = { .fd = units_fd(units), .events = POLLIN };
	uint64_t begin;
	bool changed;

	poll(&p, 1, 20);
	begin = clock_ms();
	changed = units_turn(units);
	assert_true(clock_ms() - begin < ANSWER_MS);
	return changed;
}

static bool is_so(struct unit_process p, enum unit_state state, pid_t pid)
{
	return p.state == state && (!pid || p.process.pid == pid);
}

/* Until the unit is so; and that was told as a change, when it came to be so. */
static void wait_for(const char *name, enum unit_state state, pid_t pid)
{
	struct unit_process p = units_find(units, name);
	uint64_t until = clock_ms() + WAIT_MS;
	bool changed = is_so(p, state, pid);

	while (clock_ms() < until) {
		if (is_so(p, state, pid)) {
			assert_true(changed);
			return;
		}
		changed |= turn();
		p = units_find(units, name);
	}
	fail_msg("%s: state %d, process %d, %s", name, p.state, p.process.pid,
		 p.reason ? p.reason : "");
}

#define NEEDS_BUS() do { (void)state; if (no_bus()) skip(); } while (0)

static void test_running(void **state)
{
	struct select_process me;
	struct unit_process p;
	pid_t other;

	NEEDS_BUS();
	start_bus();
	start_systemd();
	played->pid = getpid();
	want("a.service", "b.service");
	p = units_find(units, "a.service");
	assert_int_equal(p.state, UNIT_UNKNOWN);
	assert_ptr_equal(p.reason, units_reason_asked);
	wait_for("a.service", UNIT_RUNNING, getpid());
	wait_for("b.service", UNIT_ABSENT, 0);
	assert_int_equal(select_process(getpid(), &me, NULL), 0);
	p = units_find(units, "a.service");
	assert_int_equal(p.process.start, me.start);
	assert_int_equal(units_find(units, "c.service").state, UNIT_UNKNOWN);
	assert_true(played->subscribed >= 1);

	/* It is restarted; stopped; taken away: each is told without asking. */
	other = child();
	if (!other)
		while (true)
			pause();
	played->pid = other;
	played->emit = 1;
	wait_for("a.service", UNIT_RUNNING, other);
	played->pid = 0;
	played->emit = 1;
	wait_for("a.service", UNIT_STOPPED, 0);
	played->absent = true;
	played->emit = 1;
	wait_for("a.service", UNIT_ABSENT, 0);
	end(&other);
}

/* Whoever else comes to the bus, or goes, is nothing to us. */
static void test_strangers(void **state)
{
	sd_bus *stranger;
	int subscribed, i;

	NEEDS_BUS();
	start_bus();
	start_systemd();
	played->pid = getpid();
	want("a.service", NULL);
	wait_for("a.service", UNIT_RUNNING, getpid());
	subscribed = played->subscribed;
	for (i = 0; i < 5; i++) {
		assert_true(sd_bus_open_system(&stranger) >= 0);
		assert_true(sd_bus_request_name(stranger, "org.example.stranger", 0) >= 0);
		sd_bus_flush_close_unref(stranger);
		turn();
	}
	/* What the strangers had said comes before the answer to this. */
	played->pid = getppid();
	played->emit = 1;
	wait_for("a.service", UNIT_RUNNING, getppid());
	/* One more if it was there before its name was. */
	assert_true(played->subscribed <= subscribed + 1);
}

/* The number is given to another between two looks: only the second is believed. */
static void test_number_reused(void **state)
{
	NEEDS_BUS();
	start_bus();
	start_systemd();
	played->first = getppid();
	played->first_count = 1;
	played->pid = getpid();
	want("a.service", NULL);
	wait_for("a.service", UNIT_RUNNING, getpid());
	assert_true(played->asked >= 3);
}

/* systemd has not noticed yet that the process is gone: it is asked again, not for ever. */
static void test_dead(void **state)
{
	pid_t dead = child();
	uint64_t until;
	int asked;

	NEEDS_BUS();
	if (!dead)
		_exit(0);
	waitpid(dead, NULL, 0);
	start_bus();
	start_systemd();
	played->pid = dead;
	want("a.service", NULL);
	for (until = clock_ms() + 1000; clock_ms() < until;)
		turn();
	assert_int_equal(units_find(units, "a.service").state, UNIT_UNKNOWN);
	asked = played->asked;
	assert_true(asked > 1 && asked < 100);
	played->pid = getpid();
	wait_for("a.service", UNIT_RUNNING, getpid());
}

static void test_silent(void **state)
{
	uint64_t until;

	NEEDS_BUS();
	start_bus();
	start_systemd();
	played->silent = true;
	played->pid = getpid();
	want("a.service", NULL);
	for (until = clock_ms() + 3000; clock_ms() < until;) {
		turn();
		if (units_find(units, "a.service").reason != units_reason_asked)
			break;
	}
	assert_non_null(strstr(units_find(units, "a.service").reason, "does not answer"));
	played->silent = false;
	wait_for("a.service", UNIT_RUNNING, getpid());
}

/* No bus; one that comes later; one that goes, and comes again, with another systemd. */
static void test_no_bus(void **state)
{
	char path[128];
	int fd;

	NEEDS_BUS();
	fd = units_fd(units);
	want("a.service", NULL);
	assert_non_null(strstr(units_find(units, "a.service").reason, "no connection"));
	assert_int_equal(units_find(units, "a.service").state, UNIT_UNKNOWN);
	played->pid = getpid();
	start_bus();
	start_systemd();
	wait_for("a.service", UNIT_RUNNING, getpid());

	end(&systemd_pid);
	end(&bus_pid);
	turn();
	turn();
	/* What was known stays known: the process is checked before each use. */
	assert_int_equal(units_find(units, "a.service").state, UNIT_RUNNING);
	snprintf(path, sizeof(path), "%s/bus", dir);
	unlink(path);
	played->pid = getppid();
	start_bus();
	start_systemd();
	wait_for("a.service", UNIT_RUNNING, getppid());
	assert_int_equal(units_fd(units), fd);
}

/* systemd alone goes, as with daemon-reexec: it is subscribed to again. */
static void test_systemd_again(void **state)
{
	int subscribed;

	NEEDS_BUS();
	start_bus();
	start_systemd();
	played->pid = getpid();
	want("a.service", NULL);
	wait_for("a.service", UNIT_RUNNING, getpid());
	subscribed = played->subscribed;
	end(&systemd_pid);
	turn();
	played->pid = getppid();
	start_systemd();
	wait_for("a.service", UNIT_RUNNING, getppid());
	assert_true(played->subscribed > subscribed);
}

/* Others are wanted now: what is known stays; without any there is no connection. */
static void test_want(void **state)
{
	NEEDS_BUS();
	start_bus();
	start_systemd();
	played->pid = getpid();
	want("b.service", "a.service");
	wait_for("a.service", UNIT_RUNNING, getpid());
	want("a.service", "c.service");
	assert_int_equal(units_find(units, "a.service").state, UNIT_RUNNING);
	assert_int_equal(units_find(units, "b.service").state, UNIT_UNKNOWN);
	wait_for("c.service", UNIT_ABSENT, 0);
	want(NULL, NULL);
	assert_int_equal(units_find(units, "a.service").state, UNIT_UNKNOWN);
	turn();
	want("a.service", NULL);
	wait_for("a.service", UNIT_RUNNING, getpid());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_running),
		TEST(test_strangers),
		TEST(test_number_reused),
		TEST(test_dead),
		TEST(test_silent),
		TEST(test_no_bus),
		TEST(test_systemd_again),
		TEST(test_want),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
