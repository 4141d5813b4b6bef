// links: ../module/classify.c ../module/index.c ../module/image_check.c ../module/image_hash.c ../module/index_check.c
// links: policy/flat.c policy/image.c policy/siphash.c policy/diag.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The checker refuses each kind of damage by its name; and whatever it lets pass,
 * of a sound image with any one byte changed, classifies without harm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_effect.h"
#include "image_hash.h"
#include "make_index.h"

#define OP(...)		((struct nsf_op){ __VA_ARGS__ })

/* Offsets in the section of the index. */
static struct {
	u32 part, table, search, wide, low, lower, cross, rows, row;
} at;

/* Of the first chain, for IPv4: a node of each kind but those with slots. */
static void sound_index(struct flat *f, u32 records)
{
	static const u16 table[] = { 0, 2, 1 };
	static const u32 search[] = { 0, 5, 9 }, search_to[] = { 1, 0, 2 };
	static const u64 wide[] = { 0, 7 }, low[] = { 0, 3 };
	static const u64 bits[] = { 0x3f, 0x15, 0x20, 0 };
	u16 cross[5] = { 3, 0, 1, 2, 0 };
	struct nsf_index_node node[4];
	struct nsf_index_lower lower;
	u32 row[4], i;

	for (i = 0; i < 4; i++)
		row[i] = index_row(f, bits + i, records);
	at.row = row[0];
	at.rows = index_put(f, row, sizeof(row));
	at.table = index_put(f, table, sizeof(table));
	at.search = index_steps32(f, search, search_to, 3);
	at.low = index_steps64(f, low, row, 2);
	lower = (struct nsf_index_lower){ .table = at.low, .count = 2 };
	at.lower = index_put(f, &lower, sizeof(lower));
	at.wide = index_steps64(f, wide, (u32 []){ row[1], NSF_INDEX_TO_LOWER }, 2);
	at.cross = index_put(f, cross, sizeof(cross));
	node[0] = (struct nsf_index_node){
		.kind = NSF_INDEX_TABLE, .field = NSF_FIELD_L4PROTO, .absent = 2, .classes = 3,
		.table = at.table, .count = 3, .rows = NSF_INDEX_NO_ROWS };
	node[1] = (struct nsf_index_node){
		.kind = NSF_INDEX_SEARCH, .field = NSF_FIELD_TH_DPORT, .absent = 2, .classes = 3,
		.table = at.search, .count = 3, .rows = NSF_INDEX_NO_ROWS };
	node[2] = (struct nsf_index_node){
		.kind = NSF_INDEX_WIDE, .field = NSF_FIELD_IIFNAME_HI, .absent = row[1],
		.table = at.wide, .count = 2, .lower = at.lower, .lowers = 1,
		.rows = NSF_INDEX_OWN_ROWS };
	node[3] = (struct nsf_index_node){
		.kind = NSF_INDEX_CROSS, .field = NSF_INDEX_NO_NODE, .a = 1, .classes = 4,
		.table = at.cross, .count = 5, .rows = at.rows };
	at.part = index_part(f, records, node, 4);
	index_put(f, bits + 3, sizeof(*bits));		/* a row without words at the very end */
	FLAT(struct nsf_chain, f, NSF_SECTION_CHAINS)->index[0] = at.part;
}

/* One of each: sets of all kinds, a map, states, a reject, two chains, an index. */
static struct nsf_image *sound(void)
{
	static const u32 exact[] = { 80, 443 };
	static const u32 range[] = { 10, 20, 30, 40 };
	static const u32 box[] = { 1, 2, 0, 0, 0, 3, 4, 2, 0, 0, 0, 9,
				   5, 2, 0, 0, 0, 3, 6, 2, 0, 0, 0, 9 };
	static const u32 map[] = { 1, 2, 3 }, data[] = { 0, 1, 2 };
	struct nsf_set one = { .kind = NSF_SET_EXACT, .fields = 1, .words = 1, .width = { 1 },
			       .count = 2 };
	struct nsf_state_desc *s;
	struct flat f;
	u32 *t, prefix;
	const struct nsf_op drop = { .code = NSF_OP_DROP };

	image_begin(&f);
	prefix = flat_string(&f, "prefix");
	image_set(&f, one, exact, 2, NULL);
	one.kind = NSF_SET_RANGE;
	image_set(&f, one, range, 4, NULL);
	image_set(&f, (struct nsf_set){ .kind = NSF_SET_BOX, .fields = 3, .words = 6,
					.width = { 1, 4, 1 }, .count = 2 }, box, 24, NULL);
	one.kind = NSF_SET_EXACT;
	one.count = 3;
	one.targets = 3;
	image_set(&f, one, map, 3, data);
	s = flat_add(&f, NSF_SECTION_STATES, 3);
	s[0] = (struct nsf_state_desc){ .id = 1, .kind = NSF_STATE_COUNTER };
	s[1] = (struct nsf_state_desc){ .id = 2, .kind = NSF_STATE_LIMIT, .burst = 5, .rate = 1,
					.unit = 1000000000 };
	s[2] = (struct nsf_state_desc){ .id = 9, .kind = NSF_STATE_LIMIT, .rate = 1000,
					.unit = 60000000000, .limit_flags = NSF_LIMIT_BYTES };
	t = flat_add(&f, NSF_SECTION_TARGETS, 3);
	t[0] = NSF_TARGET_VERDICT | NSF_ACCEPT;
	t[1] = NSF_TARGET_VERDICT | NSF_DROP;
	t[2] = 4;

