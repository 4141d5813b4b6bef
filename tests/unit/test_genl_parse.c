// links: genl_attr.c genl_parse.c genl_parse_policy.c genl_names.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of netlink into structures: what the module sends, what a newer one
 * may send, and what nobody should. The last test cuts and changes valid
 * messages at random (NSF_SEED=N repeats a run) for the sanitizers to watch.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "genl_parse.h"
#include "uapi/nsfence.h"

static _Alignas(8) uint8_t room[8192];

static struct nlmsghdr *begin(uint16_t type, uint8_t cmd)
{
	struct genlmsghdr *hdr;
	struct nlmsghdr *nlh;

	memset(room, 0, sizeof(room));
	nlh = mnl_nlmsg_put_header(room);
	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = 7;
	nlh->nlmsg_pid = 11;
	hdr = mnl_nlmsg_put_extra_header(nlh, sizeof(*hdr));
	hdr->cmd = cmd;
	return nlh;
}

static struct genl_msg taken(const struct nlmsghdr *nlh)
{
	struct span rest = { .data = (const void *)nlh, .len = nlh->nlmsg_len };
	struct genl_msg m;

	assert_int_equal(genl_parse_next(&rest, &m, NULL), 1);
	assert_int_equal(rest.len, 0);
	return m;
}

static void put_counter(struct nlmsghdr *nlh, uint32_t hook, uint32_t verdict,
			uint64_t packets, uint64_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NSFENCE_A_COUNTER);

	mnl_attr_put_u32(nlh, NSFENCE_A_COUNTER_HOOK, hook);
	mnl_attr_put_u32(nlh, NSFENCE_A_COUNTER_VERDICT, verdict);
	mnl_attr_put_u64(nlh, NSFENCE_A_COUNTER_PACKETS, packets);
	mnl_attr_put_u64(nlh, NSFENCE_A_COUNTER_BYTES, bytes);
	mnl_attr_nest_end(nlh, nest);
}

static struct nlmsghdr *full_netns(uint8_t cmd)
{
	struct nlmsghdr *nlh = begin(30, cmd);

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 4026532631u);
	mnl_attr_put_u64(nlh, NSFENCE_A_COOKIE, 4106);
	mnl_attr_put(nlh, NSFENCE_A_PAD, 0, NULL);
	mnl_attr_put_u32(nlh, NSFENCE_A_FLAGS, GENL_F_MANUAL | GENL_F_BORN);
	mnl_attr_put_u32(nlh, NSFENCE_A_PARENT, 4026531833u);
	mnl_attr_put_u64(nlh, NSFENCE_A_INSTANCE, 3);
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "drop");
	mnl_attr_put_u32(nlh, NSFENCE_A_MODE, NSFENCE_MODE_AUDIT);
	mnl_attr_put_u32(nlh, NSFENCE_A_HOOKS, 1 << NSFENCE_HOOK_INPUT | 1 << NSFENCE_HOOK_OUTPUT);
	mnl_attr_put_strz(nlh, NSFENCE_A_SOURCE, "nsfence.conf:6");
	put_counter(nlh, NSFENCE_HOOK_INPUT, NSFENCE_VERDICT_DROP, 17, 1700);
	put_counter(nlh, NSFENCE_HOOK_OUTPUT, NSFENCE_VERDICT_ACCEPT, 1, 60);
	return nlh;
}

static void test_netns(void **state)
{
	struct genl_msg m = taken(full_netns(NSFENCE_CMD_NETNS_GET));
	struct genl_netns n;

	(void)state;
	assert_int_equal(genl_parse_netns(&m, &n, NULL), 0);
	assert_int_equal(n.inode, 4026532631u);
	assert_true(n.has_cookie);
	assert_int_equal(n.cookie, 4106);
	assert_int_equal(n.flags, GENL_F_MANUAL | GENL_F_BORN);
	assert_int_equal(n.parent, 4026531833u);
	assert_int_equal(n.instance, 3);
	assert_string_equal(n.policy, "drop");
	assert_int_equal(n.mode, GENL_MODE_AUDIT);
	assert_int_equal(n.hooks, 1 << GENL_HOOK_INPUT | 1 << GENL_HOOK_OUTPUT);
	assert_string_equal(n.source, "nsfence.conf:6");
	assert_int_equal(n.counter[GENL_HOOK_INPUT][GENL_VERDICT_DROP].packets, 17);
	assert_int_equal(n.counter[GENL_HOOK_INPUT][GENL_VERDICT_DROP].bytes, 1700);
	assert_int_equal(n.counter[GENL_HOOK_OUTPUT][GENL_VERDICT_ACCEPT].packets, 1);
	assert_int_equal(n.counter[GENL_HOOK_FORWARD][GENL_VERDICT_DROP].packets, 0);
}

