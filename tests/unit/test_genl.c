// links: genl.c genl_birth.c genl_policy.c genl_event.c genl_sock.c genl_attr.c genl_parse.c genl_parse_policy.c genl_names.c err.c
// ldflags: -Wl,--wrap=mnl_socket_open2,--wrap=mnl_socket_get_portid,--wrap=mnl_socket_sendto,--wrap=mnl_socket_setsockopt,--wrap=recvmsg,--wrap=poll
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests against a kernel of our own: each request meets the next step of
 * the test's script, which checks what was sent and queues the datagrams (or
 * errors) that recvmsg() then returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "genl.h"
#include "uapi/nsfence.h"

#define FAMILY	30
#define GROUP	9
#define PACKETS	10
#define PORT	4711

struct datagram {
	int error;		/* errno instead of a datagram */
	uint32_t from;		/* port of the sender */
	int flags;		/* MSG_TRUNC */
	size_t len;
	_Alignas(8) uint8_t bytes[4096];
};

typedef void answer_fn(const struct nlmsghdr *request);

static struct {
	struct datagram v[16];
	size_t head, tail;
} queue;

static struct {
	answer_fn *v[64];
	size_t n, at;
} script;

static _Alignas(8) uint8_t last_request[1024];
static unsigned int opened, joined, joined_before;
static bool no_packets;		/* the module offers no such group */

struct mnl_socket *__real_mnl_socket_open2(int bus, int flags);
struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags);
unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
	opened++;
	/* What was under way dies with the old socket. */
	queue.head = queue.tail = 0;
	return __real_mnl_socket_open2(bus, flags);
}

unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return PORT;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;

	(void)nl;
	assert_true(len <= sizeof(last_request));
	assert_int_equal(len, nlh->nlmsg_len);
	memcpy(last_request, buf, len);
	if (script.at == script.n)
		fail_msg("an unexpected request");
	script.v[script.at++]((const void *)last_request);
	return (ssize_t)len;
}

int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)len;
	if (type == NETLINK_ADD_MEMBERSHIP)
		joined_before = joined, joined = *(uint32_t *)buf;
	return 0;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl *from = msg->msg_name;
	struct datagram *d = &queue.v[queue.head];

	(void)fd;
	assert_true(flags & MSG_DONTWAIT);
	if (queue.head == queue.tail) {
		errno = EAGAIN;
		return -1;
	}
	queue.head++;
	if (d->error) {
		errno = d->error;
		return -1;
	}
	assert_true(msg->msg_iov->iov_len >= d->len);
	memcpy(msg->msg_iov->iov_base, d->bytes, d->len);
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	from->nl_pid = d->from;
	msg->msg_namelen = sizeof(*from);
	msg->msg_flags = d->flags;
	return (ssize_t)d->len;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	assert_int_equal(n, 1);
	assert_true(timeout > 0 && timeout <= GENL_TIMEOUT_MS);
	fds->revents = POLLIN;
	return queue.head != queue.tail;
}

/* ---- what the kernel says ---- */

static struct datagram *queue_new(void)
{
	struct datagram *d = &queue.v[queue.tail++];

	assert_true(queue.tail <= sizeof(queue.v) / sizeof(queue.v[0]));
	memset(d, 0, sizeof(*d));
	return d;
}

static void queue_error(int error)
{
	queue_new()->error = error;
}

/* Begins a message at the end of the newest datagram. */
static struct nlmsghdr *message(uint16_t type, uint16_t flags, uint32_t seq)
{
	struct datagram *d = &queue.v[queue.tail - 1];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(d->bytes + d->len);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	nlh->nlmsg_pid = PORT;
	return nlh;
}

static void end(const struct nlmsghdr *nlh)
{
	queue.v[queue.tail - 1].len += NLMSG_ALIGN(nlh->nlmsg_len);
}

static struct nlmsghdr *genl_message(const struct nlmsghdr *to, uint16_t flags, uint8_t cmd)
{
	struct nlmsghdr *nlh = message(to ? to->nlmsg_type : FAMILY, flags, to ? to->nlmsg_seq : 0);
	struct genlmsghdr *hdr = mnl_nlmsg_put_extra_header(nlh, sizeof(*hdr));

	if (!to)
		nlh->nlmsg_pid = 0;
	hdr->cmd = cmd;
	return nlh;
}

static void ack(const struct nlmsghdr *to, int error, const char *text, uint32_t offset)
{
	struct nlmsghdr *nlh = message(NLMSG_ERROR, 0x100 | 0x200, to->nlmsg_seq);
	int32_t *code = mnl_nlmsg_put_extra_header(nlh, sizeof(*code));

	*code = -error;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(*to)), to, sizeof(*to));
	if (text)
		mnl_attr_put_strz(nlh, 1, text);
	if (offset)
		mnl_attr_put_u32(nlh, 2, offset);
	end(nlh);
}

static void done(const struct nlmsghdr *to, uint16_t flags, int error)
{
	struct nlmsghdr *nlh = message(NLMSG_DONE, NLM_F_MULTI | flags, to->nlmsg_seq);
	int32_t *code = mnl_nlmsg_put_extra_header(nlh, sizeof(*code));

	*code = -error;
	end(nlh);
}

static void netns(const struct nlmsghdr *to, uint16_t flags, uint8_t cmd, uint32_t inode)
{
	struct nlmsghdr *nlh = genl_message(to, flags, cmd);

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, inode);
	end(nlh);
}

