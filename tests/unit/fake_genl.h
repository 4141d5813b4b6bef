/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_genl: genl.h played by shared memory, for tests of the daemon.
 *
 * Included by tests that are linked without genl.c. The "module" outlives
 * the daemon that the test forks and kills; the test plays the other hands
 * that change it. One eventfd wakes whoever listens; what happened is a flag,
 * for the daemon only counts on being woken.
 */
#ifndef FAKE_GENL_H
#define FAKE_GENL_H

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "genl.h"
#include "image.h"
#include "policies.h"

/* Not every test plays every hand. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define FAKE_MAX 256
#define FAKE_POLICIES 16
#define FAKE_LIVING 64

struct fake {
	atomic_flag lock;
	struct genl_netns fence[FAKE_MAX];
	unsigned int count;
	struct genl_policy policy[FAKE_POLICIES];
	unsigned int n_policies;
	/* What else is known of namespaces, fenced or not: cookie, parent, flags. */
	struct genl_netns living[FAKE_LIVING];
	unsigned int n_living;
	uint64_t last_instance;
	uint32_t initial;		/* inode */
	bool loaded;
	unsigned int generation;	/* grows with each load */
	/* events that wait; DETACHED, ATTACHED by hand, DIED with a fence */
	unsigned int detached, by_hand, died;
	uint32_t died_inode;		/* of the last */
	bool overrun;
	struct genl_birth birth;
	int fail_birth;			/* so does birth-set while it is not 0 */
	/* the next fail_count attaches fail */
	int fail_attach;
	unsigned int fail_count;
	int fail_set;			/* so do all policy-sets while it is not 0 */
	/* by hand, right after the next dump; 0: none */
	uint32_t race;
	/* what was asked of us */
	unsigned int opens, dumps, attaches, replaces, detaches, waits, sets, dels, births;
};

static struct fake *fake;
static int fake_event = -1;

struct genl {
	unsigned int generation;
	bool subscribed;
};

static void fake_enter(void)
{
	while (atomic_flag_test_and_set(&fake->lock))
		usleep(100);
}

static void fake_leave(void)
{
	atomic_flag_clear(&fake->lock);
}

static int fake_setup(void)
{
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	fake_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return fake == MAP_FAILED || fake_event < 0 ? -1 : 0;
}

static void fake_reset(void)
{
	struct stat st = { 0 };
	uint64_t junk;

	if (read(fake_event, &junk, sizeof(junk)) < 0)
		junk = 0;
	memset(fake, 0, sizeof(*fake));
	stat("/proc/self/ns/net", &st);
	fake->initial = st.st_ino;
	fake->loaded = true;
	strcpy(fake->birth.policy, GENL_BIRTH_NONE);
}

static void fake_wake(void)
{
	uint64_t one = 1;

	if (write(fake_event, &one, sizeof(one)) < 0)
		abort();
}

static struct genl_netns *fake_slot(uint32_t inode)
{
	unsigned int i;

	for (i = 0; i < fake->count; i++)
		if (fake->fence[i].inode == inode)
			return &fake->fence[i];
	return NULL;
}

static bool fake_remove(uint32_t inode)
{
	struct genl_netns *n = fake_slot(inode);

	if (!n)
		return false;
	*n = fake->fence[--fake->count];
	return true;
}

static struct genl_netns *fake_known(uint32_t inode)
{
	unsigned int i;

	for (i = 0; i < fake->n_living; i++)
		if (fake->living[i].inode == inode)
			return &fake->living[i];
	return NULL;
}

/* The fence of it, if any, and what else is known. False: nobody has that number. */
static bool fake_look(uint32_t inode, struct genl_netns *out)
{
	const struct genl_netns *n = fake_slot(inode), *known = fake_known(inode);

	if (!n && !known)
		return false;
	*out = n ? *n : *known;
	if (n && known) {
		out->has_cookie = known->has_cookie;
		out->cookie = known->cookie;
		out->parent = known->parent;
		out->flags |= known->flags;
	}
	return true;
}

/* ---- for the test ---- */

/* A namespace that nothing names, fenced or not; @cookie 0: this kernel has none. */
static void fake_lives(uint32_t inode, uint64_t cookie, uint32_t parent)
{
	struct genl_netns *n;

	fake_enter();
	n = fake_known(inode);
	if (!n)
		n = &fake->living[fake->n_living++];
	*n = (struct genl_netns){
		.inode = inode, .has_cookie = cookie, .cookie = cookie, .parent = parent,
	};
	fake_leave();
}