	image_record(&f, 1, 2, OP(.code = NSF_OP_MASK, .field = NSF_FIELD_L4PROTO, .a = 6,
				  .b = 0xff),
		     OP(.code = NSF_OP_SET, .arg = 0, .a = NSF_FIELD_TH_DPORT,
			.flags = NSF_OP_NOT),
		     OP(.code = NSF_OP_RANGE, .field = NSF_FIELD_TH_SPORT, .a = 1, .b = 9));
	image_record(&f, 2, 2, OP(.code = NSF_OP_MAP, .arg = 3, .a = NSF_FIELD_MARK));
	image_record(&f, 3, 0,
		     OP(.code = NSF_OP_SET, .arg = 2, .a = NSF_FIELD_MARK |
			NSF_FIELD_IP6_SADDR << 8 | NSF_FIELD_TH_TYPE << 16),
		     OP(.code = NSF_OP_REJECT, .arg = NSF_REJECT_ICMPX, .a = 1));
	image_record(&f, 4, 5, OP(.code = NSF_OP_COUNTER), OP(.code = NSF_OP_LIMIT, .arg = 1),
		     OP(.code = NSF_OP_LIMIT, .arg = 2),
		     OP(.code = NSF_OP_LOG, .arg = prefix, .a = 4),
		     OP(.code = NSF_OP_MARK_SET, .field = NSF_FIELD_CT_MARK, .a = 3, .b = 5),
		     OP(.code = NSF_OP_CT_MARK_SET, .a = 3));
	image_record(&f, 5, 0, OP(.code = NSF_OP_SET, .arg = 1, .a = NSF_FIELD_TH_DPORT), drop);
	image_ops(&f, 0, 0, NSF_NO_RULE, &drop, 1);	/* the first chain's policy */
	FLAT(struct nsf_chain, &f, NSF_SECTION_CHAINS)->policy = NSF_DROP;
	sound_index(&f, 6);
	*(struct nsf_chain *)flat_add(&f, NSF_SECTION_CHAINS, 1) = (struct nsf_chain){
		.id = 8, .hook = 3, .families = 1, .start = 6, .name = 1, .priority = -5,
		.index = { NSF_NO_INDEX, NSF_NO_INDEX } };
	image_record(&f, 7, 7, OP(.code = NSF_OP_COUNTER));
	return image_end(&f, NSF_ACCEPT);
}

static void rehash(struct nsf_image *img)
{
	img->hash = nsf_image_hash(img);
}

/* ---- named damage ---- */

static struct nsf_image *img;
static struct nsf_image_fault fault;

#define ENTRY(type, id, i)	((type *)((char *)img + img->section[id].offset) + (i))
#define CHAIN(i)	ENTRY(struct nsf_chain, NSF_SECTION_CHAINS, i)
#define RECORD(i)	ENTRY(struct nsf_record, NSF_SECTION_RECORDS, i)
#define OPS(i)		ENTRY(struct nsf_op, NSF_SECTION_OPS, i)
#define TARGET(i)	ENTRY(u32, NSF_SECTION_TARGETS, i)
#define SET(i)		ENTRY(struct nsf_set, NSF_SECTION_SETS, i)
#define WORD(i)		ENTRY(u32, NSF_SECTION_WORDS, i)
#define STATE(i)	ENTRY(struct nsf_state_desc, NSF_SECTION_STATES, i)
#define RULE(i)		ENTRY(struct nsf_rule, NSF_SECTION_RULES, i)
#define STRING(i)	ENTRY(char, NSF_SECTION_STRINGS, i)

static void expect(const char *what)
{
	rehash(img);
	if (!nsf_image_check(img, img->size, &fault)) {
		if (what)
			fail_msg("accepted, though: %s", what);
	} else {
		assert_string_equal(fault.what, what ? what : "nothing is wrong");
	}
	free(img);
	img = NULL;
}

/* One change to a sound image, and what the checker must say of it (NULL: nothing). */
#define DAMAGE(change, what) do {	\
	img = sound();			\
	change;				\
	expect(what);			\
} while (0)

static void test_sound(void **state)
{
	struct nsf_image *a = sound(), *b = sound();

	(void)state;
	assert_int_equal(nsf_image_check(a, a->size, &fault), 0);
	/* Deterministic. */
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a, b, a->size);
	assert_int_equal(a->flags, NSF_IMAGE_CT | NSF_IMAGE_REJECT);
	free(a);
	free(b);
}

static void test_header(void **state)
{
	(void)state;
	DAMAGE(img->magic ^= 1, "header: not an image of this kind and byte order");
	DAMAGE(img->version++, "header: another version of the image");
	DAMAGE(img->spare = 1, "header: spare is not 0");
	DAMAGE(img->needs ^= 2, "header: needs is not what the ops read");
	DAMAGE(img->flags = NSF_IMAGE_CT, "header: flags are wrong");
	DAMAGE(img->flags |= 4, "header: flags are wrong");
	DAMAGE(img->section[0].offset += 8, "section: does not begin where the last one ends");
	DAMAGE(img->section[2].size = ~0u, "section: reaches out of the image");
	DAMAGE(img->section[1].size -= 8, "section: cuts an entry");
	DAMAGE(img->section[0].size += 32, "section: does not begin where the last one ends");
	/* The targets end in the middle of 8 bytes. */
	DAMAGE(*TARGET(3) = 1, "section: padding is not 0");
	DAMAGE(img->section[NSF_SECTION_INDEX].size += 8, "section: reaches out of the image");

	img = sound();
	img->hash ^= 1;
	assert_int_equal(nsf_image_check(img, img->size, &fault), -EINVAL);
	assert_string_equal(fault.what, "header: the hash is wrong");
	assert_int_equal(nsf_image_check(img, img->size - 8, &fault), -EINVAL);
	assert_string_equal(fault.what, "header: the size is wrong");
	assert_int_equal(nsf_image_check(img, sizeof(*img) - 1, &fault), -EINVAL);
	assert_string_equal(fault.what, "header: too short or too long for an image");
	free(img);
}

