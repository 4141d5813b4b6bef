/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * effect: what the statements of a rule do to the world: count, take tokens,
 * set marks, report. classify.c calls it.
 */
#ifndef NSF_EFFECT_H
#define NSF_EFFECT_H

#include "classify.h"

struct nf_hook_state;
struct nsf_attachment;
struct nsf_rules;
struct nsf_states;
struct nsf_version;
struct sk_buff;

/* One evaluation. On the stack of the hook. */
struct nsf_effect {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	const struct nsf_attachment *att;
	const struct nsf_rules *rules;
	const struct nsf_version *version;
	const struct nsf_states *states;
	bool quiet;	/* a second opinion: look, and change nothing */
};

#endif /* NSF_EFFECT_H */