/* A module of the same ABI may say more: it is skipped. */
static void test_unknown_is_skipped(void **state)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_NETNS_GET);
	struct genl_netns n;
	struct genl_msg m;

	(void)state;
	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 1);
	mnl_attr_put_u32(nlh, NSFENCE_A_MAX + 100, 1);
	put_counter(nlh, 99, NSFENCE_VERDICT_DROP, 1, 1);
	put_counter(nlh, NSFENCE_HOOK_INPUT, 99, 1, 1);
	m = taken(nlh);
	assert_int_equal(genl_parse_netns(&m, &n, NULL), 0);
	assert_int_equal(n.parent, 0);
	assert_int_equal(n.instance, 0);
	for (size_t i = 0; i < sizeof(n.counter); i++)
		assert_int_equal(((uint8_t *)n.counter)[i], 0);
}

/* Puts one attribute into a namespace's message and expects the refusal. */
static void refuses(uint16_t type, size_t len, const void *data, const char *message)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_NETNS_GET);
	struct genl_netns n;
	struct genl_msg m;
	struct err e;

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 1);
	mnl_attr_put(nlh, type, len, data);
	m = taken(nlh);
	assert_int_equal(genl_parse_netns(&m, &n, &e), -EPROTO);
	if (!strstr(e.text, message))
		fail_msg("\"%s\" does not say \"%s\"", e.text, message);
}

static void test_bad_attributes(void **state)
{
	uint8_t big[200];
	uint32_t mode = 2;

	(void)state;
	memset(big, 'x', sizeof(big));
	refuses(NSFENCE_A_INODE, 3, big, "inode has 3 bytes, expected 4");
	refuses(NSFENCE_A_COOKIE, 4, big, "cookie has 4 bytes, expected 8");
	refuses(NSFENCE_A_PARENT, 8, big, "parent has 8 bytes, expected 4");
	refuses(NSFENCE_A_INSTANCE, 0, big, "instance has 0 bytes");
	refuses(NSFENCE_A_POLICY, 0, big, "policy has 0 bytes");
	refuses(NSFENCE_A_POLICY, 4, big, "policy has 4 bytes");	/* no NUL */
	refuses(NSFENCE_A_POLICY, 200, big, "at most 63 and a final NUL");
	refuses(NSFENCE_A_SOURCE, 200, big, "at most 127");
	refuses(NSFENCE_A_MODE, 4, &mode, "mode");
	refuses(NSFENCE_A_COUNTER, 0, big, "counter without hook");
	refuses(NSFENCE_A_COUNTER, 2, big, "after the last attribute");
	refuses(NSFENCE_A_COUNTER, 8, big, "leaves the message");
	refuses(NSFENCE_A_INSTANCE, 8, "\1\0\0\0\0\0\0", "fence without attribute policy");
}

static struct nlmsghdr *full_birth(uint8_t cmd)
{
	struct nlmsghdr *nlh = begin(30, cmd);

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "quarantine");
	mnl_attr_put_u32(nlh, NSFENCE_A_MODE, NSFENCE_MODE_AUDIT);
	mnl_attr_put_u32(nlh, NSFENCE_A_HOOKS, 1 << NSFENCE_HOOK_OUTPUT);
	mnl_attr_put_u32(nlh, NSFENCE_A_FLAGS, NSFENCE_F_STRICT | NSFENCE_F_FORWARD_ACCEPT);
	mnl_attr_put(nlh, NSFENCE_A_DECIDED, 0, NULL);
	mnl_attr_put_u32(nlh, NSFENCE_A_WAIT, 119);
	mnl_attr_put(nlh, NSFENCE_A_RELEASE, 0, NULL);
	mnl_attr_put_u64(nlh, NSFENCE_A_BIRTHS, 1ull << 33);
	mnl_attr_put_u64(nlh, NSFENCE_A_REFUSED, 5);
	return nlh;
}

