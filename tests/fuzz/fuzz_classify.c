// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry: a number that names a generated policy, what the kernel knows
 * of a packet, and the packet's bytes.
 * archives: policy
 *
 * The image and the reference must agree on it. What tests/policy/diff tries with
 * packets that suit the policy, this tries with those that reach new code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/dump.h"
#include "../policy/judge.h"
#include "../policy/text.h"
#include "index.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t policy[2];
	uint8_t flags;		/* 1: IPv6; 2: cut; 4: conntrack has an entry */
	uint8_t pkttype;
	uint8_t mark[4];
	uint8_t ct_mark[4];
	uint8_t ct_state;
	uint8_t cut;
	uint8_t names;
};

static const char * const name[] = { "", "lo", "eth0", "eth1", "eth10", "veth0", "et", "abcdefgh" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ir_policy *policy;
	static struct nsf_image *img;
	static unsigned int made;
	static struct judgement j;
	struct judge_packets packets = { 1, NULL };
	struct gen_packet *g;
	struct input in;
	unsigned int seed;

	if (size < sizeof(in) + 40 || size > sizeof(in) + GEN_MAX_BYTES)
		return 0;
	memcpy(&in, data, sizeof(in));
	data += sizeof(in);
	size -= sizeof(in);
	seed = 1 + in.policy[0] + 256u * in.policy[1];
	if (seed != made) {
		free(img);
		gen_policy_free(policy);
		policy = gen_policy(seed);
		index_least = seed % 4 ? 2 : NSF_INDEX_MIN_RECORDS;
		img = judge_compile(policy, j.what, sizeof(j.what));
		if (!img) {
			fprintf(stderr, "policy %u: %s\n", seed, j.what);
			abort();
		}
		made = seed;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return 0;
	packets.v = g;
	/* Its own block, of its own size: ASan sees what is read behind it. */
	g->p.data = memcpy(malloc(size), data, size);
	g->p.caplen = (uint32_t)size;
	g->p.length = g->p.caplen + (in.flags & 2 ? in.cut : 0);
	g->p.family = in.flags & 1 ? 6 : 4;
	if (policy->family != IR_INET)
		g->p.family = policy->family == IR_IP ? 4 : 6;
	strcpy(g->p.iifname, name[in.names & 7]);
	strcpy(g->p.oifname, name[in.names >> 3 & 7]);
	g->p.iif = in.names & 7;
	g->p.oif = in.names >> 3 & 7;
	g->p.pkttype = in.pkttype & 3;
	memcpy(&g->p.mark, in.mark, 4);
	memcpy(&g->p.ct_mark, in.ct_mark, 4);
	g->p.ct_entry = in.flags & 4;
	g->p.ct_state = in.ct_state;
	g->p.now = 1000000000;
	if (!judge(policy, img, &packets, &j)) {
		fprintf(stderr, "policy %u: %s\n", seed, j.what);
		text_write(stderr, policy, true);
		dump_packet(stderr, &g->p);
		dump_outcome(stderr, "reference", &j.ref);
		dump_outcome(stderr, "image", &j.got);
		abort();
	}
	free((void *)(uintptr_t)g->p.data);
	free(g);
	return 0;
}
