// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The main processes of units. See units.h.
 *
 * One descriptor for the poller: an epoll with the bus, whose wishes change with
 * each message, and a timer for its timeouts and for the next attempt to connect.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "units.h"

#define SYSTEMD		"org.freedesktop.systemd1"
#define MANAGER_PATH	"/org/freedesktop/systemd1"
#define UNIT_PATH	MANAGER_PATH "/unit"
#define PROPERTIES	"org.freedesktop.DBus.Properties"
#define ANSWER_US	1000000		/* how long an answer may take */
#define AGAIN_FIRST_MS	250		/* until the bus, or a unit, is tried again */
#define AGAIN_LAST_MS	30000
#define MESSAGES	1000		/* in one turn: others want one, too */
#define TRIES		8		/* of one unit whose process keeps changing */

#define REASON_NO_BUS	"there is no connection to systemd over D-Bus"
#define REASON_SILENT	"systemd does not answer over D-Bus"

const char units_reason_asked[] = "systemd was asked and has not answered yet";

struct unit {
	struct units *units;
	char *name;
	struct unit_process now;
	sd_bus_slot *call;		/* under way; or NULL */
	struct select_process seen;	/* of the first of two answers; pid 0: none */
	unsigned int tries;
	bool again;			/* it changed while it was asked for */
	bool silent;			/* it did not answer: ask later */
	bool kept;			/* while the list is made anew */
};

struct units {
	int epoll, timer;
	struct unit **v;		/* sorted by name */
	size_t n;
	sd_bus *bus;
	uint64_t again_at;		/* clock_ms(): connect, or ask who was silent */
	unsigned int again_ms;
	bool changed;
	bool failed;			/* logged */
};

static void ask(struct unit *unit);

/* ---- the list ---- */

static int by_name(const void *key, const void *entry)
{
	return strcmp(key, (*(struct unit *const *)entry)->name);
}

static struct unit *find(const struct units *u, const char *name)
{
	struct unit **found = u->n ? bsearch(name, u->v, u->n, sizeof(*u->v), by_name) : NULL;

	return found ? *found : NULL;
}

static void unit_free(struct unit *unit)
{
	if (!unit)
		return;
	sd_bus_slot_unref(unit->call);
	free(unit->name);
	free(unit);
}

static void set_state(struct unit *unit, enum unit_state state, const char *reason)
{
	struct unit_process new = { .state = state, .reason = reason };

	if (state == UNIT_RUNNING)
		new.process = unit->seen;
	if (new.state != unit->now.state || new.process.pid != unit->now.process.pid ||
	    new.process.start != unit->now.process.start || new.reason != unit->now.reason)
		unit->units->changed = true;
	unit->now = new;
}

static void plan_again(struct units *u)
{
	if (u->again_at != CLOCK_NEVER)
		return;
	u->again_ms = !u->again_ms ? AGAIN_FIRST_MS :
		      u->again_ms * 2 < AGAIN_LAST_MS ? u->again_ms * 2 : AGAIN_LAST_MS;
	u->again_at = clock_ms() + u->again_ms;
}

/* ---- asking ---- */

/*
 * What is known of a process stays known: it is checked before each use, by
 * the time of its beginning.
 */
static void unanswered(struct unit *unit, const char *reason)
{
	unit->silent = true;
	if (unit->now.state == UNIT_UNKNOWN)
		set_state(unit, UNIT_UNKNOWN, reason);
	plan_again(unit->units);
}

static bool is_silence(const sd_bus_error *e)
{
	return sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_TIMEOUT) ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_DISCONNECTED) ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_ACCESS_DENIED);
}

static void get(struct unit *unit, const char *interface, const char *property,
		sd_bus_message_handler_t then)
{
	sd_bus_message *m = NULL;
	char *path = NULL;
	int ret;

	ret = sd_bus_path_encode(UNIT_PATH, unit->name, &path);
	if (ret >= 0)
		ret = sd_bus_message_new_method_call(unit->units->bus, &m, SYSTEMD, path,
						     PROPERTIES, "Get");
	if (ret >= 0)
		ret = sd_bus_message_append(m, "ss", interface, property);
	if (ret >= 0)
		ret = sd_bus_call_async(unit->units->bus, &unit->call, m, then, unit, ANSWER_US);
	if (ret < 0)
		unanswered(unit, REASON_NO_BUS);
	sd_bus_message_unref(m);
	free(path);
}

/* The end of one question; another may be due. */
static void settled(struct unit *unit, enum unit_state state, const char *reason)
{
	unit->silent = false;
	set_state(unit, state, reason);
	unit->seen.pid = 0;
	unit->tries = 0;
	if (unit->again)
		ask(unit);
}

