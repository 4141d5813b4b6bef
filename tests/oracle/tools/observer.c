// SPDX-License-Identifier: GPL-2.0-or-later
/* observer: see observer.h. */
#include "observer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUP		4242
#define BUF_SIZE	(1 << 20)
#define CONFIG_SIZE	8192		/* of a message that sets nflog up */
#define SETTLE_MS	60000		/* until the processor must have come to it */

/*
 * What goes round lo is received in a softirq. Usually that has happened when
 * send() returns; on a busy machine it is left to ksoftirqd, for any time. So a
 * probe is sent after each packet, into the same queue: an IPv4 header that no
 * stack makes, logged and dropped as the first thing in prerouting.
 */
#define PROBE		'z'
#define PROBE_PROTOCOL	253		/* RFC 3692: for experiments */
#define PROBE_ID	20038
#define LO_INDEX	1		/* in every namespace */

const uint32_t observer_marks[] = {
	0, 1, 2, 3, 4, 0x10, 0x11, 0x20, 0xff, 0x100, 0x1234, 0x10001, 0x80000000, 0xffffffff,
};
const unsigned int observer_n_marks = sizeof(observer_marks) / sizeof(observer_marks[0]);

static const char *const hooks[] = { "prerouting", "input", "forward", "output", "postrouting" };

/*
 * What NFLOG's own attributes do not say comes as prefixes of short messages
 * before the one that has the packet: p1 (packet type), s8 (ct state), d0 (ct
 * direction), m3 (bit 3 of ct mark).
 */
static void facts_rules(FILE *f, bool ct)
{
	fprintf(f, "\tchain facts {\n");
	for (int type = 1; type < 4; type++)
		fprintf(f, "\t\tmeta pkttype %d log prefix \"p%d\" group %d snaplen 1\n", type,
			type, GROUP);
	if (ct) {
		static const struct {
			const char *name;
			unsigned int bit;
		} states[] = {
			{ "invalid", 1 }, { "established", 2 }, { "related", 4 },
			{ "new", 8 }, { "untracked", 64 },
		};

		for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
			fprintf(f, "\t\tct state %s log prefix \"s%u\" group %d snaplen 1\n",
				states[i].name, states[i].bit, GROUP);
		fprintf(f, "\t\tct direction original log prefix \"d0\" group %d snaplen 1\n", GROUP);
		fprintf(f, "\t\tct direction reply log prefix \"d1\" group %d snaplen 1\n", GROUP);
		fprintf(f, "\t\tct mark 0 return\n");
		for (int bit = 0; bit < 32; bit++)
			fprintf(f, "\t\tct mark & 0x%x == 0x%x log prefix \"m%d\" group %d snaplen 1\n",
				1u << bit, 1u << bit, bit, GROUP);
	}
	fprintf(f, "\t}\n");
}

static void place_rules(FILE *f, const struct place *place, unsigned int i, char kind)
{
	int priority = kind == SEEN_BEFORE ? place->priority - 1 :
		       kind == SEEN_AFTER ? place->priority + 1 : place->priority;

	fprintf(f,
		"\tchain %c%u {\n"
		"\t\ttype filter hook %s priority %d;\n"
		"\t\tjump facts\n"
		"\t\tlog prefix \"%c%u\" group %d snaplen 65535\n"
		"\t}\n",
		kind, i, hooks[place->hook], priority, kind, i, GROUP);
}

void observer_rules(FILE *f, const struct places *places, bool ct)
{
	const struct place entry = { NF_INET_LOCAL_OUT, -2147483000 };

	fprintf(f, "table inet oracle_observer {\n");
	facts_rules(f, ct);
	place_rules(f, &entry, 0, SEEN_ENTRY);
	for (unsigned int i = 0; i < places->n; i++) {
		place_rules(f, &places->v[i], i, SEEN_BEFORE);
		place_rules(f, &places->v[i], i, SEEN_AFTER);
	}
	fprintf(f, "\tchain marker {\n\t\ttype filter hook prerouting priority -2147483000;\n");
	for (unsigned int i = 1; i < observer_n_marks; i++)
		fprintf(f, "\t\tether saddr 02:00:00:00:4d:%02x meta mark set 0x%x\n", i,
			observer_marks[i]);
	fprintf(f, "\t\tiif lo ip saddr 0.0.0.0 ip protocol %d ip id %d log prefix \"%c0\" group %d snaplen 1 drop\n",
		PROBE_PROTOCOL, PROBE_ID, PROBE, GROUP);
	fprintf(f, "\t}\n}\n");
}

