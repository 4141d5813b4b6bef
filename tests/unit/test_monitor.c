// links: cmd_monitor_packet.c cmd_netns.c names.c proc.c out.c genl_names.c select.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a report of a packet looks: as a line, and as JSON. What came from a
 * policy or from the namespace must not break either.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "cmd_monitor.h"
#include "out.h"

static char web1[] = "web1", www[] = "www", db[] = "db", sleeper[] = "sleep[12]";
static struct names_entry name_list[] = {
	{ 77, NAMES_NETNS, web1 },
	{ 77, NAMES_NETNS, www },
	{ 78, NAMES_NETNS, db },
	{ 79, NAMES_TASK, sleeper },
};
static const struct names names = { .v = name_list, .n = 4 };

static struct genl_packet tcp4(void)
{
	return (struct genl_packet){
		.inode = 77, .instance = 42, .policy = "web", .has_rule = true,
		.rule = { .id = 0xab, .chain = "input", .text = "tcp dport 22 log drop",
			  .file = "policies/web.nft", .line = 18 },
		.report = GENL_REPORT_DROP, .hook = GENL_HOOK_INPUT, .verdict = GENL_VERDICT_DROP,
		.family = AF_INET, .has_protocol = true, .protocol = 6, .has_addresses = true,
		.saddr = { 8, 8, 8, 8 }, .daddr = { 10, 0, 0, 1 },
		.has_sport = true, .sport = 40000, .has_dport = true, .dport = 22,
		.iif = "eth0", .length = 60, .lost = 3,
	};
}

static void line_is(const struct genl_packet *p, const char *want)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	monitor_packet_print("T", &names, p, f);
	fclose(f);
	assert_string_equal(text, want);
	free(text);
}

