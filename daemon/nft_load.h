/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_load: a ruleset in words -> the objects that nftables makes of it, by
 * libnftables, in a new network namespace that the calling process enters for good.
 * For helper processes.
 */
#ifndef NSF_NFT_LOAD_H
#define NSF_NFT_LOAD_H

#include "nft_msg.h"

/* What libnftables complains of is in @e, with line and column of @ruleset. */
int nft_load(const char *ruleset, struct nft_objects *out, struct err *e);

/*
 * Whether this kernel has what the backend needs, in a new namespace, too.
 * -EOPNOTSUPP with the reason; *@flags: what tables can have.
 */
int nft_load_probe(uint32_t *flags, struct err *e);

#endif /* NSF_NFT_LOAD_H */