/* ---- the sockets ---- */

static void config_send(int fd, uint8_t *buf, struct nlmsghdr *nlh)
{
	const struct nlmsghdr *answer = (const void *)buf;
	ssize_t n;

	if (send(fd, nlh, nlh->nlmsg_len, 0) < 0) {
		perror("oracle: nflog: send");
		exit(2);
	}
	n = recv(fd, buf, CONFIG_SIZE, 0);
	if (n < (ssize_t)sizeof(*nlh) || answer->nlmsg_type != NLMSG_ERROR ||
	    *(const int *)mnl_nlmsg_get_payload(answer)) {
		fprintf(stderr, "oracle: nflog: the kernel refused to be listened to (%s)\n",
			n < 0 ? strerror(errno) : strerror(-*(const int *)mnl_nlmsg_get_payload(answer)));
		exit(2);
	}
}

static struct nlmsghdr *config_begin(uint8_t *buf, unsigned int group)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons((uint16_t)group);
	return nlh;
}

static int log_open(void)
{
	struct nfulnl_msg_config_mode mode = { .copy_mode = NFULNL_COPY_PACKET };
	struct nfulnl_msg_config_cmd cmd = { .command = NFULNL_CFG_CMD_BIND };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int size = 16 << 20;
	uint8_t buf[CONFIG_SIZE];
	struct nlmsghdr *nlh;

	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0) {
		perror("oracle: nflog: socket");
		exit(2);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	nlh = config_begin(buf, GROUP);
	mnl_attr_put(nlh, NFULA_CFG_CMD, sizeof(cmd), &cmd);
	config_send(fd, buf, nlh);

	nlh = config_begin(buf, GROUP);
	mode.copy_range = htonl(0xffff);
	mnl_attr_put(nlh, NFULA_CFG_MODE, sizeof(mode), &mode);
	/* Each message at once, in a buffer no larger than it needs. */
	mnl_attr_put_u32(nlh, NFULA_CFG_QTHRESH, htonl(1));
	mnl_attr_put_u32(nlh, NFULA_CFG_NLBUFSIZ, htonl(256));
	config_send(fd, buf, nlh);
	return fd;
}

static bool probe_send(const struct observer *o)
{
	/* From 0.0.0.0 to 0.0.0.0, with its checksum. */
	static const uint8_t header[20] = {
		0x45, 0, 0, 20, PROBE_ID >> 8, PROBE_ID & 0xff, 0, 0, 64, PROBE_PROTOCOL, 0x2b, 0xa8,
	};
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = LO_INDEX, .sll_halen = ETH_ALEN,
	};

	return sendto(o->lo, header, sizeof(header), 0, (const void *)&to, sizeof(to)) ==
	       (ssize_t)sizeof(header);
}

void observer_open(struct observer *o)
{
	o->log = log_open();
	/* Protocol 0: it only sends. */
	o->lo = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (o->lo < 0) {
		perror("oracle: packet socket");
		exit(2);
	}
}

void observer_close(struct observer *o)
{
	close(o->log);
	close(o->lo);
}

/* One message's attributes. */
struct message {
	const char *prefix;
	uint32_t iif, oif, mark;
	const uint8_t *bytes;
	size_t len;
};

