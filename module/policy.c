// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policy: see policy.h. The only writer of the pointer to a version.
 *
 * A new version, under nsf_policy_mutex, in these steps:
 *
 *   prepare   every attachment gets the slots, states and conntrack that it will
 *             need; all that can fail is here, and undone if it does
 *   wait      whoever sees the new version sees the states that it uses
 *   publish   one store, for all attachments; where packets could meet both
 *             versions within one hook, the new one carries the old along
 *   wait      nobody is left who began with the old one alone
 *   settle    the old one is let go (and, if it was carried along, a wait)
 *   retire    slots and conntrack that only the old one needed
 *
 * nsf_mutex is held for one attachment at a time and never over a wait. In between
 * a namespace may be born with the policy: it has at once what all others have got
 * by then, so that each step finds it as it finds them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach.h"
#include "birth.h"
#include "builtin.h"
#include "compat/netns.h"
#include "ct.h"
#include "netns.h"
#include "policy.h"

DEFINE_MUTEX(nsf_policy_mutex);	/* what it serialises: policy.h */

static LIST_HEAD(policies);		/* nsf_mutex; written under nsf_policy_mutex too */
static unsigned int policy_changes;	/* written under nsf_mutex */

/* What an attachment needs, but for chunks, which only ever grow. */
struct layout {
	struct nsf_chain_desc chain[NSF_MAX_CHAINS];
	bool forward_fence;
	bool ct;
};

struct nsf_policy *nsf_policy_find(const char *name)
{
	struct nsf_policy *pol;

	lockdep_assert_held(&nsf_mutex);

	list_for_each_entry(pol, &policies, list)
		if (!strcmp(pol->name, name))
			return pol;
	return NULL;
}

struct nsf_version *nsf_policy_version(const struct nsf_policy *pol)
{
	return rcu_dereference_protected(pol->version, lockdep_is_held(&nsf_mutex));
}

/* Published by nobody but the holder of nsf_policy_mutex. */
static struct nsf_version *version_of(const struct nsf_policy *pol)
{
	return rcu_dereference_protected(pol->version, lockdep_is_held(&nsf_policy_mutex));
}

