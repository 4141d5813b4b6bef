// SPDX-License-Identifier: GPL-2.0-or-later
/* The loop of nsfenced. See daemon.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "daemon.h"
#include "log.h"
#include "notify.h"
#include "propagation.h"
#include "runtime.h"
#include "select.h"
#include "sync.h"
#include "utf8.h"
#include "watch.h"

/* The net under everything: what no event told is found after that time. */
#define RESYNC_MS	60000
/*
 * Between two passes at least the lower, and four times what the last one took
 * up to the upper: one new name is seen at once, and a storm of mounts on a
 * host of thousands of namespaces costs at most a fifth of one processor.
 */
#define GAP_MIN_MS	5
#define GAP_MAX_MS	500
/* Between two status lines; and until a manager that took none is asked again. */
#define TELL_GAP_MS	100
#define TELL_AGAIN_MS	1000
/* READY=1 waits that long for what passes by itself. */
#define READY_MS	2000

struct daemon {
	const struct daemon_options *opt;
	struct config *config;		/* in force */
	struct sync sync;
	struct watch watch;
	struct runtime runtime;
	int signals;
	bool stop;
	bool ready;			/* the first pass is done */
	bool ready_due;			/* READY=1 is to be sent */
	bool reload_failed;		/* the files are not what is in force */
	char reload_error[200];		/* the first of the errors */
	uint64_t due[SYNC_SCOPES];	/* when a pass of that scope is */
	uint64_t not_before;		/* any pass */
	uint64_t watchdog_at;
	uint64_t watchdog_ms;
	struct sync_summary summary;	/* of the last pass */
	bool complete;			/* that one was */
	bool settling;			/* it failed where that passes soon */
	uint64_t ready_by;
	char status[512];
	char told[512];			/* the status as last sent */
	uint64_t tell_at;		/* not before */
};

/* ---- status ---- */

static void format_status(const struct daemon *d, char *buf, size_t size)
{
	const struct sync_summary *s = &d->summary;
	FILE *f = fmemopen(buf, size, "w");

	buf[0] = 0;
	if (!f)
		return;
	if (d->reload_failed)
		fprintf(f, "FAILED: configuration not loaded%s%.*s%s, the old one stays in force; ",
			d->reload_error[0] ? " (" : "",
			(int)utf8_cut(d->reload_error, sizeof(d->reload_error) - 1),
			d->reload_error, d->reload_error[0] ? ")" : "");
	if (!d->complete) {
		fprintf(f, "degraded: %s; fences that are up stay up", s->problem);
	} else {
		fprintf(f, "%s%zu of %zu configured namespaces fenced",
			s->failed ? "degraded: " : "", s->fenced, s->configured);
		if (s->absent)
			fprintf(f, ", %zu not there", s->absent);
		if (s->pending)
			fprintf(f, ", %zu not a mount", s->pending);
		if (s->manual)
			fprintf(f, ", %zu fenced by hand", s->manual);
		if (s->failed)
			fprintf(f, ", %zu failed (%s)", s->failed,
				s->problem[0] ? s->problem : "being retried");
		if (s->nameless)
			fprintf(f, "; %zu more without a name", s->nameless);
	}
	fclose(f);
	buf[size - 1] = 0;
	buf[utf8_cut(buf, size - 4)] = 0;	/* not within the last character */
	/* A newline would begin another message; what is not UTF-8 is refused. */
	utf8_clean(buf);
}

static void update_status(struct daemon *d)
{
	format_status(d, d->status, sizeof(d->status));
	if (!d->ready && d->complete && (!d->settling || clock_ms() >= d->ready_by)) {
		d->ready = d->ready_due = true;
		log_info("%s", d->status);
	}
}

static bool has_news(const struct daemon *d)
{
	return d->ready_due || strcmp(d->status, d->told);
}

/* What the manager was told is brought to what is so, as all else is. */
static void tell_status(struct daemon *d)
{
	uint64_t now = clock_ms();

	if (!has_news(d) || now < d->tell_at)
		return;
	if (d->ready_due ? notify_ready(d->status) : notify_status(d->status)) {
		memcpy(d->told, d->status, sizeof(d->told));
		d->ready_due = false;
		d->tell_at = now + TELL_GAP_MS;
	} else {
		d->tell_at = now + TELL_AGAIN_MS;
	}
}