static void test_birth(void **state)
{
	struct genl_msg m = taken(full_birth(NSFENCE_CMD_BIRTH_GET));
	struct nlmsghdr *nlh;
	struct genl_birth b;
	uint32_t mode = 2;
	struct err e;

	(void)state;
	assert_int_equal(genl_parse_birth(&m, NSFENCE_CMD_BIRTH_GET, &b, NULL), 0);
	assert_string_equal(b.policy, "quarantine");
	assert_int_equal(b.mode, GENL_MODE_AUDIT);
	assert_int_equal(b.hooks, 1 << GENL_HOOK_OUTPUT);
	assert_int_equal(b.flags, GENL_F_STRICT | GENL_F_FORWARD_ACCEPT);
	assert_true(b.decided && b.release);
	assert_int_equal(b.wait_s, 119);
	assert_int_equal(b.born, 1ull << 33);
	assert_int_equal(b.refused, 5);
	assert_int_equal(genl_parse_birth(&m, NSFENCE_CMD_BIRTH_SET, &b, &e), -EPROTO);

	nlh = begin(30, NSFENCE_CMD_BIRTH_SET);
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "none");
	mnl_attr_put_u32(nlh, NSFENCE_A_MAX + 100, 1);
	m = taken(nlh);
	assert_int_equal(genl_parse_birth(&m, NSFENCE_CMD_BIRTH_SET, &b, &e), 0);
	assert_string_equal(b.policy, GENL_BIRTH_NONE);
	assert_false(b.decided || b.release);
	assert_int_equal(b.wait_s, 0);

	nlh = begin(30, NSFENCE_CMD_BIRTH_GET);
	mnl_attr_put(nlh, NSFENCE_A_DECIDED, 0, NULL);
	m = taken(nlh);
	assert_int_equal(genl_parse_birth(&m, NSFENCE_CMD_BIRTH_GET, &b, &e), -EPROTO);
	assert_non_null(strstr(e.text, "policy"));

	nlh = full_birth(NSFENCE_CMD_BIRTH_GET);
	mnl_attr_put(nlh, NSFENCE_A_MODE, sizeof(mode), &mode);
	m = taken(nlh);
	assert_int_equal(genl_parse_birth(&m, NSFENCE_CMD_BIRTH_GET, &b, &e), -EPROTO);
	assert_non_null(strstr(e.text, "mode"));
}

static void test_long_strings(void **state)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_NETNS_GET);
	char policy[GENL_MAX_NAME + 1], source[GENL_MAX_SOURCE + 1];
	struct genl_netns n;
	struct genl_msg m;

	(void)state;
	memset(policy, 'p', sizeof(policy) - 1);
	policy[sizeof(policy) - 1] = '\0';
	memset(source, 's', sizeof(source) - 1);
	source[sizeof(source) - 1] = '\0';
	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 1);
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, policy);
	mnl_attr_put_strz(nlh, NSFENCE_A_SOURCE, source);
	m = taken(nlh);
	assert_int_equal(genl_parse_netns(&m, &n, NULL), 0);
	assert_string_equal(n.policy, policy);
	assert_string_equal(n.source, source);
}

static void test_no_inode(void **state)
{
	struct genl_msg m = taken(begin(30, NSFENCE_CMD_NETNS_GET));
	struct genl_netns n;
	struct err e;

	(void)state;
	assert_int_equal(genl_parse_netns(&m, &n, &e), -EPROTO);
	assert_non_null(strstr(e.text, "inode"));
}

static void test_events(void **state)
{
	static const struct {
		uint8_t cmd;
		enum genl_event_type type;
		const char *name;
	} events[] = {
		{ NSFENCE_CMD_BORN, GENL_EVENT_BORN, "born" },
		{ NSFENCE_CMD_DIED, GENL_EVENT_DIED, "died" },
		{ NSFENCE_CMD_ATTACHED, GENL_EVENT_ATTACHED, "attached" },
		{ NSFENCE_CMD_DETACHED, GENL_EVENT_DETACHED, "detached" },
	};
	enum genl_event_type type;
	struct genl_netns n;
	struct genl_msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		m = taken(full_netns(events[i].cmd));
		assert_int_equal(genl_parse_event(&m, &type, &n, NULL), 1);
		assert_int_equal(type, events[i].type);
		assert_string_equal(genl_event_name(type), events[i].name);
		assert_int_equal(n.instance, 3);
	}
	m = taken(full_netns(200));
	assert_int_equal(genl_parse_event(&m, &type, &n, NULL), 0);
}

