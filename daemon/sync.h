/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync: brings the fences to what is configured, one pass at a time.
 *
 * A pass sets birth, and puts the policies into the backend that the configuration
 * needs and the backend does not have in that version (all their fences change at
 * once); reads what has a name (gather.h) and what is fenced, lets claims_make() and
 * reconcile_plan() decide, and carries that out; and takes policies away that nobody
 * needs any more. It remembers only what saves work (the names of the last pass),
 * what was said (log lines, statuses), which policies former configurations had, and
 * to what [pid N] and [inode N] are bound; the last is kept in a file.
 * No descriptor of a namespace outlives the one request that needs it.
 *
 * Another backend than before is made before the old one is broken: where the old
 * one's fence stands it is taken off only when the new one's stands there, too.
 */
#ifndef NSF_SYNC_H
#define NSF_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "bindings.h"
#include "claims.h"
#include "config.h"
#include "genl.h"
#include "reconcile.h"
#include "units.h"

/* How much a pass doubts; each includes the one before. */
enum sync_scope {
	SYNC_NAMES,	/* names may have changed: if none has, no more is done */
	SYNC_FENCES,	/* read the fences too */
	SYNC_MODULE,	/* open the backend anew first: it may have been reloaded */
	SYNC_SCOPES,
};

/* With a scope, `|`: replace fences by hand that a section claims. */
#define SYNC_TAKE_OVER	0x100

struct sync_summary {
	size_t configured;	/* namespaces that sections claim, and names that lead to none */
	size_t fenced;		/* as configured */
	size_t absent;		/* no such name, or no process, now */
	size_t pending;		/* the file is no mount: made just now, or a link */
	size_t unknown;		/* what the section means cannot be told now: no D-Bus */
	size_t manual;		/* fenced by hand, left alone */
	size_t failed;		/* conflicts and refusals among them */
	size_t ended;		/* [pid N], [inode N] whose owner is gone */
	size_t exempt;		/* policy = none; not among the configured */
	size_t nameless;	/* ours, of namespaces that lost their name */
	char problem[256];	/* the first failure; or why the pass ended early */
};

/* One policy of the configuration, as the last pass left it. */
struct sync_policy {
	bool loaded;		/* the backend has some version of it */
	int errnum;		/* why it is not this one; 0: it is */
	char why[256];
};

enum sync_state {
	SYNC_ENFORCING,
	SYNC_AUDIT,
	SYNC_PENDING,		/* not there yet, a link, a unit without a process */
	SYNC_FAILED,
	SYNC_CONFLICT,
	SYNC_MANUAL,
	SYNC_ENDED,
	SYNC_EXEMPT,
	SYNC_UNAPPLIED,		/* the pass did not come to it */
	SYNC_STATES,
};

/* A namespace that is claimed or fenced; or a section, or name, that has none. */
struct sync_status {
	char label[256];	/* its first name, for people */
	uint32_t inode;		/* 0: none */
	uint64_t instance;	/* of the fence, 0: none */
	enum sync_state state;
	bool claimed;		/* by a section */
	char policy[GENL_MAX_NAME + 1];		/* that it has; "-": none */
	char source[GENL_MAX_SOURCE + 1];	/* of what it is to have; else of what it has */
	uint64_t since;		/* clock_ms() when it came to be so */
	char reason[256];	/* "": nothing to say */
	char *names;		/* all that are known, "web1, /run/docker/netns/4f"; never NULL */
};

const char *sync_state_name(enum sync_state state);

enum sync_change_verb {
	SYNC_DO_ATTACH,		/* + */
	SYNC_DO_REPLACE,	/* ~ */
	SYNC_DO_DETACH,		/* - */
	SYNC_DO_TAKE_OVER,	/* ! by `apply`; a pass leaves it */
	SYNC_DO_POLICY_SET,	/* ->label is its name */
	SYNC_DO_POLICY_DELETE,
	SYNC_DO_BIRTH,		/* ->policy from now on */
	SYNC_DO_BACKEND,	/* ->policy is its name; all fences are made with it */
	SYNC_CANNOT,		/* in conflict, or refused: ->detail; no difference */
};

struct sync_change {
	enum sync_change_verb verb;
	char label[256];
	uint32_t inode;		/* of policies and birth: 0 */
	char policy[GENL_MAX_NAME + 1];		/* that it is to have; "none" */
	char source[GENL_MAX_SOURCE + 1];	/* of that */
	char detail[256];	/* what it has, or why */
};

struct sync_preview {
	struct sync_change *v;
	size_t n;
	size_t n_changes;	/* without those of SYNC_CANNOT */
};

/* A fence by hand, as it was before a pass with SYNC_TAKE_OVER replaced it. */
struct sync_taken {
	uint32_t inode;
	bool has_cookie;
	uint64_t cookie;
	uint64_t instance;	/* of ours, in its place; 0: there is none */
	char policy[GENL_MAX_NAME + 1];
	enum genl_mode mode;
	uint32_t hooks;
	uint32_t flags;		/* with GENL_F_MANUAL */
	char source[GENL_MAX_SOURCE + 1];
};

struct sync_result {
	bool complete;		/* every namespace was looked at */
	bool unchanged;		/* SYNC_NAMES, and no name has changed */
	unsigned int retry_ms;	/* again after that time; 0: no need */
	enum sync_scope retry_scope;
	bool soon;		/* what failed passes by itself, and lasts no time yet */
	struct sync_summary summary;	/* not set if unchanged */
	struct sync_taken *taken;	/* sync_result_clean() */
	size_t n_taken;
};

struct sync_report;		/* what was last logged about one item; sync_report.c */

