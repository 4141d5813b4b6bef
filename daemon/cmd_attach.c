// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence attach: fences one namespace, by hand or, for nsfence@NAME.service,
 * as the configuration says.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "cmd.h"
#include "cmd_policy.h"
#include "config.h"
#include "out.h"
#include "policies.h"

/* With --configured, for what passes by itself. */
#define RETRY_MS	2000
#define RETRY_PAUSE_MS	20

enum {
	OPT_HOOKS = CMD_OPT,
	OPT_MODE,
	OPT_STRICT,
	OPT_FORWARD_ACCEPT,
	OPT_REPLACE,
	OPT_SOURCE,
	OPT_CONFIGURED,
	OPT_CONFIG,
};

static const struct option options[] = {
	TARGET_OPTIONS,
	{ "hooks", required_argument, NULL, OPT_HOOKS },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "forward-accept", no_argument, NULL, OPT_FORWARD_ACCEPT },
	{ "replace", no_argument, NULL, OPT_REPLACE },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "configured", no_argument, NULL, OPT_CONFIGURED },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ 0 }
};

struct request {
	struct target target;
	struct genl_fence fence;
	const char *config;		/* with --configured: where it lies */
	bool configured;
	bool by_hand;			/* an option that --configured excludes */
	/* A file's: to be set before the fence is attached. NULL: none. */
	const struct policies_image *image;
	struct policies_image own;	/* of a file that was named */
	char name[GENL_MAX_NAME + 1];	/* and what that makes of the policy's name */
};

static int parse_mode(const struct cmd *c, const char *s, enum genl_mode *mode)
{
	for (unsigned int m = 0; m < GENL_MODES; m++) {
		if (strcmp(s, genl_mode_name(m)))
			continue;
		*mode = (enum genl_mode)m;
		return 0;
	}
	return cmd_usage(c, "--mode: \"%s\" is not a mode (enforce, audit)", s);
}

static int parse_hooks(const struct cmd *c, const char *s, uint32_t *hooks)
{
	struct err e;

	if (genl_hooks_parse(s, hooks, &e))
		return cmd_usage(c, "--hooks: %s", e.text);
	return 0;
}

static int parse_source(const struct cmd *c, const char *s, const char **source)
{
	if (strlen(s) > GENL_MAX_SOURCE)
		return cmd_usage(c, "--source: the text has %zu bytes, at most %d are accepted",
				 strlen(s), GENL_MAX_SOURCE);
	*source = s;
	return 0;
}

static int parse_option(const struct cmd *c, struct request *r, int opt)
{
	if (target_is_option(opt))
		return target_set(c, &r->target, opt, optarg);
	r->by_hand |= opt != OPT_CONFIGURED && opt != OPT_CONFIG;
	switch (opt) {
	case OPT_HOOKS:
		return parse_hooks(c, optarg, &r->fence.hooks);
	case OPT_MODE:
		return parse_mode(c, optarg, &r->fence.mode);
	case OPT_STRICT:
		r->fence.flags |= GENL_F_STRICT;
		return 0;
	case OPT_FORWARD_ACCEPT:
		r->fence.flags |= GENL_F_FORWARD_ACCEPT;
		return 0;
	case OPT_REPLACE:
		r->fence.flags |= GENL_F_REPLACE;
		return 0;
	case OPT_SOURCE:
		return parse_source(c, optarg, &r->fence.source);
	case OPT_CONFIGURED:
		r->configured = true;
		return 0;
	default:
		r->config = optarg;
		return 0;
	}
}

/* By hand: not marked ours. */
static void mark_manual(struct request *r)
{
	r->fence.flags |= GENL_F_MANUAL;
	if (!r->fence.source)
		r->fence.source = "manual";
}

static int parse_file(struct request *r)
{
	struct err e;
	int ret;

	if (policies_stem(r->fence.policy, r->name, &e))
		return cmd_fail(&e, r->fence.policy);
	ret = cmd_policy_compile(r->fence.policy, &r->own);
	if (ret)
		return ret;
	r->fence.policy = r->name;
	r->image = &r->own;
	mark_manual(r);
	return 0;
}

static int parse_arguments(const struct cmd *c, struct request *r, int argc, char **argv)
{
	int ret, left = argc - optind, want = r->configured ? 0 : 1;

	if (r->target.kind == TARGET_NONE) {
		if (!left)
			return cmd_usage(c, "which namespace? (NAME, --inode N, --pid N or --path P)");
		ret = target_set_name(c, &r->target, argv[optind++]);
		if (ret)
			return ret;
		left--;
	}
	if (left > want)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind + want]);
	if (r->configured) {
		if (r->target.kind != TARGET_NAME)
			return cmd_usage(c, "--configured takes a NAME");
		if (r->by_hand)
			return cmd_usage(c, "with --configured the configuration says all of it, no other option is accepted");
		return 0;
	}
	if (r->config)
		return cmd_usage(c, "--config is for --configured only");
	if (!left)
		return cmd_usage(c, "which policy? (built-in: " POLICIES_BUILTIN "; one of nsfence policy ls; or FILE.nft)");
	r->fence.policy = argv[optind];
	if (policies_is_file(r->fence.policy))
		return parse_file(r);
	if (!r->fence.policy[0] || strlen(r->fence.policy) > GENL_MAX_NAME)
		return cmd_usage(c, "the policy's name has %zu bytes, 1 to %d are accepted",
				 strlen(r->fence.policy), GENL_MAX_NAME);
	mark_manual(r);
	return 0;
}

