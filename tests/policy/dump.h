/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump: a packet and what was made of it, for people who look at a difference. Tests only. */
#ifndef TESTS_POLICY_DUMP_H
#define TESTS_POLICY_DUMP_H

#include <stdio.h>

#include "ref.h"

void dump_packet(FILE *f, const struct ref_packet *p);
void dump_outcome(FILE *f, const char *who, const struct ref_outcome *o);

#endif /* TESTS_POLICY_DUMP_H */
