/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixture, written for the test: before 3.8 a namespace had no inode. */
struct net {
	int passive;
};
