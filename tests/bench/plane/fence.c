// SPDX-License-Identifier: GPL-2.0-or-later
/* fence: see plane.h. */
#include "plane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image.h"
#include "policy/ir.h"
#include "policy/policy.h"

struct genl *module_open(void)
{
	struct genl *g;
	struct err e;

	if (genl_open(&g, &e))
		die("%s", e.text);
	return g;
}

void module_load(const char *ko)
{
	int fd = open(ko, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		die("%s: %s", ko, strerror(errno));
	close(fd);
}

void module_unload(void)
{
	if (syscall(SYS_delete_module, "nsfence", O_NONBLOCK))
		die("unload: %s", strerror(errno));
}

struct nsf_image *compile(const char *path, size_t *size)
{
	static struct diags d;
	struct nsf_image *img;
	struct ir_policy *p;

	if (policy_load(path, &p, &d) || policy_compile(p, &img, &d))
		die("%s: %s", path, d.n ? diag_format(&d.v[0]) : "out of memory");
	ir_policy_free(p);
	diags_clean(&d);
	memset(&d, 0, sizeof(d));
	*size = img->size;
	return img;
}

void policy_set(struct genl *g, const char *name, const struct nsf_image *img, size_t size)
{
	struct err e;

	if (genl_policy_set(g, name, img, size, NULL, &e))
		die("policy %s: %s", name, e.text);
}

void fence_all(struct genl *g, const struct space *s, size_t n, const char *policy)
{
	struct genl_fence f = { .policy = policy };
	uint64_t instance;
	struct err e;
	size_t i;

	for (i = 0; i < n; i++) {
		struct genl_target t = { .inode = s[i].inode, .fd = s[i].fd };

		f.flags = i + 1 < n ? GENL_F_NOWAIT : 0;
		if (genl_attach(g, &t, &f, &instance, &e))
			die("attach: %s", e.text);
	}
}

void unfence_all(struct genl *g, const struct space *s, size_t n)
{
	struct err e;
	size_t i;

	for (i = 0; i < n; i++) {
		struct genl_target t = { .inode = s[i].inode, .fd = s[i].fd };

		if (genl_detach(g, &t, i + 1 < n, &e))
			die("detach: %s", e.text);
	}
}
