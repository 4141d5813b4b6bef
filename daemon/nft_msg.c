// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nft_msg: see nft_msg.h. Objects are read, and put into a transaction.
 *
 * An object is kept as it goes into a message that makes it, without the table's
 * name: struct object, then attributes. Handles and counts are left out, so that
 * the same objects are the same bytes. Anonymous sets keep the names that the
 * kernel gave them, and are anonymous no more.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft_msg.h"
#include "nft_read.h"
#include "nft_render.h"
#include "nft_sock.h"
#include "policy/siphash.h"

struct object {
	uint32_t type;		/* NFT_MSG_NEW... */
	uint32_t size;		/* of the attributes behind this */
};

#define BIT(n)		(1ull << (n))

/* What is kept of each. */
#define SET_ATTRS	(BIT(NFTA_SET_NAME) | BIT(NFTA_SET_FLAGS) | BIT(NFTA_SET_KEY_TYPE) |	\
			 BIT(NFTA_SET_KEY_LEN) | BIT(NFTA_SET_DATA_TYPE) |			\
			 BIT(NFTA_SET_DATA_LEN) | BIT(NFTA_SET_POLICY) | BIT(NFTA_SET_DESC) |	\
			 BIT(NFTA_SET_USERDATA))
#define CHAIN_ATTRS	(BIT(NFTA_CHAIN_NAME) | BIT(NFTA_CHAIN_HOOK) | BIT(NFTA_CHAIN_POLICY) |	\
			 BIT(NFTA_CHAIN_TYPE) | BIT(NFTA_CHAIN_USERDATA))
#define ELEMS_ATTRS	(BIT(NFTA_SET_ELEM_LIST_SET) | BIT(NFTA_SET_ELEM_LIST_ELEMENTS))
/*
 * Ours never have these. A limit, say, can make an element match nothing (lookups
 * evaluate it), also in a set that has none: what has one is not the same.
 */
#define ELEM_FOREIGN_ATTRS	(BIT(NFTA_SET_ELEM_TIMEOUT) | BIT(NFTA_SET_ELEM_EXPR) |		\
				 BIT(NFTA_SET_ELEM_OBJREF) | BIT(NFTA_SET_ELEM_EXPRESSIONS))
#define ELEM_ATTRS	(BIT(NFTA_SET_ELEM_KEY) | BIT(NFTA_SET_ELEM_DATA) |			\
			 BIT(NFTA_SET_ELEM_FLAGS) | BIT(NFTA_SET_ELEM_USERDATA) |		\
			 BIT(NFTA_SET_ELEM_KEY_END) | ELEM_FOREIGN_ATTRS)
#define RULE_ATTRS	(BIT(NFTA_RULE_CHAIN) | BIT(NFTA_RULE_EXPRESSIONS) | BIT(NFTA_RULE_USERDATA))

/* ---- bytes that grow ---- */

static void *grow(struct nft_objects *o, size_t size)
{
	size_t cap = o->cap ? o->cap : 4096;
	uint8_t *v;

	if (size > o->cap - o->size) {
		while (cap - o->size < size)
			cap *= 2;
		v = realloc(o->v, cap);
		if (!v)
			return NULL;
		o->v = v;
		o->cap = cap;
	}
	v = o->v + o->size;
	memset(v, 0, size);
	o->size += size;
	return v;
}

static int put_attr(struct nft_objects *o, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = grow(o, MNL_ALIGN(MNL_ATTR_HDRLEN + len));

	if (!a)
		return -ENOMEM;
	a->nla_type = type;
	a->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len);
	memcpy(a + 1, data, len);
	return 0;
}

void nft_objects_clean(struct nft_objects *o)
{
	free(o->v);
	memset(o, 0, sizeof(*o));
}

static const struct object *object_next(const struct nft_objects *o, size_t *at)
{
	const struct object *x;

	if (*at + sizeof(*x) > o->size)
		return NULL;
	x = (const void *)(o->v + *at);
	if (x->size > o->size - *at - sizeof(*x))
		return NULL;
	*at += sizeof(*x) + x->size;
	return x;
}