static void test_chains(void **state)
{
	(void)state;
	DAMAGE(CHAIN(0)->start = 1, "chain: does not start where the last one ends");
	DAMAGE(CHAIN(1)->start = 0, "chain: no records, or more than there are");
	DAMAGE(CHAIN(1)->start = 99, "chain: no records, or more than there are");
	DAMAGE(CHAIN(1)->start = 5, "record: next does not lead forward within the chain");
	DAMAGE(CHAIN(0)->hook = 5, "chain: no such hook");
	DAMAGE(CHAIN(0)->families = 0, "chain: no such families");
	DAMAGE(CHAIN(0)->families = 4, "chain: no such families");
	DAMAGE(CHAIN(0)->policy = NSF_REJECT, "chain: no such policy");
	DAMAGE(CHAIN(0)->policy = NSF_ACCEPT, "op: not the chain's policy");
	DAMAGE(CHAIN(0)->spare = 1, "chain: id is 0, or spare is not");
	DAMAGE(CHAIN(0)->name = 2, "chain: no such string");
	DAMAGE(CHAIN(0)->name = ~0u, "chain: no such string");
	DAMAGE(CHAIN(0)->id = 0, "chain: id is 0, or spare is not");
	DAMAGE(CHAIN(1)->id = CHAIN(0)->id, "chain: two have the same id");
}

static void test_records(void **state)
{
	(void)state;
	DAMAGE(RECORD(1)->op = 0, "record: ops do not follow the record before");
	DAMAGE(RECORD(1)->ops = ~0u, "record: ops reach out of the section");
	DAMAGE(RECORD(0)->miss = 0, "record: miss does not lead forward within the chain");
	DAMAGE(RECORD(3)->miss = 3, "record: miss does not lead forward within the chain");
	DAMAGE(RECORD(3)->miss = 6, "record: miss does not lead forward within the chain");
	DAMAGE(RECORD(0)->next = 0, "record: next does not lead forward within the chain");
	DAMAGE(RECORD(2)->next = 3, "record: next does not lead forward within the chain");
	DAMAGE(RECORD(3)->next = 2, "record: next does not lead forward within the chain");
	DAMAGE(RECORD(3)->next = 7, "record: next does not lead forward within the chain");
	DAMAGE(RECORD(0)->rule = 1, "record: no such rule");
	DAMAGE(RECORD(0)->rule = NSF_NO_RULE, "record: no such rule");
	DAMAGE(RECORD(0)->decided[0] = 200, "record: more ops are decided than it has");
	DAMAGE(RECORD(0)->decided[1] = (u16)(RECORD(0)->ops + 1),
	       "record: more ops are decided than it has");
	DAMAGE(RECORD(0)->decided[1] = (u16)RECORD(0)->ops, NULL);
	DAMAGE(RECORD(1)->decided[0] = 1, "record: an op is decided that is no match");
	DAMAGE(RECORD(2)->decided[0] = 2, "record: an op is decided that is no match");
	DAMAGE(RECORD(3)->decided[1] = 1, "record: an op is decided that is no match");
	DAMAGE(RECORD(5)->decided[1] = 1, "record: not a chain's policy");
	DAMAGE(RECORD(5)->rule = 0, "record: not a chain's policy");
	DAMAGE(RECORD(5)->miss = 6, "record: not a chain's policy");
	DAMAGE(RECORD(7)->ops = 0, "record: not a chain's policy");
	DAMAGE(OPS(img->section[NSF_SECTION_OPS].size / sizeof(struct nsf_op) - 1)->code =
	       NSF_OP_COUNTER, "op: not the chain's policy");
}

static void test_ops(void **state)
{
	(void)state;
	DAMAGE(OPS(0)->code = NSF_OP_NONE, "op: no such code");
	DAMAGE(OPS(0)->code = NSF_OPS, "op: no such code");
	DAMAGE(OPS(0)->code = NSF_OP_DROP, "op: what is not used is not 0");
	DAMAGE(OPS(0)->flags = 2, "op: what is not used is not 0");
	DAMAGE(OPS(0)->spare = 2, "op: what is not used is not 0");
	DAMAGE(OPS(0)->arg = 2, "op: what is not used is not 0");
	DAMAGE(OPS(3)->flags = NSF_OP_NOT, "op: what is not used is not 0");
	DAMAGE(OPS(0)->field = 0, "op: no such field");
	DAMAGE(OPS(0)->field = NSF_FIELDS, "op: no such field");
	DAMAGE(OPS(0)->field = NSF_FIELD_IP6_SADDR, "op: no such field");
	DAMAGE(OPS(2)->a = 10, "op: a range ends before it begins");
	DAMAGE(OPS(1)->arg = 4, "op: no such set");
	DAMAGE(OPS(1)->arg = 2, "op: the key is not the set's");
	DAMAGE(OPS(1)->arg = 3, "op: a map where a set must be, or the reverse");
	DAMAGE(OPS(1)->a = NSF_FIELD_IP6_SADDR, "op: the key is not the set's");
	DAMAGE(OPS(1)->a = NSF_FIELD_IP6_SADDR_HI, "op: the key is not the set's");
	DAMAGE(OPS(1)->a = NSF_FIELDS, "op: the key is not the set's");
	DAMAGE(OPS(1)->a = 0, "op: the key is not the set's");
	DAMAGE(OPS(1)->a |= 1ULL << 40, "op: the key is not the set's");
	DAMAGE(OPS(4)->a ^= 0x80 << 8, "op: the key is not the set's");
	DAMAGE(OPS(3)->arg = 0, "op: a map where a set must be, or the reverse");
	DAMAGE(OPS(3)->b = 1, "op: targets do not follow the map before");
	DAMAGE(SET(3)->targets = 4, "op: targets reach out of the section");
	DAMAGE(OPS(5)->arg = NSF_REJECT_HOWS, "op: no such way to reject");
	DAMAGE(OPS(5)->a = NSF_ICMPXS, "op: no such way to reject");
	DAMAGE(OPS(6)->arg = 3, "op: no such state");
	DAMAGE(OPS(6)->arg = 1, "op: the state is of another kind or rule");
	DAMAGE(OPS(9)->arg++, "op: no such string");
	DAMAGE(OPS(9)->a = 8, "op: no such log level");
	DAMAGE(OPS(10)->field = NSF_FIELD_IP_TTL, "op: no such mark");
	DAMAGE(OPS(10)->a = 1ULL << 32, "op: a mark has 32 bits");
	DAMAGE((*OPS(1) = OP(.code = NSF_OP_DROP)), "op: an end or a map before others");
}

