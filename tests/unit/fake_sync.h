/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_sync: sync.h played by a table of nine namespaces, n1 to n9 with the inodes
 * 1 to 9, in shared memory: it outlives the daemon that the test forks and kills.
 *
 * A pass puts there what [netns nN] says, one namespace after the other, and says
 * what became of it; the test decides which are there, which fail, and when the
 * daemon dies. Included by one test, which is linked without sync*.c and backend*.c.
 */
#ifndef FAKE_SYNC_H
#define FAKE_SYNC_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "sync.h"

#define FAKE_N 10

struct world {
	bool there[FAKE_N];
	uint64_t cookie[FAKE_N];	/* 0: this kernel has none */
	struct genl_netns fence[FAKE_N];	/* instance 0: none */
	enum sync_state state[FAKE_N];	/* said instead; SYNC_STATES: what is so */
	int fail[FAKE_N];		/* so many attaches fail */
	uint64_t last_instance;
	int die_at;			/* kill -9 after that one was changed */
	bool no_birth;			/* cannot be set */
	int prepare;			/* errno of sync_prepare() */
	int put_back;			/* errno of the next sync_put_back() */
	bool incomplete;		/* no pass gets through */
	bool unreachable;
	unsigned int passes, take_overs, put_backs, replaces;
};

static struct world *world;
static int world_event = -1;

static int world_setup(void)
{
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	world_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return world == MAP_FAILED || world_event < 0 ? -1 : 0;
}

static void world_reset(void)
{
	uint64_t junk;
	int i;

	if (read(world_event, &junk, sizeof(junk)) < 0)
		junk = 0;
	memset(world, 0, sizeof(*world));
	for (i = 0; i < FAKE_N; i++) {
		world->there[i] = i && i < 5;
		world->cookie[i] = 1000 + (uint64_t)i;
		world->state[i] = SYNC_STATES;
	}
}

/* Something has happened. */
static void world_wake(void)
{
	uint64_t one = 1;

	if (write(world_event, &one, sizeof(one)) < 0)
		abort();
}

static void world_set(int i, const char *policy, const char *source, uint32_t flags)
{
	struct genl_netns *n = &world->fence[i];

	*n = (struct genl_netns){
		.inode = (uint32_t)i, .has_cookie = world->cookie[i], .cookie = world->cookie[i],
		.instance = ++world->last_instance, .flags = flags,
		.hooks = flags & GENL_F_MANUAL ? 2 : 7,
	};
	snprintf(n->policy, sizeof(n->policy), "%s", policy);
	snprintf(n->source, sizeof(n->source), "%s", source);
}

/* "drop manual", "" */
static const char *world_fence(int i)
{
	static char text[256];
	const struct genl_netns *n = &world->fence[i];

	snprintf(text, sizeof(text), "%s%s%s", n->instance ? n->policy : "", n->instance ? " " : "",
		 n->instance ? n->source : "");
	return text;
}

/* ---- backend.h ---- */

struct backend { int unused; };
static struct backend the_backend;

int backend_netns_dump(struct backend *b, struct genl_netns **out, size_t *n, struct err *e)
{
	int i;

	(void)b;
	(void)e;
	*out = calloc(FAKE_N, sizeof(**out));
	for (*n = 0, i = 1; i < FAKE_N; i++) {
		if (!world->there[i])
			continue;
		(*out)[*n] = world->fence[i];
		(*out)[*n].inode = (uint32_t)i;
		(*out)[*n].has_cookie = world->cookie[i];
		(*out)[(*n)++].cookie = world->cookie[i];
	}
	return 0;
}

const char *backend_name(enum backend_kind kind)
{
	(void)kind;
	return "fake";
}

const char *const *backend_limits(const struct backend *b)
{
	static const char *const limits[] = { "reality", NULL };

	(void)b;
	return limits;
}

/* ---- sync.h ---- */

static struct sync_status fake_status[FAKE_N];
static size_t fake_n;

const char *sync_state_name(enum sync_state state)
{
	static const char *const names[] = {
		"enforcing", "audit", "pending", "failed", "conflict", "manual", "ended",
		"exempt", "unapplied",
	};

	return names[state];
}

int sync_configure(struct sync *s, const struct config *c)
{
	s->config = c;
	return 0;
}

