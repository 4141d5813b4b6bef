// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said about the items of a plan: counts, and lines of the log. See sync_pass.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "sync_pass.h"
#include "sync_status.h"

/*
 * `ip netns add` makes the file first and mounts then; systemd names a main process
 * before that has its namespace. Neither takes that long.
 */
#define PENDING_MS	5000
#define MOVING_FIRST_MS	10	/* of looking again */
#define MOVING_LAST_MS	1000

/* What was last logged about one item. */
struct sync_report {
	uint64_t key;
	int state;
	int errnum;
	bool conflict;
	uint32_t inode;
	uint64_t process;		/* by which it is found: when that began; 0: by none */
	uint64_t pending_since;		/* 0: it is not, or that was said */
};

/* ---- names for people ---- */

void sync_name_label(const struct claims_name *name, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", name->kind == CONFIG_PID ? "process " :
		 name->kind == CONFIG_INODE ? "inode " : "", name->name);
}

void sync_label(const struct claims *c, const struct claim *claim, uint32_t inode, char *buf,
		size_t size)
{
	const struct claims_name *const *names;
	size_t n;

	if (claim && claim->by && (claim->by->kind == CONFIG_NETNS || !claim->inode)) {
		sync_name_label(claim->by, buf, size);
		return;
	}
	names = claims_names(c, inode, &n);
	if (inode && n)
		sync_name_label(names[0], buf, size);
	else if (claim)
		config_section_label(claim->want, buf, size);
	else
		snprintf(buf, size, "inode %u", inode);
}

/* ---- what was said ---- */

/* FNV-1a: two that meet would share a line of the log, no more. */
static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *s = data;

	while (len--)
		h = (h ^ *s++) * 0x100000001b3ULL;
	return h;
}

static uint64_t item_key(const struct reconcile_item *item)
{
	const struct claim *c = item->claim;
	const char *name;
	uint64_t h = 0xcbf29ce484222325ULL;
	int kind;

	if (!c)
		return hash(h, &item->inode, sizeof(item->inode));
	kind = c->by ? c->by->kind : c->want->kind;
	name = c->by ? c->by->name : c->want->name;
	h = hash(h, &kind, sizeof(kind));
	return hash(h, name, strlen(name));
}

static int compare_keys(const void *pa, const void *pb)
{
	const struct sync_report *a = pa, *b = pb;

	return a->key < b->key ? -1 : a->key > b->key;
}

static const struct sync_report *find_report(const struct sync *s,
					     const struct reconcile_item *item)
{
	const struct sync_report key = { .key = item_key(item) };

	return s->n_reports ? bsearch(&key, s->reports, s->n_reports, sizeof(key), compare_keys) :
	       NULL;
}

bool sync_is_news(struct pass *p, const struct reconcile_item *item, int errnum)
{
	const struct sync_report *r = find_report(p->s, item);

	return !r || r->errnum != errnum || r->inode != item->inode;
}

void sync_report_clean(struct sync *s)
{
	free(s->reports);
	s->reports = NULL;
	s->n_reports = 0;
}

/* ---- lines of the log ---- */

static void log_conflict(struct pass *p, const struct reconcile_item *item, const char *label)
{
	const struct claim *c = item->claim;
	char other[256];

	if (c->rival_by == c->by) {
		log_error("%s and %s claim %s (inode %u), are as specific, and wish for different fences: the first is applied",
			  c->want->source, c->rival->source, label, item->inode);
		return;
	}
	sync_name_label(c->rival_by, other, sizeof(other));
	log_error("%s (%s) and %s (%s) are one namespace (inode %u) and wish for different fences: that of %s, which comes first, is applied",
		  other, c->rival->source, label, c->want->source, item->inode, label);
	(void)p;
}

