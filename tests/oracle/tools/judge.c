// SPDX-License-Identifier: GPL-2.0-or-later
/* judge: see judge.h. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "classify.h"
#include "headers.h"
#include "policy/diag.h"
#include "policy/ir.h"
#include "policy/policy.h"
#include "quirk.h"

struct nsf_effect {
	/* for each state of the image */
	uint64_t *packets, *bytes;
	uint64_t *tokens, *last;	/* of limits, nanoseconds */
	uint32_t mark, ct_mark;
};

struct judge {
	struct nsf_image *img;
	struct nsf_effect fx;
	unsigned int quirks;
};

/* ---- statements, as the kernel's nft does them ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t limit_full(const struct nsf_state_desc *d)
{
	if (d->limit_flags & NSF_LIMIT_BYTES)
		return d->unit * (d->rate + d->burst) / d->rate;
	return d->unit / d->rate * d->burst;
}

void nsf_effect_counter(struct nsf_effect *fx, u32 state, const struct nsf_packet *p)
{
	fx->packets[state]++;
	fx->bytes[state] += p->val[NSF_FIELD_LENGTH];
}

bool nsf_effect_limit(struct nsf_effect *fx, u32 state, const struct nsf_state_desc *d,
		      const struct nsf_packet *p)
{
	uint64_t cost = d->unit / d->rate, full = limit_full(d), tokens, now = now_ns();
	bool over = d->limit_flags & NSF_LIMIT_OVER;

	if (d->limit_flags & NSF_LIMIT_BYTES)
		cost = d->unit * p->val[NSF_FIELD_LENGTH] / d->rate;
	tokens = fx->tokens[state] + (now - fx->last[state]);
	if (tokens > full)
		tokens = full;
	fx->last[state] = now;
	fx->tokens[state] = tokens;
	if (tokens < cost)
		return over;
	fx->tokens[state] -= cost;
	return !over;
}

void nsf_effect_log(struct nsf_effect *fx, u32 record, const struct nsf_op *op,
		    const struct nsf_packet *p)
{
	(void)fx, (void)record, (void)op, (void)p;
}

void nsf_effect_mark_set(struct nsf_effect *fx, u32 mark)
{
	fx->mark = mark;
}

void nsf_effect_ct_mark_set(struct nsf_effect *fx, u32 mark)
{
	fx->ct_mark = mark;
}

/* ---- the image ---- */

static void print_diags(struct diags *d)
{
	diags_sort(d);
	for (size_t i = 0; i < d->n; i++) {
		char *text = d->v[i].level == DIAG_ERROR ? diag_format(&d->v[i]) : NULL;

		if (text)
			fputs(text, stderr);
		free(text);
	}
}

struct judge *judge_open(const char *path, unsigned int quirks)
{
	struct ir_policy *policy = NULL;
	struct diags d = { 0 };
	struct judge *j = calloc(1, sizeof(*j));
	size_t states;

	if (!j || policy_load(path, &policy, &d) || policy_compile(policy, &j->img, &d)) {
		print_diags(&d);
		diags_clean(&d);
		free(j);
		return NULL;
	}
	diags_clean(&d);
	ir_policy_free(policy);
	j->quirks = quirks;
	states = nsf_image_n_states(j->img);
	j->fx.packets = calloc(states + 1, 4 * sizeof(uint64_t));
	if (!j->fx.packets)
		abort();
	j->fx.bytes = j->fx.packets + states;
	j->fx.tokens = j->fx.bytes + states;
	j->fx.last = j->fx.tokens + states;
	for (size_t i = 0; i < states; i++) {
		const struct nsf_state_desc *s = nsf_image_states(j->img) + i;

		j->fx.last[i] = now_ns();
		if (s->kind == NSF_STATE_LIMIT)
			j->fx.tokens[i] = limit_full(s);
	}
	return j;
}

void judge_close(struct judge *j)
{
	free(j->fx.packets);
	free(j->img);
	free(j);
}

static const char *string_at(const struct judge *j, u32 offset)
{
	return nsf_image_strings(j->img) + offset;
}

bool judge_reads_transport(const struct judge *j)
{
	return j->img->needs & (NSF_BIT(NSF_FIELD_L4PROTO) | NSF_BIT(NSF_FIELD_TH_SPORT) |
				NSF_BIT(NSF_FIELD_TH_DPORT) | NSF_BIT(NSF_FIELD_TH_TYPE) |
				NSF_BIT(NSF_FIELD_TH_CODE) | NSF_BIT(NSF_FIELD_TH_TCP_FLAGS));
}

bool judge_same_chains(const struct judge *j, const struct reference *r)
{
	const struct nsf_chain *chain = nsf_image_chains(j->img);
	unsigned int n = nsf_image_n_chains(j->img);

	if (n != r->chains) {
		printf("# nft has %u base chains, nsfence %u\n", r->chains, n);
		return false;
	}
	for (unsigned int i = 0; i < n; i++) {
		const struct nsf_chain *c = &chain[i];
		unsigned int k;

		for (k = 0; k < r->chains; k++) {
			const struct reference_chain *want = &r->chain[k];

			if (!strcmp(want->name, string_at(j, c->name)) &&
			    want->place.hook == c->hook && want->place.priority == c->priority &&
			    want->drop == (c->policy == NSF_DROP) &&
			    want->ipv4 == !!(c->families & NSF_CHAIN_IPV4) &&
			    want->ipv6 == !!(c->families & NSF_CHAIN_IPV6))
				break;
		}
		if (k == r->chains) {
			printf("# nft has no base chain %s, hook %u, priority %d, policy %u, families %u\n",
			       string_at(j, c->name), c->hook, c->priority, c->policy, c->families);
			return false;
		}
	}
	return true;
}

