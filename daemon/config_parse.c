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

#define BLANK		" \t\f\v\r"

struct word {
	const char *name;
	uint32_t value;
};

static const struct word backends[] = {
	{ "auto", CONFIG_BACKEND_AUTO }, { "module", CONFIG_BACKEND_MODULE },
	{ "nft", CONFIG_BACKEND_NFT }, { 0 },
};
static const struct word policies[] = {
	{ "drop", 0 }, { "reject", 1 }, { "accept", 2 }, { "audit", 3 },
	{ "none", CONFIG_POLICY_NONE }, { 0 },
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
static const struct word stricts[] = {
	{ "yes", GENL_F_STRICT }, { "no", 0 }, { 0 },
};
static const struct word forwards[] = {
	{ "drop", 0 }, { "accept", GENL_F_FORWARD_ACCEPT }, { 0 },
};
static const struct word inherits[] = {
	{ "yes", GENL_F_INHERIT }, { "no", 0 }, { 0 },
};

enum value {
	VALUE_WORD,
	VALUE_WORDS,		/* with commas */
	VALUE_POLICY,		/* a word, or the name of a file */
	VALUE_GLOBS,
};

#define OR_A_FILE ", or the NAME of a file " POLICIES_DIR "/NAME" POLICIES_SUFFIX " ("	\
	POLICIES_NAMES ")"

static const struct key {
	const char *name;
	enum config_part part;
	enum value value;
	const struct word *words;
	const char *besides;	/* accepted, too */
} keys[CONFIG_KEYS] = {
	[CONFIG_KEY_BACKEND] = { "backend", CONFIG_PART_NSFENCED, VALUE_WORD, backends, "" },
	[CONFIG_KEY_BIRTH] = {
		"birth", CONFIG_PART_NSFENCED, VALUE_POLICY, policies, OR_A_FILE,
	},
	[CONFIG_KEY_POLICY] = {
		"policy", CONFIG_PART_SECTION, VALUE_POLICY, policies, OR_A_FILE,
	},
	[CONFIG_KEY_MODE] = { "mode", CONFIG_PART_SECTION, VALUE_WORD, modes, "" },
	[CONFIG_KEY_HOOKS] = { "hooks", CONFIG_PART_SECTION, VALUE_WORDS, hooks, "" },
	[CONFIG_KEY_STRICT] = { "strict", CONFIG_PART_SECTION, VALUE_WORD, stricts, "" },
	[CONFIG_KEY_FORWARD] = { "forward", CONFIG_PART_SECTION, VALUE_WORD, forwards, "" },
	[CONFIG_KEY_INHERIT] = { "inherit", CONFIG_PART_SECTION, VALUE_WORD, inherits, "" },
	[CONFIG_KEY_EXCEPT] = { "except", CONFIG_PART_SECTION, VALUE_GLOBS, NULL, "" },
};

#define SECTIONS "[nsfenced], [netns NAME], [path PATH], [pid N], [unit NAME], [inode N]"

/* How a section is called where it does not matter which. */
static const char *const templates[CONFIG_KINDS] = {
	[CONFIG_NETNS] = "netns NAME", [CONFIG_PATH] = "path PATH", [CONFIG_PID] = "pid N",
	[CONFIG_UNIT] = "unit NAME", [CONFIG_INODE] = "inode N",
};

struct parser {
	struct config_file *file;
	enum config_part part;
	enum config_kind kind;		/* of the section, as written */
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

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

/* "drop, reject, accept, audit" */
static void list_words(const struct word *w, char *buf, size_t size)
{
	size_t n = 0;

	for (buf[0] = 0; w->name && n < size; w++)
		n += snprintf(buf + n, size - n, "%s%s", n ? ", " : "", w->name);
}

static void list_keys(enum config_part part, char *buf, size_t size)
{
	size_t n = 0;
	int k;

	buf[0] = 0;
	for (k = 0; k < CONFIG_KEYS && n < size; k++)
		if (keys[k].part == part)
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
	else
		error(p, at, "\"%s\" is not a value of %s; accepted: %s%s%s",
		      config_quote(s, len).text, k->name, accepted, k->besides, hint);
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
			error(p, at, "%s twice in %s", config_quote(word, len).text, k->name);
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

/* "build-host, build-old-*": kept where the section is one that they can be of. */
static bool parse_globs(struct parser *p, const char *at, const char *s)
{
	struct config_block *b = p->block;
	struct config_fault fault;
	bool ok = true;
	const char *word;
	char **v, *path;
	size_t len;
	int ret;

	if (!b)
		return true;
	if (!b->sel.glob) {
		error(p, p->key, "except is for globs, and [%s] is none", templates[p->kind]);
		return false;
	}
	for (;;) {
		word = s + strspn(s, BLANK);
		at += word - s;
		len = strcspn(word, ",");
		s = word + len;
		while (len && strchr(BLANK, word[len - 1]))
			len--;

		ret = config_except_make(b->sel.kind, word, len, &path, &fault);
		if (ret == -EINVAL) {
			error(p, at + fault.at, "%s", fault.text);
			ok = false;
		} else if (!ret) {
			v = reallocarray(b->except, b->n_except + 1, sizeof(*v));
			if (v) {
				b->except = v;
				v[b->n_except++] = path;
			} else {
				free(path);
				ret = -ENOMEM;
			}
		}
		if (ret == -ENOMEM)
			p->ret = ret;
		if (!*s || ret == -ENOMEM)
			break;
		at += s + 1 - word;
		s++;
	}
	return ok;
}

/* ---- keys ---- */

static const struct key *find_key(struct parser *p, const char *name)
{
	char accepted[128];
	int k;

	for (k = 0; k < CONFIG_KEYS; k++)
		if (keys[k].part == p->part && !strcmp(keys[k].name, name))
			return &keys[k];

	list_keys(p->part, accepted, sizeof(accepted));
	if (!*name)
		error(p, p->key, "no key before the value; accepted: %s", accepted);
	else
		error(p, p->key, "unknown key \"%s\" in [%s]; accepted: %s",
		      config_quote(name, strlen(name)).text,
		      p->part == CONFIG_PART_SECTION ? templates[p->kind] : "nsfenced",
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

static bool parse_value(struct parser *p, const struct key *k, const char *at,
			const char *value, uint32_t *v)
{
	switch (k->value) {
	case VALUE_WORDS:
		return parse_list(p, k, at, value, v);
	case VALUE_GLOBS:
		return parse_globs(p, at, value);
	case VALUE_POLICY:
		if (!policies_name_fault(value)) {
			*v = CONFIG_POLICY_NAMED;
			return true;
		}
		break;
	case VALUE_WORD:
		break;
	}
	return parse_word(p, k, at, value, strlen(value), v);
}

static void handle(struct parser *p, const char *name, const char *value)
{
	struct config_setting *set;
	const char *at = value_at(p);
	const struct key *k;
	uint32_t v = 0;
	bool ok, twice;

	if (p->part == CONFIG_PART_NONE) {
		error(p, p->key, "key \"%s\" above the first section; accepted sections: " SECTIONS,
		      config_quote(name, strlen(name)).text);
		return;
	}
	if (p->part == CONFIG_PART_SKIP)
		return;
	k = find_key(p, name);
	if (!k)
		return;
	set = p->block ? &p->block->set[k - keys] : NULL;
	twice = set && set->line;
	if (twice)
		error(p, p->key, "%s is set already in line %u of this section",
		      name, set->line);
	/* Globs are kept as they are parsed; of the rest more can be said. */
	ok = (twice && k->value == VALUE_GLOBS) || parse_value(p, k, at, value, &v);
	if (!set || twice)
		return;

	/* A bad value counts as set: "no policy" would be a second error for one. */
	*set = (struct config_setting){
		.line = p->line,
		.col = at - p->start + 1,
		.file = p->file->index,
		.value = ok ? v : 0,
	};
	if (v != CONFIG_POLICY_NAMED || k->value != VALUE_POLICY)
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
				      unsigned int line, struct config_selector *sel,
				      int *ret)
{
	struct config_block *new;

	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 16;

		new = reallocarray(b->v, room, sizeof(*new));
		if (!new) {
			if (sel)
				config_selector_clean(sel);
			*ret = -ENOMEM;
			return NULL;
		}
		b->v = new;
		b->room = room;
	}
	new = &b->v[b->n++];
	*new = (struct config_block){ .file = file, .line = line };
	if (sel)
		new->sel = *sel;
	return new;
}

/* "netns web1" -> a block, where the selector is one. */
static void add_section(struct parser *p, enum config_kind kind, const char *name, size_t len)
{
	struct config_selector sel;
	struct config_fault fault;
	int ret = config_selector_make(kind, name, len, &sel, &fault);

	p->part = CONFIG_PART_SECTION;
	p->kind = kind;
	if (ret == -EINVAL)
		error(p, fault.at == CONFIG_FAULT_HEADER ? p->key : name + fault.at, "%s",
		      fault.text);
	else if (ret)
		p->ret = ret;
	else
		p->block = config_block_add(p->file->blocks, p->file->index, p->line, &sel,
					    &p->ret);
}

static void parse_header(struct parser *p)
{
	const char *s = p->key + 1, *end, *name, *rest;
	size_t word, len;
	int kind;

	p->block = NULL;
	p->part = CONFIG_PART_SKIP;

	end = config_header_end(s, p->end);
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
		p->part = CONFIG_PART_NSFENCED;
		p->block = config_block_add(p->file->blocks, p->file->index, p->line, NULL,
					    &p->ret);
		return;
	}
	for (kind = 0; kind < CONFIG_KINDS; kind++) {
		if (is_word(s, word, config_kind_name(kind))) {
			add_section(p, kind, name, len);
			return;
		}
	}
	error(p, s, "unknown section [%s]; accepted: " SECTIONS, config_quote(s, end - s).text);
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
		config_selector_clean(&b->v[i].sel);
		free(b->v[i].policy);
		config_strings_free(b->v[i].except, b->v[i].n_except);
	}
	free(b->v);
	memset(b, 0, sizeof(*b));
}
