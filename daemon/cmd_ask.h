/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_ask: what the commands share that ask nsfenced. */
#ifndef NSF_CMD_ASK_H
#define NSF_CMD_ASK_H

#include <jansson.h>

#include "cmd.h"

/* Where the daemon loads a large configuration first; and that is no answer at all. */
#define ASK_TIMEOUT_MS	120000

/*
 * Asks, with messages on standard error: what the daemon has to say (`line` of its
 * answer), and why it failed. Any other line goes to @line. *@last, which may be
 * NULL after a failure, is the caller's. Returns the exit code. Takes over @request.
 */
int cmd_ask(json_t *request, unsigned int timeout_ms,
	    void (*line)(void *data, json_t *line), void *data, json_t **last);
/* "30s", "5m", "1h", "30": 1 to @max seconds. 0 or -EINVAL. */
int cmd_parse_time(const char *s, uint32_t max, uint32_t *seconds);
/* "5s", "3m20s", "2h5m", "4d3h" */
void cmd_format_age(json_int_t seconds, char buf[32]);
/* In local time, with the day. */
void cmd_format_date(json_int_t when, char buf[32]);
/* Of an object of the answer; "" and 0 where there is none. */
const char *ask_string(const json_t *object, const char *key);
json_int_t ask_number(const json_t *object, const char *key);

#endif /* NSF_CMD_ASK_H */
