// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_explain_packet: from KEY=VALUE to a packet's bytes, as they would be on the
 * wire: IP header, for a fragment of IPv6 its header, transport header, zeros.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_explain.h"
#include "policy/names.h"

#define PROTO_UNNAMED	253	/* for experiments: what no rule is likely to ask for */
#define MORE		0x2000u
#define DONT		0x4000u
#define MAX_OFFSET	0x1fffu

enum key {
	KEY_SADDR, KEY_DADDR, KEY_PROTO, KEY_SPORT, KEY_DPORT, KEY_FLAGS, KEY_TYPE, KEY_CODE,
	KEY_TTL, KEY_DSCP, KEY_LENGTH, KEY_FRAG, KEY_PKTTYPE, KEYS,
};

static const char *const key_names[KEYS] = {
	"saddr", "daddr", "proto", "sport", "dport", "flags", "type", "code",
	"ttl", "dscp", "length", "frag", "pkttype",
};

static const char accepted[] =
	"saddr, daddr, proto, sport, dport, flags, type, code, ttl, dscp, length, frag, pkttype";

struct build {
	const char *value[KEYS];	/* NULL: not given */
	unsigned int family;
	uint8_t saddr[16], daddr[16];
	uint8_t proto;
	bool fragment;			/* of IPv6: has the header */
	uint16_t frag;			/* offset in units of 8, MORE, DONT */
};

static int bad(struct err *e, const struct build *b, enum key k, const char *why)
{
	return err_set(e, EINVAL, EXIT_USAGE, "%s=%s: %s", key_names[k], b->value[k], why);
}

/* A number, decimal or 0x hexadecimal, nothing before or behind. */
static bool number(const char *s, size_t len, unsigned long max, unsigned long *out)
{
	char digits[16], *end;
	bool hex = len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');

	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, s, len);
	digits[len] = '\0';
	if (strspn(digits + (hex ? 2 : 0), hex ? "0123456789abcdefABCDEF" : "0123456789") !=
	    len - (hex ? 2 : 0))
		return false;
	*out = strtoul(digits, &end, hex ? 16 : 10);
	return *out <= max;
}

static bool value_number(const struct build *b, enum key k, unsigned long max, unsigned long *out)
{
	return number(b->value[k], strlen(b->value[k]), max, out);
}

/* ---- each key ---- */

static int split(struct build *b, char *const *argv, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *equals = strchr(argv[i], '=');
		size_t len = equals ? (size_t)(equals - argv[i]) : 0;
		unsigned int k;

		if (!equals)
			return err_set(e, EINVAL, EXIT_USAGE,
				       "\"%s\" is not KEY=VALUE (keys: %s)", argv[i], accepted);
		for (k = 0; k < KEYS; k++)
			if (strlen(key_names[k]) == len && !memcmp(key_names[k], argv[i], len))
				break;
		if (k == KEYS)
			return err_set(e, EINVAL, EXIT_USAGE, "unknown key \"%.*s\" in \"%s\" (keys: %s)",
				       (int)len, argv[i], argv[i], accepted);
		if (b->value[k])
			return err_set(e, EINVAL, EXIT_USAGE, "%s is given twice", key_names[k]);
		b->value[k] = equals + 1;
	}
	return 0;
}

static int read_addr(struct build *b, enum key k, uint8_t *out, struct err *e)
{
	unsigned int family;

	if (!b->value[k])
		return 0;
	if (inet_pton(AF_INET, b->value[k], out) == 1)
		family = 4;
	else if (inet_pton(AF_INET6, b->value[k], out) == 1)
		family = 6;
	else
		return bad(e, b, k, "not an IPv4 or IPv6 address");
	if (b->family && b->family != family)
		return bad(e, b, k, "saddr and daddr must be of one family");
	b->family = family;
	return 0;
}

