// SPDX-License-Identifier: GPL-2.0-or-later
/* write: see set.h. */
#include <arpa/inet.h>

#include "set.h"

void write_address(FILE *f, struct bits a, bool six)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(a.hi >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(a.lo >> (56 - 8 * i));
	}
	fputs(inet_ntop(six ? AF_INET6 : AF_INET, bytes, text, sizeof(text)), f);
}

static void write_net(FILE *f, const struct net *n, bool six)
{
	write_address(f, n->at, six);
	if (n->len != (six ? 128 : 32))
		fprintf(f, "/%u", n->len);
}

static void write_ports(FILE *f, struct ports p)
{
	fprintf(f, "%u", p.first);
	if (p.first != p.last)
		fprintf(f, "-%u", p.last);
}

static bool any_port(struct ports p)
{
	return !p.first && p.last == 65535;
}

static const char *proto_name(uint8_t proto)
{
	return proto == TCP ? "tcp" : proto == UDP ? "udp" : NULL;
}

static void write_rule(FILE *f, const struct rule *x, bool six, bool counter)
{
	const char *ip = six ? "ip6" : "ip", *name = proto_name(x->proto);

	fputs("\t\t", f);
	if (x->src.len) {
		fprintf(f, "%s saddr ", ip);
		write_net(f, &x->src, six);
		fputc(' ', f);
	}
	if (x->dst.len) {
		fprintf(f, "%s daddr ", ip);
		write_net(f, &x->dst, six);
		fputc(' ', f);
	}
	if (x->proto && (!name || (any_port(x->sport) && any_port(x->dport))))
		fprintf(f, "meta l4proto %u ", x->proto);
	if (name && !any_port(x->sport)) {
		fprintf(f, "%s sport ", name);
		write_ports(f, x->sport);
		fputc(' ', f);
	}
	if (name && !any_port(x->dport)) {
		fprintf(f, "%s dport ", name);
		write_ports(f, x->dport);
		fputc(' ', f);
	}
	fprintf(f, "%s%s\n", counter ? "counter " : "", x->accept ? "accept" : "drop");
}

/* "saddr . daddr . proto . sport . dport", or "saddr . proto . dport". */
static void write_elements(FILE *f, const struct set *s, bool five)
{
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		const struct rule *x = &s->rule[i];

		fputs("\t\t\t", f);
		write_net(f, &x->src, s->six);
		if (five) {
			fputs(" . ", f);
			write_net(f, &x->dst, s->six);
		}
		fprintf(f, " . %s . ", proto_name(x->proto));
		if (five) {
			write_ports(f, x->sport);
			fputs(" . ", f);
		}
		write_ports(f, x->dport);
		fputs(",\n", f);
	}
}

static void write_concat(FILE *f, const struct set *s, const char *kind, bool counter)
{
	const char *address = s->six ? "ipv6_addr" : "ipv4_addr", *ip = s->six ? "ip6" : "ip";
	bool five = kind[0] == 'b';	/* box, not exact */

	fprintf(f, "\tset entries {\n\t\ttype %s%s%s . inet_proto%s . inet_service\n", address,
		five ? " . " : "", five ? address : "", five ? " . inet_service" : "");
	fprintf(f, "%s\t\telements = {\n", five ? "\t\tflags interval\n" : "");
	write_elements(f, s, five);
	fputs("\t\t}\n\t}\n\tchain input {\n"
	      "\t\ttype filter hook input priority filter; policy drop;\n", f);
	fprintf(f, "\t\t%s saddr%s%s%s . meta l4proto%s . th dport @entries %saccept\n", ip,
		five ? " . " : "", five ? ip : "", five ? " daddr" : "",
		five ? " . th sport" : "", counter ? "counter " : "");
	fputs("\t}\n", f);
}

void write_set(FILE *f, const struct set *s, enum form form, const char *kind, bool counter)
{
	uint32_t i;

	fputs("table inet bench {\n", f);
	if (form == FORM_SET) {
		write_concat(f, s, kind, counter);
	} else {
		fputs("\tchain input {\n"
		      "\t\ttype filter hook input priority filter; policy drop;\n", f);
		for (i = 0; i < s->n; i++)
			write_rule(f, &s->rule[i], s->six, counter);
		fputs("\t}\n", f);
	}
	fputs("}\n", f);
}

void write_packet(FILE *f, const struct packet *p, bool six, const char *state, const char *iif)
{
	write_address(f, p->src, six);
	fputc(' ', f);
	write_address(f, p->dst, six);
	fprintf(f, " %u %u %u %s %s\n", p->proto, p->sport, p->dport, state, iif);
}
