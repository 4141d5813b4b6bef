/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy of make_ir.h, compiled, and a packet for it. */
#ifndef COMPILE_IR_H
#define COMPILE_IR_H

#include "fake_effect.h"
#include "make_ir.h"
#include "policy/policy.h"

static struct nsf_image *img;
static struct nsf_packet pkt;
static struct nsf_effect fx;
static struct nsf_decision dec;

static void compile(void)
{
	struct diags d = { .n = 0 };
	int err;

	free(img);
	img = NULL;
	err = policy_compile(&policy, &img, &d);
	if (d.n)
		fail_msg("%s", d.v[0].message);
	assert_int_equal(err, 0);
	diags_clean(&d);
	memset(&pkt, 0, sizeof(pkt));
}

#endif /* COMPILE_IR_H */
