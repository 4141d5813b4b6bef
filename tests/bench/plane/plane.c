// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plane: see plane.h.
 *
 *	plane rates COUNT POLICY.nft		fences up and down
 *	plane memory nsfence|nft COUNT POLICY.nft LABEL
 *	plane publish POLICY.nft OTHER.nft ROUNDS COUNT...
 *	plane spread nsfence|nft|visit|replay COUNT POLICY.nft
 *	plane births absent|idle|birth|policy MODULE.ko PAIRS BATCH [POLICY.nft]
 *	plane names COUNT			/run/netns/ns1 ...
 *	plane daemon COUNT CONFIG NSFENCED	starts it twice
 */
#include "plane.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *fmt, ...)
{
	va_list ap;

	fputs("plane: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void pause_us(unsigned int us)
{
	struct timespec t = { us / 1000000, (long)(us % 1000000) * 1000 };

	nanosleep(&t, NULL);
}

int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double least(const double *v, size_t n)
{
	double min = v[0];
	size_t i;

	for (i = 1; i < n; i++)
		if (v[i] < min)
			min = v[i];
	return min;
}

double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

void *need(void *p)
{
	if (!p)
		die("no memory");
	return p;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} table[] = {
		{ "rates", rates }, { "memory", memory }, { "publish", publish },
		{ "spread", spread }, { "births", births }, { "names", names },
		{ "daemon", daemon_run },
	};
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	space_home();	/* before anything leaves it */
	for (i = 0; argc > 1 && i < sizeof(table) / sizeof(*table); i++)
		if (!strcmp(argv[1], table[i].name))
			return table[i].run(argc - 1, argv + 1);
	die("usage: plane rates|memory|publish|spread|births|names|daemon ARGUMENT...");
}
