// SPDX-License-Identifier: GPL-2.0-or-later
#include "gen_rule.h"

static enum ir_field random_field(struct maker *m)
{
	/* By weight: what rules are made of comes more often. */
	static const enum ir_field common[] = {
		IR_IP_SADDR, IR_IP_DADDR, IR_IP6_SADDR, IR_IP6_DADDR, IR_TH_DPORT, IR_TH_SPORT,
		IR_META_L4PROTO, IR_META_IIFNAME, IR_META_OIFNAME, IR_CT_STATE, IR_TCP_FLAGS,
		IR_META_MARK, IR_TH_DPORT,
	};

	if (percent(m, 50))
		return common[below(m, sizeof(common) / sizeof(*common))];
	return (enum ir_field)(1 + below(m, IR_FIELDS - 1));
}

static bool is_ip(enum ir_field f)
{
	return f >= IR_IP_SADDR && f <= IR_IP_LENGTH;
}

static bool is_ip6(enum ir_field f)
{
	return f >= IR_IP6_SADDR && f <= IR_EXTHDR_FRAG;
}

static bool is_icmp(enum ir_field f)
{
	return f == IR_ICMP_TYPE || f == IR_ICMP_CODE;
}

static bool is_icmp6(enum ir_field f)
{
	return f == IR_ICMPV6_TYPE || f == IR_ICMPV6_CODE;
}

bool gen_is_port(enum ir_field f)
{
	return f == IR_TH_SPORT || f == IR_TH_DPORT;
}

static bool is_protocol(enum ir_field f)
{
	return f == IR_META_L4PROTO || f == IR_IP_PROTOCOL || f == IR_IP6_NEXTHDR;
}

/* The protocol that a match on the field depends on; ANY_L4: none. */
unsigned int gen_l4_of(enum ir_field f)
{
	return f == IR_TCP_FLAGS ? 6 : is_icmp(f) ? 1 : is_icmp6(f) ? 58 : ANY_L4;
}

/* 4, 6 or 0: the family that a match on the field means. */
unsigned int gen_family_of(enum ir_field f)
{
	return is_ip(f) || is_icmp(f) ? 4 : is_ip6(f) || is_icmp6(f) ? 6 : 0;
}

/* Does such a match belong in this table, and in this rule? */
static bool fits(struct maker *m, enum ir_field f)
{
	unsigned int family = gen_family_of(f);

	if ((m->p->family == IR_IP && is_ip6(f)) || (m->p->family == IR_IP6 && is_ip(f)))
		return false;
	if (!m->plausible)
		return true;
	if (m->used & 1ULL << f)
		return false;
	if (family && ((m->family && m->family != family) ||
		       (m->p->family != IR_INET && (m->p->family == IR_IP) != (family == 4))))
		return false;
	if (f == IR_META_NFPROTO && (m->family || m->p->family != IR_INET))
		return false;
	if (is_protocol(f))
		return m->l4 == ANY_L4;
	if (gen_is_port(f))
		return m->l4 != 1 && m->l4 != 58;
	return gen_l4_of(f) == ANY_L4 || m->l4 == ANY_L4 || m->l4 == gen_l4_of(f);
}

/* A match on it is in the rule now. */
void gen_claim(struct maker *m, enum ir_field f)
{
	m->used |= 1ULL << f;
	if (gen_family_of(f))
		m->family = gen_family_of(f);
	if (f == IR_META_NFPROTO)
		m->family = 46;		/* said by a match: fits no other */
	if (is_protocol(f))
		m->l4 = OTHER_L4;
	else if (gen_is_port(f) && m->l4 == ANY_L4)
		m->l4 = RAW_TH;
	else if (gen_l4_of(f) != ANY_L4)
		m->l4 = gen_l4_of(f);
}

/* The mark always fits in the end. */
enum ir_field gen_field(struct maker *m)
{
	enum ir_field f;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		f = random_field(m);
		if (fits(m, f))
			return f;
	}
	return IR_META_MARK;
}

/* What nft takes in a set at all, and in a concatenation. */
static bool fits_key(struct maker *m, enum ir_field f, unsigned int n)
{
	if (f == IR_EXTHDR_FRAG || f == IR_META_IIF || f == IR_META_OIF)
		return !m->text && (n == 1 || f != IR_EXTHDR_FRAG);
	/* nft 1.0.6 itself makes no fixed-size key of "integer" fields. */
	if (m->text && n > 1)
		return gen_l4_of(f) == ANY_L4 && f != IR_CT_STATE && f != IR_IP_DSCP && f != IR_IP6_DSCP &&
		       f != IR_META_LENGTH && f != IR_IP_LENGTH && f != IR_IP6_LENGTH &&
		       f != IR_IP_FRAG_OFF;
	return true;
}

enum ir_field gen_key_field(struct maker *m, unsigned int n)
{
	enum ir_field f;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		f = gen_field(m);
		if (fits_key(m, f, n))
			return f;
	}
	return IR_META_MARK;
}
