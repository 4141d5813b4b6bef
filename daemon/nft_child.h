/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_child: a helper process, for what is done in other namespaces and may hang.
 *
 * The daemon never enters a namespace, nor waits without a limit for what one
 * does: the transactions of a namespace wait for one another in the kernel, and
 * root inside can make long ones. A helper has the daemon's memory as it was, and
 * none of its descriptors but those named; it dies with the daemon. One that
 * cannot be killed (it waits in the kernel) is left behind, and reaped later.
 */
#ifndef NSF_NFT_CHILD_H
#define NSF_NFT_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#define NFT_CHILD_KEEP	4	/* descriptors */

struct nft_child {
	pid_t pid;
	int fd;
	uint32_t place;
};

/* In the helper. @out is for nft_child_send(); when it returns the helper ends. */
typedef void (*nft_child_fn)(int out, void *data);

/*
 * @place: the inode of the namespace where it works, 0 for none. While a helper hangs
 * there it gets no other (-EBUSY): so nobody's namespace takes more than one, and the
 * time of others.
 */
int nft_child_start(struct nft_child *c, uint32_t place, nft_child_fn fn, void *data,
		    const int *keep, size_t n, struct err *e);
/* In the helper: a message, with descriptors. Ends the helper where it cannot be sent. */
void nft_child_send(int out, const void *msg, size_t size, const int *fds, size_t n);
/*
 * The next message of exactly @size bytes; @fds[0..n) are -1 where none came. 0;
 * -ENODATA: there is no more; -ETIMEDOUT.
 */
int nft_child_recv(struct nft_child *c, void *msg, size_t size, int *fds, size_t n,
		   int timeout_ms);
/* Kills it, if it is still there. */
void nft_child_end(struct nft_child *c);

#endif /* NSF_NFT_CHILD_H */
