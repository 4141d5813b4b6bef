// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: classify [--once] [--each] [--cold] [--seconds N] POLICY.nft [PACKETS]
 *
 * Compiles a policy and runs packets through nsf_classify() of the module, and prints
 * what it finds, a line `name value` each. Times are nanoseconds of the machine.
 *
 * Under valgrind --tool=callgrind --instr-atstart=no --toggle-collect=nsf_classify the
 * packets run once to warm its caches, and what it tells is of the time after; with
 * --each it tells it for each packet apart. Without valgrind they run for N seconds (1).
 * --cold: each packet finds neither image nor packet in a cache. Compiling is done 15
 * times, and the fastest counts; with --once it is the first time of a new process.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <valgrind/callgrind.h>

#include "classify.h"
#include "image_check.h"
#include "index.h"
#include "packets.h"
#include "policy/ir.h"
#include "policy/policy.h"

/* ---- what statements do: what the module does, without its CPUs ---- */

struct nsf_effect {
	struct {
		u64 packets, bytes;
	} *counter;
};

void nsf_effect_counter(struct nsf_effect *fx, u32 state, const struct nsf_packet *p)
{
	fx->counter[state].packets++;
	fx->counter[state].bytes += p->val[NSF_FIELD_LENGTH];
}

bool nsf_effect_limit(struct nsf_effect *fx, u32 state, const struct nsf_state_desc *desc,
		      const struct nsf_packet *p)
{
	(void)fx, (void)state, (void)desc, (void)p;
	return true;
}

void nsf_effect_log(struct nsf_effect *fx, u32 record, const struct nsf_op *op,
		    const struct nsf_packet *p)
{
	(void)fx, (void)record, (void)op, (void)p;
}

void nsf_effect_mark_set(struct nsf_effect *fx, u32 mark)
{
	(void)fx, (void)mark;
}

void nsf_effect_ct_mark_set(struct nsf_effect *fx, u32 mark)
{
	(void)fx, (void)mark;
}

/* ---- compiling ---- */

