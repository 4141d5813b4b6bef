// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * format_value: one value, range or element of a set in the normal form.
 */
#include "policy/format_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/format.h"
#include "policy/names.h"

uint32_t format_number(const uint8_t *v, unsigned int width)
{
	uint32_t n = 0;
	unsigned int i;

	for (i = 0; i < width; i++)
		n = n << 8 | v[i];
	return n;
}

/* ---- values ---- */

void format_put_number(struct text *o, enum type_kind t, uint32_t n)
{
	if (t == TYPE_MARK)
		text_printf(o, "0x%08" PRIx32, n);
	else if (t == TYPE_DSCP)
		text_printf(o, "0x%02" PRIx32, n);
	else if (type_table[t].hex)
		text_printf(o, "0x%" PRIx32, n);
	else
		text_put_number(o, n);
}

uint32_t format_named_bits(enum type_kind t)
{
	return t == TYPE_TCP_FLAGS ? 0xff : 0x4f;
}

void format_put_flags(struct text *o, enum type_kind t, uint32_t n, const char *between)
{
	bool first = true;
	uint32_t bit;

	if (!n || (n & ~format_named_bits(t))) {
		format_put_number(o, t, n);
		return;
	}
	for (bit = 1; bit && bit <= n; bit <<= 1)
		if (n & bit) {
			if (!first)
				text_put(o, between);
			text_put(o, names_word((enum names)type_table[t].names, bit));
			first = false;
		}
}

static void put_ifname(struct text *o, const uint8_t *v, bool wildcard)
{
	size_t n = strnlen((const char *)v, IR_MAX_WIDTH);

	if (!wildcard && n && v[n - 1] == '*')
		text_printf(o, "\"%.*s\\*\"", (int)(n - 1), (const char *)v);
	else
		text_printf(o, "\"%.*s%s\"", (int)n, (const char *)v, wildcard ? "*" : "");
}

void format_put_value(struct text *o, enum type_kind t, const uint8_t *v, bool bare)
{
	const struct type *type = &type_table[t];
	const char *word;
	uint32_t n;

	switch (t) {
	case TYPE_IPV4:
		text_put_ipv4(o, v);
		return;
	case TYPE_IPV6:
		text_put_ipv6(o, v);
		return;
	case TYPE_IFNAME:
		put_ifname(o, v, false);
		return;
	default:
		break;
	}
	n = format_number(v, type->width);
	if (type->flags) {
		format_put_flags(o, t, n, " | ");
		return;
	}
	if (t == TYPE_IFINDEX && n == 1) {
		text_put(o, "\"lo\"");
		return;
	}
	word = bare ? NULL : t == TYPE_PROTO ? names_word(NAMES_PROTOCOL, n) :
	       type->names >= 0 ? names_word((enum names)type->names, n) : NULL;
	if (word)
		text_put(o, word);
	else
		format_put_number(o, t, n);
}

/* The prefix that the range is, -1: none. Bits are the same up to one; from there 0 to 1. */
static int prefix_of(const struct ir_range *r, unsigned int width)
{
	unsigned int i, bits = 0;
	bool host = false;

	for (i = 0; i < width; i++) {
		unsigned int a = r->first[i], open = a ^ r->last[i];

		if (!open && !host) {
			bits += 8;
			continue;
		}
		/* All that is open is at the end, and begins with zeros. */
		if (host ? open != 0xff : open & (open + 1))
			return -1;
		if (a & open)
			return -1;
		for (; !(open & 0x80); open <<= 1)
			bits++;
		host = true;
	}
	return (int)bits;
}

/* "eth*": from the name on, all that begins so. */
static bool is_wildcard(const struct ir_range *r)
{
	size_t i = strnlen((const char *)r->first, IR_MAX_WIDTH);

	if (i == 0 || i == IR_MAX_WIDTH || memcmp(r->first, r->last, i) != 0)
		return false;
	for (; i < IR_MAX_WIDTH; i++)
		if (r->first[i] != 0 || r->last[i] != 0xff)
			return false;
	return true;
}

void format_put_range(struct text *o, enum type_kind t, const struct ir_range *r, bool in_concat)
{
	unsigned int width = type_table[t].width;
	int prefix;

	if (memcmp(r->first, r->last, width) == 0) {
		if (in_concat && type_table[t].flags &&
		    (format_number(r->first, width) & (format_number(r->first, width) - 1)))
			format_put_number(o, t, format_number(r->first, width));
		else
			format_put_value(o, t, r->first, false);
		return;
	}
	if (t == TYPE_IFNAME && is_wildcard(r)) {
		put_ifname(o, r->first, true);
		return;
	}
	prefix = t == TYPE_IPV4 || t == TYPE_IPV6 ? prefix_of(r, width) : -1;
	if (prefix >= 0) {
		format_put_value(o, t, r->first, true);
		text_put_char(o, '/');
		text_put_number(o, (uint32_t)prefix);
		return;
	}
	format_put_value(o, t, r->first, true);
	text_put_char(o, '-');
	format_put_value(o, t, r->last, true);
}

void format_put_key(struct text *o, const struct ir_element *e, const enum type_kind *t,
		    unsigned int fields)
{
	unsigned int i;

	for (i = 0; i < fields; i++) {
		if (i)
			text_put(o, " . ");
		format_put_range(o, t[i], &e->key[i], fields > 1);
	}
}

char *format_key(const struct ir_element *e, const enum type_kind *t, unsigned int fields)
{
	struct text text = { .v = NULL };

	format_put_key(&text, e, t, fields);
	return text_end(&text);
}
