// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: gen [-6] [--seed N] [--packets N] [--traffic rules|cross|worst]
 *            [--form rules|set] [--mixed] [--counter] KIND N POLICY.nft PACKETS
 *
 * Writes a policy of N rules and packets for it (one for each rule by default).
 * KIND:
 *   acl fw ipc   like those of routers, firewalls, IP chains; with --mixed, rules that
 *                are equally narrow stand in any order
 *   five         /24, host, protocol, client ports, one server port
 *   box          the same with ranges, no two overlap; as rules or one set
 *   exact        address . protocol . port; as rules or one set
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
	"usage: gen [-6] [--seed N] [--packets N] [--traffic rules|cross|worst]\n"
	"           [--form rules|set] [--mixed] [--counter] KIND N POLICY.nft PACKETS\n";

struct options {
	bool six, mixed, counter;
	uint64_t seed;
	uint32_t packets, n;
	enum traffic traffic;
	enum form form;
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
		{ NULL, 0, NULL, 0 },
	};
	static const char *const traffics[] = { "rules", "cross", "worst", NULL };
	static const char *const forms[] = { "rules", "set", NULL };
	int c;

	*o = (struct options){ .seed = 1 };
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
			o->form = (enum form)word(optarg, forms);
			break;
		case 'm':
			o->mixed = true;
			break;
		case 'c':
			o->counter = true;
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
	if (o->form == FORM_SET && strcmp(o->kind, "box") && strcmp(o->kind, "exact"))
		fail("only box and exact have the form of a set, not", o->kind);
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
	write_set(nft, &s, o->form, o->kind, o->counter);
	p = must_alloc(o->packets, sizeof(*p));
	met = traffic_make(&s, &r, o->traffic, p, o->packets);
	for (i = 0; i < o->packets; i++)
		write_packet(out, &p[i], o->six, "new", "eth0");
	if (o->traffic == TRAFFIC_RULES)
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
