// SPDX-License-Identifier: GPL-2.0-or-later
/* names: see names.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "names.h"
#include "out.h"
#include "proc.h"
#include "select.h"

static int by_entry(const void *a, const void *b)
{
	const struct names_entry *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return strcmp(x->text, y->text);
}

int names_add(struct names *names, uint32_t inode, enum names_from from, const char *text)
{
	struct names_entry *v;
	size_t room;

	if (names->n == names->room) {
		room = names->room ? 2 * names->room : 64;
		v = reallocarray(names->v, room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		names->v = v;
		names->room = room;
	}
	v = &names->v[names->n];
	*v = (struct names_entry){ .inode = inode, .from = from, .text = strdup(text) };
	if (!v->text)
		return -ENOMEM;
	names->n++;
	return 0;
}

/* What is there twice (a mount that propagated to itself) is shown once. */
void names_sort(struct names *names)
{
	size_t kept = 0;

	if (names->n > 1)
		qsort(names->v, names->n, sizeof(*names->v), by_entry);
	for (size_t i = 0; i < names->n; i++) {
		if (kept && !by_entry(&names->v[kept - 1], &names->v[i]))
			free(names->v[i].text);
		else
			names->v[kept++] = names->v[i];
	}
	names->n = kept;
}

void names_clean(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i].text);
	free(names->v);
	*names = (struct names){ .v = NULL };
}

void names_forget(struct names *names, uint32_t inode)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (names->v[i].inode == inode)
			free(names->v[i].text);
		else
			names->v[kept++] = names->v[i];
	}
	names->n = kept;
}

static int out_of_memory(struct err *e)
{
	return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
}

/* ---- names and paths ---- */

static int load_netns(struct names *names, struct err *e)
{
	struct netns_name *v;
	size_t n;
	int ret = select_names(&v, &n, e);

	if (ret)
		return ret;
	for (size_t i = 0; i < n && !ret; i++)
		if (v[i].inode)
			ret = names_add(names, v[i].inode, NAMES_NETNS, v[i].name);
	free(v);
	return ret ? out_of_memory(e) : 0;
}

/* In place: blanks and such stand there as \040. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

char *names_parse_mount(char *line, uint32_t *inode)
{
	static const char deleted[] = "//deleted";
	char *field[5], *at = line, *rest;
	size_t len;

	for (int i = 0; i < 5; i++) {
		field[i] = at;
		at = strchr(at, ' ');
		if (!at)
			return NULL;
		*at++ = '\0';
	}
	/* Optional fields end with a "-"; the file system's kind is next. */
	rest = strstr(at, " - ");
	*inode = proc_parse_ns(field[3], "net");
	if (!*inode || !rest || strncmp(rest + 3, "nsfs ", 5))
		return NULL;
	len = strlen(field[4]);
	if (len >= sizeof(deleted) && !strcmp(field[4] + len - (sizeof(deleted) - 1), deleted))
		return NULL;
	unescape(field[4]);
	return field[4];
}

static int load_paths(struct names *names, struct err *e)
{
	static const char netns[] = SELECT_NETNS_DIR "/";
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	if (!f)
		return 0;
	while (!ret && getline(&line, &size, f) > 0) {
		uint32_t inode;
		const char *path = names_parse_mount(line, &inode);

		/* A hidden path is another's by now; stat(2) has the word. */
		if (path && strncmp(path, netns, sizeof(netns) - 1)) {
			struct stat st;

			if (!stat(path, &st) && st.st_ino == inode)
				ret = names_add(names, inode, NAMES_PATH, path);
		}
	}
	free(line);
	fclose(f);
	return ret ? out_of_memory(e) : 0;
}

int names_load(struct names *names, struct err *e)
{
	struct stat st;
	int ret;

	names_clean(names);
	/* The module's family is in the initial namespace only, and so are we. */
	if (!stat("/proc/self/ns/net", &st))
		names->initial = (uint32_t)st.st_ino;
	ret = load_netns(names, e);
	if (!ret)
		ret = load_paths(names, e);
	names_sort(names);
	return ret;
}

/* ---- processes ---- */

struct oldest {
	uint32_t inode;
	pid_t pid;			/* 0: none yet */
};

static int by_inode(const void *a, const void *b)
{
	uint32_t x = ((const struct oldest *)a)->inode, y = ((const struct oldest *)b)->inode;

	return x < y ? -1 : x > y;
}

