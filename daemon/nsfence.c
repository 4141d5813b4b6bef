// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfence: the command line tool. Options before the command, and dispatch. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "version.h"

static const struct command *const commands[] = {
	&cmd_ls,
	&cmd_attach,
	&cmd_detach,
	&cmd_run,
	&cmd_birth,
	&cmd_stats,
	&cmd_monitor,
	&cmd_policy,
	&cmd_check,
	&cmd_explain,
	&cmd_status,
	&cmd_plan,
	&cmd_apply,
	&cmd_confirm,
	&cmd_reload,
	&cmd_wait,
	&cmd_version,
	&cmd_doctor,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum { OPT_VERSION = CMD_OPT };

static const struct option options[] = {
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 }
};

static void print_help(void)
{
	fputs("Usage: nsfence [-j] [-v] [COMMAND [ARGUMENTS]]\n"
	      "\n"
	      "Fences around network namespaces, which their own root cannot take off.\n"
	      "\n"
	      "Commands (without one: ls):\n", stdout);
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "Options, before or after the command:\n"
	      "  -j, --json     JSON instead of text; -p, --pretty: the same, indented\n"
	      "  -v, --verbose  say what was done\n"
	      "  -h, --help     this text, or the command's (nsfence COMMAND --help)\n"
	      "      --version  the version of this program\n"
	      "\n"
	      "Exit codes: 0 done, 1 refused or invalid, 2 usage, 3 module or daemon not\n"
	      "reachable, 4 not found, 5 drift (plan). More in nsfence(8).\n", stdout);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int unknown_command(const struct cmd *c, const char *name)
{
	char known[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < COMMANDS; i++)
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", i ? ", " : "",
				      commands[i]->name);
	return cmd_usage(c, "unknown command \"%s\"; there are %s", name, known);
}

static int dispatch(int argc, char **argv)
{
	struct cmd c = { 0 };
	int opt;

	while ((opt = cmd_getopt(&c, argc, argv, options)) != -1) {
		switch (opt) {
		case CMD_HELP:
			print_help();
			return EXIT_DONE;
		case OPT_VERSION:
			puts("nsfence " NSF_VERSION);
			return EXIT_DONE;
		default:
			return cmd_getopt_exit(opt);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 1) {
		static char name[] = "ls";
		char *ls[] = { name, NULL };

		c.command = &cmd_ls;
		optind = 0;
		return cmd_ls.run(&c, 1, ls);
	}
	c.command = find_command(argv[0]);
	if (!c.command)
		return unknown_command(&c, argv[0]);
	optind = 0;	/* glibc: getopt_long() starts anew */
	return c.command->run(&c, argc, argv);
}

int main(int argc, char **argv)
{
	int code = argc ? dispatch(argc, argv) : EXIT_USAGE;
	bool failed = ferror(stdout);

	/* A full disk under our output is a failure, however well all else went. */
	errno = 0;
	if (fclose(stdout))
		failed = true;
	if (failed) {
		cmd_error("cannot write to standard output%s%s", errno ? ": " : "",
			  errno ? strerror(errno) : "");
		if (code == EXIT_DONE)
			code = EXIT_REFUSED;
	}
	return code;
}
