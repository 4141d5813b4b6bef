// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsfence check: are these policy files valid? All stages up to the image, which
 * is then thrown away; needs no privilege and touches nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "image.h"
#include "out.h"
#include "policy/diag.h"
#include "policy/ir.h"
#include "policy/policy.h"

static json_t *diag_json(const struct diag *one)
{
	json_t *object = json_object();

	out_json_set(object, "file", out_json_string(one->file));
	out_json_set(object, "line", out_json_u64(one->line));
	out_json_set(object, "col", out_json_u64(one->col));
	out_json_set(object, "end", out_json_u64(one->end));
	out_json_set(object, "level",
		     json_string(one->level == DIAG_ERROR ? "error" : "warning"));
	out_json_set(object, "message", out_json_string(one->message));
	return object;
}

void cmd_diags_print(struct diags *d)
{
	diags_sort(d);
	for (size_t i = 0; i < d->n; i++) {
		char *text = diag_format(&d->v[i]);

		fputs(text ? text : "nsfence: out of memory\n", stderr);
		free(text);
	}
	if (d->errors + d->warnings > d->n)
		cmd_error("%zu more errors and warnings are not shown",
			  d->errors + d->warnings - d->n);
}

static void show(const char *path, const struct nsf_image *img)
{
	const struct nsf_set *sets = nsf_image_sets(img);
	unsigned long long elements = 0;
	char name[4096];

	for (u32 i = 0; i < nsf_image_n_sets(img); i++)
		elements += sets[i].count;
	out_escape(path, name, sizeof(name));
	printf("%s: valid: %u records, %u sets, %llu elements, %u bytes\n", name,
	       nsf_image_n_records(img), nsf_image_n_sets(img), elements, img->size);
}

int cmd_policy_load(const char *path, struct ir_policy **policy, struct nsf_image **img,
		    struct diags *d)
{
	int ret = policy_load(path, policy, d);

	if (!ret) {
		ret = policy_compile(*policy, img, d);
		if (ret)
			ir_policy_free(*policy);
	}
	if (!ret)
		return EXIT_DONE;
	if (!d->errors)
		cmd_error("%s: %s", path, ret == -ENOMEM ? "out of memory" : strerror(-ret));
	return access(path, F_OK) && errno == ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED;
}

static int check_file(const struct cmd *c, const char *path, json_t *array)
{
	struct ir_policy *policy = NULL;
	struct nsf_image *img = NULL;
	struct diags d = { .n = 0 };
	int code = cmd_policy_load(path, &policy, &img, &d);

	if (array) {
		diags_sort(&d);
		for (size_t i = 0; i < d.n; i++)
			out_json_append(array, diag_json(&d.v[i]));
	} else {
		cmd_diags_print(&d);
	}
	if (code == EXIT_DONE && !c->json)
		show(path, img);
	if (code == EXIT_DONE) {
		free(img);
		ir_policy_free(policy);
	}
	diags_clean(&d);
	return code;
}

static int run(struct cmd *c, int argc, char **argv)
{
	int code = EXIT_DONE, opt;
	json_t *array = NULL;

	while ((opt = cmd_getopt(c, argc, argv, NULL)) != -1)
		return cmd_getopt_exit(opt);
	if (optind == argc)
		return cmd_usage(c, "which policy? Name one file or more");
	if (c->json)
		array = json_array();
	for (int i = optind; i < argc; i++) {
		int one = check_file(c, argv[i], array);

		/* A file that is wrong says more than one that is not there. */
		if (code == EXIT_DONE || one == EXIT_REFUSED)
			code = one;
	}
	if (array)
		out_json_print(array, c->pretty, stdout);
	return code;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "find what is wrong in policy files",
	.help =
"Usage: nsfence check FILE... [-j]\n"
"\n"
"Reads policies, in the language of nsfence-policy(5), and reports all their\n"
"errors and warnings with file, line and column on standard error. For each file\n"
"that is valid it prints a line with the size of what it compiles to. Needs no\n"
"privilege, and changes nothing. Ends with 0 where all are valid, else with 1;\n"
"with 4 where nothing is wrong but that a file is not there.\n"
"\n"
"  -j, --json     errors and warnings as JSON on standard output; -p, --pretty:\n"
"                 the same, indented\n"
"  -h, --help     this text\n",
	.run = run,
};
