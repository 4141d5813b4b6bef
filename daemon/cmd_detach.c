// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence detach: takes one fence off, or all. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "cmd_family.h"
#include "out.h"

enum {
	OPT_ALL = CMD_OPT,
	OPT_CONFIGURED,
	OPT_DESCENDANTS,
};

static const struct option options[] = {
	TARGET_OPTIONS,
	{ "all", no_argument, NULL, OPT_ALL },
	{ "configured", no_argument, NULL, OPT_CONFIGURED },
	{ "descendants", no_argument, NULL, OPT_DESCENDANTS },
	{ 0 }
};

struct choice {
	bool all;
	bool configured;
	bool descendants;
};

static void report(const struct cmd *c, const char *key, uint32_t value, const char *label)
{
	json_t *object;

	if (c->json) {
		object = json_object();
		out_json_set(object, key, out_json_u64(value));
		out_json_print(object, c->pretty, stdout);
	} else if (c->verbose && label) {
		printf("took the fence off %s (inode %" PRIu32 ")\n", label, value);
	} else if (c->verbose) {
		printf("took off %" PRIu32 " fence%s\n", value, value == 1 ? "" : "s");
	}
}

static int detach_all(const struct cmd *c)
{
	struct err e = { 0 };
	uint32_t count = 0;
	struct genl *g;
	int ret;

	/* Of any ABI: this is how a module that is too old or too new is unloaded. */
	if (genl_open_any(&g, &e))
		return cmd_fail(&e, NULL);
	ret = genl_detach_all(g, &count, &e);
	genl_close(g);
	if (ret)
		return cmd_fail(&e, NULL);
	report(c, "count", count, NULL);
	return EXIT_DONE;
}

/*
 * For the stop of nsfence@NAME.service: done is also a namespace that is gone,
 * has no fence (any more), or one that somebody put there by hand.
 */
static int detach_configured(struct genl *g, struct genl_target *t, bool *taken, struct err *e)
{
	struct genl_netns now;
	int ret = genl_netns_get(g, t, &now, e);

	if (ret == -ENXIO || ret == -ESTALE)
		return 0;
	if (ret || !now.instance || (now.flags & GENL_F_MANUAL))
		return ret;
	t->instance = now.instance;
	ret = genl_detach(g, t, false, e);
	*taken = !ret;
	return ret == -ENOENT || ret == -ENXIO || ret == -ESTALE ? 0 : ret;
}

/*
 * With those that were made in it: its own first, so that no more are born with it.
 * That it has none itself is no failure where some of the others had one.
 */
static int detach_family(const struct cmd *c, struct genl *g, struct genl_target *t,
			 const struct target *target, struct err *e)
{
	struct family f = { .cmd = c, .g = g, .root = t->inode };
	struct genl_netns was;
	size_t count = 0;
	int ret = genl_netns_get(g, t, &was, e), code;
	json_t *object;

	if (ret)
		return ret;
	if (was.instance) {
		t->instance = was.instance;
		ret = genl_detach(g, t, false, e);
	} else {
		ret = err_set(e, ENOENT, EXIT_NOT_FOUND, "the namespace is not fenced");
	}
	if (ret && ret != -ENOENT)
		return ret;
	if (!ret && !c->json)
		report(c, "inode", t->inode, target->label);
	f.array = c->json ? json_array() : NULL;
	code = family_detach(&f, &was, &count);
	if (code) {
		json_decref(f.array);
		return err_set(e, EPERM, (enum exit_code)code, "not all of it was taken off");
	}
	if (ret && !count) {
		json_decref(f.array);
		return ret;
	}
	if (c->json) {
		object = json_object();
		out_json_set(object, "inode", out_json_u64(t->inode));
		out_json_set(object, "descendants", f.array);
		out_json_print(object, c->pretty, stdout);
	}
	return 0;
}

static int detach_one(const struct cmd *c, struct genl *g, struct genl_target *t,
		      struct target *target, const struct choice *choice, struct err *e)
{
	bool taken = true;
	int ret;

