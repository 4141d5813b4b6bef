// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A packet that was logged, dropped, or would have been: as a line, and as JSON.
 * Prefixes and names come from elsewhere, and pass out_escape().
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_monitor.h"
#include "out.h"

static const char *protocol_name(uint8_t protocol)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {
		{ IPPROTO_ICMP, "icmp" }, { IPPROTO_IGMP, "igmp" }, { IPPROTO_TCP, "tcp" },
		{ IPPROTO_UDP, "udp" }, { IPPROTO_DCCP, "dccp" }, { IPPROTO_GRE, "gre" },
		{ IPPROTO_ESP, "esp" }, { IPPROTO_AH, "ah" }, { IPPROTO_ICMPV6, "icmpv6" },
		{ IPPROTO_SCTP, "sctp" }, { IPPROTO_UDPLITE, "udplite" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == protocol)
			return names[i].name;
	return NULL;
}

static const char *address(const struct genl_packet *p, const uint8_t addr[16],
			   char buf[INET6_ADDRSTRLEN])
{
	return inet_ntop((int)p->family, addr, buf, INET6_ADDRSTRLEN) ? buf : "?";
}

/* ` key="value"`; a quote or backslash inside gets a backslash. */
static void put_quoted(FILE *f, const char *key, const char *value)
{
	size_t n = 0, size = 8 * strlen(value) + 1;
	char *quoted = malloc(size), *escaped = malloc(size);

	if (quoted && escaped) {
		for (; *value; value++) {
			if (*value == '"' || *value == '\\')
				quoted[n++] = '\\';
			quoted[n++] = *value;
		}
		quoted[n] = '\0';
		out_escape(quoted, escaped, size);
		fprintf(f, " %s=\"%s\"", key, escaped);
	}
	free(quoted);
	free(escaped);
}

static void put_word(FILE *f, const char *key, const char *value)
{
	char escaped[4 * 256];

	out_escape(value, escaped, sizeof(escaped));
	fprintf(f, " %s=%s", key, escaped);
}

static void put_rule(FILE *f, const struct genl_rule *rule)
{
	put_quoted(f, "chain", rule->chain);
	if (!rule->text[0])
		return;
	put_word(f, "at", rule->file);
	fprintf(f, ":%" PRIu32, rule->line);
	put_quoted(f, "rule", rule->text);
}

static void put_what(FILE *f, const struct genl_packet *p)
{
	char buf[INET6_ADDRSTRLEN];
	const char *name;

	if (p->has_addresses) {
		fprintf(f, " saddr=%s", address(p, p->saddr, buf));
		fprintf(f, " daddr=%s", address(p, p->daddr, buf));
	}
	name = p->has_protocol ? protocol_name(p->protocol) : NULL;
	if (name)
		fprintf(f, " protocol=%s", name);
	else if (p->has_protocol)
		fprintf(f, " protocol=%u", p->protocol);
	if (p->has_sport)
		fprintf(f, " sport=%u", p->sport);
	if (p->has_dport)
		fprintf(f, " dport=%u", p->dport);
	if (p->iif[0])
		put_word(f, "iif", p->iif);
	if (p->oif[0])
		put_word(f, "oif", p->oif);
	fprintf(f, " length=%" PRIu32, p->length);
	if (p->mark)
		fprintf(f, " mark=0x%08" PRIx32, p->mark);
	if (p->has_level)
		fprintf(f, " level=%" PRIu32, p->level);
}

void monitor_packet_print(const char *time, const struct names *names,
			  const struct genl_packet *p, FILE *f)
{
	char who[1024], escaped[2048];

	names_label(names, p->inode, who, sizeof(who));
	out_escape(who, escaped, sizeof(escaped));
	fprintf(f, "%s %-8s inode=%" PRIu32 " netns=%s", time, "packet", p->inode, escaped);
	put_word(f, "policy", p->policy);
	fprintf(f, " instance=%" PRIu64 " report=%s hook=%s verdict=%s", p->instance,
		genl_report_name(p->report), genl_hook_name(p->hook),
		genl_verdict_name(p->verdict));
	put_what(f, p);
	if (p->prefix)
		put_quoted(f, "prefix", p->prefix);
	if (p->has_rule)
		put_rule(f, &p->rule);
	fputc('\n', f);
}

static json_t *what_json(const struct genl_packet *p)
{
	json_t *object = json_object();
	char buf[INET6_ADDRSTRLEN];

	out_json_set(object, "report", json_string(genl_report_name(p->report)));
	out_json_set(object, "hook", json_string(genl_hook_name(p->hook)));
	out_json_set(object, "verdict", json_string(genl_verdict_name(p->verdict)));
	out_json_set(object, "family", out_json_u64(p->family));
	if (p->has_protocol)
		out_json_set(object, "protocol", out_json_u64(p->protocol));
	if (p->has_addresses) {
		out_json_set(object, "saddr", json_string(address(p, p->saddr, buf)));
		out_json_set(object, "daddr", json_string(address(p, p->daddr, buf)));
	}
	if (p->has_sport)
		out_json_set(object, "sport", out_json_u64(p->sport));
	if (p->has_dport)
		out_json_set(object, "dport", out_json_u64(p->dport));
	if (p->iif[0])
		out_json_set(object, "iif", out_json_string(p->iif));
	if (p->oif[0])
		out_json_set(object, "oif", out_json_string(p->oif));
	out_json_set(object, "length", out_json_u64(p->length));
	out_json_set(object, "mark", out_json_u64(p->mark));
	if (p->prefix)
		out_json_set(object, "prefix", out_json_string(p->prefix));
	if (p->has_level)
		out_json_set(object, "level", out_json_u64(p->level));
	out_json_set(object, "lost", out_json_u64(p->lost));
	return object;
}

void monitor_packet_json(json_t *object, const struct names *names, const struct genl_packet *p)
{
	out_json_set(object, "inode", out_json_u64(p->inode));
	if (p->has_cookie)
		out_json_set(object, "cookie", out_json_u64(p->cookie));
	names_json_set(object, names, p->inode);
	out_json_set(object, "instance", out_json_u64(p->instance));
	out_json_set(object, "policy", out_json_string(p->policy));
	if (p->has_rule)
		out_json_set(object, "rule", rule_json(&p->rule, false));
	out_json_set(object, "packet", what_json(p));
}
