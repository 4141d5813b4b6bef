// SPDX-License-Identifier: GPL-2.0-or-later
/* packet: see packet.h. */
#include "packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTO_UDPLITE	136
#define PROTO_MOBILITY	135

/* What a line says, before it is bytes. */
struct spec {
	int proto;
	uint8_t saddr[16], daddr[16];
	bool has_saddr, has_daddr;
	unsigned int ttl, dscp, ecn, id, flow;
	unsigned int frag, mf, df, opts;
	char ext[96];
	unsigned int sport, dport, flags, type, code, len, badsum;
	bool has_cut;
	unsigned int cut;
};

static bool fail(char *err, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool fail(char *err, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, size, fmt, ap);
	va_end(ap);
	return false;
}

static const struct {
	const char *name;
	int proto;
} protos[] = {
	{ "tcp", IPPROTO_TCP },	  { "udp", IPPROTO_UDP },	{ "udplite", PROTO_UDPLITE },
	{ "sctp", IPPROTO_SCTP }, { "icmp", IPPROTO_ICMP },	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "ah", IPPROTO_AH },	  { "esp", IPPROTO_ESP },	{ "none", IPPROTO_NONE },
};

static const char *const flag_names[] = { "fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr" };

static bool number(const char *text, unsigned int max, unsigned int *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (!*text || *end || n > max)
		return false;
	*out = (unsigned int)n;
	return true;
}

static bool read_proto(const char *text, int *proto)
{
	unsigned int n;

	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++) {
		if (!strcmp(text, protos[i].name)) {
			*proto = protos[i].proto;
			return true;
		}
	}
	if (!number(text, 255, &n))
		return false;
	*proto = (int)n;
	return true;
}

static bool read_flags(char *text, unsigned int *flags)
{
	char *save = NULL, *word;

	if (number(text, 255, flags))
		return true;
	*flags = 0;
	if (!strcmp(text, "none"))
		return true;
	for (word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		size_t i;

		for (i = 0; i < 8 && strcmp(word, flag_names[i]); i++)
			;
		if (i == 8)
			return false;
		*flags |= 1u << i;
	}
	return true;
}

/* An address; the family is that of the first one. */
static bool read_address(struct packet *p, struct spec *s, const char *text, bool source)
{
	uint8_t *to = source ? s->saddr : s->daddr;
	bool is6 = strchr(text, ':');

	if ((s->has_saddr || s->has_daddr) && is6 != p->is6)
		return false;
	p->is6 = is6;
	*(source ? &s->has_saddr : &s->has_daddr) = true;
	return inet_pton(is6 ? AF_INET6 : AF_INET, text, to) == 1;
}

static bool read_word(struct packet *p, struct spec *s, const char *key, char *value)
{
	const struct {
		const char *key;
		unsigned int max, *to;
	} numbers[] = {
		{ "ttl", 255, &s->ttl },	{ "dscp", 63, &s->dscp },
		{ "ecn", 3, &s->ecn },		{ "id", 65535, &s->id },
		{ "flow", 0xfffff, &s->flow },	{ "frag", 8191, &s->frag },
		{ "mf", 1, &s->mf },		{ "df", 1, &s->df },
		{ "opts", 40, &s->opts },	{ "sport", 65535, &s->sport },
		{ "dport", 65535, &s->dport },	{ "type", 255, &s->type },
		{ "code", 255, &s->code },	{ "len", 1500, &s->len },
		{ "badsum", 1, &s->badsum },	{ "cut", 1500, &s->cut },
		{ "mark", UINT32_MAX, &p->mark },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(key, numbers[i].key))
			continue;
		if (!strcmp(key, "cut"))
			s->has_cut = true;
		return number(value, numbers[i].max, numbers[i].to);
	}
	if (!strcmp(key, "saddr") || !strcmp(key, "daddr"))
		return read_address(p, s, value, key[0] == 's');
	if (!strcmp(key, "flags"))
		return read_flags(value, &s->flags);
	if (!strcmp(key, "ext"))
		return snprintf(s->ext, sizeof(s->ext), "%s", value) < (int)sizeof(s->ext);
	if (!strcmp(key, "dev")) {
		p->dev = !strcmp(value, "wan0");
		return p->dev || !strcmp(value, "eth0");
	}
	if (!strcmp(key, "cast")) {
		p->cast = !strcmp(value, "broadcast") ? PACKET_BROADCAST_CAST :
			  !strcmp(value, "multicast") ? PACKET_MULTICAST_CAST :
							PACKET_HOST_CAST;
		return p->cast || !strcmp(value, "host");
	}
	return false;
}

