// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * explain: see explain.h. Owns one place for each state of the image. A bucket
 * of tokens is what the module's is (states.c) and nft's before it: full at first,
 * refilled by the time that passes, never above full.
 */
#include <stdlib.h>
#include <string.h>

#include "explain.h"

#define NFPROTO_IPV6		10
#define PRIORITY_CONNTRACK	(-200)

struct bucket {
	u64 tokens;		/* nanoseconds */
	u64 last;
	bool started;		/* else: full, whenever the first packet comes */
};

/* What the statements act on. */
struct nsf_effect {
	struct explain_count *counters;	/* one for each state; used by its kind */
	struct bucket *buckets;
	u64 now;
	u64 done;		/* struct explain_result's */
};

struct explain {
	const struct nsf_image *img;
	bool linear;
	struct nsf_effect fx;
};

struct explain *explain_new(const struct nsf_image *img)
{
	size_t n = nsf_image_n_states(img);
	struct explain *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->img = img;
	x->fx.counters = calloc(n + 1, sizeof(*x->fx.counters));
	x->fx.buckets = calloc(n + 1, sizeof(*x->fx.buckets));
	if (!x->fx.counters || !x->fx.buckets) {
		explain_free(x);
		return NULL;
	}
	return x;
}

struct explain *explain_new_linear(const struct nsf_image *img)
{
	struct explain *x = explain_new(img);

	if (x)
		x->linear = true;
	return x;
}

void explain_free(struct explain *x)
{
	if (!x)
		return;
	free(x->fx.counters);
	free(x->fx.buckets);
	free(x);
}

struct explain_count explain_counter(const struct explain *x, u32 state)
{
	return x->fx.counters[state];
}

/* ---- effects: called by classify.c ---- */

static void note(struct nsf_effect *fx, enum nsf_op_code code, u64 what)
{
	fx->done = (fx->done ^ what ^ (u64)code << 56) * 0x9e3779b97f4a7c15ULL;
	fx->done ^= fx->done >> 32;
}

void nsf_effect_counter(struct nsf_effect *fx, u32 state, const struct nsf_packet *p)
{
	note(fx, NSF_OP_COUNTER, state);
	fx->counters[state].packets++;
	fx->counters[state].bytes += p->val[NSF_FIELD_LENGTH];
}

/*
 * A packet costs the time in which its token grows: unit / rate, or for bytes
 * unit * length / rate. What does not fit takes nothing.
 */
bool nsf_effect_limit(struct nsf_effect *fx, u32 state, const struct nsf_state_desc *desc,
		      const struct nsf_packet *p)
{
	bool over = desc->limit_flags & NSF_LIMIT_OVER;
	struct bucket *b = &fx->buckets[state];
	u64 full, cost, tokens;

	if (desc->limit_flags & NSF_LIMIT_BYTES) {
		full = desc->unit * (desc->rate + desc->burst) / desc->rate;
		cost = desc->unit * p->val[NSF_FIELD_LENGTH] / desc->rate;
	} else {
		cost = desc->unit / desc->rate;
		full = cost * desc->burst;
	}
	tokens = full;
	if (b->started && b->tokens + (fx->now - b->last) < full)
		tokens = b->tokens + (fx->now - b->last);
	b->started = true;
	b->last = fx->now;
	b->tokens = tokens >= cost ? tokens - cost : tokens;
	note(fx, NSF_OP_LIMIT, state);
	return (tokens >= cost) != over;
}

void nsf_effect_log(struct nsf_effect *fx, u32 record, const struct nsf_op *op,
		    const struct nsf_packet *p)
{
	/* The event stream is the module's; offline nobody listens. */
	note(fx, NSF_OP_LOG, record);
	(void)op;
	(void)p;
}

void nsf_effect_mark_set(struct nsf_effect *fx, u32 mark)
{
	/* classify.c changes the packet's field, which later chains read. */
	note(fx, NSF_OP_MARK_SET, mark);
}

void nsf_effect_ct_mark_set(struct nsf_effect *fx, u32 mark)
{
	note(fx, NSF_OP_CT_MARK_SET, mark);
}

/* ---- packets ---- */

/* A name as two numbers, the upper half first. */
static void set_name(struct nsf_packet *p, enum nsf_field hi, enum nsf_field lo, const char *name)
{
	u8 bytes[16] = { 0 };
	u64 half[2] = { 0, 0 };

	memcpy(bytes, name, strnlen(name, sizeof(bytes) - 1));
	for (size_t i = 0; i < sizeof(bytes); i++)
		half[i / 8] = half[i / 8] << 8 | bytes[i];
	nsf_packet_set(p, hi, half[0]);
	nsf_packet_set(p, lo, half[1]);
}

/* Rules can ask for the index of lo only, which is 1 in every namespace. */
static u32 device_index(const char *name, u32 other)
{
	if (!*name)
		return 0;
	return strcmp(name, "lo") ? other : 1;
}

