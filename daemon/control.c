// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server of the control socket. See control.h.
 *
 *   READ --line--> (request) --> WAIT --done--> WRITE --taken--> gone
 *     \---- mistake, too long, too late ---------^
 *
 * A connection that goes away, or is too slow, is dropped in any state. It is only
 * marked then and freed at the end of a turn, so that whoever goes through the list
 * and answers stumbles over nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "log.h"
#include "utf8.h"

#define BACKLOG		128
/* Without descriptors or memory for another connection: not before. */
#define ACCEPT_AGAIN_MS	1000
#define NO_MEMORY	"{\"error\":\"nsfenced: out of memory\",\"exit\":1}\n"

enum state { STATE_READ, STATE_WAIT, STATE_WRITE, STATE_GONE };

struct control_conn {
	struct control_conn *next;
	struct control *ctl;
	int fd;
	enum state state;
	uint64_t due;			/* of what is under way; CLOCK_NEVER */
	uint64_t mark;
	char in[CONTROL_MAX_REQUEST];
	size_t n_in;
	struct control_request request;	/* from STATE_WAIT on */
	char *out;
	size_t n_out, room, sent;
	bool no_memory;			/* that is the answer */
};

struct control {
	const struct control_handlers *h;
	char *path;
	int listener;
	int epoll;
	bool accepting;
	uint64_t accept_at;		/* not before; 0: at any time */
	struct control_conn *conns;
	unsigned int n_served;		/* READ and WRITE */
	unsigned int n_waiting;
};

/* ---- states ---- */

static void count(struct control_conn *c, int by)
{
	if (c->state == STATE_WAIT)
		c->ctl->n_waiting += by;
	else if (c->state != STATE_GONE)
		c->ctl->n_served += by;
}

/* EPOLLHUP, which is: gone altogether, is told in every state. */
static void enter(struct control_conn *c, enum state state, uint64_t due)
{
	struct epoll_event ev = { .data.ptr = c };

	count(c, -1);
	c->state = state;
	c->due = due;
	count(c, 1);
	if (state == STATE_READ)
		ev.events = EPOLLIN;
	else if (state == STATE_WRITE)
		ev.events = EPOLLOUT;
	if (state == STATE_GONE) {
		/* close(2) alone does it only when no helper (nft_child.h) has a copy. */
		epoll_ctl(c->ctl->epoll, EPOLL_CTL_DEL, c->fd, NULL);
		close(c->fd);
		c->fd = -1;
	} else if (epoll_ctl(c->ctl->epoll, EPOLL_CTL_MOD, c->fd, &ev)) {
		enter(c, STATE_GONE, CLOCK_NEVER);
	}
}

static void drop(struct control_conn *c)
{
	if (c->state != STATE_GONE)
		enter(c, STATE_GONE, CLOCK_NEVER);
}

static void sweep(struct control *ctl)
{
	struct control_conn **at = &ctl->conns, *c;

	while ((c = *at)) {
		if (c->state != STATE_GONE) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free(c->out);
		free(c);
	}
}

/* ---- answers ---- */

static void send_some(struct control_conn *c)
{
	const char *s = c->no_memory ? NO_MEMORY : c->out;
	size_t len = c->no_memory ? sizeof(NO_MEMORY) - 1 : c->n_out;
	ssize_t n;

	while (c->sent < len) {
		n = send(c->fd, s + c->sent, len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0)
			break;
		c->sent += (size_t)n;
	}
	drop(c);
}

static char *room_for(struct control_conn *c, size_t len)
{
	size_t room = c->room ? c->room : 256;
	char *out;

	while (room < c->n_out + len)
		room *= 2;
	if (room == c->room)
		return c->out + c->n_out;
	out = realloc(c->out, room);
	if (!out)
		return NULL;
	c->out = out;
	c->room = room;
	return out + c->n_out;
}

void control_line(struct control_conn *c, json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	char *to = text ? room_for(c, len + 1) : NULL;

	if (to) {
		memcpy(to, text, len);
		to[len] = '\n';
		c->n_out += len + 1;
	} else {
		c->no_memory = true;
	}
	free(text);
	json_decref(line);
}

static void finish(struct control_conn *c, json_t *last)
{
	if (c->state == STATE_GONE || c->state == STATE_WRITE) {
		json_decref(last);
		return;
	}
	control_line(c, last);
	enter(c, STATE_WRITE, clock_ms() + CONTROL_ANSWER_MS);
	if (c->state == STATE_WRITE)
		send_some(c);
}

