/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic netlink: who may join a group, and who receives. */
#ifndef NSF_COMPAT_GENETLINK_H
#define NSF_COMPAT_GENETLINK_H

#include <linux/netlink.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "compat/features.h"

/*
 * A group for holders of CAP_NET_ADMIN: the flag has this name since 6.1
 * stable and 6.7; 5.10 tests the commands' flag in a group's flags.
 */
#ifdef NSF_HAVE_MCAST_CAP_NET_ADMIN
#define NSF_MCAST_FLAGS GENL_MCAST_CAP_NET_ADMIN
#else
#define NSF_MCAST_FLAGS GENL_UNS_ADMIN_PERM
#endif

/*
 * Multicast that reaches no socket of another namespace, not even one with
 * NETLINK_LISTEN_ALL_NSID and CAP_NET_BROADCAST in the initial user namespace.
 * The filter by receiver was taken out in 5.19 and came back in 6.7: between
 * them, only those capabilities (which no user namespace gives) stand before it.
 */
#ifdef NSF_HAVE_BROADCAST_FILTERED
/* Nonzero: do not deliver. */
static inline int nsf_mcast_is_foreign(struct sock *receiver, struct sk_buff *skb,
				       void *net)
{
	return !net_eq(sock_net(receiver), net);
}
#endif

/* Takes @skb. Sleeps as @gfp allows. Within @family's registration. */
static inline void nsf_genl_multicast(const struct genl_family *family, struct net *net,
				      struct sk_buff *skb, unsigned int group, gfp_t gfp)
{
	group += family->mcgrp_offset;
#ifdef NSF_HAVE_BROADCAST_FILTERED
	NETLINK_CB(skb).dst_group = group;
	netlink_broadcast_filtered(net->genl_sock, skb, 0, group, gfp,
				   nsf_mcast_is_foreign, net);
#else
	nlmsg_multicast(net->genl_sock, skb, 0, group, gfp);
#endif
}

/* A message that is not a literal, but static. */
static inline void nsf_extack_str(struct netlink_ext_ack *extack, const char *text)
{
	if (extack)
		extack->_msg = text;
}

#endif /* NSF_COMPAT_GENETLINK_H */
