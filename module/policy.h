/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy: named policies and their versions. A policy is an object that any
 * number of attachments share; its version is one image, immutable.
 *
 *   nsf_rules.policy --> nsf_policy --version--> nsf_version --> image (vmalloc)
 *                          |  (RCU, one store)      |
 *                          |                        +-- place[] of each state
 *                          +-- chunks, chains       +-- start[] of each chain
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

struct net;
struct netlink_ext_ack;

#define NSF_NAME_SIZE 64	/* with NUL */
#define NSF_NO_CHAIN 0xffffffffu

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
	u32 *place;			/* of each state of the image */
	u32 start[NSF_MAX_CHAINS];	/* chain's number -> its first record, or NSF_NO_CHAIN */
};

/* A base chain as the core sees it; which version has it, its start[] says. */
struct nsf_chain_desc {
	u64 id;			/* 0: this number is free */
	s32 priority;
	u8 hook;
	u8 families;
};

struct nsf_policy {
	struct rcu_head rcu;
	struct list_head list;			/* policies_mutex */
	char name[NSF_NAME_SIZE];		/* immutable */
	struct nsf_version __rcu *version;	/* written under nsf_mutex; NULL: being made */
	u64 generation;				/* nsf_mutex */
	u32 attachments;			/* nsf_mutex */
	/* What an attachment needs: the union of the versions in use. nsf_mutex. */
	struct nsf_chain_desc chain[NSF_MAX_CHAINS];
	struct nsf_chunk_desc *chunk;
	u32 chunks;
	bool ct;				/* conntrack must be on */
};

#endif /* NSF_POLICY_H */
