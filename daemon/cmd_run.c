// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence run: a command in a new network namespace that is fenced before it starts. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_fence.h"
#include "cmd_run.h"
#include "out.h"

enum {
	OPT_NAME = CMD_OPT,
	OPT_USER,
};

static const struct option options[] = {
	FENCE_OPTIONS,
	FENCE_OPTIONS_OWN,
	{ "name", required_argument, NULL, OPT_NAME },
	{ "user", no_argument, NULL, OPT_USER },
	{ 0 }
};

struct request {
	struct fence_request fence;
	char source[GENL_MAX_SOURCE + 1];
	const char *name;		/* or NULL */
	bool user;
	char **argv;			/* the command */
};

/* Standard output is the command's. */
static void report(const struct cmd *c, const struct request *r, uint32_t inode,
		   uint64_t instance)
{
	json_t *object;

	if (c->json) {
		object = json_object();
		out_json_set(object, "inode", out_json_u64(inode));
		out_json_set(object, "instance", out_json_u64(instance));
		out_json_print(object, c->pretty, stderr);
	} else if (c->verbose) {
		cmd_error("%s%sinode %" PRIu32 " is fenced with %s, instance %" PRIu64,
			  r->name ? r->name : "", r->name ? ", " : "", inode,
			  r->fence.fence.policy, instance);
	}
}

/* The child's namespace, of which we know that it is not ours. */
static int open_netns(pid_t pid, struct netns_ref *ref, struct err *e)
{
	struct netns_ref own;
	int ret = select_pid(getpid(), &own, e);

	if (ret)
		return ret;
	ret = select_pid(pid, ref, e);
	if (!ret && ref->inode == own.inode) {
		netns_ref_close(ref);
		ret = err_set(e, EPERM, EXIT_REFUSED, "the command would have no namespace of its own");
	}
	netns_ref_close(&own);
	return ret;
}

/* The child waits; when this returns 0 its namespace is fenced, and has its name. */
static int prepare(const struct cmd *c, struct request *r, struct genl *g,
		   const struct run_child *child, struct run_name *name, struct netns_ref *ref,
		   struct err *e)
{
	struct genl_target t = { .fd = -1 };
	uint64_t instance;
	int ret = fence_policy_ready(&r->fence, g, e);

	if (!ret)
		ret = open_netns(child->pid, ref, e);
	if (ret)
		return ret;
	t = (struct genl_target){
		.inode = ref->inode, .has_cookie = ref->has_cookie, .cookie = ref->cookie,
		.fd = ref->fd,
	};
	/* Birth may have been there before us: this fence is asked for by name. */
	r->fence.fence.flags |= GENL_F_REPLACE;
	ret = genl_attach(g, &t, &r->fence.fence, &instance, e);
	if (ret) {
		fence_advice(&r->fence, e);
		return ret;
	}
	/* Not before: whoever finds the name finds a fence. */
	ret = run_name_mount(name, ref, e);
	if (!ret)
		report(c, r, ref->inode, instance);
	return ret;
}

static int run_child(const struct cmd *c, struct request *r, struct genl *g,
		     struct run_name *name)
{
	struct netns_ref ref = { .fd = -1 };
	struct run_child child;
	struct err e = { 0 };
	int ret, code;

	ret = run_child_start(&child, r->user, r->argv, &e);
	if (ret)
		return cmd_fail(&e, NULL);
	ret = prepare(c, r, g, &child, name, &ref, &e);
	if (ret) {
		run_child_stop(&child);
		netns_ref_close(&ref);
		return cmd_fail(&e, NULL);
	}
	/* The namespace is to end with its last process, not with us. */
	if (!r->name)
		netns_ref_close(&ref);
	if (run_child_go(&child, &e))
		cmd_fail(&e, NULL);
	code = run_child_wait(&child);
	run_name_drop(name);
	netns_ref_close(&ref);
	return code;
}

