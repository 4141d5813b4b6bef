// SPDX-License-Identifier: GPL-2.0-or-later
// links: policy/ast.c policy/block.c policy/complain.c policy/diag.c policy/node.c
// links: policy/parser.c policy/scope.c policy/source.c policy/stmt.c policy/token.c
// links: ../build/gen/policy/parse.tab.c ../build/gen/policy/lex.yy.c
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parse stage. Each tests/golden/policy-syntax/NAME.nft is parsed; all its
 * messages are compared with NAME.err and, where there is none, its tree with
 * NAME.tree. NSF_GOLDEN_UPDATE=1 writes those anew. What no file shows is below:
 * bounds, depth, odd files, memory.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/ast.h"
#include "policy/source.h"

#define GOLDEN "tests/golden/policy-syntax"

/* ---- the tree as text ---- */

static void put_expr(FILE *f, const struct ast_expr *e);

static void put_words(FILE *f, const struct ast_word *w)
{
	for (; w; w = w->next)
		fprintf(f, "%s%s", w->text, w->next ? " " : "");
}

static void put_items(FILE *f, const char *name, const struct ast_expr *e)
{
	const struct ast_expr *item;
	size_t n = 0;

	fprintf(f, "%s(", name);
	for (item = e->items; item; item = item->next, n++) {
		put_expr(f, item);
		if (item->next)
			fputs(", ", f);
	}
	fputc(')', f);
	assert_int_equal(n, e->count);
	assert_true(n >= 2);
}

static void put_verdict(FILE *f, const struct ast_verdict *v)
{
	static const char *const names[] = {
		"accept", "drop", "continue", "return", "jump", "goto",
	};

	fprintf(f, "%s%s%s", names[v->kind], v->chain ? " " : "", v->chain ? v->chain : "");
}

static void put_set(FILE *f, const struct ast_expr *e)
{
	const struct ast_element *el;
	size_t n = 0;

	fputc('{', f);
	for (el = e->elements; el; el = el->next, n++) {
		assert_true(el->key->kind != AST_SET && el->key->kind != AST_LIST);
		fputs(n ? ", " : " ", f);
		put_expr(f, el->key);
		if (el->comment)
			fprintf(f, " #%s", el->comment);
		if (el->verdict) {
			fputs(" : ", f);
			put_verdict(f, el->verdict);
		}
		if (el->data) {
			fputs(" : ", f);
			put_expr(f, el->data);
		}
	}
	fputs(" }", f);
	assert_int_equal(n, e->element_count);
}

static void put_expr(FILE *f, const struct ast_expr *e)
{
	static const char *const ops[] = {
		[AST_AND] = "&", [AST_OR] = "|", [AST_XOR] = "^", [AST_SHL] = "<<",
		[AST_SHR] = ">>",
	};

	assert_true(e->depth <= AST_MAX_DEPTH);
	switch ((enum ast_expr_kind)e->kind) {
	case AST_WORD:
		fprintf(f, "%s", e->text);
		break;
	case AST_STRING:
		fprintf(f, "\"%s\"", e->text);
		break;
	case AST_NUMBER:
		fprintf(f, "%llu", (unsigned long long)e->number);
		break;
	case AST_ADDRESS:
		fprintf(f, "<%s>", e->text);
		break;
	case AST_FIELD:
		fputc('[', f);
		put_words(f, e->word);
		fputc(']', f);
		break;
	case AST_PREFIX:
		put_expr(f, e->left);
		fputc('/', f);
		put_expr(f, e->right);
		break;
	case AST_RANGE:
		put_expr(f, e->left);
		fputs("..", f);
		put_expr(f, e->right);
		break;
	case AST_LIST:
		put_items(f, "list", e);
		break;
	case AST_CONCAT:
		put_items(f, "concat", e);
		break;
	case AST_SET:
		put_set(f, e);
		break;
	case AST_SETREF:
		fprintf(f, "@%s", e->text);
		break;
	case AST_BINOP:
		fputc('(', f);
		put_expr(f, e->left);
		fprintf(f, " %s ", ops[e->op]);
		put_expr(f, e->right);
		fputc(')', f);
		break;
	case AST_WILDCARD:
		fputc('*', f);
	}
}

static void put_options(FILE *f, const struct ast_option *o)
{
	for (; o; o = o->next) {
		fprintf(f, " %s=", o->word);
		if (o->value)
			put_expr(f, o->value);
	}
}

