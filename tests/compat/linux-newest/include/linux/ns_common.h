/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/ns/ns_common_types.h>
