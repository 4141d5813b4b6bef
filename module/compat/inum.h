/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inode number of a network namespace. 3.8 (commit 98f842e675f9) put it
 * into struct net as proc_inum; 3.19 (435d5f4bb2cc) moved it into ns_common.
 * RHEL 7 kept proc_inum; late Virtuozzo 7 did not: so the headers decide.
 * tests/compat compiles this file against fixtures of each style.
 */
#ifndef NSF_COMPAT_INUM_H
#define NSF_COMPAT_INUM_H

#include <net/net_namespace.h>

#include "compat/features.h"

#if defined(NSF_HAVE_NET_NS_COMMON)
#define NSF_INUM_FIELD ns.inum
#elif defined(NSF_HAVE_NET_PROC_INUM)
#define NSF_INUM_FIELD proc_inum
#else
#error "nsfence: struct net has neither ns.inum nor proc_inum; Linux before 3.8?"
#endif

/* Valid from before our .init until after our .exit; never 0. */
static inline unsigned int nsf_net_inum(const struct net *net)
{
	return net->NSF_INUM_FIELD;
}

#endif /* NSF_COMPAT_INUM_H */
