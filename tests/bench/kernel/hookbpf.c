// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: hookbpf [-6] [--hook input|output] [--drop] [LIST]
 *
 * Loads a BPF program and puts it on a hook of this network namespace, where it
 * stays until the process that stays behind in the background, and whose number is
 * printed, is killed. With LIST (tests/bench/gen --form list, kind five) the program
 * accepts, or drops, what is in it, by one look-up in a hash table; without, it accepts all.
 * Ends with 1 where this kernel has no such programs (before 6.4) or does not tell
 * their functions' types.
 *
 * Written out as instructions: there is nothing to compile it with on every
 * machine where the benches run. What it does, in C:
 *
 *	h = slice of the first bytes of ctx->skb;
 *	if (!h || no plain header || sport < FIRST)
 *		return MISS;
 *	key = { h->saddr & MASK, h->daddr, dport, proto };
 *	return bpf_map_lookup_elem(&map, &key) ? HIT : MISS;
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since 6.4; the headers of a machine may be older. */
#define TYPE_NETFILTER		32
#define ATTACH_NETFILTER	45

struct link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint32_t pf, hooknum;
	int32_t priority;
	uint32_t nf_flags;
};

#define MOST	64	/* instructions */

struct program {
	struct bpf_insn v[MOST];
	unsigned int n;
	unsigned int miss[8], misses;	/* jumps to where there is no hit */
};

struct list {
	int map;
	bool six;
	uint8_t mask[16];
	uint16_t first;		/* client port */
};

static void fail(const char *what)
{
	fprintf(stderr, "hookbpf: %s%s%s\n", what, errno ? ": " : "",
		errno ? strerror(errno) : "");
	exit(1);
}

static int bpf(int command, void *attr, size_t size)
{
	return (int)syscall(__NR_bpf, command, attr, size);
}

/* ---- the kernel's own functions, by the number of their type ---- */

static uint8_t *file_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *v;
	size_t at = 0;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	v = malloc((size_t)st.st_size + 1);
	while (v && at < (size_t)st.st_size) {
		n = read(fd, v + at, (size_t)st.st_size - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	close(fd);
	*size = at;
	return v;
}

static size_t type_size(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(*t) + 4;
	case BTF_KIND_ARRAY:
		return sizeof(*t) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return sizeof(*t) + n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return sizeof(*t) + n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return sizeof(*t) + n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return sizeof(*t) + n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return sizeof(*t) + n * 12;
	default:
		return sizeof(*t);
	}
}

static int function_id(const char *name)
{
	size_t size, at, end;
	uint8_t *v = file_read("/sys/kernel/btf/vmlinux", &size);
	struct btf_header h;
	int id = 1;

	if (!v || size < sizeof(h))
		fail("this kernel has no types for BPF (/sys/kernel/btf/vmlinux)");
	memcpy(&h, v, sizeof(h));
	at = h.hdr_len + h.type_off;
	end = at + h.type_len;
	for (; at + sizeof(struct btf_type) <= end && end <= size; id++) {
		const struct btf_type *t = (const void *)(v + at);

		if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC &&
		    !strcmp((char *)v + h.hdr_len + h.str_off + t->name_off, name)) {
			free(v);
			return id;
		}
		at += type_size(t);
	}
	errno = 0;
	fail(name);
	return 0;
}

/* ---- the program ---- */

static void put(struct program *p, uint8_t code, int dst, int src, int off, int imm)
{
	p->v[p->n++] = (struct bpf_insn){ .code = code, .dst_reg = dst & 15, .src_reg = src & 15,
					  .off = (int16_t)off, .imm = imm };
}

static void put_imm(struct program *p, int dst, int imm)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

/* dst = frame pointer + off */
static void put_stack(struct program *p, int dst, int off)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, dst, BPF_REG_10, 0, 0);
	put(p, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, off);
}

static void put_wide(struct program *p, int dst, int src, uint64_t value)
{
	put(p, BPF_LD | BPF_DW | BPF_IMM, dst, src, 0, (int)(uint32_t)value);
	put(p, 0, 0, 0, 0, (int)(uint32_t)(value >> 32));
}

static void put_function(struct program *p, const char *name)
{
	put(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, function_id(name));
}

