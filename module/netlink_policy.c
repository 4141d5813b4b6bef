// SPDX-License-Identifier: GPL-2.0-or-later
/* netlink_policy: see netlink_policy.h. */
#include <linux/err.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "attach.h"
#include "fill_rule.h"
#include "netlink.h"
#include "netlink_answer.h"
#include "netlink_policy.h"
#include "netns.h"
#include "policy.h"
#include "uapi/nsfence.h"

/* The name that a request must have, or NULL, with extack. */
static const char *name_parse(struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	if (!attrs[NSFENCE_A_POLICY]) {
		NL_SET_ERR_MSG(extack, "attribute policy is missing");
		return NULL;
	}
	return nla_data(attrs[NSFENCE_A_POLICY]);
}

static int fill_info(struct sk_buff *skb, const struct nsf_policy_info *info)
{
	if (nla_put_string(skb, NSFENCE_A_POLICY, info->name) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_GENERATION, info->generation, NSFENCE_A_PAD) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_HASH, info->hash, NSFENCE_A_PAD) ||
	    nla_put_u32(skb, NSFENCE_A_RECORDS, info->records) ||
	    nla_put_u32(skb, NSFENCE_A_BYTES, info->bytes) ||
	    nla_put_u32(skb, NSFENCE_A_ATTACHMENTS, info->attachments))
		return -EMSGSIZE;
	return 0;
}

int nsf_cmd_policy_set(struct sk_buff *req, struct genl_info *info)
{
	struct nsf_policy_info set;
	struct nsf_image *image;
	struct sk_buff *skb;
	const char *name;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	name = name_parse(info->attrs, info->extack);
	if (!name)
		return -EINVAL;
	if (!info->attrs[NSFENCE_A_IMAGE]) {
		NL_SET_ERR_MSG(info->extack, "attribute image is missing");
		return -EINVAL;
	}
	err = nsf_policy_check_name(name, info->extack);
	if (err)
		return err;
	/* The answer's memory first: what is done is not reported as failed. */
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	image = nsf_image_load(nla_get_u32(info->attrs[NSFENCE_A_IMAGE]), info->extack);
	if (IS_ERR(image)) {
		err = PTR_ERR(image);
		goto err_free_skb;
	}
	err = nsf_policy_set(name, image, &set, info->extack);
	if (!err)
		err = fill_info(skb, &set);
	if (err)
		goto err_free_skb;
	return nsf_answer_done(skb, hdr, info);

err_free_skb:
	nlmsg_free(skb);
	return err;
}

int nsf_cmd_policy_get(struct sk_buff *req, struct genl_info *info)
{
	struct nsf_policy_info got;
	struct sk_buff *skb;
	const char *name;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	name = name_parse(info->attrs, info->extack);
	if (!name)
		return -EINVAL;
	if (nsf_policy_get(name, &got)) {
		NL_SET_ERR_MSG(info->extack, "no policy has this name");
		return -ENOENT;
	}
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	err = fill_info(skb, &got);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return nsf_answer_send(skb, hdr, info);
}

int nsf_cmd_policy_del(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	const char *name;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(req, genl_info_net(info), info->extack);
	if (err)
		return err;
	name = name_parse(info->attrs, info->extack);
	if (!name)
		return -EINVAL;
	skb = nsf_answer_new(info, &hdr);
	if (!skb)
		return nsf_answer_no_memory(info->extack);
	err = nla_put_string(skb, NSFENCE_A_POLICY, name) ? -EMSGSIZE :
	      nsf_policy_delete(name, info->extack);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return nsf_answer_done(skb, hdr, info);
}

/* cb->args[0]: how many are done. */
int nsf_dump_policies(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nsf_policy_info info;
	void *hdr;
	int err;

	err = nsf_netlink_authorize(cb->skb, sock_net(cb->skb->sk), cb->extack);
	if (err)
		return err;
	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack, "a dump of all policies takes no attributes");
		return -EINVAL;
	}
	/* As it is before the list is read: a change in between is seen next time. */
	cb->seq = nsf_policy_changes();
	while (!nsf_policy_get_nth(cb->args[0], &info)) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  &nsf_family, NLM_F_MULTI, NSFENCE_CMD_POLICY_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (fill_info(skb, &info)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0]++;
	}
	return skb->len;
}

