/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genl_parse: bytes of netlink -> plain structures.
 *
 * Pure: no socket, no allocation, no global state. Every length comes from
 * outside and is checked before use, nothing is assumed to be aligned, and
 * what is not understood is refused (-EPROTO with a message) unless it is an
 * attribute that a newer module of the same ABI may add, which is skipped.
 * For genl*.c and the fuzzer only.
 */
#ifndef NSF_GENL_PARSE_H
#define NSF_GENL_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "genl.h"

struct span {
	const uint8_t *data;
	size_t len;
};

/* One netlink message of a datagram, header taken apart. */
struct genl_msg {
	uint16_t type;
	uint16_t flags;
	uint32_t seq;
	uint32_t port;
	struct span payload;	/* what follows the nlmsghdr */
};

/* An NLMSG_ERROR (error 0: an acknowledgement) or NLMSG_DONE. */
struct genl_ack {
	int error;		/* 0 or a positive errno */
	char text[384];		/* the kernel's sentence, or "" */
	uint32_t offset;	/* of the bad attribute in the request, 0: none given */
	uint32_t missing;	/* type of the attribute that is missing, 0: none given */
};

/* A family as the kernel's controller describes it. */
struct genl_family {
	uint16_t id;
	/* multicast groups, 0: there is none */
	uint32_t lifecycle;
	uint32_t packets;
};

/* What attach, detach and detach-all answer. */
struct genl_answer {
	uint32_t inode;
	uint64_t instance;
	uint32_t count;
};

/* Takes the next message off @rest: 1, or 0 at the end, or -EPROTO. */
int genl_parse_next(struct span *rest, struct genl_msg *out, struct err *e);
int genl_parse_ack(const struct genl_msg *m, struct genl_ack *out, struct err *e);

/* These take messages whose payload starts with a genlmsghdr. */
int genl_parse_family(const struct genl_msg *m, struct genl_family *out, struct err *e);
/* The id of a family that was taken away; 0: it is no such message. */
uint16_t genl_parse_family_gone(const struct genl_msg *m);
int genl_parse_version(const struct genl_msg *m, struct genl_version *out, struct err *e);
int genl_parse_netns(const struct genl_msg *m, struct genl_netns *out, struct err *e);
/* Of birth-set and -get. */
int genl_parse_birth(const struct genl_msg *m, uint8_t cmd, struct genl_birth *out,
		     struct err *e);
int genl_parse_answer(const struct genl_msg *m, struct genl_answer *out, struct err *e);
/* 1, or 0 when it is no event that this program knows, or -EPROTO. */
int genl_parse_event(const struct genl_msg *m, enum genl_event_type *type,
		     struct genl_netns *out, struct err *e);

/* ---- genl_parse_policy.c ---- */

/* Of policy-set, -get and its dump. */
int genl_parse_policy(const struct genl_msg *m, uint8_t cmd, struct genl_policy *out,
		      struct err *e);

/* One message of a dump of rules. Strings of @rule point into the message. */
struct genl_rule_msg {
	char policy[GENL_MAX_NAME + 1];
	uint64_t generation;
	struct genl_rule rule;
};

int genl_parse_rule(const struct genl_msg *m, struct genl_rule_msg *out, struct err *e);
/* 1, or 0 when it is no report of a packet, or -EPROTO. Strings point into the message. */
int genl_parse_packet(const struct genl_msg *m, struct genl_packet *out, struct err *e);

/*
 * The name of the attribute whose header lies at @offset of the request, or
 * NULL. @request is the whole message, nlmsghdr included.
 */
const char *genl_parse_attr_at(struct span request, uint32_t offset);
const char *genl_parse_attr_name(uint32_t type);

#endif /* NSF_GENL_PARSE_H */