void explain_load(struct nsf_packet *p, const struct nsf_bytes *b, unsigned int family,
		  const struct explain_meta *meta)
{
	memset(p, 0, sizeof(*p));
	nsf_headers_read(p, b, family);
	nsf_packet_set(p, NSF_FIELD_MARK, meta->mark);
	nsf_packet_set(p, NSF_FIELD_PKTTYPE, meta->pkttype);
	nsf_packet_set(p, NSF_FIELD_IIF, device_index(meta->iif, 2));
	nsf_packet_set(p, NSF_FIELD_OIF, device_index(meta->oif, 3));
	set_name(p, NSF_FIELD_IIFNAME_HI, NSF_FIELD_IIFNAME_LO, meta->iif);
	set_name(p, NSF_FIELD_OIFNAME_HI, NSF_FIELD_OIFNAME_LO, meta->oif);
	nsf_packet_set(p, NSF_FIELD_CT_STATE, meta->ct_state);
	if (meta->ct_state & (NSF_CT_INVALID | NSF_CT_UNTRACKED))
		return;
	nsf_packet_set(p, NSF_FIELD_CT_MARK, meta->ct_mark);
	nsf_packet_set(p, NSF_FIELD_CT_DIRECTION, meta->ct_reply);
}

/* ---- chains ---- */

/*
 * Does chain @b come later than the place (@priority, @a)? Of equal priorities
 * the kernel keeps the order in which they were registered: the image's.
 */
static bool is_after(const struct nsf_chain *chains, u32 b, s32 priority, int64_t a)
{
	return chains[b].priority > priority ||
	       (chains[b].priority == priority && (int64_t)b > a);
}

/* The next chain of @hook behind @last (-1: the first), or -1. */
static int64_t next_chain(const struct nsf_image *img, unsigned int hook, u8 family, int64_t last)
{
	const struct nsf_chain *chains = nsf_image_chains(img);
	int64_t best = -1;

	for (u32 i = 0; i < nsf_image_n_chains(img); i++) {
		if (chains[i].hook != hook || !(chains[i].families & family))
			continue;
		if (last >= 0 && !is_after(chains, i, chains[last].priority, last))
			continue;
		if (best < 0 || chains[i].priority < chains[best].priority)
			best = i;
	}
	return best;
}

/* Has the policy to do with the family at all? One of a table ip has not with IPv6. */
static bool has_family(const struct nsf_image *img, u8 family)
{
	for (u32 i = 0; i < nsf_image_n_chains(img); i++)
		if (nsf_image_chains(img)[i].families & family)
			return true;
	return false;
}

/*
 * Before conntrack has looked at it a packet has no entry, and its state is
 * invalid; but untracked stays what it is, and what comes by lo still has the
 * entry that it left with.
 */
static bool before_conntrack(const struct nsf_chain *chain, const struct nsf_packet *p)
{
	return chain->priority < PRIORITY_CONNTRACK &&
	       (chain->hook == EXPLAIN_OUTPUT ||
		(chain->hook == EXPLAIN_PREROUTING && p->val[NSF_FIELD_IIF] != 1)) &&
	       p->val[NSF_FIELD_CT_STATE] != NSF_CT_UNTRACKED;
}

static void classify(struct explain *x, const struct nsf_chain *chain, struct nsf_packet *p,
		     struct nsf_decision *d)
{
	u64 state = p->val[NSF_FIELD_CT_STATE], ct = p->have & NSF_NEED_CT;
	void (*run)(const struct nsf_image *img, const struct nsf_chain *c, struct nsf_packet *pkt,
		    struct nsf_effect *fx, struct nsf_decision *dec) =
		x->linear ? nsf_classify_linear : nsf_classify;

	memset(d, 0, sizeof(*d));
	if (!before_conntrack(chain, p)) {
		run(x->img, chain, p, &x->fx, d);
		return;
	}
	p->have &= ~NSF_NEED_CT;
	nsf_packet_set(p, NSF_FIELD_CT_STATE, NSF_CT_INVALID);
	run(x->img, chain, p, &x->fx, d);
	p->have |= ct;
	p->val[NSF_FIELD_CT_STATE] = state;
}

void explain_packet(struct explain *x, enum explain_hook hook, struct nsf_packet *p, u64 now,
		    struct explain_result *out)
{
	u8 family = p->val[NSF_FIELD_NFPROTO] == NFPROTO_IPV6 ? NSF_CHAIN_IPV6 : NSF_CHAIN_IPV4;
	const struct nsf_chain *chains = nsf_image_chains(x->img);
	int64_t i = -1;

	if (now > x->fx.now)
		x->fx.now = now;
	x->fx.done = 0;
	out->steps = 0;
	out->end = NSF_ACCEPT;
	out->why = EXPLAIN_CHAIN;
	while (out->end == NSF_ACCEPT && (i = next_chain(x->img, hook, family, i)) >= 0) {
		struct explain_step *step = &out->step[out->steps++];

		step->chain = (u32)i;
		classify(x, &chains[i], p, &step->decision);
		step->rule = nsf_image_records(x->img)[step->decision.record].rule;
		out->end = step->decision.end;
	}
	out->done = x->fx.done;
	if (out->steps)
		return;
	out->why = EXPLAIN_NO_CHAIN;
	if (hook == EXPLAIN_FORWARD && has_family(x->img, family)) {
		out->why = EXPLAIN_NO_FORWARD;
		out->end = NSF_DROP;
	}
}

bool explain_same(const struct explain_result *a, const struct explain_result *b)
{
	if (a->end != b->end || a->why != b->why || a->done != b->done || a->steps != b->steps)
		return false;
	for (size_t i = 0; i < a->steps; i++) {
		const struct explain_step *x = &a->step[i], *y = &b->step[i];

		/* The record includes the rule. */
		if (x->chain != y->chain || x->decision.record != y->decision.record ||
		    x->decision.end != y->decision.end ||
		    x->decision.reject_how != y->decision.reject_how ||
		    x->decision.reject_code != y->decision.reject_code)
			return false;
	}
	return true;
}
