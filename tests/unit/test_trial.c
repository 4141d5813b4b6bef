// links: daemon.c daemon_status.c daemon_config.c daemon_trial.c daemon_control.c control.c control_parse.c control_client.c good.c good_text.c good_trial.c config.c config_load.c config_parse.c config_selector.c config_policies.c config_error.c policies.c policies_name.c genl_names.c policy/diag.c policy/ir.c watch.c propagation.c runtime.c notify.c utf8.c log.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * status, plan, apply, confirm, reload and wait, asked of the whole daemon (forked)
 * over its socket; what it does to namespaces is fake_sync.h's. In a mount namespace
 * with a /run of its own. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "control.h"
#include "daemon.h"
#include "fake_policy.h"
#include "fake_sync.h"
#include "log.h"

static bool is_root;
static pid_t daemon_pid;
static char answer[65536];	/* all lines of the last one */

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void config(const char *text)
{
	put("/run/etc/nsfence.conf", text);
}

static const char *slurp(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static bool logged(const char *what)
{
	return strstr(slurp("/run/log"), what);
}

#define wait_for(cond) do {							\
	int left_ = 2000;							\
										\
	while (!(cond) && --left_)						\
		usleep(5000);							\
	if (!left_)								\
		fail_msg("waited in vain for %s\nanswer: %s\nlog:\n%s", #cond,	\
			 answer, slurp("/run/log"));				\
} while (0)

/* ---- asking ---- */

static void add_line(void *data, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);
	size_t n = strlen(answer);

	(void)data;
	snprintf(answer + n, sizeof(answer) - n, "%s\n", text);
	free(text);
}

/* The exit code; the answer is in @answer, the reason of a refusal too. */
static int ask(const char *request)
{
	json_t *r = json_loads(request, 0, NULL), *last = NULL;
	struct err e = { 0 };
	int code = -1, ret;

	assert_non_null(r);
	answer[0] = 0;
	ret = control_ask(CONTROL_SOCKET, r, 20000, add_line, NULL, &last, &code, &e);
	json_decref(r);
	if (ret) {
		snprintf(answer + strlen(answer), sizeof(answer) - strlen(answer), "%s", e.text);
		return e.exit;
	}
	add_line(NULL, last);
	json_decref(last);
	return code;
}

#define want(request, code) do {						\
	int code_ = ask(request);						\
										\
	if (code_ != (code))							\
		fail_msg("%s: exit code %d, want %d\nanswer: %s\nlog:\n%s", request,	\
			 code_, code, answer, slurp("/run/log"));		\
} while (0)

#define want_answer(what) do {							\
	if (!strstr(answer, what))						\
		fail_msg("no \"%s\" in the answer: %s", what, answer);		\
} while (0)

#define STATUS	"{\"cmd\":\"status\"}"
#define PLAN	"{\"cmd\":\"plan\"}"
#define APPLY	"{\"cmd\":\"apply\"}"
#define TRIAL	"{\"cmd\":\"apply\",\"confirm\":3600}"
#define SHORT	"{\"cmd\":\"apply\",\"confirm\":1}"
#define RELOAD	"{\"cmd\":\"reload\"}"
#define CONFIRM	"{\"cmd\":\"confirm\"}"

/* ---- the daemon ---- */

static void start(void)
{
	static const struct daemon_options opt = { .config = "/run/etc", .state = "/run/state" };
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (!pid) {
		fd = open("/run/log", O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(fd, STDERR_FILENO);
		log_open();
		exit(daemon_run(&opt));	/* exit: the leak check is part of the test */
	}
	daemon_pid = pid;
}

static bool answers(void)
{
	ask(STATUS);
	return strstr(answer, "configured namespaces fenced");
}

static void start_ready(void)
{
	start();
	wait_for(answers());
}

static void stop(int sig, int code)
{
	int status;

	kill(daemon_pid, sig);
	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), code);
}

