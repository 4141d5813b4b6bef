// SPDX-License-Identifier: GPL-2.0-or-later
/* What became of each namespace, for people. See sync_status.h and sync.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "sync_status.h"
#include "utf8.h"

#define MAX_NAMES	4096	/* bytes, of all names of one namespace */

const char *sync_state_name(enum sync_state state)
{
	static const char *const names[SYNC_STATES] = {
		[SYNC_ENFORCING] = "enforcing", [SYNC_AUDIT] = "audit",
		[SYNC_PENDING] = "pending", [SYNC_FAILED] = "failed",
		[SYNC_CONFLICT] = "conflict", [SYNC_MANUAL] = "manual",
		[SYNC_ENDED] = "ended", [SYNC_EXEMPT] = "exempt",
		[SYNC_UNAPPLIED] = "unapplied",
	};

	return names[state];
}

__attribute__((format(printf, 2, 3)))
static void because(struct sync_status *st, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(st->reason, sizeof(st->reason), "%.*s",
		 (int)utf8_cut(text, sizeof(st->reason) - 1), text);
}

static void set(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)utf8_cut(from, size - 1), from);
}

/* "web1, /run/docker/netns/4f2a"; NULL: no memory. */
static char *join_names(const struct claims *c, uint32_t inode)
{
	const struct claims_name *const *names;
	char one[300], *text = malloc(MAX_NAMES), *small;
	size_t i, n = 0, used = 0;

	if (!text)
		return NULL;
	text[0] = 0;
	names = claims_names(c, inode, &n);
	for (i = 0; inode && i < n; i++) {
		sync_name_label(names[i], one, sizeof(one));
		if (used + strlen(one) + sizeof(", , ...") > MAX_NAMES) {
			snprintf(text + used, MAX_NAMES - used, ", ...");
			break;
		}
		used += (size_t)snprintf(text + used, MAX_NAMES - used, "%s%s", used ? ", " : "",
					 one);
	}
	small = realloc(text, strlen(text) + 1);
	return small ? small : text;
}

/* ---- states ---- */

static enum sync_state by_mode(const char *policy, enum genl_mode mode)
{
	return mode == GENL_MODE_AUDIT || !strcmp(policy, "audit") ? SYNC_AUDIT : SYNC_ENFORCING;
}

static void lacking(struct sync_status *st, const struct claim *c)
{
	const struct claims_name *by = c->by;
	const char *why = by ? by->reason : NULL;

	st->state = SYNC_PENDING;
	switch (by ? by->lack : CLAIMS_ABSENT) {
	case CLAIMS_FILE:
		because(st, "%s is a file, and no namespace is mounted on it", by->path);
		break;
	case CLAIMS_LINK:
		because(st, "%s is a symbolic link, which is not followed", by->path);
		break;
	case CLAIMS_STOPPED:
		because(st, "%s", why ? why : "the unit has no main process now");
		break;
	case CLAIMS_ENDED:
		st->state = SYNC_ENDED;
		because(st, "%s", why ? why : "it is gone");
		break;
	case CLAIMS_UNKNOWN:
		because(st, "%s", why ? why : "what it means is not known");
		break;
	case CLAIMS_ABSENT:
	case CLAIMS_THERE:
		if (why)
			because(st, "%s", why);
		else if (c->want->kind == CONFIG_UNIT)
			because(st, "there is no such unit");
		else if (c->want->path)
			because(st, "there is no %s", by && by->path ? by->path : c->want->path);
		else
			because(st, "it is not there");
	}
}

static void fenced(struct pass *p, struct sync_status *st, const struct reconcile_item *item)
{
	const struct sync_policy *bad = sync_policy_bad(p->s, item->file);
	const struct claim *c = item->claim;
	char parent[256];

	set(st->policy, sizeof(st->policy), item->wish.policy);
	st->state = by_mode(item->wish.policy, item->wish.mode);
	if (bad) {
		st->state = SYNC_FAILED;
		because(st, "its policy is the old version, the new one was not accepted: %s",
			bad->why);
	} else if (c && c->rival) {
		st->state = SYNC_CONFLICT;
		because(st, "%s and %s are as specific and wish for different fences: the first is applied",
			c->want->source, c->rival->source);
	} else if (item->parent) {
		sync_label(&p->claims, claims_find(&p->claims, item->parent), item->parent, parent,
			   sizeof(parent));
		because(st, "inherited from %s", parent);
	} else if (!c) {
		because(st, "born with it, and no section claims it");
	}
}

static void left(struct sync_status *st, const struct genl_netns *n)
{
	st->state = by_mode(n->policy, n->mode);
	if (n->flags & GENL_F_INHERITED)
		because(st, "inherited, and what it was inherited from is gone");
	else
		because(st, "has no name any more; it stays fenced for as long as it lives");
}

/* Something was to be done, and is not. */
static void undone(struct sync_status *st, const struct outcome *o)
{
	if (!o->errnum) {
		st->state = SYNC_UNAPPLIED;
		because(st, "the last pass did not come to it");
	} else if (o->said) {
		st->state = SYNC_FAILED;
		because(st, "%s", o->why);
	} else {
		st->state = SYNC_PENDING;
		because(st, "%s", o->why);
	}
}

