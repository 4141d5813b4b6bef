/* SPDX-License-Identifier: GPL-2.0-or-later */
/* good_text: what good_text.c reads and good.c writes. */
#ifndef NSF_GOOD_TEXT_H
#define NSF_GOOD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct good_file {
	char *name;		/* "nsfence.conf", "policies/web.nft" */
	char *text;
	size_t len;
};

struct good_text {
	char *config;		/* as it was given */
	bool single;		/* that is one file */
	struct good_file *v;	/* sorted by name */
	size_t n;
	size_t bytes;
};

#endif /* NSF_GOOD_TEXT_H */
