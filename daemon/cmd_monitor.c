// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence monitor: what the module tells, as it comes, one line each. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_monitor.h"
#include "names_cache.h"
#include "out.h"

enum {
	OPT_COUNT = CMD_OPT,
	OPT_PACKETS,
	OPT_LIFECYCLE,
};

static const struct option options[] = {
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "packets", no_argument, NULL, OPT_PACKETS },
	{ "lifecycle", no_argument, NULL, OPT_LIFECYCLE },
	{ 0 }
};

struct monitor {
	const struct cmd *cmd;
	unsigned int groups;	/* GENL_GROUP_*; 0: all that there are */
	uint64_t left;		/* events still to be shown */
	struct names_cache names;
	uint64_t lost;		/* reports of packets, as last told */
	bool has_lost;
};

/* Local time with milliseconds: 2026-03-01T12:00:00.123+01:00. */
static void now_text(char *buf, size_t size)
{
	char date[32] = "", zone[8] = "";
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (localtime_r(&ts.tv_sec, &tm)) {
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
		strftime(zone, sizeof(zone), "%z", &tm);
	}
	snprintf(buf, size, "%s.%03ld%.3s:%s", date, ts.tv_nsec / 1000000, zone,
		 strlen(zone) > 3 ? zone + 3 : "00");
}

static json_t *event_json(const char *time, const char *event)
{
	json_t *object = json_object();

	out_json_set(object, "time", json_string(time));
	out_json_set(object, "event", json_string(event));
	return object;
}

static void show_json(const struct cmd *c, const char *time, const char *event,
		      const struct names *names, const struct genl_netns *n)
{
	json_t *object = event_json(time, event), *rest = netns_json(names, n, false);

	json_object_update(object, rest);
	json_decref(rest);
	out_json_print(object, c->pretty, stdout);
}

static void show_text(const char *time, const char *event, const struct names *names,
		      const struct genl_netns *n)
{
	char who[1024], escaped[2048], policy[4 * GENL_MAX_NAME + 1],
		source[4 * GENL_MAX_SOURCE + 1];

	names_label(names, n->inode, who, sizeof(who));
	out_escape(who, escaped, sizeof(escaped));
	printf("%s %-8s inode=%" PRIu32 " netns=%s", time, event, n->inode, escaped);
	if (n->instance) {
		out_escape(n->policy, policy, sizeof(policy));
		out_escape(n->source, source, sizeof(source));
		/* The source last: it may contain spaces. */
		printf(" policy=%s instance=%" PRIu64, policy, n->instance);
		if (n->flags & GENL_F_REPLACE)
			fputs(" replace", stdout);
		if (n->flags & GENL_F_BIRTH)
			fputs(" birth", stdout);
		if (n->flags & GENL_F_INHERITED)
			printf(" inherited parent=%" PRIu32, n->parent);
		printf(" source=%s", source[0] ? source : "-");
	}
	putchar('\n');
}

static void on_event(void *data, enum genl_event_type type, const struct genl_netns *n)
{
	struct monitor *m = data;
	const struct names *names;
	char time[64];

	if (!m->left)
		return;
	m->left--;
	now_text(time, sizeof(time));
	/* Its number may have been another's. */
	if (type == GENL_EVENT_BORN)
		names_cache_forget(&m->names, n->inode);
	names = names_cache_get(&m->names, n->inode, type != GENL_EVENT_DIED);
	if (m->cmd->json)
		show_json(m->cmd, time, genl_event_name(type), names, n);
	else
		show_text(time, genl_event_name(type), names, n);
	if (type == GENL_EVENT_DIED)
		names_cache_forget(&m->names, n->inode);
}

static void show_lost(const struct cmd *c, const char *why)
{
	char time[64];

	now_text(time, sizeof(time));
	if (c->json)
		out_json_print(event_json(time, "lost"), c->pretty, stdout);
	else
		printf("%s lost     events were lost: %s\n", time, why);
}

/* The module's count stands in every report: what it grew by came before this one. */
static void show_lost_packets(struct monitor *m, const char *time, uint64_t lost)
{
	uint64_t more = lost - m->lost;
	bool grew = m->has_lost && lost > m->lost;
	json_t *object;

	m->lost = lost;
	m->has_lost = true;
	if (!grew)
		return;
	if (m->cmd->json) {
		object = event_json(time, "lost");
		out_json_set(object, "lost", out_json_u64(more));
		out_json_print(object, m->cmd->pretty, stdout);
	} else {
		printf("%s lost     reports of %" PRIu64 " packet%s were lost: more came than are told\n",
		       time, more, more == 1 ? "" : "s");
	}
}

