/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fill: what is known of a namespace, a rule -> netlink attributes. */
#ifndef NSF_FILL_H
#define NSF_FILL_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct nsf_attachment;
struct nsf_net;

/*
 * Under nsf_mutex or rcu_read_lock(); does not sleep. @att may be NULL. @flags
 * are or'ed to NSFENCE_A_FLAGS. -EMSGSIZE: @skb is too small; the caller
 * cancels the message.
 */
int nsf_fill_netns(struct sk_buff *skb, const struct nsf_net *nn,
		   const struct nsf_attachment *att, u32 flags);

#endif /* NSF_FILL_H */
