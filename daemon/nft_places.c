// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_places: see nft_places.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nft_places.h"

/* Returns false when it has seen enough. */
typedef bool (*place_fn)(uint32_t inode, const char *path, void *data);

/* "net:[4026532631]" -> its number, else 0. */
static uint32_t link_inode(const char *s)
{
	unsigned int inode;
	char end;

	return sscanf(s, "net:[%u%c", &inode, &end) == 2 && end == ']' ? inode : 0;
}

/* \040 and the like, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] & 3) << 6 | (s[2] & 7) << 3 | (s[3] & 7));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS ... */
static int each_mount(place_fn fn, void *data)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *root, *point, *rest;
	size_t size = 0;
	uint32_t inode;
	int ret = 0;

	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		root = strstr(line, " net:[");
		if (!root)
			continue;
		root++;
		point = strchr(root, ' ');
		rest = point ? strchr(point + 1, ' ') : NULL;
		if (!rest)
			continue;
		*point++ = '\0';
		*rest = '\0';
		unescape(point);
		inode = link_inode(root);
		if (inode && !fn(inode, point, data)) {
			ret = 1;
			break;
		}
	}
	free(line);
	fclose(f);
	return ret;
}

static int each_process(place_fn fn, void *data)
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	char path[300], link[64];
	uint32_t inode;
	ssize_t n;

	if (!dir)
		return -errno;
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '1' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", d->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			continue;	/* it has gone, or is a zombie */
		link[n] = '\0';
		inode = link_inode(link);
		if (inode && !fn(inode, path, data))
			break;
	}
	closedir(dir);
	return 0;
}

/* ---- all ---- */

struct all {
	struct nft_place *v;
	size_t n, cap, sorted;	/* v[0..sorted) are in order */
	uint32_t last;
	bool failed;
};

static int by_inode(const void *a, const void *b)
{
	uint32_t x = ((const struct nft_place *)a)->inode, y = ((const struct nft_place *)b)->inode;

	return x < y ? -1 : x > y;
}

static bool is_known(const struct all *all, uint32_t inode)
{
	const struct nft_place key = { .inode = inode };
	size_t i;

	if (all->sorted && bsearch(&key, all->v, all->sorted, sizeof(*all->v), by_inode))
		return true;
	for (i = all->sorted; i < all->n; i++)
		if (all->v[i].inode == inode)
			return true;
	return false;
}

static bool add(uint32_t inode, const char *path, void *data)
{
	struct all *all = data;
	struct nft_place *v;

	if (inode == all->last || is_known(all, inode))
		return true;
	all->last = inode;
	if (all->n == all->cap) {
		all->cap = all->cap ? 2 * all->cap : 64;
		v = realloc(all->v, all->cap * sizeof(*v));
		if (!v) {
			all->failed = true;
			return false;
		}
		all->v = v;
	}
	all->v[all->n].inode = inode;
	all->v[all->n].path = strdup(path);
	if (!all->v[all->n].path) {
		all->failed = true;
		return false;
	}
	all->n++;
	/* The unsorted rest stays short. */
	if (all->n - all->sorted >= 64) {
		qsort(all->v, all->n, sizeof(*all->v), by_inode);
		all->sorted = all->n;
	}
	return true;
}

void nft_places_free(struct nft_place *v, size_t n)
{
	while (n)
		free(v[--n].path);
	free(v);
}

int nft_places_all(struct nft_place **out, size_t *n)
{
	struct all all = { 0 };
	int ret;

	ret = each_mount(add, &all);
	if (ret >= 0)
		ret = each_process(add, &all);
	if (all.failed)
		ret = -ENOMEM;
	if (ret < 0) {
		nft_places_free(all.v, all.n);
		return ret;
	}
	qsort(all.v, all.n, sizeof(*all.v), by_inode);
	*out = all.v;
	*n = all.n;
	return 0;
}

/* ---- some ---- */

struct some {
	const uint32_t *inode;
	bool *there;
	size_t n, missing;
};

static bool tick_off(uint32_t inode, const char *path, void *data)
{
	struct some *some = data;
	size_t i;

	(void)path;
	for (i = 0; i < some->n; i++) {
		if (some->inode[i] != inode || some->there[i])
			continue;
		some->there[i] = true;
		some->missing--;
	}
	return some->missing > 0;
}

int nft_places_find(const uint32_t *inode, bool *there, size_t n)
{
	struct some some = { .inode = inode, .there = there, .n = n, .missing = n };
	int ret;

	memset(there, 0, n * sizeof(*there));
	if (!n)
		return 0;
	ret = each_mount(tick_off, &some);
	if (ret >= 0 && some.missing)
		ret = each_process(tick_off, &some);
	return ret < 0 ? ret : 0;
}

uint32_t nft_places_own(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : (uint32_t)st.st_ino;
}
