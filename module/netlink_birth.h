/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink_birth: the commands about births. */
#ifndef NSF_NETLINK_BIRTH_H
#define NSF_NETLINK_BIRTH_H

#include <net/genetlink.h>

/* Process context, no lock held; each authorizes itself. */
int nsf_cmd_birth_set(struct sk_buff *req, struct genl_info *info);
int nsf_cmd_birth_get(struct sk_buff *req, struct genl_info *info);

#endif /* NSF_NETLINK_BIRTH_H */
