/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fill_rule: a rule of an image -> netlink attributes. */
#ifndef NSF_FILL_RULE_H
#define NSF_FILL_RULE_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct nsf_counter_sum;
struct nsf_image;

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

#endif /* NSF_FILL_RULE_H */
