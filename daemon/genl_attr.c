// SPDX-License-Identifier: GPL-2.0-or-later
/* genl_attr: see genl_attr.h. Pure. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "genl_attr.h"

int genl_malformed(struct err *e, const char *what)
{
	return err_set(e, EPROTO, EXIT_REFUSED,
		       "malformed netlink message from the kernel: %s", what);
}

int genl_attr_bad(struct err *e, const char *name, size_t len, const char *expected)
{
	return err_set(e, EPROTO, EXIT_REFUSED,
		       "malformed netlink message from the kernel: attribute %s has %zu bytes, expected %s",
		       name, len, expected);
}

struct span genl_span_skip(struct span s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct span){ .data = n ? s.data + n : s.data, .len = s.len - n };
}

int genl_attr_next(struct span *rest, struct genl_attr *a, struct err *e)
{
	struct nlattr nla;

	if (!rest->len)
		return 0;
	if (rest->len < sizeof(nla))
		return genl_malformed(e, "bytes after the last attribute");
	memcpy(&nla, rest->data, sizeof(nla));
	if (nla.nla_len < sizeof(nla) || nla.nla_len > rest->len)
		return genl_malformed(e, "an attribute's length leaves the message");
	a->type = nla.nla_type & NLA_TYPE_MASK;
	a->value.data = rest->data + sizeof(nla);
	a->value.len = nla.nla_len - sizeof(nla);
	*rest = genl_span_skip(*rest, GENL_ALIGNED((size_t)nla.nla_len));
	return 1;
}

int genl_attr_u32(const struct genl_attr *a, const char *name, uint32_t *out, struct err *e)
{
	if (a->value.len != sizeof(*out))
		return genl_attr_bad(e, name, a->value.len, "4");
	memcpy(out, a->value.data, sizeof(*out));
	return 0;
}

int genl_attr_u64(const struct genl_attr *a, const char *name, uint64_t *out, struct err *e)
{
	if (a->value.len != sizeof(*out))
		return genl_attr_bad(e, name, a->value.len, "8");
	memcpy(out, a->value.data, sizeof(*out));
	return 0;
}

int genl_attr_string(const struct genl_attr *a, const char *name, char *buf, size_t size,
		     struct err *e)
{
	const uint8_t *end = NULL;
	char expected[48];
	size_t len;

	if (a->value.len)
		end = memchr(a->value.data, '\0', a->value.len);
	len = end ? (size_t)(end - a->value.data) : size;
	if (len >= size) {
		snprintf(expected, sizeof(expected), "at most %zu and a final NUL", size - 1);
		return genl_attr_bad(e, name, a->value.len, expected);
	}
	memcpy(buf, a->value.data, len + 1);
	return 0;
}

int genl_attr_text(const struct genl_attr *a, const char *name, const char **out, struct err *e)
{
	if (!a->value.len || !memchr(a->value.data, '\0', a->value.len))
		return genl_attr_bad(e, name, a->value.len, "a final NUL");
	*out = (const char *)a->value.data;
	return 0;
}

int genl_attr_open(const struct genl_msg *m, uint8_t *cmd, struct span *attrs, struct err *e)
{
	struct genlmsghdr hdr;

	if (m->payload.len < sizeof(hdr))
		return genl_malformed(e, "shorter than its header");
	memcpy(&hdr, m->payload.data, sizeof(hdr));
	*cmd = hdr.cmd;
	*attrs = genl_span_skip(m->payload, sizeof(hdr));
	return 0;
}

static int attr_expect(uint8_t got, uint8_t want, struct err *e)
{
	if (got == want)
		return 0;
	return err_set(e, EPROTO, EXIT_REFUSED,
		       "the kernel answered with command %u where %u was expected", got, want);
}

int genl_attr_open_as(const struct genl_msg *m, uint8_t cmd, struct span *attrs, struct err *e)
{
	uint8_t got = 0;
	int ret = genl_attr_open(m, &got, attrs, e);

	return ret ? ret : attr_expect(got, cmd, e);
}
