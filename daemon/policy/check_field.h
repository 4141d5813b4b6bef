/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_field: the fields as they are written, their types, and which headers
 * they need. Static tables; pure.
 */
#ifndef NSF_POLICY_CHECK_FIELD_H
#define NSF_POLICY_CHECK_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/ir.h"
#include "policy/names.h"

enum type_kind {
	TYPE_IPV4, TYPE_IPV6, TYPE_SERVICE, TYPE_PROTO, TYPE_IFNAME, TYPE_MARK,
	TYPE_INTEGER8, TYPE_INTEGER16, TYPE_INTEGER32,
	TYPE_IFINDEX, TYPE_DSCP, TYPE_TCP_FLAGS, TYPE_CT_STATE, TYPE_CT_DIRECTION,
	TYPE_ICMP_TYPE, TYPE_ICMP_CODE, TYPE_ICMPV6_TYPE, TYPE_ICMPV6_CODE,
	TYPE_PKTTYPE, TYPE_NFPROTO, TYPE_BOOLEAN,
	TYPES,
};

struct type {
	const char *name;	/* of a set: "ipv4_addr"; NULL: sets have no such type here */
	const char *what;	/* "an IPv4 address" */
	unsigned int width;	/* bytes */
	unsigned int bits;	/* of them that count */
	int names;		/* enum names, or -1 */
	bool range;		/* may be compared by < and in ranges */
	bool flags;		/* bits: a, b and | */
	bool hex;		/* printed so */
};

extern const struct type type_table[TYPES];

struct field {
	const char *word[2];
	enum ir_field ir;
	enum type_kind type;
	unsigned int net;	/* 2, 10: the header's family; 0: any */
	int l4;			/* protocol that the header needs; -1: none */
	bool concat;		/* may stand in a concatenation */
};

/* NULL where there is none. */
const struct field *field_find(const char *first, const char *second);
/* The one that belongs to @f; ports are "th". */
const struct field *field_of(enum ir_field f);
static inline const struct type *field_type(const struct field *f)
{
	return &type_table[f->type];
}
/* What is there beside @first, "saddr, daddr, ...": for messages. False: nothing at all. */
bool field_others(const char *first, char *buf, size_t size);
/* The type by the name that sets use; -1. */
int type_find(const char *name);
/* The word that stands before the ports where the protocol @l4 (-1: any) is known. */
const char *field_port_word(int l4);

#endif /* NSF_POLICY_CHECK_FIELD_H */
