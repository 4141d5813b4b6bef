// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking nsfenced. See control.h. Blocks; for programs that do one thing. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"

/* The daemon is no stranger; but that it is of another version does no harm. */
#define MAX_LINE	(1024 * 1024)
/* Its queue of connections is full: tried again that soon, for that long. */
#define CONNECT_AGAIN_MS 50
#define CONNECT_MS	10000

struct ask {
	const char *path;
	int fd;
	uint64_t until;		/* CLOCK_NEVER */
	char *buf;
	size_t n, room;
};

static int no_daemon(const struct ask *a, int errnum, struct err *e)
{
	if (errnum == EACCES || errnum == EPERM)
		return err_set(e, errnum, EXIT_REFUSED, "%s: only root may ask nsfenced", a->path);
	if (errnum == ENOENT || errnum == ECONNREFUSED)
		return err_set(e, errnum, EXIT_UNREACHABLE,
			       "nsfenced is not running (nobody answers at %s)", a->path);
	return err_set(e, errnum, EXIT_UNREACHABLE, "cannot reach nsfenced at %s: %s", a->path,
		       strerror(errnum));
}

static int went_away(struct err *e)
{
	return err_set(e, ECONNRESET, EXIT_UNREACHABLE,
		       "nsfenced went away before it had answered");
}

/* Non-blocking: where the queue is full, connect(2) would wait without end. */
static int dial(struct ask *a, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	uint64_t until = clock_ms() + CONNECT_MS;

	if (strlen(a->path) >= sizeof(sa.sun_path))
		return no_daemon(a, ENAMETOOLONG, e);
	strcpy(sa.sun_path, a->path);
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd < 0)
		return no_daemon(a, errno, e);
	while (connect(a->fd, (struct sockaddr *)&sa, sizeof(sa))) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || clock_ms() >= until || clock_ms() >= a->until)
			return no_daemon(a, errno, e);
		nanosleep(&(struct timespec){ 0, CONNECT_AGAIN_MS * 1000000L }, NULL);
	}
	return 0;
}

static int wait_for(struct ask *a, short events, struct err *e)
{
	struct pollfd p = { .fd = a->fd, .events = events };
	uint64_t now = clock_ms();
	int ms = -1, n;

	if (a->until != CLOCK_NEVER)
		ms = a->until <= now ? 0 : a->until - now > 1000000 ? 1000000 :
		     (int)(a->until - now);
	n = poll(&p, 1, ms);
	if (n < 0 && errno != EINTR)
		return err_set(e, errno, EXIT_REFUSED, "poll: %s", strerror(errno));
	if (!n && clock_ms() >= a->until)
		return err_set(e, ETIMEDOUT, EXIT_UNREACHABLE, "nsfenced does not answer");
	return 0;
}

static int say(struct ask *a, json_t *request, struct err *e)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0, sent = 0;
	ssize_t n;
	int ret = 0;

	if (!text)
		return err_set(e, EINVAL, EXIT_REFUSED, "the name cannot be sent to nsfenced: it is not UTF-8");
	text[len++] = '\n';	/* in the place of the NUL */
	while (!ret && sent < len) {
		n = send(a->fd, text + sent, len - sent, MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
		else if (errno == EAGAIN || errno == EINTR)
			ret = wait_for(a, POLLOUT, e);
		else
			break;	/* what it has answered tells more */
	}
	free(text);
	return ret;
}

/* Reads on: 1; at the end: 0. */
static int hear(struct ask *a, struct err *e)
{
	size_t room = a->room ? 2 * a->room : 4096;
	ssize_t n;
	char *buf;
	int ret;

	if (a->n == a->room) {
		buf = room <= MAX_LINE ? realloc(a->buf, room) : NULL;
		if (!buf)
			return err_set(e, ENOMEM, EXIT_REFUSED, "the answer of nsfenced is too long");
		a->buf = buf;
		a->room = room;
	}
	for (;;) {
		n = recv(a->fd, a->buf + a->n, a->room - a->n, 0);
		if (n >= 0)
			break;
		if (errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return err_set(e, errno, EXIT_UNREACHABLE, "%s: %s", a->path, strerror(errno));
		ret = wait_for(a, POLLIN, e);
		if (ret)
			return ret;
	}
	a->n += (size_t)n;
	return n > 0;
}

/* 0, with the next line in *@out. */
static int next_line(struct ask *a, json_t **out, struct err *e)
{
	json_error_t error;
	char *end;
	int ret;

	while (!a->n || !(end = memchr(a->buf, '\n', a->n))) {
		ret = hear(a, e);
		if (ret < 0)
			return ret;
		if (!ret)
			return went_away(e);
	}
	*out = json_loadb(a->buf, (size_t)(end - a->buf), 0, &error);
	a->n -= (size_t)(end + 1 - a->buf);
	memmove(a->buf, end + 1, a->n);
	if (!json_is_object(*out)) {
		json_decref(*out);
		*out = NULL;
		return err_set(e, EPROTO, EXIT_REFUSED, "the answer of nsfenced is not understood");
	}
	return 0;
}

static int listen_to(struct ask *a, void (*line)(void *data, json_t *line), void *data,
		     json_t **last, int *exit, struct err *e)
{
	const char *why;
	json_t *v = NULL;
	int ret;

	for (;;) {
		ret = next_line(a, &v, e);
		if (ret)
			return ret;
		if (json_object_get(v, "exit"))
			break;
		if (line)
			line(data, v);
		json_decref(v);
	}
	*exit = (int)json_integer_value(json_object_get(v, "exit"));
	why = json_string_value(json_object_get(v, "error"));
	if (why) {
		err_set(e, EREMOTEIO, *exit > 0 && *exit <= EXIT_DRIFT ? (enum exit_code)*exit :
			EXIT_REFUSED, "%s", why);
		json_decref(v);
		return -EREMOTEIO;
	}
	*last = v;
	return 0;
}

int control_ask(const char *path, json_t *request, unsigned int timeout_ms,
		void (*line)(void *data, json_t *line), void *data,
		json_t **last, int *exit, struct err *e)
{
	struct ask a = {
		.path = path, .fd = -1,
		.until = timeout_ms ? clock_ms() + timeout_ms : CLOCK_NEVER,
	};
	int ret = dial(&a, e);

	*last = NULL;
	if (!ret)
		ret = say(&a, request, e);
	if (!ret)
		ret = listen_to(&a, line, data, last, exit, e);
	if (a.fd >= 0)
		close(a.fd);
	free(a.buf);
	return ret;
}
