// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * genl: see genl.h. The commands about namespaces: what a request carries, and
 * the sentence that a refusal becomes. Births are genl_birth.c's, policies
 * genl_policy.c's, events genl_event.c's; how a request travels is genl_sock.c's matter, what the bytes
 * of an answer mean is genl_parse.c's.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "genl.h"
#include "genl_parse.h"
#include "genl_request.h"
#include "uapi/nsfence.h"

struct nlmsghdr *genl_request_new(struct genl *g, uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct genlmsghdr *hdr;
	struct nlmsghdr *nlh;

	memset(g->tx, 0, sizeof(g->tx));
	nlh = mnl_nlmsg_put_header(g->tx);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	hdr = mnl_nlmsg_put_extra_header(nlh, sizeof(*hdr));
	hdr->cmd = cmd;
	hdr->version = type == GENL_ID_CTRL ? 1 : NSFENCE_FAMILY_VERSION;
	return nlh;
}

static const char *bad_attr_name(const struct genl *g, const struct genl_ack *ack)
{
	const struct nlmsghdr *nlh = (const void *)g->tx;
	struct span request = { .data = g->tx, .len = nlh->nlmsg_len };

	if (ack->missing)
		return genl_parse_attr_name(ack->missing);
	return ack->offset ? genl_parse_attr_at(request, ack->offset) : NULL;
}

/* What an errno means when the kernel says no more than that. */
static void explain(const struct request *r, int errnum, char *buf, size_t size)
{
	switch (errnum) {
	case EPERM:
		snprintf(buf, size,
			 "not permitted: it needs CAP_NET_ADMIN in the initial user namespace (be root on the host)");
		break;
	case ENXIO:
		snprintf(buf, size, "no living network namespace has inode %u", r->inode);
		break;
	case EAGAIN:
		snprintf(buf, size, "the namespace is still being created");
		break;
	case ESTALE:
		snprintf(buf, size,
			 "the inode number now belongs to another namespace, or the fence is another one");
		break;
	case EEXIST:
		snprintf(buf, size, "the namespace is fenced already");
		break;
	case EOPNOTSUPP:
		snprintf(buf, size, "the module does not know this command");
		break;
	case EBUSY:
		snprintf(buf, size, "it is in use");
		break;
	case EBADF:
		snprintf(buf, size, "the module does not take the image's descriptor");
		break;
	case EFBIG:
		snprintf(buf, size, "the image is too large");
		break;
	default:
		snprintf(buf, size, "%s", strerror(errnum));
	}
}

static bool family_changed(const struct genl *old);

int genl_refused(const struct genl *g, const struct request *r,
		 const struct genl_ack *ack, struct err *e)
{
	const char *name = bad_attr_name(g, ack);
	enum exit_code code = EXIT_REFUSED;
	char text[sizeof(ack->text)];

	/*
	 * Generic netlink itself says ENOENT, and no word more, when nobody
	 * registered the message type: the module went away since genl_open().
	 */
	if (ack->error == ENOENT && !ack->text[0] && family_changed(g))
		return err_set(e, ENOTCONN, EXIT_UNREACHABLE,
			       "%s: the module was unloaded, or loaded anew, in the meantime",
			       r->what);
	if (ack->error == ENXIO ||
	    (ack->error == ENOENT && (r->policy || !strcmp(r->what, "detach"))))
		code = EXIT_NOT_FOUND;
	if (ack->text[0])
		snprintf(text, sizeof(text), "%s", ack->text);
	else if (code == EXIT_NOT_FOUND && ack->error == ENOENT && r->policy)
		snprintf(text, sizeof(text), "no policy \"%s\" in the module", r->policy);
	else if (code == EXIT_NOT_FOUND && ack->error == ENOENT)
		snprintf(text, sizeof(text), "the namespace is not fenced");
	else
		explain(r, ack->error, text, sizeof(text));
	if (name && !strstr(text, name))
		return err_set(e, ack->error, code, "%s (%sattribute %s)", text,
			       ack->missing ? "missing " : "", name);
	return err_set(e, ack->error, code, "%s", text);
}

static int family_refused(const struct genl *g, const struct request *r,
			  const struct genl_ack *ack, struct err *e)
{
	(void)g;
	(void)r;
	if (ack->error == ENOENT)
		return err_set(e, ENOENT, EXIT_UNREACHABLE,
			       "the module is not loaded (modprobe nsfence), or this is not the initial network namespace");
	return err_set(e, ack->error, EXIT_UNREACHABLE, "cannot look up the module's netlink family: %s",
		       ack->text[0] ? ack->text : strerror(ack->error));
}

static int family_answer(const struct genl_msg *m, void *data, struct err *e)
{
	return genl_parse_family(m, data, e);
}

