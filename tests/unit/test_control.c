// links: control.c control_parse.c control_client.c utf8.c log.c err.c
// ldflags: -Wl,--wrap=clock_gettime
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: the server here, in steps, against strangers (sockets that
 * this test writes to) and against the real client (forked). Time is the test's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "control.h"

static char dir[] = "/tmp/nsf-control.XXXXXX", path[64];
static struct control *ctl;
static unsigned int n_requests, n_expired;
static struct control_request last_request;
static enum { ANSWER, LATER, LONG } mood;	/* what becomes of a request */

/* ---- time ---- */

static uint64_t shift_ms;

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int ret = __real_clock_gettime(id, t);

	t->tv_sec += (time_t)(shift_ms / 1000);
	return ret;
}

/* ---- the handlers ---- */

static void on_request(void *data, struct control_conn *c)
{
	assert_ptr_equal(data, &n_requests);
	n_requests++;
	last_request = *control_request_of(c);
	if (mood == LONG)
		for (int i = 0; i < 10000; i++)
			control_line(c, json_pack("{s:i, s:s}", "n", i, "text",
				     "a line that is somewhat longer, so that no buffer of a socket holds all of them"));
	if (mood != LATER)
		control_done(c, EXIT_DONE, json_pack("{s:s}", "answer", "fine"));
}

static void on_expired(void *data, struct control_conn *c)
{
	(void)data;
	n_expired++;
	control_refuse(c, EXIT_REFUSED, "too \"late\"\n");
}

static const struct control_handlers handlers = { on_request, on_expired, &n_requests };

static int setup(void **state)
{
	struct err e = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s/control", dir);
	n_requests = n_expired = 0;
	shift_ms = 0;
	mood = ANSWER;
	return control_open(&ctl, path, &handlers, &e);
}

static int teardown(void **state)
{
	(void)state;
	control_close(ctl);
	ctl = NULL;
	return 0;
}

static int group_setup(void **state)
{
	struct rlimit r = { 4096, 4096 };

	(void)state;
	setrlimit(RLIMIT_NOFILE, &r);
	return mkdtemp(dir) ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(dir);	/* the socket is gone */
}

/* ---- strangers ---- */

static int dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_true(fd >= 0);
	if (!connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return fd;
	assert_int_equal(errno, EAGAIN);	/* the queue is full */
	close(fd);
	return -1;
}

static void turn(void)
{
	for (int i = 0; i < 5; i++)
		control_turn(ctl);
}

static void say(int fd, const char *s, size_t len)
{
	assert_int_equal(send(fd, s, len, MSG_NOSIGNAL), len);
	turn();
}

/* All there is until the end: a string. NULL: no end yet. */
static const char *hear(int fd)
{
	static char buf[8192];
	size_t n = 0;
	ssize_t got;

	turn();
	while ((got = recv(fd, buf + n, sizeof(buf) - 1 - n, 0)) > 0)
		n += (size_t)got;
	buf[n] = 0;
	/* What nobody has read of ours makes the end a reset. */
	return !got || errno == ECONNRESET ? buf : NULL;
}

static void want_refusal(const char *request, size_t len, const char *why)
{
	const char *answer;
	json_t *v;
	int fd = dial();

	say(fd, request, len);
	answer = hear(fd);
	close(fd);
	assert_non_null(answer);
	v = json_loads(answer, 0, NULL);
	if (!v || !strstr(answer, why))
		fail_msg("\"%.*s\": answer \"%s\", not \"%s\"", (int)(len < 80 ? len : 80),
			 request, answer, why);
	assert_int_equal(json_integer_value(json_object_get(v, "exit")), EXIT_REFUSED);
	assert_true(json_is_string(json_object_get(v, "error")));
	json_decref(v);
	assert_int_equal(n_requests, 0);
}

#define REFUSED(text, why) want_refusal(text, sizeof(text) - 1, why)

/* ---- requests ---- */

static void ask(const char *line)
{
	unsigned int before = n_requests;
	int fd = dial();

	say(fd, line, strlen(line));
	assert_string_equal(hear(fd), "{\"answer\":\"fine\",\"done\":true,\"exit\":0}\n");
	close(fd);
	assert_int_equal(n_requests, before + 1);
}

