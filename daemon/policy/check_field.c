// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_field: the table of all that can be matched.
 */
#include "policy/check_field.h"

#include <stdio.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

const struct type type_table[TYPES] = {
	[TYPE_IPV4] = { "ipv4_addr", "an IPv4 address", 4, 32, -1, true, false, false },
	[TYPE_IPV6] = { "ipv6_addr", "an IPv6 address", 16, 128, -1, true, false, false },
	[TYPE_SERVICE] = { "inet_service", "a port", 2, 16, -1, true, false, false },
	[TYPE_PROTO] = { "inet_proto", "a protocol", 1, 8, -1, true, false, false },
	[TYPE_IFNAME] = { "ifname", "an interface's name", 16, 128, -1, false, false, false },
	[TYPE_MARK] = { "mark", "a mark", 4, 32, -1, true, false, true },
	[TYPE_INTEGER8] = { NULL, "a number", 1, 8, -1, true, false, false },
	[TYPE_INTEGER16] = { NULL, "a number", 2, 16, -1, true, false, false },
	[TYPE_INTEGER32] = { NULL, "a number", 4, 32, -1, true, false, false },
	[TYPE_IFINDEX] = { NULL, "an interface", 4, 32, -1, false, false, false },
	[TYPE_DSCP] = { NULL, "a DSCP", 1, 6, NAMES_DSCP, true, false, true },
	[TYPE_TCP_FLAGS] = { NULL, "a TCP flag", 1, 8, NAMES_TCP_FLAG, false, true, true },
	[TYPE_CT_STATE] = { NULL, "a conntrack state", 4, 32, NAMES_CT_STATE, false, true, true },
	[TYPE_CT_DIRECTION] = { NULL, "a conntrack direction", 1, 8, NAMES_CT_DIRECTION,
				false, false, false },
	[TYPE_ICMP_TYPE] = { NULL, "an ICMP type", 1, 8, NAMES_ICMP_TYPE, true, false, false },
	[TYPE_ICMP_CODE] = { NULL, "an ICMP code", 1, 8, NAMES_ICMP_CODE, true, false, false },
	[TYPE_ICMPV6_TYPE] = { NULL, "an ICMPv6 type", 1, 8, NAMES_ICMPV6_TYPE,
			       true, false, false },
	[TYPE_ICMPV6_CODE] = { NULL, "an ICMPv6 code", 1, 8, NAMES_ICMPV6_CODE,
			       true, false, false },
	[TYPE_PKTTYPE] = { NULL, "a packet type", 1, 8, NAMES_PKTTYPE, false, false, false },
	[TYPE_NFPROTO] = { NULL, "a protocol family", 1, 8, NAMES_NFPROTO, false, false, false },
	[TYPE_BOOLEAN] = { NULL, "exists or missing", 1, 1, NAMES_BOOLEAN, false, false, false },
};

