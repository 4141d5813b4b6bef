/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types: the kernel's names of fixed-width types, for the files that both worlds share. */
#ifndef NSF_POLICY_TYPES_H
#define NSF_POLICY_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#endif /* NSF_POLICY_TYPES_H */
