// SPDX-License-Identifier: GPL-2.0-or-later
/* The nodes of statements, verdicts and their options. See parse.h. */
#include <stdlib.h>
#include <string.h>

#include "policy/parse.h"

#define MAX_COMMENT 128		/* bytes; as in nft */

static void *new(struct parser *p, size_t size)
{
	void *node = ast_alloc(p->file, size);

	if (!node)
		p->nomem = true;
	return node;
}

struct ast_option *node_option(struct parser *p, const char *word, const struct ast_expr *value,
			       const struct ir_place *place)
{
	struct ast_option *o = new(p, sizeof(*o));

	if (o)
		*o = (struct ast_option){ .word = word, .value = value, .place = *place };
	return o;
}

struct ast_stmt *node_stmt(struct parser *p, enum ast_stmt_kind kind,
			   const struct ir_place *place)
{
	struct ast_stmt *s = new(p, sizeof(*s));

	if (s) {
		s->kind = kind;
		s->place = *place;
	}
	return s;
}

struct ast_stmt *node_match(struct parser *p, struct ast_expr *left, enum ast_op op,
			    const struct ir_place *op_place, struct ast_expr *right,
			    struct ast_expr *mask, const struct ir_place *place)
{
	struct ast_stmt *s = node_stmt(p, AST_MATCH, place);

	if (!s)
		return NULL;
	s->match.left = left;
	s->match.op = op;
	if (op_place)
		s->match.op_place = *op_place;
	s->match.right = right;
	s->match.mask = mask;
	return s;
}

struct ast_verdict *node_verdict(struct parser *p, enum ast_verdict_kind kind,
				 const struct ir_place *place)
{
	struct ast_verdict *v = new(p, sizeof(*v));

	if (v) {
		v->kind = kind;
		v->place = *place;
	}
	return v;
}

static bool is_text(const struct ast_expr *e)
{
	return e->kind == AST_WORD || e->kind == AST_STRING;
}

bool node_jump(struct parser *p, struct ast_verdict *v, const struct ast_expr *chain)
{
	if (!is_text(chain)) {
		complain(p, &chain->place, "the variable holds no name of a chain");
		return false;
	}
	v->chain = chain->text;
	v->chain_place = chain->place;
	return true;
}

bool node_comment(struct parser *p, const char *text, const struct ir_place *place,
		  const char *former)
{
	if (former) {
		complain(p, place, "a second comment; one is possible");
		return false;
	}
	if (strlen(text) > MAX_COMMENT) {
		complain(p, place, "the comment has %zu bytes; %d are possible", strlen(text),
			 MAX_COMMENT);
		return false;
	}
	return true;
}

bool node_log_twice(struct parser *p, const struct ast_option *list, const struct ast_option *o)
{
	for (; list; list = list->next)
		if (!strcmp(list->word, o->word)) {
			complain(p, &o->place, "\"%s\" is given twice", o->word);
			return false;
		}
	return true;
}

/* Bytes in one @unit; 0: it is none. */
static uint64_t bytes_of(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = { { "bytes", 1 }, { "kbytes", 1 << 10 }, { "mbytes", 1 << 20 } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, unit, len))
			return units[i].bytes;
	return 0;
}

