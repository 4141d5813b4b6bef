// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_match: matches and verdict maps. A field first gets the matches that it
 * needs: `tcp dport` is asked only of TCP, `ip saddr` only of IPv4.
 */
#include "policy/check_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_match(struct check *c, const struct ir_place *place, const struct ir_match *m,
		      bool front)
{
	struct ir_stmt *s = check_stmt_add(c, IR_MATCH, place, front);

	if (!s)
		return false;
	memcpy(&s->match, m, sizeof(*m));
	proto_update(&c->proto, c->p, m);
	return true;
}

/*
 * `field value`. In front of other statements it is printed, since its place is
 * not the one where it would be added again.
 */
static bool add_byte(struct check *c, const struct ir_place *place, enum ir_field f,
		     unsigned int value, bool front)
{
	struct ir_match m;

	memset(&m, 0, sizeof(m));
	m.kind = IR_MATCH_RANGE;
	m.implicit = !front || !c->rule->stmts;
	m.fields = 1;
	m.field[0] = f;
	memset(m.mask, 0xff, sizeof(m.mask));
	m.range.first[0] = m.range.last[0] = (uint8_t)value;
	return add_match(c, place, &m, front);
}

static const char *net_word(unsigned int net)
{
	return net == 2 ? "IPv4" : net == 10 ? "IPv6" : "another family";
}

const char *proto_word(int l4, char *buf, size_t size)
{
	const char *word = names_word(NAMES_PROTOCOL, (uint32_t)l4);

	if (word)
		return word;
	snprintf(buf, size, "protocol %d", l4);
	return buf;
}

bool check_add_net(struct check *c, const struct ir_place *place, unsigned int net, bool front)
{
	if (c->proto.net_mixed) {
		error(c, place, "after a set of protocol families it is not known which header is "
		      "there: write \"meta nfproto %s\" instead", net == 2 ? "ipv4" : "ipv6");
		return false;
	}
	if (c->proto.net == net)
		return true;
	if (c->proto.net) {
		error(c, place, "this is for %s, but the rule is for %s already: no packet is both",
		      net_word(net), net_word(c->proto.net));
		return false;
	}
	return add_byte(c, place, IR_META_NFPROTO, net, front);
}

bool check_add_l4(struct check *c, const struct ir_place *place, int l4, bool front)
{
	char a[32], b[32];

	if (c->proto.l4 < 0)
		return add_byte(c, place, IR_META_L4PROTO, (unsigned int)l4, front);
	if (c->proto.l4_mixed) {
		error(c, place, "this is for %s, but the rule is for several protocols already: "
		      "ports of any protocol are th sport and th dport",
		      proto_word(l4, a, sizeof(a)));
		return false;
	}
	if (c->proto.l4 != l4) {
		error(c, place, "this is for %s, but the rule is for %s already: no packet is both",
		      proto_word(l4, a, sizeof(a)), proto_word(c->proto.l4, b, sizeof(b)));
		return false;
	}
	return true;
}

static bool field_unknown(struct check *c, const struct ast_expr *e)
{
	char name[128] = "", others[256];
	const struct ast_word *w;
	size_t len = 0;

	for (w = e->word; w && len < sizeof(name); w = w->next)
		len += (size_t)snprintf(name + len, sizeof(name) - len, "%s%s", len ? " " : "",
					w->text);
	if (field_others(e->word->text, others, sizeof(others)))
		error(c, &e->place, "\"%s\" is not supported: accepted after %s are %s", name,
		      e->word->text, others);
	else
		error(c, &e->place, "\"%s\" is not supported: accepted are matches on meta, ip, ip6, "
		      "exthdr frag, tcp, udp, udplite, sctp, th, icmp, icmpv6 and ct", name);
	return false;
}

static bool depend_on(struct check *c, const struct ast_expr *e, const struct field *f)
{
	const struct ir_place *place = &e->place;

	if (f->ir == IR_META_NFPROTO && c->p->family != IR_INET) {
		error(c, place, "meta nfproto is for table inet: in this table it is always %s",
		      c->p->family == IR_IP ? "ipv4" : "ipv6");
		return false;
	}
	if (f->net && !check_add_net(c, place, f->net, f->ir == IR_EXTHDR_FRAG))
		return false;
	if (f->l4 < 0)
		return true;
	/* ICMP is IPv4's and ICMPv6 IPv6's, where nothing was said yet. */
	if ((f->l4 == 1 || f->l4 == 58) && c->proto.l4 < 0 && !c->proto.net &&
	    !c->proto.net_mixed && !check_add_net(c, place, f->l4 == 1 ? 2 : 10, false))
		return false;
	return check_add_l4(c, place, f->l4, false);
}

