// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * format: the normal form. Protocols, flags, states and ICMP types have names;
 * ports, addresses and all within ranges are numbers. What the checker adds of
 * itself is left out, since it adds it again.
 */
#include "policy/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/check_proto.h"
#include "policy/format_value.h"
#include "policy/names.h"

static void put_verdict(struct text *o, const struct ir_policy *p, const struct ir_verdict *v)
{
	static const char *const words[] = {
		[IR_ACCEPT] = "accept", [IR_DROP] = "drop", [IR_RETURN] = "return",
		[IR_CONTINUE] = "continue", [IR_JUMP] = "jump ", [IR_GOTO] = "goto ",
	};

	text_put(o, words[v->kind]);
	if (v->kind == IR_JUMP || v->kind == IR_GOTO)
		text_put(o, p->chain[v->chain].name);
}

static void put_elements(struct text *o, const struct ir_policy *p, const struct ir_set *set,
			 const enum type_kind *t)
{
	size_t i;

	text_put(o, "{ ");
	for (i = 0; i < set->elements; i++) {
		if (i)
			text_put(o, ", ");
		format_put_key(o, &set->element[i], t, set->fields);
		if (set->map) {
			text_put(o, " : ");
			put_verdict(o, p, &set->element[i].verdict);
		}
	}
	text_put(o, " }");
}

/* ---- statements ---- */

struct form {
	struct text *o;
	const struct ir_policy *p;
	struct proto proto;
};

static void put_field(const struct form *f, enum ir_field field)
{
	if (field == IR_TH_SPORT || field == IR_TH_DPORT) {
		text_put(f->o, field_port_word(f->proto.l4_mixed ? -1 : f->proto.l4));
		text_put(f->o, field == IR_TH_SPORT ? " sport" : " dport");
	} else {
		text_put(f->o, ir_field_name(field));
	}
}

static void put_fields(const struct form *f, const enum ir_field *field, unsigned int fields)
{
	unsigned int i;

	for (i = 0; i < fields; i++) {
		if (i)
			text_put(f->o, " . ");
		put_field(f, field[i]);
	}
}

static void put_set(const struct form *f, const enum ir_field *field, unsigned int fields,
		    unsigned int number_of_set)
{
	const struct ir_set *set = &f->p->set[number_of_set];
	enum type_kind t[IR_MAX_FIELDS];
	unsigned int i;

	if (set->name) {
		text_put_char(f->o, '@');
		text_put(f->o, set->name);
		return;
	}
	for (i = 0; i < fields; i++)
		t[i] = field_of(field[i])->type;
	put_elements(f->o, f->p, set, t);
}

static bool all_ones(const uint8_t *mask, enum type_kind t)
{
	const struct type *type = &type_table[t];
	unsigned int i;

	if (type->width > 4) {
		for (i = 0; i < type->width; i++)
			if (mask[i] != 0xff)
				return false;
		return true;
	}
	return (~format_number(mask, type->width) & (uint32_t)((1ULL << type->bits) - 1)) == 0;
}

/* Flags have words of their own for tests of some bits. */
static void put_flag_match(const struct form *f, const struct ir_match *m, enum type_kind t)
{
	unsigned int width = type_table[t].width;
	uint32_t mask = format_number(m->mask, width), value = format_number(m->range.first, width);
	struct text *o = f->o;

	if (all_ones(m->mask, t)) {
		text_put(o, m->negate ? " != " : " == ");
		format_put_flags(o, t, value, " | ");
	} else if (value == 0) {
		text_put(o, m->negate ? " " : " ! ");
		format_put_flags(o, t, mask, ",");
	} else if ((mask & (mask - 1)) == 0 || ((mask | value) & ~format_named_bits(t))) {
		text_put(o, " & ");
		if (mask & (mask - 1))
			format_put_number(o, t, mask);
		else
			format_put_flags(o, t, mask, ",");
		text_put(o, m->negate ? " != " : " == ");
		if (value & (value - 1))
			format_put_number(o, t, value);
		else
			format_put_flags(o, t, value, ",");
	} else {
		text_put(o, m->negate ? " != " : " ");
		format_put_flags(o, t, value, ",");
		text_put(o, " / ");
		format_put_flags(o, t, mask, ",");
	}
}

/* Quantities that reach to their end are compared; ports and addresses stay ranges. */
static bool is_tail(const struct ir_match *m, enum type_kind t)
{
	const struct type *type = &type_table[t];

	if (t == TYPE_SERVICE || type->width > 4 || t == TYPE_IPV4 || m->negate)
		return false;
	return format_number(m->range.first, type->width) > 0 &&
	       format_number(m->range.first, type->width) < format_number(m->range.last, type->width) &&
	       format_number(m->range.last, type->width) == (uint32_t)((1ULL << type->bits) - 1);
}

