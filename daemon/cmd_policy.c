// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence policy: the policies in the module, by hand. And what it shares with
 * attach: a file becomes a policy of the file's name.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_policy.h"
#include "out.h"
#include "policies.h"
#include "policy/diag.h"

static const struct out_column columns[] = {
	{ "POLICY", false },
	{ "GENERATION", true },
	{ "HASH", false },
	{ "RECORDS", true },
	{ "BYTES", true },
	{ "FENCES", true },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* ---- a file ---- */

int cmd_policy_compile(const char *file, struct policies_image *out)
{
	struct diags d = { .n = 0 };
	int ret = policies_compile(NULL, file, out, &d);

	cmd_diags_print(&d);
	if (ret && !d.errors)
		cmd_error("%s: %s", file, strerror(-ret));
	diags_clean(&d);
	if (ret && access(file, F_OK) && errno == ENOENT)
		return EXIT_NOT_FOUND;
	return ret ? EXIT_REFUSED : 0;
}

/* ---- how it is shown ---- */

/* 64 bits that are no quantity: as a number JSON readers would round them. */
static void format_hash(uint64_t hash, char buf[17])
{
	snprintf(buf, 17, "%016" PRIx64, hash);
}

static json_t *policy_json(const struct genl_policy *p)
{
	json_t *object = json_object();
	char hash[17];

	format_hash(p->hash, hash);
	out_json_set(object, "policy", out_json_string(p->name));
	out_json_set(object, "generation", out_json_u64(p->generation));
	out_json_set(object, "hash", json_string(hash));
	out_json_set(object, "records", out_json_u64(p->records));
	out_json_set(object, "bytes", out_json_u64(p->bytes));
	out_json_set(object, "attachments", out_json_u64(p->attachments));
	return object;
}

static void show_table(const struct genl_policy *v, size_t n)
{
	struct out_table *t = out_table_new(columns, COLUMNS);
	char generation[24], hash[17], records[16], bytes[16], fences[16];

	for (size_t i = 0; i < n; i++) {
		const char *const cells[COLUMNS] = {
			v[i].name, generation, hash, records, bytes, fences,
		};

		snprintf(generation, sizeof(generation), "%" PRIu64, v[i].generation);
		format_hash(v[i].hash, hash);
		snprintf(records, sizeof(records), "%" PRIu32, v[i].records);
		snprintf(bytes, sizeof(bytes), "%" PRIu32, v[i].bytes);
		snprintf(fences, sizeof(fences), "%" PRIu32, v[i].attachments);
		out_table_add(t, cells);
	}
	out_table_print(t, stdout);
	out_table_free(t);
}

/* ---- ls, set, del ---- */

static int ls(const struct cmd *c)
{
	struct genl_policy *v = NULL;
	struct err e = { 0 };
	struct genl *g;
	size_t n = 0;
	json_t *array;
	int ret;

	if (genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	ret = genl_policy_dump(g, &v, &n, &e);
	genl_close(g);
	if (ret)
		return cmd_fail(&e, NULL);
	if (c->json) {
		array = json_array();
		for (size_t i = 0; i < n; i++)
			out_json_append(array, policy_json(&v[i]));
		out_json_print(array, c->pretty, stdout);
	} else {
		show_table(v, n);
	}
	free(v);
	return EXIT_DONE;
}

static int set(const struct cmd *c, const char *file)
{
	char name[GENL_MAX_NAME + 1];
	struct policies_image img;
	struct genl_policy now;
	struct err e = { 0 };
	struct genl *g;
	int ret;

	if (policies_stem(file, name, &e))
		return cmd_fail(&e, file);
	/* Before the module is asked: a mistake is told with and without one. */
	ret = cmd_policy_compile(file, &img);
	if (ret)
		return ret;
	ret = genl_open(&g, &e);
	if (!ret) {
		ret = genl_policy_set(g, name, img.image, img.size, &now, &e);
		genl_close(g);
	}
	policies_image_clean(&img);
	if (ret)
		return cmd_fail(&e, e.exit == EXIT_UNREACHABLE ? NULL : name);
	if (c->json)
		out_json_print(policy_json(&now), c->pretty, stdout);
	else if (c->verbose)
		printf("policy %s, generation %" PRIu64 ", in %" PRIu32 " fence%s\n", now.name,
		       now.generation, now.attachments, now.attachments == 1 ? "" : "s");
	return EXIT_DONE;
}

static int del(const struct cmd *c, const char *name)
{
	struct err e = { 0 };
	json_t *object;
	struct genl *g;
	int ret;

	if (genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	ret = genl_policy_del(g, name, &e);
	genl_close(g);
	if (ret)
		return cmd_fail(&e, name);
	if (c->json) {
		object = json_object();
		out_json_set(object, "policy", out_json_string(name));
		out_json_print(object, c->pretty, stdout);
	} else if (c->verbose) {
		printf("policy %s is taken away\n", name);
	}
	return EXIT_DONE;
}

static int run(struct cmd *c, int argc, char **argv)
{
	static const struct {
		const char *name, *argument;
		int (*run)(const struct cmd *c, const char *argument);
	} verbs[] = {
		{ "set", "which FILE?", set },
		{ "del", "which policy? (NAME)", del },
	};
	const char *verb;
	int opt;

	while ((opt = cmd_getopt(c, argc, argv, NULL)) != -1)
		return cmd_getopt_exit(opt);
	if (optind == argc)
		return cmd_usage(c, "what? (ls, set FILE, del NAME)");
	verb = argv[optind++];
	if (!strcmp(verb, "ls")) {
		if (optind < argc)
			return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
		return ls(c);
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].name))
			continue;
		if (optind == argc)
			return cmd_usage(c, "%s: %s", verb, verbs[i].argument);
		if (optind + 1 < argc)
			return cmd_usage(c, "unexpected argument \"%s\"", argv[optind + 1]);
		return verbs[i].run(c, argv[optind]);
	}
	return cmd_usage(c, "\"%s\" is none of ls, set, del", verb);
}

const struct command cmd_policy = {
	.name = "policy",
	.summary = "show, set and delete policies in the module by hand",
	.help =
"Usage: nsfence policy ls [-j]\n"
"       nsfence policy set FILE\n"
"       nsfence policy del NAME\n"
"\n"
"A policy is an object of the module that any number of fences share. ls shows\n"
"those that are there, without the built-in ones. set compiles FILE and puts it\n"
"there under the file's name without .nft, in the place of one that has the name:\n"
"when it ends, every packet of every fence of this policy meets the new version.\n"
"del takes away a policy that no fence uses. nsfenced puts a policy that is in\n"
"its configuration back.\n"
"\n"
"  -v, --verbose  say what was done\n"
"  -j, --json     JSON; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n"
"\n"
"Policies are described in nsfence-policy(5).\n",
	.run = run,
};
