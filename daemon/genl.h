/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genl: the module's generic netlink family, as plain structures.
 *
 * genl*.c are the only files of user space that include uapi/nsfence.h; the
 * constants below mirror it, and genl_parse*.c prove with static_assert that
 * they agree. All integers are in host byte order. Not thread-safe: one struct
 * genl for one thread. Every function may block until the module answers (at
 * most GENL_TIMEOUT_MS between two messages, then ETIMEDOUT). -ENOTCONN
 * (EXIT_UNREACHABLE) of any request: the module was unloaded or loaded anew
 * since genl_open(); open again.
 */
#ifndef NSF_GENL_H
#define NSF_GENL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define GENL_ABI		3
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

/* Why a packet is reported. */
enum genl_report {
	GENL_REPORT_LOG,	/* a log statement */
	GENL_REPORT_DROP,	/* dropped or rejected */
	GENL_REPORT_AUDIT,	/* would have been */
	GENL_REPORTS,
};

#define GENL_F_STRICT		(1u << 0)
#define GENL_F_MANUAL		(1u << 1)
#define GENL_F_FORWARD_ACCEPT	(1u << 2)
#define GENL_F_INHERIT		(1u << 3)
#define GENL_F_INITIAL		(1u << 8)
#define GENL_F_BORN		(1u << 9)
#define GENL_F_INHERITED	(1u << 10)	/* fence came from the parent */
#define GENL_F_BIRTH		(1u << 11)	/* fence came from the global birth */
#define GENL_F_ORPHAN		(1u << 12)	/* its own parent has died: ->parent is an ancestor */
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
	uint32_t parent;		/* inode of the nearest living ancestor, 0: not known */
	uint64_t instance;		/* 0: no fence, and nothing below is valid */
	char policy[GENL_MAX_NAME + 1];
	enum genl_mode mode;
	uint32_t hooks;			/* bits of 1 << enum genl_hook */
	char source[GENL_MAX_SOURCE + 1];
	struct genl_counter counter[GENL_HOOKS][GENL_VERDICTS];
};

/* A named policy that is in the module; built-in ones are not reported. */
struct genl_policy {
	char name[GENL_MAX_NAME + 1];
	uint64_t generation;		/* grows with each change */
	uint64_t hash;			/* of the image */
	uint32_t records;
	uint32_t bytes;			/* of the image */
	uint32_t attachments;		/* fences that use it */
};

/* A rule, as people know it. No string is NULL. */
struct genl_rule {
	uint64_t id;
	const char *chain;
	const char *text;		/* in normal form */
	const char *file;
	uint32_t line;
	uint64_t packets;		/* 0 where nothing is counted */
	uint64_t bytes;
};

/* The rules of one policy that count, in order. */
struct genl_rules {
	char policy[GENL_MAX_NAME + 1];
	uint64_t generation;		/* 0: the policy has no such rule */
	struct genl_rule *v;		/* with strings of their own */
	size_t n;
};

/* A packet that was logged, dropped, or would have been. */
struct genl_packet {
	uint32_t inode;
	bool has_cookie;
	uint64_t cookie;
	uint64_t instance;
	char policy[GENL_MAX_NAME + 1];
	bool has_rule;			/* else a built-in policy did it */
	struct genl_rule rule;		/* without text: the policy of its chain */
	enum genl_report report;
	enum genl_hook hook;
	enum genl_verdict verdict;
	unsigned int family;		/* AF_INET, AF_INET6 */
	bool has_protocol;
	uint8_t protocol;
	bool has_addresses;		/* not where the header was cut short */
	uint8_t saddr[16];		/* network byte order; the first 4 of AF_INET */
	uint8_t daddr[16];
	bool has_sport, has_dport;
	uint16_t sport, dport;
	char iif[16], oif[16];		/* "": none */
	uint32_t length;		/* from the network header on */
	uint32_t mark;
	const char *prefix;		/* of a log statement, or NULL */
	bool has_level;
	uint32_t level;
	uint64_t lost;			/* reports lost since the module was loaded */
};

struct genl_version {
	char module[64];
	uint32_t abi;
	uint32_t features;		/* GENL_FEATURE_* */
	uint32_t namespaces;
	uint32_t attachments;
	uint32_t creating;		/* born, and in no dump yet */
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
	uint32_t flags;			/* STRICT to INHERIT, INHERITED or BIRTH, REPLACE, NOWAIT */
	const char *source;		/* or NULL */
};

