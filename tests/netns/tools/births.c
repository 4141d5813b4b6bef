// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * births: what namespaces are born with.
 *
 *	births set POLICY [FLAGS [MODE [HOOKS]]]
 *	births attach PATH POLICY FLAGS		fences PATH's namespace
 *	births raw CASE				a birth-set that must be refused
 *		"ok", or "ERRNO MESSAGE"
 *	births get	all that birth-get says, on one line
 *	births ls	a line for each namespace: INODE parent=INODE flags=WORDS
 *			policy=NAME source=TEXT instance=N
 *	births send [-n NETNS] [-u] [-w unshare|clone|clone3] [-j JOBS] [-s SECONDS] COUNT
 *		COUNT times (or for SECONDS), a process in NETNS makes a namespace and
 *		at once, in there, a TUN device with an address, and sends a UDP packet
 *		that this device should put out. "born=N blocked=N passed=N refused=N
 *		failed=N", where passed means: the packet came out; refused: there was no
 *		namespace ("ENOMEM" and the like are appended). JOBS at a time, in
 *		all. -u: as nobody, with a user namespace of its own.
 *
 * FLAGS: words, by commas: strict, manual, forward-accept, inherit, replace.
 */
#include "nl.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOBODY	65534
#define PORT	4242
#define SENT_MS	10000

static struct nl nl;
static char buf[NL_BUF];

static const struct {
	const char *name;
	uint32_t flag;
} words[] = {
	{ "strict", NSFENCE_F_STRICT },
	{ "manual", NSFENCE_F_MANUAL },
	{ "forward-accept", NSFENCE_F_FORWARD_ACCEPT },
	{ "inherit", NSFENCE_F_INHERIT },
	{ "initial", NSFENCE_F_INITIAL },
	{ "born", NSFENCE_F_BORN },
	{ "inherited", NSFENCE_F_INHERITED },
	{ "birth", NSFENCE_F_BIRTH },
	{ "orphan", NSFENCE_F_ORPHAN },
	{ "replace", NSFENCE_F_REPLACE },
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static uint32_t flags_of(const char *text)
{
	char *copy = strdup(text), *word, *rest = copy;
	uint32_t flags = 0;

	while ((word = strsep(&rest, ","))) {
		size_t i;

		for (i = 0; i < WORDS && strcmp(word, words[i].name); i++)
			;
		if (*word && i == WORDS)
			die("%s: no such flag", word);
		if (*word)
			flags |= words[i].flag;
	}
	free(copy);
	return flags;
}

static void print_flags(uint32_t flags)
{
	const char *comma = "";

	for (size_t i = 0; i < WORDS; i++) {
		if (flags & words[i].flag) {
			printf("%s%s", comma, words[i].name);
			comma = ",";
		}
	}
}

/* ---- netlink ---- */

static int say(const struct nl_answer *a)
{
	printf("%s%s%s\n", errno_name(a->err), a->extack[0] ? " " : "", a->extack);
	return a->err ? 1 : 0;
}

static struct nlmsghdr *set_policy(const char *policy)
{
	struct nlmsghdr *nlh = nl_request(&nl, buf, nl.family, NSFENCE_CMD_BIRTH_SET, 0);

	if (policy)
		mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, policy);
	return nlh;
}

static struct nlmsghdr *with_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, value);
	return nlh;
}

static int cmd_set(int argc, char **argv)
{
	struct nlmsghdr *nlh = set_policy(argv[0]);
	struct nl_answer a;

	if (argc > 1 && argv[1][0])
		mnl_attr_put_u32(nlh, NSFENCE_A_FLAGS, flags_of(argv[1]));
	if (argc > 2)
		mnl_attr_put_u32(nlh, NSFENCE_A_MODE, (uint32_t)atoi(argv[2]));
	if (argc > 3)
		mnl_attr_put_u32(nlh, NSFENCE_A_HOOKS, (uint32_t)strtoul(argv[3], NULL, 0));
	nl_talk(&nl, nlh, &a, NULL, NULL);
	return say(&a);
}