	if (choice->descendants)
		return detach_family(c, g, t, target, e);
	if (choice->configured) {
		taken = false;
		ret = detach_configured(g, t, &taken, e);
	} else {
		ret = genl_detach(g, t, false, e);
	}
	if (!ret && taken)
		report(c, "inode", t->inode, target_label(target));
	return ret;
}

static int detach(const struct cmd *c, struct target *target, const struct choice *choice)
{
	struct genl_target t;
	struct err e = { 0 };
	struct genl *g;
	int ret;

	ret = target_pin(target, &e);
	if (ret && choice->configured && e.exit == EXIT_NOT_FOUND)
		return EXIT_DONE;
	if (!ret)
		ret = target_resolve(target, &t, &e);
	if (ret)
		return cmd_fail(&e, target->kind == TARGET_INODE ? target->label : NULL);
	/* The fence that it has; not one that another namespace of this number gets. */
	t.instance = target->instance;
	ret = genl_open(&g, &e);
	if (ret) {
		target_clean(target);
		/* No module, no fence: the stop of the service is done. */
		return choice->configured && ret == -ENOENT ? EXIT_DONE : cmd_fail(&e, NULL);
	}
	ret = detach_one(c, g, &t, target, choice, &e);
	genl_close(g);
	if (ret)
		ret = cmd_fail(&e, target_label(target));
	target_clean(target);
	return ret;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct choice choice = { .all = false };
	struct target target = { 0 };
	int opt, ret = 0;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		if (opt == CMD_HELP || opt == CMD_BAD)
			return cmd_getopt_exit(opt);
		if (target_is_option(opt))
			ret = target_set(c, &target, opt, optarg);
		choice.all |= opt == OPT_ALL;
		choice.configured |= opt == OPT_CONFIGURED;
		choice.descendants |= opt == OPT_DESCENDANTS;
		if (ret)
			return ret;
	}
	for (; optind < argc; optind++) {
		ret = target_set_name(c, &target, argv[optind]);
		if (ret)
			return ret;
	}
	if (choice.configured && choice.descendants)
		return cmd_usage(c, "--descendants is for fences made by hand: not with --configured");
	if (choice.all && (choice.configured || choice.descendants || target.kind != TARGET_NONE))
		return cmd_usage(c, "--all takes no namespace, no --configured and no --descendants");
	if (choice.all)
		return detach_all(c);
	if (target.kind == TARGET_NONE)
		return cmd_usage(c, "which namespace? (NAME, --inode N, --pid N, --path P, or --all)");
	if (choice.configured && target.kind != TARGET_NAME)
		return cmd_usage(c, "--configured takes a NAME");
	return detach(c, &target, &choice);
}

const struct command cmd_detach = {
	.name = "detach",
	.summary = "take the fence off a namespace, or off all with --all",
	.help =
"Usage: nsfence detach NAME|--inode N|--pid N|--path P [--descendants]\n"
"       nsfence detach --all\n"
"       nsfence detach --configured NAME\n"
"\n"
"Takes the fence off. nsfenced puts one that is configured up again; stop it, or\n"
"change the configuration, first.\n"
"\n"
"  NAME           the namespace /run/netns/NAME\n"
"  --inode N      the one with this inode number (nsfence ls)\n"
"  --pid N        the one of process N\n"
"  --path P       the one that the file P is, as /proc/PID/ns/net\n"
"  --descendants  also off the namespaces that tasks inside have made (as attach\n"
"                 finds them), where it was inherited, or is the same\n"
"  --all          every fence of every namespace, and birth\n"
"  --configured   leave a fence alone that was made by hand, and do not mind one\n"
"                 that is gone already (for nsfence@NAME.service)\n"
"  -v, --verbose  say what was done\n"
"  -j, --json     inode, or count, as JSON; -p, --pretty: indented\n"
"  -h, --help     this text\n",
	.run = run,
};
