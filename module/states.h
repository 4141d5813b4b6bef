/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * states: the counters and the limits of a policy's rules, in one attachment.
 *
 * A state lives at a place: a chunk and an index in it. Places are the policy's:
 * the same in each of its attachments, and a state keeps its place as long as
 * its id is in the policy. Chunks are added and never move, so image and states
 * are two loads of which either may be newer than the other:
 *
 *   nsf_version.place[state of the image] = chunk << 16 | index
 *   nsf_attachment.states -> chunk[] -> counters (per CPU) or limits
 */
#ifndef NSF_STATES_H
#define NSF_STATES_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "counters.h"
#include "image.h"

#define NSF_PLACE(chunk, index)	((u32)(chunk) << 16 | (index))
#define NSF_PLACE_CHUNK(place)	((place) >> 16)
#define NSF_PLACE_INDEX(place)	((place) & 0xffff)
#define NSF_MAX_CHUNKS		4096u
#define NSF_MAX_CHUNK		65536u	/* places of a chunk of limits */
/*
 * Places of a chunk of counters: with them it is a page on each CPU. (The kernel
 * refuses per-CPU memory of more than 32 KiB in one piece.)
 */
#define NSF_MAX_CHUNK_COUNTERS	255u

/* What a chunk holds; the same in all attachments of a policy. */
struct nsf_chunk_desc {
	u32 kind;		/* enum nsf_state_kind */
	u32 count;		/* places, at most as above; 0: no chunk of this number */
};

/* The counters of one chunk on one CPU. */
struct nsf_rule_counters {
	struct u64_stats_sync syncp;
	struct nsf_counter c[];
};

/* A token bucket. */
struct nsf_limit {
	spinlock_t lock;	/* all of it; softirqs off */
	u64 tokens;		/* ns */
	u64 last;		/* ktime_get_ns() */
	bool started;		/* else: full, whenever the first packet comes */
};

struct nsf_limits {
	u32 count;
	struct nsf_limit v[];
};

struct nsf_chunk {
	u32 kind;
	u32 count;
	union {
		struct nsf_rule_counters __percpu *counters;
		struct nsf_limits *limits;
	};
};

/* Immutable once published; its chunks' contents change. */
struct nsf_states {
	struct rcu_head rcu;
	u32 chunks;
	struct nsf_chunk *chunk[];
};

/*
 * States that hold the chunks @desc[0 .. @n): those of @old (NULL: none) that are
 * as described are taken over, the rest is new. @old is not changed. Sleeps.
 * NULL: no memory.
 */
struct nsf_states *nsf_states_grow(const struct nsf_states *old,
				   const struct nsf_chunk_desc *desc, u32 n);
/*
 * Frees @s (NULL: nothing) and those of its chunks that @old (NULL: none) does not
 * have: undoes the growing, or, with the newer states as @old, lets the older go.
 * Never published, or readers gone. Does not sleep.
 */
void nsf_states_shrink(struct nsf_states *s, const struct nsf_states *old);
/* The array alone, after a grace period: the chunks are its successor's. */
void nsf_states_retire(struct nsf_states *s);
/* All of it, when readers are gone; @s may be NULL. Does not sleep. */
void nsf_states_free(struct nsf_states *s);
/* A place that another rule had: from zero, from full. No reader uses it. */
void nsf_states_reset(const struct nsf_states *s, u32 place);

/*
 * RCU reader, any context. A place that @s does not have yet is a counter that
 * nobody reads, or a limit that is full; who loads the image first and the states
 * after it does not meet one.
 */
void nsf_states_count(const struct nsf_states *s, u32 place, unsigned int bytes);
/* Does the rule go on? nft's token bucket. @peek: looks, and takes nothing. */
bool nsf_states_limit(const struct nsf_states *s, u32 place,
		      const struct nsf_state_desc *desc, unsigned int bytes, bool peek);
/* Adds what this attachment counted. RCU reader or the owner. */
void nsf_states_sum(const struct nsf_states *s, u32 place, struct nsf_counter_sum *sum);

#endif /* NSF_STATES_H */
