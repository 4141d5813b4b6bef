// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking nsfenced, for commands. See cmd_ask.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd_ask.h"
#include "control.h"
#include "out.h"

struct ask {
	void (*line)(void *data, json_t *line);
	void *data;
};

static void on_line(void *data, json_t *line)
{
	const struct ask *a = data;
	const char *text = json_string_value(json_object_get(line, "line"));
	char escaped[4096];

	if (text) {
		out_escape(text, escaped, sizeof(escaped));
		fprintf(stderr, "%s\n", escaped);
	} else if (a->line) {
		a->line(a->data, line);
	}
}

int cmd_ask(json_t *request, unsigned int timeout_ms,
	    void (*line)(void *data, json_t *line), void *data, json_t **last)
{
	struct ask a = { line, data };
	struct err e = { 0 };
	int ret, code = 0;

	ret = control_ask(CONTROL_SOCKET, request, timeout_ms, on_line, &a, last, &code, &e);
	json_decref(request);
	return ret ? cmd_fail(&e, NULL) : code;
}

int cmd_parse_time(const char *s, uint32_t max, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
	size_t len = strlen(s), i;
	uint32_t by = 1;
	char digits[16];
	uint64_t n;

	for (i = 0; len && i < sizeof(units) / sizeof(units[0]); i++) {
		if (s[len - 1] != units[i].unit)
			continue;
		by = units[i].seconds;
		len--;
		break;
	}
	if (len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, s, len);
	digits[len] = 0;
	if (cmd_parse_number(digits, 1, max / by, &n))
		return -EINVAL;
	*seconds = (uint32_t)n * by;
	return 0;
}

void cmd_format_age(json_int_t seconds, char buf[32])
{
	static const struct {
		char unit;
		int seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	int i = 0, n = 0;
	long long rest = seconds < 0 ? 0 : seconds;

	while (i < 3 && rest < units[i].seconds)
		i++;
	n = snprintf(buf, 32, "%lld%c", rest / units[i].seconds, units[i].unit);
	rest %= units[i].seconds;
	if (i < 3 && rest / units[i + 1].seconds)
		snprintf(buf + n, 32 - (size_t)n, "%lld%c", rest / units[i + 1].seconds,
			 units[i + 1].unit);
}

void cmd_format_date(json_int_t when, char buf[32])
{
	time_t t = (time_t)when;
	struct tm tm;

	strftime(buf, 32, "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
}

const char *ask_string(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

json_int_t ask_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}
