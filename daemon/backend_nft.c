// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fences as tables of nftables. See backend.h; nft_int.h says what is in which file.
 *
 * With an owner and persist (Linux 6.9) nobody else can change a table while the
 * daemon lives, and it stays when the daemon dies. Without persist there is no
 * owner either: the table would go with the daemon's socket, and a daemon that is
 * killed would unfence. Root inside can change such a table then; what he changes is
 * noticed and put right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "nft_int.h"
#include "policies.h"

#define MAX_COUNTERS	4096	/* rules of a policy whose counters are added up */

/*
 * Who opens it a second time gets the same one: two would not know each other's
 * tables, which have but one owner.
 */
static struct nft *only;

static struct nft *nft(const struct backend *b)
{
	return (struct nft *)b;
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
}

static void nft_close(struct backend *b)
{
	struct nft *n = nft(b);

	if (n == only && --n->users)
		return;
	if (n == only)
		only = NULL;
	while (n->n_ns)
		nft_ns_drop(n, n->ns[0]);
	while (n->n_policies) {
		nft_compiled_put(n, n->policy[--n->n_policies].compiled);
		free(n->policy[n->n_policies].text);
	}
	free(n->ns);
	free(n->policy);
	free(n->bare);
	if (n->timer >= 0)
		close(n->timer);
	if (n->epoll >= 0)
		close(n->epoll);
	free(n);
}

#define LIMITS_ALL								\
	"a namespace that is made has no fence until the daemon sees it: neither birth nor inherit have any effect", \
	"root in a namespace can read its fence's rules (nft list ruleset)",	\
	"each namespace has a copy of its policy",				\
	"log statements go to the kernel's log, and only where net.netfilter.nf_log_all_netns is 1; nsfence monitor shows nothing", \
	"the answers that reject sends meet the fence's own output chain, and what drops there drops them", \
	"counters begin anew when a fence is replaced",				\
	"a namespace that only an open descriptor keeps alive is not watched"

static const char *const *nft_limits(const struct backend *b)
{
	static const char *const owned[] = {
		"while the daemon is not running, root in a namespace can change or remove its fence; it is put right when the daemon is back",
		LIMITS_ALL, NULL,
	};
	static const char *const shared[] = {
		"this kernel has no persistent tables (Linux 6.9 and later have): root in a namespace can change or remove its fence; the daemon puts it right within a moment, but only while it is running",
		LIMITS_ALL, NULL,
	};

	return nft(b)->table_flags & NFT_MSG_F_OWNER ? owned : shared;
}

static int nft_events_fd(const struct backend *b)
{
	return nft(b)->epoll;
}

static int nft_events(struct backend *b, const struct genl_listener *l, struct err *e)
{
	(void)e;
	return nft_watch_events(nft(b), l);
}

/* ---- namespaces ---- */

static int compare_netns(const void *a, const void *b)
{
	uint32_t x = ((const struct genl_netns *)a)->inode, y = ((const struct genl_netns *)b)->inode;

	return x < y ? -1 : x > y;
}

static int nft_netns_dump(struct backend *b, struct genl_netns **out, size_t *count,
			  struct err *e)
{
	struct nft *n = nft(b);
	struct nft_place *v = NULL;
	struct genl_netns *dump;
	size_t n_places = 0, i, k = 0;
	int ret;

	ret = nft_places_all(&v, &n_places);
	if (ret)
		return err_set(e, -ret, EXIT_REFUSED, "the namespaces cannot be listed: %s",
			       strerror(-ret));
	ret = nft_fence_discover(n, v, n_places, e);
	dump = ret ? NULL : calloc(n_places + n->n_ns + 1, sizeof(*dump));
	if (!ret && !dump)
		ret = no_memory(e);
	for (i = 0; !ret && i < n_places; i++) {
		if (nft_ns_find(n, v[i].inode))
			continue;
		dump[k].inode = v[i].inode;
		if (v[i].inode == n->own || v[i].inode == n->initial)
			dump[k].flags = GENL_F_INITIAL;
		k++;
	}
	for (i = 0; !ret && i < n->n_ns; i++)
		nft_ns_describe(n, n->ns[i], &dump[k++]);
	nft_places_free(v, n_places);
	if (ret)
		return ret;
	qsort(dump, k, sizeof(*dump), compare_netns);
	*out = dump;
	*count = k;
	return 0;
}

