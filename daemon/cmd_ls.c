// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence ls: the fenced namespaces, or all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "out.h"

enum { OPT_ALL = CMD_OPT };

static const struct option options[] = {
	{ "all", no_argument, NULL, OPT_ALL },
	{ 0 }
};

static const struct out_column columns[] = {
	{ "NETNS", false },
	{ "INODE", false },
	{ "POLICY", false },
	{ "MODE", false },
	{ "HOOKS", false },
	{ "PACKETS", true },
	{ "DROPPED", true },
	{ "SOURCE", false },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void add_row(struct out_table *t, const struct names *names, const struct genl_netns *n)
{
	char who[1024], inode[16], hooks[128], packets[24], dropped[24],
		source[GENL_MAX_SOURCE + NAMES_LABEL + 32];
	uint64_t all = 0, stopped = 0;

	names_label(names, n->inode, who, sizeof(who));
	snprintf(inode, sizeof(inode), "%" PRIu32, n->inode);
	if (!n->instance) {
		const char *const cells[COLUMNS] = { who, inode };

		out_table_add(t, cells);
		return;
	}
	for (unsigned int h = 0; h < GENL_HOOKS; h++) {
		for (unsigned int v = 0; v < GENL_VERDICTS; v++)
			all += n->counter[h][v].packets;
		stopped += n->counter[h][GENL_VERDICT_DROP].packets +
			n->counter[h][GENL_VERDICT_REJECT].packets;
	}
	genl_hooks_format(n->hooks, hooks, sizeof(hooks));
	netns_source(names, n, source, sizeof(source));
	snprintf(packets, sizeof(packets), "%" PRIu64, all);
	snprintf(dropped, sizeof(dropped), "%" PRIu64, stopped);
	{
		const char *const cells[COLUMNS] = {
			who, inode, n->policy, genl_mode_name(n->mode), hooks,
			packets, dropped, source,
		};

		out_table_add(t, cells);
	}
}

static void show_table(const struct names *names, const struct genl_netns *v, size_t n, bool all)
{
	struct out_table *t = out_table_new(columns, COLUMNS);

	for (size_t i = 0; i < n; i++)
		if (all || v[i].instance)
			add_row(t, names, &v[i]);
	out_table_print(t, stdout);
	out_table_free(t);
}

static void show_json(const struct cmd *c, const struct names *names,
		      const struct genl_netns *v, size_t n, bool all)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (all || v[i].instance)
			out_json_append(array, netns_json(names, &v[i], false));
	out_json_print(array, c->pretty, stdout);
}

static int ls(const struct cmd *c, bool all)
{
	struct names names = { .v = NULL };
	struct genl_netns *v = NULL;
	struct err e = { 0 };
	struct genl *g;
	size_t n = 0;
	int ret;

	if (genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	ret = genl_netns_dump(g, &v, &n, &e);
	/* After the dump: a name that is newer than its namespace finds it. */
	if (!ret)
		ret = names_load_for(&names, v, n, all, &e);
	if (!ret && c->json)
		show_json(c, &names, v, n, all);
	else if (!ret)
		show_table(&names, v, n, all);
	names_clean(&names);
	free(v);
	genl_close(g);
	return ret ? cmd_fail(&e, NULL) : EXIT_DONE;
}

static int run(struct cmd *c, int argc, char **argv)
{
	bool all = false;
	int opt;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		switch (opt) {
		case OPT_ALL:
			all = true;
			break;
		default:
			return cmd_getopt_exit(opt);
		}
	}
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	return ls(c, all);
}

const struct command cmd_ls = {
	.name = "ls",
	.summary = "show the fenced namespaces, or all with --all",
	.help =
"Usage: nsfence ls [--all] [-j]\n"
"\n"
"Shows the fenced network namespaces: names, inode, policy, mode, hooks, packets\n"
"seen, packets dropped or rejected, and who asked for the fence (of one that was\n"
"inherited also the parent). One without a name in /run/netns is called by the\n"
"path that it is mounted at, else by the oldest process in it: web.service, or\n"
"bash[812].\n"
"\n"
"  --all          also the namespaces without a fence\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
