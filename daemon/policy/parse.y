/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens -> syntax tree. See parse.h and ast.h.
 *
 * The grammar knows the shape of nft's language, not its meaning: which fields a
 * header has, which statements fit where is asked later, so that the answer can
 * say what would be accepted. What nft has and a policy cannot have is in the
 * grammar where it begins with a word of its own, to be refused by name.
 *
 * After an error parsing goes on behind the end of the statement: each block has
 * an `error` of its own, and token_recover() skips what is left, with regard to
 * braces. So all mistakes of a file are found in one run.
 */
%require "3.7"
%define api.pure full
%define api.prefix {policy_yy}
%define api.token.prefix {T_}
%define api.location.type {struct ir_place}
%define parse.error custom
%define parse.lac full
%locations
%parse-param {struct parser *p}
%lex-param {struct parser *p}
%expect 0

%code requires {
#include "policy/parse.h"
}

%code {
#include <stdio.h>
#include <string.h>

#include "policy/parse.tab.h"
#include "policy/complain.h"

#define YYMAXDEPTH 5000

#define YYLLOC_DEFAULT(at, rhs, n) \
	do { \
		(at) = (n) ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0); \
		if ((n) > 1) \
			join(&(at), &YYRHSLOC(rhs, n)); \
	} while (0)

/* After `error`: go on behind the statement. */
#define RECOVER() \
	do { \
		bool more = token_recover(p, yychar); \
\
		yyclearin; \
		yyerrok; \
		if (!more) \
			YYABORT; \
	} while (0)
/* No node: an error is known already, or memory is out. */
#define NEED(x) do { if (!(x)) YYERROR; } while (0)
/* @to becomes what was parsed; false ends the statement. */
#define MAKE(to, x) do { (to) = (x); NEED(to); } while (0)

static void join(struct ir_place *at, const struct ir_place *last)
{
	if (last->file == at->file && last->line == at->line)
		at->end = last->end;
	else
		at->end = 0;
}

int policy_yylex(YYSTYPE *value, struct ir_place *place, struct parser *p);

static void policy_yyerror(const struct ir_place *place, struct parser *p, const char *message)
{
	(void)message;		/* there is but one: bison's stack is full */
	complain(p, place, "this nests too deeply");
}
}

%union {
	const char *text;
	struct {
		const char *text;
		uint64_t value;
	} number;
	struct ast_expr *expr;
	struct ast_word *word;
	struct ast_verdict *verdict;
	struct ast_stmt *stmt;
	struct ast_option *option;
	struct ast_element *element;
	struct parse_words words;
	struct parse_options options;
	struct parse_stmts stmts;
	struct parse_elements elements;
	struct ast_type type;
	enum ast_op op;
}

%token <text> WORD STRING STAR ADDRESS
%token <number> NUMBER
%token NEWLINE
%token JUNK BAD_NUMBER BAD_STRING BAD_END BAD_RETURN

%token EQ NE LT GT LE GE SHL SHR
%token INCLUDE DEFINE REDEFINE UNDEFINE TABLE CHAIN VMAP
%token <text> SET MAP RULE ELEMENT FLOWTABLE SECMARK COMMAND
%token <text> TYPE TYPEOF HOOK DEVICE DEVICES PRIORITY POLICY FLAGS COMMENT ELEMENTS SIZE
%token <text> TIMEOUT GC_INTERVAL AUTO_MERGE EXPIRES SETFLAG OFFLOAD
%token <text> INET FAMILY IP IP6 ARP PROTO HEADER META METAKEY PERIOD MARK ECN RANDOM CT EXTHDR
%token <text> ACCEPT DROP CONTINUE RETURN JUMP GOTO COUNTER LOG LIMIT REJECT
%token <text> RESET NAT OTHER OBJECT OTHER_EXPR BOOL RESERVED
%token <text> RATE OVER BURST NAME PACKETS BYTES UNIT PREFIX LEVEL LOGOPT WITH ICMPX
%token <text> DIRECTION OPTION COUNT

%left '|'
%left '^'
%left '&'
%left SHL SHR

%type <text> text name field proto unit hook_word metakey rhs_word burst_unit bytes type_word family_word set_flag base_policy
%type <word> family
%type <expr> number init rhs rhs_basic rhs_primary rhs_value rhs_concat rhs_list set set_value variable
%type <expr> lhs lhs_basic lhs_primary selector value value_primary target code device typeof
%type <op> relop
%type <words> set_flags
%type <type> type typeof_value
%type <element> elem elem_core elem_key
%type <elements> elems
%type <option> log_arg counter_arg
%type <options> log_args counter_args
%type <stmt> stmt match vmap counter log limit limit_rate set_stmt reject
%type <stmts> stmts
%type <verdict> verdict

%%

file	: %empty
	| file line
	;

