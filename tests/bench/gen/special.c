// SPDX-License-Identifier: GPL-2.0-or-later
/* special: see set.h. */
#include <stdlib.h>
#include <string.h>

#include "set.h"

static struct bits four(uint32_t a)
{
	return (struct bits){ (uint64_t)a << 32, 0 };
}

/* Any address of a host. */
static uint32_t any_four(struct rng *r)
{
	uint32_t first = 1 + rng_below(r, 222);

	return first << 24 | rng_below(r, 1 << 24);
}

static void packet(FILE *out, bool six, struct bits src, struct bits dst, uint8_t proto,
		   uint16_t dport, const char *state)
{
	const struct packet p = { src, dst, 40000, dport, proto };

	write_packet(out, &p, six, state, "eth0");
}

/* ---- a container: conntrack first, then what may come in ---- */

/* Some services, one for each rule; who may ask lies in networks of a site. */
static void container(uint32_t n, bool six, struct rng *r, uint32_t packets, FILE *nft, FILE *out)
{
	static const struct spread site = { 20, 500, { 10, 20, 40, 30 }, 2 };
	static const uint16_t service[] = { 22, 80, 443, 5432, 6379, 8080, 9090, 9100, 3306, 53 };
	enum { BANNED = 1000 };
	const char *ip = six ? "ip6" : "ip", *icmp = six ? "icmpv6" : "icmp";
	struct net banned[BANNED], client[256];
	uint16_t dport[256];
	struct pool pool;
	uint32_t i, at;

	n = n < 256 ? n : 256;
	pool_make(&pool, r, &site, n);
	fprintf(nft, "table inet bench {\n\tset banned {\n\t\ttype %s\n\t\tflags interval\n"
		"\t\tauto-merge\n\t\telements = {\n", six ? "ipv6_addr" : "ipv4_addr");
	for (i = 0; i < BANNED; i++) {
		at = any_four(r);
		banned[i] = pool_net(at, rng_percent(r, 70) ? 24 : 32, six);
		fputs("\t\t\t", nft);
		write_address(nft, banned[i].at, six);
		fprintf(nft, "/%u,\n", banned[i].len);
	}
	fprintf(nft, "\t\t}\n\t}\n\tchain input {\n"
		"\t\ttype filter hook input priority filter; policy drop;\n"
		"\t\tiifname \"lo\" accept\n\t\tct state established,related accept\n"
		"\t\tct state invalid counter drop\n\t\t%s saddr @banned counter drop\n"
		"\t\t%s type %s accept\n", ip, icmp,
		six ? "{ nd-neighbor-solicit, nd-neighbor-advert, echo-request }" :
		      "{ destination-unreachable, echo-request }");
	for (i = 0; i < n; i++) {
		dport[i] = i < 10 ? service[i] : 1024 + rng_below(r, 40000);
		at = pool_draw(&pool, r);
		client[i] = pool_net(at, rng_percent(r, 70) ? 24 : 32, six);
		fprintf(nft, "\t\t%s saddr ", ip);
		write_address(nft, client[i].at, six);
		fprintf(nft, "/%u tcp dport %u ct state new counter accept\n", client[i].len,
			dport[i]);
	}
	fputs("\t}\n}\n", nft);
	for (i = 0; i < packets; i++) {
		struct bits me = pool_net(0x0a000001, 32, six).at;
		struct bits any = pool_net(any_four(r), 32, six).at;
		uint32_t which = rng_below(r, 100), port = rng_below(r, 65536);

		at = rng_below(r, n);
		if (which < 60)
			packet(out, six, client[at].at, me, TCP, dport[at], "established");
		else if (which < 85)
			packet(out, six, client[at].at, me, TCP, dport[at], "new");
		else if (which < 90)
			packet(out, six, banned[at].at, me, TCP, dport[at], "new");
		else
			packet(out, six, any, me, port & 1 ? TCP : UDP, (uint16_t)port, "new");
	}
	pool_free(&pool);
}

/* ---- what an index cannot tell by itself ---- */

/* Flags, lengths, odd masks, limits; marks, logs and counters on the way; a jump. */
static void rest_rule(FILE *nft, const char *ip, const struct net *client, bool six,
		      unsigned int how, uint16_t dport)
{
	fputs("\t\t", nft);
	if (how == 2) {
		fprintf(nft, "%s saddr & %s == ", ip, six ? "::ffff" : "0.0.255.0");
		write_address(nft, six ? (struct bits){ 0, client->at.lo & 0xffff } :
				       four((uint32_t)(client->at.hi >> 32) & 0xff00), six);
	} else {
		fprintf(nft, "%s saddr ", ip);
		write_address(nft, client->at, six);
		fprintf(nft, "/%u", client->len);
	}
	switch (how) {
	case 0:
		fprintf(nft, " tcp dport %u tcp flags syn / syn,ack counter accept\n", dport);
		break;
	case 1:
		fprintf(nft, " udp dport %u meta length > 1000 drop\n", dport);
		break;
	case 2:
		fprintf(nft, " tcp dport %u accept\n", dport);
		break;
	case 3:
		fprintf(nft, " tcp dport %u jump marked\n", dport);
		break;
	case 4:
		fprintf(nft, " meta mark 1 tcp dport != %u accept\n", dport);
		break;
	default:
		fprintf(nft, " udp dport %u limit rate 10/second log accept\n", dport);
	}
}