/* What a refusal leads to, where the tool knows more than the module. */
static void add_advice(const struct request *r, struct err *e)
{
	size_t used = strlen(e->text);

	if (e->errnum == EEXIST)
		snprintf(e->text + used, sizeof(e->text) - used, " (--replace, nsfence detach)");
	else if (e->errnum == ENOENT && e->exit == EXIT_REFUSED)
		snprintf(e->text, sizeof(e->text),
			 "no such policy \"%s\" in the module (built in are: " POLICIES_BUILTIN
			 "; others: nsfence policy ls, or name a FILE.nft)", r->fence.policy);
}

static void report(const struct cmd *c, const struct request *r, uint32_t inode,
		   uint64_t instance)
{
	json_t *object;

	if (c->json) {
		object = json_object();
		out_json_set(object, "inode", out_json_u64(inode));
		out_json_set(object, "instance", out_json_u64(instance));
		out_json_print(object, c->pretty, stdout);
	} else if (c->verbose) {
		printf("%s (inode %" PRIu32 ") is fenced with %s, instance %" PRIu64 "\n",
		       r->target.label, inode, r->fence.policy, instance);
	}
}

static void print_line(void *data, const char *text)
{
	char line[1024];

	(void)data;
	config_expand_tabs(text, line, sizeof(line));
	cmd_error("%s", line);
}

static int load_fence(struct request *r, struct config *config)
{
	static struct config_errors errors;
	const struct config_netns *n;

	memset(&errors, 0, sizeof(errors));
	if (config_load(r->config, config, &errors)) {
		if (errors.n)
			config_errors_each(&errors, print_line, NULL);
		else
			cmd_error("%s: out of memory", r->config);
		config_errors_clean(&errors);
		return EXIT_REFUSED;
	}
	config_errors_clean(&errors);
	config_warnings_each(config, print_line, NULL);
	n = config_find(config, r->target.text);
	if (!n) {
		cmd_error("no section [netns %s] in %s, nor a file " POLICIES_NETNS_DIR "/%s"
			  POLICIES_SUFFIX, r->target.text, r->config, r->target.text);
		config_clean(config);
		return EXIT_NOT_FOUND;
	}
	r->fence = (struct genl_fence){
		.policy = n->policy,
		.mode = n->mode,
		.hooks = n->hooks,
		.flags = n->flags,
		.source = n->source,
	};
	if (n->file)
		r->image = &n->file->compiled;
	return 0;
}

/* The source is for people: where it alone differs, nothing is wrong. */
static bool same_fence(const struct genl_netns *n, const struct genl_fence *f)
{
	const uint32_t mask = GENL_F_STRICT | GENL_F_FORWARD_ACCEPT | GENL_F_MANUAL;
	/* The module reports the policy audit as being in that mode. */
	enum genl_mode mode = strcmp(f->policy, "audit") ? f->mode : GENL_MODE_AUDIT;

	/* Without hooks: those are the policy's own. */
	return !strcmp(n->policy, f->policy) && n->mode == mode &&
		(!f->hooks || n->hooks == f->hooks) && (n->flags & mask) == (f->flags & mask);
}

/*
 * As nsfenced would: what is right already stays (and keeps its counters), a
 * fence made by hand is left alone, anything else is replaced.
 */
static int attach_configured(struct genl *g, struct genl_target *t, struct genl_fence *f,
			     uint64_t *instance, struct err *e)
{
	struct genl_netns now;
	int ret = genl_netns_get(g, t, &now, e);

	if (ret)
		return ret;
	if (now.instance && (now.flags & GENL_F_MANUAL))
		return err_set(e, EPERM, EXIT_REFUSED,
			       "it was fenced by hand with %s; take that off first (nsfence detach)",
			       now.policy);
	if (now.instance && same_fence(&now, f)) {
		*instance = now.instance;
		return 0;
	}
	/* That one, not what somebody may put there meanwhile. */
	t->instance = now.instance;
	f->flags = now.instance ? f->flags | GENL_F_REPLACE : f->flags & ~GENL_F_REPLACE;
	return genl_attach(g, t, f, instance, e);
}

/*
 * What is there in this version already is not sent again. All fences of the
 * policy change with it: not where this attach is refused already.
 */
