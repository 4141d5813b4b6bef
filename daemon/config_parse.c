// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One configuration file -> blocks. See config_parse.h.
 *
 * inih splits a line into key, value and comment. It is given one line at a
 * time, without indentation, because the library as distributions build it
 * cuts section names at 50 bytes, splits a line of 200 into two, reads an
 * indented line as more of the value above, and reports only the first bad
 * line: none of which a configuration that decides what is fenced can bear.
 * Lines, headers and positions are therefore kept here.
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_parse.h"
#include "policies.h"

#define MAX_NAME	255	/* of a file below /run/netns */
#define MAX_QUOTE	60	/* bytes of the user's text in one message */
#define BLANK		" \t\f\v\r"

struct word {
	const char *name;
	uint32_t value;
};

static const struct word backends[] = {
	{ "auto", CONFIG_BACKEND_AUTO }, { "module", CONFIG_BACKEND_MODULE }, { 0 },
};
static const struct word births[] = { { "none", 0 }, { 0 } };
static const struct word policies[] = {
	{ "drop", 0 }, { "reject", 1 }, { "accept", 2 }, { "audit", 3 }, { 0 },
};
static const struct word modes[] = {
	{ "enforce", GENL_MODE_ENFORCE }, { "audit", GENL_MODE_AUDIT }, { 0 },
};
static const struct word hooks[] = {
	{ "prerouting", 1u << GENL_HOOK_PREROUTING },
	{ "input", 1u << GENL_HOOK_INPUT },
	{ "forward", 1u << GENL_HOOK_FORWARD },
	{ "output", 1u << GENL_HOOK_OUTPUT },
	{ "postrouting", 1u << GENL_HOOK_POSTROUTING },
	{ 0 },
};
static const struct word yes_no[] = {
	{ "yes", GENL_F_STRICT }, { "no", 0 }, { 0 },
};
static const struct word forwards[] = {
	{ "drop", 0 }, { "accept", GENL_F_FORWARD_ACCEPT }, { 0 },
};

static const struct key {
	const char *name;
	enum config_section section;
	const struct word *words;
	bool list;
	const char *later;	/* a word of later versions; "*": any word */
	const char *only;	/* what this version has instead */
	const char *besides;	/* accepted, too */
} keys[CONFIG_KEYS] = {
	[CONFIG_KEY_BACKEND] = {
		"backend", CONFIG_SECTION_NSFENCED, backends, false, "nft", "the module", "",
	},
	[CONFIG_KEY_BIRTH] = {
		"birth", CONFIG_SECTION_NSFENCED, births, false, "*", "birth = none", "",
	},
	[CONFIG_KEY_POLICY] = {
		"policy", CONFIG_SECTION_NETNS, policies, false, NULL, NULL,
		", or the NAME of a file " POLICIES_DIR "/NAME" POLICIES_SUFFIX " ("
		POLICIES_NAMES ")",
	},
	[CONFIG_KEY_MODE] = { "mode", CONFIG_SECTION_NETNS, modes, false, NULL, NULL, "" },
	[CONFIG_KEY_HOOKS] = { "hooks", CONFIG_SECTION_NETNS, hooks, true, NULL, NULL, "" },
	[CONFIG_KEY_STRICT] = { "strict", CONFIG_SECTION_NETNS, yes_no, false, NULL, NULL, "" },
	[CONFIG_KEY_FORWARD] = {
		"forward", CONFIG_SECTION_NETNS, forwards, false, NULL, NULL, "",
	},
};

/* Of later versions: known by name, so that the message can say so. */
static const char *const later_keys[] = { "except", "inherit", NULL };
static const char *const later_sections[] = { "inode", "path", "pid", "unit", NULL };

struct parser {
	struct config_file *file;
	enum config_section section;
	struct config_block *block;	/* NULL: keys are checked, and not kept */
	unsigned int line;
	const char *start;		/* of the line, for columns */
	const char *end;
	const char *key;		/* first byte that is not blank */
	bool fed;			/* inih has taken the line */
	size_t too_long;		/* the limit that it is over, or 0 */
	bool handled;
	int ret;
};

#define error(p, at, ...)							\
	config_error_add((p)->file->errs, (p)->file->path, (p)->file->index,	\
			 (p)->line, (unsigned int)((at) - (p)->start) + 1,		\
			 __VA_ARGS__)

