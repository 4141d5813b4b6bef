// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_explain_capture: packets of a capture file. The only user of libpcap, and
 * of libpcap only what reads files: it never opens a device.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_explain.h"

struct capture {
	pcap_t *pcap;
	int dlt;
	unsigned int number;	/* of the packet read last, from 1 */
};

static int bad_link(int dlt, struct err *e)
{
	const char *name = pcap_datalink_val_to_name(dlt);

	return err_set(e, EOPNOTSUPP, EXIT_REFUSED,
		       "link type %d (%s) is not known (accepted: EN10MB, RAW, IPV4, IPV6, LINUX_SLL, LINUX_SLL2, NULL, LOOP)",
		       dlt, name ? name : "no name");
}

int capture_open(const char *path, struct capture **out, struct err *e)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct capture *c;
	struct packet probe;
	int dlt;

	if (!file)
		return err_set(e, errno, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED,
			       "cannot open it: %s", strerror(errno));
	c = calloc(1, sizeof(*c));
	if (!c) {
		fclose(file);
		return err_set(e, ENOMEM, EXIT_REFUSED, "out of memory");
	}
	c->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!c->pcap) {
		fclose(file);
		free(c);
		return err_set(e, EINVAL, EXIT_REFUSED, "not a capture: %s", why);
	}
	dlt = pcap_datalink(c->pcap);
	if (link_decode(dlt, NULL, 0, 0, &probe)) {
		capture_close(c);
		return bad_link(dlt, e);
	}
	c->dlt = dlt;
	*out = c;
	return 0;
}

int capture_next(struct capture *c, struct packet *out, struct err *e)
{
	struct pcap_pkthdr *header;
	const unsigned char *data;
	int ret = pcap_next_ex(c->pcap, &header, &data);

	if (ret == PCAP_ERROR_BREAK)
		return 0;
	c->number++;
	if (ret != 1)
		return err_set(e, EIO, EXIT_REFUSED, "packet %u: %s", c->number,
			       pcap_geterr(c->pcap));
	link_decode(c->dlt, data, header->caplen, header->len, out);
	/* Asked for nanoseconds: that is what tv_usec holds. */
	out->time = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
	return 1;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_close(c->pcap);	/* closes the file */
	free(c);
}
