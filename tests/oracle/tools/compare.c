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

/* What became of a packet at one place. */
struct fate {
	const struct seen *before, *after;	/* after: NULL where it was stopped */
	const struct seen *reply;		/* that a reject has sent, or NULL */
	char reply_text[24];
};

static void fate_find(struct fate *f, const struct seen_log *log, size_t i, bool *used)
{
	memset(f, 0, sizeof(*f));
	f->before = &log->v[i];
	f->after = find_after(log, i, used);
	if (f->after || i + 1 >= log->n || log->v[i + 1].kind != SEEN_ENTRY)
		return;
	reply_text(&log->v[i + 1], f->reply_text, sizeof(f->reply_text));
	if (*f->reply_text)
		f->reply = &log->v[i + 1];
}

static void compare_one(struct tally *t, struct judge *j, const struct place *place,
			const struct packet *p, const struct fate *f)
{
	char iif[IF_NAMESIZE] = "", oif[IF_NAMESIZE] = "", want[24] = "", what[400];
	const struct seen *b = f->before, *after = f->after;
	struct judgement v;

	if_indextoname(b->iif, iif);
	if_indextoname(b->oif, oif);
	if (!judge_packet(j, place, b, iif, oif, &v)) {
		if (!after)
			show(t, p, place, b, "nft drops where nsfence has no chain");
		return;
	}
	if (v.reject)
		reply_wanted(&v, b->is6, want, sizeof(want));
	/* nft keeps silent about what must not be answered; so no reply is no difference. */
	if (v.accept != !!after || (f->reply && strcmp(f->reply_text, want))) {
		snprintf(what, sizeof(what), "nft: %s%s; nsfence: %s%s, line %u: %s",
			 after ? "accept" : f->reply ? "reject " : "drop", f->reply_text,
			 v.accept ? "accept" : v.reject ? "reject " : "drop", want, v.line, v.rule);
		show(t, p, place, b, what);
		return;
	}
	if (after && (after->mark != v.mark || after->ct_mark != v.ct_mark)) {
		snprintf(what, sizeof(what),
			 "nft: mark 0x%x, ct mark 0x%x; nsfence: mark 0x%x, ct mark 0x%x, line %u: %s",
			 after->mark, after->ct_mark, v.mark, v.ct_mark, v.line, v.rule);
		show(t, p, place, b, what);
	}
}

static void count(struct tally *t, const struct fate *f)
{
	if (f->after)
		t->accepted++;
	else if (f->reply)
		t->rejected++;
	else
		t->dropped++;
}

void compare_packet(struct tally *t, struct judge *j, const struct places *places,
		    const struct packet *p, const struct seen_log *log)
{
	bool used[SEEN_MAX] = { false };
	struct fate f;

	for (size_t i = 0; i < log->n; i++) {
		if (log->v[i].kind != SEEN_BEFORE)
			continue;
		fate_find(&f, log, i, used);
		count(t, &f);
		if (j)
			compare_one(t, j, &places->v[f.before->place], p, &f);
	}
}

/* ---- two runs of one case ---- */

static bool same_bytes(const struct seen *a, const struct seen *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/*
 * Is byte @i one that differs each time the stack makes up such a packet? Ids and
 * sums of IPv4 headers, and the time in ICMP's timestamp replies.
 */
static bool is_own(const struct seen *s, size_t i)
{
	if (s->is6)
		return false;
	if (i == 4 || i == 5 || i == 10 || i == 11)
		return true;
	return s->bytes[9] == IPPROTO_ICMP && s->len >= 40 && s->bytes[20] == 14 &&
	       (i == 22 || i == 23 || i >= 32);
}

static void trace_line(FILE *f, unsigned int number, const struct place *place,
		       const struct fate *fate)
{
	const struct seen *b = fate->before;

	fprintf(f, "%u %s %d iif %u oif %u mark 0x%x type %u ct 0x%x,%d,0x%x ", number,
		hooks[place->hook], place->priority, b->iif, b->oif, b->mark, b->pkttype,
		b->ct_state, b->ct_direction, b->ct_mark);
	for (size_t i = 0; i < b->len && i < 128; i++) {
		if (is_own(b, i))
			fputs("..", f);
		else
			fprintf(f, "%02x", b->bytes[i]);
	}
	fprintf(f, " (%zu)", b->len);
	if (fate->after)
		fprintf(f, " accept mark 0x%x ct 0x%x\n", fate->after->mark, fate->after->ct_mark);
	else
		fprintf(f, " %s%s\n", fate->reply ? "reject " : "drop", fate->reply_text);
}

void compare_trace(FILE *out, struct tally *t, unsigned int number, const struct places *places,
		   const struct seen_log *log)
{
	const struct seen *reply[8];
	bool used[SEEN_MAX] = { false }, is_reply;
	size_t replies = 0, k;
	struct fate f;

	for (size_t i = 0; i < log->n; i++) {
		if (log->v[i].kind != SEEN_BEFORE)
			continue;
		fate_find(&f, log, i, used);
		for (k = 0; k < replies && !same_bytes(reply[k], f.before); k++)
			;
		/*
		 * A fence lets the replies of its own rejects pass, nft does not know
		 * them; so they, and what a reject makes of them in turn, are left out.
		 */
		is_reply = k < replies;
		if (f.reply && replies < 8)
			reply[replies++] = f.reply;
		if (is_reply)
			continue;
		count(t, &f);
		trace_line(out, number, &places->v[f.before->place], &f);
	}
}