static void test_requests(void **state)
{
	(void)state;
	ask("{\"cmd\":\"status\"}\n");
	assert_int_equal(last_request.cmd, CONTROL_STATUS);
	ask(" { \"cmd\" : \"plan\" } \r\n");
	assert_int_equal(last_request.cmd, CONTROL_PLAN);
	ask("{\"cmd\":\"apply\"}\n");
	assert_int_equal(last_request.cmd, CONTROL_APPLY);
	assert_int_equal(last_request.confirm_s, 0);
	ask("{\"confirm\":30,\"cmd\":\"apply\"}\n");
	assert_int_equal(last_request.confirm_s, 30);
	ask("{\"cmd\":\"reload\"}\n");
	assert_int_equal(last_request.cmd, CONTROL_RELOAD);
	ask("{\"cmd\":\"confirm\"}\n");
	assert_int_equal(last_request.cmd, CONTROL_CONFIRM);
	ask("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"w\\u00fc[{\\\"\",\"timeout\":5}\n");
	assert_int_equal(last_request.cmd, CONTROL_WAIT);
	assert_int_equal(last_request.kind, CONTROL_NETNS);
	assert_string_equal(last_request.name, "w\xc3\xbc[{\"");
	assert_int_equal(last_request.timeout_s, 5);
	ask("{\"cmd\":\"wait\",\"kind\":\"inode\",\"name\":\"4294967295\"}\n");
	assert_int_equal(last_request.kind, CONTROL_INODE);
	assert_int_equal(last_request.number, 4294967295);
	assert_int_equal(last_request.timeout_s, 0);
	ask("{\"cmd\":\"wait\",\"kind\":\"pid\",\"name\":\"7\"}\n");
	assert_int_equal(last_request.number, 7);
	ask("{\"cmd\":\"wait\",\"kind\":\"path\",\"name\":\"/run/x\"}\n");
	assert_string_equal(last_request.name, "/run/x");
}

static void test_refused(void **state)
{
	char big[CONTROL_MAX_REQUEST + 10];
	size_t i;

	(void)state;
	REFUSED("\n", "bad request");
	REFUSED("hello\n", "bad request");
	REFUSED("[]\n", "no JSON object");
	REFUSED("{}\n", "no \\\"cmd\\\"");
	REFUSED("{\"cmd\":7}\n", "no \\\"cmd\\\"");
	REFUSED("{\"cmd\":\"stop\"}\n", "unknown cmd \\\"stop\\\"");
	REFUSED("{\"cmd\":\"status\",\"cmd\":\"plan\"}\n", "bad request");
	REFUSED("{\"cmd\":\"status\",\"confirm\":3}\n", "status takes no \\\"confirm\\\"");
	REFUSED("{\"cmd\":\"apply\",\"confirm\":-1}\n", "not a number of seconds");
	REFUSED("{\"cmd\":\"apply\",\"confirm\":1.5}\n", "not a number of seconds");
	REFUSED("{\"cmd\":\"apply\",\"confirm\":86401}\n", "not a number of seconds");
	REFUSED("{\"cmd\":\"apply\",\"confirm\":99999999999999999999999}\n", "bad request");
	REFUSED("{\"cmd\":\"apply\",\"confirm\":\"30\"}\n", "not a number of seconds");
	REFUSED("{\"cmd\":\"wait\"}\n", "no \\\"kind\\\"");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"unix\",\"name\":\"a\"}\n", "unknown kind");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"netns\"}\n", "no \\\"name\\\"");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"a/b\"}\n", "none of a namespace");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"..\"}\n", "none of a namespace");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"\"}\n", "none of a namespace");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"path\",\"name\":\"run\"}\n", "not absolute");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"pid\",\"name\":\"0\"}\n", "not a number");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"pid\",\"name\":\"2147483648\"}\n", "not a number");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"inode\",\"name\":\"4294967296\"}\n", "not a number");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"inode\",\"name\":\"1x\"}\n", "not a number");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"inode\",\"name\":\"\"}\n", "not a number");
	/* A NUL, as a byte and as an escape; what is no UTF-8; what follows. */
	REFUSED("{\"cmd\":\"sta\0tus\"}\n", "NUL");
	REFUSED("{\"cmd\":\"apply\",\"confirm\":6\0}\n", "NUL");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"a\\u0000b\"}\n", "bad request");
	REFUSED("{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"a\xff\"}\n", "bad request");
	REFUSED("{\"cmd\":\"\xc3\"}\n", "bad request");
	REFUSED("{\"cmd\":\"status\"}x\n", "bad request");
	REFUSED("{\"cmd\":\"status\"}\n{\"cmd\":\"status\"}\n", "one on each connection");
	REFUSED("{\"cmd\":{\"cmd\":\"status\"}}\n", "plain values");

	memset(big, '[', sizeof(big));	/* depth, and length */
	big[CONTROL_MAX_REQUEST - 1] = '\n';
	want_refusal(big, CONTROL_MAX_REQUEST, "plain values");
	big[CONTROL_MAX_REQUEST - 1] = '[';
	want_refusal(big, CONTROL_MAX_REQUEST, "longer than 4096 bytes");
	want_refusal(big, sizeof(big), "longer than 4096 bytes");
	for (i = 0; i < sizeof(big) - 1; i++)
		big[i] = ' ';
	memcpy(big, "{\"cmd\":\"status\"}", 16);
	big[CONTROL_MAX_REQUEST] = '\n';
	want_refusal(big, CONTROL_MAX_REQUEST + 1, "longer than 4096 bytes");
}

