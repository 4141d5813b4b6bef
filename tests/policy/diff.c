// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: diff [--seed N] [--count N] [--seconds N] [--packets N] [--minimise]
 *             [--mutate | --text | --print]
 *
 * Generates a policy for each seed, compiles it, and compares what the image and
 * the reference say of packets that are made for it. Ends at the first
 * difference, with 1: the seed, the policy and the packet are printed;
 * --minimise makes both smaller first. --mutate corrupts each image a little
 * before: then it fails where too few of the corruptions are noticed. With --text
 * the policy goes through nft's language: written as text, read by all stages,
 * and the image of that must mean what the first IR means. --print only prints
 * that text. The seed is the clock's where none is given. Prints TAP.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dump.h"
#include "index.h"
#include "judge.h"
#include "mutate.h"
#include "policy/policy.h"
#include "text.h"

/* Of the mutants that the checker accepts, those that packets must show; many are never reached. */
#define NOTICED_PERCENT	25

struct options {
	uint64_t seed, count, seconds, packets;
	bool minimise, mutate, text, print;
};

static struct {
	uint64_t policies, pairs, by_rule, indexed;
	uint64_t mutants[MUTATIONS], noticed[MUTATIONS];
} sum;

/*
 * Writes the policy as text, and compiles what our stages read in it; the rules
 * get the ids that they have there. NULL: @what tells.
 */
static struct nsf_image *compile_text(struct ir_policy *policy, char *what, size_t size)
{
	struct diags *d = calloc(1, sizeof(*d));
	struct nsf_image *img = NULL;
	struct ir_policy *read = NULL;
	char *text = NULL;
	size_t len = 0, c, r;
	FILE *f = open_memstream(&text, &len);

	if (!d || !f)
		abort();
	text_write(f, policy, false);
	if (fclose(f))
		abort();
	if (policy_load_buffer(policy->name, text, len, &read, d)) {
		diags_sort(d);
		snprintf(what, size, "the stages refuse: line %u:%u: %s", d->n ? d->v[0].line : 0,
			 d->n ? d->v[0].col : 0, d->n ? d->v[0].message : "");
		goto out;
	}
	if (read->chains != policy->chains) {
		snprintf(what, size, "%zu chains were read of %zu", read->chains, policy->chains);
		goto out;
	}
	for (c = 0; c < policy->chains; c++) {
		const struct ir_chain *to = &policy->chain[c], *from = &read->chain[c];

		if (strcmp(from->name, to->name) || from->rules != to->rules) {
			snprintf(what, size, "chain %s has other rules", to->name);
			goto out;
		}
		for (r = 0; r < to->rules; r++)
			to->rule[r].id = from->rule[r].id;
	}
	img = judge_compile(read, what, size);
out:
	if (read)
		ir_policy_free(read);
	diags_clean(d);
	free(d);
	free(text);
	return img;
}

static void report(uint64_t seed, struct ir_policy *policy, struct judge_packets *packets,
		   struct judgement *j, const struct options *o)
{
	judge_compile_fn *compile = o->text ? compile_text : judge_compile;
	struct nsf_image *img;

	printf("# seed %" PRIu64 ": %s\n", seed, j->what);
	fflush(stdout);
	if (o->minimise) {
		judge_minimise(policy, packets, compile);
		img = compile(policy, j->what, sizeof(j->what));
		if (img)
			judge(policy, img, packets, j);
		free(img);
		fprintf(stderr, "minimised: %s\n", j->what);
	}
	text_write(stderr, policy, !o->text);
	if (j->packet < packets->n && j->pairs) {
		fprintf(stderr, "packet %zu of %zu, chain %s\n", j->packet + 1, packets->n,
			policy->chain[j->chain].name);
		dump_packet(stderr, &packets->v[j->packet].p);
		dump_outcome(stderr, "reference", &j->ref);
		dump_outcome(stderr, "image", &j->got);
	}
	fprintf(stderr, "again: diff%s --seed %" PRIu64 " --count 1 --packets %" PRIu64
		" --minimise\n", o->text ? " --text" : "", seed, o->packets);
}

static void try_mutant(uint64_t seed, const struct ir_policy *policy, const struct nsf_image *img,
		       const struct judge_packets *packets, struct judgement *j)
{
	struct rng r = { seed ^ 0x6d7574616e74ULL };
	unsigned int m;

	for (m = 0; m < MUTATIONS; m++) {
		struct nsf_image *mutant = mutate(img, (enum mutation)m, &r);

		if (!mutant)
			continue;
		sum.mutants[m]++;
		sum.noticed[m] += !judge(policy, mutant, packets, j);
		free(mutant);
	}
}

