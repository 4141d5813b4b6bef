// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_explain_link: from a captured frame to the IP packet in it. Pure; the bytes
 * are anybody's, so nothing is read before its length is known.
 *
 * What the kernel does before its hooks is done here as well: VLAN tags are taken
 * off, and what lies behind the packet's own length (padding of Ethernet); and
 * what it would throw away before any hook is `gone`.
 */
#include <errno.h>
#include <pcap/dlt.h>
#include <stddef.h>

#include "cmd_explain.h"

#define TYPE_IPV4	0x0800
#define TYPE_VLAN	0x8100
#define TYPE_QINQ	0x88a8
#define TYPE_QINQ_OLD	0x9100
#define TYPE_IPV6	0x86dd

#define NOT_IP		"not IP: it meets no fence"

struct frame {
	const uint8_t *data;
	uint32_t caplen, length;
};

static unsigned int read16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Takes @n bytes off the front; false where the frame has not got them. */
static bool skip(struct frame *f, uint32_t n)
{
	if (f->caplen < n)
		return false;
	f->data += n;
	f->caplen -= n;
	f->length -= n;
	return true;
}

/* The family that an Ethernet type says, behind any tags; 0: not IP, or cut. */
static unsigned int ether_family(struct frame *f, unsigned int type)
{
	while (type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) {
		if (f->caplen < 4)
			return 0;
		type = read16(f->data + 2);
		skip(f, 4);
	}
	return type == TYPE_IPV4 ? 4 : type == TYPE_IPV6 ? 6 : 0;
}

static unsigned int ethernet(struct frame *f, enum packet_type *to)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	unsigned int type;
	bool broadcast = true;

	if (f->caplen < 14)
		return 0;
	for (size_t i = 0; i < sizeof(all); i++)
		broadcast = broadcast && f->data[i] == all[i];
	if (broadcast)
		*to = PACKET_TO_ALL;
	else if (f->data[0] & 1)
		*to = PACKET_TO_GROUP;
	type = read16(f->data + 12);
	skip(f, 14);
	return ether_family(f, type);
}

/* Linux's own: who it was for is the kernel's word, 4 and above were outgoing. */
static unsigned int cooked(struct frame *f, enum packet_type *to, uint32_t header,
			   uint32_t to_at, uint32_t to_size, uint32_t type_at)
{
	unsigned int type, who;

	if (f->caplen < header)
		return 0;
	who = to_size == 2 ? read16(f->data + to_at) : f->data[to_at];
	if (who <= PACKET_TO_OTHER)
		*to = (enum packet_type)who;
	type = read16(f->data + type_at);
	skip(f, header);
	return ether_family(f, type);
}

/* BSD's loopback: an address family in either byte order; IPv6 has many numbers. */
static unsigned int loopback(struct frame *f)
{
	unsigned int af;

	if (f->caplen < 4)
		return 0;
	af = f->data[0] | f->data[1] | f->data[2] | f->data[3];
	skip(f, 4);
	switch (af) {
	case 2:
		return 4;
	case 10: case 24: case 28: case 30:
		return 6;
	default:
		return 0;
	}
}

static unsigned int raw(const struct frame *f)
{
	unsigned int version = f->caplen ? f->data[0] >> 4 : 0;

	return version == 4 || version == 6 ? version : 0;
}

/* The packet's own length ends it. */
static void trim(struct packet *p, uint32_t length)
{
	if (length >= p->length)
		return;
	p->length = length;
	if (p->caplen > length)
		p->caplen = length;
}

static void throw_away(struct packet *p)
{
	p->gone = true;
	p->note = p->family == 4 ?
		"no valid IPv4 header: the kernel throws it away before any hook" :
		"no valid IPv6 header: the kernel throws it away before any hook";
}

static void check_ipv4(struct packet *p)
{
	uint32_t header, total;

	if (p->caplen < 20 && p->caplen < p->length) {
		p->note = "the capture holds less than its header";
		return;
	}
	if (p->caplen < 20 || p->data[0] >> 4 != 4) {
		throw_away(p);
		return;
	}
	header = (p->data[0] & 15u) * 4;
	total = read16(p->data + 2);
	/* 0: left to the device by segmentation offload, captured before that. */
	if (header < 20 || (total && (total < header || total > p->length)))
		throw_away(p);
	else if (total)
		trim(p, total);
}

static void check_ipv6(struct packet *p)
{
	uint32_t payload;

	if (p->caplen < 40 && p->caplen < p->length) {
		p->note = "the capture holds less than its header";
		return;
	}
	if (p->caplen < 40 || p->data[0] >> 4 != 6) {
		throw_away(p);
		return;
	}
	payload = read16(p->data + 4);
	/* 0: a jumbogram, whose hop-by-hop options say more, or as above. */
	if (payload && payload + 40 > p->length)
		throw_away(p);
	else if (payload || (p->data[6] && p->length <= PACKET_MAX))
		trim(p, payload + 40);
}

int link_decode(int dlt, const uint8_t *frame, uint32_t caplen, uint32_t length,
		struct packet *out)
{
	struct frame f = { frame, caplen, length > caplen ? length : caplen };

	*out = (struct packet){ .type = PACKET_TO_HOST };
	switch (dlt) {
	case DLT_EN10MB:
		out->family = ethernet(&f, &out->type);
		break;
	case DLT_RAW:
		out->family = raw(&f);
		break;
	case DLT_IPV4:
		out->family = 4;
		break;
	case DLT_IPV6:
		out->family = 6;
		break;
	case DLT_LINUX_SLL:
		out->family = cooked(&f, &out->type, 16, 0, 2, 14);
		break;
	case DLT_LINUX_SLL2:
		out->family = cooked(&f, &out->type, 20, 10, 1, 0);
		break;
	case DLT_NULL:
	case DLT_LOOP:
		out->family = loopback(&f);
		break;
	default:
		return -EOPNOTSUPP;
	}
	out->data = f.data;
	out->caplen = f.caplen;
	out->length = f.length;
	if (out->family == 4)
		check_ipv4(out);
	else if (out->family == 6)
		check_ipv6(out);
	else
		out->note = NOT_IP;
	return 0;
}
