/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control: the socket on which nsfence asks nsfenced.
 *
 * One connection, one request: a JSON object on one line. The answer is any
 * number of JSON objects, a line each; the last one has "exit", the code that
 * `nsfence` ends with, and either "done" or "error", a sentence.
 *
 *   {"cmd":"status"}
 *   {"cmd":"plan"}
 *   {"cmd":"apply"}                       {"cmd":"apply","confirm":SECONDS}
 *   {"cmd":"reload"}
 *   {"cmd":"confirm"}
 *   {"cmd":"wait","kind":"netns|path|pid|inode","name":"..."[,"timeout":SECONDS]}
 *
 * Who may: root, by the mode of the socket and by the credentials that the
 * kernel tells. Even so what comes is bytes of a stranger: control_parse.c is the
 * one checker. Nothing here blocks: not who sends half a line, nor who does not
 * read, nor who came and went.
 */
#ifndef NSF_CONTROL_H
#define NSF_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "runtime.h"

#define CONTROL_SOCKET		RUNTIME_DIR "/control"
#define CONTROL_MAX_REQUEST	4096	/* bytes, with the newline */
#define CONTROL_MAX_SERVED	32	/* connections read from or written to at once */
#define CONTROL_MAX_WAITING	512	/* more that wait for their answer */
#define CONTROL_REQUEST_MS	5000	/* until the line is whole */
#define CONTROL_ANSWER_MS	10000	/* until the answer is taken */
#define CONTROL_MAX_CONFIRM	86400	/* seconds */
#define CONTROL_MAX_WAIT	2073600	/* 24 days: in milliseconds it is 31 bits */

enum control_cmd {
	CONTROL_STATUS,
	CONTROL_PLAN,
	CONTROL_APPLY,
	CONTROL_RELOAD,
	CONTROL_CONFIRM,
	CONTROL_WAIT,
	CONTROL_CMDS,
};

enum control_kind {
	CONTROL_NETNS,
	CONTROL_PATH,
	CONTROL_PID,
	CONTROL_INODE,
	CONTROL_KINDS,
};

struct control_request {
	enum control_cmd cmd;
	uint32_t confirm_s;		/* apply; 0: it need not be confirmed */
	uint32_t timeout_s;		/* wait; 0: for as long as it takes */
	enum control_kind kind;		/* wait: for what */
	char name[CONTROL_MAX_REQUEST];	/* of NETNS and PATH; UTF-8 */
	uint32_t number;		/* of PID and INODE, not 0 */
};

const char *control_cmd_name(enum control_cmd cmd);
const char *control_kind_name(enum control_kind kind);

/*
 * One line, without its newline: 0 or -EINVAL with what is wrong with it. Pure
 * but for memory.
 */
int control_parse(const char *line, size_t len, struct control_request *out, struct err *e);

/* ---- the daemon's side: control.c ---- */

struct control;
struct control_conn;

struct control_handlers {
	/*
	 * Answers by control_line() and then control_done() or control_refuse(): in
	 * the call, or at any time after it, unless the connection is gone by then.
	 */
	void (*request)(void *data, struct control_conn *c);
	/* The time of control_expire() has come. Must end it. */
	void (*expired)(void *data, struct control_conn *c);
	void *data;
};

/*
 * Makes the socket @path anew (the caller holds the daemon's lock). @h outlives
 * it. 0 or a negative errno.
 */
int control_open(struct control **out, const char *path, const struct control_handlers *h,
		 struct err *e);
/* Whoever waits is told that there will be no answer. NULL: nothing. */
void control_close(struct control *ctl);
/* For poll(2): readable when control_turn() has something to do. -1: @ctl is NULL. */
int control_fd(const struct control *ctl);
/* When control_turn() is to be called even so; clock.h. */
uint64_t control_due(const struct control *ctl);
/* Takes what is there, calls the handlers. Never waits. */
void control_turn(struct control *ctl);

const struct control_request *control_request_of(const struct control_conn *c);
/* A number for the handlers' own use, 0 at first. */
uint64_t *control_mark(struct control_conn *c);
/* If it has no answer by @when, handlers->expired. */
void control_expire(struct control_conn *c, uint64_t when);
/* Those that have no answer yet; NULL: the first, or no more. Answering is allowed meanwhile. */
struct control_conn *control_next(struct control *ctl, struct control_conn *c);

/* Take over the object, which may be NULL (no memory: the answer is that then). */
void control_line(struct control_conn *c, json_t *line);
/* @last: an object for more than "done" and "exit", or NULL. */
void control_done(struct control_conn *c, int exit, json_t *last);
void control_refuse(struct control_conn *c, int exit, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A JSON string of any bytes: what is no UTF-8, and control characters, as "?". */
json_t *control_text(const char *s);

/* ---- the command's side: control_client.c ---- */

/*
 * Sends @request (borrowed) to @path and hands each line of the answer but the
 * last to @line (may be NULL), which borrows it. 0: @last is the last one, the
 * caller's to free, with *@exit from it. Negative: @e says why; EXIT_UNREACHABLE
 * where no daemon answers, or it ended before it did. @timeout_ms: until the whole
 * answer is there, 0: no matter when.
 */
int control_ask(const char *path, json_t *request, unsigned int timeout_ms,
		void (*line)(void *data, json_t *line), void *data,
		json_t **last, int *exit, struct err *e);

#endif /* NSF_CONTROL_H */
