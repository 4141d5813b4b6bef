// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names: tables of words and numbers. Where a number has two words, the first is
 * the one that is printed.
 */
#include "policy/names.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct name {
	const char *word;
	uint32_t number;
};

static const struct name icmp_types[] = {
	{ "echo-reply", 0 }, { "destination-unreachable", 3 }, { "source-quench", 4 },
	{ "redirect", 5 }, { "echo-request", 8 }, { "router-advertisement", 9 },
	{ "router-solicitation", 10 }, { "time-exceeded", 11 }, { "parameter-problem", 12 },
	{ "timestamp-request", 13 }, { "timestamp-reply", 14 }, { "info-request", 15 },
	{ "info-reply", 16 }, { "address-mask-request", 17 }, { "address-mask-reply", 18 },
	{ NULL, 0 },
};

static const struct name icmp_codes[] = {
	{ "net-unreachable", 0 }, { "host-unreachable", 1 }, { "prot-unreachable", 2 },
	{ "port-unreachable", 3 }, { "frag-needed", 4 }, { "net-prohibited", 9 },
	{ "host-prohibited", 10 }, { "admin-prohibited", 13 },
	{ NULL, 0 },
};

static const struct name icmpv6_types[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 }, { "time-exceeded", 3 },
	{ "parameter-problem", 4 }, { "echo-request", 128 }, { "echo-reply", 129 },
	{ "mld-listener-query", 130 }, { "mld-listener-report", 131 },
	{ "mld-listener-done", 132 }, { "mld-listener-reduction", 132 },
	{ "nd-router-solicit", 133 }, { "nd-router-advert", 134 },
	{ "nd-neighbor-solicit", 135 }, { "nd-neighbor-advert", 136 }, { "nd-redirect", 137 },
	{ "router-renumbering", 138 }, { "ind-neighbor-solicit", 141 },
	{ "ind-neighbor-advert", 142 }, { "mld2-listener-report", 143 },
	{ NULL, 0 },
};

static const struct name icmpv6_codes[] = {
	{ "no-route", 0 }, { "admin-prohibited", 1 }, { "addr-unreachable", 3 },
	{ "port-unreachable", 4 }, { "policy-fail", 5 }, { "reject-route", 6 },
	{ NULL, 0 },
};

static const struct name icmpx_codes[] = {
	{ "no-route", 0 }, { "port-unreachable", 1 }, { "host-unreachable", 2 },
	{ "admin-prohibited", 3 },
	{ NULL, 0 },
};

static const struct name dscps[] = {
	{ "cs0", 0x00 }, { "cs1", 0x08 }, { "cs2", 0x10 }, { "cs3", 0x18 }, { "cs4", 0x20 },
	{ "cs5", 0x28 }, { "cs6", 0x30 }, { "cs7", 0x38 }, { "df", 0x00 }, { "be", 0x00 },
	{ "lephb", 0x01 }, { "af11", 0x0a }, { "af12", 0x0c }, { "af13", 0x0e },
	{ "af21", 0x12 }, { "af22", 0x14 }, { "af23", 0x16 }, { "af31", 0x1a },
	{ "af32", 0x1c }, { "af33", 0x1e }, { "af41", 0x22 }, { "af42", 0x24 },
	{ "af43", 0x26 }, { "va", 0x2c }, { "ef", 0x2e },
	{ NULL, 0 },
};

static const struct name tcp_flags[] = {
	{ "fin", 0x01 }, { "syn", 0x02 }, { "rst", 0x04 }, { "psh", 0x08 }, { "ack", 0x10 },
	{ "urg", 0x20 }, { "ecn", 0x40 }, { "cwr", 0x80 },
	{ NULL, 0 },
};

static const struct name ct_states[] = {
	{ "invalid", 1 }, { "established", 2 }, { "related", 4 }, { "new", 8 },
	{ "untracked", 64 },
	{ NULL, 0 },
};

