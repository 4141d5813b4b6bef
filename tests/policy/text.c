// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "text.h"

struct writer {
	FILE *f;
	const struct ir_policy *p;
	bool plain;
	unsigned int l4;	/* of the rule's last dependency; 0: none */
};

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
	[IR_EXTHDR_FRAG] = "exthdr frag", [IR_TH_SPORT] = "sport", [IR_TH_DPORT] = "dport",
	[IR_TCP_FLAGS] = "tcp flags", [IR_ICMP_TYPE] = "icmp type", [IR_ICMP_CODE] = "icmp code",
	[IR_ICMPV6_TYPE] = "icmpv6 type", [IR_ICMPV6_CODE] = "icmpv6 code",
	[IR_CT_STATE] = "ct state", [IR_CT_MARK] = "ct mark",
	[IR_CT_DIRECTION] = "ct direction",
};

static const char * const tcp_flag[] = {
	"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr", NULL
};
static const char * const ct_state[] = {
	"invalid", "established", "related", "new", NULL, NULL, "untracked", NULL
};

static uint32_t number(const uint8_t *v, unsigned int width)
{
	uint32_t n = 0;

	while (width--)
		n = n << 8 | *v++;
	return n;
}

/* ---- values ------------------------------------------------------------------ */

static void write_bits(struct writer *w, uint32_t bits, const char * const *names,
		       const char *between)
{
	const char *sep = "";
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if (!(bits & 1u << i))
			continue;
		if (names[i])
			fprintf(w->f, "%s%s", sep, names[i]);
		else
			fprintf(w->f, "%s0x%x", sep, 1u << i);
		sep = between;
	}
}

static void write_name(struct writer *w, const struct ir_range *r)
{
	bool wildcard = r->last[15] == 0xff;

	fprintf(w->f, "\"%.16s%s\"", (const char *)r->first, wildcard ? "*" : "");
}

static void write_value(struct writer *w, const uint8_t *v, enum ir_field field)
{
	static const char * const pkttype[] = { "host", "broadcast", "multicast", "other" };
	unsigned int width = ref_width(field);
	char text[INET6_ADDRSTRLEN];
	uint32_t n;

	if (width == 16 || field == IR_IP_SADDR || field == IR_IP_DADDR) {
		fputs(inet_ntop(width == 4 ? AF_INET : AF_INET6, v, text, sizeof(text)), w->f);
		return;
	}
	n = number(v, width);
	if (field == IR_META_IIF || field == IR_META_OIF)
		fputs("lo", w->f);
	else if (field == IR_META_NFPROTO && (n == 2 || n == 10))
		fputs(n == 2 ? "ipv4" : "ipv6", w->f);
	else if (field == IR_CT_DIRECTION && n < 2)
		fputs(n ? "reply" : "original", w->f);
	else if (field == IR_META_PKTTYPE && n < 4)
		fputs(pkttype[n], w->f);
	else if (field == IR_CT_STATE && n)
		write_bits(w, n, ct_state, " | ");
	else
		fprintf(w->f, width == 4 || field == IR_TCP_FLAGS ? "0x%x" : "%u", n);
}

static void write_range(struct writer *w, const struct ir_range *r, enum ir_field field)
{
	if (field == IR_META_IIFNAME || field == IR_META_OIFNAME) {
		write_name(w, r);
		return;
	}
	write_value(w, r->first, field);
	if (memcmp(r->first, r->last, ref_width(field))) {
		fputc('-', w->f);
		write_value(w, r->last, field);
	}
}

static void write_verdict(struct writer *w, const struct ir_verdict *v)
{
	static const char * const name[] = {
		[IR_ACCEPT] = "accept", [IR_DROP] = "drop", [IR_RETURN] = "return",
		[IR_CONTINUE] = "continue", [IR_JUMP] = "jump", [IR_GOTO] = "goto",
	};

	fputs(name[v->kind], w->f);
	if (v->kind == IR_JUMP || v->kind == IR_GOTO)
		fprintf(w->f, " %s", w->p->chain[v->chain].name);
}

/* ---- sets -------------------------------------------------------------------- */

static void write_elements(struct writer *w, const struct ir_set *s, const enum ir_field *field)
{
	unsigned int i;
	size_t e;

	fputs("{ ", w->f);
	for (e = 0; e < s->elements; e++) {
		fputs(e ? ", " : "", w->f);
		for (i = 0; i < s->fields; i++) {
			fputs(i ? " . " : "", w->f);
			write_range(w, &s->element[e].key[i], field[i]);
		}
		if (s->map) {
			fputs(" : ", w->f);
			write_verdict(w, &s->element[e].verdict);
		}
	}
	fputs(" }", w->f);
}