static int family_lookup(struct genl *g, struct err *e)
{
	struct request r = {
		.nlh = genl_request_new(g, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY),
		.what = "family lookup",
		.refused = family_refused,
		.answer = family_answer,
		.data = &g->family,
	};
	int ret;

	memset(&g->family, 0, sizeof(g->family));
	mnl_attr_put_strz(r.nlh, CTRL_ATTR_FAMILY_NAME, NSFENCE_FAMILY_NAME);
	ret = genl_sock_transact(g, &r, e);
	if (!ret && !g->family.id)
		return err_set(e, EPROTO, EXIT_UNREACHABLE,
			       "the kernel did not describe the module's netlink family");
	return ret;
}

int genl_open_any(struct genl **out, struct err *e)
{
	struct genl *g = calloc(1, sizeof(*g));
	int ret;

	*out = NULL;
	if (!g)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	ret = genl_sock_open(g, e);
	if (!ret)
		ret = family_lookup(g, e);
	if (ret) {
		genl_close(g);
		return ret;
	}
	*out = g;
	return 0;
}

static bool family_changed(const struct genl *old)
{
	struct genl *g;
	bool changed;

	if (genl_open_any(&g, NULL))
		return true;
	changed = g->family.id != old->family.id;
	genl_close(g);
	return changed;
}

int genl_open(struct genl **out, struct err *e)
{
	struct genl_version v;
	struct genl *g;
	int ret;

	*out = NULL;
	ret = genl_open_any(&g, e);
	if (ret)
		return ret;
	ret = genl_version_get(g, &v, e);
	if (!ret && v.abi != GENL_ABI)
		ret = err_set(e, EPROTO, EXIT_UNREACHABLE,
			      "the module (version %s) speaks interface %u, this program speaks %u: update %s",
			      v.module[0] ? v.module : "unknown", v.abi, GENL_ABI,
			      v.abi > GENL_ABI ? "this program and nsfenced" :
			      "the module, and load it anew");
	if (ret) {
		genl_close(g);
		return ret;
	}
	*out = g;
	return 0;
}

void genl_close(struct genl *g)
{
	if (!g)
		return;
	if (g->nl)
		mnl_socket_close(g->nl);
	free(g);
}

int genl_fd(const struct genl *g)
{
	return mnl_socket_get_fd(g->nl);
}

static int version_answer(const struct genl_msg *m, void *data, struct err *e)
{
	return genl_parse_version(m, data, e);
}

int genl_version_get(struct genl *g, struct genl_version *out, struct err *e)
{
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_VERSION_GET),
		.what = "version",
		.refused = genl_refused,
		.answer = version_answer,
		.data = out,
	};
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_sock_transact(g, &r, e);
	if (!ret && !out->abi)
		return err_set(e, EPROTO, EXIT_REFUSED, "the module did not tell its version");
	return ret;
}

int genl_version_probe(struct genl_version *out, struct err *e)
{
	struct genl *g;
	int ret;

	ret = genl_open_any(&g, e);
	if (ret)
		return ret;
	ret = genl_version_get(g, out, e);
	genl_close(g);
	return ret;
}

void genl_put_target(struct nlmsghdr *nlh, const struct genl_target *t)
{
	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, t->inode);
	if (t->has_cookie)
		mnl_attr_put_u64(nlh, NSFENCE_A_COOKIE, t->cookie);
	if (t->fd >= 0)
		mnl_attr_put_u32(nlh, NSFENCE_A_FD, (uint32_t)t->fd);
}

static int netns_answer(const struct genl_msg *m, void *data, struct err *e)
{
	return genl_parse_netns(m, data, e);
}

int genl_netns_get(struct genl *g, const struct genl_target *t,
		   struct genl_netns *out, struct err *e)
{
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_NETNS_GET),
		.what = "netns-get",
		.refused = genl_refused,
		.inode = t->inode,
		.answer = netns_answer,
		.data = out,
	};
	int ret;

	memset(out, 0, sizeof(*out));
	genl_put_target(r.nlh, t);
	ret = genl_sock_transact(g, &r, e);
	if (!ret && !out->inode)
		return err_set(e, EPROTO, EXIT_REFUSED, "the module did not describe the namespace");
	return ret;
}

struct dump {
	struct genl_netns *v;
	size_t n, room;
};

static int dump_answer(const struct genl_msg *m, void *data, struct err *e)
{
	struct dump *d = data;
	int ret;

	if (d->n == d->room) {
		size_t room = d->room ? 2 * d->room : 64;
		struct genl_netns *v = reallocarray(d->v, room, sizeof(*v));

		if (!v)
			return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
		d->v = v;
		d->room = room;
	}
	ret = genl_parse_netns(m, &d->v[d->n], e);
	if (!ret)
		d->n++;
	return ret;
}

