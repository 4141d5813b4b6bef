/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_places: the network namespaces that can be seen from here: mounts of nsfs in
 * this mount namespace, and those of processes (of their main threads). Opens none.
 * A namespace that only a descriptor, a thread or a mount elsewhere keeps alive is
 * not seen.
 */
#ifndef NSF_NFT_PLACES_H
#define NSF_NFT_PLACES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nft_place {
	uint32_t inode;
	char *path;		/* by which it was seen; may be another's by now */
};

/* Sorted by inode, each once. 0 or a negative errno. */
int nft_places_all(struct nft_place **out, size_t *n);
void nft_places_free(struct nft_place *v, size_t n);
/*
 * Which of the namespaces @inode[0..n) are there: @there[i]. Cheaper: processes are
 * looked at only where some namespace has no mount.
 */
int nft_places_find(const uint32_t *inode, bool *there, size_t n);
/* Of this process; 0: not known. */
uint32_t nft_places_own(void);

#endif /* NSF_NFT_PLACES_H */