/* As the module makes them: by birth, or from the parent. */
static void fake_born(uint32_t inode, const char *policy, uint32_t flags, const char *source)
{
	struct genl_netns *n;

	fake_enter();
	n = &fake->fence[fake->count++];
	*n = (struct genl_netns){
		.inode = inode, .instance = ++fake->last_instance, .flags = flags,
	};
	strcpy(n->policy, policy);
	strcpy(n->source, source);
	fake_leave();
}

static void fake_forget(uint32_t inode)
{
	struct genl_netns *n;

	fake_enter();
	n = fake_known(inode);
	if (n)
		*n = fake->living[--fake->n_living];
	fake_leave();
}

static bool fake_find(uint32_t inode, struct genl_netns *out)
{
	struct genl_netns *n;

	fake_enter();
	n = fake_slot(inode);
	if (n)
		*out = *n;
	fake_leave();
	return n;
}

static void fake_died(uint32_t inode)
{
	fake_forget(inode);
	fake_enter();
	fake->died_inode = inode;
	fake->died += fake_remove(inode);
	fake_leave();
	fake_wake();
}

static void fake_silently_detach(uint32_t inode)
{
	fake_enter();
	fake_remove(inode);
	fake_leave();
}

static void fake_detach_by_hand(uint32_t inode)
{
	fake_enter();
	fake_remove(inode);
	fake->detached++;
	fake_leave();
	fake_wake();
}

static void fake_manual(uint32_t inode, const char *policy)
{
	struct genl_netns *n;

	fake_enter();
	n = &fake->fence[fake->count++];
	*n = (struct genl_netns){
		.inode = inode, .instance = ++fake->last_instance, .flags = GENL_F_MANUAL,
	};
	strcpy(n->policy, policy);
	fake->by_hand++;
	fake_leave();
	fake_wake();
}

static struct genl_policy *fake_policy_slot(const char *name)
{
	unsigned int i;

	for (i = 0; i < fake->n_policies; i++)
		if (!strcmp(fake->policy[i].name, name))
			return &fake->policy[i];
	return NULL;
}

static void fake_use(struct genl_policy *p)
{
	unsigned int i;

	for (i = p->attachments = 0; i < fake->count; i++)
		p->attachments += !strcmp(fake->fence[i].policy, p->name);
}

static bool fake_has_policy(const char *name, struct genl_policy *out)
{
	struct genl_policy *p;

	fake_enter();
	p = fake_policy_slot(name);
	if (p)
		fake_use(p);
	if (p && out)
		*out = *p;
	fake_leave();
	return p;
}

/* As `nsfence policy set`. */
static void fake_policy_by_hand(const char *name, uint64_t hash)
{
	struct genl_policy *p;

	fake_enter();
	p = fake_policy_slot(name);
	if (!p)
		p = &fake->policy[fake->n_policies++];
	*p = (struct genl_policy){ .generation = p->generation + 1, .hash = hash };
	strcpy(p->name, name);
	fake_leave();
}

static void fake_overrun(void)
{
	fake->overrun = true;
	fake_wake();
}

static void fake_unload(void)
{
	fake_enter();
	fake->loaded = false;
	fake->count = 0;
	fake->n_policies = 0;
	fake->birth = (struct genl_birth){ .policy = GENL_BIRTH_NONE };
	fake->generation++;
	fake_leave();
}

/* ---- genl.h ---- */

static int fake_gone(const struct genl *g, struct err *e)
{
	if (fake->loaded && (!g || g->generation == fake->generation))
		return 0;
	return err_set(e, g ? ENOTCONN : ENOENT, EXIT_UNREACHABLE,
		       "fake: the module is not loaded");
}

int genl_open(struct genl **out, struct err *e)
{
	*out = NULL;
	fake->opens++;
	if (fake_gone(NULL, e))
		return -ENOENT;
	*out = calloc(1, sizeof(**out));
	(*out)->generation = fake->generation;
	return 0;
}

void genl_close(struct genl *g)
{
	free(g);
}

int genl_fd(const struct genl *g)
{
	(void)g;
	return fake_event;
}

int genl_subscribe(struct genl *g, unsigned int groups, struct err *e)
{
	(void)groups;
	(void)e;
	g->subscribed = true;
	return 0;
}

