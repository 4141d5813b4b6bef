// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_child: see nft_child.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "nft_child.h"

#define MAX_STUCK	256	/* helpers that do not die; each holds a process */
#define DIE_MS		50	/* time to die */

static struct {
	pid_t pid;
	uint32_t place;
} stuck[MAX_STUCK];
static size_t n_stuck;

static void reap_stuck(void)
{
	size_t i;

	for (i = n_stuck; i--;)
		if (waitpid(stuck[i].pid, NULL, WNOHANG))
			stuck[i] = stuck[--n_stuck];
}

static bool is_stuck(uint32_t place)
{
	size_t i;

	for (i = 0; place && i < n_stuck; i++)
		if (stuck[i].place == place)
			return true;
	return false;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_from(int first, int last)
{
	int fd;

	if (first > last)
		return;
#ifdef SYS_close_range
	if (!syscall(SYS_close_range, (unsigned int)first, (unsigned int)last, 0))
		return;
#endif
	for (fd = first; fd <= last && fd < 65536; fd++)
		close(fd);
}

static void close_others(int out, const int *keep, size_t n)
{
	int v[NFT_CHILD_KEEP + 1], first = 3;
	size_t i;

	for (i = 0; i < n; i++)
		v[i] = keep[i];
	v[n++] = out;
	qsort(v, n, sizeof(*v), by_number);
	for (i = 0; i < n; i++) {
		if (v[i] < first)
			continue;
		close_from(first, v[i] - 1);
		first = v[i] + 1;
	}
	close_from(first, INT32_MAX);
}

int nft_child_start(struct nft_child *c, uint32_t place, nft_child_fn fn, void *data,
		    const int *keep, size_t n, struct err *e)
{
	pid_t parent = getpid();
	int pair[2];

	*c = (struct nft_child){ .fd = -1, .place = place };
	reap_stuck();
	if (is_stuck(place))
		return err_set(e, EBUSY, EXIT_REFUSED,
			       "a helper still hangs there: nftables does not answer");
	/* Whoever runs may get stuck, too, while another one is started. */
	if (n_stuck >= MAX_STUCK - 1)
		return err_set(e, EBUSY, EXIT_REFUSED,
			       "%zu helpers hang in namespaces: no more are started", n_stuck);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_set(e, errno, EXIT_REFUSED, "no socket for a helper: %s",
			       strerror(errno));
	c->pid = fork();
	if (c->pid < 0) {
		int errnum = errno;

		close(pair[0]);
		close(pair[1]);
		c->pid = 0;
		return err_set(e, errnum, EXIT_REFUSED, "no helper process: %s", strerror(errnum));
	}
	if (!c->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		close_others(pair[1], keep, n);
		fn(pair[1], data);
		_exit(0);
	}
	close(pair[1]);
	c->fd = pair[0];
	return 0;
}

void nft_child_send(int out, const void *msg, size_t size, const int *fds, size_t n)
{
	union {
		char buf[CMSG_SPACE(NFT_CHILD_KEEP * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = (void *)msg, .iov_len = size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (n) {
		memset(&control, 0, sizeof(control));
		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&m);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	}
	if (sendmsg(out, &m, MSG_NOSIGNAL) != (ssize_t)size)
		_exit(1);
}

static int wait_readable(int fd, int timeout_ms)
{
	uint64_t until = clock_ms() + (uint64_t)timeout_ms, now;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	for (;;) {
		now = clock_ms();
		n = poll(&p, 1, now < until ? (int)(until - now) : 0);
		if (n > 0)
			return 0;
		if (!n)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static void take_fds(struct msghdr *m, int *fds, size_t n)
{
	struct cmsghdr *c;
	size_t have, i;
	int fd;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		have = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < have; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (i < n)
				fds[i] = fd;
			else
				close(fd);
		}
	}
}

int nft_child_recv(struct nft_child *c, void *msg, size_t size, int *fds, size_t n,
		   int timeout_ms)
{
	union {
		char buf[CMSG_SPACE(NFT_CHILD_KEEP * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = msg, .iov_len = size };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control),
	};
	ssize_t got;
	size_t i;
	int ret;

	for (i = 0; i < n; i++)
		fds[i] = -1;
	ret = wait_readable(c->fd, timeout_ms);
	if (ret)
		return ret;
	got = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	if (got < 0)
		return -errno;
	take_fds(&m, fds, n);
	if (got == (ssize_t)size && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	for (i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return -ENODATA;
}

void nft_child_end(struct nft_child *c)
{
	uint64_t until;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (!c->pid)
		return;
	/* It ends by itself when it has told all. */
	kill(c->pid, SIGKILL);
	for (until = clock_ms() + DIE_MS; !waitpid(c->pid, NULL, WNOHANG);) {
		if (clock_ms() >= until) {
			stuck[n_stuck].pid = c->pid;
			stuck[n_stuck++].place = c->place;
			break;
		}
		usleep(200);
	}
	c->pid = 0;
}