static void put_stmt(FILE *f, const struct ast_stmt *s)
{
	static const char *const ops[] = {
		[AST_IMPLICIT] = "~", [AST_EQ] = "==", [AST_NE] = "!=", [AST_LT] = "<",
		[AST_GT] = ">", [AST_LE] = "<=", [AST_GE] = ">=", [AST_NOT] = "!",
	};

	fprintf(f, "      %u:%u-%u ", s->place.line, s->place.col, s->place.end);
	switch (s->kind) {
	case AST_MATCH:
		put_expr(f, s->match.left);
		fprintf(f, " %s ", ops[s->match.op]);
		put_expr(f, s->match.right);
		if (s->match.mask) {
			fputs(" of ", f);
			put_expr(f, s->match.mask);
		}
		break;
	case AST_VMAP:
		put_expr(f, s->vmap.key);
		fputs(" vmap ", f);
		put_expr(f, s->vmap.map);
		break;
	case AST_COUNTER:
		fputs("counter", f);
		put_options(f, s->counter.options);
		break;
	case AST_LOG:
		fputs("log", f);
		put_options(f, s->log.options);
		break;
	case AST_LIMIT:
		fprintf(f, "limit%s %llu %s in %llu s", s->limit.over ? " over" : "",
			(unsigned long long)s->limit.rate, s->limit.bytes ? "bytes" : "packets",
			(unsigned long long)s->limit.unit);
		if (s->limit.has_burst)
			fprintf(f, " burst %llu", (unsigned long long)s->limit.burst);
		break;
	case AST_MARK_SET:
		put_expr(f, s->set.target);
		fputs(" = ", f);
		put_expr(f, s->set.value);
		break;
	case AST_REJECT:
		fputs("reject ", f);
		put_words(f, s->reject.with);
		if (s->reject.code) {
			fputc(' ', f);
			put_expr(f, s->reject.code);
		}
		break;
	case AST_VERDICT:
		put_verdict(f, s->verdict);
	}
	fputc('\n', f);
}

static void put_chain(FILE *f, const struct ast_chain *c)
{
	const struct ast_rule *r;
	const struct ast_stmt *s;
	size_t n = 0;

	fprintf(f, "  chain %s", c->name);
	if (c->base) {
		fprintf(f, ": type %s hook %s priority ", c->type, c->hook);
		put_expr(f, c->priority);
		fprintf(f, " %+lld", (long long)c->priority_add);
	}
	fprintf(f, "%s%s\n", c->policy ? " policy " : "", c->policy ? c->policy->text : "");
	for (r = c->rules; r; r = r->next, n++) {
		fprintf(f, "    rule %u:%u-%u%s%s\n", r->place.line, r->place.col, r->place.end,
			r->comment ? " # " : "", r->comment ? r->comment : "");
		for (s = r->stmts; s; s = s->next)
			put_stmt(f, s);
	}
	assert_int_equal(n, c->rule_count);
}

static void put_type(FILE *f, const char *name, const struct ast_type *t)
{
	if (!t->place.line)
		return;
	fprintf(f, " %s ", name);
	if (t->expr)
		put_expr(f, t->expr);
	else
		put_words(f, t->words);
}

static void put_tree(FILE *f, const struct ast_table *t)
{
	const struct ast_set *s;
	const struct ast_chain *c;

	fprintf(f, "table %s %s%s%s\n", t->family, t->name, t->comment ? " # " : "",
		t->comment ? t->comment : "");
	for (s = t->sets; s; s = s->next) {
		fprintf(f, "  %s %s:", s->map ? "map" : "set", s->name);
		put_type(f, "key", &s->key);
		put_type(f, "data", &s->data);
		fputs(" flags ", f);
		put_words(f, s->flags);
		fputs(s->auto_merge ? " auto-merge" : "", f);
		put_options(f, s->options);
		if (s->elements) {
			fputc(' ', f);
			put_expr(f, s->elements);
		}
		fputc('\n', f);
	}
	for (c = t->chains; c; c = c->next)
		put_chain(f, c);
}

/* ---- golden files ---- */

struct parsed {
	struct ast_file ast;
	struct diags d;
	int ret;
};

static struct parsed *parse_file(const char *path)
{
	struct parsed *p = calloc(1, sizeof(*p));
	char why[256];

