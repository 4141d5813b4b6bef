// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: a datagram from a netlink socket.
 * links: err.c genl_attr.c genl_parse.c genl_parse_policy.c genl_names.c
 *
 * Each message of it goes through every parser, whatever its type says. What
 * must hold besides memory: the walk ends, strings are terminated, and numbers
 * that index arrays later are inside them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "genl_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_netns(const struct genl_netns *n)
{
	char hooks[64];

	assert(memchr(n->policy, 0, sizeof(n->policy)));
	assert(memchr(n->source, 0, sizeof(n->source)));
	assert((unsigned int)n->mode < GENL_MODES);
	genl_hooks_format(n->hooks, hooks, sizeof(hooks));
	assert(memchr(hooks, 0, sizeof(hooks)));
}

/* Strings that point into the message end in it: a byte further is a report of ASan. */
static void check_text(const char *s)
{
	size_t len = strlen(s);

	assert(!s[len]);
}

static void parse_policy(const struct genl_msg *m)
{
	struct genl_policy policy = { .name = "" };
	struct genl_rule_msg rule = { .policy = "" };
	struct genl_packet packet = { .policy = "" };
	struct err e = { 0 };

	/* The command is the first byte; whatever it is, it is expected. */
	if (!genl_parse_policy(m, m->payload.len ? m->payload.data[0] : 0, &policy, &e))
		assert(policy.name[0] && memchr(policy.name, 0, sizeof(policy.name)));
	if (!genl_parse_rule(m, &rule, &e)) {
		assert(rule.policy[0] && memchr(rule.policy, 0, sizeof(rule.policy)));
		check_text(rule.rule.chain);
		check_text(rule.rule.text);
		check_text(rule.rule.file);
	}
	if (genl_parse_packet(m, &packet, &e) != 1)
		return;
	assert(packet.inode && (packet.family == 2 || packet.family == 10));
	assert((unsigned int)packet.report < GENL_REPORTS);
	assert((unsigned int)packet.hook < GENL_HOOKS);
	assert((unsigned int)packet.verdict < GENL_VERDICTS);
	assert(memchr(packet.policy, 0, sizeof(packet.policy)));
	assert(memchr(packet.iif, 0, sizeof(packet.iif)));
	assert(memchr(packet.oif, 0, sizeof(packet.oif)));
	if (packet.prefix)
		check_text(packet.prefix);
	if (packet.has_rule)
		check_text(packet.rule.text);
}

static void parse_all(const struct genl_msg *m)
{
	struct genl_family family = { 0 };
	struct genl_version version = { 0 };
	struct genl_answer answer = { 0 };
	struct genl_netns netns = { 0 };
	struct genl_birth birth = { .policy = "" };
	struct genl_ack ack = { 0 };
	enum genl_event_type type;
	struct err e = { 0 };

	if (!genl_parse_ack(m, &ack, &e))
		assert(ack.error >= 0 && memchr(ack.text, 0, sizeof(ack.text)));
	genl_parse_family(m, &family, &e);
	if (!genl_parse_version(m, &version, &e))
		assert(memchr(version.module, 0, sizeof(version.module)));
	genl_parse_answer(m, &answer, &e);
	if (!genl_parse_birth(m, m->payload.len ? m->payload.data[0] : 0, &birth, &e)) {
		assert(birth.policy[0] && memchr(birth.policy, 0, sizeof(birth.policy)));
		assert((unsigned int)birth.mode < GENL_MODES);
	}
	if (!genl_parse_netns(m, &netns, &e))
		check_netns(&netns);
	if (genl_parse_event(m, &type, &netns, &e) == 1) {
		check_netns(&netns);
		assert(genl_event_name(type));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { .data = data, .len = size };
	struct genl_msg m;
	size_t left = size + 1;
	struct err e;

	while (genl_parse_next(&rest, &m, &e) == 1) {
		assert(rest.len < left);
		left = rest.len;
		parse_all(&m);
		parse_policy(&m);
	}
	if (size >= 4)
		genl_parse_attr_at((struct span){ data, size },
				   data[0] | (uint32_t)data[1] << 8);
	return 0;
}
