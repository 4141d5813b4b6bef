/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixture, written for the test: how 3.8 to 3.18 and RHEL 7 name the inode. */
struct net {
	int passive;
	unsigned int proc_inum;
};

struct pernet_operations {
	int (*init)(struct net *net);
	void (*exit)(struct net *net);
};
