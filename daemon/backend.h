/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backend: who makes the fences; the same requests, whoever it is.
 *
 *   module   nsfence.ko, over generic netlink (genl.h)
 *   nft      a table `inet nsfence` in each fenced namespace
 *
 * The structures are genl.h's, and so is what requests mean and how they fail,
 * where nothing else is said here. Not thread-safe. A function may block: the
 * module's for GENL_TIMEOUT_MS, nft's for BACKEND_NFT_TIMEOUT_MS a namespace, and
 * longer (at most 45 s) where a policy has large sets (-ETIMEDOUT with EXIT_REFUSED then: the others are reachable). -ENOTCONN, or
 * EXIT_UNREACHABLE of any request: close, and open again.
 *
 * What nft does otherwise:
 * - It knows the namespaces that it sees: mounts of nsfs in this mount namespace,
 *   those of processes, and those it has fenced. Nobody has to name them to it.
 * - Policies live in the backend: policy_set() remembers the text, and attach needs
 *   it to be there. policy_dump() after a restart has those that are set since. A
 *   fence whose policy is not set yet is reported as it is, and stays.
 *   A policy that is set anew changes all fences that use it, one after the other,
 *   each in one transaction; the first failure is what is returned, and sets
 *   again next time those that failed.
 * - Opened a second time, it is the same one, and closed when both are.
 * - No fence is MANUAL: that flag is dropped.
 * - inherit and birth: -EOPNOTSUPP for birth other than none; GENL_F_INHERIT of a
 *   fence is kept and given back, so that nothing seems to differ, and has no effect.
 * - It repairs fences that somebody has changed by itself, in backend_events();
 *   lifecycle then hears GENL_EVENT_ATTACHED, or DETACHED where that failed.
 */
#ifndef NSF_BACKEND_H
#define NSF_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "genl.h"

struct config_policy;

#define BACKEND_NFT_TIMEOUT_MS	5000

enum backend_kind {
	BACKEND_MODULE,
	BACKEND_NFT,
};

struct backend;

/*
 * Opens requests and events. -ENOENT (EXIT_UNREACHABLE): the module is not there;
 * -EOPNOTSUPP (EXIT_UNREACHABLE): this kernel, or who we are, does not allow nft.
 */
int backend_open(enum backend_kind kind, struct backend **out, struct err *e);
/* Fences stay. NULL is allowed. */
void backend_close(struct backend *b);
enum backend_kind backend_kind(const struct backend *b);
/* "module", "nft" */
const char *backend_name(enum backend_kind kind);
/*
 * What this backend does not give on this kernel: sentences for people, without a
 * full stop. NULL-terminated, static; the module's is empty.
 */
const char *const *backend_limits(const struct backend *b);

/* To poll for reading, or -1. The same one as long as the backend is open. */
int backend_events_fd(const struct backend *b);
/* As genl_events(): 0, -ENOBUFS, -ENOTCONN. */
int backend_events(struct backend *b, const struct genl_listener *l, struct err *e);

/*
 * All namespaces, sorted by inode; the caller frees it. Of the nft backend without
 * counters; ->instance is 0 where our table is not, or not as we know it, and then
 * attach puts things right.
 */
int backend_netns_dump(struct backend *b, struct genl_netns **out, size_t *n, struct err *e);
/*
 * One, with counters. nft counts less: of a policy's file what comes to the end of a
 * base chain called as its hook, of a built-in all.
 */
int backend_netns_get(struct backend *b, const struct genl_target *t, struct genl_netns *out,
		      struct err *e);
/* The nft backend needs t->fd. */
int backend_attach(struct backend *b, const struct genl_target *t, const struct genl_fence *f,
		   uint64_t *instance, struct err *e);
int backend_detach(struct backend *b, const struct genl_target *t, bool nowait, struct err *e);

/* @p has been compiled. @out may be NULL. */
int backend_policy_set(struct backend *b, const struct config_policy *p,
		       struct genl_policy *out, struct err *e);
int backend_policy_dump(struct backend *b, struct genl_policy **out, size_t *n, struct err *e);
int backend_policy_del(struct backend *b, const char *name, struct err *e);

int backend_birth_get(struct backend *b, struct genl_birth *out, struct err *e);
int backend_birth_set(struct backend *b, const struct genl_fence *f, struct err *e);

#endif /* NSF_BACKEND_H */
