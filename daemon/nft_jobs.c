// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_jobs: see nft_jobs.h. Functions called do_...() run in the helper. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "nft_child.h"
#include "nft_jobs.h"
#include "nft_load.h"

#define NAMES		9	/* that are tried before one by chance */
#define OURS_MS		45000	/* in a namespace of our own: it only takes what it takes */
#define MORE_MS		25000	/* at most, for a large fence */
#define SIZE_FACTOR	2	/* more than that of what we made there is somebody else's */

/* What a helper is to do. */
struct work {
	struct nft_job *j;
	const struct nft_meta *meta;
	const struct nft_objects *objects;
	const struct nft_want *want;
	const char *table;
	const struct nft_place *places;
	size_t n_places;
	int memory;		/* a memfd, for results that are no message */
	bool only_look;		/* sockets only where there is something */
	struct nft_counted *counted;
	size_t max_counted;
};

/* ---- the helper's side ---- */

static int do_open(struct nft_job *j, struct err *e)
{
	if (j->requests >= 0)
		return 0;
	if (setns(j->ns, CLONE_NEWNET))
		return err_set(e, errno, EXIT_REFUSED, "the namespace cannot be entered: %s",
			       strerror(errno));
	j->requests = nft_msg_open(0);
	/* Listen first, look and change afterwards. */
	j->changes = nft_msg_open(NFNLGRP_NFTABLES);
	if (j->requests < 0 || j->changes < 0) {
		int ret = j->requests < 0 ? j->requests : j->changes;

		return err_set(e, -ret, EXIT_REFUSED, "no netlink socket for nftables there: %s",
			       strerror(-ret));
	}
	return 0;
}

static bool is_foreign(const struct nft_table *t, uint32_t port)
{
	return t->owner && t->owner != port;
}

static const struct nft_table *table_named(const struct nft_table *v, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return &v[i];
	return NULL;
}

/* Ours; one that somebody else owns is not, whatever it says; what we own, before others. */
static const struct nft_table *table_ours(const struct nft_table *v, size_t n, uint32_t port,
					  struct nft_meta *m)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].owner && v[i].owner == port && nft_meta_get(&v[i], m))
			return &v[i];
	for (i = 0; i < n; i++)
		if (!v[i].owner && nft_meta_get(&v[i], m))
			return &v[i];
	return NULL;
}

/*
 * Where the next fence goes: in place of ours; else nsfence, or, where root inside has
 * made a table of that name his own, another name. NULL in @remove: nothing is there.
 */
static void choose(const struct nft_table *v, size_t n, uint32_t port, struct nft_table *add,
		   const char **remove)
{
	const struct nft_table *have;
	struct nft_meta m;
	int i;

	have = table_ours(v, n, port, &m);
	for (i = 0; !have && i < NAMES; i++) {
		snprintf(add->name, sizeof(add->name), i ? NFT_RENDER_TABLE "%d" : NFT_RENDER_TABLE,
			 i);
		have = table_named(v, n, add->name);
		if (!have) {
			*remove = NULL;
			return;
		}
		if (is_foreign(have, port))
			have = NULL;
	}
	if (have)
		memmove(add->name, have->name, sizeof(add->name));
	else	/* all taken; he cannot take all */
		snprintf(add->name, sizeof(add->name), NFT_RENDER_TABLE "%u", nft_msg_random());
	*remove = have ? have->name : NULL;
}

/* Leftovers, of a daemon whose socket lived on for a moment. */
static void do_remove_others(int fd, const char *keep)
{
	struct nft_table v[NFT_TABLES];
	struct nft_meta m;
	size_t n, i, gone;

	do {
		n = gone = 0;
		if (nft_msg_tables(fd, v, &n, NULL))
			return;
		for (i = 0; i < n; i++) {
			const struct nft_change c = { .remove = v[i].name };

			if (strcmp(v[i].name, keep) && !is_foreign(&v[i], nft_msg_port(fd)) &&
			    nft_meta_get(&v[i], &m))
				gone += !nft_msg_change(fd, &c, NULL);
		}
	} while (n == NFT_TABLES && gone);	/* there may be more */
}

static void do_cookie(int fd, struct nft_report *r)
{
#ifdef SO_NETNS_COOKIE
	socklen_t len = sizeof(r->cookie);

	r->has_cookie = !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &r->cookie, &len);
#else
	(void)fd, (void)r;
#endif
}

