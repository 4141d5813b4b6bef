// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_load: see nft_load.h. */
#include <errno.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nft_load.h"
#include "nft_read.h"
#include "nft_render.h"

static int enter_new(struct err *e)
{
	if (!unshare(CLONE_NEWNET))
		return 0;
	return err_set(e, EOPNOTSUPP, EXIT_UNREACHABLE,
		       "the nft backend needs a network namespace of its own to try rulesets in: %s",
		       strerror(errno));
}

/* Its first lines, as one sentence. */
static int complain(const char *text, struct err *e)
{
	char flat[400];
	size_t i, n = 0;

	for (i = 0; text && text[i] && n + 1 < sizeof(flat); i++)
		if (text[i] != '\n' || (n && flat[n - 1] != ' '))
			flat[n++] = text[i] == '\n' ? ' ' : text[i];
	while (n && (flat[n - 1] == ' ' || flat[n - 1] == '^'))
		n--;
	flat[n] = '\0';
	return err_set(e, EOPNOTSUPP, EXIT_REFUSED, "nftables does not take the fence's ruleset: %s",
		       n ? flat : "it does not say why");
}

static int run(const char *ruleset, struct err *e)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	int ret = 0;

	if (!ctx)
		return err_set(e, ENOMEM, EXIT_REFUSED, "libnftables does not start");
	if (nft_ctx_buffer_error(ctx) || nft_ctx_buffer_output(ctx))
		ret = err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	/* Nothing is included: the text has no such line. */
	nft_ctx_clear_include_paths(ctx);
	if (!ret && nft_run_cmd_from_buffer(ctx, ruleset))
		ret = complain(nft_ctx_get_error_buffer(ctx), e);
	nft_ctx_free(ctx);
	return ret;
}

int nft_load(const char *ruleset, struct nft_objects *out, struct err *e)
{
	int fd, ret;

	ret = enter_new(e);
	if (!ret)
		ret = run(ruleset, e);
	if (ret)
		return ret;
	fd = nft_msg_open(0);
	if (fd < 0)
		return err_set(e, -fd, EXIT_REFUSED, "no netlink socket: %s", strerror(-fd));
	ret = nft_msg_read(fd, NFT_RENDER_TABLE, 0, out, e);
	close(fd);
	return ret;
}

static int try_flags(int fd, uint32_t flags, struct err *e)
{
	struct nft_table t = { .name = NFT_RENDER_TABLE, .flags = flags }, found[NFT_TABLES];
	const struct nft_meta meta = { .instance = 1, .policy = "drop" };
	const struct nft_change make = { .add = &t }, unmake = { .remove = t.name };
	struct nft_meta back;
	size_t n = 0;
	int ret;

	nft_meta_put(&t, &meta);
	ret = nft_msg_change(fd, &make, e);
	if (ret)
		return ret;
	ret = nft_msg_tables(fd, found, &n, e);
	if (!ret && (n != 1 || found[0].flags != flags || !nft_meta_get(&found[0], &back)))
		ret = err_set(e, EOPNOTSUPP, EXIT_UNREACHABLE,
			      "this kernel's tables of nftables have no comments (Linux 5.10 and later have)");
	nft_msg_change(fd, &unmake, NULL);
	return ret;
}

int nft_load_probe(uint32_t *flags, struct err *e)
{
	struct err why = { 0 };
	int fd, ret;

	ret = enter_new(e);
	if (ret)
		return ret;
	fd = nft_msg_open(0);
	if (fd < 0)
		return err_set(e, EOPNOTSUPP, EXIT_UNREACHABLE,
			       "no netlink socket for nftables: %s", strerror(-fd));
	/*
	 * Without persist a table with an owner goes when the daemon does: then
	 * rather one that root inside can change, and that is repaired.
	 */
	*flags = NFT_MSG_F_OWNER | NFT_MSG_F_PERSIST;
	ret = try_flags(fd, *flags, &why);
	if (ret) {
		*flags = 0;
		ret = try_flags(fd, 0, &why);
	}
	close(fd);
	if (!ret)
		return 0;
	return err_set(e, EOPNOTSUPP, EXIT_UNREACHABLE, "this kernel has no nftables for us: %s",
		       why.text);
}