/* Requests as no honest client makes them. */
static int cmd_raw(const char *name)
{
	static const char name64[65] = { [0 ... 63] = 'x' };
	struct nlmsghdr *nlh;
	struct nl_answer a;

	if (!strcmp(name, "nothing"))
		nlh = set_policy(NULL);
	else if (!strcmp(name, "none-with-mode"))
		nlh = with_u32(set_policy("none"), NSFENCE_A_MODE, NSFENCE_MODE_ENFORCE);
	else if (!strcmp(name, "none-with-flags"))
		nlh = with_u32(set_policy("none"), NSFENCE_A_FLAGS, 0);
	else if (!strcmp(name, "none-with-hooks"))
		nlh = with_u32(set_policy("none"), NSFENCE_A_HOOKS, 1);
	else if (!strcmp(name, "mode"))
		nlh = with_u32(set_policy("drop"), NSFENCE_A_MODE, 2);
	else if (!strcmp(name, "hooks"))
		nlh = with_u32(set_policy("drop"), NSFENCE_A_HOOKS, 1u << 5);
	else if (!strcmp(name, "no-hooks"))
		nlh = with_u32(set_policy("drop"), NSFENCE_A_HOOKS, 0);
	else if (!strcmp(name, "inode"))
		nlh = with_u32(set_policy("drop"), NSFENCE_A_INODE, 1);
	else if (!strcmp(name, "long"))
		nlh = set_policy(name64);
	else if (!strcmp(name, "get-with-policy")) {
		nlh = nl_request(&nl, buf, nl.family, NSFENCE_CMD_BIRTH_GET, 0);
		mnl_attr_put_strz(nlh, NSFENCE_A_POLICY, "drop");
	} else {
		die("%s: no such case", name);
	}
	nl_talk(&nl, nlh, &a, NULL, NULL);
	return say(&a);
}

static int cmd_attach(char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	struct nl_answer a;

	if (fd < 0)
		die("%s: %s", argv[0], strerror(errno));
	nl_attach(&nl, fd, argv[1], flags_of(argv[2]), &a);
	return say(&a);
}

static void print_birth(const struct nlmsghdr *nlh, void *data)
{
	const char *policy = "?";
	uint64_t births = 0, refused = 0;
	uint32_t mode = 0, hooks = 0, flags = 0, wait = 0;
	bool decided = false, release = false;
	const struct nlattr *attr;

	(void)data;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NSFENCE_A_POLICY:
			policy = mnl_attr_get_str(attr);
			break;
		case NSFENCE_A_MODE:
			mode = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_HOOKS:
			hooks = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_FLAGS:
			flags = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_DECIDED:
			decided = true;
			break;
		case NSFENCE_A_RELEASE:
			release = true;
			break;
		case NSFENCE_A_WAIT:
			wait = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_BIRTHS:
			births = mnl_attr_get_u64(attr);
			break;
		case NSFENCE_A_REFUSED:
			refused = mnl_attr_get_u64(attr);
			break;
		}
	}
	printf("policy=%s mode=%u hooks=%#x flags=", policy, mode, hooks);
	print_flags(flags);
	printf(" decided=%d wait=%u release=%d births=%" PRIu64 " refused=%" PRIu64 "\n",
	       decided, wait, release, births, refused);
}

static int cmd_get(void)
{
	struct nl_answer a;

	if (nl_talk(&nl, nl_request(&nl, buf, nl.family, NSFENCE_CMD_BIRTH_GET, 0), &a,
		    print_birth, NULL))
		return say(&a);
	return 0;
}

static void print_netns(const struct nlmsghdr *nlh, void *data)
{
	const char *policy = "-", *source = "-";
	uint32_t inode = 0, parent = 0, flags = 0;
	uint64_t instance = 0;
	const struct nlattr *attr;

	(void)data;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NSFENCE_A_INODE:
			inode = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_PARENT:
			parent = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_FLAGS:
			flags = mnl_attr_get_u32(attr);
			break;
		case NSFENCE_A_INSTANCE:
			instance = mnl_attr_get_u64(attr);
			break;
		case NSFENCE_A_POLICY:
			policy = mnl_attr_get_str(attr);
			break;
		case NSFENCE_A_SOURCE:
			source = mnl_attr_get_str(attr);
			break;
		}
	}
	printf("%u parent=%u flags=", inode, parent);
	print_flags(flags);
	printf(" policy=%s source=%s instance=%" PRIu64 "\n", policy, source, instance);
}

static int cmd_ls(void)
{
	struct nl_answer a;

	if (nl_talk(&nl, nl_request(&nl, buf, nl.family, NSFENCE_CMD_NETNS_GET, NLM_F_DUMP), &a,
		    print_netns, NULL))
		return say(&a);
	return 0;
}

/* ---- births that send ---- */

/* What became of one; the exit code of its process. */
enum end { PASSED = 1, BLOCKED, FAILED, REFUSED = 64 /* + errno */ };

enum way { UNSHARE, CLONE, CLONE3 };

static int address(int fd, const char *dev, unsigned long request, const char *text)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	struct sockaddr_in *sin = (void *)&ifr.ifr_addr;

	strcpy(ifr.ifr_name, dev);
	sin->sin_family = AF_INET;
	inet_pton(AF_INET, text, &sin->sin_addr);
	return ioctl(fd, request, &ifr);
}

/*
 * Is there a packet of ours, within @ms? (The kernel's own IPv6 chatter is exempt, and
 * not; and while another processor sends that, ours waits in the device's queue.)
 */
