/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_parse: the text of one configuration file -> blocks.
 *
 * Private to config*.c, its tests and its fuzzer. A block is one occurrence of
 * a section header and the keys below it; config_load.c merges the blocks of all
 * files. Every value but a policy's name and the globs of `except` is one of a
 * fixed set of words (or a list of them), so a block holds numbers and positions,
 * and no more text than the selector, those globs and the policy's name.
 */
#ifndef NSF_CONFIG_PARSE_H
#define NSF_CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "select.h"

enum config_key {
	CONFIG_KEY_BACKEND,		/* of [nsfenced] */
	CONFIG_KEY_BIRTH,
	CONFIG_KEY_POLICY,		/* of [netns NAME] and the like */
	CONFIG_KEY_MODE,
	CONFIG_KEY_HOOKS,
	CONFIG_KEY_STRICT,
	CONFIG_KEY_FORWARD,
	CONFIG_KEY_INHERIT,
	CONFIG_KEY_EXCEPT,
	CONFIG_KEYS,
};

enum config_part {
	CONFIG_PART_NONE,		/* above the first header */
	CONFIG_PART_SKIP,		/* below a header that is not known */
	CONFIG_PART_NSFENCED,
	CONFIG_PART_SECTION,
};

/* Values of CONFIG_KEY_POLICY and _BIRTH that are no built-in. */
#define CONFIG_POLICY_NONE	254
#define CONFIG_POLICY_NAMED	255	/* the block has the name */

struct config_setting {
	unsigned int line;		/* 0: not set */
	unsigned int col;
	unsigned int file;
	uint32_t value;
};

/* Which namespaces a section means; see struct config_section. */
struct config_selector {
	enum config_kind kind;
	char *name;			/* NULL: [nsfenced] */
	char *path;
	bool glob;
	unsigned int literals;
	uint64_t number;
};

struct config_block {
	struct config_selector sel;
	char *policy;			/* its name in the module, or that of birth; or NULL */
	char **except;			/* absolute */
	size_t n_except;
	unsigned int file;
	unsigned int line;		/* of the header */
	struct config_setting set[CONFIG_KEYS];
};

struct config_blocks {
	struct config_block *v;
	size_t n;
	size_t room;
};

/* Of one file: NULL with -ENOMEM in *@ret. @sel is taken in either case; or NULL. */
struct config_block *config_block_add(struct config_blocks *b, unsigned int file,
				      unsigned int line, struct config_selector *sel,
				      int *ret);

/* A file under way. @path is for messages. */
struct config_file {
	const char *path;
	unsigned int index;
	struct config_blocks *blocks;
	struct config_errors *errs;
};

/*
 * Appends the blocks of @text, which need not be terminated and is not
 * trusted. 0 or -ENOMEM; what is wrong with the text goes to f->errs.
 */
int config_parse(struct config_file *f, const char *text, size_t len);
void config_blocks_clean(struct config_blocks *b);

/* ---- config_selector.c ---- */

/* What is wrong with a selector, and where in it. */
struct config_fault {
	size_t at;			/* CONFIG_FAULT_HEADER: the section as a whole */
	char text[400];
};

#define CONFIG_FAULT_HEADER	SIZE_MAX

/*
 * @s[0..len) need not be terminated, and has no NUL. 0; -EINVAL with @f filled; or
 * -ENOMEM. A path in SELECT_NETNS_DIR becomes a selector of kind CONFIG_NETNS.
 */
int config_selector_make(enum config_kind kind, const char *s, size_t len,
			 struct config_selector *out, struct config_fault *f);
void config_selector_clean(struct config_selector *sel);
/* One entry of `except` of a section of @kind, made absolute. The same results. */
int config_except_make(enum config_kind kind, const char *s, size_t len, char **out,
		       struct config_fault *f);
/* The "]" of a header, which is none of a bracket expression in it; or NULL. */
const char *config_header_end(const char *s, const char *end);

/*
 * The user's text, safe for a terminal and a log: control characters escaped,
 * long ones cut (not inside an UTF-8 sequence).
 */
#define CONFIG_MAX_QUOTE	60	/* bytes of the user's text in one message */

struct config_quoted {
	char text[CONFIG_MAX_QUOTE * 4 + 4];
};

struct config_quoted config_quote(const char *s, size_t len);

/* ---- config_parse.c ---- */

const char *config_key_name(enum config_key k);
/* The word for @value of a key that is not a list. */
const char *config_key_word(enum config_key k, uint32_t value);

/* The array, too. */
void config_strings_free(char **v, size_t n);

/* Records "PATH:LINE:COL: Error: ...", in file order. */
void config_error_add(struct config_errors *errs, const char *path, unsigned int file,
		      unsigned int line, unsigned int col, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The same with all of the text; @text is taken. */
void config_error_add_text(struct config_errors *errs, unsigned int file, unsigned int line,
			   unsigned int col, char *text);

/* ---- config_load.c and config_policies.c ---- */

struct config_loader {
	const char *path;		/* what was asked for */
	bool single;			/* one file, not a directory */
	char *dir;			/* where policies/ lies */
	/*
	 * Relative to the path, in reading order; those of netns.d, which are
	 * only named here and compiled later, come last.
	 */
	char **files;
	unsigned int n_files, n_conf;
	struct config_blocks blocks;
	struct config_block *global;	/* [nsfenced], merged; or NULL */
	struct config_errors *errs;
};

/* All three: 0 or -ENOMEM; what is wrong goes to l->errs. */
int config_add_file(struct config_loader *l, const char *dir, const char *name);
/* Adds the files of netns.d, each with a block that sets the policy. */
int config_list_netns(struct config_loader *l);
/* Compiles what the blocks @v[0..n), one for each section, name; and birth. */
int config_compile(struct config_loader *l, struct config_block *const *v, size_t n,
		   struct config *out);

#endif /* NSF_CONFIG_PARSE_H */
