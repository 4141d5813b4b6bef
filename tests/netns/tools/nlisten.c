// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nlisten: joins a netlink multicast group, and prints what it hears.
 *
 *	nlisten [-n NETNS] [-a] [-t MS] link|genl [GROUP]
 *
 * link: RTNLGRP_LINK. genl: the generic netlink group of this number; without
 * one, the family is looked up. -a: NETLINK_LISTEN_ALL_NSID, too, where the
 * kernel lets it. Prints "ready", or "refused ERRNO" and ends; then a line for
 * each message, until MS are over or SIGTERM; then "end". -a refused is said
 * in a line of its own, "all-nsid ERRNO", and the listening goes on.
 *
 *	link NEWLINK v0
 *	genl 31 9		(family, command)
 */
#include "nl.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void print_message(const struct nlmsghdr *nlh, bool link)
{
	const struct nlattr *attr;
	const char *name = "?";

	if (!link) {
		const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

		printf("genl %u %u\n", nlh->nlmsg_type, genl->cmd);
	} else {
		mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
			if (mnl_attr_get_type(attr) == IFLA_IFNAME)
				name = mnl_attr_get_str(attr);
		printf("link %s %s\n", nlh->nlmsg_type == RTM_NEWLINK ? "NEWLINK" :
		       nlh->nlmsg_type == RTM_DELLINK ? "DELLINK" : "OTHER", name);
	}
	fflush(stdout);
}

static void hear(struct mnl_socket *sock, bool link)
{
	static char buf[NL_BUF];
	ssize_t got = recv(mnl_socket_get_fd(sock), buf, sizeof(buf), MSG_DONTWAIT);
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
	int len = (int)got;

	if (got < 0 && errno != EAGAIN) {
		printf("lost %s\n", errno_name(errno));
		fflush(stdout);
	}
	for (; got > 0 && mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
		print_message(nlh, link);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term };
	int opt, on = 1, size = 4 << 20, group = 0;
	struct mnl_socket *sock;
	bool all = false, link;
	int64_t deadline;
	int limit = 60000;

	while ((opt = getopt(argc, argv, "n:at:")) != -1) {
		if (opt == 'n')
			enter_netns(optarg);
		else if (opt == 'a')
			all = true;
		else if (opt == 't')
			limit = atoi(optarg);
		else
			die("usage: nlisten [-n NETNS] [-a] [-t MS] link|genl [GROUP]");
	}
	if (optind >= argc)
		die("usage: nlisten [-n NETNS] [-a] [-t MS] link|genl [GROUP]");
	link = !strcmp(argv[optind], "link");
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);

	if (link) {
		group = RTNLGRP_LINK;
	} else if (optind + 1 < argc) {
		group = atoi(argv[optind + 1]);
	} else {
		struct nl nl;

		nl_open(&nl);
		if (nl_lookup(&nl) || !nl.group) {
			puts("refused ENOENT");
			return 1;
		}
		group = (int)nl.group;
		mnl_socket_close(nl.sock);
	}
	sock = mnl_socket_open2(link ? NETLINK_ROUTE : NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink socket: %s", strerror(errno));
	setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (all && mnl_socket_setsockopt(sock, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)))
		printf("all-nsid %s\n", errno_name(errno));
	if (mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		printf("refused %s\n", errno_name(errno));
		return 1;
	}
	puts("ready");
	fflush(stdout);

	for (deadline = now_ms() + limit; !stop && now_ms() < deadline;) {
		struct pollfd p = { .fd = mnl_socket_get_fd(sock), .events = POLLIN };

		if (poll(&p, 1, 200) > 0)
			hear(sock, link);
	}
	puts("end");
	return 0;
}
