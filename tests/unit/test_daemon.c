// links: daemon.c daemon_status.c daemon_config.c daemon_trial.c daemon_control.c control.c control_parse.c control_client.c good.c good_text.c good_trial.c sync.c sync_action.c sync_policy.c sync_report.c sync_status.c sync_switch.c sync_lookup.c sync_preview.c backend.c backend_module.c reconcile.c claims.c gather.c bindings.c bindings_file.c units.c config.c config_load.c config_parse.c config_selector.c config_policies.c config_error.c policies.c policies_name.c genl_names.c policy/diag.c policy/ir.c watch.c propagation.c runtime.c notify.c utf8.c log.c select.c select_find.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The whole daemon against a module that is played by fake_genl.h: real
 * network namespaces, real mounts, signals and notifications, in a mount
 * namespace of the test's own with a /run of its own. Needs root.
 *
 *    test process ---- shared memory: the "kernel" ---- daemon (forked)
 *        |                                                |
 *        +---- /run/netns, signals, notify socket --------+
 */
#include <dirent.h>
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon.h"
#include "fake_genl.h"
#include "fake_nft.h"
#include "fake_policy.h"
#include "fake_systemd.h"
#include "log.h"

#define WAIT_MS 10000

static bool is_root;
static int notify_sock = -1;
static char messages[65536];	/* all notifications of this test, "\n\n" between */
static pid_t daemon_pid;

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* ---- the world outside of the daemon ---- */

static void in_child(void (*f)(const char *), const char *arg)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		f(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void path_of(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "/run/netns/%s", name);
}

static void child_add(const char *name)
{
	char path[256];
	int fd;

	path_of(name, path, sizeof(path));
	mkdir("/run/netns", 0755);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL, 0);
	if (fd < 0 || unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", path, "none", MS_BIND, NULL))
		_exit(1);
}