line	: sep
	| common
	| table sep
	| refused_line		{ YYERROR; }
	| error			{ RECOVER(); }
	;

sep	: NEWLINE
	| ';'
	;

common	: INCLUDE STRING sep
	{
		if (!block_include(p, $2, &@2))
			YYABORT;
	}
	| DEFINE name '=' { p->defining = $2; p->defining_place = @2; } init sep
	{
		p->defining = NULL;
		scope_define(p, $2, &@2, $5, false);
	}
	| REDEFINE name '=' { p->defining = $2; p->defining_place = @2; } init sep
	{
		p->defining = NULL;
		scope_define(p, $2, &@2, $5, true);
	}
	| UNDEFINE name sep	{ scope_undefine(p, $2, &@2); }
	;

init	: rhs
	| rhs_list
	| '{' '}'
	{
		struct parse_elements none = { 0 };

		MAKE($$, node_set(p, &none, &@$));
	}
	| '-' NUMBER
	{
		char text[32];

		snprintf(text, sizeof(text), "-%llu", (unsigned long long)$2.value);
		MAKE($$, node_text(p, AST_WORD, ast_text(p->file, text, strlen(text)), &@$));
	}
	;

name	: WORD
	;

text	: WORD
	| STRING
	| STAR
	;

refused_line
	: COMMAND
	{
		if (!strcmp($1, "flush"))
			complain(p, &@1, "\"flush\" is not needed: a policy always replaces the one before it as a whole; remove this line");
		else
			complain(p, &@1, "\"%s\" is a command to nft; a policy file holds one block \"table inet NAME { ... }\" and no commands", $1);
	}
	| RESET			{ complain(p, &@1, "\"reset\" is a command to nft; a policy file holds one block \"table inet NAME { ... }\" and no commands"); }
	| TABLE family name name	{ complain_family(p, &@3, $3); }
	| inside		{ complain(p, &@1, "this belongs inside the block \"table inet NAME { ... }\""); }
	;

inside	: CHAIN
	| SET
	| MAP
	| RULE
	| ELEMENT
	| FLOWTABLE
	| COUNTER
	| LIMIT
	| OBJECT
	| SECMARK
	;

/* ---- table ---- */

table	: table_head
	| table_head '{'	{ block_open(p, &@2); scope_open(p); }
	  table_body '}'	{ scope_close(p); block_close(p); }
	;

table_head
	: TABLE family name	{ NEED(block_table(p, $2, $3, &@3)); }
	;

family	: %empty	{ $$ = NULL; }
	| family_word	{ MAKE($$, node_word(p, $1, &@1)); }
	| refused_family
	{
		$$ = NULL;
		YYERROR;
	}
	;

family_word
	: INET
	| IP
	| IP6
	;

refused_family
	: ARP			{ complain_family(p, &@1, $1); }
	| FAMILY		{ complain_family(p, &@1, $1); }
	;

table_body
	: %empty
	| table_body table_item
	;

table_item
	: sep
	| common
	| FLAGS WORD sep
	{
		complain(p, &@2, "table flag \"%s\" is not supported; leave the line out", $2);
	}
	| COMMENT text sep
	{
		NEED(node_comment(p, $2, &@2, p->file->table->comment));
		p->file->table->comment = $2;
	}
	| chain sep
	| set_block sep
	| refused_item		{ YYERROR; }
	| error			{ RECOVER(); }
	;

/* Blocks are complete with their brace: an error behind must not fall back into them. */
chain	: CHAIN name '{'	{ NEED(block_chain(p, $2, &@2)); block_open(p, &@3); scope_open(p); }
	  chain_body '}'	{ scope_close(p); block_close(p); }
	;

set_block
	: SET name '{'		{ NEED(block_set(p, $2, &@2, false)); block_open(p, &@3); }
	  set_body '}'		{ block_close(p); }
	| MAP name '{'		{ NEED(block_set(p, $2, &@2, true)); block_open(p, &@3); }
	  set_body '}'		{ block_close(p); }
	;

refused_item
	: FLOWTABLE		{ complain_item(p, &@1, "a flowtable"); }
	| COUNTER		{ complain_item(p, &@1, "a named counter"); }
	| LIMIT			{ complain_item(p, &@1, "a named limit"); }
	| OBJECT		{ complain_object(p, &@1, $1); }
	| SECMARK		{ complain_item(p, &@1, "a secmark"); }
	| CT			{ complain_item(p, &@1, "a ct helper, timeout or expectation"); }
	| COMMAND		{ complain(p, &@1, "\"%s\" is a command to nft, and a table holds none", $1); }
	| RULE			{ complain(p, &@1, "a rule stands inside the block of its chain, without the word \"rule\""); }
	| ELEMENT		{ complain(p, &@1, "elements stand inside the block of their set: elements = { ... }"); }
	| TABLE			{ complain(p, &@1, "a table within a table; is a \"}\" missing before this line?"); }
	;

