/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_msg: what is in a table of nftables, as messages of its netlink interface.
 *
 * libnftables makes a fence's ruleset once, in a namespace of our own; from there
 * its objects are read, and the same ones are made in each fenced namespace, in
 * one transaction. So nothing of libnftables looks at what root inside has made
 * (it would read all of it), the table's flags are ours to choose (libnftables
 * learned of persist in 1.1), and a fence costs one message, not one compilation.
 *
 * For helper processes (nft_child.h): requests block, for as long as somebody else
 * in the namespace has a transaction under way. A socket is of the namespace in
 * which it was opened, wherever it is used.
 */
#ifndef NSF_NFT_MSG_H
#define NSF_NFT_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define NFT_TABLE_NAME		32	/* bytes, with NUL */
#define NFT_UDATA_MAX		256

/* linux/nf_tables.h of 6.9; older headers lack it. */
#define NFT_MSG_F_DORMANT	0x1
#define NFT_MSG_F_OWNER		0x2
#define NFT_MSG_F_PERSIST	0x4

/* Objects in the order in which they can be made; plain bytes. Zero it before use. */
struct nft_objects {
	uint8_t *v;
	size_t size, cap;
	size_t n;
};

struct nft_table {
	char name[NFT_TABLE_NAME];
	uint32_t flags;
	uint32_t owner;			/* netlink port; 0: none */
	uint8_t udata[NFT_UDATA_MAX];
	size_t udata_len;
};

#define NFT_TABLES	64

/*
 * Opened in the namespace of the calling thread; with @group (NFNLGRP_NFTABLES) it
 * hears what changes there. Negative errno.
 */
int nft_msg_open(int group);
uint32_t nft_msg_port(int fd);
uint32_t nft_msg_random(void);

/*
 * Tables of family inet with names as ours have, "nsfence" and a number, at most
 * NFT_TABLES: this socket's own, those that say that they are ours and have no owner, and
 * those that have at most one digit.
 */
int nft_msg_tables(int fd, struct nft_table *v, size_t *n, struct err *e);
/*
 * What is in a table. -EFBIG: it is more than @max bytes (0: any), -ENOENT: there
 * is no such table.
 */
int nft_msg_read(int fd, const char *table, size_t max, struct nft_objects *out,
		 struct err *e);
void nft_objects_clean(struct nft_objects *o);
/* The same for the same objects; depends on @key. */
uint64_t nft_objects_digest(const struct nft_objects *o, const uint64_t key[2]);

struct nft_change {
	const char *remove;		/* a table; or NULL */
	const struct nft_table *add;	/* or NULL */
	const struct nft_objects *objects;	/* of it */
};

/*
 * In one transaction. -EPERM: the table has another owner. -EOPNOTSUPP: flags that
 * this kernel does not have, or an expression. The message names the object.
 */
int nft_msg_change(int fd, const struct nft_change *c, struct err *e);
/* An orphan is ours again. */
int nft_msg_adopt(int fd, const struct nft_table *t, struct err *e);

/* ---- counters, through libnftnl ---- */

struct nft_counted {
	char chain[64];
	char verdict[16];		/* of the rule's comment; "" none */
	uint64_t packets, bytes;
};

int nft_msg_counters(int fd, const char *table, struct nft_counted *v, size_t max, size_t *n,
		     struct err *e);

#endif /* NSF_NFT_MSG_H */