static uint64_t seconds_of(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {
		{ "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 },
		{ "week", 604800 },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(units[i].name, unit))
			return units[i].seconds;
	return 0;
}

static bool times(struct parser *p, uint64_t n, uint64_t factor, uint64_t *out,
		  const struct ir_place *place)
{
	if (!__builtin_mul_overflow(n, factor, out))
		return true;
	complain(p, place, "the number of bytes is too large");
	return false;
}

struct ast_stmt *node_limit(struct parser *p, uint64_t n, const char *unit, const char *per,
			    const struct ir_place *rate_at, const struct ir_place *place)
{
	/* `10 mbytes/second`: the lexer sees one word. */
	const char *slash = unit ? strchr(unit, '/') : NULL;
	struct ast_stmt *s = node_stmt(p, AST_LIMIT, place);
	uint64_t factor = 1;

	if (!s)
		return NULL;
	s->limit.over = p->over;
	s->limit.rate_place = *rate_at;
	s->limit.bytes = unit;
	if (unit) {
		factor = bytes_of(unit, slash ? (size_t)(slash - unit) : strlen(unit));
		if (!factor || !slash == !per) {
			complain(p, place, "\"%s\" is no rate; write N/second, or N bytes/second, kbytes/second, mbytes/second (or minute, hour, day, week)",
				 unit);
			return NULL;
		}
	}
	s->limit.unit = seconds_of(per ? per : slash + 1);
	if (!s->limit.unit) {
		complain(p, place, "\"%s\" is no unit of time (accepted: second, minute, hour, day, week)",
			 per ? per : slash + 1);
		return NULL;
	}
	return times(p, n, factor, &s->limit.rate, rate_at) ? s : NULL;
}

bool node_limit_burst(struct parser *p, struct ast_stmt *s, uint64_t n, const char *unit,
		      const struct ir_place *place)
{
	uint64_t factor = bytes_of(unit, strlen(unit));
	bool packets = !strcmp(unit, "packets");

	if (packets == s->limit.bytes || (!packets && !factor)) {
		complain(p, place, s->limit.bytes ?
			 "the burst of a rate in bytes is in bytes, kbytes or mbytes" :
			 "the burst of a rate in packets is in packets: burst N packets");
		return false;
	}
	s->limit.has_burst = true;
	s->limit.burst_bytes = !packets;
	s->limit.burst_place = *place;
	return times(p, n, packets ? 1 : factor, &s->limit.burst, place);
}

struct ast_stmt *node_reject(struct parser *p, const char *with, const struct ir_place *with_at,
			     const struct ast_expr *code, const struct ir_place *place)
{
	struct ast_stmt *s = node_stmt(p, AST_REJECT, place);
	struct ast_word *w = node_word(p, with, with_at);

	if (!s || !w)
		return NULL;
	if (strcmp(with, code ? "icmp" : "tcp") && (!code || (strcmp(with, "icmpv6") &&
							      strcmp(with, "icmpx")))) {
		complain(p, with_at, "reject with \"%s\" is not possible (accepted: with tcp reset, with icmp CODE, with icmpv6 CODE, with icmpx CODE)",
			 with);
		return NULL;
	}
	s->reject.with = w;
	s->reject.code = code;
	return s;
}

bool node_reject_reset(struct parser *p, struct ast_stmt *s, const char *reset,
		       const struct ir_place *place)
{
	struct ast_word *w = node_word(p, reset, place);

	if (w)
		node_append_word((struct ast_word *)s->reject.with, w);
	return w;
}

/* ---- the priority of a base chain ---- */

static bool priority(struct parser *p, const struct ast_expr *base, int64_t add,
		     const struct ir_place *place)
{
	p->chain->priority = base;
	p->chain->priority_add = add;
	p->chain->priority_place = *place;
	return true;
}

static bool signed_number(struct parser *p, uint64_t n, int sign, int64_t *out,
			  const struct ir_place *place)
{
	if (n > INT32_MAX) {
		complain(p, place, "the priority is out of range (accepted: -%d to %d, or a name such as filter)",
			 INT32_MAX, INT32_MAX);
		return false;
	}
	*out = sign * (int64_t)n;
	return true;
}

bool node_priority_number(struct parser *p, const uint64_t *n, int sign,
			  const struct ir_place *place)
{
	struct ast_expr *zero = node_number(p, "0", 0, place);
	int64_t add;

	return zero && signed_number(p, *n, sign, &add, place) && priority(p, zero, add, place);
}

bool node_priority_name(struct parser *p, const char *name, const struct ir_place *name_at,
			uint64_t n, int sign, const struct ir_place *place)
{
	struct ast_expr *base = node_text(p, AST_WORD, name, name_at);
	int64_t add;

	return base && signed_number(p, n, sign, &add, place) && priority(p, base, add, place);
}

/* `NAME`, `NAME + N`, `NAME - N` or `-N`, as a variable may hold it. */
static bool priority_text(struct parser *p, const char *text, const struct ir_place *place)
{
	const char *end = strpbrk(text, " +"), *c = end;
	unsigned long long n;
	char *rest;
	int sign = 1;

	if (*text == '-') {
		n = strtoull(text + 1, NULL, 10);
		return node_priority_number(p, &(uint64_t){ n }, -1, place);
	}
	if (!end)
		return node_priority_name(p, text, place, 0, 1, place);
	c += strspn(c, " ");
	if (*c != '+' && *c != '-')
		goto bad;
	sign = *c == '+' ? 1 : -1;
	c++;
	c += strspn(c, " ");
	if (*c < '0' || *c > '9')
		goto bad;
	n = strtoull(c, &rest, 10);
	if (rest[strspn(rest, " ")])
		goto bad;
	text = ast_text(p->file, text, (size_t)(end - text));
	if (!text) {
		p->nomem = true;
		return false;
	}
	return node_priority_name(p, text, place, n, sign, place);
bad:
	complain(p, place, "\"%s\" is no priority (accepted: a number, or a name such as filter, filter + 10, filter - 10)",
		 text);
	return false;
}

bool node_priority(struct parser *p, const struct ast_expr *value,
		   const struct ir_place *place)
{
	if (value->kind == AST_NUMBER)
		return node_priority_number(p, &value->number, 1, place);
	if (is_text(value))
		return priority_text(p, value->text, place);
	complain(p, place, "the variable holds no priority (accepted: a number, or a name such as filter, filter + 10, filter - 10)");
	return false;
}
