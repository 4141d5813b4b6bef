// links: propagation.c
// SPDX-License-Identifier: GPL-2.0-or-later
/* Mount tables of a host and of a service, as they are met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "propagation.h"

static const char host[] =
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"25 22 0:22 / /run rw,nosuid shared:5 - tmpfs tmpfs rw\n"
	"90 25 0:22 /netns /run/netns rw shared:5 - tmpfs tmpfs rw\n"
	"91 90 0:4 net:[4026532000] /run/netns/web1 rw shared:60 - nsfs nsfs rw\n";

static enum propagation compare(const char *own, const char *other)
{
	FILE *o = fmemopen((void *)own, strlen(own), "r");
	FILE *h = fmemopen((void *)other, strlen(other), "r");
	enum propagation ret = propagation_compare(o, h, "/run/netns");

	fclose(o);
	fclose(h);
	return ret;
}

static void test_tables(void **state)
{
	(void)state;
	/* the host's own mount namespace, be it private or not */
	assert_int_equal(compare(host, host), PROPAGATION_YES);
	assert_int_equal(compare("22 1 8:1 / / rw - ext4 a rw\n", "22 1 8:1 / / rw - ext4 a rw\n"),
			 PROPAGATION_YES);
	/* as systemd makes it for a sandboxed service: a slave, shared below */
	assert_int_equal(compare("122 1 8:1 / / ro shared:101 master:1 - ext4 /dev/sda1 rw\n"
				 "190 122 0:22 /netns /run/netns ro shared:105 master:5 - tmpfs tmpfs rw\n",
				 host), PROPAGATION_YES);
	/* unshare -m --propagation unchanged: a peer */
	assert_int_equal(compare("190 122 0:22 /netns /run/netns rw shared:5 - tmpfs tmpfs rw\n",
				 host), PROPAGATION_YES);
	/* unshare -m: private */
	assert_int_equal(compare("190 122 0:22 /netns /run/netns rw - tmpfs tmpfs rw\n", host),
			 PROPAGATION_NO);
	/* TemporaryFileSystem=/run: another mount altogether */
	assert_int_equal(compare("22 1 8:1 / / rw master:1 - ext4 a rw\n"
				 "180 22 0:99 / /run rw shared:7 - tmpfs tmpfs rw\n", host),
			 PROPAGATION_NO);
	/* a host whose mounts are private tells nobody */
	assert_int_equal(compare("122 1 8:1 / / rw - ext4 a rw\n", "22 1 8:1 / / rw - ext4 a rw\n"),
			 PROPAGATION_NO);
}

/* The mount that covers the directory: the longest, the last, on a boundary. */
static void test_cover(void **state)
{
	(void)state;
	assert_int_equal(compare("1 0 0:1 / / rw - a a rw\n"
				 "7 1 0:1 / /run/net rw - a a rw\n"
				 "8 1 0:1 / /run/netns/web1 rw - a a rw\n"
				 "9 1 0:1 / /run/netns rw - a a rw\n"
				 "25 1 0:22 / /run/netns rw shared:5 - tmpfs tmpfs rw\n",
				 "25 1 0:22 / /run/netns rw shared:5 - tmpfs tmpfs rw\n"),
			 PROPAGATION_YES);
}

static void test_rubbish(void **state)
{
	(void)state;
	assert_int_equal(compare("\n", host), PROPAGATION_UNKNOWN);
	assert_int_equal(compare("1 2\n1 2 3 4 /\n1 2 3 4 / rw shared:1\n", host),
			 PROPAGATION_UNKNOWN);
}

static void test_here(void **state)
{
	(void)state;
	/* whatever it is: this process's table can be read */
	propagation_check("/run/netns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_cover),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