static void test_targets(void **state)
{
	(void)state;
	DAMAGE(*TARGET(0) = NSF_TARGET_VERDICT | NSF_REJECT,
	       "target: does not lead forward within the chain");
	DAMAGE(*TARGET(2) = 1, "target: does not lead forward within the chain");
	DAMAGE(*TARGET(2) = 6, "target: does not lead forward within the chain");
	DAMAGE(*TARGET(2) = 0, "target: does not lead forward within the chain");
	DAMAGE((SET(3)->targets = 2, *WORD(33) = 0, *WORD(34) = 0, *WORD(35) = 0),
	       "target: belongs to no map");
}

static void test_sets(void **state)
{
	(void)state;
	DAMAGE(SET(0)->kind = NSF_SET_KINDS, "set: no such kind");
	DAMAGE(SET(0)->fields = 0, "set: no such number of fields");
	DAMAGE(SET(0)->fields = 6, "set: no such number of fields");
	DAMAGE(SET(0)->width[0] = 2, "set: a field's width is wrong");
	DAMAGE(SET(0)->width[1] = 1, "set: a field's width is wrong");
	DAMAGE(SET(0)->width[7] = 1, "set: a field's width is wrong");
	DAMAGE(SET(0)->words = 2, "set: words is not the sum of the widths");
	DAMAGE(SET(0)->spare = 1, "set: spare is not 0");
	DAMAGE(SET(0)->spare2 = 1, "set: spare is not 0");
	DAMAGE(SET(0)->count = NSF_MAX_ELEMENTS + 1, "set: more elements than allowed");
	DAMAGE(SET(0)->count = NSF_MAX_ELEMENTS, "set: keys reach out of the section");
	DAMAGE(SET(0)->count = 1, "set: keys do not follow the set before");
	DAMAGE(SET(0)->keys = 1, "set: keys do not follow the set before");
	DAMAGE(SET(0)->targets = 1, "set: targets without data, or data without targets");
	DAMAGE(SET(3)->targets = 0, "set: targets without data, or data without targets");
	DAMAGE(SET(3)->targets = 2, "set: data without a target");
	DAMAGE(SET(3)->data = 0, "set: data do not follow the keys");
	DAMAGE((SET(3)->data = NSF_NO_DATA, SET(3)->targets = 0),
	       "words: some belong to no set");
	DAMAGE(*WORD(0) = 443, "set: keys are not sorted or overlap");
	DAMAGE(*WORD(0) = 500, "set: keys are not sorted or overlap");
	DAMAGE(*WORD(2) = 21, "set: a range ends before it begins");
	DAMAGE(*WORD(4) = 20, "set: keys are not sorted or overlap");
	DAMAGE(*WORD(6) = 9, "set: a box ends before it begins");
	DAMAGE((*WORD(18) = 0, *WORD(24) = 0), "set: boxes are not sorted");
}

static void test_states(void **state)
{
	(void)state;
	DAMAGE(STATE(1)->id = 1, "state: ids are not sorted, or two are alike");
	DAMAGE(STATE(1)->id = 10, "state: ids are not sorted, or two are alike");
	DAMAGE(STATE(0)->rule = 1, "state: no such rule");
	DAMAGE(STATE(0)->kind = NSF_STATE_KINDS, "state: no such kind");
	DAMAGE(STATE(0)->burst = 1, "state: a counter with a limit's numbers");
	DAMAGE(STATE(1)->limit_flags = 4, "state: no such flags of a limit");
	DAMAGE(STATE(1)->rate = 0, "state: a limit's numbers are 0 or too large");
	DAMAGE(STATE(1)->unit = 0, "state: a limit's numbers are 0 or too large");
	DAMAGE(STATE(1)->burst = 0, "state: a limit's numbers are 0 or too large");
	DAMAGE(STATE(1)->unit = 1ULL << 62, "state: a limit's numbers are 0 or too large");
	DAMAGE(STATE(2)->rate = 1ULL << 40, "state: a limit's numbers are 0 or too large");
	DAMAGE((STATE(2)->rate = ~0ULL, STATE(2)->burst = 1),
	       "state: a limit's numbers are 0 or too large");
}

static void test_rules(void **state)
{
	(void)state;
	DAMAGE(RULE(0)->text = ~0u, "rule: no such string");
	DAMAGE(RULE(0)->file = 2, "rule: no such string");
	DAMAGE(RULE(0)->chain = 2, "rule: no such string");
	DAMAGE(*STRING(0) = 'x', "strings: do not begin and end with NUL");
	DAMAGE(*STRING(img->section[NSF_SECTION_STRINGS].size - 1) = 'x',
	       "strings: do not begin and end with NUL");
}