/* As `ip netns add`: the file first, then the mount. */
static uint32_t add(const char *name)
{
	char path[256];
	struct stat st;

	in_child(child_add, name);
	path_of(name, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static uint32_t inode_of(const char *name)
{
	char path[256];
	struct stat st;

	path_of(name, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* The kernel takes the fence with the namespace; so does the fake. */
static void del(const char *name)
{
	uint32_t inode = inode_of(name);
	char path[256];

	path_of(name, path, sizeof(path));
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_int_equal(unlink(path), 0);
	fake_died(inode);
}

static void also_named(const char *name, const char *target)
{
	char from[256], to[256];
	int fd;

	path_of(name, to, sizeof(to));
	fd = open(to, O_RDONLY | O_CREAT | O_EXCL, 0);
	assert_true(fd >= 0);
	close(fd);
	if (target)
		path_of(target, from, sizeof(from));
	else
		strcpy(from, "/proc/self/ns/net");
	assert_int_equal(mount(from, to, "none", MS_BIND, NULL), 0);
}

static void config(const char *text)
{
	FILE *f = fopen("/run/etc/nsfence.conf", "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* ---- the daemon ---- */

static pid_t spawn(void)
{
	static const struct daemon_options opt = { .config = "/run/etc", .state = "/run/state" };
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	fd = open("/run/log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
	close(notify_sock);
	setenv("NOTIFY_SOCKET", "/run/notify", 1);
	log_open();
	exit(daemon_run(&opt));	/* exit: the leak check is part of the test */
}

static void start(void)
{
	daemon_pid = spawn();
}

static int reap(pid_t pid)
{
	int status, i;

	for (i = 0; i < WAIT_MS / 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		pause_ms(10);
	}
	return -1000;
}

static int stop(int sig)
{
	int ret;

	assert_int_equal(kill(daemon_pid, sig), 0);
	ret = reap(daemon_pid);
	daemon_pid = 0;
	return ret;
}

static char *log_text(void)
{
	static char text[262144];
	int fd = open("/run/log", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static int log_count(const char *what)
{
	const char *s = log_text();
	int n = 0;

	while ((s = strstr(s, what))) {
		n++;
		s++;
	}
	return n;
}

static void take_messages(void)
{
	size_t len = strlen(messages);
	ssize_t n;

	while ((n = recv(notify_sock, messages + len, sizeof(messages) - len - 3,
			 MSG_DONTWAIT)) > 0) {
		len += n;
		strcpy(messages + len, "\n\n");
		len += 2;
	}
}

static bool was_told(const char *what)
{
	take_messages();
	return strstr(messages, what);
}

static bool is_fenced(const char *name, const char *policy)
{
	struct genl_netns n;

	return fake_find(inode_of(name), &n) && !strcmp(n.policy, policy);
}

#define wait_for(cond) do {							\
	int left_ = WAIT_MS / 5;						\
										\
	while (!(cond) && --left_)						\
		pause_ms(5);							\
	if (!left_)								\
		fail_msg("waited in vain for %s\nmessages:\n%s\nlog:\n%s",	\
			 #cond, messages, log_text());				\
} while (0)

static void start_ready(void)
{
	start();
	wait_for(was_told("READY=1"));
}

/* Until the daemon has slept through a while in which it could have acted. */
static void settle(void)
{
	unsigned int before;

	do {
		before = fake->dumps + fake->attaches + fake->detaches;
		pause_ms(150);
	} while (before != fake->dumps + fake->attaches + fake->detaches);
}

static int open_namespaces(void)
{
	char dir[64], path[512], to[128];
	struct dirent *d;
	int n = 0;
	ssize_t len;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", daemon_pid);
	fds = opendir(dir);
	assert_non_null(fds);
	while ((d = readdir(fds))) {
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		len = readlink(path, to, sizeof(to) - 1);
		if (len > 5 && !memcmp(to, "net:[", 5))
			n++;
	}
	closedir(fds);
	return n;
}

static int open_files(void)
{
	char dir[64];
	struct dirent *d;
	int n = 0;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", daemon_pid);
	fds = opendir(dir);
	assert_non_null(fds);
	while ((d = readdir(fds)))
		n += d->d_name[0] != '.';
	closedir(fds);
	return n;
}

/* ---- setup ---- */

static int group_setup(void **state)
{
	(void)state;
	is_root = !geteuid() && !unshare(CLONE_NEWNS) &&
		  !mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
	return fake_setup() || fake_nft_setup();
}

static int setup(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/run/notify" };

	(void)state;
	if (!is_root)
		return 0;
	if (mount("test", "/run", "tmpfs", 0, NULL) || mkdir("/run/etc", 0755))
		return -1;
	notify_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(notify_sock, (void *)&sa, sizeof(sa)))
		return -1;
	messages[0] = 0;
	fake_reset();
	memset(fake_nft, 0, sizeof(*fake_nft));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (daemon_pid) {
		kill(daemon_pid, SIGKILL);
		waitpid(daemon_pid, NULL, 0);
		daemon_pid = 0;
	}
	if (!is_root)
		return 0;
	close(notify_sock);
	return umount2("/run", MNT_DETACH);
}

#define NEEDS_ROOT() do { (void)state; if (!is_root) skip(); } while (0)

/* ---- tests ---- */

static void test_start_and_stop(void **state)
{
	struct genl_netns n;
	char version[64] = "", pid[32];
	int fd;

	NEEDS_ROOT();
	add("web1");
	add("other");
	config("[netns web1]\npolicy = drop\nhooks = input\nforward = accept\n"
	       "[netns db1]\npolicy = reject\n");
	start_ready();
	assert_true(was_told("STATUS=1 of 2 configured namespaces fenced, 1 not there"));
	assert_true(fake_find(inode_of("web1"), &n));
	assert_string_equal(n.policy, "drop");
	assert_string_equal(n.source, "nsfence.conf:2");
	assert_int_equal(n.hooks, 1u << GENL_HOOK_INPUT);
	assert_int_equal(n.flags, GENL_F_FORWARD_ACCEPT | GENL_F_INHERIT);
	assert_false(fake_find(inode_of("other"), &n));
	fd = open("/run/nsfence/version", O_RDONLY);
	assert_true(fd >= 0 && read(fd, version, sizeof(version) - 1) > 0);
	close(fd);
	assert_memory_equal(version, "nsfenced ", 9);
	snprintf(pid, sizeof(pid), "\npid %d\n", daemon_pid);
	assert_non_null(strstr(version, pid));
	assert_int_equal(stop(SIGTERM), 0);
	assert_true(was_told("STOPPING=1"));
	assert_true(access("/run/nsfence/version", F_OK));
	assert_true(is_fenced("web1", "drop"));
}

static void test_names_come_and_go(void **state)
{
	int files;

	NEEDS_ROOT();
	config("[netns web1]\npolicy = drop\n");
	start_ready();		/* without a /run/netns */
	files = open_files();
	add("web1");
	wait_for(is_fenced("web1", "drop"));
	wait_for(was_told("STATUS=1 of 1 configured namespaces fenced\n"));
	del("web1");
	wait_for(was_told("STATUS=0 of 1 configured namespaces fenced, 1 not there"));
	assert_int_equal(open_namespaces(), 0);
	assert_int_equal(fake->detaches, 0);
	add("web1");
	wait_for(is_fenced("web1", "drop"));
	assert_int_equal(fake->attaches, 2);
	settle();
	assert_int_equal(open_files(), files);
}

/*
 * The number of a namespace that died is given to the next; with the same name
 * on it, the names look as before, and the fence is gone.
 */
static void test_inode_reused(void **state)
{
	uint32_t first;
	int tries;

	NEEDS_ROOT();
	config("[netns web1]\npolicy = drop\n");
	first = add("web1");
	start_ready();
	settle();
	kill(daemon_pid, SIGSTOP);
	del("web1");
	for (tries = 0; tries < 200; tries++) {
		pause_ms(10);	/* the kernel cleans up by and by */
		if (add("web1") == first)
			break;
		del("web1");
	}
	kill(daemon_pid, SIGCONT);
	if (tries == 200)
		skip();
	wait_for(is_fenced("web1", "drop"));
}

static void test_restart_changes_nothing(void **state)
{
	NEEDS_ROOT();
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	wait_for(is_fenced("web1", "drop"));
	assert_int_equal(stop(SIGKILL), -SIGKILL);
	messages[0] = 0;
	start_ready();
	settle();
	assert_int_equal(fake->attaches, 1);
	assert_int_equal(fake->detaches, 0);
	/* While it was down: a name came, and a fence was taken off. */
	assert_int_equal(stop(SIGKILL), -SIGKILL);
	messages[0] = 0;
	fake_silently_detach(inode_of("web1"));
	start_ready();
	assert_true(is_fenced("web1", "drop"));
	assert_int_equal(stop(SIGTERM), 0);
}

static void test_manual(void **state)
{
	NEEDS_ROOT();
	add("web1");
	add("lab");
	fake_manual(inode_of("web1"), "accept");
	fake_manual(inode_of("lab"), "drop");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	assert_true(was_told("STATUS=0 of 1 configured namespaces fenced, 1 fenced by hand"));
	kill(daemon_pid, SIGHUP);
	wait_for(log_count("configuration loaded") == 1);
	add("a");
	settle();
	assert_true(is_fenced("web1", "accept"));
	assert_int_equal(log_count("left alone"), 2);	/* once for each loading */
	fake_detach_by_hand(inode_of("web1"));
	wait_for(is_fenced("web1", "drop"));
	assert_true(is_fenced("lab", "drop"));
	assert_int_equal(fake->attaches, 1);
	/* Ours, taken off by hand, comes back. */
	fake_detach_by_hand(inode_of("web1"));
	wait_for(is_fenced("web1", "drop"));
}

static void test_reload(void **state)
{
	NEEDS_ROOT();
	add("web1");
	add("web2");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	messages[0] = 0;

	config("[netns web1]\npolicy = audit\n[netns web2]\npolicy = drop\n");
	kill(daemon_pid, SIGHUP);
	wait_for(was_told("READY=1\nSTATUS=2 of 2 configured namespaces fenced"));
	assert_true(was_told("RELOADING=1\nMONOTONIC_USEC="));
	assert_true(strstr(messages, "RELOADING=1") < strstr(messages, "READY=1"));
	assert_true(is_fenced("web1", "audit"));
	assert_int_equal(fake->replaces, 1);
	messages[0] = 0;

	config("[netns web1]\npolicy = dorp\nmode = x\n[netns web*]\n");
	kill(daemon_pid, SIGHUP);
	wait_for(was_told("READY=1\nSTATUS=FAILED: configuration not loaded (/run/etc/nsfence.conf:2:10: Error: no policy \"dorp\""));
	assert_int_equal(log_count("nsfence.conf:2:10: Error: "), 1);
	assert_int_equal(log_count("nsfence.conf:3:8: Error: "), 1);
	assert_int_equal(log_count("nsfence.conf:4:1: Error: "), 1);
	assert_true(is_fenced("web1", "audit"));
	assert_int_equal(fake->replaces, 1);
	messages[0] = 0;

	config("[netns web2]\npolicy = drop\n");
	kill(daemon_pid, SIGHUP);
	wait_for(was_told("READY=1\nSTATUS=1 of 1 configured namespaces fenced\n"));
	assert_false(is_fenced("web1", "audit"));
	assert_int_equal(fake->detaches, 1);
	assert_int_equal(stop(SIGTERM), 0);
}

static void test_not_yet(void **state)
{
	NEEDS_ROOT();
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	fake->fail_attach = EAGAIN;
	fake->fail_count = 5;
	add("web1");
	wait_for(is_fenced("web1", "drop"));
	assert_int_equal(log_count("not fenced as"), 0);	/* no news */

	fake->fail_attach = ESTALE;
	fake->fail_count = 1;
	del("web1");
	add("web1");
	wait_for(is_fenced("web1", "drop"));
}

/* What passes by itself passes before READY, if it takes no time. */
static void test_ready_waits(void **state)
{
	struct timespec begin, end;

	NEEDS_ROOT();
	config("[netns web1]\npolicy = drop\n");
	add("web1");
	fake->fail_attach = EAGAIN;
	fake->fail_count = 5;
	start_ready();
	assert_true(is_fenced("web1", "drop"));
	assert_int_equal(stop(SIGTERM), 0);
	messages[0] = 0;
	fake_silently_detach(inode_of("web1"));
	fake->fail_count = 10000;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	start_ready();
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec >= 1);
}

/* A fence that is put up by hand between the look and the action stays. */
static void test_race_with_hand(void **state)
{
	NEEDS_ROOT();
	add("web1");
	add("web2");
	config("[netns web1]\npolicy = drop\n[netns web2]\npolicy = drop\n");
	start_ready();
	settle();
	fake->race = inode_of("web1");
	config("[netns web1]\npolicy = reject\n[netns web2]\npolicy = drop\n");
	kill(daemon_pid, SIGHUP);
	wait_for(log_count("web1 (inode ") && log_count("left alone") == 1);
	assert_true(is_fenced("web1", "accept"));
	assert_int_equal(fake->replaces, 0);

	fake->race = inode_of("web2");
	config("[netns web1]\npolicy = reject\n");
	kill(daemon_pid, SIGHUP);
	wait_for(log_count("configuration loaded") == 2);
	settle();
	assert_true(is_fenced("web2", "accept"));
	assert_int_equal(fake->detaches, 0);
	assert_int_equal(log_count("not fenced as"), 0);	/* no news, either */
	assert_int_equal(log_count("not taken off"), 0);
}

/* A link to a process's namespace leads elsewhere once the number is reused. */
static void test_link_and_file(void **state)
{
	int fd;

	NEEDS_ROOT();
	add("web1");
	assert_int_equal(symlink("web1", "/run/netns/link"), 0);
	fd = open("/run/netns/file", O_RDONLY | O_CREAT | O_EXCL, 0);
	assert_true(fd >= 0);
	close(fd);
	config("[netns link]\npolicy = drop\n[netns file]\npolicy = drop\n[netns no]\npolicy = drop\n");
	start_ready();
	assert_true(was_told("STATUS=0 of 3 configured namespaces fenced, 1 not there, 2 not a mount\n"));
	assert_false(is_fenced("web1", "drop"));
	assert_int_equal(log_count("is a symbolic link"), 0);
	wait_for(log_count("link (nsfence.conf:2): /run/netns/link is a symbolic link") == 1);
	wait_for(log_count("file (nsfence.conf:4): /run/netns/file is a file, and no namespace") == 1);
	add("a");
	settle();
	assert_int_equal(log_count("is a symbolic link"), 1);
	assert_int_equal(log_count("is a file, and"), 1);
	assert_int_equal(fake->attaches, 0);
	/* A mount takes the link's place, to the same namespace. */
	assert_int_equal(unlink("/run/netns/link"), 0);
	also_named("link", "web1");
	wait_for(is_fenced("web1", "drop"));
}

static void test_out_of_memory(void **state)
{
	NEEDS_ROOT();
	fake->fail_attach = ENOMEM;
	fake->fail_count = 2;
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	assert_true(was_told("STATUS=degraded: 0 of 1 configured namespaces fenced, 1 failed (web1: fake "));
	wait_for(is_fenced("web1", "drop"));
	wait_for(was_told("STATUS=1 of 1 configured namespaces fenced\n"));
	assert_int_equal(log_count("not fenced as"), 1);	/* though it was tried twice */
}

/* ---- policies ---- */

static void policy(const char *file, const char *text)
{
	char path[256];
	FILE *f;

	mkdir("/run/etc/policies", 0755);
	mkdir("/run/etc/netns.d", 0755);
	snprintf(path, sizeof(path), "/run/etc/%s.nft", file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static uint64_t instance_of(const char *name)
{
	struct genl_netns n;

	return fake_find(inode_of(name), &n) ? n.instance : 0;
}

static uint64_t generation_of(const char *name)
{
	struct genl_policy p;

	return fake_has_policy(name, &p) ? p.generation : 0;
}

static void reload(void)
{
	int before = log_count("reloading /run/etc"), after;

	kill(daemon_pid, SIGHUP);
	wait_for(log_count("reloading /run/etc") > before);
	after = before + 1;
	wait_for(log_count("configuration loaded: ") +
		 log_count("configuration not loaded, the old one stays in force\n") >= after);
	settle();
}

/* A policy is there before its fences; a change of its file reaches them all. */
static void test_policy_file(void **state)
{
	uint64_t one, two;

	NEEDS_ROOT();
	add("web1");
	add("web2");
	add("own");
	policy("policies/web", "warning it rains\nhook input\n");
	policy("netns.d/own", "hook output\n");
	config("[netns web1]\npolicy = web\n[netns web2]\npolicy = web\nmode = audit\n");
	start_ready();
	assert_true(was_told("STATUS=3 of 3 configured namespaces fenced\n"));
	assert_true(is_fenced("web1", "web") && is_fenced("web2", "web"));
	assert_true(is_fenced("own", "netns:own"));
	assert_int_equal(fake->sets, 2);
	assert_int_equal(generation_of("web"), 1);
	assert_int_equal(log_count("policies/web.nft:1:9-16: Warning: it rains\n"), 1);
	assert_int_equal(log_count("         ^^^^^^^^\n") +
			 log_count("        ^^^^^^^^\n") > 0, true);
	one = instance_of("web1");
	two = instance_of("web2");
	settle();

	/* Nothing changed: nothing is done, whatever is asked. */
	reload();
	assert_int_equal(fake->sets, 2);
	assert_int_equal(fake->replaces, 0);

	policy("policies/web", "hook input\nanother\n");
	reload();
	assert_int_equal(fake->sets, 3);
	assert_int_equal(generation_of("web"), 2);
	assert_int_equal(generation_of("netns:own"), 1);
	assert_int_equal(instance_of("web1"), one);
	assert_int_equal(instance_of("web2"), two);
	assert_int_equal(fake->replaces, 0);
	assert_int_equal(log_count("policy web: replaced from policies/web.nft, in 2 fences\n"), 1);
}

/* One mistake anywhere: all is told, nothing changes, and the status names it. */
static void test_policy_mistake(void **state)
{
	NEEDS_ROOT();
	add("web1");
	policy("policies/web", "hook input\n");
	config("[netns web1]\npolicy = web\n");
	start_ready();
	settle();
	policy("policies/web", "hook output\nerror no such thing\n");
	policy("netns.d/other", "error nor that\n");
	config("[netns web1]\npolicy = web\n[netns web2]\npolicy = drop\nhooks = none\n");
	reload();
	assert_int_equal(generation_of("web"), 1);
	assert_int_equal(log_count("/run/etc/nsfence.conf:5:9: Error: \"none\" is not"), 1);
	assert_int_equal(log_count("policies/web.nft:2:7-19: Error: no such thing\n"), 1);
	assert_int_equal(log_count("nsfenced: error no such thing\n"), 1);
	assert_int_equal(log_count("nsfenced:       ^^^^^^^^^^^^^\n"), 1);
	assert_int_equal(log_count("netns.d/other.nft:1:7-14: Error: nor that\n"), 1);
	wait_for(was_told("STATUS=FAILED: configuration not loaded (/run/etc/nsfence.conf:5:9: Error: \"none\" is not"));

	config("[netns web1]\npolicy = web\n");
	reload();
	wait_for(was_told("STATUS=FAILED: configuration not loaded (netns.d/other.nft:1:7-14: Error: nor that), the old one stays in force; 1 of 1 configured"));
	assert_int_equal(generation_of("web"), 1);
	policy("netns.d/other", "fine\n");
	policy("policies/web", "hook output\n");
	reload();
	assert_int_equal(generation_of("web"), 2);
}

/* What somebody else put in its place is found, and what a new module lacks. */
static void test_policy_drift(void **state)
{
	struct genl_policy p;

	NEEDS_ROOT();
	add("web1");
	policy("policies/web", "hook input\n");
	config("[netns web1]\npolicy = web\n");
	start_ready();
	settle();
	fake_policy_by_hand("web", 4711);
	fake_overrun();
	wait_for(generation_of("web") == 3);
	assert_true(fake_has_policy("web", &p) && p.hash != 4711);
	settle();
	assert_int_equal(fake->sets, 2);
	assert_int_equal(fake->replaces, 0);
}

/* A policy goes when neither a section nor a fence needs it; not one by hand. */
static void test_policy_goes(void **state)
{
	NEEDS_ROOT();
	add("web1");
	add("web2");
	add("mine");
	fake_policy_by_hand("theirs", 1);
	fake_policy_by_hand("netns:stale", 1);	/* of a daemon before this one */
	policy("policies/web", "hook input\n");
	policy("policies/db", "hook input\ndb\n");
	policy("netns.d/web2", "hook output\n");
	config("[netns web1]\npolicy = web\n[netns db]\npolicy = db\n");
	start_ready();
	assert_true(fake_has_policy("db", NULL));	/* though no namespace has it */
	assert_false(fake_has_policy("netns:stale", NULL));
	fake_manual(inode_of("mine"), "db");
	settle();

	assert_int_equal(unlink("/run/etc/netns.d/web2.nft"), 0);
	config("[netns web1]\npolicy = drop\n");
	reload();
	assert_true(is_fenced("web1", "drop"));
	assert_false(fake_has_policy("web", NULL));
	assert_false(fake_has_policy("netns:web2", NULL));
	assert_true(fake_has_policy("db", NULL));	/* a fence by hand has it */
	assert_true(fake_has_policy("theirs", NULL));
	assert_int_equal(fake->dels, 3);

	fake_detach_by_hand(inode_of("mine"));
	wait_for(!fake_has_policy("db", NULL));
	settle();
	assert_true(fake_has_policy("theirs", NULL));
	/* It is forgotten: what is put there now is not the daemon's. */
	fake_policy_by_hand("web", 2);
	reload();
	assert_true(fake_has_policy("web", NULL));
}

/* The module refuses: what is there stays, what is not there is not asked for. */
static void test_policy_refused(void **state)
{
	NEEDS_ROOT();
	add("web1");
	add("new1");
	policy("policies/web", "hook input\n");
	config("[netns web1]\npolicy = web\n");
	start_ready();
	settle();
	fake->fail_set = EOPNOTSUPP;
	policy("policies/web", "hook output\n");
	policy("policies/new", "hook output\n");
	config("[netns web1]\npolicy = web\n[netns new1]\npolicy = new\n[netns new2]\npolicy = web\n");
	reload();
	wait_for(was_told("degraded: 0 of 3 configured namespaces fenced, 1 not there, 2 failed (policy new: fake "));
	assert_int_equal(log_count("policy web: not replaced, its fences keep the old version: fake "), 1);
	assert_int_equal(log_count("policy new: not loaded: fake "), 1);
	assert_int_equal(log_count("new1 (inode "), 1);
	assert_true(is_fenced("web1", "web"));
	assert_int_equal(instance_of("new1"), 0);
	/* The old version is better than none. */
	add("new2");
	wait_for(is_fenced("new2", "web"));

	fake->fail_set = 0;
	wait_for(is_fenced("new1", "new"));
	wait_for(was_told("STATUS=3 of 3 configured namespaces fenced\n"));
	assert_int_equal(generation_of("web"), 2);
}

static void test_lost_events(void **state)
{
	NEEDS_ROOT();
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	settle();
	fake_silently_detach(inode_of("web1"));
	pause_ms(100);
	assert_false(is_fenced("web1", "drop"));
	fake_overrun();
	wait_for(is_fenced("web1", "drop"));
}

static void test_module_goes(void **state)
{
	NEEDS_ROOT();
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	settle();
	fake_unload();
	add("trigger");
	wait_for(was_told("STATUS=degraded: "));
	add("trigger2");
	pause_ms(100);
	fake->loaded = true;
	wait_for(is_fenced("web1", "drop"));
	wait_for(log_count("reachable again") == 1);
	assert_int_equal(log_count("trying again"), 1);
	/* Events of the module as loaded anew are heard. */
	settle();
	fake_detach_by_hand(inode_of("web1"));
	wait_for(is_fenced("web1", "drop"));
	assert_int_equal(stop(SIGTERM), 0);
}

/* Unloaded and loaded again, in no time: noticed by what the kernel tells. */
static void test_module_reloaded(void **state)
{
	NEEDS_ROOT();
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	settle();
	fake_unload();
	fake->loaded = true;
	fake_wake();
	wait_for(is_fenced("web1", "drop"));

	/* Without that message: the first request finds out, the next pass mends. */
	settle();
	fake_unload();
	fake->loaded = true;
	add("trigger");
	wait_for(is_fenced("web1", "drop"));
}

static void test_not_started(void **state)
{
	pid_t second;

	NEEDS_ROOT();
	add("web1");
	config("[netns web1]\npolicy = dorp\n[netns b]\n");
	start();
	assert_int_equal(reap(daemon_pid), 1);
	daemon_pid = 0;
	assert_int_equal(log_count("Error: "), 2);
	assert_int_equal(fake->opens, 0);

	config("[netns web1]\npolicy = drop\n");
	fake->loaded = false;
	start();
	assert_int_equal(reap(daemon_pid), 3);
	daemon_pid = 0;
	assert_int_equal(log_count("fake: no nftables"), 1);
	assert_false(was_told("READY=1"));

	fake->loaded = true;
	start_ready();
	second = spawn();
	assert_int_equal(reap(second), 1);
	assert_int_equal(log_count("another nsfenced is running"), 1);
	assert_int_equal(access("/run/nsfence/version", F_OK), 0);
	assert_int_equal(stop(SIGINT), 0);
}

static void test_conflict_and_initial(void **state)
{
	NEEDS_ROOT();
	add("web1");
	also_named("alias", "web1");
	also_named("same", "web1");
	also_named("host", NULL);
	config("[netns web1]\npolicy = drop\n[netns alias]\npolicy = accept\n"
	       "[netns same]\npolicy = drop\n[netns host]\npolicy = drop\n");
	start_ready();
	/* web1, alias and same are one: fenced, and in conflict. */
	assert_true(was_told("STATUS=degraded: 0 of 2 configured namespaces fenced, 2 failed ("));
	assert_true(is_fenced("web1", "drop"));
	assert_false(is_fenced("host", "drop"));
	assert_int_equal(fake->attaches, 1);
	add("a");
	settle();
	assert_int_equal(log_count("alias (nsfence.conf:4) and web1 (nsfence.conf:2) are one namespace"), 1);
	assert_int_equal(log_count("host (nsfence.conf:8) is the initial network namespace"), 1);
}

static void test_watchdog(void **state)
{
	NEEDS_ROOT();
	config("");
	setenv("WATCHDOG_USEC", "100000", 1);
	start_ready();
	unsetenv("WATCHDOG_USEC");
	wait_for(was_told("WATCHDOG=1"));
	messages[0] = 0;
	wait_for(was_told("WATCHDOG=1"));
}

/* A manager that takes no messages (a frozen PID 1) holds up no fence. */
static void test_deaf_manager(void **state)
{
	NEEDS_ROOT();
	config("[netns web1]\npolicy = drop\n");
	setenv("WATCHDOG_USEC", "2000", 1);
	start_ready();
	unsetenv("WATCHDOG_USEC");
	pause_ms(1000);		/* its queue is full, be it of 10 or of 512 */
	add("web1");
	wait_for(is_fenced("web1", "drop"));
	del("web1");
	add("web1");
	wait_for(is_fenced("web1", "drop"));
	messages[0] = 0;	/* it awakes, and learns how things are */
	wait_for(was_told("STATUS=1 of 1 configured namespaces fenced\n"));
	assert_int_equal(stop(SIGTERM), 0);
}

/* A refused sign of life is sent again soon, not half a period later. */
static void test_watchdog_refused(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/run/notify" };
	int fd, room = 0;

	NEEDS_ROOT();
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (void *)&sa, sizeof(sa)), 0);
	while (send(fd, "x", 1, 0) == 1)
		room++;
	assert_true(room > 0);
	setenv("WATCHDOG_USEC", "120000000", 1);
	start();
	unsetenv("WATCHDOG_USEC");
	wait_for(is_fenced("web1", "drop"));
	wait_for(was_told("WATCHDOG=1"));
	close(fd);
}

/* The lock file of another version: nobody else may open it, and lock it. */
static void test_lock_mode(void **state)
{
	struct stat st;
	int fd;

	NEEDS_ROOT();
	config("");
	assert_int_equal(mkdir("/run/nsfence", 0755), 0);
	fd = open("/run/nsfence/lock", O_RDWR | O_CREAT, 0644);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	start_ready();
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
}

/* The manager refuses a status that is not UTF-8. */
static void test_status_is_utf8(void **state)
{
	NEEDS_ROOT();
	fake->fail_attach = ENOMEM;
	fake->fail_count = 10000;
	add("w\xff\xc3\xbc");
	config("[netns w\xff\xc3\xbc]\npolicy = drop\n");
	start_ready();
	assert_true(was_told("1 failed (w?\xc3\xbc: fake "));
}

/* Many at once: all fenced, and only the last attach waited for a grace period. */
static void test_many(void **state)
{
	enum { N = 100 };
	char text[N * 40] = "", name[16];
	unsigned int waits;
	size_t len = 0;
	int i, files;

	NEEDS_ROOT();
	for (i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		add(name);
		if (i % 2)
			len += snprintf(text + len, sizeof(text) - len,
					"[netns %s]\npolicy = drop\n", name);
	}
	config(text);
	start_ready();
	assert_int_equal(fake->attaches, N / 2);
	assert_int_equal(fake->waits, 1);
	assert_true(was_told("STATUS=50 of 50 configured namespaces fenced\n"));
	settle();
	files = open_files();
	waits = fake->waits;
	for (i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		del(name);
		add(name);
	}
	for (i = 1; i < N; i += 2) {
		snprintf(name, sizeof(name), "n%d", i);
		wait_for(is_fenced(name, "drop"));
	}
	assert_true(fake->waits > waits);
	settle();
	assert_int_equal(fake->count, N / 2);
	assert_int_equal(open_namespaces(), 0);
	assert_int_equal(open_files(), files);
	assert_int_equal(stop(SIGTERM), 0);
}

/* `ip netns del` of a namespace in which a process lives on. */
static void test_nameless_stays_fenced(void **state)
{
	struct genl_netns n;
	uint32_t inode;

	NEEDS_ROOT();
	inode = add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	assert_int_equal(umount2("/run/netns/web1", MNT_DETACH), 0);
	assert_int_equal(unlink("/run/netns/web1"), 0);
	wait_for(was_told("1 not there; 1 more without a name"));
	settle();
	assert_true(fake_find(inode, &n));
}

/* ---- other selectors ---- */

static void mount_at(const char *name, const char *path)
{
	char from[256];
	int fd;

	path_of(name, from, sizeof(from));
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(mount(from, path, "none", MS_BIND, NULL), 0);
}

static void test_globs(void **state)
{
	NEEDS_ROOT();
	add("build-1");
	add("build-host");
	add("db");
	config("[netns build-*]\npolicy = drop\nexcept = build-host\n"
	       "[netns build-2]\npolicy = audit\n");
	start_ready();
	assert_true(is_fenced("build-1", "drop"));
	assert_false(is_fenced("build-host", "drop"));
	assert_true(was_told("STATUS=1 of 2 configured namespaces fenced, 1 not there\n"));
	add("build-2");
	wait_for(is_fenced("build-2", "audit"));
	add("build-3");
	wait_for(is_fenced("build-3", "drop"));
	assert_int_equal(fake->attaches, 3);
}

/* As docker has them: mounts elsewhere, the host's own among them. */
static void test_paths(void **state)
{
	NEEDS_ROOT();
	assert_int_equal(mkdir("/run/docker", 0755) || mkdir("/run/docker/netns", 0755), 0);
	add("hidden1");
	add("hidden2");
	mount_at("hidden1", "/run/docker/netns/4f2a");
	mount_at("hidden2", "/run/docker/netns/7b");
	close(open("/run/docker/netns/file", O_RDONLY | O_CREAT, 0));
	close(open("/run/docker/netns/default", O_RDONLY | O_CREAT, 0));
	assert_int_equal(mount("/proc/self/ns/net", "/run/docker/netns/default", "none", MS_BIND,
			       NULL), 0);
	config("[path /run/docker/netns/*]\npolicy = drop\n[path /run/docker/netns/7b]\npolicy = reject\n");
	start_ready();
	assert_true(is_fenced("hidden1", "drop"));
	assert_true(is_fenced("hidden2", "reject"));
	assert_int_equal(fake->attaches, 2);
	assert_true(was_told("STATUS=2 of 3 configured namespaces fenced, 1 not a mount\n"));
	assert_int_equal(log_count("/run/docker/netns/4f2a"), 0);	/* it has a better name */
	assert_int_equal(log_count("hidden1 (inode "), 1);
	assert_int_equal(log_count("refused"), 0);
	assert_int_equal(open_namespaces(), 0);
	/* The section is gone: what is mounted somewhere has a name, and is laid open. */
	config("");
	reload();
	assert_int_equal(fake->detaches, 2);
}

/* One fence, whatever the number of its names; and the tie is told with both lines. */
static void test_tie_of_globs(void **state)
{
	NEEDS_ROOT();
	add("aa");
	config("[netns a*]\npolicy = drop\n[netns *a]\npolicy = accept\n");
	start_ready();
	assert_true(is_fenced("aa", "drop"));
	assert_int_equal(log_count("nsfence.conf:2 and nsfence.conf:4 claim aa (inode "), 1);
	add("x");
	settle();
	assert_int_equal(log_count("nsfence.conf:2 and nsfence.conf:4 claim aa (inode "), 1);
	assert_true(was_told("degraded: 0 of 1 configured namespaces fenced, 1 failed (aa: "));
	config("[netns a*]\npolicy = drop\n[netns *a]\npolicy = accept\nexcept = aa\n");
	reload();
	wait_for(was_told("STATUS=1 of 1 configured namespaces fenced\n"));
}

static void test_none(void **state)
{
	NEEDS_ROOT();
	add("web1");
	add("web2");
	config("[netns web*]\npolicy = drop\n");
	start_ready();
	assert_int_equal(fake->attaches, 2);
	config("[netns web*]\npolicy = drop\n[netns web2]\npolicy = none\n");
	reload();
	assert_true(is_fenced("web1", "drop"));
	assert_false(is_fenced("web2", "drop"));
	assert_int_equal(log_count("web2 (inode "), 2);
	assert_int_equal(log_count("taken off, nsfence.conf:4 says policy = none"), 1);
}

/* ---- processes ---- */

/* A process in a namespace of its own. */
static pid_t process(uint32_t *inode)
{
	char path[64], c;
	struct stat st;
	int up[2];
	pid_t pid;

	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!unshare(CLONE_NEWNET) && write(up[1], "x", 1) == 1)
			while (true)
				pause();
		_exit(1);
	}
	close(up[1]);
	assert_int_equal(read(up[0], &c, 1), 1);
	close(up[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	assert_int_equal(stat(path, &st), 0);
	*inode = st.st_ino;
	return pid;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool inode_fenced(uint32_t inode, const char *policy)
{
	struct genl_netns n;

	return fake_find(inode, &n) && !strcmp(n.policy, policy);
}

static char *slurp(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void spill(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void config_pid(pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "[pid %d]\npolicy = drop\n", pid);
	config(text);
}

/* Bound once; ended with the process, and stays so, whoever has the number. */
static void test_pid(void **state)
{
	char record[64], *text;
	uint32_t inode, other;
	pid_t pid, pid2;

	NEEDS_ROOT();
	pid = process(&inode);
	pid2 = process(&other);
	config_pid(pid);
	start_ready();
	assert_true(inode_fenced(inode, "drop"));
	assert_int_equal(open_namespaces(), 0);
	snprintf(record, sizeof(record), "pid %d start ", pid);
	assert_non_null(strstr(slurp("/run/state/bindings"), record));
	assert_int_equal(stop(SIGTERM), 0);
	messages[0] = 0;

	/* The number has been given to another: it began at another time. */
	text = strdup(slurp("/run/state/bindings"));
	strchr(strstr(text, record), ' ')[0] = 0;
	text = realloc(text, 4096);
	snprintf(text + strlen(text), 256, " %d start 1\nend 1\n", pid);
	spill("/run/state/bindings", text);
	free(text);
	fake_silently_detach(inode);
	start_ready();
	assert_true(was_told("STATUS=0 of 1 configured namespaces fenced, 1 ended"));
	assert_false(inode_fenced(inode, "drop"));
	assert_int_equal(log_count("has ended: the process that it was bound to has ended"), 1);
	snprintf(record, sizeof(record), "pid %d ended\n", pid);
	assert_non_null(strstr(slurp("/run/state/bindings"), record));
	reload();
	assert_false(inode_fenced(inode, "drop"));
	assert_int_equal(fake->attaches, 1);

	/* Taken out and put in again: bound anew. */
	config("");
	reload();
	config_pid(pid);
	reload();
	wait_for(inode_fenced(inode, "drop"));
	/* Without the section, and without a name: laid open all the same. */
	config("");
	reload();
	assert_false(inode_fenced(inode, "drop"));
	assert_int_equal(fake->detaches, 1);
	end_process(pid);
	/* Another number, of nobody: ended at once. */
	end_process(pid2);
	config_pid(pid2);
	reload();
	wait_for(log_count("no process had that number when the section was first loaded") == 1);
}

/* Damaged, of another boot, or cut off: nothing is bound to what has the numbers now. */
static void test_bindings_file(void **state)
{
	static const char *const bad[][2] = {
		{ "nsfence bindings 1\nboot 11111111-1111-1111-1111-111111111111\npid ",
		  " start 1\nend 1\n" },
		{ "nsfence bindings 1\nboot x\npid ", " start" },
		{ "garbage ", "\n" },
	};
	uint32_t inode;
	char text[256];
	size_t i;
	pid_t pid;

	NEEDS_ROOT();
	pid = process(&inode);
	config_pid(pid);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		mkdir("/run/state", 0700);
		snprintf(text, sizeof(text), "%s%d%s", bad[i][0], pid, bad[i][1]);
		spill("/run/state/bindings", text);
		chmod("/run/state/bindings", 0600);
		messages[0] = 0;
		start_ready();
		assert_true(was_told("STATUS=0 of 1 configured namespaces fenced, 1 ended"));
		assert_int_equal(fake->attaches, 0);
		assert_int_equal(log_count("bindings is damaged: to what"), i);
		assert_int_equal(stop(SIGTERM), 0);
	}
	/* Where it is lost they are bound anew. */
	assert_int_equal(unlink("/run/state/bindings"), 0);
	messages[0] = 0;
	start_ready();
	assert_true(inode_fenced(inode, "drop"));
	end_process(pid);
}

static void config_inode(uint32_t inode)
{
	char text[64];

	snprintf(text, sizeof(text), "[inode %u]\npolicy = drop\n", inode);
	config(text);
}

/* With a cookie: the number's next owner has another. */
static void test_inode_cookie(void **state)
{
	NEEDS_ROOT();
	fake_lives(4026540001u, 77, 0);
	config_inode(4026540001u);
	start_ready();
	assert_true(inode_fenced(4026540001u, "drop"));
	assert_non_null(strstr(slurp("/run/state/bindings"), "inode 4026540001 cookie 77\n"));
	assert_int_equal(stop(SIGKILL), -SIGKILL);
	messages[0] = 0;
	/* The same one: nothing changes. */
	start_ready();
	settle();
	assert_int_equal(fake->attaches, 1);
	assert_int_equal(stop(SIGKILL), -SIGKILL);
	messages[0] = 0;
	/* While the daemon was away it died, and another has its number. */
	fake_silently_detach(4026540001u);
	fake_lives(4026540001u, 78, 0);
	start_ready();
	assert_true(was_told("STATUS=0 of 1 configured namespaces fenced, 1 ended"));
	assert_int_equal(fake->attaches, 1);
	assert_non_null(strstr(slurp("/run/state/bindings"), "inode 4026540001 ended\n"));
	/* And even if the first came back. */
	fake_lives(4026540001u, 77, 0);
	reload();
	assert_int_equal(fake->attaches, 1);
}

/* Without a cookie (Linux 5.10): by the deaths that the module tells, or by the fence. */
static void test_inode_without_cookie(void **state)
{
	const uint32_t inode = 4026540002u;
	struct genl_netns n;
	char record[64];

	NEEDS_ROOT();
	fake_lives(inode, 0, 0);
	config_inode(inode);
	start_ready();
	assert_true(inode_fenced(inode, "drop"));
	settle();
	assert_true(fake_find(inode, &n));
	add("trigger");
	snprintf(record, sizeof(record), "inode %u instance %llu\n", inode,
		 (unsigned long long)n.instance);
	reload();
	assert_non_null(strstr(slurp("/run/state/bindings"), record));
	assert_int_equal(stop(SIGTERM), 0);
	messages[0] = 0;
	/* It has its fence still, so it is the same. */
	start_ready();
	assert_true(inode_fenced(inode, "drop"));
	assert_int_equal(fake->attaches, 1);
	/* The module tells of the death before the number is free. */
	fake_died(inode);
	fake_lives(inode, 0, 0);
	wait_for(log_count("has ended: the namespace that it was bound to is gone") == 1);
	settle();
	assert_int_equal(fake->attaches, 1);

	/* Bound anew; the daemon is away when it dies. */
	config("");
	reload();
	config_inode(inode);
	reload();
	wait_for(inode_fenced(inode, "drop"));
	assert_int_equal(stop(SIGKILL), -SIGKILL);
	messages[0] = 0;
	fake_silently_detach(inode);
	start_ready();
	assert_true(was_told("STATUS=0 of 1 configured namespaces fenced, 1 ended"));
	assert_int_equal(fake->attaches, 2);
}

static void test_inode_nobody(void **state)
{
	NEEDS_ROOT();
	config_inode(4026540003u);
	start_ready();
	assert_true(was_told("STATUS=0 of 1 configured namespaces fenced, 1 ended"));
	fake_lives(4026540003u, 5, 0);
	reload();
	assert_int_equal(fake->attaches, 0);
}

/* The namespace of a unit's main process; of the next one as soon as it is restarted. */
static void test_unit(void **state)
{
	uint32_t first, second;
	pid_t pid, pid2;

	NEEDS_ROOT();
	if (no_bus())
		skip();
	pid = process(&first);
	pid2 = process(&second);
	assert_int_equal(fake_systemd_setup("/run"), 0);
	start_bus();
	start_systemd();
	played->pid = pid;
	config("[unit a]\npolicy = drop\n[unit b]\npolicy = drop\n");
	start_ready();
	assert_true(was_told("STATUS=1 of 2 configured namespaces fenced, 1 not there\n"));
	assert_true(inode_fenced(first, "drop"));
	assert_int_equal(log_count("a.service (inode "), 1);
	assert_int_equal(open_namespaces(), 0);

	played->pid = pid2;
	played->emit = 1;
	wait_for(inode_fenced(second, "drop"));
	played->pid = 0;
	played->emit = 1;
	wait_for(was_told("STATUS=0 of 2 configured namespaces fenced, 2 not there"));
	/* The processes live on, without a name: what they have stays. */
	assert_true(inode_fenced(first, "drop") && inode_fenced(second, "drop"));
	/* One in the host's own namespace. */
	played->pid = getpid();
	played->emit = 1;
	wait_for(log_count("a.service (nsfence.conf:2) is the initial network namespace") == 1);
	fake_systemd_teardown();
	add("x");		/* the loop turns on, without a bus */
	settle();
	assert_int_equal(stop(SIGTERM), 0);
	end_process(pid);
	end_process(pid2);
}

static void test_unit_without_bus(void **state)
{
	NEEDS_ROOT();
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/no-such-bus", 1);
	add("web1");
	config("[unit a]\npolicy = drop\n[netns web1]\npolicy = drop\n");
	start_ready();
	assert_true(was_told("STATUS=1 of 2 configured namespaces fenced, 1 not known yet\n"));
	assert_int_equal(log_count("no connection to systemd over D-Bus: No such file or directory; trying again"), 1);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

/* ---- birth ---- */

static void test_birth(void **state)
{
	NEEDS_ROOT();
	add("web1");
	strcpy(fake->birth.policy, "drop");	/* of the module's parameter */
	fake_lives(4026540010u, 1, 0);
	fake_born(4026540010u, "drop", GENL_F_BIRTH | GENL_F_INHERIT, "birth");
	fake_born(inode_of("web1"), "drop", GENL_F_BIRTH | GENL_F_INHERIT, "birth");
	config("[nsfenced]\nbirth = reject\n[netns web1]\npolicy = accept\n");
	start_ready();
	assert_string_equal(fake->birth.policy, "reject");
	assert_true(fake->birth.decided);
	assert_true(is_fenced("web1", "accept"));
	assert_true(inode_fenced(4026540010u, "reject"));
	settle();
	assert_int_equal(fake->births, 1);
	assert_int_equal(fake->attaches, 2);
	assert_int_equal(stop(SIGKILL), -SIGKILL);
	messages[0] = 0;

	/* The flag is still there: decided by none, it comes off. */
	config("[netns web1]\npolicy = accept\n");
	start_ready();
	assert_string_equal(fake->birth.policy, "none");
	assert_true(is_fenced("web1", "accept"));
	assert_false(inode_fenced(4026540010u, "reject"));
	assert_int_equal(log_count("fence of birth taken off"), 1);
	settle();
	assert_int_equal(fake->births, 2);
}

/* A policy that birth needs is there before it, and goes after it. */
static void test_birth_policy(void **state)
{
	NEEDS_ROOT();
	policy("policies/nursery", "hook input\n");
	config("[nsfenced]\nbirth = nursery\n");
	start_ready();
	assert_string_equal(fake->birth.policy, "nursery");
	assert_true(fake_has_policy("nursery", NULL));
	config("");
	reload();
	assert_string_equal(fake->birth.policy, "none");
	assert_false(fake_has_policy("nursery", NULL));

	fake->fail_birth = ENOMEM;
	config("[nsfenced]\nbirth = drop\n");
	reload();
	wait_for(was_told("degraded: 0 of 0 configured namespaces fenced, 1 failed (birth: fake "));
	assert_int_equal(log_count("birth = drop is not in force: fake "), 1);
	fake->fail_birth = 0;
	wait_for(!strcmp(fake->birth.policy, "drop"));
}

static void test_inherited(void **state)
{
	uint32_t inode;

	NEEDS_ROOT();
	inode = add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	fake_lives(4026540020u, 1, inode);
	fake_born(4026540020u, "drop", GENL_F_INHERITED | GENL_F_INHERIT, "nsfence.conf:2");
	config("[netns web1]\npolicy = reject\n");
	reload();
	assert_true(inode_fenced(4026540020u, "reject"));
	config("[netns web1]\npolicy = reject\ninherit = no\n");
	reload();
	assert_true(is_fenced("web1", "reject"));
	assert_false(inode_fenced(4026540020u, "reject"));
	assert_int_equal(log_count("inherited fence of nsfence.conf:2 taken off"), 1);
}

/* ---- another backend ---- */

static bool nft_fenced(const char *name, const char *policy)
{
	const struct genl_netns *n = fake_nft_slot(inode_of(name));

	return n && !strcmp(n->policy, policy);
}

/* Make before break, there and back. */
static void test_other_backend(void **state)
{
	NEEDS_ROOT();
	fake_nft->works = true;
	add("web1");
	add("web2");
	policy("policies/web", "hook input\n");
	config("[nsfenced]\nbirth = drop\n[netns web1]\npolicy = web\n[netns web2]\npolicy = drop\n");
	start_ready();
	assert_int_equal(fake_nft->opens, 0);
	fake_lives(4026540030u, 1, 0);
	fake_born(4026540030u, "drop", GENL_F_BIRTH | GENL_F_INHERIT, "birth");
	add("kid");
	fake_lives(inode_of("kid"), 2, 4711);
	fake_born(inode_of("kid"), "drop", GENL_F_INHERITED | GENL_F_INHERIT, "gone");

	fake_nft->fail_count = 3;
	config("[nsfenced]\nbackend = nft\n[netns web1]\npolicy = web\n[netns web2]\npolicy = drop\n");
	reload();
	wait_for(nft_fenced("web1", "web") && nft_fenced("web2", "drop"));
	wait_for(!is_fenced("web1", "web") && !is_fenced("web2", "drop"));
	/* None was taken off before it stood there: that is checked by the order of the log. */
	assert_true(strstr(log_text(), "web2 (inode ") < strstr(log_text(), "of backend module taken off"));
	wait_for(!strcmp(fake->birth.policy, "none"));
	assert_false(fake_has_policy("web", NULL));
	/* Nobody's: it stays with the module. */
	assert_true(inode_fenced(4026540030u, "drop"));
	assert_int_equal(log_count("2 fences of namespaces that no section claims stay with backend module"), 1);
	assert_int_equal(access("/run/state/nft.used", F_OK), 0);
	/* Until a section claims it, or it dies; then the module is let go. */
	config("[nsfenced]\nbackend = nft\n[netns web*]\npolicy = drop\n[netns kid]\npolicy = drop\n");
	reload();
	wait_for(nft_fenced("kid", "drop") && !is_fenced("kid", "drop"));
	assert_true(inode_fenced(4026540030u, "drop"));
	fake_died(4026540030u);
	reload();
	fake_born(inode_of("kid"), "drop", 0, "too late");
	reload();
	assert_true(is_fenced("kid", "drop"));

	config("[netns web1]\npolicy = web\n[netns web2]\npolicy = drop\n");
	reload();
	wait_for(is_fenced("web1", "web") && is_fenced("web2", "drop"));
	wait_for(fake_nft->count == 0);
	assert_true(access("/run/state/nft.used", F_OK));
	wait_for(was_told("STATUS=2 of 2 configured namespaces fenced\n"));
}

/* It cannot be had: nothing changes. */
static void test_backend_refused(void **state)
{
	NEEDS_ROOT();
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	config("[nsfenced]\nbackend = nft\n[netns web1]\npolicy = accept\n");
	reload();
	assert_true(is_fenced("web1", "drop"));
	assert_int_equal(log_count("configuration not loaded, the old one stays in force\n"), 1);
}

/* Without the module, and with tables of a daemon before this one. */
static void test_backend_auto(void **state)
{
	NEEDS_ROOT();
	fake_nft->works = true;
	fake->loaded = false;
	add("web1");
	config("[netns web1]\npolicy = drop\n");
	start_ready();
	assert_true(nft_fenced("web1", "drop"));
	assert_int_equal(log_count("backend = auto: fake: the module is not loaded"), 1);
	assert_int_equal(stop(SIGKILL), -SIGKILL);
	messages[0] = 0;
	fake->loaded = true;
	start_ready();
	assert_true(is_fenced("web1", "drop"));
	wait_for(fake_nft->count == 0);
	assert_true(access("/run/state/nft.used", F_OK));
	assert_int_equal(stop(SIGTERM), 0);
	/* It is forgotten: nobody looks for tables any more. */
	messages[0] = 0;
	fake_nft->opens = 0;
	start_ready();
	settle();
	assert_int_equal(fake_nft->opens, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start_and_stop),
		TEST(test_names_come_and_go),
		TEST(test_inode_reused),
		TEST(test_restart_changes_nothing),
		TEST(test_manual),
		TEST(test_reload),
		TEST(test_not_yet),
		TEST(test_ready_waits),
		TEST(test_race_with_hand),
		TEST(test_link_and_file),
		TEST(test_out_of_memory),
		TEST(test_policy_file),
		TEST(test_policy_mistake),
		TEST(test_policy_drift),
		TEST(test_policy_goes),
		TEST(test_policy_refused),
		TEST(test_lost_events),
		TEST(test_module_goes),
		TEST(test_module_reloaded),
		TEST(test_not_started),
		TEST(test_conflict_and_initial),
		TEST(test_watchdog),
		TEST(test_deaf_manager),
		TEST(test_watchdog_refused),
		TEST(test_lock_mode),
		TEST(test_status_is_utf8),
		TEST(test_many),
		TEST(test_nameless_stays_fenced),
		TEST(test_globs),
		TEST(test_paths),
		TEST(test_tie_of_globs),
		TEST(test_none),
		TEST(test_pid),
		TEST(test_bindings_file),
		TEST(test_inode_cookie),
		TEST(test_inode_without_cookie),
		TEST(test_inode_nobody),
		TEST(test_unit),
		TEST(test_unit_without_bus),
		TEST(test_birth),
		TEST(test_birth_policy),
		TEST(test_inherited),
		TEST(test_other_backend),
		TEST(test_backend_refused),
		TEST(test_backend_auto),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
