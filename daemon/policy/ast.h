/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ast: the syntax tree of one policy file with all that it includes.
 *
 * The parser makes it, check.c reads it. It says what was written, not what it
 * means: words are words, and whether `ip saddr` exists or `ssh` is a port is
 * asked later. Only $variables are gone: each stands replaced by its value, and
 * sets within sets and lists within lists are flattened, as nft does.
 *
 * Everything lives in the arena of struct ast_file; nothing is freed alone. A
 * value of a variable is shared by all its uses, so nobody may change a node.
 * Depth of expressions is at most AST_MAX_DEPTH, so they may be walked by
 * recursion; what variables expand to is bounded by AST_MAX_EXPANDED nodes.
 * Lists are linked by `next`, in the order written.
 */
#ifndef NSF_POLICY_AST_H
#define NSF_POLICY_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/diag.h"
#include "policy/ir.h"		/* struct ir_place, and nothing else of it */

#define AST_MAX_DEPTH		64
#define AST_MAX_EXPANDED	(16u << 20)
#define AST_MAX_ELEMENTS	(4u << 20)	/* of all set literals */
#define AST_MAX_MEMORY		(2ul << 30)	/* bytes of the whole tree */

enum ast_expr_kind {
	AST_WORD,	/* text: ssh, established, exists, tcp (as a value), eth* */
	AST_STRING,	/* text: "quoted", without the quotes */
	AST_NUMBER,	/* number; text: as written */
	AST_ADDRESS,	/* text: looks like an IPv4, IPv6 or MAC address; no [ ] */
	AST_FIELD,	/* word[]: what is matched, `ip saddr` */
	AST_PREFIX,	/* left / number */
	AST_RANGE,	/* left - right */
	AST_LIST,	/* items: a, b */
	AST_CONCAT,	/* items: a . b */
	AST_SET,	/* elements: { ... } */
	AST_SETREF,	/* text: @name, without the @ */
	AST_BINOP,	/* left op right */
	AST_WILDCARD,	/* *, in a concatenation or as an element */
};

enum ast_op {
	AST_IMPLICIT,	/* `tcp dport 80` */
	AST_EQ, AST_NE, AST_LT, AST_GT, AST_LE, AST_GE,
	AST_AND, AST_OR, AST_XOR, AST_SHL, AST_SHR,
	AST_NOT,	/* `tcp flags ! syn`, of matches only */
};

struct ast_word {
	struct ast_word *next;
	const char *text;
	struct ir_place place;
};

struct ast_expr {
	struct ast_expr *next;		/* in the list that it is an item of */
	struct ir_place place;		/* as a variable's value: where it is used ... */
	const struct ir_place *defined;	/* ... and where it was defined; else NULL */
	uint16_t kind;			/* enum ast_expr_kind */
	uint16_t depth;			/* from 1 */
	uint32_t weight;		/* nodes below and including this */
	union {
		struct {		/* WORD STRING NUMBER ADDRESS SETREF */
			const char *text;
			uint64_t number;	/* NUMBER; too large a one is an error already */
		};
		struct {		/* LIST CONCAT: at least two; FIELD: no items */
			struct ast_expr *items, *last;
			size_t count;
		};
		/*
		 * FIELD: the words as written, with "meta" put before a bare meta
		 * key: `iifname` is meta, iifname; `ct original saddr` three
		 * words; `fib saddr . iif oif` is fib, saddr, ., iif, oif.
		 */
		struct ast_word *word;
		struct {		/* SET; `{ }` has none */
			struct ast_element *elements;
			size_t element_count;
		};
		struct {		/* PREFIX RANGE BINOP */
			struct ast_expr *left, *right;	/* PREFIX: right is a NUMBER */
			enum ast_op op;			/* BINOP */
		};
	};
};

enum ast_verdict_kind {
	AST_ACCEPT, AST_DROP, AST_CONTINUE, AST_RETURN, AST_JUMP, AST_GOTO,
};

struct ast_verdict {
	enum ast_verdict_kind kind;
	const char *chain;		/* JUMP, GOTO */
	struct ir_place place;		/* the verdict with its chain */
	struct ir_place chain_place;
};

/* An option that is a word and perhaps a value: `size 100`, `timeout 1h`, `level warn`. */
struct ast_option {
	struct ast_option *next;
	const char *word;
	struct ir_place place;		/* word and value */
	const struct ast_expr *value;	/* NULL, WORD, STRING, NUMBER, or LIST (log flags) */
};

struct ast_element {
	struct ast_element *next;
	const struct ast_expr *key;	/* never a SET or LIST */
	const struct ast_verdict *verdict;	/* `key : accept`; NULL in a set */
	const struct ast_expr *data;	/* `key : 80`, a map that is no verdict map; else NULL */
	const char *comment;		/* or NULL */
	const struct ast_option *options;	/* timeout, expires, counter: none is supported */
};

enum ast_stmt_kind {
	AST_MATCH, AST_VMAP, AST_COUNTER, AST_LOG, AST_LIMIT, AST_MARK_SET, AST_REJECT,
	AST_VERDICT,
};

