// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Raw tokens -> tokens. See parse.h.
 *
 * Some words of nft are keywords everywhere, and so can name no chain and no set;
 * others only behind the keyword that they belong to (`prefix` behind `log`), and
 * are free elsewhere. A file that nft would not read must not pass here.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/complain.h"
#include "policy/parse.h"
#include "policy/parse.tab.h"

#define QUOTE_MAX 60	/* bytes of a token in a message */

struct keyword {
	const char *word;
	int kind;
};

/* In the order of strcmp(). */
static const struct keyword keywords[] = {
	{ "accept", T_ACCEPT }, { "add", T_COMMAND }, { "ah", T_PROTO }, { "all", T_RESERVED },
	{ "and", '&' }, { "arp", T_ARP }, { "auto-merge", T_AUTO_MERGE },
	{ "bridge", T_FAMILY }, { "cgroup", T_METAKEY }, { "chain", T_CHAIN },
	{ "comment", T_COMMENT }, { "comp", T_PROTO }, { "constant", T_SETFLAG },
	{ "continue", T_CONTINUE }, { "counter", T_COUNTER }, { "cpu", T_METAKEY },
	{ "create", T_COMMAND }, { "ct", T_CT }, { "day", T_PERIOD }, { "dccp", T_PROTO },
	{ "define", T_DEFINE }, { "delete", T_COMMAND }, { "describe", T_COMMAND },
	{ "device", T_DEVICE }, { "devices", T_DEVICES }, { "dnat", T_NAT },
	{ "drop", T_DROP }, { "dst", T_HEADER }, { "dup", T_OTHER }, { "dynamic", T_SETFLAG },
	{ "ecn", T_ECN }, { "element", T_ELEMENT }, { "elements", T_ELEMENTS }, { "eq", T_EQ },
	{ "esp", T_PROTO }, { "ether", T_PROTO }, { "exists", T_BOOL }, { "expires", T_EXPIRES },
	{ "export", T_COMMAND }, { "exthdr", T_EXTHDR }, { "fib", T_OTHER_EXPR },
	{ "flags", T_FLAGS }, { "flow", T_OTHER }, { "flowtable", T_FLOWTABLE },
	{ "flush", T_COMMAND }, { "frag", T_HEADER }, { "fwd", T_OTHER },
	{ "gc-interval", T_GC_INTERVAL }, { "ge", T_GE }, { "get", T_COMMAND },
	{ "goto", T_GOTO }, { "gt", T_GT }, { "handle", T_RESERVED }, { "hbh", T_HEADER },
	{ "hook", T_HOOK }, { "hour", T_PERIOD }, { "ibriport", T_METAKEY },
	{ "ibrname", T_METAKEY }, { "icmp", T_PROTO }, { "icmpv6", T_PROTO },
	{ "igmp", T_PROTO }, { "iif", T_METAKEY }, { "iifgroup", T_METAKEY },
	{ "iifname", T_METAKEY }, { "iiftype", T_METAKEY }, { "import", T_COMMAND },
	{ "include", T_INCLUDE }, { "index", T_RESERVED }, { "inet", T_INET },
	{ "insert", T_COMMAND }, { "interval", T_SETFLAG }, { "ip", T_IP }, { "ip6", T_IP6 },
	{ "ipsec", T_OTHER_EXPR }, { "jhash", T_OTHER_EXPR }, { "jump", T_JUMP },
	{ "le", T_LE }, { "limit", T_LIMIT }, { "list", T_COMMAND }, { "log", T_LOG },
	{ "lshift", T_SHL }, { "lt", T_LT }, { "map", T_MAP }, { "mark", T_MARK },
	{ "masquerade", T_OTHER }, { "meta", T_META }, { "meter", T_OTHER }, { "mh", T_HEADER },
	{ "missing", T_BOOL }, { "monitor", T_COMMAND }, { "ne", T_NE },
	{ "netdev", T_FAMILY }, { "nftrace", T_METAKEY }, { "not", '!' },
	{ "notrack", T_OTHER }, { "numgen", T_OTHER_EXPR }, { "obriport", T_METAKEY },
	{ "obrname", T_METAKEY }, { "offload", T_OFFLOAD }, { "oif", T_METAKEY },
	{ "oifgroup", T_METAKEY }, { "oifname", T_METAKEY }, { "oiftype", T_METAKEY },
	{ "or", '|' }, { "osf", T_OTHER_EXPR }, { "pkttype", T_METAKEY },
	{ "policy", T_POLICY }, { "position", T_RESERVED }, { "priority", T_PRIORITY },
	{ "queue", T_OTHER }, { "quota", T_OBJECT }, { "random", T_RANDOM },
	{ "redefine", T_REDEFINE }, { "redirect", T_NAT }, { "reject", T_REJECT },
	{ "rename", T_COMMAND }, { "replace", T_COMMAND }, { "reset", T_RESET },
	{ "return", T_RETURN }, { "rshift", T_SHR }, { "rt", T_HEADER }, { "rt0", T_HEADER },
	{ "rt2", T_HEADER }, { "rtclassid", T_METAKEY }, { "rule", T_RULE },
	{ "ruleset", T_RESERVED }, { "sctp", T_PROTO }, { "secmark", T_SECMARK },
	{ "set", T_SET }, { "size", T_SIZE }, { "skgid", T_METAKEY }, { "skuid", T_METAKEY },
	{ "snat", T_NAT }, { "socket", T_OTHER_EXPR }, { "srh", T_HEADER },
	{ "symhash", T_OTHER_EXPR }, { "synproxy", T_OBJECT }, { "table", T_TABLE },
	{ "tcp", T_PROTO }, { "th", T_HEADER }, { "time", T_METAKEY }, { "timeout", T_TIMEOUT },
	{ "tproxy", T_OTHER }, { "type", T_TYPE }, { "typeof", T_TYPEOF }, { "udp", T_PROTO },
	{ "udplite", T_PROTO }, { "undefine", T_UNDEFINE }, { "update", T_COMMAND },
	{ "vlan", T_PROTO }, { "vmap", T_VMAP }, { "xor", '^' }, { "xt", T_OTHER },
};

