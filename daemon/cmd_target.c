// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_target: NAME, --inode, --pid, --path -> the namespace that is meant.
 *
 * All but an inode number are opened: the module then compares the namespace
 * that it finds with the open descriptor (and the cookie), so that a number
 * that was reused meanwhile is refused instead of fenced. An inode number is
 * what the user has read somewhere; what it was when the command began, counts.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

bool target_is_option(int opt)
{
	return opt >= TARGET_OPT_INODE && opt <= TARGET_OPT_PATH;
}

static int claim(const struct cmd *c, struct target *t, enum target_kind kind, const char *text)
{
	if (t->kind != TARGET_NONE)
		return cmd_usage(c, "give one namespace only (there are \"%s\" and \"%s\")",
				 t->text, text);
	*t = (struct target){ .kind = kind, .text = text, .ref = { .fd = -1 } };
	return 0;
}

int target_set_name(const struct cmd *c, struct target *t, const char *name)
{
	int ret = claim(c, t, TARGET_NAME, name);

	if (!ret)
		snprintf(t->label, sizeof(t->label), "%.79s", name);
	return ret;
}

int target_set(const struct cmd *c, struct target *t, int opt, const char *arg)
{
	int ret;

	switch (opt) {
	case TARGET_OPT_INODE:
		ret = claim(c, t, TARGET_INODE, arg);
		if (!ret && cmd_parse_number(arg, 1, UINT32_MAX, &t->number))
			return cmd_usage(c, "--inode: \"%s\" is not an inode number (a whole number from 1 to %u)",
					 arg, UINT32_MAX);
		if (!ret)
			snprintf(t->label, sizeof(t->label), "inode %u", (uint32_t)t->number);
		return ret;
	case TARGET_OPT_PID:
		ret = claim(c, t, TARGET_PID, arg);
		if (!ret && cmd_parse_number(arg, 1, INT32_MAX, &t->number))
			return cmd_usage(c, "--pid: \"%s\" is not a process id (a whole number from 1 to %d)",
					 arg, INT32_MAX);
		if (!ret)
			snprintf(t->label, sizeof(t->label), "process %d", (int)t->number);
		return ret;
	default:
		ret = claim(c, t, TARGET_PATH, arg);
		if (!ret && !arg[0])
			return cmd_usage(c, "--path: the path is empty");
		if (!ret)
			snprintf(t->label, sizeof(t->label), "%.79s", arg);
		return ret;
	}
}

static int open_target(struct target *t, struct err *e)
{
	switch (t->kind) {
	case TARGET_NAME:
		return select_name(t->text, &t->ref, e);
	case TARGET_PID:
		return select_pid((pid_t)t->number, &t->ref, e);
	case TARGET_PATH:
		return select_path(t->text, &t->ref, e);
	default:
		t->ref.inode = (uint32_t)t->number;
		return 0;
	}
}

static int pin_inode(struct target *t, struct err *e)
{
	const struct genl_target number = { .inode = (uint32_t)t->number, .fd = -1 };
	struct genl_netns now;
	struct genl *g;
	int ret;

	if (genl_open(&g, NULL))
		return 0;
	ret = genl_netns_get(g, &number, &now, e);
	genl_close(g);
	if (ret)
		return ret;
	t->ref.inode = now.inode;
	t->ref.has_cookie = now.has_cookie;
	t->ref.cookie = now.cookie;
	t->instance = now.instance;
	if (!now.has_cookie)
		select_inode(now.inode, &t->ref, NULL);
	t->ref.inode = now.inode;
	return 0;
}

int target_pin(struct target *t, struct err *e)
{
	int ret = t->kind == TARGET_INODE ? pin_inode(t, e) : open_target(t, e);

	t->pinned = !ret && t->ref.inode;
	return ret;
}

int target_resolve(struct target *t, struct genl_target *out, struct err *e)
{
	int ret = t->pinned ? 0 : open_target(t, e);

	*out = (struct genl_target){ .fd = -1 };
	if (ret)
		return ret;
	out->fd = t->ref.fd;
	out->inode = t->ref.inode;
	out->has_cookie = t->ref.has_cookie;
	out->cookie = t->ref.cookie;
	return 0;
}

const char *target_label(struct target *t)
{
	uint32_t inode = t->kind == TARGET_INODE ? (uint32_t)t->number : t->ref.inode;
	struct names names = { .v = NULL };
	char name[NAMES_LABEL];
	size_t used = strlen(t->label);

	/* A name and a path are what people call it already. */
	if ((t->kind != TARGET_INODE && t->kind != TARGET_PID) || !inode || t->named)
		return t->label;
	t->named = true;
	if (!names_load(&names, NULL) && !names_load_tasks(&names, &inode, 1, NULL)) {
		names_label(&names, inode, name, sizeof(name));
		if (strcmp(name, "-"))
			snprintf(t->label + used, sizeof(t->label) - used, " (%s)", name);
	}
	names_clean(&names);
	return t->label;
}

void target_clean(struct target *t)
{
	if (t->kind != TARGET_NONE)
		netns_ref_close(&t->ref);
}
