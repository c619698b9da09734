/*
 * The chunked coding: a table of bodies, each decoded whole, cut in two at
 * every byte, and byte by byte, with the same outcome.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "http_chunk.h"

static const struct http_limits limits = { .line_max = 8192,
	.head_max = 400,
	.fields_max = 5,
	.body_max = 1000 };

struct outcome {
	int rc;
	unsigned status;
	const char *why;
	size_t used, n;
	char body[2000];
};

/* A head with one field of 10 bytes: 390 and 4 are left for trailers. */
static void
begin(struct http_chunk *c)
{
	struct http_head h;

	memset(&h, 0, sizeof(h));
	h.limits = &limits;
	h.block = 20;
	h.len = 30;
	h.n_fields = 1;
	http_chunk_init(c, &h);
}

/* One call's worth of input, in memory of its exact size. */
static int
feed(struct http_chunk *c, struct outcome *o, const char *in, size_t n)
{
	char *copy = malloc(n == 0 ? 1 : n);
	const char *p = copy;
	struct http_piece d;
	int rc;

	memcpy(copy, in, n);
	while ((rc = http_chunk_next(c, &p, copy + n, &d)) > 0 && d.n > 0) {
		ck_assert_uint_le(o->n + d.n, sizeof(o->body));
		memcpy(o->body + o->n, d.p, d.n);
		o->n += d.n;
	}
	o->used += (size_t)(p - copy);
	if (rc == 0)
		ck_assert_ptr_eq(p, copy + n);
	free(copy);
	return rc;
}

static void
decode(struct outcome *o, const char *in, size_t n, size_t cut, size_t step)
{
	struct http_chunk c;
	size_t at = 0;

	begin(&c);
	memset(o, 0, sizeof(*o));
	do {
		o->rc = feed(&c, o, in + at, cut - at);
		at = cut;
		cut = step > 0 && cut + step < n ? cut + step : n;
	} while (o->rc == 0 && at < n);
	o->status = c.status;
	o->why = c.why;
}

/* "body|rest" for a whole one, "more body" or "400 why". */
static void
expect_n(const char *in, size_t n, const char *want)
{
	struct outcome a, b;
	char got[4000];
	size_t cut;

	decode(&a, in, n, n, 0);
	if (a.rc < 0)
		sprintf(got, "%u %s", a.status, a.why);
	else
		sprintf(got, "%s%.*s%s%.*s", a.rc == 0 ? "more " : "",
		    (int)a.n, a.body, a.rc == 1 ? "|" : "",
		    (int)(n - a.used), in + a.used);
	if (strcmp(got, want) != 0)
		ck_abort_msg("%.*s\n-> %s\nwant %s", (int)n, in, got, want);
	for (cut = 0; cut <= n; cut++) {
		decode(&b, in, n, cut, cut == n ? 1 : 0);
		ck_assert_int_eq(b.rc, a.rc);
		ck_assert_uint_eq(b.status, a.status);
		ck_assert_uint_eq(b.used, a.used);
		ck_assert_uint_eq(b.n, a.n);
		ck_assert_mem_eq(b.body, a.body, a.n);
	}
	decode(&b, in, n, 0, 1);
	ck_assert_int_eq(b.rc, a.rc);
	ck_assert_uint_eq(b.used, a.used);
	ck_assert_mem_eq(b.body, a.body, a.n);
}

#define E "\r\n"
#define END "0" E E

