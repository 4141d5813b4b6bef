// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * leaves_report: the fields of a packet that are not in its bytes (packet_meta.c),
 * and reports of packets (report.c), taken apart where netlink.c would send them.
 */
#include <linux/delay.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ktime.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "leaves.h"
#include "netlink.h"
#include "packet_meta.h"
#include "policy.h"
#include "report.h"
#include "uapi/nsfence.h"

/* ---- in the place of netlink.c ---- */

struct genl_family nsf_family;

static unsigned int sent;
static struct sk_buff *last;

bool nsf_netlink_packets_wanted(void)
{
	return true;
}

void nsf_netlink_multicast_packets(struct sk_buff *skb)
{
	kfree_skb(last);
	last = skb;
	sent++;
}

/* Attribute @type of the last report; in nest @nest, unless that is 0. */
static const struct nlattr *attr(int nest, int type)
{
	const struct nlattr *found;

	if (!last)
		return NULL;
	found = nlmsg_find_attr((struct nlmsghdr *)last->data, GENL_HDRLEN, nest ?: type);
	return found && nest ? nla_find_nested(found, type) : found;
}

static bool attr_u32(int nest, int type, u32 value)
{
	const struct nlattr *a = attr(nest, type);

	return a && nla_len(a) == 4 && nla_get_u32(a) == value;
}

static bool attr_string(int nest, int type, const char *s)
{
	const struct nlattr *a = attr(nest, type);

	return a && nla_len(a) == strlen(s) + 1 && !memcmp(nla_data(a), s, nla_len(a));
}

static bool attr_length(int nest, int type, int len)
{
	const struct nlattr *a = attr(nest, type);

	return a && nla_len(a) == len + 1 && !((const char *)nla_data(a))[len];
}

/* ---- a packet ---- */

#define SADDR 0x0a000001
#define GROUP 0xe0000001
#define ALL 0x0affffff

static struct sk_buff *packet_new(void)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	struct udphdr *udp;
	struct iphdr *ip;

	if (!skb)
		return NULL;
	skb_reserve(skb, 64);
	skb_reset_network_header(skb);
	ip = skb_put_zero(skb, sizeof(*ip));
	*ip = (struct iphdr){
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons(32), .saddr = htonl(SADDR), .daddr = htonl(GROUP),
	};
	udp = skb_put_zero(skb, 12);
	udp->source = htons(1000);
	udp->dest = htons(2000);
	udp->len = htons(12);
	skb->protocol = htons(ETH_P_IP);
	skb->mark = 77;
	return skb;
}

static bool field_is(const struct nsf_packet *p, enum nsf_field f, u64 value)
{
	return p->have & NSF_BIT(f) && p->val[f] == value;
}

static void meta(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct nsf_packet *p = kmalloc(sizeof(*p), GFP_KERNEL);

	if (!p) {
		leaves_check(false, "memory for a packet");
		return;
	}
	memset(p, 0xff, sizeof(*p));
	nsf_packet_load(p, skb, state, NSF_NEED_PLAIN);
	leaves_check(field_is(p, NSF_FIELD_MARK, 77) &&
		     field_is(p, NSF_FIELD_PKTTYPE, PACKET_HOST) &&
		     field_is(p, NSF_FIELD_IIF, state->in->ifindex) &&
		     field_is(p, NSF_FIELD_OIF, 0) && field_is(p, NSF_FIELD_LENGTH, 32) &&
		     field_is(p, NSF_FIELD_NFPROTO, NFPROTO_IPV4) &&
		     field_is(p, NSF_FIELD_TH_DPORT, 2000), "the plain fields");
	leaves_check(!(p->have & (NSF_NEED_CT | NSF_NEED_NAMES)),
		     "the others are not, if not needed");

	nsf_packet_load(p, skb, state, 0);
	leaves_check(p->have == NSF_BIT(NSF_FIELD_NFPROTO) &&
		     field_is(p, NSF_FIELD_NFPROTO, NFPROTO_IPV4), "nor anything, where nothing is");

	skb->pkt_type = PACKET_LOOPBACK;
	nsf_packet_load(p, skb, state, ~0ULL);
	leaves_check(field_is(p, NSF_FIELD_PKTTYPE, PACKET_MULTICAST),
		     "a copy to itself, multicast");
	leaves_check(field_is(p, NSF_FIELD_IIFNAME_HI, 0x6c6f000000000000ULL) &&
		     field_is(p, NSF_FIELD_IIFNAME_LO, 0), "lo, as two numbers");
	leaves_check(field_is(p, NSF_FIELD_OIFNAME_HI, 0) && field_is(p, NSF_FIELD_OIFNAME_LO, 0),
		     "no device has the empty name");
	leaves_check(field_is(p, NSF_FIELD_CT_STATE, NSF_CT_INVALID) &&
		     (p->have & NSF_NEED_CT) == NSF_BIT(NSF_FIELD_CT_STATE),
		     "without an entry: invalid, no mark, no direction");
	ip_hdr(skb)->daddr = htonl(ALL);
	nsf_packet_load(p, skb, state, NSF_NEED_PLAIN);
	leaves_check(field_is(p, NSF_FIELD_PKTTYPE, PACKET_BROADCAST),
		     "a copy to itself, broadcast");
	skb->pkt_type = PACKET_HOST;
	kfree(p);
}

/* ---- reports ---- */

/* A rule with strings that are too long; and where they are cut, half a character. */
struct long_image {
	struct nsf_image image;
	struct nsf_rule rule;
	char strings[2000];
};

