/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image: a compiled policy, as the daemon writes it and the module reads it.
 * Flat, position-independent, in the byte order of the host; offsets and indexes
 * instead of pointers. Shared by both worlds: the compiler (daemon/policy/)
 * writes it, image_check.c proves that it is sound, classify.c then trusts it.
 *
 *   header | chains | records | ops | targets | sets | words | states | rules | strings | index
 *
 * A chain is a base chain: where evaluation begins. A record is one rule at one
 * place: chains that are jumped to are laid out after the record that jumps, so
 * that evaluation only ever goes forward. A record's ops are done in order; one
 * that does not match ends the record, and evaluation goes on at `miss`; after
 * the last one it goes on at `next`, unless an op has ended it.
 *
 *     chain input          0  match A, [jump c]   miss 3  next 1
 *       A jump c           1    c: match B accept miss 3
 *       C drop             2    (c ends: its last record's miss is 3)
 *       policy accept      3  match C, drop       miss 4
 *                          4  accept              the policy, as a record
 *
 * The index (index.h) leaves out records that cannot match, and the matches of others
 * that it has made sure of.
 *
 * No types but fixed ones, no padding that is not named. Sections begin at
 * multiples of 8, in the order above, and fill the image with no gap but
 * that padding (zero).
 */
#ifndef NSF_IMAGE_H
#define NSF_IMAGE_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/types.h>
#else
#include <assert.h>
#include <stddef.h>

#include "policy/types.h"
#endif

#define NSF_IMAGE_MAGIC		0x31676d4965636e66ULL	/* "fnceImg1", little endian */
#define NSF_IMAGE_VERSION	2

/* Limits. The only place where they are named; errors quote them. */
#define NSF_MAX_IMAGE		(256u << 20)	/* bytes */
#define NSF_MAX_CHAINS		64u		/* base chains */
#define NSF_MAX_RECORDS		65536u		/* after flattening, policies of chains included */
#define NSF_MAX_OPS		(8u * NSF_MAX_RECORDS)
#define NSF_MAX_TARGETS		(4u * NSF_MAX_RECORDS)
#define NSF_MAX_SETS		16384u
#define NSF_MAX_ELEMENTS	(4u << 20)	/* of one set, after merging intervals */
#define NSF_MAX_STATES		65536u		/* counters and limits */
#define NSF_MAX_RULES		65536u
#define NSF_MAX_KEY_FIELDS	5u		/* of a concatenation */
#define NSF_MAX_KEY_WORDS	20u		/* 5 * an IPv6 address or a name */
#define NSF_MAX_LOG_PREFIX	127u		/* bytes, as nft's */

/*
 * What a match can ask of a packet. Each is a number in host byte order, at most
 * 64 bits wide; addresses and names come in two halves, the upper one first
 * (a name: its 16 bytes, NUL-padded, as a big-endian number, so that a prefix
 * is a range). A field is present or absent; a match on an absent one fails,
 * and so does its negation.
 */
enum nsf_field {
	NSF_FIELD_NONE,
	/* meta */
	NSF_FIELD_NFPROTO,	/* 2: IPv4, 10: IPv6 */
	NSF_FIELD_L4PROTO,	/* absent where the headers' walk found no end */
	NSF_FIELD_MARK,
	NSF_FIELD_LENGTH,	/* bytes from the network header on */
	NSF_FIELD_PKTTYPE,	/* PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3 */
	NSF_FIELD_IIF,		/* index; 0 where there is no device */
	NSF_FIELD_OIF,
	NSF_FIELD_IIFNAME_HI,	/* "" (0) where there is no device */
	NSF_FIELD_IIFNAME_LO,
	NSF_FIELD_OIFNAME_HI,
	NSF_FIELD_OIFNAME_LO,
	/* IPv4 header; absent in IPv6 */
	NSF_FIELD_IP_SADDR,
	NSF_FIELD_IP_DADDR,
	NSF_FIELD_IP_PROTOCOL,
	NSF_FIELD_IP_TTL,
	NSF_FIELD_IP_DSCP,
	NSF_FIELD_IP_FRAG_OFF,	/* 16 bits: flags and offset */
	NSF_FIELD_IP_LENGTH,
	/* IPv6 header; absent in IPv4 */
	NSF_FIELD_IP6_SADDR_HI,
	NSF_FIELD_IP6_SADDR_LO,
	NSF_FIELD_IP6_DADDR_HI,
	NSF_FIELD_IP6_DADDR_LO,
	NSF_FIELD_IP6_NEXTHDR,
	NSF_FIELD_IP6_HOPLIMIT,
	NSF_FIELD_IP6_DSCP,
	NSF_FIELD_IP6_LENGTH,
	NSF_FIELD_EXTHDR_FRAG,	/* 1 or 0: there is a fragment header; absent in IPv4 */
	/* transport header; absent in later fragments and where the packet is too short */
	NSF_FIELD_TH_SPORT,	/* bytes 0 and 1 */
	NSF_FIELD_TH_DPORT,	/* bytes 2 and 3 */
	NSF_FIELD_TH_TYPE,	/* byte 0: ICMP, ICMPv6 type */
	NSF_FIELD_TH_CODE,	/* byte 1 */
	NSF_FIELD_TH_TCP_FLAGS,	/* byte 13 */
	/* conntrack */
	NSF_FIELD_CT_STATE,	/* NSF_CT_*; never absent */
	NSF_FIELD_CT_MARK,	/* absent without an entry */
	NSF_FIELD_CT_DIRECTION,	/* 0 original, 1 reply; absent without an entry */
	NSF_FIELDS,

	/*
	 * In the key of a set only: both halves, as four words.
	 */
	NSF_FIELD_WIDE = 0x80,
	NSF_FIELD_IIFNAME = NSF_FIELD_WIDE | NSF_FIELD_IIFNAME_HI,
	NSF_FIELD_OIFNAME = NSF_FIELD_WIDE | NSF_FIELD_OIFNAME_HI,
	NSF_FIELD_IP6_SADDR = NSF_FIELD_WIDE | NSF_FIELD_IP6_SADDR_HI,
	NSF_FIELD_IP6_DADDR = NSF_FIELD_WIDE | NSF_FIELD_IP6_DADDR_HI,
};
static_assert(NSF_FIELDS <= 64, "a packet's fields are bits of one u64");

/* Groups that cost something to load. */
#define NSF_BIT(f)		(1ULL << (f))
#define NSF_NEED_CT		(NSF_BIT(NSF_FIELD_CT_STATE) | NSF_BIT(NSF_FIELD_CT_MARK) | \
				 NSF_BIT(NSF_FIELD_CT_DIRECTION))
