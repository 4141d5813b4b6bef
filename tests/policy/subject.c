// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "classify.h"
#include "headers.h"
#include "subject.h"

struct state {
	unsigned int nth;	/* of its kind and rule */
	uint64_t packets, bytes;
	struct ref_bucket bucket;
};

struct subject {
	const struct nsf_image *img;
	struct state *state;
};

struct nsf_effect {
	struct subject *s;
	const struct ref_packet *p;
	struct ref_outcome *out;
};

/*
 * States are in the order of their hashes. Which of its rule's counters one is,
 * the rule's ops tell: records and ops are in the order of the statements.
 */
static void number_states(struct subject *s)
{
	const struct nsf_image *img = s->img;
	const struct nsf_state_desc *desc = nsf_image_states(img);
	u32 states = nsf_image_n_states(img), rules = nsf_image_n_rules(img), i;
	unsigned int *next = calloc(2 * (size_t)rules + 1, sizeof(*next));
	bool *met = calloc(states + 1, sizeof(*met));

	if (!next || !met)
		abort();
	for (i = 0; i < nsf_image_n_ops(img); i++) {
		const struct nsf_op *op = &nsf_image_ops(img)[i];

		if ((op->code != NSF_OP_COUNTER && op->code != NSF_OP_LIMIT) || met[op->arg])
			continue;
		met[op->arg] = true;
		s->state[op->arg].nth = next[2 * desc[op->arg].rule + desc[op->arg].kind]++;
	}
	free(met);
	free(next);
}

struct subject *subject_alloc(const struct nsf_image *img, uint64_t now)
{
	const struct nsf_state_desc *desc = nsf_image_states(img);
	u32 n = nsf_image_n_states(img), i;
	struct subject *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->img = img;
	s->state = calloc(n + 1, sizeof(*s->state));
	if (!s->state)
		abort();
	number_states(s);
	for (i = 0; i < n; i++) {
		struct ref_bucket *b = &s->state[i].bucket;

		if (desc[i].kind != NSF_STATE_LIMIT)
			continue;
		b->last = now;
		b->tokens = ref_bucket_full(desc[i].limit_flags & NSF_LIMIT_BYTES, desc[i].rate,
					    desc[i].unit, desc[i].burst);
	}
	return s;
}

void subject_free(struct subject *s)
{
	if (!s)
		return;
	free(s->state);
	free(s);
}

int subject_chain(const struct nsf_image *img, const char *name)
{
	u32 i;

	for (i = 0; i < nsf_image_n_chains(img); i++)
		if (!strcmp(nsf_image_strings(img) + nsf_image_chains(img)[i].name, name))
			return (int)i;
	return -1;
}

static u64 half(const char *name, unsigned int from)
{
	unsigned int i;
	u64 v = 0;

	for (i = from; i < from + 8; i++)
		v = v << 8 | (u8)name[i];
	return v;
}

void subject_packet(struct nsf_packet *to, const struct ref_packet *p)
{
	const struct nsf_bytes b = { .data = p->data, .caplen = p->caplen, .length = p->length };

	memset(to, 0, sizeof(*to));
	nsf_headers_read(to, &b, p->family);
	nsf_packet_set(to, NSF_FIELD_MARK, p->mark);
	nsf_packet_set(to, NSF_FIELD_PKTTYPE, p->pkttype);
	nsf_packet_set(to, NSF_FIELD_IIF, p->iif);
	nsf_packet_set(to, NSF_FIELD_OIF, p->oif);
	nsf_packet_set(to, NSF_FIELD_IIFNAME_HI, half(p->iifname, 0));
	nsf_packet_set(to, NSF_FIELD_IIFNAME_LO, half(p->iifname, 8));
	nsf_packet_set(to, NSF_FIELD_OIFNAME_HI, half(p->oifname, 0));
	nsf_packet_set(to, NSF_FIELD_OIFNAME_LO, half(p->oifname, 8));
	nsf_packet_set(to, NSF_FIELD_CT_STATE, p->ct_state);
	if (p->ct_entry) {
		nsf_packet_set(to, NSF_FIELD_CT_MARK, p->ct_mark);
		nsf_packet_set(to, NSF_FIELD_CT_DIRECTION, p->ct_dir);
	}
}