const struct field *check_field(struct check *c, const struct ast_expr *e, bool depend)
{
	const struct ast_word *w = e->word;
	const struct field *f = NULL;

	if (w && w->next && !w->next->next)
		f = field_find(w->text, w->next->text);
	if (!f) {
		field_unknown(c, e);
		return NULL;
	}
	return !depend || depend_on(c, e, f) ? f : NULL;
}

/* ---- what is on the left: fields, with a mask perhaps ---- */

struct left {
	const struct field *field[IR_MAX_FIELDS];
	enum type_kind type[IR_MAX_FIELDS];
	unsigned int fields;
	struct linear linear;	/* of one field */
	bool plain;		/* no mask */
};

static bool read_concat(struct check *c, const struct ast_expr *e, struct left *l)
{
	const struct ast_expr *i;

	if (e->count > IR_MAX_FIELDS) {
		error(c, &e->place, "a concatenation has at most %d parts", IR_MAX_FIELDS);
		return false;
	}
	for (i = e->items; i; i = i->next) {
		if (i->kind != AST_FIELD) {
			error(c, &i->place, "%s in a concatenation is not supported: accepted are "
			      "fields, as ip saddr . tcp dport", expr_what(i));
			return false;
		}
		l->field[l->fields] = check_field(c, i, true);
		if (!l->field[l->fields])
			return false;
		if (!l->field[l->fields]->concat) {
			error(c, &i->place, "\"%s %s\" in a concatenation is not supported",
			      l->field[l->fields]->word[0], l->field[l->fields]->word[1]);
			return false;
		}
		l->type[l->fields] = l->field[l->fields]->type;
		l->fields++;
	}
	return true;
}

static bool maskable(enum type_kind t)
{
	switch (t) {
	case TYPE_IFNAME:
	case TYPE_IFINDEX:
	case TYPE_DSCP:
	case TYPE_BOOLEAN:
	case TYPE_NFPROTO:
	case TYPE_PKTTYPE:
	case TYPE_CT_DIRECTION:
		return false;
	default:
		return true;
	}
}

static bool read_left(struct check *c, const struct ast_expr *e, struct left *l)
{
	const struct ast_expr *one;
	uint8_t max[IR_MAX_WIDTH], zero[IR_MAX_WIDTH] = { 0 };

	memset(l, 0, sizeof(*l));
	l->plain = true;
	if (e->kind == AST_CONCAT)
		return read_concat(c, e, l);
	one = expr_field(e);
	if (!one) {
		error(c, &e->place, "%s cannot be matched: expected a field, as ip saddr",
		      expr_what(e));
		return false;
	}
	l->field[0] = check_field(c, one, true);
	if (!l->field[0])
		return false;
	l->type[0] = l->field[0]->type;
	l->fields = 1;
	if (e->kind == AST_BINOP && !maskable(l->type[0])) {
		error(c, &e->place, "a mask on \"%s %s\" is not supported", l->field[0]->word[0],
		      l->field[0]->word[1]);
		return false;
	}
	if (!check_linear(c, e, l->type[0], &l->linear))
		return false;
	value_max(l->type[0], max);
	l->plain = memcmp(l->linear.mask, max, sizeof(max)) == 0 &&
		   memcmp(l->linear.flip, zero, sizeof(zero)) == 0;
	return true;
}

static void match_init(struct ir_match *m, const struct left *l)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->fields = l->fields;
	for (i = 0; i < l->fields; i++)
		m->field[i] = l->field[i]->ir;
	memset(m->mask, 0xff, sizeof(m->mask));
}

/* ---- one value on the right ---- */

static bool all_ones(const uint8_t *mask, enum type_kind t)
{
	uint8_t max[IR_MAX_WIDTH];

	value_max(t, max);
	return memcmp(mask, max, type_table[t].width) == 0;
}

/* (field & mask) == value; addresses under a prefix's mask become a range. */
static void put_equal(struct ir_match *m, const uint8_t *mask, const uint8_t *value,
		      enum type_kind t)
{
	unsigned int width = type_table[t].width, i;
	bool fits = true, ended = false, prefix = true;
	int bit;

	memcpy(m->range.first, value, width);
	memcpy(m->range.last, value, width);
	if (all_ones(mask, t))
		return;
	for (i = 0; i < width; i++) {
		fits &= (value[i] & ~mask[i]) == 0;
		for (bit = 7; bit >= 0; bit--) {
			if (!(mask[i] >> bit & 1))
				ended = true;
			else if (ended)
				prefix = false;
		}
	}
	if ((t == TYPE_IPV4 || t == TYPE_IPV6) && fits && prefix) {
		for (i = 0; i < width; i++)
			m->range.last[i] |= (uint8_t)~mask[i];
		return;
	}
	memset(m->mask, 0, sizeof(m->mask));
	memcpy(m->mask, mask, width);
}