/* The longest that is allowed. */
static void test_longest(void **state)
{
	char line[CONTROL_MAX_REQUEST + 1];

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"cmd\":\"status\"}", 16);
	line[CONTROL_MAX_REQUEST - 1] = '\n';
	line[CONTROL_MAX_REQUEST] = 0;
	ask(line);
}

static void test_slow_writer(void **state)
{
	const char line[] = "{\"cmd\":\"status\"}\n";
	int fd = dial(), other = dial();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(line) - 1; i++) {
		assert_int_equal(n_requests, 0);
		say(fd, line + i, 1);
		shift_ms = i * 1000 * 4 / sizeof(line) / 1000 * 1000;
	}
	assert_non_null(strstr(hear(fd), "done"));
	close(fd);
	/* The other one said nothing. Its time is over, and the daemon wakes up for it. */
	assert_null(hear(other));
	assert_true(control_due(ctl) <= clock_ms() + CONTROL_REQUEST_MS);
	shift_ms += CONTROL_REQUEST_MS + 1000;
	assert_non_null(strstr(hear(other), "not whole after 5 s"));
	assert_true(control_due(ctl) == CLOCK_NEVER);
	close(other);
}

static void test_half_closed(void **state)
{
	int fd = dial();

	(void)state;
	mood = LATER;
	say(fd, "{\"cmd\":\"status\"}\n", 17);
	shutdown(fd, SHUT_WR);
	assert_null(hear(fd));
	assert_non_null(control_next(ctl, NULL));
	control_done(control_next(ctl, NULL), 0, NULL);
	assert_string_equal(hear(fd), "{\"done\":true,\"exit\":0}\n");
	close(fd);

	fd = dial();
	say(fd, "{\"cmd\":\"stat", 12);
	shutdown(fd, SHUT_WR);
	assert_non_null(strstr(hear(fd), "ends before its line does"));
	close(fd);
	/* Nothing at all, and the end: nothing to say. */
	fd = dial();
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(fd), "");
	close(fd);
	assert_int_equal(n_requests, 1);
}

static void test_slow_reader(void **state)
{
	int fd = dial(), n = 0;
	char buf[65536];
	ssize_t got;

	(void)state;
	mood = LONG;
	say(fd, "{\"cmd\":\"status\"}\n", 17);
	/* Others are served meanwhile. */
	mood = ANSWER;
	ask("{\"cmd\":\"plan\"}\n");
	while ((got = recv(fd, buf, sizeof(buf), 0)) > 0 || errno == EAGAIN) {
		for (ssize_t i = 0; i < got; i++)
			n += buf[i] == '\n';
		turn();
		if (!got)
			break;
	}
	assert_int_equal(n, 10001);
	close(fd);

	/* One who does not read at all is cut off, and gets no end. */
	mood = LONG;
	fd = dial();
	say(fd, "{\"cmd\":\"status\"}\n", 17);
	shift_ms += CONTROL_ANSWER_MS + 1000;
	turn();
	assert_true(control_due(ctl) == CLOCK_NEVER);
	for (n = 0; (got = recv(fd, buf, sizeof(buf), 0)) > 0;)
		for (ssize_t i = 0; i < got; i++)
			n += buf[i] == '\n';
	assert_int_equal(got, 0);
	assert_true(n < 10001);
	close(fd);
}

