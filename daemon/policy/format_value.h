/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * format_value: what format.c prints values with.
 */
#ifndef NSF_POLICY_FORMAT_VALUE_H
#define NSF_POLICY_FORMAT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/check_field.h"
#include "policy/ir.h"
#include "policy/text.h"

/* The number in the @width bytes at @v, at most 4. */
uint32_t format_number(const uint8_t *v, unsigned int width);
/* In the base that the type is printed in. */
void format_put_number(struct text *o, enum type_kind t, uint32_t n);
/* The bits of flags that have names. */
uint32_t format_named_bits(enum type_kind t);
/* Flags with @between them; as a number where one has no name, or there is none. */
void format_put_flags(struct text *o, enum type_kind t, uint32_t n, const char *between);
/* @bare: a number even where it has a name; for ranges and masks. */
void format_put_value(struct text *o, enum type_kind t, const uint8_t *v, bool bare);
/* A value, a prefix, a name with *, or a range. */
void format_put_range(struct text *o, enum type_kind t, const struct ir_range *r, bool in_concat);
/* a . b */
void format_put_key(struct text *o, const struct ir_element *e, const enum type_kind *t,
		    unsigned int fields);

#endif /* NSF_POLICY_FORMAT_VALUE_H */
