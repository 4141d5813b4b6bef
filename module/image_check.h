/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image_check: is this image sound? Whatever it accepts, the classifier reads
 * inside of it and comes to an end. Shared by both worlds; pure.
 */
#ifndef NSF_IMAGE_CHECK_H
#define NSF_IMAGE_CHECK_H

#include "image.h"

struct nsf_image_fault {
	const char *what;	/* static: "record: miss does not lead forward" */
	u32 entry;		/* index within its section */
};

/*
 * @data: @size bytes, aligned to 8, which nobody else can change. Returns 0, or
 * -EINVAL with @fault. Linear in @size. Process context: in the module it calls
 * cond_resched(). Without @has_hash: for whoever is about to give it its hash, which
 * takes long.
 */
int nsf_image_check_as(const void *data, size_t size, struct nsf_image_fault *fault, bool has_hash);

static inline int nsf_image_check(const void *data, size_t size, struct nsf_image_fault *fault)
{
	return nsf_image_check_as(data, size, fault, true);
}

/*
 * Do a limit's numbers make sense, and does the bucket of nft's nft_limit_init()
 * fit in 64 bits? For packets it is unit / rate * burst, for bytes
 * unit * (rate + burst) / rate.
 */
bool nsf_limit_fits(const struct nsf_state_desc *s);

/* One of the two halves of a wide field, 64 bits; alone, it is no part of a key. */
static inline bool nsf_field_is_half(unsigned int f)
{
	return (f >= NSF_FIELD_IIFNAME_HI && f <= NSF_FIELD_OIFNAME_LO) ||
	       (f >= NSF_FIELD_IP6_SADDR_HI && f <= NSF_FIELD_IP6_DADDR_LO);
}

/* NSF_BIT of the fields that this op, a sound one, asks the packet for. */
u64 nsf_op_reads(const struct nsf_op *op);

#endif /* NSF_IMAGE_CHECK_H */
