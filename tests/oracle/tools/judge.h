/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge: what nsfence's compiler and classifier say of a packet that an observer
 * saw. Conntrack's facts are the observed ones: conntrack is the kernel's, not ours.
 */
#ifndef ORACLE_JUDGE_H
#define ORACLE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "observer.h"
#include "reference.h"

struct judge;

struct judgement {
	bool accept;
	bool reject;
	unsigned int how, code;	/* enum nsf_reject_how and its code */
	uint32_t mark, ct_mark;	/* afterwards */
	const char *rule;	/* that ended it, or "policy" */
	unsigned int line;
};

/* Compiles @path; NULL with the errors on stderr. @quirks: quirk.h. */
struct judge *judge_open(const char *path, unsigned int quirks);
void judge_close(struct judge *j);
/* Does a match or a key read the transport protocol or its header? */
bool judge_reads_transport(const struct judge *j);
/* The base chains are the reference's: false with a message. */
bool judge_same_chains(const struct judge *j, const struct reference *r);
/*
 * All chains of @place over the packet; @iifname and @oifname "" where there is
 * no device. False where no chain is for that family.
 */
bool judge_packet(struct judge *j, const struct place *place, const struct seen *seen,
		  const char *iifname, const char *oifname, struct judgement *out);
/* Every `counter` has counted the same; false with a message. */
bool judge_same_counters(const struct judge *j, const struct reference *r);

#endif /* ORACLE_JUDGE_H */
