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
	{ GENL_F_INITIAL, "initial" },
	{ GENL_F_BORN, "born" },
	{ GENL_F_REPLACE, "replace" },
	{ GENL_F_NOWAIT, "nowait" },
};

int names_load(struct names *names, struct err *e)
{
	return select_names(&names->v, &names->n, e);
}

void names_clean(struct names *names)
{
	free(names->v);
	*names = (struct names){ NULL, 0 };
}

void names_format(const struct names *names, const struct genl_netns *n, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < names->n; i++) {
		if (names->v[i].inode != n->inode)
			continue;
		if (used + strlen(names->v[i].name) + sizeof(",,...") > size) {
			snprintf(buf + used, size - used, "%s...", used ? "," : "");
			return;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? "," : "",
					 names->v[i].name);
	}
	if (!used)
		snprintf(buf, size, "%s", n->flags & GENL_F_INITIAL ? "(init)" : "-");
}

json_t *names_json(const struct names *names, uint32_t inode)
{
	json_t *array = json_array();

	for (size_t i = 0; i < names->n; i++)
		if (names->v[i].inode == inode)
			out_json_append(array, out_json_string(names->v[i].name));
	return array;
}

static json_t *flags_json(uint32_t flags)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
		if (flags & flag_names[i].flag)
			out_json_append(array, json_string(flag_names[i].name));
	return array;
}

static json_t *hooks_json(uint32_t hooks)
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
	out_json_set(object, "names", names_json(names, n->inode));
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
