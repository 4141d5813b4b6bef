// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * classify: see classify.h. Trusts what image_check.c has proved: indexes are
 * in range, evaluation only goes forward, a chain's last record ends it.
 */
#ifdef __KERNEL__
#include <linux/compiler.h>
#else
#define noinline	__attribute_noinline__
#endif

#include "classify.h"
#include "index.h"

/* What a record's op leads to. */
enum step {
	STEP_ON,	/* to the next op */
	STEP_MISS,	/* the record does not match */
	STEP_END,	/* the decision is made */
};

static inline bool has(const struct nsf_packet *p, unsigned int f)
{
	return p->have >> f & 1;
}

/* ---- sets ---- */

/* How many of the @n ascending numbers, @stride words apart, are not above @key. */
static inline u32 below1(const u32 *v, u32 n, u32 stride, u32 key)
{
	u32 low = 0;

	while (n) {
		u32 half = n / 2;

		if (v[(size_t)(low + half) * stride] <= key) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

static inline int compare(const u32 *a, const u32 *b, unsigned int words)
{
	unsigned int i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* The same of keys of several words. The first one decides nearly always. */
static u32 below(const u32 *v, u32 n, u32 stride, const u32 *key, unsigned int words)
{
	u32 low = 0, first = key[0];

	while (n) {
		u32 half = n / 2;
		const u32 *at = v + (size_t)(low + half) * stride;

		if (at[0] < first || (at[0] == first && compare(at + 1, key + 1, words - 1) <= 0)) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

/* A box holds the key where each field of its own lies within. */
static bool box_holds(const struct nsf_set *set, const u32 *box, const u32 *key)
{
	unsigned int f, at = 0;

	for (f = 0; f < set->fields; f++) {
		unsigned int w = set->width[f];

		if (compare(box + at, key + at, w) > 0 ||
		    compare(key + at, box + set->words + at, w) > 0)
			return false;
		at += w;
	}
	return true;
}

/* The first of the @n boxes at @v that holds the key, or set->count. */
static noinline u32 find_box(const struct nsf_set *set, const u32 *v, u32 n, const u32 *key)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (box_holds(set, v + (size_t)i * 2 * set->words, key))
			return i;
	return set->count;
}

/* The element's index, or set->count. */
static __always_inline u32 find(const struct nsf_set *set, const u32 *v, const u32 *key)
{
	unsigned int words = set->words;
	u32 n;

	if (set->kind == NSF_SET_EXACT) {
		n = words == 1 ? below1(v, set->count, 1, key[0]) :
				 below(v, set->count, words, key, words);
		return n && !compare(v + (size_t)(n - 1) * words, key, words) ?
			n - 1 : set->count;
	}
	/* What begins above the key cannot hold it, neither can a box. */
	n = words == 1 ? below1(v, set->count, 2, key[0]) :
			 below(v, set->count, 2 * words, key, words);
	if (set->kind == NSF_SET_RANGE)
		return n && compare(key, v + (size_t)(n - 1) * 2 * words + words, words) <= 0 ?
			n - 1 : set->count;
	return find_box(set, v, n, key);
}

/* Is the key in the set? @data: a map's, on a hit. */
static __always_inline bool set_lookup(const struct nsf_image *img, const struct nsf_set *set,
				       const u32 *key, u32 *data)
{
	const u32 *words = nsf_image_words(img);
	u32 i = find(set, words + set->keys, key);

	if (i == set->count)
		return false;
	if (set->data != NSF_NO_DATA && data)
		*data = words[set->data + i];
	return true;
}

/* The key that @list names; false where a field is absent. */
static inline bool key_build(const struct nsf_packet *p, u64 list, u32 *key)
{
	for (; list; list >>= 8) {
		unsigned int f = list & 0x7f;

		if (!has(p, f))
			return false;
		if (list & NSF_FIELD_WIDE) {
			if (!has(p, f + 1))
				return false;
			*key++ = p->val[f] >> 32;
			*key++ = (u32)p->val[f];
			*key++ = p->val[f + 1] >> 32;
			*key++ = (u32)p->val[f + 1];
		} else {
			*key++ = (u32)p->val[f];
		}
	}
	return true;
}

/* ---- ops ---- */

static bool match_set(const struct nsf_image *img, const struct nsf_op *op,
		      const struct nsf_packet *p, u32 *data)
{
	u32 key[NSF_MAX_KEY_WORDS] __uninitialized;

	if (!key_build(p, op->a, key))
		return false;
	return set_lookup(img, nsf_image_sets(img) + op->arg, key, data) ==
		!(op->flags & NSF_OP_NOT);
}

static bool mark_value(const struct nsf_op *op, const struct nsf_packet *p, u32 *mark)
{
	u64 v = 0;

	if (op->field) {
		if (!has(p, op->field))
			return false;
		v = p->val[op->field];
	}
	*mark = (u32)((v & op->b) ^ op->a);
	return true;
}

/* The ops that few packets meet. */
static noinline enum step statement(const struct nsf_image *img, u32 record,
				    const struct nsf_op *op, struct nsf_packet *p,
				    struct nsf_effect *fx, struct nsf_decision *d)
{
	u32 mark;

	switch (op->code) {
	case NSF_OP_LIMIT:
		return nsf_effect_limit(fx, op->arg, nsf_image_states(img) + op->arg, p) ?
			STEP_ON : STEP_MISS;
	case NSF_OP_LOG:
		nsf_effect_log(fx, record, op, p);
		return STEP_ON;
	case NSF_OP_MARK_SET:
		if (!mark_value(op, p, &mark))
			return STEP_MISS;
		nsf_packet_set(p, NSF_FIELD_MARK, mark);
		nsf_effect_mark_set(fx, mark);
		return STEP_ON;
	case NSF_OP_CT_MARK_SET:
		if (!mark_value(op, p, &mark))
			return STEP_MISS;
		if (has(p, NSF_FIELD_CT_MARK)) {
			nsf_packet_set(p, NSF_FIELD_CT_MARK, mark);
			nsf_effect_ct_mark_set(fx, mark);
		}
		return STEP_ON;
	default:	/* NSF_OP_REJECT; the checker let no other pass */
		d->end = NSF_REJECT;
		d->reject_how = (u8)op->arg;
		d->reject_code = (u8)op->a;
		return STEP_END;
	}
}

/*
 * One record, from its op number @skip on: where to go on, or its own index where it
 * has ended.
 */
static __always_inline u32 record_run(const struct nsf_image *img, u32 at, u32 skip,
				      struct nsf_packet *p, struct nsf_effect *fx,
				      struct nsf_decision *d)
{
	const struct nsf_record *r = nsf_image_records(img) + at;
	const struct nsf_op *op = nsf_image_ops(img) + r->op, *end = op + r->ops;

	for (op += skip; op < end; op++) {
		enum step step;
		u32 to = 0;
		u64 v;

		switch (op->code) {
		case NSF_OP_MASK:
			v = p->val[op->field];
			if (!has(p, op->field) ||
			    ((v & op->b) == op->a) == (op->flags & NSF_OP_NOT))
				return r->miss;
			break;
		case NSF_OP_RANGE:
			v = p->val[op->field] & ~(u64)op->arg;
			if (!has(p, op->field) ||
			    (op->a <= v && v <= op->b) == (op->flags & NSF_OP_NOT))
				return r->miss;
			break;
		case NSF_OP_SET:
			if (!match_set(img, op, p, NULL))
				return r->miss;
			break;
		case NSF_OP_MAP:
			if (!match_set(img, op, p, &to))
				return r->miss;
			to = nsf_image_targets(img)[op->b + to];
			if (!(to & NSF_TARGET_VERDICT))
				return to;
			d->end = to & ~NSF_TARGET_VERDICT;
			return at;
		case NSF_OP_COUNTER:
			nsf_effect_counter(fx, op->arg, p);
			break;
		case NSF_OP_ACCEPT:
			d->end = NSF_ACCEPT;
			return at;
		case NSF_OP_DROP:
			d->end = NSF_DROP;
			return at;
		default:
			step = statement(img, at, op, p, fx, d);
			if (step == STEP_MISS)
				return r->miss;
			if (step == STEP_END)
				return at;
		}
	}
	return r->next;
}

static inline void decision_clear(struct nsf_decision *d)
{
	d->reject_how = 0;
	d->reject_code = 0;
	d->spare = 0;
}

void nsf_classify_linear(const struct nsf_image *img, const struct nsf_chain *chain,
			 struct nsf_packet *p, struct nsf_effect *fx, struct nsf_decision *d)
{
	u32 at, to = chain->start;

	decision_clear(d);
	do {
		at = to;
		to = record_run(img, at, 0, p, fx, d);
	} while (to != at);
	d->record = at;
}

/*
 * The policy ends it though its bit be 0. A record leads no further than to it, and
 * no candidate lies behind it: so it is met as the last one in any case.
 */
void nsf_classify(const struct nsf_image *img, const struct nsf_chain *chain,
		  struct nsf_packet *p, struct nsf_effect *fx, struct nsf_decision *d)
{
	bool ipv6 = p->val[NSF_FIELD_NFPROTO] == NSF_INDEX_IPV6;
	u32 part = chain->index[ipv6], at, to;
	struct nsf_index_cursor cur __uninitialized;

	if (part == NSF_NO_INDEX) {
		nsf_classify_linear(img, chain, p, fx, d);
		return;
	}
	decision_clear(d);
	at = nsf_index_first(img, chain, part, p, &cur);
	for (;;) {
		if (at == cur.end)
			at--;
		to = record_run(img, at, nsf_image_records(img)[at].decided[ipv6], p, fx, d);
		if (to == at)
			break;
		at = nsf_index_next(&cur, to);
	}
	d->record = at;
}
