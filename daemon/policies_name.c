// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of policies, and of their files. See policies.h. Pure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policies.h"

bool policies_is_builtin(const char *name)
{
	return !strcmp(name, "drop") || !strcmp(name, "reject") || !strcmp(name, "accept") ||
	       !strcmp(name, "audit");
}

bool policies_is_reserved(const char *name)
{
	return policies_is_builtin(name) || !strcmp(name, "none");
}

const char *policies_name_fault(const char *name)
{
	static const char accepted[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(name);

	if (!len)
		return "is empty";
	if (name[0] == '.' || name[0] == '-')
		return "begins with \".\" or \"-\"";
	if (strspn(name, accepted) != len)
		return "has other characters than A-Z a-z 0-9 . _ -";
	if (len > GENL_MAX_NAME)
		return "is longer than 63 bytes";
	if (policies_is_builtin(name))
		return "is that of a built-in policy";
	if (policies_is_reserved(name))
		return "means no policy";
	return NULL;
}

static bool has_suffix(const char *s, size_t len)
{
	const size_t suffix = sizeof(POLICIES_SUFFIX) - 1;

	return len > suffix && !memcmp(s + len - suffix, POLICIES_SUFFIX, suffix);
}

bool policies_is_file(const char *s)
{
	return strchr(s, '/') || has_suffix(s, strlen(s));
}

void policies_file(const char *name, char *buf, size_t size)
{
	const size_t prefix = sizeof(POLICIES_NETNS) - 1;

	if (strncmp(name, POLICIES_NETNS, prefix))
		snprintf(buf, size, "%s/%s%s", POLICIES_DIR, name, POLICIES_SUFFIX);
	else
		snprintf(buf, size, "%s/%s%s", POLICIES_NETNS_DIR, name + prefix, POLICIES_SUFFIX);
}

int policies_stem(const char *path, char name[GENL_MAX_NAME + 1], struct err *e)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base);
	char stem[256];
	const char *fault;

	if (has_suffix(base, len))
		len -= sizeof(POLICIES_SUFFIX) - 1;
	snprintf(stem, sizeof(stem), "%.*s", (int)(len < sizeof(stem) ? len : sizeof(stem) - 1),
		 base);
	fault = policies_name_fault(stem);
	if (fault)
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "\"%s\", which the file's name would give to the policy, %s (accepted: "
			       POLICIES_NAMES ")", stem, fault);
	strcpy(name, stem);
	return 0;
}
