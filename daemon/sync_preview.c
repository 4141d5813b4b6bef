// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a pass would do with a configuration that is not in force. See sync.h.
 *
 * The same functions decide, on the same lists; sections of kind pid and inode that
 * are new are bound in a copy, which is thrown away.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gather.h"
#include "sync_pass.h"
#include "utf8.h"

struct preview {
	struct sync *s;
	const struct config *config;
	struct bindings bindings;
	struct claims_name *names;
	size_t n_names;
	struct claims claims;
	struct genl_netns *actual;
	size_t n_actual;
	struct genl_policy *policies;
	size_t n_policies;
	struct reconcile_plan plan;
	struct backend *next;		/* that would come into use; or NULL */
	struct sync_preview *out;
};

static void set(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)utf8_cut(from, size - 1), from);
}

/* NULL: no memory. */
static struct sync_change *add(struct preview *p, enum sync_change_verb verb)
{
	struct sync_preview *out = p->out;
	struct sync_change *v = reallocarray(out->v, out->n + 1, sizeof(*v));

	if (!v)
		return NULL;
	out->v = v;
	v += out->n++;
	*v = (struct sync_change){ .verb = verb };
	out->n_changes += verb != SYNC_CANNOT;
	return v;
}

__attribute__((format(printf, 2, 3)))
static void detail(struct sync_change *ch, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	set(ch->detail, sizeof(ch->detail), text);
}

/* ---- policies and birth ---- */

static const struct genl_policy *find_policy(const struct preview *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_policies; i++)
		if (!strcmp(p->policies[i].name, name))
			return &p->policies[i];
	return NULL;
}

/* By a fence that stays as it is: then it is not taken away, but another time. */
static bool stays_in_use(const struct preview *p, const char *name)
{
	const struct genl_netns *n;
	size_t i, uses = 0;

	for (i = 0; i < p->n_actual; i++)
		uses += p->actual[i].instance && !strcmp(p->actual[i].policy, name);
	for (i = 0; i < p->plan.n_actions; i++) {
		n = p->plan.actions[i].item->actual;
		uses -= n && n->instance && !strcmp(n->policy, name);
	}
	return uses;
}

static int preview_policies(struct preview *p)
{
	const struct config *c = p->config, *now = p->s->config;
	const struct genl_policy *have;
	struct sync_change *ch;
	size_t i;

	for (i = 0; i < c->n_policies; i++) {
		have = find_policy(p, c->policies[i].name);
		if (have && have->hash == c->policies[i].compiled.hash)
			continue;
		ch = add(p, SYNC_DO_POLICY_SET);
		if (!ch)
			return -ENOMEM;
		set(ch->label, sizeof(ch->label), c->policies[i].name);
		set(ch->policy, sizeof(ch->policy), c->policies[i].name);
		policies_file(c->policies[i].name, ch->source, sizeof(ch->source));
		if (have)
			detail(ch, "another version, in %u fence%s", have->attachments,
			       have->attachments == 1 ? "" : "s");
		else
			detail(ch, "not there");
	}
	for (i = 0; i < p->n_policies; i++) {
		have = &p->policies[i];
		if (config_find_policy(c, have->name) ||
		    !(sync_policy_is_ours(p->s, have->name) ||
		      config_find_policy(now, have->name)) ||
		    stays_in_use(p, have->name))
			continue;
		ch = add(p, SYNC_DO_POLICY_DELETE);
		if (!ch)
			return -ENOMEM;
		set(ch->label, sizeof(ch->label), have->name);
		set(ch->policy, sizeof(ch->policy), GENL_BIRTH_NONE);
		detail(ch, "nothing needs it any more");
	}
	return 0;
}

/*
 * As sync_prepare() has it: where the other one cannot be had, apply would be refused;
 * but for auto, which then goes on with what there is.
 */