static uint8_t cmd_of(const struct nlmsghdr *nlh)
{
	return ((const struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->cmd;
}

/* ---- steps of scripts ---- */

static void family_found(const struct nlmsghdr *request)
{
	struct nlattr *groups, *one;
	struct nlmsghdr *nlh;

	assert_int_equal(request->nlmsg_type, GENL_ID_CTRL);
	queue_new();
	nlh = genl_message(request, 0, CTRL_CMD_NEWFAMILY);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	one = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, "lifecycle");
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, GROUP);
	mnl_attr_nest_end(nlh, one);
	if (!no_packets) {
		one = mnl_attr_nest_start(nlh, 2);
		mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, PACKETS);
		mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, "packets");
		mnl_attr_nest_end(nlh, one);
	}
	mnl_attr_nest_end(nlh, groups);
	end(nlh);
	queue_new();
	ack(request, 0, NULL, 0);
}

static void family_missing(const struct nlmsghdr *request)
{
	queue_new();
	ack(request, ENOENT, NULL, 0);
}

static void version_of(const struct nlmsghdr *request, uint32_t abi)
{
	struct nlmsghdr *nlh;

	assert_int_equal(request->nlmsg_type, FAMILY);
	assert_int_equal(cmd_of(request), NSFENCE_CMD_VERSION_GET);
	queue_new();
	nlh = genl_message(request, 0, NSFENCE_CMD_VERSION_GET);
	mnl_attr_put_strz(nlh, NSFENCE_A_MODULE_VERSION, "0.9");
	mnl_attr_put_u32(nlh, NSFENCE_A_ABI, abi);
	end(nlh);
	ack(request, 0, NULL, 0);
}

static void version_good(const struct nlmsghdr *request)
{
	version_of(request, GENL_ABI);
}

static void version_newer(const struct nlmsghdr *request)
{
	version_of(request, GENL_ABI + 1);
}

static void refuse(const struct nlmsghdr *request, int error)
{
	queue_new();
	ack(request, error, NULL, 0);
}

static void refuse_eperm(const struct nlmsghdr *request)
{
	refuse(request, EPERM);
}

static void refuse_enxio(const struct nlmsghdr *request)
{
	refuse(request, ENXIO);
}

static void refuse_enoent(const struct nlmsghdr *request)
{
	refuse(request, ENOENT);
}

static void refuse_policy(const struct nlmsghdr *request)
{
	const struct nlattr *attr;

	queue_new();
	mnl_attr_for_each(attr, request, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == NSFENCE_A_POLICY)
			ack(request, ENOENT, "there is none of this name",
			    (uint32_t)((const uint8_t *)attr - (const uint8_t *)request));
}

static void attach_good(const struct nlmsghdr *request)
{
	struct nlmsghdr *nlh;

	queue_new();
	nlh = genl_message(request, 0, NSFENCE_CMD_ATTACH);
	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 77);
	mnl_attr_put_u64(nlh, NSFENCE_A_INSTANCE, 42);
	end(nlh);
	queue_new();
	ack(request, 0, NULL, 0);
}

static void detached_all(const struct nlmsghdr *request)
{
	struct nlmsghdr *nlh;

	assert_int_equal(cmd_of(request), NSFENCE_CMD_DETACH_ALL);
	queue_new();
	nlh = genl_message(request, 0, NSFENCE_CMD_DETACH_ALL);
	mnl_attr_put_u32(nlh, NSFENCE_A_COUNT, 3);
	end(nlh);
	ack(request, 0, NULL, 0);
}

static void birth_quarantine(const struct nlmsghdr *request)
{
	struct nlmsghdr *nlh;

	queue_new();
	nlh = genl_message(request, 0, cmd_of(request));
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "quarantine");
	mnl_attr_put_u64(nlh, NSFENCE_A_REFUSED, 2);
	end(nlh);
	queue_new();
	ack(request, 0, NULL, 0);
}

static void birth_none(const struct nlmsghdr *request)
{
	struct nlmsghdr *nlh;

	queue_new();
	nlh = genl_message(request, 0, cmd_of(request));
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "none");
	end(nlh);
	ack(request, 0, NULL, 0);
}

static void acknowledged(const struct nlmsghdr *request)
{
	refuse(request, 0);
}

static void dump_good(const struct nlmsghdr *request)
{
	assert_int_equal(request->nlmsg_flags & NLM_F_DUMP, NLM_F_DUMP);
	queue_new();
	netns(request, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET, 30);
	netns(request, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET, 10);
	queue_new();
	netns(request, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET, 20);
	done(request, 0, 0);
}

static void dump_interrupted(const struct nlmsghdr *request)
{
	queue_new();
	netns(request, NLM_F_MULTI | NLM_F_DUMP_INTR, NSFENCE_CMD_NETNS_GET, 30);
	done(request, 0, 0);
}

/* A message of another namespace, and one of the initial, in one dump. */
static void dump_whole_interrupted(const struct nlmsghdr *request)
{
	struct nlmsghdr *nlh;

	queue_new();
	netns(request, NLM_F_MULTI | NLM_F_DUMP_INTR, NSFENCE_CMD_NETNS_GET, 30);
	nlh = genl_message(request, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET);
	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, 10);
	mnl_attr_put_u32(nlh, NSFENCE_A_FLAGS, NSFENCE_F_INITIAL);
	end(nlh);
	done(request, 0, 0);
}

static void dump_interrupted_late(const struct nlmsghdr *request)
{
	queue_new();
	netns(request, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET, 30);
	done(request, NLM_F_DUMP_INTR, 0);
}

static void dump_lost(const struct nlmsghdr *request)
{
	queue_new();
	netns(request, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET, 30);
	queue_error(ENOBUFS);
}