static void dies(void)
{
	int status;

	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int group_setup(void **state)
{
	(void)state;
	is_root = !geteuid() && !unshare(CLONE_NEWNS) &&
		  !mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
	return world_setup();
}

static int setup(void **state)
{
	(void)state;
	if (!is_root)
		return 0;
	world_reset();
	return mount("test", "/run", "tmpfs", 0, NULL) || mkdir("/run/etc", 0755) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	if (daemon_pid) {
		kill(daemon_pid, SIGKILL);
		waitpid(daemon_pid, NULL, 0);
		daemon_pid = 0;
	}
	return is_root ? umount2("/run", MNT_DETACH) : 0;
}

#define NEEDS_ROOT() do { (void)state; if (!is_root) skip(); } while (0)
#define is_fence(i, text) assert_string_equal(world_fence(i), text)

/* ---- status and plan ---- */

static void test_status(void **state)
{
	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n[netns n7]\npolicy = drop\n");
	start_ready();
	want(STATUS, 0);
	want_answer("{\"status\":{\"netns\":\"n1\",\"inode\":1,\"state\":\"enforcing\",\"policy\":\"drop\",\"age\":0,\"source\":\"nsfence.conf:2\",\"reason\":\"\",\"names\":\"n1\"}}\n");
	want_answer("{\"netns\":\"n7\",\"inode\":0,\"state\":\"pending\",");
	want_answer("\"backend\":\"fake\",\"limits\":[\"reality\"],\"configuration\":{\"path\":\"/run/etc\",\"loaded\":");
	want_answer("\"failed\":null,\"unconfirmed-until\":null,\"gone-back\":false}");
	want_answer("\"fences\":\"1 of 2 configured namespaces fenced, 1 not there\"");
	/* An age, and what is bad. */
	sleep(1);
	want(STATUS, 0);
	want_answer("\"age\":1,");
	world->state[1] = SYNC_CONFLICT;
	world_wake();
	wait_for(ask(STATUS) == 1);
	want_answer("\"state\":\"conflict\"");
	want_answer("\"age\":0,");
	world->state[1] = SYNC_FAILED;
	world_wake();
	wait_for(strstr((ask(STATUS), answer), "\"state\":\"failed\""));
	world->state[1] = SYNC_STATES;
	world_wake();
	wait_for(ask(STATUS) == 0);
	/* No namespace has failed, but birth. */
	world->no_birth = true;
	world_wake();
	wait_for(strstr((ask(STATUS), answer), "1 failed"));
	want(STATUS, 1);
	stop(SIGTERM, 0);
	want(STATUS, EXIT_UNREACHABLE);
}

static void test_plan(void **state)
{
	unsigned int passes;

	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n[netns n2]\npolicy = drop\n");
	start_ready();
	want(PLAN, 0);
	assert_string_equal(answer, "{\"changes\":0,\"done\":true,\"exit\":0}\n");
	passes = world->passes;
	config("[netns n1]\npolicy = accept\n[netns n3]\npolicy = drop\n");
	want(PLAN, EXIT_DRIFT);
	want_answer("{\"change\":{\"do\":\"replace\",\"name\":\"n1\",\"inode\":1,\"policy\":\"accept\",\"source\":\"nsfence.conf:2\",\"detail\":\"\"}}\n");
	want_answer("\"do\":\"attach\",\"name\":\"n3\"");
	is_fence(1, "drop nsfence.conf:2");
	want(STATUS, 0);
	want_answer("\"netns\":\"n2\"");	/* what is in force */
	/* A conflict alone is no difference, and no success. */
	config("[netns n1]\npolicy = drop\n");
	world->state[1] = SYNC_CONFLICT;
	want(PLAN, EXIT_REFUSED);
	want_answer("\"do\":\"cannot\"");
	/* All errors, with their carets. */
	mkdir("/run/etc/policies", 0755);
	put("/run/etc/policies/web.nft", "hook input\n\terror no such thing\n");
	put("/run/etc/policies/web.nft", "error no such thing\n");
	config("[netns n1]\npolicy = web\n[netns n2]\npolicy = dorp\n");
	want(PLAN, EXIT_REFUSED);
	want_answer("/run/etc/nsfence.conf:4:10: Error: no policy");
	want_answer("policies/web.nft:1:7-19: Error: no such thing\"");
	want_answer("{\"line\":\"error no such thing\"}\n{\"line\":\"      ^^^^^^^^^^^^^\"}\n");
	want_answer("the configuration has errors");
	assert_int_equal(world->passes, passes);
	assert_false(logged("Error"));		/* it is nobody's business but the asker's */
	want(STATUS, 0);
}

/* ---- apply and reload ---- */

static void test_apply(void **state)
{
	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n");
	world_set(2, "accept", "manual", GENL_F_MANUAL);
	start_ready();
	config("[netns n1]\npolicy = accept\n[netns n2]\npolicy = drop\n");
	want(RELOAD, 0);
	is_fence(1, "accept nsfence.conf:2");
	is_fence(2, "accept manual");
	want(APPLY, 0);
	is_fence(2, "drop nsfence.conf:4");
	want_answer("\"fences\":\"2 of 2 configured namespaces fenced\"");
	/* Only then, and not in passes after it. */
	world_set(1, "accept", "manual", GENL_F_MANUAL);
	world_wake();
	wait_for(strstr((ask(STATUS), answer), "\"state\":\"manual\""));
	is_fence(1, "accept manual");
	assert_int_equal(access("/run/state/good/trial", F_OK), -1);
	want(CONFIRM, EXIT_REFUSED);
	want_answer("nothing waits to be confirmed");
}

/* What passes by itself is waited for, and taken over too; what does not is told. */
static void test_apply_waits(void **state)
{
	time_t begin;

	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n");
	world_set(2, "accept", "manual", GENL_F_MANUAL);
	start_ready();
	config("[netns n1]\npolicy = accept\n[netns n2]\npolicy = drop\n");
	world->fail[2] = 5;
	want(APPLY, 0);
	is_fence(2, "drop nsfence.conf:4");
	assert_true(world->take_overs > 5);

	config("[netns n1]\npolicy = drop\n[netns n2]\npolicy = accept\n");
	world->fail[2] = 1000000;
	begin = time(NULL);
	want(RELOAD, EXIT_REFUSED);
	assert_true(time(NULL) - begin >= 4 && time(NULL) - begin < 15);
	want_answer("{\"failed\":{\"netns\":\"n2\",\"inode\":2,\"state\":\"failed\"");
	assert_null(strstr(answer, "\"n1\""));
	is_fence(1, "drop nsfence.conf:2");
	world->fail[2] = 0;
	/* A conflict will not pass. */
	world->state[1] = SYNC_CONFLICT;
	begin = time(NULL);
	want(APPLY, EXIT_REFUSED);
	want_answer("\"state\":\"conflict\"");
	assert_true(time(NULL) - begin < 4);
}

static void test_refused(void **state)
{
	unsigned int passes;

	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n");
	start_ready();
	passes = world->passes;
	config("[netns n1]\npolicy = dorp\n[netns n2]\nmode = x\n");
	want(APPLY, EXIT_REFUSED);
	want_answer("nsfence.conf:2:10: Error: no policy");
	want_answer("nsfence.conf:4:8: Error: ");
	want_answer("the configuration is not applied, the old one stays in force");
	want(STATUS, EXIT_REFUSED);
	want_answer("\"failed\":\"/run/etc/nsfence.conf:2:10: Error: no policy");
	want(TRIAL, EXIT_REFUSED);
	want(RELOAD, EXIT_REFUSED);
	want_answer("the configuration is not loaded, the old one stays in force");
	/* Its backend cannot be had. */
	config("[netns n1]\npolicy = accept\n");
	world->prepare = ENOENT;
	want(RELOAD, EXIT_REFUSED);
	want_answer("fake: no such backend");
	want(APPLY, EXIT_REFUSED);
	want(TRIAL, EXIT_REFUSED);
	assert_int_equal(access("/run/state/good/trial", F_OK), -1);
	want(STATUS, EXIT_REFUSED);
	want_answer("\"unconfirmed-until\":null");
	assert_int_equal(world->passes, passes);
	is_fence(1, "drop nsfence.conf:2");
	world->prepare = 0;
	want(RELOAD, 0);
	is_fence(1, "accept nsfence.conf:2");
	want(STATUS, 0);
	/* After all of that the good one is this one. */
	want(TRIAL, 0);
}

/* Beside one that runs: it is told what is wrong with the files, and that one runs. */
static void test_second(void **state)
{
	pid_t first;

	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n");
	start_ready();
	first = daemon_pid;
	config("[netns n1]\npolicy = dorp\n");
	start();
	stop(0, 1);
	daemon_pid = first;
	assert_true(logged("nsfence.conf:2:10: Error: no policy"));
	assert_true(logged("another nsfenced is running"));
	want(STATUS, 0);
}

/* ---- trials ---- */

static void begin_trial(const char *request)
{
	config("[netns n1]\npolicy = drop\n[netns n3]\npolicy = drop\n");
	world_set(2, "accept", "by me", GENL_F_MANUAL | GENL_F_STRICT);
	world_set(4, "accept", "left", GENL_F_MANUAL);
	if (!daemon_pid)
		start_ready();
	config("[netns n1]\npolicy = accept\n[netns n2]\npolicy = drop\n[netns n4]\npolicy = none\n");
	want(request, 0);
	want_answer("\"unconfirmed-until\":1");
	is_fence(1, "accept nsfence.conf:2");
	is_fence(2, "drop nsfence.conf:4");
	is_fence(3, "");
	is_fence(4, "");
}

static void is_back(void)
{
	is_fence(1, "drop nsfence.conf:2");
	is_fence(2, "accept by me");
	is_fence(3, "drop nsfence.conf:4");
	is_fence(4, "accept left");
	assert_int_equal(world->fence[2].flags, GENL_F_MANUAL | GENL_F_STRICT);
	assert_int_equal(world->fence[2].hooks, 2);
	want(STATUS, EXIT_REFUSED);
	want_answer("\"gone-back\":true");
	want_answer("\"unconfirmed-until\":null");
}

static void test_confirm(void **state)
{
	NEEDS_ROOT();
	begin_trial(TRIAL);
	want(STATUS, 0);
	want_answer("\"unconfirmed-until\":1");
	/* Nothing else until then; looking is free. */
	want(APPLY, EXIT_REFUSED);
	want_answer("waits to be confirmed until ");
	want(TRIAL, EXIT_REFUSED);
	want(RELOAD, EXIT_REFUSED);
	want_answer("first nsfence confirm, or let that time pass");
	kill(daemon_pid, SIGHUP);
	wait_for(logged("not reloaded: what was applied waits to be confirmed"));
	want(PLAN, 0);
	is_fence(1, "accept nsfence.conf:2");
	want(CONFIRM, 0);
	want(STATUS, 0);
	want_answer("\"unconfirmed-until\":null");
	want(CONFIRM, EXIT_REFUSED);
	stop(SIGKILL, -SIGKILL);
	start_ready();
	want(STATUS, 0);
	is_fence(1, "accept nsfence.conf:2");
	is_fence(2, "drop nsfence.conf:4");
	/* And the next trial goes back to it. */
	config("");
	want(SHORT, 0);
	is_fence(1, "");
	wait_for(!strcmp(world_fence(1), "accept nsfence.conf:2"));
	stop(SIGTERM, 0);
}

static void test_not_confirmed(void **state)
{
	NEEDS_ROOT();
	begin_trial(SHORT);
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	is_back();
	want(CONFIRM, EXIT_REFUSED);
	want_answer("it was too late");
	assert_true(logged("not confirmed in time: back"));
	assert_int_equal(world->put_backs, 2);
	assert_non_null(strstr(slurp("/run/etc/nsfence.conf"), "policy = accept\n"));	/* untouched */
	/* The next daemon, and the one after it, do not load these files either. */
	stop(SIGTERM, 0);
	start_ready();
	is_back();
	stop(SIGKILL, -SIGKILL);
	start_ready();
	is_back();
	assert_int_equal(world->put_backs, 2);
	/* Whoever asks for it gets it. */
	want(RELOAD, 0);
	is_fence(1, "accept nsfence.conf:2");
	is_fence(2, "accept by me");
	stop(SIGKILL, -SIGKILL);
	start_ready();
	want(STATUS, 0);
	is_fence(1, "accept nsfence.conf:2");
}

static void test_killed(void **state)
{
	NEEDS_ROOT();
	begin_trial(TRIAL);
	stop(SIGKILL, -SIGKILL);
	is_fence(1, "accept nsfence.conf:2");
	start_ready();
	is_back();
	assert_true(logged("what was applied last was not confirmed: the configuration before it is loaded"));
	/* Other files are another wish. */
	config("[netns n1]\npolicy = reject\n");
	stop(SIGTERM, 0);
	start_ready();
	want(STATUS, 0);
	is_fence(1, "reject nsfence.conf:2");
	is_fence(2, "accept by me");
}

/* In the pass itself: what was taken over until then is not yet written down. */
static void test_killed_in_pass(void **state)
{
	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n[netns n3]\npolicy = drop\n");
	world_set(2, "accept", "by me", GENL_F_MANUAL | GENL_F_STRICT);
	world_set(4, "accept", "left", GENL_F_MANUAL);
	start_ready();
	config("[netns n1]\npolicy = accept\n[netns n2]\npolicy = drop\n[netns n4]\npolicy = none\n");
	world->die_at = 2;
	want(TRIAL, EXIT_UNREACHABLE);
	want_answer("nsfenced went away before it had answered");
	dies();
	is_fence(2, "drop nsfence.conf:4");
	is_fence(4, "accept left");
	start_ready();
	is_back();
	assert_int_equal(world->put_backs, 1);
}

/* Without cookies: by the instance, where that is known; else only by who has watched. */
static void test_no_cookies(void **state)
{
	int i;

	NEEDS_ROOT();
	for (i = 0; i < FAKE_N; i++)
		world->cookie[i] = 0;
	/* The daemon that took it off knows that it is still the same one. */
	begin_trial(SHORT);
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	is_back();
	stop(SIGTERM, 0);

	unlink("/run/state/good/trial");
	begin_trial(TRIAL);
	stop(SIGKILL, -SIGKILL);
	start_ready();
	is_fence(2, "accept by me");
	is_fence(4, "");	/* it had none: nothing to know it by */
	assert_true(logged("inode 4: the fence by hand, accept, is not put back: "));
	stop(SIGTERM, 0);

	world->fence[4].instance = 0;
	put("/run/etc/nsfence.conf", "[netns n1]\npolicy = drop\n[netns n3]\npolicy = drop\n");
	start_ready();
	config("[netns n2]\npolicy = drop\n");
	world->die_at = 2;
	want(TRIAL, EXIT_UNREACHABLE);
	dies();
	start_ready();
	is_fence(2, "");
	assert_int_equal(world->put_backs, 3);
}

/* The number belongs to another one by now, or all did end with the kernel. */
static void test_not_the_same(void **state)
{
	char text[4096], *boot;

	NEEDS_ROOT();
	begin_trial(TRIAL);
	stop(SIGKILL, -SIGKILL);
	world->cookie[2] = 77;
	world_set(2, "drop", "nsfence.conf:4", 0);
	start_ready();
	is_fence(2, "");
	is_fence(4, "accept left");
	stop(SIGTERM, 0);

	world->fence[2].instance = world->fence[4].instance = 0;
	unlink("/run/state/good/trial");
	begin_trial(TRIAL);
	stop(SIGKILL, -SIGKILL);
	snprintf(text, sizeof(text), "%s", slurp("/run/state/good/trial"));
	boot = strstr(text, "\nboot ");
	assert_non_null(boot);
	boot[6] = boot[6] == '0' ? '1' : '0';
	put("/run/state/good/trial", text);
	start_ready();
	is_fence(1, "drop nsfence.conf:2");
	is_fence(2, "");
	is_fence(4, "");
}

/* Taken off by hand while on trial: that, too, was somebody's wish. */
static void test_hand_in_trial(void **state)
{
	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n");
	world_set(4, "accept", "left", GENL_F_MANUAL);
	start_ready();
	config("[netns n1]\npolicy = accept\n");
	want(SHORT, 0);
	world->fence[4].instance = 0;
	wait_for(!strcmp(world_fence(1), "drop nsfence.conf:2"));
	is_fence(4, "");
	assert_int_equal(world->put_backs, 0);
}

/* Once: who takes it off after that has the last word, over the next daemon too. */
static void test_put_back_once(void **state)
{
	NEEDS_ROOT();
	begin_trial(SHORT);
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	is_back();
	stop(SIGKILL, -SIGKILL);
	world_set(2, "drop", "of an older daemon", 0);
	start_ready();
	is_fence(2, "");

	begin_trial(TRIAL);
	stop(SIGKILL, -SIGKILL);
	start_ready();
	is_back();
	stop(SIGKILL, -SIGKILL);
	world_set(2, "drop", "of an older daemon", 0);
	start_ready();
	is_fence(2, "");
	assert_int_equal(world->put_backs, 4);
}

/* Its policy comes back with the configuration only. */
static void test_put_back_later(void **state)
{
	NEEDS_ROOT();
	begin_trial(SHORT);
	world->put_back = ENOENT;
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	is_back();
	stop(SIGTERM, 0);
}

/* Nor before the next trial: then with that one. */
static void test_put_back_in_next(void **state)
{
	NEEDS_ROOT();
	begin_trial(SHORT);
	world->incomplete = true;
	world->put_back = ENOENT;
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	is_fence(2, "");
	world->incomplete = false;
	want(SHORT, 0);
	is_fence(2, "drop nsfence.conf:4");
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	is_back();
	stop(SIGTERM, 0);
}

/* A trial that does not come about is no consent to the one before. */
static void test_refused_stays(void **state)
{
	NEEDS_ROOT();
	begin_trial(SHORT);
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	world->prepare = ENOENT;
	want(SHORT, EXIT_REFUSED);
	want_answer("fake: no such backend");
	is_back();
	world->prepare = 0;
	stop(SIGKILL, -SIGKILL);
	start_ready();
	is_back();
	/* An apply that is one is. */
	want(APPLY, 0);
	world->prepare = ENOENT;
	want(SHORT, EXIT_REFUSED);
	world->prepare = 0;
	stop(SIGKILL, -SIGKILL);
	start_ready();
	is_fence(1, "accept nsfence.conf:2");
}

static void test_back_fails(void **state)
{
	NEEDS_ROOT();
	begin_trial(SHORT);
	world->prepare = ENOENT;
	wait_for(logged("fake: no such backend"));
	want(STATUS, 0);
	want_answer("\"unconfirmed-until\":1");
	want(CONFIRM, EXIT_REFUSED);
	want_answer("it was too late");
	want(APPLY, EXIT_REFUSED);
	want_answer("not confirmed in time");
	world->prepare = 0;
	wait_for(strstr((ask(STATUS), answer), "\"gone-back\":true"));
	is_back();
}

/* Nowhere to keep it: fences are made, and nothing is promised that cannot be kept. */
static void test_no_state(void **state)
{
	NEEDS_ROOT();
	put("/run/state", "in the way");
	config("[netns n1]\npolicy = drop\n");
	start_ready();
	assert_true(logged("/run/state/good: Not a directory"));
	is_fence(1, "drop nsfence.conf:2");
	config("[netns n1]\npolicy = accept\n");
	want(TRIAL, EXIT_REFUSED);
	want_answer("nothing to go back to");
	is_fence(1, "drop nsfence.conf:2");
	want(APPLY, 0);
	is_fence(1, "accept nsfence.conf:2");
	want(STATUS, 0);
}

/* Of another directory: that is no business of ours. */
static void test_other_origin(void **state)
{
	NEEDS_ROOT();
	begin_trial(TRIAL);
	stop(SIGKILL, -SIGKILL);
	assert_int_equal(system("sed -i 's,/run/etc,/run/xtc,' /run/state/good/text.*/.origin"), 0);
	start_ready();
	want(STATUS, 0);
	is_fence(1, "accept nsfence.conf:2");
}

/* The text is gone: what there is, is loaded. */
static void test_text_lost(void **state)
{
	NEEDS_ROOT();
	begin_trial(TRIAL);
	stop(SIGKILL, -SIGKILL);
	assert_int_equal(system("rm /run/state/good/text.*/nsfence.conf"), 0);
	start_ready();
	is_fence(1, "accept nsfence.conf:2");
}

/* ---- wait ---- */

static int dial(const char *request)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	return fd;
}

