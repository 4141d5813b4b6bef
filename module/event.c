// SPDX-License-Identifier: GPL-2.0-or-later
/* event: see event.h. */
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "event.h"
#include "fill.h"
#include "netlink.h"
#include "netns.h"
#include "uapi/nsfence.h"

static bool started;	/* nsf_mutex */

static const u8 event_cmd[] = {
	[NSF_EVENT_BORN] = NSFENCE_CMD_BORN,
	[NSF_EVENT_DIED] = NSFENCE_CMD_DIED,
	[NSF_EVENT_ATTACHED] = NSFENCE_CMD_ATTACHED,
	[NSF_EVENT_DETACHED] = NSFENCE_CMD_DETACHED,
};

void nsf_event_start(void)
{
	mutex_lock(&nsf_mutex);
	started = true;
	mutex_unlock(&nsf_mutex);
}

void nsf_event_stop(void)
{
	mutex_lock(&nsf_mutex);
	started = false;
	mutex_unlock(&nsf_mutex);
}

void nsf_event_send(enum nsf_event event, const struct nsf_net *nn,
		    const struct nsf_attachment *att, bool replaced)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&nsf_mutex);

	if (!started || !nsf_netlink_has_listeners())
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto lost;
	hdr = genlmsg_put(skb, 0, 0, &nsf_family, 0, event_cmd[event]);
	if (!hdr || nsf_fill_netns(skb, nn, att, replaced ? NSFENCE_F_REPLACE : 0)) {
		nlmsg_free(skb);
		goto lost;
	}
	genlmsg_end(skb, hdr);
	nsf_netlink_multicast(skb);
	return;

lost:
	nsf_netlink_set_overrun();
}