/* ---- chain ---- */

chain_body
	: %empty
	| chain_body chain_item
	;

chain_item
	: sep
	| common
	| TYPE hook_word HOOK hook_word device PRIORITY priority sep
	{
		if (p->chain->base) {
			complain(p, &@1, "chain \"%s\" has a line \"type ... hook ...\" already",
				 p->chain->name);
		} else {
			p->chain->base = true;
			p->chain->type = $2;
			p->chain->type_place = @2;
			p->chain->hook = $4;
			p->chain->hook_place = @4;
			p->chain->device = $5;
		}
	}
	| POLICY target sep	{ NEED(block_policy(p, $2, &@2)); }
	| POLICY base_policy sep
	{
		struct ast_expr *e;

		MAKE(e, node_text(p, AST_WORD, $2, &@2));
		NEED(block_policy(p, e, &@2));
	}
	| FLAGS refused_chain_flag	{ YYERROR; }
	| COMMENT text sep
	{
		NEED(node_comment(p, $2, &@2, p->chain->comment));
		p->chain->comment = $2;
	}
	| stmts sep		{ NEED(block_rule(p, $1.first, NULL, NULL, &@1)); }
	| stmts COMMENT text sep
	{
		struct ir_place at = @1;

		join(&at, &@3);
		NEED(node_comment(p, $3, &@3, NULL));
		NEED(block_rule(p, $1.first, $3, &@3, &at));
	}
	| refused_chain_item	{ YYERROR; }
	| error			{ RECOVER(); }
	;

refused_chain_flag
	: OFFLOAD		{ complain(p, &@1, "hardware offload of a chain is not supported; leave the line out"); }
	;

refused_chain_item
	: CHAIN			{ complain(p, &@1, "a chain within a chain; is a \"}\" missing before this line?"); }
	| TABLE			{ complain(p, &@1, "a table within a chain; is a \"}\" missing before this line?"); }
	| HOOK			{ complain(p, &@1, "a base chain begins with \"type filter hook HOOK priority N;\""); }
	| PRIORITY		{ complain(p, &@1, "a base chain begins with \"type filter hook HOOK priority N;\""); }
	;

base_policy
	: ACCEPT
	| DROP
	;

hook_word
	: WORD
	;

device	: %empty		{ $$ = NULL; }
	| DEVICE text		{ MAKE($$, node_text(p, AST_STRING, $2, &@2)); }
	| DEVICE variable	{ $$ = $2; }
	| DEVICES '=' set	{ $$ = $3; }
	;

priority
	: number		{ NEED(node_priority(p, $1, &@$)); }
	| '-' NUMBER		{ NEED(node_priority_number(p, &$2.value, -1, &@$)); }
	| variable		{ NEED(node_priority(p, $1, &@$)); }
	| WORD
	{
		struct ast_expr *e;

		MAKE(e, node_text(p, AST_WORD, $1, &@1));
		NEED(node_priority(p, e, &@$));
	}
	| WORD '+' NUMBER	{ NEED(node_priority_name(p, $1, &@1, $3.value, 1, &@$)); }
	| WORD '-' NUMBER	{ NEED(node_priority_name(p, $1, &@1, $3.value, -1, &@$)); }
	;

/* ---- set and map ---- */

set_body
	: %empty
	| set_body set_item
	;

set_item
	: sep
	| common
	| TYPE type sep			{ NEED(block_set_type(p, &$2, NULL, &@1)); }
	| TYPE type ':' type sep	{ NEED(block_set_type(p, &$2, &$4, &@1)); }
	| TYPE type ':' SETFLAG type sep
	{
		complain(p, &@4, "intervals as values of a map are not supported (accepted: verdict)");
	}
	| TYPEOF typeof sep		{ NEED(block_set_typeof(p, $2, NULL, &@1)); }
	| TYPEOF typeof ':' typeof_value sep	{ NEED(block_set_typeof(p, $2, &$4, &@1)); }
	| FLAGS set_flags sep
	{
		if (p->set->flags)
			complain(p, &@1, "flags of \"%s\" are given twice", p->set->name);
		else
			p->set->flags = $2.first;
	}
	| ELEMENTS '=' set_value	{ NEED(block_elements(p, $3, &@1)); }
	| AUTO_MERGE
	{
		if (p->set->map)
			complain(p, &@1, "auto-merge is an option of sets, not of maps");
		p->set->auto_merge = true;
	}
	| SIZE number sep		{ NEED(block_set_option(p, $1, $2, &@1, &@2)); }
	| POLICY WORD sep		{ NEED(block_set_option_word(p, $1, $2, &@1, &@2)); }
	| TIMEOUT WORD sep		{ NEED(block_set_option_word(p, $1, $2, &@1, &@2)); }
	| GC_INTERVAL WORD sep		{ NEED(block_set_option_word(p, $1, $2, &@1, &@2)); }
	| COMMENT text sep
	{
		NEED(node_comment(p, $2, &@2, p->set->comment));
		p->set->comment = $2;
	}
	| refused_set_item		{ YYERROR; }
	| error				{ RECOVER(); }
	;

