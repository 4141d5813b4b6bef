// SPDX-License-Identifier: GPL-2.0-or-later
/* The loop of nsfenced. See daemon.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "daemon_parts.h"
#include "log.h"
#include "notify.h"
#include "propagation.h"
#include "select.h"

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

/* ---- status ---- */

static void update_status(struct daemon *d)
{
	daemon_format_status(d, d->status, sizeof(d->status));
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

void daemon_request(struct daemon *d, enum sync_scope scope, uint64_t when)
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

void daemon_pass(struct daemon *d, enum sync_scope scope)
{
	uint64_t begin = clock_ms(), now, gap;
	bool take_over = begin < d->take_over_until;
	struct sync_result r;
	int i;

	for (i = 0; i <= (int)scope; i++)
		d->due[i] = CLOCK_NEVER;
	d->passes++;
	sync_pass(&d->sync, scope | (take_over ? SYNC_TAKE_OVER : 0), &r);
	daemon_note_taken(d, &r);

	now = clock_ms();
	gap = (now - begin) * 4;
	d->not_before = now + (gap < GAP_MIN_MS ? GAP_MIN_MS :
			       gap > GAP_MAX_MS ? GAP_MAX_MS : gap);
	if (scope == SYNC_MODULE)
		daemon_request(d, SYNC_MODULE, now + RESYNC_MS);
	if (r.retry_ms)
		daemon_request(d, r.retry_scope, now + r.retry_ms);
	if (!r.unchanged) {
		d->complete = r.complete;
		d->settling = r.soon;
		d->summary = r.summary;
		update_status(d);
	}
	sync_result_clean(&r);
	daemon_answer(d);
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
		daemon_pass(d, scope);
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
	struct daemon_audience to = { .log = true };
	struct signalfd_siginfo si;
	bool hup = false;

	while (read(d->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			hup = true;
		else
			d->stop = true;
	}
	if (hup && !d->stop)
		daemon_reload(d, &to);
}

/* ---- the loop ---- */

static int timeout_ms(const struct daemon *d)
{
	uint64_t now = clock_ms(), when = next_pass(d), due = control_due(d->control);

	if (due < when)
		when = due;
	if (d->before && d->trial_until < when)
		when = d->trial_until;
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

enum { POLL_SIGNALS, POLL_EVENTS, POLL_WAKE, POLL_CONTROL, POLL_WATCH, POLL_FDS = POLL_WATCH + WATCH_FDS };

static int turn(struct daemon *d)
{
	struct pollfd p[POLL_FDS];
	enum sync_scope scope;

	p[POLL_SIGNALS] = (struct pollfd){ .fd = d->signals, .events = POLLIN };
	p[POLL_EVENTS] = (struct pollfd){ .fd = sync_events_fd(&d->sync), .events = POLLIN };
	p[POLL_WAKE] = (struct pollfd){ .fd = sync_wake_fd(&d->sync), .events = POLLIN };
	p[POLL_CONTROL] = (struct pollfd){ .fd = control_fd(d->control), .events = POLLIN };
	watch_poll(&d->watch, &p[POLL_WATCH]);

	if (poll(p, POLL_FDS, timeout_ms(d)) < 0) {
		if (errno == EINTR)
			return 0;
		log_error("poll: %s", strerror(errno));
		return -errno;
	}
	if (watch_changed(&d->watch, &p[POLL_WATCH]))
		daemon_request(d, SYNC_NAMES, 0);
	if (p[POLL_EVENTS].revents && sync_events(&d->sync, &scope))
		daemon_request(d, scope, 0);
	if (p[POLL_WAKE].revents && sync_wake(&d->sync, &scope))
		daemon_request(d, scope, 0);
	if (p[POLL_SIGNALS].revents)
		take_signals(d);
	keep_alive(d);
	if (!d->stop) {
		control_turn(d->control);
		daemon_go_back(d);
		run_due(d);
	}
	tell_status(d);
	return 0;
}

static void warn_of_propagation(void)
{
	if (propagation_check(SELECT_NETNS_DIR) == PROPAGATION_NO)
		log_warning("mounts and unmounts of the host below %s do not reach this process: names that come later are not seen, and deleted namespaces stay alive while it runs (give the service no private /run)",
			    SELECT_NETNS_DIR);
}

static int open_backend(struct daemon *d)
{
	struct err e = { 0 };

	if (!sync_open(&d->sync, &e))
		return 0;
	log_error("%s", e.text);
	return e.exit ? e.exit : EXIT_UNREACHABLE;
}

static int loop(struct daemon *d)
{
	struct err e = { 0 };
	int i;

	for (i = 0; i < SYNC_SCOPES; i++)
		d->due[i] = CLOCK_NEVER;
	daemon_request(d, SYNC_FENCES, 0);
	daemon_request(d, SYNC_MODULE, clock_ms() + RESYNC_MS);
	d->ready_by = clock_ms() + READY_MS;
	d->watchdog_ms = notify_watchdog_ms();
	d->watchdog_at = d->watchdog_ms ? 0 : CLOCK_NEVER;
	d->sync.alive = keep_alive;
	d->sync.alive_data = d;
	daemon_put_back(d);

	warn_of_propagation();
	if (runtime_write_version(&d->runtime, &e))
		log_warning("%s", e.text);
	daemon_open_control(d);
	while (!d->stop)
		if (turn(d))
			return EXIT_REFUSED;
	notify_stopping();
	log_info("stopped; fences stay");
	return EXIT_DONE;
}

/* Without it fences are made as ever; only nothing can be gone back to. */
static void open_good(struct daemon *d, const char *state)
{
	struct err e = { 0 };

	if (good_open(&d->good, state, &e))
		log_warning("%s; nsfence apply --confirm will be refused", e.text);
}

int daemon_run(const struct daemon_options *opt)
{
	struct daemon d = {
		.opt = opt, .signals = -1, .good.dir = -1, .trial_until = CLOCK_NEVER,
	};
	const char *state = opt->state ? opt->state : GOOD_STATE;
	struct daemon_audience to = { .log = true };
	struct daemon_loaded l;
	char bindings[PATH_MAX];
	struct err e = { 0 };
	int ret = EXIT_REFUSED;

	hold_reloads();
	if (runtime_open(&d.runtime, &e)) {
		/* Whoever tries a configuration beside a running daemon hears of its errors. */
		if (!daemon_load(&d, &l, &to))
			daemon_unload(&l);
		log_error("%s", e.text);
		return EXIT_REFUSED;
	}
	open_good(&d, state);
	if (daemon_load_first(&d)) {
		log_error("not started: the configuration has errors; fences that are up stay up");
		goto out_runtime;
	}
	if (open_signals(&d)) {
		log_error("cannot receive signals: %s", strerror(errno));
		goto out_config;
	}
	/* Before the first look at the names, so that none is missed. */
	if (watch_open(&d.watch, SELECT_NETNS_DIR, &e)) {
		log_error("%s", e.text);
		goto out_signals;
	}
	snprintf(bindings, sizeof(bindings), "%s/bindings", state);
	d.sync.bindings_file = bindings;
	if (sync_configure(&d.sync, d.config)) {
		log_error("out of memory");
		goto out_watch;
	}
	ret = open_backend(&d);
	if (!ret)
		ret = loop(&d);
	control_close(d.control);
	sync_close(&d.sync);
out_watch:
	watch_close(&d.watch);
out_signals:
	close(d.signals);
out_config:
	daemon_release(d.before);
	daemon_release(d.config);
	good_trial_clean(&d.trial);
out_runtime:
	good_close(&d.good);
	runtime_close(&d.runtime);
	return ret;
}
