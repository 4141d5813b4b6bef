// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * contenders: see plane.h. What libnftables sends passes here on its way, so that
 * the very same messages can be sent to another namespace without being made
 * again: the least that any program can do which fills namespaces one by one.
 */
#include "plane.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

static char *batch;
static size_t batch_size;

/* In the place of the C library's. */
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	const struct nlmsghdr *nlh = m->msg_iovlen ? m->msg_iov[0].iov_base : NULL;
	size_t i, at = 0;

	if (nlh && m->msg_iov[0].iov_len >= sizeof(*nlh) &&
	    nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
		for (batch_size = i = 0; i < m->msg_iovlen; i++)
			batch_size += m->msg_iov[i].iov_len;
		batch = need(realloc(batch, batch_size));
		for (i = 0; i < m->msg_iovlen; i++) {
			memcpy(batch + at, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
			at += m->msg_iov[i].iov_len;
		}
	}
	return syscall(SYS_sendmsg, fd, m, flags);
}

void nft_process(const char *file)
{
	char *const argv[] = { (char *)"nft", (char *)"-f", (char *)file, NULL };
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, "nft", NULL, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid || status)
		die("nft -f %s failed", file);
}

void nft_visit(const char *file)
{
	struct nft_ctx *ctx = need(nft_ctx_new(NFT_CTX_DEFAULT));

	nft_ctx_buffer_error(ctx);
	if (nft_run_cmd_from_filename(ctx, file))
		die("%s: %s", file, nft_ctx_get_error_buffer(ctx));
	nft_ctx_free(ctx);
}

bool nft_replay(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec iov = { batch, batch_size };
	struct msghdr m = { .msg_name = &kernel, .msg_namelen = sizeof(kernel),
			    .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int size = (int)batch_size * 2;
	char answer[8192];
	bool good = true;
	ssize_t n;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    syscall(SYS_sendmsg, fd, &m, 0) != (ssize_t)batch_size)
		die("sending %zu bytes: %s", batch_size, strerror(errno));
	/* All was done before sendmsg() came back: what there is to say is there. */
	while ((n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)answer;

		for (; n > 0 && NLMSG_OK(nlh, (size_t)n); nlh = NLMSG_NEXT(nlh, n))
			if (nlh->nlmsg_type == NLMSG_ERROR &&
			    ((struct nlmsgerr *)NLMSG_DATA(nlh))->error)
				good = false;
	}
	close(fd);
	return good;
}
