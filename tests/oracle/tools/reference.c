// SPDX-License-Identifier: GPL-2.0-or-later
/* reference: see reference.h. */
#include "reference.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const hooks[] = { "prerouting", "input", "forward", "output", "postrouting" };

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void add_place(struct places *places, const struct place *p)
{
	for (size_t i = 0; i < places->n; i++)
		if (places->v[i].hook == p->hook && places->v[i].priority == p->priority)
			return;
	if (places->n < OBSERVER_MAX_PLACES)
		places->v[places->n++] = *p;
}

static bool add_chain(struct reference *r, const json_t *json)
{
	const char *hook = text_of(json, "hook"), *family = text_of(json, "family");
	struct reference_chain *c = &r->chain[r->chains];

	if (!*hook)
		return true;
	if (r->chains++ == REFERENCE_MAX)
		return false;
	snprintf(c->name, sizeof(c->name), "%s", text_of(json, "name"));
	for (c->place.hook = 0; c->place.hook < 5; c->place.hook++)
		if (!strcmp(hook, hooks[c->place.hook]))
			break;
	c->place.priority = (int)json_integer_value(json_object_get(json, "prio"));
	c->drop = !strcmp(text_of(json, "policy"), "drop");
	c->ipv4 = strcmp(family, "ip6");
	c->ipv6 = strcmp(family, "ip");
	add_place(&r->places, &c->place);
	return c->place.hook < 5;
}

/* Is there such a key anywhere? */
static bool has_key(const json_t *json, const char *key)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_object(json)) {
		json_object_foreach((json_t *)json, name, value)
			if (!strcmp(name, key) || has_key(value, key))
				return true;
	} else if (json_is_array(json)) {
		json_array_foreach(json, i, value)
			if (has_key(value, key))
				return true;
	}
	return false;
}

static bool add_rule(struct reference *r, const json_t *json)
{
	const json_t *exprs = json_object_get(json, "expr"), *expr, *counter;
	struct reference_counter *c;
	const char *chain = text_of(json, "chain");
	unsigned int number = 0;
	size_t i;

	if (has_key(exprs, "ct"))
		r->ct = true;
	/* A chain's rules come one after the other. */
	r->rule_now = strcmp(r->chain_now, chain) ? 0 : r->rule_now + 1;
	snprintf(r->chain_now, sizeof(r->chain_now), "%s", chain);
	json_array_foreach(exprs, i, expr) {
		counter = json_object_get(expr, "counter");
		if (!counter)
			continue;
		c = &r->counter[r->counters];
		if (r->counters++ == REFERENCE_MAX)
			return false;
		snprintf(c->chain, sizeof(c->chain), "%s", chain);
		c->rule = r->rule_now;
		c->number = number++;
		c->packets = (uint64_t)json_integer_value(json_object_get(counter, "packets"));
		c->bytes = (uint64_t)json_integer_value(json_object_get(counter, "bytes"));
	}
	return true;
}

bool reference_read(struct reference *r)
{
	FILE *f = popen("nft -j list ruleset", "re");
	json_error_t error;
	json_t *all, *items, *item, *part;
	bool good = true;
	size_t i;

	memset(r, 0, sizeof(*r));
	all = f ? json_loadf(f, 0, &error) : NULL;
	if (!all || pclose(f)) {
		fprintf(stderr, "oracle: nft -j list ruleset did not answer\n");
		return false;
	}
	items = json_object_get(all, "nftables");
	json_array_foreach(items, i, item) {
		if ((part = json_object_get(item, "chain")) &&
		    strncmp(text_of(part, "table"), "oracle_", 7))
			good = good && add_chain(r, part);
		if ((part = json_object_get(item, "rule")) &&
		    strncmp(text_of(part, "table"), "oracle_", 7))
			good = good && add_rule(r, part);
	}
	json_decref(all);
	if (!good)
		fprintf(stderr, "oracle: the ruleset has too many chains or counters for this tool\n");
	return good;
}
