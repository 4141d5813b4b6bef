// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence birth: what namespaces are born with that inherit no fence. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd_fence.h"
#include "out.h"

static const struct option options[] = {
	FENCE_OPTIONS,
	{ 0 }
};

static const struct out_column columns[] = {
	{ "POLICY", false },
	{ "MODE", false },
	{ "HOOKS", false },
	{ "FLAGS", false },
	{ "BORN", true },
	{ "REFUSED", true },
	{ "DECIDED", false },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool is_off(const struct genl_birth *b)
{
	return !strcmp(b->policy, GENL_BIRTH_NONE);
}

/* "yes"; "no", or what happens when nobody comes: "no: released in 97 s". */
static void format_decided(const struct genl_birth *b, char *buf, size_t size)
{
	if (b->decided || !b->wait_s)
		snprintf(buf, size, "%s", b->decided ? "yes" : "no");
	else
		snprintf(buf, size, "no: %s in %" PRIu32 " s",
			 b->release ? "released" : "an error is logged", b->wait_s);
}

static void show_table(const struct genl_birth *b)
{
	struct out_table *t = out_table_new(columns, COLUMNS);
	char hooks[128], flags[64], born[24], refused[24], decided[64];
	const char *const cells[COLUMNS] = {
		b->policy, is_off(b) ? NULL : genl_mode_name(b->mode), is_off(b) ? NULL : hooks,
		flags, born, refused, decided,
	};

	genl_hooks_format(b->hooks, hooks, sizeof(hooks));
	snprintf(flags, sizeof(flags), "%s%s%s", b->flags & GENL_F_STRICT ? "strict" : "",
		 (b->flags & GENL_F_STRICT) && (b->flags & GENL_F_FORWARD_ACCEPT) ? "," : "",
		 b->flags & GENL_F_FORWARD_ACCEPT ? "forward-accept" : "");
	snprintf(born, sizeof(born), "%" PRIu64, b->born);
	snprintf(refused, sizeof(refused), "%" PRIu64, b->refused);
	format_decided(b, decided, sizeof(decided));
	out_table_add(t, cells);
	out_table_print(t, stdout);
	out_table_free(t);
}

static void show_json(const struct cmd *c, const struct genl_birth *b)
{
	json_t *object = json_object();

	out_json_set(object, "policy", out_json_string(b->policy));
	if (!is_off(b)) {
		out_json_set(object, "mode", json_string(genl_mode_name(b->mode)));
		out_json_set(object, "hooks", hooks_json(b->hooks));
		out_json_set(object, "flags", flags_json(b->flags));
	}
	out_json_set(object, "decided", json_boolean(b->decided));
	if (b->wait_s) {
		out_json_set(object, "wait", out_json_u64(b->wait_s));
		out_json_set(object, "release", json_boolean(b->release));
	}
	out_json_set(object, "births", out_json_u64(b->born));
	out_json_set(object, "refused", out_json_u64(b->refused));
	out_json_print(object, c->pretty, stdout);
}

static int show(const struct cmd *c, struct genl *g)
{
	struct genl_birth b = { 0 };
	struct err e = { 0 };

	if (genl_birth_get(g, &b, &e))
		return cmd_fail(&e, NULL);
	if (c->json)
		show_json(c, &b);
	else
		show_table(&b);
	return EXIT_DONE;
}

static int set(const struct cmd *c, struct genl *g, struct fence_request *r)
{
	struct err e = { 0 };
	int ret = 0;

	if (strcmp(r->fence.policy, GENL_BIRTH_NONE))
		ret = fence_policy_ready(r, g, &e);
	if (!ret)
		ret = genl_birth_set(g, &r->fence, &e);
	if (ret) {
		fence_advice(r, &e);
		return cmd_fail(&e, r->fence.policy);
	}
	return c->verbose || c->json ? show(c, g) : EXIT_DONE;
}

static int birth(const struct cmd *c, struct fence_request *r)
{
	struct err e = { 0 };
	struct genl *g;
	int ret;

	if (genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	ret = r->fence.policy ? set(c, g, r) : show(c, g);
	genl_close(g);
	return ret;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct fence_request r = { .image = NULL };
	bool any = false;
	int opt, ret;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		if (!fence_is_option(opt))
			return cmd_getopt_exit(opt);
		any = true;
		ret = fence_set(c, &r, opt, optarg);
		if (ret)
			return ret;
	}
	if (optind + 1 < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind + 1]);
	if (any && (optind == argc || !strcmp(argv[optind], GENL_BIRTH_NONE)))
		return cmd_usage(c, "--hooks, --mode, --strict and --forward-accept are a POLICY's");
	if (optind < argc) {
		ret = fence_policy(c, &r, argv[optind]);
		if (!ret)
			ret = fence_policy_compile(&r);
		if (ret)
			return ret;
	}
	ret = birth(c, &r);
	fence_clean(&r);
	return ret;
}

const struct command cmd_birth = {
	.name = "birth",
	.summary = "show or set what namespaces are born with that inherit no fence",
	.help =
"Usage: nsfence birth [-j]\n"
"       nsfence birth POLICY [OPTIONS]\n"
"       nsfence birth none\n"
"\n"
"Shows, or sets, what a network namespace is born with that inherits no fence: a\n"
"POLICY as of nsfence attach, or none. When the command ends, it is in force for\n"
"every birth from then on; what was born before keeps what it has. A namespace\n"
"whose fence cannot be made is not created. A running nsfenced sets what its\n"
"configuration says (birth = POLICY) again.\n"
"\n"
"Shown are also how many namespaces were born with a fence (inherited ones, too),\n"
"how many were not created for want of it, and whether somebody has decided since\n"
"the module was loaded; if not, what the module does by itself, and when.\n"
"\n"
"  --hooks LIST      of prerouting, input, forward, output, postrouting, joined\n"
"                    by commas (default: input,forward,output); of built-in\n"
"                    policies only, as --strict\n"
"  --mode MODE       enforce (default), or audit: count what would be stopped,\n"
"                    and accept it\n"
"  --strict          fence loopback and neighbour discovery as well\n"
"  --forward-accept  let forwarded packets pass\n"
"  -v, --verbose     after setting it, show it\n"
"  -j, --json        JSON; -p, --pretty: the same, indented\n"
"  -h, --help        this text\n",
	.run = run,
};
