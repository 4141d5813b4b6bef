// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * effect: see effect.h. Packet path. What is quiet leaves everything as it is,
 * also the packet's mark: classify.c sees its own idea of it in struct nsf_packet.
 */
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "compat/conntrack.h"
#include "effect.h"
#include "policy.h"
#include "report.h"
#include "states.h"

void nsf_effect_counter(struct nsf_effect *fx, u32 state, const struct nsf_packet *p)
{
	if (!fx->quiet)
		nsf_states_count(fx->states, fx->version->place[state], fx->skb->len);
}

bool nsf_effect_limit(struct nsf_effect *fx, u32 state, const struct nsf_state_desc *desc,
		      const struct nsf_packet *p)
{
	return nsf_states_limit(fx->states, fx->version->place[state], desc, fx->skb->len,
				fx->quiet);
}

void nsf_effect_log(struct nsf_effect *fx, u32 record, const struct nsf_op *op,
		    const struct nsf_packet *p)
{
	const struct nsf_image *img = fx->version->image;

	if (fx->quiet || !nsf_report_wanted())
		return;
	nsf_report_send(&(struct nsf_report){
		.kind = NSF_REPORT_LOG,
		.verdict = NSF_VERDICT_ACCEPT,	/* nothing is decided yet */
		.att = fx->att,
		.rules = fx->rules,
		.skb = fx->skb,
		.state = fx->state,
		.packet = p,
		.image = img,
		.rule = nsf_image_records(img)[record].rule,
		/* String 0 is "": no prefix. */
		.prefix = op->arg ? nsf_image_strings(img) + op->arg : NULL,
		.level = op->a,
	});
}

void nsf_effect_mark_set(struct nsf_effect *fx, u32 mark)
{
	if (!fx->quiet)
		fx->skb->mark = mark;
}

void nsf_effect_ct_mark_set(struct nsf_effect *fx, u32 mark)
{
	if (!fx->quiet)
		nsf_ct_set_mark(fx->skb, mark);
}
