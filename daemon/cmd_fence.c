// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_fence: see cmd_fence.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd_fence.h"
#include "cmd_policy.h"
#include "config.h"
#include "policy/diag.h"

bool fence_is_option(int opt)
{
	return opt >= FENCE_OPT_HOOKS && opt < FENCE_OPT_END;
}

static int set_mode(const struct cmd *c, const char *s, enum genl_mode *mode)
{
	for (unsigned int m = 0; m < GENL_MODES; m++) {
		if (strcmp(s, genl_mode_name(m)))
			continue;
		*mode = (enum genl_mode)m;
		return 0;
	}
	return cmd_usage(c, "--mode: \"%s\" is not a mode (enforce, audit)", s);
}

static int set_hooks(const struct cmd *c, const char *s, uint32_t *hooks)
{
	struct err e;

	if (genl_hooks_parse(s, hooks, &e))
		return cmd_usage(c, "--hooks: %s", e.text);
	return 0;
}

static int set_source(const struct cmd *c, const char *s, const char **source)
{
	if (strlen(s) > GENL_MAX_SOURCE)
		return cmd_usage(c, "--source: the text has %zu bytes, at most %d are accepted",
				 strlen(s), GENL_MAX_SOURCE);
	*source = s;
	return 0;
}

int fence_set(const struct cmd *c, struct fence_request *r, int opt, const char *arg)
{
	switch (opt) {
	case FENCE_OPT_HOOKS:
		return set_hooks(c, arg, &r->fence.hooks);
	case FENCE_OPT_MODE:
		return set_mode(c, arg, &r->fence.mode);
	case FENCE_OPT_STRICT:
		r->fence.flags |= GENL_F_STRICT;
		return 0;
	case FENCE_OPT_FORWARD_ACCEPT:
		r->fence.flags |= GENL_F_FORWARD_ACCEPT;
		return 0;
	case FENCE_OPT_INHERIT:
		r->fence.flags |= GENL_F_INHERIT;
		return 0;
	case FENCE_OPT_NO_INHERIT:
		r->fence.flags &= ~GENL_F_INHERIT;
		return 0;
	default:
		return set_source(c, arg, &r->fence.source);
	}
}

int fence_policy(const struct cmd *c, struct fence_request *r, const char *policy)
{
	struct err e;

	if (policies_is_file(policy)) {
		if (policies_stem(policy, r->name, &e))
			return cmd_fail(&e, policy);
		r->fence.policy = r->name;
		r->file = policy;
		return 0;
	}
	if (!policy[0] || strlen(policy) > GENL_MAX_NAME)
		return cmd_usage(c, "the policy's name has %zu bytes, 1 to %d are accepted",
				 strlen(policy), GENL_MAX_NAME);
	r->fence.policy = policy;
	return 0;
}

int fence_policy_compile(struct fence_request *r)
{
	int ret = r->file ? cmd_policy_compile(r->file, &r->own) : 0;

	if (r->file && !ret)
		r->image = &r->own;
	return ret;
}

/* Leaves r->image as it is where there is no such file: the module has the word. */
static int compile_configured(struct fence_request *r, struct err *e)
{
	char file[96], path[sizeof(CONFIG_DIR) + sizeof(file)];
	struct diags d = { .n = 0 };
	int ret;

	policies_file(r->fence.policy, file, sizeof(file));
	snprintf(path, sizeof(path), CONFIG_DIR "/%s", file);
	if (access(path, F_OK))
		return 0;
	ret = policies_compile(CONFIG_DIR, file, &r->own, &d);
	cmd_diags_print(&d);
	diags_clean(&d);
	if (ret)
		return err_set(e, -ret, EXIT_REFUSED, "%s: %s", path,
			       ret == -EINVAL ? "the policy has errors" : strerror(-ret));
	r->image = &r->own;
	return 0;
}

int fence_policy_ready(struct fence_request *r, struct genl *g, struct err *e)
{
	struct genl_policy have = { 0 };
	int ret;

	if (!r->image && policies_name_fault(r->fence.policy))
		return 0;
	ret = genl_policy_get(g, r->fence.policy, &have, e);
	if (ret == -ENOENT && !r->image) {
		ret = compile_configured(r, e);
		if (ret || !r->image)
			return ret;
	} else if (!r->image || (!ret && have.hash == r->image->hash) ||
		   (ret && ret != -ENOENT)) {
		return ret;
	}
	return genl_policy_set(g, r->fence.policy, r->image->image, r->image->size, NULL, e);
}

void fence_advice(const struct fence_request *r, struct err *e)
{
	size_t used = strlen(e->text);

	if (e->errnum == EEXIST)
		snprintf(e->text + used, sizeof(e->text) - used, " (--replace, nsfence detach)");
	else if (e->errnum == ENOENT && e->exit == EXIT_REFUSED)
		snprintf(e->text, sizeof(e->text),
			 "no such policy \"%s\" in the module (built in are: " POLICIES_BUILTIN
			 "; others: nsfence policy ls, or name a FILE.nft)", r->fence.policy);
}

void fence_clean(struct fence_request *r)
{
	policies_image_clean(&r->own);
}
