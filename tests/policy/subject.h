/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subject: what is on trial: an image, evaluated by the module's own files
 * (headers.c, classify.c), with statements that only write down what was asked
 * of them. Gives the same outcome as ref.h does, to be compared. Tests only.
 */
#ifndef TESTS_POLICY_SUBJECT_H
#define TESTS_POLICY_SUBJECT_H

#include "image.h"
#include "packet.h"
#include "ref.h"

struct subject;

/* @img must be checked and outlive the subject; limits are full at @now. */
struct subject *subject_alloc(const struct nsf_image *img, uint64_t now);
void subject_free(struct subject *s);

/* The chain's index in the image, or -1. */
int subject_chain(const struct nsf_image *img, const char *name);
/* @linear: record by record, without the index. */
void subject_evaluate(struct subject *s, unsigned int chain, const struct ref_packet *p,
		      bool linear, struct ref_outcome *out);

/* The counters, by state: false where state @i is none. */
bool subject_counter(const struct subject *s, unsigned int i, uint64_t *rule,
		     unsigned int *nth, uint64_t *packets, uint64_t *bytes);

/* What the module would fill in besides the headers; @to is zeroed first. */
void subject_packet(struct nsf_packet *to, const struct ref_packet *p);

#endif /* TESTS_POLICY_SUBJECT_H */
