// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * image_check: see image_check.h. First the sections' sizes, then what others point to,
 * then what points; the index (index_check.c) last. Nothing is looked at twice.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/sched.h>

#define divide(a, b)	div64_u64(a, b)
#else
#include <errno.h>

#define divide(a, b)	((a) / (b))
#endif

#include "image_check.h"
#include "image_hash.h"
#include "index_check.h"

#define REST_EVERY	16384	/* entries between two rests */

struct check {
	const struct nsf_image *img;
	struct nsf_image_fault *fault;
	u32 n[NSF_SECTIONS];	/* entries of each section */
	u32 rest;
	u64 needs;
	u32 flags;
	/* What has been claimed so far, where ranges must follow one another. */
	u32 ops, targets;
};

static const u32 entry_size[NSF_SECTIONS] = {
	sizeof(struct nsf_chain), sizeof(struct nsf_record), sizeof(struct nsf_op),
	sizeof(u32), sizeof(struct nsf_set), sizeof(u32), sizeof(struct nsf_state_desc),
	sizeof(struct nsf_rule), 1, 1,
};

/* Words, strings and the index are bounded by the image's size. */
static const u32 entry_limit[NSF_SECTIONS] = {
	NSF_MAX_CHAINS, NSF_MAX_RECORDS, NSF_MAX_OPS, NSF_MAX_TARGETS, NSF_MAX_SETS,
	NSF_MAX_IMAGE, NSF_MAX_STATES, NSF_MAX_RULES, NSF_MAX_IMAGE,
	NSF_MAX_IMAGE,
};

static int bad(struct check *c, const char *what, u32 entry)
{
	c->fault->what = what;
	c->fault->entry = entry;
	return -EINVAL;
}

/* Lets others run; called for each entry. */
static inline void rest(struct check *c)
{
	if (++c->rest < REST_EVERY)
		return;
	c->rest = 0;
#ifdef __KERNEL__
	cond_resched();
#endif
}

u64 nsf_op_reads(const struct nsf_op *op)
{
	u64 bits = 0, list;

	switch (op->code) {
	case NSF_OP_SET:
	case NSF_OP_MAP:
		for (list = op->a; list; list >>= 8) {
			bits |= NSF_BIT(list & 0x3f);
			if (list & NSF_FIELD_WIDE)
				bits |= NSF_BIT((list & 0x3f) + 1);
		}
		return bits;
	case NSF_OP_CT_MARK_SET:
		bits = NSF_BIT(NSF_FIELD_CT_MARK);	/* is there an entry? */
		break;
	}
	return op->field ? bits | NSF_BIT(op->field) : bits;
}

/* ---- header ---- */

static int check_header(struct check *c, size_t size)
{
	const struct nsf_image *img = c->img;
	u32 end = sizeof(*img), i;
	const u8 *gap;

	if (img->magic != NSF_IMAGE_MAGIC)
		return bad(c, "header: not an image of this kind and byte order", 0);
	if (img->version != NSF_IMAGE_VERSION)
		return bad(c, "header: another version of the image", 0);
	if (img->size != size || size % 8)
		return bad(c, "header: the size is wrong", 0);
	if (img->spare)
		return bad(c, "header: spare is not 0", 0);
	for (i = 0; i < NSF_SECTIONS; i++) {
		const struct nsf_section *s = &img->section[i];

		if (s->offset != end)
			return bad(c, "section: does not begin where the last one ends", i);
		if (s->size > img->size - end)
			return bad(c, "section: reaches out of the image", i);
		if (s->size % entry_size[i])
			return bad(c, "section: cuts an entry", i);
		c->n[i] = s->size / entry_size[i];
		if (c->n[i] > entry_limit[i])
			return bad(c, "section: more entries than allowed", i);
		/* Both are multiples of 8 where the next one begins: this does not pass the end. */
		gap = (const u8 *)img + end + s->size;
		for (end += s->size; end % 8; end++)
			if (*gap++)
				return bad(c, "section: padding is not 0", i);
	}
	if (end != img->size)
		return bad(c, "header: the sections do not fill the image", 0);
	return 0;
}

/* ---- strings ---- */

static int check_strings(struct check *c)
{
	const char *s = nsf_image_strings(c->img);
	u32 n = c->n[NSF_SECTION_STRINGS];

	if (!n || s[0] || s[n - 1])
		return bad(c, "strings: do not begin and end with NUL", 0);
	return 0;
}

static bool is_string(const struct check *c, u32 offset)
{
	return offset < c->n[NSF_SECTION_STRINGS] &&
	       (!offset || !nsf_image_strings(c->img)[offset - 1]);
}

