/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sync_status: the plan of a pass -> what people are shown. Private to sync*.c. */
#ifndef NSF_SYNC_STATUS_H
#define NSF_SYNC_STATUS_H

#include "sync_pass.h"

/* Makes s->statuses of the pass; without memory those before stay. */
void sync_status_make(struct pass *p);
void sync_status_clean(struct sync *s);

#endif /* NSF_SYNC_STATUS_H */
