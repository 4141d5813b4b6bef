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

/* The number of the slot where @s is, or where it belongs. */
static size_t slot_of(const struct flat *f, const char *s, uint32_t hash)
{
	const char *all = FLAT(char, f, NSF_SECTION_STRINGS);
	size_t i = hash & (f->slots - 1);

	while (f->string[i].at && (f->string[i].hash != hash || strcmp(all + f->string[i].at, s)))
		i = (i + 1) & (f->slots - 1);
	return i;
}

static bool slots_grow(struct flat *f)
{
	struct flat old = *f;
	size_t i, k;

	f->slots = old.slots ? 2 * old.slots : 64;
	f->string = calloc(f->slots, sizeof(*f->string));
	if (!f->string) {
		*f = old;
		return false;
	}
	/* No two are alike: to the first that is free. */
	for (i = 0; i < old.slots; i++) {
		if (!old.string[i].at)
			continue;
		for (k = old.string[i].hash & (f->slots - 1); f->string[k].at;)
			k = (k + 1) & (f->slots - 1);
		f->string[k] = old.string[i];
	}
	free(old.string);
	return true;
}

uint32_t flat_string(struct flat *f, const char *s)
{
	size_t at = flat_n(f, NSF_SECTION_STRINGS), len, i;
	uint32_t hash;
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
	len = strlen(s) + 1;
	hash = (uint32_t)siphash24(s, len - 1, 0, 0);
	i = slot_of(f, s, hash);
	if (!f->string[i].at) {
		if (len > UINT32_MAX - 1 - at)
			return UINT32_MAX;
		copy = flat_add(f, NSF_SECTION_STRINGS, len);
		if (!copy)
			return UINT32_MAX;
		memcpy(copy, s, len);
		f->string[i].at = (uint32_t)at;
		f->string[i].hash = hash;
		f->strings++;
	}
	return f->string[i].at;
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
