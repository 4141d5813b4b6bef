// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * genl_policy: policies and their rules. See genl.h.
 *
 * An image is too large for an attribute: it travels as a memfd, sealed before
 * the module sees it, so that nobody changes what is being checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "genl.h"
#include "genl_parse.h"
#include "genl_request.h"
#include "uapi/nsfence.h"

#define SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int out_of_memory(struct err *e)
{
	return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
}

/* ---- set, get, del ---- */

static int write_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The descriptor, or negative. */
static int seal_image(const void *image, size_t size, struct err *e)
{
	int ret, fd = memfd_create("nsfence-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_set(e, errno, EXIT_REFUSED, "cannot make a memfd: %s",
			       strerror(errno));
	if (!write_all(fd, image, size) && !fcntl(fd, F_ADD_SEALS, SEALS))
		return fd;
	ret = err_set(e, errno, EXIT_REFUSED, "cannot put an image of %zu bytes into a memfd: %s",
		      size, strerror(errno));
	close(fd);
	return ret;
}

struct answer {
	uint8_t cmd;
	struct genl_policy *out;
};

static int policy_answer(const struct genl_msg *m, void *data, struct err *e)
{
	const struct answer *a = data;

	return genl_parse_policy(m, a->cmd, a->out, e);
}

/* What was asked for by its name, and is described in one answer. */
static int described(int ret, const char *name, const struct genl_policy *p, struct err *e)
{
	if (ret || !strcmp(p->name, name))
		return ret;
	return err_set(e, EPROTO, EXIT_REFUSED, "the module did not describe the policy");
}

int genl_policy_set(struct genl *g, const char *name, const void *image, size_t size,
		    struct genl_policy *out, struct err *e)
{
	struct genl_policy p = { .name = "" };
	struct answer a = { NSFENCE_CMD_POLICY_SET, &p };
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_POLICY_SET),
		.what = "policy-set",
		.refused = genl_refused,
		.policy = name,
		.answer = policy_answer,
		.data = &a,
	};
	int fd, ret = genl_check_name(name, e);

	if (ret)
		return ret;
	fd = seal_image(image, size, e);
	if (fd < 0)
		return fd;
	mnl_attr_put_strz(r.nlh, NSFENCE_A_POLICY, name);
	mnl_attr_put_u32(r.nlh, NSFENCE_A_IMAGE, (uint32_t)fd);
	ret = described(genl_sock_transact(g, &r, e), name, &p, e);
	close(fd);
	if (!ret && out)
		*out = p;
	return ret;
}

int genl_policy_get(struct genl *g, const char *name, struct genl_policy *out, struct err *e)
{
	struct answer a = { NSFENCE_CMD_POLICY_GET, out };
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_POLICY_GET),
		.what = "policy-get",
		.refused = genl_refused,
		.policy = name,
		.answer = policy_answer,
		.data = &a,
	};
	int ret = genl_check_name(name, e);

	memset(out, 0, sizeof(*out));
	if (ret)
		return ret;
	mnl_attr_put_strz(r.nlh, NSFENCE_A_POLICY, name);
	return described(genl_sock_transact(g, &r, e), name, out, e);
}

int genl_policy_del(struct genl *g, const char *name, struct err *e)
{
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_POLICY_DEL),
		.what = "policy-del",
		.refused = genl_refused,
		.policy = name,
	};
	int ret = genl_check_name(name, e);

	if (ret)
		return ret;
	mnl_attr_put_strz(r.nlh, NSFENCE_A_POLICY, name);
	return genl_sock_transact(g, &r, e);
}

/* ---- dumps ---- */

/* Entries of one size, as they come. */
struct list {
	uint8_t *v;
	size_t n, room, size;
};

static void *list_add(struct list *l)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		uint8_t *v = reallocarray(l->v, room, l->size);

		if (!v)
			return NULL;
		l->v = v;
		l->room = room;
	}
	return l->v + l->n * l->size;
}

static int policies_answer(const struct genl_msg *m, void *data, struct err *e)
{
	struct list *l = data;
	struct genl_policy *p = list_add(l);
	int ret;

	if (!p)
		return out_of_memory(e);
	ret = genl_parse_policy(m, NSFENCE_CMD_POLICY_GET, p, e);
	if (!ret)
		l->n++;
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct genl_policy *)a)->name, ((const struct genl_policy *)b)->name);
}

