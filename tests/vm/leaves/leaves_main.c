// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * leaves: runs its tests at load and says in the log how each check went; the
 * load fails when one did. 14-leaves.test.sh reads them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "leaves.h"

static unsigned int checks, failures;

void leaves_check(bool good, const char *text)
{
	checks++;
	failures += !good;
	pr_info("%sok - %s\n", good ? "" : "not ", text);
}

static int __init leaves_init(void)
{
	leaves_states();
	leaves_report();
	pr_info("%u checks, %u failed\n", checks, failures);
	return failures ? -EINVAL : 0;
}

static void __exit leaves_exit(void)
{
}

module_init(leaves_init);
module_exit(leaves_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tests of nsfence's leaves");
