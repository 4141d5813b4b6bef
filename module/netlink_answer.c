// SPDX-License-Identifier: GPL-2.0-or-later
/* netlink_answer: see netlink_answer.h. */
#include <linux/capability.h>
#include <net/net_namespace.h>

#include "netlink.h"
#include "netlink_answer.h"

int nsf_netlink_authorize(const struct sk_buff *skb, const struct net *net,
			  struct netlink_ext_ack *extack)
{
	/* netnsok says so already; that it does is too important to rely on. */
	if (!net_eq(net, &init_net)) {
		NL_SET_ERR_MSG(extack, "only from the initial network namespace");
		return -EPERM;
	}
	/* The socket's opener and the sender, both. */
	if (!netlink_capable(skb, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(extack, "needs CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	return 0;
}

struct sk_buff *nsf_answer_new(const struct genl_info *info, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, info->snd_portid, info->snd_seq, &nsf_family, 0,
			   info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

int nsf_answer_send(struct sk_buff *skb, void *hdr, struct genl_info *info)
{
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

int nsf_answer_done(struct sk_buff *skb, void *hdr, struct genl_info *info)
{
	nsf_answer_send(skb, hdr, info);
	return 0;
}

int nsf_answer_no_memory(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "out of memory for the answer");
	return -ENOMEM;
}