int nsf_policy_check_name(const char *name, struct netlink_ext_ack *extack)
{
	enum nsf_builtin builtin;
	const char *c;

	for (c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			break;
	if (*c || c == name || c - name >= NSF_NAME_SIZE) {
		NL_SET_ERR_MSG(extack,
			       "a policy's name is 1 to 63 printable ASCII characters without blanks");
		return -EINVAL;
	}
	if (!nsf_builtin_find(name, &builtin)) {
		NL_SET_ERR_MSG(extack, "accept, drop, reject and audit are built in");
		return -EPERM;
	}
	if (!strcmp(name, NSF_BIRTH_NONE)) {
		NL_SET_ERR_MSG(extack, "none is no policy: it says that there is no fence");
		return -EPERM;
	}
	return 0;
}

static void info_fill(struct nsf_policy_info *info, const struct nsf_policy *pol)
{
	const struct nsf_image *image;

	lockdep_assert_held(&nsf_mutex);

	image = nsf_policy_version(pol)->image;
	memcpy(info->name, pol->name, sizeof(info->name));
	info->generation = pol->generation;
	info->hash = image->hash;
	info->records = nsf_image_n_records(image);
	info->bytes = image->size;
	info->attachments = pol->users;
}

/* ---- prepare, publish, retire ---- */

static bool version_has_forward(const struct nsf_version *v)
{
	return nsf_version_fences(v, NSF_CHAIN_IPV4) && nsf_version_fences(v, NSF_CHAIN_IPV6);
}

static void layout_save(struct layout *l, const struct nsf_policy *pol)
{
	memcpy(l->chain, pol->chain, sizeof(l->chain));
	l->forward_fence = pol->forward_fence;
	l->ct = pol->ct;
}

static void layout_set(struct nsf_policy *pol, const struct layout *l)
{
	mutex_lock(&nsf_mutex);
	memcpy(pol->chain, l->chain, sizeof(pol->chain));
	pol->forward_fence = l->forward_fence;
	pol->ct = l->ct;
	pol->layout++;
	mutex_unlock(&nsf_mutex);
}

/* What @v needs alone, of what @l has for it. */
static void layout_reduce(struct layout *l, const struct nsf_version *v)
{
	u32 k;

	for (k = 0; k < NSF_MAX_CHAINS; k++)
		if (!v->chain[k])
			memset(&l->chain[k], 0, sizeof(l->chain[k]));
	l->forward_fence = !version_has_forward(v);
	l->ct = v->image->flags & NSF_IMAGE_CT;
}

/* Places whose states begin anew. */
struct places {
	u32 *place;
	u32 count;
};

/*
 * Does @fn to each attachment of @pol that has not seen the present layout. Those
 * that have are at the list's end. While nsf_policy_mutex is held some may die,
 * and those that come are born: they get what the layout of that moment asks for,
 * with states that have counted nothing, and stand at the end as well.
 */
static int attachments_update(struct nsf_policy *pol,
			      int (*fn)(struct nsf_attachment *att, const void *arg),
			      const void *arg)
{
	struct nsf_attachment *att;
	int err = 0;

	for (;;) {
		mutex_lock(&nsf_mutex);
		att = list_first_entry_or_null(&pol->attachments, struct nsf_attachment,
					       policy_node);
		if (att && att->layout != pol->layout) {
			err = fn(att, arg);
			if (!err)
				att->layout = pol->layout;
			else
				pr_info_ratelimited("policy %s: the namespace with inode %u cannot have the new version: error %d\n",
						    pol->name, nsf_net_inum(att->nn->net), err);
			list_move_tail(&att->policy_node, &pol->attachments);
		} else {
			att = NULL;
		}
		mutex_unlock(&nsf_mutex);
		if (!att || err)
			return err;
		cond_resched();
	}
}

static int attachment_grow(struct nsf_attachment *att, const void *arg)
{
	return nsf_attach_grow(att);
}

static int attachment_trim(struct nsf_attachment *att, const void *arg)
{
	nsf_attach_trim(att);
	return 0;
}

static int attachment_reset(struct nsf_attachment *att, const void *arg)
{
	const struct places *places = arg;
	u32 i;

	for (i = 0; i < places->count; i++) {
		nsf_attach_reset(att, places->place[i]);
		cond_resched();
	}
	return 0;
}

/* States at places that another rule had begin anew. Nobody uses these places. */
static int places_reset(struct nsf_policy *pol, const struct nsf_version *v,
			const struct nsf_version *old, const struct layout *layout)
{
	struct places places;
	int err;

	err = nsf_version_new_places(v, old, &places.place, &places.count);
	if (err || !places.count)
		goto out_free;
	layout_set(pol, layout);	/* as it is, but nobody has seen to it */
	err = attachments_update(pol, attachment_reset, &places);
out_free:
	kvfree(places.place);
	return err;
}

static bool layout_is_same(const struct layout *a, const struct layout *b)
{
	return a->forward_fence == b->forward_fence && a->ct == b->ct &&
	       !memcmp(a->chain, b->chain, sizeof(a->chain));
}

/*
 * On failure everything is as it was, but for chunks that nobody uses, and that not
 * all attachments have. @more: there are chunks that none has yet. Where neither
 * those nor the layout are new, nobody needs to be seen to.
 */
static int policy_prepare(struct nsf_policy *pol, const struct nsf_version *v,
			  const struct layout *both, const struct layout *before, bool more)
{
	int err = 0;

	if (more || pol->uneven || !layout_is_same(both, before)) {
		layout_set(pol, both);
		err = attachments_update(pol, attachment_grow, NULL);
		pol->uneven = err;
	}
	if (!err)
		err = places_reset(pol, v, version_of(pol), both);
	if (err) {
		layout_set(pol, before);
		attachments_update(pol, attachment_trim, NULL);
	}
	return err;
}

static void policy_publish(struct nsf_policy *pol, struct nsf_version *v)
{
	struct nsf_version *old = version_of(pol);

	if (old && nsf_version_mixes(old, v))
		RCU_INIT_POINTER(v->old, old);

	mutex_lock(&nsf_mutex);
	if (!old)
		list_add_tail(&pol->list, &policies);
	pol->generation++;
	policy_changes++;
	rcu_assign_pointer(pol->version, v);	/* the one store */
	mutex_unlock(&nsf_mutex);

	if (!old)
		return;
	synchronize_rcu();	/* the wait: whoever met the old version alone */
	if (rcu_access_pointer(v->old)) {
		RCU_INIT_POINTER(v->old, NULL);
		synchronize_rcu();	/* and whoever found it here */
	}
}

/* ---- set ---- */

static struct nsf_policy *policy_new(const char *name)
{
	struct nsf_policy *pol = kzalloc(sizeof(*pol), GFP_KERNEL_ACCOUNT);

	if (!pol)
		return NULL;
	strscpy(pol->name, name, sizeof(pol->name));
	INIT_LIST_HEAD(&pol->list);
	INIT_LIST_HEAD(&pol->attachments);
	return pol;
}

/* Off the list and without readers. */
static void policy_free(struct nsf_policy *pol)
{
	if (!pol)
		return;
	nsf_version_free(rcu_access_pointer(pol->version));
	kvfree(pol->chunk);
	kfree(pol);
}

static int image_allowed(const struct nsf_image *image, struct netlink_ext_ack *extack)
{
	/* What marks our own replies (reject.c) relies on softirqs being off. */
	if (image->flags & NSF_IMAGE_REJECT && IS_ENABLED(CONFIG_PREEMPT_RT)) {
		NL_SET_ERR_MSG(extack, "reject cannot be had on a PREEMPT_RT kernel");
		return -EOPNOTSUPP;
	}
	if (image->flags & NSF_IMAGE_CT && !nsf_ct_available()) {
		NL_SET_ERR_MSG(extack, "ct: this kernel has no connection tracking");
		return -EOPNOTSUPP;
	}
	return 0;
}

static bool image_is_same(const struct nsf_version *v, const struct nsf_image *image)
{
	return v && v->image->size == image->size && !memcmp(v->image, image, image->size);
}

/* @pol: new or on the list. @image is taken on success only. */
static int policy_change(struct nsf_policy *pol, struct nsf_image *image,
			 struct layout *both, struct layout *before,
			 struct netlink_ext_ack *extack)
{
	struct nsf_version *old = version_of(pol), *v;
	struct nsf_chunk_desc *chunk;
	u32 chunks;
	bool more;
	int err;

	layout_save(before, pol);
	layout_save(both, pol);
	v = nsf_version_new(pol, image, both->chain, &chunk, &chunks, extack);
	if (IS_ERR(v))
		return PTR_ERR(v);
	both->forward_fence |= !version_has_forward(v);
	both->ct |= !!(image->flags & NSF_IMAGE_CT);

	mutex_lock(&nsf_mutex);
	more = chunks != pol->chunks;
	swap(pol->chunk, chunk);
	pol->chunks = chunks;
	mutex_unlock(&nsf_mutex);
	kvfree(chunk);

	err = policy_prepare(pol, v, both, before, more);
	if (err) {
		v->image = NULL;	/* stays the caller's */
		nsf_version_free(v);
		nsf_attach_explain(err, extack);
		return err;
	}
	/* The wait: whoever finds the new version finds its states, too. */
	if (old)
		synchronize_rcu();
	policy_publish(pol, v);
	layout_save(before, pol);
	layout_reduce(both, v);
	if (!layout_is_same(both, before)) {
		layout_set(pol, both);
		attachments_update(pol, attachment_trim, NULL);
	}
	nsf_version_free(old);
	return 0;
}

int nsf_policy_set(const char *name, struct nsf_image *image, struct nsf_policy_info *info,
		   struct netlink_ext_ack *extack)
{
	struct nsf_policy *pol, *fresh = NULL;
	struct layout *layout;
	int err;

	err = nsf_policy_check_name(name, extack);
	if (!err)
		err = image_allowed(image, extack);
	if (err) {
		kvfree(image);
		return err;
	}
	fresh = policy_new(name);
	layout = kmalloc_array(2, sizeof(*layout), GFP_KERNEL);
	if (!fresh || !layout) {
		NL_SET_ERR_MSG(extack, "out of memory; nothing was changed");
		err = -ENOMEM;
		goto out_free;
	}

	mutex_lock(&nsf_policy_mutex);
	mutex_lock(&nsf_mutex);
	pol = nsf_policy_find(name);
	mutex_unlock(&nsf_mutex);
	if (!pol)
		pol = fresh;
	if (!image_is_same(version_of(pol), image)) {
		err = policy_change(pol, image, &layout[0], &layout[1], extack);
		if (!err) {
			image = NULL;
			if (pol == fresh)
				fresh = NULL;
		}
	}
	if (!err) {
		mutex_lock(&nsf_mutex);
		info_fill(info, pol);
		mutex_unlock(&nsf_mutex);
	}
	mutex_unlock(&nsf_policy_mutex);

out_free:
	kfree(layout);
	policy_free(fresh);
	kvfree(image);
	return err;
}

/* ---- get, delete ---- */

int nsf_policy_delete(const char *name, struct netlink_ext_ack *extack)
{
	struct nsf_policy *pol;
	int err = 0;

	mutex_lock(&nsf_policy_mutex);
	mutex_lock(&nsf_mutex);
	pol = nsf_policy_find(name);
	if (!pol) {
		NL_SET_ERR_MSG(extack, "no policy has this name");
		err = -ENOENT;
	} else if (pol->users) {
		NL_SET_ERR_MSG(extack, "fences use this policy; detach or replace them first");
		err = -EBUSY;
	} else if (pol->birth) {
		NL_SET_ERR_MSG(extack,
			       "namespaces are born with this policy; set another by birth-set first");
		err = -EBUSY;
	} else {
		list_del(&pol->list);
		policy_changes++;
	}
	mutex_unlock(&nsf_mutex);
	mutex_unlock(&nsf_policy_mutex);
	if (err)
		return err;

	synchronize_rcu();	/* the wait: readers of the last fence that used it */
	policy_free(pol);
	return 0;
}

int nsf_policy_get(const char *name, struct nsf_policy_info *info)
{
	const struct nsf_policy *pol;

	mutex_lock(&nsf_mutex);
	pol = nsf_policy_find(name);
	if (pol)
		info_fill(info, pol);
	mutex_unlock(&nsf_mutex);
	return pol ? 0 : -ENOENT;
}

int nsf_policy_get_nth(u32 n, struct nsf_policy_info *info)
{
	const struct nsf_policy *pol;
	int err = -ENOENT;

	mutex_lock(&nsf_mutex);
	list_for_each_entry(pol, &policies, list) {
		if (!n--) {
			info_fill(info, pol);
			err = 0;
			break;
		}
	}
	mutex_unlock(&nsf_mutex);
	return err;
}

unsigned int nsf_policy_changes(void)
{
	/* 0 would switch a dump's check off. */
	return READ_ONCE(policy_changes) ?: 1;
}

void nsf_policy_free_all(void)
{
	struct nsf_policy *pol, *next;

	/* No fence, no request: nobody else is left. */
	list_for_each_entry_safe(pol, next, &policies, list) {
		WARN_ON_ONCE(pol->users || pol->birth);
		list_del(&pol->list);
		policy_free(pol);
	}
}