static void write_set(struct writer *w, unsigned int set, const enum ir_field *field)
{
	const struct ir_set *s = &w->p->set[set];

	if (s->name)
		fprintf(w->f, "@%s", s->name);
	else
		write_elements(w, s, field);
}

/* A named set's fields are those of whoever uses it first. */
static bool fields_of(const struct ir_policy *p, unsigned int set, enum ir_field *field)
{
	size_t c, r, i;

	for (c = 0; c < p->chains; c++) {
		for (r = 0; r < p->chain[c].rules; r++) {
			const struct ir_rule *rule = &p->chain[c].rule[r];

			for (i = 0; i < rule->stmts; i++) {
				const struct ir_stmt *s = &rule->stmt[i];

				if (s->kind == IR_MATCH && s->match.kind == IR_MATCH_SET &&
				    s->match.set == set)
					memcpy(field, s->match.field, sizeof(s->match.field));
				else if (s->kind == IR_MAP && s->map.set == set)
					memcpy(field, s->map.field, sizeof(s->map.field));
				else
					continue;
				return true;
			}
		}
	}
	return false;
}

static void write_named_set(struct writer *w, unsigned int set)
{
	const struct ir_set *s = &w->p->set[set];
	enum ir_field field[IR_MAX_FIELDS];

	if (!s->name || !fields_of(w->p, set, field))
		return;
	fprintf(w->f, "\t%s %s { type %s%s;", s->map ? "map" : "set", s->name, s->text,
		s->map ? " : verdict" : "");
	fputs(s->interval ? " flags interval;" : "", w->f);
	if (s->elements) {
		fputs(" elements = ", w->f);
		write_elements(w, s, field);
	}
	fputs(" }\n", w->f);
}

/* ---- statements -------------------------------------------------------------- */

static void write_field(struct writer *w, enum ir_field field)
{
	if (field == IR_TH_SPORT || field == IR_TH_DPORT)
		fputs(w->l4 == 6 ? "tcp " : w->l4 == 17 ? "udp " : w->l4 == 132 ? "sctp " :
		      w->l4 == 136 ? "udplite " : "th ", w->f);
	fputs(field_name[field], w->f);
}

static void write_key(struct writer *w, const enum ir_field *field, unsigned int fields)
{
	unsigned int i;

	for (i = 0; i < fields; i++) {
		fputs(i ? " . " : "", w->f);
		write_field(w, field[i]);
	}
}

static bool has_mask(const struct ir_match *m)
{
	unsigned int i;

	for (i = 0; i < ref_width(m->field[0]); i++)
		if (m->mask[i] != 0xff)
			return true;
	return false;
}

static void write_masked(struct writer *w, const struct ir_match *m)
{
	enum ir_field field = m->field[0];
	const char * const *names = field == IR_CT_STATE ? ct_state : tcp_flag;
	unsigned int width = ref_width(field);
	uint32_t mask = number(m->mask + (width == 16 ? 12 : 0), width == 16 ? 4 : width);
	bool flags = field == IR_CT_STATE || field == IR_TCP_FLAGS;

	/* Any of the bits: nft's short form. */
	if (flags && m->negate && !number(m->range.first, width)) {
		fputc(' ', w->f);
		write_bits(w, mask, names, ",");
		return;
	}
	fputs(" & ", w->f);
	if (flags) {
		fputc('(', w->f);
		write_bits(w, mask, names, " | ");
		fputc(')', w->f);
	} else {
		write_value(w, m->mask, field);
	}
	fputs(m->negate ? " != " : " == ", w->f);
	if (flags && !number(m->range.first, width))
		fputc('0', w->f);
	else
		write_range(w, &m->range, field);
}

static void write_match(struct writer *w, const struct ir_match *m)
{
	enum ir_field field = m->field[0];

	write_key(w, m->field, m->fields);
	if (m->kind == IR_MATCH_SET) {
		fputs(m->negate ? " != " : " ", w->f);
		write_set(w, m->set, m->field);
	} else if (has_mask(m)) {
		write_masked(w, m);
	} else if (field == IR_EXTHDR_FRAG) {
		fputs(m->range.first[0] == !m->negate ? " exists" : " missing", w->f);
	} else {
		/* `==` for flags, that would mean "any of" without. */
		fputs(m->negate ? " != " : field == IR_CT_STATE || field == IR_TCP_FLAGS ? " == " : " ",
		      w->f);
		write_range(w, &m->range, field);
	}
}

static void write_limit(struct writer *w, const struct ir_limit *l)
{
	const char *unit = l->unit == 1 ? "second" : l->unit == 60 ? "minute" :
			   l->unit == 3600 ? "hour" : l->unit == 86400 ? "day" : "week";

	fprintf(w->f, "limit rate %s%" PRIu64 "%s/%s burst %u %s", l->over ? "over " : "", l->rate,
		l->bytes ? " bytes" : "", unit, l->burst, l->bytes ? "bytes" : "packets");
}

