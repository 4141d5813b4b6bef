/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hookbench: sends packets through one netfilter hook of the calling process's network
 * namespace, many times, and tells what that took. What programs see of it: the device
 * /dev/hookbench, for CAP_NET_ADMIN of the first user namespace. Tests only.
 *
 * An open file has one list of packets (HB_LOAD), of one family, for as long as it is
 * open. HB_RUN sends all of them in turn, once to learn each one's verdict, then
 * `passes` times against the clock. Between two hooks a packet is made as it was: mark
 * and connection cleared.
 * Nothing is allocated or freed in the timed part: the packet has a second reference,
 * so that who drops it only lowers the count. That freeing costs is true of all
 * contenders alike, and is in none of the figures.
 */
#ifndef HOOKBENCH_H
#define HOOKBENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define HB_MAX_PACKETS	65536
#define HB_MAX_LENGTH	1500
#define HB_MAX_BYTES	(16 << 20)
#define HB_MAX_PASSES	100000
#define HB_MAX_FLUSH	(512 << 20)

/* Packets as on the wire from the IP header on, each behind its length. */
struct hb_load {
	__u64 bytes;		/* of them: __u16 length in the machine's order, the packet */
	__u32 size;
	__u32 count;
};

enum {
	HB_SOFTIRQ = 1,		/* as packets come in; without it: as a process sends */
	HB_NOTHING = 2,		/* the loop alone, with a call that does nothing */
	HB_COLD = 4,		/* each packet alone, after the caches were spoiled */
};

enum {
	HB_STOPPED = 0,		/* dropped, or taken by somebody else: see HB_OTHER */
	HB_PASSED = 1,
	HB_OTHER = 2,		/* queued, stolen */
};

struct hb_run {
	__u64 verdicts;		/* __u8 for each packet, of a first pass; 0: not wanted */
	__u64 ticks;		/* __u64 for each pass; with HB_COLD for each packet */
	__u64 passed;		/* out: packets that passed in the timed passes */
	__u32 hook;		/* NF_INET_PRE_ROUTING to LOCAL_OUT */
	__u32 passes;		/* HB_COLD: 1 */
	__u32 flags;
	__u32 flush;		/* HB_COLD: bytes that are walked before each packet */
	char device[16];	/* they come by, or leave by */
};

/* What a tick is: of so many nanoseconds, and of loops of two instructions. */
struct hb_clock {
	__u64 ticks, ns;	/* some milliseconds by both clocks */
	__u64 loops, loop_ticks;
	__u64 read_ticks;	/* to read the clock itself */
};

#define HB_LOAD		_IOW('B', 1, struct hb_load)
#define HB_RUN		_IOWR('B', 2, struct hb_run)
#define HB_CLOCK	_IOR('B', 3, struct hb_clock)

#endif /* HOOKBENCH_H */
