// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ref: interprets the chains of a policy as nft's kernel half does: rule by
 * rule, a call for each jump, sets searched from end to end.
 */
#include <stdlib.h>
#include <string.h>

#include "ref.h"

struct cell {			/* of one statement */
	uint64_t rule;
	unsigned int nth;
	enum ir_stmt_kind kind;
	uint64_t packets, bytes;
	struct ref_bucket bucket;
};

struct ref_state {
	const struct ir_policy *policy;
	size_t cells;
	struct cell *cell;
	size_t **first;		/* [chain][rule]: its first cell */
};

struct run {
	const struct ir_policy *policy;
	const struct ref_packet *p;
	struct ref_state *state;
	struct ref_fields f;
	struct ref_outcome *out;
};

/* ---- state ------------------------------------------------------------------- */

#define SECOND	1000000000ULL

uint64_t ref_bucket_full(bool per_byte, uint64_t rate, uint64_t unit_ns, uint32_t burst)
{
	if (per_byte)
		return unit_ns * (rate + burst) / rate;
	return unit_ns / rate * burst;
}

bool ref_bucket_take(struct ref_bucket *b, bool per_byte, uint64_t rate, uint64_t unit_ns,
		     uint32_t burst, uint32_t length, uint64_t now)
{
	uint64_t full = ref_bucket_full(per_byte, rate, unit_ns, burst);
	uint64_t cost = per_byte ? unit_ns * length / rate : unit_ns / rate;
	uint64_t have = b->tokens + (now - b->last);

	if (have > full)
		have = full;
	b->last = now;
	b->tokens = have >= cost ? have - cost : have;
	return have >= cost;
}

struct ref_state *ref_state_alloc(const struct ir_policy *policy, uint64_t now)
{
	struct ref_state *s = calloc(1, sizeof(*s));
	size_t c, r, i, n = 0;

	if (!s)
		abort();
	s->policy = policy;
	s->first = calloc(policy->chains + 1, sizeof(*s->first));
	for (c = 0; c < policy->chains; c++)
		for (r = 0; r < policy->chain[c].rules; r++)
			n += policy->chain[c].rule[r].stmts;
	s->cell = calloc(n + 1, sizeof(*s->cell));
	if (!s->first || !s->cell)
		abort();
	for (c = 0; c < policy->chains; c++) {
		const struct ir_chain *chain = &policy->chain[c];

		s->first[c] = calloc(chain->rules + 1, sizeof(**s->first));
		if (!s->first[c])
			abort();
		for (r = 0; r < chain->rules; r++) {
			unsigned int counters = 0, limits = 0;

			s->first[c][r] = s->cells;
			for (i = 0; i < chain->rule[r].stmts; i++) {
				const struct ir_stmt *st = &chain->rule[r].stmt[i];
				struct cell *cell = &s->cell[s->cells++];

				cell->rule = chain->rule[r].id;
				cell->kind = st->kind;
				if (st->kind == IR_COUNTER)
					cell->nth = counters++;
				if (st->kind != IR_LIMIT)
					continue;
				cell->nth = limits++;
				cell->bucket.last = now;
				cell->bucket.tokens =
					ref_bucket_full(st->limit.bytes, st->limit.rate,
							st->limit.unit * SECOND, st->limit.burst);
			}
		}
	}
	return s;
}

void ref_state_free(struct ref_state *s)
{
	size_t c;

	if (!s)
		return;
	for (c = 0; c < s->policy->chains; c++)
		free(s->first[c]);
	free(s->first);
	free(s->cell);
	free(s);
}

bool ref_counter(const struct ref_state *s, uint64_t rule, unsigned int nth,
		 uint64_t *packets, uint64_t *nbytes)
{
	size_t i;

	for (i = 0; i < s->cells; i++) {
		const struct cell *c = &s->cell[i];

		if (c->kind != IR_COUNTER || c->rule != rule || c->nth != nth)
			continue;
		*packets = c->packets;
		*nbytes = c->bytes;
		return true;
	}
	return false;
}

/* ---- matches ----------------------------------------------------------------- */

static bool between(const uint8_t *v, const struct ir_range *r, unsigned int width)
{
	return memcmp(v, r->first, width) >= 0 && memcmp(v, r->last, width) <= 0;
}

/* NULL: not there. *absent: a field of the key is. */
static const struct ir_element *find(struct run *x, unsigned int set, unsigned int fields,
				     const enum ir_field *field, bool *absent)
{
	const struct ir_set *s = &x->policy->set[set];
	unsigned int i;
	size_t e;

	*absent = false;
	for (i = 0; i < fields; i++)
		if (!x->f.have[field[i]])
			*absent = true;
	if (*absent)
		return NULL;
	for (e = 0; e < s->elements; e++) {
		bool in = true;

		for (i = 0; i < fields; i++)
			in = in && between(x->f.val[field[i]], &s->element[e].key[i],
					   ref_width(field[i]));
		if (in)
			return &s->element[e];
	}
	return NULL;
}

static bool match(struct run *x, const struct ir_match *m)
{
	uint8_t v[IR_MAX_WIDTH];
	unsigned int i, w;
	bool in, absent;

	if (m->kind == IR_MATCH_SET) {
		in = find(x, m->set, m->fields, m->field, &absent) != NULL;
		return !absent && in != m->negate;
	}
	if (!x->f.have[m->field[0]])
		return false;
	w = ref_width(m->field[0]);
	for (i = 0; i < w; i++)
		v[i] = x->f.val[m->field[0]][i] & m->mask[i];
	return between(v, &m->range, w) != m->negate;
}

/* ---- statements -------------------------------------------------------------- */

