// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_value: what is written on the right of a match or in a set, as bytes.
 */
#include "policy/check_int.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *expr_what(const struct ast_expr *e)
{
	switch (e->kind) {
	case AST_WORD:
		return "a word";
	case AST_STRING:
		return "a string";
	case AST_NUMBER:
		return "a number";
	case AST_ADDRESS:
		return "an address";
	case AST_FIELD:
		return "a field";
	case AST_PREFIX:
		return "a prefix";
	case AST_RANGE:
		return "a range";
	case AST_LIST:
		return "a list";
	case AST_CONCAT:
		return "a concatenation";
	case AST_SET:
		return "a set";
	case AST_SETREF:
		return "a set";
	case AST_BINOP:
		return "an expression";
	case AST_WILDCARD:
		return "*";
	}
	return "this";
}

void value_put(uint8_t *v, unsigned int width, uint64_t number)
{
	while (width--) {
		v[width] = (uint8_t)number;
		number >>= 8;
	}
}

uint32_t value_u32(const uint8_t *v, unsigned int width)
{
	uint32_t n = 0;
	unsigned int i;

	for (i = 0; i < width; i++)
		n = n << 8 | v[i];
	return n;
}

void value_max(enum type_kind t, uint8_t v[IR_MAX_WIDTH])
{
	const struct type *type = &type_table[t];

	memset(v, 0, IR_MAX_WIDTH);
	if (type->width > 4)
		memset(v, 0xff, type->width);
	else
		value_put(v, type->width, (1ULL << type->bits) - 1);
}

static bool put_number(struct check *c, const struct ast_expr *e, enum type_kind t, uint64_t n,
		       uint8_t *v)
{
	const struct type *type = &type_table[t];
	uint64_t max;

	if (t == TYPE_IPV6 || t == TYPE_IFNAME) {
		error(c, &e->place, "\"%s\" is not %s", e->text, type->what);
		return false;
	}
	if (t == TYPE_IFINDEX && n != 1) {
		error(c, &e->place, "interface %" PRIu64 " is not supported: iif and oif take only "
		      "\"lo\"; others by their name, with iifname and oifname", n);
		return false;
	}
	if (t == TYPE_NFPROTO && n != 2 && n != 10) {
		error(c, &e->place, "%" PRIu64 " is not a protocol family: accepted are ipv4, ipv6",
		      n);
		return false;
	}
	max = (1ULL << type->bits) - 1;
	if (n > max) {
		error(c, &e->place, "%" PRIu64 " is too large for %s: accepted are 0 to %" PRIu64,
		      n, type->what, max);
		return false;
	}
	value_put(v, type->width, n);
	return true;
}

/* A whole number in digits, by the base that its start says. */
static bool parse_number(const char *s, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return false;
	errno = 0;
	*n = strtoull(s, &end, 0);
	return errno == 0 && *end == '\0';
}

static bool put_ifname(struct check *c, const struct ast_expr *e, uint8_t *v, bool *wildcard)
{
	const char *s = e->text;
	size_t n = strlen(s);

	*wildcard = false;
	if (n == 0) {
		error(c, &e->place, "an interface's name is not empty");
		return false;
	}
	if (s[n - 1] == '*') {
		if (n == 1) {
			error(c, &e->place, "\"*\" matches every interface: leave the match out");
			return false;
		}
		n--;
		if (s[n - 1] == '\\') {	/* "a\*": the star itself */
			memset(v, 0, IR_MAX_WIDTH);
			if (n > 15)
				goto too_long;
			memcpy(v, s, n - 1);
			v[n - 1] = '*';
			return true;
		}
		*wildcard = true;
		if (n > 14)
			goto too_long;
	} else if (n > 15) {
		goto too_long;
	}
	memset(v, 0, IR_MAX_WIDTH);
	memcpy(v, s, n);
	return true;

too_long:
	error(c, &e->place, "\"%s\" is too long for %s: at most 15 bytes, with * 14", s,
	      "an interface's name");
	return false;
}

static bool put_address(struct check *c, const struct ast_expr *e, enum type_kind t, uint8_t *v)
{
	const char *what = type_table[t].what;
	const char *p;

	if (inet_pton(t == TYPE_IPV4 ? AF_INET : AF_INET6, e->text, v) == 1)
		return true;
	for (p = e->text; *p; p++)
		if (!isxdigit((unsigned char)*p) && *p != '.' && *p != ':')
			break;
	if (*p)
		error(c, &e->place, "\"%s\" is not %s: host names are not resolved", e->text, what);
	else
		error(c, &e->place, "\"%s\" is not %s", e->text, what);
	return false;
}