static void test_version(void **state)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_VERSION_GET);
	struct genl_version v;
	struct genl_msg m;
	struct err e;

	(void)state;
	mnl_attr_put_strz(nlh, NSFENCE_A_MODULE_VERSION, "0.1.0");
	m = taken(nlh);
	assert_int_equal(genl_parse_version(&m, &v, &e), -EPROTO);
	mnl_attr_put_u32(nlh, NSFENCE_A_ABI, 1);
	mnl_attr_put_u32(nlh, NSFENCE_A_FEATURES, 1 << NSFENCE_FEATURE_COOKIE);
	mnl_attr_put_u32(nlh, NSFENCE_A_NAMESPACES, 5);
	mnl_attr_put_u32(nlh, NSFENCE_A_ATTACHMENTS, 2);
	mnl_attr_put_u32(nlh, NSFENCE_A_CREATING, 3);
	m = taken(nlh);
	assert_int_equal(genl_parse_version(&m, &v, &e), 0);
	assert_string_equal(v.module, "0.1.0");
	assert_int_equal(v.abi, 1);
	assert_int_equal(v.features, GENL_FEATURE_COOKIE);
	assert_int_equal(v.namespaces, 5);
	assert_int_equal(v.attachments, 2);
	assert_int_equal(v.creating, 3);
	m = taken(begin(30, NSFENCE_CMD_ATTACH));
	assert_int_equal(genl_parse_version(&m, &v, &e), -EPROTO);
	assert_non_null(strstr(e.text, "command"));
}

/* ---- policies and packets ---- */

static struct nlmsghdr *full_policy(void)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_POLICY_GET);

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "web");
	mnl_attr_put_u64(nlh, NSFENCE_A_GENERATION, 3);
	mnl_attr_put_u64(nlh, NSFENCE_A_HASH, UINT64_MAX);
	mnl_attr_put_u32(nlh, NSFENCE_A_RECORDS, 4);
	mnl_attr_put_u32(nlh, NSFENCE_A_BYTES, 5);
	mnl_attr_put_u32(nlh, NSFENCE_A_ATTACHMENTS, 6);
	mnl_attr_put_u32(nlh, 300, 6);		/* of a newer module */
	return nlh;
}

static void put_rule(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NSFENCE_A_RULE);

	mnl_attr_put_u64(nlh, NSFENCE_A_RULE_ID, 9);
	mnl_attr_put_strz(nlh, NSFENCE_A_RULE_CHAIN, "input");
	mnl_attr_put_strz(nlh, NSFENCE_A_RULE_TEXT, "tcp dport 22 counter accept");
	mnl_attr_put_strz(nlh, NSFENCE_A_RULE_FILE, "web.nft");
	mnl_attr_put_u32(nlh, NSFENCE_A_RULE_LINE, 18);
	mnl_attr_put_u64(nlh, NSFENCE_A_RULE_PACKETS, 1);
	mnl_attr_put_u64(nlh, NSFENCE_A_RULE_BYTES, 2);
	mnl_attr_nest_end(nlh, nest);
}

static struct nlmsghdr *full_rule(void)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_RULE_GET);

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "web");
	mnl_attr_put_u64(nlh, NSFENCE_A_GENERATION, 3);
	put_rule(nlh);
	return nlh;
}

static void put_reason(struct nlmsghdr *nlh, uint32_t family)
{
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_REPORT, NSFENCE_REPORT_LOG);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_HOOK, NSFENCE_HOOK_OUTPUT);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_VERDICT, NSFENCE_VERDICT_ACCEPT);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_FAMILY, family);
}

static struct nlmsghdr *full_packet(void)
{
	static const uint8_t saddr[16] = { 0xfe, 0x80 }, daddr[16] = { 0x20, 0x01 };
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_PACKET);
	struct nlattr *nest;

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 77);
	mnl_attr_put_u64(nlh, NSFENCE_A_COOKIE, 5);
	mnl_attr_put_u64(nlh, NSFENCE_A_INSTANCE, 6);
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "web");
	put_rule(nlh);
	nest = mnl_attr_nest_start(nlh, NSFENCE_A_PACKET);
	put_reason(nlh, AF_INET6);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_PROTOCOL, 17);
	mnl_attr_put(nlh, NSFENCE_A_PACKET_SADDR, sizeof(saddr), saddr);
	mnl_attr_put(nlh, NSFENCE_A_PACKET_DADDR, sizeof(daddr), daddr);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_SPORT, 53);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_DPORT, 65535);
	mnl_attr_put_strz(nlh, NSFENCE_A_PACKET_IIF, "a2345678901234b");
	mnl_attr_put_strz(nlh, NSFENCE_A_PACKET_OIF, "eth0");
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_LENGTH, 100);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_MARK, 7);
	mnl_attr_put_strz(nlh, NSFENCE_A_PACKET_PREFIX, "dns: ");
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_LEVEL, 6);
	mnl_attr_put_u64(nlh, NSFENCE_A_PACKET_LOST, 12);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

