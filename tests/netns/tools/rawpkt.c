// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rawpkt: one packet that no honest socket would send.
 *
 *	rawpkt [-n NETNS] KIND SOURCE DESTINATION
 *	rawpkt [-n NETNS] [-t MS] -i TUN KIND SOURCE DESTINATION
 *
 * KIND: ack, rst (a TCP segment of no connection), udp (one datagram), ns (a
 * neighbour solicitation for the destination). SOURCE may be anybody's; the hop
 * limit is 255, ports are 4660 and 22136, checksums are right. The first form
 * sends it by a raw socket and prints "sent" or the errno. The second lets it
 * come in by the TUN device, which must be up, and prints what goes out there
 * within MS: "reset", "unreachable" or "nothing".
 */
#include "nl.h"

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <time.h>

#define USAGE "usage: rawpkt [-n NETNS] [-t MS] [-i TUN] ack|rst|udp|ns SOURCE DESTINATION"

/* The transport header, with the pseudo header of both families before it. */
struct payload {
	uint8_t proto;
	uint16_t len;
	uint8_t bytes[64];
};

struct packet {
	bool is6;
	size_t len;
	uint8_t bytes[128];
};

static uint32_t sum16(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	return len ? sum + (uint32_t)(p[0] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void payload_build(struct payload *p, const char *kind, const uint8_t *target)
{
	struct tcphdr *tcp = (struct tcphdr *)p->bytes;
	struct udphdr *udp = (struct udphdr *)p->bytes;
	struct nd_neighbor_solicit *ns = (struct nd_neighbor_solicit *)p->bytes;

	memset(p, 0, sizeof(*p));
	if (!strcmp(kind, "ack") || !strcmp(kind, "rst")) {
		p->proto = IPPROTO_TCP;
		p->len = sizeof(*tcp);
		tcp->source = htons(4660);
		tcp->dest = htons(22136);
		tcp->doff = 5;
		tcp->ack = kind[0] == 'a';
		tcp->rst = kind[0] == 'r';
		tcp->ack_seq = tcp->ack ? htonl(0xdeadbeef) : 0;
	} else if (!strcmp(kind, "udp")) {
		p->proto = IPPROTO_UDP;
		p->len = sizeof(*udp) + 4;
		udp->source = htons(4660);
		udp->dest = htons(22136);
		udp->len = htons(p->len);
	} else if (!strcmp(kind, "ns")) {
		p->proto = IPPROTO_ICMPV6;
		p->len = sizeof(*ns);
		ns->nd_ns_type = ND_NEIGHBOR_SOLICIT;
		memcpy(&ns->nd_ns_target, target, 16);
	} else {
		die(USAGE);
	}
}

static void payload_sum(struct payload *p, const uint8_t *source, const uint8_t *dest, size_t size)
{
	uint32_t sum = sum16(p->bytes, p->len, sum16(source, size, sum16(dest, size, 0)));
	uint16_t check = fold(sum + p->proto + p->len);
	size_t at = p->proto == IPPROTO_TCP ? offsetof(struct tcphdr, check) :
		    p->proto == IPPROTO_UDP ? offsetof(struct udphdr, check) :
					      offsetof(struct icmp6_hdr, icmp6_cksum);

	memcpy(p->bytes + at, &check, sizeof(check));
}

static void packet_build(struct packet *pkt, const char *kind, const char *source, const char *dest)
{
	uint8_t from[16], to[16];
	struct payload p;

	memset(pkt, 0, sizeof(*pkt));
	pkt->is6 = strchr(dest, ':');
	if (inet_pton(pkt->is6 ? AF_INET6 : AF_INET, source, from) != 1 ||
	    inet_pton(pkt->is6 ? AF_INET6 : AF_INET, dest, to) != 1)
		die("\"%s\" and \"%s\" are not two addresses of one family", source, dest);
	if (!pkt->is6 && !strcmp(kind, "ns"))
		die("ns is of IPv6");
	payload_build(&p, kind, to);
	payload_sum(&p, from, to, pkt->is6 ? 16 : 4);

	if (pkt->is6) {
		struct ip6_hdr *ip6 = (struct ip6_hdr *)pkt->bytes;

		ip6->ip6_vfc = 6 << 4;
		ip6->ip6_plen = htons(p.len);
		ip6->ip6_nxt = p.proto;
		ip6->ip6_hlim = 255;
		memcpy(&ip6->ip6_src, from, 16);
		memcpy(&ip6->ip6_dst, to, 16);
		pkt->len = sizeof(*ip6);
	} else {
		struct iphdr *ip = (struct iphdr *)pkt->bytes;

		ip->version = 4;
		ip->ihl = 5;
		ip->tot_len = htons((uint16_t)(sizeof(*ip) + p.len));
		ip->ttl = 255;
		ip->protocol = p.proto;
		memcpy(&ip->saddr, from, 4);
		memcpy(&ip->daddr, to, 4);
		ip->check = fold(sum16(ip, sizeof(*ip), 0));
		pkt->len = sizeof(*ip);
	}
	memcpy(pkt->bytes + pkt->len, p.bytes, p.len);
	pkt->len += p.len;
}

/* ---- by a raw socket -------------------------------------------------------- */

static int send_raw(const struct packet *pkt, const char *dest)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const void *to = pkt->is6 ? (const void *)&v6 : (const void *)&v4;
	int fd = socket(pkt->is6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW);

	if (fd < 0)
		die("raw socket: %s", strerror(errno));
	inet_pton(AF_INET, dest, &v4.sin_addr);
	inet_pton(AF_INET6, dest, &v6.sin6_addr);
	if (sendto(fd, pkt->bytes, pkt->len, 0, to, pkt->is6 ? sizeof(v6) : sizeof(v4)) < 0)
		return errno;
	return 0;
}

/* ---- by a TUN device -------------------------------------------------------- */

/*
 * Opening the device brings its carrier up, and the kernel takes up to a second
 * to notice; until then it drops what is to go out there. IFF_RUNNING comes with
 * the notice, the queue a moment after it.
 */
static void wait_running(struct ifreq *ifr, const char *name)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int i;

	for (i = 0; i < 500; i++) {
		if (sock < 0 || ioctl(sock, SIOCGIFFLAGS, ifr))
			die("flags of %s: %s", name, strerror(errno));
		nanosleep(&pause, NULL);
		if (ifr->ifr_flags & IFF_RUNNING)
			break;
	}
	if (i == 500)
		die("device %s is not up", name);
	nanosleep(&pause, NULL);
	close(sock);
}

