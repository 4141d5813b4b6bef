// SPDX-License-Identifier: GPL-2.0-or-later
/* nsfenced: options. The daemon itself is daemon.c. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "daemon.h"
#include "log.h"
#include "version.h"

static void usage(FILE *f)
{
	fputs("Usage: nsfenced [-c DIR|FILE] [-n]\n"
	      "Keeps the network namespaces of the configuration fenced; runs in the foreground.\n"
	      "\n"
	      "  -c, --config DIR|FILE  directory of nsfence.conf and nsfence.conf.d/, or one\n"
	      "                         file alone (default: " CONFIG_DIR ")\n"
	      "  -n, --check            check the configuration, report every error, do no more\n"
	      "  -h, --help             this text\n"
	      "  -V, --version          version\n"
	      "\n"
	      "Signals: SIGHUP reloads, SIGTERM stops; fences stay.\n"
	      "Exit codes: 0 done, 1 refused or invalid, 2 usage, 3 no backend to be had.\n", f);
}

static void print_error(void *data, const char *text)
{
	(void)data;
	fprintf(stderr, "%s\n", text);
}

static int check(const char *path)
{
	static struct config_errors errs;
	struct config c;

	if (config_load(path, &c, &errs)) {
		config_errors_each(&errs, print_error, NULL);
		config_errors_clean(&errs);
		return EXIT_REFUSED;
	}
	config_warnings_each(&c, print_error, NULL);
	config_clean(&c);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	/* STATE_DIRECTORY: of systemd's StateDirectory= */
	struct daemon_options opt = { .config = CONFIG_DIR, .state = getenv("STATE_DIRECTORY") };
	bool only_check = false;
	int o;

	while ((o = getopt_long(argc, argv, "c:nhV", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			opt.config = optarg;
			break;
		case 'n':
			only_check = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_DONE;
		case 'V':
			puts("nsfenced " NSF_VERSION);
			return EXIT_DONE;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "nsfenced: unexpected argument \"%s\"\n", argv[optind]);
		usage(stderr);
		return EXIT_USAGE;
	}
	if (only_check)
		return check(opt.config);
	log_open();
	return daemon_run(&opt);
}
