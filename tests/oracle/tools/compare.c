// SPDX-License-Identifier: GPL-2.0-or-later
/* compare: see compare.h. */
#include "compare.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "image.h"

#define SHOWN 10

static const char *const hooks[] = { "prerouting", "input", "forward", "output", "postrouting" };

/* The same packet after the place, which no other one before it was paired with. */
static const struct seen *find_after(const struct seen_log *log, size_t before, bool *used)
{
	const struct seen *b = &log->v[before];

	for (size_t i = before + 1; i < log->n; i++) {
		const struct seen *s = &log->v[i];

		if (s->kind == SEEN_AFTER && s->place == b->place && !used[i] &&
		    s->iif == b->iif && s->oif == b->oif && s->len == b->len &&
		    !memcmp(s->bytes, b->bytes, b->len)) {
			used[i] = true;
			return s;
		}
	}
	return NULL;
}

/* What a reject sends: "icmp 3/13", "icmpv6 1/4", "reset"; empty if @s is none. */
static void reply_text(const struct seen *s, char *out, size_t size)
{
	size_t at = s->is6 ? 40 : (size_t)(s->bytes[0] & 15) * 4;
	unsigned int proto = s->is6 ? s->bytes[6] : s->bytes[9];

	*out = '\0';
	if (s->len < at + 2)
		return;
	if (proto == IPPROTO_ICMP && !s->is6 && s->bytes[at] == 3)
		snprintf(out, size, "icmp 3/%u", s->bytes[at + 1]);
	else if (proto == IPPROTO_ICMPV6 && s->is6 && s->bytes[at] == 1)
		snprintf(out, size, "icmpv6 1/%u", s->bytes[at + 1]);
	else if (proto == IPPROTO_TCP && s->len >= at + 20 && s->bytes[at + 13] & 4)
		snprintf(out, size, "reset");
}

/* The same, as nsfence's verdict would have it. */
static void reply_wanted(const struct judgement *v, bool is6, char *out, size_t size)
{
	static const unsigned int icmpx4[] = { 0, 3, 1, 13 }, icmpx6[] = { 0, 4, 3, 1 };
	unsigned int code = v->code;

	if (v->how == NSF_REJECT_RESET) {
		snprintf(out, size, "reset");
		return;
	}
	if (v->how == NSF_REJECT_ICMPX)
		code = is6 ? icmpx6[code % 4] : icmpx4[code % 4];
	snprintf(out, size, is6 ? "icmpv6 1/%u" : "icmp 3/%u", code);
}

static void show(struct tally *t, const struct packet *p, const struct place *place,
		 const struct seen *s, const char *what)
{
	char iif[IF_NAMESIZE] = "", oif[IF_NAMESIZE] = "";

	if (t->differences++ >= SHOWN)
		return;
	if_indextoname(s->iif, iif);
	if_indextoname(s->oif, oif);
	printf("# %s\n#   sent: %s\n#   at %s %d%s%s%s%s mark 0x%x ct 0x%x,%d,0x%x: ", what, p->text,
	       hooks[place->hook], place->priority, *iif ? " iif " : "", iif, *oif ? " oif " : "",
	       oif, s->mark, s->ct_state, s->ct_direction, s->ct_mark);
	for (size_t i = 0; i < s->len && i < 96; i++)
		printf("%02x", s->bytes[i]);
	printf("%s (%zu bytes)\n", s->len > 96 ? "..." : "", s->len);
}

static void compare_one(struct tally *t, struct judge *j, const struct places *places,
			const struct packet *p, const struct seen_log *log, size_t i, bool *used)
{
	char iif[IF_NAMESIZE] = "", oif[IF_NAMESIZE] = "", what[400];
	const struct seen *b = &log->v[i], *after = find_after(log, i, used);
	char got[24] = "", want[24] = "";
	struct judgement v;

	if (!after && i + 1 < log->n && log->v[i + 1].kind == SEEN_ENTRY)
		reply_text(&log->v[i + 1], got, sizeof(got));
	if (after)
		t->accepted++;
	else if (*got)
		t->replies++, t->rejected++;
	else
		t->dropped++;
	if (!j)
		return;

	if_indextoname(b->iif, iif);
	if_indextoname(b->oif, oif);
	if (!judge_packet(j, &places->v[b->place], b, iif, oif, &v)) {
		if (!after)
			show(t, p, &places->v[b->place], b, "nft drops where nsfence has no chain");
		return;
	}
	if (v.reject)
		reply_wanted(&v, b->is6, want, sizeof(want));
	/* nft keeps silent about what must not be answered; so no reply is no difference. */
	if (v.accept != !!after || (*got && strcmp(got, want))) {
		snprintf(what, sizeof(what), "nft: %s%s; nsfence: %s%s, line %u: %s",
			 after ? "accept" : *got ? "reject " : "drop", got,
			 v.accept ? "accept" : v.reject ? "reject " : "drop", want, v.line, v.rule);
		show(t, p, &places->v[b->place], b, what);
		return;
	}
	if (after && (after->mark != v.mark || after->ct_mark != v.ct_mark)) {
		snprintf(what, sizeof(what),
			 "nft: mark 0x%x, ct mark 0x%x; nsfence: mark 0x%x, ct mark 0x%x, line %u: %s",
			 after->mark, after->ct_mark, v.mark, v.ct_mark, v.line, v.rule);
		show(t, p, &places->v[b->place], b, what);
	}
}

void compare_packet(struct tally *t, struct judge *j, const struct places *places,
		    const struct packet *p, const struct seen_log *log)
{
	bool used[SEEN_MAX] = { false };

	for (size_t i = 0; i < log->n; i++)
		if (log->v[i].kind == SEEN_BEFORE)
			compare_one(t, j, places, p, log, i, used);
}
