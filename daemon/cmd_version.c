// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence version: of this program, the running daemon and the loaded module. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "cmd_doctor.h"
#include "out.h"
#include "version.h"

static json_t *features_json(uint32_t features)
{
	json_t *array = json_array();

	if (features & GENL_FEATURE_COOKIE)
		out_json_append(array, json_string("cookie"));
	if (features & GENL_FEATURE_INIT_NET)
		out_json_append(array, json_string("init-net"));
	return array;
}

static json_t *string_or_null(const char *s)
{
	return s ? out_json_string(s) : json_null();
}

static void show_json(const struct cmd *c, const char *daemon, const char *module,
		      const struct doctor_live *live)
{
	json_t *object = json_object();

	out_json_set(object, "version", json_string(NSF_VERSION));
	out_json_set(object, "daemon-version", string_or_null(daemon));
	out_json_set(object, "module-version", string_or_null(module));
	if (!live->ret) {
		out_json_set(object, "abi", out_json_u64(live->version.abi));
		out_json_set(object, "features", features_json(live->version.features));
		out_json_set(object, "namespaces", out_json_u64(live->version.namespaces));
		out_json_set(object, "attachments", out_json_u64(live->version.attachments));
	}
	out_json_print(object, c->pretty, stdout);
}

static void show_line(const char *what, const char *version, const char *note)
{
	char text[256];

	out_escape(version, text, sizeof(text));
	printf("%-8s  %s%s%s%s\n", what, text, note ? " (" : "", note ? note : "", note ? ")" : "");
}

static void show_text(const char *daemon, const char *module, const struct doctor_live *live)
{
	char note[160];

	show_line("nsfence", NSF_VERSION, NULL);
	show_line("nsfenced", daemon ? daemon : "-", daemon ? NULL : "not running");
	if (!live->ret)
		snprintf(note, sizeof(note),
			 "interface %" PRIu32 ", %" PRIu32 " namespaces, %" PRIu32 " fenced",
			 live->version.abi, live->version.namespaces, live->version.attachments);
	else if (!module)
		snprintf(note, sizeof(note), "not loaded");
	else if (live->ret == -EPERM)
		snprintf(note, sizeof(note), "ask as root for more");
	else
		snprintf(note, sizeof(note), "loaded, but it does not answer");
	show_line("module", module ? module : "-", note);
}

static int run(struct cmd *c, int argc, char **argv)
{
	char daemon_buf[64], module_buf[64];
	const char *daemon = NULL, *module = NULL;
	struct doctor_live live;
	int opt;

	while ((opt = cmd_getopt(c, argc, argv, NULL)) != -1)
		return cmd_getopt_exit(opt);
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	doctor_live_get(&live);
	if (doctor_daemon("", daemon_buf, sizeof(daemon_buf)))
		daemon = daemon_buf;
	if (!live.ret)
		module = live.version.module;
	else if (doctor_module_version("", module_buf, sizeof(module_buf)))
		module = module_buf;
	if (c->json)
		show_json(c, daemon, module, &live);
	else
		show_text(daemon, module, &live);
	return EXIT_DONE;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "show the versions of tool, daemon and module",
	.help =
"Usage: nsfence version [-j]\n"
"\n"
"Shows the version of this program, of the running nsfenced and of the loaded\n"
"module, as far as they can be known. Needs no privilege.\n"
"\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
