// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planted.c: one bug on purpose each time it is loaded.
 *
 * Owns nothing that outlives its loading, but for what `leak` loses.
 * scripts/check-debug loads it in the debug kernel, once for each value of the
 * parameter `bug`, and demands that the kernel reports that bug. Whoever loads
 * it elsewhere gets what the name says.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

struct thing {
	struct timer_list timer;
	struct rcu_head rcu;
	int value;
};

/* Where results go, so that the compiler keeps the bad access. */
static int sink;

static char *bug;
module_param(bug, charp, 0400);
MODULE_PARM_DESC(bug, "uaf, oob, sleep, lock, irqlock, rcu, leak, object or warn");

/* KASAN: reads memory that was freed. */
static int plant_uaf(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(thing);
	kfree(thing);
	WRITE_ONCE(sink, READ_ONCE(thing->value));
	return 0;
}

/* KASAN: reads one byte past the end. */
static int plant_oob(void)
{
	size_t size = 40;
	char *bytes;

	OPTIMIZER_HIDE_VAR(size);
	bytes = kzalloc(size, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(bytes);
	WRITE_ONCE(sink, READ_ONCE(bytes[size]));
	kfree(bytes);
	return 0;
}

/* DEBUG_ATOMIC_SLEEP: an allocation that may sleep, under a spinlock. */
static int plant_sleep(void)
{
	static DEFINE_SPINLOCK(spot);
	void *memory;

	spin_lock(&spot);
	memory = kmalloc(64, GFP_KERNEL);
	spin_unlock(&spot);
	kfree(memory);
	return 0;
}

/*
 * Lockdep: two mutexes in both orders. They are never contended: lockdep
 * remembers the first order and objects to the second.
 */
static int plant_lock(void)
{
	static DEFINE_MUTEX(first);
	static DEFINE_MUTEX(second);

	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static DEFINE_SPINLOCK(irq_spot);

static void irq_tick(struct timer_list *timer)
{
	struct thing *thing = container_of(timer, struct thing, timer);

	spin_lock(&irq_spot);
	thing->value++;
	spin_unlock(&irq_spot);
}

/*
 * Lockdep: a lock that is taken in a softirq and, with softirqs on, in process
 * context. It is held for no time there, so that it never really deadlocks.
 */
static int plant_irqlock(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	timer_setup(&thing->timer, irq_tick, 0);
	mod_timer(&thing->timer, jiffies + 1);
	msleep(100);
	timer_delete_sync(&thing->timer);

	spin_lock(&irq_spot);
	thing->value++;
	spin_unlock(&irq_spot);
	kfree(thing);
	return 0;
}

/* PROVE_RCU: follows a published pointer outside any reader section. */
static int plant_rcu(void)
{
	static struct thing __rcu *published;
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	rcu_assign_pointer(published, thing);
	WRITE_ONCE(sink, rcu_dereference(published)->value);
	RCU_INIT_POINTER(published, NULL);
	kfree_rcu(thing, rcu);
	return 0;
}

/*
 * kmemleak: the only pointer is given up. Several, because a stale copy of one
 * address on a stack would hide it.
 */
static int plant_leak(void)
{
	int i;

	for (i = 0; i < 16; i++) {
		void *memory = kmalloc(1000 + i, GFP_KERNEL);

		if (!memory)
			return -ENOMEM;
		memset(memory, 0x5a, 1000);
	}
	return 0;
}

static void tick(struct timer_list *timer)
{
}

/* DEBUG_OBJECTS: frees memory with a running timer in it. */
static int plant_object(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	timer_setup(&thing->timer, tick, 0);
	mod_timer(&thing->timer, jiffies + 3600 * HZ);
	kfree(thing);
	return 0;
}

/* Any kernel: a plain warning. */
static int plant_warn(void)
{
	WARN(1, "planted\n");
	return 0;
}

static const struct {
	const char *name;
	int (*plant)(void);
} bugs[] = {
	{ "uaf", plant_uaf },
	{ "oob", plant_oob },
	{ "sleep", plant_sleep },
	{ "lock", plant_lock },
	{ "irqlock", plant_irqlock },
	{ "rcu", plant_rcu },
	{ "leak", plant_leak },
	{ "object", plant_object },
	{ "warn", plant_warn },
};

static int __init planted_init(void)
{
	size_t i;
	int err;

	for (i = 0; bug && i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(bug, bugs[i].name))
			continue;
		pr_info("planted: %s begins\n", bug);
		err = bugs[i].plant();
		pr_info("planted: %s ends\n", bug);
		return err;
	}
	pr_err("planted: \"%s\" is not a bug; see modinfo planted\n", bug ?: "");
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("bugs on purpose, for the checkers of the debug kernel");
MODULE_LICENSE("GPL");
