// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run: see bench.h. nf_hook() is inlined with family and hook known, as in the kernel's
 * own calls: so where nobody is hooked it costs here what it costs there, a jump that
 * is patched.
 */
#include <linux/bottom_half.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>

#include "bench.h"

/* Of the buffer that is walked: kept from being optimised away. */
static unsigned long seen;

static int pass_on(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

/* Takes what nf_hook() takes. */
static noinline int nothing(struct net *net, struct sk_buff *skb, struct net_device *in,
			    struct net_device *out)
{
	asm volatile("" : : "r"(net), "r"(skb), "r"(in), "r"(out) : "memory");
	return 1;
}

/* Receiving has read the header before the first hook; sending has written it. */
static __always_inline void touch(const struct sk_buff *skb)
{
	const u8 *b = skb_network_header(skb);

	asm volatile("" : : "r"(b[0]), "r"(b[39]) : "memory");
}

static __always_inline void note(struct hb_packets *p, u32 i, int ret)
{
	p->ret[i] = ret == 1 ? HB_PASSED : ret < 0 ? HB_STOPPED : HB_OTHER;
}

#define ONE_PASS(name, what)							\
static noinline void name(struct hb_packets *p, struct net *net,		\
			  struct net_device *in, struct net_device *out,	\
			  u32 from, u32 to)					\
{										\
	u32 i;									\
										\
	for (i = from; i < to; i++) {						\
		struct sk_buff *skb = p->skb[i];				\
										\
		hb_packet_reset(skb);						\
		touch(skb);							\
		note(p, i, what);						\
	}									\
}

#define HOOK(pf, hook)	nf_hook(pf, hook, net, NULL, skb, in, out, pass_on)

ONE_PASS(pass_nothing, nothing(net, skb, in, out))
ONE_PASS(pass_prerouting4, HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING))
ONE_PASS(pass_input4, HOOK(NFPROTO_IPV4, NF_INET_LOCAL_IN))
ONE_PASS(pass_forward4, HOOK(NFPROTO_IPV4, NF_INET_FORWARD))
ONE_PASS(pass_output4, HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT))
ONE_PASS(pass_prerouting6, HOOK(NFPROTO_IPV6, NF_INET_PRE_ROUTING))
ONE_PASS(pass_input6, HOOK(NFPROTO_IPV6, NF_INET_LOCAL_IN))
ONE_PASS(pass_forward6, HOOK(NFPROTO_IPV6, NF_INET_FORWARD))
ONE_PASS(pass_output6, HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT))

typedef void (*pass_fn)(struct hb_packets *p, struct net *net, struct net_device *in,
			struct net_device *out, u32 from, u32 to);

static const pass_fn passes[2][NF_INET_LOCAL_OUT + 1] = {
	{ pass_prerouting4, pass_input4, pass_forward4, pass_output4 },
	{ pass_prerouting6, pass_input6, pass_forward6, pass_output6 },
};

static u64 timed(pass_fn pass, struct hb_packets *p, struct net *net, struct net_device *in,
		 struct net_device *out, u32 from, u32 to, bool softirq)
{
	u64 start;

	if (softirq) {
		local_bh_disable();
		rcu_read_lock();
	}
	start = hb_now();
	pass(p, net, in, out, from, to);
	start = hb_now() - start;
	if (softirq) {
		rcu_read_unlock();
		local_bh_enable();
	}
	return start;
}

static void spoil(unsigned long *buffer, u32 size)
{
	unsigned long sum = 0;
	u32 i;

	for (i = 0; i < size / sizeof(*buffer); i += 64 / sizeof(*buffer))
		sum += buffer[i]++;
	seen += sum;
}

static u32 count_passed(const struct hb_packets *p, u32 from, u32 to)
{
	u32 i, n = 0;

	for (i = from; i < to; i++)
		n += p->ret[i] == HB_PASSED;
	return n;
}

int hb_run(struct hb_packets *p, struct net_device *dev, struct hb_run *run, u64 *ticks)
{
	bool comes = run->hook != NF_INET_LOCAL_OUT, leaves = run->hook >= NF_INET_FORWARD;
	struct net_device *in = comes ? dev : NULL, *out = leaves ? dev : NULL;
	pass_fn pass = passes[p->family == NFPROTO_IPV6][run->hook];
	bool cold = run->flags & HB_COLD, softirq = run->flags & HB_SOFTIRQ;
	u32 i, rounds = cold ? p->n : run->passes;
	unsigned long *buffer = NULL;
	int err = 0;

	if (run->flags & HB_NOTHING)
		pass = pass_nothing;
	if (cold) {
		buffer = vzalloc(run->flush);
		if (!buffer)
			return -ENOMEM;
	}
	hb_packets_bind(p, comes ? dev : NULL, comes);
	timed(pass, p, dev_net(dev), in, out, 0, p->n, softirq);
	if (run->verdicts && copy_to_user(u64_to_user_ptr(run->verdicts), p->ret, p->n))
		err = -EFAULT;
	run->passed = 0;
	for (i = 0; !err && i < rounds; i++) {
		u32 from = cold ? i : 0, to = cold ? i + 1 : p->n;

		if (cold)
			spoil(buffer, run->flush);
		ticks[i] = timed(pass, p, dev_net(dev), in, out, from, to, softirq);
		run->passed += count_passed(p, from, to);
		if (signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	for (i = 0; i < p->n; i++)
		hb_packet_reset(p->skb[i]);
	hb_packets_bind(p, NULL, false);
	vfree(buffer);
	return err;
}

/* ---- what a tick is ---- */

static noinline void loop(u64 n)
{
#if defined(__x86_64__)
	asm volatile("1: dec %0; jnz 1b" : "+r"(n) : : "cc");
#else
	while (n--)
		barrier();
#endif
}

void hb_clock(struct hb_clock *c)
{
	u64 start, ns, least = ~0ULL, i;

	c->loops = 1000000;
	c->loop_ticks = ~0ULL;
	for (i = 0; i < 5; i++) {
		start = hb_now();
		loop(c->loops);
		c->loop_ticks = min(c->loop_ticks, hb_now() - start);
	}
	for (i = 0; i < 1000; i++) {
		start = hb_now();
		least = min(least, hb_now() - start);
	}
	c->read_ticks = least;
	start = hb_now();
	ns = ktime_get_ns();
	do
		c->ns = ktime_get_ns() - ns;
	while (c->ns < 50 * NSEC_PER_MSEC);
	c->ticks = hb_now() - start;
}
