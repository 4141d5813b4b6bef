// SPDX-License-Identifier: GPL-2.0-or-later
/* kin: see kin.h. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"

/* /proc is no snapshot: what was read of it might lead in a circle. */
#define MAX_STEPS	4096

struct tally {
	size_t all;			/* tasks in a user namespace or below it */
	size_t inside;			/* of them, in the family */
};

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct kin_task *)a)->pid, y = ((const struct kin_task *)b)->pid;

	return x < y ? -1 : x > y;
}

static int by_netns(const void *a, const void *b)
{
	uint32_t x = ((const struct kin_netns *)a)->inode, y = ((const struct kin_netns *)b)->inode;

	return x < y ? -1 : x > y;
}

static int by_user(const void *a, const void *b)
{
	uint32_t x = ((const struct kin_user *)a)->inode, y = ((const struct kin_user *)b)->inode;

	return x < y ? -1 : x > y;
}

static int by_net(const void *a, const void *b)
{
	uint32_t x = (*(const struct kin_task *const *)a)->net,
		 y = (*(const struct kin_task *const *)b)->net;

	return x < y ? -1 : x > y;
}

static struct kin_task *find_task(const struct kin *k, pid_t pid)
{
	const struct kin_task key = { .pid = pid };

	return k->n_tasks ? bsearch(&key, k->tasks, k->n_tasks, sizeof(key), by_pid) : NULL;
}

static struct kin_netns *find_netns(const struct kin *k, uint32_t inode)
{
	const struct kin_netns key = { .inode = inode };

	return k->n_netns ? bsearch(&key, k->netns, k->n_netns, sizeof(key), by_netns) : NULL;
}

static struct kin_user *find_user(const struct kin *k, uint32_t inode)
{
	const struct kin_user key = { .inode = inode };

	return k->n_users ? bsearch(&key, k->users, k->n_users, sizeof(key), by_user) : NULL;
}

static bool in_family(const struct kin *k, uint32_t inode)
{
	const struct kin_netns *n = inode ? find_netns(k, inode) : NULL;

	return n && n->why != KIN_NOT;
}

static uint32_t origin_of(const struct kin *k, const struct kin_task *t)
{
	const struct kin_task *up = t;

	for (int i = 0; i < MAX_STEPS && up; i++) {
		up = find_task(k, up->ppid);
		if (up && up->net != t->net)
			return up->net;
	}
	return 0;
}

/* The tasks in one namespace: @tasks is sorted by it. */
static struct kin_task *const *tasks_in(struct kin_task *const *tasks, size_t n_tasks,
					uint32_t inode, size_t *n)
{
	size_t low = 0, high = n_tasks;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tasks[mid]->net < inode)
			low = mid + 1;
		else
			high = mid;
	}
	for (*n = 0; low + *n < n_tasks && tasks[low + *n]->net == inode; )
		(*n)++;
	return tasks + low;
}

static bool all_come_from_inside(const struct kin *k, struct kin_task *const *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!in_family(k, tasks[i]->origin))
			return false;
	return n;
}

static bool is_below(const struct kin *k, uint32_t inode, uint32_t top)
{
	for (int i = 0; i < MAX_STEPS && inode; i++) {
		const struct kin_user *u;

		if (inode == top)
			return true;
		u = find_user(k, inode);
		inode = u ? u->parent : 0;
	}
	return false;
}

/* How many tasks are in each user namespace or below, and how many of those inside. */
static void count_users(const struct kin *k, struct tally *tally)
{
	memset(tally, 0, k->n_users * sizeof(*tally));
	for (size_t t = 0; t < k->n_tasks; t++) {
		bool inside = in_family(k, k->tasks[t].net);
		const struct kin_user *u = find_user(k, k->tasks[t].user);

		for (int i = 0; i < MAX_STEPS && u; i++) {
			tally[u - k->users].all++;
			tally[u - k->users].inside += inside;
			u = find_user(k, u->parent);
		}
	}
}

static bool owner_is_inside(const struct kin *k, const struct kin_netns *n,
			    const struct tally *tally, struct kin_task *const *own, size_t n_own)
{
	const struct kin_user *u = n->owner ? find_user(k, n->owner) : NULL;

	for (int i = 0; i < MAX_STEPS && u; i++) {
		const struct tally *t = &tally[u - k->users];
		size_t here = 0;

		for (size_t j = 0; j < n_own; j++)
			here += is_below(k, own[j]->user, u->inode);
		if (t->inside && t->inside + here == t->all)
			return true;
		u = find_user(k, u->parent);
	}
	return false;
}

static enum kin_why judge(const struct kin *k, const struct kin_netns *n,
			  const struct tally *tally, struct kin_task *const *by_place)
{
	struct kin_task *const *own;
	size_t n_own;

	if (n->parent)
		return in_family(k, n->parent) ? KIN_BORN : KIN_NOT;
	own = tasks_in(by_place, k->n_tasks, n->inode, &n_own);
	if (!n->named && all_come_from_inside(k, own, n_own))
		return KIN_TASKS;
	return owner_is_inside(k, n, tally, own, n_own) ? KIN_OWNER : KIN_NOT;
}

/* Until nothing more is found: a grandchild needs its parent to be known first. */
static void grow(struct kin *k, struct tally *tally, struct kin_task *const *by_place)
{
	bool more;

	do {
		more = false;
		count_users(k, tally);
		for (size_t i = 0; i < k->n_netns; i++) {
			struct kin_netns *n = &k->netns[i];

			if (n->why != KIN_NOT || n->inode == k->initial)
				continue;
			n->why = judge(k, n, tally, by_place);
			if (n->why == KIN_NOT)
				continue;
			more = true;
			/* Who is in it is inside from now on, for the next one's count too. */
			count_users(k, tally);
		}
	} while (more);
}

int kin_find(struct kin *k, uint32_t root)
{
	struct tally *tally = calloc(k->n_users + 1, sizeof(*tally));
	struct kin_task **by_place = calloc(k->n_tasks + 1, sizeof(struct kin_task *));
	int ret = tally && by_place ? 0 : -ENOMEM;

	if (!ret) {
		if (k->n_tasks)
			qsort(k->tasks, k->n_tasks, sizeof(*k->tasks), by_pid);
		if (k->n_netns)
			qsort(k->netns, k->n_netns, sizeof(*k->netns), by_netns);
		if (k->n_users)
			qsort(k->users, k->n_users, sizeof(*k->users), by_user);
		for (size_t i = 0; i < k->n_tasks; i++) {
			k->tasks[i].origin = origin_of(k, &k->tasks[i]);
			by_place[i] = &k->tasks[i];
		}
		if (k->n_tasks)
			qsort(by_place, k->n_tasks, sizeof(*by_place), by_net);
		for (size_t i = 0; i < k->n_netns; i++)
			k->netns[i].why = k->netns[i].inode == root ? KIN_ROOT : KIN_NOT;
		grow(k, tally, by_place);
	}
	free(by_place);
	free(tally);
	return ret;
}

void kin_clean(struct kin *k)
{
	free(k->netns);
	free(k->tasks);
	free(k->users);
	*k = (struct kin){ .netns = NULL };
}