static void decrement(uint8_t *v, unsigned int width)
{
	while (width--)
		if (v[width]--)
			return;
}

static void increment(uint8_t *v, unsigned int width)
{
	while (width--)
		if (++v[width])
			return;
}

static bool put_order(struct check *c, const struct ast_stmt *s, const struct left *l,
		      const struct value *v, struct ir_match *m)
{
	enum type_kind t = l->type[0];
	unsigned int width = type_table[t].width;
	uint8_t max[IR_MAX_WIDTH], zero[IR_MAX_WIDTH] = { 0 };
	enum ast_op op = s->match.op;

	if (!type_table[t].range || v->interval) {
		error(c, &s->match.right->place, "%s cannot be compared by order: accepted are == "
		      "and !=", v->interval ? "a range" : type_table[t].what);
		return false;
	}
	value_max(t, max);
	if (!l->plain) {
		if (op == AST_GT && memcmp(v->r.first, zero, width) == 0) {
			put_equal(m, l->linear.mask, l->linear.flip, t);
			m->negate = true;
			return true;
		}
		error(c, &s->match.left->place, "a mask goes only with == and !=, and with > 0");
		return false;
	}
	memcpy(m->range.last, max, width);
	if (op == AST_GE) {
		memcpy(m->range.first, v->r.first, width);
	} else if (op == AST_LE) {
		memcpy(m->range.last, v->r.first, width);
	} else if (op == AST_GT) {
		if (memcmp(v->r.first, max, width) == 0) {
			m->negate = true;	/* of everything */
			return true;
		}
		memcpy(m->range.first, v->r.first, width);
		increment(m->range.first, width);
	} else {
		if (memcmp(v->r.first, zero, width) == 0) {
			m->negate = true;
			return true;
		}
		memcpy(m->range.last, v->r.first, width);
		decrement(m->range.last, width);
	}
	return true;
}

/* Flags, where it is about some of the bits: `tcp flags syn`, `!`, `/`. */
static bool put_bits(struct check *c, const struct ast_stmt *s, const struct left *l,
		     const uint8_t *v, struct ir_match *m)
{
	enum type_kind t = l->type[0];
	uint8_t zero[IR_MAX_WIDTH] = { 0 }, mask[IR_MAX_WIDTH];

	if (!type_table[t].flags || !l->plain) {
		error(c, s->match.mask ? &s->match.mask->place : &s->match.right->place,
		      "%s is for flags: tcp flags and ct state",
		      s->match.mask ? "VALUE / MASK" : "! VALUE");
		return false;
	}
	if (!s->match.mask) {
		put_equal(m, v, zero, t);
		m->negate = s->match.op == AST_IMPLICIT;
		return true;
	}
	if (s->match.op == AST_NOT) {
		error(c, &s->match.op_place, "! does not go with / MASK: accepted is !=");
		return false;
	}
	if (!check_const(c, s->match.mask, t, mask))
		return false;
	put_equal(m, mask, v, t);
	m->negate = s->match.op == AST_NE;
	return true;
}

static bool match_value(struct check *c, const struct ast_stmt *s, const struct left *l,
			const struct ast_expr *right)
{
	enum type_kind t = l->type[0];
	enum ast_op op = s->match.op;
	struct ir_match m;
	struct value v;
	unsigned int i;

	match_init(&m, l);
	if (!check_value(c, right, t, &v))
		return false;
	if (s->match.mask || op == AST_NOT || (op == AST_IMPLICIT && l->plain &&
					       type_table[t].flags &&
					       s->match.left->kind == AST_FIELD)) {
		if (!put_bits(c, s, l, v.r.first, &m))
			return false;
	} else if (op == AST_LT || op == AST_GT || op == AST_LE || op == AST_GE) {
		if (!put_order(c, s, l, &v, &m))
			return false;
	} else if (v.interval) {
		if (!l->plain) {
			error(c, &right->place, "a range does not go with a mask");
			return false;
		}
		memcpy(&m.range, &v.r, sizeof(m.range));
		m.negate = op == AST_NE;
	} else {
		for (i = 0; i < type_table[t].width; i++)
			v.r.first[i] ^= l->linear.flip[i];
		put_equal(&m, l->linear.mask, v.r.first, t);
		m.negate = op == AST_NE;
	}
	return add_match(c, &s->place, &m, false);
}

/* ---- sets on the right ---- */

static const char *type_words(const enum type_kind *t, unsigned int n, char *buf, size_t size)
{
	size_t len = 0;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < n && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? " . " : "",
					type_table[t[i]].name ? type_table[t[i]].name :
					type_table[t[i]].what);
	return buf;
}