/*
 * The user's text, safe for a terminal and a log: control characters escaped,
 * long ones cut (not inside an UTF-8 sequence).
 */
struct quoted {
	char text[MAX_QUOTE * 4 + 4];
};

static struct quoted quote(const char *s, size_t len)
{
	struct quoted q;
	size_t i, cut = len, n = 0;

	if (len > MAX_QUOTE)
		for (cut = MAX_QUOTE; cut && (s[cut] & 0xc0) == 0x80; cut--)
			;
	for (i = 0; i < cut; i++) {
		unsigned char c = s[i];

		if (c < 0x20 || c == 0x7f)
			n += snprintf(q.text + n, 5, "\\x%02x", c);
		else
			q.text[n++] = c;
	}
	memcpy(q.text + n, cut < len ? "..." : "", cut < len ? 4 : 1);
	return q;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

static bool is_one_of(const char *s, size_t len, const char *const *list)
{
	for (; *list; list++)
		if (is_word(s, len, *list))
			return true;
	return false;
}

/* "drop, reject, accept, audit" */
static void list_words(const struct word *w, char *buf, size_t size)
{
	size_t n = 0;

	for (buf[0] = 0; w->name && n < size; w++)
		n += snprintf(buf + n, size - n, "%s%s", n ? ", " : "", w->name);
}

static void list_keys(enum config_section section, char *buf, size_t size)
{
	size_t n = 0;
	int k;

	buf[0] = 0;
	for (k = 0; k < CONFIG_KEYS && n < size; k++)
		if (keys[k].section == section)
			n += snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
				      keys[k].name);
}

const char *config_key_name(enum config_key k)
{
	return keys[k].name;
}

const char *config_key_word(enum config_key k, uint32_t value)
{
	const struct word *w;

	for (w = keys[k].words; w->name; w++)
		if (w->value == value)
			return w->name;
	return NULL;
}

/* ---- values ---- */

static bool parse_word(struct parser *p, const struct key *k, const char *at,
		       const char *s, size_t len, uint32_t *value)
{
	const struct word *w;
	char accepted[128];
	const char *hint = "";

	for (w = k->words; w->name; w++) {
		if (is_word(s, len, w->name)) {
			*value = w->value;
			return true;
		}
	}

	list_words(k->words, accepted, sizeof(accepted));
	if (memchr(s, '#', len))
		hint = " (a comment behind a value begins with \" ;\")";
	if (!len)
		error(p, at, "%s has no value; accepted: %s%s", k->name, accepted, k->besides);
	else if (k->later && (!strcmp(k->later, "*") || is_word(s, len, k->later)))
		error(p, at, "%s = %s is not supported by this version, which has %s only; accepted: %s%s",
		      k->name, quote(s, len).text, k->only, accepted, hint);
	else
		error(p, at, "\"%s\" is not a value of %s; accepted: %s%s%s",
		      quote(s, len).text, k->name, accepted, k->besides, hint);
	return false;
}

/* "input, output": words between commas; blanks around them do not count. */
static bool parse_list(struct parser *p, const struct key *k, const char *at,
		       const char *s, uint32_t *value)
{
	uint32_t all = 0, one;
	bool ok = true;
	const char *word;
	size_t len;

	for (;;) {
		word = s + strspn(s, BLANK);
		at += word - s;
		len = strcspn(word, ",");
		s = word + len;
		while (len && strchr(BLANK, word[len - 1]))
			len--;

		if (!parse_word(p, k, at, word, len, &one)) {
			ok = false;
		} else if (all & one) {
			error(p, at, "%s twice in %s", quote(word, len).text, k->name);
			ok = false;
		} else {
			all |= one;
		}
		if (!*s)
			break;
		at += s + 1 - word;
		s++;
	}
	*value = all;
	return ok;
}

/* ---- keys ---- */

static const struct key *find_key(struct parser *p, const char *name)
{
	char accepted[128];
	int k;

	for (k = 0; k < CONFIG_KEYS; k++)
		if (keys[k].section == p->section && !strcmp(keys[k].name, name))
			return &keys[k];

	list_keys(p->section, accepted, sizeof(accepted));
	if (!*name)
		error(p, p->key, "no key before the value; accepted: %s", accepted);
	else if (p->section == CONFIG_SECTION_NETNS &&
		 is_one_of(name, strlen(name), later_keys))
		error(p, p->key, "key %s is not supported by this version; accepted: %s",
		      name, accepted);
	else
		error(p, p->key, "unknown key \"%s\" in [%s]; accepted: %s",
		      quote(name, strlen(name)).text,
		      p->section == CONFIG_SECTION_NETNS ? "netns NAME" : "nsfenced",
		      accepted);
	return NULL;
}

