// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_window: where a directory's slots are to lie, so that the searches in them are
 * short. Addresses come in heaps: slots spread over all values would mostly be empty, and
 * one would hold nearly everything. So they cover a part, and the last one all the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"

#define SHORT		64u	/* entries: a search is as quick */
#define GAIN		(4u * ONE)	/* steps that slots must save: looking at them takes three */
#define SAMPLE		512u	/* entries that are looked at for each try */
#define ONE		16u	/* a step's parts, to count with integers */

/* What search() of index.c takes for @n entries. */
static u64 steps(u64 n)
{
	return 64u - (u64)__builtin_clzll(n);
}

/* Ascending values, some of many. */
struct sample {
	u64 *v;
	size_t n, each;		/* each stands for so many */
};

/* Most values in any window of @size; *@from: the first of them. */
static size_t densest(const struct sample *s, u64 size, size_t *from)
{
	size_t i, k = 0, best = 0;

	for (i = 0; i < s->n; i++) {
		while (k < s->n && s->v[k] - s->v[i] < size)
			k++;
		if (k - i > best) {
			best = k - i;
			*from = i;
		}
	}
	return best;
}

/* Steps for a value, in parts, where all intervals are equally likely. */
static u64 cost(const struct sample *s, const struct nsf_index_window *w)
{
	u64 sum = 0, outside = 0, slot = 0, in = 0;
	size_t i;

	for (i = 0; i < s->n; i++) {
		u64 at = (s->v[i] - w->base) >> w->shift;

		if (s->v[i] < w->base || at >= w->last) {
			outside++;
			continue;
		}
		if (at != slot && in) {
			sum += in * steps(in * s->each + 1);
			in = 0;
		}
		slot = at;
		in++;
	}
	if (in)
		sum += in * steps(in * s->each + 1);
	if (outside)
		sum += outside * steps(outside * s->each + 1);
	return ONE * sum / s->n;
}

bool index_window_find(const u64 *first, size_t n, unsigned int width, struct nsf_index_window *w)
{
	unsigned int bits = (unsigned int)steps(n) - 1, shift;
	u64 best = ONE * steps(n), some[SAMPLE];
	struct sample s = { .v = some, .each = 1 + (n - 1) / SAMPLE };
	size_t i, from = 0;

	if (n < SHORT)
		return false;
	best -= GAIN;
	for (i = 0; i < n; i += s.each)
		s.v[s.n++] = first[i];
	if (bits > 16)
		bits = 16;
	w->shift = UINT32_MAX;
	for (shift = width - bits; shift < width; shift--) {
		struct nsf_index_window try = { .shift = shift, .last = (1u << bits) - 1 };
		u64 c;

		/* The whole, or where most are. */
		if (shift != width - bits) {
			/* Once few are within, they only become fewer. */
			if (densest(&s, 1ULL << (shift + bits), &from) < s.n / 4)
				break;
			try.base = s.v[from] >> shift << shift;
		}
		c = cost(&s, &try);
		if (c < best) {
			best = c;
			*w = try;
		}
	}
	return w->shift != UINT32_MAX;
}

void index_window_slots(const struct nsf_index_window *w, const u64 *key, size_t n, u32 *slot)
{
	size_t i = 0;
	u32 s;

	for (s = 0; s <= w->last; s++) {
		while (i + 1 < n && key[i + 1] <= (u64)s << w->shift)
			i++;
		slot[s] = (u32)i;
	}
	slot[s] = (u32)n - 1;
}

/* First those from the base on, then those below it. */
size_t index_window_turn(const struct nsf_index_window *w, u64 all, const u64 *first, const u32 *to,
			 size_t n, u64 *key, u32 *key_to)
{
	size_t i = 0, k = 0, m = 0;

	while (i + 1 < n && first[i + 1] <= w->base)
		i++;
	key[m] = 0;
	key_to[m++] = to[i];
	for (i++; i < n; i++) {
		key[m] = first[i] - w->base;
		key_to[m++] = to[i];
	}
	/* The base is not above the last one. */
	for (; first[k] < w->base; k++) {
		key[m] = (first[k] - w->base) & all;
		key_to[m++] = to[k];
	}
	return m;
}
