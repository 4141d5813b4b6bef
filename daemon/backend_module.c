// SPDX-License-Identifier: GPL-2.0-or-later
/* The module, through genl. See backend.h. */
#include <errno.h>
#include <stdlib.h>

#include "backend_ops.h"
#include "config.h"

struct module {
	struct backend base;
	struct genl *requests;
	struct genl *events;
};

static struct module *module(const struct backend *b)
{
	return (struct module *)b;
}

static struct genl *requests(const struct backend *b)
{
	return module(b)->requests;
}

static void module_close(struct backend *b)
{
	genl_close(module(b)->requests);
	genl_close(module(b)->events);
	free(b);
}

static const char *const *module_limits(const struct backend *b)
{
	static const char *const none[] = { NULL };

	(void)b;
	return none;
}

static int module_events_fd(const struct backend *b)
{
	return genl_fd(module(b)->events);
}

static int module_events(struct backend *b, const struct genl_listener *l, struct err *e)
{
	return genl_events(module(b)->events, l, e);
}

static int module_netns_dump(struct backend *b, struct genl_netns **out, size_t *n,
			     struct err *e)
{
	return genl_netns_dump(requests(b), out, n, e);
}

static int module_netns_get(struct backend *b, const struct genl_target *t,
			    struct genl_netns *out, struct err *e)
{
	return genl_netns_get(requests(b), t, out, e);
}

static int module_attach(struct backend *b, const struct genl_target *t,
			 const struct genl_fence *f, uint64_t *instance, struct err *e)
{
	return genl_attach(requests(b), t, f, instance, e);
}

static int module_detach(struct backend *b, const struct genl_target *t, bool nowait,
			 struct err *e)
{
	return genl_detach(requests(b), t, nowait, e);
}

static int module_policy_set(struct backend *b, const struct config_policy *p,
			     struct genl_policy *out, struct err *e)
{
	return genl_policy_set(requests(b), p->name, p->compiled.image, p->compiled.size, out, e);
}

static int module_policy_dump(struct backend *b, struct genl_policy **out, size_t *n,
			      struct err *e)
{
	return genl_policy_dump(requests(b), out, n, e);
}

static int module_policy_del(struct backend *b, const char *name, struct err *e)
{
	return genl_policy_del(requests(b), name, e);
}

static int module_birth_get(struct backend *b, struct genl_birth *out, struct err *e)
{
	return genl_birth_get(requests(b), out, e);
}

static int module_birth_set(struct backend *b, const struct genl_fence *f, struct err *e)
{
	return genl_birth_set(requests(b), f, e);
}

static const struct backend_ops module_ops = {
	.kind = BACKEND_MODULE,
	.close = module_close,
	.limits = module_limits,
	.events_fd = module_events_fd,
	.events = module_events,
	.netns_dump = module_netns_dump,
	.netns_get = module_netns_get,
	.attach = module_attach,
	.detach = module_detach,
	.policy_set = module_policy_set,
	.policy_dump = module_policy_dump,
	.policy_del = module_policy_del,
	.birth_get = module_birth_get,
	.birth_set = module_birth_set,
};

int backend_module_open(struct backend **out, struct err *e)
{
	struct module *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	m->base.ops = &module_ops;
	/* Listen first, look afterwards: what happens in between is not lost. */
	ret = genl_open(&m->events, e);
	if (!ret)
		ret = genl_subscribe(m->events, GENL_GROUP_LIFECYCLE, e);
	if (!ret)
		ret = genl_open(&m->requests, e);
	if (ret) {
		module_close(&m->base);
		return ret;
	}
	*out = &m->base;
	return 0;
}
