/* SPDX-License-Identifier: GPL-2.0-or-later */
/* siphash: SipHash-2-4 (Aumasson, Bernstein 2012), 64 bits. Pure. */
#ifndef NSF_POLICY_SIPHASH_H
#define NSF_POLICY_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* @k0, @k1: the key's 16 bytes as two little-endian numbers. */
uint64_t siphash24(const void *data, size_t len, uint64_t k0, uint64_t k1);

#endif /* NSF_POLICY_SIPHASH_H */