static void dump_fails_in_the_end(const struct nlmsghdr *request)
{
	queue_new();
	netns(request, NLM_F_MULTI, NSFENCE_CMD_NETNS_GET, 30);
	done(request, 0, ENOMEM);
}

static void noise_then_netns(const struct nlmsghdr *request)
{
	struct nlmsghdr old = *request, foreign = *request;

	/* Another process sends a refusal with all numbers right. */
	queue_new()->from = 1234;
	ack(request, EPERM, "from a stranger", 0);
	/* What an earlier request left, and what belongs to another socket. */
	old.nlmsg_seq--;
	queue_new();
	ack(&old, EPERM, "too late", 0);
	queue_new();
	ack(&foreign, EPERM, "not ours", 0);
	((struct nlmsghdr *)queue.v[queue.tail - 1].bytes)->nlmsg_pid = PORT + 1;
	queue_error(EINTR);
	queue_new();
	netns(request, 0, NSFENCE_CMD_NETNS_GET, 77);
	ack(request, 0, NULL, 0);
}

static void truncated(const struct nlmsghdr *request)
{
	queue_new()->flags = MSG_TRUNC;
	netns(request, 0, NSFENCE_CMD_NETNS_GET, 77);
}

static void another_family(const struct nlmsghdr *request)
{
	struct nlmsghdr *nlh;

	queue_new();
	nlh = genl_message(request, 0, NSFENCE_CMD_NETNS_GET);
	nlh->nlmsg_type = FAMILY + 1;
	end(nlh);
}

static void silent(const struct nlmsghdr *request)
{
	(void)request;
}

/* ---- tests ---- */

static const struct genl_target target = { .inode = 77, .fd = -1 };

static struct genl *begin(size_t n, answer_fn *const *steps)
{
	struct genl *g;
	struct err e;

	queue.head = queue.tail = 0;
	script.n = script.at = 0;
	script.v[script.n++] = family_found;
	script.v[script.n++] = version_good;
	for (size_t i = 0; i < n; i++)
		script.v[script.n++] = steps[i];
	opened = 0;
	assert_int_equal(genl_open(&g, &e), 0);
	assert_int_equal(opened, 1);
	return g;
}

#define BEGIN(...) \
	begin(sizeof((answer_fn *[]){ __VA_ARGS__ }) / sizeof(answer_fn *), \
	      (answer_fn *[]){ __VA_ARGS__ })

static void finish(struct genl *g)
{
	assert_int_equal(script.at, script.n);
	genl_close(g);
}

static void open_fails(answer_fn *first, answer_fn *second, int ret, enum exit_code code,
		       const char *text)
{
	struct genl *g = (void *)1;
	struct err e;

	queue.head = queue.tail = script.at = 0;
	script.n = second ? 2 : 1;
	script.v[0] = first;
	script.v[1] = second;
	assert_int_equal(genl_open(&g, &e), ret);
	assert_null(g);
	assert_int_equal(e.exit, code);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" does not say \"%s\"", e.text, text);
}

static void test_open(void **state)
{
	(void)state;
	open_fails(family_missing, NULL, -ENOENT, EXIT_UNREACHABLE, "modprobe nsfence");
	open_fails(family_found, version_newer, -EPROTO, EXIT_UNREACHABLE,
		   "update this program");
	open_fails(family_found, refuse_eperm, -EPERM, EXIT_REFUSED, "CAP_NET_ADMIN");
	open_fails(silent, NULL, -ETIMEDOUT, EXIT_UNREACHABLE, "30 seconds");
	finish(begin(0, NULL));
}

static void test_probe_takes_any_abi(void **state)
{
	struct genl_version v;
	struct err e;

	(void)state;
	queue.head = queue.tail = script.at = 0;
	script.n = 2;
	script.v[0] = family_found;
	script.v[1] = version_newer;
	assert_int_equal(genl_version_probe(&v, &e), 0);
	assert_int_equal(v.abi, GENL_ABI + 1);
	assert_string_equal(v.module, "0.9");
}

/* With a module of another version this is the way to be rid of it. */
static void test_detach_all_with_any_abi(void **state)
{
	uint32_t count = 0;
	struct genl *g;
	struct err e;

	(void)state;
	queue.head = queue.tail = script.at = 0;
	script.n = 2;
	script.v[0] = family_found;
	script.v[1] = detached_all;
	assert_int_equal(genl_open_any(&g, &e), 0);
	assert_int_equal(genl_detach_all(g, &count, &e), 0);
	assert_int_equal(count, 3);
	finish(g);
}