/* Where an address is not given: one that is for documentation. */
static void default_addr(const struct build *b, enum key k, uint8_t *out, uint8_t last)
{
	static const uint8_t v4[4] = { 192, 0, 2, 0 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	if (b->value[k])
		return;
	memcpy(out, b->family == 4 ? v4 : v6, b->family == 4 ? 4 : 16);
	out[b->family == 4 ? 3 : 15] = last;
}

static int read_proto(struct build *b, struct err *e)
{
	unsigned long v;

	if (!b->value[KEY_PROTO]) {
		if (b->value[KEY_SPORT] || b->value[KEY_DPORT])
			return err_set(e, EINVAL, EXIT_USAGE,
				       "a port needs its protocol: give proto=tcp, udp, udplite, sctp or dccp");
		if (b->value[KEY_FLAGS])
			b->proto = IPPROTO_TCP;
		else if (b->value[KEY_TYPE] || b->value[KEY_CODE])
			b->proto = b->family == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		else
			b->proto = PROTO_UNNAMED;
		return 0;
	}
	if (value_number(b, KEY_PROTO, 255, &v)) {
		b->proto = (uint8_t)v;
		return 0;
	}
	if (names_protocol(b->value[KEY_PROTO], &b->proto))
		return 0;
	return bad(e, b, KEY_PROTO, "not a protocol's name, nor a number up to 255");
}

/* The walk over the headers would take our zeros for such a header's contents. */
static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_DSTOPTS;
}

static int read_family(struct build *b, struct err *e)
{
	int ret = read_addr(b, KEY_SADDR, b->saddr, e);

	if (!ret)
		ret = read_addr(b, KEY_DADDR, b->daddr, e);
	if (!ret)
		ret = read_proto(b, e);
	if (ret)
		return ret;
	if (!b->family)
		b->family = b->proto == IPPROTO_ICMPV6 ? 6 : 4;
	default_addr(b, KEY_SADDR, b->saddr, 1);
	default_addr(b, KEY_DADDR, b->daddr, 2);
	if (b->family == 6 && is_extension(b->proto))
		return bad(e, b, KEY_PROTO,
			   "an extension header of IPv6, and not the protocol (frag= makes a fragment)");
	return 0;
}

/* df, more and an offset, by commas. */
static int read_frag(struct build *b, struct err *e)
{
	const char *s = b->value[KEY_FRAG];
	bool offset = false;

	if (!s)
		return 0;
	b->fragment = true;
	for (size_t len;; s += len + 1) {
		unsigned long v;

		len = strcspn(s, ",");
		if (len == 4 && !memcmp(s, "more", 4) && !(b->frag & MORE)) {
			b->frag |= MORE;
		} else if (len == 2 && !memcmp(s, "df", 2) && !(b->frag & DONT)) {
			if (b->family == 6)
				return bad(e, b, KEY_FRAG, "IPv6 has no df");
			b->frag |= DONT;
		} else if (!offset && number(s, len, MAX_OFFSET, &v)) {
			b->frag |= (uint16_t)v;
			offset = true;
		} else {
			return bad(e, b, KEY_FRAG,
				   "not a list of `more`, `df` and an offset in units of 8 bytes (0 to 8191)");
		}
		if (!s[len])
			return 0;
	}
}

static int read_flags(const struct build *b, uint8_t *out, struct err *e)
{
	const char *s = b->value[KEY_FLAGS];
	unsigned long v;

	*out = 0;
	if (!s || !*s)
		return 0;
	if (number(s, strlen(s), 255, &v)) {
		*out = (uint8_t)v;
		return 0;
	}
	for (size_t len;; s += len + 1) {
		char word[8] = "";
		uint32_t flag;

		len = strcspn(s, ",|");
		memcpy(word, s, len < sizeof(word) ? len : sizeof(word) - 1);
		if (!names_number(NAMES_TCP_FLAG, word, &flag))
			return bad(e, b, KEY_FLAGS,
				   "not a list of fin, syn, rst, psh, ack, urg, ecn, cwr, nor a number up to 255");
		*out |= (uint8_t)flag;
		if (!s[len])
			return 0;
	}
}

static int read_port(const struct build *b, enum key k, uint8_t *out, struct err *e)
{
	unsigned long v = 0;
	uint16_t port;

	if (b->value[k] && !value_number(b, k, 65535, &v)) {
		if (!names_service(b->value[k], &port))
			return bad(e, b, k, "not a port: 0 to 65535, or a service's name");
		v = port;
	}
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return 0;
}

