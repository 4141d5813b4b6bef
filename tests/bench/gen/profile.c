// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * profile: three kinds of rule sets as they have been found in the field, after the
 * statistics that Taylor and Turner published with ClassBench (INFOCOM 2005; seeds
 * acl1, fw1 and ipc1), rounded to a thousandth; what is rarer than that is left
 * out. Weights are relative to the others of their table.
 *
 *   acl  access lists of routers: long prefixes at both ends, server ports
 *   fw   firewalls: one end is a host, the other one anywhere
 *   ipc  IP chains: both, and networks to networks
 */
#include <string.h>

#include "set.h"

#define PORTS(w, a, b)	{ w, { a, b } }
#define END		{ 0 }

static const struct port_weight none[] = { END };

/* ---- acl ---- */

static const struct kind acl_kind[] = {
	{ 85, 0, WC, WC }, { 31, ICMP, WC, WC },
	{ 188, TCP, WC, WC }, { 115, TCP, WC, AR }, { 570, TCP, WC, EM },
	{ 2, UDP, WC, AR }, { 9, UDP, WC, EM }, END
};

static const struct lengths acl_lengths[] = {
	{ WC, WC, 489, 32, 32 }, { WC, WC, 112, 32, 24 }, { WC, WC, 99, 23, 32 },
	{ WC, WC, 81, 32, 22 }, { WC, WC, 54, 23, 16 }, { WC, WC, 27, 31, 32 },
	{ WC, WC, 18, 30, 22 }, { WC, WC, 18, 30, 32 }, { WC, WC, 9, 31, 22 },
	{ WC, WC, 40, 23, 6 }, { WC, WC, 30, 23, 25 }, { WC, WC, 9, 8, 0 }, { WC, WC, 9, 0, 8 },
	{ WC, WC, 4, 0, 0 },
	{ WC, AR, 953, 32, 32 }, { WC, AR, 35, 31, 32 }, { WC, AR, 12, 23, 32 },
	{ WC, EM, 847, 32, 32 }, { WC, EM, 42, 32, 22 }, { WC, EM, 28, 23, 32 },
	{ WC, EM, 26, 31, 32 }, { WC, EM, 16, 32, 31 }, { WC, EM, 14, 30, 22 },
	{ WC, EM, 12, 32, 30 }, { WC, EM, 7, 31, 22 }, { WC, EM, 5, 23, 28 },
	END
};

static const struct port_weight acl_dport_ar[] = {
	PORTS(82, 1600, 1649), PORTS(71, 1300, 1349), PORTS(71, 1300, 1350),
	PORTS(47, 7500, 7599), PORTS(47, 2200, 2210), PORTS(35, 1025, 65535),
	PORTS(35, 1700, 1750), PORTS(35, 5001, 65535), PORTS(35, 32200, 32207),
	PORTS(35, 8000, 8100), PORTS(24, 61700, 61709), PORTS(24, 61500, 61509),
	PORTS(24, 61600, 61609), PORTS(24, 61900, 61909), PORTS(24, 62000, 62009),
	PORTS(24, 61800, 61809), PORTS(24, 61100, 61119), PORTS(24, 61200, 61209),
	PORTS(24, 1700, 1720), PORTS(24, 20000, 20010), PORTS(24, 1600, 1650),
	PORTS(24, 62400, 62409), PORTS(12, 62200, 62219), PORTS(12, 62220, 62239),
	PORTS(12, 62200, 62239), PORTS(12, 1300, 1399), END
};

static const struct port_weight acl_dport_em[] = {
	PORTS(188, 1521, 1521), PORTS(54, 1526, 1526), PORTS(42, 1221, 1221),
	PORTS(35, 1433, 1433), PORTS(28, 1525, 1525), PORTS(28, 135, 135),
	PORTS(28, 14753, 14753), PORTS(24, 1712, 1712), PORTS(24, 1711, 1711),
	PORTS(24, 1704, 1704), PORTS(24, 1708, 1708), PORTS(21, 5555, 5555),
	PORTS(21, 1705, 1705), PORTS(21, 6000, 6000), PORTS(21, 20, 20), PORTS(21, 21, 21),
	PORTS(21, 1724, 1724), PORTS(21, 1717, 1717), PORTS(19, 1707, 1707),
	PORTS(19, 1733, 1733), PORTS(19, 1706, 1706), PORTS(19, 5540, 5540),
	PORTS(19, 5541, 5541), PORTS(16, 1734, 1734), PORTS(14, 1489, 1489),
	PORTS(14, 1490, 1490), PORTS(14, 5632, 5632), PORTS(14, 5631, 5631),
	PORTS(12, 6789, 6789), PORTS(9, 1715, 1715), PORTS(9, 2121, 2121),
	PORTS(7, 6790, 6790), PORTS(7, 32200, 32201), PORTS(5, 2110, 2110),
	PORTS(5, 3031, 3031), PORTS(5, 31000, 31000), PORTS(5, 443, 443), PORTS(5, 80, 80),
	PORTS(5, 27000, 27000), PORTS(5, 65500, 65500), PORTS(2, 15126, 15126),
	PORTS(2, 12050, 12050), PORTS(2, 512, 512), PORTS(2, 55444, 55444), END
};