static void test_attach_request(void **state)
{
	const struct genl_target t = {
		.inode = 77, .has_cookie = true, .cookie = 1ull << 40, .fd = 5, .instance = 99,
	};
	const struct genl_fence f = {
		.policy = "drop", .mode = GENL_MODE_AUDIT, .hooks = 1 << GENL_HOOK_INPUT,
		.flags = GENL_F_MANUAL | GENL_F_REPLACE, .source = "web.conf:3",
	};
	struct genl *g = BEGIN(attach_good);
	const struct nlattr *attr;
	uint64_t instance = 0;
	uint32_t seen = 0;

	(void)state;
	assert_int_equal(genl_attach(g, &t, &f, &instance, NULL), 0);
	assert_int_equal(instance, 42);
	mnl_attr_for_each(attr, (const struct nlmsghdr *)last_request, GENL_HDRLEN) {
		seen |= 1u << mnl_attr_get_type(attr);
		switch (mnl_attr_get_type(attr)) {
		case NSFENCE_A_INODE:
			assert_int_equal(mnl_attr_get_u32(attr), 77);
			break;
		case NSFENCE_A_COOKIE:
			assert_int_equal(mnl_attr_get_u64(attr), 1ull << 40);
			break;
		case NSFENCE_A_INSTANCE:
			assert_int_equal(mnl_attr_get_u64(attr), 99);
			break;
		case NSFENCE_A_FD:
			assert_int_equal(mnl_attr_get_u32(attr), 5);
			break;
		case NSFENCE_A_POLICY:
			assert_string_equal(mnl_attr_get_str(attr), "drop");
			break;
		case NSFENCE_A_MODE:
			assert_int_equal(mnl_attr_get_u32(attr), NSFENCE_MODE_AUDIT);
			break;
		case NSFENCE_A_HOOKS:
			assert_int_equal(mnl_attr_get_u32(attr), 1 << NSFENCE_HOOK_INPUT);
			break;
		case NSFENCE_A_FLAGS:
			assert_int_equal(mnl_attr_get_u32(attr),
					 NSFENCE_F_MANUAL | NSFENCE_F_REPLACE);
			break;
		case NSFENCE_A_SOURCE:
			assert_string_equal(mnl_attr_get_str(attr), "web.conf:3");
			break;
		default:
			fail_msg("attribute %u", mnl_attr_get_type(attr));
		}
	}
	assert_int_equal(__builtin_popcount(seen), 9);
	finish(g);
}

static void test_attach_leaves_out(void **state)
{
	const struct genl_fence f = { .policy = "drop" };
	struct genl *g = BEGIN(attach_good);
	const struct nlattr *attr;
	uint32_t seen = 0;

	(void)state;
	assert_int_equal(genl_attach(g, &target, &f, NULL, NULL), 0);
	mnl_attr_for_each(attr, (const struct nlmsghdr *)last_request, GENL_HDRLEN)
		seen |= 1u << mnl_attr_get_type(attr);
	assert_int_equal(seen, 1u << NSFENCE_A_INODE | 1u << NSFENCE_A_POLICY | 1u << NSFENCE_A_MODE);
	finish(g);
}

static void test_attach_bad_strings(void **state)
{
	struct genl_fence f = { .policy = "" };
	struct genl *g = begin(0, NULL);
	char text[200];
	struct err e;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[GENL_MAX_NAME + 1] = '\0';
	assert_int_equal(genl_attach(g, &target, &f, NULL, &e), -EINVAL);
	f.policy = text;
	assert_int_equal(genl_attach(g, &target, &f, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "63"));
	text[GENL_MAX_NAME + 1] = 'x';
	text[GENL_MAX_SOURCE + 1] = '\0';
	f.policy = "drop";
	f.source = text;
	assert_int_equal(genl_attach(g, &target, &f, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "127"));
	finish(g);
}

/* The attributes of the last request, by type; the numbers of those that have one. */
static uint64_t sent(const char **policy, uint32_t *mode, uint32_t *hooks, uint32_t *flags)
{
	const struct nlattr *attr;
	uint64_t seen = 0;

	mnl_attr_for_each(attr, (const struct nlmsghdr *)last_request, GENL_HDRLEN) {
		seen |= UINT64_C(1) << mnl_attr_get_type(attr);
		switch (mnl_attr_get_type(attr)) {
		case NSFENCE_A_POLICY:
			*policy = mnl_attr_get_str(attr);
			break;
		case NSFENCE_A_MODE:
			*mode = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_HOOKS:
			*hooks = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_FLAGS:
			*flags = mnl_attr_get_u32(attr);
			break;
		}
	}
	return seen;
}

