// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ir: what all stages ask of a field, and the end of a policy.
 */
#include "policy/ir.h"

#include <stdlib.h>

static const struct {
	const char *name;
	unsigned int width;
} fields[IR_FIELDS] = {
	[IR_NONE] = { "none", 0 },
	[IR_META_NFPROTO] = { "meta nfproto", 1 },
	[IR_META_L4PROTO] = { "meta l4proto", 1 },
	[IR_META_MARK] = { "meta mark", 4 },
	[IR_META_LENGTH] = { "meta length", 4 },
	[IR_META_PKTTYPE] = { "meta pkttype", 1 },
	[IR_META_IIF] = { "iif", 4 },
	[IR_META_OIF] = { "oif", 4 },
	[IR_META_IIFNAME] = { "iifname", 16 },
	[IR_META_OIFNAME] = { "oifname", 16 },
	[IR_IP_SADDR] = { "ip saddr", 4 },
	[IR_IP_DADDR] = { "ip daddr", 4 },
	[IR_IP_PROTOCOL] = { "ip protocol", 1 },
	[IR_IP_TTL] = { "ip ttl", 1 },
	[IR_IP_DSCP] = { "ip dscp", 1 },
	[IR_IP_FRAG_OFF] = { "ip frag-off", 2 },
	[IR_IP_LENGTH] = { "ip length", 2 },
	[IR_IP6_SADDR] = { "ip6 saddr", 16 },
	[IR_IP6_DADDR] = { "ip6 daddr", 16 },
	[IR_IP6_NEXTHDR] = { "ip6 nexthdr", 1 },
	[IR_IP6_HOPLIMIT] = { "ip6 hoplimit", 1 },
	[IR_IP6_DSCP] = { "ip6 dscp", 1 },
	[IR_IP6_LENGTH] = { "ip6 length", 2 },
	[IR_EXTHDR_FRAG] = { "exthdr frag", 1 },
	[IR_TH_SPORT] = { "th sport", 2 },
	[IR_TH_DPORT] = { "th dport", 2 },
	[IR_TCP_FLAGS] = { "tcp flags", 1 },
	[IR_ICMP_TYPE] = { "icmp type", 1 },
	[IR_ICMP_CODE] = { "icmp code", 1 },
	[IR_ICMPV6_TYPE] = { "icmpv6 type", 1 },
	[IR_ICMPV6_CODE] = { "icmpv6 code", 1 },
	[IR_CT_STATE] = { "ct state", 4 },
	[IR_CT_MARK] = { "ct mark", 4 },
	[IR_CT_DIRECTION] = { "ct direction", 1 },
};

unsigned int ir_field_width(enum ir_field f)
{
	return (unsigned int)f < IR_FIELDS ? fields[f].width : 0;
}

const char *ir_field_name(enum ir_field f)
{
	return (unsigned int)f < IR_FIELDS ? fields[f].name : "none";
}

static void rule_clean(struct ir_rule *r)
{
	size_t i;

	for (i = 0; i < r->stmts; i++)
		if (r->stmt[i].kind == IR_LOG)
			free(r->stmt[i].log.prefix);
	free(r->stmt);
	free(r->text);
	free(r->comment);
}

void ir_policy_free(struct ir_policy *p)
{
	size_t i, j;

	if (!p)
		return;
	for (i = 0; i < p->chains; i++) {
		for (j = 0; j < p->chain[i].rules; j++)
			rule_clean(&p->chain[i].rule[j]);
		free(p->chain[i].rule);
		free(p->chain[i].name);
	}
	free(p->chain);
	for (i = 0; i < p->sets; i++) {
		free(p->set[i].name);
		free(p->set[i].element);
		free(p->set[i].text);
	}
	free(p->set);
	for (i = 0; i < p->files; i++)
		free(p->file[i]);
	free(p->file);
	free(p->name);
	free(p->table);
	free(p);
}
