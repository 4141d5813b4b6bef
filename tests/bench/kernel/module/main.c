// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main: the device and its requests (hookbench.h). What comes from outside is checked
 * here and in packets.c; one run at a time for each open file.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>

#include "bench.h"

struct session {
	struct mutex lock;	/* packets */
	struct hb_packets packets;
};

static long load(struct session *s, const void __user *arg)
{
	struct hb_packets fresh;
	struct hb_load l;
	u8 *bytes;
	int err;

	if (copy_from_user(&l, arg, sizeof(l)))
		return -EFAULT;
	if (!l.count || l.count > HB_MAX_PACKETS || !l.size || l.size > HB_MAX_BYTES)
		return -EINVAL;
	bytes = vmalloc(l.size);
	if (!bytes)
		return -ENOMEM;
	if (copy_from_user(bytes, u64_to_user_ptr(l.bytes), l.size))
		err = -EFAULT;
	else
		err = hb_packets_make(&fresh, bytes, l.size, l.count);
	vfree(bytes);
	if (err)
		return err;
	hb_packets_clean(&s->packets);
	s->packets = fresh;
	return 0;
}

static bool run_is_sane(const struct hb_run *r)
{
	if (r->hook > NF_INET_LOCAL_OUT || !r->passes || r->passes > HB_MAX_PASSES ||
	    r->flags & ~(HB_SOFTIRQ | HB_NOTHING | HB_COLD))
		return false;
	return !(r->flags & HB_COLD) || (r->passes == 1 && r->flush && r->flush <= HB_MAX_FLUSH);
}

static long run(struct session *s, void __user *arg)
{
	struct net *net = current->nsproxy->net_ns;
	struct net_device *dev;
	struct hb_run r;
	u64 *ticks;
	u32 n;
	int err;

	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	if (!run_is_sane(&r) || !s->packets.n)
		return -EINVAL;
	r.device[sizeof(r.device) - 1] = '\0';
	n = r.flags & HB_COLD ? s->packets.n : r.passes;
	ticks = kvcalloc(n, sizeof(*ticks), GFP_KERNEL);
	if (!ticks)
		return -ENOMEM;
	dev = dev_get_by_name(net, r.device);
	if (!dev) {
		kvfree(ticks);
		return -ENODEV;
	}
	err = hb_run(&s->packets, dev, &r, ticks);
	dev_put(dev);
	if (!err && (copy_to_user(u64_to_user_ptr(r.ticks), ticks, n * sizeof(*ticks)) ||
		     copy_to_user(arg, &r, sizeof(r))))
		err = -EFAULT;
	kvfree(ticks);
	return err;
}

static long tell_clock(void __user *arg)
{
	struct hb_clock c;

	hb_clock(&c);
	return copy_to_user(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

static long ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	struct session *s = file->private_data;
	void __user *at = (void __user *)arg;
	long ret;

	if (mutex_lock_interruptible(&s->lock))
		return -EINTR;
	switch (request) {
	case HB_LOAD:
		ret = load(s, at);
		break;
	case HB_RUN:
		ret = run(s, at);
		break;
	case HB_CLOCK:
		ret = tell_clock(at);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&s->lock);
	return ret;
}

static int open(struct inode *inode, struct file *file)
{
	struct session *s;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	mutex_init(&s->lock);
	file->private_data = s;
	return 0;
}

static int release(struct inode *inode, struct file *file)
{
	struct session *s = file->private_data;

	hb_packets_clean(&s->packets);
	kfree(s);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.unlocked_ioctl = ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hookbench",
	.fops = &operations,
	.mode = 0600,
};

module_misc_device(device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nsfence: what a packet costs in a netfilter hook");