refused_set_item
	: COUNTER	{ complain(p, &@1, "counters of single elements are not supported"); }
	| LIMIT		{ complain(p, &@1, "limits of single elements are not supported"); }
	| OBJECT	{ complain(p, &@1, "\"%s\" for single elements is not supported", $1); }
	| CT		{ complain(p, &@1, "\"ct count\" for single elements is not supported"); }
	| CHAIN		{ complain(p, &@1, "a chain within a set; is a \"}\" missing before this line?"); }
	| SET		{ complain(p, &@1, "a set within a set; is a \"}\" missing before this line?"); }
	| MAP		{ complain(p, &@1, "a map within a set; is a \"}\" missing before this line?"); }
	;

type	: type_word
	{
		struct ast_word *w;

		MAKE(w, node_word(p, $1, &@1));
		$$ = (struct ast_type){ .words = w, .place = @1 };
	}
	| type '.' type_word
	{
		struct ast_word *w;

		MAKE(w, node_word(p, $3, &@3));
		$$ = $1;
		node_append_word((struct ast_word *)$$.words, w);
		$$.place = @$;
	}
	;

type_word
	: field
	| METAKEY
	| COUNTER
	;

typeof	: selector
	| typeof '.' selector	{ MAKE($$, node_append(p, AST_CONCAT, $1, $3, &@$)); }
	;

typeof_value
	: typeof	{ $$ = (struct ast_type){ .expr = $1, .place = @1 }; }
	| WORD
	{
		struct ast_word *w;

		MAKE(w, node_word(p, $1, &@1));
		$$ = (struct ast_type){ .words = w, .place = @1 };
	}
	;

set_flags
	: set_flag
	{
		MAKE($$.first, node_word(p, $1, &@1));
		$$.last = $$.first;
	}
	| set_flags ',' set_flag
	{
		$$ = $1;
		MAKE($$.last->next, node_word(p, $3, &@3));
		$$.last = $$.last->next;
	}
	;

set_flag: SETFLAG
	| TIMEOUT
	;

set_value
	: set
	| variable
	;

set	: '{' elems '}'		{ MAKE($$, node_set(p, &$2, &@$)); }
	;

elems	: elem
	{
		memset(&$$, 0, sizeof($$));
		NEED(node_element(p, &$$, $1));
	}
	| elems ',' elem
	{
		$$ = $1;
		NEED(node_element(p, &$$, $3));
	}
	| elems ',' nl		{ $$ = $1; }
	;

/* nft takes one line end here, no empty lines. */
nl	: %empty
	| NEWLINE
	;

elem	: nl elem_core nl	{ $$ = $2; }
	| nl elem_core ':' verdict nl	{ $$ = $2; $$->verdict = $4; }
	| nl elem_core ':' rhs_concat nl	{ $$ = $2; $$->data = $4; }
	;

elem_core
	: elem_key
	| elem_core COMMENT text
	{
		NEED(node_comment(p, $3, &@3, $1->comment));
		$1->comment = $3;
	}
	| elem_core COUNTER		{ NEED(node_element_option(p, $1, $2, &@2)); }
	| elem_core TIMEOUT WORD	{ NEED(node_element_option(p, $1, $2, &@2)); }
	| elem_core EXPIRES WORD	{ NEED(node_element_option(p, $1, $2, &@2)); }
	;

elem_key
	: rhs_concat	{ MAKE($$, node_new_element(p, $1)); }
	| '*'
	{
		struct ast_expr *e;

		MAKE(e, node_text(p, AST_WILDCARD, "*", &@1));
		MAKE($$, node_new_element(p, e));
	}
	| refused_key	{ $$ = NULL; YYERROR; }
	;

refused_key
	: '{'		{ complain(p, &@1, "a set within a set; write its elements alone, or a variable that holds a set"); }
	;

/* ---- statements ---- */

stmts	: stmt		{ $$.first = $$.last = $1; }
	| stmts stmt
	{
		$$.first = $1.first;
		$1.last->next = $2;
		$$.last = $2;
	}
	;

stmt	: match
	| vmap
	| counter
	| log
	| limit
	| set_stmt
	| reject
	| verdict
	{
		MAKE($$, node_stmt(p, AST_VERDICT, &@$));
		$$->verdict = $1;
	}
	| refused_stmt	{ $$ = NULL; YYERROR; }
	;

