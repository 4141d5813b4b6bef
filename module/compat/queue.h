/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks that are taken out of a namespace that is not finished: when its creation
 * fails, in our .init or after it. The kernel then has nfnetlink_queue drop what waits
 * for them, and that, if it was loaded after us, knows nothing yet of the namespace.
 *
 * From 4.7 on (dc3ee32e96d7) it is asked in the namespaces only that it knows, and
 * from 5.15 on (870299707436) it looks itself. Before 4.7 it has to be loaded before
 * us: then every namespace is known to it when ours begins.
 */
#ifndef NSF_COMPAT_QUEUE_H
#define NSF_COMPAT_QUEUE_H

#include <linux/build_bug.h>
#include <linux/module.h>

#include "compat/features.h"

#if defined(NSF_HAVE_QUEUE_DROP_OPS) && !defined(NSF_HAVE_QUEUE_HANDLER_NET)
#define NSF_QUEUE_SOFTDEP MODULE_SOFTDEP("pre: nfnetlink_queue")
#else
#define NSF_QUEUE_SOFTDEP static_assert(1)
#endif

#endif /* NSF_COMPAT_QUEUE_H */
