/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_fence: the fence that attach, run and birth are asked for, and the policy
 * that it needs: built in, in the module, a file that is named, or one of
 * policies/ in the configuration.
 */
#ifndef NSF_CMD_FENCE_H
#define NSF_CMD_FENCE_H

#include "cmd.h"
#include "policies.h"

struct fence_request {
	struct genl_fence fence;
	/* Of the policy, to be set before the fence is put up. NULL: none. */
	const struct policies_image *image;
	struct policies_image own;	/* of a file that was named, or found */
	char name[GENL_MAX_NAME + 1];	/* and what that makes of the policy's name */
	const char *file;		/* that was named, or NULL */
};

/* Options; each command's table has those that it takes. */
enum {
	FENCE_OPT_HOOKS = CMD_OPT + 96,
	FENCE_OPT_MODE,
	FENCE_OPT_STRICT,
	FENCE_OPT_FORWARD_ACCEPT,
	FENCE_OPT_INHERIT,
	FENCE_OPT_NO_INHERIT,
	FENCE_OPT_SOURCE,
	FENCE_OPT_END,
};
#define FENCE_OPTIONS \
	{ "hooks", required_argument, NULL, FENCE_OPT_HOOKS }, \
	{ "mode", required_argument, NULL, FENCE_OPT_MODE }, \
	{ "strict", no_argument, NULL, FENCE_OPT_STRICT }, \
	{ "forward-accept", no_argument, NULL, FENCE_OPT_FORWARD_ACCEPT }
#define FENCE_OPTIONS_OWN \
	{ "inherit", no_argument, NULL, FENCE_OPT_INHERIT }, \
	{ "no-inherit", no_argument, NULL, FENCE_OPT_NO_INHERIT }, \
	{ "source", required_argument, NULL, FENCE_OPT_SOURCE }

bool fence_is_option(int opt);
/* 0 or EXIT_USAGE, with the message printed. */
int fence_set(const struct cmd *c, struct fence_request *r, int opt, const char *arg);
/*
 * POLICY of the command line; and, if that is a file, what is in it. Either: 0 or
 * an exit code, with the message printed.
 */
int fence_policy(const struct cmd *c, struct fence_request *r, const char *policy);
int fence_policy_compile(struct fence_request *r);
/*
 * Sees to it that the module has the policy. What is there in this version
 * already is not sent again; of a name, the file in policies/ is only looked at
 * where the module knows none. 0 or a negative errno.
 */
int fence_policy_ready(struct fence_request *r, struct genl *g, struct err *e);
/* What a refusal leads to, where the tool knows more than the module. */
void fence_advice(const struct fence_request *r, struct err *e);
void fence_clean(struct fence_request *r);

#endif /* NSF_CMD_FENCE_H */