void control_done(struct control_conn *c, int exit, json_t *last)
{
	if (!last)
		last = json_object();
	if (json_object_set_new(last, "done", json_true()) ||
	    json_object_set_new(last, "exit", json_integer(exit))) {
		json_decref(last);
		last = NULL;
	}
	finish(c, last);
}

json_t *control_text(const char *s)
{
	char *copy = strdup(s);
	json_t *v = NULL;

	if (copy) {
		utf8_clean(copy);
		v = json_string(copy);
	}
	free(copy);
	return v;
}

void control_refuse(struct control_conn *c, int exit, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text[utf8_cut(text, sizeof(text) - 1)] = 0;
	finish(c, json_pack("{s:o, s:i}", "error", control_text(text), "exit", exit));
}

/* ---- requests ---- */

const struct control_request *control_request_of(const struct control_conn *c)
{
	return &c->request;
}

uint64_t *control_mark(struct control_conn *c)
{
	return &c->mark;
}

void control_expire(struct control_conn *c, uint64_t when)
{
	if (c->state == STATE_WAIT)
		c->due = when;
}

struct control_conn *control_next(struct control *ctl, struct control_conn *c)
{
	c = c ? c->next : ctl ? ctl->conns : NULL;
	while (c && c->state != STATE_WAIT)
		c = c->next;
	return c;
}

static void take_line(struct control_conn *c, size_t len)
{
	struct control *ctl = c->ctl;
	struct err e = { 0 };

	if (control_parse(c->in, len, &c->request, &e)) {
		control_refuse(c, e.exit, "%s", e.text);
	} else if (len + 1 < c->n_in) {
		control_refuse(c, EXIT_REFUSED, "bad request: one on each connection, and no more");
	} else if (ctl->n_waiting >= CONTROL_MAX_WAITING) {
		control_refuse(c, EXIT_REFUSED, "%u others wait for nsfenced already", ctl->n_waiting);
	} else {
		enter(c, STATE_WAIT, CLOCK_NEVER);
		if (c->state == STATE_WAIT)
			ctl->h->request(ctl->h->data, c);
	}
}

static void read_some(struct control_conn *c)
{
	const char *end;
	ssize_t n;

	n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (n < 0 || (!n && !c->n_in)) {
		drop(c);
		return;
	}
	c->n_in += (size_t)n;
	end = memchr(c->in, '\n', c->n_in);
	if (end)
		take_line(c, (size_t)(end - c->in));
	else if (!n)
		control_refuse(c, EXIT_REFUSED, "bad request: it ends before its line does");
	else if (c->n_in == sizeof(c->in))
		control_refuse(c, EXIT_REFUSED, "bad request: longer than %d bytes",
			       CONTROL_MAX_REQUEST);
}

/* ---- connections ---- */

/* The mode of the socket says so, too; unless somebody has changed it. */
static bool is_root(int fd)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (cred.uid == 0 || cred.uid == geteuid());
}

static void set_accepting(struct control *ctl, bool on)
{
	struct epoll_event ev = { .events = on ? EPOLLIN : 0, .data.ptr = NULL };

	if (ctl->accepting != on && !epoll_ctl(ctl->epoll, EPOLL_CTL_MOD, ctl->listener, &ev))
		ctl->accepting = on;
}

static int add(struct control *ctl, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct control_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->ctl = ctl;
	c->fd = fd;
	c->due = clock_ms() + CONTROL_REQUEST_MS;
	ev.data.ptr = c;
	if (epoll_ctl(ctl->epoll, EPOLL_CTL_ADD, fd, &ev)) {
		free(c);
		return -errno;
	}
	c->next = ctl->conns;
	ctl->conns = c;
	count(c, 1);
	if (!is_root(fd))
		control_refuse(c, EXIT_REFUSED, "nsfenced answers root only");
	return 0;
}

static void accept_some(struct control *ctl)
{
	int fd, ret = 0;

	while (!ret && ctl->n_served < CONTROL_MAX_SERVED) {
		fd = accept4(ctl->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0 && errno == EAGAIN)
			return;
		ret = fd < 0 ? -errno : add(ctl, fd);
		if (ret && fd >= 0)
			close(fd);
	}
	if (ret)
		ctl->accept_at = clock_ms() + ACCEPT_AGAIN_MS;
}