static const struct nlattr *object_attr(const struct object *x, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_payload((const void *)(x + 1), x->size) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

/* ---- tables ---- */

struct tables {
	struct nft_table *v;
	size_t n;
	uint32_t port;
};

/*
 * Root inside can make more tables than anybody wants to know: those count that are ours
 * (he cannot have our port), that say so and nobody owns, and whose names we try first.
 */
static bool is_of_interest(const struct nft_table *t, uint32_t port)
{
	struct nft_meta m;
	size_t digits = strspn(t->name + 7, "0123456789");

	if (strncmp(t->name, NFT_RENDER_TABLE, 7) || t->name[7 + digits])
		return false;
	return digits <= 1 || (t->owner ? t->owner == port : nft_meta_get(t, &m));
}

static int table_add(const struct nlmsghdr *nlh, void *data)
{
	struct tables *t = data;
	struct nft_table one = { 0 };
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nfg->nfgen_family != NFPROTO_INET)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		size_t len = mnl_attr_get_payload_len(attr);

		switch (mnl_attr_get_type(attr)) {
		case NFTA_TABLE_NAME:
			if (len > sizeof(one.name))
				return 0;	/* none of ours */
			memcpy(one.name, mnl_attr_get_payload(attr), len);
			one.name[sizeof(one.name) - 1] = '\0';
			break;
		case NFTA_TABLE_FLAGS:
			one.flags = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFTA_TABLE_OWNER:
			one.owner = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFTA_TABLE_USERDATA:
			if (len > sizeof(one.udata))
				break;
			memcpy(one.udata, mnl_attr_get_payload(attr), len);
			one.udata_len = len;
			break;
		}
	}
	if (!is_of_interest(&one, t->port))
		return 0;
	if (t->n < NFT_TABLES)
		t->v[t->n++] = one;
	else if (one.owner == t->port)
		t->v[NFT_TABLES - 1] = one;
	return 0;
}

static void tables_again(void *data)
{
	((struct tables *)data)->n = 0;
}

int nft_msg_tables(int fd, struct nft_table *v, size_t *n, struct err *e)
{
	struct tables t = { .v = v, .port = nft_msg_port(fd) };
	char buf[NFT_SOCK_REQUEST];
	int ret;

	ret = nft_sock_dump(fd, nft_sock_request(buf, NFT_MSG_GETTABLE, NLM_F_DUMP), table_add,
			    tables_again, &t);
	*n = t.n;
	if (ret)
		err_set(e, -ret, EXIT_REFUSED, "the tables of nftables cannot be read: %s",
			strerror(-ret));
	return ret;
}

/* ---- objects ---- */

struct reader {
	struct nft_objects *o;
	const char *table;
	size_t max;
	size_t begin, n;	/* of this dump, to take it again */
	uint16_t type;
	uint64_t attrs;
};

static void reader_again(void *data)
{
	struct reader *r = data;

	r->o->size = r->begin;
	r->o->n = r->n;
}

/* Zeroes what counters have counted: @v is a list of expressions. */
static void counters_reset(void *v, size_t size)
{
	const char *name;
	struct nlattr *attr, *inner, *deep;

	mnl_attr_for_each_payload(v, size) {
		name = "";
		mnl_attr_for_each_nested(inner, attr) {
			if (mnl_attr_get_type(inner) == NFTA_EXPR_NAME)
				name = mnl_attr_get_str(inner);
			if (mnl_attr_get_type(inner) != NFTA_EXPR_DATA || strcmp(name, "counter"))
				continue;
			mnl_attr_for_each_nested(deep, inner) {
				memset(mnl_attr_get_payload(deep), 0,
				       mnl_attr_get_payload_len(deep));
			}
		}
	}
}

/* An element's attributes, those that are its own. */
static int put_elements(struct nft_objects *o, const struct nlattr *list)
{
	const struct nlattr *elem, *a;
	size_t begin = o->size, one;
	int ret = put_attr(o, NFTA_SET_ELEM_LIST_ELEMENTS, "", 0);

	mnl_attr_for_each_nested(elem, list) {
		one = o->size;
		if (!ret)
			ret = put_attr(o, NFTA_LIST_ELEM, "", 0);
		mnl_attr_for_each_nested(a, elem) {
			if (!ret && mnl_attr_get_type(a) < 64 &&
			    ELEM_ATTRS & BIT(mnl_attr_get_type(a)))
				ret = put_attr(o, mnl_attr_get_type(a), mnl_attr_get_payload(a),
					       mnl_attr_get_payload_len(a));
		}
		if (ret)
			return ret;
		((struct nlattr *)(o->v + one))->nla_len = (uint16_t)(o->size - one);
	}
	if (!ret)
		((struct nlattr *)(o->v + begin))->nla_len = (uint16_t)(o->size - begin);
	return ret;
}