static int not_fenced(const struct genl_target *t, struct err *e)
{
	return err_set(e, ENOENT, EXIT_NOT_FOUND, "the namespace (inode %u) has no fence", t->inode);
}

static int check_target(const struct nft *n, const struct genl_target *t, const struct nft_ns *x,
			struct err *e)
{
	struct stat st;

	if (t->inode == n->own || t->inode == n->initial)
		return err_set(e, EPERM, EXIT_REFUSED,
			       "this is the initial network namespace, or the daemon's own");
	if (t->fd >= 0 && (fstat(t->fd, &st) || st.st_ino != t->inode))
		return err_set(e, ESTALE, EXIT_REFUSED, "the descriptor is not of namespace %u",
			       t->inode);
	if (x && t->has_cookie && x->has_cookie && t->cookie != x->cookie)
		return err_set(e, ESTALE, EXIT_REFUSED, "inode %u is another namespace by now",
			       t->inode);
	if (t->instance && (!x || x->meta.instance != t->instance))
		return err_set(e, ESTALE, EXIT_REFUSED, "the fence is another by now");
	return 0;
}

static void add_counter(struct genl_netns *out, const struct nft_counted *c)
{
	uint32_t hook;
	int v;

	for (hook = 0; hook < GENL_HOOKS; hook++)
		if (!strcmp(c->chain, genl_hook_name(hook)) ||
		    (hook == GENL_HOOK_FORWARD && !strcmp(c->chain, "nsfence.forward")))
			break;
	for (v = 0; v < GENL_VERDICTS; v++)
		if (!strcmp(c->verdict, genl_verdict_name(v)))
			break;
	if (hook == GENL_HOOKS || v == GENL_VERDICTS)
		return;
	out->counter[hook][v].packets += c->packets;
	out->counter[hook][v].bytes += c->bytes;
}

static int nft_netns_get(struct backend *b, const struct genl_target *t, struct genl_netns *out,
			 struct err *e)
{
	struct nft *n = nft(b);
	struct nft_ns *x = nft_ns_find(n, t->inode);
	struct nft_job j = { .ns = -1, .changes = -1 };
	struct nft_counted *v;
	size_t i, found = 0;
	int ret;

	ret = check_target(n, t, x, e);
	if (ret)
		return ret;
	if (!x)
		return not_fenced(t, e);
	nft_ns_describe(n, x, out);
	v = calloc(MAX_COUNTERS, sizeof(*v));
	if (!v)
		return no_memory(e);
	j.requests = x->requests;
	j.inode = x->inode;
	ret = nft_job_counters(&j, x->table, v, MAX_COUNTERS, &found, e);
	for (i = 0; !ret && i < found; i++)
		add_counter(out, &v[i]);
	free(v);
	return ret;
}

static int make_meta(struct nft *n, const struct genl_fence *f, struct nft_meta *m, struct err *e)
{
	const struct nft_policy *p = NULL;
	struct timespec now;
	uint64_t us;

	if (!policies_is_builtin(f->policy)) {
		p = nft_policy_find(n, f->policy);
		if (!p)
			return err_set(e, ENOENT, EXIT_NOT_FOUND,
				       "no such policy (built in are: accept, drop, reject, audit)");
	}
	*m = (struct nft_meta){
		.hash = p ? p->hash : 0, .mode = f->mode, .hooks = p ? 0 : f->hooks,
		.flags = f->flags & NFT_META_FLAGS,
	};
	strcpy(m->policy, p ? p->name : f->policy);
	snprintf(m->source, sizeof(m->source), "%s", f->source ? f->source : "");
	/* Never used again, not by a daemon after this one either. */
	clock_gettime(CLOCK_REALTIME, &now);
	us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	n->instance = us > n->instance ? us : n->instance + 1;
	m->instance = n->instance;
	return 0;
}

static int nft_attach(struct backend *b, const struct genl_target *t, const struct genl_fence *f,
		      uint64_t *instance, struct err *e)
{
	struct nft *n = nft(b);
	struct nft_ns *x = nft_ns_find(n, t->inode);
	struct nft_meta m;
	int ret;

	ret = check_target(n, t, x, e);
	if (ret)
		return ret;
	if (x && x->right && !(f->flags & GENL_F_REPLACE))
		return err_set(e, EEXIST, EXIT_REFUSED,
			       "the namespace is fenced already; replace or detach that fence");
	if (!x && t->fd < 0)
		return err_set(e, EINVAL, EXIT_REFUSED, "the nft backend needs an open descriptor");
	ret = make_meta(n, f, &m, e);
	if (!ret)
		ret = nft_fence_put(n, x, t, &m, e);
	if (!ret && instance)
		*instance = m.instance;
	return ret;
}

