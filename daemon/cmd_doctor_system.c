// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_doctor_system: the caller, the module's answer, the daemon, the names. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_doctor.h"
#include "config.h"
#include "select.h"
#include "version.h"

#define CAP_NET_ADMIN_BIT 12
/* PROC_PID_INIT_INO: the same on every machine, since Linux 3.8 */
#define INIT_PIDNS "pid:[4026531836]"

static const char *be_root(const struct doctor *d)
{
	return d->live->root ? "run on the host, with all capabilities" : "run as root";
}

/* "net:[4026531840]", or "" when it cannot be read. */
static void ns_link(const struct doctor *d, const char *what, char *buf, size_t size)
{
	char path[512];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/proc/%s", d->root, what);
	n = readlink(path, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
}

static void check_netns(struct doctor *d)
{
	static const char name[] = "initial-netns";
	static const char todo[] = "run nsfence on the host: nsenter --net=/proc/1/ns/net, or outside the container";
	char self[64], init[64], pidns[64];

	/* The family exists nowhere else. */
	if (d->visible) {
		doctor_add(d, DOCTOR_OK, name, NULL, "this is the initial network namespace");
		return;
	}
	ns_link(d, "self/ns/net", self, sizeof(self));
	ns_link(d, "1/ns/net", init, sizeof(init));
	ns_link(d, "self/ns/pid", pidns, sizeof(pidns));
	if (self[0] && init[0] && strcmp(self, init))
		doctor_add(d, DOCTOR_FAIL, name, todo,
			   "this is another network namespace than that of process 1");
	else if (d->loaded)
		doctor_add(d, DOCTOR_FAIL, name, todo,
			   "the module is loaded, and not visible here: this is not the initial network namespace");
	else if (!self[0] || !init[0])
		doctor_add(d, DOCTOR_WARN, name, be_root(d),
			   "not known: the namespace of process 1 cannot be read");
	else if (strcmp(pidns, INIT_PIDNS))
		doctor_add(d, DOCTOR_WARN, name, todo,
			   "not known: process 1 is that of a container, not the host's");
	else
		doctor_add(d, DOCTOR_OK, name, NULL,
			   "this is the network namespace of process 1");
}

static bool has_net_admin(const struct doctor *d)
{
	char status[4096], *line;

	if (doctor_read(d->root, status, sizeof(status), "/proc/self/status") <= 0)
		return false;
	line = strstr(status, "\nCapEff:");
	return line && (strtoull(line + strlen("\nCapEff:"), NULL, 16) >> CAP_NET_ADMIN_BIT & 1);
}

static void check_privilege(struct doctor *d)
{
	unsigned long inside = 0, outside = 0, count = 0;
	char map[256];

	doctor_read(d->root, map, sizeof(map), "/proc/self/uid_map");
	if (sscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	    (inside || outside || count != UINT32_MAX))
		doctor_add(d, DOCTOR_FAIL, "privilege", "run nsfence on the host, outside the container",
			   "this is not the initial user namespace");
	else if (!has_net_admin(d))
		doctor_add(d, DOCTOR_WARN, "privilege",
			   d->live->root ? "run with CAP_NET_ADMIN: everything but version and doctor needs it" :
			   "run as root: everything but version and doctor needs it",
			   "CAP_NET_ADMIN is not in effect");
	else
		doctor_add(d, DOCTOR_OK, "privilege", NULL, "CAP_NET_ADMIN is in effect");
}

static void check_answer(struct doctor *d)
{
	const struct genl_version *v = &d->live->version;
	const char *todo = v->abi > GENL_ABI ? "update nsfence and nsfenced" :
		"update the module, and load it anew (nsfence detach --all; rmmod nsfence; modprobe nsfence)";

	if (d->live->ret == -ENOENT)
		return;	/* check_loaded() and check_netns() said it */
	if (d->live->ret == -EPERM)
		doctor_add(d, DOCTOR_WARN, "netlink", be_root(d),
			   "the module answers only to CAP_NET_ADMIN");
	else if (d->live->ret)
		doctor_add(d, DOCTOR_FAIL, "netlink", "look into the kernel's log (journalctl -k)",
			   "%.256s", d->live->err.text);
	else if (v->abi != GENL_ABI)
		doctor_add(d, DOCTOR_FAIL, "netlink", todo,
			   "the module speaks interface %" PRIu32 ", this program %u", v->abi,
			   GENL_ABI);
	else
		doctor_add(d, DOCTOR_OK, "netlink", NULL,
			   "interface %" PRIu32 ", %" PRIu32 " namespaces, %" PRIu32 " fenced", v->abi,
			   v->namespaces, v->attachments);
}

static void check_cookie(struct doctor *d)
{
	if (d->live->cookie)
		doctor_add(d, DOCTOR_OK, "cookie", NULL, "namespaces have cookies");
	else
		doctor_add(d, DOCTOR_OK, "cookie", NULL,
			   "namespaces have no cookies (Linux 5.14): an open descriptor proves alone which one is meant");
}

static void check_versions(struct doctor *d)
{
	char module[64] = "", daemon[64] = "", all[256];

	if (!d->live->ret)
		snprintf(module, sizeof(module), "%s", d->live->version.module);
	else if (d->loaded)
		doctor_module_version(d->root, module, sizeof(module));
	doctor_daemon(d->root, daemon, sizeof(daemon));
	snprintf(all, sizeof(all), "nsfence %s, nsfenced %s, module %s", NSF_VERSION,
		 daemon[0] ? daemon : "-", module[0] ? module : "-");
	if ((module[0] && strcmp(module, NSF_VERSION)) ||
	    (daemon[0] && strcmp(daemon, NSF_VERSION)))
		doctor_add(d, DOCTOR_WARN, "versions",
			   "install one version of all; restart nsfenced, load the module anew",
			   "they differ: %s", all);
	else
		doctor_add(d, DOCTOR_OK, "versions", NULL, "%s", all);
}

static void check_daemon(struct doctor *d)
{
	char version[64];
	unsigned long pid = doctor_daemon(d->root, version, sizeof(version));

	const struct doctor_live *live = d->live;

	if (!pid)
		doctor_add(d, DOCTOR_WARN, "daemon", "systemctl enable --now nsfenced",
			   "nsfenced is not running: the configuration is not applied, fences that are up stay");
	else if (live->asked > 0 && live->asked != EACCES && live->asked != EPERM)
		doctor_add(d, DOCTOR_WARN, "daemon", "journalctl -u nsfenced",
			   "nsfenced is running, process %lu, and does not answer: %s", pid,
			   strerror(live->asked));
	else if (!live->asked && live->amiss)
		doctor_add(d, DOCTOR_WARN, "daemon", "nsfence status",
			   "nsfenced is running, process %lu, and not all is as configured", pid);
	else
		doctor_add(d, DOCTOR_OK, "daemon", NULL, "nsfenced is running, process %lu%s%s",
			   pid, live->backend[0] ? ", backend " : "", live->backend);
}

static void check_config(struct doctor *d)
{
	struct config_errors *errors = calloc(1, sizeof(*errors));
	struct config config;
	char path[512];
	int ret;

	if (!doctor_exists(d->root, CONFIG_DIR "/nsfence.conf")) {
		doctor_add(d, DOCTOR_WARN, "configuration", "write one, see nsfence.conf(5)",
			   "there is no " CONFIG_DIR "/nsfence.conf");
		goto out;
	}
	snprintf(path, sizeof(path), "%s" CONFIG_DIR, d->root);
	ret = errors ? config_load(path, &config, errors) : -ENOMEM;
	if (!ret) {
		doctor_add(d, DOCTOR_OK, "configuration", NULL,
			   CONFIG_DIR ", sections: %zu", config.n_sections);
		config_clean(&config);
	} else if (ret == -EINVAL && errors->n) {
		doctor_add(d, DOCTOR_FAIL, "configuration",
			   "mend it, see nsfence.conf(5): until then nsfenced keeps the last good one, and does not start without one",
			   "%zu errors, the first: %.200s", errors->n + errors->more,
			   errors->v[0].text);
	} else {
		doctor_add(d, DOCTOR_FAIL, "configuration", be_root(d), "cannot be read: %s",
			   strerror(-ret));
	}
	if (errors)
		config_errors_clean(errors);
out:
	free(errors);
}

/*
 * Whether the mount at /run/netns, if there is one, neither hands new mounts on
 * to the mount namespaces of services, nsfenced's among them ("shared:N"), nor
 * gets them from such a one ("master:N", as inside ip netns exec).
 */
static bool is_private_mount(const struct doctor *d)
{
	char path[512], *line = NULL;
	bool private = false;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", d->root);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (getline(&line, &room, f) > 0) {
		char *fields = strstr(line, " " SELECT_NETNS_DIR " ");
		char *end = fields ? strstr(fields, " - ") : NULL;

		if (!end)
			continue;
		*end = '\0';
		private = !strstr(fields, " shared:") && !strstr(fields, " master:");
	}
	free(line);
	fclose(f);
	return private;
}