refused_stmt
	: OTHER		{ complain_stmt(p, &@1, $1); }
	| NAT		{ complain_stmt(p, &@1, $1); }
	| OBJECT	{ complain_stmt(p, &@1, $1); }
	| COMMAND	{ complain_stmt(p, &@1, $1); }
	| SET		{ complain_stmt(p, &@1, $1); }
	| RESET		{ complain_stmt(p, &@1, $1); }
	| CT COUNT	{ complain_stmt(p, &@$, "ct count"); }
	;

match	: lhs rhs		{ MAKE($$, node_match(p, $1, AST_IMPLICIT, NULL, $2, NULL, &@$)); }
	| lhs rhs_list		{ MAKE($$, node_match(p, $1, AST_IMPLICIT, NULL, $2, NULL, &@$)); }
	| lhs rhs_basic '/' rhs_list	{ MAKE($$, node_match(p, $1, AST_IMPLICIT, NULL, $2, $4, &@$)); }
	| lhs rhs_list '/' rhs_list	{ MAKE($$, node_match(p, $1, AST_IMPLICIT, NULL, $2, $4, &@$)); }
	| lhs relop rhs		{ MAKE($$, node_match(p, $1, $2, &@2, $3, NULL, &@$)); }
	| lhs relop rhs_list	{ MAKE($$, node_match(p, $1, $2, &@2, $3, NULL, &@$)); }
	| lhs relop rhs_basic '/' rhs_list	{ MAKE($$, node_match(p, $1, $2, &@2, $3, $5, &@$)); }
	| lhs relop rhs_list '/' rhs_list	{ MAKE($$, node_match(p, $1, $2, &@2, $3, $5, &@$)); }
	;

relop	: EQ	{ $$ = AST_EQ; }
	| NE	{ $$ = AST_NE; }
	| LT	{ $$ = AST_LT; }
	| GT	{ $$ = AST_GT; }
	| LE	{ $$ = AST_LE; }
	| GE	{ $$ = AST_GE; }
	| '!'	{ $$ = AST_NOT; }
	;

vmap	: lhs VMAP set
	{
		MAKE($$, node_stmt(p, AST_VMAP, &@$));
		$$->vmap.key = $1;
		$$->vmap.map = $3;
	}
	| lhs VMAP '@' name
	{
		MAKE($$, node_stmt(p, AST_VMAP, &@$));
		$$->vmap.key = $1;
		MAKE($$->vmap.map, node_text(p, AST_SETREF, $4, &@4));
	}
	| lhs VMAP variable
	{
		MAKE($$, node_stmt(p, AST_VMAP, &@$));
		$$->vmap.key = $1;
		$$->vmap.map = $3;
		NEED(node_must_be_set(p, $3, &@3));
	}
	;

verdict	: ACCEPT	{ MAKE($$, node_verdict(p, AST_ACCEPT, &@$)); }
	| DROP		{ MAKE($$, node_verdict(p, AST_DROP, &@$)); }
	| CONTINUE	{ MAKE($$, node_verdict(p, AST_CONTINUE, &@$)); }
	| RETURN	{ MAKE($$, node_verdict(p, AST_RETURN, &@$)); }
	| JUMP target
	{
		MAKE($$, node_verdict(p, AST_JUMP, &@$));
		NEED(node_jump(p, $$, $2));
	}
	| GOTO target
	{
		MAKE($$, node_verdict(p, AST_GOTO, &@$));
		NEED(node_jump(p, $$, $2));
	}
	| refused_jump	{ $$ = NULL; YYERROR; }
	;

refused_jump
	: JUMP '{'	{ complain(p, &@2, "a chain without a name is not supported; give it a name and jump there"); }
	| GOTO '{'	{ complain(p, &@2, "a chain without a name is not supported; give it a name and go there"); }
	;

target	: name		{ MAKE($$, node_text(p, AST_WORD, $1, &@1)); }
	| variable
	;

counter	: COUNTER
	{
		MAKE($$, node_stmt(p, AST_COUNTER, &@$));
	}
	| COUNTER counter_args
	{
		MAKE($$, node_stmt(p, AST_COUNTER, &@$));
		$$->counter.options = $2.first;
	}
	| COUNTER NAME text
	{
		MAKE($$, node_stmt(p, AST_COUNTER, &@$));
		MAKE($$->counter.name, node_text(p, AST_STRING, $3, &@3));
	}
	;

counter_args
	: counter_arg		{ $$.first = $$.last = $1; }
	| counter_args counter_arg
	{
		$$.first = $1.first;
		$1.last->next = $2;
		$$.last = $2;
	}
	;

counter_arg
	: PACKETS number		{ MAKE($$, node_option(p, $1, $2, &@$)); }
	| BYTES number		{ MAKE($$, node_option(p, $1, $2, &@$)); }
	;

