// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: the text of a configuration file.
 * links: err.c config.c config_error.c config_parse.c config_selector.c policies_name.c
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Idaemon \
 *     tests/fuzz/fuzz_config.c daemon/{err,config,config_error,config_parse,config_selector,policies_name}.c -linih
 *   ./a.out -dict=tests/fuzz/config.dict CORPUS tests/golden/config tests/fuzz/corpus/config
 *
 * The text goes in twice, as two files; what must hold: each error has a line
 * that exists, errors are in file order and printable, a block has names that
 * could be files', and what a selector was made into is made into the same again.
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

/* Absolute, and each part one that a file could have. */
static void check_path(const char *path)
{
	const char *part = path;
	size_t len;

	assert(path[0] == '/' && !strpbrk(path, " \t\n\r\"'"));
	while (*part) {
		len = strcspn(++part, "/");
		assert(len && len <= 255 && !(len == 1 && part[0] == '.') &&
		       !(len == 2 && !memcmp(part, "..", 2)));
		part += len;
	}
	assert(strncmp(path, "/var/run/", 9));
}

static void check_selector(const struct config_selector *sel)
{
	struct config_selector again;
	struct config_fault fault;

	assert(sel->kind < CONFIG_KINDS && *sel->name);
	if (sel->path)
		check_path(sel->path);
	assert((sel->kind <= CONFIG_PATH) == !!sel->path);
	assert(sel->glob == (sel->path && strpbrk(sel->path, "*?[")));
	assert(sel->literals <= (sel->path ? strlen(sel->path) : 0));
	if (sel->kind == CONFIG_NETNS)
		assert(!strchr(sel->name, '/') && strlen(sel->name) <= 255);
	if (sel->kind == CONFIG_PID || sel->kind == CONFIG_INODE)
		assert(sel->number);
	assert(!config_selector_make(sel->kind, sel->name, strlen(sel->name), &again, &fault));
	assert(again.kind == sel->kind && !strcmp(again.name, sel->name) &&
	       again.glob == sel->glob && again.literals == sel->literals &&
	       again.number == sel->number);
	assert(!again.path == !sel->path && (!sel->path || !strcmp(again.path, sel->path)));
	config_selector_clean(&again);
}

static void check_blocks(const struct config_blocks *b, size_t lines)
{
	const struct config_block *one;
	size_t i, e;
	int k;

	for (i = 0; i < b->n; i++) {
		one = &b->v[i];
		assert(one->line >= 1 && one->line <= lines);
		if (one->sel.name)
			check_selector(&one->sel);
		assert(!one->n_except || one->sel.glob);
		for (e = 0; e < one->n_except; e++)
			check_path(one->except[e]);
		if (one->set[CONFIG_KEY_POLICY].value == CONFIG_POLICY_NAMED ||
		    one->set[CONFIG_KEY_BIRTH].value == CONFIG_POLICY_NAMED)
			assert(!policies_name_fault(one->policy));
		else
			assert(!one->policy);
		for (k = 0; k < CONFIG_KEYS; k++)
			assert(one->set[k].line <= lines);
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
