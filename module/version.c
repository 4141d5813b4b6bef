// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * version: one image of a policy, and where its chains and states are found:
 * the numbers and places that they had in the version before, by their ids.
 * Process context, under nsf_policy_mutex, but where policy.h says otherwise.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "policy.h"

/* Where the version before has a state. */
struct known {
	u64 id;
	u32 kind;
	u32 place;
};

static int known_compare(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* ---- chains ---- */

/* An id says where a chain stands. If it did not, a slot would stay at the old place. */
static bool chain_is_elsewhere(const struct nsf_chain_desc *desc, const struct nsf_chain *chain)
{
	return desc->id && (desc->hook != chain->hook || desc->priority != chain->priority ||
			    desc->families != chain->families);
}

static int chains_number(struct nsf_version *v, struct nsf_chain_desc *desc)
{
	const struct nsf_chain *chain = nsf_image_chains(v->image);
	u32 n = nsf_image_n_chains(v->image), i, k, free;

	for (i = 0; i < n; i++) {
		free = NSF_MAX_CHAINS;
		for (k = 0; k < NSF_MAX_CHAINS; k++) {
			if (desc[k].id == chain[i].id)
				break;
			if (!desc[k].id && free == NSF_MAX_CHAINS)
				free = k;
		}
		if (k == NSF_MAX_CHAINS)
			k = free;
		if (k == NSF_MAX_CHAINS)
			return -ENOSPC;
		if (chain_is_elsewhere(&desc[k], &chain[i]))
			return -EINVAL;
		desc[k] = (struct nsf_chain_desc){
			.id = chain[i].id,
			.priority = chain[i].priority,
			.hook = chain[i].hook,
			.families = chain[i].families,
		};
		v->chain[k] = &chain[i];
		v->families |= chain[i].families;
		if (chain[i].hook == NF_INET_FORWARD)
			v->forward_families |= chain[i].families;
	}
	return 0;
}

/* ---- places ---- */

/* The states of @old, sorted by id. ERR_PTR, or NULL when there are none. */
static struct known *known_collect(const struct nsf_version *old, u32 *count)
{
	const struct nsf_state_desc *state;
	struct known *known;
	u32 i;

	*count = old ? nsf_image_n_states(old->image) : 0;
	if (!*count)
		return NULL;
	known = kvmalloc_array(*count, sizeof(*known), GFP_KERNEL_ACCOUNT);
	if (!known)
		return ERR_PTR(-ENOMEM);
	state = nsf_image_states(old->image);
	for (i = 0; i < *count; i++) {
		known[i].id = state[i].id;
		known[i].kind = state[i].kind;
		known[i].place = old->place[i];
	}
	sort(known, *count, sizeof(*known), known_compare, NULL);
	return known;
}

static u32 known_find(const struct known *known, u32 count,
		      const struct nsf_state_desc *state)
{
	u32 low = 0, high = count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (known[mid].id < state->id)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < count && known[low].id == state->id && known[low].kind == state->kind)
		return known[low].place;
	return NSF_NO_PLACE;
}

/* Which places of @pol's chunks are taken by @v so far and by @old; by chunk. */
struct free_places {
	unsigned long **taken;
	u32 chunks;
};

static void free_places_clean(struct free_places *f)
{
	u32 i;

	for (i = 0; f->taken && i < f->chunks; i++)
		kvfree(f->taken[i]);
	kvfree(f->taken);
}

static int free_places_init(struct free_places *f, const struct nsf_policy *pol,
			    const struct nsf_version *old)
{
	u32 i, n = old ? nsf_image_n_states(old->image) : 0;

	f->chunks = pol->chunks;
	f->taken = kvcalloc(max_t(u32, f->chunks, 1), sizeof(*f->taken), GFP_KERNEL);
	if (!f->taken)
		return -ENOMEM;
	for (i = 0; i < f->chunks; i++) {
		f->taken[i] = kvcalloc(BITS_TO_LONGS(pol->chunk[i].count),
				       sizeof(unsigned long), GFP_KERNEL);
		if (!f->taken[i])
			return -ENOMEM;	/* the caller cleans */
	}
	for (i = 0; i < n; i++)
		__set_bit(NSF_PLACE_INDEX(old->place[i]), f->taken[NSF_PLACE_CHUNK(old->place[i])]);
	return 0;
}

