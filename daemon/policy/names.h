/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names: the words that nft 1.0.6 has for numbers, both ways. Pure, but for
 * services and protocols, which come from the machine's files as nft's do.
 */
#ifndef NSF_POLICY_NAMES_H
#define NSF_POLICY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum names {
	NAMES_ICMP_TYPE, NAMES_ICMP_CODE, NAMES_ICMPV6_TYPE, NAMES_ICMPV6_CODE, NAMES_ICMPX_CODE,
	NAMES_DSCP, NAMES_TCP_FLAG, NAMES_CT_STATE, NAMES_CT_DIRECTION, NAMES_PKTTYPE,
	NAMES_NFPROTO, NAMES_BOOLEAN, NAMES_LOG_LEVEL, NAMES_HOOK, NAMES_PROTOCOL,
	NAMES_KINDS,
};

/* The number of @word. */
bool names_number(enum names kind, const char *word, uint32_t *number);
/* The word for @number, the one that nft prints; NULL where there is none. */
const char *names_word(enum names kind, uint32_t number);
/* All words, "a, b, c", for messages. Into @buf, cut with "..." where it is too long. */
const char *names_all(enum names kind, char *buf, size_t size);

/* A port's name, by /etc/services (without it, a table of the usual ones). */
bool names_service(const char *word, uint16_t *port);
/* A protocol's name, by /etc/protocols (without it, NAMES_PROTOCOL). */
bool names_protocol(const char *word, uint8_t *proto);
/* A priority's name at @hook (NF_INET_*): false where nft has none of that name there. */
bool names_priority(const char *word, unsigned int hook, int *priority);
/* A hook's name, as nft writes it. */
const char *names_hook(unsigned int hook);

#endif /* NSF_POLICY_NAMES_H */