int sync_open(struct sync *s, struct err *e)
{
	if (world->unreachable)
		return err_set(e, ENOENT, EXIT_UNREACHABLE, "fake: not reachable");
	s->backend = &the_backend;
	return 0;
}

int sync_prepare(struct sync *s, const struct config *c, struct err *e)
{
	(void)s;
	(void)c;
	return world->prepare ? err_set(e, world->prepare, EXIT_REFUSED, "fake: no such backend") : 0;
}

void sync_close(struct sync *s)
{
	s->backend = NULL;
}

int sync_events_fd(const struct sync *s)
{
	(void)s;
	return world_event;
}

bool sync_events(struct sync *s, enum sync_scope *scope)
{
	uint64_t junk;

	(void)s;
	*scope = SYNC_FENCES;
	return read(world_event, &junk, sizeof(junk)) > 0;
}

int sync_wake_fd(const struct sync *s)
{
	(void)s;
	return -1;
}

bool sync_wake(struct sync *s, enum sync_scope *scope)
{
	(void)s;
	(void)scope;
	return false;
}

static int fake_number(const struct config_section *s)
{
	return s->kind == CONFIG_NETNS && s->name[0] == 'n' ? atoi(s->name + 1) : 0;
}

static const struct config_section *fake_claim(const struct config *c, int i)
{
	size_t k;

	for (k = 0; k < c->n_sections; k++)
		if (fake_number(&c->sections[k]) == i)
			return &c->sections[k];
	return NULL;
}

/* The daemon that has laid it open, and would know if another had got its number. */
static pid_t fake_bare[FAKE_N];

static void fake_take(struct sync_result *r, const struct genl_netns *n, uint64_t ours)
{
	struct sync_taken *t;

	r->taken = reallocarray(r->taken, r->n_taken + 1, sizeof(*t));
	t = &r->taken[r->n_taken++];
	*t = (struct sync_taken){
		.inode = n->inode, .has_cookie = n->has_cookie, .cookie = n->cookie,
		.instance = ours, .mode = n->mode, .hooks = n->hooks, .flags = n->flags,
	};
	strcpy(t->policy, n->policy);
	strcpy(t->source, n->source);
}

static enum sync_state fake_one(int i, const struct config_section *want, bool take_over,
				struct sync_result *r)
{
	struct genl_netns was = world->fence[i];
	bool manual = was.instance && was.flags & GENL_F_MANUAL;

	if (!world->there[i])
		return SYNC_PENDING;
	if (manual && !take_over)
		return SYNC_MANUAL;
	if (want->none) {
		world->fence[i] = (struct genl_netns){ 0 };
		if (manual) {
			fake_take(r, &was, 0);
			fake_bare[i] = getpid();
		}
		return SYNC_EXEMPT;
	}
	if (was.instance && !manual && !strcmp(was.policy, want->policy))
		return SYNC_ENFORCING;
	if (world->fail[i]) {
		world->fail[i]--;
		r->soon = true;
		return SYNC_FAILED;
	}
	world_set(i, want->policy, want->source, want->flags);
	world->replaces += !!was.instance;
	if (manual)
		fake_take(r, &was, world->fence[i].instance);
	if (world->die_at == i) {
		world->die_at = 0;
		raise(SIGKILL);
	}
	return SYNC_ENFORCING;
}

static void fake_report(int i, enum sync_state state, const struct config_section *want,
			struct sync_summary *sum)
{
	struct sync_status *st = &fake_status[fake_n++];
	static uint64_t since[FAKE_N];
	static enum sync_state last[FAKE_N];

	if (world->state[i] != SYNC_STATES)
		state = world->state[i];
	if (!since[i] || last[i] != state)
		since[i] = clock_ms();
	last[i] = state;
	*st = (struct sync_status){ .inode = world->there[i] ? (uint32_t)i : 0, .state = state,
				    .since = since[i] };
	snprintf(st->label, sizeof(st->label), "n%d", i);
	snprintf(st->policy, sizeof(st->policy), "%s", world->fence[i].instance ?
		 world->fence[i].policy : "-");
	snprintf(st->source, sizeof(st->source), "%s", want->source);
	st->names = st->label;
	if (state != SYNC_ENFORCING)
		snprintf(st->reason, sizeof(st->reason), "fake %s", sync_state_name(state));
	sum->configured++;
	sum->fenced += state == SYNC_ENFORCING;
	sum->absent += state == SYNC_PENDING;
	sum->manual += state == SYNC_MANUAL;
	sum->failed += state == SYNC_FAILED || state == SYNC_CONFLICT;
}

