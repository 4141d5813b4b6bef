// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of a trial. See good.h. Lines of words; a source and a policy's name
 * are in hexadecimal, for they may hold anything. Only the daemon writes it, and
 * even so it is read with suspicion: a disk may be full at any byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "good.h"

#define TRIAL		"trial"
#define TRIAL_NEW	"trial.new"
#define FIRST_LINE	"nsfence trial 1\n"
#define LAST_LINE	"end\n"

static int failed(const struct good *g, int errnum, struct err *e)
{
	return err_set(e, errnum, EXIT_REFUSED, "%s/" TRIAL ": %s", g->path, strerror(errnum));
}

void good_boot_id(char id[40])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	id[0] = 0;
	if (!f)
		return;
	if (!fgets(id, 40, f))
		id[0] = 0;
	id[strcspn(id, "\n")] = 0;
	fclose(f);
}

/* ---- writing ---- */

static void write_hex(FILE *f, const char *s)
{
	fputs(*s ? " " : " -", f);
	for (; *s; s++)
		fprintf(f, "%02x", (unsigned char)*s);
}

static void write_lines(FILE *f, const struct good_trial *t)
{
	const struct good_manual *m;

	fprintf(f, FIRST_LINE "base %s\nnext %s\nboot %s\nrefused %d\n", t->base, t->next,
		t->boot[0] ? t->boot : "-", t->refused);
	for (m = t->manual; m < t->manual + t->n_manual; m++) {
		fprintf(f, "manual %d %" PRIu32 " %d %" PRIu64 " %" PRIu64 " %d %" PRIu32 " %" PRIu32,
			m->sure, m->was.inode, m->was.has_cookie, m->was.cookie,
			m->was.instance, (int)m->was.mode, m->was.hooks, m->was.flags);
		write_hex(f, m->was.policy);
		write_hex(f, m->was.source);
		fputc('\n', f);
	}
	fputs(LAST_LINE, f);
}

int good_trial_write(struct good *g, const struct good_trial *t, struct err *e)
{
	int fd = openat(g->dir, TRIAL_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	int ret = 0;

	if (!f) {
		ret = errno;
		if (fd >= 0)
			close(fd);
		return failed(g, ret, e);
	}
	write_lines(f, t);
	if (fflush(f) || ferror(f) || fsync(fd))
		ret = errno ? errno : EIO;
	fclose(f);
	if (!ret && (renameat(g->dir, TRIAL_NEW, g->dir, TRIAL) || fsync(g->dir)))
		ret = errno;
	return ret ? failed(g, ret, e) : 0;
}

int good_trial_remove(struct good *g, struct err *e)
{
	if (unlinkat(g->dir, TRIAL, 0) && errno != ENOENT)
		return failed(g, errno, e);
	return fsync(g->dir) ? failed(g, errno, e) : 0;
}

/* ---- reading ---- */

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int read_hex(const char *s, char *buf, size_t size)
{
	size_t n = 0;

	if (!strcmp(s, "-"))
		s = "";
	for (; *s; s += 2) {
		if (digit(s[0]) < 0 || digit(s[1]) < 0 || n + 1 == size)
			return -EINVAL;
		buf[n++] = (char)(digit(s[0]) << 4 | digit(s[1]));
	}
	buf[n] = 0;
	return 0;
}

static int read_manual(const char *line, struct good_trial *t)
{
	struct good_manual m = { .sure = false }, *v;
	struct sync_taken *w = &m.was;
	char policy[2 * sizeof(w->policy)], source[2 * sizeof(w->source)];
	int sure, has_cookie, mode;

	if (sscanf(line, "manual %d %" SCNu32 " %d %" SCNu64 " %" SCNu64 " %d %" SCNu32 " %" SCNu32
		   " %127s %255s", &sure, &w->inode, &has_cookie, &w->cookie, &w->instance, &mode,
		   &w->hooks, &w->flags, policy, source) != 10 ||
	    !w->inode || mode < 0 || mode >= GENL_MODES ||
	    read_hex(policy, w->policy, sizeof(w->policy)) ||
	    read_hex(source, w->source, sizeof(w->source)))
		return -EINVAL;
	m.sure = sure;
	w->has_cookie = has_cookie;
	w->mode = (enum genl_mode)mode;
	v = reallocarray(t->manual, t->n_manual + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	t->manual = v;
	v[t->n_manual++] = m;
	return 0;
}

/* 1: the last line; what ends without it was not written to its end. */
static int read_line(const char *line, struct good_trial *t)
{
	int refused;

	if (!strcmp(line, LAST_LINE))
		return 1;
	if (!strncmp(line, "manual ", 7))
		return read_manual(line, t);
	if (sscanf(line, "refused %d", &refused) == 1) {
		t->refused = refused;
		return 0;
	}
	return sscanf(line, "base %31s", t->base) == 1 || sscanf(line, "next %31s", t->next) == 1 ||
	       sscanf(line, "boot %39s", t->boot) == 1 ? 0 : -EINVAL;
}

static int read_lines(FILE *f, struct good_trial *t)
{
	char line[1024];
	int ret = 0;

	if (!fgets(line, sizeof(line), f) || strcmp(line, FIRST_LINE))
		return -EINVAL;
	while (!ret && fgets(line, sizeof(line), f))
		ret = read_line(line, t);
	return ret == 1 && t->base[0] && t->next[0] ? 0 : ret < 0 ? ret : -EINVAL;
}

int good_trial_read(const struct good *g, struct good_trial *t, struct err *e)
{
	int fd = g->dir < 0 ? -1 : openat(g->dir, TRIAL, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char current[GOOD_NAME];
	int ret;

	*t = (struct good_trial){ .n_manual = 0 };
	if (!f) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ENOENT, EXIT_NOT_FOUND, "nothing is on trial");
	}
	ret = read_lines(f, t);
	fclose(f);
	if (!ret && (good_current(g, current, e) || strcmp(current, t->base)))
		ret = -ENOENT;
	if (ret) {
		good_trial_clean(t);
		return failed(g, -ret, e);
	}
	return 0;
}

void good_trial_clean(struct good_trial *t)
{
	free(t->manual);
	*t = (struct good_trial){ .n_manual = 0 };
}
