/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * birth: what a namespace is born with. One whose parent (the namespace of the task
 * that makes it) has a fence that inherits gets a copy of that; any other one what
 * the policy of births says, or nothing. The fence is there before the namespace can
 * be found; where it cannot be had, there is no namespace.
 *
 * The policy of births is a parameter of the module's, then birth-set's. While it is
 * not none, it holds the module. If nobody sets it after the load, the deadman says
 * so, and lets go what is held if he is told to.
 */
#ifndef NSF_BIRTH_H
#define NSF_BIRTH_H

#include <linux/types.h>

#include "policy.h"

struct netlink_ext_ack;
struct nsf_attachment;
struct nsf_net;
struct nsf_rules;

#define NSF_BIRTH_NONE	   "none"
#define NSF_BIRTH_WAIT_MAX 604800	/* seconds: a week */

/* The policy of births, for answers. */
struct nsf_birth_info {
	char policy[NSF_NAME_SIZE];	/* NSF_BIRTH_NONE: the next four say nothing */
	u32 hooks;
	bool audit;
	bool strict;
	bool forward_accept;
	bool decided;	/* set since the load */
	bool release;	/* the deadman lets go */
	u32 wait;	/* seconds until he comes; 0: he does not */
	u64 births;	/* namespaces born with a fence */
	u64 refused;	/* and not born, for want of it */
};

/*
 * At load, before the first namespace can be born: @policy built in or none; @wait
 * seconds for the deadman, 0: none. Says in the log what is wrong. -EINVAL,
 * -EOPNOTSUPP, -ENOMEM, -ENODEV. Sleeps.
 */
int nsf_birth_start(const char *policy, unsigned int wait, bool release);
/*
 * At unload, and after a load that failed: when no request can come any more, and
 * before the code goes. Sleeps; takes nsf_mutex, waits for the deadman.
 */
void nsf_birth_stop(void);

/*
 * Sets the policy of births to @wanted (copied), with @name to the policy of that name;
 * @wanted NULL: to none. In force for every birth after the return, and nothing is
 * waited for. *@info is filled. Sleeps; takes nsf_mutex. With extack: -ENOENT,
 * -EINVAL, -EOPNOTSUPP, -ENOMEM, -ENODEV; nothing is changed then.
 */
int nsf_birth_set(const struct nsf_rules *wanted, const char *name,
		  struct nsf_birth_info *info, struct netlink_ext_ack *extack);
void nsf_birth_get(struct nsf_birth_info *info);
/* None, by somebody's decision. Under nsf_mutex. */
void nsf_birth_off(void);

/* ---- from .init of a namespace that is being born ---- */

/*
 * Memory for the fence that it will have as things stand; NULL: none. ERR_PTR
 * (-ENOMEM). Nothing is held but memory: much may change before nsf_birth_attach(),
 * which takes it in any case. Accounted to the task. @parent may be NULL; if not, the
 * caller is in it. Sleeps; takes nsf_mutex.
 */
struct nsf_attachment *nsf_birth_prepare(struct nsf_net *parent);
/*
 * Puts up the fence that it has now, if any. An error (-ENOMEM, -ENODEV) is to fail
 * the creation; nothing of it is left then that knows @nn. Says nothing to listeners.
 * Under nsf_mutex; sleeps.
 */
int nsf_birth_attach(struct nsf_net *nn, struct nsf_net *parent, struct nsf_attachment *att);

#endif /* NSF_BIRTH_H */
