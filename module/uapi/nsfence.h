/* SPDX-License-Identifier: (GPL-2.0-or-later WITH Linux-syscall-note) */
/*
 * Generic netlink interface of nsfence. The truth is module/nsfence.yaml;
 * scripts/check-uapi proves that this header agrees with it, value by value.
 *
 * All integers are in host byte order. Every command needs CAP_NET_ADMIN in
 * the initial user namespace and a socket of the initial network namespace.
 */
#ifndef _UAPI_NSFENCE_H
#define _UAPI_NSFENCE_H

#define NSFENCE_FAMILY_NAME	"nsfence"
#define NSFENCE_FAMILY_VERSION	1

/* Revision of this interface; grows with each incompatible change. */
#define NSFENCE_ABI		3

/* Longest strings, without the terminating NUL. */
#define NSFENCE_MAX_NAME	63
#define NSFENCE_MAX_SOURCE	127

#define NSFENCE_MCGRP_LIFECYCLE	"lifecycle"
#define NSFENCE_MCGRP_PACKETS	"packets"

enum nsfence_cmd {
	NSFENCE_CMD_UNSPEC,
	NSFENCE_CMD_VERSION_GET,	/* do */
	NSFENCE_CMD_NETNS_GET,		/* do by inode, dump of all */
	NSFENCE_CMD_ATTACH,		/* do */
	NSFENCE_CMD_DETACH,		/* do */
	NSFENCE_CMD_DETACH_ALL,		/* do */
	NSFENCE_CMD_POLICY_SET,		/* do */
	NSFENCE_CMD_POLICY_GET,		/* do by name, dump of all */
	NSFENCE_CMD_POLICY_DEL,		/* do */
	NSFENCE_CMD_RULE_GET,		/* dump of one policy's */
	NSFENCE_CMD_BORN,		/* event: a namespace is being created */
	NSFENCE_CMD_DIED,		/* event: a namespace is gone, and its fence */
	NSFENCE_CMD_ATTACHED,		/* event: a fence was attached or replaced */
	NSFENCE_CMD_DETACHED,		/* event: a fence was taken off */
	NSFENCE_CMD_PACKET,		/* event: a packet that somebody may want to know of */
	NSFENCE_CMD_BIRTH_SET,		/* do */
	NSFENCE_CMD_BIRTH_GET,		/* do */

	__NSFENCE_CMD_MAX
};
#define NSFENCE_CMD_MAX (__NSFENCE_CMD_MAX - 1)

enum nsfence_attr {
	NSFENCE_A_UNSPEC,
	NSFENCE_A_PAD,
	NSFENCE_A_INODE,		/* u32: ns_common inode number */
	NSFENCE_A_COOKIE,		/* u64: SO_NETNS_COOKIE, where the kernel has it */
	NSFENCE_A_FD,			/* u32: open nsfs descriptor of the sender */
	NSFENCE_A_INSTANCE,		/* u64: id of a fence, never reused */
	NSFENCE_A_POLICY,		/* string, at most NSFENCE_MAX_NAME */
	NSFENCE_A_MODE,			/* u32: enum nsfence_mode */
	NSFENCE_A_HOOKS,		/* u32: bits of 1 << enum nsfence_hook */
	NSFENCE_A_FLAGS,		/* u32: NSFENCE_F_* */
	NSFENCE_A_SOURCE,		/* string, at most NSFENCE_MAX_SOURCE */
	NSFENCE_A_COUNTER,		/* nest, repeated: enum nsfence_counter_attr */
	NSFENCE_A_MODULE_VERSION,	/* string */
	NSFENCE_A_ABI,			/* u32: NSFENCE_ABI of the module */
	NSFENCE_A_FEATURES,		/* u32: bits of 1 << enum nsfence_feature */
	NSFENCE_A_NAMESPACES,		/* u32: namespaces that have state in the module */
	NSFENCE_A_ATTACHMENTS,		/* u32: fences that are up */
	NSFENCE_A_COUNT,		/* u32: fences that DETACH_ALL took off */
	NSFENCE_A_IMAGE,		/* u32: descriptor of the sender: a sealed memfd */
	NSFENCE_A_GENERATION,		/* u64: of a policy; grows with each change */
	NSFENCE_A_HASH,			/* u64: of the image */
	NSFENCE_A_RECORDS,		/* u32: rule records of the image */
	NSFENCE_A_BYTES,		/* u32: size of the image */
	NSFENCE_A_RULE,			/* nest: enum nsfence_rule_attr */
	NSFENCE_A_PACKET,		/* nest: enum nsfence_packet_attr */
	NSFENCE_A_PARENT,		/* u32: inode of the nearest living ancestor */
	NSFENCE_A_DECIDED,		/* flag: BIRTH_SET has come */
	NSFENCE_A_WAIT,			/* u32: seconds until the deadman; absent: none */
	NSFENCE_A_RELEASE,		/* flag: the deadman takes birth's fences off */
	NSFENCE_A_BIRTHS,		/* u64: namespaces born with a fence */
	NSFENCE_A_REFUSED,		/* u64: not created, for want of their fence */
	NSFENCE_A_CREATING,		/* u32: namespaces that are being created */

	__NSFENCE_A_MAX
};
#define NSFENCE_A_MAX (__NSFENCE_A_MAX - 1)

enum nsfence_counter_attr {
	NSFENCE_A_COUNTER_UNSPEC,
	NSFENCE_A_COUNTER_PAD,
	NSFENCE_A_COUNTER_HOOK,		/* u32: enum nsfence_hook */
	NSFENCE_A_COUNTER_VERDICT,	/* u32: enum nsfence_verdict */
	NSFENCE_A_COUNTER_PACKETS,	/* u64 */
	NSFENCE_A_COUNTER_BYTES,	/* u64: from the network header on */

