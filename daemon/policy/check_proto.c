// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_proto: what a match says of the headers behind it.
 */
#include "policy/check_proto.h"

#include <string.h>

void proto_init(struct proto *p, enum ir_family family)
{
	memset(p, 0, sizeof(*p));
	p->net = family == IR_IP ? 2 : family == IR_IP6 ? 10 : 0;
	p->l4 = -1;
}

/* Protocols whose header nft 1.0.6 knows to follow an IP header; of others it learns nothing. */
static bool known_upper(uint8_t l4)
{
	static const uint8_t known[] = { 1, 2, 6, 17, 33, 50, 51, 58, 108, 132, 136 };

	return memchr(known, l4, sizeof(known));
}

static void learn_l4(struct proto *p, uint8_t l4)
{
	if (p->l4 >= 0 && p->l4 != l4)
		p->l4_mixed = true;
	p->l4 = l4;
}

void proto_update(struct proto *p, const struct ir_policy *policy, const struct ir_match *m)
{
	enum ir_field f = m->field[0];
	uint8_t value;

	if (m->fields != 1 || m->negate)
		return;
	if (m->kind == IR_MATCH_SET) {
		/* nft learns from an anonymous set whatever its last element says. */
		if (policy->set[m->set].name)
			return;
		if (f == IR_META_NFPROTO)
			p->net_mixed = true;
		if (f == IR_META_L4PROTO || f == IR_IP_PROTOCOL || f == IR_IP6_NEXTHDR) {
			p->l4_mixed = true;
			if (p->l4 < 0)
				p->l4 = 0;
		}
		return;
	}
	value = m->range.first[0];
	if (m->mask[0] != 0xff || value != m->range.last[0])
		return;
	if (f == IR_META_NFPROTO) {
		p->net = value;
		p->net_mixed = false;
	} else if (f == IR_META_L4PROTO) {
		learn_l4(p, value);
	} else if ((f == IR_IP_PROTOCOL || f == IR_IP6_NEXTHDR) && known_upper(value)) {
		learn_l4(p, value);
	}
}
