// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What nsfence asks, and what the daemon answers. See daemon_parts.h, control.h.
 *
 * status, plan and confirm are answered at once. apply, reload and wait are answered
 * after a pass that did what was asked, or when their time is over; who waits is
 * only a connection without an answer, so that one which goes away leaves nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "daemon_parts.h"
#include "log.h"
#include "utf8.h"

/* So long apply and reload wait for what passes by itself. */
#define SETTLE_MS	5000

void daemon_tell(struct control_conn *conn, const char *text)
{
	if (conn)
		control_line(conn, json_pack("{s:o}", "line", control_text(text)));
}

static json_t *text_or_null(const char *s)
{
	return s[0] ? control_text(s) : json_null();
}

/* ---- status ---- */

static json_t *status_json(const struct sync_status *st)
{
	uint64_t now = clock_ms();

	return json_pack("{s:o, s:I, s:s, s:o, s:I, s:o, s:o, s:o}",
			 "netns", control_text(st->label), "inode", (json_int_t)st->inode,
			 "state", sync_state_name(st->state), "policy", control_text(st->policy),
			 "age", (json_int_t)(now > st->since ? (now - st->since) / 1000 : 0),
			 "source", control_text(st->source), "reason", control_text(st->reason),
			 "names", control_text(st->names));
}

static bool is_bad(const struct sync_status *st)
{
	return st->state == SYNC_FAILED || st->state == SYNC_CONFLICT;
}

static json_t *limits_json(const struct daemon *d)
{
	const char *const *limit = d->sync.backend ? backend_limits(d->sync.backend) : NULL;
	json_t *array = json_array();

	for (; limit && *limit; limit++)
		json_array_append_new(array, control_text(*limit));
	return array;
}

static json_t *config_json(const struct daemon *d)
{
	return json_pack("{s:o, s:I, s:o, s:o, s:b}",
			 "path", control_text(d->opt->config), "loaded", (json_int_t)d->loaded,
			 "failed", d->reload_failed ? control_text(d->reload_error) : json_null(),
			 "unconfirmed-until",
			 d->before ? json_integer((json_int_t)d->trial_ends) : json_null(),
			 "gone-back", d->gone_back);
}

static void answer_status(struct daemon *d, struct control_conn *c)
{
	const char *birth = d->config->birth.policy;
	const struct sync_status *v;
	/* Of the failed, some are no namespace: a policy, birth, the backend. */
	bool bad = d->reload_failed || d->gone_back || !d->complete || d->summary.failed;
	size_t i, n = sync_statuses(&d->sync, &v);
	char fences[512];

	for (i = 0; i < n; i++) {
		bad = bad || is_bad(&v[i]);
		control_line(c, json_pack("{s:o}", "status", status_json(&v[i])));
	}
	daemon_format_fences(d, fences, sizeof(fences));
	control_done(c, bad ? EXIT_REFUSED : EXIT_DONE,
		     json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}",
			       "backend", d->sync.backend ? control_text(backend_name(d->sync.kind)) :
			       json_null(), "limits", limits_json(d), "configuration", config_json(d),
			       "birth", birth ? birth : "none",
			       "birth-problem", text_or_null(d->sync.birth_problem),
			       "fences", control_text(fences)));
}

/* ---- plan ---- */

static const char *const verbs[] = {
	[SYNC_DO_ATTACH] = "attach",
	[SYNC_DO_REPLACE] = "replace",
	[SYNC_DO_DETACH] = "detach",
	[SYNC_DO_TAKE_OVER] = "take-over",
	[SYNC_DO_POLICY_SET] = "policy-set",
	[SYNC_DO_POLICY_DELETE] = "policy-delete",
	[SYNC_DO_BIRTH] = "birth",
	[SYNC_DO_BACKEND] = "backend",
	[SYNC_CANNOT] = "cannot",
};

static json_t *change_json(const struct sync_change *ch)
{
	return json_pack("{s:{s:s, s:o, s:I, s:o, s:o, s:o}}", "change", "do", verbs[ch->verb],
			 "name", control_text(ch->label), "inode", (json_int_t)ch->inode,
			 "policy", control_text(ch->policy), "source", control_text(ch->source),
			 "detail", control_text(ch->detail));
}

