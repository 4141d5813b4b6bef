// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ref_packet: which fields has this packet? Follows what nft's expressions read
 * in the kernel (nft_payload, nft_meta, nft_exthdr, nft_ct), without sharing a
 * line with module/headers.c.
 */
#include <string.h>

#include "ref.h"

enum { HOPOPTS = 0, ROUTING = 43, FRAGMENT = 44, AH = 51, NONE = 59, DSTOPTS = 60 };

#define MAX_EXTENSIONS	12	/* what the newest kernel walks over */
#define IP6_HEADER	40

unsigned int ref_width(enum ir_field f)
{
	switch (f) {
	case IR_META_NFPROTO: case IR_META_L4PROTO: case IR_META_PKTTYPE:
	case IR_IP_PROTOCOL: case IR_IP_TTL: case IR_IP_DSCP:
	case IR_IP6_NEXTHDR: case IR_IP6_HOPLIMIT: case IR_IP6_DSCP:
	case IR_EXTHDR_FRAG: case IR_TCP_FLAGS:
	case IR_ICMP_TYPE: case IR_ICMP_CODE: case IR_ICMPV6_TYPE: case IR_ICMPV6_CODE:
	case IR_CT_DIRECTION:
		return 1;
	case IR_IP_FRAG_OFF: case IR_IP_LENGTH: case IR_IP6_LENGTH:
	case IR_TH_SPORT: case IR_TH_DPORT:
		return 2;
	case IR_META_MARK: case IR_META_LENGTH: case IR_META_IIF: case IR_META_OIF:
	case IR_IP_SADDR: case IR_IP_DADDR: case IR_CT_STATE: case IR_CT_MARK:
		return 4;
	case IR_META_IIFNAME: case IR_META_OIFNAME: case IR_IP6_SADDR: case IR_IP6_DADDR:
		return 16;
	case IR_NONE: case IR_FIELDS:
		break;
	}
	return 0;
}

static void put(struct ref_fields *o, enum ir_field f, uint64_t v)
{
	unsigned int i, w = ref_width(f);

	for (i = 0; i < w; i++)
		o->val[f][i] = (uint8_t)(v >> 8 * (w - 1 - i));
	o->have[f] = true;
}

static bool bytes(const struct ref_packet *p, uint64_t off, unsigned int len, uint8_t *to)
{
	if (off + len > p->caplen)
		return false;
	memcpy(to, p->data + off, len);
	return true;
}

static void copy(struct ref_fields *o, enum ir_field f, const struct ref_packet *p, uint64_t off)
{
	o->have[f] = bytes(p, off, ref_width(f), o->val[f]);
}

static void read_transport(struct ref_fields *o, const struct ref_packet *p, uint64_t at)
{
	copy(o, IR_TH_SPORT, p, at);
	copy(o, IR_TH_DPORT, p, at + 2);
	copy(o, IR_ICMP_TYPE, p, at);
	copy(o, IR_ICMPV6_TYPE, p, at);
	copy(o, IR_ICMP_CODE, p, at + 1);
	copy(o, IR_ICMPV6_CODE, p, at + 1);
	copy(o, IR_TCP_FLAGS, p, at + 13);
}

static void read_ip(struct ref_fields *o, const struct ref_packet *p)
{
	uint8_t b[2];

	copy(o, IR_IP_SADDR, p, 12);
	copy(o, IR_IP_DADDR, p, 16);
	copy(o, IR_IP_PROTOCOL, p, 9);
	copy(o, IR_IP_TTL, p, 8);
	copy(o, IR_IP_FRAG_OFF, p, 6);
	copy(o, IR_IP_LENGTH, p, 2);
	if (bytes(p, 1, 1, b))
		put(o, IR_IP_DSCP, b[0] >> 2);
	/* A later fragment still says which protocol it is of. */
	copy(o, IR_META_L4PROTO, p, 9);
	if (o->have[IR_IP_FRAG_OFF] && !(o->val[IR_IP_FRAG_OFF][0] & 0x1f) &&
	    !o->val[IR_IP_FRAG_OFF][1] && bytes(p, 0, 1, b))
		read_transport(o, p, 4u * (b[0] & 15));
}

static bool is_extension(uint8_t proto)
{
	return proto == HOPOPTS || proto == ROUTING || proto == FRAGMENT || proto == AH ||
	       proto == DSTOPTS;
}

