// SPDX-License-Identifier: GPL-2.0-or-later
/* genl_birth: what namespaces are born with. See genl.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>

#include "genl.h"
#include "genl_parse.h"
#include "genl_request.h"
#include "uapi/nsfence.h"

struct answer {
	uint8_t cmd;
	struct genl_birth *out;
};

static int birth_answer(const struct genl_msg *m, void *data, struct err *e)
{
	const struct answer *a = data;

	return genl_parse_birth(m, a->cmd, a->out, e);
}

int genl_birth_get(struct genl *g, struct genl_birth *out, struct err *e)
{
	struct answer a = { NSFENCE_CMD_BIRTH_GET, out };
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_BIRTH_GET),
		.what = "birth-get",
		.refused = genl_refused,
		.answer = birth_answer,
		.data = &a,
	};
	int ret;

	memset(out, 0, sizeof(*out));
	ret = genl_sock_transact(g, &r, e);
	if (!ret && !out->policy[0])
		return err_set(e, EPROTO, EXIT_REFUSED, "the module did not describe births");
	return ret;
}

int genl_birth_set(struct genl *g, const struct genl_fence *f, struct err *e)
{
	struct genl_birth b = { .policy = "" };
	struct answer a = { NSFENCE_CMD_BIRTH_SET, &b };
	struct request r = {
		.nlh = genl_request_new(g, g->family.id, NLM_F_ACK, NSFENCE_CMD_BIRTH_SET),
		.what = "birth-set",
		.refused = genl_refused,
		.policy = f->policy,
		.answer = birth_answer,
		.data = &a,
	};
	uint32_t flags = f->flags & (GENL_F_STRICT | GENL_F_FORWARD_ACCEPT);
	int ret = genl_check_name(f->policy, e);

	if (ret)
		return ret;
	mnl_attr_put_strz(r.nlh, NSFENCE_A_POLICY, f->policy);
	if (strcmp(f->policy, GENL_BIRTH_NONE)) {
		mnl_attr_put_u32(r.nlh, NSFENCE_A_MODE, f->mode);
		if (f->hooks)
			mnl_attr_put_u32(r.nlh, NSFENCE_A_HOOKS, f->hooks);
		if (flags)
			mnl_attr_put_u32(r.nlh, NSFENCE_A_FLAGS, flags);
	}
	ret = genl_sock_transact(g, &r, e);
	if (!ret && strcmp(b.policy, f->policy))
		return err_set(e, EPROTO, EXIT_REFUSED,
			       "the module did not say what namespaces are born with");
	return ret;
}
