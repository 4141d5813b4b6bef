// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nft_watch: what happens in the namespaces that have a table of ours. See nft_int.h.
 *
 * Each has a socket that hears of every change of nftables there. One that is
 * about our table, and not from our own socket (nobody else can have its port), makes
 * the table be read and, where it is not what it ought to be, put there anew. Root inside
 * can make such changes, and others, as fast as he likes: so a namespace is listened to
 * for a few messages at a time, and looked at ever more seldom while it goes on.
 *
 * Those sockets keep a namespace alive. Now and then it is looked whether anything else
 * does: a mount, or a process. If not, the sockets are closed, and it can die. (Should
 * it live on, for somebody has a descriptor, then its table stays: it is persistent, or
 * has no owner.)
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "nft_int.h"

#define ALIVE_MS	2000	/* between two looks at who keeps namespaces alive */
#define MAX_EVENTS	64	/* sockets in one turn */
#define MAX_MESSAGES	32	/* of one socket in one turn */
#define MAX_LOOKS	8	/* helpers in one turn */
#define FIRST_MS	10	/* between two looks at a table that is being changed */
#define LAST_MS		1000
#define QUIET_MS	10000	/* after that it counts as the first time again */
#define BUF_SIZE	65536

int nft_watch_open(struct nft *n, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN };

	n->epoll = epoll_create1(EPOLL_CLOEXEC);
	n->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (n->epoll < 0 || n->timer < 0 || epoll_ctl(n->epoll, EPOLL_CTL_ADD, n->timer, &ev))
		return err_set(e, errno, EXIT_UNREACHABLE, "epoll: %s", strerror(errno));
	return 0;
}

static void listen_to(struct nft *n, struct nft_ns *x, bool on)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = x->inode };

	epoll_ctl(n->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, x->changes, &ev);
	x->paused = !on;
}

static void arm(struct nft *n)
{
	uint64_t due = n->n_ns ? n->alive_at : 0, now = clock_ms();
	struct itimerspec t = { 0 };
	size_t i;

	for (i = 0; i < n->n_ns; i++)
		if ((n->ns[i]->changed || n->ns[i]->paused) && n->ns[i]->look_at < due)
			due = n->ns[i]->look_at;
	if (due) {
		due = due > now ? due - now : 1;
		t.it_value.tv_sec = (time_t)(due / 1000);
		t.it_value.tv_nsec = (long)(due % 1000) * 1000000;
	}
	timerfd_settime(n->timer, 0, &t, NULL);
}

void nft_watch_add(struct nft *n, struct nft_ns *x)
{
	listen_to(n, x, true);
	if (n->n_ns == 1 || !n->alive_at)
		n->alive_at = clock_ms() + ALIVE_MS;
	arm(n);
}

/* ---- what is heard ---- */

static bool is_about(const struct nft_ns *x, const struct nlmsghdr *nlh)
{
	const struct nlattr *a = (const void *)((const char *)nlh + NLMSG_HDRLEN +
						NLMSG_ALIGN(sizeof(struct nfgenmsg)));
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	size_t len;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    (nlh->nlmsg_type & 0xff) == NFT_MSG_NEWGEN || nlh->nlmsg_pid == x->port)
		return false;
	/* The table's name is attribute 1 of all, and the first. */
	if ((const char *)(a + 1) > end || a->nla_len < sizeof(*a) ||
	    (const char *)a + a->nla_len > end || (a->nla_type & NLA_TYPE_MASK) != 1)
		return true;
	len = a->nla_len - sizeof(*a);
	return len == strlen(x->table) + 1 && !memcmp(a + 1, x->table, len);
}

static void touch(struct nft_ns *x)
{
	uint64_t now = clock_ms();

	if (x->changed)
		return;
	if (now > x->looked_at + QUIET_MS) {
		x->wait_ms = 0;
		x->repairs = 0;
	}
	x->changed = true;
	x->look_at = x->looked_at + x->wait_ms > now ? x->looked_at + x->wait_ms : now;
	x->wait_ms = !x->wait_ms ? FIRST_MS : 2 * x->wait_ms < LAST_MS ? 2 * x->wait_ms : LAST_MS;
}

void nft_watch_later(struct nft *n, struct nft_ns *x)
{
	if (!x->changed)
		x->look_at = clock_ms() + QUIET_MS;
	x->changed = true;
	arm(n);
}

void nft_watch_again(struct nft *n)
{
	size_t i;

	for (i = 0; i < n->n_ns && !(n->table_flags & NFT_MSG_F_OWNER); i++)
		touch(n->ns[i]);
	arm(n);
}

