/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * case: one policy file and its packets. Both functions run in a process that is
 * theirs: they leave its directory and its network namespace changed. They print
 * lines of TAP's diagnostics and return one of CASE_*.
 */
#ifndef ORACLE_CASE_H
#define ORACLE_CASE_H

#include <stdbool.h>
#include <stdint.h>

enum { CASE_SAME, CASE_DIFFERS, CASE_TROUBLE, CASE_SKIP = 77, CASE_REFUSED };

struct case_options {
	const char *common;	/* packets for every case, or NULL */
	const char *other;	/* judge with this policy instead of the case's */
	const char *fence;	/* command that fences the process ORACLE_PID with ORACLE_CASE */
	uint64_t seed;
	unsigned int count;	/* generated packets */
	unsigned int quirks;	/* quirk.h */
	bool no_judge;
	bool generated;		/* policies that need not show more than one verdict */
};

/* nft in a namespace; the compiler and the classifier judge what it sees. */
int case_judge(const char *path, const struct case_options *o);
/* nft in one namespace, a fence of the module's in another: the same must happen. */
int case_fence(const char *path, const struct case_options *o);
const char *case_name(const char *path);

#endif /* ORACLE_CASE_H */
