/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_monitor: how a report of a packet looks. */
#ifndef NSF_CMD_MONITOR_H
#define NSF_CMD_MONITOR_H

#include <jansson.h>
#include <stdio.h>

#include "cmd.h"

/* One line: key=value, those that may hold blanks in quotes, and last. */
void monitor_packet_print(const char *time, const struct names *names,
			  const struct genl_packet *p, FILE *f);
/* What follows time and event, with the names of module/nsfence.yaml, into @object. */
void monitor_packet_json(json_t *object, const struct names *names,
			 const struct genl_packet *p);

#endif /* NSF_CMD_MONITOR_H */
