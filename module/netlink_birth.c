// SPDX-License-Identifier: GPL-2.0-or-later
/* netlink_birth: see netlink_birth.h. */
#include <linux/errno.h>
#include <linux/string.h>

#include "attach.h"
#include "birth.h"
#include "netlink_answer.h"
#include "netlink_birth.h"
#include "netlink_rules.h"
#include "uapi/nsfence.h"

#define BIRTH_FLAGS (NSFENCE_F_STRICT | NSFENCE_F_FORWARD_ACCEPT)

static int fill_rules(struct sk_buff *skb, const struct nsf_birth_info *info)
{
	u32 mode = info->audit ? NSFENCE_MODE_AUDIT : NSFENCE_MODE_ENFORCE;
	u32 flags = (info->strict ? NSFENCE_F_STRICT : 0) |
		    (info->forward_accept ? NSFENCE_F_FORWARD_ACCEPT : 0);

	if (nla_put_u32(skb, NSFENCE_A_MODE, mode) ||
	    nla_put_u32(skb, NSFENCE_A_HOOKS, info->hooks) ||
	    nla_put_u32(skb, NSFENCE_A_FLAGS, flags))
		return -EMSGSIZE;
	return 0;
}

static int fill_info(struct sk_buff *skb, const struct nsf_birth_info *info)
{
	if (nla_put_string(skb, NSFENCE_A_POLICY, info->policy) ||
	    (strcmp(info->policy, NSF_BIRTH_NONE) && fill_rules(skb, info)) ||
	    (info->decided && nla_put_flag(skb, NSFENCE_A_DECIDED)) ||
	    (info->wait && nla_put_u32(skb, NSFENCE_A_WAIT, info->wait)) ||
	    (info->release && nla_put_flag(skb, NSFENCE_A_RELEASE)) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_BIRTHS, info->births, NSFENCE_A_PAD) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_REFUSED, info->refused, NSFENCE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* Is it "none", and only that? 1, 0, or -EINVAL. */
static int none_parse(const struct genl_info *info)
{
	static const int others[] = { NSFENCE_A_MODE, NSFENCE_A_HOOKS, NSFENCE_A_FLAGS };
	unsigned int i;

	if (!info->attrs[NSFENCE_A_POLICY] ||
	    strcmp(nla_data(info->attrs[NSFENCE_A_POLICY]), NSF_BIRTH_NONE))
		return 0;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (info->attrs[others[i]]) {
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[others[i]],
					    "policy none has no mode, hooks or flags");
			return -EINVAL;
		}
	}
	return 1;
}

/* The rules that the request asks for; 1: none; -EINVAL. */
static int birth_parse(const struct genl_info *info, struct nsf_rules *rules, const char **name)
{
	u32 flags;
	int err;

	err = none_parse(info);
	if (err)
		return err;
	err = nsf_netlink_flags(info, BIRTH_FLAGS, &flags);
	if (err)
		return err;
	return nsf_netlink_rules(info, flags, rules, name);
}

int nsf_cmd_birth_set(struct sk_buff *req, struct genl_info *info)
{
	struct nsf_birth_info set;
	const char *name = NULL;
	struct nsf_rules rules;
	struct sk_buff *skb;
	bool none;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	err = birth_parse(info, &rules, &name);
	if (err < 0)
		return err;
	none = err;
	/* The answer's memory first: what is done is not reported as failed. */
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	err = nsf_birth_set(none ? NULL : &rules, name, &set, info->extack);
	if (!err)
		err = fill_info(skb, &set);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return nsf_answer_done(skb, hdr, info);
}

int nsf_cmd_birth_get(struct sk_buff *req, struct genl_info *info)
{
	struct nsf_birth_info got;
	struct sk_buff *skb;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	nsf_birth_get(&got);
	err = fill_info(skb, &got);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return nsf_answer_send(skb, hdr, info);
}