static double read_clock(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* What others do at the same time does not count. */
static double cpu(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void refuse(const char *path, struct diags *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->v[i].level == DIAG_ERROR)
			fprintf(stderr, "%s:%u: %s\n", path, d->v[i].line, d->v[i].message);
	fprintf(stderr, "classify: %s does not compile\n", path);
	exit(1);
}

/* The fastest of some @rounds, but not for long: what disturbs only adds. */
static struct nsf_image *compile(const char *path, int rounds)
{
	double parse = 1e18, comp = 1e18, check = 1e18, begin = now();
	struct nsf_image *img = NULL;

	while (rounds-- && (!img || now() - begin < 3e9)) {
		struct diags *d = calloc(1, sizeof(*d));
		struct nsf_image_fault fault;
		struct ir_policy *ir = NULL;
		double t[4];

		if (!d)
			abort();
		free(img);
		t[0] = cpu();
		if (policy_load(path, &ir, d))
			refuse(path, d);
		t[1] = cpu();
		if (policy_compile(ir, &img, d))
			refuse(path, d);
		t[2] = cpu();
		if (nsf_image_check(img, img->size, &fault))
			abort();
		t[3] = cpu();
		parse = t[1] - t[0] < parse ? t[1] - t[0] : parse;
		comp = t[2] - t[1] < comp ? t[2] - t[1] : comp;
		check = t[3] - t[2] < check ? t[3] - t[2] : check;
		ir_policy_free(ir);
		diags_clean(d);
		free(d);
	}
	printf("parse_ms %.3f\ncompile_ms %.3f\ncheck_ms %.3f\n", parse / 1e6, comp / 1e6,
	       check / 1e6);
	printf("compiler %s\n", __VERSION__);
	printf("records %u\nimage_bytes %u\nindex_bytes %u\n", nsf_image_n_records(img), img->size,
	       img->section[NSF_SECTION_INDEX].size);
	return img;
}

/* ---- running ---- */

struct run {
	const struct nsf_image *img;
	struct nsf_effect fx;
	struct packets packets;
	u64 ends[NSF_ENDS], digest;
	bool *seen;		/* of each record: it ended a packet */
};

/* Where it calls what is measured; all else is the loop. */
static inline void classify(struct run *run, struct nsf_packet *p, struct nsf_decision *d)
{
	nsf_classify(run->img, nsf_image_chains(run->img), p, &run->fx, d);
}

/* Takes what classify() takes, and does nothing. */
static __attribute__((noinline)) void nothing(const struct nsf_image *img, u32 start,
					      struct nsf_packet *p, struct nsf_effect *fx,
					      struct nsf_decision *d)
{
	__asm__ volatile("" : : "r"(img), "r"(start), "r"(p), "r"(fx), "r"(d) : "memory");
}

static void note(struct run *run, const struct nsf_decision *d)
{
	run->ends[d->end]++;
	run->digest = (run->digest ^ d->record ^ (u64)d->end << 32) * 0x9e3779b97f4a7c15ULL;
	run->digest ^= run->digest >> 29;
	run->seen[d->record] = true;
}

/*
 * The index and the walk without it must say the same. Counts the records that are
 * run, which is right for chains that jump nowhere.
 */
static void compare(struct run *run)
{
	const struct nsf_chain *chain = nsf_image_chains(run->img);
	u64 all = 0, most = 0;
	size_t i;

	for (i = 0; i < run->packets.n; i++) {
		struct nsf_packet p = run->packets.v[i], q = p;
		struct nsf_decision d = { 0 }, e = { 0 };
		struct nsf_index_cursor cur;
		u64 n = 0;
		u32 at, part;

		nsf_classify_linear(run->img, chain, &p, &run->fx, &d);
		part = chain->index[q.val[NSF_FIELD_NFPROTO] == NSF_INDEX_IPV6];
		if (part == NSF_NO_INDEX) {
			n = d.record - chain->start + 1;
		} else {
			nsf_classify(run->img, chain, &q, &run->fx, &e);
			if (memcmp(&d, &e, sizeof(d))) {
				fprintf(stderr, "classify: packet %zu ends in record %u, with the "
					"index in %u\n", i + 1, d.record, e.record);
				exit(1);
			}
			for (at = nsf_index_first(run->img, chain, part, &q, &cur);
			     at <= d.record; at = nsf_index_next(&cur, at + 1))
				n++;
		}
		all += n;
		most = n > most ? n : most;
	}
	printf("records_run %.2f\nrecords_run_most %llu\n", (double)all / run->packets.n,
	       (unsigned long long)most);
}

static void pass(struct run *run, bool each)
{
	struct nsf_decision d = { 0 };
	size_t i;

	for (i = 0; i < run->packets.n; i++) {
		struct nsf_packet p = run->packets.v[i];

		classify(run, &p, &d);
		if (each)
			CALLGRIND_DUMP_STATS;
		note(run, &d);
	}
}

static int less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Passes over all packets, by turns with a call that does nothing. */
static void warm(struct run *run, double seconds)
{
	enum { MOST = 100000 };
	double *took = calloc(MOST, sizeof(*took)), loop = 1e18, end = now() + seconds * 1e9;
	struct nsf_decision d = { 0 };
	size_t n = 0, i, k = run->packets.n;

	if (!took)
		abort();
	while (n < MOST && (n < 3 || now() < end)) {
		double t0 = now(), t1, t2;

		for (i = 0; i < k; i++)
			classify(run, &run->packets.v[i], &d);
		t1 = now();
		for (i = 0; i < k; i++)
			nothing(run->img, 0, &run->packets.v[i], &run->fx, &d);
		t2 = now();
		took[n++] = (t1 - t0) / k;
		loop = (t2 - t1) / k < loop ? (t2 - t1) / k : loop;
	}
	qsort(took, n, sizeof(*took), less);
	printf("passes %zu\nns_loop %.2f\nns_min %.2f\nns_median %.2f\n", n, loop, took[0] - loop,
	       took[n / 2] - loop);
	free(took);
}

#if defined(__x86_64__)
static void flush(const void *v, size_t size)
{
	const char *at = v, *end = at + size;

	for (; at < end; at += 64)
		_mm_clflush(at);
}

/* One call is short beside reading the clock: the clock's own time is taken off. */
static void cold(struct run *run)
{
	size_t n = run->packets.n < 300 ? run->packets.n : 300, i;
	double *took = calloc(n, sizeof(*took)), clock = 1e18;
	struct nsf_decision d = { 0 };

	if (!took)
		abort();
	for (i = 0; i < 1000; i++) {
		double t = now();

		t = now() - t;
		clock = t < clock ? t : clock;
	}
	for (i = 0; i < n; i++) {
		struct nsf_packet *p = &run->packets.v[i * run->packets.n / n];
		double t;

		flush(run->img, run->img->size);
		flush(p, sizeof(*p));
		_mm_mfence();
		t = now();
		classify(run, p, &d);
		took[i] = now() - t - clock;
	}
	qsort(took, n, sizeof(*took), less);
	printf("ns_cold_median %.0f\n", took[n / 2]);
	free(took);
}
#else
static void cold(struct run *run)
{
	(void)run;
}
#endif

static void report(const struct run *run)
{
	u32 i, seen = 0;

	for (i = 0; i < nsf_image_n_records(run->img); i++)
		seen += run->seen[i];
	printf("packets %zu\naccepted %llu\ndropped %llu\nended_by_records %u\ndigest %016llx\n",
	       run->packets.n, (unsigned long long)run->ends[NSF_ACCEPT],
	       (unsigned long long)run->ends[NSF_DROP], seen, (unsigned long long)run->digest);
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "each", no_argument, NULL, 'e' },
		{ "once", no_argument, NULL, 'o' },
		{ "cold", no_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	bool each = false, flushed = false, once = RUNNING_ON_VALGRIND;
	struct run run = { .digest = 1 };
	double seconds = 1;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'e')
			each = true;
		else if (c == 'o')
			once = true;
		else if (c == 'c')
			flushed = true;
		else if (c == 's')
			seconds = atof(optarg);
		else
			return 2;
	}
	if (argc - optind != 1 && argc - optind != 2) {
		fputs("usage: classify [--once] [--each] [--cold] [--seconds N] POLICY.nft "
		      "[PACKETS]\n", stderr);
		return 2;
	}
	run.img = compile(argv[optind], once ? 1 : 15);
	if (argc - optind == 1)
		return 0;
	packets_read(&run.packets, argv[optind + 1]);
	run.fx.counter = calloc(nsf_image_n_states(run.img) + 1, sizeof(*run.fx.counter));
	run.seen = calloc(nsf_image_n_records(run.img), sizeof(*run.seen));
	if (!run.fx.counter || !run.seen)
		abort();
	compare(&run);
	pass(&run, false);
	report(&run);
	if (RUNNING_ON_VALGRIND) {
		CALLGRIND_START_INSTRUMENTATION;
		pass(&run, false);
		CALLGRIND_ZERO_STATS;
		pass(&run, each);
		if (!each)
			CALLGRIND_DUMP_STATS;
	} else {
		warm(&run, seconds);
		if (flushed)
			cold(&run);
	}
	free(run.packets.v);
	free(run.fx.counter);
	free(run.seen);
	free((void *)run.img);
	return 0;
}