static void event(struct run *x, enum ref_event_kind kind, uint64_t rule, unsigned int nth,
		  uint64_t value, const char *text)
{
	struct ref_outcome *o = x->out;

	if (o->events < REF_MAX_EVENTS)
		o->event[o->events] = (struct ref_event){ kind, rule, nth, value, text };
	o->events++;
}

static uint32_t number(const uint8_t *v)
{
	return (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
}

static void write_number(struct run *x, enum ir_field f, uint32_t v)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		x->f.val[f][i] = (uint8_t)(v >> (24 - 8 * i));
}

/* What goes on after a rule, or a statement of it. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_RETURN, FLOW_JUMP, FLOW_GOTO, FLOW_END };

static bool set_mark(struct run *x, const struct ir_stmt *s)
{
	uint32_t v = 0;

	if (s->mark.field != IR_NONE) {
		if (!x->f.have[s->mark.field])
			return false;
		v = number(x->f.val[s->mark.field]);
	}
	v = (v & s->mark.mask) ^ s->mark.flip;
	if (s->kind == IR_MARK_SET) {
		write_number(x, IR_META_MARK, v);
		event(x, REF_MARK, 0, 0, v, NULL);
	} else if (x->f.have[IR_CT_MARK]) {
		write_number(x, IR_CT_MARK, v);
		event(x, REF_CT_MARK, 0, 0, v, NULL);
	}
	return true;
}

static enum flow end(struct run *x, enum ref_end how, const struct ir_rule *rule)
{
	x->out->end = how;
	x->out->by_policy = !rule;
	x->out->rule = rule ? rule->id : 0;
	return FLOW_END;
}

static enum flow verdict(struct run *x, const struct ir_verdict *v, const struct ir_rule *rule,
			 unsigned int *chain)
{
	switch (v->kind) {
	case IR_ACCEPT:
		return end(x, REF_ACCEPT, rule);
	case IR_DROP:
		return end(x, REF_DROP, rule);
	case IR_RETURN:
		return FLOW_RETURN;
	case IR_CONTINUE:
		return FLOW_ON;
	case IR_JUMP:
		*chain = v->chain;
		return FLOW_JUMP;
	case IR_GOTO:
		*chain = v->chain;
		return FLOW_GOTO;
	}
	abort();
}

static enum flow statement(struct run *x, const struct ir_rule *rule, const struct ir_stmt *s,
			   struct cell *cell, unsigned int *chain)
{
	const struct ir_element *e;
	bool absent, go;

	switch (s->kind) {
	case IR_MATCH:
		return match(x, &s->match) ? FLOW_ON : FLOW_BREAK;
	case IR_MAP:
		e = find(x, s->map.set, s->map.fields, s->map.field, &absent);
		return e ? verdict(x, &e->verdict, rule, chain) : FLOW_BREAK;
	case IR_COUNTER:
		cell->packets++;
		cell->bytes += x->p->length;
		event(x, REF_COUNTER, rule->id, cell->nth, x->p->length, NULL);
		return FLOW_ON;
	case IR_LIMIT:
		go = ref_bucket_take(&cell->bucket, s->limit.bytes, s->limit.rate,
				     s->limit.unit * SECOND, s->limit.burst, x->p->length,
				     x->p->now) != s->limit.over;
		event(x, REF_LIMIT, rule->id, cell->nth, go, NULL);
		return go ? FLOW_ON : FLOW_BREAK;
	case IR_LOG:
		event(x, REF_LOG, rule->id, 0, s->log.level, s->log.prefix);
		return FLOW_ON;
	case IR_MARK_SET:
	case IR_CT_MARK_SET:
		return set_mark(x, s) ? FLOW_ON : FLOW_BREAK;
	case IR_REJECT:
		x->out->reject_how = s->reject.how;
		x->out->reject_code = s->reject.how == IR_REJECT_RESET ? 0 : s->reject.code;
		return end(x, REF_REJECT, rule);
	case IR_VERDICT:
		return verdict(x, &s->verdict, rule, chain);
	}
	abort();
}

/* True: evaluation has ended; false: the chain came to its end, or returned. */
static bool run_chain(struct run *x, unsigned int c)
{
	const struct ir_chain *chain = &x->policy->chain[c];
	size_t r, i;

	for (r = 0; r < chain->rules; r++) {
		const struct ir_rule *rule = &chain->rule[r];
		struct cell *cell = &x->state->cell[x->state->first[c][r]];
		enum flow flow = FLOW_ON;
		unsigned int to = 0;

		for (i = 0; i < rule->stmts && flow == FLOW_ON; i++)
			flow = statement(x, rule, &rule->stmt[i], cell + i, &to);
		if (flow == FLOW_END)
			return true;
		if (flow == FLOW_RETURN)
			return false;
		if (flow == FLOW_GOTO)
			return run_chain(x, to);
		if (flow == FLOW_JUMP && run_chain(x, to))
			return true;
	}
	return false;
}

void ref_evaluate(const struct ir_policy *policy, unsigned int chain,
		  const struct ref_packet *p, struct ref_state *s, struct ref_outcome *out)
{
	struct run x = { .policy = policy, .p = p, .state = s, .out = out };

	memset(out, 0, offsetof(struct ref_outcome, event));
	ref_fields_read(&x.f, p);
	if (!run_chain(&x, chain))
		end(&x, policy->chain[chain].policy == IR_DROP ? REF_DROP : REF_ACCEPT, NULL);
	out->mark = number(x.f.val[IR_META_MARK]);
	out->ct_mark = x.f.have[IR_CT_MARK] ? number(x.f.val[IR_CT_MARK]) : 0;
}
