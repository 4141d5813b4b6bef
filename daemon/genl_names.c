// SPDX-License-Identifier: GPL-2.0-or-later
/* genl_names: the words for the values of genl.h. Pure, static strings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "genl.h"

static const char *const hook_names[GENL_HOOKS] = {
	[GENL_HOOK_PREROUTING] = "prerouting",
	[GENL_HOOK_INPUT] = "input",
	[GENL_HOOK_FORWARD] = "forward",
	[GENL_HOOK_OUTPUT] = "output",
	[GENL_HOOK_POSTROUTING] = "postrouting",
};

static const char *const mode_names[GENL_MODES] = {
	[GENL_MODE_ENFORCE] = "enforce",
	[GENL_MODE_AUDIT] = "audit",
};

static const char *const verdict_names[GENL_VERDICTS] = {
	[GENL_VERDICT_ACCEPT] = "accept",
	[GENL_VERDICT_DROP] = "drop",
	[GENL_VERDICT_REJECT] = "reject",
	[GENL_VERDICT_AUDIT] = "audit",
	[GENL_VERDICT_EXEMPT] = "exempt",
};

static const char *const report_names[GENL_REPORTS] = {
	[GENL_REPORT_LOG] = "log",
	[GENL_REPORT_DROP] = "drop",
	[GENL_REPORT_AUDIT] = "audit",
};

static const char *const event_names[] = {
	[GENL_EVENT_BORN] = "born",
	[GENL_EVENT_DIED] = "died",
	[GENL_EVENT_ATTACHED] = "attached",
	[GENL_EVENT_DETACHED] = "detached",
};

#define LOOKUP(table, i) \
	((size_t)(i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : "unknown")

const char *genl_hook_name(enum genl_hook h)
{
	return LOOKUP(hook_names, h);
}

const char *genl_mode_name(enum genl_mode m)
{
	return LOOKUP(mode_names, m);
}

const char *genl_verdict_name(enum genl_verdict v)
{
	return LOOKUP(verdict_names, v);
}

const char *genl_report_name(enum genl_report r)
{
	return LOOKUP(report_names, r);
}

const char *genl_event_name(enum genl_event_type t)
{
	return LOOKUP(event_names, t);
}

void genl_hooks_format(uint32_t hooks, char *buf, size_t size)
{
	const char *comma = "";
	size_t n = 0;

	if (!size)
		return;
	buf[0] = '\0';
	for (unsigned int i = 0; i < 32 && n < size; i++) {
		int len;

		if (!(hooks & (1u << i)))
			continue;
		if (i < GENL_HOOKS)
			len = snprintf(buf + n, size - n, "%s%s", comma, hook_names[i]);
		else	/* of a newer module: shown, never hidden */
			len = snprintf(buf + n, size - n, "%shook%u", comma, i);
		n += (size_t)len;
		comma = ",";
	}
}

int genl_hooks_parse(const char *s, uint32_t *hooks, struct err *e)
{
	uint32_t bits = 0;

	for (;;) {
		size_t len = strcspn(s, ",");
		unsigned int i;

		for (i = 0; i < GENL_HOOKS; i++)
			if (strlen(hook_names[i]) == len && !memcmp(hook_names[i], s, len))
				break;
		if (i == GENL_HOOKS)
			return err_set(e, EINVAL, EXIT_REFUSED,
				       "unknown hook \"%.*s\" (accepted: prerouting, input, forward, output, postrouting, joined by commas)",
				       (int)(len < 64 ? len : 64), s);
		bits |= 1u << i;
		if (!s[len])
			break;
		s += len + 1;
	}
	*hooks = bits;
	return 0;
}
