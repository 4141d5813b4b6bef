// SPDX-License-Identifier: GPL-2.0-or-later
/* image_hash: see image_hash.h. The kernel's SipHash and ours are the same function. */
#ifdef __KERNEL__
#include <linux/sched.h>
#include <linux/siphash.h>
#else
#include "policy/siphash.h"
#endif

#include "image_hash.h"

static inline u64 piece(const void *data, size_t size, u64 key)
{
#ifdef __KERNEL__
	const siphash_key_t k = { { key, 0 } };

	cond_resched();
	return siphash(data, size, &k);
#else
	return siphash24(data, size, key, 0);
#endif
}

u64 nsf_image_hash(const struct nsf_image *img)
{
	const u8 *p = (const u8 *)(img + 1);
	size_t left = img->size - sizeof(*img);
	struct nsf_image head = *img;
	u64 hash;

	head.hash = 0;
	hash = piece(&head, sizeof(head), 0);
	while (left) {
		size_t n = left < NSF_HASH_PIECE ? left : NSF_HASH_PIECE;

		hash = piece(p, n, hash);
		p += n;
		left -= n;
	}
	return hash;
}
