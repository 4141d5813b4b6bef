/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compile: from the IR to flat sections, and what its files share.
 *
 *   compile.c        records, base chains, the policy
 *   compile_rule.c   chains and rules: where evaluation goes on
 *   compile_expand.c sets of boxes, as a record for each element
 *   compile_match.c  matches and statements: ops
 *   compile_set.c    sets: sorted keys
 *   index_*.c        which records a packet can match
 *   image.c          the sections, written out
 */
#ifndef NSF_POLICY_COMPILE_H
#define NSF_POLICY_COMPILE_H

#include "policy/diag.h"
#include "policy/flat.h"
#include "policy/ir.h"

/* A set of the IR as it is in the image. */
struct compile_set {
	bool done;
	uint32_t set;			/* index in the image */
	struct ir_verdict *verdict;	/* a map's, no two alike: what its data mean */
	uint32_t verdicts;
};

/*
 * While records are made, `miss`, `next` and targets hold labels; once all are
 * placed, these become indexes. Label 0 is none.
 */
struct compile {
	const struct ir_policy *policy;
	struct flat *flat;
	struct diags *diags;
	int err;			/* 0, -EINVAL (told in diags), -ENOMEM or -EAGAIN */

	uint32_t *label;		/* the record that each stands for */
	size_t labels, label_cap;

	struct compile_set *set;	/* of each of the IR */
	uint32_t *set_slot;		/* the image's sets by content: index + 1; 0: free */

	/* By the rule's number in the IR, all chains counted through. */
	size_t *rule_base;		/* of each chain */
	uint32_t *rule_at;		/* index in the image; UINT32_MAX: none yet */
	uint32_t *state_at;		/* the same of the counters and limits */
	size_t *state_base;		/* of each rule */

	/* The rule that is being made, and its open record. */
	const struct ir_rule *rule;
	size_t rule_number;
	uint32_t after;			/* label: where the rule does not match */

	/* Sets whose elements become records. Where an error comes then: again, without. */
	bool whole_sets;		/* none does */
	uint32_t expanded;		/* records */
};

/* An error at @place; the first one ends the compilation. -EAGAIN: sets are expanded. */
void compile_error(struct compile *c, const struct ir_place *place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void compile_no_memory(struct compile *c);

/* ---- records, in compile.c ---- */

uint32_t compile_label(struct compile *c);
void compile_label_place(struct compile *c, uint32_t label);	/* here: the next record */
/* @next: a label; 0 where the last op ends evaluation. */
void compile_record_open(struct compile *c, uint32_t miss);
void compile_record_close(struct compile *c, uint32_t next);
/* The open record, until the next one is. */
struct nsf_record *compile_record(struct compile *c);

/* ---- rules, in compile_rule.c ---- */

/*
 * All that is in this chain, from here on. @ret: label of where it falls back to; @depth:
 * how many chains are around it; @caller: who calls it, for messages.
 */
void compile_chain(struct compile *c, unsigned int index, uint32_t ret, unsigned int depth,
		   const struct ir_place *caller);
/* Closes the open record with a verdict or reject. */
void compile_end(struct compile *c, const struct ir_stmt *s);

/* ---- ops, in compile_match.c: into the open record ---- */

void compile_op(struct compile *c, const struct ir_stmt *s, const struct nsf_op *op);
/* A statement that says not where to go on. @number: of counters and limits of the rule. */
void compile_stmt(struct compile *c, const struct ir_stmt *s, size_t number);
/* That the key of a match on a set, or of a vmap, lies in this element of it. */
void compile_element(struct compile *c, const struct ir_stmt *s, const struct ir_element *e);
/* That the packet has all fields of it. */
void compile_key_present(struct compile *c, const struct ir_stmt *s);
bool compile_is_match(const struct nsf_op *op);
/* The key of a set or map: its fields, one byte each. */
uint64_t compile_key(const enum ir_field *field, unsigned int fields);

/* ---- sets of boxes, in compile_expand.c ---- */

/* Closes the open record, to which come the packets in @e. */
typedef void compile_close_fn(struct compile *c, const struct ir_element *e, const void *leads);

/* Shall the elements of this match's set, or of this map, become records? */
bool compile_is_expanded(const struct compile *c, const struct ir_stmt *s);
/*
 * These, from the open record on, each ended by @close. The rule is then over for packets
 * in none of them; with != they are what the record is for that is left open.
 */
void compile_elements(struct compile *c, const struct ir_stmt *s, compile_close_fn *close,
		      const void *leads);

/* ---- sets, in compile_set.c ---- */

/* Has each field of each element one value? */
bool compile_set_is_exact(const struct ir_set *s);
/* The set of the IR with this index; NULL: an error. */
const struct compile_set *compile_set(struct compile *c, unsigned int index);
/* One interval of a wide field (16 bytes each), as a set; UINT32_MAX: an error. */
uint32_t compile_set_interval(struct compile *c, const struct ir_place *place,
			      const uint8_t *first, const uint8_t *last);

/* ---- image.c ---- */

/* 0, -EINVAL (told in @d) or -ENOMEM. @name: of the policy, for messages. */
int image_write(const struct flat *f, const char *name, struct nsf_image **out, struct diags *d);

#endif /* NSF_POLICY_COMPILE_H */
