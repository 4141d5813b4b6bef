// SPDX-License-Identifier: GPL-2.0-or-later
/* builtin: see builtin.h. Constant tables and look-ups; any context. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "builtin.h"

static const char *const builtin_names[NSF_BUILTINS] = {
	[NSF_BUILTIN_ACCEPT] = "accept",
	[NSF_BUILTIN_DROP] = "drop",
	[NSF_BUILTIN_REJECT] = "reject",
	[NSF_BUILTIN_AUDIT] = "audit",
};

static const char *const hook_names[NF_INET_NUMHOOKS] = {
	[NF_INET_PRE_ROUTING] = "prerouting",
	[NF_INET_LOCAL_IN] = "input",
	[NF_INET_FORWARD] = "forward",
	[NF_INET_LOCAL_OUT] = "output",
	[NF_INET_POST_ROUTING] = "postrouting",
};

const char *nsf_builtin_name(enum nsf_builtin b)
{
	return builtin_names[b];
}

int nsf_builtin_find(const char *name, enum nsf_builtin *b)
{
	int i;

	for (i = 0; i < NSF_BUILTINS; i++) {
		if (!strcmp(name, builtin_names[i])) {
			*b = i;
			return 0;
		}
	}
	return -ENOENT;
}

int nsf_hooks_parse(const char *list, u32 *hooks)
{
	u32 found = 0;
	size_t len;
	int i;

	for (;;) {
		len = strcspn(list, ",");
		for (i = 0; i < NF_INET_NUMHOOKS; i++)
			if (len == strlen(hook_names[i]) &&
			    !strncmp(list, hook_names[i], len))
				break;
		if (i == NF_INET_NUMHOOKS || found & (1U << i))
			return -EINVAL;
		found |= 1U << i;
		if (!list[len])
			break;
		list += len + 1;
	}
	*hooks = found;
	return 0;
}
