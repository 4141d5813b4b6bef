// SPDX-License-Identifier: GPL-2.0-or-later
/* corpus: see corpus.h. */
#include "corpus.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observer.h"

#define LINKTYPE_RAW 101

static struct packet *corpus_add(struct corpus *c)
{
	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 256;
		c->v = reallocarray(c->v, c->room, sizeof(*c->v));
		if (!c->v) {
			perror("oracle");
			exit(2);
		}
	}
	return &c->v[c->n++];
}

bool corpus_read(struct corpus *c, const char *path, bool *alone)
{
	FILE *f = fopen(path, "re");
	unsigned int number = 0, times;
	char line[256], err[128], *end;
	bool good = true;

	if (!f) {
		fprintf(stderr, "oracle: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), f)) {
		const char *text = line;
		struct packet p;
		int skip = 0;

		number++;
		line[strcspn(line, "#\n")] = '\0';
		for (end = line + strlen(line); end > line && strchr(" \t", end[-1]); end--)
			end[-1] = '\0';
		if (!*line)
			continue;
		if (!strcmp(line, "alone") && alone) {
			*alone = true;
			continue;
		}
		times = 1;
		if (sscanf(line, "%u * %n", &times, &skip) == 1)
			text += skip;
		if (!packet_parse(&p, text, err, sizeof(err))) {
			fprintf(stderr, "oracle: %s:%u: %s\n", path, number, err);
			good = false;
			continue;
		}
		while (times--)
			*corpus_add(c) = p;
	}
	fclose(f);
	return good;
}

/* ---- generated ---- */

/* xorshift64*, so that a seed means the same everywhere. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static unsigned int below(uint64_t *state, unsigned int n)
{
	return (unsigned int)(next(state) >> 33) % n;
}

#define PICK(state, list) ((list)[below((state), sizeof(list) / sizeof((list)[0]))])

/* Values that the cases' rules are about, and their neighbours. */
static const char *const protos[] = {
	"tcp", "tcp", "tcp", "udp", "udp", "udp", "icmp", "icmp", "icmpv6", "icmpv6",
	"sctp", "udplite", "ah", "esp", "none", "2", "47", "132", "253",
};
static const unsigned int ports[] = {
	0, 1, 22, 53, 67, 80, 80, 443, 443, 1023, 1024, 4000, 8000, 8080, 8081, 32768, 65535,
};
static const char *const sources4[] = {
	"10.9.0.9", "10.9.0.10", "10.9.0.127", "10.9.0.128", "10.9.1.9", "192.0.2.1", "192.0.2.129",
	"198.51.100.7", "172.16.0.1", "172.31.255.255", "172.32.0.0", "8.8.8.8", "203.0.113.255",
};
static const char *const sources6[] = {
	"fd09::9", "fd09::a", "fd09::ffff", "fd09:1::9", "2001:db8::1", "2001:db8:1::1",
	"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", "fe80::9", "fd09::1:0:0:9",
};
static const char *const dests4[3][5] = {
	{ "10.9.0.1", "10.9.0.1", "10.9.1.1", "10.9.0.255", "10.9.0.1" },
	{ "10.9.1.9", "10.9.1.10", "10.9.1.200", "203.0.113.1", "10.9.1.9" },
	{ "10.9.1.9", "10.9.0.9", "127.0.0.1", "10.9.1.200", "192.0.2.1" },
};
static const char *const dests6[3][5] = {
	{ "fd09::1", "fd09::1", "fd09:1::1", "ff02::1", "fd09::1" },
	{ "fd09:1::9", "fd09:1::a", "fd09:1::ffff", "2001:db8::2", "fd09:1::9" },
	{ "fd09:1::9", "fd09::9", "::1", "fd09:1::ffff", "2001:db8::1" },
};
static const char *const exts[] = {
	"hop", "dst", "rt", "frag:0:1", "frag:0:0", "frag:8:1", "frag:8:0", "frag:1:0", "ah", "mob",
	"none", "hop,dst", "hop,rt,dst", "dst,frag:0:1", "frag:0:1,dst", "frag:8:0,dst", "ah,dst",
	"dst,ah", "hop:3", "dst:255", "rt:1,frag:0:0", "dst,dst,dst",
};
static const unsigned int types[] = { 0, 3, 5, 8, 8, 11, 12, 13, 128, 128, 129, 1, 2, 3, 4, 133, 135, 255 };
static const char *const wheres[] = { "in", "in", "in", "fwd", "fwd", "out" };
static const unsigned int hops[] = { 1, 2, 63, 64, 64, 65, 128, 255 };

/* ---- words of the policy ---- */

#define HINTS 64

struct hints {
	char v4[HINTS][16], v6[HINTS][48];
	unsigned int port[HINTS];
	unsigned int v4s, v6s, ports;
};

static void hint_add(struct hints *h, const char *word)
{
	uint8_t address[16];
	unsigned long n;
	char *end;

	if (strchr(word, '.') && inet_pton(AF_INET, word, address) == 1 && h->v4s < HINTS) {
		strcpy(h->v4[h->v4s++], word);
		/* And the one after it. */
		if (address[3] < 255 && h->v4s < HINTS)
			snprintf(h->v4[h->v4s++], sizeof(h->v4[0]), "%u.%u.%u.%u", address[0],
				 address[1], address[2], address[3] + 1);
	} else if (strchr(word, ':') && inet_pton(AF_INET6, word, address) == 1 && h->v6s < HINTS) {
		strcpy(h->v6[h->v6s++], word);
		address[15] ^= 1;
		if (h->v6s < HINTS)
			inet_ntop(AF_INET6, address, h->v6[h->v6s++], sizeof(h->v6[0]));
	} else {
		n = strtoul(word, &end, 0);
		if (end == word || *end || n > 65534 || h->ports + 2 > HINTS)
			return;
		h->port[h->ports++] = (unsigned int)n;
		h->port[h->ports++] = (unsigned int)n + 1;
	}
}

static void hints_read(struct hints *h, const char *path)
{
	FILE *f = fopen(path, "re");
	char word[48];
	size_t len = 0;
	int c;

	memset(h, 0, sizeof(*h));
	if (!f)
		return;
	do {
		c = fgetc(f);
		if (c != EOF && (isxdigit(c) || c == '.' || c == ':' || c == 'x')) {
			if (len + 1 < sizeof(word))
				word[len++] = (char)c;
			continue;
		}
		word[len] = '\0';
		if (len)
			hint_add(h, word);
		len = 0;
	} while (c != EOF);
	fclose(f);
}

static const char *hint_address(const struct hints *h, uint64_t *state, bool is6)
{
	unsigned int n = is6 ? h->v6s : h->v4s;

	if (!n || below(state, 2))
		return NULL;
	return is6 ? h->v6[below(state, n)] : h->v4[below(state, n)];
}

static unsigned int port(const struct hints *h, uint64_t *state)
{
	return h->ports && below(state, 2) ? h->port[below(state, h->ports)] : PICK(state, ports);
}

static void generate_line(const struct hints *h, uint64_t *state, char *line, size_t size)
{
	const char *hint;
	const char *where = PICK(state, wheres), *proto = PICK(state, protos);
	unsigned int w = where[0] == 'i' ? 0 : where[0] == 'f' ? 1 : 2;
	bool is6 = !strcmp(proto, "icmpv6") || (strcmp(proto, "icmp") && below(state, 2));
	char *at = line, *end = line + size;

#define ADD(...) (at += snprintf(at, (size_t)(end - at), __VA_ARGS__))
	ADD("%s %s", where, proto);
	if (is6)
		ADD(" 6");
	hint = below(state, 3) ? NULL : hint_address(h, state, is6);
	if (hint)
		ADD(" daddr=%s", hint);
	else if (below(state, 3) || w == 2)
		ADD(" daddr=%s", is6 ? dests6[w][below(state, 5)] : dests4[w][below(state, 5)]);
	hint = hint_address(h, state, is6);
	if (hint)
		ADD(" saddr=%s", hint);
	else if (w != 2 && below(state, 3))
		ADD(" saddr=%s", is6 ? PICK(state, sources6) : PICK(state, sources4));
	if (w == 0 && !below(state, 6))
		ADD(" dev=wan0");
	if (w == 0 && !below(state, 12))
		ADD(" cast=%s", below(state, 2) ? "broadcast" : "multicast");
	if (!below(state, 4))
		ADD(" mark=0x%x", observer_marks[below(state, observer_n_marks)]);
	if (!below(state, 3))
		ADD(" ttl=%u", PICK(state, hops));
	if (!below(state, 4))
		ADD(" dscp=%u", below(state, 64));
	if (!strncmp(proto, "icmp", 4)) {
		ADD(" type=%u code=%u", PICK(state, types), below(state, 3) ? 0 : below(state, 16));
	} else {
		ADD(" sport=%u dport=%u", port(h, state), port(h, state));
		if (!strcmp(proto, "tcp"))
			ADD(" flags=%u", below(state, 2) ? below(state, 256) : below(state, 32));
	}
	if (!below(state, 4))
		ADD(" len=%u", below(state, 4) ? below(state, 64) : below(state, 1200));
	if (is6 && below(state, 5) < 2) {
		ADD(" ext=%s", PICK(state, exts));
	} else if (!is6) {
		if (!below(state, 6))
			ADD(" frag=%u mf=%u", below(state, 3) ? 8 * below(state, 3) : below(state, 200),
			    below(state, 2));
		if (!below(state, 8))
			ADD(" opts=%u", 4 * (1 + below(state, 10)));
		if (!below(state, 12))
			ADD(" ext=ah");
	}
	if (!below(state, 5))
		ADD(" cut=%u", below(state, 30));
#undef ADD
}

void corpus_generate(struct corpus *c, uint64_t seed, unsigned int count, const char *policy)
{
	struct hints hints;
	uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
	char line[256], err[128];

	hints_read(&hints, policy ? policy : "/dev/null");
	while (count--) {
		struct packet p;

		generate_line(&hints, &state, line, sizeof(line));
		if (!packet_parse(&p, line, err, sizeof(err))) {
			fprintf(stderr, "oracle: generated \"%s\": %s\n", line, err);
			exit(2);
		}
		*corpus_add(c) = p;
	}
}

/* ---- a capture ---- */

bool corpus_write_pcap(const struct corpus *c, const char *path)
{
	const uint32_t head[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, LINKTYPE_RAW };
	FILE *f = fopen(path, "we");
	bool good;

	if (!f) {
		fprintf(stderr, "oracle: %s: %s\n", path, strerror(errno));
		return false;
	}
	good = fwrite(head, sizeof(head), 1, f) == 1;
	for (size_t i = 0; i < c->n && good; i++) {
		const uint32_t record[4] = { (uint32_t)i, 0, (uint32_t)c->v[i].len,
					     (uint32_t)c->v[i].len };

		good = fwrite(record, sizeof(record), 1, f) == 1 &&
		       fwrite(c->v[i].bytes, c->v[i].len, 1, f) == 1;
	}
	return !fclose(f) && good;
}

void corpus_clean(struct corpus *c)
{
	free(c->v);
	*c = (struct corpus){ 0 };
}
