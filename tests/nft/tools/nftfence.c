// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nftfence: the nft backend by hand, a command a line of standard input:
 *
 *	policy NAME FILE	policy_set()
 *	forget NAME		policy_del()
 *	policies
 *	attach PATH POLICY [audit|strict|forward-accept|manual|replace|HOOKS]...
 *	detach PATH
 *	show PATH		the fence with its counters
 *	dump			all fences: INODE POLICY MODE INSTANCE
 *	run MS			takes events for so long, and prints them
 *	limits
 *	birth POLICY
 *
 * Each answers with lines, and at the end "ok" or "error ERRNO: TEXT". Option -s: tables
 * without an owner, as on kernels that have no persistent ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "nft_int.h"
#include "policies.h"
#include "policy/diag.h"

static int policy_set(struct backend *b, const char *name, const char *file, struct err *e)
{
	struct config_policy p = { 0 };
	struct genl_policy out;
	struct diags d = { 0 };
	int ret;

	snprintf(p.name, sizeof(p.name), "%s", name);
	ret = policies_compile(NULL, file, &p.compiled, &d);
	if (ret) {
		char *text = d.n ? diag_format(&d.v[0]) : NULL;

		err_set(e, -ret, EXIT_REFUSED, "%s", text ? text : "not compiled");
		free(text);
	} else {
		ret = backend_policy_set(b, &p, &out, e);
	}
	if (!ret)
		printf("%s generation %" PRIu64 " fences %u\n", out.name, out.generation,
		       out.attachments);
	diags_clean(&d);
	policies_image_clean(&p.compiled);
	return ret;
}

