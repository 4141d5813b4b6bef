/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policies: policy files, by the names that they give to policies.
 *
 *   policies/NAME.nft    the policy NAME
 *   netns.d/NAME.nft     the policy netns:NAME, of the one namespace NAME
 *
 * No name in policies/ has a ":", so the two never meet.
 */
#ifndef NSF_POLICIES_H
#define NSF_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "genl.h"

struct diags;
struct nsf_image;

#define POLICIES_DIR		"policies"
#define POLICIES_NETNS_DIR	"netns.d"
#define POLICIES_NETNS		"netns:"	/* begins the name of a namespace's own policy */
#define POLICIES_SUFFIX		".nft"
#define POLICIES_BUILTIN	"drop, reject, accept, audit"
#define POLICIES_NAMES		"1 to 63 of A-Z a-z 0-9 . _ -, first no . nor -"

/* A policy file, compiled. */
struct policies_image {
	struct nsf_image *image;	/* malloc'ed; NULL: none */
	size_t size;
	uint64_t hash;
	char *text;			/* in normal form, for nftables; malloc'ed */
};

/* ---- names: policies_name.c, pure ---- */

bool policies_is_builtin(const char *name);
/* A built-in, or "none", which means that there is no fence. */
bool policies_is_reserved(const char *name);
/* What is wrong with @name, as the end of a sentence; NULL: it is a policy's name. */
const char *policies_name_fault(const char *name);
/* Whether @s means a file: it has a "/", or ends in ".nft". */
bool policies_is_file(const char *s);
/* The file of a policy, relative to the configuration directory; @size: at least 96. */
void policies_file(const char *name, char *buf, size_t size);
/* "a/web.nft" -> "web". -EINVAL: that is no name of a policy. */
int policies_stem(const char *path, char name[GENL_MAX_NAME + 1], struct err *e);

/* ---- files: policies.c ---- */

/*
 * The names of the files NAME.nft in @dir, without the suffix, sorted; hidden
 * files are none. A directory that does not exist has none. 0 or a negative
 * errno. Free each, and the array.
 */
int policies_list(const char *dir, char ***names, size_t *n);
/*
 * All stages. @file is relative to the directory @dir (NULL: the current one),
 * and is named so in messages and in the image. 0; -EINVAL with errors in @d;
 * -ENOMEM. @d may have warnings either way, and is sorted. Not thread-safe: it
 * changes the current directory while it works.
 */
int policies_compile(const char *dir, const char *file, struct policies_image *out,
		     struct diags *d);
void policies_image_clean(struct policies_image *img);
/* Whether the policy has a base chain on hook @hook. */
bool policies_has_hook(const struct policies_image *img, enum genl_hook hook);

#endif /* NSF_POLICIES_H */
