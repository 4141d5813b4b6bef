// SPDX-License-Identifier: GPL-2.0-or-later
/* names_cache: see names_cache.h. */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "names_cache.h"

/* For so long names are believed without a look: links make no mount. */
#define NAMES_US	1000000
/* Reading takes at most one part of so many of the time. */
#define NAMES_SHARE	10
#define TASKS_SHARE	20
#define TASKS_US	100000	/* and processes are not looked at more often */

void names_cache_init(struct names_cache *c)
{
	*c = (struct names_cache){
		.mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC),
		.stale = true,
	};
}

void names_cache_clean(struct names_cache *c)
{
	names_clean(&c->names);
	if (c->mounts >= 0)
		close(c->mounts);
	c->mounts = -1;
}

static bool mounts_changed(const struct names_cache *c)
{
	struct pollfd p = { .fd = c->mounts, .events = POLLPRI };

	return c->mounts < 0 || (poll(&p, 1, 0) > 0 && (p.revents & (POLLPRI | POLLERR)));
}

/* What a process was found for stays; a name that has come goes before it. */
static void reload(struct names_cache *c)
{
	struct names old = c->names;

	c->names = (struct names){ .v = NULL };
	/* A list that cannot be read costs the names, not the event. */
	names_load(&c->names, NULL);
	for (size_t i = 0; i < old.n; i++)
		if (old.v[i].from == NAMES_TASK)
			names_add(&c->names, old.v[i].inode, NAMES_TASK, old.v[i].text);
	names_sort(&c->names);
	names_clean(&old);
}

static bool has_name(const struct names *names, uint32_t inode)
{
	size_t n, paths;

	names_find(names, inode, NAMES_NETNS, &n);
	names_find(names, inode, NAMES_PATH, &paths);
	return n || paths || inode == names->initial;
}

const struct names *names_cache_get(struct names_cache *c, uint32_t inode, bool changed)
{
	uint64_t begin = clock_us(), end;

	if (mounts_changed(c))
		c->stale = true;
	if ((c->stale || begin >= c->until) && begin >= c->names_next) {
		c->stale = false;
		reload(c);
		end = clock_us();
		c->until = end + NAMES_US;
		c->names_next = end + NAMES_SHARE * (end - begin);
	}
	if (has_name(&c->names, inode) || (!changed && names_known(&c->names, inode)))
		return &c->names;
	begin = clock_us();
	if (begin >= c->tasks_next) {
		names_forget(&c->names, inode);
		names_load_tasks(&c->names, &inode, 1, NULL);
		end = clock_us();
		c->tasks_next = end + TASKS_US + TASKS_SHARE * (end - begin);
	}
	return &c->names;
}

void names_cache_forget(struct names_cache *c, uint32_t inode)
{
	names_forget(&c->names, inode);
}
