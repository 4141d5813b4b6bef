// SPDX-License-Identifier: GPL-2.0-or-later
/* states: see states.h. */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fault.h"
#include "states.h"

/* ---- chunks ---- */

static struct nsf_rule_counters __percpu *counters_alloc(u32 count)
{
	struct nsf_rule_counters __percpu *counters;
	int cpu;

	/* Zeroed. Accounted: a fence is paid for by whoever has it put up. */
	counters = __alloc_percpu_gfp(sizeof(*counters) + count * sizeof(counters->c[0]),
				      __alignof__(*counters), GFP_KERNEL_ACCOUNT);
	if (!counters)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(counters, cpu)->syncp);
	return counters;
}

static struct nsf_limits *limits_alloc(u32 count)
{
	struct nsf_limits *limits;
	u32 i;

	limits = kvzalloc(sizeof(*limits) + count * sizeof(limits->v[0]), GFP_KERNEL_ACCOUNT);
	if (!limits)
		return NULL;
	limits->count = count;
	for (i = 0; i < count; i++)
		spin_lock_init(&limits->v[i].lock);
	return limits;
}

static void chunk_free(struct nsf_chunk *chunk)
{
	if (chunk->kind == NSF_STATE_COUNTER)
		free_percpu(chunk->counters);
	else
		kvfree(chunk->limits);
	kfree(chunk);
}

static struct nsf_chunk *chunk_alloc(const struct nsf_chunk_desc *desc)
{
	bool counters = desc->kind == NSF_STATE_COUNTER;
	struct nsf_chunk *chunk;
	bool ok;

	if (WARN_ON_ONCE(desc->count > (counters ? NSF_MAX_CHUNK_COUNTERS : NSF_MAX_CHUNK)))
		return NULL;
	if (nsf_fault_attach())
		return NULL;
	chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return NULL;
	chunk->kind = desc->kind;
	chunk->count = desc->count;
	if (counters) {
		chunk->counters = counters_alloc(desc->count);
		ok = chunk->counters;
	} else {
		chunk->limits = limits_alloc(desc->count);
		ok = chunk->limits;
	}
	if (!ok) {
		kfree(chunk);
		return NULL;
	}
	return chunk;
}

static struct nsf_chunk *chunk_of(const struct nsf_states *s, u32 i)
{
	return s && i < s->chunks ? s->chunk[i] : NULL;
}

struct nsf_states *nsf_states_grow(const struct nsf_states *old,
				   const struct nsf_chunk_desc *desc, u32 n)
{
	struct nsf_states *s;
	struct nsf_chunk *chunk;
	u32 i;

	if (WARN_ON_ONCE(n > NSF_MAX_CHUNKS))
		return NULL;
	if (nsf_fault_attach())
		return NULL;
	s = kvzalloc(sizeof(*s) + n * sizeof(s->chunk[0]), GFP_KERNEL_ACCOUNT);
	if (!s)
		return NULL;
	s->chunks = n;
	for (i = 0; i < n; i++) {
		if (!desc[i].count)
			continue;
		chunk = chunk_of(old, i);
		if (!chunk || chunk->kind != desc[i].kind || chunk->count != desc[i].count)
			chunk = chunk_alloc(&desc[i]);
		if (!chunk) {
			nsf_states_shrink(s, old);
			return NULL;
		}
		s->chunk[i] = chunk;
	}
	return s;
}

void nsf_states_shrink(struct nsf_states *s, const struct nsf_states *old)
{
	u32 i;

	if (!s)
		return;
	for (i = 0; i < s->chunks; i++) {
		if (s->chunk[i] && s->chunk[i] != chunk_of(old, i))
			chunk_free(s->chunk[i]);
	}
	kvfree(s);
}

static void states_free_rcu(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct nsf_states, rcu));
}

void nsf_states_retire(struct nsf_states *s)
{
	call_rcu(&s->rcu, states_free_rcu);
}

void nsf_states_free(struct nsf_states *s)
{
	nsf_states_shrink(s, NULL);
}