static void put_match(struct form *f, const struct ir_match *m)
{
	enum type_kind t = field_of(m->field[0])->type;
	struct text *o = f->o;

	put_fields(f, m->field, m->fields);
	if (m->kind == IR_MATCH_SET) {
		text_put(o, m->negate ? " != " : " ");
		put_set(f, m->field, m->fields, m->set);
		return;
	}
	if (type_table[t].flags) {
		put_flag_match(f, m, t);
		return;
	}
	if (!all_ones(m->mask, t)) {
		text_put(o, " & ");
		format_put_value(o, t, m->mask, true);
		text_put(o, m->negate ? " != " : " == ");
		format_put_value(o, t, m->range.first, true);
	} else if (is_tail(m, t)) {
		text_put(o, " > ");
		format_put_number(o, t, format_number(m->range.first, type_table[t].width) - 1);
	} else {
		text_put(o, m->negate ? " != " : " ");
		format_put_range(o, t, &m->range, false);
	}
}

static void put_amount(struct text *o, uint64_t n)
{
	if (n && n % (1024 * 1024) == 0)
		text_printf(o, "%" PRIu64 " mbytes", n / (1024 * 1024));
	else if (n && n % 1024 == 0)
		text_printf(o, "%" PRIu64 " kbytes", n / 1024);
	else
		text_printf(o, "%" PRIu64 " bytes", n);
}

static void put_limit(struct text *o, const struct ir_limit *l)
{
	text_printf(o, "limit rate %s", l->over ? "over " : "");
	if (l->bytes)
		put_amount(o, l->rate);
	else
		text_printf(o, "%" PRIu64, l->rate);
	text_printf(o, "/%s", l->unit == 1 ? "second" : l->unit == 60 ? "minute" :
		l->unit == 3600 ? "hour" : l->unit == 86400 ? "day" : "week");
	if (l->bytes && l->burst) {
		text_put(o, " burst ");
		put_amount(o, l->burst);
	} else if (!l->bytes && l->burst != 5) {
		text_printf(o, " burst %" PRIu32 " packets", l->burst);
	}
}

static void put_mark_set(struct text *o, const struct ir_stmt *s)
{
	const char *from = s->mark.field == IR_CT_MARK ? "ct mark" : "meta mark";
	uint32_t mask = s->mark.mask, flip = s->mark.flip;

	text_printf(o, "%s mark set ", s->kind == IR_MARK_SET ? "meta" : "ct");
	if (s->mark.field == IR_NONE)
		text_printf(o, "0x%08" PRIx32, flip);
	else if (mask == UINT32_MAX && flip == 0)
		text_put(o, from);
	else if (flip == 0)
		text_printf(o, "%s & 0x%08" PRIx32, from, mask);
	else if (mask == ~flip)
		text_printf(o, "%s | 0x%08" PRIx32, from, flip);
	else if (mask == UINT32_MAX)
		text_printf(o, "%s ^ 0x%08" PRIx32, from, flip);
	else if ((mask & flip) == 0)
		text_printf(o, "%s & 0x%08" PRIx32 " | 0x%08" PRIx32, from, mask, flip);
	else
		text_printf(o, "%s & 0x%08" PRIx32 " ^ 0x%08" PRIx32, from, mask, flip);
}

static void put_reject(const struct form *f, const struct ir_stmt *s)
{
	struct text *o = f->o;

	switch (s->reject.how) {
	case IR_REJECT_RESET:
		text_put(o, "reject with tcp reset");
		break;
	case IR_REJECT_ICMP:
		text_printf(o, "reject with icmp %s", names_word(NAMES_ICMP_CODE, s->reject.code));
		break;
	case IR_REJECT_ICMPV6:
		text_printf(o, "reject with icmpv6 %s", names_word(NAMES_ICMPV6_CODE, s->reject.code));
		break;
	case IR_REJECT_ICMPX:
		if (s->reject.code == 1 && f->proto.net == 0 && !f->proto.net_mixed)
			text_put(o, "reject");
		else
			text_printf(o, "reject with icmpx %s",
				names_word(NAMES_ICMPX_CODE, s->reject.code));
		break;
	}
}

static void put_stmt(struct form *f, const struct ir_stmt *s)
{
	const char *level;

	switch (s->kind) {
	case IR_MATCH:
		put_match(f, &s->match);
		break;
	case IR_MAP:
		put_fields(f, s->map.field, s->map.fields);
		text_put(f->o, " vmap ");
		put_set(f, s->map.field, s->map.fields, s->map.set);
		break;
	case IR_COUNTER:
		text_put(f->o, "counter");
		break;
	case IR_LIMIT:
		put_limit(f->o, &s->limit);
		break;
	case IR_LOG:
		text_put(f->o, "log");
		if (s->log.prefix)
			text_printf(f->o, " prefix \"%s\"", s->log.prefix);
		level = names_word(NAMES_LOG_LEVEL, s->log.level);
		if (level && s->log.level != 4)
			text_printf(f->o, " level %s", level);
		break;
	case IR_MARK_SET:
	case IR_CT_MARK_SET:
		put_mark_set(f->o, s);
		break;
	case IR_REJECT:
		put_reject(f, s);
		break;
	case IR_VERDICT:
		put_verdict(f->o, f->p, &s->verdict);
		break;
	}
}

