/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * good: the last good configuration, word for word, where a reboot does not reach it.
 *
 *   /var/lib/nsfence/good/text.N/     the files of one configuration, as they were
 *                        /current     -> the text.N that is good
 *                        /trial       `apply --confirm` is under way, or was not confirmed
 *
 * Each step is one rename(2) after an fsync(2), so that a daemon that was killed at
 * any moment finds one state or the other. A trial belongs to the `current` that was
 * there when it began: to make its text current is to confirm it.
 */
#ifndef NSF_GOOD_H
#define NSF_GOOD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "sync.h"

#define GOOD_STATE	"/var/lib/nsfence"	/* systemd's StateDirectory= */
#define GOOD_DIR	"good"
#define GOOD_MAX_FILES	8192
#define GOOD_MAX_BYTES	(64 * 1024 * 1024)
#define GOOD_NAME	32

/* ---- texts ---- */

struct good_text;

/*
 * All files that config_load(@config) could read, into memory. 0, -ENOMEM, -EFBIG,
 * or what reading said.
 */
int good_text_read(const char *config, struct good_text **out, struct err *e);
/* The same files with the same bytes in them; NULL is like nothing. */
bool good_text_same(const struct good_text *a, const struct good_text *b);
void good_text_free(struct good_text *t);

/* ---- the directory ---- */

struct good {
	int dir;		/* -1: not open */
	char path[PATH_MAX];	/* STATE/good */
};

/* Makes @state and the directory in it where they are not. */
int good_open(struct good *g, const char *state, struct err *e);
void good_close(struct good *g);

/* Writes @t under a new name: it is current after good_commit(), and not before. */
int good_write(struct good *g, const struct good_text *t, char name[GOOD_NAME],
	       struct err *e);
/* Makes @name current, and takes away the texts that nothing refers to any more. */
int good_commit(struct good *g, const char *name, struct err *e);
/* write and commit, unless it is current already. */
int good_keep(struct good *g, const struct good_text *t, struct err *e);
/* -ENOENT: none. */
int good_current(const struct good *g, char name[GOOD_NAME], struct err *e);
/* What config_load() takes for it. @origin, which may be NULL: where it came from. */
int good_path(const struct good *g, const char *name, char *path, char *origin, size_t size,
	      struct err *e);

/* ---- a trial ---- */

/* A fence by hand: one that was taken over, or before the pass one that might be. */
struct good_manual {
	struct sync_taken was;	/* unless sure ->instance is its own, of the fence by hand */
	bool sure;
};

struct good_trial {
	char base[GOOD_NAME];	/* current when it began */
	char next[GOOD_NAME];	/* the text on trial */
	char boot[40];		/* during which boot */
	bool refused;		/* it was not confirmed, and has been gone back on */
	struct good_manual *manual;
	size_t n_manual;
};

/* In the place of any other. */
int good_trial_write(struct good *g, const struct good_trial *t, struct err *e);
/* -ENOENT: none, or one whose text was confirmed. The caller cleans @t after 0. */
int good_trial_read(const struct good *g, struct good_trial *t, struct err *e);
int good_trial_remove(struct good *g, struct err *e);
void good_trial_clean(struct good_trial *t);
/* Of this boot of the kernel; "" if it does not say. */
void good_boot_id(char id[40]);

#endif /* NSF_GOOD_H */
