/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nl: what the test tools share: the module's netlink family spoken without
 * the project's own library (daemon/genl.c is under test, too), entering a
 * namespace by name, and the clock. Every tool is one process, so a failure here
 * ends it.
 */
#ifndef NSF_TEST_NL_H
#define NSF_TEST_NL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "uapi/nsfence.h"

static inline int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

#define NL_BUF 32768

struct nl {
	struct mnl_socket *sock;
	uint32_t seq;
	uint16_t family;	/* 0: there is none here */
	uint32_t group;		/* number of `lifecycle`, 0: none */
	uint32_t packets;	/* number of `packets` */
};

struct nl_answer {
	int err;		/* positive errno, 0: accepted */
	unsigned int messages;	/* answers other than the acknowledgement */
	uint64_t instance;	/* of the last answer that carries one */
	uint32_t namespaces, attachments;
	char extack[256];
};

__attribute__((noreturn, format(printf, 1, 2), unused))
static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(99);
}

/* "ok" for 0, else the name of the errno. */
__attribute__((unused))
static const char *errno_name(int err)
{
	const char *name = err ? strerrorname_np(err) : "ok";

	return name ? name : "E?";
}

__attribute__((unused))
static void enter_netns(const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("cannot enter %s: %s", path, strerror(errno));
	close(fd);
}

__attribute__((unused))
static uint32_t fd_inode(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat: %s", strerror(errno));
	return (uint32_t)st.st_ino;
}

__attribute__((unused))
static void nl_open(struct nl *nl)
{
	struct timeval limit = { .tv_sec = 60 };
	int on = 1;

	memset(nl, 0, sizeof(*nl));
	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		die("generic netlink socket: %s", strerror(errno));
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* Begins a request in @buf (NL_BUF long). */
__attribute__((unused))
static struct nlmsghdr *nl_request(struct nl *nl, char *buf, uint16_t family,
				   uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = NSFENCE_FAMILY_VERSION;
	return nlh;
}

static void take_extack(const struct nlmsghdr *nlh, struct nl_answer *a)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	unsigned int offset = sizeof(*err);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += err->msg.nlmsg_len - sizeof(struct nlmsghdr);
	mnl_attr_for_each(attr, nlh, MNL_ALIGN(offset))
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(a->extack, sizeof(a->extack), "%.*s",
				 (int)mnl_attr_get_payload_len(attr), mnl_attr_get_str(attr));
}

/* The end of a dump that was refused carries its message behind the errno. */
static void take_done_extack(const struct nlmsghdr *nlh, struct nl_answer *a)
{
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, nlh, sizeof(int))
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(a->extack, sizeof(a->extack), "%.*s",
				 (int)mnl_attr_get_payload_len(attr), mnl_attr_get_str(attr));
}

static void take_attrs(const struct nlmsghdr *nlh, struct nl_answer *a)
{
	const struct nlattr *attr;

	a->messages++;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NSFENCE_A_INSTANCE:
			a->instance = mnl_attr_get_u64(attr);
			break;
		case NSFENCE_A_NAMESPACES:
			a->namespaces = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_ATTACHMENTS:
			a->attachments = mnl_attr_get_u32(attr);
			break;
		}
	}
}

/*
 * Sends @nlh and takes all that answers it, up to the acknowledgement, the end
 * of the dump or the refusal. Returns the errno, as a->err.
 */
__attribute__((unused))
static int nl_talk(struct nl *nl, const struct nlmsghdr *nlh, struct nl_answer *a,
		   void (*cb)(const struct nlmsghdr *answer, void *data), void *data)
{
	static char buf[NL_BUF];
	bool dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

	memset(a, 0, sizeof(*a));
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return a->err = errno;
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
		const struct nlmsghdr *in = (const struct nlmsghdr *)buf;
		int len = (int)got;

		if (got < 0)
			return a->err = errno;
		for (; mnl_nlmsg_ok(in, len); in = mnl_nlmsg_next(in, &len)) {
			if (in->nlmsg_seq != nlh->nlmsg_seq)
				continue;
			if (in->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *err = mnl_nlmsg_get_payload(in);

				take_extack(in, a);
				a->err = -err->error;
				if (a->err || !dump)
					return a->err;
			} else if (in->nlmsg_type == NLMSG_DONE) {
				take_done_extack(in, a);
				if (mnl_nlmsg_get_payload_len(in) >= sizeof(int))
					a->err = -*(const int *)mnl_nlmsg_get_payload(in);
				return a->err;
			} else if (cb) {
				cb(in, data);
			} else {
				take_attrs(in, a);
			}
		}
	}
}

static void take_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr, *group, *field;
	struct nl *nl = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			nl->family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr) {
			const char *name = "";
			uint32_t id = 0;

			mnl_attr_for_each_nested(field, group) {
				if (mnl_attr_get_type(field) == CTRL_ATTR_MCAST_GRP_ID)
					id = mnl_attr_get_u32(field);
				if (mnl_attr_get_type(field) == CTRL_ATTR_MCAST_GRP_NAME)
					name = mnl_attr_get_str(field);
			}
			if (!strcmp(name, NSFENCE_MCGRP_LIFECYCLE))
				nl->group = id;
			if (!strcmp(name, NSFENCE_MCGRP_PACKETS))
				nl->packets = id;
		}
	}
}

/* Looks the family up in the socket's namespace; returns the errno. */
__attribute__((unused))
static int nl_lookup(struct nl *nl)
{
	static char buf[NL_BUF];
	struct nlmsghdr *nlh = nl_request(nl, buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	struct nl_answer a;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, NSFENCE_FAMILY_NAME);
	return nl_talk(nl, nlh, &a, take_family, nl);
}

/* Fences the namespace of @fd with @policy; returns the errno. */
__attribute__((unused))
static int nl_attach(struct nl *nl, int fd, const char *policy, uint32_t flags,
		     struct nl_answer *a)
{
	static char buf[NL_BUF];
	struct nlmsghdr *nlh = nl_request(nl, buf, nl->family, NSFENCE_CMD_ATTACH, 0);

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, fd_inode(fd));
	mnl_attr_put_u32(nlh, NSFENCE_A_FD, (uint32_t)fd);
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, policy);
	mnl_attr_put_u32(nlh, NSFENCE_A_FLAGS, flags);
	return nl_talk(nl, nlh, a, NULL, NULL);
}

#endif /* NSF_TEST_NL_H */