static void write_log(struct writer *w, const char *prefix, unsigned int level)
{
	static const char * const name[] = {
		"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"
	};

	fputs("log", w->f);
	if (prefix)
		fprintf(w->f, " prefix \"%s\"", prefix);
	fprintf(w->f, " level %s", name[level]);
}

static void write_mark(struct writer *w, const struct ir_stmt *s)
{
	fputs(s->kind == IR_MARK_SET ? "meta mark set " : "ct mark set ", w->f);
	if (s->mark.field == IR_NONE)
		fprintf(w->f, "0x%x", s->mark.flip);
	else
		fprintf(w->f, "%s & 0x%x ^ 0x%x", field_name[s->mark.field], s->mark.mask, s->mark.flip);
}

static void write_reject(struct writer *w, enum ir_reject_how how, unsigned int code)
{
	static const char * const icmp[] = {
		[0] = "net-unreachable", [1] = "host-unreachable", [2] = "prot-unreachable",
		[3] = "port-unreachable", [9] = "net-prohibited", [10] = "host-prohibited",
		[13] = "admin-prohibited",
	};
	static const char * const icmpv6[] = {
		[0] = "no-route", [1] = "admin-prohibited", [3] = "addr-unreachable",
		[4] = "port-unreachable", [5] = "policy-fail", [6] = "reject-route",
	};
	static const char * const icmpx[] = {
		"no-route", "port-unreachable", "host-unreachable", "admin-prohibited",
	};

	if (how == IR_REJECT_RESET)
		fputs("reject with tcp reset", w->f);
	else if (how == IR_REJECT_ICMP)
		fprintf(w->f, "reject with icmp %s", icmp[code]);
	else if (how == IR_REJECT_ICMPV6)
		fprintf(w->f, "reject with icmpv6 %s", icmpv6[code]);
	else
		fprintf(w->f, "reject with icmpx %s", icmpx[code]);
}

static void write_statement(struct writer *w, const struct ir_stmt *s)
{
	switch (s->kind) {
	case IR_MATCH:
		write_match(w, &s->match);
		break;
	case IR_MAP:
		write_key(w, s->map.field, s->map.fields);
		fputs(" vmap ", w->f);
		write_set(w, s->map.set, s->map.field);
		break;
	case IR_COUNTER:
		fputs("counter", w->f);
		break;
	case IR_LIMIT:
		write_limit(w, &s->limit);
		break;
	case IR_LOG:
		write_log(w, s->log.prefix, s->log.level);
		break;
	case IR_MARK_SET:
	case IR_CT_MARK_SET:
		write_mark(w, s);
		break;
	case IR_REJECT:
		write_reject(w, s->reject.how, s->reject.code);
		break;
	case IR_VERDICT:
		write_verdict(w, &s->verdict);
		break;
	}
}

static void write_rule(struct writer *w, const struct ir_rule *rule)
{
	size_t i;

	w->l4 = 0;
	fputc('\t', w->f);
	for (i = 0; i < rule->stmts; i++) {
		const struct ir_stmt *s = &rule->stmt[i];
		bool implicit = s->kind == IR_MATCH && s->match.implicit;

		if (implicit && s->match.field[0] == IR_META_L4PROTO)
			w->l4 = s->match.range.first[0];
		if (implicit && !w->plain)
			continue;
		fputs(implicit ? " [" : " ", w->f);
		write_statement(w, s);
		fputs(implicit ? "]" : "", w->f);
	}
	if (w->plain)
		fprintf(w->f, "\t# %016" PRIx64, rule->id);
	fputc('\n', w->f);
}

void text_write(FILE *f, const struct ir_policy *p, bool plain)
{
	static const char * const family[] = { "inet", "ip", "ip6" };
	static const char * const hook[] = {
		"prerouting", "input", "forward", "output", "postrouting"
	};
	struct writer w = { .f = f, .p = p, .plain = plain };
	unsigned int s;
	size_t c, r;

	fprintf(f, "table %s %s {\n", family[p->family], p->table);
	for (s = 0; s < p->sets; s++)
		write_named_set(&w, s);
	for (c = 0; c < p->chains; c++) {
		const struct ir_chain *chain = &p->chain[c];

		fprintf(f, "\tchain %s {\n", chain->name);
		if (chain->base)
			fprintf(f, "\t\ttype filter hook %s priority %d; policy %s;\n",
				hook[chain->hook], chain->priority,
				chain->policy == IR_DROP ? "drop" : "accept");
		for (r = 0; r < chain->rules; r++)
			write_rule(&w, &chain->rule[r]);
		fputs("\t}\n", f);
	}
	fputs("}\n", f);
}
