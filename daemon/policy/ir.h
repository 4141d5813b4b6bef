/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ir: a policy after all its names are resolved and all its types are checked;
 * chains still call one another. check.c makes it from the syntax tree,
 * compile.c flattens it into an image, format.c prints it in normal form.
 *
 * The meaning is nft's: a rule's statements are done in order; the first match
 * that fails ends the rule. Dependencies are explicit: `tcp dport 80` is here the
 * two matches `meta l4proto tcp` (implicit, not printed) and the port; a match on
 * a header of one family carries an implicit `meta nfproto` only where nft would
 * generate one and it matters.
 *
 * Values are big-endian byte strings of their field's width, as on the wire;
 * host-order quantities of nft (mark, length, ct state ...) are written
 * big-endian as well, so that comparing bytes compares numbers. Names are 16
 * bytes, NUL-padded.
 */
#ifndef NSF_POLICY_IR_H
#define NSF_POLICY_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IR_MAX_WIDTH	16	/* bytes of one field */
#define IR_MAX_FIELDS	5	/* of a concatenation */

/* Matched fields, one for each that the language knows. Order is not an ABI. */
enum ir_field {
	IR_NONE,
	IR_META_NFPROTO, IR_META_L4PROTO, IR_META_MARK, IR_META_LENGTH, IR_META_PKTTYPE,
	IR_META_IIF, IR_META_OIF, IR_META_IIFNAME, IR_META_OIFNAME,
	IR_IP_SADDR, IR_IP_DADDR, IR_IP_PROTOCOL, IR_IP_TTL, IR_IP_DSCP, IR_IP_FRAG_OFF,
	IR_IP_LENGTH,
	IR_IP6_SADDR, IR_IP6_DADDR, IR_IP6_NEXTHDR, IR_IP6_HOPLIMIT, IR_IP6_DSCP, IR_IP6_LENGTH,
	IR_EXTHDR_FRAG,		/* exists: 1, missing: 0 */
	IR_TH_SPORT, IR_TH_DPORT,	/* of tcp, udp, udplite, sctp, th alike */
	IR_TCP_FLAGS,
	IR_ICMP_TYPE, IR_ICMP_CODE, IR_ICMPV6_TYPE, IR_ICMPV6_CODE,
	IR_CT_STATE, IR_CT_MARK, IR_CT_DIRECTION,
	IR_FIELDS,
};

/* Bytes: 1 (protocols, ttl, dscp, types, flags, pkttype, direction, nfproto),
 * 2 (ports, frag-off, ip lengths), 4 (IPv4, marks, meta length, iif, ct state),
 * 16 (IPv6, names). */
unsigned int ir_field_width(enum ir_field f);
/* As nft writes it: "ip saddr", "tcp dport" needs the rule's context, so "th dport". */
const char *ir_field_name(enum ir_field f);

struct ir_place {
	const char *file;	/* as named by the user or by include; lives with the policy */
	unsigned int line, col, end;	/* from 1; end: last column, 0: to the line's end */
};

/* An interval of keys, both ends included; for one value first == last. */
struct ir_range {
	uint8_t first[IR_MAX_WIDTH];
	uint8_t last[IR_MAX_WIDTH];
};

enum ir_verdict_kind {
	IR_ACCEPT, IR_DROP, IR_RETURN, IR_CONTINUE, IR_JUMP, IR_GOTO,
};

struct ir_verdict {
	enum ir_verdict_kind kind;
	unsigned int chain;	/* of jump and goto: index */
};

struct ir_element {
	struct ir_range key[IR_MAX_FIELDS];	/* one for each field of the set */
	struct ir_verdict verdict;		/* of a map */
};

/*
 * A set or verdict map, named or anonymous. Elements are sorted by their keys,
 * do not overlap (checked, as nft does), and adjacent ones are merged only where
 * nft's auto-merge was asked for.
 */
struct ir_set {
	char *name;		/* NULL: anonymous */
	struct ir_place place;
	bool map;
	bool interval;		/* has ranges, or may have (flags interval) */
	unsigned int fields;
	unsigned int width[IR_MAX_FIELDS];	/* bytes of each */
	struct ir_element *element;
	size_t elements;
	char *text;		/* type as written: "ipv4_addr . inet_service" */
};

enum ir_stmt_kind {
	IR_MATCH, IR_MAP, IR_COUNTER, IR_LIMIT, IR_LOG, IR_MARK_SET, IR_CT_MARK_SET,
	IR_REJECT, IR_VERDICT,
};

enum ir_match_kind {
	IR_MATCH_RANGE,		/* (field & mask) within [first, last] */
	IR_MATCH_SET,		/* key in the set */
};

struct ir_match {
	enum ir_match_kind kind;
	bool negate;		/* of what is present: an absent field fails either way */
	bool implicit;		/* a dependency: not printed */
	unsigned int fields;	/* 1, or of a concatenation (SET only) */
	enum ir_field field[IR_MAX_FIELDS];
	uint8_t mask[IR_MAX_WIDTH];	/* all ones where none was written */
	struct ir_range range;
	unsigned int set;	/* index */
};

struct ir_limit {
	bool over, bytes;
	uint64_t rate;		/* packets or bytes per unit */
	uint64_t unit;		/* seconds: 1, 60, 3600, 86400, 604800 */
	uint32_t burst;		/* nft's default filled in */
};

enum ir_reject_how { IR_REJECT_ICMP, IR_REJECT_ICMPV6, IR_REJECT_ICMPX, IR_REJECT_RESET };

struct ir_stmt {
	enum ir_stmt_kind kind;
	struct ir_place place;
	union {
		struct ir_match match;
		struct {		/* IR_MAP: vmap */
			unsigned int fields;
			enum ir_field field[IR_MAX_FIELDS];
			unsigned int set;
		} map;
		struct ir_limit limit;
		struct {
			char *prefix;	/* or NULL */
			unsigned int level;	/* syslog's, 4 (warn) by default */
		} log;
		struct {		/* mark = ((field or 0) & mask) ^ flip */
			enum ir_field field;	/* IR_NONE, IR_META_MARK, IR_CT_MARK */
			uint32_t mask, flip;	/* host order */
		} mark;
		struct {
			enum ir_reject_how how;
			unsigned int code;	/* ICMP code; ICMPX: 0 no-route, 1 port, 2 host, 3 admin */
		} reject;
		struct ir_verdict verdict;
	};
};

struct ir_rule {
	struct ir_stmt *stmt;
	size_t stmts;
	struct ir_place place;
	char *text;		/* normal form (format.c), with the comment left out */
	char *comment;		/* or NULL */
	uint64_t id;		/* hash of chain name, text, and which of its like in the chain */
};

/* NF_INET_*: prerouting 0, input 1, forward 2, output 3, postrouting 4. */
struct ir_chain {
	char *name;
	struct ir_place place;
	bool base;
	unsigned int hook;
	int priority;
	enum ir_verdict_kind policy;	/* IR_ACCEPT or IR_DROP */
	struct ir_rule *rule;
	size_t rules;
};

enum ir_family { IR_INET, IR_IP, IR_IP6 };

struct ir_policy {
	char *name;		/* the file's stem */
	char *table;
	enum ir_family family;
	struct ir_chain *chain;
	size_t chains;
	struct ir_set *set;	/* in order of appearance */
	size_t sets;
	char **file;		/* names that places point to */
	size_t files;
};

void ir_policy_free(struct ir_policy *p);

#endif /* NSF_POLICY_IR_H */
