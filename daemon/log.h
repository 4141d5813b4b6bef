/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log: the daemon's lines for people, on standard error.
 *
 * Under systemd each line begins with its priority, "<4>", which the journal
 * takes off again; elsewhere with "nsfenced: ".
 */
#ifndef NSF_LOG_H
#define NSF_LOG_H

/* Looks once whether standard error is the journal. */
void log_open(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* NSF_LOG_H */
