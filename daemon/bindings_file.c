// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of the bindings. See bindings.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings.h"
#include "log.h"

static int failed(struct err *e, const char *what, const char *path)
{
	int errnum = errno ? errno : EIO;

	return err_set(e, errnum, EXIT_REFUSED, "cannot %s %s: %s", what, path, strerror(errnum));
}

/* The number of this boot, without its newline. */
static int boot_id(char buf[64], struct err *e)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, 63);
	int ret = len <= 0 ? failed(e, "read", path) : 0;

	if (fd >= 0)
		close(fd);
	if (ret)
		return ret;
	buf[len] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

/* 0 with *@text NULL: there is no file. -EINVAL: it is nothing that we would write. */
static int read_all(const char *path, char **text, size_t *len, struct err *e)
{
	int fd, ret = 0;
	struct stat st;
	ssize_t got;

	*text = NULL;
	*len = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && errno == ELOOP)
		return -EINVAL;
	if (fd < 0)
		return failed(e, "open", path);
	if (fstat(fd, &st)) {
		ret = failed(e, "read", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > BINDINGS_MAX_FILE || st.st_mode & 022) {
		ret = -EINVAL;
		goto out;
	}
	*text = malloc((size_t)st.st_size + 1);
	if (!*text) {
		ret = err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
		goto out;
	}
	while (*len < (size_t)st.st_size) {
		got = read(fd, *text + *len, (size_t)st.st_size - *len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ret = failed(e, "read", path);
		if (got <= 0)
			break;
		*len += (size_t)got;
	}
out:
	close(fd);
	if (ret) {
		free(*text);
		*text = NULL;
	}
	return ret;
}

int bindings_load(const char *path, struct bindings *out, struct err *e)
{
	char boot[64], *text = NULL;
	size_t len;
	int ret;

	*out = (struct bindings){ 0 };
	ret = boot_id(boot, e);
	if (!ret)
		ret = read_all(path, &text, &len, e);
	if (!ret && text)
		ret = bindings_parse(text, len, boot, out);
	free(text);
	if (ret == -EINVAL) {
		log_error("%s is damaged: to what sections of kind pid and inode were bound is not known, they have ended (to bind one anew take it out of the configuration, reload, put it in, reload)",
			  path);
		*out = (struct bindings){ .damaged = true, .dirty = true };
		ret = 0;
	}
	return ret;
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t done;

	while (len) {
		done = write(fd, text, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		text += done;
		len -= (size_t)done;
	}
	return fsync(fd);
}

/* The name itself is on disk only when the directory is. */
static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = fsync(fd);
	close(fd);
	return ret;
}

static int write_file(const char *path, const char *text, size_t len, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[256], tmp[300];
	int fd, ret = 0;

	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	snprintf(tmp, sizeof(tmp), "%s.new", path);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return failed(e, "make", dir);
	/* One that a crash has left there; nobody else writes in this directory. */
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failed(e, "make", tmp);
	if (write_all(fd, text, len))
		ret = failed(e, "write", tmp);
	if (close(fd) && !ret)
		ret = failed(e, "write", tmp);
	if (!ret && rename(tmp, path))
		ret = failed(e, "rename into place", path);
	if (!ret && sync_dir(dir))
		ret = failed(e, "write", dir);
	if (ret)
		unlink(tmp);
	return ret;
}

int bindings_save(const char *path, struct bindings *b, struct err *e)
{
	char boot[64], *text;
	size_t len;
	int ret;

	if (!b->dirty)
		return 0;
	ret = boot_id(boot, e);
	if (ret)
		return ret;
	text = bindings_format(b, boot, &len);
	if (!text)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	ret = write_file(path, text, len, e);
	free(text);
	if (!ret)
		b->dirty = false;
	return ret;
}
