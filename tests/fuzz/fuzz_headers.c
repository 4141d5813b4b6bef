// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: a packet's bytes.
 * links: ../module/headers.c ../module/classify.c ../module/index.c ../tests/policy/fields.c
 * links: ../tests/policy/ref.c ../tests/policy/ref_packet.c ../tests/policy/subject.c
 *
 * headers.c must read inside of them, and where a hook could have seen such a
 * packet (a whole IP header, no more bytes than it is long) it must find the
 * fields that the reference finds. The first bytes say family and length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/fields.h"
#include "../policy/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ref_packet p = { .iifname = "lo", .iif = 1, .ct_state = 8 };
	struct nsf_packet out;
	char what[160];
	uint8_t *bytes;

	if (size < 2)
		return 0;
	p.family = data[0] & 1 ? 6 : 4;
	p.caplen = (uint32_t)size - 2;
	/* Mostly all of it; else more was on the wire. */
	p.length = p.caplen + (data[0] & 6 ? 0 : data[1]);
	bytes = malloc(p.caplen + !p.caplen);
	if (!bytes)
		return 0;
	memcpy(bytes, data + 2, p.caplen);
	p.data = bytes;
	subject_packet(&out, &p);
	if (p.caplen >= (p.family == 4 ? 20 : 40) && !fields_agree(&p, what, sizeof(what))) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
	free(bytes);
	return 0;
}
