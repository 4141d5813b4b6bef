// SPDX-License-Identifier: GPL-2.0-or-later
/* text: see text.h. */
#include "policy/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for @n more, and a NUL; NULL: there is none. */
static char *room(struct text *t, size_t n)
{
	size_t cap = 2 * t->cap;
	char *v;

	if (t->failed)
		return NULL;
	if (n < t->cap - t->n)
		return t->v + t->n;
	if (cap < t->n + n + 1)
		cap = t->n + n + 1;
	if (cap < 128)
		cap = 128;
	v = realloc(t->v, cap);
	if (!v) {
		t->failed = true;
		return NULL;
	}
	t->v = v;
	t->cap = cap;
	return v + t->n;
}

static void put_bytes(struct text *t, const char *s, size_t n)
{
	char *to = room(t, n);

	if (to) {
		memcpy(to, s, n);
		t->n += n;
	}
}

void text_put(struct text *t, const char *s)
{
	put_bytes(t, s, strlen(s));
}

void text_put_char(struct text *t, char c)
{
	put_bytes(t, &c, 1);
}

/* Without zeros in front. */
static inline void put_digits(struct text *t, uint32_t n, unsigned int base)
{
	char digits[10], *at = digits + sizeof(digits);

	do {
		*--at = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	put_bytes(t, at, (size_t)(digits + sizeof(digits) - at));
}

void text_put_number(struct text *t, uint32_t n)
{
	put_digits(t, n, 10);
}

void text_put_ipv4(struct text *t, const uint8_t *v)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (i)
			text_put_char(t, '.');
		text_put_number(t, v[i]);
	}
}

/* The first of the longest runs of zeros is "::", where it is longer than one. */
void text_put_ipv6(struct text *t, const uint8_t *v)
{
	unsigned int group[8], i, zeros = 0, from = 8, most = 1;

	for (i = 0; i < 8; i++) {
		group[i] = v[2 * i] * 256u + v[2 * i + 1];
		zeros = group[i] ? 0 : zeros + 1;
		if (zeros > most) {
			most = zeros;
			from = i + 1 - zeros;
		}
	}
	for (i = 0; i < 8; i++) {
		if (i == from) {
			text_put(t, "::");
			i += most - 1;
			continue;
		}
		if (i && i != from + most)
			text_put_char(t, ':');
		/* IPv4 within IPv6: compatible, or mapped. */
		if (i == 6 && from == 0 && (most == 6 || (most == 5 && group[5] == 0xffff))) {
			text_put_ipv4(t, v + 12);
			break;
		}
		put_digits(t, group[i], 16);
	}
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args;
	char *to;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	to = n < 0 ? NULL : room(t, (size_t)n);
	if (!to) {
		t->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(to, (size_t)n + 1, format, args);
	va_end(args);
	t->n += (size_t)n;
}

char *text_end(struct text *t)
{
	char *end = room(t, 0), *v = t->v;

	if (end) {
		*end = '\0';
	} else {
		free(v);
		v = NULL;
	}
	*t = (struct text){ .v = NULL };
	return v;
}
