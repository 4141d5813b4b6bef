/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain: what a policy says of a packet, offline. It runs the module's own
 * headers.c and classify.c; here are the statements' effects in user space and
 * the walk over the base chains of a hook, as the kernel's core does it.
 */
#ifndef NSF_EXPLAIN_H
#define NSF_EXPLAIN_H

#include "classify.h"
#include "headers.h"

/* The order of the kernel's enum nf_inet_hooks. */
enum explain_hook {
	EXPLAIN_PREROUTING,
	EXPLAIN_INPUT,
	EXPLAIN_FORWARD,
	EXPLAIN_OUTPUT,
	EXPLAIN_POSTROUTING,
	EXPLAIN_HOOKS,
};

/* What is not in a packet's bytes. */
struct explain_meta {
	char iif[16], oif[16];	/* "": there is no device */
	u32 mark;
	u8 pkttype;		/* PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3 */
	u32 ct_state;		/* NSF_CT_*, one bit */
	u32 ct_mark;		/* these two of an entry, which invalid and untracked have not */
	u32 ct_reply;
};

/* Why a packet ended as it did where no chain said so. */
enum explain_why {
	EXPLAIN_CHAIN,		/* some chain did */
	EXPLAIN_NO_CHAIN,	/* the policy has none for this hook and family */
	EXPLAIN_NO_FORWARD,	/* the same, and forwarded packets then are dropped */
};

struct explain_step {
	u32 chain;		/* index in the image */
	u32 rule;		/* index, NSF_NO_RULE: the chain's policy */
	struct nsf_decision decision;
};

struct explain_result {
	enum nsf_end end;
	enum explain_why why;
	u64 done;		/* a hash of what statements were asked to do, in their order */
	size_t steps;		/* chains that saw the packet; the last one had the last word */
	struct explain_step step[NSF_MAX_CHAINS];
};

struct explain_count {
	u64 packets, bytes;
};

/* A namespace in which the policy has just been put up: nothing counted, limits full. */
struct explain;

/* @img: checked; it must live as long. NULL where memory is out. */
struct explain *explain_new(const struct nsf_image *img);
/* The same, but chains are run without their indexes: what these must come to. */
struct explain *explain_new_linear(const struct nsf_image *img);
void explain_free(struct explain *x);

/*
 * Fills @p, which need not be initialised, from @b and @meta. @family: 4 or 6.
 * A name of 15 bytes at most.
 */
void explain_load(struct nsf_packet *p, const struct nsf_bytes *b, unsigned int family,
		  const struct explain_meta *meta);
/*
 * One packet through all base chains of @hook, in the order of their priorities,
 * until one drops or rejects it. @p: loaded; its marks change with the rules.
 * @now: nanoseconds of any clock; a clock that goes back stands still.
 */
void explain_packet(struct explain *x, enum explain_hook hook, struct nsf_packet *p, u64 now,
		    struct explain_result *out);
/* Did both come the same way to the same end, and do the same? */
bool explain_same(const struct explain_result *a, const struct explain_result *b);
/* What the counter @state has counted. */
struct explain_count explain_counter(const struct explain *x, u32 state);

#endif /* NSF_EXPLAIN_H */
