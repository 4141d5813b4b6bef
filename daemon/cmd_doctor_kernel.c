// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_doctor_kernel: is the module in the kernel, and if not, could it be? */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_doctor.h"

static const char module_trailer[] = "~Module signature appended~\n";

enum answer {
	NO,
	YES,
	UNKNOWN,
};

static void check_release(struct doctor *d)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(d->release, "%u.%u", &major, &minor) != 2)
		doctor_add(d, DOCTOR_WARN, "kernel", "mount /proc",
			   "the release of the running kernel is not known");
	else if (major < 3 || (major == 3 && minor < 10))
		doctor_add(d, DOCTOR_FAIL, "kernel", "run Linux 3.10 or later, best 5.10 or later",
			   "%s is too old", d->release);
	else if (major < 5 || (major == 5 && minor < 10))
		doctor_add(d, DOCTOR_WARN, "kernel", "run Linux 5.10 or later for all features",
			   "%s is older than the kernels that are tested", d->release);
	else
		doctor_add(d, DOCTOR_OK, "kernel", NULL, "%s", d->release);
}

static void check_loaded(struct doctor *d)
{
	char version[64];

	if (!d->loaded)
		doctor_add(d, DOCTOR_FAIL, "module",
			   "modprobe nsfence (the checks below say what may hinder it); where it cannot be loaded, nsfenced makes fences of nftables, which give less: BACKENDS in nsfenced(8)",
			   "nsfence is not loaded");
	else if (!d->live->ret)
		doctor_add(d, DOCTOR_OK, "module", NULL, "loaded, version %s",
			   d->live->version.module);
	else if (doctor_module_version(d->root, version, sizeof(version)))
		doctor_add(d, DOCTOR_OK, "module", NULL, "loaded, version %s", version);
	else
		doctor_add(d, DOCTOR_OK, "module", NULL, "loaded");
}

static void check_modules(struct doctor *d)
{
	char disabled[8];

	if (!doctor_exists(d->root, "/proc/modules")) {
		doctor_add(d, DOCTOR_FAIL, "modules", "use a kernel with CONFIG_MODULES",
			   "this kernel cannot load modules (there is no /proc/modules)");
		return;
	}
	doctor_read(d->root, disabled, sizeof(disabled), "/proc/sys/kernel/modules_disabled");
	if (strcmp(disabled, "1"))
		doctor_add(d, DOCTOR_OK, "modules", NULL, "this kernel loads modules");
	else if (d->loaded)
		doctor_add(d, DOCTOR_OK, "modules", NULL,
			   "loading is switched off (kernel.modules_disabled), and nsfence is loaded already");
	else
		doctor_add(d, DOCTOR_FAIL, "modules",
			   "reboot, and load nsfence (modules-load.d) before kernel.modules_disabled is set",
			   "loading is switched off until the next boot (kernel.modules_disabled = 1)");
}

/* Whether @path, relative or not, is our module: "updates/dkms/nsfence.ko.xz". */
static bool is_module(const char *path, size_t len)
{
	static const char *const suffixes[] = { "", ".gz", ".xz", ".zst" };
	static const char name[] = "nsfence.ko";
	const char *slash = memrchr(path, '/', len);
	const char *base = slash ? slash + 1 : path;
	size_t left = len - (size_t)(base - path);

	if (left < sizeof(name) - 1 || memcmp(base, name, sizeof(name) - 1))
		return false;
	base += sizeof(name) - 1;
	left -= sizeof(name) - 1;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (left == strlen(suffixes[i]) && !memcmp(base, suffixes[i], left))
			return true;
	return false;
}

/* What modprobe would take: the path below /lib/modules/RELEASE in modules.dep. */
static bool find_in_dep(const struct doctor *d, char *path, size_t size)
{
	char file[512], *line = NULL;
	bool found = false;
	size_t room = 0;
	FILE *f;

	snprintf(file, sizeof(file), "%s/lib/modules/%s/modules.dep", d->root, d->release);
	f = fopen(file, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &room, f) > 0) {
		size_t len = strcspn(line, ":");

		found = is_module(line, len);
		if (found)
			snprintf(path, size, "%.*s", (int)len, line);
	}
	free(line);
	fclose(f);
	return found;
}

