// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oracle: nft says which verdict is right.
 *
 *	oracle [-c FILE] [-s SEED] [-n COUNT] [-j JOBS] [-N] CASE...
 *	oracle -m OTHER [...] CASE	judge with another policy: must differ
 *	oracle -w FILE [...]		write the common packets as a capture
 *
 * Each CASE, a policy file, is loaded with `nft -f` in a network namespace of its
 * own. The packets (of CASE's .packets, of -c FILE, and COUNT made from SEED) go
 * through it; nsfence's compiler and classifier judge what observers saw before
 * each chain, and what they saw after it must agree: verdict, kind of reject,
 * marks, and in the end the counters. A line of TAP for each case.
 *
 * A case must show more than one verdict, or it proves little; the comment
 * "# oracle: one verdict" says that it cannot.
 *
 * -N: nothing is judged, only nft runs. -j: so many cases at once.
 * Exit code: 0, 1 where a case differs, 2 trouble, 77 where the machine allows no
 * namespaces or devices.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"
#include "corpus.h"
#include "judge.h"
#include "observer.h"
#include "reference.h"
#include "stage.h"

#define EXIT_SKIP 77

struct options {
	const char *common, *other, *capture;
	uint64_t seed;
	unsigned int count;
	bool no_judge;
};

/* ---- one case; in a process of its own ---- */

static bool case_says(const char *path, const char *what)
{
	FILE *f = fopen(path, "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, what);
	if (f)
		fclose(f);
	return found;
}

static bool case_packets(const char *path, const struct options *o, struct corpus *c)
{
	char own[512];
	bool alone = false;
	int stem = (int)strlen(path) - 4;

	if (stem < 0 || strcmp(path + stem, ".nft")) {
		fprintf(stderr, "oracle: %s: its name does not end in .nft\n", path);
		return false;
	}
	snprintf(own, sizeof(own), "%.*s.packets", stem, path);
	if (!access(own, F_OK) && !corpus_read(c, own, &alone))
		return false;
	if (alone)
		return true;
	if (o->common && !corpus_read(c, o->common, NULL))
		return false;
	corpus_generate(c, o->seed, o->count);
	return true;
}

static bool load_observers(const struct reference *r)
{
	FILE *f = popen("nft -f -", "we");

	if (!f)
		return false;
	observer_rules(f, &r->places, r->ct);
	return !pclose(f);
}

/* Observers stand at P - 1 and P + 1: nothing of the policy may be there. */
static bool places_apart(const struct places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		for (size_t k = 0; k < i; k++) {
			long long apart = (long long)places->v[i].priority - places->v[k].priority;

			if (places->v[i].hook == places->v[k].hook && llabs(apart) < 3) {
				printf("# two chains' priorities are too near one another for observers\n");
				return false;
			}
		}
	}
	return true;
}

static int case_verdict(const char *path, const struct options *o, const struct tally *t,
			const struct judge *j)
{
	bool one = case_says(path, "# oracle: one verdict");

	printf("# %u packets (%u not sent): %u accepted, %u dropped, %u rejected\n", t->sent,
	       t->unsent, t->accepted, t->dropped, t->rejected);
	if (t->differences) {
		printf("# %u differences\n", t->differences);
		return 1;
	}
	if (!(t->accepted + t->dropped + t->rejected)) {
		printf("# no packet came to a chain\n");
		return 1;
	}
	if (!o->other && !one && (!t->accepted || !(t->dropped + t->rejected))) {
		printf("# all packets have one verdict: the case shows little\n");
		return 1;
	}
	(void)j;
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What a case includes is named from its own directory. */
static bool go_to(const char *path)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%.*s", (int)(base_name(path) - path), path);
	return !*dir || !chdir(dir);
}

static int case_run(const char *path, const struct options *o)
{
	static struct seen_log log;
	static struct reference ref;
	struct corpus c = { 0 };
	struct judge *j = NULL;
	struct tally t = { 0 };
	struct stage st;
	char command[600];
	int fd, rc;

	if (!case_packets(path, o, &c) || !go_to(path))
		return 2;
	if (!o->no_judge) {
		j = judge_open(o->other ? o->other : base_name(path));
		if (!j) {
			printf("# nsfence does not compile it\n");
			return 1;
		}
	}
	if (stage_enter(&st))
		return EXIT_SKIP;
	snprintf(command, sizeof(command), "exec nft -f '%s'", base_name(path));
	if (stage_run(command)) {
		printf("# nft does not load it\n");
		return 1;
	}
	if (!reference_read(&ref) || !places_apart(&ref.places))
		return 2;
	if (j && !judge_same_chains(j, &ref))
		return 1;
	fd = observer_open();
	if (!load_observers(&ref)) {
		fprintf(stderr, "oracle: nft does not load the observers\n");
		return 2;
	}
	/* What the devices said for themselves on their way up. */
	observer_read(fd, &log);
	for (size_t i = 0; i < c.n; i++) {
		if (stage_send(&st, &c.v[i]))
			t.sent++;
		else
			t.unsent++;
		if (!observer_read(fd, &log))
			return 2;
		compare_packet(&t, j, &ref.places, &c.v[i], &log);
	}
	rc = case_verdict(path, o, &t, j);
	if (j) {
		if (!reference_read(&ref))
			return 2;
		if (!judge_same_counters(j, &ref))
			rc = 1;
		judge_close(j);
	}
	corpus_clean(&c);
	free(log.buf);
	return rc;
}

/* ---- all of them ---- */

/* A case's output goes to a file of its own, so that lines do not mix. */
static pid_t case_start(const char *path, const struct options *o, FILE **out)
{
	pid_t pid;

	*out = tmpfile();
	if (!*out) {
		perror("oracle: a temporary file");
		exit(2);
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("oracle: fork");
		exit(2);
	}
	if (!pid) {
		int rc;

		dup2(fileno(*out), 1);
		dup2(fileno(*out), 2);
		rc = case_run(path, o);
		fflush(NULL);
		_exit(rc);
	}
	return pid;
}

static void case_output(FILE *out)
{
	char line[1024];

	rewind(out);
	while (fgets(line, sizeof(line), out))
		printf("%s%s", line[0] == '#' ? "" : "# ", line);
	fclose(out);
}

static int run_all(char **path, int n, const struct options *o, int jobs)
{
	int worst = 0, started = 0;
	pid_t pid[64];
	FILE *out[64];

	printf("1..%d\n# seed %llu\n", n, (unsigned long long)o->seed);
	for (int i = 0; i < n; i++) {
		int status = 0, rc;

		for (; started < n && started < i + jobs; started++)
			pid[started % 64] = case_start(path[started], o, &out[started % 64]);
		waitpid(pid[i % 64], &status, 0);
		rc = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
		if (!WIFEXITED(status))
			printf("# ended by signal %d\n", WTERMSIG(status));
		case_output(out[i % 64]);
		if (rc == EXIT_SKIP)
			printf("ok %d - %s # SKIP this machine has no namespaces or TAP devices for us\n",
			       i + 1, base_name(path[i]));
		else
			printf("%s %d - %s\n", rc ? "not ok" : "ok", i + 1, base_name(path[i]));
		fflush(stdout);
		if (rc && (rc != EXIT_SKIP || !worst))
			worst = rc;
	}
	return worst;
}

static int usage(void)
{
	fputs("usage: oracle [-c FILE] [-s SEED] [-n COUNT] [-j JOBS] [-m OTHER] [-N] CASE...\n"
	      "       oracle [-c FILE] [-s SEED] [-n COUNT] -w CAPTURE\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1, .count = 150 };
	int opt, jobs = 1;

	while ((opt = getopt(argc, argv, "c:s:n:j:m:w:N")) != -1) {
		switch (opt) {
		case 'c':
			o.common = optarg;
			break;
		case 's':
			o.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			o.count = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'j':
			jobs = atoi(optarg);
			break;
		case 'm':
			o.other = optarg;
			break;
		case 'w':
			o.capture = optarg;
			break;
		case 'N':
			o.no_judge = true;
			break;
		default:
			return usage();
		}
	}
	if (o.capture) {
		struct corpus c = { 0 };
		bool good;

		if (o.common && !corpus_read(&c, o.common, NULL))
			return 2;
		corpus_generate(&c, o.seed, o.count);
		good = corpus_write_pcap(&c, o.capture);
		corpus_clean(&c);
		return good ? 0 : 2;
	}
	if (optind == argc || jobs < 1 || jobs > 32)
		return usage();
	return run_all(argv + optind, argc - optind, &o, jobs);
}
