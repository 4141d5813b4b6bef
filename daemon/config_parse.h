/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_parse: the text of one configuration file -> blocks.
 *
 * Private to config*.c, its tests and its fuzzer. A block is one occurrence of
 * a section header and the keys below it; config.c merges the blocks of all
 * files. Every value but a policy's name is one of a fixed set of words (or a
 * list of them), so a block holds numbers and positions, and no more text than
 * the names of the namespace and of its policy.
 */
#ifndef NSF_CONFIG_PARSE_H
#define NSF_CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum config_key {
	CONFIG_KEY_BACKEND,		/* of [nsfenced] */
	CONFIG_KEY_BIRTH,
	CONFIG_KEY_POLICY,		/* of [netns NAME] */
	CONFIG_KEY_MODE,
	CONFIG_KEY_HOOKS,
	CONFIG_KEY_STRICT,
	CONFIG_KEY_FORWARD,
	CONFIG_KEYS,
};

enum config_section {
	CONFIG_SECTION_NONE,		/* above the first header */
	CONFIG_SECTION_SKIP,		/* below a header that is not known */
	CONFIG_SECTION_NSFENCED,
	CONFIG_SECTION_NETNS,
};

/* The value of CONFIG_KEY_POLICY that is no built-in: the block has the name. */
#define CONFIG_POLICY_NAMED	255

struct config_setting {
	unsigned int line;		/* 0: not set */
	unsigned int col;
	unsigned int file;
	uint32_t value;
};

struct config_block {
	char *name;			/* of the namespace; NULL: [nsfenced] */
	char *policy;			/* its name in the module; or NULL */
	unsigned int file;
	unsigned int line;		/* of the header */
	struct config_setting set[CONFIG_KEYS];
};

struct config_blocks {
	struct config_block *v;
	size_t n;
	size_t room;
};

/* Of one file: NULL with -ENOMEM in *@ret. @name may be NULL; @len: of @name. */
struct config_block *config_block_add(struct config_blocks *b, unsigned int file,
				      unsigned int line, const char *name, size_t len,
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

const char *config_key_name(enum config_key k);
/* The word for @value of a key that is not a list. */
const char *config_key_word(enum config_key k, uint32_t value);

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
	struct config_errors *errs;
};

/* All three: 0 or -ENOMEM; what is wrong goes to l->errs. */
int config_add_file(struct config_loader *l, const char *dir, const char *name);
/* Adds the files of netns.d, each with a block that sets the policy. */
int config_list_netns(struct config_loader *l);
/* Compiles what the blocks @v[0..n), one for each namespace, name. */
int config_compile(struct config_loader *l, struct config_block *const *v, size_t n,
		   struct config *out);

#endif /* NSF_CONFIG_PARSE_H */
