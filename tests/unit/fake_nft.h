/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_nft: the nft backend played by shared memory, beside fake_genl.h.
 *
 * Included by one test, which is linked without backend_nft.c. It has fences by
 * inode and the names of policies, and no births; the fences outlive the daemon.
 */
#ifndef FAKE_NFT_H
#define FAKE_NFT_H

#include "backend_ops.h"
#include "config.h"
#include "fake_genl.h"

struct fake_nft {
	bool works;
	struct genl_netns fence[FAKE_LIVING];
	unsigned int count;
	char policy[FAKE_POLICIES][GENL_MAX_NAME + 1];
	uint64_t hash[FAKE_POLICIES];
	unsigned int n_policies;
	uint64_t last_instance;
	unsigned int fail_count;	/* so many attaches fail */
	unsigned int opens, attaches, detaches;
};

static struct fake_nft *fake_nft;

static int fake_nft_setup(void)
{
	fake_nft = mmap(NULL, sizeof(*fake_nft), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return fake_nft == MAP_FAILED ? -1 : 0;
}

static struct genl_netns *fake_nft_slot(uint32_t inode)
{
	unsigned int i;

	for (i = 0; i < fake_nft->count; i++)
		if (fake_nft->fence[i].inode == inode)
			return &fake_nft->fence[i];
	return NULL;
}

static void fake_nft_close(struct backend *b)
{
	free(b);
}

static const char *const *fake_nft_limits(const struct backend *b)
{
	static const char *const limits[] = { "fake: it gives less", NULL };

	(void)b;
	return limits;
}

static int fake_nft_events_fd(const struct backend *b)
{
	(void)b;
	return -1;
}

static int fake_nft_events(struct backend *b, const struct genl_listener *l, struct err *e)
{
	(void)b;
	(void)l;
	(void)e;
	return 0;
}

static int fake_nft_dump(struct backend *b, struct genl_netns **out, size_t *n, struct err *e)
{
	(void)b;
	(void)e;
	*n = fake_nft->count;
	*out = calloc(*n + 1, sizeof(**out));
	memcpy(*out, fake_nft->fence, *n * sizeof(**out));
	qsort(*out, *n, sizeof(**out), fake_by_inode);
	return 0;
}

static int fake_nft_get(struct backend *b, const struct genl_target *t, struct genl_netns *out,
			struct err *e)
{
	const struct genl_netns *n = fake_nft_slot(t->inode);

	(void)b;
	if (!n)
		return err_set(e, ENXIO, EXIT_NOT_FOUND, "fake: no such namespace");
	*out = *n;
	return 0;
}

static int fake_nft_attach(struct backend *b, const struct genl_target *t,
			   const struct genl_fence *f, uint64_t *instance, struct err *e)
{
	struct genl_netns *n = fake_nft_slot(t->inode);

	(void)b;
	if (t->fd < 0)
		return err_set(e, EINVAL, EXIT_REFUSED, "fake: no descriptor");
	if (fake_nft->fail_count) {
		fake_nft->fail_count--;
		return err_set(e, ENOMEM, EXIT_REFUSED, "fake nft %s", strerror(ENOMEM));
	}
	if (!n)
		n = &fake_nft->fence[fake_nft->count++];
	*n = (struct genl_netns){
		.inode = t->inode, .instance = ++fake_nft->last_instance, .mode = f->mode,
		.hooks = f->hooks, .flags = f->flags & (GENL_F_STRICT | GENL_F_INHERIT),
	};
	strcpy(n->policy, f->policy);
	strcpy(n->source, f->source);
	if (instance)
		*instance = n->instance;
	fake_nft->attaches++;
	return 0;
}

static int fake_nft_detach(struct backend *b, const struct genl_target *t, bool nowait,
			   struct err *e)
{
	struct genl_netns *n = fake_nft_slot(t->inode);

	(void)b;
	(void)nowait;
	if (!n)
		return err_set(e, ENOENT, EXIT_NOT_FOUND, "fake: not fenced");
	*n = fake_nft->fence[--fake_nft->count];
	fake_nft->detaches++;
	return 0;
}

static int fake_nft_policy_set(struct backend *b, const struct config_policy *p,
			       struct genl_policy *out, struct err *e)
{
	unsigned int i;

	(void)b;
	(void)e;
	for (i = 0; i < fake_nft->n_policies && strcmp(fake_nft->policy[i], p->name); i++)
		;
	strcpy(fake_nft->policy[i], p->name);
	fake_nft->hash[i] = p->compiled.hash;
	if (i == fake_nft->n_policies)
		fake_nft->n_policies++;
	if (out)
		*out = (struct genl_policy){ .hash = p->compiled.hash };
	return 0;
}

static int fake_nft_policy_dump(struct backend *b, struct genl_policy **out, size_t *n,
				struct err *e)
{
	unsigned int i;

	(void)b;
	(void)e;
	*n = fake_nft->n_policies;
	*out = calloc(*n + 1, sizeof(**out));
	for (i = 0; i < *n; i++) {
		strcpy((*out)[i].name, fake_nft->policy[i]);
		(*out)[i].hash = fake_nft->hash[i];
	}
	qsort(*out, *n, sizeof(**out), fake_by_name);
	return 0;
}

static int fake_nft_policy_del(struct backend *b, const char *name, struct err *e)
{
	unsigned int i;

	(void)b;
	for (i = 0; i < fake_nft->n_policies; i++) {
		if (strcmp(fake_nft->policy[i], name))
			continue;
		fake_nft->n_policies--;
		memmove(fake_nft->policy[i], fake_nft->policy[fake_nft->n_policies],
			sizeof(fake_nft->policy[i]));
		fake_nft->hash[i] = fake_nft->hash[fake_nft->n_policies];
		return 0;
	}
	return err_set(e, ENOENT, EXIT_NOT_FOUND, "fake: no such policy");
}

static int fake_nft_birth_get(struct backend *b, struct genl_birth *out, struct err *e)
{
	(void)b;
	(void)e;
	*out = (struct genl_birth){ .policy = GENL_BIRTH_NONE, .decided = true };
	return 0;
}

static int fake_nft_birth_set(struct backend *b, const struct genl_fence *f, struct err *e)
{
	(void)b;
	return strcmp(f->policy, GENL_BIRTH_NONE) ?
	       err_set(e, EOPNOTSUPP, EXIT_REFUSED, "fake: no birth") : 0;
}

int backend_nft_open(struct backend **out, struct err *e)
{
	static const struct backend_ops ops = {
		.kind = BACKEND_NFT, .close = fake_nft_close, .limits = fake_nft_limits,
		.events_fd = fake_nft_events_fd, .events = fake_nft_events,
		.netns_dump = fake_nft_dump, .netns_get = fake_nft_get,
		.attach = fake_nft_attach, .detach = fake_nft_detach,
		.policy_set = fake_nft_policy_set, .policy_dump = fake_nft_policy_dump,
		.policy_del = fake_nft_policy_del, .birth_get = fake_nft_birth_get,
		.birth_set = fake_nft_birth_set,
	};

	*out = NULL;
	fake_nft->opens++;
	if (!fake_nft->works)
		return err_set(e, EOPNOTSUPP, EXIT_UNREACHABLE, "fake: no nftables");
	*out = calloc(1, sizeof(**out));
	(*out)->ops = &ops;
	return 0;
}

#endif /* FAKE_NFT_H */