static void judge(struct pass *p, struct sync_status *st, const struct reconcile_item *item)
{
	const struct outcome *o = &p->outcomes[item - p->plan.items];

	switch (item->state) {
	case RECONCILE_FENCED:
		fenced(p, st, item);
		break;
	case RECONCILE_LACKING:
		lacking(st, item->claim);
		break;
	case RECONCILE_MANUAL:
		st->state = SYNC_MANUAL;
		if (item->claim)
			because(st, "%s claims it: nsfence apply puts that fence in its place",
				item->want->source);
		break;
	case RECONCILE_EXEMPT:
		st->state = item->claim->rival ? SYNC_CONFLICT : SYNC_EXEMPT;
		if (item->claim->rival)
			because(st, "%s and %s are as specific and wish for different fences: the first is applied",
				item->want->source, item->claim->rival->source);
		break;
	case RECONCILE_INITIAL:
		if (o->moving) {
			st->state = SYNC_PENDING;
			because(st, "its process is in the host's own network namespace, perhaps on its way to another");
			break;
		}
		st->state = SYNC_FAILED;
		because(st, "it is the initial network namespace, the host's own: refused");
		break;
	case RECONCILE_HOST:
		st->state = SYNC_EXEMPT;
		because(st, "it is the host's own network namespace, which no glob means");
		break;
	case RECONCILE_LEFT:
		left(st, item->actual);
		break;
	default:
		undone(st, o);
	}
}

static bool fill(struct pass *p, struct sync_status *st, const struct reconcile_item *item)
{
	const struct outcome *o = &p->outcomes[item - p->plan.items];
	const struct genl_netns *n = item->actual;
	bool has = n && n->instance;

	*st = (struct sync_status){ .inode = item->inode, .claimed = item->claim };
	sync_label(&p->claims, item->claim, item->inode, st->label, sizeof(st->label));
	st->instance = o->done ? o->instance : has ? n->instance : 0;
	set(st->policy, sizeof(st->policy), has && item->state != RECONCILE_EXEMPT ? n->policy : "-");
	if (item->want)
		set(st->source, sizeof(st->source), item->want->source);
	else
		set(st->source, sizeof(st->source), has ? n->source : "-");
	judge(p, st, item);
	if (o->held)
		because(st, "%.180s; still held by %s", st->reason[0] ? st->reason : "not fenced",
			p->s->kind == BACKEND_NFT ? "the module" : "nftables");
	st->names = join_names(&p->claims, item->inode);
	return st->names;
}

static int compare_inode(const void *key, const void *entry)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct genl_netns *)entry)->inode;

	return a < b ? -1 : a > b;
}

/* Whether the namespace still lives, and is still nobody's. */
static bool is_held(const struct pass *p, const struct genl_netns *n)
{
	const struct genl_netns *now = NULL;

	if (p->n_actual)
		now = bsearch(&n->inode, p->actual, p->n_actual, sizeof(*n), compare_inode);
	return now && !now->instance && !claims_find(&p->claims, n->inode) &&
	       !(now->has_cookie && n->has_cookie && now->cookie != n->cookie);
}

/* What the other backend still has, and nobody claims. */
static bool fill_held(struct pass *p, struct sync_status *st, const struct genl_netns *n)
{
	*st = (struct sync_status){ .inode = n->inode, .instance = n->instance };
	sync_label(&p->claims, NULL, n->inode, st->label, sizeof(st->label));
	st->state = by_mode(n->policy, n->mode);
	set(st->policy, sizeof(st->policy), n->policy);
	set(st->source, sizeof(st->source), n->source);
	because(st, "held by %s only, which is not the backend in use",
		p->s->kind == BACKEND_NFT ? "the module" : "nftables");
	st->names = join_names(&p->claims, n->inode);
	return st->names;
}

/* ---- all ---- */

static int compare(const void *pa, const void *pb)
{
	const struct sync_status *a = pa, *b = pb;
	int ret = strcmp(a->label, b->label);

	return ret ? ret : a->inode < b->inode ? -1 : a->inode > b->inode;
}

static void free_statuses(struct sync_status *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(v[i].names);
	free(v);
}

void sync_status_clean(struct sync *s)
{
	free_statuses(s->statuses, s->n_statuses);
	s->statuses = NULL;
	s->n_statuses = 0;
}

/* Since when it is so: since it came to be so, however often it was looked at. */
static void date(const struct sync *s, struct sync_status *st, uint64_t now)
{
	const struct sync_status *old = NULL;

	if (s->n_statuses)
		old = bsearch(st, s->statuses, s->n_statuses, sizeof(*st), compare);
	st->since = old && old->state == st->state && old->instance == st->instance &&
		    !strcmp(old->policy, st->policy) ? old->since : now;
}

void sync_status_make(struct pass *p)
{
	struct sync *s = p->s;
	size_t i, n = 0, room = p->plan.n_items + s->n_held;
	struct sync_status *v = calloc(room + 1, sizeof(*v));
	uint64_t now = clock_ms();

	for (i = 0; v && i < p->plan.n_items; i++) {
		const struct reconcile_item *item = &p->plan.items[i];

		/* Nobody's, and taken off: it is out of our hands. */
		if (!item->claim && item->state == RECONCILE_EXEMPT)
			continue;
		if (!fill(p, &v[n], item))
			goto err;
		n++;
	}
	for (i = 0; v && i < s->n_held; i++) {
		if (!is_held(p, &s->held[i]))
			continue;
		if (!fill_held(p, &v[n], &s->held[i]))
			goto err;
		n++;
	}
	if (!v)
		return;
	for (i = 0; i < n; i++)
		date(s, &v[i], now);
	if (n)
		qsort(v, n, sizeof(*v), compare);
	sync_status_clean(s);
	s->statuses = v;
	s->n_statuses = n;
	return;
err:
	free_statuses(v, n);
}
