// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "dump.h"

static const char * const field_name[IR_FIELDS] = {
	[IR_META_NFPROTO] = "meta nfproto", [IR_META_L4PROTO] = "meta l4proto",
	[IR_META_MARK] = "meta mark", [IR_META_LENGTH] = "meta length",
	[IR_META_PKTTYPE] = "meta pkttype", [IR_META_IIF] = "iif", [IR_META_OIF] = "oif",
	[IR_META_IIFNAME] = "iifname", [IR_META_OIFNAME] = "oifname",
	[IR_IP_SADDR] = "ip saddr", [IR_IP_DADDR] = "ip daddr",
	[IR_IP_PROTOCOL] = "ip protocol", [IR_IP_TTL] = "ip ttl", [IR_IP_DSCP] = "ip dscp",
	[IR_IP_FRAG_OFF] = "ip frag-off", [IR_IP_LENGTH] = "ip length",
	[IR_IP6_SADDR] = "ip6 saddr", [IR_IP6_DADDR] = "ip6 daddr",
	[IR_IP6_NEXTHDR] = "ip6 nexthdr", [IR_IP6_HOPLIMIT] = "ip6 hoplimit",
	[IR_IP6_DSCP] = "ip6 dscp", [IR_IP6_LENGTH] = "ip6 length",
	[IR_EXTHDR_FRAG] = "exthdr frag", [IR_TH_SPORT] = "th sport",
	[IR_TH_DPORT] = "th dport", [IR_TCP_FLAGS] = "tcp flags",
	[IR_ICMP_TYPE] = "icmp type", [IR_ICMP_CODE] = "icmp code",
	[IR_ICMPV6_TYPE] = "icmpv6 type", [IR_ICMPV6_CODE] = "icmpv6 code",
	[IR_CT_STATE] = "ct state", [IR_CT_MARK] = "ct mark",
	[IR_CT_DIRECTION] = "ct direction",
};

static void value(FILE *f, const uint8_t *v, unsigned int width, enum ir_field field)
{
	char text[INET6_ADDRSTRLEN];
	unsigned int i;
	uint32_t n = 0;

	if (field == IR_IP_SADDR || field == IR_IP_DADDR || field == IR_IP6_SADDR ||
	    field == IR_IP6_DADDR) {
		fputs(inet_ntop(width == 4 ? AF_INET : AF_INET6, v, text, sizeof(text)), f);
	} else if (width == 16) {
		fputc('"', f);
		for (i = 0; i < 16 && v[i]; i++)
			if (v[i] > 32 && v[i] < 127)
				fputc(v[i], f);
			else
				fprintf(f, "\\x%02x", v[i]);
		fputc('"', f);
	} else {
		for (i = 0; i < width; i++)
			n = n << 8 | v[i];
		fprintf(f, n > 0xffff ? "0x%x" : "%u", n);
	}
}

static void range(FILE *f, const struct ir_range *r, unsigned int width, enum ir_field field)
{
	value(f, r->first, width, field);
	if (memcmp(r->first, r->last, width)) {
		fputc('-', f);
		value(f, r->last, width, field);
	}
}

static void verdict(FILE *f, const struct ir_policy *p, const struct ir_verdict *v)
{
	static const char * const name[] = {
		[IR_ACCEPT] = "accept", [IR_DROP] = "drop", [IR_RETURN] = "return",
		[IR_CONTINUE] = "continue", [IR_JUMP] = "jump", [IR_GOTO] = "goto",
	};

	fputs(name[v->kind], f);
	if (v->kind == IR_JUMP || v->kind == IR_GOTO)
		fprintf(f, " %s", p->chain[v->chain].name);
}

static void key(FILE *f, const enum ir_field *field, unsigned int fields)
{
	unsigned int i;

	for (i = 0; i < fields; i++)
		fprintf(f, "%s%s", i ? " . " : "", field_name[field[i]]);
}

