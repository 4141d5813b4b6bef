/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse: what the files of the parse stage share; nobody else includes this.
 *
 *   lex.l       bytes -> raw tokens, includes
 *   token.c     raw tokens -> tokens: keywords, also those of one statement only;
 *               skipping to where parsing can go on after an error
 *   parse.y     tokens -> tree
 *   node.c      makes expressions; stmt.c statements; block.c tables, chains, sets
 *   scope.c     variables
 *   complain.c  words of syntax errors
 */
#ifndef NSF_POLICY_PARSE_H
#define NSF_POLICY_PARSE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/ast.h"
#include "policy/source.h"

#define PARSE_MAX_BLOCK		3	/* table, chain or set */
#define SCOPE_MAX		3	/* file, table, chain */
#define SCOPE_BUCKETS		1024

struct lex_input;

/* The inputs of the lexer, and the token before the next. */
struct token_state {
	struct lex_input *input;	/* the innermost text */
	int last;			/* kind of the token returned last */
	int statement;			/* keyword whose own words are known now, or 0 */
	unsigned int braces;		/* open ones, as far as tokens were read */
	bool held;			/* `hold` comes before what is read next */
	int hold;
	const char *hold_text;
	struct ir_place hold_place;
	bool returned;			/* it is a "}" that ends a skipped statement */
	bool end;			/* nothing is left to read */
	bool skipping;			/* after an error: others in the statement are not said */
	bool junk;			/* the last token has its error already */
	const char *text;		/* of the last token, for messages */
};

struct scope_var {
	struct scope_var *next;		/* in its bucket, newest first */
	const char *name;
	const struct ast_expr *value;	/* NULL: its definition was wrong; uses are silent */
	struct ir_place place;
	unsigned int level;
};

struct parser {
	struct ast_file *file;
	struct diags *diags;
	void *scanner;
	jmp_buf out;			/* flex ends here when it has no memory */
	bool nomem;
	struct token_state token;
	struct ir_place block[PARSE_MAX_BLOCK];	/* what opened each block ... */
	unsigned int blocks;			/* ... that the parser is in */
	struct scope_var *var[SCOPE_BUCKETS];
	unsigned int scope;		/* 0: of the file */
	const char *defining;		/* variable whose value is being read */
	struct ir_place defining_place;
	uint64_t expanded;		/* nodes that variables stood for */
	uint64_t elements;
	struct ast_chain *chain;	/* the block being read */
	struct ast_rule **rule_end;
	struct ast_chain **chain_end;
	struct ast_set **set_end;
	struct ast_set *set;
	bool over;			/* of the limit being read */
};

/* A value of the grammar that is a list in the making. */
struct parse_words {
	struct ast_word *first, *last;
};
struct parse_options {
	struct ast_option *first, *last;
};
struct parse_stmts {
	struct ast_stmt *first, *last;
};
struct parse_elements {
	struct ast_element *first, *last;
	size_t count;
	uint32_t weight;
};

/* ---- lex.l ---- */
struct lex_token {
	int kind;
	const char *text;	/* until the next token is read */
	size_t len;
	uint64_t number;
	struct ir_place place;
};
int lex_begin(struct parser *p);		/* -ENOMEM */
void lex_end(struct parser *p);
void lex_read(struct parser *p, struct lex_token *t);
/* Goes on with texts @first.. of the source, and then where it was. */
int lex_include(struct parser *p, size_t first);
const struct source_text *lex_text(const struct parser *p);

/* ---- token.c ---- */
/* The kind of @word where the words of all statements are known; 0: no keyword. */
int token_keyword(const char *word);
/*
 * After an error at @kind (or none read: -2, bison's YYEMPTY): reads up to the
 * end of the statement. Returns false where nothing is left to go on with.
 */
bool token_recover(struct parser *p, int kind);