#define NSF_NEED_NAMES		(NSF_BIT(NSF_FIELD_IIFNAME_HI) | NSF_BIT(NSF_FIELD_IIFNAME_LO) | \
				 NSF_BIT(NSF_FIELD_OIFNAME_HI) | NSF_BIT(NSF_FIELD_OIFNAME_LO))
/* All else but NFPROTO, which is always there. */
#define NSF_NEED_PLAIN		(~(NSF_NEED_CT | NSF_NEED_NAMES | NSF_BIT(NSF_FIELD_NFPROTO)))

/* The bits of NSF_FIELD_CT_STATE: nft's. */
#define NSF_CT_INVALID		1u
#define NSF_CT_ESTABLISHED	2u
#define NSF_CT_RELATED		4u
#define NSF_CT_NEW		8u
#define NSF_CT_UNTRACKED	64u

enum nsf_section_id {
	NSF_SECTION_CHAINS,	/* struct nsf_chain */
	NSF_SECTION_RECORDS,	/* struct nsf_record */
	NSF_SECTION_OPS,	/* struct nsf_op */
	NSF_SECTION_TARGETS,	/* u32 */
	NSF_SECTION_SETS,	/* struct nsf_set */
	NSF_SECTION_WORDS,	/* u32: keys and data of all sets */
	NSF_SECTION_STATES,	/* struct nsf_state_desc */
	NSF_SECTION_RULES,	/* struct nsf_rule */
	NSF_SECTION_STRINGS,	/* char; each ends with NUL; offset 0 is "" */
	NSF_SECTION_INDEX,	/* see index.h */
	NSF_SECTIONS,
};

struct nsf_section {
	u32 offset;		/* bytes from the image's start */
	u32 size;		/* bytes, a multiple of the entry's size */
};

struct nsf_image {
	u64 magic;
	u32 version;
	u32 size;		/* of all, bytes */
	u64 hash;		/* nsf_image_hash(): SipHash-2-4 in pieces, of all but this field */
	u64 needs;		/* the OR of nsf_op_reads() of all ops */
	u32 flags;		/* NSF_IMAGE_* */
	u32 spare;		/* 0 */
	struct nsf_section section[NSF_SECTIONS];
};
static_assert(sizeof(struct nsf_image) == 40 + 8 * NSF_SECTIONS, "no hidden padding");