static void log_state(struct pass *p, const struct reconcile_item *item)
{
	const struct claim *c = item->claim;
	char label[256];

	if (!c)
		return;
	sync_label(&p->claims, c, item->inode, label, sizeof(label));
	if (c->rival)
		log_conflict(p, item, label);
	switch (item->state) {
	case RECONCILE_MANUAL:
		log_warning("%s (inode %u) is fenced by hand: left alone (nsfence apply puts what %s says in its place)",
			    label, item->inode, c->want->source);
		break;
	case RECONCILE_INITIAL:
		log_error("%s (%s) is the initial network namespace, the host's own: refused",
			  label, c->want->source);
		break;
	case RECONCILE_LACKING:
		if (c->by && c->by->lack == CLAIMS_ENDED)
			log_warning("%s (%s) has ended: %s", label, c->want->source,
				    c->by->reason ? c->by->reason : "it is gone");
		break;
	default:
		break;
	}
}

static bool is_pending(const struct reconcile_item *item)
{
	const struct claims_name *by = item->claim ? item->claim->by : NULL;

	return item->state == RECONCILE_LACKING && by &&
	       (by->lack == CLAIMS_FILE || by->lack == CLAIMS_LINK || by->lack == CLAIMS_UNKNOWN);
}

static void log_pending(struct pass *p, const struct reconcile_item *item)
{
	const struct claims_name *by = item->claim->by;
	const char *source = item->claim->want->source;
	char label[256];

	sync_label(&p->claims, item->claim, item->inode, label, sizeof(label));
	if (by->lack == CLAIMS_LINK)
		log_warning("%s (%s): %s is a symbolic link, which is not followed: not fenced (ip netns attach NAME PID makes a mount)",
			    label, source, by->path);
	else if (by->lack == CLAIMS_FILE)
		log_warning("%s (%s): %s is a file, and no namespace is mounted on it: nothing to fence",
			    label, source, by->path);
	else
		log_warning("%s (%s): not fenced: %s", label, source,
			    by->reason ? by->reason : "what it means is not known");
}

/* The process is in the host's own namespace: it may have been forked just now. */
static bool may_move(const struct reconcile_item *item)
{
	return item->state == RECONCILE_INITIAL && item->claim->by &&
	       item->claim->by->process.pid;
}

/* @old is what was said about it. False: it is over. */
static bool still_pending(const struct sync_report *old, struct sync_report *now)
{
	bool still = old && old->state == now->state && old->inode == now->inode &&
		     old->process == now->process;

	now->pending_since = still ? old->pending_since : clock_ms();
	if (now->pending_since && clock_ms() >= now->pending_since + PENDING_MS)
		now->pending_since = 0;
	return now->pending_since;
}

static void look_again(struct pass *p, uint64_t when)
{
	if (!p->pending_due || when < p->pending_due)
		p->pending_due = when;
}

/* Said once for each time that it lasts. */
static void wait_pending(struct pass *p, const struct reconcile_item *item,
			 const struct sync_report *old, struct sync_report *now)
{
	if (still_pending(old, now))
		look_again(p, now->pending_since + PENDING_MS);
	else if (old->pending_since)
		log_pending(p, item);
}

/* After as much time as has passed already. */
static void wait_moving(struct pass *p, const struct sync_report *now)
{
	uint64_t at = clock_ms(), ms = at - now->pending_since;

	ms = ms < MOVING_FIRST_MS ? MOVING_FIRST_MS : ms < MOVING_LAST_MS ? ms : MOVING_LAST_MS;
	look_again(p, at + ms);
	p->r->soon = true;
}

/* ---- counts ---- */

static void count_lacking(struct sync_summary *sum, const struct claims_name *by)
{
	switch (by ? by->lack : CLAIMS_ABSENT) {
	case CLAIMS_FILE:
	case CLAIMS_LINK:
		sum->pending++;
		break;
	case CLAIMS_UNKNOWN:
		sum->unknown++;
		break;
	case CLAIMS_ENDED:
		sum->ended++;
		break;
	default:
		sum->absent++;
	}
}