static void rest(uint32_t n, bool six, struct rng *r, uint32_t packets, FILE *nft, FILE *out)
{
	static const struct spread site = { 20, 200, { 10, 20, 40, 30 }, 2 };
	const char *ip = six ? "ip6" : "ip";
	struct net client[256];
	uint16_t dport[256];
	struct pool pool;
	uint32_t i, at;

	n = n < 256 ? n : 256;
	pool_make(&pool, r, &site, n);
	fprintf(nft, "table inet bench {\n\tchain marked {\n\t\tmeta mark set 1\n"
		"\t\ttcp sport < 1024 drop\n\t}\n\tchain input {\n"
		"\t\ttype filter hook input priority filter; policy drop;\n"
		"\t\tct state invalid counter drop\n\t\tmeta pkttype != unicast drop\n");
	for (i = 0; i < n; i++) {
		client[i] = pool_net(pool_draw(&pool, r), rng_percent(r, 70) ? 24 : 32, six);
		dport[i] = 1 + rng_below(r, 9999);
		rest_rule(nft, ip, &client[i], six, i % 6, dport[i]);
	}
	fputs("\t}\n}\n", nft);
	for (i = 0; i < packets; i++) {
		struct bits me = pool_net(0x0a000001, 32, six).at;
		uint32_t which = rng_below(r, 100);

		at = rng_below(r, n);
		if (which < 80)
			packet(out, six, client[at].at, me, at % 6 == 1 || at % 6 == 5 ? UDP : TCP,
			       dport[at], "new");
		else if (which < 90)
			packet(out, six, client[at].at, me, six ? ICMPV6 : ICMP, 0, "new");
		else
			packet(out, six, pool_net(any_four(r), 32, six).at, me, TCP, 80, "new");
	}
	pool_free(&pool);
}

/* ---- one set of very many addresses ---- */

#define FULL	0x0a630000u	/* 10.99.0.0/16 */

/* IPv6: some 16 hosts in each /64. */
static struct bits host(struct rng *r, uint32_t n, bool six)
{
	uint64_t low;

	if (!six)
		return four(any_four(r));
	low = rng_next(r);
	return (struct bits){ 0x20010db800000000ULL | rng_below(r, n / 16 + 1) * 0x9e3779b1u,
			      low };
}

static void many(uint32_t n, bool six, bool full, struct rng *r, uint32_t packets, FILE *nft,
		 FILE *out)
{
	struct bits *sample = must_alloc(packets, sizeof(*sample));
	uint32_t i, from = full ? 65536 : 0;
	struct bits a;

	fprintf(nft, "table inet bench {\n\tset many {\n\t\ttype %s\n\t\telements = {\n",
		six ? "ipv6_addr" : "ipv4_addr");
	for (i = 0; i < n; i++) {
		a = i < from ? four(FULL | i) : host(r, n, six);
		if (packets && i % (n / packets + 1) == 0)
			sample[i / (n / packets + 1)] = a;
		write_address(nft, a, six);
		fputs(",\n", nft);
	}
	fprintf(nft, "\t\t}\n\t}\n\tchain input {\n"
		"\t\ttype filter hook input priority filter; policy accept;\n"
		"\t\t%s saddr @many drop\n\t}\n}\n", six ? "ip6" : "ip");
	/* Half in it (and with a full /16, some beside it), half anywhere. */
	for (i = 0; i < packets; i++) {
		a = sample[i];
		if (i % 2 || !a.hi)
			a = full && i % 4 == 1 ? four(FULL ^ (1u << rng_below(r, 24))) :
						 host(r, n, six);
		packet(out, six, a, pool_net(0x0a000001, 32, six).at, TCP, 80, "new");
	}
	free(sample);
}

bool special_write(const char *kind, uint32_t n, bool six, uint64_t seed, uint32_t packets,
		   FILE *nft, FILE *out)
{
	struct rng r = { seed };

	if (!strcmp(kind, "container"))
		container(n, six, &r, packets, nft, out);
	else if (!strcmp(kind, "rest"))
		rest(n, six, &r, packets, nft, out);
	else if (!strcmp(kind, "many") || !strcmp(kind, "many16"))
		many(n, six, kind[4], &r, packets, nft, out);
	else
		return false;
	return true;
}
