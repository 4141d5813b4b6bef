/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct net and the list of namespaces, whatever the kernel made of them. */
#ifndef NSF_COMPAT_NETNS_H
#define NSF_COMPAT_NETNS_H

#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

#include "compat/features.h"
#include "compat/inum.h"

/*
 * The lock that for_each_net needs: net_rwsem since 4.17 (f0b07bb151b0), rtnl
 * before. May sleep. Drop it before registering hooks.
 */
static inline void nsf_net_list_lock(void)
{
#ifdef NSF_HAVE_NET_RWSEM
	down_read(&net_rwsem);
#else
	rtnl_lock();
#endif
}

static inline void nsf_net_list_unlock(void)
{
#ifdef NSF_HAVE_NET_RWSEM
	up_read(&net_rwsem);
#else
	rtnl_unlock();
#endif
}

/*
 * The cookie that SO_NETNS_COOKIE shows (5.14). Before 5.13 user space cannot
 * read it and the kernel makes it only on demand: there it is no identity.
 */
static inline bool nsf_net_has_cookie(void)
{
#ifdef NSF_HAVE_NET_COOKIE
	return true;
#else
	return false;
#endif
}

static inline u64 nsf_net_cookie(const struct net *net)
{
#ifdef NSF_HAVE_NET_COOKIE
	return net->net_cookie;
#else
	return 0;
#endif
}

#endif /* NSF_COMPAT_NETNS_H */
