// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: hookdrive --clock
 *        hookdrive [--hook HOOK] [--device NAME] [--rounds N] [--budget TICKS]
 *                  [--cold BYTES] [--verdict accept|drop] PACKETS NAME[=|:]NETNS...
 *
 * Sends packets (lines of tests/bench/gen) through a hook of each of the namespaces
 * /run/netns/NETNS, by turns, round after round, and prints what they cost: for each
 * NAME a line of JSON, in ticks for a packet. --clock: what a tick is.
 *
 * NAME=NETNS is a contender: all contenders must say the same of each packet, or
 * else nothing is timed and the program fails. NAME:NETNS is timed only. The netns
 * "-" is the loop alone, with no hook called. --verdict: only the packets that the
 * contenders let pass, or stop. HOOK (input): prerouting, input, forward, output; in
 * output as a process sends, otherwise as packets come in. --budget: for so many ticks
 * in each round, and at least one pass over all packets.
 * --cold: before each packet so many bytes are walked through the caches.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../run/packets.h"
#include "module/hookbench.h"

#define MOST		32	/* namespaces */
#define MOST_PASSES	200	/* in a round */

static const char usage[] =
	"usage: hookdrive [--clock] [--hook HOOK] [--device NAME] [--rounds N] [--budget TICKS]\n"
	"                 [--cold BYTES] [--verdict accept|drop] PACKETS NAME[=|:]NETNS...\n";

struct place {
	char name[64];
	bool judged, loop;
	int netns;
	u8 *verdict;
	double *took;		/* ticks for a packet, each pass */
	size_t n;
	uint32_t passes;	/* in a round */
	uint64_t passed, sent;	/* in timed passes */
};

struct bench {
	int device;
	struct hb_run run;
	uint8_t *bytes;		/* the packets as HB_LOAD takes them */
	char **line;
	uint32_t n;
	struct place place[MOST];
	unsigned int places;
	double budget;
};

static void fail(const char *what, const char *of)
{
	fprintf(stderr, "hookdrive: %s %s%s%s\n", what, of, errno ? ": " : "",
		errno ? strerror(errno) : "");
	exit(1);
}

