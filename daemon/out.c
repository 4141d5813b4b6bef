// SPDX-License-Identifier: GPL-2.0-or-later
/* out: see out.h. Owns nothing between two calls. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "out.h"

#define BOLD	"\033[1m"
#define PLAIN	"\033[0m"

struct out_table {
	const struct out_column *columns;
	size_t n;		/* columns */
	char **cells;		/* rows * n, escaped */
	size_t rows, room;
};

static void *must(void *p)
{
	if (!p) {
		fputs("nsfence: out of memory\n", stderr);
		exit(EXIT_REFUSED);
	}
	return p;
}

/* Length of the valid UTF-8 character at @s, 0: there is none. */
static size_t utf8_len(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 :
		(s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static bool printable(const unsigned char *s, size_t len)
{
	if (len == 1)
		return s[0] >= ' ' && s[0] != 0x7f;
	return len && !(s[0] == 0xc2 && s[1] < 0xa0);	/* C1 controls */
}

void out_escape(const char *s, char *buf, size_t size)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = 0;

	if (!size)
		return;
	while (*p) {
		size_t len = utf8_len(p);
		bool plain = printable(p, len);

		if (n + (plain ? len : 4) >= size)
			break;
		if (plain) {
			memcpy(buf + n, p, len);
			n += len;
			p += len;
		} else {
			snprintf(buf + n, size - n, "\\x%02x", *p++);
			n += 4;
		}
	}
	buf[n] = '\0';
}

/* Characters, not bytes. Wide ones count once: a table may lean, no more. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

bool out_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") && isatty(fileno(f));
}

struct out_table *out_table_new(const struct out_column *columns, size_t n)
{
	struct out_table *t = must(calloc(1, sizeof(*t)));

	t->columns = columns;
	t->n = n;
	return t;
}

void out_table_add(struct out_table *t, const char *const *cells)
{
	if (t->rows == t->room) {
		t->room = t->room ? 2 * t->room : 32;
		t->cells = must(reallocarray(t->cells, t->room, t->n * sizeof(*t->cells)));
	}
	for (size_t i = 0; i < t->n; i++) {
		const char *s = cells[i] && cells[i][0] ? cells[i] : "-";
		size_t size = 4 * strlen(s) + 1;
		char *copy = must(malloc(size));

		out_escape(s, copy, size);
		t->cells[t->rows * t->n + i] = copy;
	}
	t->rows++;
}

static void print_row(const struct out_table *t, const size_t *widths,
		      const char *const *cells, FILE *f)
{
	for (size_t i = 0; i < t->n; i++) {
		int pad = (int)(widths[i] - width(cells[i]));

		if (i)
			fputs("  ", f);
		if (t->columns[i].right)
			fprintf(f, "%*s%s", pad, "", cells[i]);
		else if (i + 1 < t->n)
			fprintf(f, "%s%*s", cells[i], pad, "");
		else
			fputs(cells[i], f);
	}
}

void out_table_print(const struct out_table *t, FILE *f)
{
	const char **titles = must(calloc(t->n, sizeof(*titles)));
	size_t *widths = must(calloc(t->n, sizeof(*widths)));
	bool colour = out_colour(f);

	for (size_t i = 0; i < t->n; i++) {
		titles[i] = t->columns[i].title;
		widths[i] = width(titles[i]);
	}
	for (size_t i = 0; i < t->rows * t->n; i++) {
		size_t w = width(t->cells[i]);

		if (w > widths[i % t->n])
			widths[i % t->n] = w;
	}
	fputs(colour ? BOLD : "", f);
	print_row(t, widths, titles, f);
	fputs(colour ? PLAIN "\n" : "\n", f);
	for (size_t i = 0; i < t->rows; i++) {
		print_row(t, widths, (const char *const *)t->cells + i * t->n, f);
		fputc('\n', f);
	}
	free(titles);
	free(widths);
}

void out_table_free(struct out_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->rows * t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

json_t *out_json_string(const char *s)
{
	static const char replacement[] = "\xef\xbf\xbd";
	const unsigned char *p = (const unsigned char *)s;
	char *copy = must(malloc(3 * strlen(s) + 1));
	json_t *v;
	size_t n = 0;

	while (*p) {
		size_t len = utf8_len(p);

		if (len) {
			memcpy(copy + n, p, len);
			p += len;
		} else {
			len = sizeof(replacement) - 1;
			memcpy(copy + n, replacement, len);
			p++;
		}
		n += len;
	}
	copy[n] = '\0';
	v = must(json_string(copy));
	free(copy);
	return v;
}

json_t *out_json_u64(uint64_t v)
{
	char digits[24];

	if (v <= INT64_MAX)
		return must(json_integer((json_int_t)v));
	snprintf(digits, sizeof(digits), "%" PRIu64, v);
	return must(json_string(digits));
}

void out_json_set(json_t *object, const char *key, json_t *v)
{
	must(json_object_set_new(object, key, must(v)) ? NULL : object);
}

void out_json_append(json_t *array, json_t *v)
{
	must(json_array_append_new(array, must(v)) ? NULL : array);
}

void out_json_print(json_t *v, bool pretty, FILE *f)
{
	/* A write that fails leaves its mark in @f, where main() looks. */
	json_dumpf(must(v), f, pretty ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', f);
	json_decref(v);
}
