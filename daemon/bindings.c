// SPDX-License-Identifier: GPL-2.0-or-later
/* What [pid N] and [inode N] mean, as a list and as a text. See bindings.h. Pure. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings.h"

#define HEADER		"nsfence bindings 1"
#define REASON_GONE	"what it was bound to is gone"
#define REASON_BOOT	"what it was bound to was of another boot"
#define REASON_DAMAGED	"its record in " BINDINGS_FILE " is damaged"

static int compare(enum config_kind kind, uint64_t number, const struct binding *b)
{
	if (kind != b->kind)
		return kind < b->kind ? -1 : 1;
	return number < b->number ? -1 : number > b->number;
}

static int by_number(const void *pa, const void *pb)
{
	const struct binding *a = pa;

	return compare(a->kind, a->number, pb);
}

struct binding *bindings_find(const struct bindings *b, enum config_kind kind, uint64_t number)
{
	const struct binding key = { .kind = kind, .number = number };

	return b->n ? bsearch(&key, b->v, b->n, sizeof(*b->v), by_number) : NULL;
}

void bindings_end(struct bindings *b, struct binding *one, const char *reason)
{
	*one = (struct binding){
		.kind = one->kind, .number = one->number, .state = BINDING_ENDED,
		.reason = reason,
	};
	b->dirty = true;
}

void bindings_clean(struct bindings *b)
{
	free(b->v);
	*b = (struct bindings){ 0 };
}

int bindings_copy(const struct bindings *from, struct bindings *to)
{
	*to = *from;
	to->v = calloc(from->n + 1, sizeof(*to->v));
	if (!to->v)
		return -ENOMEM;
	if (from->n)
		memcpy(to->v, from->v, from->n * sizeof(*to->v));
	return 0;
}

int bindings_configure(struct bindings *b, const struct config *c)
{
	struct binding *v = calloc(c->n_sections + 1, sizeof(*v)), *old;
	size_t i, n = 0, kept = 0;

	if (!v)
		return -ENOMEM;
	for (i = 0; i < c->n_sections; i++) {
		const struct config_section *s = &c->sections[i];

		if (s->kind != CONFIG_PID && s->kind != CONFIG_INODE)
			continue;
		old = bindings_find(b, s->kind, s->number);
		kept += !!old;
		v[n] = old ? *old : (struct binding){ .kind = s->kind, .number = s->number };
		if (b->damaged && !old) {
			v[n].state = BINDING_ENDED;
			v[n].reason = REASON_DAMAGED;
		}
		n++;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_number);
	if (kept != n || kept != b->n || b->damaged)
		b->dirty = true;
	free(b->v);
	b->v = v;
	b->n = n;
	b->damaged = false;	/* from now on it is known who has ended */
	return 0;
}

/* ---- the text ---- */

char *bindings_format(const struct bindings *b, const char *boot, size_t *len)
{
	size_t i, lines = 0;
	char *text;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	fprintf(f, HEADER "\nboot %s\n", boot);
	for (i = 0; i < b->n; i++) {
		const struct binding *one = &b->v[i];

		if (one->state == BINDING_NEW)
			continue;
		fprintf(f, "%s %" PRIu64, config_kind_name(one->kind), one->number);
		if (one->state == BINDING_ENDED)
			fputs(" ended\n", f);
		else if (one->kind == CONFIG_PID)
			fprintf(f, " start %" PRIu64 "\n", one->start);
		else if (one->has_cookie)
			fprintf(f, " cookie %" PRIu64 "\n", one->cookie);
		else
			fprintf(f, " instance %" PRIu64 "\n", one->instance);
		lines++;
	}
	fprintf(f, "end %zu\n", lines);
	i = ferror(f);
	if (fclose(f) || i) {
		free(text);
		return NULL;
	}
	return text;
}

struct reader {
	const char *at, *end;
};