/* A named set or map of @l's types. False, with no error of its own, for one that has errors. */
static bool find_set(struct check *c, const struct ast_expr *e, const struct left *l, bool map,
		     unsigned int *number)
{
	const struct set_info *info;
	const struct ir_set *set;
	char a[128], b[128];
	unsigned int i;
	bool same;

	if (!index_find(&c->sets, e->text, number)) {
		error(c, &e->place, "there is no %s \"%s\" in this table", map ? "map" : "set",
		      e->text);
		return false;
	}
	info = &c->set_info[*number];
	set = &c->p->set[*number];
	if (info->broken)
		return false;
	if (set->map != map) {
		error(c, &e->place, map ? "\"%s\" is a set: vmap needs a map" :
		      "\"%s\" is a map: it is used with vmap", e->text);
		return false;
	}
	same = set->fields == l->fields;
	for (i = 0; same && i < l->fields; i++)
		same = info->type[i] == l->type[i];
	if (!same) {
		error(c, &e->place, "the elements of \"%s\" are of type %s, here it is about %s",
		      e->text, type_words(info->type, set->fields, a, sizeof(a)),
		      type_words(l->type, l->fields, b, sizeof(b)));
		return false;
	}
	if (!l->plain) {
		error(c, &e->place, "a named %s does not go with a mask", map ? "map" : "set");
		return false;
	}
	return true;
}

/* Reads the set or map @e for @l. */
static bool read_set(struct check *c, const struct ast_expr *e, const struct left *l, bool map,
		     unsigned int *number)
{
	uint8_t zero[IR_MAX_WIDTH] = { 0 };

	if (e->kind == AST_SETREF)
		return find_set(c, e, l, map, number);
	if (memcmp(l->linear.flip, zero, sizeof(zero)) != 0) {
		error(c, &e->place, "a set goes with & and a mask only, not with | or ^");
		return false;
	}
	return check_set_literal(c, e, l->type, l->fields, map,
				 l->plain ? NULL : l->linear.mask, number);
}

/* An anonymous set of one element or of none is no set: what it says stands in @m. */
static void unset(struct check *c, const struct left *l, struct ir_match *m)
{
	struct ir_set *set = &c->p->set[m->set];

	if (set->elements > 1)
		return;
	m->kind = IR_MATCH_RANGE;
	if (set->elements) {
		m->range = set->element[0].key[0];
	} else {	/* the mask leaves none: not anything */
		value_max(l->type[0], m->range.last);
		m->negate = !m->negate;
	}
	m->set = 0;
	free(set->element);
	c->p->sets--;
}

bool check_match(struct check *c, const struct ast_stmt *s)
{
	const struct ast_expr *right = s->match.right;
	enum ast_op op = s->match.op;
	struct ir_match m;
	struct left l;

	if (!read_left(c, s->match.left, &l))
		return false;
	if (right->kind == AST_SET && right->element_count == 1 && l.fields == 1 &&
	    !right->elements->verdict && !right->elements->data && !right->elements->options &&
	    op != AST_NOT && !s->match.mask)
		right = right->elements->key;	/* as nft does */
	if (right->kind != AST_SET && right->kind != AST_SETREF) {
		if (l.fields > 1) {
			error(c, &right->place, "a concatenation is compared with a set: expected "
			      "{ a . b } or @NAME");
			return false;
		}
		return match_value(c, s, &l, right);
	}
	if ((op != AST_IMPLICIT && op != AST_EQ && op != AST_NE) || s->match.mask) {
		error(c, s->match.op_place.line ? &s->match.op_place : &right->place,
		      "a set goes with == and != only");
		return false;
	}
	match_init(&m, &l);
	m.kind = IR_MATCH_SET;
	m.negate = op == AST_NE;
	if (!read_set(c, right, &l, false, &m.set))
		return false;
	if (right->kind == AST_SET && l.fields == 1)
		unset(c, &l, &m);
	return add_match(c, &s->place, &m, false);
}

bool check_vmap(struct check *c, const struct ast_stmt *s)
{
	const struct ast_expr *map = s->vmap.map;
	struct ir_stmt *stmt;
	unsigned int set, i;
	struct left l;

	if (!read_left(c, s->vmap.key, &l))
		return false;
	if (map->kind != AST_SET && map->kind != AST_SETREF) {
		error(c, &map->place, "%s is not a map: expected { KEY : VERDICT, ... } or @NAME",
		      expr_what(map));
		return false;
	}
	if (!read_set(c, map, &l, true, &set))
		return false;
	if (map->kind == AST_SET && !c->p->set[set].elements) {
		error(c, &map->place, "with this mask no element can match");
		return false;
	}
	stmt = check_stmt_add(c, IR_MAP, &s->place, false);
	if (!stmt)
		return false;
	stmt->map.fields = l.fields;
	for (i = 0; i < l.fields; i++)
		stmt->map.field[i] = l.field[i]->ir;
	stmt->map.set = set;
	return true;
}
