// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence stats: what became of the packets, per fence, hook and verdict; and
 * what the rules counted that say `counter`, in one fence or in all of a policy.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "out.h"
#include "policies.h"

enum {
	OPT_ZERO = CMD_OPT,
	OPT_POLICY,
};

static const struct option options[] = {
	TARGET_OPTIONS,
	{ "zero", no_argument, NULL, OPT_ZERO },
	{ "policy", required_argument, NULL, OPT_POLICY },
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

/* The first one is left out where they are the sum of all fences. */
static const struct out_column rule_columns[] = {
	{ "NETNS", false },
	{ "POLICY", false },
	{ "CHAIN", false },
	{ "PACKETS", true },
	{ "BYTES", true },
	{ "FILE:LINE", false },
	{ "RULE", false },
};
#define RULE_COLUMNS (sizeof(rule_columns) / sizeof(rule_columns[0]))

struct selection {
	struct target *v;
	size_t n;
	struct genl_target *found;	/* what they are; borrows from v */
	size_t n_found;
	const char *policy;		/* instead of all that; or NULL */
	bool zero;
};

/* What is shown. */
struct result {
	struct names names;
	struct genl_netns *v;
	struct genl_rules *rules;	/* parallel to v; NULL: those are not asked for */
	size_t n;
};

static void add_rows(struct out_table *t, const struct names *names,
		     const struct genl_netns *n, bool zero)
{
	char who[1024], inode[16], packets[24], bytes[24];

	names_label(names, n->inode, who, sizeof(who));
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

/* @who: NULL in a table without that column. */
static void add_rules(struct out_table *t, const char *who, const struct genl_rules *rules)
{
	char packets[24], bytes[24];

	for (size_t i = 0; i < rules->n; i++) {
		const struct genl_rule *rule = &rules->v[i];
		char *place;

		if (asprintf(&place, "%s:%" PRIu32, rule->file, rule->line) < 0)
			place = NULL;
		snprintf(packets, sizeof(packets), "%" PRIu64, rule->packets);
		snprintf(bytes, sizeof(bytes), "%" PRIu64, rule->bytes);
		{
			const char *const cells[RULE_COLUMNS] = {
				who, rules->policy, rule->chain, packets, bytes, place,
				rule->text,
			};

			out_table_add(t, who ? cells : cells + 1);
		}
		free(place);
	}
}

static json_t *rules_json(const struct genl_rules *rules)
{
	json_t *array = json_array();

	for (size_t i = 0; i < rules->n; i++)
		out_json_append(array, rule_json(&rules->v[i], true));
	return array;
}

static void show_json(const struct cmd *c, const struct result *r, bool zero)
{
	json_t *array = json_array(), *object;

	for (size_t i = 0; i < r->n; i++) {
		if (!r->v[i].instance)
			continue;
		object = netns_json(&r->names, &r->v[i], zero);
		if (r->rules)
			out_json_set(object, "rules", rules_json(&r->rules[i]));
		out_json_append(array, object);
	}
	out_json_print(array, c->pretty, stdout);
}

static void show_rules(const struct result *r)
{
	struct out_table *t = out_table_new(rule_columns, RULE_COLUMNS);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		char who[1024];

		names_label(&r->names, r->v[i].inode, who, sizeof(who));
		add_rules(t, who, &r->rules[i]);
		n += r->rules[i].n;
	}
	if (n) {
		putchar('\n');
		out_table_print(t, stdout);
	}
	out_table_free(t);
}

static void show(const struct cmd *c, const struct result *r, bool zero)
{
	struct out_table *t;

	if (c->json) {
		show_json(c, r, zero);
		return;
	}
	t = out_table_new(columns, COLUMNS);
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].instance)
			add_rows(t, &r->names, &r->v[i], zero);
	out_table_print(t, stdout);
	out_table_free(t);
	if (r->rules)
		show_rules(r);
}

/* In the fence that was looked at. A built-in policy has no rules. */
static int get_rules(struct genl *g, const struct genl_netns *n, struct genl_rules *out,
		     struct err *e)
{
	const struct genl_target t = {
		.inode = n->inode, .has_cookie = n->has_cookie, .cookie = n->cookie, .fd = -1,
	};

	if (policies_is_builtin(n->policy))
		return 0;
	return genl_rules_dump(g, n->policy, &t, out, e);
}

