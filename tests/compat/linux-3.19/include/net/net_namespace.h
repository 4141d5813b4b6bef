/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixture, written for the test: ns_common as it came with 3.19. */
#include <linux/ns_common.h>

struct net {
	int passive;
	struct ns_common	ns;
};

struct pernet_operations {
	int (*init)(struct net *net);
	void (*exit)(struct net *net);
};
