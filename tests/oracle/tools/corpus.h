/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * corpus: the packets of a case: lines of files, and lines made from a seed.
 */
#ifndef ORACLE_CORPUS_H
#define ORACLE_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct corpus {
	struct packet *v;
	size_t n, room;
};

/*
 * Adds the packets of @path: a line each (packet.h), "N *" before one repeats it;
 * # begins a comment. A line "alone" sets *@alone, which may be NULL: the case
 * wants no other packets. False with a message on stderr.
 */
bool corpus_read(struct corpus *c, const char *path, bool *alone);
/*
 * Adds @count packets that @seed determines; with @policy, a file's path, half of
 * the addresses and ports are those in that file, or beside them.
 */
void corpus_generate(struct corpus *c, uint64_t seed, unsigned int count, const char *policy);
/* Writes them as a capture of raw IP. */
bool corpus_write_pcap(const struct corpus *c, const char *path);
void corpus_clean(struct corpus *c);

#endif /* ORACLE_CORPUS_H */
