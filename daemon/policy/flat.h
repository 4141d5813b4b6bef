/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flat: the sections of an image while they grow. compile.c fills them, image.c
 * writes them out. Entries are those of module/image.h.
 */
#ifndef NSF_POLICY_FLAT_H
#define NSF_POLICY_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

struct flat_section {
	void *v;
	size_t n, cap;		/* entries */
};

/* Zero it before use. */
struct flat {
	struct flat_section section[NSF_SECTIONS];
	struct { uint32_t at, hash; } *string;	/* offsets of the strings; 0: free */
	size_t strings, slots;	/* slots: a power of 2, or 0 */
};

static inline size_t flat_n(const struct flat *f, enum nsf_section_id id)
{
	return f->section[id].n;
}

/* For reading and changing; moves when the section grows. */
#define FLAT(type, f, id)	((type *)(f)->section[id].v)

/* Bytes of one entry of each section. */
extern const size_t flat_entry[NSF_SECTIONS];

/* @n more entries, zeroed; NULL: no memory. */
void *flat_add(struct flat *f, enum nsf_section_id id, size_t n);
/* The offset of @s (NULL: ""), the same for the same string; UINT32_MAX: no memory. */
uint32_t flat_string(struct flat *f, const char *s);
/* The bytes that the image will have. */
uint64_t flat_size(const struct flat *f);
void flat_clean(struct flat *f);

#endif /* NSF_POLICY_FLAT_H */
