// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence explain: what a policy says of a packet, and by which rule. Offline: it
 * reads files, asks nothing of the kernel, and needs no privilege.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_explain.h"
#include "explain.h"
#include "out.h"
#include "policies.h"
#include "policy/diag.h"
#include "policy/ir.h"

enum {
	OPT_POLICY = CMD_OPT,
	OPT_HOOK,
	OPT_IIF,
	OPT_OIF,
	OPT_CT,
	OPT_CT_MARK,
	OPT_CT_DIRECTION,
	OPT_MARK,
	OPT_PCAP,
	OPT_VERIFY,
};

static const struct option options[] = {
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "hook", required_argument, NULL, OPT_HOOK },
	{ "iif", required_argument, NULL, OPT_IIF },
	{ "oif", required_argument, NULL, OPT_OIF },
	{ "ct", required_argument, NULL, OPT_CT },
	{ "ct-mark", required_argument, NULL, OPT_CT_MARK },
	{ "ct-direction", required_argument, NULL, OPT_CT_DIRECTION },
	{ "mark", required_argument, NULL, OPT_MARK },
	{ "pcap", required_argument, NULL, OPT_PCAP },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ 0 }
};

static const char *const hooks[EXPLAIN_HOOKS] = {
	"prerouting", "input", "forward", "output", "postrouting",
};

static const char *const ends[NSF_ENDS] = { "accept", "drop", "reject" };

struct asked {
	const char *policy, *pcap;
	int hook;		/* enum explain_hook, -1: not given */
	bool verify;
	struct explain_meta meta;
};

/* One run: a policy, the state that its packets change, and how to print. */
struct run {
	const struct cmd *c;
	const struct asked *asked;
	const struct ir_policy *policy;
	const struct nsf_image *img;
	struct explain *x;
	struct explain *linear;	/* --verify: the same without the index; or NULL */
	unsigned long differ;	/* packets of which the two say otherwise */
};

/* ---- the line for a packet ---- */

static const char *string_at(const struct nsf_image *img, u32 offset)
{
	return nsf_image_strings(img) + offset;
}

/* What ended it in words of the policy: a rule, or a chain's `policy drop`. */
struct origin {
	const char *rule, *file;
	unsigned int line;
};

static struct origin find_origin(const struct run *r, const struct explain_step *step)
{
	const struct nsf_chain *chain = &nsf_image_chains(r->img)[step->chain];
	struct origin o = { NULL, NULL, 0 };

	if (step->rule != NSF_NO_RULE) {
		const struct nsf_rule *rule = &nsf_image_rules(r->img)[step->rule];

		o.rule = string_at(r->img, rule->text);
		o.file = string_at(r->img, rule->file);
		o.line = rule->line;
		return o;
	}
	o.rule = chain->policy == NSF_DROP ? "policy drop" : "policy accept";
	for (size_t i = 0; i < r->policy->chains; i++) {
		const struct ir_chain *c = &r->policy->chain[i];

		if (c->base && !strcmp(c->name, string_at(r->img, chain->name))) {
			o.file = c->place.file;
			o.line = c->place.line;
		}
	}
	return o;
}

static void print_escaped(const char *s)
{
	size_t size = 4 * strlen(s) + 1;
	char *text = malloc(size);

	if (!text) {
		cmd_error("out of memory");
		exit(EXIT_REFUSED);
	}
	out_escape(s, text, size);
	fputs(text, stdout);
	free(text);
}

static void print_origin(const struct origin *o)
{
	if (o->file) {
		print_escaped(o->file);
		printf(":%u: ", o->line);
	}
	print_escaped(o->rule);
}

static const char *why_text(enum explain_why why)
{
	return why == EXPLAIN_NO_FORWARD ?
		"the policy has no forward chain: nothing is forwarded" :
		"the policy has no chain on this hook for this packet";
}

/* Every chain that saw it, not only the last. */
static void print_steps(const struct run *r, const struct explain_result *res)
{
	for (size_t i = 0; i < res->steps; i++) {
		const struct explain_step *step = &res->step[i];
		const struct nsf_chain *chain = &nsf_image_chains(r->img)[step->chain];
		struct origin o = find_origin(r, step);

		fputs("  chain ", stdout);
		print_escaped(string_at(r->img, chain->name));
		printf(" priority %d: %s by ", chain->priority, ends[step->decision.end]);
		print_origin(&o);
		putchar('\n');
	}
}