/* ---- sets ---- */

static int compare(const u32 *a, const u32 *b, unsigned int words)
{
	unsigned int i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int check_set_shape(struct check *c, const struct nsf_set *set, u32 i)
{
	unsigned int f, words = 0;

	if (set->kind >= NSF_SET_KINDS)
		return bad(c, "set: no such kind", i);
	if (!set->fields || set->fields > NSF_MAX_KEY_FIELDS)
		return bad(c, "set: no such number of fields", i);
	for (f = 0; f < sizeof(set->width); f++) {
		if (f < set->fields ? set->width[f] != 1 && set->width[f] != 4 : set->width[f])
			return bad(c, "set: a field's width is wrong", i);
		words += set->width[f];
	}
	if (set->words != words)
		return bad(c, "set: words is not the sum of the widths", i);
	if (set->spare || set->spare2)
		return bad(c, "set: spare is not 0", i);
	if (set->count > NSF_MAX_ELEMENTS)
		return bad(c, "set: more elements than allowed", i);
	if (set->data == NSF_NO_DATA ? set->targets != 0 : !set->targets)
		return bad(c, "set: targets without data, or data without targets", i);
	return 0;
}

/* In order, and intervals not empty. @v: the keys; @size: words of an element. */
static int check_keys(struct check *c, const struct nsf_set *set, const u32 *v, u32 size, u32 i)
{
	unsigned int words = set->words, f, at;
	u32 e;

	for (e = 0; e < set->count; e++, v += size) {
		rest(c);
		if (set->kind == NSF_SET_BOX) {
			for (f = 0, at = 0; f < set->fields; at += set->width[f++])
				if (compare(v + at, v + words + at, set->width[f]) > 0)
					return bad(c, "set: a box ends before it begins", i);
			if (e && compare(v - size, v, words) > 0)
				return bad(c, "set: boxes are not sorted", i);
			continue;
		}
		if (set->kind == NSF_SET_RANGE && compare(v, v + words, words) > 0)
			return bad(c, "set: a range ends before it begins", i);
		/* v - words: the key before, or the last key of the range before. */
		if (e && compare(v - words, v, words) >= 0)
			return bad(c, "set: keys are not sorted or overlap", i);
	}
	return 0;
}

/* Each set's keys, then its data, follow those of the set before. */
static int check_sets(struct check *c)
{
	const struct nsf_set *set = nsf_image_sets(c->img);
	const u32 *words = nsf_image_words(c->img);
	u32 i, e, size, used = 0, total = c->n[NSF_SECTION_WORDS];

	for (i = 0; i < c->n[NSF_SECTION_SETS]; i++, set++) {
		rest(c);
		if (check_set_shape(c, set, i))
			return -EINVAL;
		size = set->kind == NSF_SET_EXACT ? set->words : 2 * set->words;
		if (set->keys != used)
			return bad(c, "set: keys do not follow the set before", i);
		if (set->count > (total - used) / size)
			return bad(c, "set: keys reach out of the section", i);
		used += set->count * size;
		if (check_keys(c, set, words + set->keys, size, i))
			return -EINVAL;
		if (set->data == NSF_NO_DATA)
			continue;
		if (set->data != used)
			return bad(c, "set: data do not follow the keys", i);
		if (set->count > total - used)
			return bad(c, "set: data reach out of the section", i);
		for (e = 0; e < set->count; e++) {
			rest(c);
			if (words[used++] >= set->targets)
				return bad(c, "set: data without a target", i);
		}
	}
	if (used != total)
		return bad(c, "words: some belong to no set", used);
	return 0;
}

/* ---- states and rules ---- */

bool nsf_limit_fits(const struct nsf_state_desc *s)
{
	u64 sum = s->rate + s->burst;

	if (!s->rate || !s->unit || sum < s->rate)
		return false;
	if (s->limit_flags & NSF_LIMIT_BYTES)
		return s->unit <= divide(~0ULL, sum);
	return s->burst && divide(s->unit, s->rate) <= divide(~0ULL, s->burst);
}

static int check_states(struct check *c)
{
	const struct nsf_state_desc *s = nsf_image_states(c->img);
	u32 i;

	for (i = 0; i < c->n[NSF_SECTION_STATES]; i++, s++) {
		rest(c);
		if (i && s[-1].id >= s->id)
			return bad(c, "state: ids are not sorted, or two are alike", i);
		if (s->rule >= c->n[NSF_SECTION_RULES])
			return bad(c, "state: no such rule", i);
		switch (s->kind) {
		case NSF_STATE_COUNTER:
			if (s->limit_flags || s->burst || s->rate || s->unit)
				return bad(c, "state: a counter with a limit's numbers", i);
			break;
		case NSF_STATE_LIMIT:
			if (s->limit_flags & ~(NSF_LIMIT_OVER | NSF_LIMIT_BYTES))
				return bad(c, "state: no such flags of a limit", i);
			if (!nsf_limit_fits(s))
				return bad(c, "state: a limit's numbers are 0 or too large", i);
			break;
		default:
			return bad(c, "state: no such kind", i);
		}
	}
	return 0;
}

static int check_rules(struct check *c)
{
	const struct nsf_rule *r = nsf_image_rules(c->img);
	u32 i;

	for (i = 0; i < c->n[NSF_SECTION_RULES]; i++, r++) {
		rest(c);
		if (!is_string(c, r->text) || !is_string(c, r->file) || !is_string(c, r->chain))
			return bad(c, "rule: no such string", i);
	}
	return 0;
}

/* ---- ops ---- */

static inline bool is_key_field(unsigned int f, unsigned int width)
{
	if (width == 1)
		return f && f < NSF_FIELDS && !nsf_field_is_half(f);
	return f == NSF_FIELD_IIFNAME || f == NSF_FIELD_OIFNAME ||
	       f == NSF_FIELD_IP6_SADDR || f == NSF_FIELD_IP6_DADDR;
}

static int check_op_set(struct check *c, const struct nsf_op *op, u32 i)
{
	bool map = op->code == NSF_OP_MAP;
	const struct nsf_set *set;
	u64 list = op->a;
	unsigned int f;

	if (op->arg >= c->n[NSF_SECTION_SETS])
		return bad(c, "op: no such set", i);
	set = nsf_image_sets(c->img) + op->arg;
	for (f = 0; f < set->fields && is_key_field(list & 0xff, set->width[f]); f++)
		list >>= 8;
	if (f < set->fields || list)
		return bad(c, "op: the key is not the set's", i);
	if (map ? set->data == NSF_NO_DATA : set->data != NSF_NO_DATA)
		return bad(c, "op: a map where a set must be, or the reverse", i);
	if (!map)
		return 0;
	if (op->b != c->targets)
		return bad(c, "op: targets do not follow the map before", i);
	if (set->targets > c->n[NSF_SECTION_TARGETS] - c->targets)
		return bad(c, "op: targets reach out of the section", i);
	return 0;
}

static int check_op_state(struct check *c, const struct nsf_op *op, u32 rule, u32 i)
{
	const struct nsf_state_desc *s = nsf_image_states(c->img);
	u32 kind = op->code == NSF_OP_LIMIT ? NSF_STATE_LIMIT : NSF_STATE_COUNTER;

	if (op->arg >= c->n[NSF_SECTION_STATES])
		return bad(c, "op: no such state", i);
	if (s[op->arg].kind != kind || s[op->arg].rule != rule)
		return bad(c, "op: the state is of another kind or rule", i);
	return 0;
}

static int check_op_log(struct check *c, const struct nsf_op *op, u32 i)
{
	const char *s = nsf_image_strings(c->img);
	u32 n;

	if (!is_string(c, op->arg))
		return bad(c, "op: no such string", i);
	for (n = 0; s[op->arg + n]; n++)	/* the section ends with NUL */
		if (n == NSF_MAX_LOG_PREFIX)
			return bad(c, "op: the log's prefix is too long", i);
	return op->a > 7 ? bad(c, "op: no such log level", i) : 0;
}

static int check_op_reject(struct check *c, const struct nsf_op *op, u32 i)
{
	static const u16 codes[NSF_REJECT_HOWS] = { 256, 256, NSF_ICMPXS, 1 };

	if (op->arg >= NSF_REJECT_HOWS || op->a >= codes[op->arg])
		return bad(c, "op: no such way to reject", i);
	c->flags |= NSF_IMAGE_REJECT;
	return 0;
}

static int check_op_mark(struct check *c, const struct nsf_op *op, u32 i)
{
	if (op->field && op->field != NSF_FIELD_MARK && op->field != NSF_FIELD_CT_MARK)
		return bad(c, "op: no such mark", i);
	if ((op->a | op->b) >> 32)
		return bad(c, "op: a mark has 32 bits", i);
	return 0;
}

/* What each code uses; the rest is 0. */
#define USE_FIELD	1
#define USE_NOT		2
#define USE_ARG		4
#define USE_A		8
#define USE_B		16

static const u8 uses[NSF_OPS] = {
	[NSF_OP_MASK] = USE_FIELD | USE_NOT | USE_A | USE_B,
	[NSF_OP_RANGE] = USE_FIELD | USE_NOT | USE_ARG | USE_A | USE_B,
	[NSF_OP_SET] = USE_NOT | USE_ARG | USE_A,
	[NSF_OP_MAP] = USE_ARG | USE_A | USE_B,
	[NSF_OP_COUNTER] = USE_ARG,
	[NSF_OP_LIMIT] = USE_ARG,
	[NSF_OP_LOG] = USE_ARG | USE_A,
	[NSF_OP_MARK_SET] = USE_FIELD | USE_A | USE_B,
	[NSF_OP_CT_MARK_SET] = USE_FIELD | USE_A | USE_B,
	[NSF_OP_REJECT] = USE_ARG | USE_A,
};

static bool is_clean(const struct nsf_op *op)
{
	u8 use = uses[op->code];

	return !op->spare && !(op->flags & ~(use & USE_NOT ? NSF_OP_NOT : 0u)) &&
	       (use & USE_FIELD || !op->field) && (use & USE_ARG || !op->arg) &&
	       (use & USE_A || !op->a) && (use & USE_B || !op->b);
}

static int check_op_match(struct check *c, const struct nsf_op *op, u32 i)
{
	if (!op->field || op->field >= NSF_FIELDS)
		return bad(c, "op: no such field", i);
	if (op->code == NSF_OP_RANGE && op->a > op->b)
		return bad(c, "op: a range ends before it begins", i);
	return 0;
}

/* @rule: of the op's record. */
static int check_op(struct check *c, const struct nsf_op *op, u32 rule, u32 i)
{
	int err = 0;

	if (op->code == NSF_OP_NONE || op->code >= NSF_OPS)
		return bad(c, "op: no such code", i);
	if (!is_clean(op))
		return bad(c, "op: what is not used is not 0", i);
	switch (op->code) {
	case NSF_OP_MASK:
	case NSF_OP_RANGE:
		err = check_op_match(c, op, i);
		break;
	case NSF_OP_SET:
	case NSF_OP_MAP:
		err = check_op_set(c, op, i);
		break;
	case NSF_OP_COUNTER:
	case NSF_OP_LIMIT:
		err = check_op_state(c, op, rule, i);
		break;
	case NSF_OP_LOG:
		err = check_op_log(c, op, i);
		break;
	case NSF_OP_MARK_SET:
	case NSF_OP_CT_MARK_SET:
		err = check_op_mark(c, op, i);
		break;
	case NSF_OP_REJECT:
		err = check_op_reject(c, op, i);
		break;
	}
	if (!err)
		c->needs |= nsf_op_reads(op);
	return err;
}

static inline bool is_end(const struct nsf_op *op)
{
	return op->code == NSF_OP_ACCEPT || op->code == NSF_OP_DROP || op->code == NSF_OP_REJECT;
}

/* ---- records ---- */

/* The targets of a MAP op in record @i; the chain ends before @end. */
static int check_targets(struct check *c, const struct nsf_op *op, u32 i, u32 end)
{
	const u32 *t = nsf_image_targets(c->img) + c->targets;
	u32 n = nsf_image_sets(c->img)[op->arg].targets, k;

	for (k = 0; k < n; k++, t++) {
		rest(c);
		if (*t & NSF_TARGET_VERDICT ? (*t & ~NSF_TARGET_VERDICT) > NSF_DROP :
					      *t <= i || *t >= end)
			return bad(c, "target: does not lead forward within the chain",
				   c->targets + k);
	}
	c->targets += n;
	return 0;
}

static int check_record(struct check *c, u32 i, u32 end)
{
	const struct nsf_record *r = nsf_image_records(c->img) + i;
	const struct nsf_op *op = nsf_image_ops(c->img) + c->ops;
	bool ends = false;
	u32 k, decided = r->decided[0] > r->decided[1] ? r->decided[0] : r->decided[1];

	if (r->op != c->ops)
		return bad(c, "record: ops do not follow the record before", i);
	if (r->ops > c->n[NSF_SECTION_OPS] - c->ops)
		return bad(c, "record: ops reach out of the section", i);
	if (r->rule >= c->n[NSF_SECTION_RULES])
		return bad(c, "record: no such rule", i);
	if (decided > r->ops)
		return bad(c, "record: more ops are decided than it has", i);
	if (r->miss <= i || r->miss >= end)
		return bad(c, "record: miss does not lead forward within the chain", i);
	for (k = 0; k < r->ops; k++, op++) {
		rest(c);
		if (check_op(c, op, r->rule, c->ops + k))
			return -EINVAL;
		if (k < decided && op->code > NSF_OP_SET)
			return bad(c, "record: an op is decided that is no match", i);
		if (k + 1 < r->ops && (is_end(op) || op->code == NSF_OP_MAP))
			return bad(c, "op: an end or a map before others", c->ops + k);
		if (op->code == NSF_OP_MAP && check_targets(c, op, i, end))
			return -EINVAL;
		ends = is_end(op);
	}
	c->ops += r->ops;
	if (ends ? r->next != 0 : r->next <= i || r->next >= end)
		return bad(c, "record: next does not lead forward within the chain", i);
	return 0;
}

/* The last record of a chain: its policy, which nothing gets past. */
static int check_policy(struct check *c, const struct nsf_chain *chain, u32 i)
{
	const struct nsf_record *r = nsf_image_records(c->img) + i;
	const struct nsf_op *op = nsf_image_ops(c->img) + c->ops;

	if (r->op != c->ops || r->ops != 1 || c->ops >= c->n[NSF_SECTION_OPS] ||
	    r->miss || r->next || r->rule != NSF_NO_RULE ||
	    r->decided[0] || r->decided[1])
		return bad(c, "record: not a chain's policy", i);
	if (op->code != (chain->policy == NSF_ACCEPT ? NSF_OP_ACCEPT : NSF_OP_DROP) ||
	    !is_clean(op))
		return bad(c, "op: not the chain's policy", c->ops);
	c->ops++;
	return 0;
}

/* ---- chains ---- */

static int check_chain(struct check *c, u32 i, u32 start)
{
	const struct nsf_chain *first = nsf_image_chains(c->img), *chain = first + i;
	u32 k;

	if (chain->start != start)
		return bad(c, "chain: does not start where the last one ends", i);
	if (chain->hook > 4)
		return bad(c, "chain: no such hook", i);
	if (!chain->families || chain->families & ~(NSF_CHAIN_IPV4 | NSF_CHAIN_IPV6))
		return bad(c, "chain: no such families", i);
	if (chain->policy != NSF_ACCEPT && chain->policy != NSF_DROP)
		return bad(c, "chain: no such policy", i);
	if (!chain->id || chain->spare)
		return bad(c, "chain: id is 0, or spare is not", i);
	if (!is_string(c, chain->name))
		return bad(c, "chain: no such string", i);
	for (k = 0; k < i; k++)		/* NSF_MAX_CHAINS is small */
		if (first[k].id == chain->id)
			return bad(c, "chain: two have the same id", i);
	return 0;
}

static int check_chains(struct check *c)
{
	const struct nsf_chain *chain = nsf_image_chains(c->img);
	u32 n = c->n[NSF_SECTION_CHAINS], i, at = 0;

	if (!n)
		return bad(c, "chain: there is none", 0);
	for (i = 0; i < n; i++) {
		u32 end = i + 1 < n ? chain[i + 1].start : c->n[NSF_SECTION_RECORDS];

		if (check_chain(c, i, at))
			return -EINVAL;
		if (end <= at || end > c->n[NSF_SECTION_RECORDS])
			return bad(c, "chain: no records, or more than there are", i);
		for (; at < end - 1; at++) {
			rest(c);
			if (check_record(c, at, end))
				return -EINVAL;
		}
		if (check_policy(c, chain + i, at++))
			return -EINVAL;
	}
	if (c->ops != c->n[NSF_SECTION_OPS])
		return bad(c, "op: belongs to no record", c->ops);
	if (c->targets != c->n[NSF_SECTION_TARGETS])
		return bad(c, "target: belongs to no map", c->targets);
	return 0;
}

int nsf_image_check_as(const void *data, size_t size, struct nsf_image_fault *fault, bool has_hash)
{
	struct check c = { .img = data, .fault = fault };

	if (size < sizeof(struct nsf_image) || size > NSF_MAX_IMAGE)
		return bad(&c, "header: too short or too long for an image", 0);
	if (check_header(&c, size))
		return -EINVAL;
	if (has_hash && nsf_image_hash(c.img) != c.img->hash)
		return bad(&c, "header: the hash is wrong", 0);
	if (check_strings(&c) || check_sets(&c) || check_rules(&c) || check_states(&c) ||
	    check_chains(&c) || nsf_index_check(c.img, fault))
		return -EINVAL;
	if (c.img->needs != c.needs)
		return bad(&c, "header: needs is not what the ops read", 0);
	if (c.needs & NSF_NEED_CT)
		c.flags |= NSF_IMAGE_CT;
	if (c.img->flags != c.flags)
		return bad(&c, "header: flags are wrong", 0);
	return 0;
}
