// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence stats: what became of the packets, per fence, hook and verdict. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "out.h"

enum { OPT_ZERO = CMD_OPT };

static const struct option options[] = {
	TARGET_OPTIONS,
	{ "zero", no_argument, NULL, OPT_ZERO },
	{ 0 }
};

static const struct out_column columns[] = {
	{ "NETNS", false },
	{ "INODE", false },
	{ "POLICY", false },
	{ "HOOK", false },
	{ "VERDICT", false },
	{ "PACKETS", true },
	{ "BYTES", true },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct selection {
	struct target *v;
	size_t n;
	struct genl_target *found;	/* what they are; borrows from v */
	size_t n_found;
};

static void add_rows(struct out_table *t, const struct names *names,
		     const struct genl_netns *n, bool zero)
{
	char who[1024], inode[16], packets[24], bytes[24];

	names_format(names, n, who, sizeof(who));
	snprintf(inode, sizeof(inode), "%" PRIu32, n->inode);
	for (unsigned int h = 0; h < GENL_HOOKS; h++) {
		for (unsigned int v = 0; v < GENL_VERDICTS; v++) {
			const struct genl_counter *counter = &n->counter[h][v];
			const char *const cells[COLUMNS] = {
				who, inode, n->policy, genl_hook_name(h),
				genl_verdict_name(v), packets, bytes,
			};

			if (!netns_counter_shown(n, h, v, zero))
				continue;
			snprintf(packets, sizeof(packets), "%" PRIu64, counter->packets);
			snprintf(bytes, sizeof(bytes), "%" PRIu64, counter->bytes);
			out_table_add(t, cells);
		}
	}
}

static void show(const struct cmd *c, const struct names *names, const struct genl_netns *v,
		 size_t n, bool zero)
{
	struct out_table *t;
	json_t *array;

	if (c->json) {
		array = json_array();
		for (size_t i = 0; i < n; i++)
			if (v[i].instance)
				out_json_append(array, netns_json(names, &v[i], zero));
		out_json_print(array, c->pretty, stdout);
		return;
	}
	t = out_table_new(columns, COLUMNS);
	for (size_t i = 0; i < n; i++)
		if (v[i].instance)
			add_rows(t, names, &v[i], zero);
	out_table_print(t, stdout);
	out_table_free(t);
}

/* The selected ones, in the order of the command line. */
static int get_selected(struct genl *g, const struct selection *s, struct genl_netns **out,
			const char **where, struct err *e)
{
	struct genl_netns *v = calloc(s->n, sizeof(*v));
	int ret;

	if (!v)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	for (size_t i = 0; i < s->n; i++) {
		*where = s->v[i].label;
		ret = genl_netns_get(g, &s->found[i], &v[i], e);
		if (!ret && !v[i].instance)
			ret = err_set(e, ENOENT, EXIT_NOT_FOUND, "the namespace is not fenced");
		if (ret)
			goto err_free;
	}
	*out = v;
	return 0;

err_free:
	free(v);
	return ret;
}

/* Before the module is asked: a wrong name is told with and without one. */
static int resolve(struct selection *s, struct err *e)
{
	int ret;

	s->found = calloc(s->n + 1, sizeof(*s->found));
	if (!s->found)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	for (; s->n_found < s->n; s->n_found++) {
		ret = target_resolve(&s->v[s->n_found], &s->found[s->n_found], e);
		if (ret)
			return ret;
	}
	return 0;
}

static void selection_clean(struct selection *s)
{
	for (size_t i = 0; i < s->n_found; i++)
		target_clean(&s->v[i]);
	free(s->found);
	free(s->v);
}

static int stats(const struct cmd *c, struct selection *s, bool zero)
{
	struct names names = { NULL, 0 };
	struct genl_netns *v = NULL;
	const char *where = NULL;
	struct err e = { 0 };
	struct genl *g;
	size_t n = s->n;
	int ret;

	if (resolve(s, &e) || genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	if (n)
		ret = get_selected(g, s, &v, &where, &e);
	else
		ret = genl_netns_dump(g, &v, &n, &e);
	if (!ret) {
		where = NULL;
		ret = names_load(&names, &e);
	}
	if (!ret)
		show(c, &names, v, n, zero);
	names_clean(&names);
	free(v);
	genl_close(g);
	return ret ? cmd_fail(&e, where) : EXIT_DONE;
}

static int parse(struct cmd *c, struct selection *s, bool *zero, int argc, char **argv)
{
	int opt, ret;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		if (opt == OPT_ZERO) {
			*zero = true;
		} else if (target_is_option(opt)) {
			ret = target_set(c, &s->v[s->n++], opt, optarg);
			if (ret)
				return ret;
		} else {
			/* Help is done: nothing is left to run. */
			return opt == CMD_HELP ? -1 : EXIT_USAGE;
		}
	}
	for (; optind < argc; optind++) {
		ret = target_set_name(c, &s->v[s->n++], argv[optind]);
		if (ret)
			return ret;
	}
	return 0;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct selection s = { .v = calloc((size_t)argc, sizeof(struct target)) };
	bool zero = false;
	int ret;

	if (!s.v) {
		cmd_error("out of memory");
		return EXIT_REFUSED;
	}
	ret = parse(c, &s, &zero, argc, argv);
	if (!ret)
		ret = stats(c, &s, zero);
	selection_clean(&s);
	return ret < 0 ? EXIT_DONE : ret;
}

const struct command cmd_stats = {
	.name = "stats",
	.summary = "show packets and bytes per fence, hook and verdict",
	.help =
"Usage: nsfence stats [NAME|--inode N|--pid N|--path P ...] [--zero] [-j]\n"
"\n"
"Shows what became of the packets of all fences, or of those of the namespaces\n"
"named: packets and bytes (from the network header on) per hook and verdict.\n"
"Verdicts: accept, drop, reject, audit (accepted; enforcing would have stopped\n"
"it), exempt (loopback, neighbour discovery, the fence's own replies).\n"
"\n"
"  NAME           the namespace /run/netns/NAME\n"
"  --inode N      the one with this inode number (nsfence ls)\n"
"  --pid N        the one of process N\n"
"  --path P       the one that the file P is, as /proc/PID/ns/net\n"
"  --zero         also counters that are zero\n"
"  -j, --json     JSON, as of ls; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
