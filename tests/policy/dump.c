// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>

#include "dump.h"

void dump_packet(FILE *f, const struct ref_packet *p)
{
	uint32_t i;

	fprintf(f, "packet: IPv%u, %u bytes, iif %u \"%s\" oif %u \"%s\" mark 0x%x pkttype %u ",
		p->family, p->length, p->iif, p->iifname, p->oif, p->oifname, p->mark, p->pkttype);
	fprintf(f, "ct state %u", p->ct_state);
	if (p->ct_entry)
		fprintf(f, " mark 0x%x direction %u", p->ct_mark, p->ct_dir);
	fprintf(f, "\n  ");
	for (i = 0; i < p->caplen; i++)
		fprintf(f, "%02x%s", p->data[i], i + 1 == p->caplen ? "\n" : i % 32 == 31 ? "\n  " : "");
}

void dump_outcome(FILE *f, const char *who, const struct ref_outcome *o)
{
	static const char * const end[] = { "accept", "drop", "reject" };
	static const char * const kind[] = { "counter", "limit", "log", "mark", "ct mark" };
	size_t i;

	fprintf(f, "%s: %s", who, end[o->end]);
	if (o->end == REF_REJECT)
		fprintf(f, " %u/%u", o->reject_how, o->reject_code);
	if (o->by_policy)
		fputs(" by policy", f);
	else
		fprintf(f, " by rule %016" PRIx64, o->rule);
	fprintf(f, ", mark 0x%x, ct mark 0x%x\n", o->mark, o->ct_mark);
	for (i = 0; i < o->events && i < REF_MAX_EVENTS; i++) {
		const struct ref_event *e = &o->event[i];

		fprintf(f, "  %s %" PRIu64 " rule %016" PRIx64 " #%u%s%s\n", kind[e->kind], e->value,
			e->rule, e->nth, e->text ? " " : "", e->text ? e->text : "");
	}
}