/* To where there is no hit, if dst compares so. */
static void put_miss(struct program *p, uint8_t compare, int dst, int imm)
{
	p->miss[p->misses++] = p->n;
	put(p, BPF_JMP | compare | BPF_K, dst, 0, 0, imm);
}

enum { DYNPTR = -16, BYTES = -64, KEY = -112 };

/* size bytes of the packet to the key, in pieces, under the mask if there is one. */
static void put_copy(struct program *p, unsigned int from, unsigned int to, unsigned int size,
		     const uint8_t *mask)
{
	unsigned int piece = size == 4 ? 4 : 8, i;
	uint8_t width = size == 4 ? BPF_W : BPF_DW;
	uint64_t m = 0;

	for (i = 0; i < size; i += piece) {
		put(p, BPF_LDX | BPF_MEM | width, BPF_REG_1, BPF_REG_7, (int)(from + i), 0);
		if (mask) {
			memcpy(&m, mask + i, piece);
			put_wide(p, BPF_REG_2, 0, m);
			put(p, BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
		}
		put(p, BPF_STX | BPF_MEM | width, BPF_REG_10, BPF_REG_1, KEY + (int)(to + i), 0);
	}
}

static void program_lookup(struct program *p, const struct list *l, int hit, int miss)
{
	unsigned int header = l->six ? 40 : 20, address = l->six ? 16 : 4;
	unsigned int src = l->six ? 8 : 12, i;

	put(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_1, 8, 0);
	put_imm(p, BPF_REG_2, 0);
	put_stack(p, BPF_REG_3, DYNPTR);
	put_function(p, "bpf_dynptr_from_skb");
	put_stack(p, BPF_REG_1, DYNPTR);
	put_imm(p, BPF_REG_2, 0);
	put_stack(p, BPF_REG_3, BYTES);
	put_imm(p, BPF_REG_4, (int)header + 4);
	put_function(p, "bpf_dynptr_slice");
	put_miss(p, BPF_JEQ, BPF_REG_0, 0);
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_7, BPF_REG_0, 0, 0);
	if (!l->six) {
		put(p, BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_7, 0, 0);
		put_miss(p, BPF_JNE, BPF_REG_1, 0x45);
	}
	put(p, BPF_LDX | BPF_MEM | BPF_H, BPF_REG_1, BPF_REG_7, (int)header, 0);
	put(p, BPF_ALU | BPF_END | BPF_TO_BE, BPF_REG_1, 0, 0, 16);
	put_miss(p, BPF_JLT, BPF_REG_1, l->first);
	put_copy(p, src, 0, address, l->mask);
	put_copy(p, src + address, address, address, NULL);
	put(p, BPF_LDX | BPF_MEM | BPF_H, BPF_REG_1, BPF_REG_7, (int)header + 2, 0);
	put(p, BPF_STX | BPF_MEM | BPF_H, BPF_REG_10, BPF_REG_1, KEY + 2 * (int)address, 0);
	put(p, BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_7, l->six ? 6 : 9, 0);
	put(p, BPF_STX | BPF_MEM | BPF_H, BPF_REG_10, BPF_REG_1, KEY + 2 * (int)address + 2, 0);
	put_wide(p, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)l->map);
	put_stack(p, BPF_REG_2, KEY);
	put(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	put_miss(p, BPF_JEQ, BPF_REG_0, 0);
	put_imm(p, BPF_REG_0, hit);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (i = 0; i < p->misses; i++)
		p->v[p->miss[i]].off = (int16_t)(p->n - p->miss[i] - 1);
	put_imm(p, BPF_REG_0, miss);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int program_load(const struct program *p)
{
	static char log[1 << 20];
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.prog_type = TYPE_NETFILTER;
	a.expected_attach_type = ATTACH_NETFILTER;
	a.insns = (uintptr_t)p->v;
	a.insn_cnt = p->n;
	a.license = (uintptr_t)"GPL";
	fd = bpf(BPF_PROG_LOAD, &a, sizeof(a));
	if (fd >= 0)
		return fd;
	a.log_buf = (uintptr_t)log;
	a.log_size = sizeof(log);
	a.log_level = 1;
	if (bpf(BPF_PROG_LOAD, &a, sizeof(a)) < 0 && log[0])
		fprintf(stderr, "%s", log);
	fail("the kernel does not take the program");
	return -1;
}

/* ---- the list ---- */

static int map_make(uint32_t key_size)
{
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = key_size;
	a.value_size = 4;
	a.max_entries = 65536;
	fd = bpf(BPF_MAP_CREATE, &a, sizeof(a));
	if (fd < 0)
		fail("cannot make a hash table");
	return fd;
}

static void map_add(int map, const uint8_t *key)
{
	uint32_t one = 1;
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)map;
	a.key = (uintptr_t)key;
	a.value = (uintptr_t)&one;
	if (bpf(BPF_MAP_UPDATE_ELEM, &a, sizeof(a)))
		fail("cannot add to the hash table");
}