static bool came_out(int tun, int ms)
{
	struct pollfd readable = { .fd = tun, .events = POLLIN };
	int64_t until = now_ms() + ms;
	uint8_t packet[2048];
	int64_t left;
	ssize_t n;

	for (;;) {
		while ((n = read(tun, packet, sizeof(packet))) > 0)
			if (n >= (ssize_t)sizeof(struct iphdr) && packet[0] >> 4 == 4 &&
			    packet[9] == IPPROTO_UDP)
				return true;
		left = until - now_ms();
		if (left <= 0 || poll(&readable, 1, (int)left) <= 0)
			return false;
	}
}

/* In the new namespace: a device, and out with a packet. */
static enum end send_first(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct ifreq ifr = { .ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool stopped;

	inet_pton(AF_INET, "10.9.0.2", &to.sin_addr);
	if (tun < 0 || fd < 0 || ioctl(tun, TUNSETIFF, &ifr) ||
	    address(fd, "t0", SIOCSIFADDR, "10.9.0.1") ||
	    address(fd, "t0", SIOCSIFNETMASK, "255.255.255.0"))
		return FAILED;
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		return FAILED;
	stopped = sendto(fd, "first", 5, 0, (void *)&to, sizeof(to)) < 0 && errno == EPERM;
	if (came_out(tun, stopped ? 0 : SENT_MS))
		return PASSED;
	return stopped ? BLOCKED : FAILED;
}

/* An errno, or 0: we are (the child, or its only process) in the new namespace. */
static int be_born(enum way way, int flags)
{
	struct clone_args args = { .flags = (uint64_t)(unsigned int)flags, .exit_signal = SIGCHLD };
	int status;
	long pid;

	if (way == UNSHARE)
		return unshare(flags) ? errno : 0;
	pid = way == CLONE3 ? syscall(SYS_clone3, &args, sizeof(args)) :
		syscall(SYS_clone, (unsigned long)flags | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		return errno;
	if (!pid)
		return 0;
	if (waitpid((pid_t)pid, &status, 0) < 0 || !WIFEXITED(status))
		_exit(FAILED);
	_exit(WEXITSTATUS(status));
}

static enum end one_birth(enum way way, bool user)
{
	int err;

	if (user && (setgid(NOBODY) || setuid(NOBODY)))
		return FAILED;
	err = be_born(way, CLONE_NEWNET | (user ? CLONE_NEWUSER : 0));
	return err ? (enum end)(REFUSED + err) : send_first();
}

struct tally {
	long born, blocked, passed, refused, failed;
	int err;
};

static void take_end(struct tally *t, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;

	if (code >= REFUSED) {
		t->refused++;
		t->err = code - REFUSED;
		return;
	}
	t->born++;
	if (code == PASSED)
		t->passed++;
	else if (code == BLOCKED)
		t->blocked++;
	else
		t->failed++;
}

static int cmd_send(int argc, char **argv)
{
	long count = 0, started = 0, jobs = 1, running = 0;
	struct tally t = { 0 };
	enum way way = UNSHARE;
	int64_t until = 0;
	bool user = false;
	int status, opt;

	while ((opt = getopt(argc, argv, "n:uw:j:s:")) != -1) {
		if (opt == 'n')
			enter_netns(optarg);
		else if (opt == 'u')
			user = true;
		else if (opt == 'w')
			way = !strcmp(optarg, "clone") ? CLONE :
			      !strcmp(optarg, "clone3") ? CLONE3 : UNSHARE;
		else if (opt == 'j')
			jobs = atol(optarg);
		else if (opt == 's')
			until = now_ms() + 1000 * atol(optarg);
		else
			die("births send: see the source");
	}
	count = optind < argc ? atol(argv[optind]) : 0;
	while (running || (until ? now_ms() < until : started < count)) {
		if (running < jobs && (until ? now_ms() < until : started < count)) {
			pid_t pid = fork();

			if (pid < 0)
				die("fork: %s", strerror(errno));
			if (!pid)
				_exit(one_birth(way, user));
			started++;
			running++;
			continue;
		}
		if (wait(&status) < 0)
			die("wait: %s", strerror(errno));
		running--;
		take_end(&t, status);
	}
	printf("born=%ld blocked=%ld passed=%ld refused=%ld failed=%ld%s%s\n", t.born, t.blocked,
	       t.passed, t.refused, t.failed, t.err ? " " : "", t.err ? errno_name(t.err) : "");
	return 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";

	if (!strcmp(cmd, "send"))
		return cmd_send(argc - 1, argv + 1);
	nl_open(&nl);
	if (nl_lookup(&nl))
		die("the family nsfence is not there");
	if (!strcmp(cmd, "set") && argc > 2)
		return cmd_set(argc - 2, argv + 2);
	if (!strcmp(cmd, "raw") && argc == 3)
		return cmd_raw(argv[2]);
	if (!strcmp(cmd, "attach") && argc == 5)
		return cmd_attach(argv + 2);
	if (!strcmp(cmd, "get"))
		return cmd_get();
	if (!strcmp(cmd, "ls"))
		return cmd_ls();
	die("usage: births set|attach|raw|get|ls|send ...; see the source");
}
