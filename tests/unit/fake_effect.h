/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statements' effects, written down instead of done. */
#ifndef FAKE_EFFECT_H
#define FAKE_EFFECT_H

#include <stdio.h>

#include "classify.h"

struct nsf_effect {
	char log[512];		/* "c0 l1 L:2 m5 t6": counter 0, limit 1, log of record 2, marks */
	bool limit;		/* what limits say */
};

static void effect_note(struct nsf_effect *fx, const char *kind, u32 n)
{
	size_t len = strlen(fx->log);

	snprintf(fx->log + len, sizeof(fx->log) - len, "%s%s%u", len ? " " : "", kind, n);
}

void nsf_effect_counter(struct nsf_effect *fx, u32 state, const struct nsf_packet *p)
{
	(void)p;
	effect_note(fx, "c", state);
}

bool nsf_effect_limit(struct nsf_effect *fx, u32 state, const struct nsf_state_desc *desc,
		      const struct nsf_packet *p)
{
	(void)p;
	(void)desc;
	effect_note(fx, "l", state);
	return fx->limit;
}

void nsf_effect_log(struct nsf_effect *fx, u32 record, const struct nsf_op *op,
		    const struct nsf_packet *p)
{
	(void)p;
	(void)op;
	effect_note(fx, "L", record);
}

void nsf_effect_mark_set(struct nsf_effect *fx, u32 mark)
{
	effect_note(fx, "m", mark);
}

void nsf_effect_ct_mark_set(struct nsf_effect *fx, u32 mark)
{
	effect_note(fx, "t", mark);
}

#endif /* FAKE_EFFECT_H */
