// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netns: see netns.h. The pernet operations, and the walk over the kernel's
 * own list of namespaces, the only way by which one is found: a namespace whose
 * creation fails half-way is freed whatever references it has, and is on that
 * list only when nothing can fail any more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/netlink.h>
#include <linux/nsproxy.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "attach.h"
#include "birth.h"
#include "compat/netns.h"
#include "event.h"
#include "fault.h"
#include "netns.h"

DEFINE_MUTEX(nsf_mutex);	/* what it protects: netns.h */

static LIST_HEAD(nsf_nets);		/* nsf_mutex */
static u32 nsf_net_count;		/* nsf_mutex */
static unsigned int nsf_net_changes;	/* written under nsf_mutex */
static unsigned int nsf_net_id __read_mostly;
/*
 * The task that loads the module, while it does: register_pernet_subsys()
 * runs .init for every existing namespace in that task, and a birth is in
 * another. Written before and after, with pernet_ops_rwsem in between.
 */
static struct task_struct *loader;

struct nsf_net *nsf_netns(const struct net *net)
{
	return net_generic(net, nsf_net_id);
}

/* ---- birth ---- */

/*
 * The namespace of the task that makes one: it is in there, so it lives, and
 * passed our .init before. (Whoever clones is current, and not yet the child.)
 * A task without nsproxy is past making any.
 */
static struct nsf_net *netns_current(void)
{
	return current->nsproxy ? nsf_netns(current->nsproxy->net_ns) : NULL;
}

static void netns_set_parent(struct nsf_net *nn, struct nsf_net *parent)
{
	lockdep_assert_held(&nsf_mutex);

	nn->parent = parent;
	WRITE_ONCE(nn->parent_inode, parent ? nsf_net_inum(parent->net) : 0);
	list_del_init(&nn->sibling);
	if (parent)
		list_add_tail(&nn->sibling, &parent->children);
}

static void netns_enter(struct nsf_net *nn, struct nsf_net *parent)
{
	lockdep_assert_held(&nsf_mutex);

	netns_set_parent(nn, parent);
	list_add_tail(&nn->list, &nsf_nets);
	nsf_net_count++;
	WRITE_ONCE(nsf_net_changes, nsf_net_changes + 1);
}

/*
 * With its fence, if it is born to one, or not at all. Nobody else can find the
 * namespace before we enter it; nor has it packets before the kernel lists it.
 */
static int netns_birth(struct nsf_net *nn)
{
	struct nsf_net *parent = netns_current();
	struct nsf_attachment *att;
	int err;

	att = nsf_birth_prepare(parent);
	mutex_lock(&nsf_mutex);
	err = nsf_birth_attach(nn, parent, att);
	if (!err) {
		netns_enter(nn, parent);
		nsf_event_send(NSF_EVENT_BORN, nn, NULL, false);
		att = rcu_dereference_protected(nn->attachment, lockdep_is_held(&nsf_mutex));
		if (att)
			nsf_event_send(NSF_EVENT_ATTACHED, nn, att, false);
	}
	mutex_unlock(&nsf_mutex);
	return err;
}

static int __net_init netns_init(struct net *net)
{
	struct nsf_net *nn = nsf_netns(net);

	if (nsf_fault_init())
		return -ENOMEM;

	nn->net = net;
	nn->born = READ_ONCE(loader) != current;
	INIT_LIST_HEAD(&nn->children);
	INIT_LIST_HEAD(&nn->sibling);
	if (nn->born)
		return netns_birth(nn);

	mutex_lock(&nsf_mutex);
	netns_enter(nn, NULL);
	mutex_unlock(&nsf_mutex);
	return 0;
}

/* ---- death ---- */

/*
 * The devices are gone: no packet can come any more. Also in the task that makes
 * the namespace, when something after our .init fails.
 */
static void __net_exit netns_exit(struct net *net)
{
	struct nsf_net *nn = nsf_netns(net), *child, *next;

	mutex_lock(&nsf_mutex);
	/* Whoever hears of the death finds the children with their new parent. */
	list_for_each_entry_safe(child, next, &nn->children, sibling) {
		WRITE_ONCE(child->orphan, true);
		netns_set_parent(child, nn->parent);
	}
	nsf_attach_netns_exit(nn);
	netns_set_parent(nn, NULL);
	list_del(&nn->list);
	nsf_net_count--;
	WRITE_ONCE(nsf_net_changes, nsf_net_changes + 1);
	mutex_unlock(&nsf_mutex);
}

static struct pernet_operations netns_ops = {
	.init = netns_init,
	.exit = netns_exit,
	.id = &nsf_net_id,
	.size = sizeof(struct nsf_net),
};

