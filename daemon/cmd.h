/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd: what the commands of nsfence(8) share. Each command is one file,
 * cmd_NAME.c, and one struct command in the table of nsfence.c.
 */
#ifndef NSF_CMD_H
#define NSF_CMD_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "genl.h"
#include "names.h"
#include "select.h"

struct cmd {
	const struct command *command;
	bool json;
	bool pretty;
	bool verbose;
};

struct command {
	const char *name;
	const char *summary;		/* one line, for nsfence --help */
	const char *help;		/* all of nsfence NAME --help */
	/* argv[0] is the command's name. Returns an exit code. */
	int (*run)(struct cmd *c, int argc, char **argv);
};

extern const struct command cmd_ls, cmd_attach, cmd_detach, cmd_run, cmd_birth, cmd_stats,
	cmd_monitor, cmd_policy,
	cmd_check, cmd_explain, cmd_version, cmd_doctor, cmd_status, cmd_plan, cmd_apply,
	cmd_confirm, cmd_reload, cmd_wait;

/* ---- options ---- */

#define CMD_OPT		256	/* first value for a command's own long options */
#define CMD_HELP	'h'
#define CMD_BAD		'?'

/*
 * getopt_long(3) with the options that every command takes (-j, -p, -v, -h)
 * and messages of ours. Returns -1 at the end, one of @own's values, CMD_HELP
 * (help was printed) or CMD_BAD (the message was printed). optind is the first
 * argument that is no option.
 */
int cmd_getopt(struct cmd *c, int argc, char **argv, const struct option *own);
/* The exit code for what cmd_getopt() returned and the command does not know. */
int cmd_getopt_exit(int opt);

/* Whole decimal numbers without sign or anything after them; 0 or -EINVAL. */
int cmd_parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* ---- messages ---- */

/* "nsfence: ..." on standard error. */
void cmd_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, points to --help and returns EXIT_USAGE. */
int cmd_usage(const struct cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "nsfence: WHERE: message" (@where may be NULL); returns the exit code in @e. */
int cmd_fail(const struct err *e, const char *where);

/* ---- which namespace ---- */

enum target_kind {
	TARGET_NONE,
	TARGET_NAME,
	TARGET_INODE,
	TARGET_PID,
	TARGET_PATH,
};

struct target {
	enum target_kind kind;
	const char *text;		/* as the user wrote it */
	uint64_t number;		/* of an inode or a process */
	char label[80 + NAMES_LABEL];	/* "web1", "inode 4026532631": for messages */
	bool named;			/* target_label() was here */
	struct netns_ref ref;		/* open between resolve, or pin, and clean */
	bool pinned;
	uint64_t instance;		/* the fence of a pinned inode; 0: none, or not known */
};

/* The options --inode, --pid and --path, for a command's struct option[]. */
enum {
	TARGET_OPT_INODE = CMD_OPT + 64,
	TARGET_OPT_PID,
	TARGET_OPT_PATH,
};
#define TARGET_OPTIONS \
	{ "inode", required_argument, NULL, TARGET_OPT_INODE }, \
	{ "pid", required_argument, NULL, TARGET_OPT_PID }, \
	{ "path", required_argument, NULL, TARGET_OPT_PATH }

bool target_is_option(int opt);
/* 0 or EXIT_USAGE, with the message printed. */
int target_set(const struct cmd *c, struct target *t, int opt, const char *arg);
int target_set_name(const struct cmd *c, struct target *t, const char *name);
/*
 * What it is now, before anything that takes time: opened, or, of an inode, with
 * what tells it from the next one of that number: cookie and fence, or a descriptor
 * through a process where there is no cookie. Without the module nothing is known
 * of an inode, and that is no failure. 0 or a negative errno.
 */
int target_pin(struct target *t, struct err *e);
/* 0 or a negative errno: of what was pinned, or else now. @out borrows the descriptor. */
int target_resolve(struct target *t, struct genl_target *out, struct err *e);
/* For messages that come after it was found: "inode 4026532631 (web1)". */
const char *target_label(struct target *t);
void target_clean(struct target *t);

/* ---- policies ---- */

struct diags;
struct ir_policy;
struct nsf_image;

/*
 * All stages from @path to an image. EXIT_DONE: both are the caller's to free;
 * else neither, and @d (or, without an error in it, standard error) says why.
 */
int cmd_policy_load(const char *path, struct ir_policy **policy, struct nsf_image **img,
		    struct diags *d);
/* Sorted, on standard error. */
void cmd_diags_print(struct diags *d);

/* ---- namespaces as they are shown ---- */

/* Who asked for the fence; of an inherited one with the parent: "web.conf:3 (child of web1)". */
void netns_source(const struct names *names, const struct genl_netns *n, char *buf, size_t size);
/*
 * Whether the counter belongs into a report: it counted something, or @zero and
 * the fence has that hook (forward too, unless it has forward-accept).
 */
bool netns_counter_shown(const struct genl_netns *n, unsigned int hook,
			 unsigned int verdict, bool zero);
/* The keys names, paths (if there are any) and label. */
void names_json_set(json_t *object, const struct names *names, uint32_t inode);
/* Arrays of the spec's names. */
json_t *flags_json(uint32_t flags);
json_t *hooks_json(uint32_t hooks);
/* Of stats, with packets and bytes, and of monitor, without. */
json_t *rule_json(const struct genl_rule *rule, bool counts);
/* The object that ls, stats and monitor print; @zero: counters that are 0 too. */
json_t *netns_json(const struct names *names, const struct genl_netns *n, bool zero);

#endif /* NSF_CMD_H */
