// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mknetns: makes network namespaces by the hundred, and lets them go.
 *
 *	mknetns [-f] [-k KEEP] [-o PATH]... [-w] COUNT
 *
 * Makes COUNT namespaces by unshare(2) and keeps the last KEEP (default 1) of
 * them alive; the others die while the next are born. -f: every second one is
 * fenced (drop), through the module's netlink family. -w: when all are made,
 * prints "ready" and waits for a line on stdin (or its end) before it lets the
 * kept ones go; -o: keeps PATH's namespace, too, and lets it go in their midst.
 * Prints "made=N fenced=M", or says what failed. The namespaces are gone soon
 * after the process: waiting for that is the caller's affair.
 */
#include "nl.h"

#define OTHERS 16

static int own_netns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/ns/net: %s", strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	long count, keep = 1, i, fenced = 0;
	bool fence = false, await = false;
	int other[OTHERS], others = 0, home = own_netns(), opt;
	struct nl nl = { 0 };
	int *kept;

	while ((opt = getopt(argc, argv, "fk:o:w")) != -1) {
		if (opt == 'f') {
			fence = true;
		} else if (opt == 'k') {
			keep = atol(optarg);
		} else if (opt == 'w') {
			await = true;
		} else if (opt == 'o' && others < OTHERS) {
			other[others] = open(optarg, O_RDONLY | O_CLOEXEC);
			if (other[others++] < 0)
				die("%s: %s", optarg, strerror(errno));
		} else {
			die("usage: mknetns [-f] [-k KEEP] [-o PATH]... [-w] COUNT");
		}
	}
	count = optind < argc ? atol(argv[optind]) : 0;
	if (count < 1 || keep < 1)
		die("usage: mknetns [-f] [-k KEEP] [-o PATH]... [-w] COUNT");
	kept = calloc((size_t)keep, sizeof(*kept));
	if (!kept)
		die("no memory");
	if (fence) {
		nl_open(&nl);
		if (nl_lookup(&nl))
			die("the family nsfence is not there");
	}
	for (i = 0; i < keep; i++)
		kept[i] = -1;

	for (i = 0; i < count; i++) {
		int *slot = &kept[i % keep];

		if (*slot >= 0)
			close(*slot);
		if (unshare(CLONE_NEWNET)) {
			printf("namespace %ld: %s\n", i + 1, errno_name(errno));
			return 1;
		}
		*slot = own_netns();
		if (fence && i % 2) {
			struct nl_answer a;

			if (nl_attach(&nl, *slot, "drop", NSFENCE_F_MANUAL, &a)) {
				printf("fence %ld: %s %s\n", i + 1, errno_name(a.err), a.extack);
				return 1;
			}
			fenced++;
		}
	}
	setns(home, CLONE_NEWNET);
	printf("made=%ld fenced=%ld\n", count, fenced);
	if (await) {
		puts("ready");
		fflush(stdout);
		getchar();
	}
	for (i = 0; i < keep; i++) {
		if (i == keep / 2)
			while (others)
				close(other[--others]);
		if (kept[i] >= 0)
			close(kept[i]);
	}
	return 0;
}
