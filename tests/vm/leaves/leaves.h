/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leaves: what the tests share. They run one after the other, at load. */
#ifndef LEAVES_H
#define LEAVES_H

#include <linux/types.h>

/* A check: a line in the log, `leaves: ok - TEXT` or `leaves: not ok - TEXT`. */
void leaves_check(bool good, const char *text);

void leaves_states(void);
void leaves_report(void);

#endif /* LEAVES_H */
