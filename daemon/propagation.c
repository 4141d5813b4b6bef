// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mount propagation, read from two mount tables. See propagation.h.
 *
 * A line of mountinfo (proc(5)):
 *
 *   36 35 98:0 /root /run rw,noatime shared:5 master:1 - tmpfs tmpfs rw
 *   (id)             (point)         (optional fields) (end of them)
 *
 * Ids are unique on the host, so the same id means the same mount, that is,
 * the same mount namespace. /proc/1/mountinfo needs no privilege, unlike
 * /proc/1/ns/mnt.
 */
#include <stdlib.h>
#include <string.h>

#include "propagation.h"

struct mount {
	int id;
	int shared;	/* peer group, 0: none */
	int master;	/* peer group that it receives from, 0: none */
	size_t len;	/* of the mount point */
};

static bool covers(const char *point, size_t len, const char *path)
{
	if (len == 1)
		return true;	/* "/" */
	return !strncmp(point, path, len) && (!path[len] || path[len] == '/');
}

static bool parse(char *line, const char *path, struct mount *m)
{
	char *point, *field, *save = NULL;
	int i;

	*m = (struct mount){ 0 };
	field = strtok_r(line, " \n", &save);
	if (!field)
		return false;
	m->id = atoi(field);
	for (i = 0; i < 4; i++) {
		point = strtok_r(NULL, " \n", &save);
		if (!point)
			return false;
	}
	strtok_r(NULL, " \n", &save);		/* options */
	while ((field = strtok_r(NULL, " \n", &save)) && strcmp(field, "-")) {
		if (!strncmp(field, "shared:", 7))
			m->shared = atoi(field + 7);
		else if (!strncmp(field, "master:", 7))
			m->master = atoi(field + 7);
	}
	m->len = strlen(point);
	return field && covers(point, m->len, path);
}

/* The longest mount point wins, and the later of two: it lies on top. */
static bool find(FILE *f, const char *path, struct mount *best)
{
	char *line = NULL;
	size_t room = 0;
	struct mount m;
	bool found = false;

	while (getline(&line, &room, f) > 0) {
		if (!parse(line, path, &m) || (found && m.len < best->len))
			continue;
		*best = m;
		found = true;
	}
	free(line);
	return found;
}

enum propagation propagation_compare(FILE *own, FILE *host, const char *path)
{
	struct mount o, h;

	if (!find(own, path, &o) || !find(host, path, &h))
		return PROPAGATION_UNKNOWN;
	if (o.id == h.id)
		return PROPAGATION_YES;
	if (h.shared && (o.master == h.shared || o.shared == h.shared))
		return PROPAGATION_YES;
	return PROPAGATION_NO;
}

enum propagation propagation_check(const char *path)
{
	enum propagation ret = PROPAGATION_UNKNOWN;
	FILE *own = fopen("/proc/self/mountinfo", "re");
	FILE *host = fopen("/proc/1/mountinfo", "re");

	if (own && host)
		ret = propagation_compare(own, host, path);
	if (own)
		fclose(own);
	if (host)
		fclose(host);
	return ret;
}