static void test_policy(void **state)
{
	struct genl_msg m = taken(full_policy());
	struct genl_policy p;
	struct err e;

	(void)state;
	assert_int_equal(genl_parse_policy(&m, NSFENCE_CMD_POLICY_GET, &p, NULL), 0);
	assert_string_equal(p.name, "web");
	assert_int_equal(p.generation, 3);
	assert_true(p.hash == UINT64_MAX);
	assert_int_equal(p.records, 4);
	assert_int_equal(p.bytes, 5);
	assert_int_equal(p.attachments, 6);
	assert_int_equal(genl_parse_policy(&m, NSFENCE_CMD_POLICY_SET, &p, &e), -EPROTO);
	m = taken(begin(30, NSFENCE_CMD_POLICY_GET));
	assert_int_equal(genl_parse_policy(&m, NSFENCE_CMD_POLICY_GET, &p, &e), -EPROTO);
	assert_non_null(strstr(e.text, "without attribute policy"));
}

static void test_rule(void **state)
{
	struct genl_msg m = taken(full_rule());
	struct nlmsghdr *nlh;
	struct genl_rule_msg r;
	struct err e;

	(void)state;
	assert_int_equal(genl_parse_rule(&m, &r, NULL), 0);
	assert_string_equal(r.policy, "web");
	assert_int_equal(r.generation, 3);
	assert_int_equal(r.rule.id, 9);
	assert_string_equal(r.rule.chain, "input");
	assert_string_equal(r.rule.text, "tcp dport 22 counter accept");
	assert_string_equal(r.rule.file, "web.nft");
	assert_int_equal(r.rule.line, 18);
	assert_int_equal(r.rule.packets, 1);
	assert_int_equal(r.rule.bytes, 2);

	nlh = begin(30, NSFENCE_CMD_RULE_GET);
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "web");
	m = taken(nlh);
	assert_int_equal(genl_parse_rule(&m, &r, &e), -EPROTO);
	nlh = begin(30, NSFENCE_CMD_RULE_GET);
	mnl_attr_nest_end(nlh, mnl_attr_nest_start(nlh, NSFENCE_A_RULE));
	m = taken(nlh);
	assert_int_equal(genl_parse_rule(&m, &r, &e), -EPROTO);
	/* Nothing in it, and no string that is not there. */
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "web");
	m = taken(nlh);
	assert_int_equal(genl_parse_rule(&m, &r, &e), 0);
	assert_string_equal(r.rule.text, "");
	assert_string_equal(r.rule.file, "");
}

static void test_packet(void **state)
{
	struct genl_msg m = taken(full_packet());
	enum genl_event_type type;
	struct genl_packet p;
	struct genl_netns n;

	(void)state;
	assert_int_equal(genl_parse_packet(&m, &p, NULL), 1);
	assert_int_equal(p.inode, 77);
	assert_true(p.has_cookie);
	assert_int_equal(p.cookie, 5);
	assert_int_equal(p.instance, 6);
	assert_string_equal(p.policy, "web");
	assert_true(p.has_rule);
	assert_int_equal(p.rule.line, 18);
	assert_int_equal(p.report, GENL_REPORT_LOG);
	assert_string_equal(genl_report_name(p.report), "log");
	assert_int_equal(p.hook, GENL_HOOK_OUTPUT);
	assert_int_equal(p.verdict, GENL_VERDICT_ACCEPT);
	assert_int_equal(p.family, AF_INET6);
	assert_true(p.has_protocol && p.has_addresses && p.has_sport && p.has_dport);
	assert_int_equal(p.protocol, 17);
	assert_int_equal(p.saddr[1], 0x80);
	assert_int_equal(p.daddr[0], 0x20);
	assert_int_equal(p.sport, 53);
	assert_int_equal(p.dport, 65535);
	assert_string_equal(p.iif, "a2345678901234b");
	assert_string_equal(p.oif, "eth0");
	assert_int_equal(p.length, 100);
	assert_int_equal(p.mark, 7);
	assert_string_equal(p.prefix, "dns: ");
	assert_true(p.has_level);
	assert_int_equal(p.level, 6);
	assert_int_equal(p.lost, 12);
	/* Either parser leaves the other's messages alone. */
	assert_int_equal(genl_parse_event(&m, &type, &n, NULL), 0);
	m = taken(full_netns(NSFENCE_CMD_BORN));
	assert_int_equal(genl_parse_packet(&m, &p, NULL), 0);
}

