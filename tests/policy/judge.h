/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge: one policy, its image, some packets: do the reference and the image say
 * the same, the image both with its index and record by record? Verdict, the rule that ended it, what every statement did and in which
 * order, the marks, and at the end the counters. Tests only.
 */
#ifndef TESTS_POLICY_JUDGE_H
#define TESTS_POLICY_JUDGE_H

#include "gen.h"
#include "image.h"

struct judge_packets {
	size_t n;
	struct gen_packet *v;
};

struct judgement {
	char what[200];		/* "" where all agree */
	size_t packet;		/* that showed it; n: the counters at the end did */
	unsigned int chain;	/* of the IR */
	size_t pairs;		/* compared, of packet and base chain */
	size_t ended_by_rule;	/* of them: how much the generators are worth */
	size_t indexed;		/* of them: the chain has an index */
	struct ref_outcome ref, got;
};

/* The packets of a seed, made for this policy. */
void judge_packets_make(struct judge_packets *to, const struct ir_policy *policy, uint64_t seed,
			size_t n);
void judge_packets_free(struct judge_packets *p);
/* True: they agree. */
bool judge(const struct ir_policy *policy, const struct nsf_image *img,
	   const struct judge_packets *packets, struct judgement *j);
/* Compiles; NULL, with the messages in @what, where the compiler does not. */
struct nsf_image *judge_compile(struct ir_policy *policy, char *what, size_t size);

/*
 * Leaves out packets, rules, statements and elements for as long as image and
 * reference differ; @policy and @packets are smaller afterwards. What was left
 * out is not freed.
 */
typedef struct nsf_image *judge_compile_fn(struct ir_policy *policy, char *what, size_t size);
void judge_minimise(struct ir_policy *policy, struct judge_packets *packets,
		    judge_compile_fn *compile);

#endif /* TESTS_POLICY_JUDGE_H */
