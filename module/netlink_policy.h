/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink_policy: the commands that deal with policies and their rules. */
#ifndef NSF_NETLINK_POLICY_H
#define NSF_NETLINK_POLICY_H

#include <net/genetlink.h>

int nsf_cmd_policy_set(struct sk_buff *req, struct genl_info *info);
int nsf_cmd_policy_get(struct sk_buff *req, struct genl_info *info);
int nsf_cmd_policy_del(struct sk_buff *req, struct genl_info *info);
int nsf_dump_policies(struct sk_buff *skb, struct netlink_callback *cb);
int nsf_dump_rules(struct sk_buff *skb, struct netlink_callback *cb);

/* What a request for rules takes (netlink.c). */
extern const struct nla_policy nsf_rule_get_policy[];

#endif /* NSF_NETLINK_POLICY_H */
