// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netlink: see netlink.h. The family of nsfence.yaml.
 *
 * Authority is checked here and not by GENL_ADMIN_PERM, for the refusal to
 * carry a message; every command goes through nsf_netlink_authorize(). `netnsok` is false,
 * so in another network namespace the family does not exist: that is the
 * barrier against root in a container without a user namespace, who passes any
 * capability check. `parallel_ops`: a request that waits for a grace period
 * holds up no other of generic netlink (only, for that long, those that register
 * or unregister a family: a batch asks with the flag nowait, but for its last).
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "compat/genetlink.h"
#include "compat/netns.h"
#include "event.h"
#include "fill.h"
#include "netlink.h"
#include "netlink_answer.h"
#include "netlink_birth.h"
#include "netlink_policy.h"
#include "netlink_rules.h"
#include "netns.h"
#include "uapi/nsfence.h"
#include "version.h"

#define ATTACH_FLAGS (NSFENCE_F_STRICT | NSFENCE_F_MANUAL | NSFENCE_F_FORWARD_ACCEPT | \
		      NSFENCE_F_INHERIT | NSFENCE_F_INHERITED | NSFENCE_F_BIRTH | \
		      NSFENCE_F_REPLACE | NSFENCE_F_NOWAIT)

/* What attach and detach answer: which fence, of which namespace. */
static int answer_fence(struct sk_buff *skb, const struct net *net, u64 instance)
{
	if (nla_put_u32(skb, NSFENCE_A_INODE, nsf_net_inum(net)) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_INSTANCE, instance, NSFENCE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int target_parse(const struct genl_info *info, struct nsf_target *t)
{
	if (!info->attrs[NSFENCE_A_INODE]) {
		NL_SET_ERR_MSG(info->extack, "attribute inode is missing");
		return -EINVAL;
	}
	memset(t, 0, sizeof(*t));
	t->inode = nla_get_u32(info->attrs[NSFENCE_A_INODE]);
	if (info->attrs[NSFENCE_A_COOKIE]) {
		t->has_cookie = true;
		t->cookie = nla_get_u64(info->attrs[NSFENCE_A_COOKIE]);
	}
	if (info->attrs[NSFENCE_A_FD]) {
		t->has_fd = true;
		t->fd = nla_get_u32(info->attrs[NSFENCE_A_FD]);
	}
	return 0;
}

/* The namespace that the request means, with a reference. */
static struct net *target_get(struct genl_info *info)
{
	struct nsf_target t;
	int err;

	err = target_parse(info, &t);
	return err ? ERR_PTR(err) : nsf_netns_get(&t, info->extack);
}

/* *@instance: 0 where the request names none. */
static int instance_parse(const struct genl_info *info, u64 *instance)
{
	const struct nlattr *attr = info->attrs[NSFENCE_A_INSTANCE];

	*instance = attr ? nla_get_u64(attr) : 0;
	if (attr && !*instance) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "instance must not be 0");
		return -EINVAL;
	}
	return 0;
}

static int cmd_version_get(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	u32 features = 0;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);

	if (nsf_net_has_cookie())
		features |= 1U << NSFENCE_FEATURE_COOKIE;
	if (nsf_allow_init_net)
		features |= 1U << NSFENCE_FEATURE_INIT_NET;
	if (nla_put_string(skb, NSFENCE_A_MODULE_VERSION, NSF_VERSION) ||
	    nla_put_u32(skb, NSFENCE_A_ABI, NSFENCE_ABI) ||
	    nla_put_u32(skb, NSFENCE_A_FEATURES, features) ||
	    nla_put_u32(skb, NSFENCE_A_NAMESPACES, nsf_netns_count()) ||
	    nla_put_u32(skb, NSFENCE_A_ATTACHMENTS, nsf_attach_count()) ||
	    nla_put_u32(skb, NSFENCE_A_CREATING, nsf_netns_count_creating())) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	return nsf_answer_send(skb, hdr, info);
}

static int cmd_netns_get(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	struct nsf_net *nn;
	struct net *net;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	net = target_get(info);
	if (IS_ERR(net))
		return PTR_ERR(net);
	skb = nsf_answer_new(info, &hdr);
	if (!skb) {
		err = nsf_answer_no_memory(info->extack);
		goto out_put_net;
	}

	nn = nsf_netns(net);
	rcu_read_lock();
	err = nsf_fill_netns(skb, nn, rcu_dereference(nn->attachment), 0);
	rcu_read_unlock();
	if (err)
		nlmsg_free(skb);
	else
		err = nsf_answer_send(skb, hdr, info);
out_put_net:
	put_net(net);
	return err;
}