int genl_events(struct genl *g, const struct genl_listener *l, struct err *e)
{
	struct genl_netns n = { .flags = GENL_F_MANUAL };
	uint64_t junk;

	if (read(fake_event, &junk, sizeof(junk)) < 0)
		return 0;
	if (!g->subscribed)
		return 0;
	if (fake_gone(g, e))
		return -ENOTCONN;
	if (fake->overrun) {
		fake->overrun = false;
		return err_set(e, ENOBUFS, EXIT_REFUSED, "fake: events were lost");
	}
	fake_enter();
	for (; fake->detached; fake->detached--)
		l->lifecycle(l->data, GENL_EVENT_DETACHED, &n);
	for (; fake->by_hand; fake->by_hand--)
		l->lifecycle(l->data, GENL_EVENT_ATTACHED, &n);
	n.flags = 0;
	n.instance = 1;
	n.inode = fake->died_inode;
	for (; fake->died; fake->died--)
		l->lifecycle(l->data, GENL_EVENT_DIED, &n);
	fake_leave();
	return 0;
}

static int fake_by_inode(const void *a, const void *b)
{
	const struct genl_netns *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

int genl_netns_get(struct genl *g, const struct genl_target *t, struct genl_netns *out,
		   struct err *e)
{
	bool found;

	if (fake_gone(g, e))
		return -ENOTCONN;
	fake_enter();
	found = fake_look(t->inode, out);
	fake_leave();
	return found ? 0 : err_set(e, ENXIO, EXIT_NOT_FOUND, "fake: no such namespace");
}

int genl_netns_dump(struct genl *g, struct genl_netns **out, size_t *n, struct err *e)
{
	unsigned int i;

	fake->dumps++;
	if (fake_gone(g, e))
		return -ENOTCONN;
	fake_enter();
	*n = 0;
	*out = calloc(fake->count + fake->n_living + 1, sizeof(**out));
	for (i = 0; i < fake->count; i++)
		fake_look(fake->fence[i].inode, &(*out)[(*n)++]);
	for (i = 0; i < fake->n_living; i++)
		if (!fake_slot(fake->living[i].inode))
			(*out)[(*n)++] = fake->living[i];
	(*out)[*n].inode = fake->initial;
	(*out)[(*n)++].flags = GENL_F_INITIAL;
	if (fake->race) {
		fake_remove(fake->race);
		fake->fence[fake->count++] = (struct genl_netns){
			.inode = fake->race, .instance = ++fake->last_instance,
			.flags = GENL_F_MANUAL, .policy = "accept",
		};
		fake->race = 0;
	}
	fake_leave();
	qsort(*out, *n, sizeof(**out), fake_by_inode);
	return 0;
}

int genl_attach(struct genl *g, const struct genl_target *t, const struct genl_fence *f,
		uint64_t *instance, struct err *e)
{
	struct genl_netns *n, known;
	struct stat st;

	if (fake_gone(g, e))
		return -ENOTCONN;
	if (t->fd >= 0 && (fstat(t->fd, &st) || st.st_ino != t->inode))
		return err_set(e, ESTALE, EXIT_REFUSED, "fake: another namespace's fd");
	if (t->fd < 0 && !fake_look(t->inode, &known))
		return err_set(e, ENXIO, EXIT_NOT_FOUND, "fake: no such namespace");
	if (t->fd < 0 && t->has_cookie && known.cookie != t->cookie)
		return err_set(e, ESTALE, EXIT_REFUSED, "fake: another namespace's cookie");
	if (fake->fail_count) {
		fake->fail_count--;
		return err_set(e, fake->fail_attach, EXIT_REFUSED, "fake %s",
			       strerror(fake->fail_attach));
	}
	fake_enter();
	if (!policies_is_builtin(f->policy) && !fake_policy_slot(f->policy)) {
		fake_leave();
		return err_set(e, ENOENT, EXIT_REFUSED, "fake: no such policy");
	}
	n = fake_slot(t->inode);
	if (n && !(f->flags & GENL_F_REPLACE)) {
		fake_leave();
		return err_set(e, EEXIST, EXIT_REFUSED, "fake: fenced already");
	}
	if (n && t->instance && n->instance != t->instance) {
		fake_leave();
		return err_set(e, ESTALE, EXIT_REFUSED, "fake: another instance");
	}
	if (n)
		fake->replaces++;
	else
		n = &fake->fence[fake->count++];
	fake->attaches++;
	fake->waits += !(f->flags & GENL_F_NOWAIT);
	*n = (struct genl_netns){
		.inode = t->inode, .has_cookie = t->has_cookie, .cookie = t->cookie,
		.instance = ++fake->last_instance, .mode = f->mode, .hooks = f->hooks,
		.flags = f->flags & (GENL_F_STRICT | GENL_F_MANUAL | GENL_F_FORWARD_ACCEPT |
				     GENL_F_INHERIT | GENL_F_INHERITED | GENL_F_BIRTH),
	};
	if (instance)
		*instance = n->instance;
	if (!policies_is_builtin(f->policy))	/* the policy's own */
		n->hooks = 1u << GENL_HOOK_PREROUTING;
	if (!strcmp(f->policy, "audit"))	/* as the module reports it */
		n->mode = GENL_MODE_AUDIT;
	strcpy(n->policy, f->policy);
	strcpy(n->source, f->source);
	fake_leave();
	return 0;
}

int genl_detach(struct genl *g, const struct genl_target *t, bool nowait, struct err *e)
{
	struct genl_netns *n;
	int ret = 0;

	(void)nowait;
	if (fake_gone(g, e))
		return -ENOTCONN;
	fake_enter();
	n = fake_slot(t->inode);
	if (!n)
		ret = err_set(e, ENOENT, EXIT_NOT_FOUND, "fake: not fenced");
	else if (n->instance != t->instance)
		ret = err_set(e, ESTALE, EXIT_REFUSED, "fake: another instance");
	else
		fake_remove(t->inode);
	fake->detaches += !ret;
	fake->detached += !ret;
	fake_leave();
	if (!ret)
		fake_wake();
	return ret;
}

int genl_birth_get(struct genl *g, struct genl_birth *out, struct err *e)
{
	if (fake_gone(g, e))
		return -ENOTCONN;
	fake_enter();
	*out = fake->birth;
	fake_leave();
	return 0;
}

int genl_birth_set(struct genl *g, const struct genl_fence *f, struct err *e)
{
	if (fake_gone(g, e))
		return -ENOTCONN;
	if (fake->fail_birth)
		return err_set(e, fake->fail_birth, EXIT_REFUSED, "fake %s",
			       strerror(fake->fail_birth));
	fake_enter();
	if (strcmp(f->policy, GENL_BIRTH_NONE) && !policies_is_builtin(f->policy) &&
	    !fake_policy_slot(f->policy)) {
		fake_leave();
		return err_set(e, ENOENT, EXIT_NOT_FOUND, "fake: no such policy");
	}
	fake->births++;
	fake->birth = (struct genl_birth){
		.mode = f->mode, .hooks = f->hooks, .decided = true,
		.flags = f->flags & (GENL_F_STRICT | GENL_F_FORWARD_ACCEPT),
		.born = fake->birth.born, .refused = fake->birth.refused,
	};
	strcpy(fake->birth.policy, f->policy);
	fake_leave();
	return 0;
}

static int fake_by_name(const void *a, const void *b)
{
	return strcmp(((const struct genl_policy *)a)->name,
		      ((const struct genl_policy *)b)->name);
}

int genl_policy_dump(struct genl *g, struct genl_policy **out, size_t *n, struct err *e)
{
	unsigned int i;

	*out = NULL;
	*n = 0;
	if (fake_gone(g, e))
		return -ENOTCONN;
	fake_enter();
	for (i = 0; i < fake->n_policies; i++)
		fake_use(&fake->policy[i]);
	*n = fake->n_policies;
	*out = calloc(*n + 1, sizeof(**out));
	memcpy(*out, fake->policy, *n * sizeof(**out));
	fake_leave();
	qsort(*out, *n, sizeof(**out), fake_by_name);
	return 0;
}

int genl_policy_set(struct genl *g, const char *name, const void *image, size_t size,
		    struct genl_policy *out, struct err *e)
{
	const struct nsf_image *img = image;
	struct genl_policy *p;

	if (fake_gone(g, e))
		return -ENOTCONN;
	if (fake->fail_set)
		return err_set(e, fake->fail_set, EXIT_REFUSED, "fake %s",
			       strerror(fake->fail_set));
	if (size != img->size)
		return err_set(e, EINVAL, EXIT_REFUSED, "fake: no such image");
	fake_policy_by_hand(name, img->hash);
	fake_enter();
	fake->sets++;
	p = fake_policy_slot(name);
	p->bytes = (uint32_t)size;
	fake_use(p);
	if (out)
		*out = *p;
	fake_leave();
	return 0;
}

int genl_policy_del(struct genl *g, const char *name, struct err *e)
{
	struct genl_policy *p;
	int ret = 0;

	if (fake_gone(g, e))
		return -ENOTCONN;
	fake_enter();
	p = fake_policy_slot(name);
	if (p)
		fake_use(p);
	if (p && !strcmp(fake->birth.policy, name))
		p->attachments++;
	if (!p)
		ret = err_set(e, ENOENT, EXIT_NOT_FOUND, "fake: no such policy");
	else if (p->attachments)
		ret = err_set(e, EBUSY, EXIT_REFUSED, "fake: in use");
	else
		*p = fake->policy[--fake->n_policies];
	fake->dels += !ret;
	fake_leave();
	return ret;
}

#endif /* FAKE_GENL_H */
