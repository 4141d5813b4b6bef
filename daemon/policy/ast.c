// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory and messages of the syntax tree. See ast.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ast.h"
#include "policy/source.h"

#define BLOCK	65536

/* Blocks are filled from the front; a large request has a block of its own. */
struct ast_arena {
	struct ast_arena *next;
	size_t used, size;
	_Alignas(8) char data[];
};

void *ast_alloc(struct ast_file *file, size_t size)
{
	struct ast_arena *a = file->arena;
	void *p;

	if (size > AST_MAX_MEMORY - file->memory)
		return NULL;
	size = (size + 7) & ~(size_t)7;
	if (!a || size > a->size - a->used) {
		size_t room = size > BLOCK ? size : BLOCK;

		a = calloc(1, sizeof(*a) + room);
		if (!a)
			return NULL;
		a->size = room;
		/* A block of one large request is full: keep filling the former. */
		if (file->arena && room > BLOCK) {
			a->next = file->arena->next;
			file->arena->next = a;
		} else {
			a->next = file->arena;
			file->arena = a;
		}
		file->memory += room;
	}
	p = a->data + a->used;
	a->used += size;
	return p;
}

char *ast_text(struct ast_file *file, const char *text, size_t len)
{
	char *copy = ast_alloc(file, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

const char *ast_file_name(const struct ast_file *ast, size_t i)
{
	return ast->source && i < ast->source->count ? ast->source->text[i]->name : NULL;
}

static __attribute__((format(printf, 5, 0)))
void add(const struct ast_file *ast, struct diags *d, enum diag_level level,
	 const struct ir_place *place, const char *fmt, va_list args)
{
	char *message, *line;

	if (vasprintf(&message, fmt, args) < 0)
		message = NULL;
	line = d->n < DIAG_MAX && ast->source ?
	       source_line(ast->source, place->file, place->line) : NULL;
	diag_add(d, level, place->file, place->line, place->col, place->end, line, "%s",
		 message ? message : "out of memory");
	free(line);
	free(message);
}

void ast_error(const struct ast_file *ast, struct diags *d, const struct ir_place *place,
	       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(ast, d, DIAG_ERROR, place, fmt, args);
	va_end(args);
}

void ast_warning(const struct ast_file *ast, struct diags *d, const struct ir_place *place,
		 const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(ast, d, DIAG_WARNING, place, fmt, args);
	va_end(args);
}

void ast_clean(struct ast_file *file)
{
	struct ast_arena *a, *next;

	for (a = file->arena; a; a = next) {
		next = a->next;
		free(a);
	}
	if (file->source)
		source_clean(file->source);
	free(file->source);
	memset(file, 0, sizeof(*file));
}