static int read_icmp(const struct build *b, uint8_t *out, struct err *e)
{
	bool v6 = b->proto == IPPROTO_ICMPV6;
	unsigned long v;
	uint32_t word;

	/* Echo request, which carries least meaning. */
	out[0] = v6 ? 128 : 8;
	out[1] = 0;
	if (b->value[KEY_TYPE]) {
		if (value_number(b, KEY_TYPE, 255, &v))
			out[0] = (uint8_t)v;
		else if (names_number(v6 ? NAMES_ICMPV6_TYPE : NAMES_ICMP_TYPE,
				      b->value[KEY_TYPE], &word))
			out[0] = (uint8_t)word;
		else
			return bad(e, b, KEY_TYPE,
				   "not a type: 0 to 255, or a name as `nft describe icmp type` and `icmpv6 type` list them");
	}
	if (b->value[KEY_CODE]) {
		if (value_number(b, KEY_CODE, 255, &v))
			out[1] = (uint8_t)v;
		else if (names_number(v6 ? NAMES_ICMPV6_CODE : NAMES_ICMP_CODE,
				      b->value[KEY_CODE], &word))
			out[1] = (uint8_t)word;
		else
			return bad(e, b, KEY_CODE,
				   "not a code: 0 to 255, or a name as `nft describe icmp code` and `icmpv6 code` list them");
	}
	return 0;
}

/* By its destination, unless it is given: what the device would have said. */
static int read_type(const struct build *b, enum packet_type *out, struct err *e)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };
	bool v4 = b->family == 4;
	uint32_t word;

	*out = PACKET_TO_HOST;
	if (b->value[KEY_PKTTYPE]) {
		if (!names_number(NAMES_PKTTYPE, b->value[KEY_PKTTYPE], &word))
			return bad(e, b, KEY_PKTTYPE,
				   "not host, unicast, broadcast, multicast or other");
		*out = (enum packet_type)word;
	} else if (v4 && !memcmp(b->daddr, all, 4)) {
		*out = PACKET_TO_ALL;
	} else if (v4 ? b->daddr[0] >> 4 == 14 : b->daddr[0] == 255) {
		*out = PACKET_TO_GROUP;
	}
	return 0;
}

/* ---- bytes ---- */

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

/* Keys of one protocol's header with another protocol are a slip, not a wish. */
static int check_keys(const struct build *b, struct err *e)
{
	bool icmp = b->proto == IPPROTO_ICMP || b->proto == IPPROTO_ICMPV6;

	for (unsigned int k = KEY_SPORT; k <= KEY_DPORT; k++)
		if (b->value[k] && !has_ports(b->proto))
			return bad(e, b, k,
				   "has no place: only tcp, udp, udplite, sctp and dccp have ports");
	if (b->value[KEY_FLAGS] && b->proto != IPPROTO_TCP)
		return bad(e, b, KEY_FLAGS, "has no place: only tcp has flags");
	for (unsigned int k = KEY_TYPE; k <= KEY_CODE; k++)
		if (b->value[k] && !icmp)
			return bad(e, b, k, "has no place: only icmp and icmpv6 have types");
	return 0;
}

