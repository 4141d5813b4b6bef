// SPDX-License-Identifier: GPL-2.0-or-later
/* case: see case.h. */
#include "case.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"
#include "corpus.h"
#include "judge.h"
#include "observer.h"
#include "quirk.h"
#include "reference.h"
#include "stage.h"

static bool case_says(const char *path, const char *what)
{
	FILE *f = fopen(path, "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, what);
	if (f)
		fclose(f);
	return found;
}

static bool case_packets(const char *path, const struct case_options *o, struct corpus *c)
{
	char own[512];
	bool alone = false;
	int stem = (int)strlen(path) - 4;

	if (stem < 0 || strcmp(path + stem, ".nft")) {
		fprintf(stderr, "oracle: %s: its name does not end in .nft\n", path);
		return false;
	}
	snprintf(own, sizeof(own), "%.*s.packets", stem, path);
	if (!access(own, F_OK) && !corpus_read(c, own, &alone))
		return false;
	if (alone)
		return true;
	if (o->common && !corpus_read(c, o->common, NULL))
		return false;
	corpus_generate(c, o->seed, o->count, path);
	return true;
}

static bool load_observers(const struct reference *r)
{
	FILE *f = popen("nft -f -", "we");

	if (!f)
		return false;
	observer_rules(f, &r->places, r->ct);
	return !pclose(f);
}

/* Observers stand at P - 1 and P + 1: nothing of the policy may be there. */
static bool places_apart(const struct places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		for (size_t k = 0; k < i; k++) {
			long long apart = (long long)places->v[i].priority - places->v[k].priority;

			if (places->v[i].hook == places->v[k].hook && llabs(apart) < 3) {
				printf("# two chains' priorities are too near one another for observers\n");
				return false;
			}
		}
	}
	return true;
}

const char *case_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What a case includes is named from its own directory. */
static bool go_to(const char *path)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%.*s", (int)(case_name(path) - path), path);
	return !*dir || !chdir(dir);
}

/* What is to be seen of a case, apart from differences. */
static bool tally_tells(const char *path, const struct case_options *o, const struct tally *t)
{
	bool one = case_says(path, "# oracle: one verdict");

	printf("# %u packets (%u not sent): %u accepted, %u dropped, %u rejected\n", t->sent,
	       t->unsent, t->accepted, t->dropped, t->rejected);
	if (!o->generated && !(t->accepted + t->dropped + t->rejected)) {
		printf("# no packet came to a chain\n");
		return false;
	}
	if (!o->other && !o->generated && !one && (!t->accepted || !(t->dropped + t->rejected))) {
		printf("# all packets have one verdict: the case shows little\n");
		return false;
	}
	return true;
}

/* Nothing but observers and what is to be observed is here from now on. */
static void observers_start(struct observer *o, const struct reference *r)
{
	static struct seen_log log;

	observer_open(o);
	if (!load_observers(r)) {
		fprintf(stderr, "oracle: nft does not load the observers\n");
		exit(CASE_TROUBLE);
	}
	/* What the devices said for themselves on their way up. */
	if (!observer_read(o, &log))
		exit(CASE_TROUBLE);
	free(log.buf);
}

/* Sends all of them; each is judged by @j, or traced to @trace. */
static void packets_run(struct stage *st, const struct corpus *c, const struct reference *ref,
			struct judge *j, FILE *trace, struct tally *t)
{
	static struct seen_log log;
	struct observer o;

	observers_start(&o, ref);
	for (size_t i = 0; i < c->n; i++) {
		if (stage_send(st, &c->v[i]))
			t->sent++;
		else
			t->unsent++;
		if (!observer_read(&o, &log))
			exit(CASE_TROUBLE);
		if (trace)
			compare_trace(trace, t, (unsigned int)i, &ref->places, &log);
		else
			compare_packet(t, j, &ref->places, &c->v[i], &log);
	}
	free(log.buf);
	log.buf = NULL;
	observer_close(&o);
}

/*
 * CASE_SAME where it is loaded. Some kernels refuse (EOPNOTSUPP) what this nft
 * sends for a valid file: 7.x intervals of concatenations with one-byte fields.
 */
static int nft_load(const char *path)
{
	char command[600];

	snprintf(command, sizeof(command),
		 "out=$(nft -f '%s' 2>&1) && exit 0; printf '%%s\\n' \"$out\" | head -n 3 >&2\n"
		 "case $out in *'Operation not supported'*) exit 3 ;; *) exit 1 ;; esac",
		 case_name(path));
	switch (stage_run(command)) {
	case 0:
		return CASE_SAME;
	case 3:
		return CASE_REFUSED;
	default:
		printf("# nft does not load it\n");
		return CASE_DIFFERS;
	}
}