/* Keywords behind one keyword only, which is kind `of`. */
static const struct {
	int of;
	const char *word;
	int kind;
} own[] = {
	{ T_COUNTER, "bytes", T_BYTES }, { T_COUNTER, "name", T_NAME },
	{ T_COUNTER, "packets", T_PACKETS },
	{ T_LOG, "group", T_LOGOPT }, { T_LOG, "level", T_LEVEL }, { T_LOG, "prefix", T_PREFIX },
	{ T_LOG, "queue-threshold", T_LOGOPT }, { T_LOG, "snaplen", T_LOGOPT },
	{ T_LIMIT, "burst", T_BURST }, { T_LIMIT, "bytes", T_BYTES },
	{ T_LIMIT, "minute", T_UNIT }, { T_LIMIT, "name", T_NAME }, { T_LIMIT, "over", T_OVER },
	{ T_LIMIT, "packets", T_PACKETS }, { T_LIMIT, "rate", T_RATE },
	{ T_LIMIT, "second", T_UNIT }, { T_LIMIT, "week", T_UNIT },
	{ T_REJECT, "icmpx", T_ICMPX }, { T_REJECT, "with", T_WITH },
};

static int by_word(const void *key, const void *member)
{
	const char *a = key, *b = ((const struct keyword *)member)->word;

	/* Mostly the first letters differ. */
	return *a != *b ? (unsigned char)*a - (unsigned char)*b : strcmp(a, b);
}

/* Directly behind `ct`, or behind a header. */
static int behind(int last, const char **word)
{
	static const char *const known[] = { "original", "reply", "count", "option" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(*word, known[i])) {
			*word = known[i];
			if (last == T_CT && i < 2)
				return T_DIRECTION;
			if (last == T_CT && i == 2)
				return T_COUNT;
			if ((last == T_PROTO || last == T_IP) && i == 3)
				return T_OPTION;
		}
	return 0;
}

/* The kind of *@word, which is then a constant; 0: it is no keyword here. */
static int keyword(const struct token_state *s, const char **word)
{
	const struct keyword *k;
	size_t i;
	int kind;

	k = bsearch(*word, keywords, sizeof(keywords) / sizeof(*keywords), sizeof(*keywords),
		    by_word);
	if (k) {
		*word = k->word;
		return k->kind;
	}
	kind = behind(s->last, word);
	for (i = 0; !kind && s->statement && i < sizeof(own) / sizeof(*own); i++)
		if (own[i].of == s->statement && !strcmp(*word, own[i].word)) {
			*word = own[i].word;
			kind = own[i].kind;
		}
	return kind;
}

/* Whether the own words of the statement @s are still known behind a token of @kind. */
static int statement(int s, int kind)
{
	switch (kind) {
	case T_COUNTER:
	case T_LOG:
	case T_LIMIT:
	case T_REJECT:
		return kind;
	case T_WORD:
	case T_STAR:
	case T_STRING:
	case T_NUMBER:
	case T_PERIOD:
	case '/':
		return s;
	default:
		return kind > 255 && kind >= T_RATE && kind <= T_ICMPX ? s :
		       s == T_REJECT && (kind == T_PROTO || kind == T_TYPE) ? s : 0;
	}
}

static bool bad(int kind)
{
	return kind == T_JUNK || kind == T_BAD_NUMBER || kind == T_BAD_STRING ||
	       kind == T_BAD_END || kind == T_BAD_RETURN;
}

