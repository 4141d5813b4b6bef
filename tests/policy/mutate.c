// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "image_check.h"
#include "image_hash.h"
#include "mutate.h"

#define TRIES	64

/* The image is ours to write here. */
#define ENTRIES(type, img, id)	((type *)(void *)((u8 *)(img) + (img)->section[id].offset))

const char *mutation_name(enum mutation m)
{
	static const char * const name[MUTATIONS] = {
		"constant", "negation", "verdict", "counter", "miss", "next", "key", "map datum",
		"target", "limit", "mark", "field",
	};

	return name[m];
}

static struct nsf_op *random_op(struct nsf_image *img, struct rng *r)
{
	u32 n = nsf_image_n_ops(img);

	return n ? &ENTRIES(struct nsf_op, img, NSF_SECTION_OPS)[rng_below(r, n)] : NULL;
}

static bool is_match(const struct nsf_op *op)
{
	return op->code == NSF_OP_MASK || op->code == NSF_OP_RANGE || op->code == NSF_OP_SET ||
	       op->code == NSF_OP_MAP;
}

static bool mutate_constant(struct nsf_image *img, struct rng *r)
{
	struct nsf_op *op = random_op(img, r);

	if (op && op->code == NSF_OP_MASK && op->b) {
		u64 bit = 1ULL << rng_below(r, 64);

		if (!(op->b & bit))
			return false;
		op->a ^= bit;
		return true;
	}
	if (op && op->code == NSF_OP_RANGE) {
		if (rng_percent(r, 50))
			op->a += rng_percent(r, 50) ? 1 : -1ULL;
		else
			op->b += rng_percent(r, 50) ? 1 : -1ULL;
		return true;
	}
	return false;
}

static bool mutate_not(struct nsf_image *img, struct rng *r)
{
	struct nsf_op *op = random_op(img, r);

	if (!op || !is_match(op) || op->code == NSF_OP_MAP)
		return false;
	op->flags ^= NSF_OP_NOT;
	return true;
}

static bool mutate_end(struct nsf_image *img, struct rng *r)
{
	struct nsf_op *op = random_op(img, r);

	if (!op || (op->code != NSF_OP_ACCEPT && op->code != NSF_OP_DROP))
		return false;
	op->code = op->code == NSF_OP_ACCEPT ? NSF_OP_DROP : NSF_OP_ACCEPT;
	return true;
}

static bool mutate_state(struct nsf_image *img, struct rng *r)
{
	struct nsf_op *op = random_op(img, r);
	u32 n = nsf_image_n_states(img);

	if (!op || op->code != NSF_OP_COUNTER || n < 2)
		return false;
	op->arg = (op->arg + 1 + rng_below(r, n - 1)) % n;
	return true;
}

static bool mutate_way(struct nsf_image *img, struct rng *r, bool miss)
{
	u32 n = nsf_image_n_records(img), *to;
	struct nsf_record *rec;

	if (!n)
		return false;
	rec = &ENTRIES(struct nsf_record, img, NSF_SECTION_RECORDS)[rng_below(r, n)];
	to = miss ? &rec->miss : &rec->next;
	if (!*to || (miss && !rec->ops))
		return false;
	*to += 1 + rng_below(r, 3);
	return true;
}

static bool mutate_key(struct nsf_image *img, struct rng *r)
{
	u32 n = nsf_image_n_sets(img), k, per;
	const struct nsf_set *s;

	if (!n)
		return false;
	s = &nsf_image_sets(img)[rng_below(r, n)];
	if (!s->count)
		return false;
	per = s->kind == NSF_SET_EXACT ? s->words : 2u * s->words;
	k = s->keys + rng_below(r, s->count * per);
	ENTRIES(u32, img, NSF_SECTION_WORDS)[k] += rng_percent(r, 50) ? 1 : -1U;
	return true;
}

static bool mutate_data(struct nsf_image *img, struct rng *r)
{
	u32 n = nsf_image_n_sets(img), *d;
	const struct nsf_set *s;

	if (!n)
		return false;
	s = &nsf_image_sets(img)[rng_below(r, n)];
	if (!s->count || s->data == NSF_NO_DATA || s->targets < 2)
		return false;
	d = &ENTRIES(u32, img, NSF_SECTION_WORDS)[s->data + rng_below(r, s->count)];
	*d = (*d + 1) % s->targets;
	return true;
}

