// SPDX-License-Identifier: GPL-2.0-or-later
/* quirk: see quirk.h. */
#include "quirk.h"

#include <stdio.h>
#include <string.h>

#include "headers.h"
#include "reference.h"
#include "stage.h"

/* ---- what this kernel does ---- */

static const char probe[] =
	"exec nft -f - <<-END\n"
	"table ip6 probe {\n"
	"	chain pre {\n"
	"		type filter hook prerouting priority 0;\n"
	"		tcp sport 0x6000 counter drop\n"	/* an IPv6 header's first bytes */
	"		meta l4proto tcp counter drop\n"
	"	}\n"
	"}\n"
	"END\n";

int quirk_try(void)
{
	static const char *const lines[] = {
		"in tcp 6 ext=frag:8:0", "in tcp 6 ext=dst:255",
	};
	static struct reference ref;
	struct packet p;
	struct stage st;
	char err[128];

	if (stage_enter(&st) || stage_run(probe))
		return -1;
	for (int i = 0; i < 2; i++)
		if (!packet_parse(&p, lines[i], err, sizeof(err)) || !stage_send(&st, &p))
			return -1;
	if (!reference_read(&ref) || ref.counters != 2)
		return -1;
	/* The fragment is one of the two, however it is taken. */
	return (ref.counter[0].packets ? (int)QUIRK_FRAGMENT : 0) |
	       (ref.counter[0].packets + ref.counter[1].packets == 2 ? (int)QUIRK_LENGTH : 0);
}

/* ---- a packet as such a kernel sees it ---- */

struct walk {
	bool found;
	unsigned int proto, at, frag_off;
};

static bool is_extension(unsigned int next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
}

/* The walk over IPv6's headers without regard to their lengths. */
static struct walk walk6(const struct seen *s)
{
	unsigned int next = s->bytes[6], at = 40, off;
	const uint8_t *h;

	for (;;) {
		if (!is_extension(next))
			return (struct walk){ true, next, at, 0 };
		h = s->bytes + at;
		if (at + (next == 43 || next == 44 ? 4 : 2) > s->len)
			return (struct walk){ false, 0, 0, 0 };
		if (next == 51)
			return (struct walk){ true, next, at, 0 };
		if (next == 44) {
			off = (unsigned int)(h[2] << 8 | h[3]) & ~7u;
			if (off)
				return (struct walk){ !is_extension(h[0]), h[0], 0, off };
		}
		at += next == 44 ? 8 : (h[1] + 1u) * 8;
		next = h[0];
	}
}

static struct walk walk4(const struct seen *s)
{
	return (struct walk){ true, s->bytes[9], (s->bytes[0] & 15) * 4u,
			      (unsigned int)(s->bytes[6] << 8 | s->bytes[7]) & 0x1fff };
}

static void read_fields(struct nsf_packet *p, const struct seen *s, size_t at)
{
	const uint8_t *h = s->bytes + at;

	if (s->len >= at + 1)
		nsf_packet_set(p, NSF_FIELD_TH_TYPE, h[0]);
	if (s->len >= at + 2) {
		nsf_packet_set(p, NSF_FIELD_TH_CODE, h[1]);
		nsf_packet_set(p, NSF_FIELD_TH_SPORT, (u64)(h[0] << 8 | h[1]));
	}
	if (s->len >= at + 4)
		nsf_packet_set(p, NSF_FIELD_TH_DPORT, (u64)(h[2] << 8 | h[3]));
	if (s->len >= at + 14)
		nsf_packet_set(p, NSF_FIELD_TH_TCP_FLAGS, h[13]);
}

void quirk_apply(unsigned int quirks, struct nsf_packet *p, const struct seen *seen)
{
	struct walk w = seen->is6 ? walk6(seen) : walk4(seen);

	if (!w.found)
		return;
	if (quirks & QUIRK_LENGTH && !(p->have & NSF_BIT(NSF_FIELD_L4PROTO)) && !w.frag_off) {
		nsf_packet_set(p, NSF_FIELD_L4PROTO, w.proto);
		read_fields(p, seen, w.at);
	}
	if (quirks & QUIRK_FRAGMENT && w.frag_off && p->have & NSF_BIT(NSF_FIELD_L4PROTO))
		read_fields(p, seen, w.at);
}

bool quirk_concerns(unsigned int quirks, const struct seen *seen)
{
	struct nsf_packet before = { 0 }, after;
	const struct nsf_bytes bytes = {
		.data = seen->bytes, .caplen = (u32)seen->len, .length = (u32)seen->len,
	};

	nsf_headers_read(&before, &bytes, seen->is6 ? 6 : 4);
	after = before;
	quirk_apply(quirks, &after, seen);
	return after.have != before.have;
}