/* ---- the index ---- */

#define INDEX(type, o)	((type *)((char *)img + img->section[NSF_SECTION_INDEX].offset + (o)))
#define PART		INDEX(struct nsf_index_part, at.part)
#define NODE(i)		(INDEX(struct nsf_index_node, at.part + sizeof(struct nsf_index_part)) + (i))
#define END		img->section[NSF_SECTION_INDEX].size

static void test_index(void **state)
{
	(void)state;
	DAMAGE(CHAIN(0)->index[1] = END, "index: a part reaches out of the section");
	DAMAGE(CHAIN(0)->index[0] += 4, "index: a part reaches out of the section");
	DAMAGE(CHAIN(0)->index[0] = END - 8, "index: a part reaches out of the section");
	DAMAGE(CHAIN(0)->index[0] = ~7u, "index: a part reaches out of the section");
	DAMAGE(CHAIN(1)->index[0] = at.part, "index: the part is not of its chain's size");
	DAMAGE(PART->records++, "index: the part is not of its chain's size");
	DAMAGE(PART->words++, "index: the part is not of its chain's size");
	DAMAGE(PART->sums++, "index: the part is not of its chain's size");
	DAMAGE(PART->nodes = 0, "index: no such number of nodes");
	DAMAGE(PART->nodes = 25, "index: no such number of nodes");
	DAMAGE(PART->nodes++, "index: a part reaches out of the section");
	DAMAGE(PART->nodes = 1, "index: nodes without an end");
	DAMAGE(NODE(4)->kind--, "index: nodes without an end");
	DAMAGE(NODE(4)->field = 1, "index: nodes without an end");
	DAMAGE(NODE(4)->rows = 8, "index: nodes without an end");
	DAMAGE((NODE(2)->classes = 65536, NODE(2)->rows = NSF_INDEX_NO_ROWS), NULL);
	DAMAGE((NODE(2)->classes = 65536, NODE(2)->rows = NSF_INDEX_NO_ROWS,
		NODE(3)->rows = NSF_INDEX_NO_ROWS), "index: no such number of nodes with rows");
	DAMAGE(PART->flags = NSF_INDEX_WHOLE, NULL);
	DAMAGE(PART->flags = 2, "index: no such flag");

	DAMAGE(NODE(0)->kind = NSF_INDEX_KINDS, "index: no such kind of node");
	DAMAGE(NODE(0)->kind = NSF_INDEX_END, "index: no such kind of node");
	DAMAGE(NODE(2)->kind = NSF_INDEX_TABLE, "index: nodes are not in the order of their kinds");
	DAMAGE(NODE(0)->field = 0, "index: the node's kind is not for its field");
	DAMAGE(NODE(0)->field = NSF_FIELDS, "index: the node's kind is not for its field");
	DAMAGE(NODE(0)->field = NSF_FIELD_IP6_SADDR_LO, "index: the node's kind is not for its field");
	DAMAGE(NODE(1)->field = NSF_FIELD_IIFNAME_HI, "index: the node's kind is not for its field");
	DAMAGE(NODE(2)->field = NSF_FIELD_IIFNAME_LO, "index: the node's kind is not for its field");
	DAMAGE(NODE(2)->field = NSF_FIELD_MARK, "index: the node's kind is not for its field");
	DAMAGE(NODE(0)->classes = 0, "index: no such number of classes");
	DAMAGE(NODE(0)->classes = 65537, "index: no such number of classes");
	DAMAGE(NODE(2)->classes = 1, "index: no such number of classes");
	DAMAGE(NODE(0)->rows = NSF_INDEX_OWN_ROWS, "index: no such number of classes");
	DAMAGE((NODE(0)->rows = NSF_INDEX_OWN_ROWS, NODE(0)->classes = 0),
	       "index: the node's kind has no such rows");
	DAMAGE(NODE(1)->rows = at.rows, "index: the node's kind has no such rows");
	DAMAGE(NODE(0)->absent = 3, "index: no such class");
	DAMAGE(NODE(1)->absent = 3, "index: no such class");
	DAMAGE(NODE(2)->absent = END, "index: a row reaches out of the section");
	DAMAGE(NODE(0)->count = 0, "index: a node without entries");
	DAMAGE(NODE(0)->a = 1, "index: what a node does not use is not 0");
	DAMAGE(NODE(1)->b = 1, "index: what a node does not use is not 0");
	DAMAGE(NODE(1)->lower = 8, "index: what a node does not use is not 0");
	DAMAGE(NODE(0)->lowers = 1, "index: what a node does not use is not 0");
	DAMAGE(NODE(3)->absent = 1, "index: what a node does not use is not 0");
	DAMAGE(NODE(3)->lower = 8, "index: what a node does not use is not 0");
}

#define SEARCH		INDEX(struct nsf_index_step32, at.search)
#define WIDE		INDEX(struct nsf_index_step64, at.wide)
#define LOW		INDEX(struct nsf_index_step64, at.low)

