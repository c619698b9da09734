/*
 * check_http_head.h - a request parsed in every way, for the files of this
 * program: check_http_head.c the line, targets, fields and Host,
 * check_http_head_body.c what tells of a body and a connection,
 * check_http_head_limits.c every byte in its place, and how many.
 */
#ifndef CHECK_HTTP_HEAD_H
#define CHECK_HTTP_HEAD_H

#include <check.h>
#include <stddef.h>

#include "http_head.h"

#define E "\r\n"
#define H "Host: a" E
#define GET "GET / HTTP/1.1" E
#define OK "GET o / @a 1.1"

struct outcome {
	int rc;
	struct http_head h;
	struct http_field fields[101];
};

/* Feed in two steps: cut bytes, then all.  step > 0: each step bytes. */
void head_parse(struct outcome *, const char *in, size_t n, size_t cut,
    size_t step);

/*
 * "GET /path ?query @host 1.1 body=5 [flags]" or "400 why" or "more".
 */
void head_describe(char *out, const struct outcome *, const char *in);

/* Parse in every way; the description of the outcome must be want. */
void head_expect_n(const char *in, size_t n, const char *want);
void head_expect(const char *in, const char *want);

TCase *head_body_case(void);
TCase *head_limits_case(void);

#endif
