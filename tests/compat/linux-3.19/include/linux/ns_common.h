/* SPDX-License-Identifier: GPL-2.0-or-later */
struct ns_common {
	void *stashed;
	const void *ops;
	unsigned int inum;
};