static int put_kept(struct reader *r, const struct nlattr *a)
{
	size_t at = r->o->size;
	uint32_t flags;
	int ret;

	if (r->type == NFT_MSG_NEWSETELEM && mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
		return put_elements(r->o, a);
	if (r->type == NFT_MSG_NEWSET && mnl_attr_get_type(a) == NFTA_SET_FLAGS) {
		flags = htonl(ntohl(mnl_attr_get_u32(a)) & ~(uint32_t)NFT_SET_ANONYMOUS);
		return put_attr(r->o, NFTA_SET_FLAGS, &flags, sizeof(flags));
	}
	ret = put_attr(r->o, mnl_attr_get_type(a), mnl_attr_get_payload(a),
		       mnl_attr_get_payload_len(a));
	if (!ret && r->type == NFT_MSG_NEWRULE && mnl_attr_get_type(a) == NFTA_RULE_EXPRESSIONS)
		counters_reset(r->o->v + at + MNL_ATTR_HDRLEN, mnl_attr_get_payload_len(a));
	return ret;
}

/* The table's name is attribute 1 of every object. */
static int object_add(const struct nlmsghdr *nlh, void *data)
{
	struct reader *r = data;
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	size_t at = r->o->size;
	struct object *x;
	int ret = 0;

	if (nfg->nfgen_family != NFPROTO_INET)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME &&
		    strcmp(mnl_attr_get_str(attr), r->table))
			return 0;
	}
	if (!grow(r->o, sizeof(*x)))
		return -ENOMEM;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		if (!ret && mnl_attr_get_type(attr) < 64 && r->attrs & BIT(mnl_attr_get_type(attr)))
			ret = put_kept(r, attr);
	}
	if (ret)
		return ret;
	x = (void *)(r->o->v + at);
	x->type = r->type;
	x->size = (uint32_t)(r->o->size - at - sizeof(*x));
	r->o->n++;
	return r->max && r->o->size > r->max ? -EFBIG : 0;
}

static int read_kind(int fd, struct reader *r, uint16_t get, uint16_t type, uint64_t attrs,
		     const char *set)
{
	char buf[NFT_SOCK_REQUEST];
	struct nlmsghdr *nlh = nft_sock_request(buf, get, NLM_F_DUMP);

	/* Old kernels do not look at it, and send what is in all tables. */
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, r->table);
	if (set)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	r->type = type;
	r->attrs = attrs;
	r->begin = r->o->size;
	r->n = r->o->n;
	return nft_sock_dump(fd, nlh, object_add, reader_again, r);
}

/* Of each set that was read, its elements. */
static int read_elements(int fd, struct reader *r)
{
	size_t at = 0, end = r->o->size;
	const struct object *x;
	const struct nlattr *a;
	char name[NFT_SET_MAXNAMELEN];
	int ret = 0;

	while (!ret && at < end) {
		x = object_next(r->o, &at);
		a = x && x->type == NFT_MSG_NEWSET ? object_attr(x, NFTA_SET_NAME) : NULL;
		if (!a)
			continue;
		/* The bytes move while more come. */
		snprintf(name, sizeof(name), "%s", mnl_attr_get_str(a));
		ret = read_kind(fd, r, NFT_MSG_GETSETELEM, NFT_MSG_NEWSETELEM, ELEMS_ATTRS, name);
	}
	return ret;
}

