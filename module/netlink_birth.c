// SPDX-License-Identifier: GPL-2.0-or-later
/* netlink_birth: see netlink_birth.h. */
#include "netlink_answer.h"
#include "netlink_birth.h"

int nsf_cmd_birth_set(struct sk_buff *req, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

int nsf_cmd_birth_get(struct sk_buff *req, struct genl_info *info)
{
	return -EOPNOTSUPP;
}