static int run_fenced(const struct cmd *c, struct request *r)
{
	struct run_name name = { .mounted = false };
	struct err e = { 0 };
	struct genl *g;
	int ret, code;

	if (genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	/* What takes time comes after the fork: no signal ends us then, and leaves the name. */
	ret = r->name ? run_name_take(&name, r->name, &e) : 0;
	code = ret ? cmd_fail(&e, NULL) : run_child(c, r, g, &name);
	run_name_drop(&name);
	genl_close(g);
	return code;
}

/* "run curl": whose fence it is, in nsfence ls. */
static void name_source(struct request *r)
{
	const char *slash = strrchr(r->argv[0], '/');

	r->fence.fence.flags |= GENL_F_MANUAL;
	if (r->fence.fence.source)
		return;
	snprintf(r->source, sizeof(r->source), "run %.100s", slash ? slash + 1 : r->argv[0]);
	r->fence.fence.source = r->source;
}

/* Ours before the first "--", the command's after it, whatever that looks like. */
static int split(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			break;
	return i;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct request r = { .fence = { .fence = { .flags = GENL_F_INHERIT } } };
	int ours = split(argc, argv), opt, ret;
	struct err e = { 0 };

	while ((opt = cmd_getopt(c, ours, argv, options)) != -1) {
		if (opt == CMD_HELP || opt == CMD_BAD)
			return cmd_getopt_exit(opt);
		ret = 0;
		if (opt == OPT_NAME)
			r.name = optarg;
		else if (opt == OPT_USER)
			r.user = true;
		else
			ret = fence_set(c, &r.fence, opt, optarg);
		if (ret)
			return ret;
	}
	if (r.name && select_check_name(r.name, &e))
		return cmd_usage(c, "--name: %s", e.text);
	if (optind == ours)
		return cmd_usage(c, "which policy? (built-in: " POLICIES_BUILTIN "; one of nsfence policy ls; or FILE.nft)");
	if (optind + 1 < ours)
		return cmd_usage(c, "unexpected argument \"%s\": the command comes after --",
				 argv[optind + 1]);
	r.argv = argv + ours + (ours < argc);
	if (!r.argv[0])
		return cmd_usage(c, "which command? (nsfence run POLICY -- COMMAND)");
	ret = fence_policy(c, &r.fence, argv[optind]);
	if (!ret)
		ret = fence_policy_compile(&r.fence);
	if (ret)
		return ret;
	name_source(&r);
	ret = run_fenced(c, &r);
	fence_clean(&r.fence);
	return ret;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "run a command in a new namespace that is fenced before it starts",
	.help =
"Usage: nsfence run POLICY [OPTIONS] -- COMMAND [ARGUMENT...]\n"
"\n"
"Makes a network namespace, fences it, and then runs COMMAND there. Loopback is\n"
"up (built-in policies exempt it), nothing else is there. If the fence cannot be\n"
"put up, COMMAND is not run. The fence is marked manual, and goes with the\n"
"namespace, when its last process has ended. POLICY is as of nsfence attach.\n"
"\n"
"Signals are passed on to COMMAND. The exit code is COMMAND's, 128 and the number\n"
"of the signal that ended it, 127 if it is not found, 126 if it cannot be run.\n"
"\n"
"  --name NAME        call the namespace NAME, in /run/netns, until COMMAND ends\n"
"  --user             in a new user namespace as well, as its root (who is,\n"
"                     outside, the user that calls nsfence)\n"
"  --inherit          namespaces made inside are fenced, too (default)\n"
"  --no-inherit       they are not\n"
"  --hooks LIST       as of nsfence attach, as the next ones\n"
"  --mode MODE        enforce (default), or audit\n"
"  --strict           fence loopback and neighbour discovery as well\n"
"  --forward-accept   let forwarded packets pass\n"
"  --source TEXT      shown by ls as SOURCE (default: run COMMAND)\n"
"  -v, --verbose      say on standard error what was done\n"
"  -j, --json         inode and instance as JSON, on standard error;\n"
"                     -p, --pretty: indented\n"
"  -h, --help         this text\n",
	.run = run,
};