static void mask_set(uint8_t *mask, unsigned int len)
{
	unsigned int i;

	memset(mask, 0, 16);
	for (i = 0; i < len && i < 128; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

/* Every entry must be of the one shape that a hash can serve. */
static void list_read(struct list *l, const char *path, bool six)
{
	unsigned int len = six ? 16 : 4, src_len, dst_len, proto, sport[2], dport[2];
	int family = six ? AF_INET6 : AF_INET;
	FILE *f = fopen(path, "r");
	char src[64], dst[64], text[256];
	unsigned int n = 0, bits = 0;
	uint16_t port;

	if (!f)
		fail(path);
	l->six = six;
	l->map = map_make(2 * len + 4);
	while (fgets(text, sizeof(text), f)) {
		uint8_t key[36] = { 0 };

		errno = 0;
		if (sscanf(text, "%63[^/]/%u %63[^/]/%u %u %u-%u %u-%u", src, &src_len, dst,
			   &dst_len, &proto, &sport[0], &sport[1], &dport[0], &dport[1]) != 9 ||
		    dst_len != 8 * len || dport[0] != dport[1] || sport[1] != 65535 ||
		    (n && (src_len != bits || sport[0] != l->first)))
			fail("the list has entries that are no exact 5-tuples under one mask");
		bits = src_len;
		l->first = (uint16_t)sport[0];
		if (inet_pton(family, src, key) != 1 || inet_pton(family, dst, key + len) != 1)
			fail("the list has an address that is none");
		port = htons((uint16_t)dport[0]);
		memcpy(key + 2 * len, &port, 2);
		key[2 * len + 2] = (uint8_t)proto;
		map_add(l->map, key);
		n++;
	}
	fclose(f);
	mask_set(l->mask, bits);
}

static void attach(int prog, bool six, unsigned int hook)
{
	struct link_create a = {
		.prog_fd = (uint32_t)prog,
		.attach_type = ATTACH_NETFILTER,
		.pf = six ? 10 : 2,
		.hooknum = hook,
		.priority = 0,
	};

	if (bpf(BPF_LINK_CREATE, &a, sizeof(a)) < 0)
		fail("cannot put the program on the hook");
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "hook", required_argument, NULL, 'h' },
		{ "drop", no_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned int hook = 1;
	bool six = false, drop = false;
	struct program p = { .n = 0 };
	struct list l;
	pid_t pid;
	int c;

	while ((c = getopt_long(argc, argv, "6", table, NULL)) != -1) {
		if (c == '6') {
			six = true;
		} else if (c == 'd') {
			drop = true;
		} else if (c == 'h' && (!strcmp(optarg, "input") || !strcmp(optarg, "output"))) {
			hook = optarg[0] == 'i' ? 1 : 3;
		} else {
			fputs("usage: hookbpf [-6] [--hook input|output] [--drop] [LIST]\n",
			      stderr);
			return 2;
		}
	}
	if (optind < argc) {
		list_read(&l, argv[optind], six);
		program_lookup(&p, &l, !drop, drop);
	} else {
		put_imm(&p, BPF_REG_0, 1);
		put(&p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	attach(program_load(&p), six, hook);
	pid = fork();
	if (pid < 0)
		fail("cannot stay in the background");
	if (pid) {
		printf("%d\n", (int)pid);
		return 0;
	}
	/* Whoever reads the number waits for the end of our output. */
	close(0);
	close(1);
	close(2);
	pause();
	return 0;
}
