/*
 * corpus.h - paths and the bodies that they must answer, and a load that asks
 * for them.
 */
#ifndef TESTS_CORPUS_H
#define TESTS_CORPUS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hclient.h"

struct corpus_page {
	char *path, *body;
	size_t len;
};

struct corpus {
	struct corpus_page *page;
	size_t n;
	uint64_t rng;
};

/* One more page.  0, -ENOMEM. */
int corpus_add(struct corpus *, const char *path, const char *body);
/* One more page, whose body is what the server answers now, with status 200.  0, -errno. */
int corpus_learn(struct corpus *, int port, const char *path);
void corpus_fini(struct corpus *);

/* A request for a page by its number, and for one drawn at random; as in hclient_conf, which check as well. */
size_t corpus_request(struct corpus *, size_t page, char *buf, size_t size,
    uint64_t *id_out);
size_t corpus_request_any(struct corpus *, char *buf, size_t size,
    uint64_t *id_out);
const char *corpus_check(const struct corpus *, uint64_t id,
    const struct answer *);

/*
 * The clients of the reload tests: half of n send at once after each answer, a
 * quarter pauses 0 to 200 ms, a quarter pipelines 4.
 */
void corpus_styles(struct hclient_style *, int n);

/* One line of what a load did. */
void corpus_report(FILE *, const char *name, const struct hclient_counts *);
/* Failures of all kinds. */
uint64_t corpus_failures(const struct hclient_counts *);

#endif
