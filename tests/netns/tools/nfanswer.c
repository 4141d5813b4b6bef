// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nfanswer: a queue program that gives every packet one verdict.
 *
 *	nfanswer [-n NETNS] QUEUE VERDICT
 *
 * VERDICT is a number of the kernel's: 1 accept, 5 stop (no further function of
 * this hook sees the packet). Prints "ready", and on SIGTERM "answered=N".
 */
#include "nl.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <signal.h>

static volatile sig_atomic_t stop;
static uint16_t queue;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static struct nlmsghdr *request(char *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->res_id = htons(queue);
	return nlh;
}

static void configure(struct mnl_socket *sock)
{
	struct nfqnl_msg_config_cmd bind = { .command = NFQNL_CFG_CMD_BIND };
	struct nfqnl_msg_config_params params = { .copy_mode = NFQNL_COPY_META };
	char buf[NL_BUF];
	struct nlmsghdr *nlh = request(buf, NFQNL_MSG_CONFIG, NLM_F_ACK);
	ssize_t got;

	mnl_attr_put(nlh, NFQA_CFG_CMD, sizeof(bind), &bind);
	mnl_attr_put(nlh, NFQA_CFG_PARAMS, sizeof(params), &params);
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		die("queue %u: %s", queue, strerror(errno));
	got = mnl_socket_recvfrom(sock, buf, sizeof(buf));
	if (got < 0 || mnl_cb_run(buf, (size_t)got, 0, 0, NULL, NULL) < 0)
		die("queue %u: %s", queue, strerror(errno));
}

static bool answer(struct mnl_socket *sock, const struct nlmsghdr *packet, uint32_t verdict)
{
	struct nfqnl_msg_verdict_hdr vh = { .verdict = htonl(verdict) };
	const struct nfqnl_msg_packet_hdr *ph = NULL;
	const struct nlattr *attr;
	struct nlmsghdr *nlh;
	char buf[512];

	if (packet->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return false;
	mnl_attr_for_each(attr, packet, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFQA_PACKET_HDR)
			ph = mnl_attr_get_payload(attr);
	if (!ph)
		return false;
	vh.id = ph->packet_id;
	nlh = request(buf, NFQNL_MSG_VERDICT, 0);
	mnl_attr_put(nlh, NFQA_VERDICT_HDR, sizeof(vh), &vh);
	return mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) >= 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term };
	struct timeval look_up = { .tv_usec = 200000 };	/* for a signal between two waits */
	static char buf[NL_BUF];
	unsigned long answered = 0;
	struct mnl_socket *sock;
	uint32_t verdict;
	int opt;

	while ((opt = getopt(argc, argv, "n:")) != -1) {
		if (opt != 'n')
			die("usage: nfanswer [-n NETNS] QUEUE VERDICT");
		enter_netns(optarg);
	}
	if (argc - optind != 2)
		die("usage: nfanswer [-n NETNS] QUEUE VERDICT");
	queue = (uint16_t)atoi(argv[optind]);
	verdict = (uint32_t)atoi(argv[optind + 1]);
	sigaction(SIGTERM, &sa, NULL);

	sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink socket: %s", strerror(errno));
	configure(sock);
	setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &look_up, sizeof(look_up));
	puts("ready");
	fflush(stdout);
	while (!stop) {
		ssize_t got = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
		int len = (int)got;

		for (; got > 0 && mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			answered += answer(sock, nlh, verdict);
	}
	printf("answered=%lu\n", answered);
	return 0;
}