/* @number: in its capture, 0 where there is none. */
static void print_text(const struct run *r, const struct packet *packet,
		       const struct explain_result *res, unsigned long number)
{
	if (number)
		printf("%lu ", number);
	printf("%s ", ends[res->end]);
	if (!packet->family || packet->gone) {
		printf("(%s)\n", packet->note);
		return;
	}
	if (res->steps) {
		struct origin o = find_origin(r, &res->step[res->steps - 1]);

		print_origin(&o);
	} else {
		printf("(%s)", why_text(res->why));
	}
	if (packet->note)
		printf(" (%s)", packet->note);
	putchar('\n');
	if (r->c->verbose)
		print_steps(r, res);
}

static void print_json(const struct run *r, const struct packet *packet,
		       const struct explain_result *res, bool same)
{
	json_t *object = json_object();
	struct origin o = { NULL, NULL, 0 };

	if (res->steps)
		o = find_origin(r, &res->step[res->steps - 1]);
	out_json_set(object, "verdict", json_string(ends[res->end]));
	out_json_set(object, "policy", out_json_string(r->policy->name));
	out_json_set(object, "rule", o.rule ? out_json_string(o.rule) : json_null());
	out_json_set(object, "file", o.file ? out_json_string(o.file) : json_null());
	out_json_set(object, "line", o.file ? out_json_u64(o.line) : json_null());
	if (packet->note)
		out_json_set(object, "note", json_string(packet->note));
	if (r->linear)
		out_json_set(object, "verified", json_boolean(same));
	out_json_print(object, r->c->pretty, stdout);
}

/* ---- with the index, and without it ---- */

static bool has_index(const struct nsf_image *img)
{
	for (u32 i = 0; i < nsf_image_n_chains(img); i++)
		for (size_t f = 0; f < 2; f++)
			if (nsf_image_chains(img)[i].index[f] != NSF_NO_INDEX)
				return true;
	return false;
}

/* What it should have been; @number as of print_text(). */
static void complain(const struct run *r, const struct explain_result *res, unsigned long number)
{
	struct origin o = { "no rule", NULL, 0 };
	char packet[32] = "";

	if (res->steps)
		o = find_origin(r, &res->step[res->steps - 1]);
	if (number)
		snprintf(packet, sizeof(packet), "packet %lu: ", number);
	cmd_error("explain: %sthe index is wrong: without it, %s by %s%s%s, or other statements on the way there",
		  packet, ends[res->end], o.file ? o.file : "", o.file ? ": " : "", o.rule);
}

static void print_verified(const struct run *r)
{
	if (!has_index(r->img))
		puts("verified: the policy is small and has no index");
	else if (!r->differ)
		puts("verified: with the index as without it");
}

static void explain_one(struct run *r, const struct packet *packet, unsigned long number)
{
	enum explain_hook hook = (enum explain_hook)r->asked->hook;
	struct explain_meta meta = r->asked->meta;
	struct explain_result res = { .end = NSF_ACCEPT, .why = EXPLAIN_NO_CHAIN }, linear = res;
	struct nsf_packet p, other;
	struct nsf_bytes bytes = {
		.data = packet->data, .caplen = packet->caplen, .length = packet->length,
	};
	bool same = true;

	/* What is sent has no type yet; the kernel's is 0 there. */
	if (hook < EXPLAIN_OUTPUT)
		meta.pkttype = packet->type;
	if (packet->gone) {
		res.end = NSF_DROP;
	} else if (packet->family) {
		explain_load(&p, &bytes, packet->family, &meta);
		other = p;
		explain_packet(r->x, hook, &p, packet->time, &res);
		if (r->linear) {
			explain_packet(r->linear, hook, &other, packet->time, &linear);
			same = explain_same(&res, &linear);
		}
	}
	if (r->c->json)
		print_json(r, packet, &res, same);
	else
		print_text(r, packet, &res, number);
	if (same)
		return;
	r->differ++;
	fflush(stdout);
	complain(r, &linear, number);
}

static void print_counters(const struct run *r)
{
	for (u32 i = 0; i < nsf_image_n_states(r->img); i++) {
		const struct nsf_state_desc *desc = &nsf_image_states(r->img)[i];
		const struct nsf_rule *rule = &nsf_image_rules(r->img)[desc->rule];
		struct explain_count count = explain_counter(r->x, i);
		struct origin o = {
			string_at(r->img, rule->text), string_at(r->img, rule->file), rule->line,
		};

		if (desc->kind != NSF_STATE_COUNTER)
			continue;
		printf("counter: %llu packets, %llu bytes: ", (unsigned long long)count.packets,
		       (unsigned long long)count.bytes);
		print_origin(&o);
		putchar('\n');
	}
}

/* ---- where packets come from ---- */