/* Where make install and DKMS put it, whatever modules.dep says. */
static bool find_in_dirs(const struct doctor *d, char *path, size_t size)
{
	static const char *const dirs[] = { "updates/dkms", "updates", "extra", "weak-updates" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char name[512];
		struct dirent *de;
		bool found = false;
		DIR *dir;

		snprintf(name, sizeof(name), "%s/lib/modules/%s/%s", d->root, d->release, dirs[i]);
		dir = opendir(name);
		if (!dir)
			continue;
		while (!found && (de = readdir(dir))) {
			found = is_module(de->d_name, strlen(de->d_name));
			if (found)
				snprintf(path, size, "%s/%s", dirs[i], de->d_name);
		}
		closedir(dir);
		if (found)
			return true;
	}
	return false;
}

/* A compressed file tells nothing without being unpacked. */
static enum answer is_signed(const struct doctor *d, const char *path)
{
	char file[1024], end[sizeof(module_trailer)] = "";
	const size_t len = sizeof(module_trailer) - 1;
	enum answer a = UNKNOWN;
	size_t n = strlen(path);
	FILE *f;

	if (n < 3 || strcmp(path + n - 3, ".ko"))
		return UNKNOWN;
	snprintf(file, sizeof(file), "%s/lib/modules/%s/%s", d->root, d->release, path);
	f = fopen(file, "re");
	if (!f)
		return UNKNOWN;
	if (fseek(f, -(long)len, SEEK_END))
		a = NO;	/* shorter than that */
	else if (fread(end, 1, len, f) == len)
		a = strcmp(end, module_trailer) ? NO : YES;
	fclose(f);
	return a;
}

/* Returns whether the file is signed. */
static enum answer check_file(struct doctor *d)
{
	const enum doctor_level level = d->loaded ? DOCTOR_WARN : DOCTOR_FAIL;
	char path[512];

	if (!doctor_exists(d->root, "/lib/modules/%s", d->release)) {
		doctor_add(d, level, "module-file",
			   "reboot into the kernel that is installed, or install this kernel's modules",
			   "/lib/modules/%s does not exist: the running kernel is not (any more) the installed one",
			   d->release);
		return UNKNOWN;
	}
	if (find_in_dep(d, path, sizeof(path))) {
		doctor_add(d, DOCTOR_OK, "module-file", NULL, "/lib/modules/%s/%s", d->release,
			   path);
		return is_signed(d, path);
	}
	if (find_in_dirs(d, path, sizeof(path))) {
		doctor_add(d, level, "module-file", "depmod -a",
			   "/lib/modules/%s/%s is there, but modprobe does not know it",
			   d->release, path);
		return is_signed(d, path);
	}
	doctor_add(d, level, "module-file",
		   "build and install it for this kernel: make module && make install, or dkms autoinstall",
		   "there is no nsfence.ko for this kernel below /lib/modules/%s", d->release);
	return UNKNOWN;
}

static void check_headers(struct doctor *d)
{
	char todo[256];

	if (doctor_exists(d->root, "/usr/bin/apt"))
		snprintf(todo, sizeof(todo),
			 "install them to build the module here: apt install linux-headers-%s", d->release);
	else
		snprintf(todo, sizeof(todo),
			 "install them, or what your distribution calls the kernel's development files, to build the module here");
	/* The link often stays when the headers go: its target counts. */
	if (doctor_exists(d->root, "/lib/modules/%s/build/Makefile", d->release))
		doctor_add(d, DOCTOR_OK, "headers", NULL, "/lib/modules/%s/build", d->release);
	else
		doctor_add(d, DOCTOR_WARN, "headers", todo, "the headers of %s are not installed",
			   d->release);
}

static void check_dkms(struct doctor *d)
{
	bool any = false, built = false;
	char name[512], version[64] = "";
	struct dirent *de;
	DIR *dir;

	snprintf(name, sizeof(name), "%s/var/lib/dkms/nsfence", d->root);
	dir = opendir(name);
	if (!dir) {
		doctor_add(d, DOCTOR_OK, "dkms", NULL, "not in use for nsfence");
		return;
	}
	while (!built && (de = readdir(dir))) {
		/* "kernel-6.1.0-30-amd64-x86_64" are links to what is installed. */
		if (de->d_name[0] == '.' || !strncmp(de->d_name, "kernel-", 7))
			continue;
		any = true;
		snprintf(version, sizeof(version), "%.63s", de->d_name);
		built = doctor_exists(d->root, "/var/lib/dkms/nsfence/%s/%s", de->d_name,
				      d->release);
	}
	closedir(dir);
	if (built)
		doctor_add(d, DOCTOR_OK, "dkms", NULL, "nsfence %s is built for this kernel",
			   version);
	else if (any)
		doctor_add(d, DOCTOR_WARN, "dkms", "dkms autoinstall, and read its make.log if that fails",
			   "nsfence %s is known, and not built for this kernel", version);
	else
		doctor_add(d, DOCTOR_WARN, "dkms", "dkms add and dkms install it, or remove the directory",
			   "/var/lib/dkms/nsfence holds no version");
}