static void keep_alive(void *data)
{
	struct daemon *d = data;
	uint64_t now = clock_ms();

	if (now < d->watchdog_at)
		return;
	if (notify_watchdog() || d->watchdog_ms < TELL_AGAIN_MS)
		d->watchdog_at = now + d->watchdog_ms;
	else
		d->watchdog_at = now + TELL_AGAIN_MS;
}

/* ---- passes ---- */

static void request(struct daemon *d, enum sync_scope scope, uint64_t when)
{
	if (when < d->due[scope])
		d->due[scope] = when;
}

static uint64_t next_pass(const struct daemon *d)
{
	uint64_t when = CLOCK_NEVER;
	int i;

	for (i = 0; i < SYNC_SCOPES; i++)
		if (d->due[i] < when)
			when = d->due[i];
	return when != CLOCK_NEVER && when < d->not_before ? d->not_before : when;
}

static void run_pass(struct daemon *d, enum sync_scope scope)
{
	uint64_t begin = clock_ms(), now, gap;
	struct sync_result r;
	int i;

	for (i = 0; i <= (int)scope; i++)
		d->due[i] = CLOCK_NEVER;
	sync_pass(&d->sync, scope, &r);

	now = clock_ms();
	gap = (now - begin) * 4;
	d->not_before = now + (gap < GAP_MIN_MS ? GAP_MIN_MS :
			       gap > GAP_MAX_MS ? GAP_MAX_MS : gap);
	if (scope == SYNC_MODULE)
		request(d, SYNC_MODULE, now + RESYNC_MS);
	if (r.retry_ms)
		request(d, r.retry_scope, now + r.retry_ms);
	if (r.unchanged)
		return;
	d->complete = r.complete;
	d->settling = r.soon;
	d->summary = r.summary;
	update_status(d);
}

static void run_due(struct daemon *d)
{
	uint64_t now = clock_ms();
	int scope = -1, i;

	if (now < d->not_before)
		return;
	for (i = 0; i < SYNC_SCOPES; i++)
		if (d->due[i] <= now)
			scope = i;
	if (scope >= 0)
		run_pass(d, scope);
}

/* ---- configuration ---- */

static void log_config_error(void *data, const char *text)
{
	char line[1024];

	(void)data;
	config_expand_tabs(text, line, sizeof(line));
	log_error("%s", line);
}

static void log_config_warning(void *data, const char *text)
{
	char line[1024];

	(void)data;
	config_expand_tabs(text, line, sizeof(line));
	log_warning("%s", line);
}

/* NULL: every error is logged, and the first one is in @first. */
static struct config *load(const char *path, char *first, size_t size)
{
	struct config *c = calloc(1, sizeof(*c));
	struct config_errors *errs = calloc(1, sizeof(*errs));

	first[0] = 0;
	if (!c || !errs) {
		log_error("out of memory");
		free(c);
		c = NULL;
	} else if (config_load(path, c, errs)) {
		config_errors_each(errs, log_config_error, NULL);
		config_errors_first(errs, first, size);
		config_errors_clean(errs);
		free(c);
		c = NULL;
	} else {
		config_warnings_each(c, log_config_warning, NULL);
	}
	free(errs);
	return c;
}

static void release(struct config *c)
{
	if (c)
		config_clean(c);
	free(c);
}

static void reload(struct daemon *d)
{
	struct config *c;

	log_info("reloading %s", d->opt->config);
	if (d->ready)
		notify_reloading();
	c = load(d->opt->config, d->reload_error, sizeof(d->reload_error));
	if (c && sync_configure(&d->sync, c)) {
		log_error("out of memory");
		release(c);
		c = NULL;
	}
	d->reload_failed = !c;
	if (!c) {
		log_error("configuration not loaded, the old one stays in force");
	} else {
		release(d->config);
		d->config = c;
		run_pass(d, SYNC_FENCES);
		log_info("configuration loaded: %s", d->status);
	}
	/* Up again, be it with a bad status: that the reload failed is in it. */
	update_status(d);
	d->ready_due = d->ready;
	d->tell_at = 0;
}

/* ---- signals ---- */

/*
 * A reload that is asked for while the configuration is being read, which can take
 * seconds, waits until that is done. It would be the end otherwise; TERM and INT may.
 */
static void hold_reloads(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int open_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals < 0 ? -errno : 0;
}

