// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netprobe: asks netecho servers, and hosts, from inside a namespace.
 *
 *	netprobe [-n NETNS] [-t MS] KIND,ADDRESS[,PORT]...
 *
 * KIND: ping (ICMP echo), tcp (connect, one byte there and back), udp (one
 * datagram there and back from a connected socket), udpsend (one datagram, no
 * answer awaited). All probes run at once, so that many silent ones cost one
 * time limit. Prints one line for each, in the order given:
 *
 *	ping,10.0.1.1 ok
 *	udp,10.0.1.1,7 EHOSTUNREACH:3/13	(type and code of the ICMP error)
 *	tcp,10.0.1.1,7 ETIMEDOUT		(nobody answered in time)
 */
#include "nl.h"

#include <netinet/in.h>
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <sys/wait.h>

union addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int limit_ms = 400;

static socklen_t parse_addr(const char *s, const char *port, union addr *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, s, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)atoi(port ? port : "0"));
		return sizeof(a->v4);
	}
	if (inet_pton(AF_INET6, s, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)atoi(port ? port : "0"));
		return sizeof(a->v6);
	}
	die("\"%s\" is not an address", s);
}

/* Waits until the deadline; returns an errno, ETIMEDOUT when nothing came. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = deadline - now_ms();
	int n = poll(&p, 1, left > 0 ? (int)left : 0);

	return n < 0 ? errno : n ? 0 : ETIMEDOUT;
}

/* The ICMP error behind a failure: ":type/code", or nothing for a local one. */
static void icmp_origin(int fd, char *out, size_t size)
{
	char control[512], data[64];
	struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		const struct sock_extended_err *e = (const void *)CMSG_DATA(c);

		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			if (e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6)
				snprintf(out, size, ":%u/%u", e->ee_type, e->ee_code);
	}
}

static void report_icmp(int fd, bool v6)
{
	int on = 1;

	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR,
		   &on, sizeof(on));
}

static int exchange(int fd, int64_t deadline)
{
	char byte;
	int err;

	if (send(fd, "?", 1, MSG_NOSIGNAL) < 0)
		return errno;
	err = wait_for(fd, POLLIN, deadline);
	if (err)
		return err;
	return recv(fd, &byte, 1, 0) == 1 ? 0 : errno ? errno : ECONNRESET;
}

static int probe_tcp(const union addr *a, socklen_t len, int64_t deadline)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0), err = 0;
	socklen_t size = sizeof(err);

	if (fd < 0)
		return errno;
	if (connect(fd, &a->sa, len)) {
		if (errno != EINPROGRESS)
			return errno;
		err = wait_for(fd, POLLOUT, deadline);
		if (err)
			return err;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
		if (err)
			return err;
	}
	errno = 0;
	return exchange(fd, deadline);
}

static int probe_udp(const union addr *a, socklen_t len, int64_t deadline, bool answer,
		     char *origin, size_t size)
{
	int fd = socket(a->sa.sa_family, SOCK_DGRAM, 0), err;

	if (fd < 0 || connect(fd, &a->sa, len))
		return errno;
	report_icmp(fd, a->sa.sa_family == AF_INET6);
	if (!answer)
		return send(fd, "?", 1, 0) == 1 ? 0 : errno;
	errno = 0;
	err = exchange(fd, deadline);
	if (err)
		icmp_origin(fd, origin, size);
	return err;
}

static int probe_ping(const union addr *a, socklen_t len, int64_t deadline,
		      char *origin, size_t size)
{
	bool v6 = a->sa.sa_family == AF_INET6;
	int fd = socket(a->sa.sa_family, SOCK_RAW, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	uint16_t id = htons((uint16_t)getpid());
	uint8_t buf[1500];
	/* The same place in both families: type, code, checksum, id, sequence. */
	struct icmphdr echo = { .type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO };
	uint32_t sum;

	if (fd < 0)
		return errno;
	if (connect(fd, &a->sa, len))
		return errno;
	report_icmp(fd, v6);
	echo.un.echo.id = id;
	sum = (uint32_t)htons(ICMP_ECHO << 8) + id;
	sum = (sum & 0xffff) + (sum >> 16);
	if (!v6)			/* the kernel fills ICMPv6's in */
		echo.checksum = (uint16_t)~sum;
	if (send(fd, &echo, sizeof(echo), 0) < 0)
		return errno;
	for (;;) {
		const struct icmphdr *reply = (const void *)buf;
		int err = wait_for(fd, POLLIN, deadline);
		ssize_t got;

		if (err)
			return err;
		got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (got < 0) {
			err = errno;
			icmp_origin(fd, origin, size);
			return err;
		}
		if (!v6)
			reply = (const void *)(buf + (buf[0] & 15) * 4);
		if (got >= (v6 ? 8 : 28) && reply->un.echo.id == id &&
		    reply->type == (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
			return 0;
	}
}

static void probe(char *spec)
{
	int64_t deadline = now_ms() + limit_ms;
	char line[512], origin[32] = "", *rest = spec;
	const char *kind, *host, *port;
	union addr a;
	socklen_t len;
	int err;

	snprintf(line, sizeof(line), "%s", spec);
	kind = strsep(&rest, ",");
	host = strsep(&rest, ",");
	port = strsep(&rest, ",");
	len = parse_addr(host ? host : "", port, &a);
	if (!strcmp(kind, "tcp"))
		err = probe_tcp(&a, len, deadline);
	else if (!strcmp(kind, "udp") || !strcmp(kind, "udpsend"))
		err = probe_udp(&a, len, deadline, !kind[3], origin, sizeof(origin));
	else if (!strcmp(kind, "ping"))
		err = probe_ping(&a, len, deadline, origin, sizeof(origin));
	else
		die("\"%s\" is none of ping, tcp, udp, udpsend", kind);
	printf("%s %s%s\n", line, errno_name(err), origin);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int opt, i, n, failed = 0;

	while ((opt = getopt(argc, argv, "n:t:")) != -1) {
		if (opt == 'n')
			enter_netns(optarg);
		else if (opt == 't')
			limit_ms = atoi(optarg);
		else
			die("usage: netprobe [-n NETNS] [-t MS] KIND,ADDRESS[,PORT]...");
	}
	n = argc - optind;
	if (n == 1) {
		probe(argv[optind]);
		return 0;
	}
	/* One child each; a pipe each keeps their lines in order. */
	int *out = calloc((size_t)n + 1, sizeof(*out));

	if (!out)
		die("no memory");
	for (i = 0; i < n; i++) {
		int pipefd[2];

		if (pipe(pipefd))
			die("pipe: %s", strerror(errno));
		out[i] = pipefd[0];
		switch (fork()) {
		case -1:
			die("fork: %s", strerror(errno));
		case 0:
			dup2(pipefd[1], STDOUT_FILENO);
			close(pipefd[0]);
			close(pipefd[1]);
			probe(argv[optind + i]);
			_exit(0);
		}
		close(pipefd[1]);
	}
	for (i = 0; i < n; i++) {
		char buf[600];
		ssize_t got;

		while ((got = read(out[i], buf, sizeof(buf))) > 0)
			fwrite(buf, 1, (size_t)got, stdout);
		close(out[i]);
	}
	for (i = 0; i < n; i++) {
		int status;

		wait(&status);
		failed |= status;
	}
	return failed ? 99 : 0;
}