static enum answer secure_boot(const struct doctor *d)
{
	char var[16];
	/* Four bytes of attributes, then the value. */
	int n = doctor_read(d->root, var, sizeof(var),
			    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");

	if (n >= 5)
		return var[4] == 1 ? YES : NO;
	if (!doctor_exists(d->root, "/sys/firmware/efi"))
		return NO;
	return UNKNOWN;
}

/* "none [integrity] confidentiality": the word in brackets; "": not known. */
static void lockdown_mode(const struct doctor *d, char *buf, size_t size)
{
	char line[128], *open, *end;
	int ret = doctor_read(d->root, line, sizeof(line), "/sys/kernel/security/lockdown");

	/* "lsm" tells that securityfs is mounted, and lacks the file. */
	snprintf(buf, size, "%s", ret == -ENOENT &&
		 doctor_exists(d->root, "/sys/kernel/security/lsm") ? "none" : "");
	if (ret <= 0)
		return;
	open = strchr(line, '[');
	end = open ? strchr(open, ']') : NULL;
	if (end)
		snprintf(buf, size, "%.*s", (int)(end - open - 1), open + 1);
}

/* Secure Boot, lockdown and sig_enforce all mean: only signed modules load. */
static void check_enforcement(struct doctor *d, enum answer is_file_signed)
{
	static const char todo[] =
		"sign the module with an enrolled key (DKMS does: mokutil --import /var/lib/dkms/mok.pub, reboot, enroll), or switch this off";
	enum doctor_level level = d->loaded || is_file_signed == YES ? DOCTOR_OK :
		is_file_signed == NO ? DOCTOR_FAIL : DOCTOR_WARN;
	const char *advice = level == DOCTOR_OK ? NULL : todo;
	const char *note = d->loaded ? " (and nsfence is loaded)" :
		is_file_signed == YES ? " (and nsfence.ko is signed; its key must be enrolled)" :
		is_file_signed == NO ? ", and nsfence.ko is not signed" : "";
	char mode[32], enforce[8];

	lockdown_mode(d, mode, sizeof(mode));
	doctor_read(d->root, enforce, sizeof(enforce), "/sys/module/module/parameters/sig_enforce");
	switch (secure_boot(d)) {
	case YES:
		/* Upstream, Secure Boot alone enforces nothing: lockdown does. */
		if (!strcmp(mode, "none") && enforce[0] == 'N')
			doctor_add(d, DOCTOR_OK, "secure-boot", NULL, "on, and not enforced on modules");
		else
			doctor_add(d, level, "secure-boot", advice, "on: only signed modules load%s",
				   note);
		break;
	case NO:
		doctor_add(d, DOCTOR_OK, "secure-boot", NULL, "off");
		break;
	case UNKNOWN:
		doctor_add(d, DOCTOR_WARN, "secure-boot", "mokutil --sb-state",
			   "not known: the EFI variable SecureBoot cannot be read");
		break;
	}
	if (!mode[0] && d->loaded)
		doctor_add(d, DOCTOR_OK, "lockdown", NULL, "not known (and nsfence is loaded)");
	else if (!mode[0])
		doctor_add(d, DOCTOR_WARN, "lockdown",
			   "as root: mount -t securityfs securityfs /sys/kernel/security",
			   "not known: /sys/kernel/security/lockdown cannot be read");
	else if (strcmp(mode, "none"))
		doctor_add(d, level, "lockdown", advice, "%s: only signed modules load%s", mode,
			   note);
	else
		doctor_add(d, DOCTOR_OK, "lockdown", NULL, "off");
	if (enforce[0] == 'Y')
		doctor_add(d, level, "signatures", advice, "enforced: only signed modules load%s",
			   note);
	else
		doctor_add(d, DOCTOR_OK, "signatures", NULL, "not enforced");
}

void doctor_check_kernel(struct doctor *d)
{
	enum answer is_file_signed;

	check_release(d);
	check_loaded(d);
	check_modules(d);
	is_file_signed = check_file(d);
	check_headers(d);
	check_dkms(d);
	check_enforcement(d, is_file_signed);
}
