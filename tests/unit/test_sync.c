// links: sync.c sync_action.c sync_policy.c sync_report.c sync_status.c sync_switch.c sync_lookup.c sync_preview.c backend.c backend_module.c reconcile.c claims.c gather.c bindings.c bindings_file.c units.c config.c config_load.c config_parse.c config_selector.c config_policies.c config_error.c policies.c policies_name.c genl_names.c policy/diag.c policy/ir.c utf8.c log.c select.c select_find.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What people are shown of a pass: statuses, previews, what somebody waits for;
 * and what was taken over, and is put back. Real namespaces, a played module, a
 * mount namespace with a /run of its own. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "fake_genl.h"
#include "fake_nft.h"
#include "fake_policy.h"
#include "sync.h"

static bool is_root;
static struct sync s;
static struct config *in_force;

/* ---- the world ---- */

static uint32_t inode_of(const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void make_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL, 0);

	if (fd < 0)
		_exit(1);
	close(fd);
}

static uint32_t add(const char *name)
{
	char path[256];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	pid = fork();
	if (!pid) {
		make_file(path);
		_exit(unshare(CLONE_NEWNET) ||
		      mount("/proc/self/ns/net", path, "none", MS_BIND, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fake_lives(inode_of(name), 0, 0);
	return inode_of(name);
}

static struct config *load(const char *text)
{
	struct config *c = calloc(1, sizeof(*c));
	struct config_errors errs = { 0 };
	FILE *f = fopen("/run/etc/nsfence.conf", "w");

	fputs(text, f);
	fclose(f);
	if (config_load("/run/etc", c, &errs))
		fail_msg("%s", errs.n ? errs.v[0].text : "?");
	return c;
}

static void pass_with(unsigned int flags)
{
	struct sync_result r;

	sync_pass(&s, SYNC_FENCES | flags, &r);
	assert_true(r.complete);
	sync_result_clean(&r);
}

static void release(struct config *c)
{
	if (c)
		config_clean(c);
	free(c);
}

static void use(const char *text)
{
	struct config *c = load(text);

	assert_int_equal(sync_configure(&s, c), 0);
	release(in_force);
	in_force = c;
}

static int group_setup(void **state)
{
	(void)state;
	is_root = !geteuid() && !unshare(CLONE_NEWNS) &&
		  !mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
	return fake_setup() || fake_nft_setup();
}

static int setup(void **state)
{
	(void)state;
	if (!is_root)
		return 0;
	if (mount("test", "/run", "tmpfs", 0, NULL) || mkdir("/run/etc", 0755) ||
	    mkdir("/run/netns", 0755) || mkdir("/run/etc/policies", 0755))
		return -1;
	fake_reset();
	memset(fake_nft, 0, sizeof(*fake_nft));
	s = (struct sync){ .bindings_file = "/run/state/bindings" };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (!is_root)
		return 0;
	sync_close(&s);
	release(in_force);
	in_force = NULL;
	return umount2("/run", MNT_DETACH);
}

#define NEEDS_ROOT() do { (void)state; if (!is_root) skip(); } while (0)

/* ---- statuses ---- */

/* "web1 enforcing drop nsfence.conf:2 (names); ..." with what the reason has. */
static void expect(const char *wanted)
{
	const struct sync_status *v;
	size_t i, n = sync_statuses(&s, &v);
	char *got;
	size_t size;
	FILE *f = open_memstream(&got, &size);

	for (i = 0; i < n; i++) {
		assert_true(!i || strcmp(v[i - 1].label, v[i].label) <= 0);
		assert_int_equal(!v[i].inode, v[i].state == SYNC_PENDING ||
				 v[i].state == SYNC_ENDED);
		fprintf(f, "%s %s %s %s%s%s\n", v[i].label, sync_state_name(v[i].state), v[i].policy,
			v[i].source, v[i].reason[0] ? ": " : "", v[i].reason);
	}
	fclose(f);
	assert_string_equal(got, wanted);
	free(got);
}

static void test_statuses(void **state)
{
	uint32_t inode;
	char want[2048];

	NEEDS_ROOT();
	inode = add("web1");
	add("web2");
	add("tied");
	add("free");
	add("hand");
	make_file("/run/netns/file");
	assert_int_equal(symlink("web1", "/run/netns/link"), 0);
	fake_manual(inode_of("hand"), "accept");
	fake_lives(4026540001u, 0, inode);
	fake_born(4026540001u, "drop", GENL_F_INHERITED | GENL_F_INHERIT, "nsfence.conf:2");
	fake_lives(4026540002u, 0, 0);
	fake_born(4026540002u, "drop", 0, "nsfence.conf:9");
	use("[netns web1]\npolicy = drop\n[netns web2]\npolicy = drop\nmode = audit\n"
	    "[netns t*]\npolicy = drop\n[netns *d]\npolicy = reject\n[netns free]\npolicy = none\n"
	    "[netns hand]\npolicy = drop\n[netns file]\npolicy = drop\n[netns link]\npolicy = drop\n"
	    "[netns gone]\npolicy = drop\n[inode 4026540009]\npolicy = drop\n");
	pass_with(0);
	snprintf(want, sizeof(want),
		 "file pending - nsfence.conf:15: /run/netns/file is a file, and no namespace is mounted on it\n"
		 "free exempt - nsfence.conf:11\n"
		 "gone pending - nsfence.conf:19: there is no /run/netns/gone\n"
		 "hand manual accept nsfence.conf:13: nsfence.conf:13 claims it: nsfence apply puts that fence in its place\n"
		 "inode 4026540001 enforcing drop nsfence.conf:2: inherited from web1\n"
		 "inode 4026540002 enforcing drop nsfence.conf:9: has no name any more; it stays fenced for as long as it lives\n"
		 "inode 4026540009 ended - nsfence.conf:21: no namespace had that number when the section was first loaded\n"
		 "link pending - nsfence.conf:17: /run/netns/link is a symbolic link, which is not followed\n"
		 "tied conflict drop nsfence.conf:7: nsfence.conf:7 and nsfence.conf:9 are as specific and wish for different fences: the first is applied\n"
		 "web1 enforcing drop nsfence.conf:2\n"
		 "web2 audit drop nsfence.conf:4\n");
	expect(want);
}

static const struct sync_status *status_of(const char *label)
{
	const struct sync_status *v;
	size_t i, n = sync_statuses(&s, &v);

	for (i = 0; i < n; i++)
		if (!strcmp(v[i].label, label))
			return &v[i];
	fail_msg("no status of %s", label);
	return NULL;
}

/* The age is that of the state; a new fence, or another policy, is news. */
static void test_since(void **state)
{
	uint64_t since;

	NEEDS_ROOT();
	add("web1");
	use("[netns web1]\npolicy = drop\n");
	pass_with(0);
	since = status_of("web1")->since;
	usleep(5000);
	pass_with(0);
	assert_int_equal(status_of("web1")->since, since);
	fake_silently_detach(inode_of("web1"));
	pass_with(0);
	assert_true(status_of("web1")->since > since);
	since = status_of("web1")->since;
	usleep(5000);
	use("[netns web1]\npolicy = accept\n");
	pass_with(0);
	assert_true(status_of("web1")->since > since);
}

static void test_failed(void **state)
{
	struct sync_result r;

	NEEDS_ROOT();
	add("web1");
	use("[netns web1]\npolicy = drop\n");
	fake->fail_attach = ENOMEM;
	fake->fail_count = 1;
	sync_pass(&s, SYNC_FENCES, &r);
	assert_int_equal(r.summary.failed, 1);
	assert_true(r.retry_ms > 0);
	assert_int_equal(status_of("web1")->state, SYNC_FAILED);
	assert_non_null(strstr(status_of("web1")->reason, "fake "));
	sync_result_clean(&r);
	/* What passes by itself is no failure yet. */
	fake->fail_attach = EAGAIN;
	fake->fail_count = 1;
	sync_pass(&s, SYNC_FENCES, &r);
	assert_true(r.soon);
	assert_int_equal(status_of("web1")->state, SYNC_PENDING);
	sync_result_clean(&r);
	pass_with(0);
	assert_int_equal(status_of("web1")->state, SYNC_ENFORCING);
}

/*
 * systemd names a main process as soon as it is forked; its namespace it enters, or
 * makes, after that. So it is looked at again, for a while, before it is refused.
 */
static void test_on_its_way(void **state)
{
	uint64_t begin;
	int go[2], there[2], status;
	char text[128], byte = 0;
	struct sync_result r;
	pid_t pid;

	NEEDS_ROOT();
	assert_int_equal(pipe(go) || pipe(there), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(go[0], &byte, 1) != 1 || unshare(CLONE_NEWNET) ||
		    write(there[1], &byte, 1) != 1)
			_exit(1);
		while (true)
			pause();
	}
	snprintf(text, sizeof(text), "[pid %d]\npolicy = drop\n", pid);
	use(text);
	sync_pass(&s, SYNC_FENCES, &r);
	snprintf(text, sizeof(text), "process %d", pid);
	assert_int_equal(status_of(text)->state, SYNC_PENDING);
	assert_int_equal(r.summary.failed, 0);
	assert_true(r.soon && r.retry_ms && r.retry_ms <= 1000);
	sync_result_clean(&r);

	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(read(there[0], &byte, 1), 1);
	pass_with(0);
	assert_int_equal(status_of(text)->state, SYNC_ENFORCING);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);

	/* One that stays there is refused in the end, and not looked at for ever. */
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (true)
			pause();
	}
	snprintf(text, sizeof(text), "[pid %d]\npolicy = drop\n", pid);
	use(text);
	snprintf(text, sizeof(text), "process %d", pid);
	for (begin = clock_ms(); clock_ms() < begin + 20000; usleep(r.retry_ms * 1000)) {
		sync_pass(&s, SYNC_FENCES, &r);
		sync_result_clean(&r);
		if (!r.retry_ms)
			break;
	}
	assert_false(r.soon);
	assert_int_equal(r.summary.failed, 1);
	assert_int_equal(status_of(text)->state, SYNC_FAILED);
	assert_true(fake->dumps < 40);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(go[0]);
	close(go[1]);
	close(there[0]);
	close(there[1]);
}