static int by_inode(const void *a, const void *b)
{
	const struct genl_netns *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* Where namespaces come and go all the time, no dump is of one moment. */
static bool is_usable(const struct dump *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->v[i].flags & GENL_F_INITIAL)
			return true;
	return false;
}

int genl_netns_dump(struct genl *g, struct genl_netns **out, size_t *n, struct err *e)
{
	struct dump d = { NULL, 0, 0 };
	int ret = 0;

	*out = NULL;
	*n = 0;
	for (int i = 0; i < GENL_DUMP_TRIES; i++) {
		struct request r = {
			.nlh = genl_request_new(g, g->family.id, NLM_F_DUMP, NSFENCE_CMD_NETNS_GET),
			.what = "list of namespaces",
			.refused = genl_refused,
			.answer = dump_answer,
			.data = &d,
		};

		d.n = 0;
		ret = genl_sock_transact(g, &r, e);
		if (ret == -ENOBUFS)
			continue;
		if (ret)
			break;
		if (!r.interrupted || (i + 1 == GENL_DUMP_TRIES && is_usable(&d))) {
			if (d.n > 1)
				qsort(d.v, d.n, sizeof(*d.v), by_inode);
			*out = d.v;
			*n = d.n;
			return 0;
		}
		ret = err_set(e, EAGAIN, EXIT_REFUSED,
			      "the list of namespaces changed while it was read, %d times", GENL_DUMP_TRIES);
	}
	free(d.v);
	return ret;
}

static int answer(const struct genl_msg *m, void *data, struct err *e)
{
	return genl_parse_answer(m, data, e);
}

int genl_check_name(const char *policy, struct err *e)
{
	if (!policy || !policy[0])
		return err_set(e, EINVAL, EXIT_REFUSED, "the policy's name is empty");
	if (strlen(policy) > GENL_MAX_NAME)
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "policy \"%.16s...\": the name is longer than %d bytes",
			       policy, GENL_MAX_NAME);
	return 0;
}

static int check_fence(const struct genl_fence *f, struct err *e)
{
	int ret = genl_check_name(f->policy, e);

	if (ret)
		return ret;
	if (f->source && strlen(f->source) > GENL_MAX_SOURCE)
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "source \"%.16s...\" is longer than %d bytes", f->source,
			       GENL_MAX_SOURCE);
	return 0;
}

int genl_attach(struct genl *g, const struct genl_target *t,
		const struct genl_fence *f, uint64_t *instance, struct err *e)
{
	struct genl_answer a = { 0 };
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_ATTACH),
		.what = "attach",
		.refused = genl_refused,
		.inode = t->inode,
		.answer = answer,
		.data = &a,
	};
	int ret;

	ret = check_fence(f, e);
	if (ret)
		return ret;
	genl_put_target(r.nlh, t);
	if (t->instance)
		mnl_attr_put_u64(r.nlh, NSFENCE_A_INSTANCE, t->instance);
	mnl_attr_put_strz(r.nlh, NSFENCE_A_POLICY, f->policy);
	mnl_attr_put_u32(r.nlh, NSFENCE_A_MODE, f->mode);
	if (f->hooks)
		mnl_attr_put_u32(r.nlh, NSFENCE_A_HOOKS, f->hooks);
	if (f->flags)
		mnl_attr_put_u32(r.nlh, NSFENCE_A_FLAGS, f->flags);
	if (f->source)
		mnl_attr_put_strz(r.nlh, NSFENCE_A_SOURCE, f->source);
	ret = genl_sock_transact(g, &r, e);
	if (!ret && instance)
		*instance = a.instance;
	return ret;
}

int genl_detach(struct genl *g, const struct genl_target *t, bool nowait, struct err *e)
{
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_DETACH),
		.what = "detach",
		.refused = genl_refused,
		.inode = t->inode,
	};

	genl_put_target(r.nlh, t);
	if (t->instance)
		mnl_attr_put_u64(r.nlh, NSFENCE_A_INSTANCE, t->instance);
	if (nowait)
		mnl_attr_put_u32(r.nlh, NSFENCE_A_FLAGS, NSFENCE_F_NOWAIT);
	return genl_sock_transact(g, &r, e);
}

int genl_detach_all(struct genl *g, uint32_t *count, struct err *e)
{
	struct genl_answer a = { 0 };
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_DETACH_ALL),
		.what = "detach of all",
		.refused = genl_refused,
		.answer = answer,
		.data = &a,
	};
	int ret = genl_sock_transact(g, &r, e);

	if (!ret && count)
		*count = a.count;
	return ret;
}
