/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify: what the service manager is told (sd_notify(3)).
 *
 * The only user of libsystemd. Without a service manager nothing is sent.
 */
#ifndef NSF_NOTIFY_H
#define NSF_NOTIFY_H

#include <stdint.h>

/* Up, or done with reloading. */
void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);
/* How often notify_watchdog() is to be called, in milliseconds; 0: never. */
uint64_t notify_watchdog_ms(void);

#endif /* NSF_NOTIFY_H */