static int on_load_state(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct unit *unit = data;
	const char *state = "";

	(void)error;
	unit->call = sd_bus_slot_unref(unit->call);
	if (!sd_bus_message_is_method_error(m, NULL) &&
	    sd_bus_message_read(m, "v", "s", &state) < 0)
		state = "";
	settled(unit, !strcmp(state, "not-found") ? UNIT_ABSENT : UNIT_STOPPED, NULL);
	return 0;
}

static int on_main_pid(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct unit *unit = data;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	uint32_t pid = 0;

	(void)error;
	unit->call = sd_bus_slot_unref(unit->call);
	if (e && is_silence(e)) {
		unit->seen.pid = 0;
		unanswered(unit, REASON_SILENT);
		return 0;
	}
	if (e || sd_bus_message_read(m, "v", "u", &pid) < 0) {
		settled(unit, UNIT_ABSENT, NULL);
		return 0;
	}
	unit->units->again_ms = 0;	/* it speaks */
	if (!pid) {
		get(unit, SYSTEMD ".Unit", "LoadState", on_load_state);
		return 0;
	}
	if (unit->seen.pid && (uint32_t)unit->seen.pid == pid) {
		/* Asked for the second time, after we had seen the process. */
		settled(unit, UNIT_RUNNING, NULL);
		return 0;
	}
	if (select_process((pid_t)pid, &unit->seen, NULL))
		unit->seen.pid = 0;	/* it has ended, and systemd does not know yet */
	if (++unit->tries > TRIES) {
		unit->tries = 0;
		unanswered(unit, "its main process keeps changing");
		return 0;
	}
	get(unit, SYSTEMD ".Service", "MainPID", on_main_pid);
	return 0;
}

static void ask(struct unit *unit)
{
	unit->again = unit->call;
	if (unit->call)
		return;
	unit->seen.pid = 0;
	get(unit, SYSTEMD ".Service", "MainPID", on_main_pid);
}

static void ask_all(struct units *u)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		ask(u->v[i]);
}

/* ---- the bus ---- */

static int on_changed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct units *u = data;
	const char *path = sd_bus_message_get_path(m);
	struct unit *unit;
	char *name = NULL;

	(void)error;
	if (path && sd_bus_path_decode(path, UNIT_PATH, &name) > 0) {
		unit = find(u, name);
		if (unit)
			ask(unit);
	}
	free(name);
	return 0;
}

static int subscribe(struct units *u)
{
	return sd_bus_call_method_async(u->bus, NULL, SYSTEMD, MANAGER_PATH, SYSTEMD ".Manager",
					"Subscribe", NULL, NULL, "");
}

/* systemd is there again, be it another one. */
static int on_owner(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *name, *before, *now;
	struct units *u = data;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &before, &now) >= 0 && *now) {
		subscribe(u);
		ask_all(u);
	}
	return 0;
}

static void disconnect(struct units *u)
{
	size_t i;

	for (i = 0; i < u->n; i++) {
		u->v[i]->call = sd_bus_slot_unref(u->v[i]->call);
		u->v[i]->again = false;
		u->v[i]->seen.pid = 0;
	}
	if (u->bus) {
		epoll_ctl(u->epoll, EPOLL_CTL_DEL, sd_bus_get_fd(u->bus), NULL);
		sd_bus_close(u->bus);
		sd_bus_unref(u->bus);
	}
	u->bus = NULL;
}

static void no_bus(struct units *u, int errnum)
{
	size_t i;

	if (!u->failed)
		log_warning("units: %s: %s; trying again", REASON_NO_BUS, strerror(errnum));
	u->failed = true;
	disconnect(u);
	for (i = 0; i < u->n; i++)
		unanswered(u->v[i], REASON_NO_BUS);
	plan_again(u);
}

static void connect_bus(struct units *u)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ret;

	ret = sd_bus_open_system(&u->bus);
	if (ret >= 0)
		ret = sd_bus_add_match_async(u->bus, NULL,
			"type='signal',sender='" SYSTEMD "',interface='" PROPERTIES "',"
			"member='PropertiesChanged',path_namespace='" UNIT_PATH "',"
			"arg0='" SYSTEMD ".Service'", on_changed, NULL, u);
	if (ret >= 0)
		ret = sd_bus_add_match_async(u->bus, NULL,
			"type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
			"interface='org.freedesktop.DBus',member='NameOwnerChanged',"
			"arg0='" SYSTEMD "'", on_owner, NULL, u);
	if (ret >= 0)
		ret = subscribe(u);
	if (ret >= 0)
		ret = epoll_ctl(u->epoll, EPOLL_CTL_ADD, sd_bus_get_fd(u->bus), &ev) ? -errno : 0;
	if (ret < 0) {
		no_bus(u, -ret);
		return;
	}
	ask_all(u);
}

