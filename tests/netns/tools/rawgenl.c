// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rawgenl: requests to the module as no honest client makes them.
 *
 *	rawgenl ids			"family=N group=M packets=K" as this namespace
 *					knows them; groups: lifecycle and packets
 *	rawgenl counts			"namespaces=N attachments=M", of the module
 *	rawgenl churn TARGET COUNT	fences TARGET anew, COUNT times: as many events
 *	rawgenl try [-f FAMILY] INODE	each command, well formed: one line each,
 *					"COMMAND ERRNO MESSAGE"; -f: by raw number
 *	rawgenl malformed TARGET OTHER	messages that must be refused; TARGET is
 *					the path of an unfenced namespace, OTHER
 *					of another one. A line each:
 *					"good|bad CASE ERRNO MESSAGE", where good
 *					means: refused as the table expects it
 *
 * A case says which errnos are right, and whether a message (extack) must come
 * with it: everywhere where the attribute policy or the module refuses; the
 * netlink core itself refuses without one.
 */
#include "nl.h"

#include <inttypes.h>

#define BIT(n) (1U << (n))

static struct nl nl;
static uint32_t inode;		/* the target */
static int target_fd;
static int other_fd;		/* of a living namespace that is not the target */
static char buf[NL_BUF];

static struct nlmsghdr *request(uint8_t cmd, uint16_t flags)
{
	return nl_request(&nl, buf, nl.family, cmd, flags);
}

/* The parts of an ATTACH that is right; the cases spoil one thing each. */
static struct nlmsghdr *attach_inode(uint32_t ino)
{
	struct nlmsghdr *nlh = request(NSFENCE_CMD_ATTACH, 0);

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, ino);
	return nlh;
}

static struct nlmsghdr *attach_drop_of(uint32_t ino)
{
	struct nlmsghdr *nlh = attach_inode(ino);

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "drop");
	return nlh;
}

static struct nlmsghdr *attach_drop(void)
{
	return attach_drop_of(inode);
}

static struct nlmsghdr *no_inode(void)
{
	struct nlmsghdr *nlh = request(NSFENCE_CMD_ATTACH, 0);

	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "drop");
	return nlh;
}

static struct nlmsghdr *by_inode(uint8_t cmd)
{
	struct nlmsghdr *nlh = request(cmd, 0);

	mnl_attr_put_u32(nlh, NSFENCE_A_INODE, inode);
	return nlh;
}

static struct nlmsghdr *with_string(struct nlmsghdr *nlh, uint16_t type, size_t len, bool nul)
{
	char text[4096];

	memset(text, 'x', sizeof(text));
	text[len] = 0;
	mnl_attr_put(nlh, type, len + nul, text);
	return nlh;
}

static struct nlmsghdr *with_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, value);
	return nlh;
}

static struct nlmsghdr *with_u64(struct nlmsghdr *nlh, uint16_t type, uint64_t value)
{
	mnl_attr_put_u64(nlh, type, value);
	return nlh;
}

static struct nlmsghdr *with_bytes(struct nlmsghdr *nlh, uint16_t type, size_t len)
{
	static const char zero[64];

	mnl_attr_put(nlh, type, len, zero);
	return nlh;
}

static struct nlmsghdr *with_junk_nest(struct nlmsghdr *nlh, bool flagged)
{
	static const unsigned char junk[] = { 0xff, 0xff, 0x01, 0x80, 0xde, 0xad, 0xbe, 0xef };

	mnl_attr_put(nlh, NSFENCE_A_COUNTER | (flagged ? NLA_F_NESTED : 0), sizeof(junk), junk);
	return nlh;
}

/* The last attribute claims more than the message holds. */
static struct nlmsghdr *overrun(struct nlmsghdr *nlh)
{
	struct nlattr *attr = mnl_nlmsg_get_payload_tail(nlh);

	mnl_attr_put_u32(nlh, NSFENCE_A_FLAGS, 0);
	attr->nla_len = 64;
	return nlh;
}

