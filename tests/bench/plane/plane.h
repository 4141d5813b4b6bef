/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plane: measures what is not about packets: fences, policies, namespaces, the
 * daemon. To be run as root in a machine of its own (scripts/uml, scripts/vm).
 *
 * Each experiment prints lines of JSON, one figure-bearing object each, which
 * tests/bench/control collects. The measured loops start no processes, but where
 * a process is what is measured.
 */
#ifndef PLANE_H
#define PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "genl.h"

struct nsf_image;

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
double now(void);				/* seconds */
void pause_us(unsigned int us);
int compare(const void *a, const void *b);	/* of doubles, for qsort */
double least(const double *v, size_t n);
double median(double *v, size_t n);		/* sorts */
void *need(void *p);				/* dies of NULL */

/* ---- spaces.c: network namespaces ---- */

struct space {
	int fd;
	uint32_t inode;
};

int space_home(void);				/* descriptor of the one we began in */
struct space *spaces_make(size_t n);		/* and back home */
/* Closed at once, and waited for until the kernel has taken all apart. */
void spaces_end(struct space *s, size_t n);
void space_enter(int fd);
/* Lets no more than @max be alive; 0: any number. */
void spaces_limit(unsigned int max);
/* Until no namespace but the initial one is left. */
void spaces_wait_none(void);

/* ---- fence.c: the module ---- */

struct genl *module_open(void);
void module_load(const char *ko);
void module_unload(void);
struct nsf_image *compile(const char *path, size_t *size);
void policy_set(struct genl *g, const char *name, const struct nsf_image *img, size_t size);
/* Of the last one the grace period is waited for, which is then over for all. */
void fence_all(struct genl *g, const struct space *s, size_t n, const char *policy);
void unfence_all(struct genl *g, const struct space *s, size_t n);

/* ---- contenders.c: nft ---- */

void nft_process(const char *file);		/* `nft -f FILE` in the present namespace */
void nft_visit(const char *file);		/* libnftables in this process, there */
/* What libnftables sent for the last visit, sent again; false: the kernel refused. */
bool nft_replay(void);

/* ---- experiments; each takes its own arguments ---- */

int memory(int argc, char **argv);		/* memory.c */
int rates(int argc, char **argv);		/* rates.c */
int publish(int argc, char **argv);		/* publish.c */
int spread(int argc, char **argv);		/* spread.c */
int births(int argc, char **argv);		/* births.c */
int names(int argc, char **argv);		/* daemon.c */
int daemon_run(int argc, char **argv);		/* daemon.c */

#endif /* PLANE_H */
