// SPDX-License-Identifier: GPL-2.0-or-later
/* ct: see ct.h. */
#include "compat/conntrack.h"
#include "ct.h"

bool nsf_ct_available(void)
{
	return nsf_ct_is_built();
}

int nsf_ct_get(struct net *net)
{
	return nsf_ct_netns_get(net);
}

void nsf_ct_put(struct net *net)
{
	nsf_ct_netns_put(net);
}
