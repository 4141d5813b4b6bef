// links: cmd_family.c kin.c kin_scan.c names.c proc.c out.c select.c err.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attach --descendants, with a module of our own: one that was born before its
 * parent's fence, and is found only when its creation has ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd_family.h"

#define INITIAL	1
#define ROOT	100
#define CHILD	101

/* Looks until the child is found; before that it is counted. */
static unsigned int late;
static unsigned int looks, attached;
static bool fenced;
static char said[256];

int genl_version_get(struct genl *g, struct genl_version *out, struct err *e)
{
	(void)g;
	(void)e;
	*out = (struct genl_version){ .creating = looks < late };
	return 0;
}

int genl_netns_dump(struct genl *g, struct genl_netns **out, size_t *n, struct err *e)
{
	struct genl_netns *v = calloc(3, sizeof(*v));

	(void)g;
	(void)e;
	assert_non_null(v);
	v[0] = (struct genl_netns){ .inode = INITIAL, .flags = GENL_F_INITIAL };
	v[1] = (struct genl_netns){
		.inode = ROOT, .flags = GENL_F_BORN | GENL_F_INHERIT, .parent = INITIAL,
		.instance = 1, .policy = "drop",
	};
	v[2] = (struct genl_netns){
		.inode = CHILD, .flags = GENL_F_BORN, .parent = ROOT, .instance = fenced,
	};
	if (fenced)
		strcpy(v[2].policy, "drop");
	*out = v;
	*n = looks++ < late ? 2 : 3;
	return 0;
}

int genl_attach(struct genl *g, const struct genl_target *t, const struct genl_fence *f,
		uint64_t *instance, struct err *e)
{
	(void)g;
	(void)e;
	assert_int_equal(t->inode, CHILD);
	assert_string_equal(f->policy, "drop");
	attached++;
	fenced = true;
	*instance = 2;
	return 0;
}

int genl_detach(struct genl *g, const struct genl_target *t, bool nowait, struct err *e)
{
	(void)g;
	(void)t;
	(void)nowait;
	(void)e;
	fail();
	return 0;
}

void cmd_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

int cmd_fail(const struct err *e, const char *where)
{
	(void)where;
	cmd_error("%s", e->text);
	return e->exit;
}

static int attach(unsigned int after)
{
	const struct genl_fence f = {
		.policy = "drop", .mode = GENL_MODE_ENFORCE, .flags = GENL_F_INHERIT,
	};
	const struct cmd cmd = { .json = false };
	const struct family family = { .cmd = &cmd, .root = ROOT };

	late = after;
	looks = attached = 0;
	fenced = false;
	said[0] = '\0';
	return family_attach(&family, &f);
}

static void test_at_once(void **state)
{
	(void)state;
	assert_int_equal(attach(0), EXIT_DONE);
	assert_int_equal(attached, 1);
	assert_int_equal(looks, 3);
}

static void test_late(void **state)
{
	(void)state;
	assert_int_equal(attach(10), EXIT_DONE);
	assert_string_equal(said, "");
	assert_int_equal(attached, 1);
}

static void test_never(void **state)
{
	(void)state;
	assert_int_equal(attach(UINT32_MAX), EXIT_REFUSED);
	assert_int_equal(attached, 0);
	assert_non_null(strstr(said, "1 of the host's namespaces are still being created"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