static int nft_detach(struct backend *b, const struct genl_target *t, bool nowait, struct err *e)
{
	struct nft *n = nft(b);
	struct nft_ns *x = nft_ns_find(n, t->inode);
	struct nft_job j = { .ns = -1, .changes = -1 };
	int ret;

	(void)nowait;
	ret = check_target(n, t, x, e);
	if (ret)
		return ret;
	if (!x)
		return not_fenced(t, e);
	j.requests = x->requests;
	j.inode = x->inode;
	ret = nft_job_detach(&j, x->table, e);
	if (!ret)
		nft_ns_drop(n, x);
	return ret;
}

/* ---- policies ---- */

static void describe_policy(const struct nft *n, const struct nft_policy *p,
			    struct genl_policy *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	strcpy(out->name, p->name);
	out->generation = p->generation;
	/* Who sees that it is another is going to set it again. */
	out->hash = p->stale ? 0 : p->hash;
	out->records = p->records;
	out->bytes = p->bytes;
	for (i = 0; i < n->n_ns; i++)
		out->attachments += !strcmp(n->ns[i]->meta.policy, p->name);
}

/* A fence of a daemon before, whose policy was not known yet: is it what it says? */
static void judge(struct nft *n, struct nft_ns *x, const struct nft_policy *p)
{
	if (!x->compiled && x->meta.hash == p->hash && nft_fence_check(n, x, NULL))
		x->right = false;
}

/* All fences of the policy that have another version; the first failure. */
static int update_fences(struct nft *n, const struct nft_policy *p, struct err *e)
{
	struct err one;
	size_t i;
	int ret, first = 0;

	for (i = 0; i < n->n_ns; i++) {
		struct nft_ns *x = n->ns[i];
		struct nft_meta m = x->meta;

		if (strcmp(m.policy, p->name))
			continue;
		judge(n, x, p);
		if (m.hash == p->hash && x->right)
			continue;
		m.hash = p->hash;
		ret = nft_fence_put(n, x, NULL, &m, &one);
		if (ret && !first) {
			first = ret;
			if (e)
				*e = one;
		}
	}
	return first;
}

static int compare_policy(const void *a, const void *b)
{
	return strcmp(((const struct nft_policy *)a)->name, ((const struct nft_policy *)b)->name);
}

static struct nft_policy *policy_add(struct nft *n, const char *name)
{
	struct nft_policy *v = realloc(n->policy, (n->n_policies + 1) * sizeof(*v));

	if (!v)
		return NULL;
	n->policy = v;
	v[n->n_policies] = (struct nft_policy){ 0 };
	snprintf(v[n->n_policies].name, sizeof(v->name), "%s", name);
	n->n_policies++;
	qsort(v, n->n_policies, sizeof(*v), compare_policy);
	return nft_policy_find(n, name);
}

static void forget_policy(struct nft *n, struct nft_policy *p)
{
	size_t i = (size_t)(p - n->policy);

	nft_compiled_put(n, p->compiled);
	free(p->text);
	memmove(p, p + 1, (--n->n_policies - i) * sizeof(*p));
}

/*
 * Whether nftables takes it is tried here, for a fence that enforces: nothing is
 * changed where it does not.
 */
static int try_policy(struct nft *n, struct nft_policy *p, struct err *e)
{
	struct nft_meta m = { .hash = p->hash };

	strcpy(m.policy, p->name);
	return nft_compiled_get(n, &m, &p->compiled, e);
}

static int nft_policy_set(struct backend *b, const struct config_policy *p,
			  struct genl_policy *out, struct err *e)
{
	struct nft *n = nft(b);
	struct nft_policy *have = nft_policy_find(n, p->name), old;
	int ret;

