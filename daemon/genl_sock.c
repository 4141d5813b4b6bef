// SPDX-License-Identifier: GPL-2.0-or-later
/* genl_sock: see genl_sock.h. Owns the socket and both its buffers. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "genl_sock.h"

static int sys_error(struct err *e, const char *what)
{
	int errnum = errno;

	return err_set(e, errnum, EXIT_REFUSED, "%s: %s", what, strerror(errnum));
}

int genl_sock_open(struct genl *g, struct err *e)
{
	int one = 1;

	g->nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!g->nl)
		return err_set(e, errno, EXIT_UNREACHABLE,
			       "cannot open a generic netlink socket: %s", strerror(errno));
	if (mnl_socket_bind(g->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int ret = sys_error(e, "cannot bind a netlink socket");

		mnl_socket_close(g->nl);
		g->nl = NULL;
		return ret;
	}
	/* Old kernels have neither; then refusals come without a sentence. */
	mnl_socket_setsockopt(g->nl, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(g->nl, NETLINK_CAP_ACK, &one, sizeof(one));
	g->port = mnl_socket_get_portid(g->nl);
	g->stale = false;
	return 0;
}

static int socket_renew(struct genl *g, struct err *e)
{
	if (g->nl)
		mnl_socket_close(g->nl);
	g->nl = NULL;
	return genl_sock_open(g, e);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* The time that is left begins with the first call: *@deadline is 0 before it. */
static int wait_readable(const struct genl *g, int64_t *deadline, const char *what,
			 struct err *e)
{
	struct pollfd p = { .fd = mnl_socket_get_fd(g->nl), .events = POLLIN };

	if (!*deadline)
		*deadline = now_ms() + GENL_TIMEOUT_MS;
	for (;;) {
		int64_t left = *deadline - now_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (!n)
			return err_set(e, ETIMEDOUT, EXIT_UNREACHABLE,
				       "%s: the kernel has not answered for %d seconds",
				       what, GENL_TIMEOUT_MS / 1000);
		if (errno != EINTR)
			return sys_error(e, "poll");
	}
}

int genl_sock_receive(struct genl *g, struct span *out)
{
	struct iovec iov = { .iov_base = g->rx, .iov_len = sizeof(g->rx) };
	struct sockaddr_nl from = { 0 };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do {
		n = recvmsg(mnl_socket_get_fd(g->nl), &msg, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*out = (struct span){ .data = g->rx, .len = 0 };
	if (msg.msg_namelen != sizeof(from) || from.nl_family != AF_NETLINK || from.nl_pid)
		return 0;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	out->len = (size_t)n;
	return 0;
}

/*
 * 1: the request is over, 0: more will come, negative: it failed. Only after a
 * refusal is the socket still good: that was the last message.
 */
static int take_message(struct genl *g, struct request *r, const struct genl_msg *m,
			struct err *e)
{
	struct genl_ack ack;
	int ret;

	/* Left over from a request that was given up. */
	if (m->seq != r->nlh->nlmsg_seq || m->port != g->port)
		return 0;
	if (m->flags & NLM_F_DUMP_INTR)
		r->interrupted = true;
	switch (m->type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_OVERRUN:
		return err_set(e, ENOBUFS, EXIT_REFUSED, "%s: the kernel lost part of the answer",
			       r->what);
	case NLMSG_ERROR:
	case NLMSG_DONE:
		ret = genl_parse_ack(m, &ack, e);
		if (ret)
			return ret;
		g->stale = false;
		return ack.error ? r->refused(g, r, &ack, e) : 1;
	}
	if (m->type != r->nlh->nlmsg_type)
		return err_set(e, EPROTO, EXIT_REFUSED,
			       "%s: the kernel answered with a message of another family", r->what);
	return r->answer ? r->answer(m, r->data, e) : 0;
}

int genl_sock_transact(struct genl *g, struct request *r, struct err *e)
{
	struct nlmsghdr *nlh = r->nlh;
	int64_t deadline = 0;
	int ret;

	if (g->stale) {
		ret = socket_renew(g, e);
		if (ret)
			return ret;
	}
	nlh->nlmsg_seq = ++g->seq;
	r->interrupted = false;
	g->stale = true;
	if (mnl_socket_sendto(g->nl, nlh, nlh->nlmsg_len) < 0)
		return err_set(e, errno, EXIT_UNREACHABLE, "%s: cannot send to the kernel: %s",
			       r->what, strerror(errno));
	/* Most answers are there when the sending is over: neither clock nor poll is asked. */
	for (;;) {
		struct genl_msg m;
		struct span rest;

		ret = genl_sock_receive(g, &rest);
		if (ret == -EAGAIN) {
			ret = wait_readable(g, &deadline, r->what, e);
			if (ret)
				return ret;
			continue;
		}
		if (ret)
			return err_set(e, -ret, EXIT_REFUSED, "%s: cannot receive the answer: %s",
				       r->what, ret == -EMSGSIZE ? "it is longer than 64 KiB" :
				       strerror(-ret));
		if (rest.len)
			deadline = 0;
		while ((ret = genl_parse_next(&rest, &m, e)) > 0) {
			ret = take_message(g, r, &m, e);
			if (ret)
				return ret > 0 ? 0 : ret;
		}
		if (ret)
			return ret;
	}
}
