// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_run_name: the name in /run/netns that nsfence run --name gives. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_run.h"

/*
 * Mounts below it are to be seen in all mount namespaces, and unmounting to be
 * felt there; as `ip netns add` does it, so that both can live side by side.
 */
static int share_directory(struct err *e)
{
	if (mkdir(SELECT_NETNS_DIR, 0755) && errno != EEXIST)
		return err_set(e, errno, EXIT_REFUSED, "cannot make " SELECT_NETNS_DIR ": %s",
			       strerror(errno));
	if (!mount("", SELECT_NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	/* EINVAL: it is no mount of its own yet. */
	if (errno == EINVAL &&
	    !mount(SELECT_NETNS_DIR, SELECT_NETNS_DIR, "none", MS_BIND | MS_REC, NULL) &&
	    !mount("", SELECT_NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	return err_set(e, errno, EXIT_REFUSED, "cannot make " SELECT_NETNS_DIR " a shared mount: %s",
		       strerror(errno));
}

int run_name_take(struct run_name *n, const char *name, struct err *e)
{
	int fd, errnum, ret;

	*n = (struct run_name){ .mounted = false };
	ret = share_directory(e);
	if (ret)
		return ret;
	snprintf(n->path, sizeof(n->path), SELECT_NETNS_DIR "/%s", name);
	fd = open(n->path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	errnum = errno;
	n->path[0] = '\0';
	if (errnum == EEXIST)
		return err_set(e, errnum, EXIT_REFUSED,
			       "there is a namespace \"%.64s\" in " SELECT_NETNS_DIR " already", name);
	return err_set(e, errnum, EXIT_REFUSED, "cannot make " SELECT_NETNS_DIR "/%.64s: %s", name,
		       strerror(errnum));
}

int run_name_mount(struct run_name *n, const struct netns_ref *ref, struct err *e)
{
	char fd[64];

	if (!n->path[0])
		return 0;
	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", ref->fd);
	if (mount(fd, n->path, "none", MS_BIND, NULL))
		return err_set(e, errno, EXIT_REFUSED, "cannot mount the namespace at %s: %s",
			       n->path, strerror(errno));
	n->mounted = true;
	n->ref = *ref;
	return 0;
}

/*
 * The descriptor that the caller holds keeps the namespace, and with it its inode
 * number: what has the same is the same.
 */
void run_name_drop(struct run_name *n)
{
	struct stat st, own;

	if (!n->path[0])
		return;
	if (!n->mounted) {
		/* The plain file that we made, if it is one still. */
		if (!lstat(n->path, &st) && S_ISREG(st.st_mode) && !(st.st_mode & 07777))
			unlink(n->path);
	} else if (!stat(n->path, &st) && !fstat(n->ref.fd, &own) && st.st_dev == own.st_dev &&
		   st.st_ino == own.st_ino && !umount2(n->path, MNT_DETACH)) {
		unlink(n->path);
	}
	n->path[0] = '\0';
}