/* The ports come first as th's: field_of() takes the first of a kind. */
static const struct field fields[] = {
	{ { "meta", "nfproto" }, IR_META_NFPROTO, TYPE_NFPROTO, 0, -1, true },
	{ { "meta", "l4proto" }, IR_META_L4PROTO, TYPE_PROTO, 0, -1, true },
	{ { "meta", "mark" }, IR_META_MARK, TYPE_MARK, 0, -1, true },
	{ { "meta", "length" }, IR_META_LENGTH, TYPE_INTEGER32, 0, -1, false },
	{ { "meta", "pkttype" }, IR_META_PKTTYPE, TYPE_PKTTYPE, 0, -1, true },
	{ { "meta", "iif" }, IR_META_IIF, TYPE_IFINDEX, 0, -1, true },
	{ { "meta", "oif" }, IR_META_OIF, TYPE_IFINDEX, 0, -1, true },
	{ { "meta", "iifname" }, IR_META_IIFNAME, TYPE_IFNAME, 0, -1, true },
	{ { "meta", "oifname" }, IR_META_OIFNAME, TYPE_IFNAME, 0, -1, true },
	{ { "ip", "saddr" }, IR_IP_SADDR, TYPE_IPV4, 2, -1, true },
	{ { "ip", "daddr" }, IR_IP_DADDR, TYPE_IPV4, 2, -1, true },
	{ { "ip", "protocol" }, IR_IP_PROTOCOL, TYPE_PROTO, 2, -1, true },
	{ { "ip", "ttl" }, IR_IP_TTL, TYPE_INTEGER8, 2, -1, true },
	{ { "ip", "dscp" }, IR_IP_DSCP, TYPE_DSCP, 2, -1, false },
	{ { "ip", "frag-off" }, IR_IP_FRAG_OFF, TYPE_INTEGER16, 2, -1, false },
	{ { "ip", "length" }, IR_IP_LENGTH, TYPE_INTEGER16, 2, -1, false },
	{ { "ip6", "saddr" }, IR_IP6_SADDR, TYPE_IPV6, 10, -1, true },
	{ { "ip6", "daddr" }, IR_IP6_DADDR, TYPE_IPV6, 10, -1, true },
	{ { "ip6", "nexthdr" }, IR_IP6_NEXTHDR, TYPE_PROTO, 10, -1, true },
	{ { "ip6", "hoplimit" }, IR_IP6_HOPLIMIT, TYPE_INTEGER8, 10, -1, true },
	{ { "ip6", "dscp" }, IR_IP6_DSCP, TYPE_DSCP, 10, -1, false },
	{ { "ip6", "length" }, IR_IP6_LENGTH, TYPE_INTEGER16, 10, -1, false },
	{ { "exthdr", "frag" }, IR_EXTHDR_FRAG, TYPE_BOOLEAN, 10, -1, false },
	{ { "th", "sport" }, IR_TH_SPORT, TYPE_SERVICE, 0, -1, true },
	{ { "th", "dport" }, IR_TH_DPORT, TYPE_SERVICE, 0, -1, true },
	{ { "tcp", "sport" }, IR_TH_SPORT, TYPE_SERVICE, 0, 6, true },
	{ { "tcp", "dport" }, IR_TH_DPORT, TYPE_SERVICE, 0, 6, true },
	{ { "udp", "sport" }, IR_TH_SPORT, TYPE_SERVICE, 0, 17, true },
	{ { "udp", "dport" }, IR_TH_DPORT, TYPE_SERVICE, 0, 17, true },
	{ { "udplite", "sport" }, IR_TH_SPORT, TYPE_SERVICE, 0, 136, true },
	{ { "udplite", "dport" }, IR_TH_DPORT, TYPE_SERVICE, 0, 136, true },
	{ { "sctp", "sport" }, IR_TH_SPORT, TYPE_SERVICE, 0, 132, true },
	{ { "sctp", "dport" }, IR_TH_DPORT, TYPE_SERVICE, 0, 132, true },
	{ { "tcp", "flags" }, IR_TCP_FLAGS, TYPE_TCP_FLAGS, 0, 6, true },
	{ { "icmp", "type" }, IR_ICMP_TYPE, TYPE_ICMP_TYPE, 0, 1, true },
	{ { "icmp", "code" }, IR_ICMP_CODE, TYPE_ICMP_CODE, 0, 1, true },
	{ { "icmpv6", "type" }, IR_ICMPV6_TYPE, TYPE_ICMPV6_TYPE, 0, 58, true },
	{ { "icmpv6", "code" }, IR_ICMPV6_CODE, TYPE_ICMPV6_CODE, 0, 58, true },
	{ { "ct", "state" }, IR_CT_STATE, TYPE_CT_STATE, 0, -1, true },
	{ { "ct", "mark" }, IR_CT_MARK, TYPE_MARK, 0, -1, true },
	{ { "ct", "direction" }, IR_CT_DIRECTION, TYPE_CT_DIRECTION, 0, -1, true },
};

const struct field *field_find(const char *first, const char *second)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].word[0], first) == 0 &&
		    strcmp(fields[i].word[1], second) == 0)
			return &fields[i];
	return NULL;
}

const struct field *field_of(enum ir_field f)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].ir == f)
			return &fields[i];
	return &fields[0];
}

bool field_others(const char *first, char *buf, size_t size)
{
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(fields) && len < size; i++)
		if (strcmp(fields[i].word[0], first) == 0)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
						fields[i].word[1]);
	return len > 0;
}

int type_find(const char *name)
{
	int i;

	for (i = 0; i < TYPES; i++)
		if (type_table[i].name && strcmp(type_table[i].name, name) == 0)
			return i;
	return -1;
}

const char *field_port_word(int l4)
{
	switch (l4) {
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 132:
		return "sctp";
	case 136:
		return "udplite";
	}
	return "th";
}
