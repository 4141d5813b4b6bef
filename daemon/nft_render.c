// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_render: see nft_render.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft_render.h"
#include "policy/diag.h"
#include "policy/format.h"
#include "policy/ir.h"
#include "policy/names.h"
#include "policy/policy.h"

#define HOOK(h)		(1u << (h))
#define DEFAULT_HOOKS	(HOOK(GENL_HOOK_INPUT) | HOOK(GENL_HOOK_FORWARD) | HOOK(GENL_HOOK_OUTPUT))
#define REJECT_HOOKS	DEFAULT_HOOKS
#define OURS		"nsfence."
#define AUDIT		OURS "audit"
#define FORWARD		OURS "forward"
#define BODY		OURS "body."
#define COUNT(verdict)	"comment \"" NFT_RENDER_COUNTED verdict "\""

static char *no_memory(struct err *e)
{
	err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	return NULL;
}

/* What a prefix of nft's log may hold of the name. */
static void put_audit_log(FILE *o, const struct nft_want *w)
{
	fprintf(o, "\t\tlimit rate 5/second log prefix \"nsfence audit %.63s: \" level info\n",
		w->policy);
}

/* ---- the built-in policies ---- */

/* As the module's (slot.c). */
static int builtin_priority(int hook)
{
	return hook == GENL_HOOK_PREROUTING || hook == GENL_HOOK_INPUT ? INT_MIN : INT_MAX;
}

/*
 * Device 1 is lo, whatever it is called, and no other can be 1. What leaves as
 * neighbour discovery stays on the link: the router behind which it would go on is
 * known by its link-local address.
 */
static void put_exempt(FILE *o, int hook)
{
	static const char nd[] =
		"ip6 nexthdr icmpv6 ip6 hoplimit 255 icmpv6 code 0 icmpv6 type "
		"{ nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }";
	static const char pass[] = "counter accept " COUNT("exempt");

	switch (hook) {
	case GENL_HOOK_PREROUTING:
	case GENL_HOOK_INPUT:
		fprintf(o, "\t\tiif 1 %s\n\t\t%s %s\n", pass, nd, pass);
		break;
	case GENL_HOOK_OUTPUT:
	case GENL_HOOK_POSTROUTING:
		fprintf(o, "\t\toif 1 %s\n", pass);
		fprintf(o, "\t\t%s ip6 daddr { fe80::/10, ff00::/8 } %s\n", nd, pass);
		fprintf(o, "\t\t%s rt ip6 nexthop != fe80::/10 %s\n", nd, pass);
		break;
	default:	/* what is forwarded is neither */
		break;
	}
}

static void put_builtin_verdict(FILE *o, const struct nft_want *w)
{
	if (!strcmp(w->policy, "accept")) {
		fputs("\t\tcounter accept " COUNT("accept") "\n", o);
	} else if (w->mode == GENL_MODE_AUDIT || !strcmp(w->policy, "audit")) {
		put_audit_log(o, w);
		fputs("\t\tcounter accept " COUNT("audit") "\n", o);
	} else if (!strcmp(w->policy, "reject")) {
		/* No answer to what is an answer itself. */
		fputs("\t\ttcp flags & rst == rst counter drop " COUNT("reject") "\n"
		      "\t\tmeta l4proto { icmp, ipv6-icmp } counter drop " COUNT("reject") "\n"
		      "\t\tmeta l4proto tcp counter reject with tcp reset " COUNT("reject") "\n"
		      "\t\tcounter reject with icmpx admin-prohibited " COUNT("reject") "\n", o);
	} else {
		fputs("\t\tcounter drop " COUNT("drop") "\n", o);
	}
}

static void put_base(FILE *o, const char *name, int hook, int priority, bool drop)
{
	fprintf(o, "\tchain %s {\n\t\ttype filter hook %s priority %d; policy %s;\n", name,
		names_hook(hook), priority, drop ? "drop" : "accept");
}

