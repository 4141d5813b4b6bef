// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading and reloading the configuration. See daemon_parts.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "daemon_parts.h"
#include "log.h"
#include "notify.h"
#include "utf8.h"

/* While somebody writes the files, the text and what was loaded may differ. */
#define LOAD_TRIES	5

/* ---- errors and warnings ---- */

static void tell_error(void *data, const char *text)
{
	struct daemon_audience *to = data;
	char line[1024];

	config_expand_tabs(text, line, sizeof(line));
	if (to->log)
		log_error("%s", line);
	daemon_tell(to->conn, line);
	to->told = true;
}

static void tell_warning(void *data, const char *text)
{
	const struct daemon_audience *to = data;
	char line[1024];

	config_expand_tabs(text, line, sizeof(line));
	if (to->log)
		log_warning("%s", line);
	daemon_tell(to->conn, line);
}

static void set_first(struct daemon_audience *to, const char *text)
{
	snprintf(to->first, sizeof(to->first), "%.*s",
		 (int)utf8_cut(text, sizeof(to->first) - 1), text);
}

/* ---- loading ---- */

void daemon_release(struct config *c)
{
	if (c)
		config_clean(c);
	free(c);
}

void daemon_unload(struct daemon_loaded *l)
{
	daemon_release(l->config);
	good_text_free(l->text);
	*l = (struct daemon_loaded){ NULL, NULL };
}

/* The text before and after is the same: then it is what was loaded. NULL: no telling. */
static struct good_text *load_text(const char *path, struct config **c,
				   struct config_errors *errs)
{
	struct good_text *before = NULL, *after;
	struct err e = { 0 };
	int i;

	good_text_read(path, &before, &e);
	for (i = 0; i < LOAD_TRIES; i++) {
		*c = calloc(1, sizeof(**c));
		if (*c && config_load(path, *c, errs)) {
			free(*c);
			*c = NULL;
		}
		good_text_read(path, &after, &e);
		if (good_text_same(before, after)) {
			good_text_free(after);
			return before;
		}
		good_text_free(before);
		before = after;
		if (!after || i + 1 == LOAD_TRIES)
			break;
		daemon_release(*c);
		config_errors_clean(errs);
		memset(errs, 0, sizeof(*errs));
	}
	good_text_free(before);
	log_warning("%s: no copy can be kept: %s", path,
		    e.text[0] ? e.text : "the files keep changing");
	return NULL;
}

/* From @path, whose text is left in *@text where that is not NULL. */
static int load_from(const char *path, struct config **c, struct good_text **text,
		     struct daemon_audience *to)
{
	struct config_errors *errs = calloc(1, sizeof(*errs));

	*c = NULL;
	to->first[0] = 0;
	if (errs)
		*text = load_text(path, c, errs);
	if (*c) {
		config_warnings_each(*c, tell_warning, to);
	} else if (errs && (errs->n || errs->more)) {
		config_errors_each(errs, tell_error, to);
		config_errors_first(errs, to->first, sizeof(to->first));
	} else {
		set_first(to, "out of memory");
		tell_error(to, to->first);
	}
	if (errs)
		config_errors_clean(errs);
	free(errs);
	return *c ? 0 : -EINVAL;
}

int daemon_load(struct daemon *d, struct daemon_loaded *out, struct daemon_audience *to)
{
	int ret;

	*out = (struct daemon_loaded){ NULL, NULL };
	ret = load_from(d->opt->config, &out->config, &out->text, to);
	if (ret)
		daemon_unload(out);
	return ret;
}

/* ---- in force ---- */

int daemon_put_in_force(struct daemon *d, struct daemon_loaded *l, struct config **before,
			struct daemon_audience *to)
{
	struct err e = { 0 };

	/* Its backend can be had, or nothing changes. */
	if (sync_prepare(&d->sync, l->config, &e) || sync_configure(&d->sync, l->config)) {
		set_first(to, e.text[0] ? e.text : "out of memory");
		tell_error(to, to->first);
		return -EINVAL;
	}
	if (before)
		*before = d->config;
	else
		daemon_release(d->config);
	d->config = l->config;
	l->config = NULL;
	d->loaded = time(NULL);
	d->reload_failed = d->gone_back = false;
	return 0;
}