	p->ast.source = calloc(1, sizeof(*p->ast.source));
	p->ret = source_open(p->ast.source, path, NULL, NULL, why, sizeof(why));
	if (p->ret)
		diag_add(&p->d, DIAG_ERROR, path, 0, 0, 0, NULL, "%s", why);
	else
		p->ret = ast_parse(&p->ast, &p->d);
	diags_sort(&p->d);
	return p;
}

static struct parsed *parse_text(const char *text, size_t size)
{
	struct parsed *p = calloc(1, sizeof(*p));
	char why[256];

	p->ast.source = calloc(1, sizeof(*p->ast.source));
	p->ret = source_buffer(p->ast.source, "text", text, size, why, sizeof(why));
	if (p->ret)
		diag_add(&p->d, DIAG_ERROR, "text", 0, 0, 0, NULL, "%s", why);
	else
		p->ret = ast_parse(&p->ast, &p->d);
	diags_sort(&p->d);
	return p;
}

static void parsed_free(struct parsed *p)
{
	ast_clean(&p->ast);
	diags_clean(&p->d);
	free(p);
}

static char *describe(const struct parsed *p)
{
	char *text;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(p->ret, p->d.errors ? -EINVAL : 0);
	for (i = 0; i < p->d.n; i++) {
		char *one = diag_format(&p->d.v[i]);

		fputs(one, f);
		free(one);
	}
	if (!p->d.n)
		put_tree(f, p->ast.table);
	fclose(f);
	return text;
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (!f)
		return strdup("(there is no such file)");
	if (getdelim(&text, &room, 0, f) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(f);
	return text;
}

static int compare_with(const char *name)
{
	char path[512], *got, *want;
	struct parsed *p;
	int bad;

	snprintf(path, sizeof(path), "%s.nft", name);
	p = parse_file(path);
	got = describe(p);
	snprintf(path, sizeof(path), "%s.%s", name, p->d.n ? "err" : "tree");
	if (getenv("NSF_GOLDEN_UPDATE")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(got, f);
		fclose(f);
	}
	want = slurp(path);
	bad = !!strcmp(got, want);
	if (bad)
		print_error("%s\n--- is ---\n%s--- should be ---\n%s", path, got, want);
	free(want);
	free(got);
	parsed_free(p);
	return bad;
}

static int is_policy(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".nft");
}

static void test_golden(void **state)
{
	struct dirent **list;
	int n, i, bad = 0;
	char cwd[4096];

	(void)state;
	/* File names in messages are as given, so that they are the same everywhere. */
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(GOLDEN), 0);
	n = scandir(".", &list, is_policy, alphasort);
	assert_true(n > 15);
	for (i = 0; i < n; i++) {
		char *dot = strrchr(list[i]->d_name, '.');

		*dot = 0;
		bad += compare_with(list[i]->d_name);
		free(list[i]);
	}
	free(list);
	assert_int_equal(chdir(cwd), 0);
	assert_int_equal(bad, 0);
}

/* ---- what no file shows ---- */

static const char *error_of(const struct parsed *p)
{
	assert_int_equal(p->ret, -EINVAL);
	assert_true(p->d.n > 0);
	return p->d.v[0].message;
}

static void expect_error(const char *text, size_t size, const char *part)
{
	struct parsed *p = parse_text(text, size);

	if (!strstr(error_of(p), part))
		fail_msg("\"%s\" has no \"%s\"", error_of(p), part);
	parsed_free(p);
}

static void test_nul(void **state)
{
	static const char text[] = "table inet t {\n}\0\n";

	(void)state;
	expect_error(text, sizeof(text) - 1, "line 2 has a NUL byte");
}

static void test_not_regular(void **state)
{
	char path[] = "/tmp/nsf-parse-XXXXXX", pipe[64];
	struct parsed *p;

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(pipe, sizeof(pipe), "%s/pipe", path);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	p = parse_file(pipe);
	assert_string_equal(error_of(p), "not a regular file");
	parsed_free(p);
	p = parse_file(path);
	assert_string_equal(error_of(p), "not a regular file");
	parsed_free(p);
	unlink(pipe);
	rmdir(path);
}

/* Files that include one another up to @depth. */
static struct parsed *chain_of_includes(int depth)
{
	char dir[] = "/tmp/nsf-parse-XXXXXX", path[64];
	struct parsed *p;
	int i;