static void take_signals(struct daemon *d)
{
	struct signalfd_siginfo si;
	bool hup = false;

	while (read(d->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			hup = true;
		else
			d->stop = true;
	}
	if (hup && !d->stop)
		reload(d);
}

/* ---- the loop ---- */

static int timeout_ms(const struct daemon *d)
{
	uint64_t now = clock_ms(), when = next_pass(d);

	if (d->watchdog_at < when)
		when = d->watchdog_at;
	if (has_news(d) && d->tell_at < when)
		when = d->tell_at;
	if (when == CLOCK_NEVER)
		return -1;
	if (when <= now)
		return 0;
	return when - now > INT_MAX ? INT_MAX : (int)(when - now);
}

enum { POLL_SIGNALS, POLL_EVENTS, POLL_WATCH, POLL_FDS = POLL_WATCH + WATCH_FDS };

static int turn(struct daemon *d)
{
	struct pollfd p[POLL_FDS];
	enum sync_scope scope;

	p[POLL_SIGNALS] = (struct pollfd){ .fd = d->signals, .events = POLLIN };
	p[POLL_EVENTS] = (struct pollfd){ .fd = sync_events_fd(&d->sync), .events = POLLIN };
	watch_poll(&d->watch, &p[POLL_WATCH]);

	if (poll(p, POLL_FDS, timeout_ms(d)) < 0) {
		if (errno == EINTR)
			return 0;
		log_error("poll: %s", strerror(errno));
		return -errno;
	}
	if (watch_changed(&d->watch, &p[POLL_WATCH]))
		request(d, SYNC_NAMES, 0);
	if (p[POLL_EVENTS].revents && sync_events(&d->sync, &scope))
		request(d, scope, 0);
	if (p[POLL_SIGNALS].revents)
		take_signals(d);
	keep_alive(d);
	if (!d->stop)
		run_due(d);
	tell_status(d);
	return 0;
}

static void warn_of_propagation(void)
{
	if (propagation_check(SELECT_NETNS_DIR) == PROPAGATION_NO)
		log_warning("mounts and unmounts of the host below %s do not reach this process: names that come later are not seen, and deleted namespaces stay alive while it runs (give the service no private /run)",
			    SELECT_NETNS_DIR);
}

static int open_module(struct daemon *d)
{
	struct err e = { 0 };

	if (!sync_open(&d->sync, &e))
		return 0;
	log_error("%s%s", e.text, d->config->backend == CONFIG_BACKEND_AUTO &&
		  e.exit == EXIT_UNREACHABLE ?
		  "; backend = auto has no other backend in this version" : "");
	return e.exit ? e.exit : EXIT_UNREACHABLE;
}

static int loop(struct daemon *d)
{
	struct err e = { 0 };
	int i;

	for (i = 0; i < SYNC_SCOPES; i++)
		d->due[i] = CLOCK_NEVER;
	request(d, SYNC_FENCES, 0);
	request(d, SYNC_MODULE, clock_ms() + RESYNC_MS);
	d->ready_by = clock_ms() + READY_MS;
	d->watchdog_ms = notify_watchdog_ms();
	d->watchdog_at = d->watchdog_ms ? 0 : CLOCK_NEVER;
	d->sync.alive = keep_alive;
	d->sync.alive_data = d;

	warn_of_propagation();
	if (runtime_write_version(&d->runtime, &e))
		log_warning("%s", e.text);
	while (!d->stop)
		if (turn(d))
			return EXIT_REFUSED;
	notify_stopping();
	log_info("stopped; fences stay");
	return EXIT_DONE;
}

int daemon_run(const struct daemon_options *opt)
{
	struct daemon d = { .opt = opt, .signals = -1 };
	struct err e = { 0 };
	int ret = EXIT_REFUSED;

	hold_reloads();
	d.config = load(opt->config, d.reload_error, sizeof(d.reload_error));
	if (!d.config) {
		log_error("not started: the configuration has errors; fences that are up stay up");
		return EXIT_REFUSED;
	}
	if (runtime_open(&d.runtime, &e)) {
		log_error("%s", e.text);
		goto out_config;
	}
	if (open_signals(&d)) {
		log_error("cannot receive signals: %s", strerror(errno));
		goto out_runtime;
	}
	/* Before the first look at the names, so that none is missed. */
	if (watch_open(&d.watch, SELECT_NETNS_DIR, &e)) {
		log_error("%s", e.text);
		goto out_signals;
	}
	if (sync_configure(&d.sync, d.config)) {
		log_error("out of memory");
		goto out_watch;
	}
	ret = open_module(&d);
	if (!ret)
		ret = loop(&d);
	sync_close(&d.sync);
out_watch:
	watch_close(&d.watch);
out_signals:
	close(d.signals);
out_runtime:
	runtime_close(&d.runtime);
out_config:
	release(d.config);
	return ret;
}
