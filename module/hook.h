/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hook: the packet path. */
#ifndef NSF_HOOK_H
#define NSF_HOOK_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

/*
 * The one hook function; @priv is the struct nsf_slot. Called by the netfilter
 * core under rcu_read_lock(), in softirq or in a sending task. Does not sleep,
 * print, search or allocate (but for the replies of a reject).
 */
unsigned int nsf_hook(void *priv, struct sk_buff *skb,
		      const struct nf_hook_state *state);

#endif /* NSF_HOOK_H */
