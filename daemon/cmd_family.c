// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_family: see cmd_family.h.
 *
 * A task inside may make one more while we look. With the root's fence inherited,
 * and then each child's, those are born with it; only children of a child that has
 * none yet are not, and the next pass finds them. One that was born before may be in
 * no list yet (its creation waits for rtnl, say): the module says how many such there
 * are on the host. It is over when passes, a moment apart, find nothing, and before one
 * of them there was none of these.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd_family.h"
#include "kin.h"
#include "out.h"

#define QUIET_PASSES	2
#define PAUSE_MS	20
/* Whoever makes namespaces faster than they can be fenced is told, not followed. */
#define MAX_PASSES	200

/* What there is, in one look. */
struct pass {
	uint32_t creating;		/* namespaces; 0: those of before are in @v */
	struct genl_netns *v;
	size_t n;
	struct names names;
	struct kin kin;
};

/* Those that were refused once are told once. */
struct refused {
	uint64_t *v;			/* cookie, or inode where there is none */
	size_t n;
};

static void pass_clean(struct pass *p)
{
	kin_clean(&p->kin);
	names_clean(&p->names);
	free(p->v);
	*p = (struct pass){ .n = 0 };
}

static int look(const struct family *family, struct pass *p, struct err *e)
{
	struct genl_version version;
	int ret = genl_version_get(family->g, &version, e);

	if (!ret) {
		p->creating = version.creating;
		ret = genl_netns_dump(family->g, &p->v, &p->n, e);
	}
	if (!ret)
		ret = names_load(&p->names, e);
	if (!ret && (kin_scan(&p->kin, p->v, p->n, &p->names) ||
		     kin_find(&p->kin, family->root)))
		ret = err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	return ret;
}

static const struct genl_netns *find(const struct pass *p, uint32_t inode)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].inode == inode)
			return &p->v[i];
	return NULL;
}

static bool was_refused(struct refused *r, const struct genl_netns *n, bool add)
{
	uint64_t id = n->has_cookie ? n->cookie : n->inode, *v;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i] == id)
			return true;
	v = add ? reallocarray(r->v, r->n + 1, sizeof(*v)) : NULL;
	if (v) {
		r->v = v;
		v[r->n++] = id;
	}
	return false;
}

static void label(struct pass *p, uint32_t inode, char *buf, size_t size)
{
	char name[NAMES_LABEL];

	names_load_tasks(&p->names, &inode, 1, NULL);
	names_label(&p->names, inode, name, sizeof(name));
	if (strcmp(name, "-"))
		snprintf(buf, size, "%s (inode %" PRIu32 ")", name, inode);
	else
		snprintf(buf, size, "inode %" PRIu32, inode);
}

static void report(const struct family *family, struct pass *p, const struct genl_netns *n,
		   uint64_t instance, const char *policy)
{
	char who[NAMES_LABEL + 32], text[4 * sizeof(who)];
	json_t *object;

	if (family->array) {
		object = json_object();
		out_json_set(object, "inode", out_json_u64(n->inode));
		out_json_set(object, "instance", out_json_u64(instance));
		out_json_append(family->array, object);
	}
	if (family->cmd->json || !family->cmd->verbose)
		return;
	label(p, n->inode, who, sizeof(who));
	out_escape(who, text, sizeof(text));
	if (policy)
		printf("descendant %s is fenced with %s, instance %" PRIu64 "\n", text, policy,
		       instance);
	else
		printf("took the fence off the descendant %s\n", text);
}

static void complain(struct pass *p, uint32_t inode, const struct err *e)
{
	char who[NAMES_LABEL + 32];

	label(p, inode, who, sizeof(who));
	cmd_error("descendant %s: %s", who, e->text);
}

/*
 * The one that was looked at: opened through a process in it where there is one,
 * and with its cookie, so that another that has got its number is refused.
 */
static void aim(const struct kin_netns *k, const struct genl_netns *n, struct genl_target *t,
		struct netns_ref *ref)
{
	*ref = (struct netns_ref){ .fd = -1 };
	*t = (struct genl_target){
		.inode = n->inode, .has_cookie = n->has_cookie, .cookie = n->cookie, .fd = -1,
	};
	if (!k->pid || select_pid(k->pid, ref, NULL))
		return;
	if (ref->inode == n->inode && (!n->has_cookie || !ref->has_cookie ||
				       ref->cookie == n->cookie))
		t->fd = ref->fd;
	else
		netns_ref_close(ref);
}

/* It died, or is another now: the next pass sees what there is. */
static bool passes(int ret)
{
	return ret == -ENXIO || ret == -ESTALE || ret == -EAGAIN || ret == -EEXIST;
}

static bool wants(const struct genl_fence *f, const struct genl_netns *n)
{
	const uint32_t mask = GENL_F_STRICT | GENL_F_FORWARD_ACCEPT | GENL_F_INHERIT;
	/* The module reports the policy audit as being in that mode. */
	enum genl_mode mode = strcmp(f->policy, "audit") ? f->mode : GENL_MODE_AUDIT;

	if (!n->instance)
		return true;
	return (f->flags & GENL_F_REPLACE) &&
		(strcmp(n->policy, f->policy) || n->mode != mode ||
		 (f->hooks && n->hooks != f->hooks) ||
		 (n->flags & mask) != (f->flags & mask));
}