struct sync {
	const struct config *config;
	struct backend *backend;	/* NULL: not reachable */
	enum backend_kind kind;		/* of the one in use, or last used */
	bool has_kind;
	struct backend *next;		/* sync_prepare()'s, for sync_configure(); or NULL */
	struct backend *old;		/* to be left: still has fences of ours; or NULL */
	bool old_settled;		/* and those are nobody's, which was logged */
	struct genl_netns *held;	/* fences that the old one alone has, nobody's */
	size_t n_held;
	struct sync_policy *policies;	/* parallel to config->policies */
	char **retired;			/* policies of former configurations, still there */
	size_t n_retired;
	/* Set it before sync_configure(). NULL: BINDINGS_FILE. "nft.used" lies beside it. */
	const char *bindings_file;
	struct bindings bindings;
	bool has_bindings;		/* the file was read */
	bool bindings_failed;		/* it cannot be written, and that is logged */
	struct units *units;		/* NULL: no section was of that kind yet */
	struct claims_name *names;	/* of the last complete pass */
	size_t n_names;
	bool has_names;
	/*
	 * What SYNC_TAKE_OVER laid open, of namespaces without a cookie: nobody died since
	 * who had that number, so that sync_put_back() means the same one.
	 */
	uint32_t *bare;
	size_t n_bare;
	uint64_t *released;		/* for reconcile_world, sorted */
	size_t n_released;
	struct sync_report *reports;	/* sorted */
	size_t n_reports;
	struct sync_status *statuses;	/* sorted by label */
	size_t n_statuses;
	size_t nameless;		/* as last logged */
	char birth_problem[128];	/* as last logged */
	unsigned int soon_ms;		/* back-off where the cause passes soon, */
	unsigned int slow_ms;		/* and where it may not */
	bool was_incomplete;		/* logged already */
	bool was_unreachable;		/* the backend, and logged */
	/* Called between requests: a long pass is not a dead one. */
	void (*alive)(void *data);
	void *alive_data;
};

/* Zero @s first. 0 or -ENOMEM, with the previous configuration in force. */
int sync_configure(struct sync *s, const struct config *c);
/*
 * Opens the backend that the configuration asks for: for `auto` the module if it is
 * there, else nft, if none was open before; later the same again. Passes do it where needed.
 */
int sync_open(struct sync *s, struct err *e);
/*
 * Before sync_configure() of a @c that was loaded anew: opens its backend, if that is
 * another; what was open stays in use. Where this fails nothing has changed, and
 * @c is to be refused. 0 also where the same backend goes on.
 */
int sync_prepare(struct sync *s, const struct config *c, struct err *e);
void sync_close(struct sync *s);
/* To poll for reading, or -1. */
int sync_events_fd(const struct sync *s);
/* Takes the waiting events. Whether a pass is needed, and with what scope. */
bool sync_events(struct sync *s, enum sync_scope *scope);
/* The same for what is not of the backend: units that were started, or stopped. */
int sync_wake_fd(const struct sync *s);
bool sync_wake(struct sync *s, enum sync_scope *scope);

/* @scope: enum sync_scope, with SYNC_TAKE_OVER or without. */
void sync_pass(struct sync *s, unsigned int scope, struct sync_result *r);
void sync_result_clean(struct sync_result *r);

/* What became of everything in the last pass; until the next one. */
size_t sync_statuses(const struct sync *s, const struct sync_status **out);

enum sync_found {
	SYNC_UNCLAIMED,		/* no section claims it, or would */
	SYNC_WAITING,		/* one would, and there is no namespace (yet) */
	SYNC_FOUND,
};

/*
 * For `wait`: the status, of the last pass, of what @kind and @name mean: a name in
 * /run/netns, an absolute path, the number of a process or inode, the name of a unit. *@out is NULL
 * unless found; while waiting it may be that of the section.
 */
enum sync_found sync_lookup(struct sync *s, enum config_kind kind, const char *name,
			    const struct sync_status **out);

/*
 * What a pass would do, with SYNC_TAKE_OVER, were @c in force; does nothing. A unit
 * that no section in force has is not known to us, and said to be so. 0 or negative.
 */
int sync_preview(struct sync *s, const struct config *c, struct sync_preview *out,
		 struct err *e);
void sync_preview_clean(struct sync_preview *p);

/*
 * Puts a fence back that was taken over. -ESTALE, -ENXIO, -ENOENT: the namespace, or our
 * fence in it, is not what it was, or cannot be told from another: nothing is done.
 */
int sync_put_back(struct sync *s, const struct sync_taken *t, struct err *e);

/* ---- sync_policy.c, for sync*.c ---- */

/* Before @c is in force. 0 or -ENOMEM, with nothing changed. */
int sync_policy_configure(struct sync *s, const struct config *c);
void sync_policy_clean(struct sync *s);
/*
 * Sets what differs. 0, with s->policies saying what became of each, or negative
 * where the backend could not even tell. *@out: all policies that were there
 * before; the caller frees it.
 */
int sync_policy_set(struct sync *s, struct genl_policy **out, size_t *n, struct err *e);
/* NULL: @file is NULL (a built-in), or the policy is as configured. */
const struct sync_policy *sync_policy_bad(const struct sync *s, const struct config_policy *file);
/* Deletes those of @v[0..n) that were ours, and that nobody needs. */
void sync_policy_delete(struct sync *s, const struct genl_policy *v, size_t n);
/* Whether a policy in the backend is one that the daemon has put there. */
bool sync_policy_is_ours(const struct sync *s, const char *name);

#endif /* NSF_SYNC_H */