static void test_birth(void **state)
{
	/* What a section says as well; births always inherit, and have a source. */
	struct genl_fence f = {
		.policy = "quarantine", .mode = GENL_MODE_AUDIT, .hooks = 1 << GENL_HOOK_OUTPUT,
		.flags = GENL_F_STRICT | GENL_F_FORWARD_ACCEPT | GENL_F_INHERIT | GENL_F_MANUAL,
		.source = "nsfence.conf:2",
	};
	struct genl *g = BEGIN(birth_quarantine, birth_none, birth_quarantine, refuse_policy,
			       birth_quarantine, acknowledged);
	const uint64_t policy_mode = UINT64_C(1) << NSFENCE_A_POLICY |
		UINT64_C(1) << NSFENCE_A_MODE;
	const char *policy = NULL;
	uint32_t mode = 0, hooks = 0, flags = 0;
	struct genl_birth b;
	struct err e;

	(void)state;
	assert_int_equal(genl_birth_set(g, &f, &e), 0);
	assert_int_equal(cmd_of((const void *)last_request), NSFENCE_CMD_BIRTH_SET);
	assert_int_equal(sent(&policy, &mode, &hooks, &flags), policy_mode |
			 UINT64_C(1) << NSFENCE_A_HOOKS | UINT64_C(1) << NSFENCE_A_FLAGS);
	assert_string_equal(policy, "quarantine");
	assert_int_equal(mode, NSFENCE_MODE_AUDIT);
	assert_int_equal(hooks, 1 << NSFENCE_HOOK_OUTPUT);
	assert_int_equal(flags, NSFENCE_F_STRICT | NSFENCE_F_FORWARD_ACCEPT);
	/* None is none, whatever else is said. */
	f.policy = GENL_BIRTH_NONE;
	assert_int_equal(genl_birth_set(g, &f, &e), 0);
	assert_int_equal(sent(&policy, &mode, &hooks, &flags), UINT64_C(1) << NSFENCE_A_POLICY);
	f = (struct genl_fence){ .policy = "drop" };
	assert_int_equal(genl_birth_set(g, &f, &e), -EPROTO);	/* another than asked for */
	assert_int_equal(sent(&policy, &mode, &hooks, &flags), policy_mode);
	assert_int_equal(genl_birth_set(g, &f, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	f.policy = "";
	assert_int_equal(genl_birth_set(g, &f, &e), -EINVAL);

	assert_int_equal(genl_birth_get(g, &b, &e), 0);
	assert_int_equal(cmd_of((const void *)last_request), NSFENCE_CMD_BIRTH_GET);
	assert_string_equal(b.policy, "quarantine");
	assert_int_equal(b.refused, 2);
	assert_int_equal(genl_birth_get(g, &b, &e), -EPROTO);	/* no answer */
	finish(g);
}

static void test_refusals(void **state)
{
	const struct genl_fence f = { .policy = "nosuch" };
	struct genl *g = BEGIN(refuse_policy, refuse_enxio, refuse_eperm, acknowledged);
	struct err e;

	(void)state;
	assert_int_equal(genl_attach(g, &target, &f, NULL, &e), -ENOENT);
	assert_string_equal(e.text, "there is none of this name (attribute policy)");
	assert_int_equal(e.exit, EXIT_REFUSED);
	assert_int_equal(e.errnum, ENOENT);
	assert_int_equal(genl_detach(g, &target, true, &e), -ENXIO);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_non_null(strstr(e.text, "77"));
	assert_int_equal(genl_detach_all(g, NULL, &e), -EPERM);
	assert_int_equal(e.exit, EXIT_REFUSED);
	/* A refusal is a proper end: the socket was good for all of them. */
	assert_int_equal(genl_detach(g, &target, false, &e), 0);
	assert_int_equal(opened, 1);
	finish(g);
}

static void test_detach_without_fence(void **state)
{
	/* The family is looked up again, and still there. */
	struct genl *g = BEGIN(refuse_enoent, family_found);
	struct err e;

	(void)state;
	assert_int_equal(genl_detach(g, &target, false, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_non_null(strstr(e.text, "not fenced"));
	finish(g);
}

static void test_module_went_away(void **state)
{
	struct genl *g = BEGIN(refuse_enoent, family_missing);
	struct err e;

	(void)state;
	assert_int_equal(genl_detach(g, &target, false, &e), -ENOTCONN);
	assert_int_equal(e.exit, EXIT_UNREACHABLE);
	finish(g);
}

static void test_dump(void **state)
{
	struct genl *g = BEGIN(dump_interrupted, dump_interrupted_late, dump_lost, dump_good);
	struct genl_netns *v;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(genl_netns_dump(g, &v, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_int_equal(v[0].inode, 10);
	assert_int_equal(v[1].inode, 20);
	assert_int_equal(v[2].inode, 30);
	/* What was lost in the third must not meet the fourth. */
	assert_int_equal(opened, 2);
	free(v);
	finish(g);
}

static void test_dump_gives_up(void **state)
{
	answer_fn *steps[10];
	struct genl_netns *v;
	struct genl *g;
	struct err e;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 10; i++)
		steps[i] = dump_interrupted;
	g = begin(10, steps);
	assert_int_equal(genl_netns_dump(g, &v, &n, &e), -EAGAIN);
	assert_null(v);
	assert_int_equal(n, 0);
	assert_non_null(strstr(e.text, "10 times"));
	finish(g);
}

/* Names that come and go all the time must not keep all others unfenced. */
static void test_dump_takes_the_last(void **state)
{
	answer_fn *steps[10];
	struct genl_netns *v;
	struct genl *g;
	struct err e;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 10; i++)
		steps[i] = dump_whole_interrupted;
	g = begin(10, steps);
	assert_int_equal(genl_netns_dump(g, &v, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(v[0].inode, 10);
	free(v);
	finish(g);
}

static void test_dump_error(void **state)
{
	struct genl *g = BEGIN(dump_fails_in_the_end);
	struct genl_netns *v;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(genl_netns_dump(g, &v, &n, &e), -ENOMEM);
	assert_null(v);
	finish(g);
}

static void test_noise(void **state)
{
	struct genl *g = BEGIN(noise_then_netns);
	struct genl_netns n;
	struct err e;

	(void)state;
	assert_int_equal(genl_netns_get(g, &target, &n, &e), 0);
	assert_int_equal(n.inode, 77);
	finish(g);
}

static void test_broken_transport(void **state)
{
	struct genl *g = BEGIN(truncated, another_family, silent, acknowledged, noise_then_netns);
	struct genl_netns n;
	struct err e;

	(void)state;
	assert_int_equal(genl_netns_get(g, &target, &n, &e), -EMSGSIZE);
	assert_int_equal(genl_netns_get(g, &target, &n, &e), -EPROTO);
	assert_int_equal(genl_netns_get(g, &target, &n, &e), -ETIMEDOUT);
	assert_int_equal(e.exit, EXIT_UNREACHABLE);
	/* Acknowledged, and not a word about the namespace. */
	assert_int_equal(genl_netns_get(g, &target, &n, &e), -EPROTO);
	assert_int_equal(opened, 4);
	assert_int_equal(genl_netns_get(g, &target, &n, &e), 0);
	finish(g);
}

struct seen {
	enum genl_event_type type[8];
	uint32_t inode[8];
	size_t n;
};

static void on_event(void *data, enum genl_event_type type, const struct genl_netns *n)
{
	struct seen *seen = data;

	seen->type[seen->n] = type;
	seen->inode[seen->n++] = n->inode;
}

static void test_events(void **state)
{
	struct genl *g = begin(0, NULL);
	struct seen seen = { .n = 0 };
	const struct genl_listener listener = { .lifecycle = on_event, .data = &seen };
	struct err e;

	(void)state;
	assert_int_equal(genl_subscribe(g, GENL_GROUP_LIFECYCLE, &e), 0);
	assert_int_equal(joined, GROUP);
	assert_int_equal(joined_before, GENL_ID_CTRL);
	queue.head = queue.tail = 0;
	assert_int_equal(genl_events(g, &listener, &e), 0);
	queue_new();
	netns(NULL, 0, NSFENCE_CMD_BORN, 1);
	netns(NULL, 0, NSFENCE_CMD_ATTACHED, 2);
	queue_new()->from = 1234;
	netns(NULL, 0, NSFENCE_CMD_DIED, 3);
	queue_new();
	netns(NULL, 0, 200, 4);
	queue_error(ENOBUFS);
	queue_new();
	netns(NULL, 0, NSFENCE_CMD_DIED, 5);
	assert_int_equal(genl_events(g, &listener, &e), -ENOBUFS);
	assert_int_equal(seen.n, 2);
	assert_int_equal(genl_events(g, &listener, &e), 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.type[0], GENL_EVENT_BORN);
	assert_int_equal(seen.type[1], GENL_EVENT_ATTACHED);
	assert_int_equal(seen.type[2], GENL_EVENT_DIED);
	assert_int_equal(seen.inode[2], 5);
	queue_new();
	netns(NULL, 0, NSFENCE_CMD_DIED, 0);
	assert_int_equal(genl_events(g, &listener, &e), -EPROTO);
	finish(g);
}

static void packet(uint32_t inode, uint64_t lost)
{
	struct nlmsghdr *nlh = genl_message(NULL, 0, NSFENCE_CMD_PACKET);
	struct nlattr *nest;

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, inode);
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "web");
	nest = mnl_attr_nest_start(nlh, NSFENCE_A_PACKET);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_REPORT, NSFENCE_REPORT_DROP);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_HOOK, NSFENCE_HOOK_INPUT);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_VERDICT, NSFENCE_VERDICT_DROP);
	mnl_attr_put_u32(nlh, NSFENCE_A_PACKET_FAMILY, AF_INET);
	mnl_attr_put_u64(nlh, NSFENCE_A_PACKET_LOST, lost);
	mnl_attr_nest_end(nlh, nest);
	end(nlh);
}

static void on_packet(void *data, const struct genl_packet *p)
{
	struct seen *seen = data;

	assert_string_equal(p->policy, "web");
	seen->type[seen->n] = (enum genl_event_type)p->lost;
	seen->inode[seen->n++] = p->inode;
}

static void test_packets(void **state)
{
	struct genl *g = begin(0, NULL);
	struct seen seen = { .n = 0 };
	struct genl_listener listener = { .packet = on_packet, .data = &seen };
	struct err e;

	(void)state;
	assert_int_equal(genl_subscribe(g, GENL_GROUP_PACKETS, &e), 0);
	assert_int_equal(joined, PACKETS);
	assert_int_equal(joined_before, GENL_ID_CTRL);
	assert_int_equal(genl_subscribe(g, GENL_GROUP_PACKETS | GENL_GROUP_LIFECYCLE, &e), 0);
	assert_int_equal(joined, PACKETS);
	assert_int_equal(joined_before, GROUP);
	queue.head = queue.tail = 0;
	queue_new();
	packet(7, 5);
	netns(NULL, 0, NSFENCE_CMD_BORN, 1);	/* nobody listens to that */
	packet(8, 6);
	queue_new()->from = 1234;
	packet(9, 7);
	assert_int_equal(genl_events(g, &listener, &e), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.inode[1], 8);
	assert_int_equal(seen.type[0], 5);
	/* And the other way round. */
	listener = (struct genl_listener){ .lifecycle = on_event, .data = &seen };
	queue_new();
	packet(7, 5);
	netns(NULL, 0, NSFENCE_CMD_BORN, 1);
	assert_int_equal(genl_events(g, &listener, &e), 0);
	assert_int_equal(seen.n, 3);
	queue_new();
	packet(0, 5);
	listener.packet = on_packet;
	assert_int_equal(genl_events(g, &listener, &e), -EPROTO);
	finish(g);
}

static void test_no_packets(void **state)
{
	struct genl *g;
	struct err e;

	(void)state;
	no_packets = true;
	g = begin(0, NULL);
	no_packets = false;
	joined = joined_before = 0;
	assert_int_equal(genl_subscribe(g, GENL_GROUP_PACKETS | GENL_GROUP_LIFECYCLE, &e),
			 -EOPNOTSUPP);
	assert_non_null(strstr(e.text, "\"packets\""));
	assert_int_equal(joined, 0);
	assert_int_equal(genl_subscribe(g, GENL_GROUP_LIFECYCLE, &e), 0);
	finish(g);
}

/* ---- policies ---- */

#define IMAGE	"the bytes of an image, all of them"

static const struct nlattr *attr_of(const struct nlmsghdr *request, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, request, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static void put_policy(const struct nlmsghdr *to, uint16_t flags, uint8_t cmd, const char *name)
{
	struct nlmsghdr *nlh = genl_message(to, flags, cmd);

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, name);
	mnl_attr_put_u64(nlh, NSFENCE_A_GENERATION, 3);
	mnl_attr_put_u64(nlh, NSFENCE_A_HASH, 0xfedcba9876543210);
	mnl_attr_put_u32(nlh, NSFENCE_A_RECORDS, 4);
	mnl_attr_put_u32(nlh, NSFENCE_A_BYTES, 5);
	mnl_attr_put_u32(nlh, NSFENCE_A_ATTACHMENTS, 6);
	end(nlh);
}

/* As the module looks at the descriptor: sealed, and all there. */
static void policy_set_good(const struct nlmsghdr *request)
{
	int fd, seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	char bytes[100] = "";
	struct stat st;

	assert_int_equal(cmd_of(request), NSFENCE_CMD_POLICY_SET);
	assert_string_equal(mnl_attr_get_str(attr_of(request, NSFENCE_A_POLICY)), "web");
	fd = (int)mnl_attr_get_u32(attr_of(request, NSFENCE_A_IMAGE));
	assert_int_equal(fcntl(fd, F_GET_SEALS), seals);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, sizeof(IMAGE));
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(IMAGE));
	assert_string_equal(bytes, IMAGE);
	queue_new();
	put_policy(request, 0, NSFENCE_CMD_POLICY_SET, "web");
	ack(request, 0, NULL, 0);
}

