/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text: a policy in nft's language, one rule a line. What gen_policy_text() makes
 * means the same when nft, or our own stages, read it again. Of other policies
 * @plain writes what there is no word for (dependencies that nft would not make)
 * in brackets, for people. Tests only.
 */
#ifndef TESTS_POLICY_TEXT_H
#define TESTS_POLICY_TEXT_H

#include <stdio.h>

#include "ref.h"

void text_write(FILE *f, const struct ir_policy *p, bool plain);

#endif /* TESTS_POLICY_TEXT_H */