static const char *store(struct parser *p, const struct lex_token *t)
{
	const char *text = ast_text(p->file, t->text, t->len);

	if (!text)
		longjmp(p->out, 1);
	return text;
}

/* One token, with @text for those that have one. */
static int read_token(struct parser *p, const char **text, uint64_t *number,
		      struct ir_place *place)
{
	struct token_state *s = &p->token;
	struct lex_token t;
	int kind;

	if (s->held) {
		s->held = false;
		*place = s->hold_place;
		kind = s->hold;
		*text = s->hold_text ? s->hold_text : "";
		s->hold_text = NULL;
		if (kind == '}')
			*text = "}";
	} else {
		lex_read(p, &t);
		s->returned = false;
		*place = t.place;
		*number = t.number;
		*text = "";
		kind = t.kind;
		if (kind == T_WORD) {
			char word[16];
			const char *known = word;

			/* Keywords are short; most words of a large set are not looked at twice. */
			if (t.len < sizeof(word)) {
				memcpy(word, t.text, t.len);
				word[t.len] = 0;
				kind = keyword(s, &known);
				if (kind)
					*text = known;
				else
					kind = T_WORD;
			}
		}
		if (kind == T_WORD || kind == T_STAR || kind == T_STRING || kind == T_ADDRESS ||
		    kind == T_NUMBER) {
			*text = store(p, &t);
		} else if (kind > 0 && kind < 256) {
			static char chars[256][2];

			chars[kind][0] = (char)kind;
			*text = chars[kind];
		}
		s->junk = bad(kind);
		if (s->junk && !s->skipping)
			complain_token(p, &t);
		/* The last line of the policy may lack its end; a block ends there as well. */
		if (kind == T_YYEOF && s->last == '}' && !s->braces) {
			s->held = true;
			s->hold = kind;
			s->hold_place = *place;
			kind = T_NEWLINE;
		}
	}
	if (kind == '{')
		s->braces++;
	else if (kind == '}' && s->braces)
		s->braces--;
	s->statement = statement(s->statement, kind);
	s->last = kind;
	s->text = *text;
	return kind;
}

int policy_yylex(POLICY_YYSTYPE *value, struct ir_place *place, struct parser *p);

int policy_yylex(POLICY_YYSTYPE *value, struct ir_place *place, struct parser *p)
{
	const char *text = "";
	uint64_t number = 0;
	int kind = read_token(p, &text, &number, place);

	if (kind == T_NUMBER) {
		value->number.text = text;
		value->number.value = number;
	} else {
		value->text = text;
	}
	return kind;
}

/* What no element of a set begins with, so that at the begin of a line the set is over. */
static bool begins_item(int kind)
{
	switch (kind) {
	case T_TABLE: case T_CHAIN: case T_SET: case T_MAP: case T_TYPE: case T_ACCEPT: case T_DROP:
	case T_JUMP: case T_GOTO: case T_RETURN: case T_COUNTER: case T_LOG: case T_LIMIT:
	case T_REJECT: case T_META: case T_METAKEY: case T_CT: case T_POLICY: case T_FLAGS:
		return true;
	default:
		return false;
	}
}

static void give_back(struct token_state *s, int kind, const struct ir_place *place)
{
	s->held = true;
	s->hold = kind;
	s->hold_place = *place;
}

/* Skips behind the statement or, before a brace that ends the block, up to it. */
static bool skip(struct parser *p, int kind)
{
	struct token_state *s = &p->token;
	struct ir_place place = { 0 };
	const char *text;
	uint64_t number;
	int before = 0;
	bool in_set;

	if (kind == T_POLICY_YYEMPTY)
		kind = read_token(p, &text, &number, &place);
	in_set = s->braces - (kind == '{') > p->blocks;
	for (;;) {
		if (kind == T_YYEOF) {
			/* Inside a block the error was said; at the top there is an end. */
			give_back(s, kind, &place);
			return !p->blocks;
		}
		if (kind == '}' && s->braces < p->blocks && !s->returned) {
			s->braces++;
			s->returned = true;
			give_back(s, kind, &place);
			return true;
		}
		if ((kind == T_NEWLINE || kind == ';') && s->braces <= p->blocks)
			return true;
		if (in_set && before == T_NEWLINE && begins_item(kind)) {
			s->braces = p->blocks;
			give_back(s, kind, &place);
			s->hold_text = text;
			return true;
		}
		before = kind;
		kind = read_token(p, &text, &number, &place);
	}
}

bool token_recover(struct parser *p, int kind)
{
	bool more;

	if (p->nomem)
		return false;
	if (p->defining)
		scope_define(p, p->defining, &p->defining_place, NULL, true);
	p->defining = NULL;
	p->token.skipping = true;
	more = skip(p, kind);
	p->token.skipping = false;
	return more;
}
