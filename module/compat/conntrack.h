/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conntrack. 4.10 (0c66dc1ea3f0) made it something that a namespace has only when
 * it is asked for; before, loading it tracks every namespace, so there nsfence
 * does without. 4.12 (cc41c84b7e7f) told untracked packets by their state instead
 * of an entry of their own.
 */
#ifndef NSF_COMPAT_CONNTRACK_H
#define NSF_COMPAT_CONNTRACK_H

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include "compat/features.h"
#include "image.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK) && \
	defined(NSF_HAVE_CT_NETNS) && defined(NSF_HAVE_CT_UNTRACKED)
#define NSF_CT_BUILT 1
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_ecache.h>

static_assert(NF_CT_STATE_INVALID_BIT == NSF_CT_INVALID);
static_assert(NF_CT_STATE_BIT(IP_CT_ESTABLISHED) == NSF_CT_ESTABLISHED);
static_assert(NF_CT_STATE_BIT(IP_CT_RELATED) == NSF_CT_RELATED);
static_assert(NF_CT_STATE_BIT(IP_CT_NEW) == NSF_CT_NEW);
static_assert(NF_CT_STATE_UNTRACKED_BIT == NSF_CT_UNTRACKED);
#endif

/* What conntrack knows of one packet. */
struct nsf_ct_view {
	u32 state;	/* NSF_CT_*, one bit */
	bool entry;	/* there is one; else the rest is nothing */
	bool has_mark;	/* the kernel was built with marks */
	u32 mark;
	u8 direction;	/* 0 original, 1 reply */
};

/*
 * The state bit of a template (which the namespace's own rules can give a packet
 * before conntrack has seen it) is nft's, NEW. Otherwise it counts as no entry, as
 * in nft since 6.1 and stable trees; 5.10's shows a template's mark.
 */
static inline void nsf_ct_look(const struct sk_buff *skb, struct nsf_ct_view *v)
{
#ifdef NSF_CT_BUILT
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	*v = (struct nsf_ct_view){};
	if (!ct) {
		v->state = info == IP_CT_UNTRACKED ? NSF_CT_UNTRACKED : NSF_CT_INVALID;
		return;
	}
	v->state = NF_CT_STATE_BIT(info);
	if (nf_ct_is_template(ct))
		return;
	v->entry = true;
	v->direction = CTINFO2DIR(info);
#ifdef CONFIG_NF_CONNTRACK_MARK
	v->has_mark = true;
	v->mark = READ_ONCE(ct->mark);
#endif
#else
	*v = (struct nsf_ct_view){ .state = NSF_CT_INVALID };
#endif
}

/* The mark of the packet's entry, if it has one; listeners of events are told. */
static inline void nsf_ct_set_mark(const struct sk_buff *skb, u32 mark)
{
#if defined(NSF_CT_BUILT) && defined(CONFIG_NF_CONNTRACK_MARK)
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	if (!ct || nf_ct_is_template(ct) || READ_ONCE(ct->mark) == mark)
		return;
	WRITE_ONCE(ct->mark, mark);
	nf_conntrack_event_cache(IPCT_MARK, ct);
#endif
}

static inline bool nsf_ct_is_built(void)
{
#ifdef NSF_CT_BUILT
	return true;
#else
	return false;
#endif
}

/* Switches it on in @net, defragmentation with it; both families. Sleeps. */
static inline int nsf_ct_netns_get(struct net *net)
{
#ifdef NSF_CT_BUILT
	return nf_ct_netns_get(net, NFPROTO_INET);
#else
	return -EOPNOTSUPP;
#endif
}

static inline void nsf_ct_netns_put(struct net *net)
{
#ifdef NSF_CT_BUILT
	nf_ct_netns_put(net, NFPROTO_INET);
#endif
}

#endif /* NSF_COMPAT_CONNTRACK_H */
