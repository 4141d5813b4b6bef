/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend_ops: what a backend is made of. Private to backend*.c. */
#ifndef NSF_BACKEND_OPS_H
#define NSF_BACKEND_OPS_H

#include "backend.h"

/* The first member of each backend's own structure. */
struct backend {
	const struct backend_ops *ops;
};

struct backend_ops {
	enum backend_kind kind;
	void (*close)(struct backend *b);
	const char *const *(*limits)(const struct backend *b);
	int (*events_fd)(const struct backend *b);
	int (*events)(struct backend *b, const struct genl_listener *l, struct err *e);
	int (*netns_dump)(struct backend *b, struct genl_netns **out, size_t *n, struct err *e);
	int (*netns_get)(struct backend *b, const struct genl_target *t, struct genl_netns *out,
			 struct err *e);
	int (*attach)(struct backend *b, const struct genl_target *t, const struct genl_fence *f,
		      uint64_t *instance, struct err *e);
	int (*detach)(struct backend *b, const struct genl_target *t, bool nowait, struct err *e);
	int (*policy_set)(struct backend *b, const struct config_policy *p,
			  struct genl_policy *out, struct err *e);
	int (*policy_dump)(struct backend *b, struct genl_policy **out, size_t *n, struct err *e);
	int (*policy_del)(struct backend *b, const char *name, struct err *e);
	int (*birth_get)(struct backend *b, struct genl_birth *out, struct err *e);
	int (*birth_set)(struct backend *b, const struct genl_fence *f, struct err *e);
};

int backend_module_open(struct backend **out, struct err *e);
int backend_nft_open(struct backend **out, struct err *e);

#endif /* NSF_BACKEND_OPS_H */