/* Where the value stands in the line; inih has a copy of its own. */
static const char *value_at(const struct parser *p)
{
	const char *s = p->key;

	while (s < p->end && *s != '=' && *s != ':')
		s++;
	if (s < p->end)
		s++;
	while (s < p->end && strchr(BLANK, *s))
		s++;
	return s;
}

static void handle(struct parser *p, const char *name, const char *value)
{
	struct config_setting *set;
	const char *at = value_at(p);
	const struct key *k;
	bool ok, named;
	uint32_t v = 0;

	if (p->section == CONFIG_SECTION_NONE) {
		error(p, p->key, "key \"%s\" above the first section; accepted sections: [nsfenced], [netns NAME]",
		      quote(name, strlen(name)).text);
		return;
	}
	if (p->section == CONFIG_SECTION_SKIP)
		return;
	k = find_key(p, name);
	if (!k)
		return;
	named = k == &keys[CONFIG_KEY_POLICY] && !policies_name_fault(value);
	if (k->list)
		ok = parse_list(p, k, at, value, &v);
	else
		ok = named || parse_word(p, k, at, value, strlen(value), &v);
	if (named)
		v = CONFIG_POLICY_NAMED;
	if (!p->block)
		return;

	set = &p->block->set[k - keys];
	if (set->line) {
		error(p, p->key, "%s is set already in line %u of this section",
		      name, set->line);
		return;
	}
	/* A bad value counts as set: "no policy" would be a second error for one. */
	*set = (struct config_setting){
		.line = p->line,
		.col = at - p->start + 1,
		.file = p->file->index,
		.value = ok ? v : 0,
	};
	if (!named)
		return;
	p->block->policy = strdup(value);
	if (!p->block->policy)
		p->ret = -ENOMEM;
}

/* ---- inih ---- */

#if INI_HANDLER_LINENO
static int on_pair(void *data, const char *section, const char *name,
		   const char *value, int lineno)
#else
static int on_pair(void *data, const char *section, const char *name,
		   const char *value)
#endif
{
	struct parser *p = data;

#if INI_HANDLER_LINENO
	(void)lineno;
#endif
	(void)section;
	if (!name || !value)	/* how some builds report a header or a lone key */
		return 0;
	p->handled = true;
	handle(p, name, value);
	return 1;
}

/* The one line, if it fits inih's buffer, whose size only inih knows. */
static char *feed(char *buf, int size, void *data)
{
	struct parser *p = data;
	size_t len = p->end - p->key;

	if (p->fed)
		return NULL;
	p->fed = true;
	if (size < 4 || len > (size_t)size - 3) {	/* "\r\n" and NUL */
		p->too_long = size < 4 ? 1 : size - 3;
		return NULL;
	}
	memcpy(buf, p->key, len);
	buf[len] = 0;
	return buf;
}

static void parse_pair(struct parser *p)
{
	int ret;

	p->fed = p->handled = false;
	p->too_long = 0;
	ret = ini_parse_stream(feed, p, on_pair, p);
	if (ret == -2)
		p->ret = -ENOMEM;
	else if (p->too_long)
		error(p, p->key, "line of %zu bytes; accepted: at most %zu",
		      (size_t)(p->end - p->key), p->too_long);
	else if (!p->handled)
		error(p, p->key, "expected KEY = VALUE, a [SECTION] or a comment");
}

/* ---- headers ---- */

struct config_block *config_block_add(struct config_blocks *b, unsigned int file,
				      unsigned int line, const char *name, size_t len,
				      int *ret)
{
	struct config_block *new;

	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 16;

		new = reallocarray(b->v, room, sizeof(*new));
		if (!new)
			goto err;
		b->v = new;
		b->room = room;
	}
	new = &b->v[b->n];
	*new = (struct config_block){ .file = file, .line = line };
	if (name) {
		new->name = strndup(name, len);
		if (!new->name)
			goto err;
	}
	b->n++;
	return new;
err:
	*ret = -ENOMEM;
	return NULL;
}