static int do_digest(const struct nft_job *j, struct nft_report *r)
{
	struct nft_objects o = { 0 };
	int ret;

	ret = nft_msg_read(j->requests, r->table.name, j->max, &o, &r->err);
	r->digest = ret ? 0 : nft_objects_digest(&o, j->key);
	/* What is not active does nothing, whatever its rules are. */
	if (r->table.flags & NFT_MSG_F_DORMANT)
		r->digest = 0;
	nft_objects_clean(&o);
	return ret == -EFBIG || ret == -ENOENT ? 0 : ret;
}

/* What is there now; an orphan becomes ours first, so that it stays as it is read. */
static int do_examine(struct nft_job *j, struct nft_report *r)
{
	struct nft_table v[NFT_TABLES], adopted;
	const struct nft_table *have;
	size_t n = 0;
	int ret;

	ret = nft_msg_tables(j->requests, v, &n, &r->err);
	if (ret)
		return ret;
	have = table_ours(v, n, nft_msg_port(j->requests), &r->meta);
	if (!have)
		return 0;
	r->found = true;
	r->table = *have;
	if (j->table_flags & NFT_MSG_F_OWNER && have->flags & NFT_MSG_F_PERSIST && !have->owner) {
		adopted = *have;
		adopted.flags |= NFT_MSG_F_OWNER;
		if (!nft_msg_adopt(j->requests, &adopted, &r->err)) {
			r->table.flags = adopted.flags;
			r->table.owner = nft_msg_port(j->requests);
		}
	}
	return do_digest(j, r);
}

static void do_report(int out, const struct nft_job *j, struct nft_report *r, bool with_sockets)
{
	const int fds[2] = { j->requests, j->changes };

	nft_child_send(out, r, sizeof(*r), fds, with_sockets ? 2 : 0);
}

static void do_attach(int out, void *data)
{
	struct work *w = data;
	struct nft_table v[NFT_TABLES], add = { .flags = w->j->table_flags };
	struct nft_report r = { 0 };
	struct nft_change c = { .add = &add, .objects = w->objects };
	bool is_new = w->j->requests < 0;
	size_t n = 0;

	nft_meta_put(&add, w->meta);
	r.ret = do_open(w->j, &r.err);
	if (!r.ret)
		r.ret = nft_msg_tables(w->j->requests, v, &n, &r.err);
	if (!r.ret)
		choose(v, n, nft_msg_port(w->j->requests), &add, &c.remove);
	if (!r.ret)
		r.ret = nft_msg_change(w->j->requests, &c, &r.err);
	if (!r.ret) {
		if (n > 1)
			do_remove_others(w->j->requests, add.name);
		do_cookie(w->j->requests, &r);
		r.ret = do_examine(w->j, &r);
	}
	do_report(out, w->j, &r, is_new && !r.ret);
}

static void do_check(int out, void *data)
{
	struct work *w = data;
	struct nft_report r = { 0 };

	r.ret = do_examine(w->j, &r);
	do_report(out, w->j, &r, false);
}

static void do_detach(int out, void *data)
{
	struct work *w = data;
	const struct nft_change c = { .remove = w->table };
	struct nft_report r = { 0 };

	r.ret = nft_msg_change(w->j->requests, &c, &r.err);
	if (r.ret == -ENOENT)
		r.ret = 0;
	do_report(out, w->j, &r, false);
}

static int do_open_place(struct nft_job *j, const struct nft_place *p, struct err *e)
{
	struct stat st;
	int ns = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = 0;

	if (ns < 0 || fstat(ns, &st) || st.st_ino != p->inode) {
		ret = -ENOENT;	/* it has gone meanwhile, and perhaps another come */
	} else if (setns(ns, CLONE_NEWNET)) {
		ret = err_set(e, errno, EXIT_REFUSED, "%s cannot be entered: %s", p->path,
			      strerror(errno));
	} else {
		j->requests = nft_msg_open(0);
		if (j->requests < 0)
			ret = err_set(e, -j->requests, EXIT_REFUSED, "%s: no netlink socket: %s",
				      p->path, strerror(-j->requests));
	}
	if (ns >= 0)
		close(ns);
	return ret;
}

static void do_look_at(int out, struct nft_job *j, const struct nft_place *p, uint32_t index)
{
	struct nft_report r = { .index = index };
	struct nft_table v[NFT_TABLES];
	size_t n = 0;

	j->requests = j->changes = -1;
	r.ret = do_open_place(j, p, &r.err);
	if (!r.ret)
		r.ret = nft_msg_tables(j->requests, v, &n, &r.err);
	if (!r.ret && n) {
		j->changes = nft_msg_open(NFNLGRP_NFTABLES);
		do_cookie(j->requests, &r);
		r.ret = j->changes < 0 ? j->changes : do_examine(j, &r);
		if (!r.ret && r.found)
			do_remove_others(j->requests, r.table.name);
	}
	if (r.ret == -ENOENT)
		r.ret = 0;
	do_report(out, j, &r, !r.ret && r.found);
	if (j->requests >= 0)
		close(j->requests);
	if (j->changes >= 0)
		close(j->changes);
}

