// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's state in a sentence. See daemon_parts.h. */
#include <stdio.h>
#include <string.h>

#include "daemon_parts.h"
#include "utf8.h"

void daemon_format_time(time_t when, char buf[32])
{
	struct tm tm, today;
	time_t now = time(NULL);

	localtime_r(&when, &tm);
	localtime_r(&now, &today);
	strftime(buf, 32, tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year ?
		 "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
}

static void write_fences(FILE *f, const struct daemon *d)
{
	const struct sync_summary *s = &d->summary;

	if (!d->passes) {
		fputs("starting", f);
		return;
	}
	if (!d->complete) {
		fprintf(f, "degraded: %s; fences that are up stay up", s->problem);
		return;
	}
	fprintf(f, "%s%zu of %zu configured namespaces fenced", s->failed ? "degraded: " : "",
		s->fenced, s->configured);
	if (s->absent)
		fprintf(f, ", %zu not there", s->absent);
	if (s->pending)
		fprintf(f, ", %zu not a mount", s->pending);
	if (s->unknown)
		fprintf(f, ", %zu not known yet", s->unknown);
	if (s->ended)
		fprintf(f, ", %zu ended", s->ended);
	if (s->manual)
		fprintf(f, ", %zu fenced by hand", s->manual);
	if (s->failed)
		fprintf(f, ", %zu failed (%s)", s->failed,
			s->problem[0] ? s->problem : "being retried");
	if (s->nameless)
		fprintf(f, "; %zu more without a name", s->nameless);
}

static void write_config(FILE *f, const struct daemon *d)
{
	char until[32];

	if (d->before) {
		daemon_format_time(d->trial_ends, until);
		fprintf(f, "unconfirmed: goes back at %s without nsfence confirm; ", until);
	}
	if (d->reload_failed)
		fprintf(f, "FAILED: configuration not loaded%s%.*s%s, the old one stays in force; ",
			d->reload_error[0] ? " (" : "",
			(int)utf8_cut(d->reload_error, sizeof(d->reload_error) - 1),
			d->reload_error, d->reload_error[0] ? ")" : "");
	else if (d->gone_back)
		fputs("FAILED: what was applied was not confirmed, the configuration before it is in force; ",
		      f);
}

/* A newline would begin another message; what is not UTF-8 is refused. */
static void format(const struct daemon *d, bool config, char *buf, size_t size)
{
	FILE *f = fmemopen(buf, size, "w");

	buf[0] = 0;
	if (!f)
		return;
	if (config)
		write_config(f, d);
	write_fences(f, d);
	fclose(f);
	buf[size - 1] = 0;
	buf[utf8_cut(buf, size - 4)] = 0;	/* not within the last character */
	utf8_clean(buf);
}

void daemon_format_status(const struct daemon *d, char *buf, size_t size)
{
	format(d, true, buf, size);
}

void daemon_format_fences(const struct daemon *d, char *buf, size_t size)
{
	format(d, false, buf, size);
}
