/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genl_sock: one generic netlink socket, one request at a time. Knows netlink,
 * and nothing of nsfence. Private to genl*.c and their tests.
 */
#ifndef NSF_GENL_SOCK_H
#define NSF_GENL_SOCK_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "genl_parse.h"

#define RX_SIZE		65536	/* the kernel fills at most 32 KiB of a dump at once */
#define TX_SIZE		1024	/* the largest request: attach, all strings full */

struct genl {
	struct mnl_socket *nl;
	struct genl_family family;
	uint32_t port;
	uint32_t seq;
	/*
	 * The last message of a request has not come (yet): should the request be
	 * given up, what is still under way must not meet the next one, which
	 * therefore begins with a new socket.
	 */
	bool stale;
	_Alignas(struct nlmsghdr) uint8_t tx[TX_SIZE];
	_Alignas(struct nlmsghdr) uint8_t rx[RX_SIZE];
};

/* Called for each answer of a request; non-zero ends it. */
typedef int answer_fn(const struct genl_msg *m, void *data, struct err *e);

/* What a refusal means in words depends on what was asked. */
struct request {
	struct nlmsghdr *nlh;
	const char *what;		/* "attach": for messages about the transport */
	int (*refused)(const struct genl *g, const struct request *r,
		       const struct genl_ack *ack, struct err *e);
	uint32_t inode;			/* for messages, 0: none */
	const char *policy;		/* that it is about; NULL: none */
	answer_fn *answer;
	void *data;
	/* result: the kernel marked the dump as inconsistent */
	bool interrupted;
};

int genl_sock_open(struct genl *g, struct err *e);
/* Sends @r and takes its answers, up to the acknowledgement or the dump's end. */
int genl_sock_transact(struct genl *g, struct request *r, struct err *e);
/*
 * One datagram of the kernel's, which does not block: -EAGAIN when there is
 * none. 0 with an empty @out: it came from another process, which may send to
 * any netlink socket, and is to be ignored. Valid until the next call.
 */
int genl_sock_receive(struct genl *g, struct span *out);

#endif /* NSF_GENL_SOCK_H */
