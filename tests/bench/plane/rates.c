// SPDX-License-Identifier: GPL-2.0-or-later
/* rates: fences up and down, one request each, in namespaces that are there. */
#include "plane.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 5

static void run(struct genl *g, const struct space *s, size_t n, const char *policy)
{
	double up[ROUNDS], down[ROUNDS], start;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		start = now();
		fence_all(g, s, n, policy);
		up[round] = now() - start;
		start = now();
		unfence_all(g, s, n);
		down[round] = now() - start;
	}
	printf("{\"name\": \"fences, %s, %zu namespaces\", \"policy\": \"%s\", \"namespaces\": %zu, "
	       "\"attach_per_s\": %.0f, \"detach_per_s\": %.0f, "
	       "\"attach_us_median\": %.3f, \"detach_us_median\": %.3f}\n", policy, n, policy, n,
	       (double)n / least(up, ROUNDS), (double)n / least(down, ROUNDS),
	       median(up, ROUNDS) / (double)n * 1e6, median(down, ROUNDS) / (double)n * 1e6);
}

int rates(int argc, char **argv)
{
	size_t n = argc == 3 ? strtoul(argv[1], NULL, 10) : 0, size;
	struct nsf_image *img;
	struct space *s;
	struct genl *g;

	if (!n)
		die("rates COUNT POLICY.nft");
	g = module_open();
	img = compile(argv[2], &size);
	policy_set(g, "rules", img, size);
	s = spaces_make(n);
	run(g, s, n, "drop");
	run(g, s, n, "rules");
	spaces_end(s, n);
	return 0;
}
