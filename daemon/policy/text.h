/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text: a string that grows. Where memory ran out, what follows is lost, and
 * text_end() tells. stdio could do it, but takes eight kilobytes for each short line.
 */
#ifndef NSF_POLICY_TEXT_H
#define NSF_POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *v;
	size_t n, cap;
	bool failed;
};

void text_put(struct text *t, const char *s);
void text_put_char(struct text *t, char c);
void text_put_number(struct text *t, uint32_t n);
/* As inet_ntop() has them. */
void text_put_ipv4(struct text *t, const uint8_t *v);
void text_put_ipv6(struct text *t, const uint8_t *v);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* malloc'ed; NULL: no memory. *@t is empty again. */
char *text_end(struct text *t);

#endif /* NSF_POLICY_TEXT_H */
