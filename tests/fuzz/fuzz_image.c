// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: an image.
 * archives: policy
 *
 * The checker reads inside of it, whatever it holds. What it accepts, the
 * classifier evaluates for packets of both families: it reads inside, and ends.
 * Inputs grow from valid images: the mutator makes one of a generated policy
 * where there is none yet, changes entries of it in ways that are likely to stay
 * sound, and mends the hash (which would otherwise end every attempt).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/judge.h"
#include "../policy/subject.h"
#include "classify.h"
#include "image_check.h"
#include "image_hash.h"
#include "index.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

#define PACKETS	12

/* Exactly as large as it is, so that ASan guards its ends. */
static struct nsf_image *copy(const uint8_t *data, size_t size)
{
	struct nsf_image *img = malloc(size + !size);

	if (img && size)
		memcpy(img, data, size);
	return img;
}

static void classify_all(const struct nsf_image *img)
{
	static struct judge_packets packets;
	static struct ref_outcome out;
	struct subject *s = subject_alloc(img, 0);
	struct ir_policy *policy;
	size_t i;
	u32 c;

	if (!packets.v) {
		/* Any policy will do: its packets show all kinds of headers. */
		policy = gen_policy(1);
		judge_packets_make(&packets, policy, 1, PACKETS);
		gen_policy_free(policy);
	}
	for (i = 0; i < packets.n; i++) {
		for (c = 0; c < nsf_image_n_chains(img); c++) {
			/* No record is met twice, and each has its ops once. */
			subject_evaluate(s, c, &packets.v[i].p, false, &out);
			assert(out.events <= nsf_image_n_ops(img));
			subject_evaluate(s, c, &packets.v[i].p, true, &out);
			assert(out.events <= nsf_image_n_ops(img));
		}
	}
	subject_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nsf_image *img = copy(data, size);
	struct nsf_image_fault fault = { NULL, 0 };

	if (!img)
		return 0;
	/* A wrong hash is refused before the rest is looked at. */
	if (size >= sizeof(*img) && img->size == size)
		img->hash = nsf_image_hash(img);
	if (nsf_image_check(img, size, &fault)) {
		assert(fault.what && *fault.what);
	} else {
		assert(img->size == size);
		classify_all(img);
	}
	free(img);
	return 0;
}

static size_t fresh(uint8_t *data, size_t max, unsigned int seed)
{
	struct ir_policy *policy = gen_policy(seed);
	char what[200];
	struct nsf_image *img;
	size_t size = 0;

	index_least = seed % 4 ? 2 : NSF_INDEX_MIN_RECORDS;
	img = judge_compile(policy, what, sizeof(what));
	if (img && img->size <= max) {
		size = img->size;
		memcpy(data, img, size);
	}
	free(img);
	gen_policy_free(policy);
	return size;
}

#define PART	(16 + 8 * 32)	/* bytes of an index's part with some nodes */

/*
 * Most of an index is tables: narrows @sec, the section, to the part of a chain with its
 * nodes, which say where these are. Whatever is wrong is left for nudge() to find.
 */
static void narrow(const uint8_t *data, size_t size, const struct nsf_image *head, struct rng *r,
		   struct nsf_section *sec)
{
	struct nsf_section chains = head->section[NSF_SECTION_CHAINS];
	struct nsf_chain chain;
	uint32_t n = chains.size / sizeof(chain), at;

	if (!n || chains.offset > size || chains.size > size - chains.offset)
		return;
	memcpy(&chain, data + chains.offset + rng_below(r, n) * sizeof(chain), sizeof(chain));
	at = chain.index[rng_below(r, 2)];
	if (at % 4 || at >= sec->size)
		return;
	sec->offset += at;
	sec->size -= at;
	if (sec->size > PART)
		sec->size = PART;
}

/* A word of some entry of some section: nudged, copied from elsewhere, or anything. */
static void nudge(uint8_t *data, size_t size, struct rng *r)
{
	struct nsf_image head;
	struct nsf_section sec;
	uint32_t id = rng_below(r, NSF_SECTIONS), at, v, other;

	memcpy(&head, data, sizeof(head));
	sec = head.section[id];
	if (id == NSF_SECTION_INDEX && rng_percent(r, 50))
		narrow(data, size, &head, r, &sec);
	if (sec.size < 4 || sec.offset > size || sec.size > size - sec.offset)
		return;
	at = sec.offset + rng_below(r, sec.size / 4) * 4;
	memcpy(&v, data + at, 4);
	switch (rng_below(r, 6)) {
	case 0:
		v++;
		break;
	case 1:
		v--;
		break;
	case 2:
		v ^= 1u << rng_below(r, 32);
		break;
	case 3:
		v = rng_below(r, 64);
		break;
	case 4:
		other = sec.offset + rng_below(r, sec.size / 4) * 4;
		memcpy(&v, data + other, 4);
		break;
	default:
		((uint8_t *)&v)[rng_below(r, 4)] = (uint8_t)rng_below(r, 20);
	}
	memcpy(data + at, &v, 4);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct rng r = { seed };
	unsigned int n = 1 + rng_below(&r, 4);

	if (size < sizeof(struct nsf_image) || rng_percent(&r, 2))
		return fresh(data, max, seed);
	if (rng_percent(&r, 5))
		return LLVMFuzzerMutate(data, size, max);
	while (n--)
		nudge(data, size, &r);
	return size;
}
