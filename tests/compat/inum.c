// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compiled by scripts/check-compat against each fixture of this folder: prints
 * the field that compat/inum.h chose, and exits 0 if it read that field.
 */
#include <stdio.h>
#include <string.h>

#include "compat/inum.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

int main(void)
{
	struct net net;

	memset(&net, 0xff, sizeof(net));
	net.NSF_INUM_FIELD = 4026532631u;
	puts(TEXT(NSF_INUM_FIELD));
	return nsf_net_inum(&net) == 4026532631u ? 0 : 1;
}