static const struct name ct_directions[] = {
	{ "original", 0 }, { "reply", 1 }, { NULL, 0 },
};

static const struct name pkttypes[] = {
	{ "host", 0 }, { "unicast", 0 }, { "broadcast", 1 }, { "multicast", 2 }, { "other", 3 },
	{ NULL, 0 },
};

static const struct name nfprotos[] = {
	{ "ipv4", 2 }, { "ipv6", 10 }, { NULL, 0 },
};

static const struct name booleans[] = {
	{ "exists", 1 }, { "missing", 0 }, { NULL, 0 },
};

static const struct name log_levels[] = {
	{ "emerg", 0 }, { "alert", 1 }, { "crit", 2 }, { "err", 3 }, { "warn", 4 },
	{ "notice", 5 }, { "info", 6 }, { "debug", 7 },
	{ NULL, 0 },
};

static const struct name hooks[] = {
	{ "prerouting", 0 }, { "input", 1 }, { "forward", 2 }, { "output", 3 },
	{ "postrouting", 4 },
	{ NULL, 0 },
};

/* Those that Debian's /etc/protocols has under the same name, too. */
static const struct name protocols[] = {
	{ "icmp", 1 }, { "igmp", 2 }, { "tcp", 6 }, { "udp", 17 }, { "dccp", 33 },
	{ "gre", 47 }, { "esp", 50 }, { "ah", 51 }, { "ipv6-icmp", 58 }, { "icmpv6", 58 },
	{ "ospf", 89 }, { "ipcomp", 108 }, { "vrrp", 112 }, { "sctp", 132 },
	{ "udplite", 136 },
	{ NULL, 0 },
};

/* For machines without /etc/services. */
static const struct name services[] = {
	{ "ftp-data", 20 }, { "ftp", 21 }, { "ssh", 22 }, { "telnet", 23 }, { "smtp", 25 },
	{ "time", 37 }, { "whois", 43 }, { "tacacs", 49 }, { "domain", 53 }, { "bootps", 67 },
	{ "bootpc", 68 }, { "tftp", 69 }, { "finger", 79 }, { "http", 80 }, { "kerberos", 88 },
	{ "pop3", 110 }, { "sunrpc", 111 }, { "nntp", 119 }, { "ntp", 123 },
	{ "netbios-ns", 137 }, { "netbios-dgm", 138 }, { "netbios-ssn", 139 },
	{ "imap2", 143 }, { "imap", 143 }, { "snmp", 161 }, { "snmp-trap", 162 },
	{ "bgp", 179 }, { "ldap", 389 }, { "https", 443 }, { "microsoft-ds", 445 },
	{ "isakmp", 500 }, { "syslog", 514 }, { "dhcpv6-client", 546 },
	{ "dhcpv6-server", 547 }, { "submissions", 465 }, { "submission", 587 },
	{ "ldaps", 636 }, { "domain-s", 853 }, { "rsync", 873 }, { "imaps", 993 },
	{ "pop3s", 995 }, { "openvpn", 1194 }, { "ms-sql-s", 1433 }, { "radius", 1812 },
	{ "radius-acct", 1813 }, { "nfs", 2049 }, { "mysql", 3306 }, { "sip", 5060 },
	{ "sip-tls", 5061 }, { "mdns", 5353 }, { "postgresql", 5432 }, { "http-alt", 8080 },
	{ NULL, 0 },
};

static const struct name *const tables[NAMES_KINDS] = {
	[NAMES_ICMP_TYPE] = icmp_types,
	[NAMES_ICMP_CODE] = icmp_codes,
	[NAMES_ICMPV6_TYPE] = icmpv6_types,
	[NAMES_ICMPV6_CODE] = icmpv6_codes,
	[NAMES_ICMPX_CODE] = icmpx_codes,
	[NAMES_DSCP] = dscps,
	[NAMES_TCP_FLAG] = tcp_flags,
	[NAMES_CT_STATE] = ct_states,
	[NAMES_CT_DIRECTION] = ct_directions,
	[NAMES_PKTTYPE] = pkttypes,
	[NAMES_NFPROTO] = nfprotos,
	[NAMES_BOOLEAN] = booleans,
	[NAMES_LOG_LEVEL] = log_levels,
	[NAMES_HOOK] = hooks,
	[NAMES_PROTOCOL] = protocols,
};

