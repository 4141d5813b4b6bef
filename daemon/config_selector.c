// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands behind the kind in a section's header, and in `except`: names,
 * paths, globs of them, numbers, units. See config_parse.h. Pure.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_parse.h"

#define MAX_NAME	255	/* bytes: of a file's name, and of a unit's */
#define NETNS_PREFIX	SELECT_NETNS_DIR "/"

/* Units that systemd knows, and that have no main process. */
static const char *const unit_types[] = {
	".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer",
	".slice", ".scope", NULL,
};

__attribute__((format(printf, 3, 4)))
static int fault(struct config_fault *f, size_t at, const char *fmt, ...)
{
	va_list ap;

	f->at = at;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

struct config_quoted config_quote(const char *s, size_t len)
{
	struct config_quoted q;
	size_t i, cut = len, n = 0;

	if (len > CONFIG_MAX_QUOTE)
		for (cut = CONFIG_MAX_QUOTE; cut && (s[cut] & 0xc0) == 0x80; cut--)
			;
	for (i = 0; i < cut; i++) {
		unsigned char c = s[i];

		if (c < 0x20 || c == 0x7f)
			n += snprintf(q.text + n, 5, "\\x%02x", c);
		else
			q.text[n++] = c;
	}
	memcpy(q.text + n, cut < len ? "..." : "", cut < len ? 4 : 1);
	return q;
}

/* ---- globs ---- */

/* Where the bracket expression that begins at @s ends; NULL: it does not. */
static const char *bracket_end(const char *s, const char *end)
{
	s++;
	if (s < end && (*s == '!' || *s == '^'))
		s++;
	if (s < end && *s == ']')	/* one of the characters */
		s++;
	for (; s < end; s++) {
		if (*s == ']')
			return s + 1;
		if (*s == '\\' && s + 1 < end) {
			s++;
		} else if (*s == '[' && s + 1 < end && strchr(":.=", s[1])) {
			/* [:alpha:] has a bracket of its own */
			const char *at = s + 2;

			while (at + 1 < end && !(at[0] == s[1] && at[1] == ']'))
				at++;
			if (at + 1 < end)
				s = at + 1;
		}
	}
	return NULL;
}

const char *config_header_end(const char *s, const char *end)
{
	const char *at = s;

	while (at && at < end && *at != ']')
		at = *at == '[' ? bracket_end(at, end) :
		     *at == '\\' && at + 1 < end ? at + 2 : at + 1;
	/* Where a "[" has no end but the header's, the name is wrong, and not the header. */
	return at && at < end ? at : memchr(s, ']', end - s);
}

static bool is_glob(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (strchr("*?[", s[i]))
			return true;
	return false;
}

/* How many characters of a glob mean themselves. */
static unsigned int count_literals(const char *glob)
{
	const char *s = glob, *end = glob + strlen(glob), *next;
	unsigned int n = 0;

	while (s < end) {
		if (*s == '*' || *s == '?') {
			s++;
			continue;
		}
		next = *s == '[' ? bracket_end(s, end) : NULL;
		if (next) {
			s = next;
			continue;
		}
		if (*s == '\\' && s + 1 < end)
			s++;
		s++;
		n++;
	}
	return n;
}

static int check_brackets(const char *s, size_t len, struct config_fault *f)
{
	const char *at = s, *end = s + len, *next;

	while (at < end) {
		if (*at == '\\') {
			if (at + 1 == end)
				return fault(f, at - s, "\"\\\" at the end of \"%s\" quotes nothing",
					     config_quote(s, len).text);
			at += 2;
			continue;
		}
		next = *at == '[' ? bracket_end(at, end) : at + 1;
		if (!next)
			return fault(f, at - s, "\"[\" without \"]\" in \"%s\"",
				     config_quote(s, len).text);
		if (*at == '[' && memchr(at, '/', next - at))
			return fault(f, at - s, "\"/\" between \"[\" and \"]\" in \"%s\" matches nothing",
				     config_quote(s, len).text);
		at = next;
	}
	return 0;
}

/* ---- names and paths ---- */

static int check_text(const char *s, size_t len, const char *what, struct config_fault *f)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c <= 0x20 || c == 0x7f)
			return fault(f, i, "blank or control character in the %s \"%s\"", what,
				     config_quote(s, len).text);
		if (c == '"' || c == '\'')
			return fault(f, i, "quotation mark in the %s \"%s\": %ss are not quoted",
				     what, config_quote(s, len).text, what);
	}
	return is_glob(s, len) ? check_brackets(s, len, f) : 0;
}