void names_task(const char *comm, int pid, char *buf, size_t size)
{
	char clean[64 + 3 * 64], escaped[4 * sizeof(clean)];
	size_t n = 0;

	for (; *comm && n + 5 < sizeof(clean); comm++) {
		if (*comm == ' ' || *comm == ',')
			n += (size_t)snprintf(clean + n, sizeof(clean) - n, "\\x%02x", *comm);
		else
			clean[n++] = *comm;
	}
	clean[n] = '\0';
	out_escape(clean, escaped, sizeof(escaped));
	snprintf(buf, size, "%s[%d]", escaped, pid);
}

/*
 * The oldest is taken to be that of the lowest number. When numbers begin anew, it
 * may be another one; to know better would take three more calls for each process.
 */
static void look_at(int dir, pid_t pid, struct oldest *wanted, size_t n)
{
	const struct oldest key = { .inode = proc_ns(dir, pid, "net") };
	struct oldest *o = key.inode ? bsearch(&key, wanted, n, sizeof(*wanted), by_inode) : NULL;

	if (o && (!o->pid || pid < o->pid))
		o->pid = pid;
}

/*
 * A service is what systemd itself has started: children of a daemon are in its
 * control group, too, and say more by their own name.
 */
static int add_oldest(struct names *names, int dir, const struct oldest *o)
{
	char text[NAMES_LABEL];
	struct proc_stat stat;

	/* It may have ended meanwhile. */
	if (!o->pid || proc_stat_get(dir, o->pid, &stat))
		return 0;
	if (stat.ppid != 1 || proc_service(dir, o->pid, text, sizeof(text)))
		names_task(stat.comm, o->pid, text, sizeof(text));
	return names_add(names, o->inode, NAMES_TASK, text);
}

int names_load_tasks(struct names *names, const uint32_t *inodes, size_t n, struct err *e)
{
	struct oldest *wanted = calloc(n + 1, sizeof(*wanted));
	size_t count = 0;
	int ret = 0;
	pid_t pid;
	DIR *d;

	if (!wanted)
		return out_of_memory(e);
	for (size_t i = 0; i < n; i++)
		if (!names_known(names, inodes[i]))
			wanted[count++].inode = inodes[i];
	d = count ? opendir("/proc") : NULL;
	if (d) {
		qsort(wanted, count, sizeof(*wanted), by_inode);
		while ((pid = proc_next(d)))
			look_at(dirfd(d), pid, wanted, count);
		for (size_t i = 0; i < count && !ret; i++)
			ret = add_oldest(names, dirfd(d), &wanted[i]);
		closedir(d);
		names_sort(names);
	}
	free(wanted);
	return ret ? out_of_memory(e) : 0;
}

int names_load_for(struct names *names, const struct genl_netns *v, size_t n, bool all,
		   struct err *e)
{
	/* Each with its parent, which an inherited fence is shown with. */
	uint32_t *inodes = calloc(2 * n + 1, sizeof(*inodes));
	size_t count = 0;
	int ret;

	if (!inodes)
		return out_of_memory(e);
	for (size_t i = 0; i < n; i++) {
		if (!all && !v[i].instance)
			continue;
		inodes[count++] = v[i].inode;
		if (v[i].parent && (v[i].flags & GENL_F_INHERITED))
			inodes[count++] = v[i].parent;
	}
	ret = names_load(names, e);
	if (!ret)
		ret = names_load_tasks(names, inodes, count, e);
	free(inodes);
	return ret;
}

/* ---- questions ---- */

static size_t first_of(const struct names *names, uint32_t inode)
{
	size_t low = 0, high = names->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (names->v[mid].inode < inode)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct names_entry *names_find(const struct names *names, uint32_t inode,
				     enum names_from from, size_t *n)
{
	size_t i = first_of(names, inode), end;

	while (i < names->n && names->v[i].inode == inode && names->v[i].from < from)
		i++;
	end = i;
	while (end < names->n && names->v[end].inode == inode && names->v[end].from == from)
		end++;
	*n = end - i;
	return end > i ? &names->v[i] : NULL;
}

bool names_known(const struct names *names, uint32_t inode)
{
	size_t i = first_of(names, inode);

	return (inode && inode == names->initial) ||
		(i < names->n && names->v[i].inode == inode);
}

void names_label(const struct names *names, uint32_t inode, char *buf, size_t size)
{
	size_t used = 0, n = 0;
	const struct names_entry *v = NULL;

	buf[0] = '\0';
	for (unsigned int from = NAMES_NETNS; from <= NAMES_TASK && !n; from++)
		v = names_find(names, inode, (enum names_from)from, &n);
	for (size_t i = 0; i < n; i++) {
		if (used + strlen(v[i].text) + sizeof(",,...") > size) {
			snprintf(buf + used, size - used, "%s...", used ? "," : "");
			return;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? "," : "",
					 v[i].text);
	}
	if (!used)
		snprintf(buf, size, "%s", inode && inode == names->initial ? "(init)" : "-");
}