static int message_attr(const struct nlattr *attr, void *data)
{
	struct message *m = data;

	switch (mnl_attr_get_type(attr)) {
	case NFULA_PREFIX:
		m->prefix = mnl_attr_get_str(attr);
		break;
	case NFULA_IFINDEX_INDEV:
		m->iif = ntohl(mnl_attr_get_u32(attr));
		break;
	case NFULA_IFINDEX_OUTDEV:
		m->oif = ntohl(mnl_attr_get_u32(attr));
		break;
	case NFULA_MARK:
		m->mark = ntohl(mnl_attr_get_u32(attr));
		break;
	case NFULA_PAYLOAD:
		m->bytes = mnl_attr_get_payload(attr);
		m->len = mnl_attr_get_payload_len(attr);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/* Facts of the packet whose own message is still to come. */
static void facts_clear(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	s->ct_direction = -1;
}

static int message_add(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct seen_log *log = data;
	struct message m = { .prefix = "" };
	struct seen *s;
	unsigned int n;
	char kind;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(*nfg), message_attr, &m);
	if (sscanf(m.prefix, "%c%u", &kind, &n) != 2 || log->n == SEEN_MAX) {
		fprintf(stderr, "oracle: a log message \"%s\", or too many\n", m.prefix);
		return MNL_CB_ERROR;
	}
	/* The next one's facts are gathered in its own place. */
	s = &log->v[log->n];
	log->messages++;
	switch (kind) {
	case PROBE:
		log->probes++;
		break;
	case 'p':
		s->pkttype = n;
		break;
	case 's':
		s->ct_state |= n;
		break;
	case 'd':
		s->ct_direction = (int)n;
		break;
	case 'm':
		s->ct_mark |= 1u << n;
		break;
	case SEEN_BEFORE:
	case SEEN_AFTER:
	case SEEN_ENTRY:
		if (log->used + m.len > BUF_SIZE) {
			fprintf(stderr, "oracle: too much was logged\n");
			return MNL_CB_ERROR;
		}
		s->kind = (enum seen_kind)kind;
		s->place = n;
		s->is6 = nfg->nfgen_family == NFPROTO_IPV6;
		s->iif = m.iif;
		s->oif = m.oif;
		s->mark = m.mark;
		s->len = m.len;
		s->bytes = memcpy(log->buf + log->used, m.bytes, m.len);
		log->used += m.len;
		log->n++;
		if (log->n < SEEN_MAX)
			facts_clear(&log->v[log->n]);
		break;
	default:
		fprintf(stderr, "oracle: a log message \"%s\"\n", m.prefix);
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/* What is there now. */
static bool read_now(const struct observer *o, struct seen_log *log)
{
	static uint8_t buf[1 << 17];
	ssize_t n;

	while ((n = recv(o->log, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		if (mnl_cb_run(buf, (size_t)n, 0, 0, message_add, log) < 0)
			return false;
	}
	if (n < 0 && errno != EAGAIN) {
		fprintf(stderr, "oracle: nflog: %s\n", strerror(errno));
		return false;
	}
	return true;
}

/* Until a probe has come round. */
static bool read_to_probe(const struct observer *o, struct seen_log *log)
{
	struct pollfd wait = { .fd = o->log, .events = POLLIN };

	log->probes = 0;
	if (!probe_send(o)) {
		fprintf(stderr, "oracle: probe: %s\n", strerror(errno));
		return false;
	}
	while (read_now(o, log)) {
		if (log->probes)
			return true;
		if (poll(&wait, 1, SETTLE_MS) <= 0) {
			fprintf(stderr, "oracle: nothing is received at lo for %d s\n",
				SETTLE_MS / 1000);
			return false;
		}
	}
	return false;
}

bool observer_read(const struct observer *o, struct seen_log *log)
{
	if (!log->buf)
		log->buf = malloc(BUF_SIZE);
	if (!log->buf)
		return false;
	log->n = log->used = 0;
	facts_clear(&log->v[0]);
	if (!read_now(o, log))
		return false;
	/* What is received before a probe may send an answer behind it. */
	do {
		log->messages = 0;
		if (!read_to_probe(o, log))
			return false;
	} while (log->messages > log->probes);
	return true;
}
