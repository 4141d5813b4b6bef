/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * units: the main processes of systemd's units, by D-Bus.
 *
 * All is asked without waiting for the answer, so a bus that hangs or is not there
 * holds nothing up: a unit is then not known, with a reason, and the bus is tried
 * again with growing pauses. systemd says when a unit changes.
 *
 * A number that systemd gives is believed only after this: ask for MainPID, read
 * when the process of that number was started, ask again. Where the second answer is
 * the same, systemd had not yet reaped the process when its start was read, so number
 * and start together are the unit's process, and none that gets the number later.
 * Nothing of it is held open: whoever uses it compares both again (select.h).
 */
#ifndef NSF_UNITS_H
#define NSF_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "select.h"

struct units;

enum unit_state {
	UNIT_UNKNOWN,		/* no answer yet, or no bus: ->reason */
	UNIT_ABSENT,		/* there is no such unit */
	UNIT_STOPPED,		/* it has no main process now */
	UNIT_RUNNING,
};

struct unit_process {
	enum unit_state state;
	struct select_process process;	/* running */
	const char *reason;		/* static; or NULL */
};

/* The reason of units that are being asked for the first time. */
extern const char units_reason_asked[];

/* Connects to nothing yet. NULL: no memory, or no descriptors. */
struct units *units_open(void);
void units_close(struct units *u);
/*
 * Which units are wanted, full names ("x.service"), each at most once; what is known
 * of those that stay is kept. 0 or -ENOMEM. Without a name there is no connection.
 */
int units_want(struct units *u, const char *const *names, size_t n);
/* Where the process of @name is now. A name that is not wanted: unknown. */
struct unit_process units_find(const struct units *u, const char *name);

/* To poll for reading, always the same; then units_turn(). */
int units_fd(const struct units *u);
/* Takes what waits, without blocking. Whether some unit is not as before. */
bool units_turn(struct units *u);

#endif /* NSF_UNITS_H */
