// SPDX-License-Identifier: GPL-2.0-or-later
/* leaves_states: counters and token buckets (states.c). */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/time64.h>

#include "leaves.h"
#include "states.h"

#define LAST (NSF_MAX_CHUNK_COUNTERS - 1)

static const struct nsf_chunk_desc desc[] = {
	{ NSF_STATE_COUNTER, NSF_MAX_CHUNK_COUNTERS },
	{ NSF_STATE_LIMIT, NSF_MAX_CHUNK },
	{ 0, 0 },
	{ NSF_STATE_COUNTER, 3 },
};

static bool sum_is(const struct nsf_states *s, u32 place, u64 packets, u64 bytes)
{
	struct nsf_counter_sum sum = {};

	nsf_states_sum(s, place, &sum);
	return sum.packets == packets && sum.bytes == bytes;
}

/* How many of @n packets the limit lets pass. */
static int pass(const struct nsf_states *s, u32 place, const struct nsf_state_desc *d,
		unsigned int bytes, int n, bool peek)
{
	int passed = 0;

	while (n--)
		passed += nsf_states_limit(s, place, d, bytes, peek);
	return passed;
}

static void counters(const struct nsf_states *s)
{
	struct nsf_counter_sum sum = { .packets = 5, .bytes = 6 };
	int i;

	for (i = 0; i < 3; i++)
		nsf_states_count(s, NSF_PLACE(0, LAST), 100);
	nsf_states_count(s, NSF_PLACE(0, 0), 7);
	nsf_states_count(s, NSF_PLACE(0, LAST + 1), 1);
	nsf_states_count(s, NSF_PLACE(1, 0), 1);
	nsf_states_count(s, NSF_PLACE(2, 0), 1);
	nsf_states_count(s, NSF_PLACE(4, 0), 1);
	leaves_check(sum_is(s, NSF_PLACE(0, LAST), 3, 300), "the last place of a chunk counts");
	leaves_check(sum_is(s, NSF_PLACE(0, 0), 1, 7),
		     "so does the first; what is no counter's place is nobody's");
	nsf_states_sum(s, NSF_PLACE(0, 0), &sum);
	leaves_check(sum.packets == 6 && sum.bytes == 13, "a sum adds to what is there");
	nsf_states_reset(s, NSF_PLACE(0, LAST));
	leaves_check(sum_is(s, NSF_PLACE(0, LAST), 0, 0) && sum_is(s, NSF_PLACE(0, 0), 1, 7),
		     "one counter is set to zero, its neighbour stays");
}

static void limits(const struct nsf_states *s)
{
	/* One an hour, so that none comes back while this runs. */
	struct nsf_state_desc slow = {
		.kind = NSF_STATE_LIMIT, .burst = 5, .rate = 1, .unit = 3600 * NSEC_PER_SEC,
	};
	struct nsf_state_desc over = slow, fast = slow, bytes = slow;
	u32 a = NSF_PLACE(1, NSF_MAX_CHUNK - 1), b = NSF_PLACE(1, 1), none = NSF_PLACE(9, 0);
	u64 begin;
	int n;

	leaves_check(pass(s, a, &slow, 1, 20, true) == 20, "looking takes no token");
	leaves_check(pass(s, a, &slow, 1, 20, false) == 5, "a full bucket has its burst");
	leaves_check(pass(s, a, &slow, 1, 20, true) == 0, "looking sees that it is empty");
	nsf_states_reset(s, a);
	over.limit_flags = NSF_LIMIT_OVER;
	leaves_check(pass(s, a, &over, 1, 20, false) == 15, "over is the other way round");

	fast.rate = 100;
	fast.unit = NSEC_PER_SEC;
	pass(s, b, &fast, 1, 20, false);
	msleep(35);
	n = pass(s, b, &fast, 1, 20, false);
	leaves_check(n >= 3, "tokens come back with time");
	msleep(200);
	begin = ktime_get_ns();
	n = pass(s, b, &fast, 1, 20, false);
	leaves_check(n >= 5 && n <= 6 + div_u64(ktime_get_ns() - begin, 10 * NSEC_PER_MSEC),
		     "and no more of them than the burst");

	/* What the bucket holds is the rate and the burst. */
	bytes.limit_flags = NSF_LIMIT_BYTES;
	bytes.rate = 1000;
	bytes.burst = 500;
	nsf_states_reset(s, b);
	leaves_check(pass(s, b, &bytes, 1501, 1, false) == 0, "bytes: one packet too large");
	leaves_check(pass(s, b, &bytes, 250, 20, false) == 6,
		     "bytes: what it refused cost nothing");

	leaves_check(pass(s, none, &slow, 1, 9, false) == 9 &&
		     pass(s, none, &over, 1, 9, false) == 0,
		     "a place that is not there is a full bucket");
}

void leaves_states(void)
{
	struct nsf_states *s, *more;

	s = nsf_states_grow(NULL, desc, 2);
	leaves_check(s, "states of two chunks");
	if (!s)
		return;
	counters(s);
	limits(s);

	more = nsf_states_grow(s, desc, ARRAY_SIZE(desc));
	leaves_check(more && more->chunk[0] == s->chunk[0] && more->chunk[1] == s->chunk[1] &&
		     !more->chunk[2] && more->chunk[3], "growing takes over what is there");
	if (!more)
		goto out_free;
	nsf_states_count(more, NSF_PLACE(3, 2), 9);
	nsf_states_count(more, NSF_PLACE(0, 0), 9);
	leaves_check(sum_is(more, NSF_PLACE(3, 2), 1, 9) && sum_is(s, NSF_PLACE(0, 0), 2, 16) &&
		     sum_is(s, NSF_PLACE(3, 2), 0, 0), "both share the chunks that both have");
	nsf_states_shrink(more, s);
	leaves_check(sum_is(s, NSF_PLACE(0, 0), 2, 16), "undone, the old ones stay");
	more = nsf_states_grow(s, desc, ARRAY_SIZE(desc));
	if (more) {
		nsf_states_shrink(s, more);
		s = more;
	}
	leaves_check(sum_is(s, NSF_PLACE(0, 0), 2, 16), "done, the new ones have what was counted");
out_free:
	nsf_states_free(s);
	nsf_states_free(NULL);
}
