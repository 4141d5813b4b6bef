// SPDX-License-Identifier: GPL-2.0-or-later
/* reference: see reference.h. */
#include "reference.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_place(struct places *places, const struct place *p)
{
	for (size_t i = 0; i < places->n; i++)
		if (places->v[i].hook == p->hook && places->v[i].priority == p->priority)
			return;
	if (places->n < OBSERVER_MAX_PLACES)
		places->v[places->n++] = *p;
}

/* Tables of the oracle's own are none of the policy's. */
static bool is_ours(const char *table)
{
	return !strncmp(table, "oracle_", 7);
}

static int chain_add(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct reference *r = data;
	struct reference_chain *c = &r->chain[r->chains];
	uint32_t family;
	int ret = MNL_CB_OK;

	if (!chain || nftnl_chain_nlmsg_parse(nlh, chain) < 0) {
		ret = MNL_CB_ERROR;
	} else if (!is_ours(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE)) &&
		   nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM)) {
		if (r->chains++ == REFERENCE_MAX)
			abort();
		family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);
		snprintf(c->name, sizeof(c->name), "%s",
			 nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
		c->place.hook = nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM);
		c->place.priority = nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO);
		c->drop = nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_DROP;
		c->ipv4 = family != NFPROTO_IPV6;
		c->ipv6 = family != NFPROTO_IPV4;
		add_place(&r->places, &c->place);
	}
	if (chain)
		nftnl_chain_free(chain);
	return ret;
}

/* The rule that is being read. */
struct rule_now {
	struct reference *r;
	const char *chain;
	unsigned int number;	/* of counters so far */
};

static int expr_add(struct nftnl_expr *e, void *data)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
	struct rule_now *now = data;
	struct reference *r = now->r;
	struct reference_counter *c = &r->counter[r->counters];

	if (!strcmp(name, "ct"))
		r->ct = true;
	if (strcmp(name, "counter"))
		return 0;
	if (r->counters++ == REFERENCE_COUNTERS)
		abort();
	snprintf(c->chain, sizeof(c->chain), "%s", now->chain);
	c->rule = r->rule_now;
	c->number = now->number++;
	c->packets = nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_PACKETS);
	c->bytes = nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_BYTES);
	return 0;
}

static int rule_add(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct reference *r = data;
	struct rule_now now = { .r = r };
	int ret = MNL_CB_OK;

	if (!rule || nftnl_rule_nlmsg_parse(nlh, rule) < 0) {
		ret = MNL_CB_ERROR;
	} else if (!is_ours(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE))) {
		now.chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
		/* A chain's rules come one after the other. */
		r->rule_now = strcmp(r->chain_now, now.chain) ? 0 : r->rule_now + 1;
		snprintf(r->chain_now, sizeof(r->chain_now), "%s", now.chain);
		nftnl_expr_foreach(rule, expr_add, &now);
	}
	if (rule)
		nftnl_rule_free(rule);
	return ret;
}

static bool dump(struct mnl_socket *nl, uint16_t what, mnl_cb_t cb, struct reference *r)
{
	static char buf[1 << 17];
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, what, NFPROTO_UNSPEC, NLM_F_DUMP, what);
	ssize_t n;
	int ret = 1;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return false;
	while (ret > 0) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			return false;
		ret = mnl_cb_run(buf, (size_t)n, what, mnl_socket_get_portid(nl), cb, r);
	}
	return ret == 0;
}

bool reference_read(struct reference *r)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
	bool good;

	memset(r, 0, sizeof(*r));
	good = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) >= 0 &&
	       dump(nl, NFT_MSG_GETCHAIN, chain_add, r) && dump(nl, NFT_MSG_GETRULE, rule_add, r);
	if (!good)
		perror("oracle: reading nft's rules back");
	if (nl)
		mnl_socket_close(nl);
	return good;
}