static int target(const char *path, struct genl_target *t, struct err *e)
{
	struct stat st;

	*t = (struct genl_target){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (t->fd < 0 || fstat(t->fd, &st))
		return err_set(e, errno, EXIT_NOT_FOUND, "%s: %s", path, strerror(errno));
	t->inode = (uint32_t)st.st_ino;
	return 0;
}

static int attach(struct backend *b, const struct genl_target *t, char **word, struct err *e)
{
	struct genl_fence f = { .policy = *word++, .source = "by hand" };
	uint64_t instance;
	int ret;

	for (; *word; word++) {
		if (!strcmp(*word, "audit"))
			f.mode = GENL_MODE_AUDIT;
		else if (!strcmp(*word, "strict"))
			f.flags |= GENL_F_STRICT;
		else if (!strcmp(*word, "forward-accept"))
			f.flags |= GENL_F_FORWARD_ACCEPT;
		else if (!strcmp(*word, "manual"))
			f.flags |= GENL_F_MANUAL;
		else if (!strcmp(*word, "replace"))
			f.flags |= GENL_F_REPLACE;
		else if (genl_hooks_parse(*word, &f.hooks, e))
			return -EINVAL;
	}
	ret = backend_attach(b, t, &f, &instance, e);
	if (!ret)
		printf("instance %" PRIu64 "\n", instance);
	return ret;
}

static int show(struct backend *b, const struct genl_target *t, struct err *e)
{
	struct genl_netns n;
	int ret = backend_netns_get(b, t, &n, e), h, v;

	if (ret)
		return ret;
	printf("%s %s flags 0x%x source %s\n", n.policy, genl_mode_name(n.mode), n.flags, n.source);
	for (h = 0; h < GENL_HOOKS; h++)
		for (v = 0; v < GENL_VERDICTS; v++)
			if (n.counter[h][v].packets)
				printf("%s %s %" PRIu64 " packets %" PRIu64 " bytes\n",
				       genl_hook_name(h), genl_verdict_name(v),
				       n.counter[h][v].packets, n.counter[h][v].bytes);
	return 0;
}

static int dump(struct backend *b, struct err *e)
{
	struct genl_netns *v = NULL;
	size_t n = 0, i;
	int ret = backend_netns_dump(b, &v, &n, e);

	for (i = 0; !ret && i < n; i++)
		if (v[i].instance)
			printf("%u %s %s %" PRIu64 "\n", v[i].inode, v[i].policy,
			       genl_mode_name(v[i].mode), v[i].instance);
		else if (v[i].flags & GENL_F_INITIAL)
			printf("%u initial\n", v[i].inode);
	free(v);
	return ret;
}

static int list_policies(struct backend *b, struct err *e)
{
	struct genl_policy *v = NULL;
	size_t n = 0, i;
	int ret = backend_policy_dump(b, &v, &n, e);

	for (i = 0; !ret && i < n; i++)
		printf("%s fences %u\n", v[i].name, v[i].attachments);
	free(v);
	return ret;
}

static void on_event(void *data, enum genl_event_type type, const struct genl_netns *n)
{
	(void)data;
	printf("event %s %u %s\n", genl_event_name(type), n->inode, n->policy);
}

static int run(struct backend *b, uint64_t ms, struct err *e)
{
	const struct genl_listener l = { .lifecycle = on_event };
	uint64_t until = clock_ms() + ms, now;
	int ret = 0;

	while (!ret && (now = clock_ms()) < until) {
		struct pollfd p = { .fd = backend_events_fd(b), .events = POLLIN };

		if (poll(&p, 1, (int)(until - now)) > 0)
			ret = backend_events(b, &l, e);
	}
	return ret;
}

static int limits(const struct backend *b)
{
	const char *const *s;

	for (s = backend_limits(b); *s; s++)
		puts(*s);
	return 0;
}

static int command(struct backend *b, char **word, struct err *e)
{
	struct genl_target t = { .fd = -1 };
	int ret = 0;

	if (!strcmp(word[0], "policy") && word[1] && word[2])
		return policy_set(b, word[1], word[2], e);
	if (!strcmp(word[0], "forget") && word[1])
		return backend_policy_del(b, word[1], e);
	if (!strcmp(word[0], "policies"))
		return list_policies(b, e);
	if (!strcmp(word[0], "dump"))
		return dump(b, e);
	if (!strcmp(word[0], "run") && word[1])
		return run(b, strtoull(word[1], NULL, 10), e);
	if (!strcmp(word[0], "limits"))
		return limits(b);
	if (!strcmp(word[0], "birth") && word[1])
		return backend_birth_set(b, &(struct genl_fence){ .policy = word[1] }, e);
	if (!word[1])
		return err_set(e, EINVAL, EXIT_USAGE, "no such command: %s", word[0]);
	ret = target(word[1], &t, e);
	if (ret)
		return ret;
	if (!strcmp(word[0], "attach") && word[2])
		ret = attach(b, &t, word + 2, e);
	else if (!strcmp(word[0], "detach"))
		ret = backend_detach(b, &t, false, e);
	else if (!strcmp(word[0], "show"))
		ret = show(b, &t, e);
	else
		ret = err_set(e, EINVAL, EXIT_USAGE, "no such command: %s", word[0]);
	close(t.fd);
	return ret;
}

int main(int argc, char **argv)
{
	char line[4096], *word[32], *state;
	bool shared = argc > 1 && !strcmp(argv[1], "-s");
	struct backend *b = NULL;
	struct err e = { 0 };
	size_t n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (shared ? backend_nft_open_flags(&b, 0, &e) : backend_open(BACKEND_NFT, &b, &e)) {
		printf("error %d: %s\n", e.errnum, e.text);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		n = 0;
		for (word[n] = strtok_r(line, " \n", &state); word[n] && n < 30;
		     word[n] = strtok_r(NULL, " \n", &state))
			n++;
		word[n] = NULL;
		if (!n)
			continue;
		memset(&e, 0, sizeof(e));
		if (command(b, word, &e)) {
			e.text[strcspn(e.text, "\n")] = '\0';
			printf("error %d: %s\n", e.errnum, e.text);
		} else {
			puts("ok");
		}
	}
	backend_close(b);
	return 0;
}