/* The last attribute claims less than its own header. */
static struct nlmsghdr *underrun(struct nlmsghdr *nlh)
{
	struct nlattr *attr = mnl_nlmsg_get_payload_tail(nlh);

	mnl_attr_put_u32(nlh, NSFENCE_A_FLAGS, 0);
	attr->nla_len = 2;
	return nlh;
}

static struct nlmsghdr *cut(struct nlmsghdr *nlh, uint32_t len)
{
	nlh->nlmsg_len = len;
	return nlh;
}

/* --- the cases ------------------------------------------------------------ */

#define ATTACH	NSFENCE_CMD_ATTACH
#define DETACH	NSFENCE_CMD_DETACH
#define GET	NSFENCE_CMD_NETNS_GET
#define ALL	NSFENCE_CMD_DETACH_ALL
#define VERSION	NSFENCE_CMD_VERSION_GET
#define P_SET	NSFENCE_CMD_POLICY_SET
#define P_GET	NSFENCE_CMD_POLICY_GET
#define P_DEL	NSFENCE_CMD_POLICY_DEL
#define RULES	NSFENCE_CMD_RULE_GET
#define B_SET	NSFENCE_CMD_BIRTH_SET
#define B_GET	NSFENCE_CMD_BIRTH_GET

static int null_fd, closed_fd = 900;
static int uts_fd;		/* nsfs, but no network namespace */

static struct nlmsghdr *fenced(struct nlmsghdr *nlh, int fd)
{
	return with_u32(nlh, NSFENCE_A_FD, (uint32_t)fd);
}

static struct nlmsghdr *named(struct nlmsghdr *nlh, const char *policy)
{
	mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, policy);
	return nlh;
}

static struct nlmsghdr *rules(void)
{
	return request(RULES, NLM_F_DUMP);
}

enum refusal { SAID, SILENT };	/* with a message; by the core, without */

struct test {
	const char *name;
	struct nlmsghdr *(*make)(void);
	enum refusal refusal;
	int right[3];		/* errnos that are right */
};

