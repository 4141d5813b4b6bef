// SPDX-License-Identifier: GPL-2.0-or-later
/* Files below /run/nsfence. See runtime.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime.h"
#include "version.h"

#define LOCK		"lock"
#define VERSION		"version"
#define VERSION_NEW	"version.new"

#define LOCK_PATIENCE_MS	1000
#define LOCK_STEP_MS		10

/*
 * A daemon that was killed may have a helper process (nft_child.h) that began with a
 * copy of its descriptors, and dies a moment later.
 */
static int lock_patiently(int fd)
{
	int i, ret = -1;

	for (i = 0; i <= LOCK_PATIENCE_MS / LOCK_STEP_MS; i++) {
		ret = flock(fd, LOCK_EX | LOCK_NB);
		if (!ret || errno != EWOULDBLOCK)
			return ret;
		usleep(LOCK_STEP_MS * 1000);
	}
	errno = EWOULDBLOCK;
	return -1;
}

static int take_lock(struct runtime *r, struct err *e)
{
	char text[16] = "";
	int n;

	r->lock = openat(r->dir, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->lock < 0)
		return err_set(e, errno, EXIT_REFUSED, "cannot open %s/%s: %s",
			       RUNTIME_DIR, LOCK, strerror(errno));
	/* Whoever can open it can lock it, and keep the daemon from starting. */
	if (fchmod(r->lock, 0600))
		return err_set(e, errno, EXIT_REFUSED, "cannot change the mode of %s/%s: %s",
			       RUNTIME_DIR, LOCK, strerror(errno));
	if (lock_patiently(r->lock)) {
		if (errno != EWOULDBLOCK)
			return err_set(e, errno, EXIT_REFUSED, "cannot lock %s/%s: %s",
				       RUNTIME_DIR, LOCK, strerror(errno));
		if (pread(r->lock, text, sizeof(text) - 1, 0) < 0)
			text[0] = 0;
		return err_set(e, EBUSY, EXIT_REFUSED,
			       "another nsfenced is running (PID %d has locked %s/%s)",
			       atoi(text), RUNTIME_DIR, LOCK);
	}

	/* Only for the message above: the lock itself is the kernel's. */
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(r->lock, 0) || pwrite(r->lock, text, n, 0) != n)
		return err_set(e, EIO, EXIT_REFUSED, "cannot write %s/%s",
			       RUNTIME_DIR, LOCK);
	return 0;
}

int runtime_open(struct runtime *r, struct err *e)
{
	int ret;

	r->dir = r->lock = -1;
	if (mkdir(RUNTIME_DIR, 0755) && errno != EEXIST)
		return err_set(e, errno, EXIT_REFUSED, "cannot make %s: %s",
			       RUNTIME_DIR, strerror(errno));
	r->dir = open(RUNTIME_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		return err_set(e, errno, EXIT_REFUSED, "cannot open %s: %s",
			       RUNTIME_DIR, strerror(errno));
	ret = take_lock(r, e);
	if (ret) {
		if (r->lock >= 0)
			close(r->lock);
		close(r->dir);
		r->dir = r->lock = -1;
	}
	return ret;
}

/* Readers see the whole file or none. */
int runtime_write_version(struct runtime *r, struct err *e)
{
	char text[128];
	ssize_t n = -1;
	int fd;

	snprintf(text, sizeof(text), "nsfenced " NSF_VERSION "\npid %d\n", (int)getpid());

	fd = openat(r->dir, VERSION_NEW,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	if (n != (ssize_t)strlen(text) || renameat(r->dir, VERSION_NEW, r->dir, VERSION))
		return err_set(e, errno, EXIT_REFUSED, "cannot write %s/%s: %s",
			       RUNTIME_DIR, VERSION, strerror(errno));
	return 0;
}

void runtime_close(struct runtime *r)
{
	if (r->dir < 0)
		return;
	unlinkat(r->dir, VERSION, 0);
	close(r->dir);
	close(r->lock);
	r->dir = r->lock = -1;
}
