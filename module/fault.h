/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failure points for tests: built with NSF_FAULTS=1, the K-th pass of a point
 * fails, where K is the parameter of that point's class (0: never; counts
 * down). In a normal build each point is the constant false.
 */
#ifndef NSF_FAULT_H
#define NSF_FAULT_H

#include <linux/types.h>

#ifdef NSF_FAULTS
bool nsf_fault_init(void);	/* once in each namespace's .init */
bool nsf_fault_attach(void);	/* each allocation and registration of an attach */
#else
static inline bool nsf_fault_init(void)
{
	return false;
}

static inline bool nsf_fault_attach(void)
{
	return false;
}
#endif

#endif /* NSF_FAULT_H */
