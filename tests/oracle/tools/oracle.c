// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oracle: nft says which verdict is right.
 *
 *	oracle [-c FILE] [-s SEED] [-n COUNT] [-j JOBS] [-N] CASE...
 *	oracle -m OTHER [...] CASE	judge with another policy: must differ
 *	oracle -f COMMAND [...] CASE...	compare with a fence of the module's
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
 * -N: nothing is judged, only nft runs. -j: so many cases at once. -g: the cases
 * are generated, and may have one verdict for all.
 * Exit code: 0, 1 where a case differs, 2 trouble, 77 where the machine allows no
 * namespaces or devices.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "corpus.h"
#include "quirk.h"

/* A case's output goes to a file of its own, so that lines do not mix. */
static pid_t case_start(const char *path, const struct case_options *o, FILE **out)
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
		rc = o->fence ? case_fence(path, o) : case_judge(path, o);
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

/* What this kernel's nft does in a way of its own. */
static unsigned int find_quirks(void)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		int quirks = quirk_try();

		_exit(quirks < 0 ? CASE_SKIP : quirks);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == CASE_SKIP)
		return 0;
	if (WEXITSTATUS(status) & QUIRK_FRAGMENT)
		printf("# this kernel's nft reads ports and flags in later fragments: judged so\n");
	if (WEXITSTATUS(status) & QUIRK_LENGTH)
		printf("# this kernel believes in IPv6 headers longer than the packet: judged so\n");
	return (unsigned int)WEXITSTATUS(status);
}

static int run_all(char **path, int n, const struct case_options *o, int jobs)
{
	int worst = 0, started = 0;
	pid_t pid[64];
	FILE *out[64];

	for (int i = 0; i < n; i++) {
		int status = 0, rc;

		for (; started < n && started < i + jobs; started++)
			pid[started % 64] = case_start(path[started], o, &out[started % 64]);
		waitpid(pid[i % 64], &status, 0);
		rc = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
		if (!WIFEXITED(status))
			printf("# ended by signal %d\n", WTERMSIG(status));
		case_output(out[i % 64]);
		if (rc == CASE_SKIP)
			printf("ok %d - %s # SKIP this machine has no namespaces or TAP devices for us\n",
			       i + 1, case_name(path[i]));
		else if (rc == CASE_REFUSED)
			printf("ok %d - %s # SKIP this kernel does not support what this nft sends\n",
			       i + 1, case_name(path[i]));
		else
			printf("%s %d - %s\n", rc ? "not ok" : "ok", i + 1, case_name(path[i]));
		fflush(stdout);
		if (rc && rc != CASE_REFUSED && (rc != CASE_SKIP || !worst))
			worst = rc;
	}
	return worst;
}

static int usage(void)
{
	fputs("usage: oracle [-c FILE] [-s SEED] [-n COUNT] [-j JOBS] [-m OTHER] [-f COMMAND] [-g] [-N]\n"
	      "              CASE...\n"
	      "       oracle [-c FILE] [-s SEED] [-n COUNT] -w CAPTURE\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct case_options o = { .seed = 1, .count = 150 };
	const char *capture = NULL;
	int opt, jobs = 1;

	while ((opt = getopt(argc, argv, "c:s:n:j:m:f:w:gN")) != -1) {
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
		case 'f':
			o.fence = optarg;
			break;
		case 'w':
			capture = optarg;
			break;
		case 'g':
			o.generated = true;
			break;
		case 'N':
			o.no_judge = true;
			break;
		default:
			return usage();
		}
	}
	if (capture) {
		struct corpus c = { 0 };
		bool good;

		if (o.common && !corpus_read(&c, o.common, NULL))
			return 2;
		corpus_generate(&c, o.seed, o.count, NULL);
		good = corpus_write_pcap(&c, capture);
		corpus_clean(&c);
		return good ? 0 : 2;
	}
	if (optind == argc || jobs < 1 || jobs > 32)
		return usage();
	printf("1..%d\n# seed %llu\n", argc - optind, (unsigned long long)o.seed);
	o.quirks = find_quirks();
	return run_all(argv + optind, argc - optind, &o, jobs);
}
