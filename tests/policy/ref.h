/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ref: what a policy means, evaluated straight from the IR: slow, plain, and
 * written apart from the compiler and the classifier, whose results it judges.
 * Tests only. ref_packet.c reads the bytes of a packet, ref.c does the rest.
 */
#ifndef TESTS_POLICY_REF_H
#define TESTS_POLICY_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/ir.h"

/* What the kernel would know of one packet at one hook. */
struct ref_packet {
	const uint8_t *data;	/* from the network header on */
	uint32_t caplen;	/* bytes that are there */
	uint32_t length;	/* bytes on the wire; not below caplen */
	unsigned int family;	/* 4 or 6 */
	uint32_t iif, oif;	/* 0: none */
	char iifname[16], oifname[16];
	uint32_t mark;
	uint8_t pkttype;
	bool ct_entry;
	uint32_t ct_state;	/* nft's bits */
	uint32_t ct_mark;	/* with an entry */
	uint8_t ct_dir;
	uint64_t now;		/* nanoseconds */
};

/* Values as ir.h has them: big-endian, as wide as the field. */
struct ref_fields {
	bool have[IR_FIELDS];
	uint8_t val[IR_FIELDS][IR_MAX_WIDTH];
};

unsigned int ref_width(enum ir_field f);
void ref_fields_read(struct ref_fields *out, const struct ref_packet *p);

enum ref_event_kind {
	REF_COUNTER,		/* value: the packet's length */
	REF_LIMIT,		/* value: 1 where the rule went on */
	REF_LOG,		/* value: level */
	REF_MARK,		/* value: the new mark */
	REF_CT_MARK,
};

/* One statement that was done, in order. */
struct ref_event {
	enum ref_event_kind kind;
	uint64_t rule;		/* its id; 0 where the other side cannot tell */
	unsigned int nth;	/* which of the rule's counters, or limits */
	uint64_t value;
	const char *text;	/* a log's prefix */
};

#define REF_MAX_EVENTS	512	/* kept; the rest is counted */

enum ref_end { REF_ACCEPT, REF_DROP, REF_REJECT };

struct ref_outcome {
	enum ref_end end;
	unsigned int reject_how, reject_code;
	bool by_policy;		/* the chain's policy ended it, not a rule */
	uint64_t rule;		/* id */
	uint32_t mark, ct_mark;	/* afterwards */
	size_t events;
	struct ref_event event[REF_MAX_EVENTS];
};

/* The token buckets and counters of one attachment. */
struct ref_state;

struct ref_state *ref_state_alloc(const struct ir_policy *policy, uint64_t now);
void ref_state_free(struct ref_state *s);

/* Sum of a counter: the @nth of rule @rule; false: there is none such. */
bool ref_counter(const struct ref_state *s, uint64_t rule, unsigned int nth,
		 uint64_t *packets, uint64_t *bytes);

/* Evaluates base chain @chain. Must not be called for a family that is not the table's. */
void ref_evaluate(const struct ir_policy *policy, unsigned int chain,
		  const struct ref_packet *p, struct ref_state *s, struct ref_outcome *out);

/* nft's token bucket; for both sides of the comparison it is given the numbers of its own side. */
struct ref_bucket {
	uint64_t last, tokens;
};
uint64_t ref_bucket_full(bool bytes, uint64_t rate, uint64_t unit_ns, uint32_t burst);
bool ref_bucket_take(struct ref_bucket *b, bool bytes, uint64_t rate, uint64_t unit_ns,
		     uint32_t burst, uint32_t length, uint64_t now);

#endif /* TESTS_POLICY_REF_H */