/* A free place of this kind from chunk @*from on, or NSF_NO_PLACE. */
static u32 free_places_take(struct free_places *f, const struct nsf_policy *pol, u32 kind,
			    u32 *from)
{
	unsigned long bit;

	for (; *from < f->chunks; (*from)++) {
		if (pol->chunk[*from].kind != kind)
			continue;
		bit = find_first_zero_bit(f->taken[*from], pol->chunk[*from].count);
		if (bit < pol->chunk[*from].count) {
			__set_bit(bit, f->taken[*from]);
			return NSF_PLACE(*from, bit);
		}
	}
	return NSF_NO_PLACE;
}

static u32 chunk_max(u32 kind)
{
	return kind == NSF_STATE_COUNTER ? NSF_MAX_CHUNK_COUNTERS : NSF_MAX_CHUNK;
}

/*
 * Places of a new chunk that needs @need of them: as many as there are already, for
 * what is to come. A policy that grows by one rule with each update would else have
 * a chunk for each rule, and after NSF_MAX_CHUNKS of them could grow no more.
 */
static u32 chunk_room(const struct nsf_policy *pol, u32 kind, u32 need)
{
	u32 i, there = 0;

	for (i = 0; i < pol->chunks; i++)
		if (pol->chunk[i].kind == kind)
			there += pol->chunk[i].count;
	return min(max(there, need), chunk_max(kind));
}

/* New chunks, as many as it takes, for the states without a place yet. */
static int chunks_add(const struct nsf_policy *pol, struct nsf_version *v,
		      struct nsf_chunk_desc **out, u32 *chunks)
{
	const struct nsf_state_desc *state = nsf_image_states(v->image);
	u32 n = nsf_image_n_states(v->image), i, kind, last;
	u32 room = pol->chunks + n / NSF_MAX_CHUNK_COUNTERS + NSF_STATE_KINDS;
	struct nsf_chunk_desc *chunk;

	chunk = kvcalloc(room, sizeof(*chunk), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;
	if (pol->chunks)
		memcpy(chunk, pol->chunk, pol->chunks * sizeof(*chunk));
	*chunks = pol->chunks;
	for (kind = 0; kind < NSF_STATE_KINDS; kind++) {
		last = NSF_MAX_CHUNKS;		/* none of this kind yet */
		for (i = 0; i < n; i++) {
			if (state[i].kind != kind || v->place[i] != NSF_NO_PLACE)
				continue;
			if (last == NSF_MAX_CHUNKS || chunk[last].count == chunk_max(kind)) {
				if (*chunks == NSF_MAX_CHUNKS) {
					kvfree(chunk);
					return -ENOSPC;
				}
				last = (*chunks)++;
				chunk[last].kind = kind;
			}
			v->place[i] = NSF_PLACE(last, chunk[last].count++);
		}
		if (last != NSF_MAX_CHUNKS)
			chunk[last].count = chunk_room(pol, kind, chunk[last].count);
	}
	*out = chunk;
	return 0;
}

static int places_find(const struct nsf_policy *pol, const struct nsf_version *old,
		       struct nsf_version *v)
{
	const struct nsf_state_desc *state = nsf_image_states(v->image);
	u32 n = nsf_image_n_states(v->image), n_known, i;
	u32 from[NSF_STATE_KINDS] = {};
	struct free_places f = {};
	struct known *known;
	int err;

