/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8: text for those who take nothing else, as the service manager. */
#ifndef NSF_UTF8_H
#define NSF_UTF8_H

#include <stddef.h>

/* Length of the longest beginning of at most @max bytes that splits no character. */
size_t utf8_cut(const char *s, size_t max);
/* Makes @s valid, in place: '?' for each bad byte and each control character. */
void utf8_clean(char *s);

#endif /* NSF_UTF8_H */
