/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_family: --descendants of attach and detach: the namespaces that tasks inside
 * one have made (kin.h), until no more are found.
 */
#ifndef NSF_CMD_FAMILY_H
#define NSF_CMD_FAMILY_H

#include "cmd.h"

struct family {
	const struct cmd *cmd;
	struct genl *g;
	uint32_t root;
	json_t *array;			/* what was done, for JSON; or NULL */
};

/*
 * Puts @f on each; the root has it already, with GENL_F_INHERIT, so that what is
 * born meanwhile is born with it. A fence that is there already stays, unless
 * GENL_F_REPLACE says otherwise. An exit code, with messages printed.
 */
int family_attach(const struct family *family, const struct genl_fence *f);
/*
 * Takes off what was inherited, or is the fence that the root had (@was: policy and
 * source), and counts. An exit code, with messages printed.
 */
int family_detach(const struct family *family, const struct genl_netns *was, size_t *count);

#endif /* NSF_CMD_FAMILY_H */
