// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence status: what the daemon knows of each namespace that it is about. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_ask.h"
#include "out.h"

static const struct out_column columns[] = {
	{ "NETNS", false },
	{ "INODE", true },
	{ "STATE", false },
	{ "POLICY", false },
	{ "AGE", true },
	{ "SOURCE", false },
	{ "REASON", false },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void take(void *data, json_t *line)
{
	json_t *status = json_object_get(line, "status");

	if (status)
		out_json_append(data, json_incref(status));
}

/* ---- as text ---- */

static void head(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void head(const char *what, const char *fmt, ...)
{
	char raw[1024], text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	out_escape(raw, text, sizeof(text));
	printf("%-14s %s\n", what, text);
}

static void show_configuration(const json_t *c)
{
	char when[32];

	cmd_format_date(ask_number(c, "loaded"), when);
	head("configuration", "%s, loaded %s", ask_string(c, "path"), when);
	if (json_is_string(json_object_get(c, "failed")))
		head("", "FAILED: the files are not what is in force: %s", ask_string(c, "failed"));
	if (json_is_true(json_object_get(c, "gone-back")))
		head("", "FAILED: the files are not what is in force: they were applied, and not confirmed");
	if (json_is_integer(json_object_get(c, "unconfirmed-until"))) {
		cmd_format_date(ask_number(c, "unconfirmed-until"), when);
		head("", "unconfirmed: goes back at %s without nsfence confirm", when);
	}
}

static void show_head(const json_t *last)
{
	const json_t *limits = json_object_get(last, "limits"), *backend;
	size_t i;

	backend = json_object_get(last, "backend");
	head("backend", "%s", json_is_string(backend) ? json_string_value(backend) :
	     "not reachable");
	for (i = 0; i < json_array_size(limits); i++)
		head(i ? "" : "limits", "%s", json_string_value(json_array_get(limits, i)));
	show_configuration(json_object_get(last, "configuration"));
	head("birth", "%s%s%s", ask_string(last, "birth"),
	     ask_string(last, "birth-problem")[0] ? ": " : "", ask_string(last, "birth-problem"));
	head("fences", "%s", ask_string(last, "fences"));
}

/* The daemon has only the number of one that has neither name nor path. */
static bool is_nameless(const json_t *s)
{
	return ask_number(s, "inode") && !strncmp(ask_string(s, "netns"), "inode ", 6);
}

/* For those, processes: ours to look at, not the daemon's, which has better to do. */
static void load_names(const json_t *all, struct names *names)
{
	uint32_t *inodes = calloc(json_array_size(all) + 1, sizeof(*inodes));
	size_t n = 0;

	for (size_t i = 0; inodes && i < json_array_size(all); i++)
		if (is_nameless(json_array_get(all, i)))
			inodes[n++] = (uint32_t)ask_number(json_array_get(all, i), "inode");
	if (n && !names_load(names, NULL))
		names_load_tasks(names, inodes, n, NULL);
	free(inodes);
}

static void show_table(const json_t *all)
{
	struct out_table *t = out_table_new(columns, COLUMNS);
	char inode[24], age[32], name[NAMES_LABEL];
	struct names names = { .v = NULL };
	size_t i;

	load_names(all, &names);
	for (i = 0; i < json_array_size(all); i++) {
		const json_t *s = json_array_get(all, i);
		bool known = is_nameless(s) && names_known(&names, (uint32_t)ask_number(s, "inode"));
		const char *const cells[COLUMNS] = {
			known ? name : ask_string(s, "netns"), inode, ask_string(s, "state"),
			ask_string(s, "policy"), age, ask_string(s, "source"),
			ask_string(s, "reason"),
		};

		if (known)
			names_label(&names, (uint32_t)ask_number(s, "inode"), name, sizeof(name));
		inode[0] = 0;
		if (ask_number(s, "inode"))
			snprintf(inode, sizeof(inode), "%" JSON_INTEGER_FORMAT,
				 ask_number(s, "inode"));
		cmd_format_age(ask_number(s, "age"), age);
		out_table_add(t, cells);
	}
	putchar('\n');
	out_table_print(t, stdout);
	out_table_free(t);
	names_clean(&names);
}

/* ---- as JSON: the daemon's own words, but for how the answer is cut in lines ---- */

static void show_json(const struct cmd *c, json_t *last, json_t *all)
{
	json_object_del(last, "done");
	json_object_del(last, "exit");
	out_json_set(last, "namespaces", json_incref(all));
	out_json_print(json_incref(last), c->pretty, stdout);
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
	ret = cmd_ask(json_pack("{s:s}", "cmd", "status"), ASK_TIMEOUT_MS, take, all, &last);
	if (last && c->json) {
		show_json(c, last, all);
	} else if (last) {
		show_head(last);
		if (json_array_size(all))
			show_table(all);
	}
	json_decref(last);
	json_decref(all);
	return ret;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "show what the daemon does about each namespace, and why",
	.help =
"Usage: nsfence status [-j]\n"
"\n"
"Asks nsfenced what it knows of each namespace that its configuration is about:\n"
"\n"
"  STATE   enforcing, audit  it has the fence that is configured\n"
"          pending           it is not there yet: no such name, not a mount, a\n"
"                            link, a unit without a process\n"
"          failed            it could not be fenced; it is tried again\n"
"          conflict          two sections wish for different fences\n"
"          manual            fenced by hand, and left alone (nsfence apply)\n"
"          ended             what a [pid] or [inode] section meant is gone\n"
"          exempt            deliberately not fenced: policy = none,\n"
"                            or the host's own namespace, below a glob\n"
"          unapplied         not looked at yet\n"
"  AGE     for how long that is so;  REASON  what there is to say about it\n"
"\n"
"Before them: the backend and what it cannot give; the configuration, whether the\n"
"files could be loaded, and until when it must be confirmed; birth. Ends with 1\n"
"if anything failed or is in conflict, or the files are not what is in force.\n"
"\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