/*
 * Postrouting looks once more at what output let out as exempt: rules of the
 * namespace may have sent it another way meanwhile (the module's hook.c).
 */
static void put_recheck(FILE *o, const struct nft_want *w)
{
	put_base(o, "postrouting", GENL_HOOK_POSTROUTING, INT_MAX, true);
	/* It came by a device, and was let through on purpose. */
	if (w->flags & GENL_F_FORWARD_ACCEPT)
		fputs("\t\tiif != 0 accept\n", o);
	put_exempt(o, GENL_HOOK_POSTROUTING);
	fputs("\t\tcounter drop " COUNT("drop") "\n\t}\n", o);
}

static void put_builtin(FILE *o, const struct nft_want *w, uint32_t hooks)
{
	bool accept = !strcmp(w->policy, "accept");
	bool audit = w->mode == GENL_MODE_AUDIT || !strcmp(w->policy, "audit");
	bool strict = w->flags & GENL_F_STRICT;
	uint32_t asked = hooks;
	int hook;

	if (!(w->flags & GENL_F_FORWARD_ACCEPT))
		hooks |= HOOK(GENL_HOOK_FORWARD);
	fputs("table inet " NFT_RENDER_TABLE " {\n", o);
	for (hook = 0; hook < GENL_HOOKS; hook++) {
		if (!(hooks & HOOK(hook)))
			continue;
		put_base(o, genl_hook_name(hook), hook, builtin_priority(hook),
			 !accept && !audit);
		if (!strict && !accept)
			put_exempt(o, hook);
		put_builtin_verdict(o, w);
		fputs("\t}\n", o);
	}
	if (!accept && !audit && !strict && asked & HOOK(GENL_HOOK_OUTPUT) &&
	    !(asked & HOOK(GENL_HOOK_POSTROUTING)))
		put_recheck(o, w);
	fputs("}\n", o);
}

static int check_builtin(const struct nft_want *w, uint32_t hooks, struct err *e)
{
	if (hooks >> GENL_HOOKS)
		return err_set(e, EINVAL, EXIT_REFUSED, "a hook that does not exist");
	if (!strcmp(w->policy, "reject") && hooks & ~REJECT_HOOKS)
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "policy reject works on hooks input, forward and output only");
	if (w->flags & GENL_F_FORWARD_ACCEPT && w->hooks & HOOK(GENL_HOOK_FORWARD))
		return err_set(e, EINVAL, EXIT_REFUSED,
			       "both hook forward and flag forward-accept: say one of them");
	return 0;
}

/* ---- policy files ---- */

struct render {
	FILE *o;
	struct ir_policy *p;
	const struct nft_want *w;
	unsigned int audit_chain;	/* index of a chain AUDIT, for the printer */
	enum ir_family family;
};

/* Names of chains that begin so are ours. */
static int check_names(const struct ir_policy *p, struct err *e)
{
	size_t i;

	for (i = 0; i < p->chains; i++)
		if (!strncmp(p->chain[i].name, OURS, sizeof(OURS) - 1))
			return err_set(e, EINVAL, EXIT_REFUSED,
				       "chain %.100s: the nft backend has chains of its own whose names begin with \""
				       OURS "\"", p->chain[i].name);
	return 0;
}

static bool is_audit(const struct render *r)
{
	return r->w->mode == GENL_MODE_AUDIT;
}

static void set_verdict(struct render *r, struct ir_verdict *v, bool base_drop)
{
	if (v->kind == IR_RETURN && base_drop)
		v->kind = IR_DROP;
	if (v->kind == IR_DROP && is_audit(r))
		*v = (struct ir_verdict){ .kind = IR_GOTO, .chain = r->audit_chain };
}

