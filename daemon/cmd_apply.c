// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence apply, reload and confirm: what makes the daemon change its configuration. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd_ask.h"
#include "control.h"
#include "out.h"

enum { OPT_CONFIRM = CMD_OPT };

static const struct option options[] = {
	{ "confirm", required_argument, NULL, OPT_CONFIRM },
	{ 0 }
};

struct failures {
	const struct cmd *c;
	json_t *all;
};

static void take(void *data, json_t *line)
{
	json_t *status = json_object_get(line, "failed");
	struct failures *f = data;
	const char *reason;

	if (!status)
		return;
	out_json_append(f->all, json_incref(status));
	if (f->c->json)
		return;
	reason = ask_string(status, "reason");
	cmd_error("%s: %s%s%s", ask_string(status, "netns"), ask_string(status, "state"),
		  reason[0] ? ": " : "", reason);
}

static void show(const struct cmd *c, json_t *last, json_t *all, int ret)
{
	const json_t *until = json_object_get(last, "unconfirmed-until");
	char text[1024], when[32];

	if (c->json) {
		json_object_del(last, "done");
		json_object_del(last, "exit");
		out_json_set(last, "failed", json_incref(all));
		out_json_print(json_incref(last), c->pretty, stdout);
		return;
	}
	if (c->verbose) {
		out_escape(ask_string(last, "fences"), text, sizeof(text));
		puts(text);
	}
	/* Not about a namespace: the backend, or a policy that nobody has. */
	if (ret && !json_array_size(all))
		cmd_error("%s", ask_string(last, "fences"));
	if (!json_is_integer(until))
		return;
	cmd_format_date(json_integer_value(until), when);
	printf("unconfirmed: goes back at %s without nsfence confirm\n", when);
}

static int ask(const struct cmd *c, json_t *request)
{
	struct failures f = { c, json_array() };
	json_t *last;
	int ret = cmd_ask(request, ASK_TIMEOUT_MS, take, &f, &last);

	if (last)
		show(c, last, f.all, ret);
	json_decref(last);
	json_decref(f.all);
	return ret;
}

static int run_apply(struct cmd *c, int argc, char **argv)
{
	uint32_t seconds = 0;
	int opt;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		if (opt != OPT_CONFIRM)
			return cmd_getopt_exit(opt);
		if (cmd_parse_time(optarg, CONTROL_MAX_CONFIRM, &seconds))
			return cmd_usage(c, "--confirm: \"%s\" is not a time (30s, 5m, 1h; at most a day)",
					 optarg);
	}
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	return ask(c, json_pack("{s:s, s:I}", "cmd", "apply", "confirm", (json_int_t)seconds));
}

static int run_plain(struct cmd *c, int argc, char **argv)
{
	int opt;

	while ((opt = cmd_getopt(c, argc, argv, NULL)) != -1)
		return cmd_getopt_exit(opt);
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	return ask(c, json_pack("{s:s}", "cmd", c->command->name));
}

static int run_confirm(struct cmd *c, int argc, char **argv)
{
	json_t *last;
	int opt, ret;

	while ((opt = cmd_getopt(c, argc, argv, NULL)) != -1)
		return cmd_getopt_exit(opt);
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	ret = cmd_ask(json_pack("{s:s}", "cmd", "confirm"), ASK_TIMEOUT_MS, NULL, NULL, &last);
	if (last && c->json)
		out_json_print(json_object(), c->pretty, stdout);
	else if (last && c->verbose)
		puts("confirmed");
	json_decref(last);
	return ret;
}

const struct command cmd_apply = {
	.name = "apply",
	.summary = "load the configuration and carry it out, on trial if you like",
	.help =
"Usage: nsfence apply [--confirm TIME] [-j]\n"
"\n"
"Lets nsfenced load the configuration and carry it out, as `nsfence plan` shows,\n"
"and ends when that is done: with 0, or with 1 if the configuration has errors\n"
"(and nothing was changed), or something failed. Fences made by hand are taken\n"
"over where a section claims the namespace; `nsfence reload` leaves them.\n"
"\n"
"  --confirm TIME go back to what was in force before, and put back the fences\n"
"                 that were taken over, unless `nsfence confirm` comes within\n"
"                 that time: 30s, 5m, 1h; a number alone: seconds. Also if the\n"
"                 daemon is killed meanwhile. The files are not touched. Until\n"
"                 then the configuration is neither applied again nor reloaded.\n"
"  -v, --verbose  say what is fenced then\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run_apply,
};

const struct command cmd_reload = {
	.name = "reload",
	.summary = "load the configuration again, as SIGHUP does",
	.help =
"Usage: nsfence reload [-j]\n"
"\n"
"Lets nsfenced load the configuration again, shows its errors, and ends when it\n"
"is in force: with 0, or with 1 if it has errors (then the old one stays in\n"
"force), or something could not be fenced.\n"
"\n"
"  -v, --verbose  say what is fenced then\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run_plain,
};

const struct command cmd_confirm = {
	.name = "confirm",
	.summary = "keep what apply --confirm did",
	.help =
"Usage: nsfence confirm [-j]\n"
"\n"
"Keeps what `nsfence apply --confirm TIME` did. Ends with 1 if nothing waits for\n"
"it: it was too late, or nothing was applied so.\n"
"\n"
"  -v, --verbose  say so\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run_confirm,
};
