// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "judge.h"

struct minimiser {
	struct ir_policy *policy;
	struct judge_packets *packets;
	judge_compile_fn *compile;
	struct judgement *j;
	/* What must stay: that it compiles and differs, or why it does not compile. */
	bool compiles;
	char what[sizeof(((struct judgement *)0)->what)];
};

/* The message behind its numbers: lines move while rules go. */
static const char *message(const char *what)
{
	const char *colon = strrchr(what, ':');

	return colon ? colon : what;
}

static bool stays(struct minimiser *m)
{
	struct nsf_image *img = m->compile(m->policy, m->j->what, sizeof(m->j->what));
	bool differs;

	if (!img)
		return !m->compiles && !strcmp(message(m->j->what), message(m->what));
	differs = m->compiles && !judge(m->policy, img, m->packets, m->j);
	free(img);
	return differs;
}

/* Takes entry @i out of an array; puts it back unless the difference stays. */
static bool leave_out(struct minimiser *m, void *array, size_t *n, size_t size, size_t i)
{
	char *at = (char *)array + i * size, *kept = malloc(size);
	size_t behind = (*n - i - 1) * size;
	bool out;

	if (!kept)
		abort();
	memcpy(kept, at, size);
	memmove(at, at + size, behind);
	(*n)--;
	out = stays(m);
	if (!out) {
		memmove(at + size, at, behind);
		memcpy(at, kept, size);
		(*n)++;
	}
	free(kept);
	return out;
}

/* A packet knows where its bytes are: moved ones must be told. */
static void settle(struct judge_packets *packets)
{
	size_t i;

	for (i = 0; i < packets->n; i++)
		packets->v[i].p.data = packets->v[i].bytes;
}

static bool leave_out_packet(struct minimiser *m, size_t i)
{
	struct judge_packets *p = m->packets;
	struct gen_packet *kept = malloc(sizeof(*kept));
	bool out;

	if (!kept)
		abort();
	*kept = p->v[i];
	memmove(&p->v[i], &p->v[i + 1], (p->n - i - 1) * sizeof(*p->v));
	p->n--;
	settle(p);
	out = stays(m);
	if (!out) {
		memmove(&p->v[i + 1], &p->v[i], (p->n - i) * sizeof(*p->v));
		p->v[i] = *kept;
		p->n++;
		settle(p);
	}
	free(kept);
	return out;
}

static bool is_bound(const struct ir_stmt *s)
{
	return s->kind == IR_MATCH || s->kind == IR_MAP || s->kind == IR_REJECT;
}

static bool pass(struct minimiser *m)
{
	struct ir_policy *policy = m->policy;
	bool smaller = false;
	size_t i, c, r;

	for (i = m->packets->n; i-- > 0;)
		smaller |= leave_out_packet(m, i);
	for (c = 0; c < policy->chains; c++) {
		struct ir_chain *chain = &policy->chain[c];

		for (r = chain->rules; r-- > 0;)
			smaller |= leave_out(m, chain->rule, &chain->rules, sizeof(*chain->rule), r);
		for (r = 0; r < chain->rules; r++) {
			for (i = chain->rule[r].stmts; i-- > 0;) {
				/* In text, matches and their dependencies need each other. */
				if (m->compile != judge_compile && is_bound(&chain->rule[r].stmt[i]))
					continue;
				smaller |= leave_out(m, chain->rule[r].stmt, &chain->rule[r].stmts,
						     sizeof(*chain->rule[r].stmt), i);
			}
		}
	}
	for (c = 0; c < policy->sets; c++)
		for (i = policy->set[c].elements; i-- > 0;)
			smaller |= leave_out(m, policy->set[c].element, &policy->set[c].elements,
					     sizeof(*policy->set[c].element), i);
	return smaller;
}

void judge_minimise(struct ir_policy *policy, struct judge_packets *packets,
		    judge_compile_fn *compile)
{
	struct minimiser m = { .policy = policy, .packets = packets, .compile = compile };
	struct nsf_image *img;

	m.j = calloc(1, sizeof(*m.j));
	if (!m.j)
		abort();
	img = compile(policy, m.what, sizeof(m.what));
	m.compiles = img != NULL;
	free(img);
	while (pass(&m))
		;
	free(m.j);
}