static void test_index_tables(void **state)
{
	(void)state;
	DAMAGE(NODE(0)->table = END, "index: a table reaches out of the section");
	DAMAGE(NODE(0)->table += 2, "index: a table reaches out of the section");
	DAMAGE(NODE(0)->table = ~7u, "index: a table reaches out of the section");
	DAMAGE(NODE(0)->count = (END - at.table) / 2 + 1, "index: a table reaches out of the section");
	DAMAGE(NODE(0)->count = ~0u, "index: a table reaches out of the section");
	DAMAGE(INDEX(u16, at.table)[1] = 3, "index: no such class");
	DAMAGE(INDEX(u16, at.table)[3] = 3, NULL);	/* behind its end */

	DAMAGE(NODE(1)->table = END - 8, "index: a table reaches out of the section");
	DAMAGE(NODE(1)->count = ~0u, "index: a table reaches out of the section");
	DAMAGE(SEARCH[0].first = 1, "index: a search does not begin at 0");
	DAMAGE(SEARCH[1].first = 9, "index: a search does not ascend");
	DAMAGE(SEARCH[1].first = 0, "index: a search does not ascend");
	DAMAGE(SEARCH[2].to = 3, "index: no such class");

	DAMAGE(NODE(2)->table = END - 16, "index: a table reaches out of the section");
	DAMAGE(NODE(2)->count = ~0u, "index: a table reaches out of the section");
	DAMAGE(WIDE[0].first = 1, "index: a search does not begin at 0");
	DAMAGE(WIDE[1].first = 0, "index: a search does not ascend");
	DAMAGE(WIDE[0].to += 4, "index: a row reaches out of the section");
	DAMAGE(WIDE[0].to = END, "index: a row reaches out of the section");
	DAMAGE(WIDE[1].to++, "index: a row reaches out of the section");
	DAMAGE(WIDE[0].zero = 1, "index: what an entry does not use is not 0");
	DAMAGE((NODE(2)->classes = 1, NODE(2)->rows = NSF_INDEX_NO_ROWS, NODE(2)->absent = 0),
	       "index: no such class");
	DAMAGE(NODE(2)->lowers = 0, "index: a row reaches out of the section");
	DAMAGE(NODE(2)->lower = END, "index: the lower searches reach out of the section");
	DAMAGE(NODE(2)->lower += 4, "index: the lower searches reach out of the section");
	DAMAGE(NODE(2)->lowers = ~0u, "index: the lower searches reach out of the section");
	DAMAGE(INDEX(struct nsf_index_lower, at.lower)->table = END - 16,
	       "index: a table reaches out of the section");
	DAMAGE(INDEX(struct nsf_index_lower, at.lower)->count = 0, "index: a node without entries");
	DAMAGE(INDEX(struct nsf_index_lower, at.lower)->count = ~0u,
	       "index: a table reaches out of the section");
	DAMAGE(LOW[0].first = 1, "index: a search does not begin at 0");
	DAMAGE(LOW[1].first = 0, "index: a search does not ascend");
	DAMAGE(LOW[1].to = END, "index: a row reaches out of the section");
	DAMAGE(LOW[1].to = NSF_INDEX_TO_LOWER, "index: a row reaches out of the section");
	DAMAGE(LOW[1].zero = 1, "index: what an entry does not use is not 0");

	DAMAGE(NODE(3)->a = 3, "index: a cross of nodes that are not before it");
	DAMAGE(NODE(3)->b = 3, "index: a cross of nodes that are not before it");
	DAMAGE(NODE(3)->field = 3, "index: a cross of nodes that are not before it");
	DAMAGE(NODE(3)->field = NSF_INDEX_NO_NODE + 1,
	       "index: a cross of nodes that are not before it");
	DAMAGE(NODE(3)->a = 2, "index: a cross of nodes without classes");
	DAMAGE(NODE(3)->b = 2, "index: a cross of nodes without classes");
	DAMAGE(NODE(3)->field = 2, "index: a cross of nodes without classes");
	DAMAGE(NODE(3)->field = 1, "index: a cross is not of all classes of its nodes");
	DAMAGE(NODE(3)->count = 6, "index: a cross is not of all classes of its nodes");
	DAMAGE(NODE(3)->count = 4, "index: a cross is not of all classes of its nodes");
	DAMAGE(NODE(3)->table = END - 8, "index: a table reaches out of the section");
	DAMAGE(INDEX(u16, at.cross)[4] = 4, "index: no such class");
}

static void test_index_rows(void **state)
{
	(void)state;
	DAMAGE(NODE(3)->rows = END - 8, "index: the rows reach out of the section");
	DAMAGE(NODE(3)->rows += 4, "index: the rows reach out of the section");
	DAMAGE(INDEX(u32, at.rows)[0] += 4, "index: a row reaches out of the section");
	DAMAGE(INDEX(u32, at.rows)[0] = END, "index: a row reaches out of the section");
	DAMAGE(INDEX(u32, at.rows)[0] = ~7u, "index: a row reaches out of the section");
	DAMAGE(*INDEX(u64, at.row) = 2, "index: a row has more words than its part");
	DAMAGE(*INDEX(u64, at.row) = ~0ULL, "index: a row reaches out of the section");
	DAMAGE(INDEX(u64, at.row)[1] |= 0x40, "index: a row has bits that are no records");
	DAMAGE(INDEX(u64, at.row)[1] = 0, NULL);
	DAMAGE(*INDEX(u64, at.row) = 0, NULL);
	/* The last sum stands at the very end: its word does not. */
	DAMAGE((*INDEX(u64, END - 8) = 1, INDEX(u32, at.rows)[0] = END - 8),
	       "index: a row reaches out of the section");
	DAMAGE(INDEX(u32, at.rows)[0] = END - 8, NULL);
	DAMAGE((PART->flags = NSF_INDEX_WHOLE, INDEX(u32, at.rows)[0] = END - 8),
	       "index: a row reaches out of the section");
}

static struct nsf_image *with_pages(void)
{
	u8 v[256 + 2 * 512] = { 0 };
	struct nsf_index_node node = { .kind = NSF_INDEX_PAGES, .field = NSF_FIELD_TH_DPORT,
				       .classes = 3, .count = 2 };
	const u64 bits = 1;
	u32 row[3], i;
	struct flat f;

