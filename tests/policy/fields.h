/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fields: do headers.c and the reference see the same fields in a packet? Tests only. */
#ifndef TESTS_POLICY_FIELDS_H
#define TESTS_POLICY_FIELDS_H

#include "ref.h"

/* True: yes. Else @what says which field differs and how. */
bool fields_agree(const struct ref_packet *p, char *what, size_t size);

#endif /* TESTS_POLICY_FIELDS_H */