static int tun_open(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		die("device %s: %s", name, strerror(errno));
	wait_running(&ifr, name);
	return fd;
}

/* What the kernel says to the injected packet; NULL: something else. */
static const char *answer_name(const uint8_t *b, size_t len)
{
	size_t head = b[0] >> 4 == 6 ? sizeof(struct ip6_hdr) : (size_t)(b[0] & 15) * 4;
	uint8_t proto = b[0] >> 4 == 6 ? b[6] : b[9];

	if (len < head + 8)
		return NULL;
	b += head;
	switch (proto) {
	case IPPROTO_TCP:
		return len >= head + 20 && b[13] & TH_RST ? "reset" : NULL;
	case IPPROTO_ICMP:
		return b[0] == ICMP_DEST_UNREACH ? "unreachable" : NULL;
	case IPPROTO_ICMPV6:
		return b[0] == ICMP6_DST_UNREACH ? "unreachable" : NULL;
	default:
		return NULL;
	}
}

static const char *inject(const struct packet *pkt, const char *tun, int limit)
{
	int64_t deadline = now_ms() + limit, left;
	const char *name = NULL;
	int fd = tun_open(tun);
	uint8_t buf[2048];

	if (write(fd, pkt->bytes, pkt->len) != (ssize_t)pkt->len)
		die("write to %s: %s", tun, strerror(errno));
	while (!name && (left = deadline - now_ms()) > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, (int)left) <= 0)
			continue;
		got = read(fd, buf, sizeof(buf));
		if (got > 20)
			name = answer_name(buf, (size_t)got);
	}
	close(fd);
	return name ? name : "nothing";
}

int main(int argc, char **argv)
{
	const char *tun = NULL;
	struct packet pkt;
	int limit = 400;
	int opt, err;

	while ((opt = getopt(argc, argv, "n:t:i:")) != -1) {
		if (opt == 'n')
			enter_netns(optarg);
		else if (opt == 't')
			limit = atoi(optarg);
		else if (opt == 'i')
			tun = optarg;
		else
			die(USAGE);
	}
	if (argc - optind != 3)
		die(USAGE);
	packet_build(&pkt, argv[optind], argv[optind + 1], argv[optind + 2]);
	if (tun) {
		puts(inject(&pkt, tun, limit));
		return 0;
	}
	err = send_raw(&pkt, argv[optind + 2]);
	puts(err ? errno_name(err) : "sent");
	return 0;
}
