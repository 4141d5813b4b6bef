// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_stmt: statements that do something: counter, log, limit, marks, reject,
 * verdicts.
 */
#include "policy/check_int.h"

#include <inttypes.h>
#include <string.h>

#include "image.h"	/* NSF_MAX_LOG_PREFIX */

#define NSEC_PER_SEC	1000000000ULL

static bool check_counter(struct check *c, const struct ast_stmt *s)
{
	const struct ast_option *o;
	bool ok = true;

	if (s->counter.name) {
		error(c, &s->place, "named counters are not supported: accepted is \"counter\"");
		return false;
	}
	for (o = s->counter.options; o; o = o->next) {
		if (strcmp(o->word, "packets") == 0 || strcmp(o->word, "bytes") == 0)
			continue;	/* what a listing shows: counting starts at 0 */
		error(c, &o->place, "\"%s\" of counter is not supported", o->word);
		ok = false;
	}
	return ok && check_stmt_add(c, IR_COUNTER, &s->place, false);
}

static bool log_level(struct check *c, const struct ast_option *o, unsigned int *level)
{
	uint32_t number;
	char all[128];

	if (!o->value || (o->value->kind != AST_WORD && o->value->kind != AST_STRING) ||
	    !names_number(NAMES_LOG_LEVEL, o->value->text, &number)) {
		error(c, o->value ? &o->value->place : &o->place,
		      "this is not a log level: accepted are %s",
		      names_all(NAMES_LOG_LEVEL, all, sizeof(all)));
		return false;
	}
	*level = number;
	return true;
}

static bool log_prefix(struct check *c, const struct ast_option *o, const char **prefix)
{
	if (!o->value || (o->value->kind != AST_STRING && o->value->kind != AST_WORD)) {
		error(c, &o->place, "log prefix takes a string in quotes");
		return false;
	}
	if (strlen(o->value->text) > NSF_MAX_LOG_PREFIX) {
		error(c, &o->value->place, "the log prefix is too long: at most %u bytes",
		      NSF_MAX_LOG_PREFIX);
		return false;
	}
	*prefix = o->value->text;
	return true;
}

static bool check_log(struct check *c, const struct ast_stmt *s)
{
	const struct ast_option *o;
	const char *prefix = NULL;
	unsigned int level = 4;
	struct ir_stmt *stmt;
	bool ok = true;

	for (o = s->log.options; o; o = o->next) {
		if (strcmp(o->word, "prefix") == 0) {
			ok &= log_prefix(c, o, &prefix);
		} else if (strcmp(o->word, "level") == 0) {
			ok &= log_level(c, o, &level);
		} else {
			error(c, &o->place, "log %s is not supported: accepted are log prefix and log "
			      "level; what is logged goes to nsfence monitor", o->word);
			ok = false;
		}
	}
	if (!ok)
		return false;
	stmt = check_stmt_add(c, IR_LOG, &s->place, false);
	if (!stmt)
		return false;
	stmt->log.level = level;
	stmt->log.prefix = NULL;
	if (prefix && *prefix) {
		stmt->log.prefix = check_strdup(c, prefix);
		return stmt->log.prefix;
	}
	return true;
}

/* The kernel keeps a bucket in nanoseconds: what it holds must fit. */
static bool limit_fits(const struct ir_limit *l)
{
	uint64_t nsecs = l->unit * NSEC_PER_SEC, sum, product;

	if (__builtin_add_overflow(l->rate, l->burst, &sum))
		return false;
	if (l->bytes)
		return !__builtin_mul_overflow(nsecs, sum, &product);
	return !__builtin_mul_overflow(nsecs / l->rate, l->burst, &product);
}

