/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy: named policies and their versions. A policy is an object that any
 * number of attachments share; its version is one image, immutable.
 *
 *   nsf_rules.policy --> nsf_policy --version--> nsf_version --> image (vmalloc)
 *                          |  (RCU, one store)      |
 *                          |                        +-- place[] of each state
 *                          +-- chunks, chains       +-- chain[] by number
 *
 * A base chain and a state have numbers of their own in the policy, by id; they
 * stay across versions. A slot knows its chain's number, an attachment's states
 * are found by place.
 */
#ifndef NSF_POLICY_H
#define NSF_POLICY_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "image.h"
#include "states.h"

struct mutex;

struct net;
struct netlink_ext_ack;

#define NSF_NAME_SIZE 64	/* with NUL */
#define NSF_NO_PLACE 0xffffffffu

/* One image. Immutable once published, but for `old`. */
struct nsf_version {
	struct rcu_head rcu;
	/*
	 * While traversals may still be under way that began with the version
	 * before: it is enforced, too (hook.c). NULL: a traversal can meet no
	 * mixture, or all that could have ended.
	 */
	struct nsf_version __rcu *old;
	const struct nsf_image *image;
	u8 families;			/* NSF_CHAIN_*: of all its chains */
	u8 forward_families;		/* and of those on forward */
	u32 *place;			/* of each state of the image */
	const struct nsf_chain *chain[NSF_MAX_CHAINS];	/* by number: the image's, or NULL */
};

/* A base chain as the core sees it; which version has it, its chain[] says. */
struct nsf_chain_desc {
	u64 id;			/* 0: this number is free */
	s32 priority;
	u8 hook;
	u8 families;
};

/* What an attachment needs is the union of what the versions in use need. */
struct nsf_policy {
	struct list_head list;			/* nsf_mutex */
	char name[NSF_NAME_SIZE];		/* immutable */
	struct nsf_version __rcu *version;	/* written under nsf_mutex; set when listed */
	u64 generation;				/* nsf_mutex */
	struct list_head attachments;		/* nsf_mutex; by policy_node */
	u32 users;				/* nsf_mutex; those, and fences about to go */
	u64 layout;				/* nsf_mutex; grows when what follows changes */
	struct nsf_chain_desc chain[NSF_MAX_CHAINS];	/* nsf_mutex; slots */
	bool forward_fence;			/* nsf_mutex; a version has no forward chain */
	bool ct;				/* nsf_mutex; conntrack must be on */
	bool uneven;				/* nsf_policy_mutex; some lack chunks */
	bool birth;				/* nsf_mutex; namespaces are born with it */
	struct nsf_chunk_desc *chunk;		/* nsf_mutex; states; only grows */
	u32 chunks;
};

/*
 * Serialises what takes several steps with grace periods between them: setting
 * and deleting policies, attaching and detaching. Outside nsf_mutex; no birth
 * or death of a namespace takes it: between any two steps, attachments come and go
 * (policy.c).
 */
extern struct mutex nsf_policy_mutex;

/* What a policy is, for answers. */
struct nsf_policy_info {
	char name[NSF_NAME_SIZE];
	u64 generation;
	u64 hash;
	u32 records;
	u32 bytes;
	u32 attachments;
};

/*
 * Sets policy @name to @image, which is taken, whatever happens, and was made
 * by nsf_image_load(). Sleeps, also for grace periods; takes nsf_policy_mutex.
 * When it returns 0, every packet meets the new version; otherwise nothing has
 * changed. Errors with extack: -ENOMEM, -E2BIG, -EOPNOTSUPP, -ENOSPC, -EINVAL.
 */
int nsf_policy_set(const char *name, struct nsf_image *image, struct nsf_policy_info *info,
		   struct netlink_ext_ack *extack);
/* -ENOENT, -EBUSY (with extack). Sleeps; takes nsf_policy_mutex. */
int nsf_policy_delete(const char *name, struct netlink_ext_ack *extack);
/* 0 or -ENOENT. Takes nsf_mutex. */
int nsf_policy_get(const char *name, struct nsf_policy_info *info);
/* The @n-th, for a dump; -ENOENT past the end. Takes nsf_mutex. */
int nsf_policy_get_nth(u32 n, struct nsf_policy_info *info);
/* Grows with each change of the list or a policy; never 0. */
unsigned int nsf_policy_changes(void);
/* At unload, when no fence is left and no request can come. */
void nsf_policy_free_all(void);

/* Under nsf_mutex. */
struct nsf_policy *nsf_policy_find(const char *name);
struct nsf_version *nsf_policy_version(const struct nsf_policy *pol);

/* Is @name one that a policy may have? -EINVAL, -EPERM with extack. */
int nsf_policy_check_name(const char *name, struct netlink_ext_ack *extack);

/* ---- versions (version.c) ---- */

/*
 * A version of @pol that has @image: numbers for its chains, places for its
 * states, those of @pol's version where the id is the same. What @pol has to
 * offer besides is in *@chain and *@chunk (kvmalloc'ed, *@chunks of them):
 * nothing of @pol is changed. Process context, under nsf_policy_mutex.
 */
struct nsf_version *nsf_version_new(const struct nsf_policy *pol, const struct nsf_image *image,
				    struct nsf_chain_desc *chain, struct nsf_chunk_desc **chunk,
				    u32 *chunks, struct netlink_ext_ack *extack);
/* With its image; no reader is left. @v may be NULL. */
void nsf_version_free(struct nsf_version *v);
/*
 * May a packet, on its way through one hook, meet chains of both versions? If not
 * (the same chains, one at most on each hook), one store changes over.
 */
bool nsf_version_mixes(const struct nsf_version *a, const struct nsf_version *b);
/* More than one chain on some hook? */
bool nsf_version_is_multi(const struct nsf_version *v);
/* Bits of 1 << enum nf_inet_hooks. */
u32 nsf_version_hooks(const struct nsf_version *v);
/*
 * Needs forward no fence in this family (NSF_CHAIN_IPV4 or IPV6)? It has a
 * chain there, or has nothing to do with the family. Any context.
 */
static inline bool nsf_version_fences(const struct nsf_version *v, u8 family)
{
	return v->forward_families & family || !(v->families & family);
}
/*
 * The places that @v uses and @old does not: states that begin anew. *@out is
 * kvmalloc'ed. Sleeps. -ENOMEM.
 */
int nsf_version_new_places(const struct nsf_version *v, const struct nsf_version *old,
			   u32 **out, u32 *count);

/* ---- images (image_load.c) ---- */

/*
 * The image that the caller's descriptor @fd holds, copied and checked. Sleeps.
 * ERR_PTR with extack: -EBADF, -EINVAL, -EFBIG, -ENOMEM. kvfree() it.
 */
struct nsf_image *nsf_image_load(u32 fd, struct netlink_ext_ack *extack);

#endif /* NSF_POLICY_H */
