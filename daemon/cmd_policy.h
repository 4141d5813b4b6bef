/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_policy: a file that becomes a policy of the module, for policy and attach. */
#ifndef NSF_CMD_POLICY_H
#define NSF_CMD_POLICY_H

struct policies_image;

/* Compiles @file and prints what there is to say. 0, or an exit code. */
int cmd_policy_compile(const char *file, struct policies_image *out);

#endif /* NSF_CMD_POLICY_H */
