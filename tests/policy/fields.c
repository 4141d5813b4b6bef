// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "fields.h"
#include "subject.h"

static const struct {
	enum nsf_field nsf;
	enum ir_field ir;
	unsigned int from;	/* byte of the value: names and IPv6 come in halves */
} table[] = {
	{ NSF_FIELD_NFPROTO, IR_META_NFPROTO, 0 },
	{ NSF_FIELD_L4PROTO, IR_META_L4PROTO, 0 },
	{ NSF_FIELD_MARK, IR_META_MARK, 0 },
	{ NSF_FIELD_LENGTH, IR_META_LENGTH, 0 },
	{ NSF_FIELD_PKTTYPE, IR_META_PKTTYPE, 0 },
	{ NSF_FIELD_IIF, IR_META_IIF, 0 },
	{ NSF_FIELD_OIF, IR_META_OIF, 0 },
	{ NSF_FIELD_IIFNAME_HI, IR_META_IIFNAME, 0 },
	{ NSF_FIELD_IIFNAME_LO, IR_META_IIFNAME, 8 },
	{ NSF_FIELD_OIFNAME_HI, IR_META_OIFNAME, 0 },
	{ NSF_FIELD_OIFNAME_LO, IR_META_OIFNAME, 8 },
	{ NSF_FIELD_IP_SADDR, IR_IP_SADDR, 0 },
	{ NSF_FIELD_IP_DADDR, IR_IP_DADDR, 0 },
	{ NSF_FIELD_IP_PROTOCOL, IR_IP_PROTOCOL, 0 },
	{ NSF_FIELD_IP_TTL, IR_IP_TTL, 0 },
	{ NSF_FIELD_IP_DSCP, IR_IP_DSCP, 0 },
	{ NSF_FIELD_IP_FRAG_OFF, IR_IP_FRAG_OFF, 0 },
	{ NSF_FIELD_IP_LENGTH, IR_IP_LENGTH, 0 },
	{ NSF_FIELD_IP6_SADDR_HI, IR_IP6_SADDR, 0 },
	{ NSF_FIELD_IP6_SADDR_LO, IR_IP6_SADDR, 8 },
	{ NSF_FIELD_IP6_DADDR_HI, IR_IP6_DADDR, 0 },
	{ NSF_FIELD_IP6_DADDR_LO, IR_IP6_DADDR, 8 },
	{ NSF_FIELD_IP6_NEXTHDR, IR_IP6_NEXTHDR, 0 },
	{ NSF_FIELD_IP6_HOPLIMIT, IR_IP6_HOPLIMIT, 0 },
	{ NSF_FIELD_IP6_DSCP, IR_IP6_DSCP, 0 },
	{ NSF_FIELD_IP6_LENGTH, IR_IP6_LENGTH, 0 },
	{ NSF_FIELD_EXTHDR_FRAG, IR_EXTHDR_FRAG, 0 },
	{ NSF_FIELD_TH_SPORT, IR_TH_SPORT, 0 },
	{ NSF_FIELD_TH_DPORT, IR_TH_DPORT, 0 },
	{ NSF_FIELD_TH_TYPE, IR_ICMP_TYPE, 0 },
	{ NSF_FIELD_TH_CODE, IR_ICMP_CODE, 0 },
	{ NSF_FIELD_TH_TCP_FLAGS, IR_TCP_FLAGS, 0 },
	{ NSF_FIELD_CT_STATE, IR_CT_STATE, 0 },
	{ NSF_FIELD_CT_MARK, IR_CT_MARK, 0 },
	{ NSF_FIELD_CT_DIRECTION, IR_CT_DIRECTION, 0 },
};
static_assert(sizeof(table) / sizeof(*table) == NSF_FIELDS - 1, "every field is compared");

bool fields_agree(const struct ref_packet *p, char *what, size_t size)
{
	struct nsf_packet got;
	struct ref_fields ref;
	unsigned int i, k, width;

	subject_packet(&got, p);
	ref_fields_read(&ref, p);
	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		bool have = got.have & NSF_BIT(table[i].nsf);
		uint64_t v = 0;

		if (have != ref.have[table[i].ir]) {
			snprintf(what, size, "field %u: headers.c finds it %s, the reference %s",
				 table[i].nsf, have ? "there" : "absent", have ? "absent" : "there");
			return false;
		}
		if (!have)
			continue;
		width = ref_width(table[i].ir);
		for (k = table[i].from; k < width && k < table[i].from + 8; k++)
			v = v << 8 | ref.val[table[i].ir][k];
		if (got.val[table[i].nsf] != v) {
			snprintf(what, size, "field %u: headers.c reads 0x%" PRIx64
				 ", the reference 0x%" PRIx64, table[i].nsf,
				 (uint64_t)got.val[table[i].nsf], v);
			return false;
		}
	}
	return true;
}
