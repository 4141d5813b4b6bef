/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixture, written for the test: 7.x, where struct ns_common has a header of
 * its own, a reference count and an embedded tree node without a name.
 */
#include <linux/ns_common.h>

typedef unsigned long long u64;

struct net {
	int passive;
	u64			net_cookie;
	struct ns_common	ns;
};

struct pernet_operations {
	int (*init)(struct net *net);
	void (*pre_exit)(struct net *net);
	void (*exit)(struct net *net);
};
