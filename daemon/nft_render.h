/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_render: a fence -> the nft ruleset that it is. Pure, not thread-safe.
 *
 * The table is always `inet nsfence`, whatever family the policy's table has: then
 * one place is looked at for a fence, forward is fenced in it for all families, and
 * two fences of different families cannot stand side by side. What a `table ip`
 * would not see is accepted at the head of each of its base chains.
 *
 * A policy comes in normal form (format_policy), and is read again: what nft gets
 * is what our compiler understood, not what somebody wrote.
 *
 * Beside the policy's own chains there are
 *
 *	nsfence.forward   drops, where the policy has no forward chain
 *	nsfence.audit     what would have been dropped: logged (some of it), counted, accepted
 *
 * The policy of a base chain that drops is its last rule as well: in one transaction
 * the rules of the old chains give way to those of the new ones at one stroke, but
 * the policy of a new chain is in force only after the old chain is gone. Rules that
 * leave for the policy (return, goto) are made to come to that rule, too.
 */
#ifndef NSF_NFT_RENDER_H
#define NSF_NFT_RENDER_H

#include "genl.h"

#define NFT_RENDER_TABLE	"nsfence"
/* Comments of the rules that count; the hook is the chain's. */
#define NFT_RENDER_COUNTED	"nsfence:"	/* and a verdict's name */

struct nft_want {
	const char *policy;		/* its name */
	const char *text;		/* in normal form; NULL: a built-in policy */
	enum genl_mode mode;
	uint32_t hooks;			/* of a built-in; 0: input, forward, output */
	uint32_t flags;			/* STRICT, FORWARD_ACCEPT */
};

/* The ruleset, malloc'ed; NULL with the reason in @e. */
char *nft_render(const struct nft_want *w, struct err *e);

#endif /* NSF_NFT_RENDER_H */