#define CASE(id, expr) static struct nlmsghdr *make_##id(void) { return expr; }
#define CASES(_) \
	/* what is missing */ \
	_(attach_empty, request(ATTACH, 0), SAID, EINVAL) \
	_(attach_no_policy, attach_inode(inode), SAID, EINVAL) \
	_(attach_no_inode, no_inode(), SAID, EINVAL) \
	_(detach_empty, request(DETACH, 0), SAID, EINVAL) \
	_(get_empty, request(GET, 0), SAID, EINVAL) \
	/* wrong lengths */ \
	_(inode_short, with_bytes(request(GET, 0), NSFENCE_A_INODE, 2), SAID, EINVAL, ERANGE) \
	_(inode_empty, with_bytes(request(GET, 0), NSFENCE_A_INODE, 0), SAID, EINVAL, ERANGE) \
	_(inode_long, with_bytes(request(GET, 0), NSFENCE_A_INODE, 8), SAID, EINVAL, ERANGE) \
	_(cookie_short, with_bytes(by_inode(GET), NSFENCE_A_COOKIE, 4), SAID, EINVAL, ERANGE) \
	_(fd_short, with_bytes(by_inode(GET), NSFENCE_A_FD, 1), SAID, EINVAL, ERANGE) \
	_(instance_short, with_bytes(by_inode(DETACH), NSFENCE_A_INSTANCE, 4), SAID, EINVAL, ERANGE) \
	_(mode_short, with_bytes(attach_drop(), NSFENCE_A_MODE, 1), SAID, EINVAL, ERANGE) \
	_(hooks_short, with_bytes(attach_drop(), NSFENCE_A_HOOKS, 3), SAID, EINVAL, ERANGE) \
	_(flags_short, with_bytes(attach_drop(), NSFENCE_A_FLAGS, 2), SAID, EINVAL, ERANGE) \
	_(policy_long, with_string(attach_inode(inode), NSFENCE_A_POLICY, NSFENCE_MAX_NAME + 1, true), SAID, EINVAL, ERANGE) \
	_(policy_very_long, with_string(attach_inode(inode), NSFENCE_A_POLICY, 4000, true), SAID, EINVAL, ERANGE) \
	_(policy_unterminated, with_string(attach_inode(inode), NSFENCE_A_POLICY, 4, false), SAID, EINVAL, ERANGE) \
	_(policy_no_bytes, with_bytes(attach_inode(inode), NSFENCE_A_POLICY, 0), SAID, EINVAL, ERANGE) \
	_(policy_empty, with_string(attach_inode(inode), NSFENCE_A_POLICY, 0, true), SAID, EINVAL, ENOENT) \
	_(policy_unknown, with_string(attach_inode(inode), NSFENCE_A_POLICY, 5, true), SAID, ENOENT) \
	_(source_long, with_string(attach_drop(), NSFENCE_A_SOURCE, NSFENCE_MAX_SOURCE + 1, true), SAID, EINVAL, ERANGE) \
	_(source_unterminated, with_string(attach_drop(), NSFENCE_A_SOURCE, 9, false), SAID, EINVAL, ERANGE) \
	_(attribute_overruns, overrun(attach_drop()), SAID, EINVAL) \
	_(attribute_underruns, underrun(attach_drop()), SAID, EINVAL) \
	/* what does not exist */ \
	_(attribute_unknown, with_u32(attach_drop(), NSFENCE_A_MAX + 1, 1), SAID, EINVAL) \
	_(attribute_unknown_get, with_u32(by_inode(GET), NSFENCE_A_MAX + 7, 1), SAID, EINVAL) \
	_(attribute_zero, with_u32(attach_drop(), NSFENCE_A_UNSPEC, 1), SAID, EINVAL) \
	_(attribute_of_answers, with_string(attach_drop(), NSFENCE_A_MODULE_VERSION, 3, true), SAID, EINVAL) \
	_(count_in_request, with_u32(attach_drop(), NSFENCE_A_COUNT, 1), SAID, EINVAL) \
	_(nest_of_junk, with_junk_nest(attach_drop(), true), SAID, EINVAL) \
	_(nest_unflagged, with_junk_nest(attach_drop(), false), SAID, EINVAL) \
	_(get_with_policy, with_string(by_inode(GET), NSFENCE_A_POLICY, 4, true), SAID, EINVAL) \
	_(detach_with_policy, with_string(by_inode(DETACH), NSFENCE_A_POLICY, 4, true), SAID, EINVAL) \
	_(attach_with_instance, with_u64(attach_drop(), NSFENCE_A_INSTANCE, 1), SAID, EINVAL) \
	_(detach_all_of_one, by_inode(ALL), SAID, EINVAL) \
	_(version_with_inode, by_inode(VERSION), SAID, EINVAL) \
	_(dump_of_one, with_u32(request(GET, NLM_F_DUMP), NSFENCE_A_INODE, inode), SAID, EINVAL) \
	/* values out of range */ \
	_(flags_unknown, with_u32(attach_drop(), NSFENCE_A_FLAGS, BIT(31)), SAID, EINVAL) \
	_(flags_unknown_low, with_u32(attach_drop(), NSFENCE_A_FLAGS, BIT(4)), SAID, EINVAL) \
	_(flags_returned_only, with_u32(attach_drop(), NSFENCE_A_FLAGS, NSFENCE_F_BORN), SAID, EINVAL) \
	_(flags_initial, with_u32(attach_drop(), NSFENCE_A_FLAGS, NSFENCE_F_INITIAL), SAID, EINVAL) \
	_(flags_orphan, with_u32(attach_drop(), NSFENCE_A_FLAGS, NSFENCE_F_ORPHAN), SAID, EINVAL) \
	_(flags_two_origins, with_u32(attach_drop(), NSFENCE_A_FLAGS, NSFENCE_F_INHERITED | NSFENCE_F_BIRTH), SAID, EINVAL) \
	_(detach_flags, with_u32(by_inode(DETACH), NSFENCE_A_FLAGS, NSFENCE_F_STRICT), SAID, EINVAL) \
	_(hooks_unknown, with_u32(attach_drop(), NSFENCE_A_HOOKS, BIT(NSFENCE_HOOK_INPUT) | BIT(5)), SAID, EINVAL) \
	_(hooks_high, with_u32(attach_drop(), NSFENCE_A_HOOKS, BIT(31)), SAID, EINVAL) \
	_(hooks_none, with_u32(attach_drop(), NSFENCE_A_HOOKS, 0), SAID, EINVAL) \
	_(mode_unknown, with_u32(attach_drop(), NSFENCE_A_MODE, NSFENCE_MODE_AUDIT + 1), SAID, EINVAL, ERANGE) \
	_(mode_huge, with_u32(attach_drop(), NSFENCE_A_MODE, UINT32_MAX), SAID, EINVAL, ERANGE) \
	/* namespaces that are not */ \
	_(inode_zero, with_u32(request(GET, 0), NSFENCE_A_INODE, 0), SAID, EINVAL, ENXIO) \
	_(inode_unknown_get, with_u32(request(GET, 0), NSFENCE_A_INODE, 1), SAID, ENXIO) \
	_(inode_unknown_attach, attach_drop_of(1), SAID, ENXIO) \
	_(inode_unknown_detach, with_u32(request(DETACH, 0), NSFENCE_A_INODE, 4000000000U), SAID, ENXIO) \
	_(fd_negative, fenced(attach_drop(), -1), SAID, EBADF, EINVAL) \
	_(fd_minimum, fenced(attach_drop(), INT32_MIN), SAID, EBADF, EINVAL) \
	_(fd_closed, fenced(attach_drop(), closed_fd), SAID, EBADF) \
	_(fd_no_nsfs, fenced(attach_drop(), null_fd), SAID, EINVAL) \
	_(fd_uts, fenced(attach_drop(), uts_fd), SAID, EINVAL) \
	_(fd_socket, fenced(attach_drop(), mnl_socket_get_fd(nl.sock)), SAID, EINVAL) \
	_(fd_other, fenced(attach_drop(), other_fd), SAID, ESTALE) \
	_(fd_other_get, fenced(by_inode(GET), other_fd), SAID, ESTALE) \
	_(fd_other_detach, fenced(by_inode(DETACH), other_fd), SAID, ESTALE) \
	_(cookie_wrong, with_u64(attach_drop(), NSFENCE_A_COOKIE, UINT64_MAX), SAID, ESTALE, EOPNOTSUPP) \
	_(cookie_wrong_get, with_u64(by_inode(GET), NSFENCE_A_COOKIE, UINT64_MAX), SAID, ESTALE, EOPNOTSUPP) \
	_(cookie_wrong_detach, with_u64(by_inode(DETACH), NSFENCE_A_COOKIE, UINT64_MAX), SAID, ESTALE, EOPNOTSUPP) \
	_(detach_unfenced, by_inode(DETACH), SAID, ENOENT) \
	_(detach_unfenced_instance, with_u64(by_inode(DETACH), NSFENCE_A_INSTANCE, 1), SAID, ENOENT, ESTALE) \
	/* policies */ \
	_(attach_named_hooks, with_u32(named(attach_inode(inode), "nosuch"), NSFENCE_A_HOOKS, 2), SAID, EINVAL) \
	_(attach_named_strict, with_u32(named(attach_inode(inode), "nosuch"), NSFENCE_A_FLAGS, NSFENCE_F_STRICT), SAID, EINVAL) \
	_(attach_named_unknown, named(attach_inode(inode), "nosuch"), SAID, ENOENT) \
	_(set_empty, request(P_SET, 0), SAID, EINVAL) \
	_(set_no_image, named(request(P_SET, 0), "x"), SAID, EINVAL) \
	_(set_no_policy, with_u32(request(P_SET, 0), NSFENCE_A_IMAGE, 0), SAID, EINVAL) \
	_(set_image_short, with_bytes(named(request(P_SET, 0), "x"), NSFENCE_A_IMAGE, 2), SAID, EINVAL, ERANGE) \
	_(set_image_no_memfd, with_u32(named(request(P_SET, 0), "x"), NSFENCE_A_IMAGE, (uint32_t)null_fd), SAID, EINVAL) \
	_(set_image_closed, with_u32(named(request(P_SET, 0), "x"), NSFENCE_A_IMAGE, (uint32_t)closed_fd), SAID, EBADF) \
	_(set_image_huge_fd, with_u32(named(request(P_SET, 0), "x"), NSFENCE_A_IMAGE, UINT32_MAX), SAID, EBADF) \
	_(set_name_long, with_string(request(P_SET, 0), NSFENCE_A_POLICY, NSFENCE_MAX_NAME + 1, true), SAID, EINVAL, ERANGE) \
	_(set_built_in, with_u32(named(request(P_SET, 0), "drop"), NSFENCE_A_IMAGE, 0), SAID, EPERM) \
	_(set_of_namespace, with_u32(named(by_inode(P_SET), "x"), NSFENCE_A_IMAGE, 0), SAID, EINVAL) \
	_(set_dump, request(P_SET, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(policy_get_empty, request(P_GET, 0), SAID, EINVAL) \
	_(policy_get_unknown, named(request(P_GET, 0), "nosuch"), SAID, ENOENT) \
	_(policy_get_built_in, named(request(P_GET, 0), "drop"), SAID, ENOENT) \
	_(policy_dump_of_one, named(request(P_GET, NLM_F_DUMP), "nosuch"), SAID, EINVAL) \
	_(policy_del_empty, request(P_DEL, 0), SAID, EINVAL) \
	_(policy_del_unknown, named(request(P_DEL, 0), "nosuch"), SAID, ENOENT) \
	_(policy_del_dump, request(P_DEL, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(rules_empty, rules(), SAID, EINVAL) \
	_(rules_unknown, named(rules(), "nosuch"), SAID, ENOENT) \
	_(rules_cookie_alone, with_u64(named(rules(), "x"), NSFENCE_A_COOKIE, 1), SAID, EINVAL) \
	_(rules_inode_unknown, with_u32(named(rules(), "x"), NSFENCE_A_INODE, 1), SAID, ENXIO) \
	_(rules_inode_short, with_bytes(named(rules(), "x"), NSFENCE_A_INODE, 2), SAID, EINVAL, ERANGE) \
	_(rules_flags, with_u32(named(rules(), "x"), NSFENCE_A_FLAGS, 0), SAID, EINVAL) \
	_(rules_no_dump, named(request(RULES, 0), "x"), SILENT, EOPNOTSUPP) \
	/* births */ \
	_(birth_empty, request(B_SET, 0), SAID, EINVAL) \
	_(birth_unknown, named(request(B_SET, 0), "nosuch"), SAID, ENOENT) \
	_(birth_named_strict, with_u32(named(request(B_SET, 0), "nosuch"), NSFENCE_A_FLAGS, NSFENCE_F_STRICT), SAID, EINVAL) \
	_(birth_flags, with_u32(named(request(B_SET, 0), "drop"), NSFENCE_A_FLAGS, NSFENCE_F_INHERIT), SAID, EINVAL) \
	_(birth_flags_short, with_bytes(named(request(B_SET, 0), "drop"), NSFENCE_A_FLAGS, 2), SAID, EINVAL, ERANGE) \
	_(birth_none_flags, with_u32(named(request(B_SET, 0), "none"), NSFENCE_A_FLAGS, 0), SAID, EINVAL) \
	_(birth_of_one, with_u32(named(request(B_SET, 0), "drop"), NSFENCE_A_INODE, 1), SAID, EINVAL) \
	_(birth_source, with_string(named(request(B_SET, 0), "drop"), NSFENCE_A_SOURCE, 3, true), SAID, EINVAL) \
	_(birth_dump, request(B_SET, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(birth_get_one, by_inode(B_GET), SAID, EINVAL) \
	_(birth_get_dump, request(B_GET, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(set_none, with_u32(named(request(P_SET, 0), "none"), NSFENCE_A_IMAGE, 0), SAID, EPERM) \
	_(attach_none, named(attach_inode(inode), "none"), SAID, ENOENT) \
	/* the core's own refusals */ \
	_(command_zero, request(NSFENCE_CMD_UNSPEC, 0), SILENT, EOPNOTSUPP) \
	_(command_unknown, request(NSFENCE_CMD_MAX + 1, 0), SILENT, EOPNOTSUPP) \
	_(command_255, request(255, 0), SILENT, EOPNOTSUPP) \
	_(command_event, by_inode(NSFENCE_CMD_DIED), SILENT, EOPNOTSUPP) \
	_(attach_dump, request(ATTACH, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(detach_dump, request(DETACH, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(detach_all_dump, request(ALL, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(version_dump, request(VERSION, NLM_F_DUMP), SILENT, EOPNOTSUPP) \
	_(header_cut, cut(attach_drop(), NLMSG_HDRLEN + 2), SILENT, EINVAL) \
	_(header_only, cut(attach_drop(), NLMSG_HDRLEN), SILENT, EINVAL)

#define MAKE(id, expr, ...) CASE(id, expr)
CASES(MAKE)
#define ENTRY(id, expr, how, ...) { #id, make_##id, how, { __VA_ARGS__ } },
static const struct test tests[] = { CASES(ENTRY) };

/* The target as a positive control: what the cases spoil is right by itself. */
static bool control(const char *name, struct nlmsghdr *nlh, struct nl_answer *a)
{
	bool good = !nl_talk(&nl, nlh, a, NULL, NULL);

	printf("%s control_%s %s %s\n", good ? "good" : "bad", name, errno_name(a->err), a->extack);
	return good;
}

/* A detach that names another attachment than the one that is up. */
static void wrong_instance(void)
{
	struct nl_answer a;
	uint64_t instance;

	if (!control("attach", with_u32(fenced(attach_drop(), target_fd), NSFENCE_A_FLAGS,
					NSFENCE_F_MANUAL), &a))
		return;
	instance = a.instance;
	nl_talk(&nl, with_u64(by_inode(DETACH), NSFENCE_A_INSTANCE, instance + 1), &a, NULL, NULL);
	printf("%s detach_other_instance %s %s\n", a.err == ESTALE && a.extack[0] ? "good" : "bad",
	       errno_name(a.err), a.extack);
	nl_talk(&nl, attach_drop(), &a, NULL, NULL);
	printf("%s attach_twice %s %s\n", a.err == EEXIST && a.extack[0] ? "good" : "bad",
	       errno_name(a.err), a.extack);
	nl_talk(&nl, with_u64(with_u32(attach_drop(), NSFENCE_A_FLAGS, NSFENCE_F_REPLACE),
			      NSFENCE_A_INSTANCE, instance + 1), &a, NULL, NULL);
	printf("%s replace_other_instance %s %s\n", a.err == ESTALE && a.extack[0] ? "good" : "bad",
	       errno_name(a.err), a.extack);
	control("detach", with_u64(by_inode(DETACH), NSFENCE_A_INSTANCE, instance), &a);
}

static int malformed(void)
{
	struct nl_answer a;
	size_t i, k;

	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uts_fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	control("get", fenced(by_inode(GET), target_fd), &a);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const struct test *t = &tests[i];
		bool good = false;

		nl_talk(&nl, t->make(), &a, NULL, NULL);
		for (k = 0; k < 3; k++)
			good |= t->right[k] && a.err == t->right[k];
		good &= t->refusal == SILENT || a.extack[0];
		printf("%s %s %s %s\n", good ? "good" : "bad", t->name, errno_name(a.err), a.extack);
	}
	wrong_instance();
	return 0;
}

static void try_one(const char *name, struct nlmsghdr *nlh)
{
	struct nl_answer a;

	nl_talk(&nl, nlh, &a, NULL, NULL);
	printf("%s %s %s\n", name, errno_name(a.err), a.extack);
}

static int print_counts(void)
{
	struct nl_answer a;

	if (nl_talk(&nl, request(VERSION, 0), &a, NULL, NULL))
		die("%s %s", errno_name(a.err), a.extack);
	printf("namespaces=%u attachments=%u\n", a.namespaces, a.attachments);
	return 0;
}

/* Events without end: the fence of TARGET is replaced COUNT times. */
static int churn(long count)
{
	struct nl_answer a;

	while (count-- > 0)
		if (nl_attach(&nl, target_fd, count % 2 ? "drop" : "reject",
			      NSFENCE_F_MANUAL | NSFENCE_F_REPLACE | NSFENCE_F_NOWAIT, &a))
			die("%s %s", errno_name(a.err), a.extack);
	return 0;
}

static int try_all(void)
{
	try_one("version-get", request(VERSION, 0));
	try_one("netns-get", by_inode(GET));
	try_one("netns-dump", request(GET, NLM_F_DUMP));
	try_one("attach", attach_drop());
	try_one("detach", by_inode(DETACH));
	try_one("policy-set", with_u32(named(request(P_SET, 0), "x"), NSFENCE_A_IMAGE, 0));
	try_one("policy-get", named(request(P_GET, 0), "x"));
	try_one("policy-dump", request(P_GET, NLM_F_DUMP));
	try_one("policy-del", named(request(P_DEL, 0), "x"));
	try_one("rule-dump", named(rules(), "x"));
	try_one("birth-set", named(request(B_SET, 0), "none"));
	try_one("birth-get", request(B_GET, 0));
	try_one("detach-all", request(ALL, 0));
	return 0;
}

int main(int argc, char **argv)
{
	static const char usage[] =
		"usage: rawgenl ids | counts | churn TARGET COUNT | try [-f FAMILY] INODE | malformed TARGET OTHER";
	int err;

	if (argc < 2)
		die("%s", usage);
	nl_open(&nl);
	err = nl_lookup(&nl);
	if (!strcmp(argv[1], "ids")) {
		if (err)
			printf("none %s\n", errno_name(err));
		else
			printf("family=%u group=%" PRIu32 " packets=%" PRIu32 "\n", nl.family, nl.group,
			       nl.packets);
		return err ? 1 : 0;
	}
	if (!strcmp(argv[1], "counts") && !err)
		return print_counts();
	if (!strcmp(argv[1], "try")) {
		if (argc == 5 && !strcmp(argv[2], "-f")) {
			nl.family = (uint16_t)atoi(argv[3]);
			argv += 2;
		} else if (err) {
			printf("family %s\n", errno_name(err));
			return 1;
		} else if (argc != 3) {
			die("%s", usage);
		}
		inode = (uint32_t)strtoul(argv[2], NULL, 10);
		return try_all();
	}
	if (argc != 4 || err)
		die("%s", usage);
	target_fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (target_fd < 0)
		die("no such namespace");
	inode = fd_inode(target_fd);
	if (!strcmp(argv[1], "churn"))
		return churn(atol(argv[3]));
	other_fd = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (strcmp(argv[1], "malformed") || other_fd < 0)
		die("%s", usage);
	return malformed();
}
