// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_sock: see nft_sock.h. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "nft_msg.h"
#include "nft_sock.h"

#define BUF_SIZE	(256 * 1024)	/* of one read; the kernel's messages of a dump are smaller */
#define DUMP_TRIES	10

int nft_msg_open(int group)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int one = 1, size = 1 << 20, ret;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    (group && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
				 sizeof(group)))) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

uint32_t nft_msg_port(int fd)
{
	struct sockaddr_nl addr;
	socklen_t len = sizeof(addr);

	return getsockname(fd, (struct sockaddr *)&addr, &len) ? 0 : addr.nl_pid;
}

uint32_t nft_msg_random(void)
{
	uint32_t n;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n))
		n = (uint32_t)getpid() << 12 ^ (uint32_t)time(NULL);
	return n;
}

/*
 * Helpers come and go, and the socket stays, perhaps with answers that nobody
 * took: so each process begins somewhere else.
 */
uint32_t nft_sock_seq(void)
{
	static uint32_t next;
	static pid_t owner;

	if (owner != getpid()) {
		owner = getpid();
		next = nft_msg_random();
	}
	if (!++next)
		next++;
	return next;
}

struct nlmsghdr *nft_sock_request(void *buf, uint16_t what, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | what;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = nft_sock_seq();
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = 0;
	return nlh;
}

static int send_all(int fd, const void *data, size_t size)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	return sendto(fd, data, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

/*
 * What an earlier request left: answers, and the rest of a dump that was not read to
 * its end, during which the kernel begins no other (EBUSY). It goes on as it is read.
 */
static void drain(int fd)
{
	char none;

	while (recv(fd, &none, sizeof(none), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS ||
	       errno == EINTR)
		;
}

/* 0; 1: that was all; negative. */
static int dump_read(int fd, const struct nlmsghdr *request, uint8_t *buf, nft_sock_cb cb,
		     void *data)
{
	const uint16_t type = request->nlmsg_type - 1;	/* each NEW is followed by its GET */
	const struct nlmsghdr *nlh;
	ssize_t n = recv(fd, buf, BUF_SIZE, 0);
	int len = (int)n, ret;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != request->nlmsg_seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 1;
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

			return err->error ? err->error : 1;
		}
		ret = nlh->nlmsg_type == type ? cb(nlh, data) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

int nft_sock_dump(int fd, struct nlmsghdr *request, nft_sock_cb cb, void (*again)(void *data),
		  void *data)
{
	uint8_t *buf = malloc(BUF_SIZE);
	int ret = buf ? -EINTR : -ENOMEM, i;

	for (i = 0; i < DUMP_TRIES && ret == -EINTR; i++) {
		drain(fd);
		if (i) {
			request->nlmsg_seq = nft_sock_seq();
			again(data);
		}
		ret = send_all(fd, request, request->nlmsg_len);
		while (!ret)
			ret = dump_read(fd, request, buf, cb, data);
	}
	free(buf);
	return ret > 0 ? 0 : ret;
}

static void take_why(const struct nlmsghdr *nlh, char *why, size_t size)
{
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* With NETLINK_CAP_ACK only the header of the request comes back. */
	mnl_attr_for_each(attr, nlh, sizeof(struct nlmsgerr)) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(why, size, "%s", mnl_attr_get_str(attr));
	}
}

int nft_sock_transact(int fd, const void *batch, size_t size, uint32_t *seq, char *why,
		      size_t why_size)
{
	const struct nlmsghdr *first = batch, *nlh;
	uint8_t *buf = malloc(BUF_SIZE);
	int room = size > INT32_MAX / 2 ? INT32_MAX : (int)(2 * size), ret, len;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	*why = '\0';
	*seq = 0;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	drain(fd);
	ret = send_all(fd, batch, size);
	/* It is done by now: what went wrong is there to be read. */
	while (!ret || *seq) {
		n = recv(fd, buf, BUF_SIZE, MSG_DONTWAIT);
		if (n < 0) {
			if (errno != EAGAIN && !ret)
				ret = -errno;
			break;
		}
		len = (int)n;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR || !err->error || *seq ||
			    nlh->nlmsg_seq - first->nlmsg_seq > INT32_MAX)
				continue;
			ret = err->error;
			*seq = nlh->nlmsg_seq;
			take_why(nlh, why, why_size);
		}
	}
	free(buf);
	return ret;
}
