// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report: see report.h. Packet path; allocates, and takes no lock of ours.
 *
 * A message is at most some 1.5 KB: whatever a policy has of strings, what goes
 * into one is cut: a rule's by fill_rule.c, the others where they are filled in.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/if.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "attach.h"
#include "compat/netns.h"
#include "fill_rule.h"
#include "netlink.h"
#include "packet_meta.h"
#include "policy.h"
#include "report.h"
#include "uapi/nsfence.h"

static_assert((int)NSFENCE_REPORT_LOG == NSF_REPORT_LOG);
static_assert((int)NSFENCE_REPORT_DROP == NSF_REPORT_DROP);
static_assert((int)NSFENCE_REPORT_AUDIT == NSF_REPORT_AUDIT);

bool nsf_report_wanted(void)
{
	return nsf_netlink_packets_wanted();
}

/* ---- how many ---- */

/* Each CPU counts what it lost; a report has the sum. */
static DEFINE_PER_CPU(unsigned long, lost);

static u64 lost_sum(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(lost, cpu));
	return sum;
}

#define INTERVAL	((s64)NSEC_PER_SEC / NSF_REPORT_RATE)
#define AHEAD		(INTERVAL * (NSF_REPORT_BURST - 1))

/*
 * When the report after the last would be due, at one every INTERVAL. A burst may
 * run ahead of that. Whoever moves it on may send; in a flood it is only read.
 */
static atomic64_t report_due = ATOMIC64_INIT(0);

static bool report_allowed(void)
{
	s64 now = ktime_get_ns();
	s64 due = atomic64_read(&report_due);
	s64 from, seen;

	for (;;) {
		from = max(due, now);
		if (from - now > AHEAD)
			return false;
		seen = atomic64_cmpxchg(&report_due, due, from + INTERVAL);
		if (seen == due)
			return true;
		due = seen;	/* another CPU was first */
	}
}

/* ---- what ---- */

static bool has(const struct nsf_packet *p, enum nsf_field f)
{
	return p->have & NSF_BIT(f);
}

/* u32, where the packet has the field. */
static int fill_field(struct sk_buff *skb, int type, const struct nsf_packet *p,
		      enum nsf_field f)
{
	return has(p, f) ? nla_put_u32(skb, type, p->val[f]) : 0;
}

static int fill_addresses(struct sk_buff *skb, const struct nsf_packet *p)
{
	__be64 six[4];
	__be32 four[2];

	if (has(p, NSF_FIELD_IP_SADDR) && has(p, NSF_FIELD_IP_DADDR)) {
		four[0] = cpu_to_be32(p->val[NSF_FIELD_IP_SADDR]);
		four[1] = cpu_to_be32(p->val[NSF_FIELD_IP_DADDR]);
		return nla_put(skb, NSFENCE_A_PACKET_SADDR, 4, &four[0]) ?:
		       nla_put(skb, NSFENCE_A_PACKET_DADDR, 4, &four[1]);
	}
	if (has(p, NSF_FIELD_IP6_SADDR_HI) && has(p, NSF_FIELD_IP6_DADDR_HI)) {
		six[0] = cpu_to_be64(p->val[NSF_FIELD_IP6_SADDR_HI]);
		six[1] = cpu_to_be64(p->val[NSF_FIELD_IP6_SADDR_LO]);
		six[2] = cpu_to_be64(p->val[NSF_FIELD_IP6_DADDR_HI]);
		six[3] = cpu_to_be64(p->val[NSF_FIELD_IP6_DADDR_LO]);
		return nla_put(skb, NSFENCE_A_PACKET_SADDR, 16, &six[0]) ?:
		       nla_put(skb, NSFENCE_A_PACKET_DADDR, 16, &six[2]);
	}
	return 0;
}

/* The first four bytes of a transport header are ports in these protocols. */
static int fill_ports(struct sk_buff *skb, const struct nsf_packet *p)
{
	if (!has(p, NSF_FIELD_L4PROTO))
		return 0;
	switch (p->val[NSF_FIELD_L4PROTO]) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return fill_field(skb, NSFENCE_A_PACKET_SPORT, p, NSF_FIELD_TH_SPORT) ?:
		       fill_field(skb, NSFENCE_A_PACKET_DPORT, p, NSF_FIELD_TH_DPORT);
	default:
		return 0;
	}
}

static int fill_device(struct sk_buff *skb, int type, const struct net_device *dev)
{
	return dev ? nsf_fill_text(skb, type, dev->name, IFNAMSIZ - 1) : 0;
}

