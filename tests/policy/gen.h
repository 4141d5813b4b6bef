/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen: policies and packets out of a seed. Policies are made as IR, in shapes that
 * nft's language can write; packets are made to meet their constants: on the
 * boundary, one beside it, or anywhere. Tests only.
 *
 *   gen_value.c   values and sets of values for each field
 *   gen_policy.c  chains and rules, with gen_field.c and gen_stmt.c (gen_rule.h)
 *   gen_packet.c  packets as raw bytes, and what the kernel knows besides
 */
#ifndef TESTS_POLICY_GEN_H
#define TESTS_POLICY_GEN_H

#include "ref.h"
#include "rng.h"

#define GEN_MAX_BYTES	4096

struct gen_packet {
	struct ref_packet p;		/* p.data points to bytes */
	uint8_t bytes[GEN_MAX_BYTES];
};

struct ir_policy *gen_policy(uint64_t seed);
/* One that text_write() can write as nft's language. */
struct ir_policy *gen_policy_text(uint64_t seed);
void gen_policy_free(struct ir_policy *p);
/* A packet for one of the policy's families; @now goes on from packet to packet. */
void gen_packet(struct rng *r, const struct ir_policy *policy, uint64_t now,
		struct gen_packet *out);

/* ---- values ---- */

/* A likely value of the field. */
void gen_value(struct rng *r, enum ir_field f, uint8_t *v);
/* Two of them in order, or a prefix, or one; @wide: ranges wanted. */
void gen_range(struct rng *r, enum ir_field f, bool wide, struct ir_range *range);
/* One of a range: an end, one beside an end where @outside may be, or one in between. */
void gen_in_range(struct rng *r, const struct ir_range *range, unsigned int width, uint8_t *v);
void gen_near_range(struct rng *r, const struct ir_range *range, unsigned int width, uint8_t *v);
/* Plus or minus one; false where it wraps around. */
bool gen_bump(uint8_t *v, unsigned int width, int by);
/* Fills element and elements of @set, which has its fields' widths. */
void gen_elements(struct rng *r, struct ir_set *set, const enum ir_field *field, size_t want);

#endif /* TESTS_POLICY_GEN_H */
