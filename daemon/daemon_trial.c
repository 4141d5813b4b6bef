// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * apply, confirm, and going back. See daemon_parts.h.
 *
 * On trial: in force is what was applied; ->before, and the text that is `current` in
 * good/, is what to go back to; the file good/trial says so to the next daemon, and
 * which fences by hand were taken over. It is there before anything is changed: first it
 * names all fences by hand, for which of them will be taken over only the passes tell;
 * in the end those that were.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "daemon_parts.h"
#include "log.h"

/* What passes by itself is waited for, and its fences by hand are taken over. */
#define SETTLE_MS	5000
/* Going back failed: for want of memory, or its backend cannot be had. */
#define AGAIN_MS	5000

static void tell(struct daemon_audience *to, const char *what)
{
	snprintf(to->first, sizeof(to->first), "%.199s", what);
}

static void write_trial(struct daemon *d)
{
	struct err e = { 0 };

	if (good_trial_write(&d->good, &d->trial, &e))
		log_warning("%s", e.text);
}

/* ---- fences by hand ---- */

static int add_manual(struct good_trial *t, const struct sync_taken *was, bool sure)
{
	struct good_manual *v = reallocarray(t->manual, t->n_manual + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	t->manual = v;
	v[t->n_manual++] = (struct good_manual){ .was = *was, .sure = sure };
	return 0;
}

static struct sync_taken as_taken(const struct genl_netns *n)
{
	struct sync_taken t = {
		.inode = n->inode, .has_cookie = n->has_cookie, .cookie = n->cookie,
		.instance = n->instance, .mode = n->mode, .hooks = n->hooks, .flags = n->flags,
	};

	memcpy(t.policy, n->policy, sizeof(t.policy));
	memcpy(t.source, n->source, sizeof(t.source));
	return t;
}

/* All that there are. */
static int note_candidates(struct daemon *d, struct good_trial *t, struct err *e)
{
	struct genl_netns *v = NULL;
	struct sync_taken was;
	size_t i, n = 0;
	int ret;

	if (!d->sync.backend)
		return err_set(e, ENOTCONN, EXIT_UNREACHABLE, "the fences cannot be read: %s",
			       d->summary.problem);
	ret = backend_netns_dump(d->sync.backend, &v, &n, e);
	for (i = 0; !ret && i < n; i++) {
		if (!v[i].instance || !(v[i].flags & GENL_F_MANUAL))
			continue;
		was = as_taken(&v[i]);
		if (add_manual(t, &was, false))
			ret = err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	}
	free(v);
	return ret;
}

void daemon_settled(struct daemon *d)
{
	struct good_trial *t = &d->trial;
	size_t i, n = 0;

	if (!d->take_over_until)
		return;
	d->take_over_until = 0;
	for (i = 0; i < t->n_manual; i++)
		if (t->manual[i].sure)
			t->manual[n++] = t->manual[i];
	t->n_manual = n;
	if (d->before)
		write_trial(d);
}

/*
 * A number can be given to another namespace; a cookie not, during one boot. So with
 * the cookie our fence is known by its place, and without it by its instance.
 */
static bool find_ours(const struct good_manual *m, const struct genl_netns *v, size_t n,
		      struct sync_taken *t)
{
	size_t i;

	for (i = 0; i < n && v[i].inode != m->was.inode; i++)
		;
	if (i == n || (v[i].instance && v[i].flags & GENL_F_MANUAL))
		return false;
	*t = m->was;
	if (m->was.has_cookie && v[i].has_cookie) {
		t->instance = v[i].instance;
		return v[i].cookie == m->was.cookie;
	}
	/* Both 0: it was taken off; whether that is the same one, sync_put_back() knows. */
	return m->sure && v[i].instance == m->was.instance;
}

/*
 * What could be put back, or is not there any more, is taken from the list, and from
 * the file: who takes it off by hand later has the last word.
 */
static void put_back(struct daemon *d, bool last)
{
	struct good_trial *t = &d->trial;
	struct genl_netns *v = NULL;
	struct err e = { 0 };
	struct sync_taken was;
	size_t i, n = 0, left = 0;

	if (!t->n_manual || !d->sync.backend ||
	    backend_netns_dump(d->sync.backend, &v, &n, &e))
		return;
	for (i = 0; i < t->n_manual; i++) {
		if (!find_ours(&t->manual[i], v, n, &was))
			continue;
		if (!sync_put_back(&d->sync, &was, &e)) {
			log_info("inode %u: the fence by hand is put back, %s", was.inode,
				 was.policy);
			continue;
		}
		if (last)
			log_error("inode %u: the fence by hand, %s, is not put back: %s", was.inode,
				  was.policy, e.text);
		t->manual[left++] = t->manual[i];
	}
	t->n_manual = last ? 0 : left;
	free(v);
	if (d->before || t->refused)	/* there is such a file */
		write_trial(d);
}

void daemon_put_back(struct daemon *d)
{
	char boot[40];

	good_boot_id(boot);
	if (strcmp(boot, d->trial.boot))	/* they went with the kernel */
		d->trial.n_manual = 0;
	put_back(d, false);
}

void daemon_note_taken(struct daemon *d, const struct sync_result *r)
{
	size_t i;

	/* Some of their policies may have come back only with the configuration. */
	if (!d->before && r->complete)
		put_back(d, true);
	if (!d->before || !r->n_taken)
		return;
	for (i = 0; i < r->n_taken; i++)
		if (add_manual(&d->trial, &r->taken[i], true))
			log_error("out of memory: the fence by hand of inode %u will not be put back",
				  r->taken[i].inode);
	write_trial(d);
}

/* ---- apply ---- */

/* All that going back needs is on disk before anything is changed. */
static int begin_trial(struct daemon *d, const struct daemon_loaded *l, struct err *e)
{
	struct good_trial *t = &d->trial;
	int ret;

	if (!l->text || !d->has_good)
		return err_set(e, ENOENT, EXIT_REFUSED,
			       "--confirm: there would be nothing to go back to, for no copy of the configuration can be kept in %s (the log says why)",
			       d->good.path);
	good_boot_id(t->boot);
	ret = good_current(&d->good, t->base, e);
	if (!ret)
		ret = note_candidates(d, t, e);
	if (!ret)
		ret = good_write(&d->good, l->text, t->next, e);
	if (!ret)
		ret = good_trial_write(&d->good, t, e);
	return ret;
}

static void end_trial(struct daemon *d)
{
	daemon_release(d->before);
	d->before = NULL;
	d->trial_until = CLOCK_NEVER;
	good_trial_clean(&d->trial);
}

/* Where it cannot be had, what was refused before it stays refused. */
static int apply_on_trial(struct daemon *d, struct daemon_loaded *l, struct daemon_audience *to)
{
	struct good_trial refused;
	struct err e = { 0 };

	/* What of that trial still waits: its list ends here. */
	put_back(d, true);
	refused = d->trial;
	d->trial = (struct good_trial){ .n_manual = 0 };
	if (begin_trial(d, l, &e))
		tell(to, e.text);
	else if (!daemon_put_in_force(d, l, &d->before, to)) {
		good_trial_clean(&refused);
		return 0;
	}
	good_trial_clean(&d->trial);
	d->trial = refused;
	if (d->trial.refused)
		write_trial(d);
	else
		good_trial_remove(&d->good, NULL);
	return -EINVAL;
}

static int apply(struct daemon *d, struct daemon_loaded *l, unsigned int confirm_s,
		 struct daemon_audience *to)
{
	if (!confirm_s) {
		if (daemon_put_in_force(d, l, NULL, to))
			return -EINVAL;
		daemon_keep(d, l->text);
		return 0;
	}
	if (apply_on_trial(d, l, to))
		return -EINVAL;
	d->trial_until = clock_ms() + confirm_s * 1000ULL;
	d->trial_ends = time(NULL) + confirm_s;
	return 0;
}

int daemon_apply(struct daemon *d, unsigned int confirm_s, struct daemon_audience *to)
{
	struct daemon_loaded l;
	char until[32], text[256];
	int ret;

	if (d->before && d->trial.refused) {
		tell(to, "what was applied before was not confirmed in time, and the configuration before it cannot be put in force yet: the log says why");
		return -EBUSY;
	}
	if (d->before) {
		daemon_format_time(d->trial_ends, until);
		snprintf(text, sizeof(text),
			 "what was applied before waits to be confirmed until %s: first nsfence confirm, or let that time pass",
			 until);
		tell(to, text);
		return -EBUSY;
	}
	log_info("applying %s", d->opt->config);
	ret = daemon_load(d, &l, to);
	if (ret)
		daemon_not_loaded(d, to);
	else
		ret = apply(d, &l, confirm_s, to);
	daemon_unload(&l);
	if (ret) {
		log_error("nothing applied, the old configuration stays in force: %s", to->first);
		return ret;
	}
	d->take_over_until = clock_ms() + SETTLE_MS;
	daemon_pass(d, SYNC_FENCES);
	log_info("configuration applied: %s", d->status);
	return 0;
}

int daemon_confirm(struct daemon *d, struct err *e)
{
	if (!d->before)
		return err_set(e, ENOENT, EXIT_REFUSED, "nothing waits to be confirmed%s",
			       d->gone_back ? ": it was too late, the configuration before is in force again" :
			       "");
	if (d->trial.refused)
		return err_set(e, EBUSY, EXIT_REFUSED,
			       "it was too late: the configuration before comes back as soon as it can be put in force (the log says what is in the way)");
	/* This is the moment; the file that is removed after it says nothing any more. */
	if (good_commit(&d->good, d->trial.next, e))
		return -e->errnum;
	if (good_trial_remove(&d->good, e))
		log_warning("%s", e->text);
	end_trial(d);
	log_info("confirmed");
	daemon_format_status(d, d->status, sizeof(d->status));
	return 0;
}

/* ---- back ---- */

void daemon_go_back(struct daemon *d)
{
	struct daemon_audience to = { .log = true };
	struct daemon_loaded l = { d->before, NULL };

	if (!d->before || clock_ms() < d->trial_until)
		return;
	log_warning("not confirmed in time: back to the configuration before");
	d->trial.refused = true;
	write_trial(d);
	d->take_over_until = 0;
	/* First those: so nobody is without a fence, who had one. */
	put_back(d, false);
	if (daemon_put_in_force(d, &l, NULL, &to)) {
		d->trial_until = clock_ms() + AGAIN_MS;
		return;
	}
	d->before = NULL;
	d->trial_until = CLOCK_NEVER;
	d->gone_back = true;
	daemon_pass(d, SYNC_FENCES);
	log_warning("configuration before the one that was not confirmed: %s", d->status);
}
