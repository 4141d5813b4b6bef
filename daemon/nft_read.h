/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_read: what a fence's table says of itself, in its comment, where `nft list`
 * shows it:
 *
 *	nsfence 1 MODE HOOKS FLAGS INSTANCE HASH POLICY SOURCE
 *
 * numbers in hexadecimal. So a daemon that was started anew knows what is there.
 * Root inside can make a table that says anything, where there is none of ours (and
 * where the kernel has no persistent tables, change ours): nothing is believed of
 * it that its rules do not bear out.
 */
#ifndef NSF_NFT_READ_H
#define NSF_NFT_READ_H

#include "genl.h"
#include "nft_msg.h"

/*
 * Not MANUAL: nobody makes such a fence here, and a table that says so would be left
 * alone by the daemon.
 */
#define NFT_META_FLAGS	(GENL_F_STRICT | GENL_F_FORWARD_ACCEPT | GENL_F_INHERIT)

struct nft_meta {
	uint64_t instance;
	uint64_t hash;			/* of the policy's image; 0: built-in */
	enum genl_mode mode;
	uint32_t hooks;
	uint32_t flags;
	char policy[GENL_MAX_NAME + 1];
	char source[GENL_MAX_SOURCE + 1];
};

void nft_meta_put(struct nft_table *t, const struct nft_meta *m);
/* False: it is no table of ours. */
bool nft_meta_get(const struct nft_table *t, struct nft_meta *m);

#endif /* NSF_NFT_READ_H */
