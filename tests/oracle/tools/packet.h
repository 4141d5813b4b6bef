/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet: from a line of text to the bytes of one packet.
 *
 *	WHERE PROTO [KEY=VALUE...]
 *
 * WHERE: in (by eth0, to this namespace), fwd (by eth0, through it), out (from a
 * raw socket). PROTO: tcp udp udplite sctp icmp icmpv6 ah esp none, or a number.
 *
 *	6		IPv6 with the default addresses: the peer, and us or what is behind
 *	saddr daddr	addresses, both of one family
 *	dev=NAME	eth0 or wan0: where `in` and `fwd` come in
 *	cast=KIND	host, broadcast, multicast: the frame's address
 *	mark=N		in, fwd: one of those in observer.c; out: any
 *	ttl dscp ecn id flow	of the IP header (ttl is the hop limit, too)
 *	frag=OFF mf df	IPv4 fragment: OFF in units of 8 bytes, mf=1, df=1
 *	opts=N		IPv4: bytes of options, a multiple of 4
 *	ext=A,B,...	IPv6: hop dst rt frag:OFF:M ah mob none; LEN after a colon for
 *			hop, dst, rt (units of 8 bytes after the first 8); hop:255 lies.
 *			IPv4: ah
 *	sport dport	ports
 *	flags=A,B	fin syn rst psh ack urg ecn cwr, none, or a number: byte 13
 *	type code	of ICMP
 *	len=N		bytes of payload (4)
 *	cut=N		the packet ends N bytes after its fixed IP header; lengths say so
 *	badsum=1	a wrong transport checksum
 */
#ifndef ORACLE_PACKET_H
#define ORACLE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 2048

enum packet_where { PACKET_IN, PACKET_FWD, PACKET_OUT };
enum packet_cast { PACKET_HOST_CAST, PACKET_BROADCAST_CAST, PACKET_MULTICAST_CAST };

struct packet {
	enum packet_where where;
	enum packet_cast cast;
	unsigned int dev;	/* 0: eth0, 1: wan0 */
	bool is6;
	uint32_t mark;
	size_t len;
	uint8_t bytes[PACKET_MAX];
	char text[256];		/* the line */
};

/* Fills @p from @line; false with a message in @err. */
bool packet_parse(struct packet *p, const char *line, char *err, size_t size);

#endif /* ORACLE_PACKET_H */