static bool mutate_target(struct nsf_image *img, struct rng *r)
{
	u32 n = nsf_image_n_targets(img), *t;

	if (!n)
		return false;
	t = &ENTRIES(u32, img, NSF_SECTION_TARGETS)[rng_below(r, n)];
	if (*t & NSF_TARGET_VERDICT)
		*t ^= NSF_ACCEPT ^ NSF_DROP;
	else
		*t += 1;
	return true;
}

static bool mutate_limit(struct nsf_image *img, struct rng *r)
{
	u32 n = nsf_image_n_states(img);
	struct nsf_state_desc *d;

	if (!n)
		return false;
	d = &ENTRIES(struct nsf_state_desc, img, NSF_SECTION_STATES)[rng_below(r, n)];
	if (d->kind != NSF_STATE_LIMIT)
		return false;
	if (rng_percent(r, 50))
		d->limit_flags ^= NSF_LIMIT_OVER;
	else
		d->burst += d->limit_flags & NSF_LIMIT_BYTES ? 1000 : 1;
	return true;
}

static bool mutate_mark(struct nsf_image *img, struct rng *r)
{
	struct nsf_op *op = random_op(img, r);

	if (!op || (op->code != NSF_OP_MARK_SET && op->code != NSF_OP_CT_MARK_SET))
		return false;
	op->a ^= 1u << rng_below(r, 32);
	return true;
}

/* Source for destination, in for out, upper half for lower. */
static bool mutate_field(struct nsf_image *img, struct rng *r)
{
	static const u8 pair[][2] = {
		{ NSF_FIELD_IP_SADDR, NSF_FIELD_IP_DADDR },
		{ NSF_FIELD_TH_SPORT, NSF_FIELD_TH_DPORT },
		{ NSF_FIELD_TH_TYPE, NSF_FIELD_TH_CODE },
		{ NSF_FIELD_IP6_SADDR_HI, NSF_FIELD_IP6_DADDR_HI },
		{ NSF_FIELD_IP6_SADDR_LO, NSF_FIELD_IP6_DADDR_LO },
		{ NSF_FIELD_IIFNAME_HI, NSF_FIELD_OIFNAME_HI },
		{ NSF_FIELD_MARK, NSF_FIELD_CT_MARK },
		{ NSF_FIELD_L4PROTO, NSF_FIELD_IP_TTL },
	};
	struct nsf_op *op = random_op(img, r);
	unsigned int i;

	if (!op || (op->code != NSF_OP_MASK && op->code != NSF_OP_RANGE))
		return false;
	for (i = 0; i < sizeof(pair) / sizeof(*pair); i++) {
		if (op->field != pair[i][0] && op->field != pair[i][1])
			continue;
		op->field = pair[i][op->field == pair[i][0]];
		/* `needs` may miss it now; what is read is there all the same. */
		return true;
	}
	return false;
}

static bool apply(struct nsf_image *img, enum mutation m, struct rng *r)
{
	switch (m) {
	case MUTATE_CONSTANT:
		return mutate_constant(img, r);
	case MUTATE_NOT:
		return mutate_not(img, r);
	case MUTATE_END:
		return mutate_end(img, r);
	case MUTATE_STATE:
		return mutate_state(img, r);
	case MUTATE_MISS:
		return mutate_way(img, r, true);
	case MUTATE_NEXT:
		return mutate_way(img, r, false);
	case MUTATE_KEY:
		return mutate_key(img, r);
	case MUTATE_DATA:
		return mutate_data(img, r);
	case MUTATE_TARGET:
		return mutate_target(img, r);
	case MUTATE_LIMIT:
		return mutate_limit(img, r);
	case MUTATE_MARK:
		return mutate_mark(img, r);
	case MUTATE_FIELD:
		return mutate_field(img, r);
	case MUTATIONS:
		break;
	}
	return false;
}

static bool sound(struct nsf_image *img, enum mutation m)
{
	struct nsf_image_fault fault;

	img->hash = nsf_image_hash(img);
	/* A field swapped changes `needs`, which only says what to load. */
	return m == MUTATE_FIELD || !nsf_image_check(img, img->size, &fault);
}

struct nsf_image *mutate(const struct nsf_image *img, enum mutation m, struct rng *r)
{
	struct nsf_image *copy = aligned_alloc(8, (img->size + 7u) & ~7u);
	unsigned int i;

	if (!copy)
		abort();
	for (i = 0; i < TRIES; i++) {
		memcpy(copy, img, img->size);
		if (apply(copy, m, r) && sound(copy, m))
			return copy;
	}
	free(copy);
	return NULL;
}