static int fill_packet(struct sk_buff *skb, const struct nsf_report *r,
		       const struct nsf_packet *p)
{
	u32 family = r->state->pf == NFPROTO_IPV6 ? AF_INET6 : AF_INET;
	struct nlattr *nest = nla_nest_start(skb, NSFENCE_A_PACKET);

	if (!nest ||
	    nla_put_u32(skb, NSFENCE_A_PACKET_REPORT, r->kind) ||
	    nla_put_u32(skb, NSFENCE_A_PACKET_HOOK, r->state->hook) ||
	    nla_put_u32(skb, NSFENCE_A_PACKET_VERDICT, r->verdict) ||
	    nla_put_u32(skb, NSFENCE_A_PACKET_FAMILY, family) ||
	    fill_field(skb, NSFENCE_A_PACKET_PROTOCOL, p, NSF_FIELD_L4PROTO) ||
	    fill_addresses(skb, p) ||
	    fill_ports(skb, p) ||
	    fill_device(skb, NSFENCE_A_PACKET_IIF, r->state->in) ||
	    fill_device(skb, NSFENCE_A_PACKET_OIF, r->state->out) ||
	    nla_put_u32(skb, NSFENCE_A_PACKET_LENGTH, r->skb->len) ||
	    fill_field(skb, NSFENCE_A_PACKET_MARK, p, NSF_FIELD_MARK))
		return -EMSGSIZE;
	if (r->kind == NSF_REPORT_LOG &&
	    ((r->prefix && nsf_fill_text(skb, NSFENCE_A_PACKET_PREFIX, r->prefix,
				     NSF_MAX_LOG_PREFIX)) ||
	     nla_put_u32(skb, NSFENCE_A_PACKET_LEVEL, r->level)))
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, NSFENCE_A_PACKET_LOST, lost_sum(), NSFENCE_A_PACKET_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_rule(struct sk_buff *skb, const struct nsf_report *r)
{
	if (!r->image || (r->rule == NSF_NO_RULE && !r->chain))
		return 0;
	return nsf_fill_rule(skb, r->image, r->rule, r->chain, NULL);
}

static int fill_fence(struct sk_buff *skb, const struct nsf_report *r)
{
	const struct nsf_rules *rules = r->rules;
	const struct net *net = r->state->net;

	if (nla_put_u32(skb, NSFENCE_A_INODE, nsf_net_inum(net)))
		return -EMSGSIZE;
	if (nsf_net_has_cookie() &&
	    nla_put_u64_64bit(skb, NSFENCE_A_COOKIE, nsf_net_cookie(net), NSFENCE_A_PAD))
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, NSFENCE_A_INSTANCE, rules->instance, NSFENCE_A_PAD) ||
	    nsf_fill_text(skb, NSFENCE_A_POLICY,
			  rules->named ? rules->named->name : nsf_builtin_name(rules->policy),
			  NSFENCE_MAX_NAME))
		return -EMSGSIZE;
	return 0;
}

/* Room for each attribute at its longest. */
static size_t report_size(void)
{
	return nla_total_size(4) + 2 * nla_total_size_64bit(8) +	/* the fence */
	       nla_total_size(NSF_NAME_SIZE) +
	       nsf_fill_rule_size() +
	       nla_total_size(0) + 10 * nla_total_size(4) +		/* the packet */
	       2 * nla_total_size(16) + 2 * nla_total_size(IFNAMSIZ) +
	       nla_total_size(NSF_MAX_LOG_PREFIX + 1) + nla_total_size_64bit(8);
}

static struct sk_buff *report_make(const struct nsf_report *r, const struct nsf_packet *p)
{
	struct sk_buff *skb = genlmsg_new(report_size(), GFP_ATOMIC);
	void *hdr;

	if (!skb)
		return NULL;
	hdr = genlmsg_put(skb, 0, 0, &nsf_family, 0, NSFENCE_CMD_PACKET);
	if (!hdr || fill_fence(skb, r) || fill_rule(skb, r) || fill_packet(skb, r, p)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, hdr);
	return skb;
}

/* Of its own, so that the hook's stack has it only where it is needed. */
static noinline_for_stack struct sk_buff *report_make_loaded(const struct nsf_report *r)
{
	struct nsf_packet p;

	nsf_packet_load(&p, r->skb, r->state, NSF_NEED_PLAIN);
	return report_make(r, &p);
}

void nsf_report_send(const struct nsf_report *r)
{
	struct sk_buff *skb = NULL;

	if (report_allowed())
		skb = r->packet && has(r->packet, NSF_FIELD_LENGTH) ?
			report_make(r, r->packet) : report_make_loaded(r);
	if (!skb) {
		this_cpu_inc(lost);
		return;
	}
	nsf_netlink_multicast_packets(skb);
}