/* ---- many ---- */

static void test_hundred(void **state)
{
	int fd[100], i, answered = 0;
	const char *answer;

	(void)state;
	for (i = 0; i < 100; i++) {
		fd[i] = dial();
		assert_true(fd[i] >= 0);
	}
	turn();
	/* They keep their 32 places, and say nothing: the others wait for that. */
	for (i = 0; i < 100; i++)
		assert_int_equal(send(fd[i], "{\"cmd\":\"status\"}", 16, MSG_NOSIGNAL), 16);
	turn();
	assert_int_equal(n_requests, 0);
	for (i = 99; i >= 0; i--)
		assert_int_equal(send(fd[i], "\n", 1, MSG_NOSIGNAL), 1);
	for (i = 0; i < 20; i++)
		turn();
	for (i = 0; i < 100; i++) {
		answer = hear(fd[i]);
		answered += answer && strstr(answer, "fine");
		close(fd[i]);
	}
	assert_int_equal(answered, 100);
	assert_int_equal(n_requests, 100);
}

/* Whoever holds places without a word gives them up after a while. */
static void test_places_held(void **state)
{
	int idle[CONTROL_MAX_SERVED], fd, i;

	(void)state;
	for (i = 0; i < CONTROL_MAX_SERVED; i++)
		idle[i] = dial();
	turn();
	fd = dial();
	say(fd, "{\"cmd\":\"status\"}\n", 17);
	assert_null(hear(fd));
	assert_int_equal(n_requests, 0);
	shift_ms = CONTROL_REQUEST_MS + 1000;
	assert_non_null(strstr(hear(fd), "fine"));
	close(fd);
	for (i = 0; i < CONTROL_MAX_SERVED; i++)
		close(idle[i]);
}

static unsigned int waiting(void)
{
	struct control_conn *c;
	unsigned int n = 0;

	for (c = control_next(ctl, NULL); c; c = control_next(ctl, c))
		n++;
	return n;
}

/* Who waits holds no place; there is an end to that, too. */
static void test_many_wait(void **state)
{
	static int fd[CONTROL_MAX_WAITING + 1];
	struct control_conn *c;
	unsigned int i;

	(void)state;
	mood = LATER;
	for (i = 0; i < CONTROL_MAX_WAITING; i++) {
		fd[i] = dial();
		assert_true(fd[i] >= 0);
		say(fd[i], "{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"a\"}\n", 41);
	}
	assert_int_equal(waiting(), CONTROL_MAX_WAITING);
	fd[i] = dial();
	say(fd[i], "{\"cmd\":\"wait\",\"kind\":\"netns\",\"name\":\"a\"}\n", 41);
	assert_non_null(strstr(hear(fd[i]), "512 others wait"));
	close(fd[i]);
	/* A third goes away, and is forgotten. */
	for (i = 0; i < CONTROL_MAX_WAITING; i += 3)
		close(fd[i]);
	for (i = 0; i < 20; i++)
		turn();
	assert_int_equal(waiting(), CONTROL_MAX_WAITING - (CONTROL_MAX_WAITING + 2) / 3);
	/* All others are answered, from one walk. */
	for (c = control_next(ctl, NULL); c; c = control_next(ctl, c))
		control_done(c, EXIT_DONE, NULL);
	assert_int_equal(waiting(), 0);
	for (i = 0; i < CONTROL_MAX_WAITING; i++) {
		if (i % 3 == 0)
			continue;
		assert_string_equal(hear(fd[i]), "{\"done\":true,\"exit\":0}\n");
		close(fd[i]);
	}
}

