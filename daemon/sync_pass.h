/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sync_pass: what the files of sync share of one pass. Private to sync*.c. */
#ifndef NSF_SYNC_PASS_H
#define NSF_SYNC_PASS_H

#include "sync.h"

/* Longer than that and it is worth a line. */
#define SYNC_SOON_LAST_MS	1000

enum trouble {
	TROUBLE_NONE,
	TROUBLE_SOON,		/* of two glances at a moving world: look again */
	TROUBLE_SLOW,
	TROUBLE_BACKEND,	/* no use in going on with this pass */
	TROUBLE_RELOADED,	/* nor in that, but in a new one at once */
};

struct pass {
	struct sync *s;
	bool take_over;
	struct claims_name *names;
	size_t n_names;
	struct claims claims;
	struct genl_netns *actual;
	size_t n_actual;
	struct genl_policy *policies;	/* of the backend, before the pass */
	size_t n_policies;
	struct reconcile_plan plan;
	struct outcome *outcomes;	/* parallel to plan.items */
	enum trouble trouble;		/* the worst */
	uint64_t pending_due;		/* when to look, or say, again what is pending; 0: no need */
	struct sync_result *r;
};

/* What became of one item, where there was something to do. */
struct outcome {
	int errnum;			/* it failed */
	bool done;
	bool said;			/* action_failed() has seen to the log */
	bool held;			/* by the old backend, still */
	bool moving;			/* may be on its way to its own namespace; sync_report.c */
	uint64_t instance;		/* of the fence that was put there */
	char why[200];
};

/* That a configuration asks for; of auto the first choice. */
enum backend_kind sync_wanted_kind(const struct config *c);
void sync_note_problem(struct pass *p, const char *who, const char *what);

/* ---- sync_action.c ---- */

enum trouble sync_judge(int errnum, const struct err *e);
/* All actions of the plan. */
void sync_carry_out(struct pass *p);

/* ---- sync_report.c ---- */

/* For people: the name by which it is claimed, else its first; else "inode 12". */
void sync_label(const struct claims *c, const struct claim *claim, uint32_t inode, char *buf,
		size_t size);
/* The same of one name. */
void sync_name_label(const struct claims_name *name, char *buf, size_t size);
/* What went wrong with an action, or still does: whether that is news. */
bool sync_is_news(struct pass *p, const struct reconcile_item *item, int errnum);
/* Counts, logs what is new, and makes the statuses of all items. */
void sync_report(struct pass *p);
void sync_report_clean(struct sync *s);

/* ---- sync_lookup.c ---- */

/* Of the last pass; NULL: none. */
const struct sync_status *sync_find_inode(const struct sync *s, uint32_t inode);
/*
 * s->released as it is with @c in force: what a section claimed that has no name is
 * out of reach of the rule that an unclaimed name is laid open, when the section goes.
 * 0 or -ENOMEM; the caller frees it.
 */
int sync_release(const struct sync *s, const struct config *c, uint64_t **out, size_t *n);

/* ---- sync_switch.c: from one backend to another ---- */

/* After a complete pass: takes off what the old backend has and the new one has, too. */
void sync_hand_over(struct pass *p);
/* A backend was opened for the first time: whether the other one may have left something. */
void sync_find_leftovers(struct sync *s);
/* s->backend came into use: so that a daemon after this one knows. */
void sync_mark_kind(struct sync *s);

/* ---- sync_policy.c ---- */

/* 0, or negative where there is no use in going on. */
int sync_set_birth(struct pass *p, struct err *e);
/* What the configuration wants of birth; ->policy is never NULL. */
struct genl_fence sync_birth_wish(const struct config *c);
bool sync_birth_is(const struct genl_birth *have, const struct config *c);

#endif /* NSF_SYNC_PASS_H */
