/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet: what the classifier knows of a packet. extract.c fills it from the
 * headers, packet_meta.c (module) or explain (user space) the rest. Shared by
 * both worlds.
 */
#ifndef NSF_PACKET_H
#define NSF_PACKET_H

#include "image.h"

/*
 * For a large local of the packet path: many kernels are compiled so that each begins
 * as zeros, which costs more than its use. Not all have the word (5.10 has it).
 */
#ifndef __uninitialized
#define __uninitialized
#endif

struct nsf_packet {
	u64 have;		/* NSF_BIT of each field that is present */
	u64 val[NSF_FIELDS];	/* valid where its bit is set */
};

static inline void nsf_packet_set(struct nsf_packet *p, enum nsf_field f, u64 value)
{
	p->have |= NSF_BIT(f);
	p->val[f] = value;
}

#endif /* NSF_PACKET_H */