log	: LOG
	{
		MAKE($$, node_stmt(p, AST_LOG, &@$));
	}
	| LOG log_args
	{
		MAKE($$, node_stmt(p, AST_LOG, &@$));
		$$->log.options = $2.first;
	}
	;

log_args
	: log_arg		{ $$.first = $$.last = $1; }
	| log_args log_arg
	{
		NEED(node_log_twice(p, $1.first, $2));
		$$.first = $1.first;
		$1.last->next = $2;
		$$.last = $2;
	}
	;

log_arg	: PREFIX text
	{
		struct ast_expr *e;

		MAKE(e, node_text(p, AST_STRING, $2, &@2));
		MAKE($$, node_option(p, $1, e, &@$));
		if (strchr($2, '$')) {
			complain(p, &@2, "a variable within a prefix is not supported");
			YYERROR;
		}
	}
	| LEVEL text
	{
		struct ast_expr *e;

		MAKE(e, node_text(p, AST_WORD, $2, &@2));
		MAKE($$, node_option(p, $1, e, &@$));
	}
	| LOGOPT number	{ MAKE($$, node_option(p, $1, $2, &@$)); }
	| refused_log	{ $$ = NULL; YYERROR; }
	;

refused_log
	: FLAGS		{ complain(p, &@1, "flags of log are not supported (accepted: prefix, level); packets are reported with their headers"); }
	;

limit	: LIMIT limit_rate
	{
		$$ = $2;
		$$->place = @$;
	}
	| LIMIT limit_rate BURST NUMBER burst_unit
	{
		$$ = $2;
		$$->place = @$;
		NEED(node_limit_burst(p, $$, $4.value, $5, &@4));
	}
	| LIMIT NAME text
	{
		MAKE($$, node_stmt(p, AST_LIMIT, &@$));
		$$->limit.name = $3;
	}
	;

limit_rate
	: RATE over NUMBER '/' unit	{ MAKE($$, node_limit(p, $3.value, NULL, $5, &@3, &@$)); }
	| RATE over NUMBER bytes '/' unit	{ MAKE($$, node_limit(p, $3.value, $4, $6, &@3, &@$)); }
	| RATE over NUMBER WORD		{ MAKE($$, node_limit(p, $3.value, $4, NULL, &@3, &@$)); }
	;

burst_unit
	: PACKETS
	| bytes
	;

bytes	: BYTES
	| WORD
	;

over	: %empty	{ p->over = false; }
	| OVER		{ p->over = true; }
	;

unit	: UNIT
	| PERIOD
	;

set_stmt
	: selector SET value
	{
		MAKE($$, node_stmt(p, AST_MARK_SET, &@$));
		$$->set.target = $1;
		$$->set.value = $3;
	}
	| selector SET refused_value	{ $$ = NULL; YYERROR; }
	;

refused_value
	: value MAP	{ complain(p, &@2, "setting a mark from a map is not supported"); }
	;

value	: value_primary
	| value '&' value	{ MAKE($$, node_pair(p, AST_BINOP, AST_AND, $1, $3, &@$)); }
	| value '|' value	{ MAKE($$, node_pair(p, AST_BINOP, AST_OR, $1, $3, &@$)); }
	| value '^' value	{ MAKE($$, node_pair(p, AST_BINOP, AST_XOR, $1, $3, &@$)); }
	| value SHL value	{ MAKE($$, node_pair(p, AST_BINOP, AST_SHL, $1, $3, &@$)); }
	| value SHR value	{ MAKE($$, node_pair(p, AST_BINOP, AST_SHR, $1, $3, &@$)); }
	;

value_primary
	: text			{ MAKE($$, node_text(p, AST_WORD, $1, &@1)); }
	| number
	| ADDRESS		{ MAKE($$, node_text(p, AST_ADDRESS, $1, &@1)); }
	| variable
	| selector
	| '(' value ')'		{ $$ = $2; }
	;

reject	: REJECT
	{
		MAKE($$, node_stmt(p, AST_REJECT, &@$));
	}
	| REJECT WITH PROTO RESET
	{
		MAKE($$, node_reject(p, $3, &@3, NULL, &@$));
		NEED(node_reject_reset(p, $$, $4, &@4));
	}
	| REJECT WITH PROTO TYPE code	{ MAKE($$, node_reject(p, $3, &@3, $5, &@$)); }
	| REJECT WITH PROTO code	{ MAKE($$, node_reject(p, $3, &@3, $4, &@$)); }
	| REJECT WITH ICMPX TYPE code	{ MAKE($$, node_reject(p, $3, &@3, $5, &@$)); }
	| REJECT WITH ICMPX code	{ MAKE($$, node_reject(p, $3, &@3, $4, &@$)); }
	;

code	: WORD		{ MAKE($$, node_text(p, AST_WORD, $1, &@1)); }
	| number
	;

/* ---- what is matched ---- */

