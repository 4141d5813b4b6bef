// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netecho: an echo server, TCP and UDP, IPv4 and IPv6, on one port.
 *
 *	netecho [-n NETNS] PORT
 *
 * Prints "ready" once both sockets are bound, then serves until it is killed.
 * With -n it enters that namespace first, and so pins it while it runs.
 */
#include "nl.h"

#include <netinet/in.h>
#include <poll.h>

#define CLIENTS 64

static int listener(int type, uint16_t port)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), on = 1, off = 0;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind port %u: %s", port, strerror(errno));
	if (type == SOCK_STREAM && listen(fd, CLIENTS))
		die("listen: %s", strerror(errno));
	return fd;
}

static void echo_datagram(int fd)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	char buf[2048];
	ssize_t got = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	/* An answer that is refused is the tests' business: the client sees it missing. */
	if (got >= 0)
		(void)!sendto(fd, buf, (size_t)got, MSG_DONTWAIT, (struct sockaddr *)&from, len);
}

/* False: the connection is over. */
static bool echo_stream(int fd)
{
	char buf[2048];
	ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN;
	return got > 0 && send(fd, buf, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL) == got;
}

int main(int argc, char **argv)
{
	struct pollfd set[2 + CLIENTS];
	nfds_t n = 2, i;
	uint16_t port;
	int opt;

	while ((opt = getopt(argc, argv, "n:")) != -1) {
		if (opt != 'n')
			die("usage: netecho [-n NETNS] PORT");
		enter_netns(optarg);
	}
	if (optind + 1 != argc)
		die("usage: netecho [-n NETNS] PORT");
	port = (uint16_t)atoi(argv[optind]);
	set[0] = (struct pollfd){ .fd = listener(SOCK_STREAM, port), .events = POLLIN };
	set[1] = (struct pollfd){ .fd = listener(SOCK_DGRAM, port), .events = POLLIN };
	puts("ready");
	fflush(stdout);

	for (;;) {
		if (poll(set, n, -1) < 0)
			die("poll: %s", strerror(errno));
		if (set[1].revents)
			echo_datagram(set[1].fd);
		for (i = 2; i < n; i++) {
			if (!set[i].revents || echo_stream(set[i].fd))
				continue;
			close(set[i].fd);
			set[i--] = set[--n];
		}
		if (set[0].revents & POLLIN) {
			int fd = accept4(set[0].fd, NULL, NULL, SOCK_CLOEXEC);

			if (fd >= 0 && n == 2 + CLIENTS) {	/* full: the oldest goes */
				close(set[2].fd);
				set[2] = set[--n];
			}
			if (fd >= 0)
				set[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
	}
}
