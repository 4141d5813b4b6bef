/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mutate: an image that is sound and means something else, to see whether the
 * comparison notices. Tests only.
 */
#ifndef TESTS_POLICY_MUTATE_H
#define TESTS_POLICY_MUTATE_H

#include "image.h"
#include "rng.h"

enum mutation {
	MUTATE_CONSTANT, MUTATE_NOT, MUTATE_END, MUTATE_STATE, MUTATE_MISS, MUTATE_NEXT,
	MUTATE_KEY, MUTATE_DATA, MUTATE_TARGET, MUTATE_LIMIT, MUTATE_MARK, MUTATE_FIELD,
	MUTATIONS,
};

const char *mutation_name(enum mutation m);
/*
 * A changed copy that nsf_image_check() accepts, or NULL: @img has nothing that
 * could be changed so. It may still mean the same: a rule that nothing reaches.
 */
struct nsf_image *mutate(const struct nsf_image *img, enum mutation m, struct rng *r);

#endif /* TESTS_POLICY_MUTATE_H */
