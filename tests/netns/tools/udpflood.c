// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * udpflood: as many datagrams as it can, and their count at the other end.
 *
 *	udpflood send [-n NETNS] [-t MS] [-p US] ADDRESS PORT
 *	udpflood count [-n NETNS] [-t MS] PORT
 *
 * send stops after MS or on SIGTERM and prints how many datagrams the kernel
 * took and how many it refused: "sent=N refused=M". With -p it sends 8 at a time
 * and pauses in between. It goes on when the route
 * is gone: the far end's death is what it is for. count prints "ready", then,
 * after MS or on SIGTERM, "received=N".
 */
#include "nl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void flood(const char *address, const char *port, int64_t deadline, int pause_us)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
	bool is6 = strchr(address, ':');
	unsigned long sent = 0, refused = 0;
	int fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || inet_pton(is6 ? AF_INET6 : AF_INET, address,
				is6 ? (void *)&v6.sin6_addr : &v4.sin_addr) != 1)
		die("cannot send to %s", address);
	while (!stop && now_ms() < deadline) {
		int i;

		for (i = 0; i < (pause_us ? 8 : 64); i++) {
			ssize_t n = is6 ? sendto(fd, "flood", 5, MSG_DONTWAIT, (struct sockaddr *)&v6, sizeof(v6))
					: sendto(fd, "flood", 5, MSG_DONTWAIT, (struct sockaddr *)&v4, sizeof(v4));
			if (n == 5)
				sent++;
			else
				refused++;
		}
		if (pause_us)
			usleep((useconds_t)pause_us);
	}
	printf("sent=%lu refused=%lu\n", sent, refused);
}

static void count(const char *port, int64_t deadline)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), size = 8 << 20, off = 0;
	unsigned long received = 0;
	char buf[64];

	if (fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind port %s: %s", port, strerror(errno));
	puts("ready");
	fflush(stdout);
	while (!stop && now_ms() < deadline) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 100) > 0)
			while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
				received++;
	}
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		received++;
	printf("received=%lu\n", received);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term };
	int64_t limit = 10000;
	int opt, pause_us = 0;
	bool send;

	if (argc < 2)
		die("usage: udpflood send|count [-n NETNS] [-t MS] [ADDRESS] PORT");
	send = !strcmp(argv[1], "send");
	argv++, argc--;
	while ((opt = getopt(argc, argv, "n:t:p:")) != -1) {
		if (opt == 'n')
			enter_netns(optarg);
		else if (opt == 't')
			limit = atoi(optarg);
		else if (opt == 'p')
			pause_us = atoi(optarg);
		else
			die("usage: udpflood send|count [-n NETNS] [-t MS] [ADDRESS] PORT");
	}
	if (argc - optind != (send ? 2 : 1))
		die("usage: udpflood send|count [-n NETNS] [-t MS] [ADDRESS] PORT");
	sigaction(SIGTERM, &sa, NULL);
	if (send)
		flood(argv[optind], argv[optind + 1], now_ms() + limit, pause_us);
	else
		count(argv[optind], now_ms() + limit);
	return 0;
}