/* Maps are shared by chains: `return` in them is not touched. */
static void change_rule(struct render *r, struct ir_rule *rule, bool base_drop)
{
	struct ir_verdict drop = { .kind = IR_DROP };
	size_t i;

	for (i = 0; i < rule->stmts; i++) {
		struct ir_stmt *s = &rule->stmt[i];

		if (s->kind == IR_VERDICT) {
			set_verdict(r, &s->verdict, base_drop);
		} else if (s->kind == IR_REJECT && is_audit(r)) {
			s->kind = IR_VERDICT;
			s->verdict = drop;
			set_verdict(r, &s->verdict, false);
		}
	}
}

static void change(struct render *r)
{
	struct ir_policy *p = r->p;
	size_t i, j;

	for (i = 0; i < p->chains; i++)
		for (j = 0; j < p->chain[i].rules; j++)
			change_rule(r, &p->chain[i].rule[j],
				    p->chain[i].base && p->chain[i].policy == IR_DROP);
	for (i = 0; i < p->sets; i++)
		for (j = 0; p->set[i].map && j < p->set[i].elements; j++)
			set_verdict(r, &p->set[i].element[j].verdict, false);
}

static bool leads_out(const struct render *r, const struct ir_verdict *v)
{
	return v->kind == IR_RETURN || (v->kind == IR_GOTO && v->chain != r->audit_chain);
}

/* Can a packet go from here to the policy, past the last rule? */
static bool has_way_out(const struct render *r, const struct ir_chain *c)
{
	const struct ir_policy *p = r->p;
	size_t i, j, k;

	for (i = 0; i < c->rules; i++) {
		for (j = 0; j < c->rule[i].stmts; j++) {
			const struct ir_stmt *s = &c->rule[i].stmt[j];

			if (s->kind == IR_VERDICT && leads_out(r, &s->verdict))
				return true;
			for (k = 0; s->kind == IR_MAP && k < p->set[s->map.set].elements; k++)
				if (leads_out(r, &p->set[s->map.set].element[k].verdict))
					return true;
		}
	}
	return false;
}

static int put_rules(struct render *r, const struct ir_chain *c)
{
	char *text;
	size_t i;

	for (i = 0; i < c->rules; i++) {
		text = format_rule(r->p, &c->rule[i]);
		if (!text)
			return -ENOMEM;
		fprintf(r->o, "\t\t%s", text);
		if (c->rule[i].comment)
			fprintf(r->o, "%scomment \"%s\"", *text ? " " : "", c->rule[i].comment);
		fputc('\n', r->o);
		free(text);
	}
	return 0;
}

/* The end of a base chain that drops. */
static void put_end(const struct render *r)
{
	if (is_audit(r))
		fputs("\t\tgoto " AUDIT "\n", r->o);
	else
		fputs("\t\tcounter drop " COUNT("drop") "\n", r->o);
}

static int put_base_chain(struct render *r, const struct ir_chain *c)
{
	bool drop = c->policy == IR_DROP, wrap = drop && has_way_out(r, c);
	int ret = 0;

	if (wrap) {
		fprintf(r->o, "\tchain " BODY "%s {\n", c->name);
		ret = put_rules(r, c);
		fputs("\t}\n", r->o);
	}
	put_base(r->o, c->name, c->hook, c->priority, drop && !is_audit(r));
	if (r->family != IR_INET)
		fprintf(r->o, "\t\tmeta nfproto %s accept\n",
			r->family == IR_IP ? "ipv6" : "ipv4");
	if (wrap)
		fprintf(r->o, "\t\tjump " BODY "%s\n", c->name);
	else
		ret = put_rules(r, c);
	if (drop)
		put_end(r);
	fputs("\t}\n", r->o);
	return ret;
}