static void test_expires(void **state)
{
	int fd = dial(), other = dial();

	(void)state;
	mood = LATER;
	say(fd, "{\"cmd\":\"wait\",\"kind\":\"pid\",\"name\":\"1\"}\n", 39);
	say(other, "{\"cmd\":\"status\"}\n", 17);
	assert_int_equal(waiting(), 2);
	for (struct control_conn *c = control_next(ctl, NULL); c; c = control_next(ctl, c))
		if (control_request_of(c)->cmd == CONTROL_WAIT)
			control_expire(c, clock_ms() + 3000);
	assert_true(control_due(ctl) <= clock_ms() + 3000);
	assert_null(hear(fd));
	shift_ms = 4000;
	assert_string_equal(hear(fd), "{\"error\":\"too \\\"late\\\"?\",\"exit\":1}\n");
	assert_int_equal(n_expired, 1);
	assert_null(hear(other));
	assert_true(control_due(ctl) == CLOCK_NEVER);
	close(fd);
	close(other);
	turn();
	assert_int_equal(waiting(), 0);
}

/* A helper that was forked meanwhile holds a copy of the connection, which is gone here. */
static void test_copy_elsewhere(void **state)
{
	int fd = dial(), hold[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	mood = LATER;
	say(fd, "{\"cmd\":\"status\"}\n", 17);
	assert_int_equal(waiting(), 1);
	pid = fork();
	if (!pid) {
		close(hold[1]);
		close(fd);
		_exit(read(hold[0], &c, 1) ? 1 : 0);
	}
	close(hold[0]);
	close(fd);
	while (waiting())	/* until the helper has let go of this end */
		turn();
	/* Of the copy nothing is heard. */
	assert_int_equal(poll(&(struct pollfd){ control_fd(ctl), POLLIN, 0 }, 1, 0), 0);
	turn();
	close(hold[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- the socket ---- */

static void test_socket(void **state)
{
	struct control *again;
	struct err e = { 0 };
	struct stat st;
	mode_t mask;
	int fd;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	/* As after a daemon that was killed: the old one is in the way. */
	mask = umask(0);
	assert_int_equal(control_open(&again, path, &handlers, &e), 0);
	assert_int_equal(umask(mask), 0);
	control_close(ctl);
	ctl = again;
	assert_int_equal(access(path, F_OK), -1);	/* which took the name with it */
	control_close(ctl);
	assert_int_equal(control_open(&ctl, path, &handlers, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	fd = dial();
	say(fd, "{\"cmd\":\"status\"}\n", 17);
	assert_non_null(hear(fd));
	close(fd);

	assert_int_equal(control_open(&again, "/nonexistent/control", &handlers, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/control"));
	assert_null(again);
	/* NULL is one that could not be opened. */
	assert_int_equal(control_fd(NULL), -1);
	assert_true(control_due(NULL) == CLOCK_NEVER);
	assert_null(control_next(NULL, NULL));
	control_turn(NULL);
	control_close(NULL);
}

static void test_stranger(void **state)
{
	int status, fd;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	pid = fork();
	if (!pid) {
		char buf[256];
		ssize_t n;

		if (setuid(65534))
			_exit(2);
		fd = dial();
		send(fd, "{\"cmd\":\"apply\"}\n", 16, MSG_NOSIGNAL);
		poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 5000);
		n = recv(fd, buf, sizeof(buf) - 1, 0);
		buf[n > 0 ? n : 0] = 0;
		_exit(strstr(buf, "root only") ? 0 : 1);
	}
	while (!waitpid(pid, &status, WNOHANG))
		turn();
	assert_int_equal(status, 0);
	assert_int_equal(n_requests, 0);
	chmod(dir, 0700);
}

/* ---- the client ---- */

static void count_lines(void *data, json_t *line)
{
	*(unsigned int *)data += json_is_object(line);
}

/*
 * What control_ask() says, in a process of its own. @server (or our own) runs until
 * that has ended.
 */
static int client(unsigned int timeout_ms, void (*server)(int listener), int listener,
		  char *text, size_t size)
{
	int p[2], status, code = -1;
	unsigned int lines = 0;
	json_t *request, *last;
	struct err e = { 0 };
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (!pid) {
		request = json_pack("{s:s}", "cmd", "status");
		int ret = control_ask(path, request, timeout_ms, count_lines, &lines, &last, &code,
				      &e);

		if (ret)
			dprintf(p[1], "%s", e.text);
		else
			dprintf(p[1], "%u lines", lines);
		json_decref(request);
		json_decref(last);
		_exit(ret ? (int)e.exit : code);
	}
	close(p[1]);
	if (server)
		server(listener);
	while (!waitpid(pid, &status, WNOHANG))
		control_turn(ctl);
	n = read(p[0], text, size - 1);
	text[n > 0 ? n : 0] = 0;
	close(p[0]);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_client(void **state)
{
	char text[600];

	(void)state;
	assert_int_equal(client(10000, NULL, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "0 lines");
	mood = LONG;
	assert_int_equal(client(0, NULL, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "10000 lines");
	mood = LATER;
	assert_int_equal(client(1, NULL, 0, text, sizeof(text)), EXIT_UNREACHABLE);
	assert_string_equal(text, "nsfenced does not answer");
}

static void stop_server(int listener)
{
	(void)listener;
	while (!control_next(ctl, NULL))
		control_turn(ctl);
	control_close(ctl);
	ctl = NULL;
}

static void test_client_and_stop(void **state)
{
	char text[600];

	mood = LATER;
	assert_int_equal(client(0, stop_server, 0, text, sizeof(text)), EXIT_UNREACHABLE);
	assert_string_equal(text, "nsfenced was stopped before it could answer");
	/* Nobody there, and nobody who would answer. */
	assert_int_equal(client(0, NULL, 0, text, sizeof(text)), EXIT_UNREACHABLE);
	assert_non_null(strstr(text, "nsfenced is not running"));
	assert_int_equal(setup(state), 0);
}

/* A daemon that is killed, or talks nonsense: one connection, these words, the end. */
static const char *words;

static void speak(int listener)
{
	int fd = accept(listener, NULL, NULL);
	char junk[256];

	assert_true(recv(fd, junk, sizeof(junk), 0) > 0);
	assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL), strlen(words));
	close(fd);
}

static void test_client_and_others(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char text[600];
	int fd;

	(void)state;
	control_close(ctl);
	ctl = NULL;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 5), 0);

	words = "";
	assert_int_equal(client(0, speak, fd, text, sizeof(text)), EXIT_UNREACHABLE);
	assert_string_equal(text, "nsfenced went away before it had answered");
	words = "{\"line\":\"a\"}\n{\"done\":true,\"exi";
	assert_int_equal(client(0, speak, fd, text, sizeof(text)), EXIT_UNREACHABLE);
	words = "{\"line\":\"a\"}\n{\"done\":true,\"exit\":5}\n";
	assert_int_equal(client(0, speak, fd, text, sizeof(text)), EXIT_DRIFT);
	assert_string_equal(text, "1 lines");
	words = "{\"error\":\"so it is\",\"exit\":4}\n";
	assert_int_equal(client(0, speak, fd, text, sizeof(text)), EXIT_NOT_FOUND);
	assert_string_equal(text, "so it is");
	words = "{\"error\":\"so it is\",\"exit\":0}\n";
	assert_int_equal(client(0, speak, fd, text, sizeof(text)), EXIT_REFUSED);
	words = "HTTP/1.0 400\n";
	assert_int_equal(client(0, speak, fd, text, sizeof(text)), EXIT_REFUSED);
	assert_string_equal(text, "the answer of nsfenced is not understood");

	close(fd);
	assert_int_equal(client(0, NULL, 0, text, sizeof(text)), EXIT_UNREACHABLE);
	assert_non_null(strstr(text, "nsfenced is not running"));
	unlink(path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_requests),
		TEST(test_refused),
		TEST(test_longest),
		TEST(test_slow_writer),
		TEST(test_half_closed),
		TEST(test_slow_reader),
		TEST(test_hundred),
		TEST(test_places_held),
		TEST(test_many_wait),
		TEST(test_expires),
		TEST(test_copy_elsewhere),
		TEST(test_socket),
		TEST(test_stranger),
		TEST(test_client),
		TEST(test_client_and_stop),
		TEST(test_client_and_others),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
