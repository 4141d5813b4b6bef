/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images made by hand, op by op. One chain; its policy is the last record.
 *
 *	image_begin(&f);
 *	image_record(&f, miss, next, (struct nsf_op){ ... }, ...);	indexes are plain
 *	img = image_end(&f, NSF_DROP);
 */
#ifndef MAKE_IMAGE_H
#define MAKE_IMAGE_H

#include "image_check.h"
#include "policy/compile.h"

static void image_begin(struct flat *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(flat_string(f, ""), 0);
	assert_int_equal(flat_string(f, "input"), 1);
	*(struct nsf_chain *)flat_add(f, NSF_SECTION_CHAINS, 1) = (struct nsf_chain){
		.id = 7, .hook = 1, .families = 3, .name = 1,
		.index = { NSF_NO_INDEX, NSF_NO_INDEX } };
	*(struct nsf_rule *)flat_add(f, NSF_SECTION_RULES, 1) = (struct nsf_rule){ .id = 1 };
}

static void image_ops(struct flat *f, u32 miss, u32 next, u32 rule, const struct nsf_op *op,
		      size_t n)
{
	*(struct nsf_record *)flat_add(f, NSF_SECTION_RECORDS, 1) = (struct nsf_record){
		.op = (u32)flat_n(f, NSF_SECTION_OPS), .ops = (u32)n, .miss = miss, .next = next,
		.rule = rule };
	if (n)
		memcpy(flat_add(f, NSF_SECTION_OPS, n), op, n * sizeof(*op));
}

#define image_record(f, miss, next, ...)						\
	image_ops(f, miss, next, 0, (const struct nsf_op[]){ __VA_ARGS__ },		\
		  sizeof((const struct nsf_op[]){ __VA_ARGS__ }) / sizeof(struct nsf_op))

static inline u32 image_set(struct flat *f, struct nsf_set set, const u32 *words, size_t n,
			    const u32 *data)
{
	set.keys = (u32)flat_n(f, NSF_SECTION_WORDS);
	if (n)
		memcpy(flat_add(f, NSF_SECTION_WORDS, n), words, n * sizeof(*words));
	set.data = NSF_NO_DATA;
	if (data) {
		set.data = (u32)flat_n(f, NSF_SECTION_WORDS);
		memcpy(flat_add(f, NSF_SECTION_WORDS, set.count), data,
		       set.count * sizeof(*data));
	}
	*(struct nsf_set *)flat_add(f, NSF_SECTION_SETS, 1) = set;
	return (u32)flat_n(f, NSF_SECTION_SETS) - 1;
}

/* Adds the policy, writes, and checks. */
static inline struct nsf_image *image_end(struct flat *f, u8 policy)
{
	struct diags d = { .n = 0 };
	struct nsf_image *img = NULL;
	const struct nsf_op op = { .code = policy == NSF_ACCEPT ? NSF_OP_ACCEPT : NSF_OP_DROP };
	struct nsf_chain *last = FLAT(struct nsf_chain, f, NSF_SECTION_CHAINS) +
		flat_n(f, NSF_SECTION_CHAINS) - 1;
	int err;

	last->policy = policy;
	image_ops(f, 0, 0, NSF_NO_RULE, &op, 1);
	err = image_write(f, "test", &img, &d);
	if (d.n)
		fail_msg("%s", d.v[0].message);
	assert_int_equal(err, 0);
	diags_clean(&d);
	flat_clean(f);
	return img;
}

#endif /* MAKE_IMAGE_H */