	known = known_collect(old, &n_known);
	if (IS_ERR(known))
		return PTR_ERR(known);
	err = free_places_init(&f, pol, old);
	if (err)
		goto out_free;
	for (i = 0; i < n; i++) {
		v->place[i] = known_find(known, n_known, &state[i]);
		if (v->place[i] == NSF_NO_PLACE)
			v->place[i] = free_places_take(&f, pol, state[i].kind,
						       &from[state[i].kind]);
	}
out_free:
	free_places_clean(&f);
	kvfree(known);
	return err;
}

struct nsf_version *nsf_version_new(const struct nsf_policy *pol, const struct nsf_image *image,
				    struct nsf_chain_desc *chain, struct nsf_chunk_desc **chunk,
				    u32 *chunks, struct netlink_ext_ack *extack)
{
	const struct nsf_version *old;
	struct nsf_version *v;
	int err = -ENOMEM;

	old = rcu_dereference_protected(pol->version, lockdep_is_held(&nsf_policy_mutex));
	v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	if (!v)
		goto err_explain;
	v->image = image;
	v->place = kvmalloc_array(max_t(u32, nsf_image_n_states(image), 1), sizeof(*v->place),
				  GFP_KERNEL_ACCOUNT);
	if (!v->place)
		goto err_free;
	memcpy(chain, pol->chain, sizeof(pol->chain));
	err = chains_number(v, chain);
	if (!err)
		err = places_find(pol, old, v);
	if (!err)
		err = chunks_add(pol, v, chunk, chunks);
	if (!err)
		return v;

err_free:
	kvfree(v->place);
	kfree(v);
err_explain:
	if (err == -ENOSPC)
		NL_SET_ERR_MSG(extack,
			       "more chains or counters than the old and the new version may have together");
	else if (err == -EINVAL)
		NL_SET_ERR_MSG(extack,
			       "a chain has the id of one with another hook, priority or family");
	else
		NL_SET_ERR_MSG(extack, "out of memory; nothing was changed");
	return ERR_PTR(err);
}

void nsf_version_free(struct nsf_version *v)
{
	if (!v)
		return;
	kvfree(v->image);
	kvfree(v->place);
	kfree(v);
}

/* ---- what a version is like ---- */

bool nsf_version_is_multi(const struct nsf_version *v)
{
	const struct nsf_chain *chain = nsf_image_chains(v->image);
	u32 n = nsf_image_n_chains(v->image), seen = 0, i;

	for (i = 0; i < n; i++) {
		if (seen & (1U << chain[i].hook))
			return true;
		seen |= 1U << chain[i].hook;
	}
	return false;
}

static bool version_has(const struct nsf_version *v, u32 chain)
{
	return v->chain[chain];
}

bool nsf_version_mixes(const struct nsf_version *a, const struct nsf_version *b)
{
	u32 k;

	for (k = 0; k < NSF_MAX_CHAINS; k++)
		if (version_has(a, k) != version_has(b, k))
			return true;
	return nsf_version_is_multi(b);
}

u32 nsf_version_hooks(const struct nsf_version *v)
{
	const struct nsf_chain *chain = nsf_image_chains(v->image);
	u32 n = nsf_image_n_chains(v->image), hooks = 0, i;

	for (i = 0; i < n; i++)
		hooks |= 1U << chain[i].hook;
	return hooks;
}

int nsf_version_new_places(const struct nsf_version *v, const struct nsf_version *old,
			   u32 **out, u32 *count)
{
	const struct nsf_state_desc *state = nsf_image_states(v->image);
	u32 n = nsf_image_n_states(v->image), n_known, i;
	struct known *known;
	u32 *places;

	*out = NULL;
	*count = 0;
	if (!old || !n)
		return 0;
	known = known_collect(old, &n_known);
	if (IS_ERR(known))
		return PTR_ERR(known);
	places = kvmalloc_array(n, sizeof(*places), GFP_KERNEL);
	if (!places) {
		kvfree(known);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		if (known_find(known, n_known, &state[i]) == NSF_NO_PLACE)
			places[(*count)++] = v->place[i];
	kvfree(known);
	*out = places;
	return 0;
}
