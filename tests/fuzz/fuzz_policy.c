// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: the text of a policy.
 * archives: policy
 *
 * All stages run on it. Refused: with an error, and every message can be
 * printed. Accepted: it compiles (or meets a limit, and says so), the same twice,
 * to an image that the checker accepts and that agrees with the reference.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/dump.h"
#include "../policy/judge.h"
#include "../policy/text.h"
#include "image_check.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKETS	8

static void print_all(const struct diags *d)
{
	size_t i;

	assert(d->n <= DIAG_MAX && d->n <= d->errors + d->warnings);
	for (i = 0; i < d->n; i++) {
		char *text = diag_format(&d->v[i]);

		assert(text && *text && text[strlen(text) - 1] == '\n');
		assert(d->v[i].message && *d->v[i].message);
		free(text);
	}
}

static void compare(const struct ir_policy *policy, const struct nsf_image *img)
{
	static struct judgement j;
	struct judge_packets packets;

	judge_packets_make(&packets, policy, 1, PACKETS);
	if (!judge(policy, img, &packets, &j)) {
		fprintf(stderr, "%s\n", j.what);
		text_write(stderr, policy, true);
		if (j.packet < packets.n)
			dump_packet(stderr, &packets.v[j.packet].p);
		dump_outcome(stderr, "reference", &j.ref);
		dump_outcome(stderr, "image", &j.got);
		abort();
	}
	judge_packets_free(&packets);
}

static void compile(const struct ir_policy *policy)
{
	static struct diags d;
	struct nsf_image *img = NULL, *again = NULL;
	struct nsf_image_fault fault;
	int rc;

	memset(&d, 0, sizeof(d));
	rc = policy_compile(policy, &img, &d);
	assert(!rc || (rc == -EINVAL && d.errors) || rc == -ENOMEM);
	print_all(&d);
	if (!rc) {
		assert(!nsf_image_check(img, img->size, &fault));
		assert(!policy_compile(policy, &again, &d));
		assert(again->size == img->size && !memcmp(again, img, img->size));
		compare(policy, img);
	}
	free(again);
	free(img);
	diags_clean(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct diags d;
	struct ir_policy *policy = NULL;
	char *text;
	int rc;

	/* Not the place to read the machine's files. */
	if (memmem(data, size, "include", 7))
		return 0;
	text = malloc(size + !size);
	if (!text)
		return 0;
	memcpy(text, data, size);
	memset(&d, 0, sizeof(d));
	rc = policy_load_buffer("fuzz.nft", text, size, &policy, &d);
	assert(rc ? (rc == -EINVAL && d.errors) || rc == -ENOMEM : policy && !d.errors);
	diags_sort(&d);
	print_all(&d);
	if (!rc) {
		compile(policy);
		ir_policy_free(policy);
	}
	diags_clean(&d);
	free(text);
	return 0;
}
