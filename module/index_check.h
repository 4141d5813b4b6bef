/* SPDX-License-Identifier: GPL-2.0-or-later */
/* index_check: is the index of this image sound? A part of image_check.c's work. */
#ifndef NSF_INDEX_CHECK_H
#define NSF_INDEX_CHECK_H

#include "image_check.h"

/*
 * @img: sound but for its index. 0, or -EINVAL with @fault; its entry is the offset of
 * the part in which something is wrong. Linear in the section's size; context as of
 * nsf_image_check().
 */
int nsf_index_check(const struct nsf_image *img, struct nsf_image_fault *fault);

#endif /* NSF_INDEX_CHECK_H */
