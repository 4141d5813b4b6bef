/* SPDX-License-Identifier: GPL-2.0-or-later */
struct ns_tree {
	unsigned long long ns_id;
};

struct ns_common {
	unsigned int ns_type;
	void *stashed;
	const void *ops;
	unsigned int inum;
	int __ns_ref;
	union {
		struct ns_tree tree;
		struct ns_tree;
	};
};