int nft_msg_read(int fd, const char *table, size_t max, struct nft_objects *out, struct err *e)
{
	struct reader r = { .o = out, .table = table, .max = max };
	int ret;

	ret = read_kind(fd, &r, NFT_MSG_GETSET, NFT_MSG_NEWSET, SET_ATTRS, NULL);
	if (!ret)
		ret = read_kind(fd, &r, NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN, CHAIN_ATTRS, NULL);
	if (!ret)
		ret = read_elements(fd, &r);
	if (!ret)
		ret = read_kind(fd, &r, NFT_MSG_GETRULE, NFT_MSG_NEWRULE, RULE_ATTRS, NULL);
	if (ret)
		err_set(e, -ret, EXIT_REFUSED, "table inet %s cannot be read: %s", table,
			strerror(-ret));
	return ret;
}

/* ---- digest ---- */

/* Elements come in an order of the kernel's own. */
static uint64_t elements_digest(const struct object *x, const uint64_t key[2])
{
	const struct nlattr *set = object_attr(x, NFTA_SET_ELEM_LIST_SET);
	const struct nlattr *list = object_attr(x, NFTA_SET_ELEM_LIST_ELEMENTS), *elem;
	uint64_t of_set, sum = 0;

	if (!set || !list)
		return 0;
	of_set = siphash24(mnl_attr_get_payload(set), mnl_attr_get_payload_len(set), key[0],
			   key[1]);
	mnl_attr_for_each_nested(elem, list) {
		sum += siphash24(mnl_attr_get_payload(elem), mnl_attr_get_payload_len(elem),
				 key[0] ^ of_set, key[1] + NFT_MSG_NEWSETELEM);
	}
	return sum;
}

uint64_t nft_objects_digest(const struct nft_objects *o, const uint64_t key[2])
{
	const struct object *x;
	uint64_t sum = 0, rules = 0;
	size_t at = 0;

	while ((x = object_next(o, &at))) {
		if (x->type == NFT_MSG_NEWSETELEM)
			sum += elements_digest(x, key);
		else if (x->type == NFT_MSG_NEWRULE)	/* whose order matters */
			sum += siphash24(x + 1, x->size, key[0] + ++rules, key[1] + x->type);
		else
			sum += siphash24(x + 1, x->size, key[0], key[1] + x->type);
	}
	return sum + rules;
}

/* ---- a transaction ---- */

struct batch {
	struct nft_objects o;	/* bytes of messages; n: of them */
	uint32_t first;		/* number of the first message */
	size_t message;		/* where the last one begins */
	const char *table;
	uint32_t set;		/* identity of the last set in the batch */
};

static int message_begin(struct batch *b, uint16_t type, uint16_t flags, uint16_t res)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	b->message = b->o.size;
	nlh = grow(&b->o, MNL_NLMSG_HDRLEN + sizeof(*nfg));
	if (!nlh)
		return -ENOMEM;
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = nft_sock_seq();
	if (!b->first)
		b->first = nlh->nlmsg_seq;
	nfg = (void *)(nlh + 1);
	nfg->nfgen_family = res ? AF_UNSPEC : NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res);
	b->o.n++;
	return 0;
}

static void message_end(struct batch *b)
{
	struct nlmsghdr *nlh = (void *)(b->o.v + b->message);

	nlh->nlmsg_len = (uint32_t)(b->o.size - b->message);
}

static int put_strz(struct batch *b, uint16_t type, const char *s)
{
	return put_attr(&b->o, type, s, strlen(s) + 1);
}

static int put_u32(struct batch *b, uint16_t type, uint32_t n)
{
	n = htonl(n);
	return put_attr(&b->o, type, &n, sizeof(n));
}

static int put_mark(struct batch *b, uint16_t type)
{
	int ret = message_begin(b, type, 0, NFNL_SUBSYS_NFTABLES);

	if (!ret)
		message_end(b);
	return ret;
}

static uint16_t nft_type(uint16_t type)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

static int put_table(struct batch *b, const struct nft_table *t, uint16_t flags)
{
	int ret = message_begin(b, nft_type(NFT_MSG_NEWTABLE), flags, 0);

	if (!ret)
		ret = put_strz(b, NFTA_TABLE_NAME, t->name);
	if (!ret)
		ret = put_u32(b, NFTA_TABLE_FLAGS, t->flags);
	if (!ret && t->udata_len)
		ret = put_attr(&b->o, NFTA_TABLE_USERDATA, t->udata, t->udata_len);
	if (!ret)
		message_end(b);
	return ret;
}

