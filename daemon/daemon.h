/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon: the loop of nsfenced.
 *
 * One thread, one poll(2): signals, names, the backend's events, requests of nsfence,
 * deadlines.
 * Everything that happens only says that a pass (sync.h) is due, and how
 * thorough; what to do is decided from what is there then.
 */
#ifndef NSF_DAEMON_H
#define NSF_DAEMON_H

struct daemon_options {
	const char *config;	/* a directory or a file, as config_load() takes */
	const char *state;	/* what outlives a reboot; NULL: GOOD_STATE */
};

/* Until SIGTERM or SIGINT. Returns what the process is to exit with. */
int daemon_run(const struct daemon_options *opt);

#endif /* NSF_DAEMON_H */