static void policy_set_bad(const struct nlmsghdr *request)
{
	queue_new();
	ack(request, EINVAL, "bad image: record: miss does not lead forward", 0);
}

static int open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_policy_set(void **state)
{
	struct genl *g = BEGIN(policy_set_good, policy_set_bad, acknowledged);
	struct genl_policy p = { .name = "" };
	int before = open_descriptors();
	char name[GENL_MAX_NAME + 2];
	struct err e;

	(void)state;
	assert_int_equal(genl_policy_set(g, "web", IMAGE, sizeof(IMAGE), &p, &e), 0);
	assert_string_equal(p.name, "web");
	assert_int_equal(p.generation, 3);
	assert_true(p.hash == 0xfedcba9876543210);
	assert_int_equal(p.records, 4);
	assert_int_equal(p.bytes, 5);
	assert_int_equal(p.attachments, 6);
	p.generation = 77;
	assert_int_equal(genl_policy_set(g, "web", IMAGE, sizeof(IMAGE), &p, &e), -EINVAL);
	assert_string_equal(e.text, "bad image: record: miss does not lead forward");
	assert_int_equal(e.exit, EXIT_REFUSED);
	assert_int_equal(p.generation, 77);
	/* Acknowledged, and not a word about the policy. */
	assert_int_equal(genl_policy_set(g, "web", IMAGE, sizeof(IMAGE), NULL, &e), -EPROTO);
	memset(name, 'x', sizeof(name));
	name[GENL_MAX_NAME + 1] = 0;
	assert_int_equal(genl_policy_set(g, name, IMAGE, sizeof(IMAGE), NULL, &e), -EINVAL);
	assert_int_equal(genl_policy_set(g, "", IMAGE, sizeof(IMAGE), NULL, &e), -EINVAL);
	assert_int_equal(open_descriptors(), before);
	finish(g);
}

