// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gen_policy: a policy out of a seed. Jumps lead only to chains of a higher
 * index, so that there is no loop; the numbers are small enough that flattening
 * stays far below every limit.
 */
#include <stdio.h>

#include "gen_rule.h"

static void make_rule(struct maker *m, struct ir_rule *rule, unsigned int chain, unsigned int n)
{
	unsigned int k = percent(m, 10) ? 0 : 1 + below(m, 4);
	char text[32];

	m->plausible = m->text || percent(m, 85);
	m->family = 0;
	m->l4 = ANY_L4;
	m->used = 0;

	rule->stmt = zalloc(MAX_STMTS, sizeof(*rule->stmt));
	rule->place = (struct ir_place){ m->p->file[0], 100 * (chain + 1) + n, 1, 0 };
	rule->id = rng_next(&m->r) | 1;
	snprintf(text, sizeof(text), "chain %u rule %u", chain, n);
	rule->text = copy(text);
	while (k--) {
		if (percent(m, 65))
			gen_add_match(m, rule);
		else if (percent(m, 50))
			gen_add(rule, IR_COUNTER);
		else if (percent(m, 30))
			gen_add_limit(m, rule);
		else if (percent(m, 50))
			gen_add_mark(m, rule);
		else
			gen_add_log(m, rule);
	}
	if (percent(m, 15)) {
		gen_add_map(m, rule, chain);
		if (percent(m, 30))
			gen_add(rule, IR_COUNTER);
		if (percent(m, 20))
			gen_add_match(m, rule);
	}
	/* A rule that matches everything should seldom be the end. */
	if (m->used || !rule->stmts || percent(m, 15)) {
		if (percent(m, 10) && !m->postrouting)
			gen_add_reject(m, rule);
		else if (percent(m, 85) || !rule->stmts)
			gen_add(rule, IR_VERDICT)->verdict = gen_verdict(m, chain, false);
	}
}

static void make_chain(struct maker *m, unsigned int index)
{
	struct ir_chain *c = &m->p->chain[index];
	unsigned int i;
	char name[16];

	snprintf(name, sizeof(name), "%c%u", index < m->base ? 'b' : 'c', index);
	c->name = copy(name);
	c->place = (struct ir_place){ m->p->file[0], 100 * (index + 1), 1, 0 };
	c->base = index < m->base;
	c->policy = percent(m, 50) ? IR_ACCEPT : IR_DROP;
	if (c->base) {
		c->hook = below(m, 5);
		c->priority = (int)below(m, 7) * 50 - 150;
		m->postrouting |= c->hook == 4;
	} else {
		c->policy = IR_ACCEPT;
	}
	c->rules = below(m, (m->many && c->base ? MANY_RULES : MAX_RULES) + 1);
	c->rule = zalloc(c->rules + 1, sizeof(*c->rule));
	for (i = 0; i < c->rules; i++)
		make_rule(m, &c->rule[i], index, i + 1);
}

static struct ir_policy *make_policy(uint64_t seed, bool text)
{
	struct maker *m = zalloc(1, sizeof(*m));
	struct ir_policy *p = zalloc(1, sizeof(*p));
	unsigned int i;
	char name[32];

	m->r.s = seed;
	m->text = text;
	m->p = p;
	snprintf(name, sizeof(name), "seed-%llu", (unsigned long long)seed);
	p->name = copy(name);
	p->table = copy("t");
	p->family = percent(m, 70) ? IR_INET : percent(m, 50) ? IR_IP : IR_IP6;
	p->file = zalloc(1, sizeof(*p->file));
	p->file[0] = copy(name);
	p->files = 1;
	m->base = 1 + below(m, MAX_BASE);
	m->many = percent(m, 10);
	p->chains = m->base + below(m, m->many ? 3 : MAX_CHAINS - m->base - 1);
	p->chain = zalloc(p->chains, sizeof(*p->chain));
	p->set = zalloc(MAX_SETS, sizeof(*p->set));
	for (i = 0; i < p->chains; i++)
		make_chain(m, i);
	free(m);
	return p;
}

struct ir_policy *gen_policy(uint64_t seed)
{
	return make_policy(seed, false);
}

struct ir_policy *gen_policy_text(uint64_t seed)
{
	return make_policy(seed, true);
}

void gen_policy_free(struct ir_policy *p)
{
	size_t c, r, i;

	if (!p)
		return;
	for (c = 0; c < p->chains; c++) {
		for (r = 0; r < p->chain[c].rules; r++) {
			struct ir_rule *rule = &p->chain[c].rule[r];

			for (i = 0; i < rule->stmts; i++)
				if (rule->stmt[i].kind == IR_LOG)
					free(rule->stmt[i].log.prefix);
			free(rule->stmt);
			free(rule->text);
			free(rule->comment);
		}
		free(p->chain[c].rule);
		free(p->chain[c].name);
	}
	for (i = 0; i < p->sets; i++) {
		free(p->set[i].name);
		free(p->set[i].element);
		free(p->set[i].text);
	}
	for (i = 0; i < p->files; i++)
		free(p->file[i]);
	free(p->file);
	free(p->chain);
	free(p->set);
	free(p->table);
	free(p->name);
	free(p);
}