	image_begin(&f);
	v[255] = 1;
	at.table = index_put(&f, v, sizeof(v));
	for (i = 0; i < 3; i++)
		row[i] = index_row(&f, &bits, 1);
	node.table = at.table;
	node.rows = index_put(&f, row, sizeof(row));
	at.part = index_part(&f, 1, &node, 1);
	FLAT(struct nsf_chain, &f, NSF_SECTION_CHAINS)->index[0] = at.part;
	return image_end(&f, NSF_DROP);
}

static void test_pages(void **state)
{
	(void)state;
#define DAMAGE_PAGES(change, what)	do {	\
	img = with_pages();			\
	change;					\
	expect(what);				\
} while (0)
	DAMAGE_PAGES(, NULL);
	DAMAGE_PAGES(NODE(0)->count = 1, "index: no such page");
	DAMAGE_PAGES(INDEX(u8, at.table)[7] = 2, "index: no such page");
	DAMAGE_PAGES(NODE(0)->count = 257, "index: more pages than can be named");
	DAMAGE_PAGES(NODE(0)->count = 256, "index: a table reaches out of the section");
	DAMAGE_PAGES(NODE(0)->table = END - 512, "index: a table reaches out of the section");
	DAMAGE_PAGES(INDEX(u16, at.table + 256)[511] = 2, NULL);
	DAMAGE_PAGES(INDEX(u16, at.table + 256)[511] = 3, "index: no such class");
#undef DAMAGE_PAGES
}

/* Of a narrow or a wide field. Slots of 16 values; entries at 0, 20, 32, 40 and 60. */
static struct nsf_image *with_directory(bool wide)
{
	static const u32 first[] = { 0, 20, 32, 40, 60 }, slot[] = { 0, 0, 2, 3, 4 };
	static const u64 first64[] = { 0, 20, 32, 40, 60 }, bits[] = { 1 };
	static const struct nsf_index_window window = { .base = 9, .shift = 4, .last = 3 };
	struct nsf_index_node node = {
		.kind = wide ? NSF_INDEX_WIDE_DIRECTORY : NSF_INDEX_DIRECTORY,
		.field = wide ? NSF_FIELD_IIFNAME_HI : NSF_FIELD_IP_SADDR, .count = 5,
		.rows = NSF_INDEX_OWN_ROWS,
	};
	u32 to[5], i, slots;
	struct flat f;

	image_begin(&f);
	node.absent = index_row(&f, bits, 1);
	for (i = 0; i < 5; i++)
		to[i] = node.absent;
	if (wide)
		at.table = index_put(&f, &window, sizeof(window));
	else
		index_window(&node, 9, 4, 3);
	slots = index_put(&f, slot, sizeof(slot));
	if (wide) {
		index_steps64(&f, first64, to, 5);
	} else {
		at.table = slots;
		index_steps32(&f, first, to, 5);
	}
	node.table = at.table;
	at.part = index_part(&f, 1, &node, 1);
	FLAT(struct nsf_chain, &f, NSF_SECTION_CHAINS)->index[0] = at.part;
	return image_end(&f, NSF_DROP);
}

static void window_set(bool wide, u64 base, u32 shift, u32 last)
{
	if (wide)
		*INDEX(struct nsf_index_window, at.table) =
			(struct nsf_index_window){ base, shift, last };
	else
		index_window(NODE(0), (u32)base, shift, last);
}

#define DAMAGE_DIRECTORY(wide, change, what)	do {	\
	img = with_directory(wide);			\
	change;						\
	expect(what);					\
} while (0)
#define SLOT		INDEX(u32, at.table + (wide ? sizeof(struct nsf_index_window) : 0))
#define STEP32		INDEX(struct nsf_index_step32, at.table + 24)
#define STEP64		INDEX(struct nsf_index_step64, at.table + 16 + 24)
#define WINDOW(...)	window_set(wide, __VA_ARGS__)