/* What the epoll waits for, as the bus now wishes. */
static void rearm(struct units *u)
{
	struct itimerspec at = { 0 };
	struct epoll_event ev = { 0 };
	uint64_t us = UINT64_MAX, timeout;
	int events;

	if (u->bus) {
		events = sd_bus_get_events(u->bus);
		ev.events = (events > 0 ? (uint32_t)events : 0) | EPOLLIN;
		epoll_ctl(u->epoll, EPOLL_CTL_MOD, sd_bus_get_fd(u->bus), &ev);
		if (sd_bus_get_timeout(u->bus, &timeout) > 0)
			us = timeout;
	}
	if (u->again_at != CLOCK_NEVER && u->again_at * 1000 < us)
		us = u->again_at * 1000;
	if (us != UINT64_MAX) {
		us = us ? us : 1;	/* 0 would disarm it */
		at.it_value.tv_sec = us / 1000000;
		at.it_value.tv_nsec = us % 1000000 * 1000;
	}
	timerfd_settime(u->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void try_again(struct units *u)
{
	size_t i;

	if (clock_ms() < u->again_at)
		return;
	u->again_at = CLOCK_NEVER;
	if (!u->n)
		return;
	if (!u->bus) {
		connect_bus(u);
		return;
	}
	for (i = 0; i < u->n; i++)
		if (u->v[i]->silent)
			ask(u->v[i]);
}

bool units_turn(struct units *u)
{
	uint64_t junk;
	bool changed;
	int i, ret = 1;

	if (read(u->timer, &junk, sizeof(junk)) < 0)
		junk = 0;
	for (i = 0; u->bus && ret > 0 && i < MESSAGES; i++)
		ret = sd_bus_process(u->bus, NULL);
	if (u->bus && ret < 0) {
		no_bus(u, -ret);
	} else if (u->bus && u->failed && sd_bus_is_ready(u->bus) > 0) {
		log_info("units: connected to systemd again");
		u->failed = false;
	}
	try_again(u);
	rearm(u);
	changed = u->changed;
	u->changed = false;
	return changed;
}

/* ---- in all ---- */

struct units *units_open(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct units *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->again_at = CLOCK_NEVER;
	u->epoll = epoll_create1(EPOLL_CLOEXEC);
	u->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (u->epoll < 0 || u->timer < 0 || epoll_ctl(u->epoll, EPOLL_CTL_ADD, u->timer, &ev)) {
		units_close(u);
		return NULL;
	}
	return u;
}

void units_close(struct units *u)
{
	size_t i;

	if (!u)
		return;
	disconnect(u);
	for (i = 0; i < u->n; i++)
		unit_free(u->v[i]);
	free(u->v);
	if (u->epoll >= 0)
		close(u->epoll);
	if (u->timer >= 0)
		close(u->timer);
	free(u);
}

static struct unit *make_unit(struct units *u, const char *name)
{
	struct unit *unit = calloc(1, sizeof(*unit));

	if (!unit)
		return NULL;
	unit->units = u;
	unit->now.reason = units_reason_asked;
	unit->name = strdup(name);
	if (!unit->name) {
		free(unit);
		return NULL;
	}
	return unit;
}

static int by_unit(const void *a, const void *b)
{
	return strcmp((*(struct unit *const *)a)->name, (*(struct unit *const *)b)->name);
}

/* Takes the place of the list; those that are not in @v go. */
static void replace_units(struct units *u, struct unit **v, size_t n)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		if (!u->v[i]->kept)
			unit_free(u->v[i]);
	free(u->v);
	u->v = v;
	u->n = n;
	for (i = 0; i < n; i++)
		v[i]->kept = false;
	if (n)
		qsort(v, n, sizeof(*v), by_unit);
}

int units_want(struct units *u, const char *const *names, size_t n)
{
	struct unit **v = calloc(n + 1, sizeof(struct unit *));
	size_t i;

	for (i = 0; v && i < n; i++) {
		if (find(u, names[i]))
			continue;
		v[i] = make_unit(u, names[i]);
		if (v[i])
			continue;
		while (i--)
			unit_free(v[i]);
		free(v);
		v = NULL;
	}
	if (!v)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (v[i])
			continue;
		v[i] = find(u, names[i]);
		v[i]->kept = true;
	}
	replace_units(u, v, n);

	if (!n) {
		disconnect(u);
		u->again_at = CLOCK_NEVER;
		u->failed = false;
	} else if (!u->bus) {
		u->again_at = 0;
		try_again(u);
	} else {
		for (i = 0; i < n; i++)
			if (u->v[i]->now.state == UNIT_UNKNOWN && !u->v[i]->call)
				ask(u->v[i]);
	}
	rearm(u);
	return 0;
}

struct unit_process units_find(const struct units *u, const char *name)
{
	const struct unit *unit = find(u, name);

	if (unit)
		return unit->now;
	return (struct unit_process){ .state = UNIT_UNKNOWN, .reason = "systemd was not asked yet" };
}

int units_fd(const struct units *u)
{
	return u->epoll;
}
