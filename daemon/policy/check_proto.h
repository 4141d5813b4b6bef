/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_proto: which headers a rule knows to be there, at each place in it. nft
 * puts the match that a header needs (`meta l4proto tcp` for `tcp dport`) before
 * its first use, and only where the rule has not said it itself. The checker
 * asks here what is missing, and the normal form which word a port needs.
 */
#ifndef NSF_POLICY_CHECK_PROTO_H
#define NSF_POLICY_CHECK_PROTO_H

#include <stdbool.h>

#include "policy/ir.h"

struct proto {
	unsigned int net;	/* 2: IPv4, 10: IPv6, 0: not known */
	bool net_mixed;		/* a set of families was asked for */
	int l4;			/* protocol, -1: not known */
	bool l4_mixed;		/* several were asked for */
};

void proto_init(struct proto *p, enum ir_family family);
/* After the match @m. */
void proto_update(struct proto *p, const struct ir_policy *policy, const struct ir_match *m);

#endif /* NSF_POLICY_CHECK_PROTO_H */
