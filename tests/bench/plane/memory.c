// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memory: what one more namespace under a policy takes of the kernel's memory: the
 * difference that COUNT of them make, divided by COUNT.
 */
#include "plane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes. */
struct used {
	double slab, percpu, vmalloc, page_tables, total;
};

static struct used used(void)
{
	double all = 0, free_ = 0;
	struct used u = { 0 };
	char line[128];
	FILE *f;

	/* What is only kept for later use goes. */
	sync();
	f = fopen("/proc/sys/vm/drop_caches", "w");
	if (!f || fputs("3\n", f) < 0 || fclose(f))
		die("drop_caches: %s", strerror(errno));
	pause_us(50000);
	f = fopen("/proc/meminfo", "r");
	if (!f)
		die("meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		double kib = atof(line + strcspn(line, ":") + 1);

		if (!strncmp(line, "MemTotal:", 9))
			all = kib * 1024;
		else if (!strncmp(line, "MemFree:", 8))
			free_ = kib * 1024;
		else if (!strncmp(line, "SUnreclaim:", 11))
			u.slab = kib * 1024;
		else if (!strncmp(line, "Percpu:", 7))
			u.percpu = kib * 1024;
		else if (!strncmp(line, "VmallocUsed:", 12))
			u.vmalloc = kib * 1024;
		else if (!strncmp(line, "PageTables:", 11))
			u.page_tables = kib * 1024;
	}
	fclose(f);
	u.total = all - free_;
	return u;
}

int memory(int argc, char **argv)
{
	size_t n = argc == 5 ? strtoul(argv[2], NULL, 10) : 0, i, size = 0;
	bool ours = n && !strcmp(argv[1], "nsfence");
	struct nsf_image *img = NULL;
	struct genl *g = NULL;
	struct used a, b;
	struct space *s;

	if (!n)
		die("memory nsfence|nft COUNT POLICY.nft LABEL");
	s = spaces_make(n);
	if (ours) {
		g = module_open();
		img = compile(argv[3], &size);
		policy_set(g, "rules", img, size);
		/* The first one's share, that of all, is not what one more costs. */
		fence_all(g, s, 1, "rules");
	} else {
		space_enter(s[0].fd);
		nft_visit(argv[3]);
	}
	a = used();
	if (ours)
		fence_all(g, s + 1, n - 1, "rules");
	for (i = 1; !ours && i < n; i++) {
		space_enter(s[i].fd);
		if (!nft_replay())
			die("a replayed load of %s was refused", argv[3]);
	}
	b = used();
	space_enter(space_home());
	n--;
	printf("{\"name\": \"memory, %s, %s\", \"contender\": \"%s\", \"set\": \"%s\", "
	       "\"namespaces\": %zu, \"slab\": %.1f, \"percpu\": %.1f, \"vmalloc\": %.1f, "
	       "\"sum\": %.1f, \"free_memory\": %.1f, \"image_bytes\": %zu}\n",
	       argv[1], argv[4], argv[1], argv[4], n, (b.slab - a.slab) / (double)n,
	       (b.percpu - a.percpu) / (double)n, (b.vmalloc - a.vmalloc) / (double)n,
	       (b.slab - a.slab + b.percpu - a.percpu + b.vmalloc - a.vmalloc) / (double)n,
	       (b.total - a.total) / (double)n, size);
	if (ours) {
		unfence_all(g, s, n + 1);
		if (genl_policy_del(g, "rules", NULL))
			die("the policy cannot be deleted");
	}
	spaces_end(s, n + 1);
	return 0;
}