static bool has_answer(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

#define WAIT(i)	"{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"n" #i "\",\"timeout\":20}"
#define WAIT_1S(i) "{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"n" #i "\",\"timeout\":1}"

static void test_wait(void **state)
{
	unsigned int passes;

	NEEDS_ROOT();
	config("[netns n1]\npolicy = drop\n[netns n2]\npolicy = drop\n[netns n3]\npolicy = none\n"
	       "[netns n7]\npolicy = drop\n");
	world_set(2, "accept", "manual", GENL_F_MANUAL);
	start_ready();
	passes = world->passes;
	want(WAIT(1), 0);
	want_answer("{\"status\":{\"netns\":\"n1\",\"inode\":1,\"state\":\"enforcing\"");
	assert_true(world->passes > passes);	/* what was known before does not count */
	want("{\"cmd\":\"wait\",\"kind\":\"inode\",\"name\":\"1\",\"timeout\":20}", 0);
	want(WAIT(3), 0);
	want_answer("\"exempt\"");
	want(WAIT(4), EXIT_NOT_FOUND);
	want_answer("n4: no section of the configuration claims it");
	want(WAIT(2), EXIT_REFUSED);
	want_answer("n2 is not fenced as configured: manual: fake manual");
	want(WAIT_1S(7), EXIT_REFUSED);
	want_answer("n7 is not fenced as configured after 1 s: fake pending");
	world->state[1] = SYNC_CONFLICT;
	want(WAIT(1), EXIT_REFUSED);
	want_answer("conflict");
	world->state[1] = SYNC_ENDED;
	want(WAIT(1), EXIT_REFUSED);
	world->state[1] = SYNC_FAILED;
	want(WAIT_1S(1), EXIT_REFUSED);
	want_answer("after 1 s: fake failed");
}

static void test_many_wait(void **state)
{
	int fd[200], i, gone, done = 0;
	char buf[512];
	ssize_t n;

	NEEDS_ROOT();
	config("[netns n7]\npolicy = drop\n[netns n8]\npolicy = drop\n");
	start_ready();
	for (i = 0; i < 200; i++)
		fd[i] = dial("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"n7\"}\n");
	gone = dial("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"n7\"}\n");
	usleep(100000);
	for (i = 0; i < 200; i++)
		assert_false(has_answer(fd[i], 0));
	close(gone);
	want(STATUS, 0);	/* they are in nobody's way */
	world->there[8] = true;
	world_wake();
	assert_false(has_answer(fd[0], 200));
	world->there[7] = true;
	world_wake();
	for (i = 0; i < 200; i++) {
		assert_true(has_answer(fd[i], 5000));
		n = recv(fd[i], buf, sizeof(buf) - 1, 0);
		buf[n > 0 ? n : 0] = 0;
		done += strstr(buf, "\"exit\":0") != NULL;
		close(fd[i]);
	}
	assert_int_equal(done, 200);
	is_fence(7, "drop nsfence.conf:2");
}

/* A reload may take the section away that somebody waits for. */
static void test_wait_and_reload(void **state)
{
	char buf[512];
	ssize_t n;
	int fd;

	NEEDS_ROOT();
	config("[netns n7]\npolicy = drop\n");
	start_ready();
	fd = dial("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"n7\"}\n");
	assert_false(has_answer(fd, 100));
	config("");
	want(RELOAD, 0);
	assert_true(has_answer(fd, 5000));
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	buf[n > 0 ? n : 0] = 0;
	assert_non_null(strstr(buf, "\"exit\":4"));
	close(fd);
	/* One that stops says so. */
	config("[netns n7]\npolicy = drop\n");
	want(RELOAD, 0);
	fd = dial("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"n7\"}\n");
	assert_false(has_answer(fd, 100));
	stop(SIGTERM, 0);
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	buf[n > 0 ? n : 0] = 0;
	assert_non_null(strstr(buf, "\"exit\":3"));
	close(fd);
}

/* What comes from the socket keeps nobody from his work. */
static void test_no_socket(void **state)
{
	NEEDS_ROOT();
	mkdir("/run/nsfence", 0755);
	mkdir("/run/nsfence/control", 0755);
	config("[netns n1]\npolicy = drop\n");
	start();
	wait_for(logged("cannot listen on /run/nsfence/control"));
	wait_for(!strcmp(world_fence(1), "drop nsfence.conf:2"));
	stop(SIGTERM, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status),
		TEST(test_plan),
		TEST(test_apply),
		TEST(test_apply_waits),
		TEST(test_refused),
		TEST(test_second),
		TEST(test_confirm),
		TEST(test_not_confirmed),
		TEST(test_killed),
		TEST(test_killed_in_pass),
		TEST(test_no_cookies),
		TEST(test_not_the_same),
		TEST(test_hand_in_trial),
		TEST(test_put_back_once),
		TEST(test_put_back_later),
		TEST(test_put_back_in_next),
		TEST(test_refused_stays),
		TEST(test_back_fails),
		TEST(test_no_state),
		TEST(test_other_origin),
		TEST(test_text_lost),
		TEST(test_wait),
		TEST(test_many_wait),
		TEST(test_wait_and_reload),
		TEST(test_no_socket),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
