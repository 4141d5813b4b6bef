// SPDX-License-Identifier: GPL-2.0-or-later
/* image: the flat sections, written out as one image; see module/image.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_check.h"
#include "image_hash.h"
#include "policy/compile.h"

/* What can be read off the ops. */
static void header_sum(struct nsf_image *img)
{
	const struct nsf_op *op = nsf_image_ops(img);
	u32 i, n = nsf_image_n_ops(img);

	for (i = 0; i < n; i++) {
		img->needs |= nsf_op_reads(&op[i]);
		if (op[i].code == NSF_OP_REJECT)
			img->flags |= NSF_IMAGE_REJECT;
	}
	if (img->needs & NSF_NEED_CT)
		img->flags |= NSF_IMAGE_CT;
}

int image_write(const struct flat *f, const char *name, struct nsf_image **out, struct diags *d)
{
	uint64_t size = flat_size(f);
	struct nsf_image_fault fault;
	struct nsf_image *img;
	u32 at = sizeof(*img);
	int i;

	if (size > NSF_MAX_IMAGE) {
		diag_add(d, DIAG_ERROR, name, 0, 0, 0, NULL,
			 "the policy takes %llu bytes once compiled; at most %u are allowed",
			 (unsigned long long)size, NSF_MAX_IMAGE);
		return -EINVAL;
	}
	img = calloc(1, size);
	if (!img)
		return -ENOMEM;
	img->magic = NSF_IMAGE_MAGIC;
	img->version = NSF_IMAGE_VERSION;
	img->size = (u32)size;
	for (i = 0; i < NSF_SECTIONS; i++) {
		size_t bytes = f->section[i].n * flat_entry[i];

		img->section[i].offset = at;
		img->section[i].size = (u32)bytes;
		if (bytes)
			memcpy((char *)img + at, f->section[i].v, bytes);
		at = (u32)((at + bytes + 7) & ~7ULL);
	}
	header_sum(img);
	if (nsf_image_check_as(img, size, &fault, false)) {
		diag_add(d, DIAG_ERROR, name, 0, 0, 0, NULL,
			 "internal error: the compiled image is refused (%s, entry %u)",
			 fault.what, fault.entry);
		free(img);
		return -EINVAL;
	}
	img->hash = nsf_image_hash(img);
	*out = img;
	return 0;
}