/* ---- previews ---- */

static void preview(const char *text, const char *wanted)
{
	static const char verbs[] = "+~-!PDBKx";
	struct config *c = load(text);
	struct sync_preview p;
	struct err e = { 0 };
	size_t i, size;
	char *got;
	FILE *f = open_memstream(&got, &size);
	unsigned int asked = fake->attaches + fake->detaches + fake->sets + fake->dels +
			     fake->births;

	assert_int_equal(sync_preview(&s, c, &p, &e), 0);
	for (i = 0; i < p.n; i++)
		fprintf(f, "%c %s %s (%s) %s\n", verbs[p.v[i].verb], p.v[i].label, p.v[i].policy,
			p.v[i].source, p.v[i].detail);
	fclose(f);
	assert_string_equal(got, wanted);
	sync_preview_clean(&p);
	free(got);
	release(c);
	/* It was only looked at. */
	assert_int_equal(fake->attaches + fake->detaches + fake->sets + fake->dels +
			 fake->births, asked);
	assert_int_not_equal(access("/run/state/bindings", F_OK), 0);
}

static void put_policy(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "/run/etc/policies/%s.nft", name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void test_preview(void **state)
{
	static const char before[] = "[netns a]\npolicy = drop\n[netns b]\npolicy = web\n";
	static const char after[] =
		"[nsfenced]\nbirth = drop\n[netns b]\npolicy = reject\n[netns c]\npolicy = drop\n"
		"[netns d]\npolicy = db\n[netns e*]\npolicy = drop\n[netns *e]\npolicy = accept\n"
		"[inode 4026540001]\npolicy = none\n[inode 4026540002]\npolicy = drop\n";

	NEEDS_ROOT();
	put_policy("web", "hook input\n");
	put_policy("db", "hook output\n");
	add("a");
	add("b");
	add("c");
	fake_lives(4026540002u, 7, 0);
	use(before);
	pass_with(0);
	preview(before, "");
	fake_manual(inode_of("c"), "accept");
	add("ee");
	preview(after,
		"P db db (policies/db.nft) not there\n"
		"D web none () nothing needs it any more\n"
		"B birth drop () now none\n"
		"x ee drop (nsfence.conf:10) nsfence.conf:10 and nsfence.conf:12 are as specific and wish for different fences: the first is applied\n"
		"- a none () now drop, nsfence.conf:2; no section claims it\n"
		"~ b reject (nsfence.conf:4) now web on prerouting, nsfence.conf:4\n"
		"! c drop (nsfence.conf:6) now accept, which does not inherit, by hand\n"
		"+ ee drop (nsfence.conf:10) no fence\n"
		"+ inode 4026540002 drop (nsfence.conf:16) no fence\n");
}

/* What a pass with the same configuration leaves to be done: nothing. */
static void test_preview_of_result(void **state)
{
	static const char text[] =
		"[nsfenced]\nbirth = web\n[netns a]\npolicy = web\nmode = audit\n"
		"[netns b]\npolicy = audit\nhooks = input\n[netns c]\npolicy = none\n"
		"[netns d*]\npolicy = reject\ninherit = no\nstrict = yes\n";

	NEEDS_ROOT();
	put_policy("web", "hook input\n");
	add("a");
	add("b");
	add("c");
	add("d1");
	fake_manual(inode_of("c"), "drop");
	fake_lives(4026540001u, 0, inode_of("a"));
	fake_born(4026540001u, "drop", GENL_F_INHERITED | GENL_F_INHERIT, "x");
	fake_lives(4026540002u, 0, 0);
	fake_born(4026540002u, "drop", GENL_F_BIRTH | GENL_F_INHERIT, "birth");
	use(text);
	pass_with(SYNC_TAKE_OVER);
	preview(text, "");
	pass_with(0);
	preview(text, "");
}

/* Where all fences are to be made anew, that is a difference, be they the same. */
static void test_preview_backend(void **state)
{
	static const char module[] = "[netns a]\npolicy = drop\n",
		nft[] = "[nsfenced]\nbackend = nft\n[netns a]\npolicy = drop\n",
		birth[] = "[nsfenced]\nbirth = drop\n[netns a]\npolicy = drop\n";

	NEEDS_ROOT();
	add("a");
	use(module);
	pass_with(0);
	preview(nft, "x backend nft () fake: no nftables\n");
	fake_nft->works = true;
	preview(nft, "K backend nft () now module\n");
	assert_int_equal(s.kind, BACKEND_MODULE);
	/* auto goes on with what there is. */
	sync_close(&s);
	s = (struct sync){ .bindings_file = "/run/state/bindings" };
	fake_unload();
	use(module);
	pass_with(0);
	assert_int_equal(s.kind, BACKEND_NFT);
	preview(module, "");
	fake->loaded = true;
	preview(module, "K backend module () now nft\n");
	/* Birth is what the new one has. */
	preview(birth, "K backend module () now nft\nB birth drop () now none\n");
}

/* A policy that a fence keeps from being taken away is no difference. */
static void test_preview_policy_in_use(void **state)
{
	static const char before[] = "[netns a]\npolicy = web\n", after[] = "[netns a]\npolicy = drop\n";

	NEEDS_ROOT();
	put_policy("web", "hook input\n");
	add("a");
	use(before);
	pass_with(0);
	preview(after,
		"D web none () nothing needs it any more\n"
		"~ a drop (nsfence.conf:2) now web on prerouting, nsfence.conf:2\n");
	fake_lives(4026540001u, 0, 0);
	fake_born(4026540001u, "web", 0, "nsfence.conf:2");	/* it has lost its name */
	preview(after, "~ a drop (nsfence.conf:2) now web on prerouting, nsfence.conf:2\n");
	use(after);
	pass_with(0);
	assert_true(fake_has_policy("web", NULL));
	preview(after, "");
	fake_died(4026540001u);
	preview(after, "D web none () nothing needs it any more\n");
}

static void test_preview_unreachable(void **state)
{
	struct sync_preview p;
	struct config *c;
	struct err e = { 0 };

	NEEDS_ROOT();
	c = load("");
	assert_int_not_equal(sync_preview(&s, c, &p, &e), 0);
	assert_int_equal(e.exit, EXIT_UNREACHABLE);
	release(c);
}

/* ---- what somebody waits for ---- */

static void look(enum config_kind kind, const char *name, enum sync_found found,
		 const char *label)
{
	const struct sync_status *st;

	assert_int_equal(sync_lookup(&s, kind, name, &st), found);
	if (label)
		assert_string_equal(st->label, label);
	else
		assert_null(st);
}

static void test_lookup(void **state)
{
	char number[32], own[32];

	NEEDS_ROOT();
	add("web1");
	add("other");
	make_file("/run/netns/file");
	mkdir("/run/x", 0755);
	make_file("/run/x/y");
	assert_int_equal(mount("/run/netns/web1", "/run/x/y", "none", MS_BIND, NULL), 0);
	use("[netns web*]\npolicy = drop\n[netns file]\npolicy = drop\n[inode 4026540001]\npolicy = drop\n"
	    "[unit a]\npolicy = drop\n[netns gone]\npolicy = drop\n[path /run/z]\npolicy = drop\n");
	pass_with(0);
	look(CONFIG_NETNS, "web1", SYNC_FOUND, "web1");
	look(CONFIG_PATH, "/run/netns/web1", SYNC_FOUND, "web1");
	look(CONFIG_PATH, "/var/run/netns/web1", SYNC_FOUND, "web1");
	look(CONFIG_PATH, "/run/x/y", SYNC_FOUND, "web1");
	look(CONFIG_NETNS, "other", SYNC_UNCLAIMED, NULL);
	look(CONFIG_NETNS, "web2", SYNC_WAITING, NULL);		/* a glob would claim it */
	look(CONFIG_NETNS, "nosuch", SYNC_UNCLAIMED, NULL);
	look(CONFIG_NETNS, "gone", SYNC_WAITING, "gone");
	look(CONFIG_NETNS, "file", SYNC_WAITING, "file");
	look(CONFIG_PATH, "/run/z", SYNC_WAITING, "/run/z");
	look(CONFIG_PATH, "/run/q", SYNC_UNCLAIMED, NULL);
	look(CONFIG_INODE, "4026540001", SYNC_WAITING, "inode 4026540001");
	look(CONFIG_INODE, "4026540005", SYNC_UNCLAIMED, NULL);
	snprintf(number, sizeof(number), "%u", inode_of("web1"));
	look(CONFIG_INODE, number, SYNC_FOUND, "web1");
	look(CONFIG_UNIT, "a.service", SYNC_WAITING, "a.service");
	look(CONFIG_UNIT, "b.service", SYNC_UNCLAIMED, NULL);
	/* We ourselves are in the host's own, which nobody claims. */
	snprintf(own, sizeof(own), "%d", getpid());
	look(CONFIG_PID, own, SYNC_UNCLAIMED, NULL);
}

/* ---- who is who ---- */

/* A module that was loaded anew counts its fences from the beginning. */
static void test_cookie_before_instance(void **state)
{
	static const char label[] = "inode 4026540001";

	NEEDS_ROOT();
	fake_lives(4026540001u, 7, 0);
	use("[inode 4026540001]\npolicy = drop\n");
	pass_with(0);
	pass_with(0);
	assert_int_equal(status_of(label)->state, SYNC_ENFORCING);
	fake_lives(4026540001u, 8, 0);	/* another, whose fence has the number of that one's */
	pass_with(0);
	assert_int_equal(status_of(label)->state, SYNC_ENDED);
}

/* ---- another backend ---- */

/*
 * Though the old one is not reachable for a moment, and the policy goes with the same
 * reload: nothing of either stays there.
 */
static void test_switch_leaves_nothing(void **state)
{
	struct config *c;
	struct err e = { 0 };

	NEEDS_ROOT();
	put_policy("web", "hook input\n");
	fake_nft->works = true;
	add("web1");
	use("[netns web1]\npolicy = web\n");
	pass_with(0);
	assert_int_equal(fake->count, 1);
	backend_close(s.backend);
	s.backend = NULL;
	c = load("[nsfenced]\nbackend = nft\n[netns web1]\npolicy = drop\n");
	assert_int_equal(sync_prepare(&s, c, &e), 0);
	assert_int_equal(sync_configure(&s, c), 0);
	release(in_force);
	in_force = c;
	pass_with(0);
	assert_int_equal(fake_nft->count, 1);
	assert_int_equal(fake->count, 0);
	assert_false(fake_has_policy("web", NULL));
	assert_null(s.old);
}

/* ---- by hand, and back ---- */

static void test_put_back(void **state)
{
	enum sync_scope scope;
	struct sync_result r;
	struct genl_netns n;
	struct sync_taken t;
	struct err e = { 0 };
	uint32_t inode;

	NEEDS_ROOT();
	inode = add("web1");
	add("web2");
	fake_manual(inode, "accept");
	fake_manual(inode_of("web2"), "reject");
	use("[netns web1]\npolicy = drop\n[netns web2]\npolicy = none\n");
	sync_pass(&s, SYNC_FENCES, &r);
	assert_int_equal(r.n_taken, 0);
	sync_result_clean(&r);
	sync_pass(&s, SYNC_FENCES | SYNC_TAKE_OVER, &r);
	assert_int_equal(r.n_taken, 2);
	t = r.taken[0];
	assert_int_equal(t.inode, inode);
	assert_string_equal(t.policy, "accept");
	assert_true(t.flags & GENL_F_MANUAL);
	assert_true(fake_find(inode, &n));
	assert_string_equal(n.policy, "drop");
	assert_int_equal(t.instance, n.instance);
	assert_int_equal(r.taken[1].instance, 0);
	assert_false(fake_find(inode_of("web2"), &n));

	assert_int_equal(sync_put_back(&s, &r.taken[1], &e), 0);
	assert_true(fake_find(inode_of("web2"), &n));
	assert_true(n.flags & GENL_F_MANUAL);
	assert_string_equal(n.policy, "reject");
	/* Who had the number has died: it is another's, without a cookie to tell them apart. */
	fake_died(inode_of("web2"));
	fake_lives(inode_of("web2"), 0, 0);
	sync_events(&s, &scope);
	assert_int_equal(sync_put_back(&s, &r.taken[1], &e), -ESTALE);
	assert_false(fake_find(inode_of("web2"), &n));
	/* Not in the place of another fence than ours. */
	fake_silently_detach(inode);
	fake_manual(inode, "audit");
	assert_int_equal(sync_put_back(&s, &t, &e), -ESTALE);
	assert_true(fake_find(inode, &n));
	assert_string_equal(n.policy, "audit");
	sync_result_clean(&r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_statuses),
		TEST(test_since),
		TEST(test_failed),
		TEST(test_on_its_way),
		TEST(test_preview),
		TEST(test_preview_of_result),
		TEST(test_preview_backend),
		TEST(test_preview_policy_in_use),
		TEST(test_preview_unreachable),
		TEST(test_lookup),
		TEST(test_cookie_before_instance),
		TEST(test_switch_leaves_nothing),
		TEST(test_put_back),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
