/* SPDX-License-Identifier: GPL-2.0-or-later */
/* complain: the words of what the parse stage refuses. Of the parse stage only. */
#ifndef NSF_POLICY_COMPLAIN_H
#define NSF_POLICY_COMPLAIN_H

#include "policy/parse.h"

#define COMPLAIN_NAMES	6
#define COMPLAIN_SELECTORS \
	"accepted: ip, ip6, tcp, udp, udplite, sctp, th, icmp, icmpv6, meta, ct, exthdr frag"

/* What the grammar could go on with. */
struct complain_expected {
	bool statement, line, table, set;	/* an item of a block */
	bool value, selector, field, op;	/* a part of a match */
	bool element, rate, chain, map;
	bool separator, comma, open, close, paren, equals;
	bool only_name;
	const char *name[COMPLAIN_NAMES];	/* other words, where none of the first two rows is */
	int names;
};

/* A syntax error at the token read last; @word: it is a plain word. */
void complain_syntax(struct parser *p, const struct ir_place *place,
		     const struct complain_expected *e, bool word);
/* Of the lexer, which has the text. */
void complain_token(struct parser *p, const struct lex_token *t);
void complain_family(struct parser *p, const struct ir_place *place, const char *family);
void complain_item(struct parser *p, const struct ir_place *place, const char *what);
void complain_object(struct parser *p, const struct ir_place *place, const char *word);
void complain_stmt(struct parser *p, const struct ir_place *place, const char *word);

#endif /* NSF_POLICY_COMPLAIN_H */
