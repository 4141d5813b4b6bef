// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policies of the configuration, and those of the backend; and birth. See sync.h.
 *
 * Whose a policy in the backend is, its name tells: the daemon's are those that a
 * configuration of its own needed, now or formerly, and all "netns:NAME", which
 * have their names from nowhere else. Any other was put there by hand, and is
 * left alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sync_pass.h"
#include "utf8.h"

static bool was_retired(const struct sync *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_retired; i++)
		if (!strcmp(s->retired[i], name))
			return true;
	return false;
}

static void free_strings(char **v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static int add_retired(char **v, size_t *n, const struct config *c, const char *name)
{
	if (config_find_policy(c, name))
		return 0;
	v[*n] = strdup(name);
	return v[*n] && ++*n ? 0 : -ENOMEM;
}

int sync_policy_configure(struct sync *s, const struct config *c)
{
	size_t i, n = 0, n_old = s->config ? s->config->n_policies : 0;
	struct sync_policy *policies = calloc(c->n_policies + 1, sizeof(*policies));
	char **retired = calloc(s->n_retired + n_old + 1, sizeof(*retired));
	int ret = policies && retired ? 0 : -ENOMEM;

	for (i = 0; !ret && i < s->n_retired; i++)
		ret = add_retired(retired, &n, c, s->retired[i]);
	for (i = 0; !ret && i < n_old; i++)
		if (!was_retired(s, s->config->policies[i].name))
			ret = add_retired(retired, &n, c, s->config->policies[i].name);
	if (ret) {
		if (retired)
			free_strings(retired, n);
		free(policies);
		return ret;
	}
	sync_policy_clean(s);
	s->policies = policies;
	s->retired = retired;
	s->n_retired = n;
	return 0;
}

void sync_policy_clean(struct sync *s)
{
	free(s->policies);
	free_strings(s->retired, s->n_retired);
	s->policies = NULL;
	s->retired = NULL;
	s->n_retired = 0;
}

static int compare_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct genl_policy *)entry)->name);
}

static const struct genl_policy *find(const struct genl_policy *v, size_t n, const char *name)
{
	return n ? bsearch(name, v, n, sizeof(*v), compare_name) : NULL;
}

/* Negative: there is no use in going on. */
static int set_one(struct sync *s, const struct config_policy *p, struct sync_policy *now,
		   const struct genl_policy *have)
{
	struct genl_policy set;
	char file[96], fences[32] = "";
	struct err e = { 0 };
	int ret, before = now->errnum;

	now->loaded = have;
	now->errnum = 0;
	if (have && have->hash == p->compiled.hash)
		return 0;
	ret = backend_policy_set(s->backend, p, &set, &e);
	if (ret) {
		now->errnum = -ret;
		snprintf(now->why, sizeof(now->why), "%.*s",
			 (int)utf8_cut(e.text, sizeof(now->why) - 1), e.text);
		if (now->errnum != before)
			log_error("policy %s: %s: %s", p->name, have ?
				  "not replaced, its fences keep the old version" : "not loaded",
				  e.text);
		return e.exit == EXIT_UNREACHABLE ? ret : 0;
	}
	now->loaded = true;
	policies_file(p->name, file, sizeof(file));
	if (set.attachments)
		snprintf(fences, sizeof(fences), ", in %u fence%s", set.attachments,
			 set.attachments == 1 ? "" : "s");
	log_info("policy %s: %s from %s%s", p->name, have ? "replaced" : "loaded", file, fences);
	return 0;
}

int sync_policy_set(struct sync *s, struct genl_policy **out, size_t *n, struct err *e)
{
	const struct config *c = s->config;
	size_t i;
	int ret;

	ret = backend_policy_dump(s->backend, out, n, e);
	for (i = 0; !ret && i < c->n_policies; i++) {
		const struct config_policy *p = &c->policies[i];

		ret = set_one(s, p, &s->policies[i], find(*out, *n, p->name));
		if (ret)
			err_set(e, -ret, EXIT_UNREACHABLE, "policy %s: %s", p->name,
				s->policies[i].why);
		if (s->alive)
			s->alive(s->alive_data);
	}
	return ret;
}