int genl_policy_dump(struct genl *g, struct genl_policy **out, size_t *n, struct err *e)
{
	struct list l = { .size = sizeof(**out) };
	int ret = 0;

	*out = NULL;
	*n = 0;
	for (int i = 0; i < GENL_DUMP_TRIES; i++) {
		struct request r = {
			.nlh = genl_request_new(g, g->family.id, NLM_F_DUMP, NSFENCE_CMD_POLICY_GET),
			.what = "list of policies",
			.refused = genl_refused,
			.answer = policies_answer,
			.data = &l,
		};

		l.n = 0;
		ret = genl_sock_transact(g, &r, e);
		if (ret == -ENOBUFS)
			continue;
		if (ret)
			break;
		if (!r.interrupted) {
			if (l.n > 1)
				qsort(l.v, l.n, l.size, by_name);
			*out = (void *)l.v;
			*n = l.n;
			return 0;
		}
		ret = err_set(e, EAGAIN, EXIT_REFUSED,
			      "the list of policies changed while it was read, %d times",
			      GENL_DUMP_TRIES);
	}
	free(l.v);
	return ret;
}

struct rules_dump {
	struct list list;
	struct genl_rules *out;
	bool mixed;			/* of two versions of the policy */
};

static void free_strings(struct genl_rule *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)v[i].chain);
		free((char *)v[i].text);
		free((char *)v[i].file);
	}
}

static int rules_answer(const struct genl_msg *m, void *data, struct err *e)
{
	struct rules_dump *d = data;
	struct genl_rule_msg got;
	struct genl_rule *rule;
	int ret = genl_parse_rule(m, &got, e);

	if (ret)
		return ret;
	if (strcmp(got.policy, d->out->policy))
		return err_set(e, EPROTO, EXIT_REFUSED,
			       "the module answered with rules of policy \"%s\"", got.policy);
	if (d->list.n && got.generation != d->out->generation)
		d->mixed = true;
	d->out->generation = got.generation;
	rule = list_add(&d->list);
	if (!rule)
		return out_of_memory(e);
	*rule = got.rule;
	rule->chain = strdup(got.rule.chain);
	rule->text = strdup(got.rule.text);
	rule->file = strdup(got.rule.file);
	d->list.n++;
	return rule->chain && rule->text && rule->file ? 0 : out_of_memory(e);
}

int genl_rules_dump(struct genl *g, const char *policy, const struct genl_target *t,
		    struct genl_rules *out, struct err *e)
{
	struct rules_dump d = { .list.size = sizeof(*out->v), .out = out };
	int ret = genl_check_name(policy, e);

	memset(out, 0, sizeof(*out));
	if (ret)
		return ret;
	snprintf(out->policy, sizeof(out->policy), "%s", policy);
	for (int i = 0; i < GENL_DUMP_TRIES; i++) {
		struct request r = {
			.nlh = genl_request_new(g, g->family.id, NLM_F_DUMP, NSFENCE_CMD_RULE_GET),
			.what = "list of rules",
			.refused = genl_refused,
			.inode = t ? t->inode : 0,
			.policy = policy,
			.answer = rules_answer,
			.data = &d,
		};

		mnl_attr_put_strz(r.nlh, NSFENCE_A_POLICY, policy);
		if (t) {
			mnl_attr_put_u32(r.nlh, NSFENCE_A_INODE, t->inode);
			if (t->has_cookie)
				mnl_attr_put_u64(r.nlh, NSFENCE_A_COOKIE, t->cookie);
		}
		d.mixed = false;
		ret = genl_sock_transact(g, &r, e);
		if (!ret && !r.interrupted && !d.mixed) {
			out->v = (void *)d.list.v;
			out->n = d.list.n;
			return 0;
		}
		free_strings((void *)d.list.v, d.list.n);
		d.list.n = 0;
		out->generation = 0;
		/* EAGAIN: what was asked about went away in the midst of it. */
		if (ret && ret != -ENOBUFS && ret != -EAGAIN)
			break;
		if (ret != -ENOBUFS)
			ret = err_set(e, EAGAIN, EXIT_REFUSED,
				      "the rules changed while they were read, %d times",
				      GENL_DUMP_TRIES);
	}
	free(d.list.v);
	return ret;
}

void genl_rules_clean(struct genl_rules *r)
{
	free_strings(r->v, r->n);
	free(r->v);
	memset(r, 0, sizeof(*r));
}
