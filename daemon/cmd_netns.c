// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_netns: a namespace with its names, as tables and JSON show it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

/* The spec's names, in the order of their bits. */
static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
	{ GENL_F_STRICT, "strict" },
	{ GENL_F_MANUAL, "manual" },
	{ GENL_F_FORWARD_ACCEPT, "forward-accept" },
	{ GENL_F_INHERIT, "inherit" },
	{ GENL_F_INITIAL, "initial" },
	{ GENL_F_BORN, "born" },
	{ GENL_F_INHERITED, "inherited" },
	{ GENL_F_BIRTH, "birth" },
	{ GENL_F_ORPHAN, "orphan" },
	{ GENL_F_REPLACE, "replace" },
	{ GENL_F_NOWAIT, "nowait" },
};

static json_t *texts_json(const struct names *names, uint32_t inode, enum names_from from)
{
	json_t *array = json_array();
	const struct names_entry *v;
	size_t n;

	v = names_find(names, inode, from, &n);
	for (size_t i = 0; i < n; i++)
		out_json_append(array, out_json_string(v[i].text));
	return array;
}

void names_json_set(json_t *object, const struct names *names, uint32_t inode)
{
	char label[1024];
	size_t n;

	out_json_set(object, "names", texts_json(names, inode, NAMES_NETNS));
	names_find(names, inode, NAMES_PATH, &n);
	if (n)
		out_json_set(object, "paths", texts_json(names, inode, NAMES_PATH));
	names_label(names, inode, label, sizeof(label));
	out_json_set(object, "label", out_json_string(label));
}

void netns_source(const struct names *names, const struct genl_netns *n, char *buf, size_t size)
{
	char parent[NAMES_LABEL];

	if (!(n->flags & GENL_F_INHERITED)) {
		snprintf(buf, size, "%s", n->source);
		return;
	}
	names_label(names, n->parent, parent, sizeof(parent));
	if (n->parent && !strcmp(parent, "-"))
		snprintf(parent, sizeof(parent), "inode %" PRIu32, n->parent);
	snprintf(buf, size, "%s%s(%s of %s)", n->source, n->source[0] ? " " : "",
		 n->flags & GENL_F_ORPHAN ? "descendant" : "child",
		 n->parent ? parent : "one that is gone");
}

json_t *flags_json(uint32_t flags)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
		if (flags & flag_names[i].flag)
			out_json_append(array, json_string(flag_names[i].name));
	return array;
}

json_t *hooks_json(uint32_t hooks)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < 32; i++) {
		char name[32];

		if (!(hooks & (1u << i)))
			continue;
		genl_hooks_format(1u << i, name, sizeof(name));
		out_json_append(array, json_string(name));
	}
	return array;
}

bool netns_counter_shown(const struct genl_netns *n, unsigned int hook,
			 unsigned int verdict, bool zero)
{
	uint32_t hooks = n->hooks;

	if (!(n->flags & GENL_F_FORWARD_ACCEPT))
		hooks |= 1u << GENL_HOOK_FORWARD;
	return n->counter[hook][verdict].packets || (zero && (hooks & 1u << hook));
}

static json_t *counters_json(const struct genl_netns *n, bool zero)
{
	json_t *array = json_array();

	for (unsigned int h = 0; h < GENL_HOOKS; h++) {
		for (unsigned int v = 0; v < GENL_VERDICTS; v++) {
			const struct genl_counter *counter = &n->counter[h][v];
			json_t *object;

			if (!netns_counter_shown(n, h, v, zero))
				continue;
			object = json_object();
			out_json_set(object, "hook", json_string(genl_hook_name(h)));
			out_json_set(object, "verdict", json_string(genl_verdict_name(v)));
			out_json_set(object, "packets", out_json_u64(counter->packets));
			out_json_set(object, "bytes", out_json_u64(counter->bytes));
			out_json_append(array, object);
		}
	}
	return array;
}

json_t *rule_json(const struct genl_rule *rule, bool counts)
{
	json_t *object = json_object();
	char id[17];

	out_json_set(object, "chain", out_json_string(rule->chain));
	if (!rule->text[0])	/* the policy of the chain, which is no rule */
		return object;
	/* 64 bits that are no quantity: as a number JSON readers would round them. */
	snprintf(id, sizeof(id), "%016" PRIx64, rule->id);
	out_json_set(object, "id", json_string(id));
	out_json_set(object, "text", out_json_string(rule->text));
	out_json_set(object, "file", out_json_string(rule->file));
	out_json_set(object, "line", out_json_u64(rule->line));
	if (!counts)
		return object;
	out_json_set(object, "packets", out_json_u64(rule->packets));
	out_json_set(object, "bytes", out_json_u64(rule->bytes));
	return object;
}

json_t *netns_json(const struct names *names, const struct genl_netns *n, bool zero)
{
	json_t *object = json_object();

	out_json_set(object, "inode", out_json_u64(n->inode));
	if (n->has_cookie)
		out_json_set(object, "cookie", out_json_u64(n->cookie));
	names_json_set(object, names, n->inode);
	if (n->parent)
		out_json_set(object, "parent", out_json_u64(n->parent));
	out_json_set(object, "flags", flags_json(n->flags));
	if (!n->instance)
		return object;
	out_json_set(object, "instance", out_json_u64(n->instance));
	out_json_set(object, "policy", out_json_string(n->policy));
	out_json_set(object, "mode", json_string(genl_mode_name(n->mode)));
	out_json_set(object, "hooks", hooks_json(n->hooks));
	out_json_set(object, "source", out_json_string(n->source));
	out_json_set(object, "counters", counters_json(n, zero));
	return object;
}