static void set_name(struct nsf_packet *p, enum nsf_field high, const char *name)
{
	uint64_t half[2] = { 0 };

	for (unsigned int i = 0; i < 16; i++) {
		half[i / 8] = half[i / 8] << 8 | (uint8_t)*name;
		if (*name)
			name++;
	}
	nsf_packet_set(p, high, half[0]);
	nsf_packet_set(p, high + 1, half[1]);
}

static void fill(const struct judge *j, struct nsf_packet *p, const struct seen *seen,
		 const char *iifname, const char *oifname)
{
	const struct nsf_bytes bytes = {
		.data = seen->bytes, .caplen = (u32)seen->len, .length = (u32)seen->len,
	};

	memset(p, 0, sizeof(*p));
	nsf_headers_read(p, &bytes, seen->is6 ? 6 : 4);
	quirk_apply(j->quirks, p, seen);
	nsf_packet_set(p, NSF_FIELD_MARK, seen->mark);
	nsf_packet_set(p, NSF_FIELD_PKTTYPE, seen->pkttype);
	nsf_packet_set(p, NSF_FIELD_IIF, seen->iif);
	nsf_packet_set(p, NSF_FIELD_OIF, seen->oif);
	set_name(p, NSF_FIELD_IIFNAME_HI, iifname);
	set_name(p, NSF_FIELD_OIFNAME_HI, oifname);
	nsf_packet_set(p, NSF_FIELD_CT_STATE, seen->ct_state);
	if (seen->ct_direction >= 0) {
		nsf_packet_set(p, NSF_FIELD_CT_DIRECTION, (u64)seen->ct_direction);
		nsf_packet_set(p, NSF_FIELD_CT_MARK, seen->ct_mark);
	}
}

bool judge_packet(struct judge *j, const struct place *place, const struct seen *seen,
		  const char *iifname, const char *oifname, struct judgement *out)
{
	unsigned int family = seen->is6 ? NSF_CHAIN_IPV6 : NSF_CHAIN_IPV4;
	struct nsf_packet p;
	bool any = false;

	fill(j, &p, seen, iifname, oifname);
	memset(out, 0, sizeof(*out));
	j->fx.mark = seen->mark;
	j->fx.ct_mark = seen->ct_mark;
	/* Of two chains at one place the kernel runs the one first that came last. */
	for (unsigned int i = nsf_image_n_chains(j->img); i--; ) {
		const struct nsf_chain *c = nsf_image_chains(j->img) + i;
		const struct nsf_record *record;
		struct nsf_decision d = { 0 };

		if (c->hook != place->hook || c->priority != place->priority ||
		    !(c->families & family))
			continue;
		nsf_classify(j->img, c, &p, &j->fx, &d);
		any = true;
		record = nsf_image_records(j->img) + d.record;
		out->rule = "policy";
		if (record->rule != NSF_NO_RULE) {
			const struct nsf_rule *rule = nsf_image_rules(j->img) + record->rule;

			out->rule = string_at(j, rule->text);
			out->line = rule->line;
		}
		out->accept = d.end == NSF_ACCEPT;
		out->reject = d.end == NSF_REJECT;
		out->how = d.reject_how;
		out->code = d.reject_code;
		if (!out->accept)
			break;
	}
	out->mark = j->fx.mark;
	out->ct_mark = j->fx.ct_mark;
	return any;
}

/* The index of a chain's @n-th rule; false where nothing leads to that chain. */
static bool rule_of(const struct judge *j, const char *chain, unsigned int n, u32 *rule)
{
	for (*rule = 0; *rule < nsf_image_n_rules(j->img); (*rule)++)
		if (!strcmp(chain, string_at(j, nsf_image_rules(j->img)[*rule].chain)) && !n--)
			return true;
	return false;
}

/*
 * The state of that counter of nft's. A rule is several records where it goes on
 * after a map, and again where its chain is called again; then its states are the
 * same. False where it is not in the image: no packet can come to it.
 */
static bool counter_of(const struct judge *j, const struct reference_counter *want, size_t *state)
{
	const struct nsf_record *r = nsf_image_records(j->img);
	u32 rule, seen[16];
	unsigned int n = 0;

	if (!rule_of(j, want->chain, want->rule, &rule))
		return false;
	for (u32 k = 0; k < nsf_image_n_records(j->img); k++) {
		const struct nsf_op *op = nsf_image_ops(j->img) + r[k].op;

		if (r[k].rule != rule)
			continue;
		for (u32 i = 0; i < r[k].ops; i++) {
			unsigned int s = 0;

			if (op[i].code != NSF_OP_COUNTER)
				continue;
			while (s < n && seen[s] != op[i].arg)
				s++;
			if (s == n && n < 16)
				seen[n++] = op[i].arg;
		}
	}
	if (want->number >= n)
		return false;
	*state = seen[want->number];
	return true;
}

bool judge_same_counters(const struct judge *j, const struct reference *r)
{
	bool same = true;

	for (unsigned int i = 0; i < r->counters; i++) {
		const struct reference_counter *want = &r->counter[i];
		uint64_t packets = 0, bytes = 0;
		size_t state;

		if (counter_of(j, want, &state)) {
			packets = j->fx.packets[state];
			bytes = j->fx.bytes[state];
		}
		if (packets == want->packets && bytes == want->bytes)
			continue;
		printf("# counter %u of rule %u of chain %s: nft %llu packets %llu bytes, nsfence %llu, %llu\n",
		       want->number + 1, want->rule + 1, want->chain, (unsigned long long)want->packets,
		       (unsigned long long)want->bytes, (unsigned long long)packets,
		       (unsigned long long)bytes);
		same = false;
	}
	return same;
}
