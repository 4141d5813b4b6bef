/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_int: what the nft backend knows. Private to backend_nft.c, nft_fence.c, nft_watch.c. */
#ifndef NSF_NFT_INT_H
#define NSF_NFT_INT_H

#include "backend_ops.h"
#include "nft_jobs.h"

/* A policy that was set. */
struct nft_policy {
	char name[GENL_MAX_NAME + 1];
	uint64_t hash;
	uint64_t generation;
	uint32_t records, bytes;
	char *text;			/* in normal form */
	struct nft_compiled *compiled;	/* as most fences want it */
	bool stale;			/* some fence still has another version */
};

/* The objects of a fence: the same for all fences that wish for the same. */
struct nft_compiled {
	struct nft_compiled *next;
	unsigned int users;
	char policy[GENL_MAX_NAME + 1];
	uint64_t hash;
	enum genl_mode mode;
	uint32_t hooks, flags;
	struct nft_objects objects;
	uint64_t digest;
};

/* A namespace that has a table of ours, or should have. */
struct nft_ns {
	uint32_t inode;
	bool has_cookie;
	uint64_t cookie;
	int requests, changes;		/* nft_jobs.h */
	uint32_t port;			/* of requests */
	struct nft_meta meta;
	char table[NFT_TABLE_NAME];
	struct nft_compiled *compiled;	/* NULL: the policy is not known (any more) */
	bool right;			/* what is there is what ought to be, or cannot be judged */
	bool changed;			/* somebody changed the table: look at it at @look_at */
	bool paused;			/* it is not listened to until @look_at */
	uint64_t look_at;		/* milliseconds of clock_ms() */
	uint64_t looked_at;
	unsigned int wait_ms;		/* before the next look, while it is being changed */
	unsigned int repairs;		/* since it was last quiet */
	char problem[160];		/* as last logged */
};

struct nft {
	struct backend base;
	unsigned int users;		/* how often it was opened */
	uint32_t table_flags;		/* of nft_load_probe() */
	uint64_t key[2];		/* of digests; random */
	struct nft_ns **ns;		/* sorted by inode */
	size_t n_ns;
	struct nft_policy *policy;	/* sorted by name */
	size_t n_policies;
	struct nft_compiled *compiled;
	uint32_t *bare;			/* sorted: looked at, and no table of ours */
	size_t n_bare;
	uint64_t instance;		/* the last one given */
	uint64_t generation;
	uint32_t own, initial;		/* namespaces that are not fenced */
	int epoll, timer;
	uint64_t alive_at;		/* when to look for dead namespaces */
};

/* ---- nft_fence.c ---- */

struct nft_ns *nft_ns_find(const struct nft *n, uint32_t inode);
struct nft_policy *nft_policy_find(const struct nft *n, const char *name);
/*
 * Finds or makes the objects that @m wishes for; the caller has one more use of them.
 * -ENOENT: the policy is not known in that version.
 */
int nft_compiled_get(struct nft *n, const struct nft_meta *m, struct nft_compiled **out,
		     struct err *e);
void nft_compiled_put(struct nft *n, struct nft_compiled *c);
/*
 * Puts up, or replaces, the fence @m: in @x, or where @x is NULL in the namespace of
 * @t, which is known then. On failure nothing is changed, as far as one can know.
 */
int nft_fence_put(struct nft *n, struct nft_ns *x, const struct genl_target *t,
		  const struct nft_meta *m, struct err *e);
/* As nft_fence_put() with what was wished for before. */
int nft_fence_repair(struct nft *n, struct nft_ns *x, struct err *e);
/*
 * Reads what is there now; sets @right. A fence of a daemon before, which could not be
 * judged until now, is put right where it is not.
 */
int nft_fence_check(struct nft *n, struct nft_ns *x, struct err *e);
/* Looks into namespaces that were not looked at yet. */
int nft_fence_discover(struct nft *n, const struct nft_place *v, size_t n_places,
		       struct err *e);
/* Remembers what is wrong there; false: that is known, and was logged. */
bool nft_ns_problem(struct nft_ns *x, const char *text);
/* Forgets it; the table stays. */
void nft_ns_drop(struct nft *n, struct nft_ns *x);
void nft_ns_describe(const struct nft *n, const struct nft_ns *x, struct genl_netns *out);

/* ---- nft_watch.c ---- */

int nft_watch_open(struct nft *n, struct err *e);
void nft_watch_add(struct nft *n, struct nft_ns *x);
/* Has the table of @x looked at again, in some seconds. */
void nft_watch_later(struct nft *n, struct nft_ns *x);
/* Has every table looked at that somebody could have changed unheard. */
void nft_watch_again(struct nft *n);
int nft_watch_events(struct nft *n, const struct genl_listener *l);

/* As backend_nft_open(), without owners though the kernel has them: for tests. */
int backend_nft_open_flags(struct backend **out, uint32_t table_flags, struct err *e);

#endif /* NSF_NFT_INT_H */