static void hear(struct nft *n, struct nft_ns *x)
{
	static char buf[BUF_SIZE] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh;
	unsigned int i;
	ssize_t got;

	for (i = 0; i < MAX_MESSAGES; i++) {
		got = recv(x->changes, buf, sizeof(buf), MSG_DONTWAIT);
		if (got < 0) {
			/* ENOBUFS: something was not heard. */
			if (errno != EAGAIN && errno != EINTR)
				touch(x);
			return;
		}
		for (nlh = (const void *)buf; NLMSG_OK(nlh, got); nlh = NLMSG_NEXT(nlh, got))
			if (is_about(x, nlh))
				touch(x);
	}
	/* Much is going on: not now. */
	touch(x);
	listen_to(n, x, false);
	if (x->look_at < clock_ms() + FIRST_MS)
		x->look_at = clock_ms() + FIRST_MS;
}

/* ---- what is done about it ---- */

static void tell(struct nft *n, const struct nft_ns *x, enum genl_event_type type,
		 const struct genl_listener *l)
{
	struct genl_netns now;

	if (!l->lifecycle)
		return;
	nft_ns_describe(n, x, &now);
	if (!now.instance) {
		now.instance = x->meta.instance;
		now.flags = x->meta.flags;
	}
	l->lifecycle(l->data, type, &now);
}

static void mend(struct nft *n, struct nft_ns *x, const struct genl_listener *l)
{
	struct err e = { 0 };
	int ret;

	x->changed = false;
	if (x->paused)
		listen_to(n, x, true);
	ret = nft_fence_check(n, x, &e);
	if (!ret && x->right)
		return;
	if (!ret)
		ret = x->compiled ? nft_fence_repair(n, x, &e) :
		      err_set(&e, ENOENT, EXIT_REFUSED, "no such policy is configured any more");
	if (!ret) {
		/* Once for each time that it begins; who goes on is not worth the disk. */
		if (!x->repairs++)
			log_warning("inode %u: somebody in the namespace changed or removed its fence of policy %s: put there again",
				    x->inode, x->meta.policy);
		x->problem[0] = '\0';
		tell(n, x, GENL_EVENT_ATTACHED, l);
		return;
	}
	x->right = false;
	if (nft_ns_problem(x, e.text))
		log_error("inode %u: its fence of policy %s was changed or removed, and is not put there again: %s",
			  x->inode, x->meta.policy, e.text);
	/* Again, later; and those who listen may do better. */
	touch(x);
	tell(n, x, GENL_EVENT_DETACHED, l);
}

/* Nobody but we keep them alive. */
static void let_go(struct nft *n, const struct genl_listener *l)
{
	uint32_t *inode = calloc(n->n_ns + 1, sizeof(*inode));
	bool *there = calloc(n->n_ns + 1, sizeof(*there));
	size_t i, count = n->n_ns;

	for (i = 0; inode && i < count; i++)
		inode[i] = n->ns[i]->inode;
	if (inode && there && !nft_places_find(inode, there, count)) {
		for (i = 0; i < count; i++) {
			struct nft_ns *x = there[i] ? NULL : nft_ns_find(n, inode[i]);

			if (!x)
				continue;
			tell(n, x, GENL_EVENT_DIED, l);
			nft_ns_drop(n, x);
		}
	}
	free(inode);
	free(there);
}

int nft_watch_events(struct nft *n, const struct genl_listener *l)
{
	struct epoll_event ev[MAX_EVENTS];
	uint64_t now, ticks;
	size_t i, looks = 0;
	struct nft_ns *x;
	int got, k;

	got = epoll_wait(n->epoll, ev, MAX_EVENTS, 0);
	for (k = 0; k < got; k++) {
		x = ev[k].data.u64 ? nft_ns_find(n, (uint32_t)ev[k].data.u64) : NULL;
		if (x)
			hear(n, x);
		else if (read(n->timer, &ticks, sizeof(ticks)) < 0)
			continue;
	}
	now = clock_ms();
	for (i = 0; i < n->n_ns && looks < MAX_LOOKS; i++) {
		x = n->ns[i];
		if ((x->changed || x->paused) && x->look_at <= now) {
			mend(n, x, l);
			looks++;
		}
	}
	if (n->n_ns && now >= n->alive_at) {
		let_go(n, l);
		n->alive_at = clock_ms() + ALIVE_MS;
	}
	arm(n);
	return 0;
}