struct walk {
	uint8_t proto;		/* the header that we stand at ... */
	uint64_t at;		/* ... and where it begins */
	unsigned int seen;	/* extension headers looked at */
	uint8_t next;		/* of the one that we stand at */
	uint16_t fragoff;	/* of a fragment header that we stand at */
};

/* The fixed part of the extension header that we stand at. False: the chain is broken. */
static bool look(struct walk *w, const struct ref_packet *p)
{
	uint8_t b[4];

	if (w->seen++ >= MAX_EXTENSIONS || !bytes(p, w->at, 2, b))
		return false;
	w->next = b[0];
	if (w->proto == ROUTING)
		return bytes(p, w->at, 4, b);
	if (w->proto == FRAGMENT) {
		if (!bytes(p, w->at + 2, 2, b))
			return false;
		w->fragoff = (uint16_t)((b[0] << 8 | b[1]) & 0xfff8);
	}
	return true;
}

static bool step(struct walk *w, const struct ref_packet *p)
{
	uint64_t len;
	uint8_t b[2];

	if (!bytes(p, w->at, 2, b))
		return false;
	if (w->proto == FRAGMENT)
		len = 8;
	else if (w->proto == AH)
		len = (b[1] + 2u) * 4;
	else
		len = (b[1] + 1u) * 8;
	if (w->at + len > p->length)
		return false;
	w->at += len;
	w->proto = w->next;
	return true;
}

static void walk_to_transport(struct ref_fields *o, const struct ref_packet *p, uint8_t first)
{
	struct walk w = { .proto = first, .at = IP6_HEADER };

	while (is_extension(w.proto)) {
		if (!look(&w, p))
			return;
		if (w.proto == AH)
			break;
		if (w.proto == FRAGMENT && w.fragoff) {
			/* What follows is not a header; its protocol is known if it is one. */
			if (!is_extension(w.next))
				put(o, IR_META_L4PROTO, w.next);
			return;
		}
		if (!step(&w, p))
			return;
	}
	if (w.at > 0xffff)
		return;
	put(o, IR_META_L4PROTO, w.proto);
	read_transport(o, p, w.at);
}

static bool has_fragment_header(const struct ref_packet *p, uint8_t first)
{
	struct walk w = { .proto = first, .at = IP6_HEADER };

	while (is_extension(w.proto)) {
		if (!look(&w, p))
			return false;
		if (w.proto == FRAGMENT)
			return true;
		if (!step(&w, p))
			return false;
	}
	return false;
}

static void read_ip6(struct ref_fields *o, const struct ref_packet *p)
{
	uint8_t b[2];

	copy(o, IR_IP6_SADDR, p, 8);
	copy(o, IR_IP6_DADDR, p, 24);
	copy(o, IR_IP6_NEXTHDR, p, 6);
	copy(o, IR_IP6_HOPLIMIT, p, 7);
	copy(o, IR_IP6_LENGTH, p, 4);
	if (bytes(p, 0, 2, b))
		put(o, IR_IP6_DSCP, (b[0] & 15u) << 2 | b[1] >> 6);
	if (!o->have[IR_IP6_NEXTHDR])
		return;
	put(o, IR_EXTHDR_FRAG, has_fragment_header(p, o->val[IR_IP6_NEXTHDR][0]));
	walk_to_transport(o, p, o->val[IR_IP6_NEXTHDR][0]);
}

static void put_name(struct ref_fields *o, enum ir_field f, const char *name)
{
	memset(o->val[f], 0, 16);
	memcpy(o->val[f], name, strnlen(name, 16));
	o->have[f] = true;
}

void ref_fields_read(struct ref_fields *o, const struct ref_packet *p)
{
	memset(o->have, 0, sizeof(o->have));
	put(o, IR_META_NFPROTO, p->family == 4 ? 2 : 10);
	put(o, IR_META_LENGTH, p->length);
	put(o, IR_META_MARK, p->mark);
	put(o, IR_META_PKTTYPE, p->pkttype);
	put(o, IR_META_IIF, p->iif);
	put(o, IR_META_OIF, p->oif);
	put_name(o, IR_META_IIFNAME, p->iifname);
	put_name(o, IR_META_OIFNAME, p->oifname);
	put(o, IR_CT_STATE, p->ct_state);
	if (p->ct_entry) {
		put(o, IR_CT_MARK, p->ct_mark);
		put(o, IR_CT_DIRECTION, p->ct_dir);
	}
	if (p->family == 4)
		read_ip(o, p);
	else
		read_ip6(o, p);
}