static int set_policy(const struct request *r, struct genl *g, const struct genl_target *t,
		      const char **where, struct err *e)
{
	struct genl_policy have;
	struct genl_netns now;
	int ret;

	if (!r->image)
		return 0;
	*where = r->target.label;
	ret = genl_netns_get(g, t, &now, e);
	if (!ret && now.instance && !r->configured && !(r->fence.flags & GENL_F_REPLACE))
		ret = err_set(e, EEXIST, EXIT_REFUSED, "the namespace is fenced already");
	if (ret)
		return ret;
	*where = r->fence.policy;
	ret = genl_policy_get(g, r->fence.policy, &have, e);
	if ((!ret && have.hash == r->image->hash) || (ret && ret != -ENOENT))
		return ret;
	return genl_policy_set(g, r->fence.policy, r->image->image, r->image->size, NULL, e);
}

/* @where: what the message is about, NULL if it says so itself. */
static int attach_once(struct request *r, struct genl_target *t, uint64_t *instance,
		       const char **where, struct err *e)
{
	struct genl *g;
	int ret;

	*where = NULL;
	/* The selection first: a wrong name is told with and without a module. */
	ret = target_resolve(&r->target, t, e);
	if (ret)
		return ret;
	ret = genl_open(&g, e);
	if (ret)
		goto out;
	ret = set_policy(r, g, t, where, e);
	if (!ret) {
		*where = r->target.label;
		if (r->configured)
			ret = attach_configured(g, t, &r->fence, instance, e);
		else
			ret = genl_attach(g, t, &r->fence, instance, e);
	}
	genl_close(g);
out:
	target_clean(&r->target);
	return ret;
}

/* Being made, not mounted yet, or changed while we looked: as nsfenced, again. */
static bool passes(int ret)
{
	return ret == -EAGAIN || ret == -ESTALE || ret == -EEXIST;
}

static int attach(const struct cmd *c, struct request *r)
{
	const struct timespec pause = { .tv_nsec = RETRY_PAUSE_MS * 1000000L };
	uint64_t instance = 0, last = clock_ms() + RETRY_MS;
	struct genl_target t;
	struct err e = { 0 };
	const char *where;
	int ret;

	for (;;) {
		ret = attach_once(r, &t, &instance, &where, &e);
		if (!r->configured || !passes(ret) || clock_ms() >= last)
			break;
		nanosleep(&pause, NULL);
	}
	if (ret) {
		if (!r->configured)
			add_advice(r, &e);
		return cmd_fail(&e, where);
	}
	report(c, r, t.inode, instance);
	return EXIT_DONE;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct request r = { 0 };
	struct config config;
	int opt, ret;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		if (opt == CMD_HELP || opt == CMD_BAD)
			return cmd_getopt_exit(opt);
		ret = parse_option(c, &r, opt);
		if (ret)
			return ret;
	}
	ret = parse_arguments(c, &r, argc, argv);
	if (ret)
		return ret;
	if (!r.configured) {
		ret = attach(c, &r);
		policies_image_clean(&r.own);
		return ret;
	}
	if (!r.config)
		r.config = CONFIG_DIR;
	ret = load_fence(&r, &config);
	if (ret)
		return ret;
	ret = attach(c, &r);
	config_clean(&config);
	return ret;
}

const struct command cmd_attach = {
	.name = "attach",
	.summary = "fence a namespace",
	.help =
"Usage: nsfence attach NAME|--inode N|--pid N|--path P POLICY [OPTIONS]\n"
"       nsfence attach --configured NAME [--config PATH]\n"
"\n"
"Fences a network namespace. POLICY is built in (drop, reject, accept, audit),\n"
"or one that is in the module (nsfence policy ls), or a file, which has a / in\n"
"its name or ends in .nft: that is set first, as nsfence policy set does. When\n"
"the command ends, every packet meets the fence. Such a fence is marked manual:\n"
"nsfenced leaves it alone.\n"
"\n"
"  NAME               the namespace /run/netns/NAME\n"
"  --inode N          the one with this inode number (nsfence ls --all)\n"
"  --pid N            the one of process N\n"
"  --path P           the one that the file P is, as /proc/PID/ns/net\n"
"  --hooks LIST       of prerouting, input, forward, output, postrouting, joined\n"
"                     by commas (default: input,forward,output); of built-in\n"
"                     policies only, as --strict: others say it themselves\n"
"  --mode MODE        enforce (default), or audit: count what would be stopped,\n"
"                     and accept it\n"
"  --strict           fence loopback and neighbour discovery as well\n"
"  --forward-accept   let forwarded packets pass. Without it they meet the fence\n"
"                     whatever --hooks says: a TUN device and ip_forward would\n"
"                     lead around the output hook. Not with forward in --hooks\n"
"  --replace          put this fence in the place of one that is there\n"
"  --source TEXT      shown by ls as SOURCE (default: manual)\n"
"  --configured       attach what the configuration says for NAME, not marked\n"
"                     manual (for nsfence@NAME.service)\n"
"  --config PATH      with --configured: the configuration\n"
"                     (" CONFIG_DIR ")\n"
"  -v, --verbose      say what was done\n"
"  -j, --json         inode and instance as JSON; -p, --pretty: indented\n"
"  -h, --help         this text\n",
	.run = run,
};