#define GENL_BIRTH_NONE		"none"

/* What namespaces that inherit no fence are born with. */
struct genl_birth {
	char policy[GENL_MAX_NAME + 1];	/* GENL_BIRTH_NONE: no fence; then no mode, hooks, flags */
	enum genl_mode mode;
	uint32_t hooks;			/* a named policy's own */
	uint32_t flags;			/* STRICT, FORWARD_ACCEPT; each inherits */
	bool decided;			/* somebody has set it since the module was loaded */
	uint32_t wait_s;		/* seconds until the deadman, 0: there is none */
	bool release;			/* it takes off what birth put up, and birth with it */
	uint64_t born;			/* namespaces born with a fence, inherited ones too */
	uint64_t refused;		/* not created, for want of their fence */
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
/* Sets birth to none, too. */
int genl_detach_all(struct genl *g, uint32_t *count, struct err *e);
int genl_birth_get(struct genl *g, struct genl_birth *out, struct err *e);
/*
 * @f->policy GENL_BIRTH_NONE: off, and nothing else counts. Of the flags, STRICT and
 * FORWARD_ACCEPT do; source does not. 0: whatever is born from now on has it.
 * -ENOENT (EXIT_NOT_FOUND): no such policy.
 */
int genl_birth_set(struct genl *g, const struct genl_fence *f, struct err *e);

/*
 * Puts a policy there, or a new version in its place. @image is what
 * policy_compile() made, all @size bytes of it. @out, which may be NULL, is what
 * is there now. When it returns 0 every packet meets the new version; after an
 * error the old one is in force.
 */
int genl_policy_set(struct genl *g, const char *name, const void *image, size_t size,
		    struct genl_policy *out, struct err *e);
/* -ENOENT (EXIT_NOT_FOUND): no policy of this name. */
int genl_policy_get(struct genl *g, const char *name, struct genl_policy *out, struct err *e);
/* All, sorted by name, into a malloc'ed array that the caller frees. */
int genl_policy_dump(struct genl *g, struct genl_policy **out, size_t *n, struct err *e);
/* -ENOENT (EXIT_NOT_FOUND); -EBUSY: some fence uses it. */
int genl_policy_del(struct genl *g, const char *name, struct err *e);
/*
 * What the rules of @policy counted: in the fence of @t, or, where that is NULL,
 * in all its fences. -ENOENT (EXIT_NOT_FOUND): no such policy, or another one's
 * fence.
 */
int genl_rules_dump(struct genl *g, const char *policy, const struct genl_target *t,
		    struct genl_rules *out, struct err *e);
void genl_rules_clean(struct genl_rules *r);

/* Groups of events. */
#define GENL_GROUP_LIFECYCLE	(1u << 0)
#define GENL_GROUP_PACKETS	(1u << 1)

/*
 * Whom events are handed to, NULL: nobody. What they point to is theirs for the
 * call only.
 */
struct genl_listener {
	void (*lifecycle)(void *data, enum genl_event_type type, const struct genl_netns *n);
	void (*packet)(void *data, const struct genl_packet *p);
	void *data;
};

/*
 * Joins the groups, and the one that tells of the family's end. Use a struct
 * genl of its own for events. -EOPNOTSUPP: the module does not offer a group
 * (one that this kernel could not keep from strangers), and none is joined.
 */
int genl_subscribe(struct genl *g, unsigned int groups, struct err *e);
/*
 * Takes the events that wait, without blocking. Returns 0 when there is none
 * left, -ENOBUFS when the kernel dropped some (the caller resynchronises),
 * -ENOTCONN (EXIT_UNREACHABLE) when the module was unloaded.
 */
int genl_events(struct genl *g, const struct genl_listener *l, struct err *e);

const char *genl_hook_name(enum genl_hook h);
const char *genl_mode_name(enum genl_mode m);
const char *genl_verdict_name(enum genl_verdict v);
const char *genl_report_name(enum genl_report r);
const char *genl_event_name(enum genl_event_type t);
/* "input,forward" <-> bits; parse: 0 or -EINVAL with the offending word in @e. */
void genl_hooks_format(uint32_t hooks, char *buf, size_t size);
int genl_hooks_parse(const char *s, uint32_t *hooks, struct err *e);

#endif /* NSF_GENL_H */