static struct config_block *add_block(struct parser *p, const char *name, size_t len)
{
	return config_block_add(p->file->blocks, p->file->index, p->line, name, len, &p->ret);
}

/* Whether @s can be the name of a namespace, which is a file name. */
static bool check_name(struct parser *p, const char *s, size_t len)
{
	size_t i;

	if (!len) {
		error(p, p->key, "[netns] names no namespace; accepted: [netns NAME]");
		return false;
	}
	if (len > MAX_NAME) {
		error(p, s, "name of %zu bytes; accepted: at most %d", len, MAX_NAME);
		return false;
	}
	if (is_word(s, len, ".") || is_word(s, len, "..") || memchr(s, '/', len)) {
		error(p, s, "\"%s\" is not a name of a file in /run/netns",
		      quote(s, len).text);
		return false;
	}
	for (i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c <= 0x20 || c == 0x7f) {
			error(p, s + i, "blank or control character in the name \"%s\"",
			      quote(s, len).text);
			return false;
		}
		if (c == '"' || c == '\'') {
			error(p, s + i, "quotation mark in the name \"%s\": names are not quoted",
			      quote(s, len).text);
			return false;
		}
		if (strchr("*?[", c)) {
			error(p, s + i, "globs are not supported by this version; accepted: the exact name of a namespace");
			return false;
		}
	}
	return true;
}

static void parse_header(struct parser *p)
{
	const char *s = p->key + 1, *end, *name, *rest;
	size_t word, len;

	p->block = NULL;
	p->section = CONFIG_SECTION_SKIP;

	end = memchr(s, ']', p->end - s);
	if (!end) {
		error(p, p->key, "\"[\" without \"]\"");
		return;
	}
	for (rest = end + 1; rest < p->end && strchr(BLANK, *rest); rest++)
		;
	if (rest < p->end && ((*rest != ';' && *rest != '#') || rest == end + 1))
		error(p, end + 1, "text behind \"]\"; accepted: a comment, \" ;\"");

	while (s < end && strchr(BLANK, *s))
		s++;
	while (end > s && strchr(BLANK, end[-1]))
		end--;
	for (word = 0; s + word < end && !strchr(BLANK, s[word]); word++)
		;
	for (name = s + word; name < end && strchr(BLANK, *name); name++)
		;
	len = end - name;

	if (is_word(s, word, "nsfenced") && !len) {
		p->section = CONFIG_SECTION_NSFENCED;
		p->block = add_block(p, NULL, 0);
	} else if (is_word(s, word, "netns")) {
		p->section = CONFIG_SECTION_NETNS;
		if (check_name(p, name, len))
			p->block = add_block(p, name, len);
	} else if (is_one_of(s, word, later_sections)) {
		p->section = CONFIG_SECTION_NETNS;	/* which has the same keys */
		error(p, s, "section [%s] is not supported by this version; accepted: [nsfenced], [netns NAME]",
		      quote(s, word).text);
	} else {
		error(p, s, "unknown section [%s]; accepted: [nsfenced], [netns NAME]",
		      quote(s, end - s).text);
	}
}

/* ---- lines ---- */

static void parse_line(struct parser *p)
{
	const char *nul = memchr(p->start, 0, p->end - p->start);

	if (nul) {
		error(p, nul, "NUL byte");
		return;
	}
	while (p->end > p->start && strchr(BLANK, p->end[-1]))
		p->end--;
	for (p->key = p->start; p->key < p->end && strchr(BLANK, *p->key); p->key++)
		;
	if (p->key == p->end || *p->key == ';' || *p->key == '#')
		return;
	if (*p->key == '[')
		parse_header(p);
	else
		parse_pair(p);
}

int config_parse(struct config_file *f, const char *text, size_t len)
{
	struct parser p = { .file = f };
	const char *end = text + len, *next;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))	/* UTF-8's BOM */
		text += 3;
	for (; text < end && !p.ret; text = next) {
		p.line++;
		p.start = text;
		p.end = memchr(text, '\n', end - text);
		if (!p.end)
			p.end = end;
		next = p.end < end ? p.end + 1 : end;
		parse_line(&p);
	}
	return p.ret;
}

void config_blocks_clean(struct config_blocks *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		free(b->v[i].name);
		free(b->v[i].policy);
	}
	free(b->v);
	memset(b, 0, sizeof(*b));
}