/* The selected ones, in the order of the command line. */
static int get_selected(struct genl *g, const struct selection *s, struct result *r,
			const char **where, struct err *e)
{
	int ret;

	r->v = calloc(s->n, sizeof(*r->v));
	r->rules = calloc(s->n, sizeof(*r->rules));
	if (!r->v || !r->rules)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	for (; r->n < s->n; r->n++) {
		struct genl_netns *n = &r->v[r->n];

		*where = s->v[r->n].label;
		ret = genl_netns_get(g, &s->found[r->n], n, e);
		if (!ret && !n->instance)
			ret = err_set(e, ENOENT, EXIT_NOT_FOUND, "the namespace is not fenced");
		if (!ret)
			ret = get_rules(g, n, &r->rules[r->n], e);
		if (ret)
			return ret;
	}
	return 0;
}

static void result_clean(struct result *r)
{
	for (size_t i = 0; r->rules && i < r->n; i++)
		genl_rules_clean(&r->rules[i]);
	names_clean(&r->names);
	free(r->rules);
	free(r->v);
}

static void show_policy(const struct cmd *c, const struct genl_rules *rules)
{
	struct out_table *t;
	json_t *object;

	if (c->json) {
		object = json_object();
		out_json_set(object, "policy", out_json_string(rules->policy));
		if (rules->generation)
			out_json_set(object, "generation", out_json_u64(rules->generation));
		out_json_set(object, "rules", rules_json(rules));
		out_json_print(object, c->pretty, stdout);
		return;
	}
	t = out_table_new(rule_columns + 1, RULE_COLUMNS - 1);
	add_rules(t, NULL, rules);
	out_table_print(t, stdout);
	out_table_free(t);
}

/* All fences of one policy together. */
static int stats_of_policy(const struct cmd *c, const char *policy)
{
	struct genl_rules rules;
	struct err e = { 0 };
	struct genl *g;
	int ret;

	if (genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	ret = genl_rules_dump(g, policy, NULL, &rules, &e);
	genl_close(g);
	if (ret)
		return cmd_fail(&e, policy);
	show_policy(c, &rules);
	genl_rules_clean(&rules);
	return EXIT_DONE;
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

static int stats(const struct cmd *c, struct selection *s)
{
	struct result r = { .n = 0 };
	const char *where = NULL;
	struct err e = { 0 };
	struct genl *g;
	int ret;

	if (resolve(s, &e) || genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	if (s->n)
		ret = get_selected(g, s, &r, &where, &e);
	else
		ret = genl_netns_dump(g, &r.v, &r.n, &e);
	if (!ret) {
		where = NULL;
		ret = names_load_for(&r.names, r.v, r.n, false, &e);
	}
	if (!ret)
		show(c, &r, s->zero);
	result_clean(&r);
	genl_close(g);
	return ret ? cmd_fail(&e, where) : EXIT_DONE;
}

static int parse(struct cmd *c, struct selection *s, int argc, char **argv)
{
	int opt, ret;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		if (opt == OPT_ZERO) {
			s->zero = true;
		} else if (opt == OPT_POLICY) {
			s->policy = optarg;
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
	if (s->policy && s->n)
		return cmd_usage(c, "--policy sums up all fences of the policy: no namespace besides it");
	if (s->policy && policies_is_builtin(s->policy))
		return cmd_usage(c, "--policy: %s is built in, and has no rules", s->policy);
	return 0;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct selection s = { .v = calloc((size_t)argc, sizeof(struct target)) };
	int ret;

	if (!s.v) {
		cmd_error("out of memory");
		return EXIT_REFUSED;
	}
	ret = parse(c, &s, argc, argv);
	if (!ret)
		ret = s.policy ? stats_of_policy(c, s.policy) : stats(c, &s);
	selection_clean(&s);
	return ret < 0 ? EXIT_DONE : ret;
}

const struct command cmd_stats = {
	.name = "stats",
	.summary = "show packets and bytes per fence, hook and verdict, and per rule",
	.help =
"Usage: nsfence stats [NAME|--inode N|--pid N|--path P ...] [--zero] [-j]\n"
"       nsfence stats --policy NAME [-j]\n"
"\n"
"Shows what became of the packets of all fences, or of those of the namespaces\n"
"named: packets and bytes (from the network header on) per hook and verdict.\n"
"Verdicts: accept, drop, reject, audit (accepted; enforcing would have stopped\n"
"it), exempt (loopback, neighbour discovery, the fence's own replies).\n"
"For namespaces that are named, the rules of their policies that say `counter`\n"
"follow, with what they counted there.\n"
"\n"
"  NAME           the namespace /run/netns/NAME\n"
"  --inode N      the one with this inode number (nsfence ls)\n"
"  --pid N        the one of process N\n"
"  --path P       the one that the file P is, as /proc/PID/ns/net\n"
"  --policy NAME  only the rules of this policy, summed over all its fences\n"
"  --zero         also counters of hooks that are zero (rules are always shown)\n"
"  -j, --json     JSON, as of ls; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