static int explain_capture(struct run *r)
{
	const char *path = r->asked->pcap;
	struct capture *capture;
	struct packet packet;
	unsigned long number = 0;
	struct err e = { 0 };
	int ret;

	if (capture_open(path, &capture, &e))
		return cmd_fail(&e, path);
	while ((ret = capture_next(capture, &packet, &e)) == 1)
		explain_one(r, &packet, ++number);
	capture_close(capture);
	if (!r->c->json && r->c->verbose)
		print_counters(r);
	return ret ? cmd_fail(&e, path) : EXIT_DONE;
}

/* ---- options ---- */

/* Decimal, or hexadecimal with 0x. */
static bool parse_u32(const char *s, uint32_t *out)
{
	uint64_t v;
	char *end;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		size_t digits = strspn(s + 2, "0123456789abcdefABCDEF");

		if (!digits || s[2 + digits])
			return false;
		errno = 0;
		v = strtoull(s, &end, 16);
		if (errno || v > UINT32_MAX)
			return false;
	} else if (cmd_parse_number(s, 0, UINT32_MAX, &v)) {
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

static int parse_device(const struct cmd *c, const char *option, const char *s, char *out)
{
	size_t len = strlen(s);

	if (!len || len > 15 || strpbrk(s, "/: \t\n\v\f\r"))
		return cmd_usage(c, "--%s: \"%s\" is not a device's name (1 to 15 bytes, no /, : or blank)",
				 option, s);
	memset(out, 0, 16);
	memcpy(out, s, len);
	return 0;
}

static int parse_hook(const struct cmd *c, const char *s, int *out)
{
	for (int i = 0; i < EXPLAIN_HOOKS; i++) {
		if (!strcmp(s, hooks[i])) {
			*out = i;
			return 0;
		}
	}
	return cmd_usage(c, "--hook: \"%s\" is not a hook (prerouting, input, forward, output, postrouting)",
			 s);
}

static int parse_ct(const struct cmd *c, const char *s, uint32_t *out)
{
	static const struct {
		const char *name;
		uint32_t state;
	} states[] = {
		{ "new", NSF_CT_NEW }, { "established", NSF_CT_ESTABLISHED },
		{ "related", NSF_CT_RELATED }, { "invalid", NSF_CT_INVALID },
		{ "untracked", NSF_CT_UNTRACKED },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (!strcmp(s, states[i].name)) {
			*out = states[i].state;
			return 0;
		}
	}
	return cmd_usage(c, "--ct: \"%s\" is not a state (new, established, related, invalid, untracked)",
			 s);
}

static int parse_option(const struct cmd *c, int opt, struct asked *asked)
{
	switch (opt) {
	case OPT_POLICY:
		asked->policy = optarg;
		return 0;
	case OPT_PCAP:
		asked->pcap = optarg;
		return 0;
	case OPT_VERIFY:
		asked->verify = true;
		return 0;
	case OPT_HOOK:
		return parse_hook(c, optarg, &asked->hook);
	case OPT_IIF:
		return parse_device(c, "iif", optarg, asked->meta.iif);
	case OPT_OIF:
		return parse_device(c, "oif", optarg, asked->meta.oif);
	case OPT_CT:
		return parse_ct(c, optarg, &asked->meta.ct_state);
	case OPT_CT_DIRECTION:
		asked->meta.ct_reply = !strcmp(optarg, "reply");
		if (asked->meta.ct_reply || !strcmp(optarg, "original"))
			return 0;
		return cmd_usage(c, "--ct-direction: \"%s\" is not original or reply", optarg);
	case OPT_CT_MARK:
		if (parse_u32(optarg, &asked->meta.ct_mark))
			return 0;
		return cmd_usage(c, "--ct-mark: \"%s\" is not a mark (0 to 4294967295, or 0x...)",
				 optarg);
	case OPT_MARK:
		if (parse_u32(optarg, &asked->meta.mark))
			return 0;
		return cmd_usage(c, "--mark: \"%s\" is not a mark (0 to 4294967295, or 0x...)",
				 optarg);
	default:
		return cmd_getopt_exit(opt);
	}
}

/* A device that the hook has not got would make the answer a wrong one. */
static void drop_device(const struct cmd *c, char *name, const char *option, int hook)
{
	if (!*name)
		return;
	cmd_error("%s: --%s is ignored: packets in %s have no such device", c->command->name,
		  option, hooks[hook]);
	memset(name, 0, 16);
}

static int check_asked(const struct cmd *c, struct asked *asked, int packets)
{
	if (!asked->policy)
		return cmd_usage(c, "which policy? Give --policy FILE");
	if (policies_is_builtin(asked->policy))
		return cmd_usage(c, "--policy: \"%s\" is built in and has no rules; give a file, as ./%s",
				 asked->policy, asked->policy);
	if (asked->hook < 0)
		return cmd_usage(c, "which hook? Give --hook HOOK");
	if (asked->pcap && packets)
		return cmd_usage(c, "--pcap and KEY=VALUE exclude each other");
	if (!asked->pcap && !packets)
		return cmd_usage(c, "which packet? Give KEY=VALUE, or --pcap FILE");
	if (asked->hook <= EXPLAIN_INPUT)
		drop_device(c, asked->meta.oif, "oif", asked->hook);
	if (asked->hook == EXPLAIN_OUTPUT)
		drop_device(c, asked->meta.iif, "iif", asked->hook);
	return 0;
}

/* @packet: what was built of the arguments, NULL: there is a capture. */
static int run_policy(const struct cmd *c, const struct asked *asked, const struct packet *packet)
{
	struct ir_policy *policy = NULL;
	struct nsf_image *img = NULL;
	struct diags d = { .n = 0 };
	struct run r = { .c = c, .asked = asked };
	int code = cmd_policy_load(asked->policy, &policy, &img, &d);

	if (code || c->verbose)
		cmd_diags_print(&d);
	diags_clean(&d);
	if (code)
		return code;
	r.policy = policy;
	r.img = img;
	r.x = explain_new(img);
	r.linear = asked->verify ? explain_new_linear(img) : NULL;
	if (!r.x || (asked->verify && !r.linear)) {
		cmd_error("out of memory");
		code = EXIT_REFUSED;
	} else if (packet) {
		explain_one(&r, packet, 0);
	} else {
		code = explain_capture(&r);
	}
	if (r.linear && !code) {
		if (!c->json)
			print_verified(&r);
		if (r.differ)
			code = EXIT_REFUSED;
	}
	explain_free(r.x);
	explain_free(r.linear);
	free(img);
	ir_policy_free(policy);
	return code;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct asked asked = { .hook = -1, .meta = { .ct_state = NSF_CT_NEW } };
	struct packet packet;
	struct err e = { 0 };
	uint8_t *buf;
	int opt, ret;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		ret = parse_option(c, opt, &asked);
		if (ret || opt == CMD_HELP)
			return ret;
	}
	ret = check_asked(c, &asked, argc - optind);
	if (ret)
		return ret;
	if (asked.pcap)
		return run_policy(c, &asked, NULL);
	buf = malloc(PACKET_MAX);
	if (!buf) {
		cmd_error("out of memory");
		return EXIT_REFUSED;
	}
	/* What is wrong with the arguments comes before what is wrong with a file. */
	if (packet_build(argv + optind, (size_t)(argc - optind), buf, &packet, &e))
		ret = cmd_usage(c, "%s", e.text);
	else
		ret = run_policy(c, &asked, &packet);
	free(buf);
	return ret;
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = "say what a policy does with a packet, and by which rule",
	.help =
"Usage: nsfence explain --policy FILE --hook HOOK [OPTIONS] KEY=VALUE...\n"
"       nsfence explain --policy FILE --hook HOOK [OPTIONS] --pcap FILE\n"
"\n"
"Prints the verdict (accept, drop, reject), the file and line of the rule that\n"
"said so, and the rule. Runs the very code that the kernel runs, offline, and\n"
"needs no privilege. Ends with 0 whatever the verdict.\n"
"\n"
"  --policy FILE  the policy, see nsfence-policy(5)\n"
"  --hook HOOK    prerouting, input, forward, output or postrouting\n"
"  --iif NAME, --oif NAME   the device it came in by, and the one it leaves by\n"
"  --ct STATE     new (the default), established, related, invalid, untracked\n"
"  --ct-mark N, --ct-direction original|reply   the rest of its connection\n"
"  --mark N       its mark (0)\n"
"  --pcap FILE    every packet of a capture, a line each; -: standard input\n"
"  --verify       judge with the policy's index and without it; 1 if they differ\n"
"  -v, --verbose  every chain that saw it; counters; warnings about the policy\n"
"  -j, --json     an object a line; -p, --pretty: the same, indented\n"
"  -h, --help     this text\n"
"\n"
"Keys: saddr daddr (addresses), proto, sport dport, flags (syn,ack), type code\n"
"(of ICMP), ttl (64), dscp (0), length (of all; what the headers need), frag\n"
"(more, df, an offset in units of 8 bytes), pkttype. More in nsfence(8).\n",
	.run = run,
};
