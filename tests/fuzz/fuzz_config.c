// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: the text of a configuration file.
 * links: err.c config_error.c config_parse.c policies_name.c
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Idaemon \
 *     tests/fuzz/fuzz_config.c daemon/{err,config_error,config_parse,policies_name}.c -linih
 *   ./a.out -dict=tests/fuzz/config.dict CORPUS tests/golden/config
 *
 * The text goes in twice, as two files; what must hold: each error has a line
 * that exists, errors are in file order and printable, and a block has names
 * that could be files'.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config_parse.h"
#include "policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_errors(const struct config_errors *errs, size_t lines)
{
	const struct config_error *e;
	const char *s;
	size_t i;

	for (i = 0; i < errs->n; i++) {
		e = &errs->v[i];
		assert(e->line >= 1 && e->line <= lines);
		assert(!i || e[-1].file < e->file ||
		       (e[-1].file == e->file && e[-1].line <= e->line));
		for (s = e->text; *s; s++)
			assert((unsigned char)*s >= 0x20 && *s != 0x7f);
	}
	assert(!errs->more || errs->n == CONFIG_MAX_ERRORS);
}

static void check_blocks(const struct config_blocks *b, size_t lines)
{
	const char *name;
	size_t i;
	int k;

	for (i = 0; i < b->n; i++) {
		name = b->v[i].name;
		assert(b->v[i].line >= 1 && b->v[i].line <= lines);
		if (name)
			assert(*name && strlen(name) <= 255 && !strpbrk(name, "/ \t\n*?[]") &&
			       strcmp(name, ".") && strcmp(name, ".."));
		if (b->v[i].set[CONFIG_KEY_POLICY].value == CONFIG_POLICY_NAMED)
			assert(!policies_name_fault(b->v[i].policy));
		else
			assert(!b->v[i].policy);
		for (k = 0; k < CONFIG_KEYS; k++)
			assert(b->v[i].set[k].line <= lines);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_errors errs;
	struct config_blocks blocks = { 0 };
	struct config_file f = { .path = "fuzz.conf", .blocks = &blocks, .errs = &errs };
	size_t i, lines = 1;

	for (i = 0; i < size; i++)
		lines += data[i] == '\n';
	for (f.index = 0; f.index < 2; f.index++)
		if (config_parse(&f, (const char *)data, size))
			break;
	check_errors(&errs, lines);
	check_blocks(&blocks, lines);
	config_blocks_clean(&blocks);
	config_errors_clean(&errs);
	return 0;
}
