// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: gen [-6] [--seed N] [--packets N] [--traffic rules|cross|worst|last]
 *            [--form rules|set|map|iptables|list] [--mixed] [--counter] [--drop]
 *            [--own-table] [--hook HOOK] KIND N POLICY.nft PACKETS
 *
 * Writes a policy of N rules and packets for it (one for each rule by default).
 * KIND:
 *   acl fw ipc   like those of routers, firewalls, IP chains; with --mixed, rules that
 *                are equally narrow stand in any order
 *   five         /24, host, protocol, client ports, one server port; in any form
 *   box          the same with ranges, no two overlap; in any form
 *   exact        address . protocol . port; in any form
 *   worst        what bit vectors are worst at
 *   container    conntrack, a set of 1,000 networks, then N rules
 *   rest         N rules with matches and statements that an index cannot do
 *   many many16  one rule with a set of N addresses; the second with a full /16 in it
 * Tells how many packets met the rule that they were made for.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "set.h"

static const char usage[] =
	"usage: gen [-6] [--seed N] [--packets N] [--traffic rules|cross|worst|last]\n"
	"           [--form rules|set|map|iptables|list] [--mixed] [--counter] [--drop]\n"
	"           [--own-table] [--hook HOOK] KIND N POLICY.nft PACKETS\n";

struct options {
	bool six, mixed;
	uint64_t seed;
	uint32_t packets, n;
	enum traffic traffic;
	struct style style;
	const char *kind;
};

static void fail(const char *what, const char *value)
{
	fprintf(stderr, "gen: %s \"%s\"\n%s", what, value, usage);
	exit(2);
}

static uint32_t number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (!*s || *end || n > 16000000)
		fail("this is no number up to 16000000:", s);
	return (uint32_t)n;
}

static unsigned int word(const char *s, const char *const *words)
{
	unsigned int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(s, words[i]))
			return i;
	fail("unknown:", s);
	return 0;
}

static void options(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "packets", required_argument, NULL, 'p' },
		{ "traffic", required_argument, NULL, 't' },
		{ "form", required_argument, NULL, 'f' },
		{ "mixed", no_argument, NULL, 'm' },
		{ "counter", no_argument, NULL, 'c' },
		{ "drop", no_argument, NULL, 'd' },
		{ "own-table", no_argument, NULL, 'o' },
		{ "hook", required_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const char *const traffics[] = { "rules", "cross", "worst", "last", NULL };
	static const char *const forms[] = { "rules", "set", "map", "iptables", "list", NULL };
	static const char *const hooks[] = { "input", "output", "forward", "prerouting", NULL };
	int c;

	*o = (struct options){ .seed = 1, .style.hook = "input" };
	while ((c = getopt_long(argc, argv, "6", table, NULL)) != -1) {
		switch (c) {
		case '6':
			o->six = true;
			break;
		case 's':
			o->seed = number(optarg);
			break;
		case 'p':
			o->packets = number(optarg);
			break;
		case 't':
			o->traffic = (enum traffic)word(optarg, traffics);
			break;
		case 'f':
			o->style.form = (enum form)word(optarg, forms);
			break;
		case 'm':
			o->mixed = true;
			break;
		case 'c':
			o->style.counter = true;
			break;
		case 'd':
			o->style.drop = true;
			break;
		case 'o':
			o->style.own = true;
			break;
		case 'h':
			o->style.hook = hooks[word(optarg, hooks)];
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (argc - optind != 4) {
		fputs(usage, stderr);
		exit(2);
	}
	o->kind = argv[optind];
	o->n = number(argv[optind + 1]);
	if (!o->n)
		fail("too few rules:", argv[optind + 1]);
	if (o->style.form != FORM_RULES && strcmp(o->kind, "five") && strcmp(o->kind, "box") &&
	    strcmp(o->kind, "exact"))
		fail("only five, box and exact have this form, not", o->kind);
	if (!o->packets)
		o->packets = o->n;
}

static FILE *output(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f) {
		fprintf(stderr, "gen: cannot write %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return f;
}

static void write_all(const struct options *o, FILE *nft, FILE *out)
{
	struct rng r = { o->seed ^ 0x7061636b6574ULL };
	struct packet *p;
	struct set s;
	uint32_t i, met;

	if (special_write(o->kind, o->n, o->six, o->seed, o->packets, nft, out))
		return;
	if (!set_make(&s, o->kind, o->n, o->six, o->mixed, o->seed))
		fail("there is no kind", o->kind);
	write_set(nft, &s, &o->style, !strcmp(o->kind, "exact"));
	p = must_alloc(o->packets, sizeof(*p));
	met = traffic_make(&s, &r, o->traffic, p, o->packets);
	for (i = 0; i < o->packets; i++)
		write_packet(out, &p[i], o->six, "new", "eth0");
	if (o->traffic == TRAFFIC_RULES || o->traffic == TRAFFIC_LAST)
		printf("met %u of %u\n", met, o->packets);
	free(p);
	set_free(&s);
}

int main(int argc, char **argv)
{
	struct options o;
	FILE *nft, *out;

	options(&o, argc, argv);
	nft = output(argv[optind + 2]);
	out = output(argv[optind + 3]);
	write_all(&o, nft, out);
	if (fclose(nft) || fclose(out)) {
		fprintf(stderr, "gen: cannot write: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
