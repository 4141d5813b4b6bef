/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink: the generic netlink family; requests in, answers out. */
#ifndef NSF_NETLINK_H
#define NSF_NETLINK_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct genl_family;

extern struct genl_family nsf_family;

/* May sleep. After unregister no request runs and none can come. */
int nsf_netlink_register(void);
void nsf_netlink_unregister(void);

/* For event.c, under nsf_mutex, while the family is registered. */
bool nsf_netlink_has_listeners(void);
void nsf_netlink_multicast(struct sk_buff *skb);	/* takes @skb */
void nsf_netlink_set_overrun(void);

/*
 * For report.c, in any context, whether the family is registered or not (then
 * nobody listens, and what is sent is dropped). Does not sleep.
 */
bool nsf_netlink_packets_wanted(void);
void nsf_netlink_multicast_packets(struct sk_buff *skb);	/* takes @skb */

#endif /* NSF_NETLINK_H */