static const struct {
	const char *in, *want;
} table[] = {
	{ END, "|" },
	{ "5" E "hello" E END, "hello|" },
	{ "5" E "hello" E END "GET /", "hello|GET /" },
	{ "1" E "a" E "2" E "bc" E END, "abc|" },
	{ "a" E "0123456789" E END, "0123456789|" },
	{ "A" E "0123456789" E END, "0123456789|" },
	{ "0005" E "hello" E END, "hello|" },
	{ "0000000000000005" E "hello" E END, "hello|" },
	{ "0000" E E, "|" },
	{ "4" E "\r\n\r\n" E END, "\r\n\r\n|" },
	{ "", "more " },
	{ "5", "more " },
	{ "5\r", "more " },
	{ "5" E "he", "more he" },
	{ "5" E "hello", "more hello" },
	{ "5" E "hello" E, "more hello" },
	{ "0" E, "more " },
	{ "0" E "\r", "more " },

	/* Sizes. */
	{ E, "400 bad chunk size" },
	{ "\n", "400 bad chunk size" },
	{ "x" E, "400 bad chunk size" },
	{ "g" E, "400 bad chunk size" },
	{ "-1" E, "400 bad chunk size" },
	{ "+1" E, "400 bad chunk size" },
	{ "0x5" E, "400 bad chunk size" },
	{ " 5" E, "400 bad chunk size" },
	{ "5 " E "hello", "400 malformed chunk extension" },
	{ "5\t" E "hello", "400 malformed chunk extension" },
	{ "5 5" E, "400 malformed chunk extension" },
	{ "5,5" E, "400 bad chunk size" },
	{ ";a" E, "400 bad chunk size" },
	{ "5\nhello", "400 bad chunk size" },
	{ "5\rhello", "400 bare CR in the chunked coding" },
	{ "5\r\r\n", "400 bare CR in the chunked coding" },
	{ "00000000000000005" E "hello" E, "400 bad chunk size" },
	{ "10000000000000005" E "hello" E, "400 bad chunk size" },
	{ "fffffffffffffffff" E, "400 bad chunk size" },
	{ "ffffffffffffffff" E, "413 request body too large" },
	{ "3e8;a" E, "more " },
	{ "3e9" E, "413 request body too large" },
	{ "3e9;a" E, "413 request body too large" },

	/* Data that does not fit its size. */
	{ "5" E "hellox" E, "400 chunk longer than its size" },
	{ "5" E "hello\n0" E E, "400 chunk longer than its size" },
	{ "5" E "hello\r0" E E, "400 bare CR in the chunked coding" },
	{ "5" E "hello" END, "400 chunk longer than its size" },
	{ "4" E "hello" E, "400 chunk longer than its size" },
	{ "6" E "hello" E END, "400 chunk longer than its size" },

	/* Extensions. */
	{ "5;a" E "hello" E END, "hello|" },
	{ "5;a=b" E "hello" E "0;c" E E, "hello|" },
	{ "5;a=b;c;d=e" E "hello" E END, "hello|" },
	{ "5 ; a = b ; c" E "hello" E END, "hello|" },
	{ "5;\ta=\tb" E "hello" E END, "hello|" },
	{ "5;a=\"x;y \\\" z\"" E "hello" E END, "hello|" },
	{ "5;a=\"\"" E "hello" E END, "hello|" },
	{ "5;a=\"\x80\"" E "hello" E END, "hello|" },
	{ "5;a=\"b\" ;c" E "hello" E END, "hello|" },
	{ "5;" E, "400 malformed chunk extension" },
	{ "5; " E, "400 malformed chunk extension" },
	{ "5;;a" E, "400 malformed chunk extension" },
	{ "5;=b" E, "400 malformed chunk extension" },
	{ "5;a=" E, "400 malformed chunk extension" },
	{ "5;a= " E, "400 malformed chunk extension" },
	{ "5;a=;" E, "400 malformed chunk extension" },
	{ "5;a==b" E, "400 malformed chunk extension" },
	{ "5;a " E, "400 malformed chunk extension" },
	{ "5;a b" E, "400 malformed chunk extension" },
	{ "5;a=b " E, "400 malformed chunk extension" },
	{ "5;a=b=c" E, "400 malformed chunk extension" },
	{ "5;a=\"b\"c" E, "400 malformed chunk extension" },
	{ "5;a\"b\"" E, "400 malformed chunk extension" },
	{ "5;a(" E, "400 malformed chunk extension" },
	{ "5;a\n", "400 malformed chunk extension" },
	{ "5;a\rb", "400 bare CR in the chunked coding" },
	{ "5;a=\"b\n\"" E, "400 control byte in a chunk extension" },
	{ "5;a=\"b\r\n\"" E, "400 control byte in a chunk extension" },
	{ "5;a=\"\\\n\"" E, "400 control byte in a chunk extension" },
	{ "5;a=\x01" E, "400 malformed chunk extension" },

	/* Trailers. */
	{ "0" E "X: a" E E, "|" },
	{ "0" E "X: a" E "Y:b\tc" E E "rest", "|rest" },
	{ "0" E "Content-Length: 5" E E "hello", "|hello" },
	{ "0" E "X:" E E, "|" },
	{ "0" E "A:" E "B:" E "C:" E "D:" E E, "|" },
	{ "0" E "A:" E "B:" E "C:" E "D:" E "E:" E E,
	    "431 too many header and trailer fields" },
	{ "0" E " X: a" E E, "400 malformed trailer field" },
	{ "0" E "X : a" E E, "400 malformed trailer field" },
	{ "0" E "X" E E, "400 malformed trailer field" },
	{ "0" E ": a" E E, "400 malformed trailer field" },
	{ "0" E "X: a" E " b" E E, "400 malformed trailer field" },
	{ "0" E "X: a\n" E, "400 malformed trailer field" },
	{ "0" E "X: a\rb", "400 bare CR in the chunked coding" },
	{ "0" E "X: \x01" E E, "400 malformed trailer field" },
	{ "0" E "\n", "400 malformed trailer field" },
	{ "0" E "\r\r", "400 bare CR in the chunked coding" },
};

