/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packets: the lines that gen writes, as the classifier's packets. Each goes through
 * bytes on the wire and the module's own headers.c. Tests only.
 */
#ifndef TESTS_BENCH_PACKETS_H
#define TESTS_BENCH_PACKETS_H

#include <stddef.h>

#include "packet.h"

struct packets {
	struct nsf_packet *v;
	size_t n;
};

#define PACKETS_LENGTH	100

/* A line that gen writes as a packet on the wire; its family (4, 6), 0: it is none. */
unsigned int packets_build(const char *line, u8 bytes[PACKETS_LENGTH]);
/* Ends the program where a line is none: SADDR DADDR PROTO SPORT DPORT STATE IIF. */
void packets_read(struct packets *p, const char *path);

#endif /* TESTS_BENCH_PACKETS_H */