/* ---- fw ---- */

static const struct kind fw_kind[] = {
	{ 11, 0, WC, WC }, { 39, ICMP, WC, WC }, { 57, GRE, WC, WC },
	{ 106, TCP, WC, WC }, { 39, TCP, HI, HI }, { 428, TCP, WC, EM },
	{ 21, UDP, HI, HI }, { 3, UDP, HI, AR }, { 3, UDP, AR, HI }, { 138, UDP, WC, EM },
	{ 99, UDP, EM, WC }, { 18, UDP, HI, EM }, { 18, UDP, EM, HI }, { 21, UDP, EM, EM }, END
};

static const struct lengths fw_lengths[] = {
	{ WC, WC, 183, 32, 0 }, { WC, WC, 117, 0, 0 }, { WC, WC, 83, 30, 0 },
	{ WC, WC, 67, 21, 0 }, { WC, WC, 67, 23, 0 }, { WC, WC, 67, 27, 0 },
	{ WC, WC, 67, 28, 32 }, { WC, WC, 67, 32, 28 }, { WC, WC, 67, 30, 32 },
	{ WC, WC, 67, 32, 30 }, { WC, WC, 33, 28, 0 }, { WC, WC, 33, 29, 0 },
	{ WC, WC, 17, 8, 0 }, { WC, WC, 17, 12, 0 }, { WC, WC, 17, 16, 0 }, { WC, WC, 17, 26, 0 },
	{ HI, HI, 353, 0, 32 }, { HI, HI, 353, 32, 32 }, { HI, HI, 294, 32, 21 },
	{ HI, AR, 1, 0, 32 }, { AR, HI, 1, 32, 0 },
	{ WC, EM, 881, 0, 32 }, { WC, EM, 62, 0, 0 }, { WC, EM, 25, 32, 32 },
	{ WC, EM, 19, 32, 0 }, { WC, EM, 6, 0, 27 }, { WC, EM, 6, 26, 21 },
	{ EM, WC, 821, 32, 0 }, { EM, WC, 107, 0, 32 }, { EM, WC, 71, 0, 0 },
	{ HI, EM, 6, 0, 32 }, { HI, EM, 3, 32, 32 }, { HI, EM, 2, 32, 0 },
	{ EM, HI, 6, 32, 0 }, { EM, HI, 3, 32, 32 }, { EM, HI, 2, 0, 32 },
	{ EM, EM, 1, 0, 32 }, { EM, EM, 1, 32, 0 }, { EM, EM, 1, 28, 28 },
	END
};

static const struct port_weight fw_ar[] = { PORTS(1, 33434, 33600), END };

static const struct port_weight fw_sport_em[] = {
	PORTS(231, 123, 123), PORTS(205, 53, 53), PORTS(128, 750, 750), PORTS(103, 161, 161),
	PORTS(77, 88, 88), PORTS(77, 69, 69), PORTS(51, 24032, 24032), PORTS(51, 67, 67),
	PORTS(51, 7648, 7648), PORTS(26, 162, 162), END
};

