/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observer: what passes the hooks of this namespace, seen by nft's log statements
 * around each base chain:
 *
 *	priority P - 1   before   the packet as the chain at P gets it
 *	priority P                the policy's chain, of nft or of the module
 *	priority P + 1   after    the packet again, if the chain let it pass
 *
 * and one at the very first of output ("entry"), which sees what a reject sends.
 * The marks of what comes in by a device are set here, too, from the frame's
 * source address, as the first thing in prerouting.
 */
#ifndef ORACLE_OBSERVER_H
#define ORACLE_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OBSERVER_MAX_PLACES 32

/* Where chains are: a hook (NF_INET_*) and a priority. */
struct place {
	unsigned int hook;
	int priority;
};

struct places {
	struct place v[OBSERVER_MAX_PLACES];
	size_t n;
};

enum seen_kind { SEEN_BEFORE = 'b', SEEN_AFTER = 'a', SEEN_ENTRY = 'e' };

/* A packet, seen at one place. */
struct seen {
	enum seen_kind kind;
	unsigned int place;	/* index; of SEEN_ENTRY 0 */
	bool is6;
	uint32_t iif, oif, mark;
	unsigned int pkttype;
	/* with conntrack */
	unsigned int ct_state;	/* NSF_CT_* */
	int ct_direction;	/* -1: no entry */
	uint32_t ct_mark;
	size_t len;
	const uint8_t *bytes;	/* into the log's buffer */
};

#define SEEN_MAX 1024

struct seen_log {
	struct seen v[SEEN_MAX];
	size_t n;
	uint8_t *buf;
	size_t used;
	unsigned int messages, probes;	/* that were read, of any kind; and of probes */
};

/* Sockets: of what is logged in this namespace, and one that sends by its lo. */
struct observer {
	int log, lo;
};

/* Writes the observers' ruleset; @ct: look at conntrack, which switches it on. */
void observer_rules(FILE *f, const struct places *places, bool ct);

/* In the calling thread's network namespace. Dies on failure. */
void observer_open(struct observer *o);
void observer_close(struct observer *o);
/*
 * Reads what has been logged of all that was sent so far and of the answers to
 * it. Waits until the kernel has done with them; the observers' rules must be
 * loaded, and lo be up. False with a message on stderr where something was lost
 * or is not understood.
 */
bool observer_read(const struct observer *o, struct seen_log *log);

/* Marks that packets of `in` and `fwd` may have; the frame's last byte is the index. */
extern const uint32_t observer_marks[];
extern const unsigned int observer_n_marks;

#endif /* ORACLE_OBSERVER_H */
