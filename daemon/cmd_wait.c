// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence wait: until a namespace is fenced as configured. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_ask.h"
#include "control.h"
#include "out.h"

enum { OPT_TIMEOUT = CMD_OPT };

static const struct option options[] = {
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	TARGET_OPTIONS,
	{ 0 }
};

static const enum control_kind kinds[] = {
	[TARGET_NAME] = CONTROL_NETNS,
	[TARGET_PATH] = CONTROL_PATH,
	[TARGET_PID] = CONTROL_PID,
	[TARGET_INODE] = CONTROL_INODE,
};

/*
 * A path as the daemon knows it, who does not know where we are. One that is not there
 * yet cannot be followed; what is there is followed but for its last component, for
 * that may be the link about which the daemon has something to say.
 */
static const char *absolute(const char *path, char *buf, size_t size)
{
	char dir[PATH_MAX], real[PATH_MAX];
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	if ((size_t)snprintf(dir, sizeof(dir), "./%.*s", (int)(base - path), path) < sizeof(dir) &&
	    realpath(path[0] == '/' ? dir + 2 : dir, real) &&
	    (size_t)snprintf(buf, size, "%s/%s", real[1] ? real : "", base) < size)
		return buf;
	if (path[0] == '/' || !getcwd(dir, sizeof(dir)) ||
	    (size_t)snprintf(buf, size, "%s/%s", dir, path) >= size)
		return path;
	return buf;
}

static int wait_for(const struct cmd *c, const struct target *t, uint32_t seconds)
{
	char path[CONTROL_MAX_REQUEST];
	const char *name = t->kind == TARGET_PATH ? absolute(t->text, path, sizeof(path)) : t->text;
	json_t *last, *status, *request;
	int ret;

	request = json_pack("{s:s, s:s, s:s, s:I}", "cmd", "wait",
			    "kind", control_kind_name(kinds[t->kind]), "name", name,
			    "timeout", (json_int_t)seconds);
	if (!request) {
		cmd_error("%s: this name is not UTF-8: try --inode", t->label);
		return EXIT_REFUSED;
	}
	ret = cmd_ask(request, seconds ? seconds * 1000 + ASK_TIMEOUT_MS : 0, NULL, NULL, &last);
	status = json_object_get(last, "status");
	if (status && c->json)
		out_json_print(json_incref(status), c->pretty, stdout);
	else if (status && c->verbose)
		printf("%s: %s, %s\n", t->label, ask_string(status, "state"),
		       ask_string(status, "policy"));
	json_decref(last);
	return ret;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct target t = { .kind = TARGET_NONE };
	uint32_t seconds = 0;
	struct err e = { 0 };
	int opt, ret = 0;

	while (!ret && (opt = cmd_getopt(c, argc, argv, options)) != -1) {
		if (target_is_option(opt))
			ret = target_set(c, &t, opt, optarg);
		else if (opt != OPT_TIMEOUT)
			return cmd_getopt_exit(opt);
		else if (cmd_parse_time(optarg, CONTROL_MAX_WAIT, &seconds))
			return cmd_usage(c, "--timeout: \"%s\" is not a time (30s, 5m, 1h; at most 24 days)",
					 optarg);
	}
	if (!ret && optind < argc)
		ret = target_set_name(c, &t, argv[optind++]);
	if (ret)
		return ret;
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	if (t.kind == TARGET_NONE)
		return cmd_usage(c, "which namespace? (NAME, --path, --pid or --inode)");
	if (t.kind == TARGET_NAME && select_check_name(t.text, &e))
		return cmd_fail(&e, NULL);
	return wait_for(c, &t, seconds);
}

const struct command cmd_wait = {
	.name = "wait",
	.summary = "wait until a namespace is fenced as configured",
	.help =
"Usage: nsfence wait NAME | --path P | --pid N | --inode N [--timeout TIME] [-j]\n"
"\n"
"Ends with 0 as soon as nsfenced has fenced the namespace as its configuration\n"
"says (or has left it without a fence, where that says so): for ExecStartPre= and\n"
"hooks of containers. The namespace need not be there yet.\n"
"Ends with 4 if no section claims it; with 1 when the time is over, or at once if\n"
"it cannot be fenced for a reason that does not pass, such as a conflict.\n"
"\n"
"  NAME           its name in /run/netns\n"
"  --path P       the path at which it is mounted\n"
"  --pid N        the namespace of process N\n"
"  --inode N      its inode number\n"
"  --timeout TIME for that long: 30s, 5m, 1h; a number alone: seconds. Without\n"
"                 it, for as long as it takes\n"
"  -v, --verbose  say what it has\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
