// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * index_build: see index_build.h. Deterministic; chain after chain, one part for each
 * family. Where fields are too many, or one would cost too much, a part is made again
 * without them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/index_build.h"
#include "policy/policy.h"

#define MAX_DIMS	12	/* NSF_INDEX_MAX_ROWS; with CROSS never above MAX_NODES */
#define LIGHT		2	/* records: a field that tells no more is not worth a node */

unsigned int index_least = NSF_INDEX_MIN_RECORDS;

static_assert(MAX_DIMS <= NSF_INDEX_MAX_ROWS && 2 * MAX_DIMS <= NSF_INDEX_MAX_NODES,
	      "each field may have a node and be crossed");

bool index_room(struct index_plan *p, void *v, size_t *cap, size_t n, size_t size)
{
	size_t more = n > 2 * *cap ? n : 2 * *cap;
	void *old, *new;

	if (p->err)
		return false;
	if (n <= *cap)
		return true;
	if (more < 16)
		more = 16;
	memcpy(&old, v, sizeof(old));
	new = realloc(old, more * size);
	if (!new) {
		p->err = -ENOMEM;
		return false;
	}
	memcpy(v, &new, sizeof(new));
	*cap = more;
	/* cppcheck-suppress memleak ; *v has it */
	return true;
}

static void plan_clean(struct index_plan *p)
{
	unsigned int i;

	for (i = 0; i < NSF_INDEX_MAX_NODES; i++) {
		free(p->node[i].step);
		free(p->node[i].table);
		index_rows_clean(&p->node[i].rows);
	}
	free(p->alive);
	free(p->decided);
	free(p->cond);
	free(p->slot);
	free(p->use);
	free(p->use_at);
	free(p->list);
}

/* The fields that a statement of the chain changes. */
static u64 changed(const struct index_plan *p)
{
	const struct nsf_op *op = FLAT(struct nsf_op, p->flat, NSF_SECTION_OPS);
	u64 bits = 0;
	u32 i, k;

	for (i = 0; i < p->records; i++)
		for (k = 0; k < p->record[i].ops; k++) {
			u8 code = op[p->record[i].op + k].code;

			if (code == NSF_OP_MARK_SET)
				bits |= NSF_BIT(NSF_FIELD_MARK);
			if (code == NSF_OP_CT_MARK_SET)
				bits |= NSF_BIT(NSF_FIELD_CT_MARK);
		}
	return bits;
}

/* By condition, to find the records of each. */
static void uses_sort(struct index_plan *p)
{
	struct index_use *sorted = malloc((p->uses + 1) * sizeof(*sorted));
	u32 *at = calloc(p->conds + 2, sizeof(*at));
	size_t i;

	p->use_at = at;
	if (!sorted || !at) {
		free(sorted);
		p->err = -ENOMEM;
		return;
	}
	for (i = 0; i < p->uses; i++)
		at[p->use[i].cond + 2]++;
	for (i = 2; i < p->conds + 2; i++)
		at[i] += at[i - 1];
	for (i = 0; i < p->uses; i++)
		sorted[at[p->use[i].cond + 1]++] = p->use[i];
	free(p->use);
	p->use = sorted;
	p->use_cap = p->uses + 1;
}

/* The field that says least, of those that are to be looked at. */
static unsigned int lightest(const struct index_plan *p)
{
	unsigned int f, best = 0;

	for (f = 1; f < NSF_FIELDS; f++)
		if (p->weight[f] && (!best || p->weight[f] < p->weight[best]))
			best = f;
	return best;
}

/* Bits of the fields to do without. */
static u64 surplus(const struct index_plan *p)
{
	unsigned int f = lightest(p), n = 0, i;

	for (i = 0; i < NSF_FIELDS; i++)
		n += p->weight[i] != 0;
	return n > MAX_DIMS || (n > 1 && p->weight[f] <= LIGHT) ? NSF_BIT(f) : 0;
}

/* One row, of all that is alive? */
static bool is_plain(const struct index_plan *p, const struct index_draft *d)
{
	const u64 *word = d->rows.v + p->sums;
	u32 w;

	if (d->rows.count > 1)
		return false;
	for (w = 0; w < p->words; w++) {
		if (!p->alive[w])
			continue;
		if (!(d->rows.v[w / 64] >> w % 64 & 1) || *word++ != p->alive[w])
			return false;
	}
	return true;
}

static void draft_drop(struct index_draft *d)
{
	free(d->step);
	index_rows_clean(&d->rows);
	memset(d, 0, sizeof(*d));
}

