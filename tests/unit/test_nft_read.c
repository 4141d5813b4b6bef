// SPDX-License-Identifier: GPL-2.0-or-later
// links: nft_read.c nft_sock.c policies_name.c utf8.c err.c
/* What a fence's table says of itself: there and back, and what root inside may have put there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libnftnl/udata.h>

#include "nft_read.h"

static void back(const struct nft_meta *m)
{
	struct nft_table t = { 0 };
	struct nft_meta now;

	nft_meta_put(&t, m);
	assert_true(t.udata_len > 0 && t.udata_len <= NFT_UDATA_MAX);
	assert_true(nft_meta_get(&t, &now));
	assert_int_equal(now.instance, m->instance);
	assert_int_equal(now.hash, m->hash);
	assert_int_equal(now.mode, m->mode);
	assert_int_equal(now.hooks, m->hooks);
	assert_int_equal(now.flags, m->flags);
	assert_string_equal(now.policy, m->policy);
	assert_string_equal(now.source, m->source);
}

static void test_back(void **state)
{
	struct nft_meta m = { .instance = 1, .policy = "drop", .source = "nsfence.conf:6" };

	(void)state;
	back(&m);
	m.source[0] = '\0';
	back(&m);
	strcpy(m.source, "nsfence.conf.d/10 with a blank.conf:3");
	strcpy(m.policy, "netns:web1");
	back(&m);
	/* As long as all can be at once: not a byte is lost. */
	m = (struct nft_meta){
		.instance = UINT64_C(1) << 60, .hash = UINT64_MAX, .mode = GENL_MODE_AUDIT,
		.hooks = 0x1f, .flags = GENL_F_STRICT | GENL_F_FORWARD_ACCEPT | GENL_F_INHERIT,
	};
	memset(m.policy, 'p', GENL_MAX_NAME);
	memset(m.source, 's', GENL_MAX_SOURCE);
	back(&m);
}

static bool accepts(const char *text, size_t size, struct nft_meta *m)
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(NFT_UDATA_MAX);
	struct nft_table t = { 0 };
	bool is;

	nftnl_udata_put(buf, NFTNL_UDATA_TABLE_COMMENT, (uint32_t)size, text);
	t.udata_len = nftnl_udata_buf_len(buf);
	memcpy(t.udata, nftnl_udata_buf_data(buf), t.udata_len);
	nftnl_udata_buf_free(buf);
	is = nft_meta_get(&t, m);
	return is;
}

static void test_strangers(void **state)
{
	static const char *const bad[] = {
		"", "a comment", "nsfence", "nsfence 1 ", "nsfence 1 0 0 0 1 0", "nsfence 2 0 0 0 1 0 drop x",
		"nsfence 1 2 0 0 1 0 drop x",			/* no such mode */
		"nsfence 1 0 20 0 1 0 drop x",			/* no such hook */
		"nsfence 1 0 0 2 1 0 drop x",			/* by hand */
		"nsfence 1 0 0 100 1 0 drop x",			/* the initial namespace */
		"nsfence 1 0 0 0 0 0 drop x",			/* no instance */
		"nsfence 1 0 0 0 ffffffffffffffff 0 drop x",
		"nsfence 1 0 0 0 1 0 ../x x", "nsfence 1 0 0 0 1 0 none x", "nsfence 1 0 0 0 1 0 a\033b x",
		"nsfence 1 0 0 0 1 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa x",
	};
	struct nft_meta m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (accepts(bad[i], strlen(bad[i]) + 1, &m))
			fail_msg("taken for ours: %s", bad[i]);
	assert_true(accepts("nsfence 1 0 0 0 1 0 drop a\033[31m", 32, &m));
	assert_string_equal(m.source, "a?[31m");
	/* No NUL at its end. */
	assert_false(accepts("nsfence 1 0 0 0 1 0 drop x", 26, &m));
	assert_false(nft_meta_get(&(struct nft_table){ .udata = { 0, 200 }, .udata_len = 5 }, &m));
	assert_false(nft_meta_get(&(struct nft_table){ .udata_len = 0 }, &m));
}

/* Userdata whose lengths lead out of them. */
static void test_lengths(void **state)
{
	static const char text[] = "nsfence 1 0 0 0 1 0 drop x";
	struct nft_table t = { .udata = { NFTNL_UDATA_TABLE_COMMENT, sizeof(text) } };
	struct nft_meta m;

	(void)state;
	memcpy(t.udata + 2, text, sizeof(text));
	t.udata_len = 2 + sizeof(text);
	assert_true(nft_meta_get(&t, &m));
	t.udata_len--;				/* a byte of it is not there */
	assert_false(nft_meta_get(&t, &m));
	t.udata_len += 2;			/* a type without its length */
	assert_false(nft_meta_get(&t, &m));
	t.udata_len++;				/* an empty one after it */
	assert_true(nft_meta_get(&t, &m));
	t.udata[t.udata_len - 1] = 1;
	assert_false(nft_meta_get(&t, &m));
	t.udata_len = 1;
	assert_false(nft_meta_get(&t, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