static void answer_plan(struct daemon *d, struct control_conn *c)
{
	struct daemon_audience to = { .conn = c };
	struct sync_preview p = { .n = 0 };
	struct err e = { 0 };
	struct daemon_loaded l;
	size_t i;

	if (daemon_load(d, &l, &to)) {
		control_refuse(c, EXIT_REFUSED, "the configuration has errors");
		return;
	}
	if (sync_preview(&d->sync, l.config, &p, &e)) {
		control_refuse(c, e.exit, "%s", e.text);
	} else {
		for (i = 0; i < p.n; i++)
			control_line(c, change_json(&p.v[i]));
		/* What is more than the changes cannot be done. */
		control_done(c, p.n_changes ? EXIT_DRIFT : p.n ? EXIT_REFUSED : EXIT_DONE,
			     json_pack("{s:I}", "changes", (json_int_t)p.n_changes));
	}
	sync_preview_clean(&p);
	daemon_unload(&l);
}

/* ---- apply, reload ---- */

static void answer_applied(struct daemon *d, struct control_conn *c)
{
	const struct sync_status *v;
	size_t i, n = sync_statuses(&d->sync, &v);
	bool bad = !d->complete;
	char fences[512];

	for (i = 0; i < n; i++) {
		if (!is_bad(&v[i]) && v[i].state != SYNC_UNAPPLIED)
			continue;
		bad = true;
		control_line(c, json_pack("{s:o}", "failed", status_json(&v[i])));
	}
	/* What is no namespace: a policy, birth, the backend. */
	bad = bad || d->summary.failed;
	daemon_format_fences(d, fences, sizeof(fences));
	control_done(c, bad ? EXIT_REFUSED : EXIT_DONE,
		     json_pack("{s:o, s:o}", "fences", control_text(fences), "unconfirmed-until",
			       d->before ? json_integer((json_int_t)d->trial_ends) : json_null()));
}

/* A conflict does not pass; neither does what only a change of the files can mend. */
static bool may_pass(const struct daemon *d)
{
	const struct sync_status *v;
	size_t i, n = sync_statuses(&d->sync, &v);

	if (!d->complete || d->settling)
		return true;
	for (i = 0; i < n; i++)
		if (v[i].state == SYNC_FAILED || v[i].state == SYNC_UNAPPLIED)
			return true;
	return false;
}

static void change(struct daemon *d, struct control_conn *c)
{
	const struct control_request *r = control_request_of(c);
	struct daemon_audience to = { .conn = c, .log = true };
	bool apply = r->cmd == CONTROL_APPLY;
	int ret = apply ? daemon_apply(d, r->confirm_s, &to) : daemon_reload(d, &to);

	/* The pass in that has answered, or there will be another one. */
	if (!ret)
		control_expire(c, clock_ms() + SETTLE_MS);
	else if (to.told)
		control_refuse(c, EXIT_REFUSED, "the configuration is not %s, the old one stays in force",
			       apply ? "applied" : "loaded");
	else
		control_refuse(c, EXIT_REFUSED, "%s", to.first);
}

static void answer_confirm(struct daemon *d, struct control_conn *c)
{
	struct err e = { 0 };

	if (daemon_confirm(d, &e))
		control_refuse(c, e.exit, "%s", e.text);
	else
		control_done(c, EXIT_DONE, NULL);
}

/* ---- wait ---- */

static const enum config_kind kinds[CONTROL_KINDS] = {
	[CONTROL_NETNS] = CONFIG_NETNS,
	[CONTROL_PATH] = CONFIG_PATH,
	[CONTROL_PID] = CONFIG_PID,
	[CONTROL_INODE] = CONFIG_INODE,
};

/* The last pass may have been before what is asked for, so there is another one. */
static void begin_wait(struct daemon *d, struct control_conn *c)
{
	const struct control_request *r = control_request_of(c);
	enum sync_scope scope;

	*control_mark(c) = d->passes + 1;
	control_expire(c, r->timeout_s ? clock_ms() + r->timeout_s * 1000ULL : CLOCK_NEVER);
	/*
	 * A name that came back with the same number looks as it did. But the kernel has
	 * told of the death before that, and so before this request.
	 */
	if (d->sync.backend && sync_events(&d->sync, &scope))
		daemon_request(d, scope, 0);
	daemon_request(d, SYNC_NAMES, 0);
}