/* A packet with one attribute more, or none of the addresses, is refused, or not. */
static void packet_with(uint32_t family, uint16_t type, size_t len, const void *data,
			const char *message)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_PACKET);
	struct genl_packet p;
	struct nlattr *nest;
	struct genl_msg m;
	struct err e;
	int ret;

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 77);
	nest = mnl_attr_nest_start(nlh, NSFENCE_A_PACKET);
	put_reason(nlh, family);
	if (type)
		mnl_attr_put(nlh, type, len, data);
	mnl_attr_nest_end(nlh, nest);
	m = taken(nlh);
	ret = genl_parse_packet(&m, &p, &e);
	if (!message) {
		assert_int_equal(ret, 1);
		assert_false(p.has_addresses);
		return;
	}
	assert_int_equal(ret, -EPROTO);
	if (!strstr(e.text, message))
		fail_msg("\"%s\" does not say \"%s\"", e.text, message);
}

static void test_bad_packets(void **state)
{
	const uint32_t big = 65536, small = 5;
	uint8_t bytes[32];
	struct nlmsghdr *nlh;
	struct genl_packet p;
	struct genl_msg m;
	struct err e;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	packet_with(AF_INET, 0, 0, NULL, NULL);
	packet_with(AF_UNIX, 0, 0, NULL, "neither IPv4 nor IPv6");
	packet_with(AF_INET, NSFENCE_A_PACKET_SADDR, 4, bytes, "addresses are not of its family");
	packet_with(AF_INET, NSFENCE_A_PACKET_SADDR, 5, bytes, "packet.saddr has 5 bytes");
	packet_with(AF_INET, NSFENCE_A_PACKET_DADDR, 32, bytes, "packet.daddr has 32 bytes");
	packet_with(AF_INET6, NSFENCE_A_PACKET_DADDR, 16, bytes, "addresses are not of its family");
	packet_with(AF_INET, NSFENCE_A_PACKET_SPORT, 4, &big, "packet.sport is 65536");
	packet_with(AF_INET, NSFENCE_A_PACKET_DPORT, 4, &big, "packet.dport is 65536");
	packet_with(AF_INET, NSFENCE_A_PACKET_DPORT, 2, &big, "packet.dport has 2 bytes");
	packet_with(AF_INET, NSFENCE_A_PACKET_PROTOCOL, 4, &big, "packet.protocol is 65536");
	packet_with(AF_INET, NSFENCE_A_PACKET_HOOK, 4, &small, "packet.hook is 5");
	packet_with(AF_INET, NSFENCE_A_PACKET_VERDICT, 4, &small, "packet.verdict is 5");
	packet_with(AF_INET, NSFENCE_A_PACKET_REPORT, 4, &small, "packet.report is 5");
	packet_with(AF_INET, NSFENCE_A_PACKET_IIF, 17, "1234567890123456", "packet.iif has 17");
	packet_with(AF_INET, NSFENCE_A_PACKET_PREFIX, 3, bytes, "packet.prefix has 3 bytes");
	packet_with(AF_INET, NSFENCE_A_PACKET_PREFIX, 0, bytes, "packet.prefix has 0 bytes");
	packet_with(AF_INET, NSFENCE_A_PACKET_LOST, 4, bytes, "packet.lost has 4 bytes");

	nlh = begin(30, NSFENCE_CMD_PACKET);
	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 77);
	m = taken(nlh);
	assert_int_equal(genl_parse_packet(&m, &p, &e), -EPROTO);
	assert_non_null(strstr(e.text, "without attribute packet"));
	mnl_attr_nest_end(nlh, mnl_attr_nest_start(nlh, NSFENCE_A_PACKET));
	m = taken(nlh);
	assert_int_equal(genl_parse_packet(&m, &p, &e), -EPROTO);
	assert_non_null(strstr(e.text, "without report"));
	m = taken(begin(30, NSFENCE_CMD_PACKET));
	assert_int_equal(genl_parse_packet(&m, &p, &e), -EPROTO);
}

static struct nlmsghdr *family(const char *group, uint32_t id)
{
	struct nlmsghdr *nlh = begin(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
	struct nlattr *groups, *one;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "nsfence");
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, 30);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	one = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, id);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, group);
	mnl_attr_nest_end(nlh, one);
	mnl_attr_nest_end(nlh, groups);
	return nlh;
}

static void test_family(void **state)
{
	struct genl_msg m = taken(family("lifecycle", 9));
	struct genl_family f;

	(void)state;
	assert_int_equal(genl_parse_family(&m, &f, NULL), 0);
	assert_int_equal(f.id, 30);
	assert_int_equal(f.lifecycle, 9);
	assert_int_equal(f.packets, 0);
	m = taken(family("packets", 9));
	assert_int_equal(genl_parse_family(&m, &f, NULL), 0);
	assert_int_equal(f.lifecycle, 0);
	assert_int_equal(f.packets, 9);
	m = taken(begin(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY));
	assert_int_equal(genl_parse_family(&m, &f, NULL), -EPROTO);
}

