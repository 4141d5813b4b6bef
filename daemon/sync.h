/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync: brings the module's fences to what is configured, one pass at a time.
 *
 * A pass puts the policies into the module that the configuration needs and the
 * module does not have in that version (all their fences change at once); reads
 * what has a name and what is fenced, lets reconcile_plan() decide, and carries
 * that out; and takes policies away that nobody needs any more. It remembers only
 * what saves work (the names of the last pass), repeated log lines, and which
 * policies former configurations had; a pass after a crash decides the same but
 * for the last: such a policy stays in the module.
 * No descriptor of a namespace outlives the one request that needs it.
 */
#ifndef NSF_SYNC_H
#define NSF_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "genl.h"
#include "select.h"

/* How much a pass doubts; each includes the one before. */
enum sync_scope {
	SYNC_NAMES,	/* names may have changed: if none has, no more is done */
	SYNC_FENCES,	/* read the module's fences too */
	SYNC_MODULE,	/* open the module anew first: it may have been reloaded */
	SYNC_SCOPES,
};

struct sync_summary {
	size_t configured;
	size_t fenced;		/* as configured */
	size_t absent;		/* no file of that name now */
	size_t pending;		/* the file is no mount: made just now, or a link */
	size_t manual;		/* fenced by hand, left alone */
	size_t failed;		/* conflicts and refusals among them */
	size_t nameless;	/* ours, of namespaces that lost their name */
	char problem[256];	/* the first failure; or why the pass ended early */
};

/* One policy of the configuration, as the last pass left it. */
struct sync_policy {
	bool loaded;		/* the module has some version of it */
	int errnum;		/* why it is not this one; 0: it is */
	char why[256];
};

struct sync_result {
	bool complete;		/* every namespace was looked at */
	bool unchanged;		/* SYNC_NAMES, and no name has changed */
	unsigned int retry_ms;	/* again after that time; 0: no need */
	enum sync_scope retry_scope;
	bool soon;		/* what failed passes by itself, and lasts no time yet */
	struct sync_summary summary;	/* not set if unchanged */
};

/* What was last logged about one [netns NAME]. */
struct sync_report {
	int state;
	int errnum;
	uint32_t inode;
	uint64_t pending_since;		/* 0: it is not, or that was said */
};

struct sync {
	const struct config *config;
	struct sync_report *reports;	/* parallel to config->netns */
	struct sync_policy *policies;	/* parallel to config->policies */
	char **retired;			/* policies of former configurations, still there */
	size_t n_retired;
	struct genl *requests;		/* NULL: the module is not reachable */
	struct genl *events;
	struct netns_name *names;	/* of the last complete pass */
	size_t n_names;
	bool has_names;
	size_t nameless;		/* as last logged */
	unsigned int soon_ms;		/* back-off where the cause passes soon, */
	unsigned int slow_ms;		/* and where it may not */
	bool was_incomplete;		/* logged already */
	bool was_unreachable;		/* the module, and logged */
	/* Called between requests: a long pass is not a dead one. */
	void (*alive)(void *data);
	void *alive_data;
};

/* Zero @s first. 0 or -ENOMEM, with the previous configuration in force. */
int sync_configure(struct sync *s, const struct config *c);
/* Opens the module, for requests and for events. Passes do it where needed. */
int sync_open(struct sync *s, struct err *e);
void sync_close(struct sync *s);
/* To poll for reading, or -1. */
int sync_events_fd(const struct sync *s);
/* Takes the waiting events. Whether a pass is needed, and with what scope. */
bool sync_events(struct sync *s, enum sync_scope *scope);

void sync_pass(struct sync *s, enum sync_scope scope, struct sync_result *r);

/* ---- sync_policy.c, for sync.c ---- */

/* Before @c is in force. 0 or -ENOMEM, with nothing changed. */
int sync_policy_configure(struct sync *s, const struct config *c);
void sync_policy_clean(struct sync *s);
/*
 * Sets what differs. 0, with s->policies saying what became of each, or negative
 * where the module could not even tell. *@out: all policies that were there
 * before; the caller frees it.
 */
int sync_policy_set(struct sync *s, struct genl_policy **out, size_t *n, struct err *e);
/* NULL: @want is for a built-in, or its policy is as configured. */
const struct sync_policy *sync_policy_bad(const struct sync *s, const struct config_netns *want);
/* Deletes those of @v[0..n) that were ours, and that nobody needs. */
void sync_policy_delete(struct sync *s, const struct genl_policy *v, size_t n);

#endif /* NSF_SYNC_H */
