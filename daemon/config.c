// SPDX-License-Identifier: GPL-2.0-or-later
/* A configuration that is loaded. See config.h. Pure. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

static int compare_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct config_netns *)entry)->name);
}

const struct config_netns *config_find(const struct config *c, const char *name)
{
	if (!c->n_netns)
		return NULL;
	return bsearch(name, c->netns, c->n_netns, sizeof(*c->netns), compare_name);
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
	size_t i;

	for (i = 0; i < c->n_netns; i++)
		free(c->netns[i].name);
	for (i = 0; i < c->n_policies; i++)
		free(c->policies[i].compiled.image);
	for (i = 0; i < c->n_warnings; i++)
		free(c->warnings[i]);
	free(c->netns);
	free(c->policies);
	free(c->warnings);
	memset(c, 0, sizeof(*c));
}
