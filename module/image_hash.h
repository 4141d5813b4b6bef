/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_hash: what the hash in an image's header must be. Shared by both worlds; pure. */
#ifndef NSF_IMAGE_HASH_H
#define NSF_IMAGE_HASH_H

#include "image.h"

#define NSF_HASH_PIECE	65536u

/*
 * SipHash-2-4 of the header with the hash 0, with key 0; then of each
 * NSF_HASH_PIECE bytes behind it (the last may have fewer), with the hash so far
 * as the key's first half: the kernel can rest in between. @img: aligned to 8;
 * its size is right. Process context.
 */
u64 nsf_image_hash(const struct nsf_image *img);

#endif /* NSF_IMAGE_HASH_H */
