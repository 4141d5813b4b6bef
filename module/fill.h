/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fill: what is known of a namespace, a rule -> netlink attributes. */
#ifndef NSF_FILL_H
#define NSF_FILL_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct nsf_attachment;
struct nsf_counter_sum;
struct nsf_image;
struct nsf_net;

/*
 * Under nsf_mutex or rcu_read_lock(); does not sleep. @att may be NULL. @flags
 * are or'ed to NSFENCE_A_FLAGS. -EMSGSIZE: @skb is too small; the caller
 * cancels the message.
 */
int nsf_fill_netns(struct sk_buff *skb, const struct nsf_net *nn,
		   const struct nsf_attachment *att, u32 flags);

/*
 * The nest of one rule: @rule of @image, with what it counted (@sum may be NULL).
 * NSF_NO_RULE: the policy of @chain, by its name. Strings are cut to a length that
 * a message of their kind has room for. Any context; -EMSGSIZE.
 */
int nsf_fill_rule(struct sk_buff *skb, const struct nsf_image *image, u32 rule,
		  const char *chain, const struct nsf_counter_sum *sum);
/* Bytes that it needs at most. */
size_t nsf_fill_rule_size(void);
/* At most @max bytes of @s, with no torn character at the end. Any context. */
int nsf_fill_text(struct sk_buff *skb, int type, const char *s, size_t max);

#endif /* NSF_FILL_H */