	__NSFENCE_A_COUNTER_MAX
};
#define NSFENCE_A_COUNTER_MAX (__NSFENCE_A_COUNTER_MAX - 1)

enum nsfence_rule_attr {
	NSFENCE_A_RULE_UNSPEC,
	NSFENCE_A_RULE_PAD,
	NSFENCE_A_RULE_ID,		/* u64 */
	NSFENCE_A_RULE_CHAIN,		/* string */
	NSFENCE_A_RULE_TEXT,		/* string: normal form */
	NSFENCE_A_RULE_FILE,		/* string */
	NSFENCE_A_RULE_LINE,		/* u32 */
	NSFENCE_A_RULE_PACKETS,		/* u64 */
	NSFENCE_A_RULE_BYTES,		/* u64: from the network header on */

	__NSFENCE_A_RULE_MAX
};
#define NSFENCE_A_RULE_MAX (__NSFENCE_A_RULE_MAX - 1)

enum nsfence_packet_attr {
	NSFENCE_A_PACKET_UNSPEC,
	NSFENCE_A_PACKET_PAD,
	NSFENCE_A_PACKET_REPORT,	/* u32: enum nsfence_report */
	NSFENCE_A_PACKET_HOOK,		/* u32: enum nsfence_hook */
	NSFENCE_A_PACKET_VERDICT,	/* u32: enum nsfence_verdict */
	NSFENCE_A_PACKET_FAMILY,	/* u32: AF_INET or AF_INET6 */
	NSFENCE_A_PACKET_PROTOCOL,	/* u32 */
	NSFENCE_A_PACKET_SADDR,		/* 4 or 16 bytes, network byte order */
	NSFENCE_A_PACKET_DADDR,
	NSFENCE_A_PACKET_SPORT,		/* u32 */
	NSFENCE_A_PACKET_DPORT,		/* u32 */
	NSFENCE_A_PACKET_IIF,		/* string */
	NSFENCE_A_PACKET_OIF,		/* string */
	NSFENCE_A_PACKET_LENGTH,	/* u32: from the network header on */
	NSFENCE_A_PACKET_MARK,		/* u32 */
	NSFENCE_A_PACKET_PREFIX,	/* string: of a log statement */
	NSFENCE_A_PACKET_LEVEL,		/* u32: of a log statement */
	NSFENCE_A_PACKET_LOST,		/* u64: reports lost since the module was loaded */

	__NSFENCE_A_PACKET_MAX
};
#define NSFENCE_A_PACKET_MAX (__NSFENCE_A_PACKET_MAX - 1)

/* The order of the kernel's enum nf_inet_hooks. */
enum nsfence_hook {
	NSFENCE_HOOK_PREROUTING,
	NSFENCE_HOOK_INPUT,
	NSFENCE_HOOK_FORWARD,
	NSFENCE_HOOK_OUTPUT,
	NSFENCE_HOOK_POSTROUTING,

	__NSFENCE_HOOK_MAX
};

enum nsfence_mode {
	NSFENCE_MODE_ENFORCE,
	NSFENCE_MODE_AUDIT,		/* evaluate and count, then accept */
};

/* What became of a packet; the classes of the counters. */
enum nsfence_verdict {
	NSFENCE_VERDICT_ACCEPT,
	NSFENCE_VERDICT_DROP,
	NSFENCE_VERDICT_REJECT,
	NSFENCE_VERDICT_AUDIT,		/* accepted; enforcing would have stopped it */
	NSFENCE_VERDICT_EXEMPT,		/* loopback, neighbour discovery, own replies */

	__NSFENCE_VERDICT_MAX
};

/* Why a packet is reported. */
enum nsfence_report {
	NSFENCE_REPORT_LOG,		/* a log statement */
	NSFENCE_REPORT_DROP,		/* dropped or rejected */
	NSFENCE_REPORT_AUDIT,		/* would have been */
};

enum nsfence_feature {
	NSFENCE_FEATURE_COOKIE,		/* this kernel's namespaces have cookies */
	NSFENCE_FEATURE_INIT_NET,	/* allow_init_net is set */
};

/* Of an attachment; sent with ATTACH, returned by NETNS_GET and events. */
#define NSFENCE_F_STRICT		(1U << 0)	/* nothing is exempt */
#define NSFENCE_F_MANUAL		(1U << 1)	/* by hand: the daemon leaves it alone */
#define NSFENCE_F_FORWARD_ACCEPT	(1U << 2)	/* forward not in HOOKS: accept there */
#define NSFENCE_F_INHERIT		(1U << 3)	/* those born of it get the same */
/* Of a namespace; only ever returned. */
#define NSFENCE_F_INITIAL		(1U << 8)	/* the initial network namespace */
#define NSFENCE_F_BORN			(1U << 9)	/* created while the module was loaded */
#define NSFENCE_F_ORPHAN		(1U << 12)	/* its own parent has died */
/* Of an attachment; how it came, and kept where ATTACH says so. */
#define NSFENCE_F_INHERITED		(1U << 10)	/* from the parent, at birth */
#define NSFENCE_F_BIRTH			(1U << 11)	/* from BIRTH_SET, at birth */
/* Of a request. */
#define NSFENCE_F_REPLACE		(1U << 16)	/* ATTACH: replace what is there */
#define NSFENCE_F_NOWAIT		(1U << 17)	/* answer before the grace period */

#endif /* _UAPI_NSFENCE_H */