static void on_packet(void *data, const struct genl_packet *p)
{
	struct monitor *m = data;
	const struct names *names;
	json_t *object;
	char time[64];

	if (!m->left)
		return;
	m->left--;
	now_text(time, sizeof(time));
	names = names_cache_get(&m->names, p->inode, false);
	show_lost_packets(m, time, p->lost);
	if (m->cmd->json) {
		object = event_json(time, "packet");
		monitor_packet_json(object, names, p);
		out_json_print(object, m->cmd->pretty, stdout);
	} else {
		monitor_packet_print(time, names, p, stdout);
	}
}

/* 0: a signal, or the reader of our output is gone; else an exit code. */
static int watch(struct monitor *m, struct genl *g, int signals)
{
	const struct genl_listener listener = {
		.lifecycle = on_event, .packet = on_packet, .data = m,
	};
	struct err e = { 0 };
	struct pollfd p[] = {
		{ .fd = genl_fd(g), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	while (m->left && !ferror(stdout)) {
		int ret;

		if (poll(p, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			cmd_error("poll: %s", strerror(errno));
			return EXIT_REFUSED;
		}
		if (p[1].revents || (p[2].revents & (POLLERR | POLLHUP)))
			return EXIT_DONE;
		if (!p[0].revents)
			continue;
		ret = genl_events(g, &listener, &e);
		if (ret == -ENOBUFS)
			show_lost(m->cmd, "more came than could be shown (nsfence ls tells what is)");
		else if (ret == -ENOTCONN)
			show_lost(m->cmd, "the module was unloaded");
		if (ret && ret != -ENOBUFS)
			return cmd_fail(&e, NULL);
	}
	return EXIT_DONE;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* What was not asked for by name may be missing, and that is said. */
static int subscribe(const struct monitor *m, struct genl *g, struct err *e)
{
	int ret;

	if (m->groups)
		return genl_subscribe(g, m->groups, e);
	ret = genl_subscribe(g, GENL_GROUP_LIFECYCLE | GENL_GROUP_PACKETS, e);
	if (ret != -EOPNOTSUPP)
		return ret;
	ret = genl_subscribe(g, GENL_GROUP_LIFECYCLE, e);
	if (!ret)
		cmd_error("the module tells of no packets on this kernel: only namespaces and fences are shown");
	return ret;
}

static int monitor(struct monitor *m)
{
	struct err e = { 0 };
	struct genl *g;
	int signals, code;

	if (genl_open(&g, &e))
		return cmd_fail(&e, NULL);
	if (subscribe(m, g, &e)) {
		genl_close(g);
		return cmd_fail(&e, NULL);
	}
	signals = open_signals();
	if (signals < 0) {
		cmd_error("signalfd: %s", strerror(errno));
		genl_close(g);
		return EXIT_REFUSED;
	}
	names_cache_init(&m->names);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* From here on no event is missed: whoever waits for this line may act. */
	if (m->cmd->verbose)
		fputs("listening\n", stderr);
	code = watch(m, g, signals);
	close(signals);
	names_cache_clean(&m->names);
	genl_close(g);
	return code;
}

static int run(struct cmd *c, int argc, char **argv)
{
	struct monitor m = { .cmd = c, .left = UINT64_MAX };
	int opt;

	while ((opt = cmd_getopt(c, argc, argv, options)) != -1) {
		switch (opt) {
		case OPT_COUNT:
			if (cmd_parse_number(optarg, 1, UINT32_MAX, &m.left))
				return cmd_usage(c, "--count: \"%s\" is not a number of events (a whole number from 1 to %u)",
						 optarg, UINT32_MAX);
			break;
		case OPT_PACKETS:
			m.groups |= GENL_GROUP_PACKETS;
			break;
		case OPT_LIFECYCLE:
			m.groups |= GENL_GROUP_LIFECYCLE;
			break;
		default:
			return cmd_getopt_exit(opt);
		}
	}
	if (optind < argc)
		return cmd_usage(c, "unexpected argument \"%s\"", argv[optind]);
	return monitor(&m);
}

const struct command cmd_monitor = {
	.name = "monitor",
	.summary = "show namespaces, fences and packets as they come and go",
	.help =
"Usage: nsfence monitor [--packets] [--lifecycle] [--count N] [-j]\n"
"\n"
"Prints a line when a namespace is born or has died, and when a fence was\n"
"attached or detached: time, event, inode, names, policy, instance, source. And\n"
"one for each packet that a rule logs, a fence drops or rejects, or would if it\n"
"were not in mode audit, with the rule and its place. Ends on SIGINT and SIGTERM.\n"
"A line \"lost\" says that more came than could be shown, or that the module was\n"
"unloaded: then it is the last, and the exit code is 3.\n"
"\n"
"  --packets      only packets\n"
"  --lifecycle    only namespaces and fences\n"
"  --count N      end after N events\n"
"  -v, --verbose  say \"listening\" on standard error when no event can be missed\n"
"                 any more\n"
"  -j, --json     one JSON object per line; -p, --pretty: indented\n"
"  -h, --help     this text\n",
	.run = run,
};