static bool is_dots(const char *s, size_t len)
{
	return (len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.');
}

static int check_name(const char *s, size_t len, struct config_fault *f)
{
	if (len > MAX_NAME)
		return fault(f, 0, "name of %zu bytes; accepted: at most %d", len, MAX_NAME);
	if (is_dots(s, len) || memchr(s, '/', len))
		return fault(f, 0, "\"%s\" is not a name of a file in " SELECT_NETNS_DIR,
			     config_quote(s, len).text);
	return check_text(s, len, "name", f);
}

static int check_path(const char *s, size_t len, struct config_fault *f)
{
	size_t i, part;

	if (s[0] != '/')
		return fault(f, 0, "\"%s\" is no absolute path; accepted: one that begins with \"/\"",
			     config_quote(s, len).text);
	if (len >= PATH_MAX)
		return fault(f, 0, "path of %zu bytes; accepted: at most %d", len, PATH_MAX - 1);
	for (i = 1; i <= len; i += part + 1) {
		for (part = 0; i + part < len && s[i + part] != '/'; part++)
			;
		if (!part && i == len)
			return fault(f, i - 1, "\"/\" at the end of the path \"%s\"",
				     config_quote(s, len).text);
		if (!part || is_dots(s + i, part))
			return fault(f, i, "\"%s\" has an empty part, \".\" or \"..\"; accepted: the path without them",
				     config_quote(s, len).text);
		if (part > MAX_NAME)
			return fault(f, i, "name of %zu bytes in the path; accepted: at most %d", part,
				     MAX_NAME);
	}
	return check_text(s, len, "path", f);
}

/* /var/run is a link to /run, wherever there is systemd. */
static char *make_path(const char *s, size_t len)
{
	static const char var_run[] = "/var/run/";
	const size_t n = sizeof(var_run) - 1;

	if (len > n && !memcmp(s, var_run, n))
		return strndup(s + 4, len - 4);
	return strndup(s, len);
}

static char *make_netns_path(const char *s, size_t len)
{
	char *path;

	return asprintf(&path, NETNS_PREFIX "%.*s", (int)len, s) < 0 ? NULL : path;
}

/* "/run/netns/NAME" -> "NAME"; else NULL. */
static const char *netns_name(const char *path)
{
	const size_t n = sizeof(NETNS_PREFIX) - 1;

	return !strncmp(path, NETNS_PREFIX, n) && !strchr(path + n, '/') ? path + n : NULL;
}

static int make_netns(const char *s, size_t len, struct config_selector *out,
		      struct config_fault *f)
{
	int ret = check_name(s, len, f);

	if (ret)
		return ret;
	out->path = make_netns_path(s, len);
	out->name = strndup(s, len);
	return 0;
}

static int make_path_selector(const char *s, size_t len, struct config_selector *out,
			      struct config_fault *f)
{
	const char *name;
	int ret = check_path(s, len, f);

	if (ret)
		return ret;
	out->path = make_path(s, len);
	if (!out->path)
		return 0;	/* the caller sees it */
	name = netns_name(out->path);
	out->kind = name ? CONFIG_NETNS : CONFIG_PATH;
	out->name = strdup(name ? name : out->path);
	return 0;
}

/* ---- numbers and units ---- */

static int make_number(const char *s, size_t len, uint64_t max, const char *what,
		       struct config_selector *out, struct config_fault *f)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < len && n <= max; i++) {
		if (s[i] < '0' || s[i] > '9')
			break;
		n = n * 10 + (s[i] - '0');
	}
	if (i < len || n < 1 || n > max)
		return fault(f, 0, "\"%s\" is not %s; accepted: a whole number from 1 to %llu",
			     config_quote(s, len).text, what, (unsigned long long)max);
	out->number = n;
	if (asprintf(&out->name, "%llu", (unsigned long long)n) < 0)
		out->name = NULL;
	return 0;
}