START_TEST(each_body_means_what_the_rfc_says)
{
	expect_n(table[_i].in, strlen(table[_i].in), table[_i].want);
}
END_TEST

START_TEST(every_byte_is_judged_behind_a_size)
{
	char in[64], got[100];
	struct outcome o;
	int c;

	for (c = 0; c < 256; c++) {
		int n = sprintf(in, "1?;x" E "a" E END);

		in[1] = (char)c;
		decode(&o, in, (size_t)n, (size_t)n, 0);
		if (c == ' ' || c == '\t') {
			ck_assert_int_eq(o.rc, 1);
			continue;
		}
		ck_assert_int_ne(o.rc, 1);
		if (o.rc == 0)		/* a digit more: wants more data */
			ck_assert(strchr("0123456789abcdefABCDEF", c));
		else
			ck_assert_uint_eq(o.status, 400);
		if (o.rc < 0) {
			sprintf(got, "400 %s", o.why);
			expect_n(in, (size_t)n, got);
		}
	}
}
END_TEST

START_TEST(sum_of_chunks_has_a_limit)
{
	char in[4000], want[2000];
	size_t n = 0;
	int i;

	for (i = 0; i < 10; i++) {
		n += (size_t)sprintf(in + n, "64" E);
		memset(in + n, 'x', 100);
		n += 100;
		n += (size_t)sprintf(in + n, E);
	}
	memset(want, 'x', 1000);
	strcpy(want + 1000, "|");
	strcpy(in + n, END);
	expect_n(in, n + strlen(END), want);
	strcpy(in + n, "1" E "x" E);
	expect_n(in, n + 6, "413 request body too large");
}
END_TEST

START_TEST(trailers_and_extensions_use_what_the_head_left)
{
	char in[1000];
	size_t n;

	/* "X:" 386 "\r\n" are 390 bytes: all that is left */
	n = (size_t)sprintf(in, "0" E "X:");
	memset(in + n, 'a', 387);
	strcpy(in + n + 386, E E);
	expect_n(in, n + 390, "|");
	memset(in + n, 'a', 388);
	strcpy(in + n + 387, E E);
	expect_n(in, n + 391, "431 chunk extensions or trailers too large");

	n = (size_t)sprintf(in, "1;");
	memset(in + n, 'a', 500);
	expect_n(in, n + 389, "more ");
	expect_n(in, n + 390, "431 chunk extensions or trailers too large");
}
END_TEST

START_TEST(a_full_head_leaves_room_for_the_last_chunk)
{
	struct http_chunk c;
	struct http_head h;
	struct outcome o;

	memset(&h, 0, sizeof(h));
	memset(&o, 0, sizeof(o));
	h.limits = &limits;
	h.len = limits.head_max;
	h.n_fields = limits.fields_max;
	http_chunk_init(&c, &h);
	ck_assert_int_eq(feed(&c, &o, "1" E "a" E END, 11), 1);
}
END_TEST

START_TEST(a_refusal_is_final)
{
	struct http_chunk c;
	struct outcome o;

	memset(&o, 0, sizeof(o));
	begin(&c);
	ck_assert_int_lt(feed(&c, &o, "x", 1), 0);
	ck_assert_int_lt(feed(&c, &o, END, 5), 0);
	begin(&c);
	ck_assert_int_eq(feed(&c, &o, END, 5), 1);
	o.used = 0;
	ck_assert_int_eq(feed(&c, &o, END, 5), 1);
	ck_assert_uint_eq(o.used, 0);
}
END_TEST

int
main(void)
{
	TCase *t = SUITE_CASE("chunk", NULL, NULL,
	    every_byte_is_judged_behind_a_size, sum_of_chunks_has_a_limit,
	    trailers_and_extensions_use_what_the_head_left,
	    a_full_head_leaves_room_for_the_last_chunk, a_refusal_is_final);

	tcase_add_loop_test(t, each_body_means_what_the_rfc_says, 0,
	    sizeof(table) / sizeof(table[0]));
	return SUITE_RUN("http_chunk", t);
}
