/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version; the Makefile passes the real one. */
#ifndef NSF_VERSION_H
#define NSF_VERSION_H

#ifndef NSF_VERSION
#define NSF_VERSION "0.1.0"
#endif

#endif /* NSF_VERSION_H */
