// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: what nftables answers in a namespace whose root has chosen it.
 * links: nft_msg.c nft_sock.c nft_read.c policies_name.c utf8.c err.c policy/siphash.c
 *
 * The bytes are the messages of the dumps that we read ourselves; their sequence numbers
 * become those of the request. Rules are read by libnftnl, which ends the process where the
 * kernel's attributes are not as they should be: so the kernel's part of them is right,
 * and the bytes are root's part, the userdata. What must hold besides memory: strings are
 * terminated, what is taken for ours is in its bounds, and the same answers make the same
 * digest.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "nft_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the socket ---- */

static struct {
	const uint8_t *data;
	size_t size;
	uint32_t seq;
	bool told;		/* the bytes have been read; the end comes next */
} answers;

/* Instead of libc's. */
ssize_t sendto(int fd, const void *buf, size_t size, int flags, const struct sockaddr *to,
	       socklen_t len)
{
	(void)fd, (void)flags, (void)to, (void)len;
	answers.seq = ((const struct nlmsghdr *)buf)->nlmsg_seq;
	answers.told = false;
	return (ssize_t)size;
}

static ssize_t end_of_dump(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_seq = answers.seq;
	return nlh->nlmsg_len;
}

/* As many messages as are framed well: that is the kernel's part. */
static size_t whole_messages(uint8_t *buf, size_t size)
{
	struct nlmsghdr *nlh;
	size_t at = 0;

	while (size - at >= sizeof(*nlh)) {
		nlh = (void *)(buf + at);
		if (nlh->nlmsg_len < sizeof(*nlh) + sizeof(struct nfgenmsg) ||
		    nlh->nlmsg_len > size - at)
			break;
		nlh->nlmsg_seq = answers.seq;
		at += MNL_ALIGN(nlh->nlmsg_len);
		if (at > size)
			return size;
	}
	return at;
}

ssize_t recv(int fd, void *buf, size_t size, int flags)
{
	(void)fd;
	if (flags & MSG_DONTWAIT) {
		errno = EAGAIN;
		return -1;
	}
	if (answers.told)
		return end_of_dump(buf);
	answers.told = true;
	if (size > answers.size)
		size = answers.size;
	memcpy(buf, answers.data, size);
	return (ssize_t)whole_messages(buf, size);
}

/* ---- what is made of it ---- */

static void check_tables(void)
{
	struct nft_table v[NFT_TABLES];
	struct nft_meta m;
	size_t i, n = 0;

	if (nft_msg_tables(-1, v, &n, NULL))
		return;
	assert(n <= NFT_TABLES);
	for (i = 0; i < n; i++) {
		assert(memchr(v[i].name, 0, sizeof(v[i].name)));
		assert(v[i].udata_len <= sizeof(v[i].udata));
		if (!nft_meta_get(&v[i], &m))
			continue;
		assert(memchr(m.policy, 0, sizeof(m.policy)) && m.policy[0]);
		assert(memchr(m.source, 0, sizeof(m.source)));
		assert((unsigned int)m.mode < GENL_MODES && m.instance && !(m.hooks >> GENL_HOOKS));
	}
}

/* A rule with a counter, in chain "in" of our table. */
static size_t make_rule(char *buf, const uint8_t *udata, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	struct nlattr *list, *elem, *counter;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
	nfg->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "nsfence");
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, "in");
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "counter");
	counter = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, htobe64(200));
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, htobe64(3));
	mnl_attr_nest_end(nlh, counter);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	mnl_attr_put(nlh, NFTA_RULE_USERDATA, size, udata);
	return nlh->nlmsg_len;
}

static void check_counters(const uint8_t *data, size_t size)
{
	char rule[1024] __attribute__((aligned(8)));
	struct nft_counted v[2];
	size_t n = 0;

	answers.data = (const uint8_t *)rule;
	answers.size = make_rule(rule, data, size < NFT_UDATA_MAX ? size : NFT_UDATA_MAX);
	assert(!nft_msg_counters(-1, "nsfence", v, 2, &n, NULL) && n == 1);
	assert(v[0].packets == 3 && v[0].bytes == 200 && !strcmp(v[0].chain, "in"));
	assert(memchr(v[0].verdict, 0, sizeof(v[0].verdict)));
}

static void check_objects(void)
{
	static const uint64_t key[2] = { 1, 2 };
	struct nft_objects a = { 0 }, b = { 0 };
	int first = nft_msg_read(-1, "nsfence", 1 << 20, &a, NULL);

	assert(nft_msg_read(-1, "nsfence", 1 << 20, &b, NULL) == first);
	if (!first)
		assert(a.n == b.n && nft_objects_digest(&a, key) == nft_objects_digest(&b, key));
	nft_objects_clean(&a);
	nft_objects_clean(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	answers.data = data;
	answers.size = size;
	check_tables();
	check_objects();
	check_counters(data, size);
	return 0;
}
