// SPDX-License-Identifier: GPL-2.0-or-later
/* stage: see stage.h. */
#include "stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observer.h"

static const char setup[] =
	"set -e\n"
	"cd /proc/sys/net\n"
	"echo 1 >ipv4/ip_forward\n"
	"echo 1 >ipv6/conf/all/forwarding\n"
	"for c in all default eth0 wan0; do\n"
	"	echo 0 >ipv4/conf/$c/rp_filter\n"
	"	echo 0 >ipv4/conf/$c/send_redirects\n"
	"	echo 0 >ipv6/conf/$c/accept_ra\n"
	"	echo 1 >ipv4/conf/$c/accept_local\n"
	"done\n"
	"for c in eth0 wan0; do echo 1 >ipv6/conf/$c/addr_gen_mode; done\n"
	/* Every ICMP error is sent, and what the stack makes up looks alike. */
	"echo 0 >ipv4/icmp_ratelimit\n"
	"echo 0 >ipv4/icmp_ratemask\n"
	"echo 0 >ipv4/icmp_echo_ignore_broadcasts\n"
	"echo 0 >ipv6/icmp/ratelimit\n"
	"echo >ipv6/icmp/ratemask\n"
	"echo 0 >ipv6/auto_flowlabels\n"
	/* Multicast reports come at times of their own: nobody is to see them. */
	"nft -f - <<-END\n"
	"	table ip6 oracle_hush {\n"
	"		chain hush {\n"
	"			type filter hook output priority -2147483100;\n"
	"			ip6 daddr ff02::16 drop\n"
	"		}\n"
	"	}\n"
	"END\n"
	"ip -b - <<-END\n"
	"	link set lo up\n"
	"	link set eth0 address 02:00:00:00:00:01 arp off mtu 1500 up\n"
	"	link set wan0 address 02:00:00:00:00:02 arp off mtu 1500 up\n"
	"	addr add 10.9.0.1/24 brd + dev eth0\n"
	"	addr add 10.9.1.1/24 brd + dev wan0\n"
	"	addr add fd09::1/64 dev eth0 nodad\n"
	"	addr add fd09:1::1/64 dev wan0 nodad\n"
	"	route add default via 10.9.0.9 dev eth0\n"
	"	route add default via fd09::9 dev eth0\n"
	"END\n";

static int tap_open(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int stage_run(const char *command)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		execlp("bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

/* One processor, so that what is logged comes in the order of events. */
static void stay_here(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int stage_enter(struct stage *st)
{
	stay_here();
	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "oracle: no network namespace of its own: %s\n", strerror(errno));
		return 1;
	}
	st->tap[0] = tap_open("eth0");
	st->tap[1] = tap_open("wan0");
	st->raw4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	st->raw6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	st->raw_mark = 0;
	if (st->tap[0] < 0 || st->tap[1] < 0 || st->raw4 < 0 || st->raw6 < 0) {
		fprintf(stderr, "oracle: no TAP device or raw socket: %s\n", strerror(errno));
		return 1;
	}
	if (setsockopt(st->raw4, SOL_SOCKET, SO_BROADCAST, &(int){ 1 }, sizeof(int)) < 0 ||
	    stage_run(setup)) {
		fprintf(stderr, "oracle: the devices cannot be set up\n");
		return 1;
	}
	return 0;
}

static void drain(const struct stage *st)
{
	uint8_t buf[4096];

	for (int i = 0; i < 2; i++)
		while (read(st->tap[i], buf, sizeof(buf)) > 0)
			;
}

static bool send_frame(const struct stage *st, const struct packet *p)
{
	uint8_t frame[14 + PACKET_MAX] = { 2, 0, 0, 0, 0, (uint8_t)(p->dev + 1),
					   2, 0, 0, 0, 0x4d, 0 };
	unsigned int mark;

	for (mark = 0; mark < observer_n_marks && observer_marks[mark] != p->mark; mark++)
		;
	if (mark == observer_n_marks) {
		fprintf(stderr, "oracle: mark 0x%x is not one of those that come in\n", p->mark);
		return false;
	}
	frame[11] = (uint8_t)mark;
	if (p->cast == PACKET_BROADCAST_CAST)
		memset(frame, 0xff, 6);
	else if (p->cast == PACKET_MULTICAST_CAST)
		memcpy(frame, p->is6 ? "\x33\x33\0\0\0\x01" : "\x01\x00\x5e\0\0\x01", 6);
	frame[12] = p->is6 ? 0x86 : 0x08;
	frame[13] = p->is6 ? 0xdd : 0x00;
	memcpy(frame + 14, p->bytes, p->len);
	return write(st->tap[p->dev], frame, 14 + p->len) == (ssize_t)(14 + p->len);
}

static bool send_raw(struct stage *st, const struct packet *p)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	ssize_t n;

	if (st->raw_mark != p->mark) {
		st->raw_mark = p->mark;
		setsockopt(st->raw4, SOL_SOCKET, SO_MARK, &p->mark, sizeof(p->mark));
		setsockopt(st->raw6, SOL_SOCKET, SO_MARK, &p->mark, sizeof(p->mark));
	}
	if (p->is6) {
		memcpy(&to6.sin6_addr, p->bytes + 24, 16);
		n = sendto(st->raw6, p->bytes, p->len, 0, (struct sockaddr *)&to6, sizeof(to6));
	} else {
		memcpy(&to4.sin_addr, p->bytes + 16, 4);
		n = sendto(st->raw4, p->bytes, p->len, 0, (struct sockaddr *)&to4, sizeof(to4));
	}
	/* What a hook drops is not sent: EPERM. */
	return n >= 0 || errno == EPERM;
}

bool stage_send(struct stage *st, const struct packet *p)
{
	bool sent = p->where == PACKET_OUT ? send_raw(st, p) : send_frame(st, p);

	drain(st);
	return sent;
}
