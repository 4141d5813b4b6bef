// SPDX-License-Identifier: GPL-2.0-or-later
/* packets: see packets.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "headers.h"
#include "packets.h"

struct line {
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], state[16], iif[16];
	unsigned int proto, sport, dport;
};

static unsigned int ct_state(const char *name)
{
	static const struct {
		const char *name;
		unsigned int state;
	} states[] = {
		{ "new", NSF_CT_NEW }, { "established", NSF_CT_ESTABLISHED },
		{ "related", NSF_CT_RELATED }, { "invalid", NSF_CT_INVALID },
	};
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(name, states[i].name))
			return states[i].state;
	return 0;
}

static void put16(u8 *b, unsigned int v)
{
	b[0] = (u8)(v >> 8);
	b[1] = (u8)v;
}

static bool line_read(struct line *l, const char *text)
{
	memset(l, 0, sizeof(*l));
	return sscanf(text, "%45s %45s %u %u %u %15s %15s", l->src, l->dst, &l->proto, &l->sport,
		      &l->dport, l->state, l->iif) == 7;
}

/* Returns its family, 0 where the addresses are none. */
static unsigned int build(const struct line *l, u8 *b)
{
	u8 *th;

	memset(b, 0, PACKETS_LENGTH);
	if (strchr(l->src, ':')) {
		b[0] = 0x60;
		put16(b + 4, 60);
		b[6] = (u8)l->proto;
		b[7] = 64;
		if (inet_pton(AF_INET6, l->src, b + 8) != 1 ||
		    inet_pton(AF_INET6, l->dst, b + 24) != 1)
			return 0;
		th = b + 40;
	} else {
		b[0] = 0x45;
		put16(b + 2, 100);
		b[8] = 64;
		b[9] = (u8)l->proto;
		if (inet_pton(AF_INET, l->src, b + 12) != 1 ||
		    inet_pton(AF_INET, l->dst, b + 16) != 1)
			return 0;
		th = b + 20;
	}
	if (l->proto == 6 || l->proto == 17) {
		put16(th, l->sport);
		put16(th + 2, l->dport);
		if (l->proto == 6) {
			th[12] = 0x50;
			th[13] = 0x02;
		} else {
			put16(th + 4, 60);
		}
	} else if (l->proto == 1) {
		th[0] = 8;
	} else if (l->proto == 58) {
		th[0] = 128;
	}
	return strchr(l->src, ':') ? 6 : 4;
}

static u64 name_half(const char *name, unsigned int from)
{
	unsigned int i;
	u64 v = 0;

	for (i = from; i < from + 8; i++)
		v = v << 8 | (u8)name[i];
	return v;
}

static bool convert(const struct line *l, struct nsf_packet *p)
{
	u8 bytes[PACKETS_LENGTH];
	const struct nsf_bytes b = { .data = bytes, .caplen = PACKETS_LENGTH,
				     .length = PACKETS_LENGTH };
	unsigned int family = build(l, bytes), state = ct_state(l->state);

	if (!family || !state)
		return false;
	memset(p, 0, sizeof(*p));
	nsf_headers_read(p, &b, family);
	nsf_packet_set(p, NSF_FIELD_MARK, 0);
	nsf_packet_set(p, NSF_FIELD_PKTTYPE, 0);
	nsf_packet_set(p, NSF_FIELD_IIF, 2);
	nsf_packet_set(p, NSF_FIELD_OIF, 0);
	nsf_packet_set(p, NSF_FIELD_IIFNAME_HI, name_half(l->iif, 0));
	nsf_packet_set(p, NSF_FIELD_IIFNAME_LO, name_half(l->iif, 8));
	nsf_packet_set(p, NSF_FIELD_OIFNAME_HI, 0);
	nsf_packet_set(p, NSF_FIELD_OIFNAME_LO, 0);
	nsf_packet_set(p, NSF_FIELD_CT_STATE, state);
	if (state != NSF_CT_INVALID) {
		nsf_packet_set(p, NSF_FIELD_CT_MARK, 0);
		nsf_packet_set(p, NSF_FIELD_CT_DIRECTION, 0);
	}
	return true;
}

unsigned int packets_build(const char *line, u8 bytes[PACKETS_LENGTH])
{
	struct line l;

	return line_read(&l, line) ? build(&l, bytes) : 0;
}

void packets_read(struct packets *p, const char *path)
{
	FILE *f = fopen(path, "r");
	char text[256];
	size_t cap = 0;

	if (!f) {
		fprintf(stderr, "classify: cannot read %s: %s\n", path, strerror(errno));
		exit(1);
	}
	*p = (struct packets){ 0 };
	while (fgets(text, sizeof(text), f)) {
		struct line l;

		if (p->n == cap) {
			cap = cap ? 2 * cap : 1024;
			p->v = reallocarray(p->v, cap, sizeof(*p->v));
			if (!p->v)
				abort();
		}
		if (!line_read(&l, text) || !convert(&l, &p->v[p->n])) {
			fprintf(stderr, "classify: %s:%zu: this is no packet: %s", path, p->n + 1,
				text);
			exit(1);
		}
		p->n++;
	}
	fclose(f);
	if (!p->n) {
		fprintf(stderr, "classify: %s has no packets\n", path);
		exit(1);
	}
}
