// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * genl_parse_policy: policies, their rules, and reports of packets. See
 * genl_parse.h.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "genl_attr.h"
#include "genl_parse.h"
#include "uapi/nsfence.h"

#define SAME(ours, theirs) \
	static_assert((int)(ours) == (int)(theirs), #ours " differs from uapi/nsfence.h")

SAME(GENL_REPORT_LOG, NSFENCE_REPORT_LOG);
SAME(GENL_REPORT_DROP, NSFENCE_REPORT_DROP);
SAME(GENL_REPORT_AUDIT, NSFENCE_REPORT_AUDIT);

int genl_parse_policy(const struct genl_msg *m, uint8_t cmd, struct genl_policy *out,
		      struct err *e)
{
	struct genl_attr a;
	struct span attrs;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_attr_open_as(m, cmd, &attrs, e);
	if (ret)
		return ret;
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		switch (a.type) {
		case NSFENCE_A_POLICY:
			ret = genl_attr_string(&a, "policy", out->name, sizeof(out->name), e);
			break;
		case NSFENCE_A_GENERATION:
			ret = genl_attr_u64(&a, "generation", &out->generation, e);
			break;
		case NSFENCE_A_HASH:
			ret = genl_attr_u64(&a, "hash", &out->hash, e);
			break;
		case NSFENCE_A_RECORDS:
			ret = genl_attr_u32(&a, "records", &out->records, e);
			break;
		case NSFENCE_A_BYTES:
			ret = genl_attr_u32(&a, "bytes", &out->bytes, e);
			break;
		case NSFENCE_A_ATTACHMENTS:
			ret = genl_attr_u32(&a, "attachments", &out->attachments, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	if (!ret && !out->name[0])
		return genl_malformed(e, "a policy without attribute policy");
	return ret;
}

static int parse_rule(struct span rest, struct genl_rule *out, struct err *e)
{
	struct genl_attr a;
	int ret;

	*out = (struct genl_rule){ .chain = "", .text = "", .file = "" };
	while ((ret = genl_attr_next(&rest, &a, e)) > 0) {
		switch (a.type) {
		case NSFENCE_A_RULE_ID:
			ret = genl_attr_u64(&a, "rule.id", &out->id, e);
			break;
		case NSFENCE_A_RULE_CHAIN:
			ret = genl_attr_text(&a, "rule.chain", &out->chain, e);
			break;
		case NSFENCE_A_RULE_TEXT:
			ret = genl_attr_text(&a, "rule.text", &out->text, e);
			break;
		case NSFENCE_A_RULE_FILE:
			ret = genl_attr_text(&a, "rule.file", &out->file, e);
			break;
		case NSFENCE_A_RULE_LINE:
			ret = genl_attr_u32(&a, "rule.line", &out->line, e);
			break;
		case NSFENCE_A_RULE_PACKETS:
			ret = genl_attr_u64(&a, "rule.packets", &out->packets, e);
			break;
		case NSFENCE_A_RULE_BYTES:
			ret = genl_attr_u64(&a, "rule.bytes", &out->bytes, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	return ret;
}

int genl_parse_rule(const struct genl_msg *m, struct genl_rule_msg *out, struct err *e)
{
	bool has_rule = false;
	struct genl_attr a;
	struct span attrs;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_attr_open_as(m, NSFENCE_CMD_RULE_GET, &attrs, e);
	if (ret)
		return ret;
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		switch (a.type) {
		case NSFENCE_A_POLICY:
			ret = genl_attr_string(&a, "policy", out->policy, sizeof(out->policy), e);
			break;
		case NSFENCE_A_GENERATION:
			ret = genl_attr_u64(&a, "generation", &out->generation, e);
			break;
		case NSFENCE_A_RULE:
			has_rule = true;
			ret = parse_rule(a.value, &out->rule, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	if (!ret && (!has_rule || !out->policy[0]))
		return genl_malformed(e, has_rule ? "a rule without attribute policy" :
				      "a dump of rules without attribute rule");
	return ret;
}

/* ---- packets ---- */

/* What a packet's message must have, besides addresses. */
enum {
	SEEN_REPORT = 1 << 0,
	SEEN_HOOK = 1 << 1,
	SEEN_VERDICT = 1 << 2,
	SEEN_FAMILY = 1 << 3,
	SEEN_ALL = (1 << 4) - 1,
};

struct packet {
	struct genl_packet *out;
	unsigned int seen;
	size_t saddr, daddr;		/* bytes that came, 0: none */
};

/* A number of a fixed range, in an attribute of 4 bytes. */
static int get_number(const struct genl_attr *a, const char *name, uint32_t end, uint32_t *out,
		      struct err *e)
{
	int ret = genl_attr_u32(a, name, out, e);

	if (ret || *out < end)
		return ret;
	return err_set(e, EPROTO, EXIT_REFUSED,
		       "malformed netlink message from the kernel: attribute %s is %u, expected less than %u",
		       name, *out, end);
}

static int get_address(const struct genl_attr *a, const char *name, uint8_t addr[16],
		       size_t *len, struct err *e)
{
	if (a->value.len != 4 && a->value.len != 16)
		return genl_attr_bad(e, name, a->value.len, "4 or 16");
	memcpy(addr, a->value.data, a->value.len);
	*len = a->value.len;
	return 0;
}

/* The words of the message: why, where, what. */
static int parse_reason(const struct genl_attr *a, struct packet *p, struct err *e)
{
	struct genl_packet *out = p->out;
	uint32_t v = 0;
	int ret;

	switch (a->type) {
	case NSFENCE_A_PACKET_REPORT:
		ret = get_number(a, "packet.report", GENL_REPORTS, &v, e);
		out->report = (enum genl_report)v;
		p->seen |= SEEN_REPORT;
		return ret;
	case NSFENCE_A_PACKET_HOOK:
		ret = get_number(a, "packet.hook", GENL_HOOKS, &v, e);
		out->hook = (enum genl_hook)v;
		p->seen |= SEEN_HOOK;
		return ret;
	case NSFENCE_A_PACKET_VERDICT:
		ret = get_number(a, "packet.verdict", GENL_VERDICTS, &v, e);
		out->verdict = (enum genl_verdict)v;
		p->seen |= SEEN_VERDICT;
		return ret;
	case NSFENCE_A_PACKET_PREFIX:
		return genl_attr_text(a, "packet.prefix", &out->prefix, e);
	case NSFENCE_A_PACKET_LEVEL:
		out->has_level = true;
		return genl_attr_u32(a, "packet.level", &out->level, e);
	case NSFENCE_A_PACKET_LOST:
		return genl_attr_u64(a, "packet.lost", &out->lost, e);
	default:
		return 0;
	}
}

static int parse_packet_attr(const struct genl_attr *a, struct packet *p, struct err *e)
{
	struct genl_packet *out = p->out;
	uint32_t v = 0;
	int ret;

	switch (a->type) {
	case NSFENCE_A_PACKET_FAMILY:
		p->seen |= SEEN_FAMILY;
		return genl_attr_u32(a, "packet.family", &out->family, e);
	case NSFENCE_A_PACKET_PROTOCOL:
		ret = get_number(a, "packet.protocol", 256, &v, e);
		out->has_protocol = true;
		out->protocol = (uint8_t)v;
		return ret;
	case NSFENCE_A_PACKET_SADDR:
		return get_address(a, "packet.saddr", out->saddr, &p->saddr, e);
	case NSFENCE_A_PACKET_DADDR:
		return get_address(a, "packet.daddr", out->daddr, &p->daddr, e);
	case NSFENCE_A_PACKET_SPORT:
		ret = get_number(a, "packet.sport", 65536, &v, e);
		out->has_sport = true;
		out->sport = (uint16_t)v;
		return ret;
	case NSFENCE_A_PACKET_DPORT:
		ret = get_number(a, "packet.dport", 65536, &v, e);
		out->has_dport = true;
		out->dport = (uint16_t)v;
		return ret;
	case NSFENCE_A_PACKET_IIF:
		return genl_attr_string(a, "packet.iif", out->iif, sizeof(out->iif), e);
	case NSFENCE_A_PACKET_OIF:
		return genl_attr_string(a, "packet.oif", out->oif, sizeof(out->oif), e);
	case NSFENCE_A_PACKET_LENGTH:
		return genl_attr_u32(a, "packet.length", &out->length, e);
	case NSFENCE_A_PACKET_MARK:
		return genl_attr_u32(a, "packet.mark", &out->mark, e);
	default:
		return parse_reason(a, p, e);
	}
}

static int parse_packet(struct span rest, struct genl_packet *out, struct err *e)
{
	struct packet p = { .out = out };
	struct genl_attr a;
	size_t len;
	int ret;

	while ((ret = genl_attr_next(&rest, &a, e)) > 0) {
		ret = parse_packet_attr(&a, &p, e);
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	if (p.seen != SEEN_ALL)
		return genl_malformed(e, "a packet without report, hook, verdict or family");
	if (out->family != AF_INET && out->family != AF_INET6)
		return genl_malformed(e, "a packet that is neither IPv4 nor IPv6");
	if (!p.saddr && !p.daddr)
		return 0;
	out->has_addresses = true;
	len = out->family == AF_INET ? 4 : 16;
	if (p.saddr != len || p.daddr != len)
		return genl_malformed(e, "a packet whose addresses are not of its family");
	return 0;
}

int genl_parse_packet(const struct genl_msg *m, struct genl_packet *out, struct err *e)
{
	bool has_packet = false;
	struct genl_attr a;
	struct span attrs;
	uint8_t cmd = 0;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_attr_open(m, &cmd, &attrs, e);
	if (ret || cmd != NSFENCE_CMD_PACKET)
		return ret;
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		switch (a.type) {
		case NSFENCE_A_INODE:
			ret = genl_attr_u32(&a, "inode", &out->inode, e);
			break;
		case NSFENCE_A_COOKIE:
			out->has_cookie = true;
			ret = genl_attr_u64(&a, "cookie", &out->cookie, e);
			break;
		case NSFENCE_A_INSTANCE:
			ret = genl_attr_u64(&a, "instance", &out->instance, e);
			break;
		case NSFENCE_A_POLICY:
			ret = genl_attr_string(&a, "policy", out->policy, sizeof(out->policy), e);
			break;
		case NSFENCE_A_RULE:
			out->has_rule = true;
			ret = parse_rule(a.value, &out->rule, e);
			break;
		case NSFENCE_A_PACKET:
			has_packet = true;
			ret = parse_packet(a.value, out, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	if (ret)
		return ret;
	if (!out->inode)
		return genl_malformed(e, "a packet without attribute inode");
	if (!has_packet)
		return genl_malformed(e, "a report without attribute packet");
	return 1;
}