static bool check_limit(struct check *c, const struct ast_stmt *s)
{
	struct ir_stmt *stmt;
	struct ir_limit l;

	memset(&l, 0, sizeof(l));
	l.over = s->limit.over;
	l.bytes = s->limit.bytes;
	l.rate = s->limit.rate;
	l.unit = s->limit.unit;
	l.burst = l.bytes ? 0 : 5;
	if (s->limit.name) {
		error(c, &s->place, "named limits are not supported: expected \"limit rate "
		      "NUMBER/UNIT\"");
		return false;
	}
	if (l.rate == 0) {
		error(c, &s->limit.rate_place, "a limit's rate is at least 1");
		return false;
	}
	if (s->limit.has_burst) {
		if (s->limit.burst_bytes != l.bytes) {
			error(c, &s->limit.burst_place, "the burst of a rate in %s is in %s",
			      l.bytes ? "bytes" : "packets", l.bytes ? "bytes" : "packets");
			return false;
		}
		if ((s->limit.burst == 0 && !l.bytes) || s->limit.burst > UINT32_MAX) {
			error(c, &s->limit.burst_place, "a limit's burst is %d to %" PRIu32
			      " %s", l.bytes ? 0 : 1, UINT32_MAX, l.bytes ? "bytes" : "packets");
			return false;
		}
		l.burst = (uint32_t)s->limit.burst;
	}
	if (!limit_fits(&l)) {
		error(c, &s->limit.rate_place, "the rate with its burst is too large for its unit: the "
		      "kernel counts in nanoseconds, in 64 bits");
		return false;
	}
	stmt = check_stmt_add(c, IR_LIMIT, &s->place, false);
	if (!stmt)
		return false;
	memcpy(&stmt->limit, &l, sizeof(l));
	return true;
}

static bool mark_field(struct check *c, const struct ast_expr *e, enum ir_field *f)
{
	const struct ast_word *w = e->word;

	if (w && w->next && !w->next->next && strcmp(w->next->text, "mark") == 0) {
		*f = strcmp(w->text, "meta") == 0 ? IR_META_MARK :
		     strcmp(w->text, "ct") == 0 ? IR_CT_MARK : IR_NONE;
		if (*f != IR_NONE)
			return true;
	}
	error(c, &e->place, "only meta mark and ct mark are supported here");
	return false;
}

static bool check_mark_set(struct check *c, const struct ast_stmt *s)
{
	enum ir_field target, from = IR_NONE;
	struct ir_stmt *stmt;
	struct linear l;

	if (s->set.target->kind != AST_FIELD) {
		error(c, &s->place, "only meta mark and ct mark can be set");
		return false;
	}
	if (!mark_field(c, s->set.target, &target) ||
	    !check_linear(c, s->set.value, TYPE_MARK, &l) ||
	    (l.field && !mark_field(c, l.field, &from)))
		return false;
	stmt = check_stmt_add(c, target == IR_META_MARK ? IR_MARK_SET : IR_CT_MARK_SET, &s->place,
			      false);
	if (!stmt)
		return false;
	stmt->mark.field = from;
	stmt->mark.mask = value_u32(l.mask, 4);
	stmt->mark.flip = value_u32(l.flip, 4);
	return true;
}

/* ---- reject ---- */

static bool reject_code(struct check *c, const struct ast_stmt *s, enum names names,
			unsigned int *code)
{
	const struct ast_expr *e = s->reject.code;
	char all[256];
	uint32_t n;

	if (e && e->kind == AST_NUMBER && e->number < 256 &&
	    names_word(names, (uint32_t)e->number)) {
		*code = (unsigned int)e->number;
		return true;
	}
	if (e && (e->kind == AST_WORD || e->kind == AST_STRING) &&
	    names_number(names, e->text, &n)) {
		*code = n;
		return true;
	}
	error(c, e ? &e->place : &s->place, "this is not a code that reject can send: accepted "
	      "after %s are %s", s->reject.with->text, names_all(names, all, sizeof(all)));
	return false;
}

