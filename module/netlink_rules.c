// SPDX-License-Identifier: GPL-2.0-or-later
/* netlink_rules: see netlink_rules.h. */
#include <linux/errno.h>
#include <linux/string.h>

#include "attach.h"
#include "builtin.h"
#include "netlink_rules.h"
#include "uapi/nsfence.h"

int nsf_netlink_flags(const struct genl_info *info, u32 allowed, u32 *flags)
{
	const struct nlattr *attr = info->attrs[NSFENCE_A_FLAGS];

	*flags = attr ? nla_get_u32(attr) : 0;
	if (*flags & ~allowed) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "a flag that this command does not take");
		return -EINVAL;
	}
	return 0;
}

int nsf_netlink_rules(const struct genl_info *info, u32 flags, struct nsf_rules *rules,
		      const char **name)
{
	const struct nlattr *attr;
	u32 mode;

	memset(rules, 0, sizeof(*rules));
	rules->strict = flags & NSFENCE_F_STRICT;
	rules->manual = flags & NSFENCE_F_MANUAL;
	rules->forward_accept = flags & NSFENCE_F_FORWARD_ACCEPT;
	rules->inherit = flags & NSFENCE_F_INHERIT;
	rules->inherited = flags & NSFENCE_F_INHERITED;
	rules->birth = flags & NSFENCE_F_BIRTH;
	rules->hooks = NSF_HOOKS_DEFAULT;
	*name = NULL;
	if (rules->inherited && rules->birth) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NSFENCE_A_FLAGS],
				    "both flags inherited and birth: say one of them");
		return -EINVAL;
	}

	attr = info->attrs[NSFENCE_A_POLICY];
	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "attribute policy is missing");
		return -EINVAL;
	}
	if (nsf_builtin_find(nla_data(attr), &rules->policy)) {
		*name = nla_data(attr);
		rules->hooks = 0;	/* its own, which may change */
		if (info->attrs[NSFENCE_A_HOOKS]) {
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NSFENCE_A_HOOKS],
					    "hooks are a built-in policy's; this one has its own");
			return -EINVAL;
		}
		if (rules->strict) {
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NSFENCE_A_FLAGS],
					    "flag strict is a built-in policy's; this one says itself what passes");
			return -EINVAL;
		}
	}

	attr = info->attrs[NSFENCE_A_MODE];
	mode = attr ? nla_get_u32(attr) : NSFENCE_MODE_ENFORCE;
	if (mode > NSFENCE_MODE_AUDIT) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "mode must be enforce or audit");
		return -EINVAL;
	}
	rules->audit = mode == NSFENCE_MODE_AUDIT;

	attr = info->attrs[NSFENCE_A_HOOKS];
	if (attr) {
		rules->hooks = nla_get_u32(attr);
		if (!rules->hooks || rules->hooks & ~NSF_HOOKS_ALL) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "hooks must be some of prerouting, input, forward, output, postrouting");
			return -EINVAL;
		}
	}

	attr = info->attrs[NSFENCE_A_SOURCE];
	if (attr)
		memcpy(rules->source, nla_data(attr),
		       strnlen(nla_data(attr), NSFENCE_MAX_SOURCE));
	return 0;
}