static bool one(uint64_t seed, const struct options *o, struct judgement *j)
{
	struct ir_policy *policy = o->text ? gen_policy_text(seed) : gen_policy(seed);
	struct judge_packets packets;
	struct nsf_image *img;
	bool agree;

	memset(j, 0, offsetof(struct judgement, ref));
	/* What has an index by far, and what would not have one. */
	index_least = seed % 4 ? 2 : NSF_INDEX_MIN_RECORDS;
	judge_packets_make(&packets, policy, seed, o->packets);
	img = (o->text ? compile_text : judge_compile)(policy, j->what, sizeof(j->what));
	agree = img && judge(policy, img, &packets, j);
	sum.policies++;
	sum.pairs += j->pairs;
	sum.by_rule += j->ended_by_rule;
	sum.indexed += j->indexed;
	if (!agree)
		report(seed, policy, &packets, j, o);
	else if (o->mutate)
		try_mutant(seed, policy, img, &packets, j);
	free(img);
	judge_packets_free(&packets);
	gen_policy_free(policy);
	return agree;
}

static bool mutants_noticed(void)
{
	uint64_t all = 0, noticed = 0;
	bool good = true;
	unsigned int m;

	for (m = 0; m < MUTATIONS; m++) {
		printf("# %s: %" PRIu64 " of %" PRIu64 " mutants noticed\n",
		       mutation_name((enum mutation)m), sum.noticed[m], sum.mutants[m]);
		all += sum.mutants[m];
		noticed += sum.noticed[m];
		good = good && sum.noticed[m];
	}
	printf("# %" PRIu64 " of %" PRIu64 " in all\n", noticed, all);
	return good && noticed * 100 >= all * NOTICED_PERCENT;
}

static uint64_t number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 0);

	if (!*s || *end) {
		fprintf(stderr, "diff: \"%s\" is not a number\n", s);
		exit(2);
	}
	return n;
}

static void options(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 't' },
		{ "packets", required_argument, NULL, 'p' },
		{ "minimise", no_argument, NULL, 'm' },
		{ "mutate", no_argument, NULL, 'x' },
		{ "text", no_argument, NULL, 'T' },
		{ "print", no_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 's':
			o->seed = number(optarg);
			break;
		case 'c':
			o->count = number(optarg);
			break;
		case 't':
			o->seconds = number(optarg);
			break;
		case 'p':
			o->packets = number(optarg);
			break;
		case 'm':
			o->minimise = true;
			break;
		case 'x':
			o->mutate = true;
			break;
		case 'T':
			o->text = true;
			break;
		case 'P':
			o->print = true;
			break;
		default:
			exit(2);
		}
	}
	if (optind < argc || !o->packets) {
		fprintf(stderr, "diff: see the top of tests/policy/diff.c\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct options o = { .packets = 64 };
	struct judgement *j = calloc(1, sizeof(*j));
	const char *title;
	time_t begin = time(NULL);
	uint64_t seed;
	bool good = true;

	if (!j)
		return 1;
	o.seed = (uint64_t)begin * 1000000;
	options(&o, argc, argv);
	if (o.print) {
		struct ir_policy *policy = gen_policy_text(o.seed);

		text_write(stdout, policy, false);
		gen_policy_free(policy);
		free(j);
		return 0;
	}
	if (!o.count && !o.seconds)
		o.count = 1000;
	for (seed = o.seed; good; seed++) {
		if (o.count && seed - o.seed >= o.count)
			break;
		if (o.seconds && (uint64_t)(time(NULL) - begin) >= o.seconds)
			break;
		good = one(seed, &o, j);
	}
	if (good && o.mutate)
		good = mutants_noticed();
	title = o.mutate ? "corrupted images are noticed" :
		o.text ? "image of the text and reference agree" : "image and reference agree";
	printf("%s - policy: %s: %" PRIu64 " pairs (%" PRIu64 " ended by a rule, %" PRIu64
	       " by way of an index) of %" PRIu64 " policies, seeds %" PRIu64 " to %" PRIu64 "\n", good ? "ok" : "not ok", title,
	       sum.pairs, sum.by_rule, sum.indexed, sum.policies, o.seed, seed - 1);
	free(j);
	fflush(stdout);
	if (!good)
		_exit(1);	/* what minimising left out is not freed: no word of leaks */
	return 0;
}