static enum sync_found look(struct daemon *d, const struct control_request *r,
			    const struct sync_status **st)
{
	*st = NULL;
	return sync_lookup(&d->sync, kinds[r->kind], r->name, st);
}

static void what(const struct control_request *r, char *buf, size_t size)
{
	if (r->kind == CONTROL_PID)
		snprintf(buf, size, "process %u", r->number);
	else if (r->kind == CONTROL_INODE)
		snprintf(buf, size, "inode %u", r->number);
	else
		snprintf(buf, size, "%.*s", (int)utf8_cut(r->name, size - 1), r->name);
}

static void answer_wait(struct daemon *d, struct control_conn *c)
{
	const struct control_request *r = control_request_of(c);
	const struct sync_status *st;
	enum sync_found found = look(d, r, &st);
	char name[300];

	what(r, name, sizeof(name));
	if (found == SYNC_UNCLAIMED) {
		control_refuse(c, EXIT_NOT_FOUND, "%s: no section of the configuration claims it", name);
		return;
	}
	if (!st)
		return;
	switch (st->state) {
	case SYNC_ENFORCING:
	case SYNC_AUDIT:
	case SYNC_EXEMPT:
		if (found == SYNC_FOUND)
			control_done(c, EXIT_DONE, json_pack("{s:o}", "status", status_json(st)));
		break;
	case SYNC_CONFLICT:
	case SYNC_MANUAL:
	case SYNC_ENDED:
		control_refuse(c, EXIT_REFUSED, "%s is not fenced as configured: %s%s%s", name,
			       sync_state_name(st->state), st->reason[0] ? ": " : "", st->reason);
		break;
	default:	/* there will be another pass */
		break;
	}
}

static void wait_is_over(struct daemon *d, struct control_conn *c)
{
	const struct control_request *r = control_request_of(c);
	const struct sync_status *st;
	const char *why = d->summary.problem;
	char name[300];

	what(r, name, sizeof(name));
	look(d, r, &st);
	if (st)
		why = st->reason[0] ? st->reason : sync_state_name(st->state);
	else if (d->complete)
		why = "it is not there";
	control_refuse(c, EXIT_REFUSED, "%s is not fenced as configured after %u s: %s", name,
		       r->timeout_s, why);
}

/* ---- all of them ---- */

void daemon_answer(struct daemon *d)
{
	const struct control_request *r;
	struct control_conn *c;
	bool settled = !may_pass(d);

	if (settled || (d->take_over_until && clock_ms() >= d->take_over_until))
		daemon_settled(d);
	for (c = control_next(d->control, NULL); c; c = control_next(d->control, c)) {
		r = control_request_of(c);
		if (r->cmd == CONTROL_WAIT) {
			if (d->complete && d->passes >= *control_mark(c))
				answer_wait(d, c);
		} else if (settled) {
			answer_applied(d, c);
		}
	}
}

static void on_request(void *data, struct control_conn *c)
{
	struct daemon *d = data;

	switch (control_request_of(c)->cmd) {
	case CONTROL_STATUS:
		answer_status(d, c);
		break;
	case CONTROL_PLAN:
		answer_plan(d, c);
		break;
	case CONTROL_CONFIRM:
		answer_confirm(d, c);
		break;
	case CONTROL_WAIT:
		begin_wait(d, c);
		break;
	default:
		change(d, c);
	}
}

static void on_expired(void *data, struct control_conn *c)
{
	struct daemon *d = data;

	if (control_request_of(c)->cmd == CONTROL_WAIT)
		wait_is_over(d, c);
	else
		answer_applied(d, c);
	if (d->take_over_until && clock_ms() >= d->take_over_until)
		daemon_settled(d);
}

void daemon_open_control(struct daemon *d)
{
	static struct control_handlers handlers = {
		.request = on_request,
		.expired = on_expired,
	};
	struct err e = { 0 };

	handlers.data = d;
	if (control_open(&d->control, CONTROL_SOCKET, &handlers, &e))
		log_warning("%s: nsfence status, plan, apply and wait will not work", e.text);
}
