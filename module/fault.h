/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failure points for tests: built with NSF_FAULTS=1, the K-th pass of a point
 * fails, where K is the parameter of that point's class (0: never; counts
 * down). In a normal build each point is the constant false.
 *
 * nsf_fault_register() stands for a subsystem that is registered after ours: the
 * K-th namespace fails there, when our .init has passed, or the next one stays there
 * for a while (slow_late).
 */
#ifndef NSF_FAULT_H
#define NSF_FAULT_H

#include <linux/types.h>

#ifdef NSF_FAULTS
bool nsf_fault_init(void);	/* once in each namespace's .init */
bool nsf_fault_attach(void);	/* each allocation and registration of an attach */
int nsf_fault_register(void);
void nsf_fault_unregister(void);
#else
static inline bool nsf_fault_init(void)
{
	return false;
}

static inline bool nsf_fault_attach(void)
{
	return false;
}

static inline int nsf_fault_register(void)
{
	return 0;
}

static inline void nsf_fault_unregister(void)
{
}
#endif

#endif /* NSF_FAULT_H */
