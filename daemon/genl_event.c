// SPDX-License-Identifier: GPL-2.0-or-later
/* genl_event: what the module says unasked. See genl.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "genl.h"
#include "genl_parse.h"
#include "genl_request.h"
#include "uapi/nsfence.h"

#define EVENT_RCVBUF	(4 << 20)

static int join(struct genl *g, uint32_t group, struct err *e)
{
	if (mnl_socket_setsockopt(g->nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) >= 0)
		return 0;
	if (errno == EPERM)
		return err_set(e, EPERM, EXIT_REFUSED,
			       "cannot listen to events: it needs CAP_NET_ADMIN in the initial user namespace (be root on the host)");
	return err_set(e, errno, EXIT_REFUSED, "cannot listen to events: %s", strerror(errno));
}

static int no_group(struct err *e, const char *name)
{
	return err_set(e, EOPNOTSUPP, EXIT_REFUSED, "the module offers no event group \"%s\"",
		       name);
}

int genl_subscribe(struct genl *g, unsigned int groups, struct err *e)
{
	int ret, size = EVENT_RCVBUF, fd = mnl_socket_get_fd(g->nl);

	if (groups & GENL_GROUP_LIFECYCLE && !g->family.lifecycle)
		return no_group(e, NSFENCE_MCGRP_LIFECYCLE);
	if (groups & GENL_GROUP_PACKETS && !g->family.packets)
		return no_group(e, NSFENCE_MCGRP_PACKETS);
	/* A burst of dying namespaces must fit; else ENOBUFS and a resync. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* That first: the family may go between the two. Its number is its group's. */
	ret = join(g, GENL_ID_CTRL, e);
	if (!ret && groups & GENL_GROUP_LIFECYCLE)
		ret = join(g, g->family.lifecycle, e);
	if (!ret && groups & GENL_GROUP_PACKETS)
		ret = join(g, g->family.packets, e);
	return ret;
}

/* One message of the family: 0 or negative. */
static int take_event(const struct genl_msg *m, const struct genl_listener *l, struct err *e)
{
	enum genl_event_type type = GENL_EVENT_BORN;
	struct genl_packet packet;
	struct genl_netns n;
	int ret;

	ret = genl_parse_event(m, &type, &n, e);
	if (ret > 0 && l->lifecycle)
		l->lifecycle(l->data, type, &n);
	if (ret || !l->packet)
		return ret < 0 ? ret : 0;
	ret = genl_parse_packet(m, &packet, e);
	if (ret > 0)
		l->packet(l->data, &packet);
	return ret < 0 ? ret : 0;
}

int genl_events(struct genl *g, const struct genl_listener *l, struct err *e)
{
	struct span rest;
	struct genl_msg m;
	int ret;

	for (;;) {
		ret = genl_sock_receive(g, &rest);
		if (ret == -EAGAIN)
			return 0;
		if (ret == -ENOBUFS)
			return err_set(e, ENOBUFS, EXIT_REFUSED,
				       "events were lost: more came than the socket could hold");
		if (ret)
			return err_set(e, -ret, EXIT_REFUSED, "cannot receive events: %s",
				       ret == -EMSGSIZE ? "one is longer than 64 KiB" :
				       strerror(-ret));
		while ((ret = genl_parse_next(&rest, &m, e)) > 0) {
			if (m.type == GENL_ID_CTRL &&
			    genl_parse_family_gone(&m) == g->family.id)
				return err_set(e, ENOTCONN, EXIT_UNREACHABLE,
					       "the module was unloaded, or loaded anew, in the meantime");
			if (m.type != g->family.id)
				continue;
			ret = take_event(&m, l, e);
			if (ret)
				return ret;
		}
		if (ret < 0)
			return ret;
	}
}
