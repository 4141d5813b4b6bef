/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version of the whole project; the Makefile reads it from here. */
#ifndef NSF_VERSION
#define NSF_VERSION "0.1.0"
#endif