static const struct port_weight fw_dport_em[] = {
	PORTS(170, 22, 22), PORTS(105, 80, 80), PORTS(99, 25, 25), PORTS(99, 53, 53),
	PORTS(70, 123, 123), PORTS(29, 2105, 2105), PORTS(29, 21, 21), PORTS(29, 544, 544),
	PORTS(29, 750, 750), PORTS(23, 443, 443), PORTS(23, 23, 23), PORTS(23, 161, 161),
	PORTS(18, 88, 88), PORTS(18, 110, 110), PORTS(18, 143, 143), PORTS(18, 993, 993),
	PORTS(18, 7648, 7648), PORTS(12, 24032, 24032), PORTS(12, 119, 119), PORTS(12, 389, 389),
	PORTS(12, 67, 67), PORTS(12, 69, 69), PORTS(12, 79, 79), PORTS(12, 113, 113),
	PORTS(12, 1999, 1999), PORTS(6, 37, 37), PORTS(6, 43, 43), PORTS(6, 162, 162),
	PORTS(6, 513, 513), PORTS(6, 514, 514), PORTS(6, 515, 515), PORTS(6, 636, 636),
	PORTS(6, 749, 749), PORTS(6, 995, 995), PORTS(6, 1080, 1080), PORTS(6, 3128, 3128),
	PORTS(6, 7007, 7007), PORTS(6, 8000, 8000), PORTS(6, 8080, 8080), END
};

/* ---- ipc ---- */

static const struct kind ipc_kind[] = {
	{ 345, 0, WC, WC }, { 11, ICMP, WC, WC }, { 3, GRE, WC, WC },
	{ 22, TCP, WC, WC }, { 18, TCP, WC, AR }, { 17, TCP, AR, WC }, { 132, TCP, WC, EM },
	{ 72, TCP, EM, WC },
	{ 3, UDP, WC, WC }, { 65, UDP, WC, HI }, { 3, UDP, HI, WC }, { 6, UDP, WC, AR },
	{ 3, UDP, AR, WC }, { 220, UDP, WC, EM }, { 73, UDP, EM, WC }, { 3, UDP, EM, EM }, END
};

static const struct lengths ipc_lengths[] = {
	{ WC, WC, 223, 24, 24 }, { WC, WC, 78, 23, 24 }, { WC, WC, 74, 24, 16 },
	{ WC, WC, 50, 26, 24 }, { WC, WC, 49, 16, 24 }, { WC, WC, 47, 24, 26 },
	{ WC, WC, 30, 0, 24 }, { WC, WC, 30, 24, 0 }, { WC, WC, 24, 24, 28 },
	{ WC, WC, 24, 22, 24 }, { WC, WC, 20, 17, 24 }, { WC, WC, 18, 23, 16 },
	{ WC, WC, 17, 25, 24 }, { WC, WC, 15, 22, 16 }, { WC, WC, 90, 32, 32 },
	{ WC, WC, 60, 32, 24 }, { WC, WC, 60, 24, 32 }, { WC, WC, 30, 28, 16 },
	{ WC, WC, 20, 28, 26 }, { WC, WC, 10, 0, 0 }, { WC, WC, 10, 16, 16 },
	{ WC, HI, 811, 32, 32 }, { WC, HI, 63, 24, 32 }, { WC, HI, 27, 0, 32 },
	{ WC, HI, 27, 16, 32 }, { WC, HI, 27, 23, 32 }, { WC, HI, 18, 30, 32 },
	{ WC, HI, 18, 31, 32 }, { WC, HI, 9, 32, 24 },
	{ HI, WC, 1, 32, 32 }, { HI, WC, 1, 32, 24 },
	{ WC, AR, 500, 24, 32 }, { WC, AR, 119, 23, 32 }, { WC, AR, 95, 16, 32 },
	{ WC, AR, 95, 26, 32 }, { WC, AR, 71, 0, 32 }, { WC, AR, 48, 25, 32 },
	{ WC, AR, 24, 32, 0 }, { WC, AR, 24, 22, 32 }, { WC, AR, 24, 32, 32 },
	{ AR, WC, 500, 32, 24 }, { AR, WC, 100, 32, 23 }, { AR, WC, 100, 32, 16 },
	{ AR, WC, 100, 32, 26 }, { AR, WC, 100, 32, 0 }, { AR, WC, 50, 32, 25 },
	{ WC, EM, 459, 32, 32 }, { WC, EM, 165, 24, 32 }, { WC, EM, 65, 0, 32 },
	{ WC, EM, 52, 23, 32 }, { WC, EM, 38, 24, 0 }, { WC, EM, 20, 0, 24 },
	{ WC, EM, 20, 23, 24 }, { WC, EM, 20, 16, 32 }, { WC, EM, 20, 24, 24 },
	{ WC, EM, 17, 26, 32 }, { WC, EM, 13, 32, 16 }, { WC, EM, 12, 32, 24 },
	{ WC, EM, 10, 32, 0 }, { WC, EM, 10, 26, 28 },
	{ EM, WC, 264, 32, 24 }, { EM, WC, 146, 32, 26 }, { EM, WC, 118, 32, 32 },
	{ EM, WC, 77, 24, 32 }, { EM, WC, 73, 0, 32 }, { EM, WC, 49, 32, 0 },
	{ EM, WC, 45, 32, 25 }, { EM, WC, 45, 23, 32 }, { EM, WC, 24, 16, 32 },
	{ EM, WC, 24, 28, 16 }, { EM, WC, 24, 28, 26 }, { EM, WC, 16, 24, 24 },
	{ EM, WC, 16, 32, 16 }, { EM, WC, 16, 32, 23 },
	{ EM, EM, 1, 32, 32 }, { EM, EM, 1, 24, 24 },
	END
};

