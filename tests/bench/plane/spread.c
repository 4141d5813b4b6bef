// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spread: one policy file into COUNT namespaces that are there and have none.
 *
 *	nsfence   the file read and compiled, the policy set, a fence in each
 *	nft       `nft -f` in each
 *	visit     one process with libnftables that goes into each
 *	replay    the same, but the file is read in the first one only: the messages
 *	          made for that are sent to the others
 */
#include "plane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int spread(int argc, char **argv)
{
	size_t n = argc == 4 ? strtoul(argv[2], NULL, 10) : 0, i, size;
	double start, compiled, published, end;
	struct nsf_image *img;
	struct space *s;
	struct genl *g;

	if (!n)
		die("spread nsfence|nft|visit|replay COUNT POLICY.nft");
	s = spaces_make(n);
	start = compiled = published = now();
	if (!strcmp(argv[1], "nsfence")) {
		g = module_open();
		img = compile(argv[3], &size);
		compiled = now();
		policy_set(g, "rules", img, size);
		published = now();
		fence_all(g, s, n, "rules");
		end = now();
		unfence_all(g, s, n);
		if (genl_policy_del(g, "rules", NULL))
			die("the policy cannot be deleted");
		free(img);
		genl_close(g);
	} else {
		for (i = 0; i < n; i++) {
			space_enter(s[i].fd);
			if (!strcmp(argv[1], "nft"))
				nft_process(argv[3]);
			else if (!strcmp(argv[1], "visit") || !i)
				nft_visit(argv[3]);
			else if (!nft_replay())
				die("a replayed load of %s was refused", argv[3]);
		}
		end = now();
		space_enter(space_home());
	}
	printf("{\"name\": \"spread, %s\", \"contender\": \"%s\", \"namespaces\": %zu, "
	       "\"seconds\": %.6f, \"compile_s\": %.6f, \"publish_s\": %.6f, "
	       "\"ms_each\": %.4f}\n", argv[1], argv[1], n, end - start, compiled - start,
	       published - compiled, (end - start) / (double)n * 1e3);
	spaces_end(s, n);
	return 0;
}
