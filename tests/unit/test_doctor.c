// links: cmd_doctor.c cmd_doctor_kernel.c cmd_doctor_system.c cmd.c out.c genl.c genl_sock.c genl_attr.c genl_parse.c genl_names.c select.c control_client.c config.c config_load.c config_parse.c config_selector.c config_policies.c config_error.c policies.c policies_name.c policy/diag.c policy/ir.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence doctor on systems of our own making: a tree of files below a
 * temporary root, and the module's answer, for each thing that can be amiss.
 */
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

#include "cmd_doctor.h"
#include "fake_policy.h"
#include "version.h"

#define REL "6.12.9-test"
#define EFIVAR "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define TRAILER "~Module signature appended~\n"

static char root[64];
static struct doctor_live live;
static struct doctor doctor;

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void make_parents(const char *path)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(copy, 0755);
		*p = '/';
	}
}

static void put_bytes(const char *name, const void *bytes, size_t len)
{
	const char *path = path_of(name);
	FILE *f;

	make_parents(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void put_link(const char *name, const char *target)
{
	const char *path = path_of(name);

	make_parents(path);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static void drop(const char *name)
{
	assert_int_equal(unlink(path_of(name)), 0);
}

/* A host on which nothing is amiss. */
static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/nsf-doctor-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	put("proc/sys/kernel/osrelease", REL "\n");
	put("proc/modules", "nsfence 45056 0 - Live 0x0 (OE)\n");
	put("proc/sys/kernel/modules_disabled", "0\n");
	put("proc/self/status", "Name:\tnsfence\nCapPrm:\t0\nCapEff:\t000001ffffffffff\n");
	put("proc/self/uid_map", "         0          0 4294967295\n");
	put("proc/self/mountinfo",
	    "25 1 0:22 / /run rw shared:2 - tmpfs tmpfs rw\n"
	    "30 25 0:22 /netns /run/netns rw shared:2 - tmpfs tmpfs rw\n");
	put_link("proc/self/ns/net", "net:[4026531840]");
	put_link("proc/1/ns/net", "net:[4026531840]");
	put_link("proc/self/ns/pid", "pid:[4026531836]");
	put("proc/812/comm", "nsfenced\n");
	put("proc/812/status", "Name:\tnsfenced\nUid:\t0\t0\t0\t0\n");
	put("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	put("usr/bin/apt", "");
	put("sys/module/nsfence/version", NSF_VERSION "\n");
	put("lib/modules/" REL "/modules.dep",
	    "kernel/net/dummy.ko.xz:\nupdates/nsfence.ko: kernel/net/x.ko\n");
	put("lib/modules/" REL "/updates/nsfence.ko", "ELF and so on\n" TRAILER);
	put("lib/modules/" REL "/build/Makefile", "");
	put("run/nsfence/version", "nsfenced " NSF_VERSION "\npid 812\n");
	put("run/netns/.keep", "");
	drop("run/netns/.keep");
	put("etc/nsfence/nsfence.conf", "[netns web1]\npolicy = drop\n");
	put_link("run/netns/web1", "/proc/self/ns/net");
	memset(&live, 0, sizeof(live));
	snprintf(live.version.module, sizeof(live.version.module), "%s", NSF_VERSION);
	live.version.abi = GENL_ABI;
	live.cookie = true;
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void module_absent(void)
{
	drop("sys/module/nsfence/version");
	assert_int_equal(rmdir(path_of("sys/module/nsfence")), 0);
	live.ret = -ENOENT;
}

static const struct finding *find(const char *name)
{
	for (size_t i = 0; i < doctor.n; i++)
		if (!strcmp(doctor.v[i].name, name))
			return &doctor.v[i];
	fail_msg("no check \"%s\"", name);
	return NULL;
}

static void finds(const char *name, enum doctor_level level, const char *found, const char *todo)
{
	const struct finding *f;

	doctor_examine(&doctor, root, &live);
	f = find(name);
	if (f->level != level || !strstr(f->found, found) || !strstr(f->todo, todo))
		fail_msg("%s: level %d, \"%s\" -> \"%s\"", name, (int)f->level, f->found, f->todo);
	/* Whatever is not well says what to do. */
	for (size_t i = 0; i < doctor.n; i++)
		assert_true(doctor.v[i].level == DOCTOR_OK || doctor.v[i].todo[0]);
}

static void test_healthy(void **state)
{
	(void)state;
	doctor_examine(&doctor, root, &live);
	assert_true(doctor.loaded);
	assert_true(doctor.n >= 15 && doctor.n < DOCTOR_MAX);
	for (size_t i = 0; i < doctor.n; i++)
		if (doctor.v[i].level != DOCTOR_OK)
			fail_msg("%s: %s", doctor.v[i].name, doctor.v[i].found);
}

static void test_kernel(void **state)
{
	(void)state;
	finds("kernel", DOCTOR_OK, REL, "");
	put("proc/sys/kernel/osrelease", "4.19.0\n");
	finds("kernel", DOCTOR_WARN, "4.19.0", "5.10");
	put("proc/sys/kernel/osrelease", "2.6.32\n");
	finds("kernel", DOCTOR_FAIL, "2.6.32", "3.10");
	put("proc/sys/kernel/osrelease", "3.9.11\n");
	finds("kernel", DOCTOR_FAIL, "3.9.11", "3.10");
	drop("proc/sys/kernel/osrelease");
	finds("kernel", DOCTOR_WARN, "not known", "/proc");
}

static void test_module(void **state)
{
	(void)state;
	finds("module", DOCTOR_OK, NSF_VERSION, "");
	live.ret = -EPERM;
	finds("module", DOCTOR_OK, NSF_VERSION, "");
	module_absent();
	finds("module", DOCTOR_FAIL, "not loaded", "modprobe");
	assert_false(doctor.loaded);
}

static void test_modules(void **state)
{
	(void)state;
	put("proc/sys/kernel/modules_disabled", "1\n");
	finds("modules", DOCTOR_OK, "loaded already", "");
	module_absent();
	finds("modules", DOCTOR_FAIL, "modules_disabled", "reboot");
	drop("proc/modules");
	finds("modules", DOCTOR_FAIL, "/proc/modules", "CONFIG_MODULES");
}

static void test_module_file(void **state)
{
	(void)state;
	finds("module-file", DOCTOR_OK, "updates/nsfence.ko", "");
	put("lib/modules/" REL "/modules.dep", "updates/nsfence.ko.bak:\nkernel/xnsfence.ko:\n");
	finds("module-file", DOCTOR_WARN, "does not know", "depmod");
	module_absent();
	finds("module-file", DOCTOR_FAIL, "does not know", "depmod");
	drop("lib/modules/" REL "/updates/nsfence.ko");
	finds("module-file", DOCTOR_FAIL, "no nsfence.ko", "make module");
	put("lib/modules/" REL "/updates/dkms/nsfence.ko.zst", "");
	finds("module-file", DOCTOR_FAIL, "updates/dkms/nsfence.ko.zst", "depmod");
	put("proc/sys/kernel/osrelease", "6.12.10-test\n");
	finds("module-file", DOCTOR_FAIL, "/lib/modules/6.12.10-test does not exist", "reboot");
}

static void test_headers_and_dkms(void **state)
{
	(void)state;
	drop("lib/modules/" REL "/build/Makefile");
	finds("headers", DOCTOR_WARN, REL, "linux-headers-" REL);
	drop("usr/bin/apt");
	finds("headers", DOCTOR_WARN, REL, "distribution");
	finds("dkms", DOCTOR_OK, "not in use", "");
	put("var/lib/dkms/nsfence/0.1.0/6.1.0/x86_64/log/make.log", "");
	put_link("var/lib/dkms/nsfence/kernel-6.1.0-x86_64", "0.1.0/6.1.0/x86_64");
	finds("dkms", DOCTOR_WARN, "0.1.0 is known, and not built", "autoinstall");
	put("var/lib/dkms/nsfence/0.1.0/" REL "/x86_64/log/make.log", "");
	finds("dkms", DOCTOR_OK, "0.1.0 is built", "");
}

static void test_secure_boot(void **state)
{
	(void)state;
	finds("secure-boot", DOCTOR_OK, "off", "");
	put_bytes(EFIVAR, "\6\0\0\0\0", 5);
	finds("secure-boot", DOCTOR_OK, "off", "");
	put_bytes(EFIVAR, "\6\0\0\0\1", 5);
	finds("secure-boot", DOCTOR_OK, "nsfence is loaded", "");
	module_absent();
	finds("secure-boot", DOCTOR_OK, "is signed", "");
	put("lib/modules/" REL "/updates/nsfence.ko", "ELF and so on, unsigned, and long enough\n");
	finds("secure-boot", DOCTOR_FAIL, "not signed", "mokutil");
	put("lib/modules/" REL "/updates/nsfence.ko", "x");
	finds("secure-boot", DOCTOR_FAIL, "not signed", "mokutil");
	put("lib/modules/" REL "/modules.dep", "updates/nsfence.ko.xz:\n");
	finds("secure-boot", DOCTOR_WARN, "only signed modules", "mokutil");
	put("sys/module/module/parameters/sig_enforce", "N\n");
	finds("secure-boot", DOCTOR_OK, "on, and not enforced", "");
	put("sys/module/module/parameters/sig_enforce", "Y\n");
	finds("secure-boot", DOCTOR_WARN, "only signed modules", "mokutil");
	put("sys/module/module/parameters/sig_enforce", "N\n");
	put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	finds("secure-boot", DOCTOR_WARN, "only signed modules", "mokutil");
	put_bytes(EFIVAR, "\6\0", 2);
	finds("secure-boot", DOCTOR_WARN, "cannot be read", "mokutil");
}

static void test_lockdown(void **state)
{
	(void)state;
	put("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	finds("lockdown", DOCTOR_OK, "off", "");
	put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	finds("lockdown", DOCTOR_OK, "integrity", "");
	module_absent();
	put("lib/modules/" REL "/updates/nsfence.ko", "ELF and so on, unsigned, and long enough\n");
	finds("lockdown", DOCTOR_FAIL, "integrity", "sign the module");
	put("sys/kernel/security/lockdown", "garbage [");
	finds("lockdown", DOCTOR_WARN, "not known", "securityfs");
	drop("sys/kernel/security/lockdown");
	finds("lockdown", DOCTOR_WARN, "not known", "securityfs");
	put("sys/kernel/security/lsm", "capability,yama");
	finds("lockdown", DOCTOR_OK, "off", "");
	put("sys/module/module/parameters/sig_enforce", "N\n");
	finds("signatures", DOCTOR_OK, "not enforced", "");
	put("sys/module/module/parameters/sig_enforce", "Y\n");
	finds("signatures", DOCTOR_FAIL, "enforced", "sign the module");
}

static void test_initial_netns(void **state)
{
	(void)state;
	put_link("proc/self/ns/net", "net:[4026532631]");
	finds("initial-netns", DOCTOR_OK, "initial", "");	/* it answers */
	live.ret = -ENOENT;
	finds("initial-netns", DOCTOR_FAIL, "another", "nsenter");
	put_link("proc/self/ns/net", "net:[4026531840]");
	finds("initial-netns", DOCTOR_FAIL, "not visible here", "nsenter");
	module_absent();
	finds("initial-netns", DOCTOR_OK, "process 1", "");
	put_link("proc/self/ns/pid", "pid:[4026532700]");
	finds("initial-netns", DOCTOR_WARN, "of a container", "host");
	drop("proc/1/ns/net");
	finds("initial-netns", DOCTOR_WARN, "not known", "root");
}

static void test_privilege(void **state)
{
	(void)state;
	put("proc/self/status", "Name:\tnsfence\nCapEff:\t0000000000000000\n");
	finds("privilege", DOCTOR_WARN, "CAP_NET_ADMIN", "run as root");
	live.root = true;
	finds("privilege", DOCTOR_WARN, "CAP_NET_ADMIN", "run with CAP_NET_ADMIN");
	put("proc/self/status", "Name:\tnsfence\nCapEff:\t0000000000001000\n");
	finds("privilege", DOCTOR_OK, "CAP_NET_ADMIN", "");
	put("proc/self/uid_map", "0 100000 65536\n");
	finds("privilege", DOCTOR_FAIL, "user namespace", "host");
}

static void test_netlink(void **state)
{
	(void)state;
	finds("netlink", DOCTOR_OK, "interface 3", "");
	live.version.abi = GENL_ABI + 1;
	finds("netlink", DOCTOR_FAIL, "interface 4", "update nsfence and nsfenced");
	live.version.abi = 0;
	finds("netlink", DOCTOR_FAIL, "interface 0", "update the module");
	live.ret = -EPERM;
	finds("netlink", DOCTOR_WARN, "CAP_NET_ADMIN", "root");
	live.ret = -ETIMEDOUT;
	snprintf(live.err.text, sizeof(live.err.text), "no answer");
	finds("netlink", DOCTOR_FAIL, "no answer", "journalctl");
	live.cookie = false;
	finds("cookie", DOCTOR_OK, "no cookies", "");
}

static void test_versions(void **state)
{
	char version[64];

	(void)state;
	finds("versions", DOCTOR_OK, NSF_VERSION, "");
	put("run/nsfence/version", "nsfenced 9.9\npid 812\n");
	finds("versions", DOCTOR_WARN, "nsfenced 9.9", "restart");
	assert_int_equal(doctor_daemon(root, version, sizeof(version)), 812);
	assert_string_equal(version, "9.9");
	put("run/nsfence/version", "garbage\n");
	assert_int_equal(doctor_daemon(root, version, sizeof(version)), 0);
	put("run/nsfence/version", "nsfenced 9.9\n");
	assert_int_equal(doctor_daemon(root, version, sizeof(version)), 0);
	assert_string_equal(version, "");
	drop("run/nsfence/version");
	finds("versions", DOCTOR_OK, "nsfenced -", "");
	snprintf(live.version.module, sizeof(live.version.module), "0.0.7");
	finds("versions", DOCTOR_WARN, "module 0.0.7", "load the module anew");
	live.ret = -EPERM;
	put("sys/module/nsfence/version", "0.0.8\n");
	finds("versions", DOCTOR_WARN, "module 0.0.8", "load the module anew");
}

static void test_daemon_and_config(void **state)
{
	(void)state;
	live.asked = -1;
	finds("daemon", DOCTOR_OK, "process 812", "");
	live.asked = EACCES;	/* who is not root may not ask */
	finds("daemon", DOCTOR_OK, "process 812", "");
	live.asked = ETIMEDOUT;
	finds("daemon", DOCTOR_WARN, "does not answer", "journalctl");
	live.asked = 0;
	strcpy(live.backend, "nft");
	finds("daemon", DOCTOR_OK, "process 812, backend nft", "");
	live.amiss = true;
	finds("daemon", DOCTOR_WARN, "not all is as configured", "nsfence status");
	/* A file left behind, and its number given to another: neither is believed. */
	put("proc/812/comm", "nsfencedx\n");
	finds("daemon", DOCTOR_WARN, "not running", "systemctl");
	finds("versions", DOCTOR_OK, "nsfenced -,", "");
	/* Nor a process that only is called so. */
	put("proc/812/comm", "nsfenced\n");
	put("proc/812/status", "Name:\tnsfenced\nUid:\t1000\t1000\t1000\t1000\n");
	finds("daemon", DOCTOR_WARN, "not running", "systemctl");
	drop("proc/812/status");
	finds("daemon", DOCTOR_WARN, "not running", "systemctl");
	finds("configuration", DOCTOR_OK, "sections: 1", "");
	put("etc/nsfence/nsfence.conf", "[netns web1]\npolicy = nosuch\nmode = what\n");
	finds("configuration", DOCTOR_FAIL, "nsfence.conf:2", "nsfence.conf(5)");
	drop("etc/nsfence/nsfence.conf");
	finds("configuration", DOCTOR_WARN, "no /etc/nsfence/nsfence.conf", "nsfence.conf(5)");
}

static void test_names(void **state)
{
	(void)state;
	finds("names", DOCTOR_OK, "1 in", "");
	put("run/netns/stale", "");
	finds("names", DOCTOR_WARN, "1 of 2", "ip netns delete");
	assert_non_null(strstr(find("names")->found, "(stale)"));
	put("proc/self/mountinfo", "30 25 0:22 /netns /run/netns rw - tmpfs tmpfs rw\n");
	finds("names", DOCTOR_WARN, "private", "make-shared");
}

/* Not one file: every check has an answer, and none falls over. */
static void test_nothing(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'/*", root);
	assert_int_equal(system(command), 0);
	live.ret = -ENOENT;
	finds("module", DOCTOR_FAIL, "not loaded", "modprobe");
	finds("modules", DOCTOR_FAIL, "", "");
	finds("names", DOCTOR_OK, "0 in", "");
	assert_false(doctor.loaded);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_healthy),
		TEST(test_kernel),
		TEST(test_module),
		TEST(test_modules),
		TEST(test_module_file),
		TEST(test_headers_and_dkms),
		TEST(test_secure_boot),
		TEST(test_lockdown),
		TEST(test_initial_netns),
		TEST(test_privilege),
		TEST(test_netlink),
		TEST(test_versions),
		TEST(test_daemon_and_config),
		TEST(test_names),
		TEST(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