/* `reject` alone: what suits the family that the rule knows. */
static bool reject_plain(struct check *c, const struct ast_stmt *s, enum ir_reject_how *how,
			 unsigned int *code)
{
	if (c->proto.net_mixed) {
		error(c, &s->place, "after a set of protocol families, reject does not know which it "
		      "is for: write reject with icmpx port-unreachable");
		return false;
	}
	if (c->proto.net == 0) {
		*how = IR_REJECT_ICMPX;
		*code = 1;
	} else if (c->proto.net == 2) {
		*how = IR_REJECT_ICMP;
		*code = 3;
	} else {
		*how = IR_REJECT_ICMPV6;
		*code = 4;
	}
	return true;
}

static bool reject_reset(struct check *c, const struct ast_stmt *s)
{
	if (c->proto.l4 >= 0 && (c->proto.l4 != 6 || c->proto.l4_mixed)) {
		error(c, &s->place, "reject with tcp reset is for TCP only, and the rule is for other "
		      "protocols");
		return false;
	}
	return c->proto.l4 >= 0 || check_add_l4(c, &s->place, 6, true);
}

static bool check_reject(struct check *c, const struct ast_stmt *s)
{
	const struct ast_word *w = s->reject.with;
	enum ir_reject_how how;
	struct ir_stmt *stmt;
	unsigned int code = 0;
	bool ok;

	if (!w && !s->reject.code) {
		ok = reject_plain(c, s, &how, &code);
	} else if (!w) {
		ok = false;
	} else if (strcmp(w->text, "tcp") == 0 && w->next &&
		   strcmp(w->next->text, "reset") == 0) {
		how = IR_REJECT_RESET;
		ok = reject_reset(c, s);
	} else if (strcmp(w->text, "icmp") == 0) {
		how = IR_REJECT_ICMP;
		ok = reject_code(c, s, NAMES_ICMP_CODE, &code) &&
		     check_add_net(c, &s->place, 2, true);
	} else if (strcmp(w->text, "icmpv6") == 0) {
		how = IR_REJECT_ICMPV6;
		ok = reject_code(c, s, NAMES_ICMPV6_CODE, &code) &&
		     check_add_net(c, &s->place, 10, true);
	} else if (strcmp(w->text, "icmpx") == 0) {
		how = IR_REJECT_ICMPX;
		ok = reject_code(c, s, NAMES_ICMPX_CODE, &code);
		if (ok && c->p->family != IR_INET) {
			error(c, &s->place, "icmpx is for table inet: in this table write %s",
			      c->p->family == IR_IP ? "icmp" : "icmpv6");
			ok = false;
		}
	} else {
		w = NULL;
		ok = false;
	}
	if (!ok) {
		if (!w && s->reject.code)
			error(c, &s->place, "reject with takes tcp reset, icmp CODE, icmpv6 CODE or "
			      "icmpx CODE");
		else if (!w && s->reject.with)
			error(c, &s->reject.with->place, "reject with takes tcp reset, icmp CODE, "
			      "icmpv6 CODE or icmpx CODE");
		return false;
	}
	stmt = check_stmt_add(c, IR_REJECT, &s->place, false);
	if (!stmt)
		return false;
	stmt->reject.how = how;
	stmt->reject.code = code;
	return true;
}

bool check_stmt(struct check *c, const struct ast_stmt *s)
{
	struct ir_verdict verdict;
	struct ir_stmt *stmt;

	switch (s->kind) {
	case AST_MATCH:
		return check_match(c, s);
	case AST_VMAP:
		return check_vmap(c, s);
	case AST_COUNTER:
		return check_counter(c, s);
	case AST_LOG:
		return check_log(c, s);
	case AST_LIMIT:
		return check_limit(c, s);
	case AST_MARK_SET:
		return check_mark_set(c, s);
	case AST_REJECT:
		return check_reject(c, s);
	case AST_VERDICT:
		if (!check_verdict(c, s->verdict, &verdict))
			return false;
		stmt = check_stmt_add(c, IR_VERDICT, &s->place, false);
		if (!stmt)
			return false;
		stmt->verdict = verdict;
		return true;
	}
	return false;
}
