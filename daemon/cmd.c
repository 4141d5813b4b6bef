// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd: options and messages, see cmd.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

#define MAX_OPTIONS 32

static const struct option common[] = {
	{ "help", no_argument, NULL, CMD_HELP },
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "verbose", no_argument, NULL, 'v' },
};

static void __attribute__((format(printf, 1, 0))) vmessage(const char *fmt, va_list ap)
{
	char raw[1024], text[2048];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	out_escape(raw, text, sizeof(text));
	fprintf(stderr, "nsfence: %s\n", text);
}

void cmd_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmessage(fmt, ap);
	va_end(ap);
}

int cmd_usage(const struct cmd *c, const char *fmt, ...)
{
	char text[896];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->command)
		cmd_error("%s: %s (see nsfence %s --help)", c->command->name, text,
			  c->command->name);
	else
		cmd_error("%s (see nsfence --help)", text);
	return EXIT_USAGE;
}

int cmd_fail(const struct err *e, const char *where)
{
	if (where)
		cmd_error("%s: %s", where, e->text);
	else
		cmd_error("%s", e->text);
	return e->exit == EXIT_DONE ? EXIT_REFUSED : (int)e->exit;
}

static const char *option_name(const struct option *options, int val)
{
	for (; options->name; options++)
		if (options->val == val)
			return options->name;
	return NULL;
}

static int bad_option(const struct cmd *c, int opt, char **argv, const struct option *options)
{
	/* For an option that is known, '?' can mean only a value too many. */
	const char *word = argv[optind - 1], *known = option_name(options, optopt);

	if (opt == ':' && optopt < CMD_OPT)
		cmd_usage(c, "option -%c needs a value", optopt);
	else if (opt == ':')
		cmd_usage(c, "option --%s needs a value", known ? known : "?");
	else if (optopt && known)
		cmd_usage(c, "option --%s takes no value", known);
	else if (optopt)
		cmd_usage(c, "unknown option -%c", optopt);
	else
		cmd_usage(c, "unknown or ambiguous option %.*s", (int)strcspn(word, "="), word);
	return CMD_BAD;
}

int cmd_getopt(struct cmd *c, int argc, char **argv, const struct option *own)
{
	struct option options[MAX_OPTIONS + 1] = { 0 };
	size_t n = sizeof(common) / sizeof(common[0]);

	memcpy(options, common, sizeof(common));
	for (; own && own->name && n < MAX_OPTIONS; own++)
		options[n++] = *own;
	opterr = 0;
	for (;;) {
		/* Before the command's name ("+") only the options before it count. */
		int opt = getopt_long(argc, argv, c->command ? ":hjpv" : "+:hjpv", options, NULL);

		switch (opt) {
		case 'j':
			c->json = true;
			break;
		case 'p':
			c->json = c->pretty = true;
			break;
		case 'v':
			c->verbose = true;
			break;
		case CMD_HELP:
			if (c->command)
				fputs(c->command->help, stdout);
			return CMD_HELP;
		case ':':
		case '?':
			return bad_option(c, opt, argv, options);
		default:
			return opt;
		}
	}
}

int cmd_getopt_exit(int opt)
{
	return opt == CMD_HELP ? EXIT_DONE : EXIT_USAGE;
}

int cmd_parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (*s < '0' || *s > '9' || v > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		v = 10 * v + digit;
	}
	if (v < min || v > max)
		return -EINVAL;
	*out = v;
	return 0;
}
