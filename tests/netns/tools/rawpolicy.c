// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rawpolicy: policies as no honest client sends them, and faster than one.
 *
 *	rawpolicy refused NAME FILE.nft	NAME's image in forms that must be refused; a
 *					line each: "CASE<tab>refused", or what came instead
 *	rawpolicy flip NAME COUNT FILE.nft...
 *					sets NAME to each FILE in turn, COUNT times; the
 *					last one is the last FILE. Prints "ready" first,
 *					then waits for a line on its standard input
 *
 * Links the compiler: libnsf.a.
 */
#include "nl.h"

#include <linux/memfd.h>
#include <sys/mman.h>

#include "image.h"
#include "policy/policy.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static struct nl nl;
static char buf[NL_BUF];

static struct nsf_image *compile(const char *path)
{
	static struct diags d;
	struct ir_policy *p;
	struct nsf_image *img;

	if (policy_load(path, &p, &d) || policy_compile(p, &img, &d))
		die("%s: %s", path, d.n ? diag_format(&d.v[0]) : "out of memory");
	return img;
}

static int memfd(const void *data, size_t size, int seals)
{
	int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || fcntl(fd, F_ADD_SEALS, seals))
		die("memfd: %s", strerror(errno));
	return fd;
}

static int set(const char *name, int fd, struct nl_answer *a)
{
	struct nlmsghdr *nlh = nl_request(&nl, buf, nl.family, NSFENCE_CMD_POLICY_SET, 0);

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, name);
	mnl_attr_put_u32(nlh, NSFENCE_A_IMAGE, (uint32_t)fd);
	return nl_talk(&nl, nlh, a, NULL, NULL);
}

/* The request must fail with @err and say why. */
static void refused(const char *what, const char *name, int fd, int err)
{
	struct nl_answer a;

	set(name, fd, &a);
	if (a.err == err && a.extack[0])
		printf("%s\trefused\n", what);
	else
		printf("%s\t%s, not %s: \"%s\"\n", what, errno_name(a.err), errno_name(err), a.extack);
	if (fd >= 0)
		close(fd);
}

static int pipe_end(void)
{
	int fd[2];

	if (pipe(fd))
		die("pipe: %s", strerror(errno));
	close(fd[1]);
	return fd[0];
}

static int write_only(const struct nsf_image *img)
{
	char path[64];
	int fd = memfd(img, img->size, SEALS & ~F_SEAL_WRITE), out;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	out = open(path, O_WRONLY | O_CLOEXEC);
	close(fd);
	if (out < 0)
		die("%s: %s", path, strerror(errno));
	return out;
}

static int sparse(off_t size)
{
	int fd = memfd("", 1, 0);

	if (ftruncate(fd, size) || fcntl(fd, F_ADD_SEALS, SEALS))
		die("ftruncate: %s", strerror(errno));
	return fd;
}

static void all_refused(const char *name, const char *path)
{
	struct nsf_image *img = compile(path);
	char *copy = malloc(img->size + 8);
	unsigned int i, bad = 0, tried = 0;
	struct nl_answer a;

	if (!copy)
		die("out of memory");
	refused("no descriptor", name, 9999, EBADF);
	refused("a negative one", name, -1, EBADF);
	refused("a directory", name, open("/", O_RDONLY | O_CLOEXEC), EINVAL);
	refused("a pipe", name, pipe_end(), EINVAL);
	refused("a device", name, open("/dev/zero", O_RDONLY | O_CLOEXEC), EINVAL);
	refused("a file of /proc", name, open("/proc/self/maps", O_RDONLY | O_CLOEXEC), EINVAL);
	refused("open by its path alone", name, open("/proc/self/exe", O_PATH | O_CLOEXEC), EBADF);
	refused("open for writing only", name, write_only(img), EBADF);
	refused("no seal", name, memfd(img, img->size, 0), EINVAL);
	refused("no seal against writing", name,
		memfd(img, img->size, SEALS & ~(F_SEAL_WRITE | F_SEAL_SEAL)), EINVAL);
	refused("no seal against shrinking", name,
		memfd(img, img->size, SEALS & ~(F_SEAL_SHRINK | F_SEAL_SEAL)), EINVAL);
	refused("no seal against growing", name,
		memfd(img, img->size, SEALS & ~(F_SEAL_GROW | F_SEAL_SEAL)), EINVAL);
	refused("empty", name, memfd("", 0, SEALS), EINVAL);
	refused("a header's half", name, memfd(img, sizeof(*img) / 2, SEALS), EINVAL);
	refused("all but the last byte", name, memfd(img, img->size - 1, SEALS), EINVAL);
	memcpy(copy, img, img->size);
	memset(copy + img->size, 0, 8);
	refused("eight bytes too many", name, memfd(copy, img->size + 8, SEALS), EINVAL);
	refused("zeros", name, sparse(4096), EINVAL);
	refused("larger than the limit", name, sparse((off_t)NSF_MAX_IMAGE + 8), EFBIG);
	/* One bit anywhere: the hash says so, whatever else does. */
	for (i = 0; i < img->size; i += 1 + img->size / 256) {
		int fd;

		memcpy(copy, img, img->size);
		copy[i] ^= 1 << i % 8;
		fd = memfd(copy, img->size, SEALS);
		if (set(name, fd, &a) != EINVAL || !a.extack[0])
			bad++;
		close(fd);
		tried++;
	}
	if (bad || tried < 100)
		printf("one bit turned\t%u of %u were taken\n", bad, tried);
	else
		printf("one bit turned\trefused\n");
	refused("a name with a blank", "a b", memfd(img, img->size, SEALS), EINVAL);
	refused("no name", "", memfd(img, img->size, SEALS), EINVAL);
	refused("a built-in's name", "reject", memfd(img, img->size, SEALS), EPERM);
	free(copy);
	free(img);
}

static void flip(const char *name, int count, int files, char **file)
{
	int *fd = calloc(files, sizeof(*fd)), i;
	struct nl_answer a;
	char line[8];

	if (!fd)
		die("out of memory");
	for (i = 0; i < files; i++) {
		struct nsf_image *img = compile(file[i]);

		fd[i] = memfd(img, img->size, SEALS);
		free(img);
	}
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		die("nobody said go");
	for (i = 0; i < count * files; i++)
		if (set(name, fd[i % files], &a))
			die("set %s to %s: %s: %s", name, file[i % files], errno_name(a.err), a.extack);
	printf("flips=%d\n", i);
	free(fd);
}

int main(int argc, char **argv)
{
	nl_open(&nl);
	if (nl_lookup(&nl))
		die("no nsfence here");
	if (argc == 4 && !strcmp(argv[1], "refused"))
		all_refused(argv[2], argv[3]);
	else if (argc >= 6 && !strcmp(argv[1], "flip"))
		flip(argv[2], atoi(argv[3]), argc - 4, argv + 4);
	else
		die("usage: rawpolicy refused NAME FILE.nft | flip NAME COUNT FILE.nft...");
	return 0;
}