static void check_names(struct doctor *d)
{
	size_t n, stale = 0;
	struct netns_name *names;
	const char *first = "";
	char path[512];
	struct err e;

	snprintf(path, sizeof(path), "%s" SELECT_NETNS_DIR, d->root);
	if (select_names_in(path, &names, &n, &e)) {
		doctor_add(d, DOCTOR_FAIL, "names", be_root(d), "%.256s", e.text);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (names[i].inode)
			continue;
		first = stale++ ? first : names[i].name;
	}
	if (is_private_mount(d))
		doctor_add(d, DOCTOR_WARN, "names", "mount --make-shared " SELECT_NETNS_DIR,
			   SELECT_NETNS_DIR " is a private mount: nsfenced may not see new names");
	else if (stale)
		doctor_add(d, DOCTOR_WARN, "names", "ip netns delete them, if nobody is about to mount them",
			   "%zu of %zu files in " SELECT_NETNS_DIR " are no namespaces (%.64s)",
			   stale, n, first);
	else
		doctor_add(d, DOCTOR_OK, "names", NULL, "%zu in " SELECT_NETNS_DIR, n);
	free(names);
}

void doctor_check_system(struct doctor *d)
{
	check_netns(d);
	check_privilege(d);
	check_answer(d);
	check_cookie(d);
	check_versions(d);
	check_daemon(d);
	check_config(d);
	check_names(d);
}
