// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * genl_parse: see genl_parse.h. Framing, acknowledgements, the family, and
 * namespaces with their fences, births; policies and packets are genl_parse_policy.c's.
 */
#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "genl_attr.h"
#include "genl_parse.h"
#include "uapi/nsfence.h"

/* genl.h repeats the UAPI header's values, so that nobody else includes it. */
#define SAME(ours, theirs) \
	static_assert((ours) == (theirs), #ours " differs from uapi/nsfence.h")

SAME(GENL_ABI, NSFENCE_ABI);
SAME(GENL_MAX_NAME, NSFENCE_MAX_NAME);
SAME(GENL_MAX_SOURCE, NSFENCE_MAX_SOURCE);
SAME((int)GENL_HOOK_PREROUTING, (int)NSFENCE_HOOK_PREROUTING);
SAME((int)GENL_HOOK_INPUT, (int)NSFENCE_HOOK_INPUT);
SAME((int)GENL_HOOK_FORWARD, (int)NSFENCE_HOOK_FORWARD);
SAME((int)GENL_HOOK_OUTPUT, (int)NSFENCE_HOOK_OUTPUT);
SAME((int)GENL_HOOK_POSTROUTING, (int)NSFENCE_HOOK_POSTROUTING);
SAME((int)GENL_HOOKS, (int)__NSFENCE_HOOK_MAX);
SAME((int)GENL_MODE_ENFORCE, (int)NSFENCE_MODE_ENFORCE);
SAME((int)GENL_MODE_AUDIT, (int)NSFENCE_MODE_AUDIT);
SAME((int)GENL_VERDICT_ACCEPT, (int)NSFENCE_VERDICT_ACCEPT);
SAME((int)GENL_VERDICT_DROP, (int)NSFENCE_VERDICT_DROP);
SAME((int)GENL_VERDICT_REJECT, (int)NSFENCE_VERDICT_REJECT);
SAME((int)GENL_VERDICT_AUDIT, (int)NSFENCE_VERDICT_AUDIT);
SAME((int)GENL_VERDICT_EXEMPT, (int)NSFENCE_VERDICT_EXEMPT);
SAME((int)GENL_VERDICTS, (int)__NSFENCE_VERDICT_MAX);
SAME(GENL_F_STRICT, NSFENCE_F_STRICT);
SAME(GENL_F_MANUAL, NSFENCE_F_MANUAL);
SAME(GENL_F_FORWARD_ACCEPT, NSFENCE_F_FORWARD_ACCEPT);
SAME(GENL_F_INHERIT, NSFENCE_F_INHERIT);
SAME(GENL_F_INITIAL, NSFENCE_F_INITIAL);
SAME(GENL_F_BORN, NSFENCE_F_BORN);
SAME(GENL_F_INHERITED, NSFENCE_F_INHERITED);
SAME(GENL_F_BIRTH, NSFENCE_F_BIRTH);
SAME(GENL_F_ORPHAN, NSFENCE_F_ORPHAN);
SAME(GENL_F_REPLACE, NSFENCE_F_REPLACE);
SAME(GENL_F_NOWAIT, NSFENCE_F_NOWAIT);
SAME(GENL_FEATURE_COOKIE, 1u << NSFENCE_FEATURE_COOKIE);
SAME(GENL_FEATURE_INIT_NET, 1u << NSFENCE_FEATURE_INIT_NET);

/* Not in the headers of every distribution that can build this. */
#define ACK_ATTR_MSG		1
#define ACK_ATTR_OFFS		2
#define ACK_ATTR_MISS_TYPE	5
#define ACK_FLAG_CAPPED		0x100
#define ACK_FLAG_TLVS		0x200

static const char *const attr_names[] = {
	[NSFENCE_A_INODE] = "inode",
	[NSFENCE_A_COOKIE] = "cookie",
	[NSFENCE_A_FD] = "fd",
	[NSFENCE_A_INSTANCE] = "instance",
	[NSFENCE_A_POLICY] = "policy",
	[NSFENCE_A_MODE] = "mode",
	[NSFENCE_A_HOOKS] = "hooks",
	[NSFENCE_A_FLAGS] = "flags",
	[NSFENCE_A_SOURCE] = "source",
	[NSFENCE_A_COUNTER] = "counter",
	[NSFENCE_A_MODULE_VERSION] = "module-version",
	[NSFENCE_A_ABI] = "abi",
	[NSFENCE_A_FEATURES] = "features",
	[NSFENCE_A_NAMESPACES] = "namespaces",
	[NSFENCE_A_ATTACHMENTS] = "attachments",
	[NSFENCE_A_COUNT] = "count",
	[NSFENCE_A_IMAGE] = "image",
	[NSFENCE_A_GENERATION] = "generation",
	[NSFENCE_A_HASH] = "hash",
	[NSFENCE_A_RECORDS] = "records",
	[NSFENCE_A_BYTES] = "bytes",
	[NSFENCE_A_RULE] = "rule",
	[NSFENCE_A_PACKET] = "packet",
	[NSFENCE_A_PARENT] = "parent",
	[NSFENCE_A_DECIDED] = "decided",
	[NSFENCE_A_WAIT] = "wait",
	[NSFENCE_A_RELEASE] = "release",
	[NSFENCE_A_BIRTHS] = "births",
	[NSFENCE_A_REFUSED] = "refused",
	[NSFENCE_A_CREATING] = "creating",
};
static_assert(sizeof(attr_names) / sizeof(attr_names[0]) == NSFENCE_A_MAX + 1,
	      "an attribute has no name");

const char *genl_parse_attr_name(uint32_t type)
{
	return type <= NSFENCE_A_MAX ? attr_names[type] : NULL;
}

int genl_parse_next(struct span *rest, struct genl_msg *out, struct err *e)
{
	struct nlmsghdr hdr;

	if (!rest->len)
		return 0;
	if (rest->len < sizeof(hdr))
		return genl_malformed(e, "bytes after the last message");
	memcpy(&hdr, rest->data, sizeof(hdr));
	if (hdr.nlmsg_len < sizeof(hdr) || hdr.nlmsg_len > rest->len)
		return genl_malformed(e, "a message's length leaves the datagram");
	out->type = hdr.nlmsg_type;
	out->flags = hdr.nlmsg_flags;
	out->seq = hdr.nlmsg_seq;
	out->port = hdr.nlmsg_pid;
	out->payload.data = rest->data + sizeof(hdr);
	out->payload.len = hdr.nlmsg_len - sizeof(hdr);
	*rest = genl_span_skip(*rest, GENL_ALIGNED((size_t)hdr.nlmsg_len));
	return 1;
}

/* The kernel's text is for people; a stray newline must not break their line. */
static void ack_text(const struct genl_attr *a, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < a->value.len && n + 1 < size; i++) {
		uint8_t c = a->value.data[i];

		if (!c)
			break;
		buf[n++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	while (n && (buf[n - 1] == ' ' || buf[n - 1] == '.'))
		n--;
	buf[n] = '\0';
}

int genl_parse_ack(const struct genl_msg *m, struct genl_ack *out, struct err *e)
{
	struct span rest = m->payload;
	struct nlmsghdr request;
	struct genl_attr a;
	int32_t error = 0;
	int ret;

	memset(out, 0, sizeof(*out));
	if (rest.len < sizeof(error))
		return genl_malformed(e, "an acknowledgement without an error number");
	memcpy(&error, rest.data, sizeof(error));
	if (error > 0 || error < -4095)
		return genl_malformed(e, "an error number out of range");
	out->error = -error;
	rest = genl_span_skip(rest, sizeof(error));
	if (m->type == NLMSG_ERROR) {
		if (rest.len < sizeof(request))
			return genl_malformed(e, "an acknowledgement of no message");
		memcpy(&request, rest.data, sizeof(request));
		rest = genl_span_skip(rest, sizeof(request));
		if (!(m->flags & ACK_FLAG_CAPPED) && request.nlmsg_len > sizeof(request))
			rest = genl_span_skip(rest, GENL_ALIGNED((size_t)request.nlmsg_len) - sizeof(request));
	}
	if (!(m->flags & ACK_FLAG_TLVS))
		return 0;
	while ((ret = genl_attr_next(&rest, &a, e)) > 0) {
		switch (a.type) {
		case ACK_ATTR_MSG:
			ack_text(&a, out->text, sizeof(out->text));
			break;
		case ACK_ATTR_OFFS:
			ret = genl_attr_u32(&a, "offset", &out->offset, e);
			break;
		case ACK_ATTR_MISS_TYPE:
			ret = genl_attr_u32(&a, "missing type", &out->missing, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	return ret;
}

static int parse_group(struct span rest, struct genl_family *out, struct err *e)
{
	char name[GENL_NAMSIZ] = "";
	struct genl_attr a;
	uint32_t id = 0;
	int ret;

	while ((ret = genl_attr_next(&rest, &a, e)) > 0) {
		if (a.type == CTRL_ATTR_MCAST_GRP_NAME)
			ret = genl_attr_string(&a, "group name", name, sizeof(name), e);
		else if (a.type == CTRL_ATTR_MCAST_GRP_ID)
			ret = genl_attr_u32(&a, "group id", &id, e);
		if (ret < 0)
			return ret;
	}
	if (!ret && !strcmp(name, NSFENCE_MCGRP_LIFECYCLE))
		out->lifecycle = id;
	if (!ret && !strcmp(name, NSFENCE_MCGRP_PACKETS))
		out->packets = id;
	return ret;
}

int genl_parse_family(const struct genl_msg *m, struct genl_family *out, struct err *e)
{
	struct span attrs, groups;
	struct genl_attr a, group;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_attr_open_as(m, CTRL_CMD_NEWFAMILY, &attrs, e);
	if (ret)
		return ret;
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		switch (a.type) {
		case CTRL_ATTR_FAMILY_ID:
			if (a.value.len != sizeof(out->id))
				return genl_attr_bad(e, "family id", a.value.len, "2");
			memcpy(&out->id, a.value.data, sizeof(out->id));
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			groups = a.value;
			while ((ret = genl_attr_next(&groups, &group, e)) > 0) {
				ret = parse_group(group.value, out, e);
				if (ret)
					return ret;
			}
			if (ret)
				return ret;
			break;
		}
	}
	if (!ret && !out->id)
		return genl_malformed(e, "a family without an id");
	return ret;
}

uint16_t genl_parse_family_gone(const struct genl_msg *m)
{
	struct span attrs;
	struct genl_attr a;
	uint8_t cmd = 0;
	uint16_t id = 0;

	if (genl_attr_open(m, &cmd, &attrs, NULL) || cmd != CTRL_CMD_DELFAMILY)
		return 0;
	while (genl_attr_next(&attrs, &a, NULL) > 0)
		if (a.type == CTRL_ATTR_FAMILY_ID && a.value.len == sizeof(id))
			memcpy(&id, a.value.data, sizeof(id));
	return id;
}

int genl_parse_version(const struct genl_msg *m, struct genl_version *out, struct err *e)
{
	struct span attrs;
	struct genl_attr a;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_attr_open_as(m, NSFENCE_CMD_VERSION_GET, &attrs, e);
	if (ret)
		return ret;
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		switch (a.type) {
		case NSFENCE_A_MODULE_VERSION:
			ret = genl_attr_string(&a, "module-version", out->module,
					 sizeof(out->module), e);
			break;
		case NSFENCE_A_ABI:
			ret = genl_attr_u32(&a, "abi", &out->abi, e);
			break;
		case NSFENCE_A_FEATURES:
			ret = genl_attr_u32(&a, "features", &out->features, e);
			break;
		case NSFENCE_A_NAMESPACES:
			ret = genl_attr_u32(&a, "namespaces", &out->namespaces, e);
			break;
		case NSFENCE_A_ATTACHMENTS:
			ret = genl_attr_u32(&a, "attachments", &out->attachments, e);
			break;
		case NSFENCE_A_CREATING:
			ret = genl_attr_u32(&a, "creating", &out->creating, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	if (!ret && !out->abi)
		return genl_malformed(e, "a version without attribute abi");
	return ret;
}

static int parse_counter(struct span rest, struct genl_netns *n, struct err *e)
{
	uint32_t hook = UINT32_MAX, verdict = UINT32_MAX;
	struct genl_counter c = { 0, 0 };
	struct genl_attr a;
	int ret;

	while ((ret = genl_attr_next(&rest, &a, e)) > 0) {
		switch (a.type) {
		case NSFENCE_A_COUNTER_HOOK:
			ret = genl_attr_u32(&a, "counter.hook", &hook, e);
			break;
		case NSFENCE_A_COUNTER_VERDICT:
			ret = genl_attr_u32(&a, "counter.verdict", &verdict, e);
			break;
		case NSFENCE_A_COUNTER_PACKETS:
			ret = genl_attr_u64(&a, "counter.packets", &c.packets, e);
			break;
		case NSFENCE_A_COUNTER_BYTES:
			ret = genl_attr_u64(&a, "counter.bytes", &c.bytes, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	if (ret)
		return ret;
	if (hook == UINT32_MAX || verdict == UINT32_MAX)
		return genl_malformed(e, "a counter without hook or verdict");
	/* Of a hook or verdict that is newer than this program: left out. */
	if (hook < GENL_HOOKS && verdict < GENL_VERDICTS)
		n->counter[hook][verdict] = c;
	return 0;
}

static int parse_mode(const struct genl_attr *a, enum genl_mode *out, struct err *e)
{
	uint32_t mode = 0;
	int ret = genl_attr_u32(a, "mode", &mode, e);

	if (ret)
		return ret;
	if (mode >= GENL_MODES)
		return genl_malformed(e, "a mode that is neither enforce nor audit");
	*out = (enum genl_mode)mode;
	return 0;
}

static int parse_netns_attr(const struct genl_attr *a, struct genl_netns *out, struct err *e)
{
	switch (a->type) {
	case NSFENCE_A_INODE:
		return genl_attr_u32(a, "inode", &out->inode, e);
	case NSFENCE_A_COOKIE:
		out->has_cookie = true;
		return genl_attr_u64(a, "cookie", &out->cookie, e);
	case NSFENCE_A_FLAGS:
		return genl_attr_u32(a, "flags", &out->flags, e);
	case NSFENCE_A_PARENT:
		return genl_attr_u32(a, "parent", &out->parent, e);
	case NSFENCE_A_INSTANCE:
		return genl_attr_u64(a, "instance", &out->instance, e);
	case NSFENCE_A_POLICY:
		return genl_attr_string(a, "policy", out->policy, sizeof(out->policy), e);
	case NSFENCE_A_MODE:
		return parse_mode(a, &out->mode, e);
	case NSFENCE_A_HOOKS:
		return genl_attr_u32(a, "hooks", &out->hooks, e);
	case NSFENCE_A_SOURCE:
		return genl_attr_string(a, "source", out->source, sizeof(out->source), e);
	case NSFENCE_A_COUNTER:
		return parse_counter(a->value, out, e);
	default:
		return 0;
	}
}

static int parse_netns_attrs(struct span attrs, struct genl_netns *out, struct err *e)
{
	struct genl_attr a;
	int ret;

	memset(out, 0, sizeof(*out));
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		ret = parse_netns_attr(&a, out, e);
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	if (!out->inode)
		return genl_malformed(e, "a namespace without attribute inode");
	if (out->instance && !out->policy[0])
		return genl_malformed(e, "a fence without attribute policy");
	return 0;
}

int genl_parse_netns(const struct genl_msg *m, struct genl_netns *out, struct err *e)
{
	struct span attrs;
	int ret;

	ret = genl_attr_open_as(m, NSFENCE_CMD_NETNS_GET, &attrs, e);
	if (ret)
		return ret;
	return parse_netns_attrs(attrs, out, e);
}

int genl_parse_event(const struct genl_msg *m, enum genl_event_type *type,
		     struct genl_netns *out, struct err *e)
{
	struct span attrs;
	uint8_t cmd = 0;
	int ret;

	ret = genl_attr_open(m, &cmd, &attrs, e);
	if (ret)
		return ret;
	switch (cmd) {
	case NSFENCE_CMD_BORN:
		*type = GENL_EVENT_BORN;
		break;
	case NSFENCE_CMD_DIED:
		*type = GENL_EVENT_DIED;
		break;
	case NSFENCE_CMD_ATTACHED:
		*type = GENL_EVENT_ATTACHED;
		break;
	case NSFENCE_CMD_DETACHED:
		*type = GENL_EVENT_DETACHED;
		break;
	default:
		return 0;
	}
	ret = parse_netns_attrs(attrs, out, e);
	return ret ? ret : 1;
}

static int parse_birth_attr(const struct genl_attr *a, struct genl_birth *out, struct err *e)
{
	switch (a->type) {
	case NSFENCE_A_POLICY:
		return genl_attr_string(a, "policy", out->policy, sizeof(out->policy), e);
	case NSFENCE_A_MODE:
		return parse_mode(a, &out->mode, e);
	case NSFENCE_A_HOOKS:
		return genl_attr_u32(a, "hooks", &out->hooks, e);
	case NSFENCE_A_FLAGS:
		return genl_attr_u32(a, "flags", &out->flags, e);
	case NSFENCE_A_DECIDED:
		out->decided = true;
		return 0;
	case NSFENCE_A_WAIT:
		return genl_attr_u32(a, "wait", &out->wait_s, e);
	case NSFENCE_A_RELEASE:
		out->release = true;
		return 0;
	case NSFENCE_A_BIRTHS:
		return genl_attr_u64(a, "births", &out->born, e);
	case NSFENCE_A_REFUSED:
		return genl_attr_u64(a, "refused", &out->refused, e);
	default:
		return 0;
	}
}

int genl_parse_birth(const struct genl_msg *m, uint8_t cmd, struct genl_birth *out,
		     struct err *e)
{
	struct span attrs;
	struct genl_attr a;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_attr_open_as(m, cmd, &attrs, e);
	if (ret)
		return ret;
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		ret = parse_birth_attr(&a, out, e);
		if (ret)
			return ret;
	}
	if (!ret && !out->policy[0])
		return genl_malformed(e, "births without attribute policy");
	return ret;
}

int genl_parse_answer(const struct genl_msg *m, struct genl_answer *out, struct err *e)
{
	struct span attrs;
	struct genl_attr a;
	uint8_t cmd = 0;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_attr_open(m, &cmd, &attrs, e);
	if (ret)
		return ret;
	while ((ret = genl_attr_next(&attrs, &a, e)) > 0) {
		switch (a.type) {
		case NSFENCE_A_INODE:
			ret = genl_attr_u32(&a, "inode", &out->inode, e);
			break;
		case NSFENCE_A_INSTANCE:
			ret = genl_attr_u64(&a, "instance", &out->instance, e);
			break;
		case NSFENCE_A_COUNT:
			ret = genl_attr_u32(&a, "count", &out->count, e);
			break;
		}
		if (ret < 0)
			return ret;
	}
	return ret;
}

const char *genl_parse_attr_at(struct span request, uint32_t offset)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;
	struct span rest = genl_span_skip(request, at);
	struct genl_attr a;

	while (genl_attr_next(&rest, &a, NULL) > 0) {
		/* An offset to the value names the attribute as well. */
		if (offset >= at && offset < at + sizeof(struct nlattr) + a.value.len)
			return genl_parse_attr_name(a.type);
		at = request.len - rest.len;
	}
	return NULL;
}
