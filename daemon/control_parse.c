// SPDX-License-Identifier: GPL-2.0-or-later
/* A line from the control socket -> struct control_request. See control.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control.h"

/* What a key may be in a request, as bits of CMD(). */
#define CMD(c) (1u << (c))

enum key { KEY_CMD, KEY_CONFIRM, KEY_KIND, KEY_NAME, KEY_TIMEOUT, KEYS };

static const struct {
	const char *name;
	unsigned int of;	/* in which commands it may be */
} keys[KEYS] = {
	[KEY_CMD] = { "cmd", ~0u },
	[KEY_CONFIRM] = { "confirm", CMD(CONTROL_APPLY) },
	[KEY_KIND] = { "kind", CMD(CONTROL_WAIT) },
	[KEY_NAME] = { "name", CMD(CONTROL_WAIT) },
	[KEY_TIMEOUT] = { "timeout", CMD(CONTROL_WAIT) },
};

static const char *const cmds[CONTROL_CMDS] = {
	[CONTROL_STATUS] = "status",
	[CONTROL_PLAN] = "plan",
	[CONTROL_APPLY] = "apply",
	[CONTROL_RELOAD] = "reload",
	[CONTROL_CONFIRM] = "confirm",
	[CONTROL_WAIT] = "wait",
};

static const char *const kinds[CONTROL_KINDS] = {
	[CONTROL_NETNS] = "netns",
	[CONTROL_PATH] = "path",
	[CONTROL_PID] = "pid",
	[CONTROL_INODE] = "inode",
};

const char *control_cmd_name(enum control_cmd cmd)
{
	return cmds[cmd];
}

const char *control_kind_name(enum control_kind kind)
{
	return kinds[kind];
}

static int bad(struct err *e, const char *what)
{
	return err_set(e, EINVAL, EXIT_REFUSED, "bad request: %s", what);
}

/*
 * A request is flat. That is looked at before a parser sees it that calls itself
 * for each bracket.
 */
static bool is_flat(const char *s, size_t len)
{
	bool in_string = false;
	size_t i, open = 0;

	for (i = 0; i < len; i++) {
		if (in_string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			in_string = !in_string;
		else if (!in_string && (s[i] == '[' || s[i] == '{'))
			open++;
	}
	return open <= 1;
}

static int find(const char *const *v, int n, const char *s)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(v[i], s))
			return i;
	return -1;
}

static int take_word(const json_t *object, enum key key, const char *const *v, int n, int *out,
		     struct err *e)
{
	const char *s = json_string_value(json_object_get(object, keys[key].name));

	if (!s)
		return err_set(e, EINVAL, EXIT_REFUSED, "bad request: no \"%s\"", keys[key].name);
	*out = find(v, n, s);
	if (*out < 0)
		return err_set(e, EINVAL, EXIT_REFUSED, "bad request: unknown %s \"%.40s\"",
			       keys[key].name, s);
	return 0;
}

/* Absent: 0. */
static int take_seconds(const json_t *object, enum key key, json_int_t max, uint32_t *out,
			struct err *e)
{
	const json_t *v = json_object_get(object, keys[key].name);

	*out = 0;
	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > max)
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "bad request: \"%s\" is not a number of seconds, 0 to %lld",
			       keys[key].name, (long long)max);
	*out = (uint32_t)json_integer_value(v);
	return 0;
}

static int take_number(const char *s, uint32_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > UINT32_MAX)
			return -EINVAL;
	}
	*out = (uint32_t)v;
	return v ? 0 : -EINVAL;
}

/* As a directory entry, or as a file's path: no more is known of it here. */
static int take_name(const json_t *object, struct control_request *out, struct err *e)
{
	const char *s = json_string_value(json_object_get(object, keys[KEY_NAME].name));

	if (!s)
		return bad(e, "no \"name\"");
	switch (out->kind) {
	case CONTROL_PID:
	case CONTROL_INODE:
		if (take_number(s, &out->number) ||
		    (out->kind == CONTROL_PID && out->number > INT32_MAX))
			return bad(e, "the name is not a number that is meant");
		break;
	case CONTROL_NETNS:
		if (!*s || strlen(s) > 255 || strchr(s, '/') || !strcmp(s, ".") || !strcmp(s, ".."))
			return bad(e, "the name is none of a namespace");
		break;
	default:
		if (*s != '/')
			return bad(e, "the path is not absolute");
	}
	snprintf(out->name, sizeof(out->name), "%s", s);
	return 0;
}

static int check_keys(json_t *object, const struct control_request *out, struct err *e)
{
	const char *key;
	json_t *v;
	int i;

	json_object_foreach(object, key, v) {
		for (i = 0; i < KEYS; i++)
			if (!strcmp(key, keys[i].name) && keys[i].of & CMD(out->cmd))
				break;
		if (i == KEYS)
			return err_set(e, EINVAL, EXIT_REFUSED,
				       "bad request: %s takes no \"%.40s\"", cmds[out->cmd], key);
	}
	return 0;
}

static int take_all(json_t *object, struct control_request *out, struct err *e)
{
	int ret, i = 0;

	if (!json_is_object(object))
		return bad(e, "no JSON object");
	ret = take_word(object, KEY_CMD, cmds, CONTROL_CMDS, &i, e);
	out->cmd = (enum control_cmd)(ret ? 0 : i);
	if (!ret)
		ret = check_keys(object, out, e);
	if (!ret)
		ret = take_seconds(object, KEY_CONFIRM, CONTROL_MAX_CONFIRM, &out->confirm_s, e);
	if (!ret)
		ret = take_seconds(object, KEY_TIMEOUT, CONTROL_MAX_WAIT, &out->timeout_s, e);
	if (ret || out->cmd != CONTROL_WAIT)
		return ret;
	ret = take_word(object, KEY_KIND, kinds, CONTROL_KINDS, &i, e);
	out->kind = (enum control_kind)(ret ? 0 : i);
	return ret ? ret : take_name(object, out, e);
}

int control_parse(const char *line, size_t len, struct control_request *out, struct err *e)
{
	json_error_t error;
	json_t *object;
	int ret;

	memset(out, 0, sizeof(*out));
	if (len >= CONTROL_MAX_REQUEST)
		return bad(e, "too long");
	/* The parser passes over it in some places. */
	if (memchr(line, 0, len))
		return bad(e, "there is a NUL in it");
	if (!is_flat(line, len))
		return bad(e, "an object of plain values is accepted");
	/* What is not UTF-8, or a NUL that is written \u0000, it refuses. */
	object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		return err_set(e, EINVAL, EXIT_REFUSED, "bad request: %s", error.text);
	ret = take_all(object, out, e);
	json_decref(object);
	return ret;
}