static int preview_backend(struct preview *p)
{
	struct sync *s = p->s;
	enum backend_kind wanted = sync_wanted_kind(p->config);
	struct sync_change *ch;
	struct err e = { 0 };
	int ret;

	if (s->kind == wanted)
		return 0;
	p->next = s->old;
	ret = p->next ? 0 : backend_open(wanted, &p->next, &e);
	if (ret)
		p->next = NULL;
	if (ret && p->config->backend == CONFIG_BACKEND_AUTO)
		return 0;
	ch = add(p, ret ? SYNC_CANNOT : SYNC_DO_BACKEND);
	if (!ch)
		return -ENOMEM;
	set(ch->label, sizeof(ch->label), "backend");
	set(ch->policy, sizeof(ch->policy), backend_name(wanted));
	if (ret)
		detail(ch, "%s", e.text);
	else
		detail(ch, "now %s", backend_name(s->kind));
	return 0;
}

static int preview_birth(struct preview *p, struct err *e)
{
	struct backend *b = p->next ? p->next : p->s->backend;
	struct sync_change *ch;
	struct genl_birth have;
	int ret;

	if (backend_kind(b) == BACKEND_NFT && !p->config->birth.policy)
		return 0;
	if (backend_kind(b) == BACKEND_NFT) {
		ch = add(p, SYNC_CANNOT);
		if (!ch)
			return -ENOMEM;
		set(ch->label, sizeof(ch->label), "birth");
		set(ch->policy, sizeof(ch->policy), p->config->birth.policy);
		detail(ch, "nftables cannot give it");
		return 0;
	}
	ret = backend_birth_get(b, &have, e);
	if (ret || sync_birth_is(&have, p->config))
		return ret;
	ch = add(p, SYNC_DO_BIRTH);
	if (!ch)
		return -ENOMEM;
	set(ch->label, sizeof(ch->label), "birth");
	set(ch->policy, sizeof(ch->policy), sync_birth_wish(p->config).policy);
	detail(ch, "now %s", have.policy);
	return 0;
}

/* ---- namespaces ---- */

static void fill(struct preview *p, struct sync_change *ch, const struct reconcile_item *item)
{
	sync_label(&p->claims, item->claim, item->inode, ch->label, sizeof(ch->label));
	ch->inode = item->inode;
	set(ch->policy, sizeof(ch->policy),
	    item->wish.policy ? item->wish.policy : GENL_BIRTH_NONE);
	if (item->want)
		set(ch->source, sizeof(ch->source), item->want->source);
	else if (item->wish.source)
		set(ch->source, sizeof(ch->source), item->wish.source);
}

static const char *mode_text(enum genl_mode mode)
{
	return mode == GENL_MODE_AUDIT ? " in mode audit" : "";
}

/* What it has now; and where that is the same policy, what else differs. */
static void describe(struct sync_change *ch, const struct reconcile_item *item)
{
	const struct genl_netns *n = item->actual;
	const struct genl_fence *wish = &item->wish;
	char hooks[96] = "";

	if (!n || !n->instance) {
		detail(ch, "no fence%s", mode_text(wish->mode));
		return;
	}
	if (wish->policy && !item->file && wish->hooks && n->hooks != wish->hooks)
		genl_hooks_format(n->hooks, hooks, sizeof(hooks));
	detail(ch, "now %s%s%s%s%s%s%s%s%s", n->policy, mode_text(n->mode),
	       hooks[0] ? " on " : "", hooks,
	       wish->policy && (n->flags ^ wish->flags) & GENL_F_INHERIT ?
	       n->flags & GENL_F_INHERIT ? ", which inherits" : ", which does not inherit" : "",
	       n->flags & GENL_F_MANUAL ? ", by hand" : "", n->source[0] ? ", " : "", n->source,
	       wish->policy || item->claim ? "" : "; no section claims it");
}

static int preview_action(struct preview *p, const struct reconcile_action *a)
{
	static const enum sync_change_verb verbs[] = {
		[RECONCILE_DO_ATTACH] = SYNC_DO_ATTACH,
		[RECONCILE_DO_REPLACE] = SYNC_DO_REPLACE,
		[RECONCILE_DO_DETACH] = SYNC_DO_DETACH,
	};
	struct sync_change *ch;

	ch = add(p, a->item->state == RECONCILE_TAKE_OVER ? SYNC_DO_TAKE_OVER : verbs[a->verb]);
	if (!ch)
		return -ENOMEM;
	fill(p, ch, a->item);
	describe(ch, a->item);
	return 0;
}

