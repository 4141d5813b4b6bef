// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The errors of a configuration: the first CONFIG_MAX_ERRORS in file order.
 *
 * Checks that need all files run after all files are read, so errors do not
 * come in file order; each is inserted where it belongs. A file of nothing but
 * errors costs no more memory than the list's fixed length.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_parse.h"

static int compare(const struct config_error *a, const struct config_error *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->col != b->col)
		return a->col < b->col ? -1 : 1;
	return 0;
}

__attribute__((format(printf, 4, 0)))
static char *format(const char *path, unsigned int line, unsigned int col,
		    const char *fmt, va_list ap)
{
	char where[32] = "", what[512];
	char *text;

	if (line && col)
		snprintf(where, sizeof(where), ":%u:%u", line, col);
	else if (line)
		snprintf(where, sizeof(where), ":%u", line);
	vsnprintf(what, sizeof(what), fmt, ap);
	if (asprintf(&text, "%s%s: Error: %s", path, where, what) < 0)
		return NULL;
	return text;
}

void config_error_add(struct config_errors *errs, const char *path, unsigned int file,
		      unsigned int line, unsigned int col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	config_error_add_text(errs, file, line, col, format(path, line, col, fmt, ap));
	va_end(ap);
}

void config_error_add_text(struct config_errors *errs, unsigned int file, unsigned int line,
			   unsigned int col, char *text)
{
	struct config_error new = { .file = file, .line = line, .col = col, .text = text };
	size_t at = errs->n;

	while (at && compare(&new, &errs->v[at - 1]) < 0)
		at--;
	/* NULL: no memory. Still an error: count it. */
	if (at == CONFIG_MAX_ERRORS || !text) {
		free(text);
		errs->more++;
		return;
	}

	if (errs->n == CONFIG_MAX_ERRORS) {
		free(errs->v[--errs->n].text);
		errs->more++;
	}
	memmove(&errs->v[at + 1], &errs->v[at], (errs->n - at) * sizeof(new));
	errs->v[at] = new;
	errs->n++;
}

/* A policy's message has a source line, and carets below it. */
static void each_line(const char *text, void (*line)(void *data, const char *text), void *data)
{
	size_t len;
	char *one;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		one = strndup(text, len);
		if (one)
			line(data, one);
		free(one);
	}
}

void config_expand_tabs(const char *line, char *buf, size_t size)
{
	size_t n = 0;

	for (; *line && n + 1 < size; line++) {
		if (*line != '\t') {
			buf[n++] = *line;
			continue;
		}
		do
			buf[n++] = ' ';
		while (n % 8 && n + 1 < size);
	}
	buf[n] = 0;
}

void config_errors_first(const struct config_errors *errs, char *buf, size_t size)
{
	const char *text = errs->n ? errs->v[0].text : "";

	snprintf(buf, size, "%.*s", (int)strcspn(text, "\n"), text);
}

void config_warnings_each(const struct config *c,
			  void (*line)(void *data, const char *text), void *data)
{
	size_t i;

	for (i = 0; i < c->n_warnings; i++)
		each_line(c->warnings[i], line, data);
}

void config_errors_each(const struct config_errors *errs,
			void (*line)(void *data, const char *text), void *data)
{
	char text[64];
	size_t i;

	for (i = 0; i < errs->n; i++)
		each_line(errs->v[i].text, line, data);
	if (!errs->more)
		return;
	snprintf(text, sizeof(text), "and %zu more error%s", errs->more,
		 errs->more == 1 ? "" : "s");
	line(data, text);
}

void config_strings_free(char **v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void config_errors_clean(struct config_errors *errs)
{
	size_t i;

	for (i = 0; i < errs->n; i++)
		free(errs->v[i].text);
	memset(errs, 0, sizeof(*errs));
}
