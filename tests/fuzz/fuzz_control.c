// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: a line from the control socket.
 * links: err.c control_parse.c utf8.c
 *
 * What must hold besides memory: what is refused has a reason, and what is taken is
 * inside of what control.h says, and is printable as a line of UTF-8 where it is text.
 */
#include <assert.h>
#include <string.h>

#include "control.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The parser takes no NUL and no bad UTF-8; a control character is the daemon's to clean. */
static void check_name(const char *name)
{
	char copy[CONTROL_MAX_REQUEST];
	size_t i, len = strnlen(name, CONTROL_MAX_REQUEST);

	assert(len > 0 && len < CONTROL_MAX_REQUEST);
	strcpy(copy, name);
	utf8_clean(copy);
	for (i = 0; i < len; i++)
		assert(copy[i] == name[i] || (unsigned char)name[i] < 0x20 || name[i] == 0x7f);
}

static void check_wait(const struct control_request *r)
{
	assert((unsigned int)r->kind < CONTROL_KINDS && control_kind_name(r->kind));
	assert(r->timeout_s <= CONTROL_MAX_WAIT && !r->confirm_s);
	check_name(r->name);
	switch (r->kind) {
	case CONTROL_NETNS:
		assert(strlen(r->name) <= 255 && !strchr(r->name, '/'));
		assert(strcmp(r->name, ".") && strcmp(r->name, ".."));
		break;
	case CONTROL_PATH:
		assert(r->name[0] == '/');
		break;
	case CONTROL_PID:
		assert(r->number && r->number <= INT32_MAX);
		break;
	default:
		assert(r->number);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request r;
	struct err e = { 0 };

	if (control_parse((const char *)data, size, &r, &e)) {
		assert(e.errnum && e.exit == EXIT_REFUSED && e.text[0]);
		return 0;
	}
	assert(size < CONTROL_MAX_REQUEST && !memchr(data, 0, size));
	assert((unsigned int)r.cmd < CONTROL_CMDS && control_cmd_name(r.cmd));
	assert(r.confirm_s <= CONTROL_MAX_CONFIRM);
	assert(!r.confirm_s || r.cmd == CONTROL_APPLY);
	if (r.cmd == CONTROL_WAIT)
		check_wait(&r);
	else
		assert(!r.name[0] && !r.number && !r.timeout_s);
	return 0;
}
