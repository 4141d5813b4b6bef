/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genl_attr: the attributes of a netlink message, one after the other. Every
 * length is checked before use, nothing is assumed to be aligned. For
 * genl_parse*.c only.
 */
#ifndef NSF_GENL_ATTR_H
#define NSF_GENL_ATTR_H

#include <stddef.h>
#include <stdint.h>

#include "genl_parse.h"

#define GENL_ALIGNED(len) (((len) + 3) & ~(size_t)3)

struct genl_attr {
	uint16_t type;
	struct span value;
};

/* Both return -EPROTO; @name is the attribute's. */
int genl_malformed(struct err *e, const char *what);
int genl_attr_bad(struct err *e, const char *name, size_t len, const char *expected);

struct span genl_span_skip(struct span s, size_t n);
/* 1: *a is the next attribute; 0: the end; -EPROTO. */
int genl_attr_next(struct span *rest, struct genl_attr *a, struct err *e);

int genl_attr_u32(const struct genl_attr *a, const char *name, uint32_t *out, struct err *e);
int genl_attr_u64(const struct genl_attr *a, const char *name, uint64_t *out, struct err *e);
int genl_attr_string(const struct genl_attr *a, const char *name, char *buf, size_t size,
		     struct err *e);
/* A string of any length, which stays where it is: *@out points into the message. */
int genl_attr_text(const struct genl_attr *a, const char *name, const char **out, struct err *e);

/* The attributes of a generic netlink message, and its command. */
int genl_attr_open(const struct genl_msg *m, uint8_t *cmd, struct span *attrs, struct err *e);
/* The attributes of a message that must be of command @cmd. */
int genl_attr_open_as(const struct genl_msg *m, uint8_t cmd, struct span *attrs, struct err *e);

#endif /* NSF_GENL_ATTR_H */