static int put_removal(struct batch *b, const char *table)
{
	int ret = message_begin(b, nft_type(NFT_MSG_DELTABLE), 0, 0);

	if (!ret)
		ret = put_strz(b, NFTA_TABLE_NAME, table);
	if (!ret)
		message_end(b);
	return ret;
}

static int put_object(struct batch *b, const struct object *x)
{
	uint16_t flags = x->type == NFT_MSG_NEWRULE ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE;
	int ret = message_begin(b, nft_type((uint16_t)x->type), flags, 0);
	void *attrs;

	if (!ret)
		ret = put_strz(b, NFTA_TABLE_NAME, b->table);
	attrs = ret ? NULL : grow(&b->o, x->size);
	if (!attrs)
		return -ENOMEM;
	memcpy(attrs, x + 1, x->size);
	if (x->type == NFT_MSG_NEWSET)
		ret = put_u32(b, NFTA_SET_ID, ++b->set);
	if (!ret)
		message_end(b);
	return ret;
}

/* For people: the @n-th object. */
static void name_object(const struct nft_objects *o, size_t n, char *buf, size_t size)
{
	const struct object *x = NULL;
	const struct nlattr *name = NULL;
	size_t at = 0;

	while (n-- && (x = object_next(o, &at)))
		;
	if (x)
		name = object_attr(x, x->type == NFT_MSG_NEWCHAIN ? NFTA_CHAIN_NAME :
				   x->type == NFT_MSG_NEWSET ? NFTA_SET_NAME :
				   x->type == NFT_MSG_NEWRULE ? NFTA_RULE_CHAIN :
				   NFTA_SET_ELEM_LIST_SET);
	snprintf(buf, size, "%s %.80s", !x ? "the transaction" :
		 x->type == NFT_MSG_NEWCHAIN ? "chain" : x->type == NFT_MSG_NEWSET ? "set" :
		 x->type == NFT_MSG_NEWRULE ? "a rule of chain" : "an element of set",
		 name ? mnl_attr_get_str(name) : "");
}

static int transact(int fd, struct batch *b, const struct nft_change *c, struct err *e)
{
	char why[160], what[128] = "table";
	uint32_t seq, before = 1 + !!c->remove + !!c->add;	/* messages before the objects */
	int ret;

	ret = nft_sock_transact(fd, b->o.v, b->o.size, &seq, why, sizeof(why));
	if (!ret)
		return 0;
	if (seq && seq - b->first >= before && c->objects)
		name_object(c->objects, seq - b->first - before + 1, what, sizeof(what));
	return err_set(e, -ret, EXIT_REFUSED, "nftables refuses %s: %s%s%s", what, strerror(-ret),
		       *why ? ": " : "", why);
}

int nft_msg_change(int fd, const struct nft_change *c, struct err *e)
{
	struct batch b = { .table = c->add ? c->add->name : NULL };
	const struct object *x;
	size_t at = 0;
	int ret;

	ret = put_mark(&b, NFNL_MSG_BATCH_BEGIN);
	if (!ret && c->remove)
		ret = put_removal(&b, c->remove);
	if (!ret && c->add)
		ret = put_table(&b, c->add, NLM_F_CREATE | NLM_F_EXCL);
	while (!ret && c->objects && (x = object_next(c->objects, &at)))
		ret = put_object(&b, x);
	if (!ret)
		ret = put_mark(&b, NFNL_MSG_BATCH_END);
	if (ret)
		err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	else
		ret = transact(fd, &b, c, e);
	nft_objects_clean(&b.o);
	return ret;
}

int nft_msg_adopt(int fd, const struct nft_table *t, struct err *e)
{
	const struct nft_change c = { .add = t };
	struct batch b = { .table = t->name };
	int ret;

	ret = put_mark(&b, NFNL_MSG_BATCH_BEGIN);
	if (!ret)
		ret = put_table(&b, t, 0);
	if (!ret)
		ret = put_mark(&b, NFNL_MSG_BATCH_END);
	if (ret)
		err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	else
		ret = transact(fd, &b, &c, e);
	nft_objects_clean(&b.o);
	return ret;
}