static bool lookup(const struct name *n, const char *word, uint32_t *number)
{
	for (; n->word; n++)
		if (strcmp(n->word, word) == 0) {
			*number = n->number;
			return true;
		}
	return false;
}

bool names_number(enum names kind, const char *word, uint32_t *number)
{
	return lookup(tables[kind], word, number);
}

const char *names_word(enum names kind, uint32_t number)
{
	const struct name *n;

	for (n = tables[kind]; n->word; n++)
		if (n->number == number)
			return n->word;
	return NULL;
}

const char *names_all(enum names kind, char *buf, size_t size)
{
	const struct name *n;
	size_t len = 0;

	buf[0] = '\0';
	for (n = tables[kind]; n->word; n++) {
		if (len + strlen(n->word) + sizeof(", ...") >= size) {
			snprintf(buf + len, size - len, ", ...");
			break;
		}
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "", n->word);
	}
	return buf;
}

/* nft asks getaddrinfo(), which tries the transports in this order. */
bool names_service(const char *word, uint16_t *port)
{
	static const char *const transports[] = { "tcp", "udp", "dccp", "udplite", "sctp" };
	struct servent *s = NULL;
	uint32_t number;
	size_t i;

	if (access("/etc/services", R_OK) != 0) {
		if (!lookup(services, word, &number))
			return false;
		*port = (uint16_t)number;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(transports) && !s; i++)
		s = getservbyname(word, transports[i]);
	endservent();
	if (!s)
		return false;
	*port = (uint16_t)((s->s_port & 0xff) << 8 | (s->s_port >> 8 & 0xff));
	return true;
}

bool names_protocol(const char *word, uint8_t *proto)
{
	/* Words of nft's grammar, which asks no file for them. */
	static const struct name keywords[] = {
		{ "icmp", 1 }, { "igmp", 2 }, { "tcp", 6 }, { "udp", 17 }, { "dccp", 33 },
		{ "esp", 50 }, { "ah", 51 }, { "icmpv6", 58 }, { "comp", 108 },
		{ "sctp", 132 }, { "udplite", 136 },
		{ NULL, 0 },
	};
	struct protoent *p;
	uint32_t number;

	if (lookup(keywords, word, &number)) {
		*proto = (uint8_t)number;
		return true;
	}
	if (access("/etc/protocols", R_OK) != 0) {
		if (!lookup(protocols, word, &number))
			return false;
		*proto = (uint8_t)number;
		return true;
	}
	p = getprotobyname(word);
	endprotoent();
	if (!p || p->p_proto < 0 || p->p_proto > 255)
		return false;
	*proto = (uint8_t)p->p_proto;
	return true;
}

bool names_priority(const char *word, unsigned int hook, int *priority)
{
	static const struct {
		const char *word;
		int priority;
		int hook;	/* the only one, or -1 */
	} priorities[] = {
		{ "raw", -300, -1 }, { "mangle", -150, -1 }, { "dstnat", -100, 0 },
		{ "filter", 0, -1 }, { "security", 50, -1 }, { "srcnat", 100, 4 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(priorities); i++)
		if (strcmp(priorities[i].word, word) == 0 &&
		    (priorities[i].hook < 0 || priorities[i].hook == (int)hook)) {
			*priority = priorities[i].priority;
			return true;
		}
	return false;
}

const char *names_hook(unsigned int hook)
{
	const char *word = names_word(NAMES_HOOK, hook);

	return word ? word : "unknown";
}
