/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genl: the module's generic netlink family, as plain structures.
 *
 * genl.c and genl_parse.c are the only files of user space that include
 * uapi/nsfence.h; the constants below mirror it, and genl_parse.c proves with
 * static_assert that they agree. All integers are in host byte order. Not thread-safe: one struct genl
 * for one thread. Every function may block until the module answers (at most
 * GENL_TIMEOUT_MS between two messages, then ETIMEDOUT). -ENOTCONN
 * (EXIT_UNREACHABLE) of any request: the module was unloaded or loaded anew
 * since genl_open(); open again.
 */
#ifndef NSF_GENL_H
#define NSF_GENL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define GENL_ABI		1
#define GENL_MAX_NAME		63	/* bytes, without NUL */
#define GENL_MAX_SOURCE		127
#define GENL_TIMEOUT_MS		30000

enum genl_hook {
	GENL_HOOK_PREROUTING,
	GENL_HOOK_INPUT,
	GENL_HOOK_FORWARD,
	GENL_HOOK_OUTPUT,
	GENL_HOOK_POSTROUTING,
	GENL_HOOKS,
};

enum genl_mode {
	GENL_MODE_ENFORCE,
	GENL_MODE_AUDIT,
	GENL_MODES,
};

enum genl_verdict {
	GENL_VERDICT_ACCEPT,
	GENL_VERDICT_DROP,
	GENL_VERDICT_REJECT,
	GENL_VERDICT_AUDIT,
	GENL_VERDICT_EXEMPT,
	GENL_VERDICTS,
};

#define GENL_F_STRICT		(1u << 0)
#define GENL_F_MANUAL		(1u << 1)
#define GENL_F_FORWARD_ACCEPT	(1u << 2)
#define GENL_F_INITIAL		(1u << 8)
#define GENL_F_BORN		(1u << 9)
#define GENL_F_REPLACE		(1u << 16)
#define GENL_F_NOWAIT		(1u << 17)

#define GENL_FEATURE_COOKIE	(1u << 0)
#define GENL_FEATURE_INIT_NET	(1u << 1)

struct genl_counter {
	uint64_t packets;
	uint64_t bytes;		/* from the network header on */
};

/* A namespace as the module reports it. */
struct genl_netns {
	uint32_t inode;
	bool has_cookie;
	uint64_t cookie;
	uint32_t flags;			/* GENL_F_* */
	uint64_t instance;		/* 0: no fence, and nothing below is valid */
	char policy[GENL_MAX_NAME + 1];
	enum genl_mode mode;
	uint32_t hooks;			/* bits of 1 << enum genl_hook */
	char source[GENL_MAX_SOURCE + 1];
	struct genl_counter counter[GENL_HOOKS][GENL_VERDICTS];
};

struct genl_version {
	char module[64];
	uint32_t abi;
	uint32_t features;		/* GENL_FEATURE_* */
	uint32_t namespaces;
	uint32_t attachments;
};

/* Which namespace; what is not known is left out. */
struct genl_target {
	uint32_t inode;
	bool has_cookie;
	uint64_t cookie;
	int fd;				/* open nsfs descriptor, or -1 */
	/* Of the fence to detach or replace, ESTALE if it is another; 0: any. */
	uint64_t instance;
};

struct genl_fence {
	const char *policy;
	enum genl_mode mode;
	uint32_t hooks;			/* 0: the module's default */
	uint32_t flags;			/* STRICT, MANUAL, FORWARD_ACCEPT, REPLACE, NOWAIT */
	const char *source;		/* or NULL */
};

enum genl_event_type {
	GENL_EVENT_BORN,
	GENL_EVENT_DIED,
	GENL_EVENT_ATTACHED,
	GENL_EVENT_DETACHED,
};

struct genl;

/*
 * Opens a socket and looks the family up. -ENOENT (EXIT_UNREACHABLE): the
 * module is not loaded, or this is not the initial network namespace. -EPROTO:
 * the module speaks another ABI; the message says which side to update.
 */
int genl_open(struct genl **out, struct err *e);
/*
 * The same with a module of any ABI: for the few commands that no version
 * changes, and that lead to another module (version, detach of all).
 */
int genl_open_any(struct genl **out, struct err *e);
void genl_close(struct genl *g);
/* For poll(2); readable when genl_events() has something. */
int genl_fd(const struct genl *g);

int genl_version_get(struct genl *g, struct genl_version *out, struct err *e);
/*
 * The same on a socket of its own, and from a module of another ABI too: for
 * reports of what is there. Needs no struct genl, which could not be opened.
 */
int genl_version_probe(struct genl_version *out, struct err *e);
/* -ENXIO (EXIT_NOT_FOUND): no living namespace has this inode. */
int genl_netns_get(struct genl *g, const struct genl_target *t,
		   struct genl_netns *out, struct err *e);
/*
 * All namespaces into a malloc'ed array, sorted by inode; the caller frees it.
 * A dump that the kernel marks as interrupted is asked for again, up to 10
 * times; then the last one is taken: it may lack a namespace, or hold one twice.
 * One without the initial namespace is none: EAGAIN.
 */
int genl_netns_dump(struct genl *g, struct genl_netns **out, size_t *n, struct err *e);
int genl_attach(struct genl *g, const struct genl_target *t,
		const struct genl_fence *f, uint64_t *instance, struct err *e);
int genl_detach(struct genl *g, const struct genl_target *t, bool nowait, struct err *e);
int genl_detach_all(struct genl *g, uint32_t *count, struct err *e);

/*
 * Joins the group `lifecycle`, and the one that tells of the family's end. Use a
 * struct genl of its own for events.
 */
int genl_subscribe(struct genl *g, struct err *e);
/*
 * Takes the events that wait, without blocking. Returns 0 when there is none
 * left, -ENOBUFS when the kernel dropped some (the caller resynchronises),
 * -ENOTCONN (EXIT_UNREACHABLE) when the module was unloaded.
 */
int genl_events(struct genl *g,
		void (*cb)(void *data, enum genl_event_type type,
			   const struct genl_netns *n),
		void *data, struct err *e);

const char *genl_hook_name(enum genl_hook h);
const char *genl_mode_name(enum genl_mode m);
const char *genl_verdict_name(enum genl_verdict v);
const char *genl_event_name(enum genl_event_type t);
/* "input,forward" <-> bits; parse: 0 or -EINVAL with the offending word in @e. */
void genl_hooks_format(uint32_t hooks, char *buf, size_t size);
int genl_hooks_parse(const char *s, uint32_t *hooks, struct err *e);

#endif /* NSF_GENL_H */
