// SPDX-License-Identifier: GPL-2.0-or-later
/* err: see err.h. Owns nothing; any thread. */
#include <stdarg.h>
#include <stdio.h>

#include "err.h"

int err_set(struct err *e, int errnum, enum exit_code exit, const char *fmt, ...)
{
	va_list ap;

	if (e) {
		e->errnum = errnum;
		e->exit = exit;
		va_start(ap, fmt);
		vsnprintf(e->text, sizeof(e->text), fmt, ap);
		va_end(ap);
	}
	return -errnum;
}