/* Addresses that were not given: the peer, and what WHERE leads to. */
static void default_addresses(const struct packet *p, struct spec *s)
{
	int family = p->is6 ? AF_INET6 : AF_INET;
	const char *source = p->is6 ? "fd09::9" : "10.9.0.9";
	const char *dest = p->is6 ? "fd09::1" : "10.9.0.1";

	if (p->where == PACKET_OUT) {
		source = p->is6 ? "fd09:1::1" : "10.9.1.1";
		dest = p->is6 ? "fd09:1::9" : "10.9.1.9";
	} else if (p->where == PACKET_FWD) {
		dest = p->is6 ? "fd09:1::9" : "10.9.1.9";
	} else if (p->dev) {
		source = p->is6 ? "fd09:1::9" : "10.9.1.9";
	}
	if (!s->has_saddr)
		inet_pton(family, source, s->saddr);
	if (!s->has_daddr)
		inet_pton(family, dest, s->daddr);
}

/* ---- bytes ---- */

static void put16(uint8_t *at, unsigned int v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

static uint32_t sum16(const uint8_t *at, size_t len, uint32_t sum)
{
	for (; len > 1; len -= 2, at += 2)
		sum += (uint32_t)(at[0] << 8 | at[1]);
	return len ? sum + (uint32_t)(at[0] << 8) : sum;
}

static unsigned int fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* CRC-32C, as SCTP has it. */
static uint32_t crc32c(const uint8_t *at, size_t len)
{
	uint32_t crc = ~0u;

	while (len--) {
		crc ^= *at++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

/* The transport header and its payload at @at; returns its length. */
static size_t put_transport(const struct packet *p, const struct spec *s, uint8_t *at)
{
	size_t len, sum_at = 0, alen = p->is6 ? 16 : 4;
	uint32_t sum, crc;

	switch (s->proto) {
	case IPPROTO_TCP:
		len = 20;
		put32(at + 4, 0x01020304);
		put32(at + 8, s->flags & 0x10 ? 0x0a0b0c0d : 0);
		at[12] = 5 << 4;
		at[13] = (uint8_t)s->flags;
		put16(at + 14, 1024);
		sum_at = 16;
		break;
	case IPPROTO_UDP:
	case PROTO_UDPLITE:
		len = 8;
		put16(at + 4, s->proto == IPPROTO_UDP ? 8 + s->len : 0);
		sum_at = 6;
		break;
	case IPPROTO_SCTP:
		len = 12 + 20;
		put32(at + 4, 0);
		at[12] = 1;		/* INIT */
		at[15] = 20;
		put32(at + 16, 0x01020304);
		put32(at + 20, 65536);
		put16(at + 24, 1);
		put16(at + 26, 1);
		put32(at + 28, 0x01020304);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		len = 8;
		put16(at + 4, s->id);
		sum_at = 2;
		break;
	case IPPROTO_ESP:
		len = 8;
		put32(at, 0x1001);
		put32(at + 4, 1);
		break;
	default:
		len = 0;
	}
	for (size_t i = 0; i < s->len; i++)
		at[len + i] = (uint8_t)(0x30 + i % 10);
	if (s->proto == IPPROTO_ICMP || s->proto == IPPROTO_ICMPV6) {
		at[0] = (uint8_t)s->type;
		at[1] = (uint8_t)s->code;
	} else if (len && s->proto != IPPROTO_ESP) {
		put16(at, s->sport);
		put16(at + 2, s->dport);
	}
	len += s->len;
	if (s->proto == IPPROTO_SCTP) {
		crc = crc32c(at, len) ^ s->badsum;
		for (int i = 0; i < 4; i++)
			at[8 + i] = (uint8_t)(crc >> 8 * i);
	} else if (sum_at) {
		sum = 0;
		if (s->proto != IPPROTO_ICMP)
			sum = sum16(s->saddr, alen, sum16(s->daddr, alen, 0)) +
			      (uint32_t)s->proto + (uint32_t)len;
		put16(at + sum_at, fold(sum16(at, len, sum)) ^ s->badsum);
	}
	return len;
}

/*
 * One header between IP and the transport; *next is where its type goes, and
 * becomes where the next one's type goes. Returns its length, 0 if @word is not
 * known.
 */
static size_t put_extension(const struct spec *s, const char *word, uint8_t *at, uint8_t **next)
{
	char name[16] = "";
	unsigned int a = 0, b = 0;
	size_t len;
	int type;

	if (sscanf(word, "%15[a-z]:%u:%u", name, &a, &b) < 1)
		return 0;
	if (!strcmp(name, "hop") || !strcmp(name, "dst") || !strcmp(name, "rt")) {
		type = name[0] == 'h' ? IPPROTO_HOPOPTS : name[0] == 'd' ? IPPROTO_DSTOPTS :
									   IPPROTO_ROUTING;
		/* A length of more than the packet is a lie that costs no bytes. */
		len = a > 32 ? 8 : 8 + 8 * a;
		memset(at, 0, len);
		at[1] = (uint8_t)a;
		if (type != IPPROTO_ROUTING) {
			at[2] = 1;	/* PadN */
			at[3] = (uint8_t)(len - 4);
		} else {
			at[2] = 253;	/* a type for experiments, no segments left */
		}
	} else if (!strcmp(name, "frag")) {
		type = IPPROTO_FRAGMENT;
		len = 8;
		memset(at, 0, len);
		put16(at + 2, a << 3 | (b & 1));
		put32(at + 4, s->id);
	} else if (!strcmp(name, "ah")) {
		type = IPPROTO_AH;
		len = 24;
		memset(at, 0, len);
		at[1] = 4;
		put32(at + 4, 0x1001);
		put32(at + 8, 1);
	} else if (!strcmp(name, "mob")) {
		type = PROTO_MOBILITY;
		len = 8;
		memset(at, 0, len);
	} else if (!strcmp(name, "none")) {
		type = IPPROTO_NONE;
		len = 8;
		memset(at, 0, len);
	} else {
		return 0;
	}
	**next = (uint8_t)type;
	*next = at;
	return len;
}

static bool build(struct packet *p, struct spec *s, char *err, size_t size)
{
	size_t fixed = p->is6 ? 40 : 20 + s->opts, at = fixed, n;
	uint8_t *ip = p->bytes, *next = p->is6 ? ip + 6 : ip + 9;
	char *save = NULL, *word;

	if (s->opts % 4)
		return fail(err, size, "opts: not a multiple of 4");
	for (word = strtok_r(s->ext, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (!p->is6 && strcmp(word, "ah"))
			return fail(err, size, "ext: \"%s\" is not of IPv4", word);
		n = put_extension(s, word, ip + at, &next);
		if (!n)
			return fail(err, size, "ext: \"%s\" is not known", word);
		at += n;
	}
	if (s->proto == IPPROTO_AH) {
		at += put_extension(s, "ah", ip + at, &next);
		s->proto = IPPROTO_NONE;
	}
	*next = (uint8_t)s->proto;
	at += put_transport(p, s, ip + at);
	p->len = s->has_cut && fixed + s->cut < at ? fixed + s->cut : at;

	if (p->is6) {
		put32(ip, 6u << 28 | (s->dscp << 2 | s->ecn) << 20 | s->flow);
		put16(ip + 4, (unsigned int)(p->len - 40));
		ip[7] = (uint8_t)s->ttl;
		memcpy(ip + 8, s->saddr, 16);
		memcpy(ip + 24, s->daddr, 16);
		return true;
	}
	ip[0] = (uint8_t)(4 << 4 | (5 + s->opts / 4));
	ip[1] = (uint8_t)(s->dscp << 2 | s->ecn);
	put16(ip + 2, (unsigned int)p->len);
	put16(ip + 4, s->id);
	put16(ip + 6, s->frag | s->mf << 13 | s->df << 14);
	ip[8] = (uint8_t)s->ttl;
	memcpy(ip + 12, s->saddr, 4);
	memcpy(ip + 16, s->daddr, 4);
	memset(ip + 20, 1, s->opts);	/* no operation */
	put16(ip + 10, 0);
	put16(ip + 10, fold(sum16(ip, 20 + s->opts, 0)));
	return true;
}

bool packet_parse(struct packet *p, const char *line, char *err, size_t size)
{
	struct spec s = {
		.ttl = 64, .id = 0x1234, .sport = 4000, .dport = 80, .flags = 2, .len = 4,
		.type = 8,
	};
	char copy[256], *save = NULL, *word, *value;

	memset(p, 0, sizeof(*p));
	if (snprintf(p->text, sizeof(p->text), "%s", line) >= (int)sizeof(p->text))
		return fail(err, size, "the line is too long");
	strcpy(copy, p->text);

	word = strtok_r(copy, " \t\n", &save);
	if (!word || (strcmp(word, "in") && strcmp(word, "fwd") && strcmp(word, "out")))
		return fail(err, size, "a packet begins with in, fwd or out");
	p->where = word[0] == 'i' ? PACKET_IN : word[0] == 'f' ? PACKET_FWD : PACKET_OUT;
	word = strtok_r(NULL, " \t\n", &save);
	if (!word || !read_proto(word, &s.proto))
		return fail(err, size, "\"%s\" is not a protocol", word ? word : "");
	if (s.proto == IPPROTO_ICMPV6) {
		p->is6 = true;
		s.type = 128;
	}
	while ((word = strtok_r(NULL, " \t\n", &save))) {
		if (!strcmp(word, "6")) {	/* IPv6 with the default addresses */
			p->is6 = true;
			continue;
		}
		value = strchr(word, '=');
		if (!value)
			return fail(err, size, "\"%s\" is not KEY=VALUE", word);
		*value++ = '\0';
		if (!read_word(p, &s, word, value))
			return fail(err, size, "%s: \"%s\" is not known or not right", word, value);
	}
	default_addresses(p, &s);
	return build(p, &s, err, size);
}