/* What no pass can put right. */
static int preview_item(struct preview *p, const struct reconcile_item *item)
{
	const struct claim *c = item->claim;
	struct sync_change *ch;

	if (!c || !(c->rival || item->state == RECONCILE_INITIAL))
		return 0;
	ch = add(p, SYNC_CANNOT);
	if (!ch)
		return -ENOMEM;
	fill(p, ch, item);
	if (item->state == RECONCILE_INITIAL)
		detail(ch, "it is the initial network namespace, the host's own: refused");
	else
		detail(ch, "%s and %s are as specific and wish for different fences: the first is applied",
		       c->want->source, c->rival->source);
	return 0;
}

static int by_label(const void *pa, const void *pb)
{
	const struct sync_change *a = pa, *b = pb;
	int ret = strcmp(a->label, b->label);

	return ret ? ret : a->inode < b->inode ? -1 : a->inode > b->inode;
}

static int preview_plan(struct preview *p)
{
	size_t i, first;
	int ret = 0;

	for (i = 0; !ret && i < p->plan.n_items; i++)
		ret = preview_item(p, &p->plan.items[i]);
	first = p->out->n;
	for (i = 0; !ret && i < p->plan.n_actions; i++)
		ret = preview_action(p, &p->plan.actions[i]);
	if (p->out->n > first)
		qsort(p->out->v + first, p->out->n - first, sizeof(*p->out->v), by_label);
	return ret;
}

/* ---- in all ---- */

static int decide(struct preview *p)
{
	struct reconcile_world w = {
		.config = p->config, .claims = &p->claims, .actual = p->actual,
		.n_actual = p->n_actual, .take_over = true,
	};
	uint64_t *released;
	int ret;

	ret = sync_release(p->s, p->config, &released, &w.n_released);
	w.released = released;
	if (!ret)
		ret = claims_make(p->config, p->names, p->n_names, &p->claims);
	if (!ret)
		ret = reconcile_plan(&w, &p->plan);
	free(released);
	return ret;
}

static int look(struct preview *p, struct err *e)
{
	struct backend *b = p->s->backend;
	int ret;

	ret = bindings_copy(&p->s->bindings, &p->bindings);
	if (!ret)
		ret = bindings_configure(&p->bindings, p->config);
	if (ret)
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	ret = gather_names(p->config, &p->bindings, p->s->units, &p->names, &p->n_names, e);
	if (!ret)
		ret = backend_policy_dump(b, &p->policies, &p->n_policies, e);
	if (!ret)
		ret = backend_netns_dump(b, &p->actual, &p->n_actual, e);
	if (!ret)
		gather_inodes(p->names, p->n_names, &p->bindings, p->actual, p->n_actual, b);
	return ret;
}

int sync_preview(struct sync *s, const struct config *c, struct sync_preview *out,
		 struct err *e)
{
	struct preview p = { .s = s, .config = c, .out = out };
	int ret;

	*out = (struct sync_preview){ 0 };
	if (!s->backend)
		return err_set(e, ENOTCONN, EXIT_UNREACHABLE,
			       "the %s is not reachable, so there is nothing to compare with",
			       s->kind == BACKEND_MODULE ? "module" : "nft backend");
	ret = look(&p, e);
	if (!ret) {
		ret = decide(&p);
		if (!ret)
			ret = preview_backend(&p);
		if (!ret)
			ret = preview_policies(&p);
		if (!ret)
			ret = preview_birth(&p, e);
		if (!ret)
			ret = preview_plan(&p);
		if (ret == -ENOMEM)
			err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	}
	if (p.next != s->old)
		backend_close(p.next);
	bindings_clean(&p.bindings);
	gather_free(p.names, p.n_names);
	claims_clean(&p.claims);
	free(p.actual);
	free(p.policies);
	reconcile_plan_clean(&p.plan);
	if (ret)
		sync_preview_clean(out);
	return ret;
}

void sync_preview_clean(struct sync_preview *p)
{
	free(p->v);
	*p = (struct sync_preview){ 0 };
}
