// SPDX-License-Identifier: GPL-2.0-or-later
/* write: see set.h. */
#include <arpa/inet.h>
#include <string.h>

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

static void write_rule(FILE *f, const struct rule *x, bool six, const struct style *style)
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
	fprintf(f, "%s%s\n", style->counter ? "counter " : "",
		x->accept != style->drop ? "accept" : "drop");
}

/* "saddr . daddr . proto . sport . dport", or "saddr . proto . dport". */
static void write_elements(FILE *f, const struct set *s, const struct style *style, bool exact)
{
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		const struct rule *x = &s->rule[i];

		fputs("\t\t\t", f);
		write_net(f, &x->src, s->six);
		if (!exact) {
			fputs(" . ", f);
			write_net(f, &x->dst, s->six);
		}
		fprintf(f, " . %s . ", proto_name(x->proto));
		if (!exact) {
			write_ports(f, x->sport);
			fputs(" . ", f);
		}
		write_ports(f, x->dport);
		if (style->form == FORM_MAP)
			fputs(style->drop ? " : drop" : " : accept", f);
		fputs(",\n", f);
	}
}

static void write_chain(FILE *f, const struct style *style)
{
	fprintf(f, "\tchain %s {\n\t\ttype filter hook %s priority filter; policy %s;\n",
		style->hook, style->hook, style->drop ? "accept" : "drop");
}

static void write_concat(FILE *f, const struct set *s, const struct style *style, bool exact)
{
	const char *address = s->six ? "ipv6_addr" : "ipv4_addr", *ip = s->six ? "ip6" : "ip";
	bool map = style->form == FORM_MAP;

	fprintf(f, "\t%s entries {\n\t\ttype %s%s%s . inet_proto%s . inet_service%s\n",
		map ? "map" : "set", address, exact ? "" : " . ", exact ? "" : address,
		exact ? "" : " . inet_service", map ? " : verdict" : "");
	fprintf(f, "%s\t\telements = {\n", exact ? "" : "\t\tflags interval\n");
	write_elements(f, s, style, exact);
	fputs("\t\t}\n\t}\n", f);
	write_chain(f, style);
	/* nft 1.0.6 takes meta l4proto in no concatenation of intervals. */
	fprintf(f, "\t\t%s%s saddr%s%s%s . %s%s . th dport ",
		map && style->counter ? "counter " : "", ip, exact ? "" : " . ", exact ? "" : ip, exact ? "" : " daddr",
		exact ? "meta l4proto" : s->six ? "ip6 nexthdr" : "ip protocol",
		exact ? "" : " . th sport");
	if (map)
		fputs("vmap @entries\n\t}\n", f);
	else
		fprintf(f, "@entries %s%s\n\t}\n", style->counter ? "counter " : "",
			style->drop ? "drop" : "accept");
}

/* ---- for others than nft ---- */

static void write_iptables_ports(FILE *f, const char *option, struct ports p)
{
	if (any_port(p))
		return;
	fprintf(f, " %s %u", option, p.first);
	if (p.first != p.last)
		fprintf(f, ":%u", p.last);
}

static void write_iptables(FILE *f, const struct set *s, const struct style *style)
{
	static const char *const hooks[][2] = {
		{ "input", "INPUT" }, { "output", "OUTPUT" }, { "forward", "FORWARD" },
	};
	const char *chain = NULL;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		bool ours = !strcmp(style->hook, hooks[i][0]);

		fprintf(f, "%s:%s %s [0:0]\n", i ? "" : "*filter\n", hooks[i][1],
			ours && !style->drop ? "DROP" : "ACCEPT");
		if (ours)
			chain = hooks[i][1];
	}
	for (i = 0; chain && i < s->n; i++) {
		const struct rule *x = &s->rule[i];

		fprintf(f, "-A %s", chain);
		if (x->src.len) {
			fputs(" -s ", f);
			write_net(f, &x->src, s->six);
		}
		if (x->dst.len) {
			fputs(" -d ", f);
			write_net(f, &x->dst, s->six);
		}
		fprintf(f, " -p %s", proto_name(x->proto));
		write_iptables_ports(f, "--sport", x->sport);
		write_iptables_ports(f, "--dport", x->dport);
		fprintf(f, " -j %s\n", style->drop ? "DROP" : "ACCEPT");
	}
	fputs("COMMIT\n", f);
}

static void write_list(FILE *f, const struct set *s)
{
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		const struct rule *x = &s->rule[i];

		write_address(f, x->src.at, s->six);
		fprintf(f, "/%u ", x->src.len);
		write_address(f, x->dst.at, s->six);
		fprintf(f, "/%u %u %u-%u %u-%u\n", x->dst.len, x->proto, x->sport.first,
			x->sport.last, x->dport.first, x->dport.last);
	}
}

void write_set(FILE *f, const struct set *s, const struct style *style, bool exact)
{
	uint32_t i;

	if (style->form == FORM_IPTABLES) {
		write_iptables(f, s, style);
		return;
	}
	if (style->form == FORM_LIST) {
		write_list(f, s);
		return;
	}
	fprintf(f, "table %s bench {\n", !style->own ? "inet" : s->six ? "ip6" : "ip");
	if (style->form == FORM_RULES) {
		write_chain(f, style);
		for (i = 0; i < s->n; i++)
			write_rule(f, &s->rule[i], s->six, style);
		fputs("\t}\n", f);
	} else {
		write_concat(f, s, style, exact);
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
