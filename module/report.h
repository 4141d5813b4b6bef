/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report: packets that somebody wants to know of, to the group `packets`. Only
 * while somebody listens; at most NSF_REPORT_RATE a second over all, in bursts of
 * NSF_REPORT_BURST; what is left out is counted, and the next report says so.
 */
#ifndef NSF_REPORT_H
#define NSF_REPORT_H

#include <linux/types.h>

#include "counters.h"
#include "packet.h"

struct nf_hook_state;
struct nsf_attachment;
struct nsf_rules;
struct sk_buff;

#define NSF_REPORT_RATE		1000
#define NSF_REPORT_BURST	1000

enum nsf_report_kind { NSF_REPORT_LOG, NSF_REPORT_DROP, NSF_REPORT_AUDIT };

struct nsf_report {
	enum nsf_report_kind kind;
	enum nsf_verdict verdict;
	const struct nsf_attachment *att;
	const struct nsf_rules *rules;
	const struct sk_buff *skb;
	const struct nf_hook_state *state;
	const struct nsf_packet *packet;	/* NULL: not loaded yet (built-in policies) */
	const struct nsf_image *image;		/* NULL: no rule (built-in policies) */
	u32 rule;				/* NSF_NO_RULE: a chain's policy */
	const char *chain;			/* whose policy; or NULL */
	const char *prefix;			/* of a log statement, or NULL */
	u32 level;				/* of a log statement */
};

/* Is anybody listening? Cheap: ask first. Any context. */
bool nsf_report_wanted(void);
/* Any context, RCU reader; allocates with GFP_ATOMIC and may lose, which it counts. */
void nsf_report_send(const struct nsf_report *r);

#endif /* NSF_REPORT_H */