static bool ends_in(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && !memcmp(s + len - n, end, n);
}

static int make_unit(const char *s, size_t len, struct config_selector *out,
		     struct config_fault *f)
{
	static const char accepted[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";
	bool service = ends_in(s, len, ".service");
	size_t i, stem = service ? len - 8 : len;
	int t;

	for (i = 0; i < len; i++) {
		if (strchr("*?[", s[i]))
			return fault(f, i, "globs are for netns and path; accepted: the name of one unit");
		if (!strchr(accepted, s[i]))
			return fault(f, i, "\"%s\" is not the name of a unit; accepted: A-Z a-z 0-9 : - _ . \\ @",
				     config_quote(s, len).text);
	}
	for (t = 0; unit_types[t]; t++)
		if (ends_in(s, len, unit_types[t]))
			return fault(f, 0, "\"%s\" has no main process; accepted: a service",
				     config_quote(s, len).text);
	if (s[0] == '.')
		return fault(f, 0, "\"%s\" is not the name of a unit, which begins with no \".\"",
			     config_quote(s, len).text);
	if (s[0] == '@' || s[stem - 1] == '@')
		return fault(f, 0, "\"%s\" is a template; accepted: one of its instances, NAME@INSTANCE",
			     config_quote(s, len).text);
	if (stem + 8 > MAX_NAME)
		return fault(f, 0, "name of %zu bytes; accepted: at most %d, with \".service\"", len,
			     MAX_NAME);
	if (asprintf(&out->name, "%.*s.service", (int)stem, s) < 0)
		out->name = NULL;
	return 0;
}

/* ---- all ---- */

static const char *example(enum config_kind kind)
{
	static const char *const examples[CONFIG_KINDS] = {
		[CONFIG_NETNS] = "[netns NAME]", [CONFIG_PATH] = "[path /ABSOLUTE/PATH]",
		[CONFIG_PID] = "[pid N]", [CONFIG_UNIT] = "[unit NAME]",
		[CONFIG_INODE] = "[inode N]",
	};

	return examples[kind];
}

int config_selector_make(enum config_kind kind, const char *s, size_t len,
			 struct config_selector *out, struct config_fault *f)
{
	int ret = -EINVAL;

	*out = (struct config_selector){ .kind = kind };
	if (!len)
		return fault(f, CONFIG_FAULT_HEADER, "[%s] names no %s; accepted: %s",
			     config_kind_name(kind), kind == CONFIG_PID ? "process" :
			     kind == CONFIG_UNIT ? "unit" : "namespace", example(kind));
	switch (kind) {
	case CONFIG_NETNS:
		ret = make_netns(s, len, out, f);
		break;
	case CONFIG_PATH:
		ret = make_path_selector(s, len, out, f);
		break;
	case CONFIG_PID:
		ret = make_number(s, len, INT_MAX, "a process id", out, f);
		break;
	case CONFIG_UNIT:
		ret = make_unit(s, len, out, f);
		break;
	case CONFIG_INODE:
		ret = make_number(s, len, UINT32_MAX, "an inode number", out, f);
		break;
	case CONFIG_KINDS:
		break;
	}
	if (ret)
		return ret;
	if (!out->name || (!out->path && out->kind <= CONFIG_PATH)) {
		config_selector_clean(out);
		return -ENOMEM;
	}
	if (out->path && is_glob(out->path, strlen(out->path))) {
		out->glob = true;
		out->literals = count_literals(out->path);
	}
	return 0;
}

void config_selector_clean(struct config_selector *sel)
{
	free(sel->name);
	free(sel->path);
	sel->name = sel->path = NULL;
}

int config_except_make(enum config_kind kind, const char *s, size_t len, char **out,
		       struct config_fault *f)
{
	int ret;

	*out = NULL;
	if (!len)
		return fault(f, 0, "except has an empty entry; accepted: names, paths, or globs of them, with commas");
	if (s[0] == '/' || kind == CONFIG_PATH) {
		ret = check_path(s, len, f);
		if (!ret)
			*out = make_path(s, len);
	} else {
		ret = check_name(s, len, f);
		if (!ret)
			*out = make_netns_path(s, len);
	}
	return ret ? ret : *out ? 0 : -ENOMEM;
}
