// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence attach: fences one namespace (or one and those made in it) by hand or,
 * for nsfence@NAME.service, as the configuration says.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "claims.h"
#include "clock.h"
#include "cmd.h"
#include "cmd_family.h"
#include "cmd_fence.h"
#include "config.h"
#include "out.h"
#include "policies.h"

/* With --configured, for what passes by itself. */
#define RETRY_MS	2000
#define RETRY_PAUSE_MS	20

enum {
	OPT_REPLACE = CMD_OPT,
	OPT_DESCENDANTS,
	OPT_CONFIGURED,
	OPT_CONFIG,
};

static const struct option options[] = {
	TARGET_OPTIONS,
	FENCE_OPTIONS,
	FENCE_OPTIONS_OWN,
	{ "replace", no_argument, NULL, OPT_REPLACE },
	{ "descendants", no_argument, NULL, OPT_DESCENDANTS },
	{ "configured", no_argument, NULL, OPT_CONFIGURED },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ 0 }
};

struct request {
	struct target target;
	struct fence_request fence;
	const char *config;		/* with --configured: where it lies */
	bool configured;
	bool by_hand;			/* an option that --configured excludes */
	bool descendants;
};

static int parse_option(const struct cmd *c, struct request *r, int opt)
{
	if (target_is_option(opt))
		return target_set(c, &r->target, opt, optarg);
	r->by_hand |= opt != OPT_CONFIGURED && opt != OPT_CONFIG;
	if (fence_is_option(opt))
		return fence_set(c, &r->fence, opt, optarg);
	switch (opt) {
	case OPT_REPLACE:
		r->fence.fence.flags |= GENL_F_REPLACE;
		return 0;
	case OPT_DESCENDANTS:
		r->descendants = true;
		return 0;
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
	r->fence.fence.flags |= GENL_F_MANUAL;
	/* Or they would go on making namespaces without a fence. */
	if (r->descendants)
		r->fence.fence.flags |= GENL_F_INHERIT;
	if (!r->fence.fence.source)
		r->fence.fence.source = "manual";
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
	ret = fence_policy(c, &r->fence, argv[optind]);
	if (!ret)
		mark_manual(r);
	return ret;
}

/* First which namespace is meant: to compile takes time, in which it may be another. */
static int pin_and_compile(struct request *r)
{
	struct err e = { 0 };

	if (target_pin(&r->target, &e))
		return cmd_fail(&e, r->target.kind == TARGET_INODE ? r->target.label : NULL);
	return fence_policy_compile(&r->fence);
}

/* @array: of descendants, or NULL; takes it over. */
static void report(const struct cmd *c, struct request *r, uint32_t inode, uint64_t instance,
		   json_t *array)
{
	json_t *object;

	if (c->json) {
		object = json_object();
		out_json_set(object, "inode", out_json_u64(inode));
		out_json_set(object, "instance", out_json_u64(instance));
		if (array)
			out_json_set(object, "descendants", json_incref(array));
		out_json_print(object, c->pretty, stdout);
	} else if (c->verbose) {
		printf("%s (inode %" PRIu32 ") is fenced with %s, instance %" PRIu64 "\n",
		       target_label(&r->target), inode, r->fence.fence.policy, instance);
	}
	json_decref(array);
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
	const struct config_section *n;
	char path[300];

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
	snprintf(path, sizeof(path), SELECT_NETNS_DIR "/%s", r->target.text);
	n = claims_of_path(config, path);
	if (!n) {
		cmd_error("no section [netns %s] in %s, none that matches it, nor a file "
			  POLICIES_NETNS_DIR "/%s" POLICIES_SUFFIX, r->target.text, r->config,
			  r->target.text);
		config_clean(config);
		return EXIT_NOT_FOUND;
	}
	if (n->none) {
		cmd_error("%s: %s says policy = none: it is to have no fence", r->target.text,
			  n->source);
		config_clean(config);
		return EXIT_REFUSED;
	}
	r->fence.fence = (struct genl_fence){
		.policy = n->policy,
		.mode = n->mode,
		.hooks = n->hooks,
		.flags = n->flags,
		.source = n->source,
	};
	if (n->file)
		r->fence.image = &n->file->compiled;
	return 0;
}

/* The source is for people: where it alone differs, nothing is wrong. */
static bool same_fence(const struct genl_netns *n, const struct genl_fence *f)
{
	const uint32_t mask = GENL_F_STRICT | GENL_F_FORWARD_ACCEPT | GENL_F_MANUAL |
		GENL_F_INHERIT;
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

/* All fences of the policy change with it: not where this attach is refused already. */
static int set_policy(struct request *r, struct genl *g, const struct genl_target *t,
		      const char **where, struct err *e)
{
	struct genl_netns now;
	int ret;

	if (r->fence.image) {
		*where = r->target.label;
		ret = genl_netns_get(g, t, &now, e);
		if (!ret && now.instance && !r->configured &&
		    !(r->fence.fence.flags & GENL_F_REPLACE))
			ret = err_set(e, EEXIST, EXIT_REFUSED, "the namespace is fenced already");
		if (ret)
			return ret;
	}
	*where = r->fence.fence.policy;
	return fence_policy_ready(&r->fence, g, e);
}

/* @where: what the message is about, NULL if it says so itself. */
static int attach_once(struct request *r, struct genl *g, struct genl_target *t,
		       uint64_t *instance, const char **where, struct err *e)
{
	int ret;

	ret = set_policy(r, g, t, where, e);
	if (ret)
		return ret;
	*where = r->target.label;
	if (r->configured)
		return attach_configured(g, t, &r->fence.fence, instance, e);
	return genl_attach(g, t, &r->fence.fence, instance, e);
}

/* Leaves the namespace open where it returns 0. */
static int open_and_attach(struct request *r, struct genl **g, struct genl_target *t,
			   uint64_t *instance, const char **where, struct err *e)
{
	int ret;

	*where = NULL;
	/* The selection first: a wrong name is told with and without a module. */
	ret = target_resolve(&r->target, t, e);
	if (ret)
		return ret;
	ret = genl_open(g, e);
	if (!ret) {
		ret = attach_once(r, *g, t, instance, where, e);
		if (ret)
			genl_close(*g);
	}
	if (ret)
		target_clean(&r->target);
	return ret;
}

/* Being made, not mounted yet, or changed while we looked: as nsfenced, again. */
static bool passes(int ret)
{
	return ret == -EAGAIN || ret == -ESTALE || ret == -EEXIST;
}

/* The others of the family, when the first one is fenced. */
static int attach_family(const struct cmd *c, struct request *r, struct genl *g,
			 uint32_t inode, json_t *array)
{
	const struct family f = { .cmd = c, .g = g, .root = inode, .array = array };

	return r->descendants ? family_attach(&f, &r->fence.fence) : EXIT_DONE;
}

static int attach(const struct cmd *c, struct request *r)
{
	const struct timespec pause = { .tv_nsec = RETRY_PAUSE_MS * 1000000L };
	uint64_t instance = 0, last = clock_ms() + RETRY_MS;
	json_t *array = r->descendants ? json_array() : NULL;
	struct genl_target t;
	struct err e = { 0 };
	const char *where;
	struct genl *g;
	int ret;

	for (;;) {
		ret = open_and_attach(r, &g, &t, &instance, &where, &e);
		if (!r->configured || !passes(ret) || clock_ms() >= last)
			break;
		nanosleep(&pause, NULL);
	}
	if (ret) {
		if (!r->configured)
			fence_advice(&r->fence, &e);
		ret = cmd_fail(&e, where == r->target.label ? target_label(&r->target) : where);
		json_decref(array);
		return ret;
	}
	ret = attach_family(c, r, g, t.inode, array);
	report(c, r, t.inode, instance, array);
	genl_close(g);
	target_clean(&r->target);
	return ret;
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
		ret = pin_and_compile(&r);
		if (!ret)
			ret = attach(c, &r);
		fence_clean(&r.fence);
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
"or one that is in the module (nsfence policy ls), else of the configuration\n"
"(" CONFIG_DIR "/policies), or a file, which has a / in its name or ends in\n"
".nft: files are set first, as nsfence policy set does. When the command ends,\n"
"every packet meets the fence. Such a fence is marked manual: nsfenced leaves it\n"
"alone.\n"
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
"  --inherit          namespaces that tasks inside make are born with this fence\n"
"                     (default: --no-inherit)\n"
"  --descendants      also fence those that they have made before: as far as the\n"
"                     module saw that, else where all processes descend from one\n"
"                     inside; implies --inherit\n"
"  --configured       attach what the configuration says for this NAME (not for\n"
"                     others that the namespace has), not marked manual (for\n"
"                     nsfence@NAME.service)\n"
"  --config PATH      with --configured: the configuration\n"
"                     (" CONFIG_DIR ")\n"
"  -v, --verbose      say what was done\n"
"  -j, --json         inode and instance as JSON; -p, --pretty: indented\n"
"  -h, --help         this text\n",
	.run = run,
};