static void *memory(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

/* ---- packets ---- */

#define RECORD	(2 + PACKETS_LENGTH)

static void packets_load(struct bench *b)
{
	struct hb_load l = { .bytes = (uintptr_t)b->bytes, .size = b->n * RECORD, .count = b->n };

	if (ioctl(b->device, HB_LOAD, &l))
		fail("cannot load the packets into", "/dev/hookbench");
}

static void packets_file(struct bench *b, const char *path)
{
	FILE *f = fopen(path, "r");
	char text[256];

	if (!f)
		fail("cannot read", path);
	b->bytes = memory(HB_MAX_PACKETS, RECORD);
	b->line = memory(HB_MAX_PACKETS, sizeof(*b->line));
	while (fgets(text, sizeof(text), f)) {
		uint16_t length = PACKETS_LENGTH;

		errno = 0;
		if (b->n == HB_MAX_PACKETS)
			fail("too many packets in", path);
		memcpy(b->bytes + (size_t)b->n * RECORD, &length, 2);
		if (!packets_build(text, b->bytes + (size_t)b->n * RECORD + 2))
			fail("this is no packet:", text);
		b->line[b->n++] = strdup(text);
	}
	fclose(f);
	errno = 0;
	if (!b->n)
		fail("no packets in", path);
}

/* Of all packets those with the verdict. */
static void packets_choose(struct bench *b, const u8 *verdict, u8 wanted)
{
	uint32_t i, n = 0;

	for (i = 0; i < b->n; i++)
		if (verdict[i] == wanted)
			memmove(b->bytes + (size_t)n++ * RECORD, b->bytes + (size_t)i * RECORD,
				RECORD);
	b->n = n;
	errno = 0;
	if (!n)
		fail("none of the packets has the verdict that is wanted", "");
	packets_load(b);
}

/* ---- places ---- */

static void place_add(struct bench *b, const char *word)
{
	struct place *p = &b->place[b->places];
	size_t at = strcspn(word, "=:");
	char path[128];

	errno = 0;
	if (b->places++ == MOST || !word[at] || at >= sizeof(p->name))
		fail("not NAME=NETNS, or too many:", word);
	memcpy(p->name, word, at);
	p->judged = word[at] == '=';
	p->loop = !strcmp(word + at + 1, "-");
	p->verdict = memory(HB_MAX_PACKETS, 1);
	if (p->loop) {
		p->netns = -1;
		return;
	}
	snprintf(path, sizeof(path), "/run/netns/%s", word + at + 1);
	p->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (p->netns < 0)
		fail("cannot open", path);
}

/* The loop alone needs a device, too: any one's. */
static const struct place *home(const struct bench *b, const struct place *p)
{
	unsigned int i;

	for (i = 0; p->loop && i < b->places; i++)
		if (!b->place[i].loop)
			return &b->place[i];
	return p;
}

/* One request in the namespace. */
static void place_run(struct bench *b, struct place *p, uint32_t passes, double *took,
		      bool judge)
{
	struct hb_run r = b->run;
	uint32_t n = r.flags & HB_COLD && !judge ? b->n : passes, i;
	uint64_t *ticks = memory(n, sizeof(*ticks));

	if (judge)
		r.flags &= ~(uint32_t)HB_COLD;
	if (r.flags & HB_COLD)
		passes = 1;
	if (p->loop)
		r.flags |= HB_NOTHING;
	if (setns(home(b, p)->netns, CLONE_NEWNET))
		fail("cannot enter the namespace of", p->name);
	r.passes = passes;
	r.verdicts = judge ? (uintptr_t)p->verdict : 0;
	r.ticks = (uintptr_t)ticks;
	if (ioctl(b->device, HB_RUN, &r))
		fail("cannot send in", p->name);
	for (i = 0; took && i < n; i++)
		took[i] = r.flags & HB_COLD ? ticks[i] : (double)ticks[i] / b->n;
	if (took) {
		p->passed += r.passed;
		p->sent += (uint64_t)passes * b->n;
	}
	free(ticks);
}

/* The first contender's verdicts, which are all the others'. */
static const u8 *judge(struct bench *b)
{
	const struct place *first = NULL;
	unsigned int i;
	uint32_t k;

	for (i = 0; i < b->places; i++) {
		struct place *p = &b->place[i];

		place_run(b, p, 1, NULL, true);
		if (!p->judged)
			continue;
		if (!first)
			first = p;
		for (k = 0; k < b->n; k++)
			if (p->verdict[k] != first->verdict[k]) {
				fprintf(stderr, "hookdrive: %s says %u, %s says %u, of packet "
					"%u: %s", first->name, first->verdict[k], p->name,
					p->verdict[k], k + 1, b->line[k]);
				exit(3);
			}
	}
	return first ? first->verdict : NULL;
}

/* ---- times ---- */

static int less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* How many passes fill the budget. */
static void place_size(struct bench *b, struct place *p, unsigned int rounds)
{
	double one[2];
	double fit;

	p->passes = 1;
	if (!(b->run.flags & HB_COLD)) {
		place_run(b, p, 2, one, false);
		fit = b->budget / (one[1] * b->n + 1);
		p->passes = fit < 1 ? 1 : fit > MOST_PASSES ? MOST_PASSES : (uint32_t)fit;
	}
	p->passed = p->sent = 0;
	p->took = memory((size_t)rounds * (b->run.flags & HB_COLD ? b->n : p->passes),
			 sizeof(*p->took));
}

static void place_print(struct place *p, const struct bench *b)
{
	qsort(p->took, p->n, sizeof(*p->took), less);
	printf("{\"place\": \"%s\", \"packets\": %u, \"passes\": %zu, \"passed\": %.4f, "
	       "\"min\": %.3f, \"median\": %.3f}\n", p->name, b->n, p->n,
	       p->sent ? (double)p->passed / p->sent : 0, p->took[0], p->took[p->n / 2]);
}

static void measure(struct bench *b, unsigned int rounds)
{
	unsigned int r, i;

	for (i = 0; i < b->places; i++)
		place_size(b, &b->place[i], rounds);
	for (r = 0; r < rounds; r++)
		for (i = 0; i < b->places; i++) {
			struct place *p = &b->place[i];

			place_run(b, p, p->passes, p->took + p->n, false);
			p->n += b->run.flags & HB_COLD ? b->n : p->passes;
		}
	for (i = 0; i < b->places; i++)
		place_print(&b->place[i], b);
}

static void print_clock(int device)
{
	struct hb_clock c;

	if (ioctl(device, HB_CLOCK, &c))
		fail("cannot read the clock of", "/dev/hookbench");
	printf("{\"ns_per_tick\": %.6f, \"ticks_per_loop\": %.6f, \"read_ticks\": %" PRIu64 "}\n",
	       (double)c.ns / c.ticks, (double)c.loop_ticks / c.loops, (uint64_t)c.read_ticks);
}

static uint32_t hook_number(const char *name)
{
	static const char *const hooks[] = { "prerouting", "input", "forward", "output" };
	uint32_t i;

	for (i = 0; i < 4; i++)
		if (!strcmp(name, hooks[i]))
			return i;
	errno = 0;
	fail("there is no hook", name);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "clock", no_argument, NULL, 'k' },
		{ "hook", required_argument, NULL, 'h' },
		{ "device", required_argument, NULL, 'd' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "budget", required_argument, NULL, 'b' },
		{ "cold", required_argument, NULL, 'c' },
		{ "verdict", required_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct bench b = { .run = { .hook = 1, .passes = 1, .device = "eth0" }, .budget = 1e7 };
	const char *verdict = NULL;
	unsigned int rounds = 5;
	bool want_clock = false;
	const u8 *verdicts;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'k':
			want_clock = true;
			break;
		case 'h':
			b.run.hook = hook_number(optarg);
			break;
		case 'd':
			snprintf(b.run.device, sizeof(b.run.device), "%s", optarg);
			break;
		case 'r':
			rounds = (unsigned int)atoi(optarg);
			break;
		case 'b':
			b.budget = atof(optarg);
			break;
		case 'c':
			b.run.flags |= HB_COLD;
			b.run.flush = (uint32_t)atof(optarg);
			break;
		case 'v':
			verdict = optarg;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	b.device = open("/dev/hookbench", O_RDWR | O_CLOEXEC);
	if (b.device < 0)
		fail("cannot open", "/dev/hookbench");
	if (want_clock) {
		print_clock(b.device);
		return 0;
	}
	if (argc - optind < 2 || !rounds) {
		fputs(usage, stderr);
		return 2;
	}
	b.run.flags |= b.run.hook == 3 ? 0 : HB_SOFTIRQ;
	packets_file(&b, argv[optind++]);
	for (; optind < argc; optind++)
		place_add(&b, argv[optind]);
	packets_load(&b);
	verdicts = judge(&b);
	if (verdict && verdicts)
		packets_choose(&b, verdicts, !strcmp(verdict, "accept"));
	measure(&b, rounds);
	return 0;
}
