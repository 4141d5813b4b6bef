/* SPDX-License-Identifier: GPL-2.0-or-later */
/* builtin: the policies that need no file, and the names of hooks. */
#ifndef NSF_BUILTIN_H
#define NSF_BUILTIN_H

#include <linux/netfilter.h>
#include <linux/types.h>

enum nsf_builtin {
	NSF_BUILTIN_ACCEPT,
	NSF_BUILTIN_DROP,
	NSF_BUILTIN_REJECT,
	NSF_BUILTIN_AUDIT,
	NSF_BUILTINS
};

#define NSF_HOOKS_ALL	  ((1U << NF_INET_NUMHOOKS) - 1)
#define NSF_HOOKS_DEFAULT ((1U << NF_INET_LOCAL_IN) | \
			   (1U << NF_INET_FORWARD) | \
			   (1U << NF_INET_LOCAL_OUT))
/* Where a reject can be sent from: the route is known, and not yet left behind. */
#define NSF_HOOKS_REJECT  NSF_HOOKS_DEFAULT

const char *nsf_builtin_name(enum nsf_builtin b);
/* 0 and *@b, or -ENOENT. */
int nsf_builtin_find(const char *name, enum nsf_builtin *b);
/* "input,forward": 0 and *@hooks, or -EINVAL. No empty list, no repeated word. */
int nsf_hooks_parse(const char *list, u32 *hooks);

#endif /* NSF_BUILTIN_H */