/* Writes the transport header at @p; *size: its length, or negative. */
static int put_transport(const struct build *b, uint8_t *p, uint32_t *size, struct err *e)
{
	int ret;

	switch (b->proto) {
	case IPPROTO_TCP:
		*size = 20;
		p[12] = 5 << 4;
		ret = read_flags(b, &p[13], e);
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		*size = 8;
		p[5] = 8;
		ret = 0;
		break;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		*size = 12;
		ret = 0;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		*size = 8;
		return read_icmp(b, p, e);
	case IPPROTO_AH:
		*size = 12;
		p[0] = IPPROTO_NONE;
		p[1] = 1;	/* length in words, less 2 */
		return 0;
	case IPPROTO_NONE:
		*size = 0;
		return 0;
	default:
		*size = 8;
		return 0;
	}
	if (!ret)
		ret = read_port(b, KEY_SPORT, p, e);
	if (!ret)
		ret = read_port(b, KEY_DPORT, p + 2, e);
	return ret;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_ipv4(const struct build *b, uint8_t *p, uint32_t length, uint8_t dscp, uint8_t ttl)
{
	p[0] = 4 << 4 | 5;
	p[1] = (uint8_t)(dscp << 2);
	put16(p + 2, length);
	put16(p + 4, 1);
	put16(p + 6, b->frag);
	p[8] = ttl;
	p[9] = b->proto;
	memcpy(p + 12, b->saddr, 4);
	memcpy(p + 16, b->daddr, 4);
}

static void put_ipv6(const struct build *b, uint8_t *p, uint32_t length, uint8_t dscp, uint8_t ttl)
{
	p[0] = (uint8_t)(6 << 4 | dscp >> 2);
	p[1] = (uint8_t)(dscp << 6);
	put16(p + 4, length - 40);
	p[6] = b->fragment ? IPPROTO_FRAGMENT : b->proto;
	p[7] = ttl;
	memcpy(p + 8, b->saddr, 16);
	memcpy(p + 24, b->daddr, 16);
	if (!b->fragment)
		return;
	p[40] = b->proto;
	put16(p + 42, (b->frag & MAX_OFFSET) << 3 | (b->frag & MORE ? 1 : 0));
	put16(p + 46, 1);	/* its identification */
}

static int read_dscp(const struct build *b, uint8_t *out, struct err *e)
{
	unsigned long v = 0;
	uint32_t word;

	*out = 0;
	if (!b->value[KEY_DSCP])
		return 0;
	if (names_number(NAMES_DSCP, b->value[KEY_DSCP], &word))
		*out = (uint8_t)word;
	else if (value_number(b, KEY_DSCP, 63, &v))
		*out = (uint8_t)v;
	else
		return bad(e, b, KEY_DSCP, "not 0 to 63, nor a name such as cs1, af21, ef");
	return 0;
}

/* Of the whole packet, and by default what the headers need. */
static int read_length(const struct build *b, uint32_t header, uint32_t transport, uint32_t *out,
		       struct err *e)
{
	uint32_t most = b->family == 4 ? 65535 : PACKET_MAX;
	unsigned long v;
	char why[80];

	*out = header + transport;
	if (!b->value[KEY_LENGTH])
		return 0;
	if (!value_number(b, KEY_LENGTH, most, &v) || v < header) {
		snprintf(why, sizeof(why),
			 "not the length of such a packet in bytes: %u (its IP header) to %u",
			 header, most);
		return bad(e, b, KEY_LENGTH, why);
	}
	*out = (uint32_t)v;
	return 0;
}

int packet_build(char *const *argv, size_t n, uint8_t *buf, struct packet *out, struct err *e)
{
	uint32_t header, transport, length;
	struct build b = { .family = 0 };
	enum packet_type type;
	unsigned long ttl = 64;
	uint8_t dscp;
	int ret;

	memset(buf, 0, PACKET_MAX);
	ret = split(&b, argv, n, e);
	if (!ret)
		ret = read_family(&b, e);
	if (!ret)
		ret = check_keys(&b, e);
	if (!ret)
		ret = read_frag(&b, e);
	if (!ret)
		ret = read_type(&b, &type, e);
	if (!ret)
		ret = read_dscp(&b, &dscp, e);
	if (ret)
		return ret;
	if (b.value[KEY_TTL] && !value_number(&b, KEY_TTL, 255, &ttl))
		return bad(e, &b, KEY_TTL, "not 0 to 255");
	header = b.family == 4 ? 20 : b.fragment ? 48 : 40;
	ret = put_transport(&b, buf + header, &transport, e);
	if (!ret)
		ret = read_length(&b, header, transport, &length, e);
	if (ret)
		return ret;
	if (b.family == 4)
		put_ipv4(&b, buf, length, dscp, (uint8_t)ttl);
	else
		put_ipv6(&b, buf, length, dscp, (uint8_t)ttl);
	*out = (struct packet){
		.data = buf, .caplen = length, .length = length, .family = b.family, .type = type,
	};
	return 0;
}
