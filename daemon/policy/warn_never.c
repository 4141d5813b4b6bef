// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * warn_never: matches that no packet passes, alone or with others of their rule.
 * Says nothing where it is not sure: it knows values, not what packets exist.
 */
#include "policy/check_int.h"

#include <string.h>

#include "policy/warn.h"

#define MAX_SCAN	4096	/* elements compared with elements */
#define MAX_STMTS	256	/* of a rule that is looked at: it compares each with each */

static bool is_full(const struct ir_match *m)
{
	enum type_kind t = field_of(m->field[0])->type;
	uint8_t max[IR_MAX_WIDTH];
	unsigned int i;

	value_max(t, max);
	for (i = 0; i < type_table[t].width; i++)
		if ((m->mask[i] & max[i]) != max[i])
			return false;
	return true;
}

bool warn_set_meets(const struct ir_set *s, const struct ir_range *r, unsigned int width)
{
	size_t low = 0, high = s->elements, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (memcmp(s->element[mid].key[0].last, r->first, width) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->elements && memcmp(s->element[low].key[0].first, r->last, width) <= 0;
}

/* Does @m, of one field, pass @value? */
static bool passes(const struct ir_policy *p, const struct ir_match *m, const uint8_t *value)
{
	unsigned int width = ir_field_width(m->field[0]), i;
	struct ir_range r;
	bool in;

	for (i = 0; i < width; i++)
		r.first[i] = r.last[i] = m->kind == IR_MATCH_RANGE ? value[i] & m->mask[i] :
					 value[i];
	if (m->kind == IR_MATCH_SET)
		in = warn_set_meets(&p->set[m->set], &r, width);
	else
		in = memcmp(r.first, m->range.first, width) >= 0 &&
		     memcmp(r.first, m->range.last, width) <= 0;
	return in != m->negate;
}

/* Values that the field can have at all, of those with few. */
static bool exists(enum ir_field f, unsigned int v)
{
	switch (f) {
	case IR_META_NFPROTO:
		return v == 2 || v == 10;
	case IR_EXTHDR_FRAG:
	case IR_CT_DIRECTION:
		return v <= 1;
	case IR_IP_DSCP:
	case IR_IP6_DSCP:
		return v < 64;
	case IR_CT_STATE:
		return v == 1 || v == 2 || v == 4 || v == 8 || v == 64;
	default:
		return true;
	}
}

static bool is_small(enum ir_field f)
{
	return ir_field_width(f) == 1 || f == IR_CT_STATE;
}

/* An IPv4 packet's protocol is that of its transport header. */
static enum ir_field kin(enum ir_field f)
{
	return f == IR_IP_PROTOCOL ? IR_META_L4PROTO : f;
}

/* Fields of few values: is there one that passes the rule's matches from @from to @upto? */
static bool small_possible(const struct ir_policy *p, const struct ir_rule *r, enum ir_field f,
			   size_t from, size_t upto)
{
	uint8_t value[IR_MAX_WIDTH];
	unsigned int v;
	size_t i;

	for (v = 0; v < 256; v++) {
		if (!exists(f, v))
			continue;
		value_put(value, ir_field_width(f), v);
		for (i = from; i <= upto; i++) {
			const struct ir_match *m = &r->stmt[i].match;

			if (r->stmt[i].kind == IR_MATCH && m->fields == 1 &&
			    kin(m->field[0]) == f && !passes(p, m, value))
				break;
		}
		if (i > upto)
			return true;
	}
	return false;
}

static bool range_possible(const struct ir_match *m)
{
	enum type_kind t = field_of(m->field[0])->type;
	unsigned int width = type_table[t].width, i;
	uint8_t max[IR_MAX_WIDTH], zero[IR_MAX_WIDTH] = { 0 };
	bool outside = false, nothing = true;

	value_max(t, max);
	for (i = 0; i < width; i++) {
		outside |= (m->range.first[i] & ~m->mask[i]) != 0;
		nothing &= (m->mask[i] & max[i]) == 0;
	}
	if (is_full(m))
		return !m->negate || memcmp(m->range.first, zero, width) != 0 ||
		       memcmp(m->range.last, max, width) != 0;
	if (m->negate)
		return !nothing || memcmp(m->range.first, zero, width) != 0;
	return !outside;
}

static bool alone_possible(const struct ir_policy *p, const struct ir_match *m)
{
	if (m->kind == IR_MATCH_SET)
		return m->negate || p->set[m->set].elements > 0;
	return range_possible(m);
}

static bool sets_meet(const struct ir_set *a, const struct ir_set *b, unsigned int width)
{
	size_t i;

	if (a->elements > MAX_SCAN)
		return true;
	for (i = 0; i < a->elements; i++)
		if (warn_set_meets(b, &a->element[i].key[0], width))
			return true;
	return false;
}

/* Two matches on the same wide field. */
static bool pair_possible(const struct ir_policy *p, const struct ir_match *a,
			  const struct ir_match *b)
{
	unsigned int width = ir_field_width(a->field[0]);
	const struct ir_match *swap;

	if (b->kind == IR_MATCH_RANGE && !b->negate && is_full(b) &&
	    memcmp(b->range.first, b->range.last, width) == 0) {
		swap = a;
		a = b;
		b = swap;
	}
	if (a->kind == IR_MATCH_RANGE && !a->negate && is_full(a) &&
	    memcmp(a->range.first, a->range.last, width) == 0)
		return passes(p, b, a->range.first);
	if (a->negate || b->negate)
		return true;
	if (a->kind == IR_MATCH_SET && b->kind == IR_MATCH_SET)
		return sets_meet(&p->set[a->set], &p->set[b->set], width) ||
		       p->set[b->set].elements > MAX_SCAN;
	if (a->kind == IR_MATCH_SET) {
		swap = a;
		a = b;
		b = swap;
	}
	if (!is_full(a))
		return true;
	if (b->kind == IR_MATCH_SET)
		return warn_set_meets(&p->set[b->set], &a->range, width);
	return !is_full(b) || (memcmp(a->range.first, b->range.last, width) <= 0 &&
			       memcmp(b->range.first, a->range.last, width) <= 0);
}

static void warn_alone(const struct warn *w, const struct ir_stmt *s)
{
	const struct ir_set *set = s->match.kind == IR_MATCH_SET ? &w->p->set[s->match.set] : NULL;

	if (set && set->name)
		ast_warning(w->ast, w->d, &s->place, "this never matches: set \"%s\" is empty",
			    set->name);
	else
		ast_warning(w->ast, w->d, &s->place, "this never matches: no packet has such a value");
}

/* A match on a device that is not there yet, or not any more, at the chain's hook. */
static bool device_possible(const struct ir_chain *c, const struct ir_match *m)
{
	bool in, out;

	if (!c->base || m->negate || m->fields != 1)
		return true;
	in = m->field[0] == IR_META_IIF || m->field[0] == IR_META_IIFNAME;
	out = m->field[0] == IR_META_OIF || m->field[0] == IR_META_OIFNAME;
	return !(in && c->hook == 3) && !(out && c->hook <= 1);
}

/* One warning for a rule at most. */
static void warn_rule(const struct warn *w, const struct ir_chain *c, const struct ir_rule *r)
{
	size_t i, j, from[2] = { 0, 0 };	/* where the packet's, the connection's mark was set */

	if (r->stmts > MAX_STMTS)
		return;
	for (i = 0; i < r->stmts; i++) {
		const struct ir_stmt *s = &r->stmt[i];
		const struct ir_match *m = &s->match;
		enum ir_field f;

		if (s->kind == IR_MARK_SET)
			from[0] = i;
		if (s->kind == IR_CT_MARK_SET)
			from[1] = i;
		if (s->kind == IR_MAP && !w->p->set[s->map.set].elements) {
			ast_warning(w->ast, w->d, &s->place, "this never matches: the map is empty");
			return;
		}
		if (s->kind != IR_MATCH)
			continue;
		if (m->kind == IR_MATCH_SET && m->fields > 1) {
			if (!alone_possible(w->p, m)) {
				warn_alone(w, s);
				return;
			}
			continue;
		}
		if (!alone_possible(w->p, m)) {
			warn_alone(w, s);
			return;
		}
		if (!device_possible(c, m)) {
			ast_warning(w->ast, w->d, &s->place, "this never matches: at hook %s a packet "
				    "has no %s interface", names_hook(c->hook),
				    c->hook == 3 ? "input" : "output");
			return;
		}
		f = kin(m->field[0]);
		if (is_small(f)) {
			if (small_possible(w->p, r, f, 0, i))
				continue;
			if (!small_possible(w->p, r, f, i, i))
				warn_alone(w, s);
			else
				ast_warning(w->ast, w->d, &s->place, "this rule never matches: it "
					    "excludes what stands before on %s",
					    ir_field_name(m->field[0]));
			return;
		}
		for (j = f == IR_META_MARK ? from[0] : f == IR_CT_MARK ? from[1] : 0; j < i; j++) {
			const struct ir_stmt *o = &r->stmt[j];

			if (o->kind != IR_MATCH || o->match.fields != 1 ||
			    o->match.field[0] != f || pair_possible(w->p, &o->match, m))
				continue;
			ast_warning(w->ast, w->d, &s->place, "this rule never matches: it excludes "
				    "what stands before on %s", ir_field_name(f));
			return;
		}
	}
}

void warn_never(const struct warn *w)
{
	size_t i, j;

	for (i = 0; i < w->p->chains; i++)
		for (j = 0; j < w->p->chain[i].rules; j++)
			warn_rule(w, &w->p->chain[i], &w->p->chain[i].rule[j]);
}
