// SPDX-License-Identifier: GPL-2.0-or-later
/* fault: see fault.h. Only in test builds. Any context. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>

#include "fault.h"

static int fail_init;
module_param(fail_init, int, 0644);
MODULE_PARM_DESC(fail_init, "fail the K-th namespace init from now on (0: none)");

static int fail_attach;
module_param(fail_attach, int, 0644);
MODULE_PARM_DESC(fail_attach, "fail the K-th step of attaching from now on (0: none)");

static int fail_late;
module_param(fail_late, int, 0644);
MODULE_PARM_DESC(fail_late, "fail the K-th namespace from now on after our own init (0: none)");

static int slow_late;
module_param(slow_late, int, 0644);
MODULE_PARM_DESC(slow_late, "hold the next namespace for so many milliseconds after our own init");

static DEFINE_SPINLOCK(fault_lock);	/* fail_* */

static bool fault_due(int *countdown)
{
	bool due = false;

	spin_lock_bh(&fault_lock);
	if (*countdown > 0)
		due = --*countdown == 0;
	spin_unlock_bh(&fault_lock);
	return due;
}

bool nsf_fault_init(void)
{
	return fault_due(&fail_init);
}

bool nsf_fault_attach(void)
{
	return fault_due(&fail_attach);
}

static int __net_init late_init(struct net *net)
{
	int ms = xchg(&slow_late, 0);

	if (ms > 0)
		msleep(ms);
	return fault_due(&fail_late) ? -ENOMEM : 0;
}

static struct pernet_operations late_ops = {
	.init = late_init,
};

int nsf_fault_register(void)
{
	return register_pernet_subsys(&late_ops);
}

void nsf_fault_unregister(void)
{
	unregister_pernet_subsys(&late_ops);
}