lhs	: lhs_basic
	| lhs '.' lhs_basic	{ MAKE($$, node_append(p, AST_CONCAT, $1, $3, &@$)); }
	;

lhs_basic
	: lhs_primary
	| lhs_basic '&' rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_AND, $1, $3, &@$)); }
	| lhs_basic '|' rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_OR, $1, $3, &@$)); }
	| lhs_basic '^' rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_XOR, $1, $3, &@$)); }
	| lhs_basic SHL rhs_primary	{ MAKE($$, node_pair(p, AST_BINOP, AST_SHL, $1, $3, &@$)); }
	| lhs_basic SHR rhs_primary	{ MAKE($$, node_pair(p, AST_BINOP, AST_SHR, $1, $3, &@$)); }
	;

lhs_primary
	: selector
	| '(' lhs_basic ')'	{ $$ = $2; }
	;

selector
	: proto field		{ MAKE($$, node_field2(p, $1, &@1, $2, &@2, &@$)); }
	| META metakey		{ MAKE($$, node_field2(p, $1, &@1, $2, &@2, &@$)); }
	| METAKEY		{ MAKE($$, node_field2(p, "meta", &@1, $1, &@1, &@$)); }
	| MARK			{ MAKE($$, node_field2(p, "meta", &@1, $1, &@1, &@$)); }
	| PERIOD		{ MAKE($$, node_field2(p, "meta", &@1, $1, &@1, &@$)); }
	| CT field		{ MAKE($$, node_field2(p, $1, &@1, $2, &@2, &@$)); }
	| CT DIRECTION field
	{
		MAKE($$, node_field2(p, $1, &@1, $2, &@2, &@$));
		NEED(node_field_more(p, $$, $3, &@3));
	}
	| CT DIRECTION IP field
	{
		MAKE($$, node_field2(p, $1, &@1, $2, &@2, &@$));
		NEED(node_field_more(p, $$, $3, &@3) && node_field_more(p, $$, $4, &@4));
	}
	| CT DIRECTION IP6 field
	{
		MAKE($$, node_field2(p, $1, &@1, $2, &@2, &@$));
		NEED(node_field_more(p, $$, $3, &@3) && node_field_more(p, $$, $4, &@4));
	}
	| EXTHDR HEADER		{ MAKE($$, node_field2(p, $1, &@1, $2, &@2, &@$)); }
	| refused_selector	{ $$ = NULL; YYERROR; }
	;

refused_selector
	: OTHER_EXPR		{ complain(p, &@1, "\"%s\" is not supported in a policy (%s)", $1, COMPLAIN_SELECTORS); }
	| '@'			{ complain(p, &@1, "raw payload expressions are not supported (%s)", COMPLAIN_SELECTORS); }
	| proto OPTION		{ complain(p, &@$, "options of the %s header are not supported (%s)", $1, COMPLAIN_SELECTORS); }
	;

proto	: IP
	| IP6
	| ARP
	| PROTO
	| HEADER
	;

field	: WORD
	| TYPE
	| FLAGS
	| MARK
	| ECN
	| PRIORITY
	| TIMEOUT
	| SECMARK
	;

metakey	: WORD
	| METAKEY
	| MARK
	| PRIORITY
	| RANDOM
	| SECMARK
	| PERIOD
	;

/* ---- what it is compared with ---- */

rhs	: rhs_concat
	| set
	| '@' name	{ MAKE($$, node_text(p, AST_SETREF, $2, &@$)); }
	;

rhs_list
	: rhs_basic ',' rhs_basic	{ MAKE($$, node_append(p, AST_LIST, $1, $3, &@$)); }
	| rhs_list ',' rhs_basic	{ MAKE($$, node_append(p, AST_LIST, $1, $3, &@$)); }
	;

rhs_concat
	: rhs_value
	| rhs_concat '.' rhs_value	{ MAKE($$, node_append(p, AST_CONCAT, $1, $3, &@$)); }
	;

rhs_value
	: rhs_basic
	| rhs_basic '/' number		{ MAKE($$, node_pair(p, AST_PREFIX, 0, $1, $3, &@$)); }
	| rhs_basic '-' rhs_basic	{ MAKE($$, node_pair(p, AST_RANGE, 0, $1, $3, &@$)); }
	;

rhs_basic
	: rhs_primary
	| rhs_basic '&' rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_AND, $1, $3, &@$)); }
	| rhs_basic '|' rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_OR, $1, $3, &@$)); }
	| rhs_basic '^' rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_XOR, $1, $3, &@$)); }
	| rhs_basic SHL rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_SHL, $1, $3, &@$)); }
	| rhs_basic SHR rhs_basic	{ MAKE($$, node_pair(p, AST_BINOP, AST_SHR, $1, $3, &@$)); }
	;

