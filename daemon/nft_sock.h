/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_sock: netlink requests to nftables. Private to nft_msg*.c. */
#ifndef NSF_NFT_SOCK_H
#define NSF_NFT_SOCK_H

#include <libmnl/libmnl.h>

#include "err.h"

#define NFT_SOCK_REQUEST	8192

typedef int (*nft_sock_cb)(const struct nlmsghdr *nlh, void *data);

/* A new sequence number: no two requests of a socket may have the same. */
uint32_t nft_sock_seq(void);
/* A request for family inet in @buf of at least NFT_SOCK_REQUEST bytes. */
struct nlmsghdr *nft_sock_request(void *buf, uint16_t what, uint16_t flags);
/*
 * Sends a dump request, and hands each message of the kind that it gets to @cb, which
 * returns 0 or a negative errno that ends it. Asks again where the dump was interrupted:
 * @again is called before each time.
 */
int nft_sock_dump(int fd, struct nlmsghdr *request, nft_sock_cb cb, void (*again)(void *data),
		  void *data);
/*
 * Sends @size bytes, a transaction, and takes the answers. Each message's number
 * comes from nft_sock_seq(); *@seq: of the first that was refused.
 */
int nft_sock_transact(int fd, const void *batch, size_t size, uint32_t *seq, char *why,
		      size_t why_size);

#endif /* NSF_NFT_SOCK_H */
