/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage: a new network namespace that the calling process enters for good, with
 * two devices whose other ends are this process:
 *
 *	eth0  10.9.0.1/24  fd09::1/64     peer 10.9.0.9, fd09::9; the default routes
 *	wan0  10.9.1.1/24  fd09:1::1/64   peer 10.9.1.9, fd09:1::9
 *	lo    up
 *
 * It forwards between them. They are TAP devices: what is written passes the
 * receive path before write() returns; what goes round lo may take longer (see
 * observer_read). Nothing resolves addresses or speaks of its own accord.
 */
#ifndef ORACLE_STAGE_H
#define ORACLE_STAGE_H

#include <stdbool.h>

#include "packet.h"

struct stage {
	int tap[2];		/* eth0, wan0 */
	int raw4, raw6;		/* with the header included */
	uint32_t raw_mark;	/* that both have now */
};

/* 0; or 1 with a reason on stderr: this machine does not allow it. */
int stage_enter(struct stage *st);
/* Sends it, and throws away what came out. False: the kernel did not take it. */
bool stage_send(struct stage *st, const struct packet *p);
/* Runs `bash -c COMMAND` here; its exit code. */
int stage_run(const char *command);

#endif /* ORACLE_STAGE_H */
