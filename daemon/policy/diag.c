// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors and warnings of one policy. See diag.h.
 *
 * The text around a mistake is the user's and goes to a terminal or a log, so
 * what is printed of it is escaped here and nowhere else: control characters and
 * bytes that are no UTF-8 become \xNN, and the carets still stand below the
 * right columns.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/diag.h"

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

void diag_add(struct diags *d, enum diag_level level, const char *file, unsigned int line,
	      unsigned int col, unsigned int end, const char *source, const char *fmt, ...)
{
	struct diag *one;
	va_list args;

	if (level == DIAG_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (d->n == DIAG_MAX)
		return;
	one = &d->v[d->n++];
	*one = (struct diag){
		.level = level, .file = copy(file), .line = line, .col = col, .end = end,
		.source = copy(source),
	};
	va_start(args, fmt);
	if (vasprintf(&one->message, fmt, args) < 0)
		one->message = NULL;	/* printed as an error without words */
	va_end(args);
}

void diags_clean(struct diags *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->v[i].file);
		free(d->v[i].message);
		free(d->v[i].source);
	}
	memset(d, 0, sizeof(*d));
}

/* Which of the files of @d, in the order in which they were first named. */
static size_t rank(const struct diags *d, const struct diag *one)
{
	size_t i;

	if (!one->file)
		return 0;
	for (i = 0; i < d->n; i++)
		if (d->v[i].file && !strcmp(d->v[i].file, one->file))
			break;
	return i;
}

struct key {
	size_t rank, at;
	struct diag one;
};

static int compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->one.line != y->one.line)
		return x->one.line < y->one.line ? -1 : 1;
	if (x->one.col != y->one.col)
		return x->one.col < y->one.col ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void diags_sort(struct diags *d)
{
	struct key *keys = calloc(d->n ? d->n : 1, sizeof(*keys));
	size_t i;

	if (!keys)
		return;		/* unsorted is better than nothing */
	for (i = 0; i < d->n; i++)
		keys[i] = (struct key){ .rank = rank(d, &d->v[i]), .at = i, .one = d->v[i] };
	qsort(keys, d->n, sizeof(*keys), compare);
	for (i = 0; i < d->n; i++)
		d->v[i] = keys[i].one;
	free(keys);
}

/* Bytes of the character at @s: 0 if it must be escaped. */
static size_t printable(const unsigned char *s)
{
	uint32_t c;
	size_t n, i;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	c = s[0] & (0xff >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	/* C1 controls and those that turn the direction of the text */
	if (c < 0xa0 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0x2028 || c == 0x2029)
		return 0;
	return n;
}

static void put_text(FILE *f, const char *s)
{
	for (; *s; s++) {
		size_t n = printable((const unsigned char *)s);

		if (!n) {
			fprintf(f, "\\x%02x", (unsigned char)*s);
			continue;
		}
		fwrite(s, 1, n, f);
		s += n - 1;
	}
}

/* The source line, and below it carets from @col to @end (0: the line's end). */
static void put_source(FILE *f, const char *s, unsigned int col, unsigned int end)
{
	char *below;
	size_t size;
	FILE *g = open_memstream(&below, &size);
	unsigned int at = 1, marks = 0;

	if (!g)
		return;
	while (*s) {
		size_t n = printable((const unsigned char *)s), width = 1;
		int under = at >= col && (!end || at <= end);

		if (*s == '\t') {
			fputc('\t', f);
			n = 1;
		} else if (!n) {
			width = fprintf(f, "\\x%02x", (unsigned char)*s);
			n = 1;
		} else {
			fwrite(s, 1, n, f);
		}
		marks += under;
		if (!end || at <= end)
			for (; width; width--)
				fputc(under ? '^' : *s == '\t' ? '\t' : ' ', g);
		at += n;
		s += n;
	}
	fputc('\n', f);
	/* The mistake may be that the line ends here. */
	for (; !marks && at < col; at++)
		fputc(' ', g);
	if (!marks)
		fputc('^', g);
	fclose(g);
	fprintf(f, "%s\n", below);
	free(below);
}

char *diag_format(const struct diag *one)
{
	const char *level = one->level == DIAG_ERROR ? "Error" : "Warning";
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	put_text(f, one->file ? one->file : "?");
	if (one->line)
		fprintf(f, ":%u", one->line);
	if (one->line && one->col) {
		unsigned int end = one->end;

		if (!end && one->source)
			end = (unsigned int)strlen(one->source);
		fprintf(f, ":%u-%u", one->col, end > one->col ? end : one->col);
	}
	fprintf(f, ": %s: ", level);
	put_text(f, one->message ? one->message : "out of memory");
	fputc('\n', f);
	if (one->line && one->source) {
		if (one->col) {
			put_source(f, one->source, one->col, one->end);
		} else {
			put_text(f, one->source);
			fputc('\n', f);
		}
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
