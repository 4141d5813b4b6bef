// SPDX-License-Identifier: GPL-2.0-or-later
/* Log lines on standard error. See log.h. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"

static bool to_journal;

/*
 * JOURNAL_STREAM is inherited by children whose standard error goes elsewhere,
 * so it is believed only when it names the file that is open here.
 */
void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	to_journal = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		     !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
}

/*
 * One write(2) for a line, so that lines do not mix. Control characters, which
 * a name below /run/netns may have, must not reach a terminal nor end the line.
 */
__attribute__((format(printf, 2, 0)))
static void put(int priority, const char *fmt, va_list ap)
{
	char line[2048];
	size_t len, i;
	int n;

	n = to_journal ? snprintf(line, sizeof(line), "<%d>", priority)
		       : snprintf(line, sizeof(line), "nsfenced: ");
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	len = strlen(line);
	for (i = n; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	/* Nobody is left to tell when this fails. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

#define DEFINE_LOG(name, priority)			\
void log_##name(const char *fmt, ...)			\
{							\
	va_list ap;					\
							\
	va_start(ap, fmt);				\
	put(priority, fmt, ap);				\
	va_end(ap);					\
}

DEFINE_LOG(error, LOG_ERR)
DEFINE_LOG(warning, LOG_WARNING)
DEFINE_LOG(info, LOG_INFO)