/* One namespace of a dump; -EMSGSIZE: @skb is full. */
static int dump_one(struct sk_buff *skb, struct netlink_callback *cb, struct net *net)
{
	struct nsf_net *nn = nsf_netns(net);
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &nsf_family, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	rcu_read_lock();
	err = nsf_fill_netns(skb, nn, rcu_dereference(nn->attachment), 0);
	rcu_read_unlock();
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/*
 * cb->args[0]: how many namespaces of the list are done; cb->args[1]: the last
 * of these, only to be compared. If it is not where it was, one before it has
 * left the list, and somebody behind it would be missed: the dump says so by a
 * changed sequence, as it does for births and deaths (nsf_netns_generation()).
 */
static int dump_netns(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net;
	long pos = 0;
	int err;

	err = nsf_netlink_authorize(cb->skb, sock_net(cb->skb->sk), cb->extack);
	if (err)
		return err;
	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack, "a dump of all namespaces takes no attributes");
		return -EINVAL;
	}

	cb->seq = nsf_netns_generation();
	nsf_net_list_lock();
	for_each_net(net) {
		if (pos++ < cb->args[0]) {
			if (pos == cb->args[0] && (long)net != cb->args[1])
				cb->seq = cb->prev_seq + 1;
			continue;
		}
		/* Not one that is being dismantled. */
		if (maybe_get_net(net)) {
			err = dump_one(skb, cb, net);
			put_net(net);
			if (err) {
				pos--;
				break;
			}
		}
		cb->args[1] = (long)net;
	}
	if (pos < cb->args[0])
		cb->seq = cb->prev_seq + 1;
	nsf_net_list_unlock();
	cb->args[0] = pos;
	return skb->len ? skb->len : err;
}

static int cmd_attach(struct sk_buff *req, struct genl_info *info)
{
	struct nsf_rules rules;
	const char *name;
	u64 instance;
	struct sk_buff *skb;
	struct net *net;
	void *hdr;
	u32 flags;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	err = nsf_netlink_flags(info, ATTACH_FLAGS, &flags);
	if (err)
		return err;
	err = nsf_netlink_rules(info, flags, &rules, &name);
	if (err)
		return err;
	err = instance_parse(info, &instance);
	if (err)
		return err;
	if (instance && !(flags & NSFENCE_F_REPLACE)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NSFENCE_A_INSTANCE],
				    "instance goes with flag replace");
		return -EINVAL;
	}
	/* The answer's memory first: what is done is not reported as failed. */
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	net = target_get(info);
	if (IS_ERR(net)) {
		err = PTR_ERR(net);
		goto err_free_skb;
	}
	err = nsf_attach(net, &rules, name, flags & NSFENCE_F_REPLACE,
			 !(flags & NSFENCE_F_NOWAIT), &instance, info->extack);
	if (!err)
		err = answer_fence(skb, net, instance);
	put_net(net);
	if (err)
		goto err_free_skb;
	return nsf_answer_done(skb, hdr, info);

err_free_skb:
	nlmsg_free(skb);
	return err;
}

static int cmd_detach(struct sk_buff *req, struct genl_info *info)
{
	u64 instance;
	struct sk_buff *skb;
	struct net *net;
	void *hdr;
	u32 flags;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	err = nsf_netlink_flags(info, NSFENCE_F_NOWAIT, &flags);
	if (err)
		return err;
	err = instance_parse(info, &instance);
	if (err)
		return err;
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	net = target_get(info);
	if (IS_ERR(net)) {
		err = PTR_ERR(net);
		goto err_free_skb;
	}
	err = nsf_detach(net, &instance, !(flags & NSFENCE_F_NOWAIT), info->extack);
	if (!err)
		err = answer_fence(skb, net, instance);
	put_net(net);
	if (err)
		goto err_free_skb;
	return nsf_answer_done(skb, hdr, info);

err_free_skb:
	nlmsg_free(skb);
	return err;
}

static int cmd_detach_all(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	if (nla_put_u32(skb, NSFENCE_A_COUNT, nsf_detach_all())) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	return nsf_answer_done(skb, hdr, info);
}

/*
 * What each command takes; all else is refused by the core, with a message
 * (strict validation, as neither .validate nor .resv_start_op say otherwise).
 */
static const struct nla_policy none_policy[NSFENCE_A_MAX + 1] = {
};

static const struct nla_policy netns_get_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_INODE] = { .type = NLA_U32 },
	[NSFENCE_A_COOKIE] = { .type = NLA_U64 },
	[NSFENCE_A_FD] = { .type = NLA_U32 },
};

static const struct nla_policy attach_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_INODE] = { .type = NLA_U32 },
	[NSFENCE_A_COOKIE] = { .type = NLA_U64 },
	[NSFENCE_A_FD] = { .type = NLA_U32 },
	[NSFENCE_A_INSTANCE] = { .type = NLA_U64 },
	[NSFENCE_A_POLICY] = { .type = NLA_NUL_STRING, .len = NSFENCE_MAX_NAME },
	[NSFENCE_A_MODE] = { .type = NLA_U32 },
	[NSFENCE_A_HOOKS] = { .type = NLA_U32 },
	[NSFENCE_A_FLAGS] = { .type = NLA_U32 },
	[NSFENCE_A_SOURCE] = { .type = NLA_NUL_STRING, .len = NSFENCE_MAX_SOURCE },
};

