/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon_parts: what daemon.c, the loop, and the other daemon_*.c share.
 *
 *   daemon.c           signals, deadlines, passes
 *   daemon_status.c    what the service manager is told
 *   daemon_config.c    loading and reloading
 *   daemon_trial.c     apply, confirm, and going back
 *   daemon_control.c   what nsfence asks
 *
 * One thread, so no locks; struct daemon lives as long as daemon_run().
 */
#ifndef NSF_DAEMON_PARTS_H
#define NSF_DAEMON_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config.h"
#include "control.h"
#include "daemon.h"
#include "good.h"
#include "runtime.h"
#include "sync.h"
#include "watch.h"

struct daemon {
	const struct daemon_options *opt;
	struct config *config;		/* in force */
	time_t loaded;			/* when that was loaded */
	struct sync sync;
	struct watch watch;
	struct runtime runtime;
	struct good good;
	struct control *control;	/* NULL: it could not be made */
	int signals;
	bool stop;
	bool ready;			/* the first pass is done */
	bool ready_due;			/* READY=1 is to be sent */
	bool reload_failed;		/* the files are not what is in force */
	char reload_error[200];		/* the first of the errors */
	uint64_t due[SYNC_SCOPES];	/* when a pass of that scope is */
	uint64_t not_before;		/* any pass */
	uint64_t passes;		/* begun until now */
	uint64_t watchdog_at;
	uint64_t watchdog_ms;
	struct sync_summary summary;	/* of the last pass */
	bool complete;			/* that one was */
	bool settling;			/* it failed where that passes soon */
	uint64_t ready_by;
	char status[512];
	char told[512];			/* the status as last sent */
	uint64_t tell_at;		/* not before */

	/* Of `apply`. The text in good/ is that of ->config, or while on trial ->before. */
	bool has_good;
	struct config *before;		/* to go back to; NULL: nothing is on trial */
	uint64_t trial_until;		/* CLOCK_NEVER */
	time_t trial_ends;		/* the same, for people */
	struct good_trial trial;
	bool gone_back;			/* in force is not what the files say, for want of a confirm */
	uint64_t take_over_until;	/* passes take over fences by hand; 0: they do not */
};

/* ---- daemon.c ---- */

/* A pass of that scope is due at @when (clock.h). */
void daemon_request(struct daemon *d, enum sync_scope scope, uint64_t when);
/* Now. What it found is in @d. */
void daemon_pass(struct daemon *d, enum sync_scope scope);

/* ---- daemon_status.c ---- */

/* One sentence about the last pass, and what else is not as it should be. */
void daemon_format_status(const struct daemon *d, char *buf, size_t size);
/* About the last pass only: "2 of 3 configured namespaces fenced, 1 not there". */
void daemon_format_fences(const struct daemon *d, char *buf, size_t size);
/* "12:34:56", or with the day if it is another one, in local time. */
void daemon_format_time(time_t when, char buf[32]);

/* ---- daemon_config.c ---- */

/* What was read from files: both NULL, or a configuration and perhaps its text. */
struct daemon_loaded {
	struct config *config;
	struct good_text *text;		/* NULL: there is none to keep */
};

/* Whom the errors and warnings of loading are told, besides or instead of the log. */
struct daemon_audience {
	struct control_conn *conn;	/* or NULL */
	bool log;
	bool told;			/* set: there were errors, and @conn has them */
	char first[200];		/* set: the first, or why there was nothing to load */
};

/* From the configured path. 0, or -EINVAL with everything told. */
int daemon_load(struct daemon *d, struct daemon_loaded *out, struct daemon_audience *to);
void daemon_unload(struct daemon_loaded *l);
/* Before the first pass: what is to be in force. 0 or -EINVAL. */
int daemon_load_first(struct daemon *d);
/*
 * Brings @l in force, and does not pass yet; takes over ->config and leaves what was
 * in force in *@before (or frees it where that is NULL). -EINVAL and what is wrong in
 * to->first, with nothing changed.
 */
int daemon_put_in_force(struct daemon *d, struct daemon_loaded *l, struct config **before,
			struct daemon_audience *to);
/* The text of what is in force is good, and nothing is refused any more. */
void daemon_keep(struct daemon *d, const struct good_text *text);
/* SIGHUP, or `nsfence reload`. 0, or -EBUSY, -EINVAL with what to say in @to. */
int daemon_reload(struct daemon *d, struct daemon_audience *to);
/* The files cannot be loaded, which the status is to say. */
void daemon_not_loaded(struct daemon *d, const struct daemon_audience *to);
void daemon_release(struct config *c);

/* ---- daemon_trial.c ---- */

/* As daemon_reload(), and fences by hand are taken over. @confirm_s: 0, no trial. */
int daemon_apply(struct daemon *d, unsigned int confirm_s, struct daemon_audience *to);
int daemon_confirm(struct daemon *d, struct err *e);
/* If its time has come. */
void daemon_go_back(struct daemon *d);
/* After the pass that gave @r: fences by hand that it took over, or that can be put back. */
void daemon_note_taken(struct daemon *d, const struct sync_result *r);
/* What was to be taken over is. */
void daemon_settled(struct daemon *d);
/* Where the last daemon did not come to it. After sync_open(), before the first pass. */
void daemon_put_back(struct daemon *d);

/* ---- daemon_control.c ---- */

/* That it cannot is said in the log, and is no reason not to fence. */
void daemon_open_control(struct daemon *d);
/* After each pass: whoever waited for what it did. */
void daemon_answer(struct daemon *d);
/* A line for people. @conn may be NULL. */
void daemon_tell(struct control_conn *conn, const char *text);

#endif /* NSF_DAEMON_PARTS_H */