static void elements(FILE *f, const struct ir_policy *p, const struct ir_set *s,
		     const enum ir_field *field)
{
	unsigned int i;
	size_t e;

	fprintf(f, "%s%s{ ", s->name ? s->name : "", s->interval ? "[interval]" : "");
	for (e = 0; e < s->elements; e++) {
		fputs(e ? ", " : "", f);
		for (i = 0; i < s->fields; i++) {
			fputs(i ? " . " : "", f);
			range(f, &s->element[e].key[i], s->width[i], field[i]);
		}
		if (s->map) {
			fputs(" : ", f);
			verdict(f, p, &s->element[e].verdict);
		}
	}
	fputs(" }", f);
}

static void match(FILE *f, const struct ir_policy *p, const struct ir_match *m)
{
	unsigned int i, w = ref_width(m->field[0]);

	fputs(m->implicit ? "[" : "", f);
	key(f, m->field, m->fields);
	if (m->kind == IR_MATCH_SET) {
		fputs(m->negate ? " != " : " ", f);
		elements(f, p, &p->set[m->set], m->field);
	} else {
		for (i = 0; i < w && m->mask[i] == 0xff; i++)
			;
		if (i < w) {
			fputs(" & 0x", f);
			for (i = 0; i < w; i++)
				fprintf(f, "%02x", m->mask[i]);
		}
		fputs(m->negate ? " != " : " == ", f);
		range(f, &m->range, w, m->field[0]);
	}
	fputs(m->implicit ? "]" : "", f);
}

static void statement(FILE *f, const struct ir_policy *p, const struct ir_stmt *s)
{
	static const char * const how[] = { "icmp", "icmpv6", "icmpx", "tcp reset" };

	switch (s->kind) {
	case IR_MATCH:
		match(f, p, &s->match);
		break;
	case IR_MAP:
		key(f, s->map.field, s->map.fields);
		fputs(" vmap ", f);
		elements(f, p, &p->set[s->map.set], s->map.field);
		break;
	case IR_COUNTER:
		fputs("counter", f);
		break;
	case IR_LIMIT:
		fprintf(f, "limit rate %s%" PRIu64 "%s/%" PRIu64 "s burst %u", s->limit.over ? "over " : "",
			s->limit.rate, s->limit.bytes ? " bytes" : "", s->limit.unit, s->limit.burst);
		break;
	case IR_LOG:
		fprintf(f, "log prefix \"%s\" level %u", s->log.prefix ? s->log.prefix : "", s->log.level);
		break;
	case IR_MARK_SET:
	case IR_CT_MARK_SET:
		fprintf(f, "%s mark set %s & 0x%x ^ 0x%x", s->kind == IR_MARK_SET ? "meta" : "ct",
			s->mark.field ? field_name[s->mark.field] : "0", s->mark.mask, s->mark.flip);
		break;
	case IR_REJECT:
		fprintf(f, "reject with %s %u", how[s->reject.how], s->reject.code);
		break;
	case IR_VERDICT:
		verdict(f, p, &s->verdict);
		break;
	}
}

void dump_policy(FILE *f, const struct ir_policy *p)
{
	static const char * const family[] = { "inet", "ip", "ip6" };
	static const char * const hook[] = {
		"prerouting", "input", "forward", "output", "postrouting"
	};
	size_t c, r, i;

	fprintf(f, "table %s %s {\n", family[p->family], p->table);
	for (c = 0; c < p->chains; c++) {
		const struct ir_chain *chain = &p->chain[c];

		fprintf(f, "\tchain %s {\n", chain->name);
		if (chain->base)
			fprintf(f, "\t\ttype filter hook %s priority %d; policy %s;\n",
				hook[chain->hook], chain->priority,
				chain->policy == IR_DROP ? "drop" : "accept");
		for (r = 0; r < chain->rules; r++) {
			fputs("\t\t", f);
			for (i = 0; i < chain->rule[r].stmts; i++) {
				fputs(i ? " " : "", f);
				statement(f, p, &chain->rule[r].stmt[i]);
			}
			fprintf(f, "\t# %016" PRIx64 "\n", chain->rule[r].id);
		}
		fputs("\t}\n", f);
	}
	fputs("}\n", f);
}

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
