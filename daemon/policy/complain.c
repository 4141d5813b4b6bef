// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of what the parse stage refuses. See complain.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/complain.h"
#include "policy/parse.tab.h"

#define QUOTE_MAX	60	/* bytes of a token in a message */

void complain(struct parser *p, const struct ir_place *place, const char *fmt, ...)
{
	char *text;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	p->file->errors++;
	ast_error(p->file, p->diags, place, "%s", text ? text : "out of memory");
	free(text);
}

void complain_token(struct parser *p, const struct lex_token *t)
{
	int len = t->len < QUOTE_MAX ? (int)t->len : QUOTE_MAX;
	const char *more = t->len > QUOTE_MAX ? "..." : "";

	switch (t->kind) {
	case T_BAD_NUMBER:
		if (*t->text == '0' && t->len > 1 && (t->text[1] | 32) != 'x')
			complain(p, &t->place, "\"%.*s%s\" is not a number: a leading 0 means octal, as in nft",
				 len, t->text, more);
		else
			complain(p, &t->place, "the number %.*s%s is too large", len, t->text,
				 more);
		break;
	case T_BAD_STRING:
		complain(p, &t->place, "this string has no closing quote in its line");
		break;
	case T_BAD_END:
		complain(p, &t->place, "the file ends in a comment without a line end; nft does not read that");
		break;
	case T_BAD_RETURN:
		complain(p, &t->place, "a carriage return; lines end with a newline alone (dos2unix helps)");
		break;
	default:
		if (t->len == 1 && *t->text == '\'')
			complain(p, &t->place, "strings are in double quotes");
		else
			complain(p, &t->place, "the character \"%.*s\" has no meaning here", len,
				 t->text);
	}
}

void complain_family(struct parser *p, const struct ir_place *place, const char *family)
{
	complain(p, place, "tables of family %s are not supported (accepted: inet, ip, ip6)", family);
}

void complain_item(struct parser *p, const struct ir_place *place, const char *what)
{
	complain(p, place, "%s is not supported (a table holds chains, sets and maps)", what);
}

void complain_object(struct parser *p, const struct ir_place *place, const char *word)
{
	complain(p, place, "a named %s is not supported (a table holds chains, sets and maps)", word);
}

void complain_stmt(struct parser *p, const struct ir_place *place, const char *word)
{
	complain(p, place, "the statement \"%s\" is not supported in a policy (accepted: matches, vmap, counter, log, limit, meta mark set, ct mark set, reject, accept, drop, continue, return, jump, goto)",
		 word);
}

/* What was found, in words. */
static void found(const struct parser *p, char *out, size_t size)
{
	const struct token_state *s = &p->token;

	switch (s->last) {
	case T_NEWLINE:
		snprintf(out, size, "the line ends");
		break;
	case T_YYEOF:
		snprintf(out, size, "the file ends");
		break;
	case T_STRING:
		snprintf(out, size, "unexpected string \"%.*s\"", QUOTE_MAX, s->text);
		break;
	default:
		snprintf(out, size, "unexpected \"%.*s%s\"", QUOTE_MAX, s->text,
			 strlen(s->text) > QUOTE_MAX ? "..." : "");
	}
}

static void add(char *out, size_t size, const char *what)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%s", len ? ", " : "", what);
}

static void expected(const struct complain_expected *e, char *out, size_t size)
{
	int i;

	*out = 0;
	if (e->line)
		add(out, size, "table, define, include");
	if (e->table)
		add(out, size, "chain, set, map, define, include or \"}\"");
	if (e->set)
		add(out, size, "type, typeof, flags, elements, auto-merge, comment or \"}\"");
	if (e->statement && e->close)
		add(out, size, "a rule, type, policy, comment or \"}\"");
	else if (e->statement && e->separator)
		add(out, size, "a statement, comment or the end of the line");
	else if (e->statement)
		add(out, size, "a statement");
	if (e->field)
		add(out, size, "the name of a field");
	if (e->selector)
		add(out, size, "what to match, as ip saddr or tcp dport");
	if (e->value)
		add(out, size, e->open ? "a value or a set" : "a value");
	if (e->op)
		add(out, size, "an operator");
	if (e->rate)
		add(out, size, "\"/second\" (or minute, hour, day, week), or bytes, kbytes or mbytes before it");
	if (e->map)
		add(out, size, "{ KEY : VERDICT, ... } or @NAME");
	else if (e->chain)
		add(out, size, "the name of a chain");
	for (i = 0; i < e->names; i++)
		add(out, size, e->name[i]);
	if (e->equals)
		add(out, size, "\"=\"");
	if (e->open && !e->value && !e->map && !e->chain)
		add(out, size, "\"{\"");
	if (e->comma)
		add(out, size, "\",\" or \"}\"");
	else if (e->close && !e->statement && !e->table && !e->set)
		add(out, size, "\"}\"");
	if (e->paren && !e->value)
		add(out, size, "\")\"");
	if (e->separator && !e->statement && !e->line && !e->table && !e->set)
		add(out, size, "the end of the line or \";\"");
}

void complain_syntax(struct parser *p, const struct ir_place *place,
		     const struct complain_expected *e, bool word)
{
	const struct token_state *s = &p->token;
	char what[128], wanted[512];

	if (s->junk)
		return;		/* the lexer has said it */
	if (s->last == T_YYEOF && p->blocks) {
		complain(p, &p->block[p->blocks - 1],
			 "the file ends, and the block that begins here is not closed; expected \"}\"");
		return;
	}
	if (s->last == '}' && !p->blocks) {
		complain(p, place, "this \"}\" closes nothing");
		return;
	}
	if (s->last == T_NEWLINE && (e->element || e->comma) && place->col == 1) {
		complain(p, place, "an empty line within a set, which nft 1.0.6 does not read; take it out, or put a # there");
		return;
	}
	/* Statements, and most items, begin with a keyword: say so instead of listing them. */
	if (word && e->statement && (e->close || e->separator)) {
		complain(p, place, "\"%.*s\" is no statement (accepted: matches as ip saddr or tcp dport, counter, log, limit, reject, accept, drop, continue, return, jump, goto)",
			 QUOTE_MAX, s->text);
		return;
	}
	if (!word && e->only_name && *s->text >= 'a' && *s->text <= 'z' &&
	    s->last != T_STRING) {
		complain(p, place, "\"%s\" is a word of the language and cannot be a name here",
			 s->text);
		return;
	}
	found(p, what, sizeof(what));
	expected(e, wanted, sizeof(wanted));
	if (*wanted)
		complain(p, place, "%s; expected %s", what, wanted);
	else
		complain(p, place, "%s here", what);
}
