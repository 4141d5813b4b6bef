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

struct batch {
	double seconds;		/* until the last one is gone */
	double busy;		/* of them, those in which some task ran; 0: not known */
};

/* Nanoseconds that tasks have run on the first processor, where the kernel tells. */
static double ran(void)
{
	FILE *f = fopen("/proc/schedstat", "r");
	char line[256];
	double ns = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "cpu0 %*u %*u %*u %*u %*u %*u %lf", &ns) == 1)
			break;
	if (f)
		fclose(f);
	return ns;
}

static struct batch batch(size_t n)
{
	double start, busy;
	struct space *s;

	spaces_wait_none();
	pause_us(20000);
	busy = ran();
	start = now();
	s = spaces_make(n);
	spaces_end(s, n);
	start = now() - start;
	return (struct batch){ start, (ran() - busy) / 1e9 };
}

static struct batch with(const char *how, const char *ko, size_t n, const struct nsf_image *img,
		   size_t size)
{
	struct genl_fence f = { .policy = img ? "rules" : "drop" };
	struct genl_fence none = { .policy = GENL_BIRTH_NONE };
	bool birth = strcmp(how, "idle");
	struct genl *g = NULL;
	struct err e;
	struct batch t;

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
	struct batch a, b;

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
		printf("{\"pair\": \"%s\", \"batch\": %zu, \"without_s\": %.6f, \"with_s\": %.6f, "
		       "\"without_busy_s\": %.6f, \"with_busy_s\": %.6f}\n", argv[1], n,
		       a.seconds, b.seconds, a.busy, b.busy);
	}
	return 0;
}