struct ast_stmt {
	struct ast_stmt *next;
	enum ast_stmt_kind kind;
	struct ir_place place;
	union {
		struct {
			const struct ast_expr *left;	/* FIELD, CONCAT of them, BINOP */
			enum ast_op op;
			struct ir_place op_place;	/* line 0 when implicit */
			const struct ast_expr *right;
			const struct ast_expr *mask;	/* `tcp flags syn / syn,ack`; else NULL */
		} match;
		struct {
			const struct ast_expr *key;	/* FIELD, CONCAT, BINOP */
			const struct ast_expr *map;	/* SET or SETREF */
		} vmap;
		struct {
			const struct ast_option *options;	/* packets, bytes: initial values */
			const struct ast_expr *name;	/* `counter name "x"`; else NULL */
		} counter;
		struct {
			const struct ast_option *options;	/* prefix level group snaplen
								 * queue-threshold flags */
		} log;
		struct {
			bool over;
			uint64_t rate;		/* in bytes if `bytes`, the unit factor is in */
			uint64_t unit;		/* seconds */
			bool bytes;
			bool has_burst;
			uint64_t burst;		/* packets or bytes, the factor is in */
			bool burst_bytes;	/* burst was given in bytes, kbytes ... */
			struct ir_place rate_place, burst_place;
			const char *name;	/* `limit name "x"`; else NULL */
		} limit;
		struct {
			const struct ast_expr *target;	/* FIELD: meta mark, ct mark, or another */
			const struct ast_expr *value;
		} set;
		struct {
			/*
			 * `reject`: no words. `with tcp reset`: tcp, reset. `with icmp
			 * [type] X`: icmp and code X. `with icmpv6`, `with icmpx` alike;
			 * `with port-unreachable` has a code and no words.
			 */
			const struct ast_word *with;
			const struct ast_expr *code;	/* WORD or NUMBER, or NULL */
		} reject;
		const struct ast_verdict *verdict;
	};
};

struct ast_rule {
	struct ast_rule *next;
	struct ast_stmt *stmts;
	const char *comment;		/* or NULL */
	struct ir_place comment_place;
	struct ir_place place;
};

struct ast_chain {
	struct ast_chain *next;
	const char *name;
	struct ir_place place;		/* of the name */
	bool base;			/* has a line `type T hook H priority P` */
	const char *type, *hook;	/* any words */
	struct ir_place type_place, hook_place;
	const struct ast_expr *device;	/* `device "eth0"` or devices = {}; else NULL */
	const struct ast_expr *priority;	/* WORD or NUMBER */
	int64_t priority_add;		/* `filter - 5` is WORD filter and -5; a number is
					 * NUMBER 0 and all of it here */
	struct ir_place priority_place;
	const struct ast_word *policy;	/* accept, drop or any other; NULL: none given */
	const char *comment;
	struct ast_rule *rules;
	size_t rule_count;
};

/* What a set or map is keyed by: `type a . b`, or `typeof ip saddr . tcp dport`. */
struct ast_type {
	const struct ast_word *words;	/* of type; NULL with typeof */
	const struct ast_expr *expr;	/* of typeof: FIELD or CONCAT of them */
	struct ir_place place;
};

struct ast_set {
	struct ast_set *next;
	const char *name;
	struct ir_place place;		/* of the name */
	bool map;
	struct ast_type key;		/* line 0: none given, an error of check.c */
	struct ast_type data;		/* of a map: the word "verdict" is what we support */
	const struct ast_word *flags;
	const struct ast_expr *elements;	/* SET or NULL */
	bool auto_merge;
	const char *comment;
	const struct ast_option *options;	/* size timeout gc-interval policy counter ... */
};

/* There is one; a block that opens the same table again adds to it. */
struct ast_table {
	const char *family;		/* "ip" where none is written, as in nft */
	struct ir_place family_place;	/* line 0 where none is written */
	const char *name;
	struct ir_place place;		/* of the name */
	const char *comment;
	const struct ast_option *options;	/* flags dormant, owner: none is supported */
	struct ast_chain *chains;	/* a name may come twice: nft appends the rules */
	struct ast_set *sets;
};

struct ast_arena;
struct source;

struct ast_file {
	struct ast_table *table;	/* NULL: none was there, and an error says so */
	struct source *source;		/* the texts, for source lines */
	struct ast_arena *arena;
	size_t memory;			/* of the arena's blocks */
	unsigned int errors;		/* met while parsing; the tree lacks what was wrong */
};

/* The @i-th file's name, NULL at the end: [0] is the policy, then what it includes.
 * The `file` of each place is one of these pointers; they die with the tree. */
const char *ast_file_name(const struct ast_file *ast, size_t i);

/* Adds an error or warning with its place and source line to @d. */
void ast_error(const struct ast_file *ast, struct diags *d, const struct ir_place *place,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void ast_warning(const struct ast_file *ast, struct diags *d, const struct ir_place *place,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * The parse stage: @file must be zeroed but for @source, which it takes over and
 * which has the policy as its first text. -EINVAL: errors are in @d, the tree
 * may still be looked at; -ENOMEM. ast_clean() is due in any case.
 */
int ast_parse(struct ast_file *file, struct diags *d);
void ast_clean(struct ast_file *file);

/* For the parser: zeroed memory that lives with the tree, NULL when there is none. */
void *ast_alloc(struct ast_file *file, size_t size);
/* @len bytes of @text with a NUL behind them. */
char *ast_text(struct ast_file *file, const char *text, size_t len);

#endif /* NSF_POLICY_AST_H */