static void do_look(int out, void *data)
{
	struct work *w = data;
	size_t i;

	for (i = 0; i < w->n_places; i++)
		do_look_at(out, w->j, &w->places[i], (uint32_t)i);
}

static void do_probe(int out, void *data)
{
	struct nft_report r = { 0 };

	(void)data;
	r.ret = nft_load_probe(&r.table.flags, &r.err);
	nft_child_send(out, &r, sizeof(r), NULL, 0);
}

/* Results that are longer than a message: struct size first, then bytes. */
static int do_write(int fd, const void *data, size_t size)
{
	const char *at = data;
	ssize_t n;

	while (size) {
		n = write(fd, at, size);
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static void do_compile(int out, void *data)
{
	struct work *w = data;
	struct nft_objects o = { 0 };
	struct nft_report r = { 0 };
	char *text = nft_render(w->want, &r.err);

	r.ret = text ? nft_load(text, &o, &r.err) : -r.err.errnum;
	if (!r.ret)
		r.ret = do_write(w->memory, o.v, o.size);
	r.index = (uint32_t)o.n;
	nft_child_send(out, &r, sizeof(r), NULL, 0);
}

static void do_counters(int out, void *data)
{
	struct work *w = data;
	struct nft_report r = { 0 };
	size_t n = 0;

	r.ret = nft_msg_counters(w->j->requests, w->table, w->counted, w->max_counted, &n, &r.err);
	if (!r.ret)
		r.ret = do_write(w->memory, w->counted, n * sizeof(*w->counted));
	r.index = (uint32_t)n;
	nft_child_send(out, &r, sizeof(r), NULL, 0);
}

/* ---- the daemon's side ---- */

static int lost(int ret, int timeout_ms, struct err *e)
{
	if (ret == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, EXIT_REFUSED,
			       "nftables does not answer within %d s", timeout_ms / 1000);
	return err_set(e, EIO, EXIT_REFUSED, "the helper process died%s%s",
		       ret == -ENODATA ? "" : ": ", ret == -ENODATA ? "" : strerror(-ret));
}

/* Large sets take their time, and nobody is to blame. */
static int timeout_of(const struct work *w)
{
	size_t size = w->objects ? w->objects->size : w->j ? w->j->max / SIZE_FACTOR : 0;

	if (!w->j)	/* nobody else is in that namespace */
		return OURS_MS;
	if (w->j->max == NFT_JOB_MAX_LOOK)	/* who makes it long is not known */
		return BACKEND_NFT_TIMEOUT_MS;
	return BACKEND_NFT_TIMEOUT_MS + (int)(size >> 10 < MORE_MS ? size >> 10 : MORE_MS);
}

/* One helper, one report; @sockets: two, or NULL. */
static int run(nft_child_fn fn, struct work *w, struct nft_report *r, int *sockets, struct err *e)
{
	int keep[NFT_CHILD_KEEP], timeout_ms = timeout_of(w), ret;
	struct nft_child c;
	size_t n = 0;

	if (w->j && w->j->ns >= 0)
		keep[n++] = w->j->ns;
	if (w->j && w->j->requests >= 0)
		keep[n++] = w->j->requests;
	if (w->j && w->j->changes >= 0)
		keep[n++] = w->j->changes;
	if (w->memory >= 0)
		keep[n++] = w->memory;
	ret = nft_child_start(&c, w->j ? w->j->inode : 0, fn, w, keep, n, e);
	if (ret)
		return ret;
	ret = nft_child_recv(&c, r, sizeof(*r), sockets, sockets ? 2 : 0, timeout_ms);
	nft_child_end(&c);
	if (ret)
		return lost(ret, timeout_ms, e);
	if (r->ret && e)
		*e = r->err;
	if (r->ret && e && !e->errnum)
		err_set(e, -r->ret, EXIT_REFUSED, "%s", strerror(-r->ret));
	return r->ret;
}

int nft_job_probe(uint32_t *flags, struct err *e)
{
	struct work w = { .memory = -1 };
	struct nft_report r;
	int ret = run(do_probe, &w, &r, NULL, e);

	if (ret && e)
		e->exit = EXIT_UNREACHABLE;
	*flags = ret ? 0 : r.table.flags;
	return ret;
}

/* All that is in a memfd, malloc'ed. */
static void *take_memory(int fd, size_t *size)
{
	off_t end = lseek(fd, 0, SEEK_END);
	uint8_t *v = end >= 0 ? malloc((size_t)end + 1) : NULL;

	*size = end >= 0 ? (size_t)end : 0;
	if (v && pread(fd, v, *size, 0) != (ssize_t)*size) {
		free(v);
		return NULL;
	}
	return v;
}

int nft_job_compile(const struct nft_want *want, struct nft_objects *out, struct err *e)
{
	struct work w = { .want = want, .memory = memfd_create("nft", MFD_CLOEXEC) };
	struct nft_report r;
	int ret;

	if (w.memory < 0)
		return err_set(e, errno, EXIT_REFUSED, "memfd_create: %s", strerror(errno));
	ret = run(do_compile, &w, &r, NULL, e);
	if (!ret) {
		out->v = take_memory(w.memory, &out->size);
		out->cap = out->size;
		out->n = r.index;
		if (!out->v)
			ret = err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	}
	close(w.memory);
	return ret;
}

int nft_job_attach(struct nft_job *j, const struct nft_meta *meta,
		   const struct nft_objects *objects, struct nft_report *r, struct err *e)
{
	struct work w = { .j = j, .meta = meta, .objects = objects, .memory = -1 };
	int sockets[2], ret;
	bool is_new = j->requests < 0;

	j->max = SIZE_FACTOR * objects->size + 65536;
	ret = run(do_attach, &w, r, sockets, e);
	if (!ret && is_new) {
		j->requests = sockets[0];
		j->changes = sockets[1];
		if (j->requests < 0 || j->changes < 0)
			ret = err_set(e, EMFILE, EXIT_REFUSED, "too many open files");
	}
	return ret;
}

int nft_job_check(struct nft_job *j, struct nft_report *r, struct err *e)
{
	struct work w = { .j = j, .memory = -1 };

	return run(do_check, &w, r, NULL, e);
}

int nft_job_detach(struct nft_job *j, const char *table, struct err *e)
{
	struct work w = { .j = j, .table = table, .memory = -1 };
	struct nft_report r;

	return run(do_detach, &w, &r, NULL, e);
}

int nft_job_counters(struct nft_job *j, const char *table, struct nft_counted *v, size_t max,
		     size_t *n, struct err *e)
{
	struct work w = {
		.j = j, .table = table, .counted = v, .max_counted = max,
		.memory = memfd_create("nft", MFD_CLOEXEC),
	};
	struct nft_report r;
	int ret;

	if (w.memory < 0)
		return err_set(e, errno, EXIT_REFUSED, "memfd_create: %s", strerror(errno));
	ret = run(do_counters, &w, &r, NULL, e);
	*n = ret ? 0 : r.index;
	if (!ret && *n <= max &&
	    pread(w.memory, v, *n * sizeof(*v), 0) != (ssize_t)(*n * sizeof(*v)))
		ret = err_set(e, EIO, EXIT_REFUSED, "the counters got lost");
	close(w.memory);
	return ret;
}

int nft_job_look(const struct nft_job *like, const struct nft_place *v, size_t n,
		 nft_found_fn found, void *data, struct err *e)
{
	struct nft_report r;
	struct nft_child c;
	int sockets[2], ret;
	size_t done = 0;

	/* One helper for all; where it hangs, another one goes on behind that place. */
	while (done < n) {
		struct nft_job j = *like;	/* each entered by a helper */
		struct work w = { .j = &j, .places = v + done, .n_places = n - done, .memory = -1 };
		size_t begin = done;

		j.max = NFT_JOB_MAX_LOOK;
		ret = nft_child_start(&c, 0, do_look, &w, NULL, 0, e);
		if (ret)
			return ret;
		while (done < n) {
			ret = nft_child_recv(&c, &r, sizeof(r), sockets, 2, BACKEND_NFT_TIMEOUT_MS);
			if (ret || begin + r.index != done)
				break;
			if (r.ret || r.found)
				found(data, &v[done], &r, sockets[0], sockets[1]);
			done++;
		}
		if (done < n)
			c.place = v[done].inode;
		nft_child_end(&c);
		if (done == n)
			break;
		memset(&r, 0, sizeof(r));
		r.ret = lost(ret ? ret : -ENODATA, BACKEND_NFT_TIMEOUT_MS, &r.err);
		found(data, &v[done++], &r, -1, -1);
	}
	return 0;
}
