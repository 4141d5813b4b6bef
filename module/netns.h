/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns: what the module knows of each namespace, from its birth to its death,
 * and finding one by inode.
 */
#ifndef NSF_NETNS_H
#define NSF_NETNS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct net;
struct netlink_ext_ack;
struct nsf_attachment;

/*
 * Protects: the list of nsf_net; the list of attachments, each one's slots and
 * every write of a __rcu pointer; the last instance id; whether events may be
 * sent. Taken inside pernet_ops_rwsem by the creation of every namespace: never
 * wait for RCU under it. Outside nf_hook_mutex.
 */
extern struct mutex nsf_mutex;

/* Lives in net_generic from our .init to the end of our .exit. */
struct nsf_net {
	struct list_head list;		/* nsf_mutex */
	struct net *net;		/* immutable */
	bool born;			/* immutable: created while loaded */
	/*
	 * The nearest living ancestor, as far as births were seen: whose task made
	 * this namespace; when that one dies, its own parent. NULL: not known.
	 */
	struct nsf_net *parent;		/* nsf_mutex */
	struct list_head children;	/* nsf_mutex; by sibling */
	struct list_head sibling;	/* nsf_mutex */
	u32 parent_inode;		/* 0: not known; written under nsf_mutex, read without */
	bool orphan;			/* the first parent has died; likewise */
	bool listed;			/* was seen on the kernel's list; never false again */
	struct nsf_attachment __rcu *attachment;	/* nsf_mutex */
};

/* Which namespace a request means. */
struct nsf_target {
	u32 inode;
	u64 cookie;		/* only if has_cookie */
	bool has_cookie;
	bool has_fd;
	u32 fd;			/* only if has_fd; in the caller's table */
};

/*
 * State for every namespace there is and will be. May sleep; at load, in the
 * loading task, and at unload (which takes every fence off).
 */
int nsf_netns_register(void);
void nsf_netns_unregister(void);

/* Valid while @net is alive, or nsf_mutex is held and .exit has not passed. */
struct nsf_net *nsf_netns(const struct net *net);

/*
 * The living namespace that @t means, with a reference: the caller gives it
 * back by put_net(). May sleep; takes the list's lock, then nsf_mutex, one
 * after the other; none is held on return. Errors (all with extack):
 * -EINVAL inode 0, or an fd that is no network namespace; -EBADF; -ENXIO no
 * living namespace; -EAGAIN one that is not published yet; -ESTALE fd or
 * cookie is another's; -EOPNOTSUPP a cookie where the kernel has none.
 */
struct net *nsf_netns_get(const struct nsf_target *t, struct netlink_ext_ack *extack);

/* Writes the inodes of at most @max living namespaces to the log. May sleep. */
void nsf_netns_log_living(unsigned int max);

/* How many namespaces have state. Takes nsf_mutex. */
u32 nsf_netns_count(void);
/*
 * How many namespaces are being created: past our .init, with the fence of that
 * moment, and no walk finds them yet. That may take long (their loopback device
 * waits for rtnl). 0: who was born before the call is found from now on. May sleep;
 * takes the list's lock, then nsf_mutex, one after the other.
 */
u32 nsf_netns_count_creating(void);

/*
 * Grows with each birth and death, never 0: a dump that sees it change missed
 * some or has some twice, and says so.
 */
unsigned int nsf_netns_generation(void);

#endif /* NSF_NETNS_H */
