/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * classify: what a policy says of a packet. Shared by both worlds, pure but for
 * the statements, which it hands to its user's functions nsf_effect_*().
 */
#ifndef NSF_CLASSIFY_H
#define NSF_CLASSIFY_H

#include "packet.h"

/* What the statements act on: the module's is in effect.c, user space's in explain. */
struct nsf_effect;

struct nsf_decision {
	u8 end;			/* enum nsf_end */
	u8 reject_how;		/* enum nsf_reject_how, for NSF_REJECT */
	u8 reject_code;
	u8 spare;
	u32 record;		/* that ended it */
};

/*
 * @img: checked. @chain: one of its. @p: META_MARK and CT_MARK change with the
 * statements that set them. Runs the records that the chain's index names, all on the
 * way where it has none. Linear in the records run; does not allocate or sleep; any
 * context.
 */
void nsf_classify(const struct nsf_image *img, const struct nsf_chain *chain,
		  struct nsf_packet *p, struct nsf_effect *fx, struct nsf_decision *d);
/* The same without the index: what it must come to. */
void nsf_classify_linear(const struct nsf_image *img, const struct nsf_chain *chain,
			 struct nsf_packet *p, struct nsf_effect *fx, struct nsf_decision *d);

/* ---- what the user of classify.c provides; called in the order of the rule ---- */

void nsf_effect_counter(struct nsf_effect *fx, u32 state, const struct nsf_packet *p);
/* Does the rule go on? (nft: true where the tokens last, with `over` where not.) */
bool nsf_effect_limit(struct nsf_effect *fx, u32 state, const struct nsf_state_desc *desc,
		      const struct nsf_packet *p);
void nsf_effect_log(struct nsf_effect *fx, u32 record, const struct nsf_op *op,
		    const struct nsf_packet *p);
void nsf_effect_mark_set(struct nsf_effect *fx, u32 mark);
/* Only where there is an entry. */
void nsf_effect_ct_mark_set(struct nsf_effect *fx, u32 mark);

#endif /* NSF_CLASSIFY_H */
