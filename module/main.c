// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main: parameters, boot order, and its exact reverse.
 *
 *   modprobe nsfence                     nothing is fenced; the daemon decides
 *   modprobe nsfence inode=N[,N...]      these are, from load on, by `verdict`
 *   modprobe nsfence birth=POLICY        those born from now on are, until the daemon
 *                                        decides; see birth.h
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "birth.h"
#include "builtin.h"
#include "compat/queue.h"
#include "fault.h"
#include "netlink.h"
#include "netns.h"
#include "policy.h"
#include "version.h"

#define MAX_INODES 64
#define MAX_LISTED 32

static unsigned int inode[MAX_INODES];
static unsigned int inode_count;
module_param_array(inode, uint, &inode_count, 0400);
MODULE_PARM_DESC(inode, "inode numbers of the network namespaces to fence at load (at most 64)");

static char *verdict = "drop";
module_param(verdict, charp, 0400);
MODULE_PARM_DESC(verdict, "what the fences of inode= do: drop (default), reject, accept, audit");

static char *hooks = "input,forward,output";
module_param(hooks, charp, 0400);
MODULE_PARM_DESC(hooks, "where the fences of inode= stand (default: input,forward,output)");

static bool strict;
module_param(strict, bool, 0400);
MODULE_PARM_DESC(strict, "fence loopback and neighbour discovery too (default: no)");

static bool forward_accept;
module_param(forward_accept, bool, 0400);
MODULE_PARM_DESC(forward_accept, "forward is not in hooks=: accept there, instead of fencing it all the same");

static bool allow_init_net;
module_param(allow_init_net, bool, 0400);
MODULE_PARM_DESC(allow_init_net, "allow the initial network namespace to be fenced (default: no)");

static char *birth = NSF_BIRTH_NONE;
module_param(birth, charp, 0400);
MODULE_PARM_DESC(birth, "what namespaces are born with, until the daemon decides: none (default), drop, reject, accept, audit");

static unsigned int birth_wait = 120;
module_param(birth_wait, uint, 0400);
MODULE_PARM_DESC(birth_wait, "seconds for somebody to decide, or the log says who is held (default: 120; 0: for ever)");

static bool birth_release;
module_param(birth_release, bool, 0400);
MODULE_PARM_DESC(birth_release, "let them go then (default: no)");

/* Checks the parameters and says what they ask for. */
static int __init params_parse(struct nsf_rules *rules)
{
	unsigned int i, j;

	if (nsf_builtin_find(verdict, &rules->policy)) {
		pr_err("verdict=%s: must be drop, reject, accept or audit\n", verdict);
		return -EINVAL;
	}
	if (nsf_hooks_parse(hooks, &rules->hooks)) {
		pr_err("hooks=%s: must be a list of prerouting, input, forward, output, postrouting, each once\n",
		       hooks);
		return -EINVAL;
	}
	if (rules->policy == NSF_BUILTIN_REJECT && rules->hooks & ~NSF_HOOKS_REJECT) {
		pr_err("hooks=%s: verdict=reject works on input, forward and output only\n",
		       hooks);
		return -EINVAL;
	}
	if (forward_accept && rules->hooks & (1U << NF_INET_FORWARD)) {
		pr_err("forward_accept: forward is among hooks=%s; say one of them\n", hooks);
		return -EINVAL;
	}
	for (i = 0; i < inode_count; i++) {
		if (!inode[i]) {
			pr_err("inode=0: no namespace has this number\n");
			return -EINVAL;
		}
		for (j = 0; j < i; j++) {
			if (inode[i] == inode[j]) {
				pr_err("inode=%u: given twice\n", inode[i]);
				return -EINVAL;
			}
		}
	}
	rules->strict = strict;
	rules->forward_accept = forward_accept;
	rules->manual = true;
	strscpy(rules->source, "modprobe", sizeof(rules->source));
	return 0;
}

static int __init params_attach_one(unsigned int ino, const struct nsf_rules *rules)
{
	struct nsf_target target = { .inode = ino };
	struct net *net;
	u64 instance = 0;
	int err;

	net = nsf_netns_get(&target, NULL);
	if (IS_ERR(net)) {
		pr_err("inode=%u: no living network namespace has this inode\n", ino);
		nsf_netns_log_living(MAX_LISTED);
		return -ENXIO;
	}
	if (net_eq(net, &init_net) && !nsf_allow_init_net) {
		pr_err("inode=%u: this is the initial network namespace; allow_init_net=1 allows that\n",
		       ino);
		err = -EPERM;
	} else {
		err = nsf_attach(net, rules, NULL, false, false, &instance, NULL);
		if (err)
			pr_err("inode=%u: cannot be fenced: error %d\n", ino, err);
	}
	put_net(net);
	return err;
}

/* On failure the caller takes the fences off again. */
static int __init params_attach(const struct nsf_rules *rules)
{
	unsigned int i;
	int err;

	for (i = 0; i < inode_count; i++) {
		err = params_attach_one(inode[i], rules);
		if (err)
			return err;
	}
	/* One wait for all: when modprobe returns, every packet meets a fence. */
	if (inode_count)
		synchronize_rcu();
	return 0;
}

static int __init nsfence_init(void)
{
	struct nsf_rules rules = {};
	int err;

	err = params_parse(&rules);
	if (err)
		return err;
	nsf_allow_init_net = allow_init_net;

	err = nsf_birth_start(birth, birth_wait, birth_release);
	if (err)
		return err;
	err = nsf_netns_register();
	if (err) {
		pr_err("no state for the network namespaces: error %d\n", err);
		goto err_birth;
	}
	err = nsf_fault_register();	/* only in test builds */
	if (err)
		goto err_netns;
	err = params_attach(&rules);
	if (err)
		goto err_fault;
	err = nsf_netlink_register();
	if (err) {
		pr_err("the netlink family cannot be registered: error %d\n", err);
		goto err_fault;
	}
	return 0;

err_fault:
	nsf_fault_unregister();
err_netns:
	nsf_netns_unregister();		/* takes every fence off */
err_birth:
	nsf_birth_stop();
	rcu_barrier();
	return err;
}

static void __exit nsfence_exit(void)
{
	nsf_netlink_unregister();
	nsf_fault_unregister();
	nsf_netns_unregister();
	nsf_birth_stop();
	/* What call_rcu() has queued runs in this module. */
	rcu_barrier();
	nsf_policy_free_all();
}

module_init(nsfence_init);
module_exit(nsfence_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nsfence developers");
MODULE_DESCRIPTION("Fences around chosen network namespaces");
MODULE_VERSION(NSF_VERSION);
NSF_QUEUE_SOFTDEP;
