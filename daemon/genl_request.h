/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genl_request: what the files that make requests share. Private to genl.c,
 * genl_birth.c, genl_policy.c and genl_event.c.
 */
#ifndef NSF_GENL_REQUEST_H
#define NSF_GENL_REQUEST_H

#include "genl_sock.h"

/* A dump that was interrupted is asked for again. */
#define GENL_DUMP_TRIES	10

/* Begins a request in @g's buffer: one at a time. */
struct nlmsghdr *genl_request_new(struct genl *g, uint16_t type, uint16_t flags, uint8_t cmd);
void genl_put_target(struct nlmsghdr *nlh, const struct genl_target *t);
/* For struct request: the sentence and the exit code of a refusal. */
int genl_refused(const struct genl *g, const struct request *r, const struct genl_ack *ack,
		 struct err *e);
/* -EINVAL: it would not fit. */
int genl_check_name(const char *policy, struct err *e);

#endif /* NSF_GENL_REQUEST_H */
