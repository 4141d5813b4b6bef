// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * warn_cut: an input or output chain that drops the rest should have thought of
 * loopback and of packets of established connections.
 *
 * Walks all ways to an accept, with what their matches say of these two. A match
 * on something else (a port) makes a way narrow: it passes some of loopback, not
 * loopback.
 */
#include "policy/check_int.h"

#include <stdlib.h>
#include <string.h>

#include "policy/warn.h"

#define LO_SAID		1u	/* a match that is for loopback */
#define LO_NOT		2u	/* one that is not */
#define EST_SAID	4u	/* ct state, established among them */
#define EST_NOT		8u
#define NARROW		16u	/* a match on something else */

#define MAX_SCAN	4096	/* elements of a map that are looked at */

struct cut {
	const struct warn *w;
	const struct ir_chain *base;
	uint32_t *seen;		/* of each chain: the ways that led there, a bit each */
	bool lo, est;
};

static bool in_range(const struct ir_range *r, const uint8_t *mask, const uint8_t *v,
		     unsigned int width)
{
	uint8_t masked[IR_MAX_WIDTH] = { 0 };
	unsigned int i;

	for (i = 0; i < width; i++)
		masked[i] = v[i] & mask[i];
	return memcmp(masked, r->first, width) >= 0 && memcmp(masked, r->last, width) <= 0;
}

static bool match_holds(const struct ir_policy *p, const struct ir_match *m, const uint8_t *v)
{
	unsigned int width = ir_field_width(m->field[0]);
	struct ir_range r;

	if (m->kind == IR_MATCH_RANGE)
		return in_range(&m->range, m->mask, v, width) != m->negate;
	memcpy(r.first, v, width);
	memcpy(r.last, v, width);
	return warn_set_meets(&p->set[m->set], &r, width) != m->negate;
}

/* What the match says of loopback and of established connections. */
static unsigned int judge(const struct cut *c, const struct ir_match *m)
{
	static const uint8_t lo[16] = "lo", index[4] = { 0, 0, 0, 1 };
	static const uint8_t v4[4] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
	static const uint8_t est[4] = { 0, 0, 0, 2 }, new[4] = { 0, 0, 0, 8 };
	bool input = c->base->hook == 1;
	const struct ir_policy *p = c->w->p;
	enum ir_field f = m->field[0];
	unsigned int way;

	if (m->fields > 1)
		return NARROW;
	switch (f) {
	case IR_META_IIF:
	case IR_META_OIF:
		if ((f == IR_META_IIF) != input)
			return NARROW;
		return !match_holds(p, m, index) ? LO_NOT : m->negate ? NARROW : LO_SAID;
	case IR_META_IIFNAME:
	case IR_META_OIFNAME:
		if ((f == IR_META_IIFNAME) != input)
			return NARROW;
		return !match_holds(p, m, lo) ? LO_NOT : m->negate ? NARROW : LO_SAID;
	case IR_IP_SADDR:
	case IR_IP_DADDR:
		return !match_holds(p, m, v4) ? LO_NOT | NARROW :
		       m->negate ? NARROW : LO_SAID;
	case IR_IP6_SADDR:
	case IR_IP6_DADDR:
		return !match_holds(p, m, v6) ? LO_NOT | NARROW :
		       m->negate ? NARROW : LO_SAID;
	case IR_CT_STATE:
		way = match_holds(p, m, est) ? EST_SAID : EST_NOT;
		return match_holds(p, m, new) ? way : way | NARROW;
	case IR_META_NFPROTO:
		return 0;
	default:
		return NARROW;
	}
}

static void accepted(struct cut *c, unsigned int way)
{
	if (!(way & LO_NOT) && (way & LO_SAID || !(way & NARROW)))
		c->lo = true;
	if (way & EST_NOT)
		return;
	if (way & EST_SAID || !(way & (NARROW | LO_SAID)))
		c->est = true;
	/* What goes out by a rule without a state goes out while established, too. */
	if (c->base->hook == 3 && !(way & LO_SAID))
		c->est = true;
}

static void walk(struct cut *c, unsigned int chain, unsigned int way);

static void follow(struct cut *c, const struct ir_verdict *v, unsigned int way)
{
	if (v->kind == IR_ACCEPT)
		accepted(c, way);
	else if (v->kind == IR_JUMP || v->kind == IR_GOTO)
		walk(c, v->chain, way);
}

static void follow_map(struct cut *c, const struct ir_stmt *s, unsigned int way)
{
	const struct ir_set *set = &c->w->p->set[s->map.set];
	struct ir_match m = { .kind = IR_MATCH_RANGE, .fields = s->map.fields,
			      .field = { s->map.field[0] } };
	size_t i;

	memset(m.mask, 0xff, sizeof(m.mask));
	for (i = 0; i < set->elements && i < MAX_SCAN; i++) {
		m.range = set->element[i].key[0];
		follow(c, &set->element[i].verdict, way | judge(c, &m));
	}
}

/* Depth is bounded: chains are at most 16 deep, and each is walked once for each way. */
static void walk(struct cut *c, unsigned int number, unsigned int way)
{
	const struct ir_chain *chain = &c->w->p->chain[number];
	size_t i, j;

	if (c->seen[number] & 1u << way)
		return;
	c->seen[number] |= 1u << way;
	for (i = 0; i < chain->rules; i++) {
		unsigned int here = way;

		for (j = 0; j < chain->rule[i].stmts; j++) {
			const struct ir_stmt *s = &chain->rule[i].stmt[j];

			if (s->kind == IR_MATCH && !s->match.implicit)
				here |= judge(c, &s->match);
			else if (s->kind == IR_MAP)
				follow_map(c, s, here);
			else if (s->kind == IR_VERDICT)
				follow(c, &s->verdict, here);
		}
	}
}

void warn_cut(const struct warn *w)
{
	struct cut c = { .w = w };
	size_t i;

	c.seen = calloc(w->p->chains ? w->p->chains : 1, sizeof(*c.seen));
	if (!c.seen)
		return;
	for (i = 0; i < w->p->chains; i++) {
		const struct ir_chain *chain = &w->p->chain[i];
		bool input = chain->hook == 1;

		if (!chain->base || chain->policy != IR_DROP || (chain->hook != 1 &&
								 chain->hook != 3))
			continue;
		memset(c.seen, 0, w->p->chains * sizeof(*c.seen));
		c.base = chain;
		c.lo = c.est = false;
		walk(&c, (unsigned int)i, 0);
		if (!c.lo)
			ast_warning(w->ast, w->d, &chain->place, "chain \"%s\" drops by policy and cuts "
				    "off loopback: no rule as \"%s lo accept\"", chain->name,
				    input ? "iif" : "oif");
		if (!c.est)
			ast_warning(w->ast, w->d, &chain->place, "chain \"%s\" drops by policy and cuts "
				    "off established connections: no rule as "
				    "\"ct state established,related accept\"", chain->name);
	}
	free(c.seen);
}
