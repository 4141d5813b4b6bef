// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_read: see nft_read.h, and nft_msg.h about counters. */
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft_read.h"
#include "nft_render.h"
#include "nft_sock.h"
#include "policies.h"
#include "utf8.h"

#define MAGIC		"nsfence 1 "
#define MAX_INSTANCE	(UINT64_C(1) << 60)	/* those that come after can be counted up */

/* ---- userdata ---- */

/*
 * Bytes that root inside has chosen. libnftnl goes by the lengths in them wherever these
 * lead: each has to lie within, and the last one to end there.
 */
static void udata_parse(const uint8_t *v, size_t len, nftnl_udata_cb_t cb, void *data)
{
	size_t at = 0;

	while (len - at >= 2 && v[at + 1] <= len - at - 2)
		at += 2 + (size_t)v[at + 1];
	if (at == len)
		nftnl_udata_parse(v, (uint32_t)len, cb, data);
}

/* ---- the comment ---- */

void nft_meta_put(struct nft_table *t, const struct nft_meta *m)
{
	char text[NFT_UDATA_MAX - 2];	/* type and length come before it */
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(NFT_UDATA_MAX);

	snprintf(text, sizeof(text), MAGIC "%x %" PRIx32 " %" PRIx32 " %" PRIx64 " %" PRIx64
		 " %s %s", (unsigned int)m->mode, m->hooks, m->flags, m->instance, m->hash,
		 m->policy, m->source);
	t->udata_len = 0;
	if (!buf)
		return;
	nftnl_udata_put_strz(buf, NFTNL_UDATA_TABLE_COMMENT, text);
	t->udata_len = nftnl_udata_buf_len(buf);
	memcpy(t->udata, nftnl_udata_buf_data(buf), t->udata_len);
	nftnl_udata_buf_free(buf);
}

static int take_comment(const struct nftnl_udata *attr, void *data)
{
	const char **text = data;
	uint8_t len = nftnl_udata_len(attr);
	const char *s = nftnl_udata_get(attr);

	if (nftnl_udata_type(attr) == NFTNL_UDATA_TABLE_COMMENT && len && !s[len - 1])
		*text = s;
	return 0;
}

static bool is_policy(const char *name)
{
	const size_t prefix = sizeof(POLICIES_NETNS) - 1;

	if (!strncmp(name, POLICIES_NETNS, prefix))
		name += prefix;
	return policies_is_builtin(name) || !policies_name_fault(name);
}

bool nft_meta_get(const struct nft_table *t, struct nft_meta *m)
{
	const char *text = NULL;
	unsigned int mode;
	int end = 0;

	memset(m, 0, sizeof(*m));
	udata_parse(t->udata, t->udata_len, take_comment, &text);
	if (!text)
		return false;
	if (sscanf(text, MAGIC "%x %" SCNx32 " %" SCNx32 " %" SCNx64 " %" SCNx64 " %63s %n",
		   &mode, &m->hooks, &m->flags, &m->instance, &m->hash, m->policy, &end) != 6 ||
	    !end || text[end - 1] != ' ' || mode >= GENL_MODES || !m->instance || m->instance > MAX_INSTANCE ||
	    m->hooks >> GENL_HOOKS || m->flags & ~NFT_META_FLAGS || !is_policy(m->policy))
		return false;
	m->mode = (enum genl_mode)mode;
	snprintf(m->source, sizeof(m->source), "%s", text + end);
	utf8_clean(m->source);
	return true;
}

/* ---- counters ---- */

struct counters {
	const char *table;
	struct nft_counted *v;
	size_t n, max;
	struct nft_counted one;		/* the rule's */
	bool has;
};

static int take_counter(struct nftnl_expr *e, void *data)
{
	struct counters *c = data;

	if (strcmp(nftnl_expr_get_str(e, NFTNL_EXPR_NAME), "counter"))
		return 0;
	c->has = true;
	c->one.packets = nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_PACKETS);
	c->one.bytes = nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_BYTES);
	return 0;
}

static int take_rule_comment(const struct nftnl_udata *attr, void *data)
{
	struct counters *c = data;
	uint8_t len = nftnl_udata_len(attr);
	const char *s = nftnl_udata_get(attr);
	const size_t prefix = sizeof(NFT_RENDER_COUNTED) - 1;

	if (nftnl_udata_type(attr) == NFTNL_UDATA_RULE_COMMENT && len > prefix && !s[len - 1] &&
	    !strncmp(s, NFT_RENDER_COUNTED, prefix))
		snprintf(c->one.verdict, sizeof(c->one.verdict), "%s", s + prefix);
	return 0;
}

static int take_rule(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct counters *c = data;
	const void *udata;
	uint32_t len;
	int ret = 0;

	if (!rule)
		return -ENOMEM;
	if (nftnl_rule_nlmsg_parse(nlh, rule) < 0) {
		ret = -EPROTO;
	} else if (!strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), c->table)) {
		memset(&c->one, 0, sizeof(c->one));
		c->has = false;
		snprintf(c->one.chain, sizeof(c->one.chain), "%s",
			 nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
		nftnl_expr_foreach(rule, take_counter, c);
		udata = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &len);
		if (udata)
			udata_parse(udata, len, take_rule_comment, c);
		if (c->has && c->n < c->max)
			c->v[c->n++] = c->one;
	}
	nftnl_rule_free(rule);
	return ret;
}

static void again(void *data)
{
	((struct counters *)data)->n = 0;
}

int nft_msg_counters(int fd, const char *table, struct nft_counted *v, size_t max, size_t *n,
		     struct err *e)
{
	struct counters c = { .table = table, .v = v, .max = max };
	char buf[NFT_SOCK_REQUEST];
	struct nlmsghdr *nlh = nft_sock_request(buf, NFT_MSG_GETRULE, NLM_F_DUMP);
	int ret;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
	ret = nft_sock_dump(fd, nlh, take_rule, again, &c);
	*n = c.n;
	if (ret)
		err_set(e, -ret, EXIT_REFUSED, "the counters of table inet %s cannot be read: %s",
			table, strerror(-ret));
	return ret;
}
