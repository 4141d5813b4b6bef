// SPDX-License-Identifier: GPL-2.0-or-later
/* Hands each request to the backend that is open. See backend.h. */
#include "backend_ops.h"

int backend_open(enum backend_kind kind, struct backend **out, struct err *e)
{
	*out = NULL;
	return kind == BACKEND_MODULE ? backend_module_open(out, e) : backend_nft_open(out, e);
}

void backend_close(struct backend *b)
{
	if (b)
		b->ops->close(b);
}

enum backend_kind backend_kind(const struct backend *b)
{
	return b->ops->kind;
}

const char *backend_name(enum backend_kind kind)
{
	return kind == BACKEND_MODULE ? "module" : "nft";
}

const char *const *backend_limits(const struct backend *b)
{
	return b->ops->limits(b);
}

int backend_events_fd(const struct backend *b)
{
	return b->ops->events_fd(b);
}

int backend_events(struct backend *b, const struct genl_listener *l, struct err *e)
{
	return b->ops->events(b, l, e);
}

int backend_netns_dump(struct backend *b, struct genl_netns **out, size_t *n, struct err *e)
{
	return b->ops->netns_dump(b, out, n, e);
}

int backend_netns_get(struct backend *b, const struct genl_target *t, struct genl_netns *out,
		      struct err *e)
{
	return b->ops->netns_get(b, t, out, e);
}

int backend_attach(struct backend *b, const struct genl_target *t, const struct genl_fence *f,
		   uint64_t *instance, struct err *e)
{
	return b->ops->attach(b, t, f, instance, e);
}

int backend_detach(struct backend *b, const struct genl_target *t, bool nowait, struct err *e)
{
	return b->ops->detach(b, t, nowait, e);
}

int backend_policy_set(struct backend *b, const struct config_policy *p,
		       struct genl_policy *out, struct err *e)
{
	return b->ops->policy_set(b, p, out, e);
}

int backend_policy_dump(struct backend *b, struct genl_policy **out, size_t *n, struct err *e)
{
	return b->ops->policy_dump(b, out, n, e);
}

int backend_policy_del(struct backend *b, const char *name, struct err *e)
{
	return b->ops->policy_del(b, name, e);
}

int backend_birth_get(struct backend *b, struct genl_birth *out, struct err *e)
{
	return b->ops->birth_get(b, out, e);
}

int backend_birth_set(struct backend *b, const struct genl_fence *f, struct err *e)
{
	return b->ops->birth_set(b, f, e);
}
