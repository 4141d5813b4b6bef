/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * out: tables and JSON on standard output, for the command line tool.
 *
 * Names and sources come from elsewhere: what is printed never holds a control
 * character, and JSON never holds invalid UTF-8. Memory that runs out ends the
 * program with a message: there is nothing to undo in a tool that only shows.
 */
#ifndef NSF_OUT_H
#define NSF_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct out_column {
	const char *title;
	bool right;		/* numbers: aligned at their last digit */
};

struct out_table;

struct out_table *out_table_new(const struct out_column *columns, size_t n);
/* One cell per column, copied; NULL or "" is shown as "-". */
void out_table_add(struct out_table *t, const char *const *cells);
void out_table_print(const struct out_table *t, FILE *f);
void out_table_free(struct out_table *t);

/*
 * Copies @s with bytes that are not printable (control characters, invalid
 * UTF-8) as \xNN; cut at a whole character when @size is too small.
 */
void out_escape(const char *s, char *buf, size_t size);

/* Colour only where a person looks: a terminal, and NO_COLOR is not set. */
bool out_colour(FILE *f);

/* Bytes that are no UTF-8 become U+FFFD. */
json_t *out_json_string(const char *s);
/* Above 2^63-1, which JSON readers rarely hold, a string of digits. */
json_t *out_json_u64(uint64_t v);
/* Both take over @v. */
void out_json_set(json_t *object, const char *key, json_t *v);
void out_json_append(json_t *array, json_t *v);
/* Prints @v and a newline, and frees it. */
void out_json_print(json_t *v, bool pretty, FILE *f);

#endif /* NSF_OUT_H */
