// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "image_check.h"
#include "judge.h"
#include "policy/policy.h"
#include "subject.h"

#define START	1000000000ULL	/* the clock when the limits are full */

void judge_packets_make(struct judge_packets *to, const struct ir_policy *policy, uint64_t seed,
			size_t n)
{
	struct rng r = { seed ^ 0x7061636b657473ULL };
	uint64_t now = START;
	size_t i;

	to->n = n;
	to->v = calloc(n, sizeof(*to->v));
	if (!to->v)
		abort();
	for (i = 0; i < n; i++) {
		/* Mostly at once, so that limits run out; now and then they fill again. */
		if (rng_percent(&r, 20))
			now += rng_next(&r) >> (24 + rng_below(&r, 30));
		gen_packet(&r, policy, now, &to->v[i]);
	}
}

void judge_packets_free(struct judge_packets *p)
{
	free(p->v);
	p->v = NULL;
	p->n = 0;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool same_event(const struct ref_event *a, const struct ref_event *b)
{
	return a->kind == b->kind && a->rule == b->rule && a->nth == b->nth &&
	       a->value == b->value && same_text(a->text, b->text);
}

static const char *compare(const struct ref_outcome *a, const struct ref_outcome *b)
{
	size_t i;

	if (a->end != b->end)
		return "verdict";
	if (a->end == REF_REJECT &&
	    (a->reject_how != b->reject_how || a->reject_code != b->reject_code))
		return "kind of reject";
	if (a->by_policy != b->by_policy || a->rule != b->rule)
		return "rule that ended it";
	for (i = 0; i < a->events && i < b->events && i < REF_MAX_EVENTS; i++)
		if (!same_event(&a->event[i], &b->event[i]))
			return "statements done";
	if (a->events != b->events)
		return "number of statements done";
	if (a->mark != b->mark)
		return "mark";
	if (a->ct_mark != b->ct_mark)
		return "ct mark";
	return NULL;
}

/* The image's two ways to evaluate a chain: each has counters and limits of its own. */
enum { INDEXED, LINEAR, WAYS };

static const char * const way_name[WAYS] = { "", " (linear)" };

static bool judge_packet(const struct ir_policy *policy, const struct nsf_image *img,
			 const struct ref_packet *p, struct ref_state *state,
			 struct subject *const *subject, struct judgement *j)
{
	unsigned int bit = p->family == 4 ? NSF_CHAIN_IPV4 : NSF_CHAIN_IPV6;
	const char *differs;
	unsigned int c, way;
	int chain;

	if (!fields_agree(p, j->what, sizeof(j->what)))
		return false;
	for (c = 0; c < policy->chains; c++) {
		if (!policy->chain[c].base)
			continue;
		j->chain = c;
		chain = subject_chain(img, policy->chain[c].name);
		if (chain < 0 || !(nsf_image_chains(img)[chain].families & bit)) {
			snprintf(j->what, sizeof(j->what), "chain %s is not in the image",
				 policy->chain[c].name);
			return false;
		}
		j->pairs++;
		ref_evaluate(policy, c, p, state, &j->ref);
		j->ended_by_rule += !j->ref.by_policy;
		j->indexed += nsf_image_chains(img)[chain].index[p->family == 6] != NSF_NO_INDEX;
		for (way = 0; way < WAYS; way++) {
			subject_evaluate(subject[way], (unsigned int)chain, p, way == LINEAR,
					 &j->got);
			differs = compare(&j->ref, &j->got);
			if (!differs)
				continue;
			snprintf(j->what, sizeof(j->what), "chain %s: another %s%s",
				 policy->chain[c].name, differs, way_name[way]);
			return false;
		}
	}
	return true;
}

static bool judge_counters(const struct nsf_image *img, const struct ref_state *state,
			   const struct subject *subject, struct judgement *j)
{
	uint64_t rule, packets, bytes, ref_packets, ref_bytes;
	unsigned int nth;
	u32 i;

	for (i = 0; i < nsf_image_n_states(img); i++) {
		if (!subject_counter(subject, i, &rule, &nth, &packets, &bytes))
			continue;
		if (!ref_counter(state, rule, nth, &ref_packets, &ref_bytes)) {
			snprintf(j->what, sizeof(j->what), "state %u: a counter that no rule has", i);
			return false;
		}
		if (packets != ref_packets || bytes != ref_bytes) {
			snprintf(j->what, sizeof(j->what), "counter %u of rule %016" PRIx64, nth, rule);
			return false;
		}
	}
	return true;
}

bool judge(const struct ir_policy *policy, const struct nsf_image *img,
	   const struct judge_packets *packets, struct judgement *j)
{
	struct ref_state *state = ref_state_alloc(policy, START);
	struct subject *subject[WAYS] = { subject_alloc(img, START), subject_alloc(img, START) };
	bool agree = true;
	unsigned int way;

	j->what[0] = '\0';
	j->pairs = j->ended_by_rule = j->indexed = 0;
	for (j->packet = 0; agree && j->packet < packets->n; j->packet++)
		agree = judge_packet(policy, img, &packets->v[j->packet].p, state, subject, j);
	if (!agree)
		j->packet--;
	for (way = 0; way < WAYS; way++) {
		agree = agree && judge_counters(img, state, subject[way], j);
		subject_free(subject[way]);
	}
	ref_state_free(state);
	return agree;
}

struct nsf_image *judge_compile(struct ir_policy *policy, char *what, size_t size)
{
	struct nsf_image *img = NULL;
	struct nsf_image_fault fault;
	struct diags *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		abort();
	rc = policy_compile(policy, &img, d);
	if (rc)
		snprintf(what, size, "policy_compile: %d %s", rc, d->n ? d->v[0].message : "");
	diags_clean(d);
	free(d);
	if (rc)
		return NULL;
	rc = nsf_image_check(img, img->size, &fault);
	if (rc) {
		snprintf(what, size, "nsf_image_check: %s (%u)", fault.what, fault.entry);
		free(img);
		return NULL;
	}
	return img;
}