char *format_rule(const struct ir_policy *p, const struct ir_rule *r)
{
	struct text text = { .v = NULL };
	struct form f = { .o = &text, .p = p };
	bool first = true;
	size_t i;

	proto_init(&f.proto, p->family);
	for (i = 0; i < r->stmts; i++) {
		const struct ir_stmt *s = &r->stmt[i];

		if (s->kind != IR_MATCH || !s->match.implicit) {
			if (!first)
				text_put_char(f.o, ' ');
			first = false;
			put_stmt(&f, s);
		}
		if (s->kind == IR_MATCH)
			proto_update(&f.proto, p, &s->match);
	}
	return text_end(&text);
}

/* ---- the table ---- */

/* From the set's text, or from a field that it is used for: IR made by hand has none. */
static bool set_types(const struct ir_policy *p, unsigned int set, enum type_kind *t)
{
	const enum ir_field *field = NULL;
	unsigned int n = 0;
	size_t i, j, k;
	char *text, *word, *state;
	int kind;

	if (p->set[set].text) {
		text = strdup(p->set[set].text);
		for (word = text ? strtok_r(text, " .", &state) : NULL; word && n < IR_MAX_FIELDS;
		     word = strtok_r(NULL, " .", &state)) {
			kind = type_find(word);
			t[n++] = kind < 0 ? TYPE_INTEGER32 : (enum type_kind)kind;
		}
		free(text);
		return n == p->set[set].fields;
	}
	for (i = 0; i < p->chains; i++)
		for (j = 0; j < p->chain[i].rules; j++)
			for (k = 0; k < p->chain[i].rule[j].stmts; k++) {
				const struct ir_stmt *s = &p->chain[i].rule[j].stmt[k];

				if (s->kind == IR_MAP && s->map.set == set)
					field = s->map.field;
				if (s->kind == IR_MATCH && s->match.kind == IR_MATCH_SET &&
				    s->match.set == set)
					field = s->match.field;
			}
	for (n = 0; field && n < p->set[set].fields; n++)
		t[n] = field_of(field[n])->type;
	return field;
}

/* False: no memory. */
static bool put_named(FILE *o, const struct ir_policy *p, unsigned int number_of_set)
{
	const struct ir_set *set = &p->set[number_of_set];
	struct text text = { .v = NULL };
	enum type_kind t[IR_MAX_FIELDS];
	char *elements = NULL;
	unsigned int i;

	if (!set_types(p, number_of_set, t))
		return true;
	if (set->elements) {
		put_elements(&text, p, set, t);
		elements = text_end(&text);
		if (!elements)
			return false;
	}
	fprintf(o, "\t%s %s {\n\t\ttype ", set->map ? "map" : "set", set->name);
	for (i = 0; i < set->fields; i++)
		fprintf(o, "%s%s", i ? " . " : "",
			type_table[t[i]].name ? type_table[t[i]].name : "integer");
	fprintf(o, "%s\n", set->map ? " : verdict" : "");
	if (set->interval)
		fputs("\t\tflags interval\n", o);
	if (elements)
		fprintf(o, "\t\telements = %s\n", elements);
	fputs("\t}\n", o);
	free(elements);
	return true;
}

int format_sets(FILE *o, const struct ir_policy *p)
{
	unsigned int i;

	for (i = 0; i < p->sets; i++)
		if (p->set[i].name && !put_named(o, p, i))
			return -ENOMEM;
	return 0;
}

int format_policy(FILE *o, const struct ir_policy *p)
{
	static const char *const families[] = { "inet", "ip", "ip6" };
	unsigned int i;
	size_t j;
	char *text;

	fprintf(o, "table %s %s {\n", families[p->family], p->table ? p->table : "filter");
	if (format_sets(o, p))
		return -ENOMEM;
	for (i = 0; i < p->chains; i++) {
		const struct ir_chain *c = &p->chain[i];

		fprintf(o, "\tchain %s {\n", c->name);
		if (c->base)
			fprintf(o, "\t\ttype filter hook %s priority %d; policy %s;\n",
				names_hook(c->hook), c->priority,
				c->policy == IR_DROP ? "drop" : "accept");
		for (j = 0; j < c->rules; j++) {
			text = format_rule(p, &c->rule[j]);
			if (!text)
				return -ENOMEM;
			fprintf(o, "\t\t%s", text);
			if (c->rule[j].comment)
				fprintf(o, "%scomment \"%s\"", *text ? " " : "",
					c->rule[j].comment);
			fputc('\n', o);
			free(text);
		}
		fputs("\t}\n", o);
	}
	fputs("}\n", o);
	return ferror(o) ? -ENOMEM : 0;
}
