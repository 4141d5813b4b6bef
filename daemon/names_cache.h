/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names_cache: names for those who are told of namespaces one by one, and often.
 *
 * The kernel says when the mount table changed, and with it names and paths. They,
 * and the processes, are looked at again only as often as takes little of the time:
 * on a host with thousands of them a name may come some tenths of a second late.
 * Not thread-safe.
 */
#ifndef NSF_NAMES_CACHE_H
#define NSF_NAMES_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"

struct names_cache {
	struct names names;
	int mounts;		/* open mountinfo, which poll(2) asks; -1: none */
	bool stale;		/* the mount table has changed since */
	uint64_t until;		/* clock_us(): read the names again then in any case */
	uint64_t names_next;	/* clock_us(): and not again before */
	uint64_t tasks_next;	/* clock_us(): the same of processes */
};

void names_cache_init(struct names_cache *c);
void names_cache_clean(struct names_cache *c);
/*
 * The names, with those of @inode as far as they can be found. @changed: something
 * happened to it, and a process that it was called by may be another now. Valid
 * until the next call.
 */
const struct names *names_cache_get(struct names_cache *c, uint32_t inode, bool changed);
/* It has died. */
void names_cache_forget(struct names_cache *c, uint32_t inode);

#endif /* NSF_NAMES_CACHE_H */