static void handle(struct control_conn *c, uint32_t events)
{
	if (c->state == STATE_READ && events & EPOLLIN)
		read_some(c);
	else if (events & (EPOLLHUP | EPOLLERR))
		drop(c);
	else if (c->state == STATE_WRITE && events & EPOLLOUT)
		send_some(c);
}

static void expire(struct control *ctl, uint64_t now)
{
	struct control_conn *c;

	for (c = ctl->conns; c; c = c->next) {
		if (c->due > now)
			continue;
		if (c->state == STATE_WAIT) {
			c->due = CLOCK_NEVER;
			ctl->h->expired(ctl->h->data, c);
		} else if (c->state == STATE_READ) {
			control_refuse(c, EXIT_REFUSED, "bad request: not whole after %d s",
				       CONTROL_REQUEST_MS / 1000);
		} else {
			drop(c);
		}
	}
}

void control_turn(struct control *ctl)
{
	struct epoll_event ev[64];
	uint64_t now;
	int i, n;

	if (!ctl)
		return;
	n = epoll_wait(ctl->epoll, ev, (int)(sizeof(ev) / sizeof(ev[0])), 0);
	for (i = 0; i < n; i++)
		if (ev[i].data.ptr)
			handle(ev[i].data.ptr, ev[i].events);
	now = clock_ms();
	expire(ctl, now);
	if (ctl->accept_at && now >= ctl->accept_at)
		ctl->accept_at = 0;
	if (!ctl->accept_at)
		accept_some(ctl);
	set_accepting(ctl, !ctl->accept_at && ctl->n_served < CONTROL_MAX_SERVED);
	sweep(ctl);
}

/* ---- the socket ---- */

int control_fd(const struct control *ctl)
{
	return ctl ? ctl->epoll : -1;
}

uint64_t control_due(const struct control *ctl)
{
	const struct control_conn *c;
	uint64_t due = CLOCK_NEVER;

	if (!ctl)
		return due;
	if (ctl->accept_at)
		due = ctl->accept_at;
	for (c = ctl->conns; c; c = c->next)
		if (c->due < due)
			due = c->due;
	return due;
}

static int listen_at(struct control *ctl)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	mode_t mask;
	int ret;

	if (strlen(ctl->path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, ctl->path);
	ctl->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ctl->listener < 0)
		return -errno;
	if (unlink(ctl->path) && errno != ENOENT)
		return -errno;
	mask = umask(0177);	/* there is no moment in which others may connect */
	ret = bind(ctl->listener, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	umask(mask);
	if (ret)
		return ret;
	ctl->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (listen(ctl->listener, BACKLOG) || ctl->epoll < 0 ||
	    epoll_ctl(ctl->epoll, EPOLL_CTL_ADD, ctl->listener, &ev))
		return -errno;
	ctl->accepting = true;
	return 0;
}

int control_open(struct control **out, const char *path, const struct control_handlers *h,
		 struct err *e)
{
	struct control *ctl = calloc(1, sizeof(*ctl));
	int ret = -ENOMEM;

	*out = NULL;
	if (ctl) {
		ctl->h = h;
		ctl->listener = ctl->epoll = -1;
		ctl->path = strdup(path);
	}
	if (ctl && ctl->path)
		ret = listen_at(ctl);
	if (!ret) {
		*out = ctl;
		return 0;
	}
	if (ctl) {
		if (ctl->listener >= 0)
			close(ctl->listener);
		if (ctl->epoll >= 0)
			close(ctl->epoll);
		free(ctl->path);
	}
	free(ctl);
	return err_set(e, -ret, EXIT_REFUSED, "cannot listen on %s: %s", path, strerror(-ret));
}

void control_close(struct control *ctl)
{
	struct control_conn *c;

	if (!ctl)
		return;
	for (c = control_next(ctl, NULL); c; c = control_next(ctl, c))
		control_refuse(c, EXIT_UNREACHABLE, "nsfenced was stopped before it could answer");
	for (c = ctl->conns; c; c = c->next)
		drop(c);
	sweep(ctl);
	unlink(ctl->path);
	close(ctl->listener);
	close(ctl->epoll);
	free(ctl->path);
	free(ctl);
}
