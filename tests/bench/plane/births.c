// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * births: how fast namespaces are made and taken apart, without the module and
 * with it, in pairs whose order changes each time. A batch is made, let go all at
 * once, and waited for. A line for each pair: seconds for a batch without, and with.
 *
 *	idle     the module loaded, no fence, nobody listens
 *	birth    each is born with the built-in policy drop
 *	policy   each is born with POLICY.nft
 *	absent   no module on either side: what the method itself can tell apart
 */
#include "plane.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double batch(size_t n)
{
	struct space *s;
	double start;

	spaces_wait_none();
	pause_us(2000);
	start = now();
	s = spaces_make(n);
	spaces_end(s, n);
	return now() - start;
}

static double with(const char *how, const char *ko, size_t n, const struct nsf_image *img,
		   size_t size)
{
	struct genl_fence f = { .policy = img ? "rules" : "drop" };
	struct genl_fence none = { .policy = GENL_BIRTH_NONE };
	bool birth = strcmp(how, "idle");
	struct genl *g = NULL;
	struct err e;
	double t;

	if (!strcmp(how, "absent"))
		return batch(n);
	module_load(ko);
	if (birth) {
		g = module_open();
		if (img)
			policy_set(g, "rules", img, size);
		if (genl_birth_set(g, &f, &e))
			die("birth: %s", e.text);
	}
	t = batch(n);
	if (birth) {
		if (genl_birth_set(g, &none, &e))
			die("birth: %s", e.text);
		spaces_wait_none();
		spaces_wait_none();
		genl_close(g);
	}
	spaces_wait_none();
	module_unload();
	return t;
}

int births(int argc, char **argv)
{
	size_t pairs = argc > 4 ? strtoul(argv[3], NULL, 10) : 0, n, i, size = 0;
	struct nsf_image *img = NULL;
	double a, b;

	if (!pairs)
		die("births absent|idle|birth|policy MODULE.ko PAIRS BATCH [POLICY.nft]");
	n = strtoul(argv[4], NULL, 10);
	if (!strcmp(argv[1], "policy"))
		img = compile(argv[5], &size);
	/* Once each, for caches. */
	batch(n);
	with(argv[1], argv[2], n, img, size);
	for (i = 0; i < pairs; i++) {
		if (i % 2) {
			b = with(argv[1], argv[2], n, img, size);
			a = batch(n);
		} else {
			a = batch(n);
			b = with(argv[1], argv[2], n, img, size);
		}
		printf("{\"pair\": \"%s\", \"batch\": %zu, \"without_s\": %.6f, \"with_s\": %.6f}\n",
		       argv[1], n, a, b);
	}
	return 0;
}