int case_judge(const char *path, const struct case_options *o)
{
	static struct reference ref, after;
	struct corpus c = { 0 };
	struct judge *j = NULL;
	struct tally t = { 0 };
	struct stage st;
	int rc = CASE_SAME;

	if (!case_packets(path, o, &c) || !go_to(path))
		return CASE_TROUBLE;
	if (!o->no_judge) {
		j = judge_open(o->other ? o->other : case_name(path), o->quirks);
		if (!j) {
			printf("# nsfence does not compile it\n");
			return CASE_DIFFERS;
		}
	}
	if (stage_enter(&st))
		return CASE_SKIP;
	rc = nft_load(path);
	if (rc)
		return rc;
	if (!reference_read(&ref) || !places_apart(&ref.places))
		return CASE_TROUBLE;
	if (j && !judge_same_chains(j, &ref))
		return CASE_DIFFERS;
	packets_run(&st, &c, &ref, j, NULL, &t);
	if (t.differences)
		printf("# %u differences\n", t.differences);
	if (!tally_tells(path, o, &t) || t.differences)
		rc = CASE_DIFFERS;
	if (j) {
		if (!reference_read(&after))
			return CASE_TROUBLE;
		if (!judge_same_counters(j, &after))
			rc = CASE_DIFFERS;
		judge_close(j);
	}
	corpus_clean(&c);
	return rc;
}

/* ---- with a fence ---- */

/* What the run with nft tells the run with the fence, and both tell us. */
struct shared {
	struct reference ref;
	struct tally tally[2];
};

/*
 * One of the two runs, in a process of its own: its namespace ends with it. The
 * fence is put up by a command that finds this process's id in ORACLE_PID.
 */
static int fence_run(const char *path, const struct case_options *o, const struct corpus *c,
		     struct shared *s, bool fenced, FILE *trace)
{
	struct stage st;
	char pid[16];
	int rc;

	if (stage_enter(&st))
		return CASE_SKIP;
	if (fenced) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		setenv("ORACLE_PID", pid, 1);
		setenv("ORACLE_CASE", path, 1);
		if (stage_run(o->fence)) {
			printf("# the fence is not put up\n");
			return CASE_DIFFERS;
		}
	} else {
		rc = nft_load(path);
		if (rc)
			return rc;
		if (!reference_read(&s->ref) || !places_apart(&s->ref.places))
			return CASE_TROUBLE;
	}
	packets_run(&st, c, &s->ref, NULL, trace, &s->tally[fenced]);
	return CASE_SAME;
}

static int fence_start(const char *path, const struct case_options *o, const struct corpus *c,
		       struct shared *s, bool fenced, FILE *trace)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		int rc = fence_run(path, o, c, s, fenced, trace);

		fflush(NULL);
		_exit(rc);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return CASE_TROUBLE;
	return WEXITSTATUS(status);
}

/* The lines of both; the number of those that differ. */
static unsigned int traces_compare(const struct corpus *c, FILE *nft, FILE *fence)
{
	char a[1024], b[1024];
	unsigned int differ = 0, number;
	const char *x, *y;

	rewind(nft);
	rewind(fence);
	do {
		x = fgets(a, sizeof(a), nft);
		y = fgets(b, sizeof(b), fence);
		if (x && y && !strcmp(x, y))
			continue;
		if ((x || y) && differ++ < 5 && sscanf(x ? x : y, "%u", &number) == 1 && number < c->n)
			printf("# sent: %s\n#   nft:     %s#   nsfence: %s", c->v[number].text,
			       x ? x : "nothing more\n", y ? y : "nothing more\n");
	} while (x || y);
	return differ;
}

/*
 * The fence does not have nft's quirks, so where they matter to the case the
 * packets they are about stay away.
 */
static bool quirks_avoid(const char *path, const struct case_options *o, struct corpus *c)
{
	struct judge *j;
	size_t kept = 0;

	if (!o->quirks)
		return true;
	j = judge_open(case_name(path), 0);
	if (!j)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		const struct packet *p = &c->v[i];
		const struct seen seen = { .is6 = p->is6, .bytes = p->bytes, .len = p->len };

		if (!judge_reads_transport(j) || !quirk_concerns(o->quirks, &seen))
			c->v[kept++] = *p;
	}
	if (kept < c->n)
		printf("# %zu packets left out: this kernel's nft reads them in its own way\n",
		       c->n - kept);
	c->n = kept;
	judge_close(j);
	return true;
}

int case_fence(const char *path, const struct case_options *o)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	FILE *trace[2] = { tmpfile(), tmpfile() };
	char *full = realpath(path, NULL);
	struct corpus c = { 0 };
	unsigned int differ;
	int rc;

	if (s == MAP_FAILED || !trace[0] || !trace[1] || !full ||
	    !case_packets(path, o, &c) || !go_to(path))
		return CASE_TROUBLE;
	if (!quirks_avoid(path, o, &c)) {
		printf("# nsfence does not compile it\n");
		return CASE_DIFFERS;
	}
	rc = fence_start(full, o, &c, s, false, trace[0]);
	if (!rc)
		rc = fence_start(full, o, &c, s, true, trace[1]);
	if (rc)
		return rc;
	differ = traces_compare(&c, trace[0], trace[1]);
	if (differ)
		printf("# %u differences\n", differ);
	if (!tally_tells(full, o, &s->tally[0]) || differ)
		rc = CASE_DIFFERS;
	corpus_clean(&c);
	fclose(trace[0]);
	fclose(trace[1]);
	munmap(s, sizeof(*s));
	free(full);
	return rc;
}