void sync_pass(struct sync *s, unsigned int scope, struct sync_result *r)
{
	const struct config_section *want;
	bool take_over = scope & SYNC_TAKE_OVER;
	int i;

	*r = (struct sync_result){ .complete = !world->incomplete };
	world->passes++;
	world->take_overs += take_over;
	fake_n = 0;
	for (i = 1; i < FAKE_N; i++) {
		want = fake_claim(s->config, i);
		if (want)
			fake_report(i, fake_one(i, want, take_over, r), want, &r->summary);
		else if (world->fence[i].instance && !(world->fence[i].flags & GENL_F_MANUAL))
			world->fence[i] = (struct genl_netns){ 0 };
	}
	r->summary.failed += world->no_birth;
	if (r->soon) {
		r->retry_ms = 10;
		r->retry_scope = SYNC_FENCES;
	}
}

void sync_result_clean(struct sync_result *r)
{
	free(r->taken);
}

size_t sync_statuses(const struct sync *s, const struct sync_status **out)
{
	(void)s;
	*out = fake_status;
	return fake_n;
}

enum sync_found sync_lookup(struct sync *s, enum config_kind kind, const char *name,
			    const struct sync_status **out)
{
	int i = kind == CONFIG_NETNS ? atoi(name + 1) : atoi(name);
	size_t k;

	*out = NULL;
	if (i <= 0 || i >= FAKE_N || !fake_claim(s->config, i))
		return SYNC_UNCLAIMED;
	for (k = 0; k < fake_n; k++)
		if (atoi(fake_status[k].label + 1) == i)
			*out = &fake_status[k];
	return *out && (*out)->state != SYNC_PENDING ? SYNC_FOUND : SYNC_WAITING;
}

int sync_preview(struct sync *s, const struct config *c, struct sync_preview *out, struct err *e)
{
	const struct config_section *want;
	struct sync_change *ch;
	int i;

	(void)s;
	(void)e;
	*out = (struct sync_preview){ calloc(FAKE_N, sizeof(*out->v)), 0, 0 };
	for (i = 1; i < FAKE_N; i++) {
		want = fake_claim(c, i);
		if (!want || !world->there[i] || (want->none && !world->fence[i].instance))
			continue;
		if (world->state[i] != SYNC_CONFLICT && world->fence[i].instance &&
		    !strcmp(world->fence[i].policy, want->policy))
			continue;
		ch = &out->v[out->n++];
		ch->inode = (uint32_t)i;
		ch->verb = world->state[i] == SYNC_CONFLICT ? SYNC_CANNOT :
			   world->fence[i].instance ? SYNC_DO_REPLACE : SYNC_DO_ATTACH;
		snprintf(ch->label, sizeof(ch->label), "%s", want->name);
		snprintf(ch->policy, sizeof(ch->policy), "%s", want->policy);
		snprintf(ch->source, sizeof(ch->source), "%s", want->source);
		out->n_changes += ch->verb != SYNC_CANNOT;
	}
	return 0;
}

void sync_preview_clean(struct sync_preview *p)
{
	free(p->v);
	*p = (struct sync_preview){ NULL, 0, 0 };
}

int sync_put_back(struct sync *s, const struct sync_taken *t, struct err *e)
{
	int errnum = world->put_back;

	(void)s;
	world->put_back = 0;
	if (errnum)
		return err_set(e, errnum, EXIT_REFUSED, "fake %s", strerror(errnum));
	if (!world->there[t->inode] || world->fence[t->inode].instance != t->instance)
		return err_set(e, ESTALE, EXIT_REFUSED, "fake: another fence");
	if (!t->instance && !t->has_cookie && fake_bare[t->inode] != getpid())
		return err_set(e, ESTALE, EXIT_REFUSED, "fake: it may be another");
	world_set((int)t->inode, t->policy, t->source, t->flags);
	world->fence[t->inode].hooks = t->hooks;
	world->put_backs++;
	return 0;
}

#endif /* FAKE_SYNC_H */
