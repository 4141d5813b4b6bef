// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * publish: how long it takes until a new version of a policy is in force, with that
 * many fences under it. Two versions take turns; one fence first and last, and
 * in between as many as are asked for, so that the machine's drift shows.
 */
#include "plane.h"

#include <stdio.h>
#include <stdlib.h>

static void run(struct genl *g, struct nsf_image *const *img, const size_t *size,
		unsigned int rounds, size_t fences)
{
	double *v = need(calloc(rounds, sizeof(*v))), start, min;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		start = now();
		policy_set(g, "rules", img[i % 2], size[i % 2]);
		v[i] = now() - start;
	}
	min = least(v, rounds);
	printf("{\"name\": \"publish, %zu fences\", \"fences\": %zu, \"us_min\": %.2f, "
	       "\"us_median\": %.2f}\n", fences, fences, min * 1e6, median(v, rounds) * 1e6);
	free(v);
}

int publish(int argc, char **argv)
{
	unsigned int rounds = argc > 4 ? (unsigned int)strtoul(argv[3], NULL, 10) : 0;
	size_t size[2], fences = 0, most = 0, want;
	struct nsf_image *img[2];
	struct space *s;
	struct genl *g;
	int i;

	if (!rounds)
		die("publish POLICY.nft OTHER.nft ROUNDS COUNT...");
	for (i = 4; i < argc; i++)
		if (strtoul(argv[i], NULL, 10) > most)
			most = strtoul(argv[i], NULL, 10);
	g = module_open();
	for (i = 0; i < 2; i++)
		img[i] = compile(argv[1 + i], &size[i]);
	s = spaces_make(most);
	/* The second one is in force first, so that the first round changes it. */
	policy_set(g, "rules", img[1], size[1]);
	for (i = 4; i < argc; i++) {
		want = strtoul(argv[i], NULL, 10);
		if (want > fences)
			fence_all(g, s + fences, want - fences, "rules");
		else
			unfence_all(g, s + want, fences - want);
		fences = want;
		if (rounds % 2)
			policy_set(g, "rules", img[1], size[1]);
		run(g, img, size, rounds, fences);
	}
	unfence_all(g, s, fences);
	if (genl_policy_del(g, "rules", NULL))
		die("the policy cannot be deleted");
	spaces_end(s, most);
	return 0;
}