static void count(struct pass *p, const struct reconcile_item *item)
{
	struct sync_summary *sum = &p->r->summary;
	const struct claim *c = item->claim;
	char label[256];

	if (!c) {
		sum->failed += p->outcomes[item - p->plan.items].said;
		return;
	}
	if (item->state == RECONCILE_HOST || (c->want->none && item->state == RECONCILE_LACKING))
		return;
	if (item->state == RECONCILE_EXEMPT && !c->rival) {
		sum->exempt++;
		return;
	}
	sum->configured++;
	sync_label(&p->claims, c, item->inode, label, sizeof(label));
	if (c->rival) {
		sum->failed++;
		sync_note_problem(p, label, "sections that are as specific wish for different fences");
		return;
	}
	switch (item->state) {
	case RECONCILE_FENCED:
		if (sync_policy_bad(p->s, item->file))	/* the old version of it */
			sum->failed++;
		else
			sum->fenced++;
		break;
	case RECONCILE_LACKING:
		count_lacking(sum, c->by);
		break;
	case RECONCILE_MANUAL:
		sum->manual++;
		break;
	case RECONCILE_INITIAL:
		if (p->outcomes[item - p->plan.items].moving) {
			sum->pending++;
			break;
		}
		sum->failed++;
		sync_note_problem(p, label, "is the initial network namespace");
		break;
	default:	/* the action failed, or was not reached */
		sum->failed++;
	}
}

/* ---- all ---- */

static struct sync_report report_one(struct pass *p, const struct reconcile_item *item)
{
	const struct sync_report *old = find_report(p->s, item);
	struct outcome *o = &p->outcomes[item - p->plan.items];
	struct sync_report now = {
		.key = item_key(item), .state = item->state, .inode = item->inode,
		.conflict = item->claim && item->claim->rival,
	};
	bool was_moving;

	/* What is lacking is so in several ways. */
	if (item->state == RECONCILE_LACKING && item->claim->by)
		now.state |= item->claim->by->lack << 8;
	if (o->errnum && !o->said) {	/* it passes, and is no news */
		now.state = -1;
		return old ? *old : now;
	}
	if (o->errnum) {		/* action_failed() has said it */
		now.errnum = o->errnum;
		return now;
	}
	if (may_move(item)) {
		now.process = item->claim->by->process.start;
		o->moving = still_pending(old, &now);
	}
	if (o->moving) {
		wait_moving(p, &now);
		return now;
	}
	was_moving = old && old->state == RECONCILE_INITIAL && old->pending_since;
	if (!old || old->state != now.state || old->inode != now.inode ||
	    old->conflict != now.conflict || was_moving)
		log_state(p, item);
	if (is_pending(item))
		wait_pending(p, item, old, &now);
	return now;
}

/* A unit of which systemd will tell in a moment. */
static bool is_asked(const struct reconcile_item *item)
{
	const struct claims_name *by = item->claim ? item->claim->by : NULL;

	return by && by->kind == CONFIG_UNIT && by->lack == CLAIMS_UNKNOWN &&
	       by->reason == units_reason_asked;
}

void sync_report(struct pass *p)
{
	struct sync_report *reports = calloc(p->plan.n_items + 1, sizeof(*reports));
	struct sync *s = p->s;
	size_t i;

	for (i = 0; i < p->plan.n_items; i++) {
		const struct reconcile_item *item = &p->plan.items[i];

		if (reports)
			reports[i] = report_one(p, item);
		count(p, item);
		if (is_asked(item))
			p->r->soon = true;
	}
	p->r->summary.nameless = p->plan.n_nameless;
	sync_status_make(p);
	if (!reports)
		return;		/* then all is said again */
	sync_report_clean(s);
	s->reports = reports;
	s->n_reports = p->plan.n_items;
	if (s->n_reports)
		qsort(reports, s->n_reports, sizeof(*reports), compare_keys);
}