/* ---- places ---- */

/*
 * The chunk of @place, if it is there and of this kind. It is, unless the reader
 * has older states than the image: then the place is not there yet.
 */
static struct nsf_chunk *chunk_at(const struct nsf_states *s, u32 place, u32 kind)
{
	struct nsf_chunk *chunk = chunk_of(s, NSF_PLACE_CHUNK(place));

	if (!chunk || chunk->kind != kind || NSF_PLACE_INDEX(place) >= chunk->count)
		return NULL;
	return chunk;
}

void nsf_states_reset(const struct nsf_states *s, u32 place)
{
	struct nsf_chunk *chunk;
	u32 i = NSF_PLACE_INDEX(place);
	int cpu;

	chunk = chunk_at(s, place, NSF_STATE_COUNTER);
	if (chunk) {
		/* Not under syncp: its writer is that CPU; and this one has none. */
		for_each_possible_cpu(cpu)
			memset(&per_cpu_ptr(chunk->counters, cpu)->c[i], 0,
			       sizeof(struct nsf_counter));
		return;
	}
	chunk = chunk_at(s, place, NSF_STATE_LIMIT);
	if (chunk)
		chunk->limits->v[i].started = false;
}

void nsf_states_count(const struct nsf_states *s, u32 place, unsigned int bytes)
{
	struct nsf_chunk *chunk = chunk_at(s, place, NSF_STATE_COUNTER);

	if (chunk)
		nsf_counter_add(&chunk->counters->c[NSF_PLACE_INDEX(place)],
				&chunk->counters->syncp, bytes);
}

void nsf_states_sum(const struct nsf_states *s, u32 place, struct nsf_counter_sum *sum)
{
	struct nsf_chunk *chunk = chunk_at(s, place, NSF_STATE_COUNTER);

	if (chunk)
		nsf_counter_read(&chunk->counters->c[NSF_PLACE_INDEX(place)],
				 &chunk->counters->syncp, sum);
}

/* ---- limits ---- */

/*
 * A token is a nanosecond. What a packet takes of them, and how many the bucket
 * holds. As in nft, a product that is too large wraps: the image checker refuses
 * those of `max`, and nft's kernels take those of a cost as they come.
 */
static u64 limit_cost(const struct nsf_state_desc *desc, unsigned int bytes)
{
	if (desc->limit_flags & NSF_LIMIT_BYTES)
		return div64_u64(desc->unit * bytes, desc->rate);
	return div64_u64(desc->unit, desc->rate);
}

static u64 limit_max(const struct nsf_state_desc *desc)
{
	if (desc->limit_flags & NSF_LIMIT_BYTES)
		return div64_u64(desc->unit * (desc->rate + desc->burst), desc->rate);
	return div64_u64(desc->unit, desc->rate) * desc->burst;
}

bool nsf_states_limit(const struct nsf_states *s, u32 place,
		      const struct nsf_state_desc *desc, unsigned int bytes, bool peek)
{
	struct nsf_chunk *chunk = chunk_at(s, place, NSF_STATE_LIMIT);
	bool over = desc->limit_flags & NSF_LIMIT_OVER;
	u64 cost = limit_cost(desc, bytes);
	u64 max = limit_max(desc);
	struct nsf_limit *l;
	u64 tokens = max;
	bool enough;
	u64 now;

	if (!chunk)
		return ((s64)(tokens - cost) >= 0) != over;
	l = &chunk->limits->v[NSF_PLACE_INDEX(place)];

	spin_lock_bh(&l->lock);
	/* Under the lock, or time could run backwards from one packet to the next. */
	now = ktime_get_ns();
	if (l->started)
		tokens = min(l->tokens + now - l->last, max);
	enough = (s64)(tokens - cost) >= 0;
	if (!peek) {
		l->tokens = enough ? tokens - cost : tokens;
		l->last = now;
		l->started = true;
	}
	spin_unlock_bh(&l->lock);
	return enough != over;
}