static const struct port_weight ipc_sport_ar[] = {
	PORTS(294, 20, 23), PORTS(294, 109, 110), PORTS(235, 20, 21), PORTS(147, 1645, 1646),
	PORTS(29, 5000, 5001), END
};

static const struct port_weight ipc_dport_ar[] = {
	PORTS(256, 20, 23), PORTS(256, 109, 110), PORTS(186, 20, 21), PORTS(186, 1645, 1646),
	PORTS(70, 1812, 1813), PORTS(23, 20, 2511), PORTS(23, 5000, 5001), END
};

static const struct port_weight ipc_sport_em[] = {
	PORTS(246, 161, 161), PORTS(135, 53, 53), PORTS(87, 80, 80), PORTS(83, 25, 25),
	PORTS(75, 1433, 1433), PORTS(44, 22, 22), PORTS(40, 5540, 5540), PORTS(40, 143, 143),
	PORTS(32, 5550, 5550), PORTS(24, 5520, 5520), PORTS(24, 5500, 5500), PORTS(24, 5632, 5632),
	PORTS(20, 123, 123), PORTS(20, 443, 443), PORTS(16, 113, 113), PORTS(16, 514, 514),
	PORTS(12, 69, 69), PORTS(12, 137, 137), PORTS(12, 119, 119), PORTS(8, 389, 389), END
};

static const struct port_weight ipc_dport_em[] = {
	PORTS(184, 69, 69), PORTS(182, 514, 514), PORTS(109, 80, 80), PORTS(83, 9003, 9003),
	PORTS(78, 53, 53), PORTS(48, 25, 25), PORTS(31, 1433, 1433), PORTS(25, 137, 137),
	PORTS(18, 22, 22), PORTS(18, 143, 143), PORTS(18, 162, 162), PORTS(17, 113, 113),
	PORTS(15, 161, 161), PORTS(13, 443, 443), PORTS(12, 123, 123), PORTS(12, 138, 138),
	PORTS(10, 139, 139), PORTS(10, 5540, 5540), PORTS(10, 119, 119), PORTS(8, 389, 389),
	PORTS(8, 5632, 5632), PORTS(6, 1494, 1494), PORTS(6, 3306, 3306), PORTS(5, 8080, 8080),
	PORTS(5, 5500, 5500), PORTS(5, 2049, 2049), PORTS(3, 111, 111), PORTS(3, 515, 515), END
};

/*
 * How many addresses there are, and where they part: as in the sets that ClassBench
 * makes of those seeds for 1,000 and 10,000 rules.
 */
static const struct profile profiles[] = {
	{ "acl", acl_kind, acl_lengths, { none, none }, { acl_dport_ar, acl_dport_em },
	  { 30, 350, { 6, 0, 14, 80 }, 2 }, { 100, 5, { 35, 25, 20, 20 }, 2 }, 6 },
	{ "fw", fw_kind, fw_lengths, { fw_ar, fw_sport_em }, { fw_ar, fw_dport_em },
	  { 30, 250, { 30, 5, 25, 40 }, 1 }, { 30, 500, { 30, 1, 24, 45 }, 1 }, 37 },
	{ "ipc", ipc_kind, ipc_lengths, { ipc_sport_ar, ipc_sport_em },
	  { ipc_dport_ar, ipc_dport_em },
	  { 100, 40, { 30, 30, 15, 25 }, 2 }, { 100, 25, { 25, 20, 15, 40 }, 2 }, 3 },
};

const struct profile *profile_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(*profiles); i++)
		if (!strcmp(name, profiles[i].name))
			return &profiles[i];
	return NULL;
}
