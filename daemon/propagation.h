/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * propagation: do mounts and unmounts of the host reach this process?
 *
 * In a mount namespace that got its own copy of the host's mounts and no word
 * of later changes, the daemon would see no new name, and the copies of
 * /run/netns/NAME would keep deleted namespaces alive for as long as it runs.
 */
#ifndef NSF_PROPAGATION_H
#define NSF_PROPAGATION_H

#include <stdbool.h>
#include <stdio.h>

enum propagation {
	PROPAGATION_YES,
	PROPAGATION_NO,
	PROPAGATION_UNKNOWN,	/* one of the tables cannot be read */
};

/* For what is below @path; compares with the mount table of PID 1. */
enum propagation propagation_check(const char *path);

/* The same on two tables in the format of /proc/PID/mountinfo. */
enum propagation propagation_compare(FILE *own, FILE *host, const char *path);

#endif /* NSF_PROPAGATION_H */