static void test_directory(void **state)
{
	static const char slots[] = "index: a directory's slots do not ascend";
	static const char all[] = "index: a directory's slots are not all of its entries";
	static const char window[] = "index: no such window";
	static const char out[] = "index: a table reaches out of the section";
	int wide;

	(void)state;
	for (wide = 0; wide < 2; wide++) {
		DAMAGE_DIRECTORY(wide, , NULL);
		DAMAGE_DIRECTORY(wide, WINDOW(0xffffffff, 4, 3), NULL);
		DAMAGE_DIRECTORY(wide, WINDOW(9, wide ? 62 : 30, 3), NULL);
		DAMAGE_DIRECTORY(wide, WINDOW(9, wide ? 63 : 31, 3), window);
		DAMAGE_DIRECTORY(wide, WINDOW(9, wide ? 64 : 32, 3), window);
		DAMAGE_DIRECTORY(wide, WINDOW(9, 0xffff, 3), window);
		DAMAGE_DIRECTORY(wide, WINDOW(9, 4, NSF_INDEX_MAX_SLOTS - 1), out);
		DAMAGE_DIRECTORY(wide, WINDOW(9, 4, 2), "index: a search does not begin at 0");
		DAMAGE_DIRECTORY(wide, WINDOW(9, 3, 3), slots);
		DAMAGE_DIRECTORY(wide, SLOT[0] = 1, all);
		DAMAGE_DIRECTORY(wide, SLOT[4] = 3, all);
		DAMAGE_DIRECTORY(wide, SLOT[4] = 5, all);
		DAMAGE_DIRECTORY(wide, SLOT[2] = 1, NULL);
		DAMAGE_DIRECTORY(wide, SLOT[1] = 1, slots);	/* it holds from 20 on only */
		DAMAGE_DIRECTORY(wide, SLOT[3] = 1, slots);
		DAMAGE_DIRECTORY(wide, SLOT[3] = 5, slots);
		DAMAGE_DIRECTORY(wide, SLOT[3] = ~0u, slots);
		DAMAGE_DIRECTORY(wide, NODE(0)->count = 4, all);
		DAMAGE_DIRECTORY(wide, NODE(0)->count = ~0u, out);
		DAMAGE_DIRECTORY(wide, NODE(0)->table = END - 8, out);
		DAMAGE_DIRECTORY(wide, NODE(0)->table = 4, out);
		DAMAGE_DIRECTORY(wide, NODE(0)->field = wide ? NSF_FIELD_IP_SADDR :
				 NSF_FIELD_IIFNAME_HI, "index: the node's kind is not for its field");
	}
	wide = true;
	DAMAGE_DIRECTORY(wide, WINDOW(0x100000000, 4, 3), NULL);
	DAMAGE_DIRECTORY(wide, WINDOW(9, 4, NSF_INDEX_MAX_SLOTS), window);
	DAMAGE_DIRECTORY(wide, WINDOW(9, 4, ~0u), window);
	DAMAGE_DIRECTORY(wide, WINDOW(9, ~0u, 3), window);
	DAMAGE_DIRECTORY(wide, STEP64[0].first = 1, "index: a search does not begin at 0");
	DAMAGE_DIRECTORY(wide, STEP64[3].first = 32, "index: a search does not ascend");
	DAMAGE_DIRECTORY(wide, STEP64[4].to = END, "index: a row reaches out of the section");
	DAMAGE_DIRECTORY(wide, STEP64[4].to = NSF_INDEX_TO_LOWER,
			 "index: a row reaches out of the section");
	wide = false;
	DAMAGE_DIRECTORY(wide, STEP32[0].first = 1, "index: a search does not begin at 0");
	DAMAGE_DIRECTORY(wide, STEP32[3].first = 32, "index: a search does not ascend");
	DAMAGE_DIRECTORY(wide, STEP32[4].to = END, "index: a row reaches out of the section");
}
#undef DAMAGE_DIRECTORY
#undef WINDOW
#undef SLOT
#undef STEP32
#undef STEP64

/* Many nodes that share one large table: checking it again and again is refused. */
static void test_shared(void **state)
{
	struct nsf_index_node node[NSF_INDEX_MAX_NODES];
	u16 *table = calloc(65536, sizeof(*table));
	const u64 bits = 1;
	struct flat f;
	u32 i, row, rows, at_table;

	(void)state;
	image_begin(&f);
	at_table = index_put(&f, table, 65536 * sizeof(*table));
	row = index_row(&f, &bits, 1);
	rows = index_put(&f, &row, 4);
	for (i = 0; i < NSF_INDEX_MAX_NODES; i++)
		node[i] = (struct nsf_index_node){
			.kind = NSF_INDEX_TABLE, .field = NSF_FIELD_TH_DPORT, .classes = 1,
			.table = at_table, .count = 65536,
			.rows = i ? NSF_INDEX_NO_ROWS : rows };
	at.part = index_part(&f, 1, node, NSF_INDEX_MAX_NODES);
	/* 24 times for one family, of a table with two bytes for each entry: below 16 a byte. */
	FLAT(struct nsf_chain, &f, NSF_SECTION_CHAINS)->index[0] = at.part;
	img = image_end(&f, NSF_DROP);
	CHAIN(0)->index[1] = at.part;	/* and 48 times is above */
	expect("index: too much is shared");
	free(table);
}

/* ---- any damage ---- */

static void packets_run(const struct nsf_image *i, unsigned int *seed)
{
	struct nsf_effect fx = { .limit = true };
	struct nsf_decision dec;
	struct nsf_packet p;
	u32 c, f;
	int n;

	for (n = 0; n < 4; n++) {
		memset(&p, 0, sizeof(p));
		for (f = 1; f < NSF_FIELDS; f++)
			if (n < 2 || rand_r(seed) & 1)
				nsf_packet_set(&p, f, n == 0 ? 0 : (u32)rand_r(seed) % 12);
		nsf_packet_set(&p, NSF_FIELD_NFPROTO, n & 1 ? 10 : 2);
		for (c = 0; c < nsf_image_n_chains(i); c++) {
			fx.log[0] = 0;
			nsf_classify(i, nsf_image_chains(i) + c, &p, &fx, &dec);
			assert_true(dec.end < NSF_ENDS);
			assert_true(dec.record < nsf_image_n_records(i));
		}
	}
}

static void test_every_byte(void **state)
{
	struct nsf_image *good = sound();
	u8 *bad = malloc(good->size);	/* to its size */
	unsigned int seed = 1, bit;
	u32 i, size = good->size, passed = 0, refused = 0;

	(void)state;
	assert_non_null(bad);
	for (i = 0; i < size; i++) {
		/* Each bit, all bits, and 0. */
		for (bit = 0; bit < 10; bit++) {
			memcpy(bad, good, size);
			bad[i] = bit == 9 ? 0 : bit == 8 ? ~bad[i] : bad[i] ^ 1 << bit;
			if ((i < 16 || i >= 24) && ((struct nsf_image *)bad)->size == size)
				rehash((struct nsf_image *)bad);
			if (nsf_image_check(bad, size, &fault)) {
				assert_non_null(fault.what);
				refused++;
			} else {
				packets_run((struct nsf_image *)bad, &seed);
				passed++;
			}
		}
	}
	print_message("%u refused, %u passed\n", refused, passed);
	assert_true(refused > passed);
	assert_true(passed > 0);	/* the numbers that matches compare with */
	free(bad);
	free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_ops),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_index_tables),
		cmocka_unit_test(test_index_rows),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
