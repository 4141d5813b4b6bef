// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "judge.h"

static bool differs(const struct ir_policy *policy, const struct judge_packets *packets)
{
	struct judgement *j = calloc(1, sizeof(*j));
	struct nsf_image *img;
	bool is;

	if (!j)
		abort();
	img = judge_compile(policy, j->what, sizeof(j->what));
	is = !img || !judge(policy, img, packets, j);
	free(img);
	free(j);
	return is;
}

/* Takes entry @i out of an array; puts it back unless the difference stays. */
static bool leave_out(struct ir_policy *policy, struct judge_packets *packets, void *array,
		      size_t *n, size_t size, size_t i)
{
	char *at = (char *)array + i * size, *kept = malloc(size);
	size_t behind = (*n - i - 1) * size;
	bool out;

	if (!kept)
		abort();
	memcpy(kept, at, size);
	memmove(at, at + size, behind);
	(*n)--;
	out = differs(policy, packets);
	if (!out) {
		memmove(at + size, at, behind);
		memcpy(at, kept, size);
		(*n)++;
	}
	free(kept);
	return out;
}

/* The packets' data pointers move with them. */
static bool leave_out_packet(struct ir_policy *policy, struct judge_packets *packets, size_t i)
{
	bool out;
	size_t k;

	/* While one is missing, those behind it lie elsewhere: copy, try, and keep or not. */
	struct judge_packets fewer = { packets->n - 1, calloc(packets->n, sizeof(*packets->v)) };

	if (!fewer.v)
		abort();
	for (k = 0; k < fewer.n; k++) {
		fewer.v[k] = packets->v[k < i ? k : k + 1];
		fewer.v[k].p.data = fewer.v[k].bytes;
	}
	out = differs(policy, &fewer);
	if (out) {
		judge_packets_free(packets);
		*packets = fewer;
	} else {
		judge_packets_free(&fewer);
	}
	return out;
}

static bool pass(struct ir_policy *policy, struct judge_packets *packets)
{
	bool smaller = false;
	size_t i, c, r;

	for (i = packets->n; i-- > 0;)
		smaller |= leave_out_packet(policy, packets, i);
	for (c = 0; c < policy->chains; c++) {
		struct ir_chain *chain = &policy->chain[c];

		for (r = chain->rules; r-- > 0;)
			smaller |= leave_out(policy, packets, chain->rule, &chain->rules,
					     sizeof(*chain->rule), r);
		for (r = 0; r < chain->rules; r++)
			for (i = chain->rule[r].stmts; i-- > 0;)
				smaller |= leave_out(policy, packets, chain->rule[r].stmt,
						     &chain->rule[r].stmts,
						     sizeof(*chain->rule[r].stmt), i);
	}
	for (c = 0; c < policy->sets; c++)
		for (i = policy->set[c].elements; i-- > 0;)
			smaller |= leave_out(policy, packets, policy->set[c].element,
					     &policy->set[c].elements,
					     sizeof(*policy->set[c].element), i);
	return smaller;
}

void judge_minimise(struct ir_policy *policy, struct judge_packets *packets)
{
	while (pass(policy, packets))
		;
}