void subject_evaluate(struct subject *s, unsigned int chain, const struct ref_packet *p,
		      bool linear, struct ref_outcome *out)
{
	const struct nsf_image *img = s->img;
	struct nsf_effect fx = { s, p, out };
	struct nsf_decision d;
	struct nsf_packet packet;
	u32 rule;

	memset(out, 0, offsetof(struct ref_outcome, event));
	memset(&d, 0xa5, sizeof(d));
	subject_packet(&packet, p);
	(linear ? nsf_classify_linear : nsf_classify)(img, nsf_image_chains(img) + chain, &packet,
						      &fx, &d);
	out->end = d.end == NSF_ACCEPT ? REF_ACCEPT : d.end == NSF_DROP ? REF_DROP : REF_REJECT;
	if (d.end == NSF_REJECT) {
		out->reject_how = d.reject_how;
		out->reject_code = d.reject_how == NSF_REJECT_RESET ? 0 : d.reject_code;
	}
	rule = nsf_image_records(img)[d.record].rule;
	out->by_policy = rule == NSF_NO_RULE;
	if (!out->by_policy)
		out->rule = nsf_image_rules(img)[rule].id;
	out->mark = (uint32_t)packet.val[NSF_FIELD_MARK];
	if (packet.have & NSF_BIT(NSF_FIELD_CT_MARK))
		out->ct_mark = (uint32_t)packet.val[NSF_FIELD_CT_MARK];
}

bool subject_counter(const struct subject *s, unsigned int i, uint64_t *rule,
		     unsigned int *nth, uint64_t *packets, uint64_t *bytes)
{
	const struct nsf_state_desc *desc = &nsf_image_states(s->img)[i];

	if (desc->kind != NSF_STATE_COUNTER)
		return false;
	*rule = nsf_image_rules(s->img)[desc->rule].id;
	*nth = s->state[i].nth;
	*packets = s->state[i].packets;
	*bytes = s->state[i].bytes;
	return true;
}

/* ---- what classify.c asks for ------------------------------------------------- */

static void event(struct nsf_effect *fx, enum ref_event_kind kind, uint64_t rule,
		  unsigned int nth, uint64_t value, const char *text)
{
	struct ref_outcome *o = fx->out;

	if (o->events < REF_MAX_EVENTS)
		o->event[o->events] = (struct ref_event){ kind, rule, nth, value, text };
	o->events++;
}

static uint64_t rule_of_state(const struct nsf_effect *fx, u32 state)
{
	const struct nsf_image *img = fx->s->img;

	return nsf_image_rules(img)[nsf_image_states(img)[state].rule].id;
}

void nsf_effect_counter(struct nsf_effect *fx, u32 state, const struct nsf_packet *p)
{
	struct state *s = &fx->s->state[state];

	s->packets++;
	s->bytes += p->val[NSF_FIELD_LENGTH];
	event(fx, REF_COUNTER, rule_of_state(fx, state), s->nth, p->val[NSF_FIELD_LENGTH], NULL);
}

bool nsf_effect_limit(struct nsf_effect *fx, u32 state, const struct nsf_state_desc *desc,
		      const struct nsf_packet *p)
{
	struct state *s = &fx->s->state[state];
	bool go = ref_bucket_take(&s->bucket, desc->limit_flags & NSF_LIMIT_BYTES, desc->rate,
				  desc->unit, desc->burst, (uint32_t)p->val[NSF_FIELD_LENGTH],
				  fx->p->now) != (bool)(desc->limit_flags & NSF_LIMIT_OVER);

	event(fx, REF_LIMIT, rule_of_state(fx, state), s->nth, go, NULL);
	return go;
}

void nsf_effect_log(struct nsf_effect *fx, u32 record, const struct nsf_op *op,
		    const struct nsf_packet *p)
{
	const struct nsf_image *img = fx->s->img;
	const u32 rule = nsf_image_records(img)[record].rule;

	(void)p;
	event(fx, REF_LOG, rule == NSF_NO_RULE ? 0 : nsf_image_rules(img)[rule].id, 0, op->a,
	      nsf_image_strings(img) + op->arg);
}

void nsf_effect_mark_set(struct nsf_effect *fx, u32 mark)
{
	event(fx, REF_MARK, 0, 0, mark, NULL);
}

void nsf_effect_ct_mark_set(struct nsf_effect *fx, u32 mark)
{
	event(fx, REF_CT_MARK, 0, 0, mark, NULL);
}