/* An NLMSG_ERROR as the kernel builds it; capped: the request's header only. */
static struct nlmsghdr *error_of(int error, bool capped, const char *text, uint32_t offset)
{
	struct nlmsghdr *nlh, *request;
	int32_t *code;

	memset(room, 0, sizeof(room));
	nlh = mnl_nlmsg_put_header(room);
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = 0x200 | (capped ? 0x100 : 0);
	code = mnl_nlmsg_put_extra_header(nlh, sizeof(*code));
	*code = -error;
	request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request) + (capped ? 0 : 12));
	request->nlmsg_len = sizeof(*request) + 12;
	if (text)
		mnl_attr_put_strz(nlh, 1, text);
	if (offset)
		mnl_attr_put_u32(nlh, 2, offset);
	return nlh;
}

static void test_ack(void **state)
{
	struct genl_msg m;
	struct genl_ack ack;
	struct err e;

	(void)state;
	for (int capped = 0; capped < 2; capped++) {
		m = taken(error_of(EINVAL, capped, "bad\nthing.", 28));
		assert_int_equal(genl_parse_ack(&m, &ack, &e), 0);
		assert_int_equal(ack.error, EINVAL);
		assert_string_equal(ack.text, "bad thing");
		assert_int_equal(ack.offset, 28);
		m = taken(error_of(0, capped, NULL, 0));
		assert_int_equal(genl_parse_ack(&m, &ack, &e), 0);
		assert_int_equal(ack.error, 0);
		assert_string_equal(ack.text, "");
	}
	m = taken(error_of(5000, true, NULL, 0));
	assert_int_equal(genl_parse_ack(&m, &ack, &e), -EPROTO);
	m = taken(error_of(-1, true, NULL, 0));
	assert_int_equal(genl_parse_ack(&m, &ack, &e), -EPROTO);
	m.payload.len = 3;
	assert_int_equal(genl_parse_ack(&m, &ack, &e), -EPROTO);
	m.payload.len = 8;
	assert_int_equal(genl_parse_ack(&m, &ack, &e), -EPROTO);
}

/* The kernel may be talkative: the text is cut, never the buffer overrun. */
static void test_ack_long_text(void **state)
{
	char text[1000];
	struct genl_ack ack;
	struct genl_msg m;

	(void)state;
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	m = taken(error_of(EINVAL, true, text, 0));
	assert_int_equal(genl_parse_ack(&m, &ack, NULL), 0);
	assert_int_equal(strlen(ack.text), sizeof(ack.text) - 1);
}

static void test_attr_at(void **state)
{
	struct nlmsghdr *nlh = begin(30, NSFENCE_CMD_ATTACH);
	struct span request = { .data = room };
	uint32_t at;

	(void)state;
	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 1);
	at = nlh->nlmsg_len;
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "nosuch");
	request.len = nlh->nlmsg_len;
	assert_string_equal(genl_parse_attr_at(request, at), "policy");
	assert_string_equal(genl_parse_attr_at(request, at + 4), "policy");
	assert_string_equal(genl_parse_attr_at(request, 20), "inode");
	assert_null(genl_parse_attr_at(request, 3));
	assert_null(genl_parse_attr_at(request, 4000));
	assert_null(genl_parse_attr_name(0));
	assert_null(genl_parse_attr_name(NSFENCE_A_MAX + 1));
}

static void test_framing(void **state)
{
	struct nlmsghdr *nlh = full_netns(NSFENCE_CMD_NETNS_GET);
	struct span rest;
	struct genl_msg m;
	struct err e;

	(void)state;
	rest = (struct span){ .data = room, .len = 0 };
	assert_int_equal(genl_parse_next(&rest, &m, &e), 0);
	rest.len = sizeof(*nlh) - 1;
	assert_int_equal(genl_parse_next(&rest, &m, &e), -EPROTO);
	rest.len = nlh->nlmsg_len - 1;
	assert_int_equal(genl_parse_next(&rest, &m, &e), -EPROTO);
	rest.len = nlh->nlmsg_len;
	nlh->nlmsg_len = sizeof(*nlh) - 1;
	assert_int_equal(genl_parse_next(&rest, &m, &e), -EPROTO);
	/* The last one's padding may be missing. */
	nlh->nlmsg_len = sizeof(*nlh) + 1;
	rest = (struct span){ .data = room, .len = sizeof(*nlh) + 1 };
	assert_int_equal(genl_parse_next(&rest, &m, &e), 1);
	assert_int_equal(m.payload.len, 1);
	assert_int_equal(genl_parse_next(&rest, &m, &e), 0);
}