	if (!have)
		have = policy_add(n, p->name);
	if (!have)
		return no_memory(e);
	old = *have;
	have->compiled = NULL;
	have->hash = p->compiled.hash;
	have->bytes = (uint32_t)p->compiled.size;
	have->text = p->compiled.text ? strdup(p->compiled.text) : NULL;
	ret = have->text ? try_policy(n, have, e) : no_memory(e);
	if (ret) {
		free(have->text);
		*have = old;
		if (!old.text)
			forget_policy(n, have);
		return ret;
	}
	nft_compiled_put(n, old.compiled);
	free(old.text);
	if (have->hash != old.hash || !old.text)
		have->generation = ++n->generation;
	ret = update_fences(n, have, e);
	have->stale = ret;
	if (out)
		describe_policy(n, have, out);
	return ret;
}

static int nft_policy_dump(struct backend *b, struct genl_policy **out, size_t *count,
			   struct err *e)
{
	struct nft *n = nft(b);
	struct genl_policy *v = calloc(n->n_policies + 1, sizeof(*v));
	size_t i;

	if (!v)
		return no_memory(e);
	for (i = 0; i < n->n_policies; i++)
		describe_policy(n, &n->policy[i], &v[i]);
	*out = v;
	*count = n->n_policies;
	return 0;
}

static int nft_policy_del(struct backend *b, const char *name, struct err *e)
{
	struct nft *n = nft(b);
	struct nft_policy *p = nft_policy_find(n, name);
	struct genl_policy now;

	if (!p)
		return err_set(e, ENOENT, EXIT_NOT_FOUND, "no policy is called %s", name);
	describe_policy(n, p, &now);
	if (now.attachments)
		return err_set(e, EBUSY, EXIT_REFUSED, "policy %s is used by %u fence%s", name,
			       now.attachments, now.attachments == 1 ? "" : "s");
	forget_policy(n, p);
	return 0;
}

/* ---- birth ---- */

static int nft_birth_get(struct backend *b, struct genl_birth *out, struct err *e)
{
	(void)b, (void)e;
	memset(out, 0, sizeof(*out));
	strcpy(out->policy, GENL_BIRTH_NONE);
	out->decided = true;
	return 0;
}

static int nft_birth_set(struct backend *b, const struct genl_fence *f, struct err *e)
{
	(void)b;
	if (!strcmp(f->policy, GENL_BIRTH_NONE))
		return 0;
	return err_set(e, EOPNOTSUPP, EXIT_REFUSED,
		       "birth = %s: only the module can fence namespaces at birth; with backend nft they have no fence until the daemon sees them",
		       f->policy);
}

static const struct backend_ops nft_ops = {
	.kind = BACKEND_NFT,
	.close = nft_close,
	.limits = nft_limits,
	.events_fd = nft_events_fd,
	.events = nft_events,
	.netns_dump = nft_netns_dump,
	.netns_get = nft_netns_get,
	.attach = nft_attach,
	.detach = nft_detach,
	.policy_set = nft_policy_set,
	.policy_dump = nft_policy_dump,
	.policy_del = nft_policy_del,
	.birth_get = nft_birth_get,
	.birth_set = nft_birth_set,
};

/* Two sockets for each fenced namespace. */
static void raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur == r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static int open_with(struct backend **out, uint32_t flags, struct err *e)
{
	struct nft *n = calloc(1, sizeof(*n));
	struct stat st;
	int ret;

	if (!n)
		return no_memory(e);
	n->base.ops = &nft_ops;
	n->table_flags = flags;
	n->epoll = n->timer = -1;
	n->own = nft_places_own();
	n->initial = stat("/proc/1/ns/net", &st) ? n->own : (uint32_t)st.st_ino;
	if (getrandom(n->key, sizeof(n->key), 0) != sizeof(n->key))
		ret = err_set(e, EIO, EXIT_UNREACHABLE, "no random numbers");
	else
		ret = nft_watch_open(n, e);
	if (ret) {
		nft_close(&n->base);
		return ret;
	}
	raise_files();
	*out = &n->base;
	return 0;
}

int backend_nft_open_flags(struct backend **out, uint32_t table_flags, struct err *e)
{
	return open_with(out, table_flags, e);
}

int backend_nft_open(struct backend **out, struct err *e)
{
	uint32_t flags;
	int ret = 0;

	if (only) {
		nft_watch_again(only);
	} else {
		ret = nft_job_probe(&flags, e);
		if (!ret)
			ret = open_with(out, flags, e);
		if (!ret)
			only = nft(*out);
	}
	if (ret)
		return ret;
	only->users++;
	*out = &only->base;
	return 0;
}