static void long_image_init(struct long_image *img)
{
	*img = (struct long_image){
		.image.section[NSF_SECTION_RULES].offset = offsetof(struct long_image, rule),
		.image.section[NSF_SECTION_STRINGS].offset = offsetof(struct long_image, strings),
		.rule = { .id = 9, .text = 1, .file = 1, .line = 3, .chain = 1 },
	};
	memset(img->strings + 1, 'x', sizeof(img->strings) - 2);
	img->strings[1 + 510] = 0xc3;
	img->strings[1 + 511] = 0xa4;
}

static void flood(struct nsf_report *r)
{
	const struct nlattr *lost;
	unsigned int before;
	u64 begin, ms;
	u64 missed;
	int i;

	/* Until the bucket is full again. */
	msleep(NSF_REPORT_BURST * 1000 / NSF_REPORT_RATE + 100);
	before = sent;
	begin = ktime_get_ns();
	for (i = 0; i < 20000; i++)
		nsf_report_send(r);
	ms = div_u64(ktime_get_ns() - begin, NSEC_PER_MSEC);
	before = sent - before;
	leaves_check(before >= NSF_REPORT_BURST &&
		     before <= NSF_REPORT_BURST + 2 + ms * NSF_REPORT_RATE / 1000,
		     "a flood is cut to the burst and the rate");
	missed = 20000 - before;
	msleep(50);
	nsf_report_send(r);
	lost = attr(NSFENCE_A_PACKET, NSFENCE_A_PACKET_LOST);
	leaves_check(lost && nla_get_u64(lost) == missed,
		     "the next report has the number of the lost");
}

static void reports(struct nsf_report *r, struct nsf_rules *rules, struct nsf_policy *named,
		    struct long_image *img)
{
	char prefix[NSF_MAX_LOG_PREFIX + 1] = {};
	__be32 saddr = htonl(SADDR);
	const struct nlattr *a;

	rules->policy = NSF_BUILTIN_DROP;
	nsf_report_send(r);
	a = attr(NSFENCE_A_PACKET, NSFENCE_A_PACKET_SADDR);
	leaves_check(sent == 1 && attr_string(0, NSFENCE_A_POLICY, "drop") &&
		     attr_u32(NSFENCE_A_PACKET, NSFENCE_A_PACKET_VERDICT, NSFENCE_VERDICT_DROP) &&
		     attr_u32(NSFENCE_A_PACKET, NSFENCE_A_PACKET_SPORT, 1000) &&
		     attr_string(NSFENCE_A_PACKET, NSFENCE_A_PACKET_IIF, "lo") &&
		     !attr(NSFENCE_A_PACKET, NSFENCE_A_PACKET_OIF) &&
		     a && nla_len(a) == 4 && !memcmp(nla_data(a), &saddr, 4),
		     "a drop by a built-in policy");
	leaves_check(!attr(0, NSFENCE_A_RULE), "which has no rule");

	memset(named->name, 'n', NSF_NAME_SIZE - 1);
	memset(prefix, 'p', NSF_MAX_LOG_PREFIX);
	long_image_init(img);
	rules->named = named;
	r->image = &img->image;
	r->rule = 0;
	r->kind = NSF_REPORT_LOG;
	r->verdict = NSF_VERDICT_ACCEPT;
	r->prefix = prefix;
	r->level = 4;
	nsf_report_send(r);
	leaves_check(sent == 2 && attr_string(0, NSFENCE_A_POLICY, named->name) &&
		     attr_string(NSFENCE_A_PACKET, NSFENCE_A_PACKET_PREFIX, prefix) &&
		     attr_u32(NSFENCE_A_RULE, NSFENCE_A_RULE_LINE, 3),
		     "the longest report has room");
	leaves_check(attr_length(NSFENCE_A_RULE, NSFENCE_A_RULE_TEXT, 510) &&
		     attr_length(NSFENCE_A_RULE, NSFENCE_A_RULE_FILE, 255),
		     "its strings are cut, between two characters");

	r->rule = NSF_NO_RULE;
	r->chain = "input";
	nsf_report_send(r);
	leaves_check(sent == 3 && attr_string(NSFENCE_A_RULE, NSFENCE_A_RULE_CHAIN, "input") &&
		     !attr(NSFENCE_A_RULE, NSFENCE_A_RULE_TEXT),
		     "a chain's policy: the chain's name");
	flood(r);
}

void leaves_report(void)
{
	struct nf_hook_state state = {
		.hook = NF_INET_LOCAL_IN, .pf = NFPROTO_IPV4, .net = &init_net,
		.in = init_net.loopback_dev,
	};
	struct nsf_policy *named = kzalloc(sizeof(*named), GFP_KERNEL);
	struct nsf_rules *rules = kzalloc(sizeof(*rules), GFP_KERNEL);
	struct long_image *img = kzalloc(sizeof(*img), GFP_KERNEL);
	struct sk_buff *skb = packet_new();
	struct nsf_report report = {
		.kind = NSF_REPORT_DROP, .verdict = NSF_VERDICT_DROP,
		.rules = rules, .skb = skb, .state = &state, .rule = NSF_NO_RULE,
	};

	leaves_check(named && rules && img && skb, "memory");
	if (named && rules && img && skb) {
		meta(skb, &state);
		reports(&report, rules, named, img);
	}
	kfree_skb(last);
	last = NULL;
	kfree_skb(skb);
	kfree(img);
	kfree(rules);
	kfree(named);
}