	assert_non_null(mkdtemp(dir));
	for (i = 1; i <= depth; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%d", dir, i);
		f = fopen(path, "w");
		if (i < depth)
			fprintf(f, "include \"./%d\"\n", i + 1);
		else
			fputs("table inet t { }\n", f);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/1", dir);
	p = parse_file(path);
	for (i = 1; i <= depth; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		unlink(path);
	}
	rmdir(dir);
	return p;
}

static void test_include_depth(void **state)
{
	struct parsed *p = chain_of_includes(POLICY_MAX_INCLUDE);

	(void)state;
	assert_int_equal(p->ret, 0);
	assert_string_equal(p->ast.table->name, "t");
	parsed_free(p);
	p = chain_of_includes(POLICY_MAX_INCLUDE + 1);
	assert_non_null(strstr(error_of(p), "nest at most 16 deep"));
	parsed_free(p);
}

/* @n times @piece between the others. */
static char *repeat(const char *before, const char *piece, size_t n, const char *after,
		    size_t *size)
{
	char *text;
	FILE *f = open_memstream(&text, size);

	fputs(before, f);
	while (n--)
		fputs(piece, f);
	fputs(after, f);
	fclose(f);
	return text;
}

static void test_depth(void **state)
{
	size_t size;
	char *text;
	struct parsed *p;

	(void)state;
	text = repeat("table inet t { chain c { tcp dport ", "(", 100000, "1 accept; } ; }", &size);
	expect_error(text, size, "nests too deeply");
	free(text);
	text = repeat("table inet t { chain c { tcp dport 1", " | 1", 100000, " accept; } ; }",
		      &size);
	expect_error(text, size, "nests more than 64 deep");
	free(text);
	text = repeat("table inet t { chain c ", "{", 100000, "", &size);
	p = parse_text(text, size);
	assert_int_equal(p->ret, -EINVAL);
	parsed_free(p);
	free(text);
	text = repeat("", "}", 100000, "", &size);
	p = parse_text(text, size);
	assert_int_equal(p->ret, -EINVAL);
	assert_true(p->d.errors >= 1);
	assert_true(p->d.n <= DIAG_MAX);
	parsed_free(p);
	free(text);
}

/* Each variable twice the one before: 2^40 elements, had nobody counted. */
static void test_expansion(void **state)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i;

	(void)state;
	fputs("define v0 = { 1, 2 }\n", f);
	for (i = 1; i < 40; i++)
		fprintf(f, "define v%d = { $v%d, $v%d }\n", i, i - 1, i - 1);
	fclose(f);
	expect_error(text, size, "more than");
	free(text);
	f = open_memstream(&text, &size);
	fputs("define v0 = 1 | 2\n", f);
	for (i = 1; i < 40; i++)
		fprintf(f, "define v%d = $v%d | $v%d\n", i, i - 1, i - 1);
	fclose(f);
	expect_error(text, size, "more than");
	free(text);
}

static void test_many(void **state)
{
	size_t size;
	char *text = repeat("table inet t { set s { type inet_service; elements = { 1", ",\n12345",
			    200000, "\n} ; } ; }", &size);
	struct parsed *p = parse_text(text, size);

	(void)state;
	assert_int_equal(p->ret, 0);
	assert_int_equal(p->ast.table->sets->elements->element_count, 200001);
	assert_int_equal(p->ast.table->sets->elements->elements->next->key->place.line, 2);
	parsed_free(p);
	free(text);
}

/* All mistakes are counted, the first hundred kept. */
static void test_many_errors(void **state)
{
	size_t size;
	char *text = repeat("table inet t { chain c {\n", "acept\n", 1000, "} ; }", &size);
	struct parsed *p = parse_text(text, size);

	(void)state;
	assert_int_equal(p->d.errors, 1000);
	assert_int_equal(p->d.n, DIAG_MAX);
	assert_int_equal(p->d.v[99].line, 101);
	parsed_free(p);
	free(text);
}

/* Each beginning of a good policy: an answer, and an error where it is cut. */
static void test_beginnings(void **state)
{
	char *text = slurp(GOLDEN "/good.nft");
	size_t len = strlen(text), i, good = 0;

	(void)state;
	assert_true(len > 1000);
	for (i = 0; i < len; i += 3) {
		struct parsed *p = parse_text(text, i);

		good += !p->ret;
		assert_int_equal(!!p->ret, !!p->d.errors);
		parsed_free(p);
	}
	assert_true(good <= 2);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_not_regular),
		cmocka_unit_test(test_include_depth),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_beginnings),
	};

	return cmocka_run_group_tests_name("policy_parse", tests, NULL, NULL);
}