int nsf_netns_register(void)
{
	int err;

	WRITE_ONCE(loader, current);
	err = register_pernet_subsys(&netns_ops);
	WRITE_ONCE(loader, NULL);
	return err;
}

void nsf_netns_unregister(void)
{
	unregister_pernet_subsys(&netns_ops);
}

/* A reference to the living namespace with this inode, or NULL. May sleep. */
static struct net *netns_walk(u32 inode)
{
	struct net *net, *found = NULL;

	nsf_net_list_lock();
	for_each_net(net) {
		if (nsf_net_inum(net) == inode) {
			/* NULL for one that is being dismantled. */
			found = maybe_get_net(net);
			break;
		}
	}
	nsf_net_list_unlock();
	return found;
}

/* Is it past our .init and not yet on the kernel's list? */
static bool netns_is_unpublished(u32 inode)
{
	struct nsf_net *nn;
	bool found = false;

	mutex_lock(&nsf_mutex);
	list_for_each_entry(nn, &nsf_nets, list) {
		if (nsf_net_inum(nn->net) == inode) {
			/* One that is dying has no references any more. */
			found = check_net(nn->net);
			break;
		}
	}
	mutex_unlock(&nsf_mutex);
	return found;
}

static int netns_check_fd(const struct net *net, u32 fd, struct netlink_ext_ack *extack)
{
	struct net *held;
	int err = 0;

	held = fd > INT_MAX ? ERR_PTR(-EBADF) : get_net_ns_by_fd(fd);
	if (IS_ERR(held)) {
		if (PTR_ERR(held) == -EBADF)
			NL_SET_ERR_MSG(extack, "fd is not open in the sender");
		else
			NL_SET_ERR_MSG(extack, "fd is not a network namespace");
		return PTR_ERR(held);
	}
	if (held != net) {
		NL_SET_ERR_MSG(extack, "fd and inode are different namespaces");
		err = -ESTALE;
	}
	put_net(held);
	return err;
}

struct net *nsf_netns_get(const struct nsf_target *t, struct netlink_ext_ack *extack)
{
	struct net *net;
	int err;

	if (!t->inode) {
		NL_SET_ERR_MSG(extack, "inode must not be 0");
		return ERR_PTR(-EINVAL);
	}
	if (t->has_cookie && !nsf_net_has_cookie()) {
		NL_SET_ERR_MSG(extack, "this kernel's namespaces have no cookie");
		return ERR_PTR(-EOPNOTSUPP);
	}

	net = netns_walk(t->inode);
	if (!net) {
		if (netns_is_unpublished(t->inode)) {
			NL_SET_ERR_MSG(extack, "the namespace is still being created; try again");
			return ERR_PTR(-EAGAIN);
		}
		NL_SET_ERR_MSG(extack, "no living network namespace has this inode");
		return ERR_PTR(-ENXIO);
	}

	if (t->has_fd) {
		err = netns_check_fd(net, t->fd, extack);
		if (err)
			goto err_put_net;
	}
	if (t->has_cookie && t->cookie != nsf_net_cookie(net)) {
		NL_SET_ERR_MSG(extack, "cookie is not that of the namespace with this inode");
		err = -ESTALE;
		goto err_put_net;
	}
	return net;

err_put_net:
	put_net(net);
	return ERR_PTR(err);
}

void nsf_netns_log_living(unsigned int max)
{
	unsigned int n = 0, more = 0;
	struct net *net;

	nsf_net_list_lock();
	for_each_net(net) {
		if (!maybe_get_net(net))
			continue;
		if (n < max) {
			pr_info("living: inode %u%s\n", nsf_net_inum(net),
				net_eq(net, &init_net) ? " (initial)" : "");
			n++;
		} else {
			more++;
		}
		put_net(net);
	}
	nsf_net_list_unlock();
	if (more)
		pr_info("living: and %u more\n", more);
}

u32 nsf_netns_count(void)
{
	u32 n;

	mutex_lock(&nsf_mutex);
	n = nsf_net_count;
	mutex_unlock(&nsf_mutex);
	return n;
}

u32 nsf_netns_count_creating(void)
{
	struct nsf_net *nn;
	struct net *net;
	u32 n = 0;

	nsf_net_list_lock();
	for_each_net(net)
		WRITE_ONCE(nsf_netns(net)->listed, true);
	nsf_net_list_unlock();

	/* One that is listed in between counts: too many for once, never too few. */
	mutex_lock(&nsf_mutex);
	list_for_each_entry(nn, &nsf_nets, list)
		if (!READ_ONCE(nn->listed) && check_net(nn->net))
			n++;
	mutex_unlock(&nsf_mutex);
	return n;
}

unsigned int nsf_netns_generation(void)
{
	/* 0 would switch the check off. */
	return READ_ONCE(nsf_net_changes) ?: 1;
}