/* ---- rules ---- */

/* What a dump of rules is of. */
struct rules_request {
	const char *name;
	struct net *net;	/* a reference, or NULL: of all fences */
};

static int rules_parse(struct netlink_callback *cb, struct rules_request *req)
{
	struct nlattr *attrs[NSFENCE_A_MAX + 1];
	struct nsf_target t = {};
	int err;

	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, attrs, NSFENCE_A_MAX, nsf_rule_get_policy,
			  cb->extack);
	if (err)
		return err;
	req->name = name_parse(attrs, cb->extack);
	if (!req->name)
		return -EINVAL;
	req->net = NULL;
	if (!attrs[NSFENCE_A_INODE]) {
		if (!attrs[NSFENCE_A_COOKIE])
			return 0;
		NL_SET_ERR_MSG(cb->extack, "attribute cookie goes with inode");
		return -EINVAL;
	}
	t.inode = nla_get_u32(attrs[NSFENCE_A_INODE]);
	if (attrs[NSFENCE_A_COOKIE]) {
		t.has_cookie = true;
		t.cookie = nla_get_u64(attrs[NSFENCE_A_COOKIE]);
	}
	req->net = nsf_netns_get(&t, cb->extack);
	return PTR_ERR_OR_ZERO(req->net);
}

/* The policy, and where it counts: all its fences, or the one of the request. */
static const struct nsf_policy *rules_find(const struct rules_request *req,
					   const struct nsf_attachment **att,
					   struct netlink_ext_ack *extack)
{
	const struct nsf_policy *pol = nsf_policy_find(req->name);

	*att = NULL;
	if (!pol) {
		NL_SET_ERR_MSG(extack, "no policy has this name");
		return NULL;
	}
	if (!req->net)
		return pol;
	*att = rcu_dereference_protected(nsf_netns(req->net)->attachment,
					 lockdep_is_held(&nsf_mutex));
	if (*att && nsf_attach_policy(*att) == pol)
		return pol;
	NL_SET_ERR_MSG(extack, "this namespace is not fenced with this policy");
	return NULL;
}

static int dump_rule(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct nsf_policy *pol, const struct nsf_attachment *att, u32 state)
{
	const struct nsf_version *v = nsf_policy_version(pol);
	struct nsf_counter_sum sum = {};
	void *hdr;

	lockdep_assert_held(&nsf_mutex);

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &nsf_family, NLM_F_MULTI, NSFENCE_CMD_RULE_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (att) {
		nsf_attach_sum(att, v->place[state], &sum);
	} else {
		list_for_each_entry(att, &pol->attachments, policy_node)
			nsf_attach_sum(att, v->place[state], &sum);
	}
	if (nla_put_string(skb, NSFENCE_A_POLICY, pol->name) ||
	    nla_put_u64_64bit(skb, NSFENCE_A_GENERATION, pol->generation, NSFENCE_A_PAD) ||
	    nsf_fill_rule(skb, v->image, nsf_image_states(v->image)[state].rule, NULL, &sum)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* cb->args[0]: the state of the image that comes next; args[1]: begun. */
int nsf_dump_rules(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nsf_attachment *att;
	const struct nsf_policy *pol;
	const struct nsf_version *v;
	struct rules_request req;
	int err;

	err = nsf_netlink_authorize(cb->skb, sock_net(cb->skb->sk), cb->extack);
	if (err)
		return err;
	err = rules_parse(cb, &req);
	if (err)
		return err;

	mutex_lock(&nsf_mutex);
	cb->seq = nsf_policy_changes();
	pol = rules_find(&req, &att, cb->extack);
	if (pol) {
		v = nsf_policy_version(pol);
		for (; cb->args[0] < nsf_image_n_states(v->image); cb->args[0]++) {
			if (nsf_image_states(v->image)[cb->args[0]].kind != NSF_STATE_COUNTER)
				continue;
			err = dump_rule(skb, cb, pol, att, cb->args[0]);
			if (err)
				break;
		}
		cb->args[1] = 1;
		err = skb->len ? skb->len : err;
	} else {
		/* Gone in the midst of it: what was sent is not all there was. */
		err = cb->args[1] ? -EAGAIN : -ENOENT;
	}
	mutex_unlock(&nsf_mutex);
	if (req.net)
		put_net(req.net);
	return err;
}
