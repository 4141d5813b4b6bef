/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_jobs: what helper processes do in namespaces for the nft backend. Each of
 * these starts one, waits for it at most BACKEND_NFT_TIMEOUT_MS (longer for large
 * policies), and ends it.
 *
 * A namespace with a fence has two sockets, opened in it and held by the daemon:
 * `requests`, which is the table's owner, and `changes`, which hears of changes. With
 * them nobody has to enter the namespace again.
 */
#ifndef NSF_NFT_JOBS_H
#define NSF_NFT_JOBS_H

#include "nft_msg.h"
#include "nft_places.h"
#include "nft_read.h"
#include "nft_render.h"

/* What a helper saw in a namespace. Sent as bytes. */
struct nft_report {
	int ret;			/* 0, or negative, with @err */
	struct err err;
	uint32_t index;			/* of several namespaces */
	bool found;			/* a table of ours: the rest is about it */
	bool has_cookie;
	uint64_t cookie;
	struct nft_table table;
	struct nft_meta meta;
	uint64_t digest;		/* 0: could not be read, or is too large to be ours */
};

#define NFT_JOB_MAX_LOOK	(256u << 20)	/* bytes of a table whose policy is not known */

struct nft_job {
	/* The namespace: an open descriptor, or its sockets; -1 otherwise. */
	int ns;
	int requests, changes;		/* set by the first nft_job_attach() */
	uint32_t inode;			/* of the namespace; 0: of none, or of several */
	uint32_t table_flags;		/* of nft_load_probe() */
	const uint64_t *key;		/* of digests */
	size_t max;			/* bytes of the objects that are ours; more are none of ours */
};

/* Does this kernel allow it? As nft_load_probe(). */
int nft_job_probe(uint32_t *flags, struct err *e);
/* Renders and loads: the objects of a fence. */
int nft_job_compile(const struct nft_want *w, struct nft_objects *out, struct err *e);
/* Puts @objects there with @meta, in place of what there is of ours. */
int nft_job_attach(struct nft_job *j, const struct nft_meta *meta,
		   const struct nft_objects *objects, struct nft_report *r, struct err *e);
/* What there is now. Makes an orphan ours. */
int nft_job_check(struct nft_job *j, struct nft_report *r, struct err *e);
/* Takes it off. 0 also where it is gone. */
int nft_job_detach(struct nft_job *j, const char *table, struct err *e);
int nft_job_counters(struct nft_job *j, const char *table, struct nft_counted *v, size_t max,
		     size_t *n, struct err *e);

/*
 * Looks into namespaces that are not known: @found is called for each where a table of
 * ours is (the sockets are the caller's then), and where something failed (r->ret).
 * 0, or negative where no helper could be had.
 */
typedef void (*nft_found_fn)(void *data, const struct nft_place *p, const struct nft_report *r,
			     int requests, int changes);
int nft_job_look(const struct nft_job *like, const struct nft_place *v, size_t n,
		 nft_found_fn found, void *data, struct err *e);

#endif /* NSF_NFT_JOBS_H */