/* A policy without a forward chain drops what is forwarded, in its families. */
static void put_forward(struct render *r)
{
	size_t i;

	if (r->w->flags & GENL_F_FORWARD_ACCEPT)
		return;
	for (i = 0; i < r->p->chains; i++)
		if (r->p->chain[i].base && r->p->chain[i].hook == GENL_HOOK_FORWARD)
			return;
	put_base(r->o, FORWARD, GENL_HOOK_FORWARD, builtin_priority(GENL_HOOK_FORWARD),
		 !is_audit(r));
	if (r->family != IR_INET)
		fprintf(r->o, "\t\tmeta nfproto %s accept\n",
			r->family == IR_IP ? "ipv6" : "ipv4");
	put_end(r);
	fputs("\t}\n", r->o);
}

static int put_chains(struct render *r)
{
	int ret = 0;
	size_t i;

	if (is_audit(r)) {
		fputs("\tchain " AUDIT " {\n", r->o);
		put_audit_log(r->o, r->w);
		fputs("\t\tcounter accept " COUNT("audit") "\n\t}\n", r->o);
	}
	for (i = 0; i < r->p->chains && !ret; i++) {
		const struct ir_chain *c = &r->p->chain[i];

		if (i == r->audit_chain)
			continue;
		if (c->base) {
			ret = put_base_chain(r, c);
			continue;
		}
		fprintf(r->o, "\tchain %s {\n", c->name);
		ret = put_rules(r, c);
		fputs("\t}\n", r->o);
	}
	put_forward(r);
	return ret;
}

/* One more chain, without rules, that verdicts can lead to. */
static int add_audit_chain(struct render *r)
{
	struct ir_policy *p = r->p;
	struct ir_chain *chain = realloc(p->chain, (p->chains + 1) * sizeof(*chain));

	if (!chain)
		return -ENOMEM;
	p->chain = chain;
	chain[p->chains] = (struct ir_chain){ .name = strdup(AUDIT) };
	if (!chain[p->chains].name)
		return -ENOMEM;
	r->audit_chain = p->chains++;
	return 0;
}

static int put_policy(FILE *o, const struct nft_want *w, struct ir_policy *p)
{
	struct render r = { .o = o, .p = p, .w = w, .family = p->family };
	int ret;

	ret = add_audit_chain(&r);
	if (ret)
		return ret;
	p->family = IR_INET;
	change(&r);
	fputs("table inet " NFT_RENDER_TABLE " {\n", o);
	ret = format_sets(o, p);
	if (!ret)
		ret = put_chains(&r);
	fputs("}\n", o);
	return ret;
}

static struct ir_policy *read_policy(const struct nft_want *w, struct err *e)
{
	struct ir_policy *p = NULL;
	struct diags d = { 0 };
	char *why = NULL;

	if (!policy_load_buffer(w->policy, w->text, strlen(w->text), &p, &d)) {
		diags_clean(&d);
		return p;
	}
	/* It was printed by us, from what was accepted: a mistake of ours. */
	if (d.n)
		why = diag_format(&d.v[0]);
	err_set(e, EINVAL, EXIT_REFUSED, "policy %s cannot be read again: %.300s", w->policy,
		why ? why : "out of memory");
	free(why);
	diags_clean(&d);
	return NULL;
}

char *nft_render(const struct nft_want *w, struct err *e)
{
	uint32_t hooks = w->hooks ? w->hooks : w->flags & GENL_F_FORWARD_ACCEPT ?
			 DEFAULT_HOOKS & ~HOOK(GENL_HOOK_FORWARD) : DEFAULT_HOOKS;
	struct ir_policy *p = NULL;
	char *text = NULL;
	size_t size;
	int ret = 0;
	FILE *o;

	if (!w->text && check_builtin(w, hooks, e))
		return NULL;
	if (w->text) {
		p = read_policy(w, e);
		if (!p || check_names(p, e)) {
			ir_policy_free(p);
			return NULL;
		}
	}
	o = open_memstream(&text, &size);
	if (o && p)
		ret = put_policy(o, w, p);
	else if (o)
		put_builtin(o, w, hooks);
	ir_policy_free(p);
	if (!o || fclose(o) || ret) {
		free(text);
		return no_memory(e);
	}
	return text;
}