static void parse_all(const uint8_t *bytes, size_t len)
{
	/* Exactly as long as it says, for ASan to see a byte too many. */
	uint8_t *copy = malloc(len ? len : 1);
	struct span rest = { .data = copy, .len = len };
	enum genl_event_type type;
	struct genl_version v;
	struct genl_answer a;
	struct genl_family f;
	struct genl_netns n;
	struct genl_birth birth;
	struct genl_policy policy;
	struct genl_rule_msg rule;
	struct genl_packet packet;
	struct genl_ack ack;
	struct genl_msg m;
	struct err e;

	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	while (genl_parse_next(&rest, &m, &e) > 0) {
		genl_parse_ack(&m, &ack, &e);
		genl_parse_family(&m, &f, &e);
		genl_parse_version(&m, &v, &e);
		genl_parse_netns(&m, &n, &e);
		genl_parse_answer(&m, &a, &e);
		genl_parse_event(&m, &type, &n, &e);
		genl_parse_birth(&m, NSFENCE_CMD_BIRTH_SET, &birth, &e);
		genl_parse_policy(&m, NSFENCE_CMD_POLICY_GET, &policy, &e);
		/* Strings that point into the message end in it. */
		if (!genl_parse_rule(&m, &rule, &e))
			assert_true(strlen(rule.rule.text) + strlen(rule.rule.file) +
				    strlen(rule.rule.chain) < len);
		if (genl_parse_packet(&m, &packet, &e) == 1)
			assert_true(!packet.prefix || strlen(packet.prefix) < len);
		genl_parse_attr_at((struct span){ .data = copy, .len = len }, 24);
	}
	free(copy);
}

static void test_mangled(void **state)
{
	const char *given = getenv("NSF_SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 10) :
		(unsigned int)time(NULL);

	(void)state;
	print_message("seed %u (NSF_SEED)\n", seed);
	srandom(seed);
	for (int i = 0; i < 40000; i++) {
		struct nlmsghdr *nlh = i % 8 == 0 ? full_netns(NSFENCE_CMD_NETNS_GET) :
			i % 8 == 1 ? family("lifecycle", 9) :
			i % 8 == 2 ? error_of(EINVAL, i & 32, "text", 20) :
			i % 8 == 3 ? full_policy() :
			i % 8 == 4 ? full_rule() :
			i % 8 == 5 ? full_packet() :
			i % 8 == 6 ? full_birth(NSFENCE_CMD_BIRTH_SET) :
			full_netns(NSFENCE_CMD_BORN);
		size_t len = nlh->nlmsg_len;

		for (long k = random() % 4; k >= 0; k--)
			room[(size_t)random() % len] = (uint8_t)random();
		/* Half of them keep an honest length, to get past the framing. */
		if (i & 8)
			nlh->nlmsg_len = (uint32_t)len;
		parse_all(room, i & 16 ? (size_t)random() % (len + 1) : len);
	}
}

static void test_hooks(void **state)
{
	char buf[64], tiny[5];
	uint32_t hooks = 0;
	struct err e;

	(void)state;
	assert_int_equal(genl_hooks_parse("output,input", &hooks, &e), 0);
	assert_int_equal(hooks, 1 << GENL_HOOK_INPUT | 1 << GENL_HOOK_OUTPUT);
	genl_hooks_format(hooks, buf, sizeof(buf));
	assert_string_equal(buf, "input,output");
	genl_hooks_format(hooks, tiny, sizeof(tiny));
	assert_string_equal(tiny, "inpu");
	genl_hooks_format(hooks, tiny, 0);
	genl_hooks_format(1u << 31, buf, sizeof(buf));
	assert_string_equal(buf, "hook31");
	genl_hooks_format(0, buf, sizeof(buf));
	assert_string_equal(buf, "");
	assert_int_equal(genl_hooks_parse("input,inputs", &hooks, &e), -EINVAL);
	assert_non_null(strstr(e.text, "\"inputs\""));
	assert_int_equal(genl_hooks_parse("", &hooks, &e), -EINVAL);
	assert_int_equal(genl_hooks_parse("input,", &hooks, &e), -EINVAL);
	assert_int_equal(genl_hooks_parse("input, output", &hooks, &e), -EINVAL);
	assert_string_equal(genl_verdict_name(GENL_VERDICT_EXEMPT), "exempt");
	assert_string_equal(genl_verdict_name((enum genl_verdict)77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_netns),
		cmocka_unit_test(test_unknown_is_skipped),
		cmocka_unit_test(test_bad_attributes),
		cmocka_unit_test(test_birth),
		cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_no_inode),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_bad_packets),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_ack_long_text),
		cmocka_unit_test(test_attr_at),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
