/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reference: what nft made of the ruleset in this network namespace, read from the
 * kernel (nft itself stumbles over some of what it has loaded).
 */
#ifndef ORACLE_REFERENCE_H
#define ORACLE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "observer.h"

#define REFERENCE_MAX 64
#define REFERENCE_COUNTERS 1024

struct reference_chain {
	char name[64];
	struct place place;
	bool drop;		/* its policy */
	bool ipv4, ipv6;
};

struct reference_counter {
	char chain[64];
	unsigned int rule, number;	/* of the chain, of the rule; from 0 */
	uint64_t packets, bytes;
};

struct reference {
	struct reference_chain chain[REFERENCE_MAX];	/* base chains */
	unsigned int chains;
	struct reference_counter counter[REFERENCE_COUNTERS];	/* by chain, in order of rules */
	unsigned int counters;
	struct places places;
	char chain_now[64];	/* while it is read */
	unsigned int rule_now;
	bool ct;		/* some rule looks at conntrack */
};

/* False with a message on stderr. Observers' tables are left out. */
bool reference_read(struct reference *r);

#endif /* ORACLE_REFERENCE_H */
