/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify: what the service manager is told (sd_notify(3)).
 *
 * The only user of libsystemd. Without a service manager nothing is sent, and
 * everything succeeds. sd_notify() would wait for as long as a manager does not
 * take its messages, and a daemon that waits fences nothing: so here a message
 * is refused (false) instead, and the caller tries again later.
 */
#ifndef NSF_NOTIFY_H
#define NSF_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Up, or done with reloading. */
bool notify_ready(const char *status);
bool notify_status(const char *status);
bool notify_reloading(void);
bool notify_stopping(void);
bool notify_watchdog(void);
/* How often notify_watchdog() is to be called, in milliseconds; 0: never. */
uint64_t notify_watchdog_ms(void);

#endif /* NSF_NOTIFY_H */