void daemon_keep(struct daemon *d, const struct good_text *text)
{
	struct err e = { 0 };

	d->has_good = false;
	if (!text || d->good.dir < 0)
		return;
	if (good_keep(&d->good, text, &e) || good_trial_remove(&d->good, &e)) {
		log_warning("no copy of the configuration is kept: %s", e.text);
		return;
	}
	d->has_good = true;
	d->trial.refused = false;
}

/* ---- at the start ---- */

static bool same_text(const char *a, const char *b)
{
	struct good_text *x, *y;
	bool same;

	if (good_text_read(a, &x, NULL))
		return false;
	if (good_text_read(b, &y, NULL))
		y = NULL;
	same = good_text_same(x, y);
	good_text_free(x);
	good_text_free(y);
	return same;
}

/*
 * What was applied, and not confirmed until the last daemon ended, is not loaded
 * again; not by the one after that either, for as long as the files are the same. What
 * somebody has written since then is another wish.
 */
static bool is_refused(struct daemon *d, char *path, size_t size)
{
	char origin[PATH_MAX], next[PATH_MAX];
	struct good_trial *t = &d->trial;

	if (good_trial_read(&d->good, t, NULL))
		return false;
	if (good_path(&d->good, t->base, path, origin, size, NULL) ||
	    strcmp(origin, d->opt->config))
		return false;
	if (!t->refused)
		return true;
	return !good_path(&d->good, t->next, next, NULL, sizeof(next), NULL) &&
	       same_text(next, d->opt->config);
}

static bool load_good(struct daemon *d, const char *path)
{
	struct daemon_audience to = { .log = true };
	struct good_text *text = NULL;
	struct err e = { 0 };

	log_warning("what was applied last was not confirmed: the configuration before it is loaded, from %s",
		    path);
	if (load_from(path, &d->config, &text, &to))
		return false;
	good_text_free(text);
	d->gone_back = d->has_good = true;
	d->trial.refused = true;
	if (good_trial_write(&d->good, &d->trial, &e))
		log_warning("%s", e.text);
	return true;
}

int daemon_load_first(struct daemon *d)
{
	struct daemon_audience to = { .log = true };
	struct daemon_loaded l;
	char path[PATH_MAX];

	d->loaded = time(NULL);
	if (is_refused(d, path, sizeof(path)) && load_good(d, path))
		return 0;
	good_trial_clean(&d->trial);
	if (daemon_load(d, &l, &to))
		return -EINVAL;
	d->config = l.config;
	l.config = NULL;
	daemon_keep(d, l.text);
	daemon_unload(&l);
	return 0;
}

/* ---- reloading ---- */

static int reload(struct daemon *d, struct daemon_audience *to)
{
	struct daemon_loaded l;
	int ret = daemon_load(d, &l, to);

	if (!ret)
		ret = daemon_put_in_force(d, &l, NULL, to);
	if (!ret)
		daemon_keep(d, l.text);
	daemon_unload(&l);
	return ret;
}

void daemon_not_loaded(struct daemon *d, const struct daemon_audience *to)
{
	d->reload_failed = true;
	memcpy(d->reload_error, to->first, sizeof(d->reload_error));
	daemon_format_status(d, d->status, sizeof(d->status));
}

static int busy(struct daemon *d, struct daemon_audience *to)
{
	char until[32];

	daemon_format_time(d->trial_ends, until);
	snprintf(to->first, sizeof(to->first),
		 "what was applied waits to be confirmed until %s: first nsfence confirm, or let that time pass",
		 until);
	log_warning("not reloaded: %s", to->first);
	return -EBUSY;
}

int daemon_reload(struct daemon *d, struct daemon_audience *to)
{
	int ret;

	log_info("reloading %s", d->opt->config);
	if (d->ready)
		notify_reloading();
	ret = d->before ? busy(d, to) : reload(d, to);
	if (!ret) {
		daemon_pass(d, SYNC_FENCES);
		log_info("configuration loaded: %s", d->status);
	} else if (ret != -EBUSY) {
		daemon_not_loaded(d, to);
		log_error("configuration not loaded, the old one stays in force");
	}
	/* Up again, be it with a bad status: that the reload failed is in it. */
	daemon_format_status(d, d->status, sizeof(d->status));
	d->ready_due = d->ready;
	d->tell_at = 0;
	return ret;
}
