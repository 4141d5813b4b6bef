/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare: the verdicts that the observers saw against those that nsfence gives.
 */
#ifndef ORACLE_COMPARE_H
#define ORACLE_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "judge.h"
#include "observer.h"
#include "packet.h"

struct tally {
	unsigned int sent, unsent;
	unsigned int accepted, dropped, rejected;	/* at one place; rejected: and a reply seen */
	unsigned int differences;
};

/*
 * All that @log saw of @p, and of what the stack and rejects made of it. @j may
 * be NULL: then nft's verdicts are only counted. Prints each difference as a
 * line of TAP's diagnostics, the first 10 of them.
 */
void compare_packet(struct tally *t, struct judge *j, const struct places *places,
		    const struct packet *p, const struct seen_log *log);

/*
 * Writes what became of packet @number, a line for each place it came to, without
 * the replies of rejects: of two runs the lines must be the same.
 */
void compare_trace(FILE *out, struct tally *t, unsigned int number, const struct places *places,
		   const struct seen_log *log);

#endif /* ORACLE_COMPARE_H */
