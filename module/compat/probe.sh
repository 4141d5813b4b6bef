#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# probe.sh INCLUDE_DIR: prints compat/features.h for the kernel whose headers
# are in INCLUDE_DIR. Each feature is one look at one header: distributions
# backport, so versions prove nothing. No compiler runs (a feature probe as a
# module trips over BTF and modpost on some kernels). Exit 1: not a kernel's
# headers, or one that nsfence cannot be built for; stderr says why.
set -eu

inc=${1:?usage: probe.sh INCLUDE_DIR}

# have NAME FILE REGEX: NAME is defined when REGEX (extended) is in FILE.
have() {
	if [ -f "$inc/$2" ] && grep -Eq "$3" "$inc/$2"; then
		printf '#define NSF_HAVE_%s 1\n' "$1"
	fi
}

# struct_has NAME FILE STRUCT REGEX: only inside the definition of STRUCT.
struct_has() {
	if [ -f "$inc/$2" ] &&
	   sed -n "/^struct $3 {/,/^}/p" "$inc/$2" | grep -Eq "$4"; then
		printf '#define NSF_HAVE_%s 1\n' "$1"
	fi
}

if [ ! -f "$inc/net/net_namespace.h" ]; then
	echo "probe.sh: $inc/net/net_namespace.h: not found; is this a kernel's include directory?" >&2
	exit 1
fi

echo '/* Made by compat/probe.sh from the headers of the target kernel. */'
echo '#ifndef NSF_COMPAT_FEATURES_H'
echo '#define NSF_COMPAT_FEATURES_H'
# 3.8 to 3.18, RHEL 7: net->proc_inum. 3.19 (ns_common): net->ns.inum.
struct_has NET_PROC_INUM net/net_namespace.h net '[[:space:]]proc_inum;'
struct_has NET_NS_COMMON net/net_namespace.h net 'struct ns_common[[:space:]]+ns;'
# Up to 5.12 an atomic64_t that is zero until somebody asks (and no socket
# option); then a u64, set when the namespace is born.
struct_has NET_COOKIE net/net_namespace.h net 'u64[[:space:]]+net_cookie;'
# 4.17: the list of namespaces has a lock of its own; rtnl before.
have NET_RWSEM linux/rtnetlink.h 'net_rwsem'
# 6.7, and 6.1 stable: groups that ask for CAP_NET_ADMIN by this name.
have MCAST_CAP_NET_ADMIN net/genetlink.h 'GENL_MCAST_CAP_NET_ADMIN'
# A filter by receiver; not exported by every kernel that has the function.
have BROADCAST_FILTERED linux/netlink.h 'netlink_broadcast_filtered'
# Who queues packets: up to 4.8 told of hooks; 4.7 to 5.14 registered in each namespace.
have QUEUE_DROP_OPS net/netfilter/nf_queue.h 'nf_hook_drop\)\(struct net \*net,'
have QUEUE_HANDLER_NET net/netfilter/nf_queue.h 'nf_register_queue_handler\(struct net'
# 5.10 and stable trees back to 4.19: the reset needs the sending socket.
have SEND_RESET_SK net/netfilter/ipv4/nf_reject.h 'nf_send_reset\(struct net \*[a-z]*, struct sock'
# Gone in 6.3: the reader that also works below 64 bits against softirqs.
have STATS_FETCH_IRQ linux/u64_stats_sync.h 'u64_stats_fetch_begin_irq'
# 4.10: conntrack is switched on in the namespaces that ask for it.
have CT_NETNS net/netfilter/nf_conntrack.h 'nf_ct_netns_get\('
# 4.12: no entry stands for untracked packets.
have CT_UNTRACKED uapi/linux/netfilter/nf_conntrack_common.h 'IP_CT_UNTRACKED'
echo '#endif'