/* A node for each field; the bits of one that is too much. */
static u64 sweep_all(struct index_plan *p)
{
	unsigned int f;

	for (f = 1; f < NSF_FIELDS && !p->err; f++) {
		struct index_draft *d = &p->node[p->nodes];

		if (!p->weight[f])
			continue;
		switch (index_sweep(p, f, d)) {
		case INDEX_DONE:
			break;
		case INDEX_TOO_MUCH:
			return NSF_BIT(f);
		case INDEX_NO_MEMORY:
			p->err = -ENOMEM;
			return 0;
		}
		if (is_plain(p, d))	/* it tells nothing */
			draft_drop(d);
		else
			p->nodes++;
	}
	return 0;
}

/* Where no field tells anything, but some records are of the other family. */
static void family_node(struct index_plan *p)
{
	struct index_draft *d = &p->node[0];

	d->field = NSF_FIELD_NFPROTO;
	d->operand = true;
	d->rows.max = 1;
	d->steps = 1;
	d->step = calloc(1, sizeof(*d->step));
	if (!d->step || index_rows_add(&d->rows, p, p->alive, 0, &d->absent) != INDEX_DONE)
		p->err = -ENOMEM;
	p->nodes = 1;
}

static bool some_are_dead(const struct index_plan *p)
{
	u32 i;

	for (i = 0; i < p->records; i++)
		if (!(p->alive[i / 64] >> i % 64 & 1))
			return true;
	return false;
}

/* Makes the plan; the bits of the fields that it must do without, where it must. */
static u64 plan_make(struct index_plan *p)
{
	u64 drop;
	u32 i;

	p->alive = calloc(p->words, sizeof(*p->alive));
	p->decided = calloc(p->records, sizeof(*p->decided));
	if (!p->alive || !p->decided) {
		p->err = -ENOMEM;
		return 0;
	}
	for (i = 0; i < p->records; i++)
		p->alive[i / 64] |= 1ULL << i % 64;
	index_flow(p);
	if (p->err)
		return 0;
	drop = surplus(p);
	if (drop)
		return drop;
	uses_sort(p);
	drop = p->err ? 0 : sweep_all(p);
	if (drop || p->err)
		return drop;
	if (p->nodes)
		index_cross(p);
	else if (some_are_dead(p))
		family_node(p);
	return 0;
}

/* For the chain's family @ipv6, which has a part now. */
static void decided_note(const struct index_plan *p, u32 start, bool ipv6)
{
	struct nsf_record *r = FLAT(struct nsf_record, p->flat, NSF_SECTION_RECORDS) + start;
	u32 i;

	for (i = 0; i < p->records; i++)
		r[i].decided[ipv6] = (u16)(p->decided[i] < UINT16_MAX ? p->decided[i] : UINT16_MAX);
}

/* The part of one chain and family; *at: its offset, or NSF_NO_INDEX. */
static int part_build(struct index_writer *w, u32 start, u32 records, u8 nfproto, u32 *at)
{
	u64 dims = ~0ULL;
	int err;

	*at = NSF_NO_INDEX;
	for (;;) {
		struct index_plan p = {
			.flat = w->flat, .records = records, .words = (records + 63) / 64,
			.record = FLAT(struct nsf_record, w->flat, NSF_SECTION_RECORDS) + start,
			.nfproto = nfproto,
		};
		u64 drop;

		p.sums = (p.words + 63) / 64;
		p.whole = p.words <= INDEX_WHOLE_WORDS;
		p.dims = dims & ~changed(&p) & ~NSF_BIT(NSF_FIELD_NFPROTO);
		drop = plan_make(&p);
		if (!drop && !p.err && p.nodes) {
			*at = index_write(w, &p);
			if (*at == INDEX_NONE)
				p.err = -ENOMEM;
			decided_note(&p, start, nfproto == 10);
		}
		err = p.err;
		plan_clean(&p);
		if (!drop)
			return err;
		dims &= ~drop;
	}
}

int index_build(struct flat *f)
{
	size_t chains = flat_n(f, NSF_SECTION_CHAINS), i;
	struct index_writer w = { .flat = f };
	int err = 0;

	for (i = 0; i < chains && !err; i++) {
		struct nsf_chain *chain = FLAT(struct nsf_chain, f, NSF_SECTION_CHAINS) + i;
		size_t end = i + 1 < chains ? chain[1].start : flat_n(f, NSF_SECTION_RECORDS);
		u32 records = (u32)end - chain->start;

		if (records < index_least ||
		    flat_n(f, NSF_SECTION_INDEX) > INDEX_MAX_BYTES)
			continue;
		if (chain->families & NSF_CHAIN_IPV4)
			err = part_build(&w, chain->start, records, 2, &chain->index[0]);
		if (!err && chain->families & NSF_CHAIN_IPV6)
			err = part_build(&w, chain->start, records, 10, &chain->index[1]);
	}
	index_writer_clean(&w);
	return err;
}