static void policy_get_good(const struct nlmsghdr *request)
{
	assert_int_equal(cmd_of(request), NSFENCE_CMD_POLICY_GET);
	queue_new();
	put_policy(request, 0, NSFENCE_CMD_POLICY_GET, "web");
	ack(request, 0, NULL, 0);
}

static void no_such_policy(const struct nlmsghdr *request)
{
	assert_string_equal(mnl_attr_get_str(attr_of(request, NSFENCE_A_POLICY)), "web");
	queue_new();
	ack(request, ENOENT, "no policy has this name", 0);
}

static void in_use(const struct nlmsghdr *request)
{
	refuse(request, EBUSY);
}

static void test_policy_get_del(void **state)
{
	struct genl *g = BEGIN(policy_get_good, no_such_policy, acknowledged, in_use,
			       refuse_enoent, family_found);
	struct genl_policy p;
	struct err e;

	(void)state;
	assert_int_equal(genl_policy_get(g, "web", &p, &e), 0);
	assert_int_equal(p.records, 4);
	assert_int_equal(genl_policy_get(g, "web", &p, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_string_equal(e.text, "no policy has this name");
	assert_int_equal(genl_policy_del(g, "web", &e), 0);
	assert_int_equal(genl_policy_del(g, "web", &e), -EBUSY);
	assert_int_equal(e.exit, EXIT_REFUSED);
	/* Of a kernel that says no more: the family is still there. */
	assert_int_equal(genl_policy_del(g, "web", &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	assert_string_equal(e.text, "no policy \"web\" in the module");
	finish(g);
}

static void policies(const struct nlmsghdr *request)
{
	assert_int_equal(request->nlmsg_flags & NLM_F_DUMP, NLM_F_DUMP);
	queue_new();
	put_policy(request, NLM_F_MULTI, NSFENCE_CMD_POLICY_GET, "web");
	put_policy(request, NLM_F_MULTI, NSFENCE_CMD_POLICY_GET, "db");
	done(request, 0, 0);
}

static void policies_interrupted(const struct nlmsghdr *request)
{
	queue_new();
	put_policy(request, NLM_F_MULTI | NLM_F_DUMP_INTR, NSFENCE_CMD_POLICY_GET, "gone");
	done(request, 0, 0);
}

static void no_policies(const struct nlmsghdr *request)
{
	queue_new();
	done(request, 0, 0);
}

static void test_policy_dump(void **state)
{
	struct genl *g = BEGIN(dump_good, policies_interrupted, policies, no_policies);
	struct genl_policy *v;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(genl_policy_dump(g, &v, &n, &e), -EPROTO);	/* of another command */
	assert_null(v);
	assert_int_equal(genl_policy_dump(g, &v, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(v[0].name, "db");
	assert_string_equal(v[1].name, "web");
	free(v);
	assert_int_equal(genl_policy_dump(g, &v, &n, &e), 0);
	assert_int_equal(n, 0);
	free(v);
	finish(g);
}

static void put_rule(const struct nlmsghdr *to, uint64_t generation, uint32_t line)
{
	struct nlmsghdr *nlh = genl_message(to, NLM_F_MULTI, NSFENCE_CMD_RULE_GET);
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "web");
	mnl_attr_put_u64(nlh, NSFENCE_A_GENERATION, generation);
	nest = mnl_attr_nest_start(nlh, NSFENCE_A_RULE);
	mnl_attr_put_u64(nlh, NSFENCE_A_RULE_ID, 100 + line);
	mnl_attr_put_strz(nlh, NSFENCE_A_RULE_CHAIN, "input");
	mnl_attr_put_strz(nlh, NSFENCE_A_RULE_TEXT, "tcp dport 22 counter accept");
	mnl_attr_put_strz(nlh, NSFENCE_A_RULE_FILE, "policies/web.nft");
	mnl_attr_put_u32(nlh, NSFENCE_A_RULE_LINE, line);
	mnl_attr_put_u64(nlh, NSFENCE_A_RULE_PACKETS, 7);
	mnl_attr_put_u64(nlh, NSFENCE_A_RULE_BYTES, 1ull << 40);
	mnl_attr_nest_end(nlh, nest);
	end(nlh);
}

static void rules_of_netns(const struct nlmsghdr *request)
{
	assert_int_equal(cmd_of(request), NSFENCE_CMD_RULE_GET);
	assert_string_equal(mnl_attr_get_str(attr_of(request, NSFENCE_A_POLICY)), "web");
	assert_int_equal(mnl_attr_get_u32(attr_of(request, NSFENCE_A_INODE)), 77);
	assert_int_equal(mnl_attr_get_u64(attr_of(request, NSFENCE_A_COOKIE)), 5);
	assert_null(attr_of(request, NSFENCE_A_FD));
	queue_new();
	put_rule(request, 3, 1);
	queue_new();
	put_rule(request, 3, 2);
	done(request, 0, 0);
}

/* A policy-set came between two messages. */
static void rules_mixed(const struct nlmsghdr *request)
{
	assert_null(attr_of(request, NSFENCE_A_INODE));
	queue_new();
	put_rule(request, 3, 1);
	put_rule(request, 4, 1);
	done(request, 0, 0);
}

static void rules_gone_midway(const struct nlmsghdr *request)
{
	queue_new();
	put_rule(request, 3, 1);
	done(request, 0, EAGAIN);
}

static void rules_none(const struct nlmsghdr *request)
{
	queue_new();
	done(request, 0, 0);
}

static void test_rules(void **state)
{
	const struct genl_target t = { .inode = 77, .has_cookie = true, .cookie = 5, .fd = 3 };
	struct genl *g = BEGIN(rules_of_netns, rules_mixed, rules_gone_midway, rules_none,
			       no_such_policy);
	struct genl_rules r;
	struct err e;

	(void)state;
	assert_int_equal(genl_rules_dump(g, "web", &t, &r, &e), 0);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.policy, "web");
	assert_int_equal(r.generation, 3);
	assert_int_equal(r.v[1].line, 2);
	assert_int_equal(r.v[1].id, 102);
	assert_string_equal(r.v[1].chain, "input");
	assert_string_equal(r.v[1].text, "tcp dport 22 counter accept");
	assert_string_equal(r.v[1].file, "policies/web.nft");
	assert_int_equal(r.v[1].packets, 7);
	assert_int_equal(r.v[1].bytes, 1ull << 40);
	genl_rules_clean(&r);
	assert_int_equal(genl_rules_dump(g, "web", NULL, &r, &e), 0);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.generation, 0);
	genl_rules_clean(&r);
	assert_int_equal(genl_rules_dump(g, "web", NULL, &r, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_NOT_FOUND);
	finish(g);
}

static void family_gone(uint8_t cmd, uint16_t family)
{
	struct nlmsghdr *nlh;

	queue_new();
	nlh = genl_message(NULL, 0, cmd);
	nlh->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "nsfence");
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, family);
	end(nlh);
}

static void test_family_goes(void **state)
{
	struct genl *g = begin(0, NULL);
	struct seen seen = { .n = 0 };
	const struct genl_listener listener = { .lifecycle = on_event, .data = &seen };
	struct err e;

	(void)state;
	queue.head = queue.tail = 0;
	family_gone(CTRL_CMD_DELFAMILY, FAMILY + 1);
	family_gone(CTRL_CMD_NEWFAMILY, FAMILY);
	family_gone(CTRL_CMD_DELMCAST_GRP, FAMILY);
	queue_new();
	netns(NULL, 0, NSFENCE_CMD_BORN, 1);
	assert_int_equal(genl_events(g, &listener, &e), 0);
	assert_int_equal(seen.n, 1);
	family_gone(CTRL_CMD_DELFAMILY, FAMILY);
	assert_int_equal(genl_events(g, &listener, &e), -ENOTCONN);
	assert_int_equal(e.exit, EXIT_UNREACHABLE);
	assert_non_null(strstr(e.text, "unloaded"));
	finish(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_probe_takes_any_abi),
		cmocka_unit_test(test_detach_all_with_any_abi),
		cmocka_unit_test(test_attach_request),
		cmocka_unit_test(test_attach_leaves_out),
		cmocka_unit_test(test_attach_bad_strings),
		cmocka_unit_test(test_birth),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_detach_without_fence),
		cmocka_unit_test(test_module_went_away),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_dump_gives_up),
		cmocka_unit_test(test_dump_takes_the_last),
		cmocka_unit_test(test_dump_error),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_broken_transport),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_family_goes),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_no_packets),
		cmocka_unit_test(test_policy_set),
		cmocka_unit_test(test_policy_get_del),
		cmocka_unit_test(test_policy_dump),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
