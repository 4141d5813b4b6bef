/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runtime: the daemon's files below /run/nsfence.
 *
 *   lock      held with flock(2) while a daemon runs; contains its PID
 *   version   "nsfenced VERSION" and "pid N", for `nsfence doctor`, whoever runs
 *             it; there while the daemon runs, and after one that was killed
 */
#ifndef NSF_RUNTIME_H
#define NSF_RUNTIME_H

#include "err.h"

#define RUNTIME_DIR "/run/nsfence"

struct runtime {
	int dir;	/* RUNTIME_DIR */
	int lock;
};

/* Makes the directory and takes the lock. -EBUSY: another daemon has it. */
int runtime_open(struct runtime *r, struct err *e);
int runtime_write_version(struct runtime *r, struct err *e);
/* Removes the version, and leaves the lock file: whoever waits for it has it open. */
void runtime_close(struct runtime *r);

#endif /* NSF_RUNTIME_H */
