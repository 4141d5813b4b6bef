// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages to the service manager. See notify.h. */
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "clock.h"
#include "notify.h"

/*
 * Whether a message can be sent without waiting. A datagram socket that is
 * connected to one whose queue is full is not writable; which poll(2) tells.
 * What kind of address this does not know, sd_notify() does.
 */
static bool has_room(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct pollfd p = { .events = POLLOUT };
	socklen_t len;
	bool room = true;

	if (!path || !strchr("/@", path[0]) || strlen(path) >= sizeof(sa.sun_path))
		return true;
	len = offsetof(struct sockaddr_un, sun_path) + strlen(path) + (path[0] == '/');
	memcpy(sa.sun_path, path, strlen(path));
	if (path[0] == '@')
		sa.sun_path[0] = 0;
	p.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (p.fd < 0)
		return false;
	if (!connect(p.fd, (struct sockaddr *)&sa, len))
		room = poll(&p, 1, 0) > 0 && p.revents & POLLOUT;
	close(p.fd);
	return room;
}

bool notify_ready(const char *status)
{
	return has_room() && sd_notifyf(0, "READY=1\nSTATUS=%s", status) >= 0;
}

bool notify_status(const char *status)
{
	return has_room() && sd_notifyf(0, "STATUS=%s", status) >= 0;
}

/* The time lets a manager tell this reload's READY=1 from one before it. */
bool notify_reloading(void)
{
	return has_room() && sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
					(unsigned long long)clock_us()) >= 0;
}

bool notify_stopping(void)
{
	return has_room() && sd_notify(0, "STOPPING=1\nSTATUS=stopped; fences stay") >= 0;
}

bool notify_watchdog(void)
{
	return has_room() && sd_notify(0, "WATCHDOG=1") >= 0;
}

uint64_t notify_watchdog_ms(void)
{
	uint64_t usec;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return 0;
	return usec / 2000 ? usec / 2000 : 1;
}
