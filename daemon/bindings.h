/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bindings: what [pid N] and [inode N] meant when they were first loaded.
 *
 * A number is given to another process or namespace when its owner is gone; so a
 * section is bound, once, to the owner that it then has: a process by the time at
 * which it began, a namespace by its cookie (and where the kernel has none, by
 * the fence that we left there: the instance). When the owner is gone the section
 * has ended, and stays so for as long as it stays in the configuration. A record
 * of another boot has ended.
 *
 * They are kept in a file, so that a restarted daemon knows them: a text, written
 * whole and renamed into place.
 *
 *	nsfence bindings 1
 *	boot 8e6c8c1e-0c53-4b0d-a2f5-5b8f6c2f0b8e
 *	pid 4711 start 123456
 *	inode 4026532631 cookie 77
 *	inode 4026532632 instance 12
 *	pid 4712 ended
 *	end 4
 *
 * A file that is there and not as we write it says nothing about anybody: what was
 * bound is not known, so all sections have ended (BINDINGS_DAMAGED).
 */
#ifndef NSF_BINDINGS_H
#define NSF_BINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "err.h"
#include "select.h"

#define BINDINGS_FILE		"/var/lib/nsfence/bindings"
#define BINDINGS_MAX_FILE	(8 * 1024 * 1024)	/* bytes */

enum binding_state {
	BINDING_NEW,		/* not bound yet: it is when first looked at */
	BINDING_BOUND,
	BINDING_ENDED,
};

/* Of one section of kind CONFIG_PID or CONFIG_INODE. */
struct binding {
	enum config_kind kind;
	uint64_t number;
	enum binding_state state;
	const char *reason;		/* ended: why, static */
	uint64_t start;			/* pid: clock ticks after boot */
	bool has_cookie;		/* inode */
	uint64_t cookie;
	uint64_t instance;		/* inode, without a cookie: of its fence; 0: none */
	bool watched;			/* and since then we have heard of each death; not kept */
};

struct bindings {
	struct binding *v;		/* sorted by kind, then by number */
	size_t n;
	bool dirty;			/* not as the file is */
	bool damaged;			/* what the file said is not known */
};

/* Pure. @boot: this boot's id. 0; -EINVAL: not as we write it; -ENOMEM. */
int bindings_parse(const char *text, size_t len, const char *boot, struct bindings *out);
/* The text of the file; the caller frees it. NULL: no memory. */
char *bindings_format(const struct bindings *b, const char *boot, size_t *len);
/*
 * Keeps those that @c has a section for, and adds new ones for its other
 * sections. 0 or -ENOMEM, with nothing changed.
 */
int bindings_configure(struct bindings *b, const struct config *c);
struct binding *bindings_find(const struct bindings *b, enum config_kind kind,
			      uint64_t number);
/* For good. @reason: static. */
void bindings_end(struct bindings *b, struct binding *one, const char *reason);
void bindings_clean(struct bindings *b);
int bindings_copy(const struct bindings *from, struct bindings *to);

/* No file: none. Of one that is damaged: 0, with ->damaged set. */
int bindings_load(const char *path, struct bindings *out, struct err *e);
/* Where it is dirty, atomically; then it is not any more. */
int bindings_save(const char *path, struct bindings *b, struct err *e);

#endif /* NSF_BINDINGS_H */