static const struct nla_policy detach_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_INODE] = { .type = NLA_U32 },
	[NSFENCE_A_COOKIE] = { .type = NLA_U64 },
	[NSFENCE_A_FD] = { .type = NLA_U32 },
	[NSFENCE_A_INSTANCE] = { .type = NLA_U64 },
	[NSFENCE_A_FLAGS] = { .type = NLA_U32 },
};

static const struct nla_policy policy_set_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_POLICY] = { .type = NLA_NUL_STRING, .len = NSFENCE_MAX_NAME },
	[NSFENCE_A_IMAGE] = { .type = NLA_U32 },
};

static const struct nla_policy policy_get_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_POLICY] = { .type = NLA_NUL_STRING, .len = NSFENCE_MAX_NAME },
};

static const struct nla_policy policy_del_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_POLICY] = { .type = NLA_NUL_STRING, .len = NSFENCE_MAX_NAME },
};

static const struct nla_policy birth_set_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_POLICY] = { .type = NLA_NUL_STRING, .len = NSFENCE_MAX_NAME },
	[NSFENCE_A_MODE] = { .type = NLA_U32 },
	[NSFENCE_A_HOOKS] = { .type = NLA_U32 },
	[NSFENCE_A_FLAGS] = { .type = NLA_U32 },
};

/* The dump parses its attributes itself. */
const struct nla_policy nsf_rule_get_policy[NSFENCE_A_MAX + 1] = {
	[NSFENCE_A_INODE] = { .type = NLA_U32 },
	[NSFENCE_A_COOKIE] = { .type = NLA_U64 },
	[NSFENCE_A_POLICY] = { .type = NLA_NUL_STRING, .len = NSFENCE_MAX_NAME },
};

static const struct genl_ops ops[] = {
	{
		.cmd = NSFENCE_CMD_VERSION_GET,
		.doit = cmd_version_get,
		.policy = none_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_NETNS_GET,
		.doit = cmd_netns_get,
		.dumpit = dump_netns,
		.policy = netns_get_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_ATTACH,
		.doit = cmd_attach,
		.policy = attach_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_DETACH,
		.doit = cmd_detach,
		.policy = detach_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_DETACH_ALL,
		.doit = cmd_detach_all,
		.policy = none_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_POLICY_SET,
		.doit = nsf_cmd_policy_set,
		.policy = policy_set_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_POLICY_GET,
		.doit = nsf_cmd_policy_get,
		.dumpit = nsf_dump_policies,
		.policy = policy_get_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_POLICY_DEL,
		.doit = nsf_cmd_policy_del,
		.policy = policy_del_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_RULE_GET,
		.dumpit = nsf_dump_rules,
		.policy = nsf_rule_get_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_BIRTH_SET,
		.doit = nsf_cmd_birth_set,
		.policy = birth_set_policy,
		.maxattr = NSFENCE_A_MAX,
	}, {
		.cmd = NSFENCE_CMD_BIRTH_GET,
		.doit = nsf_cmd_birth_get,
		.policy = none_policy,
		.maxattr = NSFENCE_A_MAX,
	},
};

enum { MCGRP_LIFECYCLE, MCGRP_PACKETS };

static const struct genl_multicast_group groups[] = {
	[MCGRP_LIFECYCLE] = {
		.name = NSFENCE_MCGRP_LIFECYCLE,
		.flags = NSF_MCAST_FLAGS,
	},
	[MCGRP_PACKETS] = {
		.name = NSFENCE_MCGRP_PACKETS,
		.flags = NSF_MCAST_FLAGS,
	},
};

/* Registration writes the id and the groups' offset. */
struct genl_family nsf_family __ro_after_init = {
	.name = NSFENCE_FAMILY_NAME,
	.version = NSFENCE_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = false,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/*
 * For the packet path, which runs before the family is there (fences of inode=)
 * and could while it goes.
 */
static bool registered;

bool nsf_netlink_has_listeners(void)
{
	return genl_has_listeners(&nsf_family, &init_net, MCGRP_LIFECYCLE);
}

void nsf_netlink_multicast(struct sk_buff *skb)
{
	nsf_genl_multicast(&nsf_family, &init_net, skb, MCGRP_LIFECYCLE, GFP_KERNEL);
}

void nsf_netlink_set_overrun(void)
{
	genl_set_err(&nsf_family, &init_net, 0, MCGRP_LIFECYCLE, -ENOBUFS);
}

bool nsf_netlink_packets_wanted(void)
{
	return READ_ONCE(registered) && genl_has_listeners(&nsf_family, &init_net, MCGRP_PACKETS);
}

void nsf_netlink_multicast_packets(struct sk_buff *skb)
{
	nsf_genl_multicast(&nsf_family, &init_net, skb, MCGRP_PACKETS, GFP_ATOMIC);
}

int nsf_netlink_register(void)
{
	int err = genl_register_family(&nsf_family);

	if (err)
		return err;
	WRITE_ONCE(registered, true);
	nsf_event_start();
	return 0;
}

void nsf_netlink_unregister(void)
{
	nsf_event_stop();
	WRITE_ONCE(registered, false);
	synchronize_rcu();	/* the wait: a hook that is about to send */
	genl_unregister_family(&nsf_family);
}
