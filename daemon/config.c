// SPDX-License-Identifier: GPL-2.0-or-later
/* A configuration that is loaded. See config.h. Pure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

const char *config_kind_name(enum config_kind kind)
{
	static const char *const names[CONFIG_KINDS] = {
		[CONFIG_NETNS] = "netns", [CONFIG_PATH] = "path", [CONFIG_PID] = "pid",
		[CONFIG_UNIT] = "unit", [CONFIG_INODE] = "inode",
	};

	return names[kind];
}

void config_section_label(const struct config_section *s, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", s->kind == CONFIG_PID ? "process " :
		 s->kind == CONFIG_INODE ? "inode " : "", s->name);
}

/* Policy audit is audit in either mode, and the module reports it as that. */
static enum genl_mode mode_in_effect(const struct config_section *s)
{
	return strcmp(s->policy, "audit") ? s->mode : GENL_MODE_AUDIT;
}

bool config_same_wish(const struct config_section *a, const struct config_section *b)
{
	if (a->none || b->none)
		return a->none && b->none;
	return !strcmp(a->policy, b->policy) && mode_in_effect(a) == mode_in_effect(b) &&
	       (a->file || a->hooks == b->hooks) && a->flags == b->flags;
}

struct section_key {
	enum config_kind kind;
	const char *name;
};

static int compare_section(const void *pkey, const void *entry)
{
	const struct section_key *key = pkey;
	const struct config_section *s = entry;

	if (key->kind != s->kind)
		return key->kind < s->kind ? -1 : 1;
	return strcmp(key->name, s->name);
}

const struct config_section *config_find(const struct config *c, enum config_kind kind,
					 const char *name)
{
	const struct section_key key = { kind, name };

	if (!c->n_sections)
		return NULL;
	return bsearch(&key, c->sections, c->n_sections, sizeof(*c->sections),
		       compare_section);
}

static int compare_policy(const void *key, const void *entry)
{
	return strcmp(key, ((const struct config_policy *)entry)->name);
}

const struct config_policy *config_find_policy(const struct config *c, const char *name)
{
	if (!c->n_policies)
		return NULL;
	return bsearch(name, c->policies, c->n_policies, sizeof(*c->policies), compare_policy);
}

void config_clean(struct config *c)
{
	size_t i, k;

	for (i = 0; i < c->n_sections; i++) {
		for (k = 0; k < c->sections[i].n_except; k++)
			free(c->sections[i].except[k]);
		free(c->sections[i].except);
		free(c->sections[i].name);
		free(c->sections[i].path);
	}
	for (i = 0; i < c->n_policies; i++) {
		free(c->policies[i].compiled.image);
		free(c->policies[i].compiled.text);
	}
	for (i = 0; i < c->n_warnings; i++)
		free(c->warnings[i]);
	free(c->sections);
	free(c->policies);
	free(c->warnings);
	memset(c, 0, sizeof(*c));
}
