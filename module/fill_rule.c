// SPDX-License-Identifier: GPL-2.0-or-later
/* fill_rule: see fill_rule.h. */
#include <linux/errno.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "counters.h"
#include "fill_rule.h"
#include "image.h"
#include "uapi/nsfence.h"

/* Longest strings of a rule, without the NUL. */
#define MAX_CHAIN	127
#define MAX_TEXT	511
#define MAX_FILE	255

int nsf_fill_text(struct sk_buff *skb, int type, const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);
	struct nlattr *attr;
	char *to;

	if (n > max) {
		n = max;
		while (n && ((u8)s[n] & 0xc0) == 0x80)
			n--;
	}
	attr = nla_reserve(skb, type, n + 1);
	if (!attr)
		return -EMSGSIZE;
	to = nla_data(attr);
	memcpy(to, s, n);
	to[n] = '\0';
	return 0;
}

size_t nsf_fill_rule_size(void)
{
	return nla_total_size(0) + 3 * nla_total_size_64bit(8) + nla_total_size(4) +
	       nla_total_size(MAX_CHAIN + 1) + nla_total_size(MAX_TEXT + 1) +
	       nla_total_size(MAX_FILE + 1);
}

static int fill_rule_names(struct sk_buff *skb, const struct nsf_image *image,
			   const struct nsf_rule *rule)
{
	const char *strings = nsf_image_strings(image);

	if (nla_put_u64_64bit(skb, NSFENCE_A_RULE_ID, rule->id, NSFENCE_A_RULE_PAD) ||
	    nsf_fill_text(skb, NSFENCE_A_RULE_CHAIN, strings + rule->chain, MAX_CHAIN) ||
	    nsf_fill_text(skb, NSFENCE_A_RULE_TEXT, strings + rule->text, MAX_TEXT) ||
	    nsf_fill_text(skb, NSFENCE_A_RULE_FILE, strings + rule->file, MAX_FILE) ||
	    nla_put_u32(skb, NSFENCE_A_RULE_LINE, rule->line))
		return -EMSGSIZE;
	return 0;
}

int nsf_fill_rule(struct sk_buff *skb, const struct nsf_image *image, u32 rule,
		  const char *chain, const struct nsf_counter_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, NSFENCE_A_RULE);
	int err;

	if (!nest)
		return -EMSGSIZE;
	if (rule == NSF_NO_RULE)
		err = nsf_fill_text(skb, NSFENCE_A_RULE_CHAIN, chain, MAX_CHAIN);
	else
		err = fill_rule_names(skb, image, nsf_image_rules(image) + rule);
	if (!err && sum &&
	    (nla_put_u64_64bit(skb, NSFENCE_A_RULE_PACKETS, sum->packets, NSFENCE_A_RULE_PAD) ||
	     nla_put_u64_64bit(skb, NSFENCE_A_RULE_BYTES, sum->bytes, NSFENCE_A_RULE_PAD)))
		err = -EMSGSIZE;
	if (err) {
		nla_nest_cancel(skb, nest);
		return err;
	}
	nla_nest_end(skb, nest);
	return 0;
}