/* ---- complain.c ---- */
void complain(struct parser *p, const struct ir_place *place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- scope.c ---- */
void scope_open(struct parser *p);
void scope_close(struct parser *p);
void scope_define(struct parser *p, const char *name, const struct ir_place *place,
		  const struct ast_expr *value, bool again);
void scope_undefine(struct parser *p, const char *name, const struct ir_place *place);
/* The value of $name, to be used at @place; NULL with an error, or none if it was wrong. */
struct ast_expr *scope_value(struct parser *p, const char *name, const struct ir_place *place);

/* ---- node.c, stmt.c: NULL when out of memory, or with an error ---- */
struct ast_expr *node_text(struct parser *p, enum ast_expr_kind kind, const char *text,
			   const struct ir_place *place);
struct ast_expr *node_number(struct parser *p, const char *text, uint64_t number,
			     const struct ir_place *place);
struct ast_expr *node_field(struct parser *p, struct ast_word *words,
			    const struct ir_place *place);
struct ast_expr *node_pair(struct parser *p, enum ast_expr_kind kind, enum ast_op op,
			   struct ast_expr *left, struct ast_expr *right,
			   const struct ir_place *place);
/* @item behind @list, which becomes a node of @kind if it is none yet. */
struct ast_expr *node_append(struct parser *p, enum ast_expr_kind kind, struct ast_expr *list,
			     struct ast_expr *item, const struct ir_place *place);
struct ast_expr *node_set(struct parser *p, const struct parse_elements *e,
			  const struct ir_place *place);
/* Appends @e to @list; a set (a variable's value) stands for its elements. */
bool node_element(struct parser *p, struct parse_elements *list, struct ast_element *e);
struct ast_element *node_new_element(struct parser *p, struct ast_expr *key);
struct ast_word *node_word(struct parser *p, const char *text, const struct ir_place *place);
struct ast_option *node_option(struct parser *p, const char *word, const struct ast_expr *value,
			       const struct ir_place *place);
struct ast_stmt *node_stmt(struct parser *p, enum ast_stmt_kind kind,
			   const struct ir_place *place);
struct ast_verdict *node_verdict(struct parser *p, enum ast_verdict_kind kind,
				 const struct ir_place *place);
bool node_jump(struct parser *p, struct ast_verdict *v, const struct ast_expr *chain);
bool node_priority(struct parser *p, const struct ast_expr *value,
		   const struct ir_place *place);
struct ast_stmt *node_limit(struct parser *p, uint64_t n, const char *unit, const char *per,
			    const struct ir_place *rate_at, const struct ir_place *place);
bool node_limit_burst(struct parser *p, struct ast_stmt *s, uint64_t n, const char *unit,
		      const struct ir_place *place);
bool node_comment(struct parser *p, const char *text, const struct ir_place *place,
		  const char *former);

struct ast_stmt *node_match(struct parser *p, struct ast_expr *left, enum ast_op op,
			    const struct ir_place *op_place, struct ast_expr *right,
			    struct ast_expr *mask, const struct ir_place *place);
struct ast_expr *node_field2(struct parser *p, const char *first, const struct ir_place *first_at,
			     const char *second, const struct ir_place *second_at,
			     const struct ir_place *place);
bool node_field_more(struct parser *p, struct ast_expr *e, const char *word,
		     const struct ir_place *place);
struct ast_stmt *node_reject(struct parser *p, const char *with, const struct ir_place *with_at,
			     const struct ast_expr *code, const struct ir_place *place);
bool node_reject_reset(struct parser *p, struct ast_stmt *s, const char *reset,
		       const struct ir_place *place);
bool node_element_option(struct parser *p, struct ast_element *e, const char *word,
			 const struct ir_place *place);
bool node_log_twice(struct parser *p, const struct ast_option *list, const struct ast_option *o);
void node_append_word(struct ast_word *list, struct ast_word *w);
bool node_must_be_set(struct parser *p, const struct ast_expr *e, const struct ir_place *place);
bool node_priority_number(struct parser *p, const uint64_t *n, int sign,
			  const struct ir_place *place);
bool node_priority_name(struct parser *p, const char *name, const struct ir_place *name_at,
			uint64_t n, int sign, const struct ir_place *place);

/* ---- blocks of the file: block.c ---- */
bool block_table(struct parser *p, const struct ast_word *family, const char *name,
		 const struct ir_place *place);
bool block_chain(struct parser *p, const char *name, const struct ir_place *place);
bool block_set(struct parser *p, const char *name, const struct ir_place *place, bool map);
void block_open(struct parser *p, const struct ir_place *place);
void block_close(struct parser *p);
bool block_elements(struct parser *p, const struct ast_expr *set, const struct ir_place *place);
bool block_rule(struct parser *p, struct ast_stmt *stmts, const char *comment,
		const struct ir_place *comment_at, const struct ir_place *place);
bool block_set_type(struct parser *p, const struct ast_type *key, const struct ast_type *data,
		    const struct ir_place *place);
bool block_set_typeof(struct parser *p, const struct ast_expr *key, const struct ast_type *data,
		      const struct ir_place *place);
bool block_set_option(struct parser *p, const char *word, const struct ast_expr *value,
		      const struct ir_place *word_at, const struct ir_place *value_at);
bool block_set_option_word(struct parser *p, const char *word, const char *value,
			   const struct ir_place *word_at, const struct ir_place *value_at);
bool block_policy(struct parser *p, const struct ast_expr *value, const struct ir_place *place);
bool block_include(struct parser *p, const char *pattern, const struct ir_place *place);

#endif /* NSF_POLICY_PARSE_H */