#define NSF_IMAGE_CT		1u	/* reads or sets conntrack: it must be on */
#define NSF_IMAGE_REJECT	2u	/* some op rejects */

struct nsf_chain {
	u64 id;			/* hash of name, hook, priority, families: which slot; not 0 */
	u32 start;		/* its first record; its last is the one before the next chain's:
				 * no rule, one op, which ends with the policy; miss and next 0
				 */
	s32 priority;
	u8 hook;		/* enum nf_inet_hooks */
	u8 families;		/* NSF_CHAIN_IPV4 | NSF_CHAIN_IPV6 */
	u8 policy;		/* NSF_ACCEPT or NSF_DROP; the chain's last record does it */
	u8 spare;
	u32 name;		/* string */
	u32 index[2];		/* IPv4, IPv6: offset of a struct nsf_index_part, or NSF_NO_INDEX */
};
static_assert(sizeof(struct nsf_chain) == 32, "no hidden padding");

#define NSF_NO_INDEX		0xffffffffu

#define NSF_CHAIN_IPV4		1u
#define NSF_CHAIN_IPV6		2u

struct nsf_record {
	u32 op;			/* its first op */
	u32 ops;		/* how many; may be 0 */
	u32 miss;		/* record to go on with where an op did not match */
	u32 next;		/* and where all did; 0 if and only if the last op is an end */
	u32 rule;		/* index of the rule, NSF_NO_RULE: a chain's policy */
	u16 decided[2];		/* of its first ops, how many the chain's index has decided, IPv4's
				 * and IPv6's: matches all, that hold where the record comes up
				 */
};
static_assert(sizeof(struct nsf_record) == 24, "no hidden padding");

#define NSF_NO_RULE		0xffffffffu
#define NSF_NO_DATA		0xffffffffu

enum nsf_op_code {
	NSF_OP_NONE,
	/* matches: fail where the field is absent; NSF_OP_NOT turns the rest round */
	NSF_OP_MASK,		/* (field & b) == a */
	NSF_OP_RANGE,		/* a <= v && v <= b, where v is field & ~(u64)arg */
	/* The key (a: up to 5 bytes, enum nsf_field, lowest first) is in set `arg`. */
	NSF_OP_SET,
	/*
	 * A match that also says where to go on, the last op of its record: key as in
	 * SET; found with data d: targets[b + d].
	 */
	NSF_OP_MAP,
	/* statements */
	NSF_OP_COUNTER,		/* state `arg` */
	NSF_OP_LIMIT,		/* state `arg`; a match: fails when the limit says so */
	NSF_OP_LOG,		/* prefix: string `arg`, level: a */
	NSF_OP_MARK_SET,	/* mark = ((field or 0) & b) ^ a; fails where the field is absent */
	NSF_OP_CT_MARK_SET,	/* the same for the entry's mark; nothing without one */
	/* ends */
	NSF_OP_ACCEPT,
	NSF_OP_DROP,
	NSF_OP_REJECT,		/* arg: enum nsf_reject_how; a: type of ICMP code */
	NSF_OPS,
};

#define NSF_OP_NOT		1u

/* What an op does not use is 0. The targets of all MAP ops follow one another. */
struct nsf_op {
	u8 code;		/* enum nsf_op_code */
	u8 field;		/* enum nsf_field, a narrow one; 0 where none is used */
	u8 flags;		/* NSF_OP_NOT */
	u8 spare;
	u32 arg;
	u64 a;
	u64 b;
};
static_assert(sizeof(struct nsf_op) == 24, "no hidden padding");

enum nsf_reject_how {
	NSF_REJECT_ICMP,	/* a: ICMP code of destination unreachable; IPv4 only */
	NSF_REJECT_ICMPV6,	/* a: ICMPv6 code; IPv6 only */
	NSF_REJECT_ICMPX,	/* a: enum nsf_icmpx */
	NSF_REJECT_RESET,	/* TCP reset */
	NSF_REJECT_HOWS,
};

/* As nft's, translated by family. */
enum nsf_icmpx {
	NSF_ICMPX_NO_ROUTE,
	NSF_ICMPX_PORT_UNREACH,
	NSF_ICMPX_HOST_UNREACH,
	NSF_ICMPX_ADMIN_PROHIBITED,
	NSF_ICMPXS,
};

