/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gather: all that may lead to a namespace now, for claims_make().
 *
 *   what is in /run/netns; all mounts of network namespaces; what the sections'
 *   paths and globs find besides (files on which nothing is mounted, links)
 *   [pid], [inode]: what they are bound to; [unit]: its main process
 *
 * Opens no namespace: inodes are stat(2)'s, so nothing is pinned, not for a moment.
 */
#ifndef NSF_GATHER_H
#define NSF_GATHER_H

#include <stddef.h>

#include "backend.h"
#include "bindings.h"
#include "claims.h"
#include "config.h"
#include "units.h"

/*
 * Sorted by kind, then by name; gather_free(). Binds sections of kind pid that are
 * not bound yet, and ends those whose process is gone: @b has to be saved then. @u
 * may be NULL: no unit is known. Of [inode N] it has only the number.
 */
int gather_names(const struct config *c, struct bindings *b, const struct units *u,
		 struct claims_name **out, size_t *n, struct err *e);
/*
 * The same for sections of kind inode, which only @actual, the namespaces as of
 * backend_netns_dump(), can tell. @back confirms that one which is not there is gone.
 */
void gather_inodes(struct claims_name *names, size_t n, struct bindings *b,
		   const struct genl_netns *actual, size_t n_actual, struct backend *back);
/* Somebody heard that a namespace died; or that he may not have heard of it. */
void gather_died(struct bindings *b, const struct genl_netns *dead);
void gather_missed(struct bindings *b);
/* Whether the two lists are the same; reasons do not count. */
bool gather_same(const struct claims_name *a, size_t n_a, const struct claims_name *b, size_t n_b);
void gather_free(struct claims_name *v, size_t n);

#endif /* NSF_GATHER_H */
