// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence plan: how the kernel differs from what the files say. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd_ask.h"
#include "out.h"

static const struct {
	const char *verb, *shown;
} verbs[] = {
	{ "attach", "+ attach" },
	{ "replace", "~ replace" },
	{ "detach", "- detach" },
	{ "take-over", "! take over" },
	{ "policy-set", "+ policy" },
	{ "policy-delete", "- policy" },
	{ "birth", "~ birth" },
	{ "backend", "~ backend" },
	{ "cannot", "? cannot" },
};

static void take(void *data, json_t *line)
{
	json_t *change = json_object_get(line, "change");

	if (change)
		out_json_append(data, json_incref(change));
}

static const char *shown(const char *verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verb, verbs[i].verb))
			return verbs[i].shown;
	return verb;
}

/* "+ attach     web1 (inode 4026532631): drop, nsfence.conf:6 (has no fence)" */
static void show_change(const json_t *change)
{
	const char *policy = ask_string(change, "policy"), *source = ask_string(change, "source");
	const char *detail = ask_string(change, "detail"), *name = ask_string(change, "name");
	char raw[1024], text[4096], inode[40] = "";

	if (ask_number(change, "inode"))
		snprintf(inode, sizeof(inode), " (inode %" JSON_INTEGER_FORMAT ")",
			 ask_number(change, "inode"));
	snprintf(raw, sizeof(raw), "%-12s %s%s%s%s%s%s%s%s%s", shown(ask_string(change, "do")),
		 name, inode, policy[0] && name[0] ? ": " : "", policy,
		 source[0] ? ", " : "", source, detail[0] ? " (" : "", detail,
		 detail[0] ? ")" : "");
	out_escape(raw, text, sizeof(text));
	puts(text);
}

static void show(const struct cmd *c, const json_t *last, json_t *all)
{
	json_t *object;
	size_t i;

	if (c->json) {
		object = json_object();
		out_json_set(object, "differs", json_boolean(ask_number(last, "changes")));
		out_json_set(object, "changes", json_incref(all));
		out_json_print(object, c->pretty, stdout);
		return;
	}
	for (i = 0; i < json_array_size(all); i++)
		show_change(json_array_get(all, i));
	if (!json_array_size(all) && c->verbose)
		puts("no difference");
}

static int run(struct cmd *c, int argc, char **argv)
{
	json_t *all, *last;
	int opt, ret;

	while ((opt = cmd_getopt(c, argc, argv, NULL)) != -1)
		return cmd_getopt_exit(opt);
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	all = json_array();
	ret = cmd_ask(json_pack("{s:s}", "cmd", "plan"), ASK_TIMEOUT_MS, take, all, &last);
	if (last)
		show(c, last, all);
	json_decref(last);
	json_decref(all);
	return ret;
}

const struct command cmd_plan = {
	.name = "plan",
	.summary = "show what apply would change, without changing anything",
	.help =
"Usage: nsfence plan [-j]\n"
"\n"
"Lets nsfenced load the configuration as the files have it now, and shows how the\n"
"kernel differs from it, namespace by namespace. Nothing is changed.\n"
"\n"
"  + attach     a namespace would be fenced\n"
"  ~ replace    it would get another fence\n"
"  - detach     its fence would be taken off\n"
"  ! take over  a fence made by hand would be replaced: by apply, not by reload\n"
"  + policy, - policy   one would be loaded anew, or taken away\n"
"  ~ birth      namespaces would be born with another fence\n"
"  ~ backend    each fence would be put up by it, and taken off by the former\n"
"  ? cannot     a conflict, or a refusal\n"
"\n"
"Ends with 0 if there is no difference, with 5 if there is one, and with 1 if\n"
"there is none but what cannot be done, or if the configuration has errors, which\n"
"are shown with file, line and column.\n"
"\n"
"  -v, --verbose  say so if there is no difference\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