const struct sync_policy *sync_policy_bad(const struct sync *s, const struct config_policy *file)
{
	const struct sync_policy *policy;

	if (!file)
		return NULL;
	policy = &s->policies[file - s->config->policies];
	return policy->errnum ? policy : NULL;
}

bool sync_policy_is_ours(const struct sync *s, const char *name)
{
	return !strncmp(name, POLICIES_NETNS, sizeof(POLICIES_NETNS) - 1) ||
	       was_retired(s, name);
}

static void forget(struct sync *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_retired; i++) {
		if (strcmp(s->retired[i], name))
			continue;
		free(s->retired[i]);
		s->retired[i] = s->retired[--s->n_retired];
		return;
	}
}

void sync_policy_delete(struct sync *s, const struct genl_policy *v, size_t n)
{
	struct err e;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!sync_policy_is_ours(s, v[i].name) || config_find_policy(s->config, v[i].name))
			continue;
		/* EBUSY: a fence by hand, or one without a name, uses it. Another time. */
		if (backend_policy_del(s->backend, v[i].name, &e))
			continue;
		log_info("policy %s: taken away, no section needs it any more", v[i].name);
		forget(s, v[i].name);
	}
	/*
	 * What is not there any more, somebody has taken away: it is not ours again. The
	 * backend before may still have it.
	 */
	for (i = s->old ? 0 : s->n_retired; i--;)
		if (!find(v, n, s->retired[i]))
			forget(s, s->retired[i]);
}

/* ---- birth ---- */

struct genl_fence sync_birth_wish(const struct config *c)
{
	struct genl_fence wish = c->birth;

	if (!wish.policy)
		wish.policy = GENL_BIRTH_NONE;
	return wish;
}

bool sync_birth_is(const struct genl_birth *have, const struct config *c)
{
	const uint32_t flags = GENL_F_STRICT | GENL_F_FORWARD_ACCEPT;
	struct genl_fence wish = sync_birth_wish(c);

	if (strcmp(have->policy, wish.policy) || !strcmp(wish.policy, GENL_BIRTH_NONE))
		return !strcmp(have->policy, wish.policy);
	return (have->mode == wish.mode || !strcmp(wish.policy, "audit")) &&
	       (!wish.hooks || have->hooks == wish.hooks) &&
	       !((have->flags ^ wish.flags) & flags);
}

static void birth_failed(struct pass *p, const char *why)
{
	struct sync *s = p->s;

	if (p->trouble < TROUBLE_SLOW)
		p->trouble = TROUBLE_SLOW;
	sync_note_problem(p, "birth", why);
	p->r->summary.failed++;
	if (strncmp(s->birth_problem, why, sizeof(s->birth_problem) - 1))
		log_error("birth = %s is not in force: %s", sync_birth_wish(s->config).policy, why);
	snprintf(s->birth_problem, sizeof(s->birth_problem), "%.*s",
		 (int)utf8_cut(why, sizeof(s->birth_problem) - 1), why);
}

int sync_set_birth(struct pass *p, struct err *e)
{
	struct genl_fence wish = sync_birth_wish(p->s->config);
	const struct sync_policy *bad = sync_policy_bad(p->s, p->s->config->birth_file);
	struct sync *s = p->s;
	struct genl_birth have;
	int ret;

	if (bad && !bad->loaded) {
		birth_failed(p, bad->why);
		return 0;
	}
	if (s->kind == BACKEND_NFT) {	/* which has none */
		if (s->config->birth.policy)
			birth_failed(p, "nftables cannot give it");
		else
			s->birth_problem[0] = 0;
		return 0;
	}
	ret = backend_birth_get(s->backend, &have, e);
	if (!ret && have.decided && sync_birth_is(&have, s->config)) {
		s->birth_problem[0] = 0;
		return 0;
	}
	if (!ret)
		ret = backend_birth_set(s->backend, &wish, e);
	if (ret && e->exit == EXIT_UNREACHABLE)
		return ret;
	if (ret) {
		birth_failed(p, e->text);
		return 0;
	}
	s->birth_problem[0] = 0;
	if (strcmp(have.policy, wish.policy))
		log_info("birth: %s (was %s)", wish.policy, have.policy);
	return 0;
}
