// SPDX-License-Identifier: GPL-2.0-or-later
/* utf8: see utf8.h. Pure; any thread. */
#include <stdint.h>
#include <string.h>

#include "utf8.h"

/*
 * The bytes of the character at @s, 0: there is no valid one. The NUL at the
 * end of the text is no continuation, so nothing behind it is read.
 */
static size_t char_len(const char *s)
{
	const unsigned char *b = (const unsigned char *)s;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = b[0] < 0x80 ? 1 : b[0] >> 5 == 0x06 ? 2 : b[0] >> 4 == 0x0e ? 3 :
		     b[0] >> 3 == 0x1e ? 4 : 0;
	uint32_t c;
	size_t i;

	if (len < 2)
		return len;
	c = b[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3f);
	}
	/* Longer than it need be, half of a UTF-16 pair, or beyond Unicode. */
	if (c < least[len] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	return len;
}

size_t utf8_cut(const char *s, size_t max)
{
	size_t n = 0, len;

	for (; s[n]; n += len) {
		len = char_len(s + n);
		if (!len)
			len = 1;
		if (n + len > max)
			break;
	}
	return n;
}

void utf8_clean(char *s)
{
	size_t len;

	for (; *s; s += len) {
		len = char_len(s);
		if (!len || (unsigned char)*s < 0x20 || *s == 0x7f) {
			*s = '?';
			len = 1;
		}
	}
}