static bool put_word(struct check *c, const struct ast_expr *e, enum type_kind t, uint8_t *v)
{
	const struct type *type = &type_table[t];
	char all[512];
	uint32_t number;
	uint64_t n;
	uint16_t port;

	if (t == TYPE_IPV4 || t == TYPE_IPV6)
		return put_address(c, e, t, v);
	if (type->names >= 0 && names_number((enum names)type->names, e->text, &number)) {
		value_put(v, type->width, number);
		return true;
	}
	if (parse_number(e->text, &n))
		return put_number(c, e, t, n, v);
	switch (t) {
	case TYPE_SERVICE:
		if (names_service(e->text, &port)) {
			value_put(v, 2, port);
			return true;
		}
		error(c, &e->place, "\"%s\" is not a port: accepted are 0 to 65535 and the names in "
		      "/etc/services", e->text);
		return false;
	case TYPE_PROTO:
		if (names_protocol(e->text, v))
			return true;
		error(c, &e->place, "\"%s\" is not a protocol: accepted are 0 to 255 and the names "
		      "in /etc/protocols", e->text);
		return false;
	case TYPE_IFINDEX:
		if (strcmp(e->text, "lo") == 0) {
			value_put(v, 4, 1);
			return true;
		}
		error(c, &e->place, "interface \"%s\" is not supported here: iif and oif take only "
		      "\"lo\"; others by their name, with iifname and oifname", e->text);
		return false;
	default:
		break;
	}
	if (type->names >= 0)
		error(c, &e->place, "\"%s\" is not %s: accepted are %s", e->text, type->what,
		      names_all((enum names)type->names, all, sizeof(all)));
	else
		error(c, &e->place, "\"%s\" is not %s", e->text, type->what);
	return false;
}

static bool shift(struct check *c, const struct ast_expr *e, enum type_kind t, uint8_t *v)
{
	const struct type *type = &type_table[t];
	uint64_t n;

	if (type->width > 4 || e->right->kind != AST_NUMBER || e->right->number > 31) {
		error(c, &e->place, "a shift takes a number below 32 on its right");
		return false;
	}
	n = value_u32(v, type->width);
	n = e->op == AST_SHL ? n << e->right->number : n >> e->right->number;
	if (n >> type->bits) {
		error(c, &e->place, "the result is too large for %s", type->what);
		return false;
	}
	value_put(v, type->width, n);
	return true;
}

static bool put_binop(struct check *c, const struct ast_expr *e, enum type_kind t, uint8_t *v)
{
	uint8_t right[IR_MAX_WIDTH];
	unsigned int i;

	if (t == TYPE_IFNAME || t == TYPE_IFINDEX) {
		error(c, &e->place, "an expression is not %s", type_table[t].what);
		return false;
	}
	if (!check_const(c, e->left, t, v))
		return false;
	if (e->op == AST_SHL || e->op == AST_SHR)
		return shift(c, e, t, v);
	if (!check_const(c, e->right, t, right))
		return false;
	for (i = 0; i < type_table[t].width; i++) {
		if (e->op == AST_AND)
			v[i] &= right[i];
		else if (e->op == AST_OR)
			v[i] |= right[i];
		else
			v[i] ^= right[i];
	}
	return true;
}

static bool put_list(struct check *c, const struct ast_expr *e, enum type_kind t, uint8_t *v)
{
	uint8_t one[IR_MAX_WIDTH];
	const struct ast_expr *i;
	unsigned int k;
	bool ok = true;

	if (!type_table[t].flags) {
		error(c, &e->place, "a list a,b is for flags only; one of several values is "
		      "written { a, b }");
		return false;
	}
	memset(v, 0, IR_MAX_WIDTH);
	for (i = e->items; i; i = i->next) {
		if (!check_const(c, i, t, one)) {
			ok = false;
			continue;
		}
		for (k = 0; k < type_table[t].width; k++)
			v[k] |= one[k];
	}
	return ok;
}

/* No wildcard: @wildcard is NULL. */
static bool put_const(struct check *c, const struct ast_expr *e, enum type_kind t, uint8_t *v,
		      bool *wildcard)
{
	bool star = false;

	memset(v, 0, IR_MAX_WIDTH);
	switch (e->kind) {
	case AST_WORD:
	case AST_STRING:
		if (t != TYPE_IFNAME)
			return put_word(c, e, t, v);
		if (!put_ifname(c, e, v, &star))
			return false;
		if (star && !wildcard) {
			error(c, &e->place, "a name that ends in * cannot stand here");
			return false;
		}
		if (wildcard)
			*wildcard = star;
		return true;
	case AST_NUMBER:
		return put_number(c, e, t, e->number, v);
	case AST_ADDRESS:
		if (t == TYPE_IPV4 || t == TYPE_IPV6)
			return put_address(c, e, t, v);
		/* A MAC, or a name that looks so: "be" is a DSCP, "dead:1" an alias. */
		if (t == TYPE_IFNAME)
			return put_ifname(c, e, v, &star);
		return put_word(c, e, t, v);
	case AST_BINOP:
		return put_binop(c, e, t, v);
	case AST_LIST:
		return put_list(c, e, t, v);
	case AST_FIELD:
		error(c, &e->place, "a field cannot be compared with a field: expected %s",
		      type_table[t].what);
		return false;
	case AST_WILDCARD:
		error(c, &e->place, "the element * (all others) is not supported: put what it does "
		      "in a rule of its own");
		return false;
	default:
		error(c, &e->place, "%s cannot stand here: expected %s", expr_what(e),
		      type_table[t].what);
		return false;
	}
}

