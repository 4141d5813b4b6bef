/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_explain: the pieces of nsfence explain: where its packets come from.
 *
 *   KEY=VALUE ... --cmd_explain_packet--+
 *                                       +--> struct packet --> explain.c --> a line
 *   capture --cmd_explain_capture--cmd_explain_link
 */
#ifndef NSF_CMD_EXPLAIN_H
#define NSF_CMD_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define PACKET_MAX	(40 + 65535)	/* an IPv6 header and the longest payload */

/* Of struct packet and NSF_FIELD_PKTTYPE: the kernel's PACKET_*. */
enum packet_type {
	PACKET_TO_HOST,
	PACKET_TO_ALL,
	PACKET_TO_GROUP,
	PACKET_TO_OTHER,
};

/* One packet from its network header on. */
struct packet {
	const uint8_t *data;
	uint32_t caplen;	/* bytes at @data */
	uint32_t length;	/* of the packet; a capture may have cut it */
	unsigned int family;	/* 4, 6; 0: it is not IP */
	enum packet_type type;
	uint64_t time;		/* ns; 0 of one that was built */
	bool gone;		/* IP, but too broken: it comes to no hook */
	const char *note;	/* static: what is odd about it, or NULL */
};

/*
 * Builds the packet that @argv says into @buf (PACKET_MAX bytes). Sums are left 0:
 * no rule asks for them. -EINVAL with the argument named in @e.
 */
int packet_build(char *const *argv, size_t n, uint8_t *buf, struct packet *out, struct err *e);

/*
 * Strips the link layer of a frame of link type @dlt (libpcap's DLT_*), and what
 * lies behind the IP packet. -EOPNOTSUPP: no such link type is known.
 */
int link_decode(int dlt, const uint8_t *frame, uint32_t caplen, uint32_t length,
		struct packet *out);

struct capture;

/* -ENOENT, -EINVAL (no capture), -EOPNOTSUPP (its link type) ... with @e filled. */
int capture_open(const char *path, struct capture **out, struct err *e);
/* 1: a packet, valid until the next call; 0: the end; negative with @e: it is damaged. */
int capture_next(struct capture *c, struct packet *out, struct err *e);
void capture_close(struct capture *c);

#endif /* NSF_CMD_EXPLAIN_H */