/* What a target may be instead of a record's index; and what an end means. */
#define NSF_TARGET_VERDICT	0x80000000u
enum nsf_end {
	NSF_ACCEPT,
	NSF_DROP,
	NSF_REJECT,		/* never in a target */
	NSF_ENDS,
};

enum nsf_set_kind {
	NSF_SET_EXACT,		/* keys, sorted */
	NSF_SET_RANGE,		/* first and last key of disjoint intervals, sorted */
	NSF_SET_BOX,		/* concatenation with intervals: first and last of each field */
	NSF_SET_KINDS,
};

/*
 * A key is `words` u32, the most significant first; they compare one by one. An
 * element takes `words` (EXACT) or 2 * words (RANGE, BOX: all of the first key,
 * then all of the last). BOX compares each field of its own: field i has width[i]
 * words; the elements are sorted by their first keys, and the first that holds
 * the key is found. A map's data stand apart, one u32 for each element.
 */
struct nsf_set {
	u8 kind;		/* enum nsf_set_kind */
	u8 fields;		/* 1 to NSF_MAX_KEY_FIELDS */
	u8 words;		/* of a key: sum of width[] */
	u8 spare;
	u8 width[8];		/* words of each field: 1 or 4; 0 after the last */
	u32 count;		/* elements; may be 0 */
	u32 keys;		/* index of the first word */
	u32 data;		/* the same of the data; NSF_NO_DATA: a set */
	u32 targets;		/* a map: data are below this */
	u32 spare2;
};
static_assert(sizeof(struct nsf_set) == 32, "no hidden padding");

enum nsf_state_kind {
	NSF_STATE_COUNTER,
	NSF_STATE_LIMIT,
	NSF_STATE_KINDS,
};

/*
 * A place in an attachment that outlives updates of the policy: found by id. They
 * are sorted by id, and no two are alike.
 */
struct nsf_state_desc {
	u64 id;			/* hash of the rule's id and the statement's number */
	u32 kind;		/* enum nsf_state_kind */
	u32 rule;		/* index */
	/* of a limit, nft's token bucket (nft_limit.c); 0 for a counter */
	u32 limit_flags;	/* NSF_LIMIT_* */
	u32 burst;		/* packets, or bytes */
	u64 rate;		/* packets or bytes per unit; not 0 */
	u64 unit;		/* nanoseconds */
};
static_assert(sizeof(struct nsf_state_desc) == 40, "no hidden padding");

#define NSF_LIMIT_OVER		1u
#define NSF_LIMIT_BYTES		2u

/* For people: what a record came from. */
struct nsf_rule {
	u64 id;			/* hash of chain, normal form, and which of its like */
	u32 text;		/* string: the rule in normal form */
	u32 file;		/* string: as named to the compiler */
	u32 line;		/* from 1 */
	u32 chain;		/* string: the chain's name */
};
static_assert(sizeof(struct nsf_rule) == 24, "no hidden padding");

/* Access; for a checked image. */
#define NSF_IMAGE_ENTRIES(type, name, id)					\
enum { nsf_at_##name = (id) };					\
static inline const type *nsf_image_##name(const struct nsf_image *img)		\
{										\
	return (const void *)((const u8 *)img + img->section[nsf_at_##name].offset);	\
}										\
static inline u32 nsf_image_n_##name(const struct nsf_image *img)		\
{										\
	return img->section[nsf_at_##name].size / sizeof(type);		\
}

NSF_IMAGE_ENTRIES(struct nsf_chain, chains, NSF_SECTION_CHAINS)
NSF_IMAGE_ENTRIES(struct nsf_record, records, NSF_SECTION_RECORDS)
NSF_IMAGE_ENTRIES(struct nsf_op, ops, NSF_SECTION_OPS)
NSF_IMAGE_ENTRIES(u32, targets, NSF_SECTION_TARGETS)
NSF_IMAGE_ENTRIES(struct nsf_set, sets, NSF_SECTION_SETS)
NSF_IMAGE_ENTRIES(u32, words, NSF_SECTION_WORDS)
NSF_IMAGE_ENTRIES(struct nsf_state_desc, states, NSF_SECTION_STATES)
NSF_IMAGE_ENTRIES(struct nsf_rule, rules, NSF_SECTION_RULES)
NSF_IMAGE_ENTRIES(char, strings, NSF_SECTION_STRINGS)

#endif /* NSF_IMAGE_H */