/* The next line, without its newline; false: there is none that is whole. */
static bool next_line(struct reader *r, char *buf, size_t size)
{
	const char *end = memchr(r->at, '\n', r->end - r->at);
	size_t len;

	if (!end)
		return false;
	len = end - r->at;
	if (len >= size || memchr(r->at, 0, len))
		return false;
	memcpy(buf, r->at, len);
	buf[len] = 0;
	r->at = end + 1;
	return true;
}

/* A number as printf(3) writes it, and no other way, up to @stop. */
static bool take_number(const char **s, char stop, uint64_t *out)
{
	const char *at = *s;
	uint64_t n = 0;

	if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (n > (UINT64_MAX - (uint64_t)(*at - '0')) / 10)
			return false;
		n = n * 10 + (uint64_t)(*at - '0');
	}
	if (*at != stop)
		return false;
	*s = stop ? at + 1 : at;
	*out = n;
	return true;
}

static bool take_word(const char **s, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*s, word, len))
		return false;
	*s += len;
	return true;
}

static bool parse_one(const char *s, bool this_boot, struct binding *out)
{
	*out = (struct binding){ .state = BINDING_BOUND };
	if (take_word(&s, "pid "))
		out->kind = CONFIG_PID;
	else if (take_word(&s, "inode "))
		out->kind = CONFIG_INODE;
	else
		return false;
	if (!take_number(&s, ' ', &out->number) || !out->number || out->number > UINT32_MAX)
		return false;
	if (!strcmp(s, "ended")) {
		out->state = BINDING_ENDED;
		out->reason = REASON_GONE;
		return true;
	}
	if (out->kind == CONFIG_PID) {
		if (!take_word(&s, "start ") || !take_number(&s, 0, &out->start))
			return false;
	} else if (take_word(&s, "cookie ")) {
		out->has_cookie = true;
		if (!take_number(&s, 0, &out->cookie))
			return false;
	} else if (!take_word(&s, "instance ") || !take_number(&s, 0, &out->instance)) {
		return false;
	}
	if (!this_boot) {
		*out = (struct binding){
			.kind = out->kind, .number = out->number, .state = BINDING_ENDED,
			.reason = REASON_BOOT,
		};
	}
	return true;
}

static bool add(struct bindings *b, size_t *room, const struct binding *one)
{
	struct binding *v;

	if (b->n == *room) {
		*room = *room ? *room * 2 : 64;
		v = reallocarray(b->v, *room, sizeof(*v));
		if (!v)
			return false;
		b->v = v;
	}
	b->v[b->n++] = *one;
	return true;
}

int bindings_parse(const char *text, size_t len, const char *boot, struct bindings *out)
{
	struct reader r = { text, text + len };
	bool this_boot, ended = false;
	struct binding one;
	size_t room = 0, i;
	char line[128];
	const char *s;
	uint64_t n;

	*out = (struct bindings){ 0 };
	if (!next_line(&r, line, sizeof(line)) || strcmp(line, HEADER) ||
	    !next_line(&r, line, sizeof(line)) || strncmp(line, "boot ", 5) || !line[5])
		return -EINVAL;
	this_boot = !strcmp(line + 5, boot);
	out->dirty = !this_boot;
	while (!ended) {
		if (!next_line(&r, line, sizeof(line)))
			goto err;
		s = line;
		if (take_word(&s, "end ")) {
			if (!take_number(&s, 0, &n) || n != out->n)
				goto err;
			ended = true;
		} else if (!parse_one(line, this_boot, &one)) {
			goto err;
		} else if (!add(out, &room, &one)) {
			bindings_clean(out);
			return -ENOMEM;
		}
	}
	if (r.at != r.end)
		goto err;
	/* Sorted and each once, as we write them. */
	for (i = 1; i < out->n; i++)
		if (compare(out->v[i - 1].kind, out->v[i - 1].number, &out->v[i]) >= 0)
			goto err;
	return 0;
err:
	bindings_clean(out);
	return -EINVAL;
}
