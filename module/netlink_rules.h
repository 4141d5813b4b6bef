/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink_rules: what a request says of a fence's rules. Any context. */
#ifndef NSF_NETLINK_RULES_H
#define NSF_NETLINK_RULES_H

#include <net/genetlink.h>

struct nsf_rules;

/* *@flags: 0 where the request has none; -EINVAL, with extack: one not in @allowed. */
int nsf_netlink_flags(const struct genl_info *info, u32 allowed, u32 *flags);
/*
 * The attributes policy, mode, hooks, source and the flags of a fence. *@name: of a
 * policy that is not built in, in the request; NULL: it is. -EINVAL, with extack.
 */
int nsf_netlink_rules(const struct genl_info *info, u32 flags, struct nsf_rules *rules,
		      const char **name);

#endif /* NSF_NETLINK_RULES_H */
