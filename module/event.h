/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event: tells the multicast group `lifecycle` what changed. */
#ifndef NSF_EVENT_H
#define NSF_EVENT_H

#include <linux/types.h>

struct nsf_attachment;
struct nsf_net;

enum nsf_event {
	NSF_EVENT_BORN,
	NSF_EVENT_DIED,
	NSF_EVENT_ATTACHED,
	NSF_EVENT_DETACHED,
};

/*
 * Under nsf_mutex, so that events come in the order of what they tell. @att is
 * the fence that the event is about, or NULL. Sleeps at most for memory; when
 * there is none the event is lost, and its listeners are told so (ENOBUFS).
 * Does nothing while nobody listens, or before the family is registered.
 */
void nsf_event_send(enum nsf_event event, const struct nsf_net *nn,
		    const struct nsf_attachment *att, bool replaced);

/* The family is there; it is about to go. Takes nsf_mutex. */
void nsf_event_start(void);
void nsf_event_stop(void);

#endif /* NSF_EVENT_H */
