/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump: a generated policy as text, close to nft's language, with what nft would
 * not print (implicit matches, masks) made plain. For people who look at a
 * difference. Tests only.
 */
#ifndef TESTS_POLICY_DUMP_H
#define TESTS_POLICY_DUMP_H

#include <stdio.h>

#include "ref.h"

void dump_policy(FILE *f, const struct ir_policy *p);
void dump_packet(FILE *f, const struct ref_packet *p);
void dump_outcome(FILE *f, const char *who, const struct ref_outcome *o);

#endif /* TESTS_POLICY_DUMP_H */
