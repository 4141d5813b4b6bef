// SPDX-License-Identifier: GPL-2.0-or-later
/* Fences as tables of nftables. See backend.h. */
#include <errno.h>

#include "backend_ops.h"

int backend_nft_open(struct backend **out, struct err *e)
{
	*out = NULL;
	return err_set(e, EOPNOTSUPP, EXIT_UNREACHABLE,
		       "the nft backend is not in this version");
}