bool check_const(struct check *c, const struct ast_expr *e, enum type_kind t,
		 uint8_t v[IR_MAX_WIDTH])
{
	return put_const(c, e, t, v, NULL);
}

static bool check_prefix(struct check *c, const struct ast_expr *e, enum type_kind t,
			 struct value *v)
{
	const struct type *type = &type_table[t];
	unsigned int i, bits;

	if (t != TYPE_IPV4 && t != TYPE_IPV6) {
		error(c, &e->place, "a prefix is for addresses only: expected %s", type->what);
		return false;
	}
	if (!check_const(c, e->left, t, v->r.first))
		return false;
	if (e->right->number > type->bits) {
		error(c, &e->place, "/%" PRIu64 " is too long for %s: at most /%u",
		      e->right->number, type->what, type->bits);
		return false;
	}
	bits = (unsigned int)e->right->number;
	for (i = 0; i < type->width; i++) {
		uint8_t host = i * 8 >= bits ? 0xff :
			       bits - i * 8 >= 8 ? 0 : (uint8_t)(0xff >> (bits - i * 8));

		v->r.first[i] &= (uint8_t)~host;
		v->r.last[i] = v->r.first[i] | host;
	}
	v->interval = true;
	return true;
}

bool check_value(struct check *c, const struct ast_expr *e, enum type_kind t, struct value *v)
{
	const struct type *type = &type_table[t];
	bool wildcard = false;
	size_t i;

	memset(v, 0, sizeof(*v));
	if (e->kind == AST_PREFIX)
		return check_prefix(c, e, t, v);
	if (e->kind == AST_RANGE) {
		bool ok;

		if (!type->range) {
			error(c, &e->place, "a range cannot stand here: expected %s", type->what);
			return false;
		}
		ok = check_const(c, e->left, t, v->r.first);
		ok = check_const(c, e->right, t, v->r.last) && ok;
		if (!ok)
			return false;
		if (memcmp(v->r.first, v->r.last, type->width) > 0) {
			error(c, &e->place, "the range ends before it starts");
			return false;
		}
		v->interval = true;
		return true;
	}
	if (!put_const(c, e, t, v->r.first, &wildcard))
		return false;
	memcpy(v->r.last, v->r.first, IR_MAX_WIDTH);
	if (wildcard) {
		for (i = strlen((char *)v->r.first); i < IR_MAX_WIDTH; i++)
			v->r.last[i] = 0xff;
		v->interval = true;
	}
	return true;
}

const struct ast_expr *expr_field(const struct ast_expr *e)
{
	while (e->kind == AST_BINOP)
		e = e->left;
	return e->kind == AST_FIELD ? e : NULL;
}

/* x & a, x | a, x ^ a: each keeps the form ((x & mask) ^ flip). */
bool check_linear(struct check *c, const struct ast_expr *e, enum type_kind t, struct linear *l)
{
	uint8_t a[IR_MAX_WIDTH];
	unsigned int i;

	if (!expr_field(e)) {
		l->field = NULL;
		memset(l->mask, 0, sizeof(l->mask));
		return check_const(c, e, t, l->flip);
	}
	if (e->kind == AST_FIELD) {
		l->field = e;
		memset(l->mask, 0, sizeof(l->mask));
		value_max(t, l->mask);
		memset(l->flip, 0, sizeof(l->flip));
		return true;
	}
	if (e->op == AST_SHL || e->op == AST_SHR) {
		error(c, &e->place, "a shift of a field is not supported: accepted are &, | and ^ "
		      "with a number");
		return false;
	}
	if (!check_linear(c, e->left, t, l) || !check_const(c, e->right, t, a))
		return false;
	for (i = 0; i < type_table[t].width; i++) {
		if (e->op == AST_AND) {
			l->mask[i] &= a[i];
			l->flip[i] &= a[i];
		} else if (e->op == AST_OR) {
			l->mask[i] &= (uint8_t)~a[i];
			l->flip[i] |= a[i];
		} else {
			l->flip[i] ^= a[i];
		}
	}
	return true;
}