/* How many there were to do; each may be refused, and *code says so. */
static size_t attach_pass(const struct family *family, struct pass *p,
			  const struct genl_fence *fence, struct refused *refused, int *code)
{
	size_t done = 0;

	for (size_t i = 0; i < p->kin.n_netns; i++) {
		const struct kin_netns *k = &p->kin.netns[i];
		const struct genl_netns *n = find(p, k->inode);
		struct genl_fence f = *fence;
		struct netns_ref ref;
		struct genl_target t;
		uint64_t instance;
		struct err e;
		int ret;

		if (k->why == KIN_NOT || k->why == KIN_ROOT || !n || !wants(&f, n) ||
		    was_refused(refused, n, false))
			continue;
		done++;
		aim(k, n, &t, &ref);
		if (n->instance)
			t.instance = n->instance;
		else
			f.flags &= ~GENL_F_REPLACE;
		ret = genl_attach(family->g, &t, &f, &instance, &e);
		netns_ref_close(&ref);
		if (!ret) {
			report(family, p, n, instance, f.policy);
		} else if (!passes(ret)) {
			was_refused(refused, n, true);
			complain(p, n->inode, &e);
			*code = e.exit;
		}
	}
	return done;
}

/* At the end: another fence than was asked for is not what the user expects. */
static void tell_others(struct pass *p, const struct genl_fence *f, int *code)
{
	for (size_t i = 0; i < p->kin.n_netns; i++) {
		const struct kin_netns *k = &p->kin.netns[i];
		const struct genl_netns *n = find(p, k->inode);
		struct err e;

		if (k->why == KIN_NOT || k->why == KIN_ROOT || !n || !n->instance ||
		    !strcmp(n->policy, f->policy))
			continue;
		err_set(&e, EEXIST, EXIT_REFUSED, "it is fenced with %s already (--replace)",
			n->policy);
		complain(p, n->inode, &e);
		*code = e.exit;
	}
}

static void pause_a_moment(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	nanosleep(&pause, NULL);
}

static int too_fast(void)
{
	cmd_error("descendants: new ones are made faster than they can be dealt with");
	return EXIT_REFUSED;
}

static int not_seen(uint32_t creating)
{
	cmd_error("descendants: %" PRIu32 " of the host's namespaces are still being created, and may be some: try again",
		  creating);
	return EXIT_REFUSED;
}

int family_attach(const struct family *family, const struct genl_fence *f)
{
	struct refused refused = { .n = 0 };
	int code = EXIT_DONE, quiet = 0;
	bool all = false, over = false;
	uint32_t creating = 0;
	struct err e = { 0 };
	size_t done = 1;

	for (int i = 0; i < MAX_PASSES && !over; i++) {
		struct pass p = { .n = 0 };

		if (!done)
			pause_a_moment();
		done = 0;
		if (look(family, &p, &e))
			code = cmd_fail(&e, NULL);
		else
			done = attach_pass(family, &p, f, &refused, &code);
		creating = p.creating;
		quiet = done ? 0 : quiet + 1;
		all = !done && (all || !creating);
		over = quiet >= QUIET_PASSES && all;
		if (over && !e.errnum)
			tell_others(&p, f, &code);
		pass_clean(&p);
		if (e.errnum)
			break;
	}
	free(refused.v);
	if (over || e.errnum)
		return code;
	return done || !creating ? too_fast() : not_seen(creating);
}

static bool is_of(const struct genl_netns *n, const struct genl_netns *was)
{
	if (!n->instance)
		return false;
	return (n->flags & GENL_F_INHERITED) ||
		(was->instance && !strcmp(n->policy, was->policy) &&
		 !strcmp(n->source, was->source));
}

static size_t detach_pass(const struct family *family, struct pass *p,
			  const struct genl_netns *was, struct refused *refused, int *code)
{
	size_t done = 0;

	for (size_t i = 0; i < p->kin.n_netns; i++) {
		const struct kin_netns *k = &p->kin.netns[i];
		const struct genl_netns *n = find(p, k->inode);
		struct genl_target t;
		struct err e;
		int ret;

		if (k->why == KIN_NOT || k->why == KIN_ROOT || !n || !is_of(n, was) ||
		    was_refused(refused, n, false))
			continue;
		/* An instance is never used twice: that is enough to be sure. */
		t = (struct genl_target){
			.inode = n->inode, .fd = -1, .instance = n->instance,
		};
		ret = genl_detach(family->g, &t, false, &e);
		if (!ret) {
			done++;
			report(family, p, n, n->instance, NULL);
		} else if (ret != -ENOENT && !passes(ret)) {
			was_refused(refused, n, true);
			complain(p, n->inode, &e);
			*code = e.exit;
		}
	}
	return done;
}

int family_detach(const struct family *family, const struct genl_netns *was, size_t *count)
{
	struct refused refused = { .n = 0 };
	int code = EXIT_DONE, quiet = 0;
	struct err e = { 0 };

	*count = 0;
	for (int i = 0; i < MAX_PASSES && quiet < QUIET_PASSES; i++) {
		struct pass p = { .n = 0 };
		size_t done = 0;

		if (i && quiet)
			pause_a_moment();
		if (look(family, &p, &e))
			code = cmd_fail(&e, NULL);
		else
			done = detach_pass(family, &p, was, &refused, &code);
		pass_clean(&p);
		*count += done;
		quiet = done ? 0 : quiet + 1;
		if (e.errnum)
			break;
	}
	free(refused.v);
	return quiet < QUIET_PASSES && !e.errnum ? too_fast() : code;
}
