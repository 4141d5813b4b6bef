// SPDX-License-Identifier: GPL-2.0-or-later
/* flat: see flat.h. */
#include <stdlib.h>
#include <string.h>

#include "policy/flat.h"
#include "policy/siphash.h"

const size_t flat_entry[NSF_SECTIONS] = {
	[NSF_SECTION_CHAINS] = sizeof(struct nsf_chain),
	[NSF_SECTION_RECORDS] = sizeof(struct nsf_record),
	[NSF_SECTION_OPS] = sizeof(struct nsf_op),
	[NSF_SECTION_TARGETS] = sizeof(u32),
	[NSF_SECTION_SETS] = sizeof(struct nsf_set),
	[NSF_SECTION_WORDS] = sizeof(u32),
	[NSF_SECTION_STATES] = sizeof(struct nsf_state_desc),
	[NSF_SECTION_RULES] = sizeof(struct nsf_rule),
	[NSF_SECTION_STRINGS] = 1,
	[NSF_SECTION_INDEX] = 1,
};

void *flat_add(struct flat *f, enum nsf_section_id id, size_t n)
{
	struct flat_section *s = &f->section[id];
	char *at;

	if (n > s->cap - s->n) {
		size_t cap = s->cap ? s->cap : 64;

		while (cap - s->n < n)
			cap *= 2;
		at = realloc(s->v, cap * flat_entry[id]);
		if (!at)
			return NULL;
		s->v = at;
		s->cap = cap;
	}
	at = (char *)s->v + s->n * flat_entry[id];
	memset(at, 0, n * flat_entry[id]);
	s->n += n;
	return at;
}

/* The slot where @s is, or where it belongs. */
static uint32_t *slot_of(const struct flat *f, const char *s)
{
	const char *all = FLAT(char, f, NSF_SECTION_STRINGS);
	size_t i = siphash24(s, strlen(s), 0, 0) & (f->slots - 1);

	while (f->string[i] && strcmp(all + f->string[i], s))
		i = (i + 1) & (f->slots - 1);
	return &f->string[i];
}

static bool slots_grow(struct flat *f)
{
	struct flat old = *f;
	size_t i;

	f->slots = old.slots ? 2 * old.slots : 64;
	f->string = calloc(f->slots, sizeof(*f->string));
	if (!f->string) {
		*f = old;
		return false;
	}
	for (i = 0; i < old.slots; i++)
		if (old.string[i])
			*slot_of(f, FLAT(char, f, NSF_SECTION_STRINGS) + old.string[i]) =
				old.string[i];
	free(old.string);
	return true;
}

uint32_t flat_string(struct flat *f, const char *s)
{
	size_t at = flat_n(f, NSF_SECTION_STRINGS), len;
	uint32_t *slot;
	char *copy;

	if (!at) {		/* offset 0 is "" */
		if (!flat_add(f, NSF_SECTION_STRINGS, 1))
			return UINT32_MAX;
		at = 1;
	}
	if (!s || !*s)
		return 0;
	if (2 * f->strings >= f->slots && !slots_grow(f))
		return UINT32_MAX;
	slot = slot_of(f, s);
	if (!*slot) {
		len = strlen(s) + 1;
		if (len > UINT32_MAX - 1 - at)
			return UINT32_MAX;
		copy = flat_add(f, NSF_SECTION_STRINGS, len);
		if (!copy)
			return UINT32_MAX;
		memcpy(copy, s, len);
		*slot = (uint32_t)at;
		f->strings++;
	}
	return *slot;
}

uint64_t flat_size(const struct flat *f)
{
	uint64_t size = sizeof(struct nsf_image);
	int i;

	for (i = 0; i < NSF_SECTIONS; i++)
		size = (size + f->section[i].n * flat_entry[i] + 7) & ~7ULL;
	return size;
}

void flat_clean(struct flat *f)
{
	int i;

	for (i = 0; i < NSF_SECTIONS; i++)
		free(f->section[i].v);
	free(f->string);
	memset(f, 0, sizeof(*f));
}