rhs_primary
	: rhs_word	{ MAKE($$, node_text(p, AST_WORD, $1, &@1)); }
	| STRING	{ MAKE($$, node_text(p, AST_STRING, $1, &@1)); }
	| ADDRESS	{ MAKE($$, node_text(p, AST_ADDRESS, $1, &@1)); }
	| number
	| variable
	| '(' rhs_basic ')'	{ $$ = $2; }
	;

/* Words that are keywords elsewhere. */
rhs_word: WORD
	| STAR
	| BOOL
	| PROTO
	| IP
	| IP6
	| ARP
	| NAT
	| ECN
	| RESET
	;

number	: NUMBER	{ MAKE($$, node_number(p, $1.text, $1.value, &@1)); }
	;

variable
	: '$' name	{ MAKE($$, scope_value(p, $2, &@$)); }
	;

%%

/* What parsing could go on with here, in classes: bison knows it token by token. */
static int yyreport_syntax_error(const yypcontext_t *context, struct parser *p)
{
	static const char *const names[] = {
#define NAME(token, name) [YYSYMBOL_##token] = name
		NAME(TABLE, "table"), NAME(CHAIN, "chain"), NAME(SET, "set"), NAME(MAP, "map"),
		NAME(INCLUDE, "include"), NAME(DEFINE, "define"), NAME(TYPE, "type"),
		NAME(HOOK, "hook"), NAME(PRIORITY, "priority"), NAME(POLICY, "policy"),
		NAME(FLAGS, "flags"), NAME(COMMENT, "comment"), NAME(ELEMENTS, "elements"),
		NAME(ACCEPT, "accept"), NAME(DROP, "drop"), NAME(RESET, "reset"),
		NAME(INET, "inet"), NAME(IP, "ip"), NAME(IP6, "ip6"),
		NAME(RATE, "rate"), NAME(BURST, "burst"), NAME(PACKETS, "packets"),
		NAME(BYTES, "bytes"), NAME(PROTO, "a protocol"), NAME(ICMPX, "icmpx"),
		NAME(UNIT, "second, minute, hour, day or week"), NAME(VMAP, "vmap"),
		NAME(HEADER, "a header"), NAME(SETFLAG, "interval or constant"),
		NAME(STRING, "a \"quoted string\""), NAME(NUMBER, "a number"),
		NAME(WORD, "a name"), NAME(WITH, "with"), NAME(TYPEOF, "typeof"),
#undef NAME
	};
	yysymbol_kind_t expected[YYNTOKENS], found = yypcontext_token(context);
	struct complain_expected e = { 0 };
	const struct ir_place *place = yypcontext_location(context);
	bool has[YYNTOKENS] = { false };
	int n = yypcontext_expected_tokens(context, expected, YYNTOKENS), i;

	if (n < 0)
		return n;	/* no memory */
	for (i = 0; i < n; i++)
		has[expected[i]] = true;
#define HAS(token) has[YYSYMBOL_##token]
#define HAS_CHAR(c) has[YYTRANSLATE(c)]
	e.statement = HAS(ACCEPT) && HAS(COUNTER);
	e.line = !p->blocks && HAS(TABLE);
	e.table = p->blocks == 1 && HAS(CHAIN);
	e.set = HAS(ELEMENTS);
	e.value = HAS(NUMBER) && HAS(ADDRESS);
	e.element = e.value && HAS_CHAR('*');
	e.selector = HAS(META) && HAS(CT) && !e.statement;
	e.field = HAS(WORD) && !e.value && ((HAS(TYPE) && HAS(ECN)) || HAS(RANDOM));
	e.op = HAS(EQ) && HAS(NE);
	e.rate = HAS(WORD) && HAS(BYTES);
	e.chain = HAS(WORD) && HAS_CHAR('$') && HAS_CHAR('{') && !e.value;
	e.map = HAS_CHAR('@') && HAS_CHAR('{') && !e.value && !e.statement;
	e.separator = HAS(NEWLINE) && HAS_CHAR(';');
	e.comma = HAS_CHAR(',') && HAS_CHAR('}');
	e.open = HAS_CHAR('{');
	e.close = HAS_CHAR('}');
	e.paren = HAS_CHAR(')');
	e.equals = HAS_CHAR('=');
	e.only_name = n == 1 && HAS(WORD);
	if (!e.statement && !e.line && !e.table && !e.set && !e.value && !e.selector &&
	    !e.field && !e.op && !e.rate && !e.chain && !e.map)
		for (i = 0; i < n && e.names < COMPLAIN_NAMES; i++)
			if ((size_t)expected[i] < sizeof(names) / sizeof(*names) &&
			    names[expected[i]])
				e.name[e.names++] = names[expected[i]];
#undef HAS_CHAR
#undef HAS
	complain_syntax(p, place, &e, found == YYSYMBOL_WORD || found == YYSYMBOL_STAR);
	return 0;
}
