/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink_answer: what the commands of netlink*.c share. Process context. */
#ifndef NSF_NETLINK_ANSWER_H
#define NSF_NETLINK_ANSWER_H

#include <net/genetlink.h>

/* The first line of every command. -EPERM, with extack. */
int nsf_netlink_authorize(const struct sk_buff *skb, const struct net *net,
			  struct netlink_ext_ack *extack);
/* An empty answer to @info's request, or NULL. */
struct sk_buff *nsf_answer_new(const struct genl_info *info, void **hdr);
/* Takes @skb. */
int nsf_answer_send(struct sk_buff *skb, void *hdr, struct genl_info *info);
/* Of what is done: that the receiver has no room for the answer undoes nothing. */
int nsf_answer_done(struct sk_buff *skb, void *hdr, struct genl_info *info);
/* -ENOMEM, with extack. */
int nsf_answer_no_memory(struct netlink_ext_ack *extack);

#endif /* NSF_NETLINK_ANSWER_H */
