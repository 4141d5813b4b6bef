/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc: what /proc tells of processes. Nothing here lasts: a process may be gone,
 * and its number another's, when a function returns.
 */
#ifndef NSF_PROC_H
#define NSF_PROC_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	pid_t ppid;
	uint64_t start;			/* clock ticks since boot */
	char comm[64];			/* as its owner wrote it: any bytes */
};

/* The next process (or, in /proc/PID/task, thread) of an open directory; 0: none is left. */
pid_t proc_next(DIR *d);
/* The inode of PID/ns/@kind ("net", "user", "mnt") below @dir; 0: gone, or not ours to see. */
uint32_t proc_ns(int dir, pid_t pid, const char *kind);
/* 0 or a negative errno. */
int proc_stat_get(int dir, pid_t pid, struct proc_stat *out);
/*
 * The systemd service whose control group the process is in ("web.service"), if
 * there is one and @buf has room. 0 or a negative errno.
 */
int proc_service(int dir, pid_t pid, char *buf, size_t size);

/* ---- pure ---- */

/* "net:[4026532631]" -> 4026532631; 0: something else. */
uint32_t proc_parse_ns(const char *s, const char *kind);
/* 0 or -EINVAL. */
int proc_parse_stat(const char *s, struct proc_stat *out);
/* All of a file PID/cgroup. 0, -ENOENT. */
int proc_parse_service(const char *s, char *buf, size_t size);

#endif /* NSF_PROC_H */