static void json_is(const struct genl_packet *p, const char *want)
{
	json_t *object = json_object();
	char *text;

	monitor_packet_json(object, &names, p);
	text = json_dumps(object, JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	json_decref(object);
}

static void test_tcp(void **state)
{
	struct genl_packet p = tcp4();

	(void)state;
	line_is(&p, "T packet   inode=77 netns=web1,www policy=web instance=42 report=drop hook=input verdict=drop saddr=8.8.8.8 daddr=10.0.0.1 protocol=tcp sport=40000 dport=22 iif=eth0 length=60 chain=\"input\" at=policies/web.nft:18 rule=\"tcp dport 22 log drop\"\n");
	json_is(&p, "{\"inode\":77,\"names\":[\"web1\",\"www\"],\"label\":\"web1,www\",\"instance\":42,\"policy\":\"web\",\"rule\":{\"chain\":\"input\",\"id\":\"00000000000000ab\",\"text\":\"tcp dport 22 log drop\",\"file\":\"policies/web.nft\",\"line\":18},\"packet\":{\"report\":\"drop\",\"hook\":\"input\",\"verdict\":\"drop\",\"family\":2,\"protocol\":6,\"saddr\":\"8.8.8.8\",\"daddr\":\"10.0.0.1\",\"sport\":40000,\"dport\":22,\"iif\":\"eth0\",\"length\":60,\"mark\":0,\"lost\":3}}");
}

/* Of an unknown namespace, by a built-in, a protocol without name or ports. */
static void test_little_is_known(void **state)
{
	struct genl_packet p = {
		.inode = 5, .has_cookie = true, .cookie = 9, .instance = 1, .policy = "drop",
		.report = GENL_REPORT_AUDIT, .hook = GENL_HOOK_OUTPUT,
		.verdict = GENL_VERDICT_AUDIT, .family = AF_INET6, .length = 48, .oif = "eth1",
		.mark = 0x10, .has_addresses = true, .saddr = { 0xfe, 0x80, [15] = 1 },
		.has_protocol = true, .protocol = 253,
	};

	(void)state;
	line_is(&p, "T packet   inode=5 netns=- policy=drop instance=1 report=audit hook=output verdict=audit saddr=fe80::1 daddr=:: protocol=253 oif=eth1 length=48 mark=0x00000010\n");
	p.has_addresses = p.has_protocol = false;
	line_is(&p, "T packet   inode=5 netns=- policy=drop instance=1 report=audit hook=output verdict=audit oif=eth1 length=48 mark=0x00000010\n");
	json_is(&p, "{\"inode\":5,\"cookie\":9,\"names\":[],\"label\":\"-\",\"instance\":1,\"policy\":\"drop\",\"packet\":{\"report\":\"audit\",\"hook\":\"output\",\"verdict\":\"audit\",\"family\":10,\"oif\":\"eth1\",\"length\":48,\"mark\":16,\"lost\":0}}");
}

/* A chain's policy is no rule: no text, no place. */
static void test_policy_of_a_chain(void **state)
{
	struct genl_packet p = tcp4();

	(void)state;
	p.rule = (struct genl_rule){ .chain = "input", .text = "", .file = "" };
	line_is(&p, "T packet   inode=77 netns=web1,www policy=web instance=42 report=drop hook=input verdict=drop saddr=8.8.8.8 daddr=10.0.0.1 protocol=tcp sport=40000 dport=22 iif=eth0 length=60 chain=\"input\"\n");
}

/* What root inside can name, and what a prefix may hold, stays on its line. */
static void test_hostile(void **state)
{
	struct genl_packet p = tcp4();
	json_t *object = json_object();

	(void)state;
	p.report = GENL_REPORT_LOG;
	p.prefix = "a \"quoted\" \\ \n\x1b[31m\xff";
	p.has_level = true;
	p.level = 4;
	strcpy(p.iif, "e\nh0");
	p.has_rule = false;
	line_is(&p, "T packet   inode=77 netns=web1,www policy=web instance=42 report=log hook=input verdict=drop saddr=8.8.8.8 daddr=10.0.0.1 protocol=tcp sport=40000 dport=22 iif=e\\x0ah0 length=60 level=4 prefix=\"a \\\"quoted\\\" \\\\ \\x0a\\x1b[31m\\xff\"\n");
	monitor_packet_json(object, &names, &p);
	assert_string_equal(json_string_value(json_object_get(json_object_get(object, "packet"),
							      "prefix")),
			    "a \"quoted\" \\ \n\x1b[31m\xef\xbf\xbd");
	json_decref(object);
}

static void source_is(const struct genl_netns *n, const char *want)
{
	char buf[256];

	netns_source(&names, n, buf, sizeof(buf));
	assert_string_equal(buf, want);
}

/* An inherited fence says whose child has it. */
static void test_source(void **state)
{
	struct genl_netns n = { .inode = 80, .parent = 77, .source = "nsfence.conf:6" };

	(void)state;
	source_is(&n, "nsfence.conf:6");
	n.flags = GENL_F_INHERITED;
	source_is(&n, "nsfence.conf:6 (child of web1,www)");
	n.parent = 79;
	source_is(&n, "nsfence.conf:6 (child of sleep[12])");
	n.flags |= GENL_F_ORPHAN;
	n.parent = 81;
	source_is(&n, "nsfence.conf:6 (descendant of inode 81)");
	n.parent = 0;
	n.source[0] = '\0';
	source_is(&n, "(descendant of one that is gone)");
}

static void test_netns(void **state)
{
	const struct genl_netns n = {
		.inode = 79, .parent = 77, .instance = 3, .policy = "drop",
		.flags = GENL_F_INHERIT | GENL_F_INHERITED | GENL_F_BORN | GENL_F_ORPHAN,
		.hooks = 1u << GENL_HOOK_INPUT, .source = "birth",
	};
	json_t *object = netns_json(&names, &n, false);
	char *text = json_dumps(object, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"inode\":79,\"names\":[],\"label\":\"sleep[12]\",\"parent\":77,"
			    "\"flags\":[\"inherit\",\"born\",\"inherited\",\"orphan\"],\"instance\":3,"
			    "\"policy\":\"drop\",\"mode\":\"enforce\",\"hooks\":[\"input\"],"
			    "\"source\":\"birth\",\"counters\":[]}");
	free(text);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_little_is_known),
		cmocka_unit_test(test_policy_of_a_chain),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_netns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
