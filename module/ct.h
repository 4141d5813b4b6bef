/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ct: conntrack on and off in one namespace. The kernel counts its users (nft's
 * rules are others), so each get has one put.
 *
 * Takes nf_ct_proto_mutex, in it those of defragmentation, nf_hook_mutex,
 * cpus_read_lock and the jump labels' lock; after it, where the namespace has
 * entries already, nf_conntrack_mutex for a walk of the whole table. Never rtnl,
 * net_rwsem or pernet_ops_rwsem, never request_module, and no wait for RCU: both
 * may be called under nsf_mutex. Nothing that holds one of those locks takes ours.
 *
 * A put in .exit is sound: our module needs symbols of nf_conntrack, and that
 * one's of nf_defrag_ipv4 and _ipv6; so all were registered before us and leave
 * after us, and the memory of net_generic goes after every .exit. It is also
 * needed: conntrack's own exit takes none of its hooks out, and their memory would
 * be lost. So is one in the .init of a namespace that is not going to be: see
 * compat/queue.h.
 */
#ifndef NSF_CT_H
#define NSF_CT_H

#include <linux/types.h>

struct net;

/* Can this kernel do it? It was built with conntrack that one namespace can have. */
bool nsf_ct_available(void);
/*
 * On. Caller holds a reference to @net, or is in its .init. Sleeps. Errors:
 * -EOPNOTSUPP not available; -ENOMEM; -E2BIG no room among the namespace's hooks.
 *
 * Enable first, publish after: until the namespace's packets have passed its hooks
 * they have no entry. Connections that were there before are new to it.
 */
int nsf_ct_get(struct net *net);
/* Off, when nobody else uses it. @net: not past our .exit. Sleeps. */
void nsf_ct_put(struct net *net);

#endif /* NSF_CT_H */
